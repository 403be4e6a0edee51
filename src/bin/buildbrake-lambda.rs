//! The Lambda function: reads its settings and its policy once, then hands every
//! event to a [`Brake`].

use std::{
    env,
    io::{self, Write},
    process::ExitCode,
};

use buildbrake::{
    codebuild::{self, Client},
    enforce::Brake,
    policy::{Mode, Policy},
    record::Record,
};
use jiff::Timestamp;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde_json::value::RawValue;
use tracing_subscriber::{Layer, filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    log_to_standard_error();
    // The default says what the panic says, which may hold a part of an event.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "a panic: this is a fault of buildbrake");
    }));
    let policy = match policy() {
        Ok(policy) => policy,
        Err(()) => return ExitCode::FAILURE,
    };
    tracing::info!(policy = policy.digest(), rules = policy.rule_ids().count(), "policy loaded");
    let brake = match codebuild::config() {
        Ok(config) => Brake::new(policy, Client::new(&config.load().await)),
        Err(error) => {
            tracing::error!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let handler = service_fn(async |event: LambdaEvent<Box<RawValue>>| handle(event.payload.get(), &brake).await);
    match lambda_runtime::run(handler).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "the Lambda runtime ended");
            ExitCode::FAILURE
        }
    }
}

/// One event: its record goes to standard output, and is the answer unless the invocation fails.
async fn handle(event: &str, brake: &Brake) -> Result<serde_json::Value, Diagnostic> {
    let record = brake.enforce(event, Timestamp::now).await;
    print(&record)?;
    match record.failure() {
        Some(failure) => Err(Diagnostic { error_type: failure.r#type.clone(), error_message: failure.message.clone() }),
        None => Ok(record.json().clone()),
    }
}

/// One write a line, so that no other line gets into it.
fn print(record: &Record) -> Result<(), Diagnostic> {
    let line = format!("{}\n", record.json());
    io::stdout().write_all(line.as_bytes()).map_err(|error| Diagnostic {
        error_type: "RecordNotWritten".into(),
        error_message: format!("the record could not be written: {error}"),
    })
}

/// The policy that the settings name. What is wrong with it, or with them, is in the log.
fn policy() -> Result<Policy, ()> {
    let ceiling = match env::var("BUILDBRAKE_MODE").as_deref() {
        Err(_) | Ok("") => Mode::Enforce,
        Ok(text) => text.parse().map_err(|wrong| tracing::error!("BUILDBRAKE_MODE: {wrong}"))?,
    };
    let path = env::var("BUILDBRAKE_POLICY").unwrap_or_else(|_| "/opt/policy.yaml".into());
    let text = std::fs::read_to_string(&path)
        .map_err(|error| tracing::error!("BUILDBRAKE_POLICY: the policy `{path}` cannot be read: {error}"))?;
    let policy = Policy::parse(&path, &text).map_err(|faults| {
        for fault in faults.iter() {
            let (line, column) = (fault.place.line, fault.place.column);
            tracing::error!(path, line, column, right = fault.right, "the policy has a fault: {}", fault.found);
        }
    })?;
    Ok(policy.under(ceiling))
}

/// Diagnostics as JSON lines on standard error; standard output is the records' own.
///
/// The level is Lambda's `AWS_LAMBDA_LOG_LEVEL`, or else `RUST_LOG`. It holds for this
/// program alone: at TRACE the Lambda runtime logs whole events, and the SDK whole
/// answers, environment variables included, so both stay at their warnings.
fn log_to_standard_error() {
    let level = env::var("AWS_LAMBDA_LOG_LEVEL").or_else(|_| env::var("RUST_LOG")).unwrap_or_default();
    let level = match level.to_ascii_uppercase().as_str() {
        "TRACE" => tracing::Level::TRACE,
        "DEBUG" => tracing::Level::DEBUG,
        "WARN" => tracing::Level::WARN,
        "ERROR" | "FATAL" => tracing::Level::ERROR,
        _ => tracing::Level::INFO,
    };
    let targets = Targets::new()
        .with_default(level.min(tracing::Level::WARN))
        .with_target("buildbrake", level)
        .with_target("buildbrake_lambda", level);
    let lines = tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(io::stderr);
    tracing_subscriber::registry().with(lines.with_filter(targets)).init();
}
