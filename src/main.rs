//! The Lambda function: parses its settings and its policy once, and hands every event to an
//! [`Enforcer`].

mod output;
mod settings;

use std::{
    env,
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    process::ExitCode,
    task::Poll,
};

use buildbrake_aws::{
    Accounts, BuildLogs, Clients, EventBus, Scheduler, StopAlarm, Sweeps,
    config::AwsConfig,
    enforce::{Enforcer, Invocation},
    git::GitClient,
};
use buildbrake_core::{policy::Policy, yaml};
use jiff::Timestamp;
use lambda_runtime::{Context, Diagnostic, LambdaEvent, Runtime, service_fn};
use serde_json::value::RawValue;

use self::{
    output::{StandardOutput, log_to_standard_error},
    settings::{Settings, log_level},
};

// The release profile must not be overridden: a panic may end one invocation, but not the function.
#[cfg(not(panic = "unwind"))]
compile_error!("build with `panic = \"unwind\"`, so that a panic in one invocation does not end the function");

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    log_to_standard_error(log_level(|name| env::var(name)));
    let Some(enforcer) = start().await else { return ExitCode::FAILURE };
    let handler = service_fn(async |LambdaEvent { payload, context }: LambdaEvent<Box<RawValue>>| {
        caught(Box::pin(handle(payload.get().as_bytes(), &context, &enforcer))).await
    });
    // `lambda_runtime::run` would add a span around every event, which no log line here needs.
    match Runtime::new(handler).run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "the Lambda runtime ended");
            ExitCode::FAILURE
        }
    }
}

/// Builds the enforcer from the environment and the policy. Logs all faults.
async fn start() -> Option<Enforcer> {
    let settings = Settings::parse(|name| env::var(name));
    let config = AwsConfig::for_function().await;
    settings.as_ref().err().into_iter().flatten().for_each(|fault| tracing::error!("{fault}"));
    config.as_ref().err().into_iter().flatten().for_each(|fault| tracing::error!("{fault}"));
    let policy = settings.as_ref().ok().and_then(|settings| Some(load_policy(&settings.policy)?.under(settings.mode)));
    let (settings, config, policy) = (settings.ok()?, config.ok()?, policy?);
    tracing::info!(policy = policy.digest(), rules = policy.rule_ids().count(), "policy loaded");
    let timed: Vec<&str> = policy.timed_rules().collect();
    if settings.schedules.is_none() && !timed.is_empty() {
        let rules = timed.join(", ");
        tracing::warn!(rules, "without BUILDBRAKE_SCHEDULE_GROUP, only the sweep enforces time limits");
    }
    if !settings.members.is_empty() && settings.sweep_queue.is_none() {
        tracing::warn!(
            "without BUILDBRAKE_SWEEP_QUEUE, builds and sandboxes of other accounts and regions are not swept"
        );
    }
    let git = settings.git.map(|git| GitClient::new(git, &config));
    let accounts = match settings.member_role {
        Some(role) => Accounts::with_members(config, settings.members.accounts.clone(), role),
        None => Accounts::own(config),
    };
    let clients = Clients::of(accounts);
    let scheduler = settings.schedules.map(|schedules| Scheduler::new(clients.config(), schedules));
    let event_bus = settings.event_bus.map(|name| EventBus::new(clients.config(), name));
    let build_logs = settings.build_log.then(|| BuildLogs::new(clients.accounts().clone()));
    let stop_alarm = settings.stop_alarm.map(|name| StopAlarm::new(clients.config(), name));
    let sweeps = settings.sweep_queue.map(|queue| Sweeps::new(clients.config(), queue, settings.sweep_schedule));
    let enforcer = Enforcer::new(policy, clients, scheduler).with_members(settings.members).with_sweeps(sweeps);
    let enforcer = enforcer.with_git(git);
    Some(enforcer.with_event_bus(event_bus).with_build_logs(build_logs).with_stop_alarm(stop_alarm))
}

/// Loads the policy. Logs its faults.
fn load_policy(path: &str) -> Option<Policy> {
    let bytes = std::fs::read(path)
        .map_err(|error| tracing::error!("BUILDBRAKE_POLICY: the policy `{path}` cannot be read: {error}"))
        .ok()?;
    let policy = yaml::decode(path, bytes).and_then(|text| Policy::parse(path, &text)).map_err(|faults| {
        for fault in faults.iter() {
            let (line, column) = (fault.place.line, fault.place.column);
            tracing::error!(
                path,
                line,
                column,
                id = fault.code.id(),
                help = fault.help,
                "the policy has a fault: {}",
                fault.message
            );
        }
    });
    policy.ok()
}

/// Catches a panic. The Lambda runtime would answer with its message, which may quote an event.
///
/// The future is boxed: it is large, the runtime moves it several times, and its nesting would otherwise be
/// deeper than the compiler accepts.
async fn caught<T>(mut handled: Pin<Box<impl Future<Output = Result<T, Diagnostic>>>>) -> Result<T, Diagnostic> {
    poll_fn(|context| {
        catch_unwind(AssertUnwindSafe(|| handled.as_mut().poll(context))).unwrap_or_else(|_| {
            let error_message =
                "buildbrake panicked, which is a bug; the function's log names the source line".to_owned();
            Poll::Ready(Err(Diagnostic { error_type: "Panic".into(), error_message }))
        })
    })
    .await
}

/// Handles one event. The response is the last record, unless the invocation fails.
async fn handle(event: &[u8], context: &Context, enforcer: &Enforcer) -> Result<Box<RawValue>, Diagnostic> {
    let output = StandardOutput::default();
    let deadline = i64::try_from(context.deadline).ok().and_then(|at| Timestamp::from_millisecond(at).ok());
    let invocation = Invocation {
        function: Some(&context.invoked_function_arn),
        request_id: Some(&context.request_id),
        version: Some(context.env_config.version.as_str()).filter(|version| !version.is_empty()),
        deadline: deadline.unwrap_or(Timestamp::MAX),
        clock: &Timestamp::now,
        sink: &output,
    };
    let record = enforcer.handle(event, &invocation).await;
    if let Err(error) = output.finish() {
        let error_message = format!("the record could not be written: {error}");
        return Err(Diagnostic { error_type: "RecordNotWritten".into(), error_message });
    }
    match record.failure() {
        Some(failure) => Err(Diagnostic { error_type: failure.r#type.clone(), error_message: failure.message.clone() }),
        None => Ok(record.into_response()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_message_of_a_panic_is_not_answered() {
        let text = "é s3cret";
        let panics = async { Ok(text[1..].to_owned()) };
        let answer = caught(Box::pin(panics)).await.unwrap_err();
        assert_eq!(answer.error_type, "Panic");
        assert!(!answer.error_message.contains("s3cret"));
        let answer = caught(Box::pin(async { Ok(text) })).await;
        assert_eq!(answer.unwrap(), text);
    }
}
