//! The sweep: judges every running build of an account and region, with or without an event, and every running
//! sandbox, for which CodeBuild sends no events.
//!
//! Projects are handled a hundred at a time, ordered by name. Builds are stopped at the end, when their number is
//! known: a faulty policy must not stop everything.

mod judge;
mod rest;
mod sandboxes;
mod stop;

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use buildbrake_core::{
    event::{Belt, SweepEvent, SweepMode, SweepRest},
    facts::inquiry::Case,
    model::{RunKind, Sandbox},
    record::{Failure, Failures, Outcome, Record, SweepSummary},
    verdict::Action,
};
use futures_util::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use tokio::time::timeout;

use super::{Enforcer, Invocation, notify::Settled};
use crate::{
    AccountRegion, CallError, Class,
    clients::Pace,
    codebuild::{self, Client, MAX_IDS},
    running::CONCURRENT_CALLS,
};

/// The part of an invocation's time that is reserved for the record. A short invocation reserves
/// less.
const RESERVE: SignedDuration = SignedDuration::from_secs(15);

/// The number of builds whose notifications are sent together.
const NOTIFIED_TOGETHER: usize = 100;

/// The account and region to sweep, and the event that asks for it.
#[derive(Clone, Debug, PartialEq)]
pub struct SweepRequest {
    /// The account and region.
    pub place: AccountRegion,
    /// The event that asks for it.
    pub event: SweepEvent,
    /// `true` if nobody reads the response.
    pub is_unread: bool,
}

impl Enforcer {
    /// Judges every running build, stops those that must be stopped, and hands on the rest if there
    /// is not enough time.
    pub async fn sweep(&self, request: SweepRequest, invocation: &Invocation<'_>) -> Record {
        if self.policy.is_off() {
            let message = "Swept nothing, because buildbrake is off.";
            return self.record_without_build(message, Outcome::Ignored.into(), invocation).await;
        }
        let SweepRequest { place, event: SweepEvent { id, time, belt, mode, mut rest, .. }, is_unread } = request;
        // A request to sweep without the safety limit is for a whole sweep.
        if rest == SweepRest::default() && mode == SweepMode::Enforce {
            rest = self.take_rest(&place).filter(|_| belt == Belt::On).unwrap_or_default();
        }
        let belt_off_by = || invocation.request_id.unwrap_or("(outside Lambda)").to_owned();
        let earlier = Failures { count: to_unsigned(rest.failures), first: rest.first_failure.map(Failure::from) };
        let belt_off_by = rest.belt_off_by.or_else(|| (belt == Belt::Off).then(belt_off_by));
        let begun = invocation.now();
        let reserve = RESERVE.min(invocation.deadline.duration_since(begun) / 4);
        let mut summary = SweepSummary::after(earlier, belt_off_by);
        let name = place.account.as_deref().and_then(|account| self.members.accounts.name(account));
        (summary.account, summary.region) = (place.account.clone(), place.region.clone());
        summary.account_name = name.map(str::to_owned);
        summary.is_unread = is_unread;
        let mut sweep = Sweep {
            enforcer: self,
            invocation,
            client: self.clients.codebuild(&place, Pace::Patient),
            place,
            mode,
            id: rest.id.or(id).or_else(|| invocation.request_id.map(str::to_owned)),
            part: rest.part.unwrap_or(1),
            time,
            begun,
            ends: invocation.deadline.saturating_sub(reserve).unwrap_or(begun),
            running: to_unsigned(rest.running),
            found: BTreeMap::new(),
            sandboxes: BTreeMap::new(),
            stops: to_unsigned(rest.stops),
            from: rest.from,
            to_stop: Vec::new(),
            reported: Vec::new(),
            batches: HashMap::new(),
            summary,
        };
        sweep.run().await;
        let record = Record::of_sweep(&self.policy, sweep.summary, sweep.time, invocation.now());
        invocation.sink.write(&record).await;
        record
    }
}

/// One sweep, or this invocation's part of it.
struct Sweep<'a> {
    enforcer: &'a Enforcer,
    invocation: &'a Invocation<'a>,
    client: Client,
    place: AccountRegion,
    mode: SweepMode,
    /// The id by which all parts are named. `None` outside Lambda, unless the event has an id.
    id: Option<String>,
    /// The ordinal number of this part, from 1.
    part: i64,
    time: Option<Timestamp>,
    begun: Timestamp,
    /// The time at which this invocation must hand on the rest.
    ends: Timestamp,
    /// The first project of this part, if an earlier invocation did another part.
    from: Option<String>,
    /// The running builds that no later part finds again: those of earlier parts, and those that have
    /// ended since.
    running: u64,
    /// The other running builds and sandboxes of this part, by their projects.
    found: BTreeMap<String, u64>,
    /// The running sandboxes that are not judged yet, by their projects.
    sandboxes: BTreeMap<String, Vec<Sandbox>>,
    /// The builds to stop in all parts so far.
    stops: u64,
    /// The builds to stop in this part.
    to_stop: Vec<Case<'a>>,
    /// The builds that are reported and keep running.
    reported: Vec<Settled<'a>>,
    /// The number of running builds of each batch in this part, by the batch's ARN.
    batches: HashMap<String, u64>,
    summary: SweepSummary,
}

impl Sweep<'_> {
    async fn run(&mut self) {
        let mut names = self.project_names().await;
        self.find_sandboxes().await;
        // The project of a sandbox may have been deleted since.
        names.extend(self.sandboxes.keys().cloned());
        names.sort_unstable();
        names.dedup();
        let mut rest = None;
        for (index, block) in names.chunks(MAX_IDS).enumerate() {
            let left = self.time_to_judge();
            rest = match left.is_zero() {
                true => block.first().cloned(),
                false => timeout(left, self.judge_projects(block, index == 0)).await.unwrap_or(block.first().cloned()),
            };
            if rest.is_some() {
                break;
            }
        }
        // A build that there was no time to stop is judged again.
        let from = self.stop_all().await.or(rest);
        let reported = std::mem::take(&mut self.reported);
        self.record(&reported).await;
        match from {
            Some(from) if names.first() == Some(&from) && self.summary.is_empty() => {
                let message = format!("there is not enough time to sweep the project {from}");
                self.add_failed_call(CallError::new(Class::TimedOut, message));
            }
            Some(from) => self.hand_on(from).await,
            None => {}
        }
    }

    /// The remaining projects, ordered by name.
    async fn project_names(&mut self) -> Vec<String> {
        let mut names = Vec::new();
        let mut token = None;
        loop {
            let page = timeout(self.time_to_judge(), codebuild::list_projects(&self.client, token)).await;
            match page.unwrap_or_else(|_| {
                Err(CallError::new(Class::TimedOut, "there is not enough time to list the projects"))
            }) {
                Ok((page, next)) => {
                    names.extend(page);
                    token = next;
                }
                Err(error) => {
                    self.add_failed_call(error);
                    break;
                }
            }
            if token.is_none() {
                break;
            }
        }
        names.sort_unstable();
        names.retain(|name| self.from.as_ref().is_none_or(|from| name >= from));
        names
    }

    /// Records builds, and sends their notifications unless this is a dry run.
    async fn record(&mut self, settled: &[Settled<'_>]) {
        let mut unsent = Vec::new();
        for some in settled.chunks(NOTIFIED_TOGETHER) {
            let records = match self.mode {
                SweepMode::Enforce => self.enforcer.notify(some, self.invocation).await,
                SweepMode::DryRun => self.enforcer.record(some, self.invocation).await,
            };
            for (settled, record) in some.iter().zip(&records) {
                // No later sweep finds a stopped build. So it is judged again by itself, which sends its
                // notifications. Nothing judges a sandbox by itself: its notifications are sent with the next ones.
                if settled.case.kind() == RunKind::Build && is_to_be_judged_again(settled, record) {
                    unsent.push(&settled.case);
                }
                self.summary.add(record);
            }
        }
        let now = self.invocation.now();
        let left = Duration::try_from(self.invocation.deadline.duration_since(now) / 2).unwrap_or_default();
        let schedules = unsent.into_iter().map(|case| self.enforcer.schedule(case, now, self.invocation));
        let schedules = stream::iter(schedules).buffer_unordered(CONCURRENT_CALLS).collect::<Vec<_>>();
        let too_late = || {
            let message = "there is not enough time to schedule the notifications that were not sent";
            vec![Err(CallError::new(Class::TimedOut, message))]
        };
        let schedules = timeout(left, Box::pin(schedules)).await.unwrap_or_else(|_elapsed| too_late());
        schedules.into_iter().filter_map(Result::err).for_each(|error| self.add_failed_call(error));
    }

    /// Adds an error. The sweep goes on, but fails in the end.
    fn add_failed_call(&mut self, error: CallError) {
        self.summary.add_failed_call(error.into());
    }

    /// Returns the time left to judge builds. The same amount is reserved for stopping them.
    fn time_to_judge(&self) -> Duration {
        let half = self.ends.duration_since(self.begun) / 2;
        let left = half - self.invocation.now().duration_since(self.begun);
        Duration::try_from(left).unwrap_or_default()
    }
}

/// Returns whether a build was stopped, or may have been, but its notifications were not sent.
fn is_to_be_judged_again(settled: &Settled<'_>, record: &Record) -> bool {
    record.failure().is_some_and(|failure| match record.outcome() {
        Outcome::Stopped => true,
        Outcome::Failed if settled.case.verdict().action == Action::Stop => {
            settled.effect.returned.is_some() || Class::may_have_acted(&failure.r#type)
        }
        _ => false,
    })
}

fn to_unsigned(number: Option<i64>) -> u64 {
    number.and_then(|number| number.try_into().ok()).unwrap_or_default()
}
