//! Stopping a build, and making sure of it.

use buildbrake_core::{
    model::{Build, BuildArn, Progress},
    record::Outcome,
    verdict::Verdict,
};

use crate::{
    CallError, Class,
    codebuild::{self, BuildBatch, Client, Target},
};

/// What became of a build that was to be stopped.
pub(super) struct Stopped {
    pub(super) outcome: Outcome,
    pub(super) failure: Option<CallError>,
    /// The Build that came back.
    pub(super) build: Option<Box<Build>>,
    /// The batch that was stopped with it.
    pub(super) batch: Option<BuildBatch>,
}

impl From<CallError> for Stopped {
    fn from(error: CallError) -> Self {
        Self { outcome: Outcome::Failed, failure: Some(error), build: None, batch: None }
    }
}

/// Stops a build, with its batch where the verdict says so. Only a Build that says STOPPED
/// is a stop, and only one that says that it ended lets the matter rest.
pub(super) async fn stop(client: &Client, target: &Target, verdict: &Verdict) -> Stopped {
    let answer = codebuild::stop(client, target).await;
    match answer {
        Ok(build) if has_ended(&build) => with_batch(client, target, verdict, build).await,
        // The answer does not say that the build ended, or says that it cannot be stopped,
        // as a build that has ended cannot: what it is now settles it.
        Ok(_) | Err(CallError { class: Class::InvalidInput, .. }) => {
            match (answer, codebuild::describe(client, target).await) {
                (_, Ok(Some(build))) if has_ended(&build) => with_batch(client, target, verdict, build).await,
                // A build of a batch on Lambda's compute cannot be stopped, and its batch can.
                (Err(error), Ok(Some(build))) if verdict.stops_batch() && build.build_batch_arn.is_some() => {
                    let Stopped { batch, failure, .. } = with_batch(client, target, verdict, build).await;
                    match codebuild::describe(client, target).await {
                        Ok(Some(build)) if has_ended(&build) && failure.is_none() => Stopped { batch, ..ended(build) },
                        _ => Stopped { batch, ..failure.unwrap_or(error).into() },
                    }
                }
                (Ok(_), Ok(_)) => {
                    CallError::new(Class::NotConfirmed, "the stop was answered, and the build runs on").into()
                }
                (Err(error), _) | (Ok(_), Err(error)) => error.into(),
            }
        }
        Err(error) if error.class == Class::NotFound => {
            Stopped { outcome: Outcome::NotFound, failure: None, build: None, batch: None }
        }
        Err(error) => error.into(),
    }
}

/// The build has ended; its batch may have to.
async fn with_batch(client: &Client, target: &Target, verdict: &Verdict, build: Build) -> Stopped {
    let Some(arn) = build.build_batch_arn.as_deref().filter(|_| verdict.stops_batch()) else { return ended(build) };
    let (batch, failure) = match codebuild::stop_batch(client, target, arn).await {
        Ok(batch) if batch.progress == Progress::Ended => (Some(batch), None),
        Ok(_) => (None, Some(CallError::new(Class::NotConfirmed, "the stop was answered, and the batch runs on"))),
        Err(error) => (None, Some(error)),
    };
    match failure {
        None => Stopped { batch, ..ended(build) },
        Some(error) => {
            let message = format!("its batch could not be stopped with it: {error}");
            Stopped { build: Some(Box::new(build)), ..CallError { message, ..error }.into() }
        }
    }
}

fn ended(build: Build) -> Stopped {
    let outcome = if is_stopped(&build) { Outcome::Stopped } else { Outcome::AlreadyComplete };
    Stopped { outcome, failure: None, build: Some(Box::new(build)), batch: None }
}

/// STOPPED is the end, even of a build whose `buildComplete` has yet to follow.
fn has_ended(build: &Build) -> bool {
    is_stopped(build) || build.progress() == Progress::Ended
}

fn is_stopped(build: &Build) -> bool {
    build.build_status.as_deref() == Some("STOPPED")
}

/// The build that CodeBuild started in the place of this one, by itself.
pub(super) fn retry_of(build: &Build) -> Option<BuildArn> {
    build.auto_retry_config.as_ref()?.next_auto_retry.as_deref()?.parse().ok()
}
