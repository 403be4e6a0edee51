//! Stops a build or a batch, and verifies that it was stopped.

use buildbrake_core::{
    model::{Build, BuildArn, BuildBatch, BuildId, Progress, Sandbox, batch_id},
    record::{Effect, Failure, Outcome},
};

use crate::{
    CallError, Class,
    codebuild::{self, Client},
};

/// The outcome of an attempt to stop a build, a batch or a sandbox.
pub(super) enum Attempt<T> {
    /// It has ended.
    Ended(T),
    /// CodeBuild cannot stop it, and it is still running.
    Refused(CallError, T),
    /// CodeBuild does not have it.
    Gone,
    /// It may still be running.
    Failed(CallError),
}

impl<T> Attempt<T> {
    /// Returns the outcome of a call that should have stopped it. Unless the answer has a final status, or the call
    /// failed for good, `get` asks for its state: CodeBuild also refuses to stop what has ended.
    async fn verified(
        kind: &str,
        answer: Result<T, CallError>,
        get: impl Future<Output = Result<Option<T>, CallError>>,
        progress: fn(&T) -> Progress,
    ) -> Self {
        let refusal = match answer {
            Ok(answered) if progress(&answered) == Progress::Ended => return Self::Ended(answered),
            Ok(_) => None,
            Err(error) if error.class == Class::InvalidInput => Some(error),
            Err(error) if error.class == Class::NotFound => return Self::Gone,
            Err(error) => return Self::Failed(error),
        };
        match (get.await, refusal) {
            (Ok(Some(now)), _) if progress(&now) == Progress::Ended => Self::Ended(now),
            (Ok(Some(now)), Some(refusal)) => Self::Refused(refusal, now),
            // If it does not exist any more, the next attempt is answered so.
            (Ok(_), None) => {
                let message = format!("CodeBuild accepted the stop, but has not confirmed that the {kind} has ended");
                Self::Failed(CallError::new(Class::NotConfirmed, message))
            }
            (Ok(None) | Err(_), Some(error)) | (Err(error), None) => Self::Failed(error),
        }
    }
}

/// Stops a build. Only a Build with a final status shows that no further attempt is needed.
pub(super) async fn stop_build(client: &Client, id: &BuildId) -> Attempt<Box<Build>> {
    let answer = codebuild::stop_build(client, id).await.map(Box::new);
    let get = async { Ok(codebuild::get_build(client, id).await?.map(Box::new)) };
    Attempt::verified("build", answer, get, |build| build.progress()).await
}

/// Stops a batch, and returns it if it exists. One that has ended needs no stop.
///
/// # Errors
/// If the batch may still be running.
pub(super) async fn stop_batch(client: &Client, arn: &str) -> Result<Option<Box<BuildBatch>>, CallError> {
    let id = batch_id(arn);
    let answer = codebuild::stop_batch(client, id).await;
    match Attempt::verified("batch", answer, codebuild::get_batch(client, id), BuildBatch::progress).await {
        Attempt::Ended(batch) => {
            Ok(Some(Box::new(BuildBatch { arn: batch.arn.or_else(|| Some(arn.to_owned())), ..batch })))
        }
        Attempt::Gone => Ok(None),
        Attempt::Refused(error, _) | Attempt::Failed(error) => {
            Err(CallError { message: format!("its batch could not be stopped: {error}"), ..error })
        }
    }
}

/// Returns the effect on the build, after its batch was stopped if a rule requires that.
pub(super) async fn effect(
    client: &Client,
    id: &BuildId,
    attempt: Attempt<Box<Build>>,
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
    match Attempt::verified("sandbox", answer, codebuild::get_sandbox(client, id), Sandbox::progress).await {
        Attempt::Ended(sandbox) => {
            let outcome = if sandbox.is_stopped() { Outcome::Stopped } else { Outcome::AlreadyComplete };
            Effect { sandbox: Some(Box::new(sandbox)), ..outcome.into() }
        }
        Attempt::Gone => Outcome::NotFound.into(),
        Attempt::Refused(error, _) | Attempt::Failed(error) => Failure::from(error).into(),
    }
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
