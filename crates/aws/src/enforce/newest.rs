//! Rules with `only-newest-per`: compares a build with the other running builds of its project, and
//! stops those that it supersedes.

use buildbrake_core::{
    event::{BuildEvent, Delivery},
    facts::inquiry::{Case, Question, Reply, Source, compare},
    model::batch_id,
    record::{Effect, Failure, Outcome},
    verdict::{Action, Withheld},
};
use futures_util::{StreamExt, stream};
use tokio::time::{Instant, timeout_at};

use super::{
    Enforcer, Invocation,
    build::{TimeBudget, too_late},
    notify::Settled,
    out_of_time,
    stop::{effect, stop_batch, stop_build},
};
use crate::{
    AccountRegion, clients::Pace, codebuild::Client, resolve::Running, running::CONCURRENT_CALLS, stop_alarm::StopRate,
};

impl Enforcer {
    /// Compares a build with the other running builds of its project. Returns those that break a rule, or for which a
    /// rule is undecided.
    pub(super) async fn compare_with_running<'a>(
        &'a self,
        case: &mut Case<'a>,
        project: &str,
        place: &AccountRegion,
        invocation: &Invocation<'_>,
        budget: &mut TimeBudget,
    ) -> Vec<Case<'a>> {
        let client = self.clients.codebuild(place, Pace::Prompt);
        let listed = Box::pin(self.resolver.running(&client, place, project, invocation.now()));
        let Some(running) = budget.spend(listed).await else {
            case.add(too_late(Source::RunningBuilds), invocation.now());
            return Vec::new();
        };
        let left_out = running.left_out.clone();
        let mut others = self.others(case, running, invocation);
        let mut current_project = None;
        for other in &mut others {
            self.inquire(other, &mut current_project, &client, place, invocation, budget).await;
        }
        let mut all: Vec<&mut Case<'a>> = others.iter_mut().chain([case]).collect();
        compare(&mut all, &left_out, invocation.now());
        // A cached project is not enough to stop a build.
        for other in &mut others {
            self.inquire(other, &mut current_project, &client, place, invocation, budget).await;
        }
        others.retain(|other| {
            let verdict = other.verdict();
            verdict.action != Action::Allow || verdict.undecided.iter().any(|undecided| undecided.counts)
        });
        others
    }

    /// The other running builds and batches. A build of a batch counts with its batch, not by itself.
    fn others<'a>(&'a self, case: &Case<'a>, running: Running, invocation: &Invocation<'_>) -> Vec<Case<'a>> {
        let (kind, now) = (case.event().kind, invocation.now());
        let time = case.event().time.filter(|_| case.event().delivery == Delivery::Live);
        let own_batch = case.build().build_batch_arn.as_deref().map(batch_id);
        let is_other = |found: &crate::running::FoundBuild| {
            found.id != case.event().id && found.build.build_batch_arn.as_deref().is_none_or(str::is_empty)
        };
        let builds = running.builds.into_iter().filter(is_other).map(|found| {
            let event = BuildEvent::new(kind, found.id, time, Box::new(found.build));
            Case::of_running_build(&self.policy, event, now)
        });
        let batches = running.batches.into_iter().filter(|batch| batch.id.as_deref() != own_batch);
        let batches = batches.filter_map(|batch| Case::of_running_batch(&self.policy, kind, time, batch, now));
        builds.chain(batches).collect()
    }

    /// Answers the questions about another running build. A source that fails leaves its facts unknown. All of
    /// these builds have the same project, which is fetched once.
    async fn inquire(
        &self,
        other: &mut Case<'_>,
        current_project: &mut Option<Reply>,
        client: &Client,
        place: &AccountRegion,
        invocation: &Invocation<'_>,
        budget: &mut TimeBudget,
    ) {
        while let Some(question) = other.next_question() {
            let is_of_project = matches!(question, Question::Project { .. });
            let reply = match (&question, &*current_project) {
                (Question::RunningBuilds(_), _) => return,
                (Question::Project { .. }, Some(project)) => project.clone(),
                _ => {
                    let reply = Box::pin(self.reply(&question, client, place, invocation.now()));
                    match budget.spend(reply).await {
                        None => too_late(question.source()),
                        Some(Ok(reply)) => reply,
                        Some(Err(error)) => Reply::Unavailable(question.source(), error.class.cause()),
                    }
                }
            };
            if is_of_project && matches!(reply, Reply::Project(_)) {
                *current_project = Some(reply.clone());
            }
            other.add(reply, invocation.now());
        }
    }

    /// Stops the superseded builds and batches.
    pub(super) async fn settle_others<'a>(
        &self,
        others: Vec<Case<'a>>,
        invocation: &Invocation<'_>,
        until: Instant,
    ) -> Vec<Settled<'a>> {
        let settled = others.into_iter().map(async |case| {
            let effect = match case.verdict().action {
                Action::Stop => {
                    let stopped = timeout_at(until, self.stop_superseded(&case, invocation)).await;
                    stopped.unwrap_or_else(|_elapsed| Failure::from(out_of_time()).into())
                }
                action => Outcome::of_running(action).into(),
            };
            Settled { case, effect }
        });
        stream::iter(settled).buffered(CONCURRENT_CALLS).collect().await
    }

    async fn stop_superseded(&self, other: &Case<'_>, invocation: &Invocation<'_>) -> Effect {
        let note = match self.stop_rate(other, invocation).await {
            StopRate::Normal(note) => note,
            StopRate::Alarm => return Withheld::StopRate.into(),
        };
        let client = self.clients.codebuild(&AccountRegion::of_build(other.build()), Pace::Prompt);
        if other.is_batch() {
            return stop_whole_batch(&client, other.build().arn.as_deref().unwrap_or_default()).await.noting(note);
        }
        let id = &other.event().id;
        let attempt = Box::pin(stop_build(&client, id)).await;
        Box::pin(effect(&client, id, attempt, Ok(None))).await.noting(note)
    }
}

/// Stops a batch that was judged as a whole.
pub(super) async fn stop_whole_batch(client: &Client, arn: &str) -> Effect {
    match Box::pin(stop_batch(client, arn)).await {
        Ok(Some(batch)) => {
            let is_stopped = batch.build_batch_status.as_deref() == Some("STOPPED");
            let outcome = if is_stopped { Outcome::Stopped } else { Outcome::AlreadyComplete };
            Effect { batch: Some(batch), ..outcome.into() }
        }
        Ok(None) => Outcome::NotFound.into(),
        Err(error) => Failure::from(error).into(),
    }
}
