//! Fetches the missing facts of one build, and carries out the verdict.
//!
//! The futures of calls are boxed. The SDK nests them so deeply that the layout of the function's
//! own future would exceed the compiler's recursion limit, and they are so large that an event
//! which needs no call would spend much of its time on moving them.

use std::time::Duration;

use buildbrake_core::{
    event::{BuildEvent, Delivery},
    facts::inquiry::{Case, OnFailure, Question, Reply, Source},
    model::{BuildArn, Progress},
    record::{Effect, Failure, Outcome, Record},
    verdict::{Action, Withheld},
};
use jiff::{SignedDuration, Timestamp};
use tokio::time::{Instant, timeout, timeout_at};

use super::{
    BUILD_BUDGET, Enforcer, Invocation,
    notify::Settled,
    out_of_time,
    stop::{Attempt, effect, retry_of, stop_batch, stop_build},
};
use crate::{AccountRegion, CallError, clients::Pace, codebuild::Client, scheduler, stop_alarm::StopRate};

/// The maximum number of automatic retries of a build.
/// <https://docs.aws.amazon.com/codebuild/latest/userguide/auto-retry-build.html>
const MAX_RETRIES: usize = 10;

/// A batch whose stop the alarm withheld is judged again after this time, which is how long the template's alarm
/// stays in ALARM.
const WITHHELD_AGAIN: SignedDuration = SignedDuration::from_mins(5);

/// The time that all optional sources of a build share: those whose failure leaves facts unknown.
const OPTIONAL: Duration = Duration::from_secs(4);

/// A build that was judged, the builds that it supersedes, and the retries of the stopped ones.
struct Family<'a> {
    own: Settled<'a>,
    superseded: Vec<Settled<'a>>,
    retries: Vec<BuildArn>,
}

impl Enforcer {
    /// Judges one build, the builds that it supersedes, and the retries that CodeBuild starts for the stopped ones.
    /// Then sends the notifications. Each build has a record of its own. Returns the build's own record, or the first
    /// failed one if only others failed.
    pub async fn judge_build(&self, event: BuildEvent, invocation: &Invocation<'_>) -> Record {
        let until = Instant::now() + BUILD_BUDGET;
        let (settled, own_superseded) = self.settle(event, invocation, until).await;
        let mut records = self.notify(&settled, invocation).await;
        let others = records.split_off(own_superseded + 1);
        let own = records.remove(own_superseded).superseding(&records);
        let failed = records.into_iter().chain(others).find(|other| other.failure().is_some());
        failed.filter(|_| own.failure().is_none()).unwrap_or(own)
    }

    /// Judges one build, the builds that it supersedes, and the retries that CodeBuild starts for the stopped ones.
    /// Returns all of them in one list, and the index of the build itself: the builds that it supersedes come first.
    pub(super) async fn settle(
        &self,
        event: BuildEvent,
        invocation: &Invocation<'_>,
        until: Instant,
    ) -> (Vec<Settled<'_>>, usize) {
        let (kind, time) = (event.kind, event.time.filter(|_| event.delivery == Delivery::Live));
        let Family { own, superseded, mut retries } = self.judge_one(event, invocation, until).await;
        let own_superseded = superseded.len();
        let mut settled: Vec<Settled<'_>> = superseded.into_iter().chain([own]).collect();
        for _ in 0..MAX_RETRIES * settled.len() {
            let Some(arn) = retries.pop() else { break };
            let retry = self.judge_one(BuildEvent::naming(kind, arn, time), invocation, until).await;
            settled.extend(retry.superseded.into_iter().chain([retry.own]));
            retries.extend(retry.retries);
        }
        (settled, own_superseded)
    }

    /// Judges one build, and those that it supersedes.
    async fn judge_one(&self, event: BuildEvent, invocation: &Invocation<'_>, until: Instant) -> Family<'_> {
        let mut case = Case::of_event(&self.policy, event, invocation.now());
        let mut others = Vec::new();
        let effect = match timeout_at(until, self.act(&mut case, &mut others, invocation)).await {
            Ok(Ok(effect)) => effect,
            Ok(Err(error)) => Failure::from(error).into(),
            Err(_elapsed) => Failure::from(out_of_time()).into(),
        };
        let superseded = Box::pin(self.settle_others(others, invocation, until)).await;
        let stopped = superseded.iter().map(|other| &other.effect).chain([&effect]);
        let retries = stopped.filter_map(|effect| retry_of(effect.returned.as_deref()?)).collect();
        Family { own: Settled { case, effect }, superseded, retries }
    }

    /// Fetches the missing facts, and carries out the verdict. Sets `others` to the other running builds that
    /// [`Self::fetch_missing`] returns.
    async fn act<'a>(
        &'a self,
        case: &mut Case<'a>,
        others: &mut Vec<Case<'a>>,
        invocation: &Invocation<'_>,
    ) -> Result<Effect, CallError> {
        if self.policy.is_off() {
            return Ok(Outcome::Ignored.into());
        }
        let is_named_only = case.is_named_only();
        let said_to_have_ended = case.build().progress() == Progress::Ended;
        if said_to_have_ended && !is_named_only && !case.verdict().may_stop_batch() {
            return Ok(Outcome::NotRunning.into());
        }
        let place = AccountRegion::of_build(case.build());
        *others = self.fetch_missing(case, &place, invocation).await?;
        if case.is_gone() {
            return Ok(Outcome::NotFound.into());
        }
        match (case.build().progress(), case.verdict().action) {
            (Progress::Ended, Action::Stop) => {
                let (mut batch, mut note) = (None, None);
                if let Some(arn) = self.batch_to_stop(case, &place, invocation).await? {
                    match self.stop_rate(case, invocation).await {
                        StopRate::Normal(granted) => note = granted,
                        StopRate::Alarm => {
                            // No sweep finds a build that has ended, so it is judged once more by itself.
                            let later = invocation.now() + WITHHELD_AGAIN;
                            let deadline = self.schedule(case, later, invocation).await?;
                            return Ok(Effect { deadline, ..Withheld::StopRate.into() });
                        }
                    }
                    batch = Box::pin(stop_batch(&self.clients.codebuild(&place, Pace::Prompt), &arn)).await?;
                }
                let is_reported_already = said_to_have_ended || (is_named_only && !may_lack_notification(case));
                match batch {
                    None if is_reported_already => Ok(Outcome::NotRunning.into()),
                    batch => Ok(Effect { batch, ..Outcome::AlreadyComplete.into() }.noting(note)),
                }
            }
            (Progress::Ended, _) if is_named_only || said_to_have_ended => Ok(Outcome::NotRunning.into()),
            (_, Action::Stop) => match self.stop_rate(case, invocation).await {
                StopRate::Normal(note) => Ok(self.stop(case, &place, invocation).await.noting(note)),
                StopRate::Alarm => Ok(Withheld::StopRate.into()),
            },
            (_, action) => {
                let deadline = self.schedule_deadline(case, invocation).await?;
                Ok(Effect { deadline, ..Outcome::of_running(action).into() })
            }
        }
    }

    /// Stops a build, and then its batch if a rule requires it.
    async fn stop<'a>(&'a self, case: &mut Case<'a>, place: &AccountRegion, invocation: &Invocation<'_>) -> Effect {
        let client = self.clients.codebuild(place, Pace::Prompt);
        let id = case.event().id.clone();
        let attempt = Box::pin(stop_build(&client, &id)).await;
        if let Attempt::Ended(build) | Attempt::Refused(_, build) = &attempt
            && build.build_batch_arn.is_some()
        {
            case.add_after_stop(build.clone(), invocation.now());
        }
        let batch = match self.batch_to_stop(case, place, invocation).await {
            Ok(Some(arn)) => Box::pin(stop_batch(&client, &arn)).await,
            Ok(None) => Ok(None),
            Err(error) => Err(error),
        };
        Box::pin(effect(&client, &id, attempt, batch)).await
    }

    /// Returns the ARN of the build's batch if a rule stops the batch. Such a rule may not have been evaluated
    /// before, because another one stopped the build anyway.
    async fn batch_to_stop<'a>(
        &'a self,
        case: &mut Case<'a>,
        place: &AccountRegion,
        invocation: &Invocation<'_>,
    ) -> Result<Option<String>, CallError> {
        if case.build().build_batch_arn.is_none() {
            return Ok(None);
        }
        case.ask_for_its_batch();
        self.fetch_missing(case, place, invocation).await?;
        Ok(case.batch_to_stop().map(str::to_owned))
    }

    /// Answers the case's questions until there are no more. If the build was compared with the other running builds,
    /// returns those that break a rule, or for which a rule is undecided.
    async fn fetch_missing<'a>(
        &'a self,
        case: &mut Case<'a>,
        place: &AccountRegion,
        invocation: &Invocation<'_>,
    ) -> Result<Vec<Case<'a>>, CallError> {
        let mut budget = TimeBudget(OPTIONAL);
        let mut others = Vec::new();
        while let Some(question) = case.next_question() {
            if let Question::RunningBuilds(project) = &question {
                others = Box::pin(self.compare_with_running(case, project, place, invocation, &mut budget)).await;
                continue;
            }
            let client = self.clients.codebuild(place, Pace::Prompt);
            let reply = Box::pin(self.reply(&question, &client, place, invocation.now()));
            let source = question.source();
            // A build that is never stopped is reported from the known facts, whatever fails.
            let on_failure = match case.verdict().action {
                Action::Protect => OnFailure::LeaveUnknown,
                Action::Allow | Action::Report | Action::Stop => source.on_failure(),
            };
            let reply = match on_failure {
                OnFailure::FailInvocation => reply.await?,
                OnFailure::LeaveUnknown => match budget.spend(reply).await {
                    None => too_late(source),
                    Some(Ok(reply)) => reply,
                    Some(Err(error)) => Reply::Unavailable(source, error.class.cause()),
                },
            };
            case.add(reply, invocation.now());
        }
        Ok(others)
    }

    /// Answers a question.
    ///
    /// # Errors
    /// If the source cannot be asked, and its failure fails the invocation.
    pub(super) async fn reply(
        &self,
        question: &Question,
        client: &Client,
        place: &AccountRegion,
        now: Timestamp,
    ) -> Result<Reply, CallError> {
        let source = question.source();
        match (self.resolver.answer(question, client, place, now).await, source.on_failure()) {
            (Err(error), OnFailure::LeaveUnknown) => Ok(Reply::Unavailable(source, error.class.cause())),
            (answer, _) => answer,
        }
    }

    /// Schedules a call of the function for the moment when a rule will be broken. Returns the
    /// time of the call, if there is one.
    pub(super) async fn schedule_deadline(
        &self,
        case: &Case<'_>,
        invocation: &Invocation<'_>,
    ) -> Result<Option<Timestamp>, CallError> {
        let is_running = case.build().progress() == Progress::Running;
        match case.verdict().deadline.filter(|_| is_running) {
            Some(moment) => self.schedule(case, moment, invocation).await,
            None => Ok(None),
        }
    }

    /// Schedules a call of the function that judges a build again at a moment. Returns the time of the call, or
    /// `None` if there is no scheduler or the case is about a batch.
    pub(super) async fn schedule(
        &self,
        case: &Case<'_>,
        moment: Timestamp,
        invocation: &Invocation<'_>,
    ) -> Result<Option<Timestamp>, CallError> {
        let (Some(scheduler), Some(function)) = (&self.scheduler, invocation.function) else { return Ok(None) };
        // No event names a batch; the next sweep judges it again.
        if case.is_batch() {
            return Ok(None);
        }
        let at = scheduler::on_the_minute(moment, invocation.now());
        let id = &case.event().id;
        // A build that is judged twice has the same deadline, and so the same schedule.
        let name = scheduler::name(&format!("{}-{}", id.uuid(), at.as_second()));
        let event = BuildEvent::deadline(case.build().arn.as_deref().unwrap_or(id.as_str()), at);
        match Box::pin(scheduler.schedule(function, &name, at, &event)).await {
            Ok(()) => Ok(Some(at)),
            Err(error) => Err(CallError { message: format!("its deadline could not be scheduled: {error}"), ..error }),
        }
    }
}

/// Returns `true` if an earlier try of this event may have stopped the build without sending the notification.
fn may_lack_notification(case: &Case<'_>) -> bool {
    case.event().delivery != Delivery::Replayed && case.build().build_status.as_deref() == Some("STOPPED")
}

/// Time that several calls share.
pub(super) struct TimeBudget(Duration);

impl TimeBudget {
    /// Waits for the result, but no longer than the remaining time. Returns `None` if the result is late.
    pub(super) async fn spend<T>(&mut self, future: impl Future<Output = T>) -> Option<T> {
        let begun = Instant::now();
        let result = timeout(self.0, future).await.ok();
        self.0 = self.0.saturating_sub(begun.elapsed());
        result
    }
}

pub(super) fn too_late(source: Source) -> Reply {
    let why = format!("the sources did not answer within {} seconds", OPTIONAL.as_secs());
    Reply::Unavailable(source, why.into())
}

#[cfg(test)]
mod tests {
    use tokio::time::sleep;

    use super::*;

    #[tokio::test]
    async fn all_calls_together_have_no_more_than_the_budget() {
        let mut budget = TimeBudget(Duration::from_millis(100));
        assert!(budget.spend(sleep(Duration::from_millis(60))).await.is_some());
        assert!(budget.spend(sleep(Duration::from_millis(60))).await.is_none());
        assert!(budget.spend(sleep(Duration::from_millis(10))).await.is_none());
    }
}
