//! Judges the running builds that a sweep finds.

use std::{collections::BTreeSet, sync::Arc};

use buildbrake_core::{
    event::{BuildEvent, TriggerKind},
    facts::inquiry::{Case, Question, Reply, Source},
    model::BuildArn,
    record::{Counted, Outcome},
    verdict::Action,
};
use futures_util::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};

use super::{
    CONCURRENT_CALLS, Sweep, SweepMode,
    running::{FoundBuild, RunningBuilds, running_builds},
};
use crate::{
    CallError, Class,
    codebuild::{self, Client, MAX_IDS},
};

/// Deadlines within this time are scheduled. Later ones are left to a later sweep.
const SCHEDULE_AHEAD: SignedDuration = SignedDuration::from_mins(60);

impl Sweep<'_> {
    /// Judges the running builds of some projects.
    pub(super) async fn judge_projects(&mut self, projects: &[String]) {
        let RunningBuilds { builds, failures } = running_builds(&self.client, projects, self.invocation.now()).await;
        failures.into_iter().for_each(|error| self.add_failed_call(error));
        let cases = self.judge(builds).await;
        if self.mode == SweepMode::Enforce {
            self.schedule_deadlines(&cases).await;
        }
        self.summary.projects += projects.len() as u64;
        for mut case in cases {
            *self.found.entry(case.event().id.project().to_owned()).or_default() += 1;
            if let Some(arn) = &case.build().build_batch_arn {
                *self.batches.entry(arn.clone()).or_default() += 1;
            }
            self.summary.running += 1;
            self.summary.undecided += u64::from(case.verdict().undecided.iter().any(|undecided| undecided.counts));
            match case.verdict().action {
                Action::Allow => {}
                Action::Stop => {
                    case.shorten();
                    self.to_stop.push(case);
                }
                action @ (Action::Report | Action::Protect) => {
                    self.record(&case, Outcome::of_running(action).into()).await;
                }
            }
        }
    }
}

impl<'a> Sweep<'a> {
    /// Judges builds, with their batches and projects if a rule needs them.
    async fn judge(&mut self, builds: Vec<FoundBuild>) -> Vec<Case<'a>> {
        let now = self.invocation.now();
        let of_build = |FoundBuild { id, build }| {
            let event = BuildEvent::new(TriggerKind::Sweep, id, self.time, Box::new(build));
            Case::of_build(&self.enforcer.policy, event, now)
        };
        let mut cases: Vec<Case<'_>> = builds.into_iter().map(of_build).collect();
        // A rule may depend on the one only because of what the other is.
        while cases.iter().any(|case| case.next_question().is_some()) {
            self.add_batches(&mut cases, now).await;
            self.add_projects(&mut cases, now).await;
            self.add_refs(&mut cases, now).await;
        }
        cases
    }

    /// Fetches the batches that rules need, and judges their builds again.
    async fn add_batches(&mut self, cases: &mut [Case<'a>], now: Timestamp) {
        let ids = cases.iter().filter_map(wanted_batch).collect();
        let (batches, failure) =
            self.fetch_all(ids, async |client, ids| codebuild::many_batches(client, ids).await).await;
        for case in cases {
            let Some(id) = wanted_batch(case) else { continue };
            let batch = batches.iter().find(|batch| batch.id.as_deref() == Some(&id));
            case.add(reply(batch, failure, Source::Batch, Reply::Batch), now);
        }
    }

    /// Fetches the projects that rules need, and judges their builds again.
    async fn add_projects(&mut self, cases: &mut [Case<'a>], now: Timestamp) {
        let names = cases.iter().filter_map(wanted_project).collect();
        let (projects, failure) =
            self.fetch_all(names, async |client, names| codebuild::many_projects(client, names).await).await;
        for case in cases {
            let Some(name) = wanted_project(case) else { continue };
            let project = projects.iter().find(|project| project.name.as_deref() == Some(&name));
            case.add(reply(project, failure, Source::Project, Reply::Project), now);
        }
    }

    /// Asks about references that rules need, and judges their builds again.
    async fn add_refs(&mut self, cases: &mut [Case<'a>], now: Timestamp) {
        for case in cases {
            let Some(question @ (Question::Pipeline(_) | Question::Git(_))) = case.next_question() else { continue };
            match Box::pin(self.enforcer.reply(&question, &self.client, &self.place, now)).await {
                Ok(reply) => case.add(reply, now),
                Err(error) => {
                    case.add(Reply::Unavailable(question.source(), error.class.name().to_owned()), now);
                    self.add_failed_call(error);
                }
            }
        }
    }

    /// Fetches things by their names, and returns why some of them could not be fetched.
    async fn fetch_all<T>(
        &mut self,
        names: BTreeSet<String>,
        fetch: impl AsyncFn(&Client, &[String]) -> Result<Vec<T>, CallError>,
    ) -> (Vec<Arc<T>>, Option<Class>) {
        let (mut things, mut failure) = (Vec::new(), None);
        for names in Vec::from_iter(names).chunks(MAX_IDS) {
            match fetch(&self.client, names).await {
                Ok(found) => things.extend(found.into_iter().map(Arc::new)),
                Err(error) => {
                    failure = Some(error.class);
                    self.add_failed_call(error);
                }
            }
        }
        (things, failure)
    }

    /// A failure does not keep the sweep from going on.
    async fn schedule_deadlines(&mut self, cases: &[Case<'_>]) {
        let now = self.invocation.now();
        let is_near = |at: Timestamp| at.duration_since(now) < SCHEDULE_AHEAD;
        let is_due =
            |case: &&Case<'_>| case.verdict().action != Action::Stop && case.verdict().deadline.is_some_and(is_near);
        let scheduled = cases.iter().filter(is_due).map(|case| self.enforcer.schedule_deadline(case, self.invocation));
        let scheduled: Vec<Result<_, CallError>> =
            stream::iter(scheduled).buffer_unordered(CONCURRENT_CALLS).collect().await;
        scheduled.into_iter().filter_map(Result::err).for_each(|error| self.add_failed_call(error));
    }

    /// Judges the build that CodeBuild itself started to retry a stopped one.
    pub(super) async fn judge_retry(&mut self, retry: Option<BuildArn>) {
        let Some(arn) = retry else { return };
        let event = BuildEvent::naming(TriggerKind::Sweep, arn, self.time);
        let record = self.enforcer.judge_build(event, self.invocation).await;
        match record.outcome().counted() {
            Counted::Allowed | Counted::Nothing => {}
            Counted::Reported | Counted::Stopped | Counted::Ended | Counted::Failed => self.summary.add(&record),
        }
    }
}

/// The reply to a question about one of the things that were fetched together.
fn reply<T>(
    found: Option<&Arc<T>>,
    failure: Option<Class>,
    source: Source,
    reply: fn(Option<Arc<T>>) -> Reply,
) -> Reply {
    match (found, failure) {
        (None, Some(class)) => Reply::Unavailable(source, class.name().to_owned()),
        (found, _) => reply(found.cloned()),
    }
}

fn wanted_project(case: &Case<'_>) -> Option<String> {
    match case.next_question()? {
        Question::Project { name, .. } => Some(name),
        Question::Build(_) | Question::Batch(_) | Question::Pipeline(_) | Question::Git(_) => None,
    }
}

fn wanted_batch(case: &Case<'_>) -> Option<String> {
    match case.next_question()? {
        Question::Batch(id) => Some(id),
        Question::Build(_) | Question::Project { .. } | Question::Pipeline(_) | Question::Git(_) => None,
    }
}
