//! The calls to CodeBuild.

mod convert;
mod list;

use aws_config::SdkConfig;
use aws_sdk_codebuild::{
    Client as Sdk,
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
    operation::RequestId,
};
use buildbrake_core::model::{Build, BuildBatch, BuildId, Project, Sandbox};

use self::convert::Convert;
pub(crate) use self::list::{
    IdPage, MAX_IDS, list_builds, list_projects, list_running_batches, list_sandboxes, many_batches, many_builds,
    many_projects, many_sandboxes,
};
use crate::{CallError, Class, accounts::PlaceConfig, call::call, members::MemberCredentials};

/// A client of CodeBuild in one account and region.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    sdk: Sdk,
    /// The credentials, if the account is not the program's own.
    member: Option<MemberCredentials>,
}

impl Client {
    /// A client with the program's own credentials.
    pub(crate) fn new(config: &SdkConfig) -> Self {
        Self { sdk: Sdk::new(config), member: None }
    }

    /// A client in a place.
    pub(crate) fn of_place(config: PlaceConfig) -> Self {
        Self { member: config.member, ..Self::new(&config.sdk) }
    }

    /// Makes a call. If another account's credentials have expired, or belong to a role that was deleted and created
    /// again, renews them and repeats the call once.
    async fn call<O, E, T, F>(
        &self,
        operation: &str,
        send: impl Fn(&Sdk) -> F,
        read: impl Fn(O) -> Option<T>,
    ) -> Result<T, CallError>
    where
        F: Future<Output = Result<O, SdkError<E, HttpResponse>>>,
        O: RequestId,
        E: ProvideErrorMetadata,
        SdkError<E, HttpResponse>: RequestId,
    {
        let mut renewable = self.member.as_ref();
        loop {
            // Fetched before the call, so that a slow STS has its own time limit and its own error.
            if let Some(member) = &self.member {
                Box::pin(member.credentials()).await?;
            }
            let answer = call(SERVICE, operation, send(&self.sdk), &read).await;
            let may_be_old = |error: &CallError| {
                let code = error.code.as_deref();
                error.class == Class::ExpiredCredentials
                    || matches!(code, Some("UnrecognizedClientException" | "InvalidClientTokenId"))
            };
            match renewable.take().filter(|_| answer.as_ref().is_err_and(may_be_old)) {
                Some(member) => member.forget().await,
                None => return answer,
            }
        }
    }
}

const SERVICE: &str = "CodeBuild";

/// Asks CodeBuild to stop a build. The Build that is returned may still be running: callers must check whether it was
/// stopped.
/// <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_StopBuild.html>
///
/// # Errors
/// If no Build is returned.
pub(crate) async fn stop_build(client: &Client, id: &BuildId) -> Result<Build, CallError> {
    client
        .call("StopBuild", |sdk| sdk.stop_build().id(id.as_str()).send(), |output| output.build_value?.convert())
        .await
}

/// The build as the API has it now, or `None` if there is no build with that id.
/// <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_BatchGetBuilds.html>
///
/// # Errors
/// If the API returns neither.
pub(crate) async fn get_build(client: &Client, id: &BuildId) -> Result<Option<Build>, CallError> {
    client
        .call(
            "BatchGetBuilds",
            |sdk| sdk.batch_get_builds().ids(id.as_str()).send(),
            |output| found(output.builds, output.builds_not_found),
        )
        .await
}

/// The project as the API has it now, or `None` if there is no project of that name.
/// <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_BatchGetProjects.html>
///
/// # Errors
/// If the API returns neither.
pub(crate) async fn get_project(client: &Client, name: &str) -> Result<Option<Project>, CallError> {
    client
        .call(
            "BatchGetProjects",
            |sdk| sdk.batch_get_projects().names(name).send(),
            |output| found(output.projects, output.projects_not_found),
        )
        .await
}

/// The batch as the API has it now, or `None` if there is no batch with that id.
/// <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_BatchGetBuildBatches.html>
///
/// # Errors
/// If the API returns neither.
pub(crate) async fn get_batch(client: &Client, id: &str) -> Result<Option<BuildBatch>, CallError> {
    client
        .call(
            "BatchGetBuildBatches",
            |sdk| sdk.batch_get_build_batches().ids(id).send(),
            |output| found(output.build_batches, output.build_batches_not_found),
        )
        .await
}

/// Stops all builds of a batch. The batch that is returned may still be running: callers must
/// check whether it was stopped.
/// <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_StopBuildBatch.html>
///
/// # Errors
/// If no batch is returned.
pub(crate) async fn stop_batch(client: &Client, id: &str) -> Result<BuildBatch, CallError> {
    client
        .call("StopBuildBatch", |sdk| sdk.stop_build_batch().id(id).send(), |output| output.build_batch?.convert())
        .await
}

/// The sandbox as the API has it now, or `None` if there is no sandbox with that id.
///
/// # Errors
/// If the API returns neither.
pub(crate) async fn get_sandbox(client: &Client, id: &BuildId) -> Result<Option<Sandbox>, CallError> {
    client
        .call(
            "BatchGetSandboxes",
            |sdk| sdk.batch_get_sandboxes().ids(id.as_str()).send(),
            |output| found(output.sandboxes, output.sandboxes_not_found),
        )
        .await
}

/// Stops a sandbox. The sandbox that is returned is usually still being stopped: callers must check its status.
/// <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_StopSandbox.html>
///
/// # Errors
/// If no sandbox is returned.
pub(crate) async fn stop_sandbox(client: &Client, id: &BuildId) -> Result<Sandbox, CallError> {
    client
        .call("StopSandbox", |sdk| sdk.stop_sandbox().id(id.as_str()).send(), |output| output.sandbox?.convert())
        .await
}

/// Returns the first thing that was found, or `Some(None)` if the API reports that it does not exist. Returns `None`
/// if the API reports neither.
fn found<T, A: Convert<T>>(found: Option<Vec<A>>, not_found: Option<Vec<String>>) -> Option<Option<T>> {
    let found = found.unwrap_or_default().into_iter().find_map(A::convert);
    let is_missing = not_found.is_some_and(|names| !names.is_empty());
    (found.is_some() || is_missing).then_some(found)
}
