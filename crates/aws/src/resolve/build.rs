//! The whole Build. It is never cached: a build changes every moment.

use std::time::Duration;

use buildbrake_core::{facts::inquiry::Reply, model::BuildId};

use super::within;
use crate::{
    CallError,
    codebuild::{self, Client},
};

const BUDGET: Duration = Duration::from_secs(8);

/// # Errors
/// If the API does not report whether the build exists.
pub(super) async fn fetch(client: &Client, id: &BuildId) -> Result<Reply, CallError> {
    let build = within(BUDGET, codebuild::get_build(client, id)).await?;
    Ok(build.map_or(Reply::NoBuild, |build| Reply::Build(Box::new(build))))
}
