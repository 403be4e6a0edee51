//! CodeBuild's API, as far as it is used.
//!
//! Each call waits in a box: the SDK's futures are large, and every future that waits for
//! one would hold it.

mod carry;
mod list;
mod projects;

pub use aws_sdk_codebuild::Client;
use aws_sdk_codebuild::{
    client::customize::CustomizableOperation,
    config::{Config, Region},
    operation::RequestId,
    types as sdk,
};

use buildbrake_core::model::{Build, BuildId, Progress, Project};

use self::carry::Carry;
pub use self::{
    list::{BATCH, builds_of, describe_all, project_names, projects_named},
    projects::Projects,
};
use crate::{CallError, Class};

/// Which build is meant, and in which region it is asked for.
#[derive(Clone, Debug)]
pub struct Target {
    id: BuildId,
    region: Option<String>,
}

impl Target {
    /// A build by its id, in its region, or the client's own where that is not known.
    pub fn new(id: BuildId, region: Option<&str>) -> Self {
        Self { id, region: region.map(str::to_owned) }
    }

    /// The build's id.
    pub fn id(&self) -> &BuildId {
        &self.id
    }

    /// Sends a call to the build's region. That costs each call a good part of what the
    /// client did once when it was made, so that it is not asked for where the client
    /// goes there anyway.
    fn asked<T, E, B>(&self, client: &Client, call: CustomizableOperation<T, E, B>) -> CustomizableOperation<T, E, B> {
        match &self.region {
            Some(region) if client.config().region().is_none_or(|own| own.as_ref() != region) => {
                call.config_override(Config::builder().region(Region::new(region.clone())))
            }
            _ => call,
        }
    }
}

/// Asks for the build to be stopped. Answers the Build that came back, which may
/// well run on: whether it was stopped is for the caller to read from it.
/// <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_StopBuild.html>
///
/// # Errors
/// Whatever keeps a Build from coming back; an answer without one is unreadable.
pub async fn stop(client: &Client, target: &Target) -> Result<Build, CallError> {
    let call = target.asked(client, client.stop_build().id(target.id.as_str()).customize());
    let answer = Box::pin(call.send()).await.map_err(|error| CallError::from_sdk(SERVICE, error))?;
    let request_id = answer.request_id().map(str::to_owned);
    answer.build_value.and_then(Carry::carry).ok_or_else(|| without("StopBuild", "a build", request_id))
}

/// The build as the API has it now, or `None` where it has none of that id.
/// <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_BatchGetBuilds.html>
///
/// # Errors
/// Whatever keeps an answer from coming back; one that says neither that the build
/// is found nor that it is not found is unreadable.
pub async fn describe(client: &Client, target: &Target) -> Result<Option<Build>, CallError> {
    let call = target.asked(client, client.batch_get_builds().ids(target.id.as_str()).customize());
    let answer = Box::pin(call.send()).await.map_err(|error| CallError::from_sdk(SERVICE, error))?;
    let request_id = answer.request_id().map(str::to_owned);
    let found: Option<Build> = answer.builds.unwrap_or_default().into_iter().find_map(Carry::carry);
    match found {
        Some(build) => Ok(Some(build)),
        None if answer.builds_not_found.is_some_and(|ids| !ids.is_empty()) => Ok(None),
        None => Err(without("BatchGetBuilds", "the build", request_id)),
    }
}

/// A build's project as the API has it now, or `None` where it has none of that name.
/// <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_BatchGetProjects.html>
///
/// # Errors
/// Whatever keeps an answer from coming back, as with [`describe`].
pub async fn project(client: &Client, target: &Target, name: &str) -> Result<Option<Project>, CallError> {
    let call = target.asked(client, client.batch_get_projects().names(name).customize());
    let answer = Box::pin(call.send()).await.map_err(|error| CallError::from_sdk(SERVICE, error))?;
    let request_id = answer.request_id().map(str::to_owned);
    let found: Option<Project> = answer.projects.unwrap_or_default().into_iter().find_map(Carry::carry);
    match found {
        Some(project) => Ok(Some(project)),
        None if answer.projects_not_found.is_some_and(|names| !names.is_empty()) => Ok(None),
        None => Err(without("BatchGetProjects", "the project", request_id)),
    }
}

/// A batch of builds, as far as it is told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildBatch {
    /// Its ARN.
    pub arn: String,
    /// Its `buildBatchStatus`.
    pub status: String,
    /// Whether it still runs.
    pub progress: Progress,
}

/// Stops every build of the batch that a build is one of. Answers the batch that came
/// back, or as it is a moment later where that one runs on.
/// <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_StopBuildBatch.html>
///
/// # Errors
/// Whatever keeps a batch from coming back.
pub async fn stop_batch(client: &Client, target: &Target, arn: &str) -> Result<BuildBatch, CallError> {
    // `arn:aws:codebuild:us-east-1:111122223333:build-batch/project:uuid`
    let id = arn.split_once(":build-batch/").map_or(arn, |(_, id)| id);
    let call = target.asked(client, client.stop_build_batch().id(id).customize());
    let answer = Box::pin(call.send()).await.map_err(|error| CallError::from_sdk(SERVICE, error))?;
    let request_id = answer.request_id().map(str::to_owned);
    let batch = answer.build_batch.ok_or_else(|| without("StopBuildBatch", "a batch", request_id))?;
    match read_batch(batch, arn) {
        batch if batch.progress == Progress::Ended => Ok(batch),
        _ => describe_batch(client, target, id, arn).await,
    }
}

async fn describe_batch(client: &Client, target: &Target, id: &str, arn: &str) -> Result<BuildBatch, CallError> {
    let call = target.asked(client, client.batch_get_build_batches().ids(id).customize());
    let answer = Box::pin(call.send()).await.map_err(|error| CallError::from_sdk(SERVICE, error))?;
    let request_id = answer.request_id().map(str::to_owned);
    let found = answer.build_batches.unwrap_or_default().into_iter().next();
    found.map(|batch| read_batch(batch, arn)).ok_or_else(|| without("BatchGetBuildBatches", "the batch", request_id))
}

fn read_batch(batch: sdk::BuildBatch, arn: &str) -> BuildBatch {
    let status = batch.build_batch_status.map(|status| status.as_str().to_owned()).unwrap_or_default();
    // A batch ends as a build does, and says so in the same words.
    let as_build = Build { build_status: Some(status.as_str().into()), ..Build::default() };
    BuildBatch { arn: arn.to_owned(), status, progress: as_build.progress() }
}

const SERVICE: &str = "CodeBuild";

fn without(operation: &str, what: &str, request_id: Option<String>) -> CallError {
    let message = format!("CodeBuild answered {operation} without {what}");
    CallError { request_id, ..CallError::new(Class::UnreadableAnswer, message) }
}
