//! Answers the questions of a [`Case`](buildbrake_core::facts::inquiry::Case), with one file for
//! each source of facts.
//!
//! The Build, the batch and the project have time budgets here; those of CodePipeline, git and CodeCommit are in the
//! modules that call them. The first try and the running builds have none of their own: the caller limits them.
//! Only facts that seldom change are cached: projects, pipeline executions and references.

mod batch;
mod build;
mod denied;
mod git;
mod pipeline;
mod project;
mod running;
mod tries;

use std::time::Duration;

use buildbrake_core::facts::inquiry::{Question, Reply, Source};
use jiff::Timestamp;
use tokio::time::timeout;

pub(crate) use self::running::Running;
use self::{git::GitResolver, pipeline::PipelineResolver, project::ProjectCache, running::RunningResolver};
use crate::{AccountRegion, Accounts, CallError, Class, codebuild::Client, codepipeline::Pipelines, git::GitClient};

/// All sources of facts.
#[derive(Debug)]
pub(crate) struct Resolver {
    projects: ProjectCache,
    pipelines: PipelineResolver,
    git: GitResolver,
    running: RunningResolver,
}

impl Resolver {
    pub(crate) fn new(accounts: &Accounts) -> Self {
        Self {
            projects: ProjectCache::default(),
            pipelines: PipelineResolver::new(Pipelines::new(accounts.clone())),
            git: GitResolver::new(accounts.clone()),
            running: RunningResolver::default(),
        }
    }

    pub(crate) fn with_git(self, client: GitClient) -> Self {
        Self { git: self.git.with_hosts(client), ..self }
    }

    /// Answers a question about a build in an account and region.
    ///
    /// # Errors
    /// If the source cannot be asked. The consequence is the source's
    /// [`on_failure`](buildbrake_core::facts::inquiry::Source::on_failure).
    pub(crate) async fn answer(
        &self,
        question: &Question,
        client: &Client,
        place: &AccountRegion,
        now: Timestamp,
    ) -> Result<Reply, CallError> {
        match question {
            Question::Build(id) => build::fetch(client, id).await,
            Question::Batch(id) => batch::fetch(client, id).await,
            Question::Project { name, may_be_cached } => {
                self.projects.fetch(client, place, name, *may_be_cached, now).await
            }
            Question::Pipeline(question) => Ok(self.pipelines.ask(question, place, now).await),
            Question::Git(question) => Ok(self.git.ask(question, place, now).await),
            Question::EarlierTry(id) => tries::fetch(client, id).await,
            // `compare_with_running` answers this, because it also judges the other builds.
            Question::RunningBuilds(_) => {
                Ok(Reply::Unavailable(Source::RunningBuilds, "the running builds were not asked for".into()))
            }
        }
    }

    /// The running builds and batches of a project.
    pub(crate) async fn running(
        &self,
        client: &Client,
        place: &AccountRegion,
        project: &str,
        now: Timestamp,
    ) -> Running {
        self.running.ask(client, place, project, now).await
    }
}

/// Waits for a source no longer than its budget.
async fn within<T>(budget: Duration, fetched: impl Future<Output = Result<T, CallError>>) -> Result<T, CallError> {
    let too_late = |_| {
        let message = format!("CodeBuild did not answer within {} seconds", budget.as_secs());
        Err(CallError::new(Class::TimedOut, message))
    };
    timeout(budget, fetched).await.unwrap_or_else(too_late)
}
