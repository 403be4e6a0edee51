//! The whole story: an event comes in, its build is judged, what has to be done is
//! done, and a record tells of it.

mod known;
mod stop;
mod sweep;

use std::{
    sync::{Mutex, OnceLock, PoisonError},
    time::Duration,
};

use aws_sdk_codebuild::config::retry::RetryConfig;
use jiff::Timestamp;
use tokio::time::{Instant, timeout_at};

use self::{
    known::Known,
    stop::{Stopped, stop},
};
use buildbrake_core::{
    event::{BuildEvent, SweepRest, Trigger},
    facts::inquiry::Source,
    model::{BuildArn, Progress},
    policy::Policy,
    record::{Effect, Failure, Outcome, Record, StoppedBatch},
    verdict::{Action, Verdict},
};

use crate::{
    CallError, Class,
    codebuild::{self, BuildBatch, Client, Projects, Target},
    config,
    scheduler::{self, Scheduler},
};

/// The most that is spent on one build and its retries, whatever is asked of AWS for them.
/// Beyond that a fresh invocation has the better chance.
const PATIENCE: Duration = Duration::from_secs(9);

/// The most retries of a stopped build that are followed: CodeBuild makes no more.
/// <https://docs.aws.amazon.com/codebuild/latest/userguide/auto-retry-build.html>
const MOST_RETRIES: usize = 10;

/// A policy, and the CodeBuild that it is enforced on.
#[derive(Debug)]
pub struct Brake {
    policy: Policy,
    client: Client,
    /// The same for the sweep; see [`Brake::patient`].
    patient: OnceLock<Client>,
    scheduler: Option<Scheduler>,
    projects: Projects,
    /// What the last sweep left, where nothing else could be told to go on with it.
    rest: Mutex<SweepRest>,
}

/// What Lambda says of an invocation besides its event.
#[derive(Clone, Copy)]
pub struct Invocation<'a> {
    /// The ARN that the function was called by, which is how it is called back.
    pub function: &'a str,
    /// When Lambda ends the invocation, done or not.
    pub deadline: Timestamp,
    /// What time it is.
    pub now: &'a (dyn Fn() -> Timestamp + Sync),
    /// Takes each record as soon as it is made.
    pub tell: &'a (dyn Fn(&Record) + Sync),
}

impl Brake {
    /// Nothing is asked of CodeBuild yet.
    pub fn new(policy: Policy, client: Client) -> Self {
        let (projects, rest) = (Projects::default(), Mutex::default());
        Self { policy, client, patient: OnceLock::new(), scheduler: None, projects, rest }
    }

    /// Deadlines are made with that scheduler. Without one the sweep alone sees time pass.
    #[must_use]
    pub fn with_scheduler(mut self, scheduler: Option<Scheduler>) -> Self {
        self.scheduler = scheduler;
        self
    }

    /// Judges the build that an event is of, or every running build, and stops what the
    /// policy says is to be stopped. Answers the record that the invocation ends with.
    ///
    /// It never fails: what goes wrong is the record's `error`.
    pub async fn enforce(&self, event: &[u8], invocation: &Invocation<'_>) -> Record {
        let without_build = |message: &str, done| {
            let record = Record::without_build(&self.policy, message, done, (invocation.now)());
            (invocation.tell)(&record);
            record
        };
        match Trigger::parse(event) {
            // In a box, since the Lambda runtime moves what it waits for several times.
            Ok(Trigger::Build(event)) => Box::pin(self.build(event, invocation)).await,
            Ok(Trigger::Sweep(_)) if self.policy.is_off() => {
                without_build("Swept nothing: buildbrake is off.", Outcome::Ignored.into())
            }
            Ok(Trigger::Sweep(event)) => Box::pin(self.sweep(&event, invocation)).await,
            Ok(Trigger::Fleet) => without_build("A fleet changed; no build did.", Outcome::Ignored.into()),
            Err(unreadable) => {
                let failure = Failure::from(unreadable);
                without_build(&failure.message.clone(), failure.into())
            }
        }
    }

    /// One build, and the retries that CodeBuild makes of it. Each has a record of its own;
    /// the answer is the first that failed, or else the build's own.
    async fn build(&self, event: BuildEvent, invocation: &Invocation<'_>) -> Record {
        let until = Instant::now() + PATIENCE;
        let (kind, time) = (event.kind, event.time);
        let (mut answer, mut retry) = self.one(event, invocation, until).await;
        for _ in 0..MOST_RETRIES {
            let Some(arn) = retry.take() else { break };
            let event = BuildEvent::naming(kind, arn, time);
            let (record, next) = self.one(event, invocation, until).await;
            retry = next;
            if answer.failure().is_none() && record.failure().is_some() {
                answer = record;
            }
        }
        answer
    }

    async fn one(&self, event: BuildEvent, invocation: &Invocation<'_>, until: Instant) -> (Record, Option<BuildArn>) {
        let target = Target::new(event.id.clone(), event.build.region());
        let mut known = Known::by_event(event);
        let mut verdict = known.judge(&self.policy, (invocation.now)());
        // In a box, since the compiler does not look into calls so deeply nested.
        let dealt = Box::pin(self.deal(&mut known, &mut verdict, &target, invocation));
        let done = match timeout_at(until, dealt).await {
            Ok(Ok(done)) => done,
            Ok(Err(error)) => Failure::from(error).into(),
            Err(_elapsed) => Failure::from(out_of_time()).into(),
        };
        let retry = done.returned.as_deref().and_then(stop::retry_of);
        let record = Record::judged(&self.policy, &known.event, &verdict, done, (invocation.now)());
        (invocation.tell)(&record);
        (record, retry)
    }

    /// Finds out what is still to be known, and does what the verdict then says.
    async fn deal(
        &self,
        known: &mut Known,
        verdict: &mut Verdict,
        target: &Target,
        invocation: &Invocation<'_>,
    ) -> Result<Effect, CallError> {
        if self.policy.is_off() {
            return Ok(Outcome::Ignored.into());
        }
        if known.build().progress() == Progress::Ended {
            return Ok(Outcome::NotRunning.into());
        }
        let is_named_only = known.is_named_only();
        if let Some(outcome) = self.ask(known, verdict, target, invocation).await? {
            return Ok(outcome.into());
        }
        match (known.build().progress(), verdict.action) {
            (Progress::Ended, _) if is_named_only => Ok(Outcome::NotRunning.into()),
            (Progress::Ended, Action::Stop) => Ok(Outcome::AlreadyComplete.into()),
            // In a box, so that a build that is let run does not carry the state of a stop.
            (_, Action::Stop) => Ok(Box::pin(stop(&self.client, target, verdict)).await.into()),
            (_, action) => {
                let deadline = self.set_deadline(known, verdict, target, invocation).await?;
                Ok(Effect { deadline, ..Outcome::of_running(action).into() })
            }
        }
    }

    /// Asks for what the verdict wants to know, each once, and judges again. The outcome,
    /// where there is no such build.
    async fn ask(
        &self,
        known: &mut Known,
        verdict: &mut Verdict,
        target: &Target,
        invocation: &Invocation<'_>,
    ) -> Result<Option<Outcome>, CallError> {
        while let Some(source) = known.wanted_by(verdict) {
            match source {
                Source::Build => match codebuild::describe(&self.client, target).await? {
                    Some(build) => known.ask_build(build),
                    None => return Ok(Some(Outcome::NotFound)),
                },
                Source::Project => {
                    let now = (invocation.now)();
                    known.project = known.ask_project(&self.client, &self.projects, target, now).await?;
                }
            }
            *verdict = known.judge(&self.policy, (invocation.now)());
        }
        Ok(None)
    }

    /// Has the function called back when a rule will be broken that is not yet. Answers
    /// when that is, if it is set.
    async fn set_deadline(
        &self,
        known: &Known,
        verdict: &Verdict,
        target: &Target,
        invocation: &Invocation<'_>,
    ) -> Result<Option<Timestamp>, CallError> {
        let (Some(scheduler), Some(moment)) = (&self.scheduler, verdict.deadline) else { return Ok(None) };
        if known.build().progress() != Progress::Running {
            return Ok(None);
        }
        let at = scheduler::on_the_minute(moment, (invocation.now)());
        // A build that is looked at twice has the same deadline, and so the same schedule.
        let name = scheduler::name(&format!("{}-{}", target.id().uuid(), at.as_second()));
        let build = known.build().arn.as_deref().unwrap_or_else(|| target.id().as_str());
        let called = scheduler.call(invocation.function, &name, at, &BuildEvent::deadline(build, at)).await;
        called.map_err(|error| CallError { message: format!("its deadline is not set: {error}"), ..error })?;
        Ok(Some(at))
    }

    /// A client that waits longer, and that backs off further while it is throttled: a sweep
    /// shares the account's rate with everybody else, and has minutes.
    fn patient(&self) -> &Client {
        self.patient.get_or_init(|| {
            let retries = RetryConfig::standard()
                .with_max_attempts(10)
                .with_initial_backoff(Duration::from_millis(200))
                .with_max_backoff(Duration::from_secs(5));
            let config = self.client.config().to_builder().timeout_config(config::timeouts(5, 30));
            Client::from_conf(config.retry_config(retries).build())
        })
    }

    /// What was left of the last sweep, for this one.
    fn take_rest(&self) -> SweepRest {
        std::mem::take(&mut *self.rest.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn keep_rest(&self, rest: SweepRest) {
        *self.rest.lock().unwrap_or_else(PoisonError::into_inner) = rest;
    }
}

fn out_of_time() -> CallError {
    CallError::new(Class::TimedOut, format!("it took longer than {} seconds in all", PATIENCE.as_secs()))
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        let CallError { class, code, request_id, message } = error;
        Self { r#type: format!("{class:?}"), code, request_id, message }
    }
}

impl From<Stopped> for Effect {
    fn from(stopped: Stopped) -> Self {
        let Stopped { outcome, failure, build, batch } = stopped;
        let batch = batch.map(|BuildBatch { arn, status, .. }| StoppedBatch { arn, build_batch_status: status });
        Self { withheld: None, outcome, failure: failure.map(Failure::from), returned: build, batch, deadline: None }
    }
}
