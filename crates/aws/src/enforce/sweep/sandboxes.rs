//! Finds the running sandboxes of an account and region, if a rule may apply to one.
//!
//! A list of sandboxes shows neither their state nor their age, so that all of them are fetched.

use buildbrake_core::model::{BuildId, Progress, Sandbox};
use futures_util::{StreamExt, stream};
use tokio::time::timeout;

use super::Sweep;
use crate::{
    CallError, Class,
    codebuild::{self, MAX_IDS},
    running::CONCURRENT_CALLS,
};

impl Sweep<'_> {
    /// Finds the running sandboxes of the remaining projects. If a call fails, the sweep fails in the end, but
    /// still judges all builds.
    pub(super) async fn find_sandboxes(&mut self) {
        if !self.enforcer.policy.judges_sandboxes() {
            return;
        }
        // The other half of the time is for the builds.
        let found = timeout(self.time_to_judge() / 2, Box::pin(self.running_sandboxes())).await;
        let (sandboxes, failures) = found.unwrap_or_else(|_elapsed| {
            let message = "there is not enough time to list the sandboxes";
            (Vec::new(), vec![CallError::new(Class::TimedOut, message)])
        });
        failures.into_iter().for_each(|error| self.add_failed_call(error));
        for (id, sandbox) in sandboxes {
            self.sandboxes.entry(id.project().to_owned()).or_default().push(sandbox);
        }
    }

    async fn running_sandboxes(&self) -> (Vec<(BuildId, Sandbox)>, Vec<CallError>) {
        let (ids, failure) = self.sandbox_ids().await;
        let mut failures = Vec::from_iter(failure);
        let mut running = Vec::new();
        let calls = ids.chunks(MAX_IDS).map(|ids| codebuild::many_sandboxes(&self.client, ids));
        let answers: Vec<_> = stream::iter(calls).buffer_unordered(CONCURRENT_CALLS).collect().await;
        for answer in answers {
            match answer {
                // As with builds, a sandbox whose state is unknown counts as running.
                Ok(sandboxes) => {
                    let is_running = |sandbox: &Sandbox| sandbox.progress() != Progress::Ended;
                    for sandbox in sandboxes.into_iter().filter(is_running) {
                        match sandbox.id.as_deref().map(str::parse) {
                            Some(Ok(id)) => running.push((id, sandbox)),
                            Some(Err(_)) | None => {
                                let message =
                                    "CodeBuild's answer to BatchGetSandboxes contains a sandbox without a valid id";
                                failures.push(CallError::new(Class::UnreadableAnswer, message));
                            }
                        }
                    }
                }
                Err(error) => failures.push(error),
            }
        }
        (running, failures)
    }

    /// The ids of all sandboxes of the remaining projects. If the API does not know the operation, there are none.
    async fn sandbox_ids(&self) -> (Vec<String>, Option<CallError>) {
        let (mut ids, mut token) = (Vec::new(), None);
        loop {
            match codebuild::list_sandboxes(&self.client, token).await {
                Ok((page, next)) => {
                    ids.extend(page);
                    token = next;
                }
                Err(error) if is_unknown_operation(&error) => return (ids, None),
                Err(error) => return (ids, Some(error)),
            }
            if token.is_none() {
                break;
            }
        }
        let project = |id: &str| id.split_once(':').map_or(id, |(project, _)| project).to_owned();
        ids.retain(|id| self.from.as_ref().is_none_or(|from| project(id) >= *from));
        (ids, None)
    }
}

/// Returns whether a service answered that it has no such operation. The second code belongs to the Query protocol;
/// emulators answer it, too.
fn is_unknown_operation(error: &CallError) -> bool {
    matches!(error.code.as_deref(), Some("UnknownOperationException" | "InvalidAction"))
}
