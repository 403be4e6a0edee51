//! The earlier try of a build that CodeBuild itself retries.

use buildbrake_core::{
    facts::inquiry::{Reply, Source},
    model::BuildId,
};

use crate::{
    CallError,
    codebuild::{self, Client},
};

/// # Errors
/// If the API does not report whether the build exists.
pub(super) async fn fetch(client: &Client, id: &BuildId) -> Result<Reply, CallError> {
    Ok(match codebuild::get_build(client, id).await? {
        Some(build) => Reply::EarlierTry(Box::new(build)),
        None => Reply::Unavailable(Source::FirstTry, format!("CodeBuild has no build {id}").into()),
    })
}
