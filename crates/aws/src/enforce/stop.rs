//! Stops a build, and verifies that it was stopped.

use buildbrake_core::{
    model::{Build, BuildArn, BuildBatch, BuildId, Progress, batch_id},
    record::{Effect, Failure, Outcome, StoppedBatch},
    verdict::Verdict,
};

use crate::{
    CallError, Class,
    codebuild::{self, Client},
};

/// Stops a build, with its batch if the verdict says so. Only a Build with the status STOPPED is
/// a stop, and only a Build that has ended needs no further attempt.
pub(super) async fn stop(client: &Client, id: &BuildId, verdict: &Verdict) -> Effect {
    let answer = codebuild::stop_build(client, id).await;
    match answer {
        Ok(build) if has_ended(&build) => with_batch(client, verdict, build).await,
        // The answer does not say that the build has ended, or says that it cannot be stopped, as
        // a build that has ended cannot: the Build as it is now decides.
        Ok(_) | Err(CallError { class: Class::InvalidInput, .. }) => {
            match (answer, codebuild::get_build(client, id).await) {
                (_, Ok(Some(build))) if has_ended(&build) => with_batch(client, verdict, build).await,
                // A build of a batch on Lambda compute cannot be stopped, but its batch can.
                (Err(error), Ok(Some(build))) if verdict.stops_batch() && build.build_batch_arn.is_some() => {
                    let Effect { batch, failure, .. } = with_batch(client, verdict, build).await;
                    match codebuild::get_build(client, id).await {
                        Ok(Some(build)) if has_ended(&build) && failure.is_none() => Effect { batch, ..ended(build) },
                        _ => Effect { batch, ..failure.unwrap_or(error.into()).into() },
                    }
                }
                (Ok(_), Ok(_)) => {
                    failed(CallError::new(Class::NotConfirmed, "the stop was answered, but the build is still running"))
                }
                (Err(error), _) | (Ok(_), Err(error)) => failed(error),
            }
        }
        Err(error) if error.class == Class::NotFound => Outcome::NotFound.into(),
        Err(error) => failed(error),
    }
}

/// The build has ended; its batch may have to be stopped.
async fn with_batch(client: &Client, verdict: &Verdict, build: Build) -> Effect {
    let Some(arn) = build.build_batch_arn.as_deref().filter(|_| verdict.stops_batch()) else { return ended(build) };
    let error = match stopped_batch(client, batch_id(arn)).await {
        Ok(batch) if batch.progress() == Progress::Ended => {
            let status = batch.build_batch_status.unwrap_or_default();
            let batch = Some(StoppedBatch { arn: arn.to_owned(), build_batch_status: status });
            return Effect { batch, ..ended(build) };
        }
        Ok(_) => CallError::new(Class::NotConfirmed, "the stop was answered, but the batch is still running"),
        Err(error) => error,
    };
    let message = format!("its batch could not be stopped: {error}");
    Effect { returned: Some(Box::new(build)), ..failed(CallError { message, ..error }) }
}

/// Stops a batch. If the batch that is returned is still running, it is fetched once more.
async fn stopped_batch(client: &Client, id: &str) -> Result<BuildBatch, CallError> {
    let batch = codebuild::stop_batch(client, id).await?;
    if batch.progress() == Progress::Ended {
        return Ok(batch);
    }
    codebuild::get_batch(client, id).await?.ok_or_else(|| CallError::new(Class::NotFound, "the batch does not exist"))
}

fn failed(error: CallError) -> Effect {
    Failure::from(error).into()
}

fn ended(build: Build) -> Effect {
    let outcome = if is_stopped(&build) { Outcome::Stopped } else { Outcome::AlreadyComplete };
    Effect { returned: Some(Box::new(build)), ..outcome.into() }
}

fn has_ended(build: &Build) -> bool {
    build.progress() == Progress::Ended
}

fn is_stopped(build: &Build) -> bool {
    build.build_status.as_deref() == Some("STOPPED")
}

/// The build that CodeBuild itself started to retry this one.
pub(super) fn retry_of(build: &Build) -> Option<BuildArn> {
    build.auto_retry_config.as_ref()?.next_auto_retry.as_deref()?.parse().ok()
}
