//! The sweep: every running build of an account and region is judged, whether or not an
//! event told of it.
//!
//! Projects are looked at a hundred at a time, in the order of their names. What is to be
//! stopped is stopped at the end, when it is known how much that is: a policy gone wrong
//! must not stop everything.

mod running;

use std::{sync::Arc, time::Duration};

use futures_util::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use tokio::time::timeout;

use self::running::{Found, Running};
use super::{
    Brake, Invocation, PATIENCE,
    known::{Asked, Known},
    out_of_time,
    stop::{retry_of, stop},
};
use buildbrake_core::{
    event::{BuildEvent, Kind, SweepEvent, SweepRest},
    facts::inquiry::Source,
    model::{BuildArn, Project},
    record::{Effect, Failure, Outcome, Record, Safety, SweepSummary},
    verdict::{Action, Verdict, Withheld},
};

use crate::{
    CallError, Class,
    codebuild::{self, BATCH, Target},
    scheduler,
};

/// How many calls are made at the same time.
const CALLS: usize = 16;

/// A deadline that is nearer than this is set. A later one is left to a later sweep.
const AHEAD: SignedDuration = SignedDuration::from_mins(60);

/// What is kept of an invocation's time to say what was done; less of a short one.
const RESERVE: SignedDuration = SignedDuration::from_secs(15);

impl Brake {
    /// Looks at every running build, stops those that the policy says are to be stopped,
    /// and hands on what there is no time for.
    pub(super) async fn sweep(&self, event: &SweepEvent, invocation: &Invocation<'_>) -> Record {
        let begun = (invocation.now)();
        let reserve = RESERVE.min(invocation.deadline.duration_since(begun) / 4);
        let rest = if event.rest == SweepRest::default() { self.take_rest() } else { event.rest.clone() };
        let mut sweep = Sweep {
            brake: self,
            invocation,
            time: event.time,
            begun,
            ends: invocation.deadline.saturating_sub(reserve).unwrap_or(begun),
            running: count(rest.running),
            stops: count(rest.stops),
            from: rest.from.map(String::from),
            condemned: Vec::new(),
            swept: SweepSummary::default(),
        };
        sweep.run().await;
        let record = Record::of_sweep(&self.policy, sweep.swept, sweep.time, (invocation.now)());
        (invocation.tell)(&record);
        record
    }
}

/// One sweep, or what this invocation does of it.
struct Sweep<'a> {
    brake: &'a Brake,
    invocation: &'a Invocation<'a>,
    time: Option<Timestamp>,
    begun: Timestamp,
    /// When this invocation has to hand the rest on.
    ends: Timestamp,
    /// The project that it begins with, where an earlier invocation did a part.
    from: Option<String>,
    /// The running builds, and those to be stopped, of the whole sweep so far.
    running: u64,
    stops: u64,
    /// Those to be stopped, of this invocation.
    condemned: Vec<Judged>,
    swept: SweepSummary,
}

/// A running build, and what the policy says of it.
struct Judged {
    target: Target,
    known: Known,
    verdict: Verdict,
}

impl Sweep<'_> {
    async fn run(&mut self) {
        let names = self.project_names().await;
        let mut rest = None;
        for block in names.chunks(BATCH) {
            let left = self.left_to_look();
            if left.is_zero() || timeout(left, self.look_at(block)).await.is_err() {
                rest = block.first();
                break;
            }
        }
        // A build that there was no time to stop is looked at again.
        let from = self.stop_condemned().await.or(rest.cloned());
        match from {
            Some(from) if names.first() == Some(&from) && self.swept.is_empty() => {
                let message = format!("there is not enough time to sweep the project {from}");
                self.note(CallError::new(Class::TimedOut, message));
            }
            Some(from) => self.hand_on(from).await,
            None => {}
        }
    }

    /// The projects' names, in their order, from the first that is left to be looked at.
    async fn project_names(&mut self) -> Vec<String> {
        let mut names = Vec::new();
        let mut token = None;
        loop {
            let page = timeout(self.left_to_look(), codebuild::project_names(self.brake.patient(), token)).await;
            match page.unwrap_or_else(|_| {
                Err(CallError::new(Class::TimedOut, "there is not enough time to list the projects"))
            }) {
                Ok((page, next)) => {
                    names.extend(page);
                    token = next;
                }
                Err(error) => {
                    self.note(error);
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

    /// Judges the running builds of some projects.
    async fn look_at(&mut self, projects: &[String]) {
        let now = (self.invocation.now)();
        let Running { builds, failures } = running::of(self.brake.patient(), projects, now).await;
        failures.into_iter().for_each(|error| self.note(error));
        let judged = self.judge(builds).await;

        let deadlines = judged.iter().filter(|judged| {
            let is_near = |at: Timestamp| at.duration_since(now) < AHEAD;
            judged.verdict.action != Action::Stop && judged.verdict.deadline.is_some_and(is_near)
        });
        let set = deadlines
            .map(|judged| self.brake.set_deadline(&judged.known, &judged.verdict, &judged.target, self.invocation));
        let set: Vec<Result<_, CallError>> = stream::iter(set).buffer_unordered(CALLS).collect().await;
        set.into_iter().filter_map(Result::err).for_each(|error| self.note(error));

        self.swept.projects += projects.len() as u64;
        for mut judged in judged {
            self.running += 1;
            self.swept.running += 1;
            self.swept.undecided += u64::from(judged.verdict.undecided.iter().any(|undecided| undecided.counts));
            match judged.verdict.action {
                Action::Allow => {}
                Action::Stop => {
                    judged.known.shorten();
                    self.condemned.push(judged);
                }
                action => self.tell(&judged, Outcome::of_running(action).into()),
            }
        }
    }

    /// Judges builds, with their projects where a rule asks for them.
    async fn judge(&mut self, builds: Vec<Found>) -> Vec<Judged> {
        let policy = &self.brake.policy;
        let now = (self.invocation.now)();
        let mut judged: Vec<Judged> = builds
            .into_iter()
            .map(|Found { id, build }| {
                let target = Target::new(id.clone(), build.region());
                let known = Known::whole(BuildEvent { kind: Kind::Sweep, id, time: self.time, build: Box::new(build) });
                let verdict = known.judge(policy, now);
                Judged { target, known, verdict }
            })
            .collect();
        let wants = |judged: &&mut Judged| judged.verdict.wants(Source::Project);
        let mut names: Vec<String> =
            judged.iter_mut().filter(wants).map(|judged| judged.target.id().project().to_owned()).collect();
        names.sort_unstable();
        names.dedup();
        let mut projects: Vec<Arc<Project>> = Vec::new();
        for names in names.chunks(BATCH) {
            match codebuild::projects_named(self.brake.patient(), names).await {
                Ok(found) => projects.extend(found.into_iter().map(Arc::new)),
                Err(error) => self.note(error),
            }
        }
        for judged in judged.iter_mut().filter(|judged| judged.verdict.wants(Source::Project)) {
            let name = judged.target.id().project();
            let project = projects.iter().find(|project| project.name.as_deref() == Some(name));
            judged.known.project = Asked::Now(project.cloned());
            judged.verdict = judged.known.judge(policy, now);
        }
        judged
    }

    /// Stops what is to be stopped, or nothing where that is more than a sweep may stop.
    /// Answers the project of the first build that there was no time for.
    async fn stop_condemned(&mut self) -> Option<String> {
        let condemned = std::mem::take(&mut self.condemned);
        self.stops += condemned.len() as u64;
        let max_stops = self.brake.policy.max_stops();
        let allowed = max_stops.of(self.running);
        if self.stops > allowed {
            self.swept.safety = Some(Safety { stops: self.stops, allowed, setting: max_stops.to_string() });
            condemned.iter().for_each(|held| self.tell(held, Withheld::SafetyBelt.into()));
            return None;
        }
        let (brake, invocation, ends) = (self.brake, self.invocation, self.ends);
        let stops = condemned.into_iter().map(async |condemned| {
            if (invocation.now)() >= ends {
                return (condemned, None);
            }
            let stopping = stop(brake.patient(), &condemned.target, &condemned.verdict);
            let done =
                timeout(PATIENCE, stopping).await.map_or_else(|_| Failure::from(out_of_time()).into(), Effect::from);
            (condemned, Some(done))
        });
        let mut stops = std::pin::pin!(stream::iter(stops).buffered(CALLS));
        let mut rest = None;
        while let Some((condemned, done)) = stops.next().await {
            match done {
                Some(done) => {
                    let retry = done.returned.as_deref().and_then(retry_of);
                    self.tell(&condemned, done);
                    self.follow(retry).await;
                }
                None => {
                    self.stops -= 1;
                    rest = rest.or_else(|| Some(condemned.target.id().project().to_owned()));
                }
            }
        }
        rest
    }

    /// A build that CodeBuild started in the place of a stopped one is judged by itself.
    async fn follow(&mut self, retry: Option<BuildArn>) {
        if let Some(arn) = retry {
            let event = BuildEvent::naming(Kind::Sweep, arn, self.time);
            let record = self.brake.build(event, self.invocation).await;
            if !matches!(record.outcome(), Outcome::Allowed | Outcome::NotRunning | Outcome::NotFound) {
                self.swept.add(&record);
            }
        }
    }

    /// Has another invocation go on from a project, or the next sweep.
    async fn hand_on(&mut self, from: String) {
        let rest =
            SweepRest { from: Some(from.as_str().into()), running: whole(self.running), stops: whole(self.stops) };
        let now = (self.invocation.now)();
        self.swept.rest = Some(from);
        match &self.brake.scheduler {
            Some(scheduler) => {
                let at = scheduler::on_the_minute(now, now);
                let name = scheduler::name(&format!("sweep-{}", now.as_millisecond()));
                let event = SweepEvent::for_rest(&rest, at);
                if let Err(error) = scheduler.call(self.invocation.function, &name, at, &event).await {
                    let message = format!("the rest of the sweep is not handed on: {error}");
                    self.note(CallError { message, ..error });
                }
            }
            None => self.brake.keep_rest(rest),
        }
    }

    fn tell(&mut self, judged: &Judged, done: Effect) {
        let now = (self.invocation.now)();
        let Judged { known, verdict, .. } = judged;
        let record = Record::judged(&self.brake.policy, &known.event, verdict, done, now);
        (self.invocation.tell)(&record);
        self.swept.add(&record);
    }

    /// Something of the account could not be looked at. All else is.
    fn note(&mut self, error: CallError) {
        self.swept.add_failed_call(error.into());
    }

    /// The time that is left to look at builds. As much again is for stopping them.
    fn left_to_look(&self) -> Duration {
        let half = self.ends.duration_since(self.begun) / 2;
        let left = half - (self.invocation.now)().duration_since(self.begun);
        Duration::try_from(left).unwrap_or_default()
    }
}

fn count(number: Option<i64>) -> u64 {
    number.and_then(|number| number.try_into().ok()).unwrap_or_default()
}

fn whole(number: u64) -> Option<i64> {
    i64::try_from(number).ok()
}
