//! Stops a build or a batch, and verifies that it was stopped.

use buildbrake_core::{
    model::{Build, BuildArn, BuildBatch, BuildId, Progress, Sandbox, batch_id},
    record::{Effect, Failure, Outcome},
};

use crate::{
    CallError, Class,
    codebuild::{self, Client},
};

/// The outcome of an attempt to stop a build.
pub(super) enum Attempt {
    /// The build has ended.
    Ended(Box<Build>),
    /// CodeBuild cannot stop the build, which is still running.
    Refused(CallError, Box<Build>),
    /// CodeBuild has no such build.
    Gone,
    /// The build may still be running.
    Failed(CallError),
}

/// Stops a build. Only a Build with a final status shows that no further attempt is needed.
pub(super) async fn stop_build(client: &Client, id: &BuildId) -> Attempt {
    let answer = codebuild::stop_build(client, id).await;
    match answer {
        Ok(build) if has_ended(&build) => Attempt::Ended(Box::new(build)),
        // Either the Build in the answer has not ended, or CodeBuild refuses the stop, as it does for a build that
        // has ended. The Build as it is now decides.
        Ok(_) | Err(CallError { class: Class::InvalidInput, .. }) => {
            match (answer, codebuild::get_build(client, id).await) {
                (_, Ok(Some(build))) if has_ended(&build) => Attempt::Ended(Box::new(build)),
                (Err(error), Ok(Some(build))) => Attempt::Refused(error, Box::new(build)),
                (Ok(_), Ok(_)) => Attempt::Failed(CallError::new(
                    Class::NotConfirmed,
                    "the stop was answered, but the build is still running",
                )),
                (Err(error), _) | (Ok(_), Err(error)) => Attempt::Failed(error),
            }
        }
        Err(error) if error.class == Class::NotFound => Attempt::Gone,
        Err(error) => Attempt::Failed(error),
    }
}

/// Stops a batch, and returns it if it exists. One that has ended needs no stop.
///
/// # Errors
/// If the batch may still be running.
pub(super) async fn stop_batch(client: &Client, arn: &str) -> Result<Option<Box<BuildBatch>>, CallError> {
    let id = batch_id(arn);
    let stopped = match codebuild::stop_batch(client, id).await {
        Ok(batch) if batch.progress() == Progress::Ended => Ok(Some(batch)),
        // As for a build, the batch as it is now decides.
        answer @ (Ok(_) | Err(CallError { class: Class::InvalidInput, .. })) => {
            match (answer, codebuild::get_batch(client, id).await) {
                (_, Ok(batch)) if batch.as_ref().is_none_or(|batch| batch.progress() == Progress::Ended) => Ok(batch),
                (Ok(_), Ok(_)) => {
                    Err(CallError::new(Class::NotConfirmed, "the stop was answered, but the batch is still running"))
                }
                (Err(error), _) | (_, Err(error)) => Err(error),
            }
        }
        Err(error) if error.class == Class::NotFound => Ok(None),
        Err(error) => Err(error),
    };
    stopped
        .map(|batch| {
            batch.map(|batch| Box::new(BuildBatch { arn: batch.arn.or_else(|| Some(arn.to_owned())), ..batch }))
        })
        .map_err(|error| CallError { message: format!("its batch could not be stopped: {error}"), ..error })
}

/// Returns the effect on the build, after its batch was stopped if a rule requires that.
pub(super) async fn effect(
    client: &Client,
    id: &BuildId,
    attempt: Attempt,
    batch: Result<Option<Box<BuildBatch>>, CallError>,
) -> Effect {
    let mut effect = match attempt {
        Attempt::Ended(build) => ended(build),
        // A build on Lambda compute cannot be stopped, but may have ended with its batch.
        Attempt::Refused(error, _) if matches!(batch, Ok(Some(_))) => match codebuild::get_build(client, id).await {
            Ok(Some(build)) if has_ended(&build) => ended(Box::new(build)),
            _ => Failure::from(error).into(),
        },
        Attempt::Refused(error, _) | Attempt::Failed(error) => Failure::from(error).into(),
        Attempt::Gone => Outcome::NotFound.into(),
    };
    match batch {
        Ok(batch) => effect.batch = batch,
        Err(error) => (effect.outcome, effect.failure) = (Outcome::Failed, Some(error.into())),
    }
    effect
}

/// Stops a sandbox. A sandbox that is being stopped counts as ended: `StopSandbox` answers before it has ended.
pub(super) async fn stop_sandbox(client: &Client, id: &BuildId) -> Effect {
    let answer = codebuild::stop_sandbox(client, id).await;
    let failure = match answer {
        Ok(sandbox) if sandbox.progress() == Progress::Ended => return ended_sandbox(sandbox),
        // As for a build, the sandbox as it is now decides.
        Ok(_) | Err(CallError { class: Class::InvalidInput, .. }) => {
            match (answer, codebuild::get_sandbox(client, id).await) {
                (_, Ok(Some(sandbox))) if sandbox.progress() == Progress::Ended => return ended_sandbox(sandbox),
                (_, Ok(None)) => return Outcome::NotFound.into(),
                (Ok(_), Ok(_)) => {
                    CallError::new(Class::NotConfirmed, "the stop was answered, but the sandbox is still running")
                }
                (Err(error), _) | (Ok(_), Err(error)) => error,
            }
        }
        Err(error) if error.class == Class::NotFound => return Outcome::NotFound.into(),
        Err(error) => error,
    };
    Failure::from(failure).into()
}

fn ended_sandbox(sandbox: Sandbox) -> Effect {
    let outcome = if sandbox.is_stopped() { Outcome::Stopped } else { Outcome::AlreadyComplete };
    Effect { sandbox: Some(Box::new(sandbox)), ..outcome.into() }
}

fn ended(build: Box<Build>) -> Effect {
    let is_stopped = build.build_status.as_deref() == Some("STOPPED");
    let outcome = if is_stopped { Outcome::Stopped } else { Outcome::AlreadyComplete };
    Effect { returned: Some(build), ..outcome.into() }
}

fn has_ended(build: &Build) -> bool {
    build.progress() == Progress::Ended
}

/// The build that CodeBuild itself started to retry this one.
pub(super) fn retry_of(build: &Build) -> Option<BuildArn> {
    build.auto_retry_config.as_ref()?.next_auto_retry.as_deref()?.parse().ok()
}
