//! Finds the pipeline execution that started a build.

mod calls;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aws_sdk_codepipeline::Client;
use buildbrake_core::{
    facts::pipeline::{PipelineAnswer, PipelineRun, action_in_state, execution_of, is_source},
    model::{ActionExecution, PipelineExecution},
};
use jiff::{SignedDuration, Timestamp};
use tokio::time::timeout;

use crate::{AccountRegion, Accounts, CallError, Class, clients::Pace};

/// The time limit for one question with all its calls.
const BUDGET: Duration = Duration::from_secs(3);

/// The maximum number of pages that are read, of a hundred action executions each.
const MAX_PAGES: usize = 5;

/// The longest time between the start of an action and the start of its build.
const BACK: SignedDuration = SignedDuration::from_hours(1);

/// The maximum number of entries in the cache: some hundred kilobytes.
const MAX_RUNS: usize = 500;

/// Asks CodePipeline. Does not connect before the first question.
#[derive(Debug)]
pub struct Pipelines {
    accounts: Accounts,
    runs: Mutex<HashMap<Key, Arc<PipelineRun>>>,
}

/// Account, region, pipeline, and the id of an execution or of a build that it started.
type Key = (AccountRegion, String, String);

impl Pipelines {
    /// Makes no call yet.
    pub fn new(accounts: Accounts) -> Self {
        Self { accounts, runs: Mutex::default() }
    }

    /// Finds the execution of a pipeline that started one of these builds or batches: the ids of a build and of its
    /// batch. Takes three seconds at most.
    ///
    /// `start` is the time when the build started, at least approximately.
    ///
    /// # Errors
    /// If CodePipeline does not answer, or refuses. Then the execution is unknown.
    pub async fn run_of(
        &self,
        place: &AccountRegion,
        pipeline: &str,
        started: &[&str],
        start: Timestamp,
    ) -> Result<PipelineAnswer, CallError> {
        let known = started.iter().find_map(|id| self.known(place, pipeline, id));
        if let Some(run) = known {
            return Ok(PipelineAnswer::Run(run));
        }
        let too_late = |_| {
            let message = format!("CodePipeline did not answer within {} seconds", BUDGET.as_secs());
            Err(CallError::new(Class::TimedOut, message))
        };
        let found = self.find(place, pipeline, started, start);
        let answer = timeout(BUDGET, found).await.unwrap_or_else(too_late)?;
        if let PipelineAnswer::Run(run) = &answer {
            let execution = run.execution.pipeline_execution_id.as_deref();
            started.iter().copied().chain(execution).for_each(|id| self.keep(place, pipeline, id, run));
        }
        Ok(answer)
    }

    async fn find(
        &self,
        place: &AccountRegion,
        pipeline: &str,
        started: &[&str],
        start: Timestamp,
    ) -> Result<PipelineAnswer, CallError> {
        let client = self.client(place);
        let Some(states) = calls::get_pipeline_state(&client, pipeline).await? else {
            return Ok(PipelineAnswer::NoPipeline);
        };
        // A running action's history does not contain the build's id yet, but its state does. The state does not show
        // to which execution of the pipeline the action belongs.
        let state = action_in_state(&states, started);
        let action = state.and_then(|state| state.action_execution_id.as_deref());
        if let (Some(_), Some(id)) = (action, state.and_then(|state| state.pipeline_execution_id.as_deref())) {
            let actions = all_of(&client, pipeline, id).await?;
            if execution_of(&actions, started, action) == Some(id) {
                return self.run(&client, place, pipeline, id, actions).await;
            }
        }
        let since = start.saturating_sub(BACK).unwrap_or(Timestamp::MIN);
        let Some(id) = search(&client, pipeline, started, action, since).await? else {
            return Ok(PipelineAnswer::NotNamed);
        };
        let actions = all_of(&client, pipeline, &id).await?;
        self.run(&client, place, pipeline, &id, actions).await
    }

    /// The execution with this id. Its trigger and the version of its pipeline never change, so they come from the
    /// cache. A source action can be retried, so `actions` must be read anew.
    async fn run(
        &self,
        client: &Client,
        place: &AccountRegion,
        pipeline: &str,
        id: &str,
        actions: Vec<ActionExecution>,
    ) -> Result<PipelineAnswer, CallError> {
        let (execution, sources_with_tags) = match self.known(place, pipeline, id) {
            Some(run) => (run.execution.clone(), run.sources_with_tags.clone()),
            None => {
                let Some(execution) = calls::get_pipeline_execution(client, pipeline, id).await? else {
                    return Ok(PipelineAnswer::NotNamed);
                };
                let with_tags = sources_with_tags(client, pipeline, &execution).await?;
                (execution, with_tags)
            }
        };
        let sources = actions.into_iter().filter(is_source).collect();
        let run = PipelineRun { pipeline: pipeline.to_owned(), execution, sources, sources_with_tags };
        Ok(PipelineAnswer::Run(Arc::new(run)))
    }

    fn client(&self, place: &AccountRegion) -> Client {
        Client::new(&self.accounts.config(place, Pace::Prompt).sdk)
    }

    fn known(&self, place: &AccountRegion, pipeline: &str, id: &str) -> Option<Arc<PipelineRun>> {
        let runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        runs.get(&(place.clone(), pipeline.to_owned(), id.to_owned())).cloned()
    }

    fn keep(&self, place: &AccountRegion, pipeline: &str, id: &str, run: &Arc<PipelineRun>) {
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        if runs.len() >= MAX_RUNS {
            runs.clear();
        }
        runs.insert((place.clone(), pipeline.to_owned(), id.to_owned()), run.clone());
    }
}

/// The source actions in whose repositories a pushed tag may have started the execution. `None` if a connection's
/// event did not start it, or if this version of the pipeline does not exist any more.
async fn sources_with_tags(
    client: &Client,
    pipeline: &str,
    execution: &PipelineExecution,
) -> Result<Option<Vec<String>>, CallError> {
    match execution.trigger_type.as_deref() {
        Some("WebhookV2") => calls::sources_with_tags(client, pipeline, execution.pipeline_version).await,
        _ => Ok(None),
    }
}

/// The executions of the actions of one execution of the pipeline.
async fn all_of(client: &Client, pipeline: &str, execution: &str) -> Result<Vec<ActionExecution>, CallError> {
    let mut all = Vec::new();
    let mut token = None;
    for _ in 0..MAX_PAGES {
        let (actions, next) = calls::list_action_executions(client, pipeline, Some(execution), token).await?;
        all.extend(actions);
        token = next;
        if token.is_none() {
            break;
        }
    }
    Ok(all)
}

/// The id of the pipeline execution that started one of these builds, from the history of all
/// actions since a time.
async fn search(
    client: &Client,
    pipeline: &str,
    started: &[&str],
    action: Option<&str>,
    since: Timestamp,
) -> Result<Option<String>, CallError> {
    let mut token = None;
    for _ in 0..MAX_PAGES {
        let (actions, next) = calls::list_action_executions(client, pipeline, None, token).await?;
        if let Some(execution) = execution_of(&actions, started, action) {
            return Ok(Some(execution.to_owned()));
        }
        let is_too_old = |action: &ActionExecution| action.start_time.is_some_and(|time| time < since);
        token = next;
        if token.is_none() || actions.last().is_some_and(is_too_old) {
            break;
        }
    }
    Ok(None)
}
