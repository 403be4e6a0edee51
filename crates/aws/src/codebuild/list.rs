//! The calls that list an account's projects and builds in a region.

use std::collections::HashSet;

use aws_sdk_codebuild::types::{BuildBatchFilter, ProjectSortByType, StatusType};
use buildbrake_core::model::{Build, BuildBatch, Project, Sandbox};

use super::{Client, Sdk, convert::Convert};
use crate::CallError;

/// The most ids or names that `BatchGetBuilds` and `BatchGetProjects` accept. For `BatchGetSandboxes`, the API
/// names no limit.
pub(crate) const MAX_IDS: usize = 100;

/// A page of a list, and the token of the next page if there is one.
pub(crate) type IdPage = (Vec<String>, Option<String>);

/// A page of the names of all projects, ordered by name.
/// <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_ListProjects.html>
///
/// # Errors
/// If no list is returned.
pub(crate) async fn list_projects(client: &Client, token: Option<String>) -> Result<IdPage, CallError> {
    client
        .call(
            "ListProjects",
            |sdk| sdk.list_projects().sort_by(ProjectSortByType::Name).set_next_token(token.clone()).send(),
            |output| Some((output.projects?, output.next_token)),
        )
        .await
}

/// A page of the ids of a project's builds, newest first. That is the default order: asking for
/// it by name fails for projects with more than a hundred builds.
/// <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_ListBuildsForProject.html>
///
/// # Errors
/// If no list is returned.
pub(crate) async fn list_builds(client: &Client, project: &str, token: Option<String>) -> Result<IdPage, CallError> {
    client
        .call(
            "ListBuildsForProject",
            |sdk| sdk.list_builds_for_project().project_name(project).set_next_token(token.clone()).send(),
            |output| Some((output.ids?, output.next_token)),
        )
        .await
}

/// A page of the ids of a project's running batches, newest first.
/// <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_ListBuildBatchesForProject.html>
///
/// # Errors
/// If no list is returned.
pub(crate) async fn list_running_batches(
    client: &Client,
    project: &str,
    token: Option<String>,
) -> Result<IdPage, CallError> {
    let running = BuildBatchFilter::builder().status(StatusType::InProgress).build();
    let send = |sdk: &Sdk| {
        let (running, token) = (running.clone(), token.clone());
        sdk.list_build_batches_for_project().project_name(project).filter(running).set_next_token(token).send()
    };
    client.call("ListBuildBatchesForProject", send, |output| Some((output.ids?, output.next_token))).await
}

/// Up to [`MAX_IDS`] builds as the API has them now. Some may have been deleted.
///
/// # Errors
/// If the API does not report for each build whether it exists.
pub(crate) async fn many_builds(client: &Client, ids: &[String]) -> Result<Vec<Build>, CallError> {
    client
        .call(
            "BatchGetBuilds",
            |sdk| sdk.batch_get_builds().set_ids(Some(ids.to_vec())).send(),
            |output| answered(ids, output.builds, output.builds_not_found, |build: &Build| build.id.as_deref()),
        )
        .await
}

/// Up to [`MAX_IDS`] projects as the API has them now. Some may have been deleted.
///
/// # Errors
/// If the API does not report for each project whether it exists.
pub(crate) async fn many_projects(client: &Client, names: &[String]) -> Result<Vec<Project>, CallError> {
    client
        .call(
            "BatchGetProjects",
            |sdk| sdk.batch_get_projects().set_names(Some(names.to_vec())).send(),
            |output| {
                answered(names, output.projects, output.projects_not_found, |project: &Project| project.name.as_deref())
            },
        )
        .await
}

/// Up to [`MAX_IDS`] batches as the API has them now. Some may have been deleted.
///
/// # Errors
/// If the API does not report for each batch whether it exists.
pub(crate) async fn many_batches(client: &Client, ids: &[String]) -> Result<Vec<BuildBatch>, CallError> {
    client
        .call(
            "BatchGetBuildBatches",
            |sdk| sdk.batch_get_build_batches().set_ids(Some(ids.to_vec())).send(),
            |output| {
                answered(ids, output.build_batches, output.build_batches_not_found, |batch: &BuildBatch| {
                    batch.id.as_deref()
                })
            },
        )
        .await
}

/// A page of the ids of all sandboxes, including those that have ended. The API does not document their order.
/// <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_ListSandboxes.html>
///
/// # Errors
/// If no list is returned.
pub(crate) async fn list_sandboxes(client: &Client, token: Option<String>) -> Result<IdPage, CallError> {
    client
        .call(
            "ListSandboxes",
            |sdk| sdk.list_sandboxes().set_next_token(token.clone()).send(),
            |output| Some((output.ids?, output.next_token)),
        )
        .await
}

/// Up to [`MAX_IDS`] sandboxes as the API has them now. Some may have been deleted.
/// <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_BatchGetSandboxes.html>
///
/// # Errors
/// If the API does not report for each sandbox whether it exists.
pub(crate) async fn many_sandboxes(client: &Client, ids: &[String]) -> Result<Vec<Sandbox>, CallError> {
    client
        .call(
            "BatchGetSandboxes",
            |sdk| sdk.batch_get_sandboxes().set_ids(Some(ids.to_vec())).send(),
            |output| {
                answered(ids, output.sandboxes, output.sandboxes_not_found, |sandbox: &Sandbox| sandbox.id.as_deref())
            },
        )
        .await
}

/// Returns what was found, or `None` if the API does not report for each of the ids or names whether it exists.
fn answered<F: Convert<T>, T>(
    asked: &[String],
    found: Option<Vec<F>>,
    not_found: Option<Vec<String>>,
    id: impl Fn(&T) -> Option<&str>,
) -> Option<Vec<T>> {
    let found: Vec<T> = found.unwrap_or_default().into_iter().filter_map(Convert::convert).collect();
    let not_found = not_found.unwrap_or_default();
    let answered: HashSet<&str> = found.iter().filter_map(id).chain(not_found.iter().map(String::as_str)).collect();
    asked.iter().all(|asked| answered.contains(asked.as_str())).then_some(found)
}
