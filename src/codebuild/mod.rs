//! CodeBuild's API, as far as it is used: `StopBuild`, `BatchGetBuilds`, `BatchGetProjects`.

mod carry;
mod error;
mod projects;
mod trust;

use std::time::Duration;

use aws_config::{
    BehaviorVersion, ConfigLoader, Region, retry::RetryConfig,
    stalled_stream_protection::StalledStreamProtectionConfig, timeout::TimeoutConfig,
};
pub use aws_sdk_codebuild::Client;
use aws_sdk_codebuild::{config::Builder, operation::RequestId};
use aws_smithy_http_client::tls::{Provider, TlsContext, rustls_provider::CryptoMode};

use self::carry::Carry;
pub use self::{
    error::{CallError, Class},
    projects::Projects,
    trust::UntrustedRoots,
};
use crate::{
    build::{Build, BuildArn, BuildId},
    project::Project,
};

/// What the function and the command line ask AWS with: credentials, region and
/// endpoint from the standard `AWS_*` variables, TLS by ring.
///
/// The SDK itself waits for ever by default. Three attempts of at most two seconds
/// fit into the eight that one operation may take.
///
/// # Errors
/// Where `AWS_CA_BUNDLE` names no certificates.
pub fn config() -> Result<ConfigLoader, UntrustedRoots> {
    // The builder has no way to fail yet.
    let tls = TlsContext::builder().with_trust_store(trust::roots()?).build().unwrap_or_default();
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(tls)
        .build_https();
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(1))
        .read_timeout(Duration::from_secs(2))
        .operation_attempt_timeout(Duration::from_secs(2))
        .operation_timeout(Duration::from_secs(8))
        .build();
    let retries = RetryConfig::standard()
        .with_max_attempts(3)
        .with_initial_backoff(Duration::from_millis(200))
        .with_max_backoff(Duration::from_millis(1000));
    Ok(aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(http)
        .timeout_config(timeouts)
        .retry_config(retries)
        // The answers are small; the timeout of an attempt covers a body that stalls.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled()))
}

/// Which build is meant, and in which region it is asked for.
#[derive(Clone, Debug)]
pub struct Target {
    id: BuildId,
    region: Option<String>,
}

impl Target {
    /// A build by its id, in the region of its ARN or else the client's own.
    pub fn new(id: BuildId, arn: Option<&str>) -> Self {
        let region = arn.and_then(|arn| arn.parse::<BuildArn>().ok()).map(|arn| arn.region);
        Self { id, region }
    }

    /// The build's id.
    pub fn id(&self) -> &BuildId {
        &self.id
    }

    fn config(&self) -> Builder {
        let mut config = aws_sdk_codebuild::Config::builder();
        config.set_region(self.region.clone().map(Region::new));
        config
    }
}

/// Asks for the build to be stopped. Answers the Build that came back, which may
/// well run on: whether it was stopped is for the caller to read from it.
/// <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_StopBuild.html>
///
/// # Errors
/// Whatever keeps a Build from coming back; an answer without one is unreadable.
pub async fn stop(client: &Client, target: &Target) -> Result<Build, CallError> {
    let call = client.stop_build().id(target.id.as_str()).customize().config_override(target.config());
    let answer = call.send().await.map_err(CallError::from_sdk)?;
    let request_id = answer.request_id().map(str::to_owned);
    answer.build_value.and_then(Carry::carry).ok_or_else(|| CallError::without("StopBuild", "build", request_id))
}

/// The build as the API has it now, or `None` where it has none of that id.
/// <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_BatchGetBuilds.html>
///
/// # Errors
/// Whatever keeps an answer from coming back; one that says neither that the build
/// is found nor that it is not found is unreadable.
pub async fn describe(client: &Client, target: &Target) -> Result<Option<Build>, CallError> {
    let call = client.batch_get_builds().ids(target.id.as_str()).customize().config_override(target.config());
    let answer = call.send().await.map_err(CallError::from_sdk)?;
    let request_id = answer.request_id().map(str::to_owned);
    let found: Option<Build> = answer.builds.unwrap_or_default().into_iter().find_map(Carry::carry);
    match found {
        Some(build) => Ok(Some(build)),
        None if answer.builds_not_found.is_some_and(|ids| !ids.is_empty()) => Ok(None),
        None => Err(CallError::without("BatchGetBuilds", "build", request_id)),
    }
}

/// A build's project as the API has it now, or `None` where it has none of that name.
/// <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_BatchGetProjects.html>
///
/// # Errors
/// Whatever keeps an answer from coming back, as with [`describe`].
pub async fn project(client: &Client, target: &Target, name: &str) -> Result<Option<Project>, CallError> {
    let call = client.batch_get_projects().names(name).customize().config_override(target.config());
    let answer = call.send().await.map_err(CallError::from_sdk)?;
    let request_id = answer.request_id().map(str::to_owned);
    let found: Option<Project> = answer.projects.unwrap_or_default().into_iter().find_map(Carry::carry);
    match found {
        Some(project) => Ok(Some(project)),
        None if answer.projects_not_found.is_some_and(|names| !names.is_empty()) => Ok(None),
        None => Err(CallError::without("BatchGetProjects", "project", request_id)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The SDK's own defaults wait for ever, so that each of these must be said.
    #[tokio::test]
    async fn no_call_waits_for_ever() {
        let config = config().unwrap().region(Region::new("us-east-1")).load().await;
        let timeouts = config.timeout_config().unwrap();
        assert_eq!(timeouts.connect_timeout(), Some(Duration::from_secs(1)));
        assert_eq!(timeouts.operation_attempt_timeout(), Some(Duration::from_secs(2)));
        assert_eq!(timeouts.operation_timeout(), Some(Duration::from_secs(8)));
        assert_eq!(config.retry_config().unwrap().max_attempts(), 3);
    }
}
