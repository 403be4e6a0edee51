//! The batch that a build belongs to. It is never cached: it changes as its builds run.

use std::{sync::Arc, time::Duration};

use buildbrake_core::facts::inquiry::Reply;

use super::within;
use crate::{
    CallError,
    codebuild::{self, Client},
};

const BUDGET: Duration = Duration::from_secs(8);

/// # Errors
/// If the API does not report whether the batch exists.
pub(super) async fn fetch(client: &Client, id: &str) -> Result<Reply, CallError> {
    let batch = within(BUDGET, codebuild::get_batch(client, id)).await?;
    Ok(Reply::Batch(batch.map(Arc::new)))
}
