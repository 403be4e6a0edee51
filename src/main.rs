//! The Lambda function: reads its settings and its policy once, then hands every
//! event to a [`Brake`].

use std::{
    env,
    io::{self, Write},
    process::ExitCode,
    sync::{Mutex, PoisonError},
};

use buildbrake_aws::{
    codebuild::Client,
    config,
    enforce::{Brake, Invocation},
    scheduler::{self, Scheduler},
};
use buildbrake_core::{
    policy::{Mode, Policy},
    record::Record,
};
use jiff::Timestamp;
use lambda_runtime::{Context, Diagnostic, LambdaEvent, Runtime, service_fn};
use serde_json::value::RawValue;
use tracing_subscriber::{Layer, filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};

// The release profile must not be overridden: a panic may end one invocation, never the function.
#[cfg(not(panic = "unwind"))]
compile_error!("build with `panic = \"unwind\"`, so that a panic in one invocation does not end the function");

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    log_to_standard_error();
    // The default says what the panic says, which may hold a part of an event.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "a panic: this is a fault of buildbrake");
    }));
    let Some(brake) = brake().await else { return ExitCode::FAILURE };
    let handler = service_fn(async |LambdaEvent { payload, context }: LambdaEvent<Box<RawValue>>| {
        handle(payload.get().as_bytes(), &context, &brake).await
    });
    // Without the span that `lambda_runtime::run` puts around every event: no line of ours is in it.
    match Runtime::new(handler).run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "the Lambda runtime ended");
            ExitCode::FAILURE
        }
    }
}

/// All that the settings say. What is wrong with them is in the log.
async fn brake() -> Option<Brake> {
    let policy = policy().ok()?;
    tracing::info!(policy = policy.digest(), rules = policy.rule_ids().count(), "policy loaded");
    let config = config::load().await.map_err(|error| tracing::error!("{error}")).ok()?;
    let scheduler = scheduler(&config).ok()?;
    let timed: Vec<&str> = policy.timed_rules().collect();
    if scheduler.is_none() && !timed.is_empty() {
        let rules = timed.join(", ");
        tracing::warn!(rules, "no deadlines without BUILDBRAKE_SCHEDULE_GROUP: only the sweep enforces time");
    }
    Some(Brake::new(policy, Client::new(&config)).with_scheduler(scheduler))
}

/// One event: each of its records goes to standard output as soon as it is made, and the
/// last is the answer unless the invocation fails.
async fn handle(event: &[u8], context: &Context, brake: &Brake) -> Result<Box<RawValue>, Diagnostic> {
    let unwritten = Mutex::new(None);
    let invocation = Invocation {
        function: &context.invoked_function_arn,
        deadline: i64::try_from(context.deadline)
            .ok()
            .and_then(|milliseconds| Timestamp::from_millisecond(milliseconds).ok())
            .unwrap_or(Timestamp::MAX),
        now: &Timestamp::now,
        tell: &|record| {
            if let Err(error) = print(record) {
                unwritten.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
            }
        },
    };
    let record = brake.enforce(event, &invocation).await;
    if let Some(error) = unwritten.into_inner().unwrap_or_else(PoisonError::into_inner) {
        let error_message = format!("the record could not be written: {error}");
        return Err(Diagnostic { error_type: "RecordNotWritten".into(), error_message });
    }
    match record.failure() {
        Some(failure) => Err(Diagnostic { error_type: failure.r#type.clone(), error_message: failure.message.clone() }),
        None => Ok(record.into_response()),
    }
}

/// One write a line, so that no other line gets into it.
fn print(record: &Record) -> io::Result<()> {
    io::stdout().write_all([record.json().get(), "\n"].concat().as_bytes())
}

/// Where deadlines are made, if they are.
fn scheduler(config: &aws_config::SdkConfig) -> Result<Option<Scheduler>, ()> {
    let setting = |name| env::var(name).ok().filter(|text| !text.is_empty());
    match (setting("BUILDBRAKE_SCHEDULE_GROUP"), setting("BUILDBRAKE_SCHEDULE_ROLE")) {
        (Some(group), Some(role)) => {
            let dead_letters = setting("BUILDBRAKE_SCHEDULE_DEAD_LETTER_QUEUE");
            Ok(Some(Scheduler::new(scheduler::Client::new(config), group, role, dead_letters)))
        }
        (None, None) => Ok(None),
        (group, _) => {
            let (given, missing) = if group.is_some() { ("GROUP", "ROLE") } else { ("ROLE", "GROUP") };
            tracing::error!("BUILDBRAKE_SCHEDULE_{given} without BUILDBRAKE_SCHEDULE_{missing}: set both, or neither");
            Err(())
        }
    }
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
            tracing::error!(path, line, column, help = fault.help, "the policy has a fault: {}", fault.message);
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
