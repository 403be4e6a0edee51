//! What there is in an account and region: its projects, and their builds.

use std::collections::HashSet;

use aws_sdk_codebuild::{Client, operation::RequestId, types::ProjectSortByType};

use super::{SERVICE, carry::Carry, without};
use buildbrake_core::model::{Build, Project};

use crate::CallError;

/// The most that `BatchGetBuilds` and `BatchGetProjects` take at once.
pub const BATCH: usize = 100;

/// A page of a list, and the token of the next one, where there is one.
pub type Page = (Vec<String>, Option<String>);

/// A page of the names of all projects, in the order of their names.
/// <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_ListProjects.html>
///
/// # Errors
/// Whatever keeps a list from coming back.
pub async fn project_names(client: &Client, token: Option<String>) -> Result<Page, CallError> {
    let call = client.list_projects().sort_by(ProjectSortByType::Name).set_next_token(token);
    let answer = Box::pin(call.send()).await.map_err(|error| CallError::from_sdk(SERVICE, error))?;
    let request_id = answer.request_id().map(str::to_owned);
    let names = answer.projects.ok_or_else(|| without("ListProjects", "a list", request_id))?;
    Ok((names, answer.next_token))
}

/// A page of the ids of a project's builds, the newest first. That order is the API's own:
/// asked for by name, it fails for a project of over a hundred builds.
/// <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_ListBuildsForProject.html>
///
/// # Errors
/// Whatever keeps a list from coming back.
pub async fn builds_of(client: &Client, project: &str, token: Option<String>) -> Result<Page, CallError> {
    let call = client.list_builds_for_project().project_name(project).set_next_token(token);
    let answer = Box::pin(call.send()).await.map_err(|error| CallError::from_sdk(SERVICE, error))?;
    let request_id = answer.request_id().map(str::to_owned);
    let ids = answer.ids.ok_or_else(|| without("ListBuildsForProject", "a list", request_id))?;
    Ok((ids, answer.next_token))
}

/// Up to [`BATCH`] builds as the API has them now. Some may be gone since they were listed.
///
/// # Errors
/// Whatever keeps an answer from coming back. One that says of a build neither that it is
/// found nor that it is not is unreadable.
pub async fn describe_all(client: &Client, ids: &[String]) -> Result<Vec<Build>, CallError> {
    let call = client.batch_get_builds().set_ids(Some(ids.to_vec()));
    let answer = Box::pin(call.send()).await.map_err(|error| CallError::from_sdk(SERVICE, error))?;
    let request_id = answer.request_id().map(str::to_owned);
    let found: Vec<Build> = answer.builds.unwrap_or_default().into_iter().filter_map(Carry::carry).collect();
    let told: HashSet<&str> = found
        .iter()
        .filter_map(|build| build.id.as_deref())
        .chain(answer.builds_not_found.iter().flatten().map(String::as_str))
        .collect();
    match ids.iter().all(|id| told.contains(id.as_str())) {
        true => Ok(found),
        false => Err(without("BatchGetBuilds", "all the builds", request_id)),
    }
}

/// Up to [`BATCH`] projects as the API has them now. Some may be gone.
///
/// # Errors
/// Whatever keeps an answer from coming back.
pub async fn projects_named(client: &Client, names: &[String]) -> Result<Vec<Project>, CallError> {
    let call = client.batch_get_projects().set_names(Some(names.to_vec()));
    let answer = Box::pin(call.send()).await.map_err(|error| CallError::from_sdk(SERVICE, error))?;
    Ok(answer.projects.unwrap_or_default().into_iter().filter_map(Carry::carry).collect())
}
