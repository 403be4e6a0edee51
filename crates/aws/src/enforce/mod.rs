//! Enforces a policy: handles events, judges builds, stops those that must be stopped, and makes
//! a record of each.

mod build;
mod newest;
mod notify;
mod queue;
mod stop;
mod sweep;

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use buildbrake_core::{
    event::{Home, MemberPlaces, Reach, SweepRest, Trigger},
    facts::inquiry::Case,
    policy::Policy,
    record::{Effect, Notification, Outcome, Record, Stamp},
};
use jiff::Timestamp;

pub use self::sweep::SweepRequest;
use crate::{
    AccountRegion, BuildLogs, CallError, Class, Clients, EventBus, Scheduler, Sink, StopAlarm, Sweeps, git::GitClient,
    resolve::Resolver, stop_alarm::StopRate,
};

/// The most time that is spent on one build and its retries. After that, a fresh invocation has
/// better chances.
const BUILD_BUDGET: Duration = Duration::from_secs(9);

/// Enforces a policy in the accounts and regions that it has clients for.
#[derive(Debug)]
pub struct Enforcer {
    policy: Policy,
    clients: Clients,
    /// The accounts and regions, beside its own, in which the function acts.
    members: MemberPlaces,
    /// The queue that distributes the sweeps of all places. Without it, a sweep covers the function's own place
    /// alone.
    sweeps: Option<Sweeps>,
    scheduler: Option<Scheduler>,
    resolver: Resolver,
    /// The rests of unfinished sweeps. Without a scheduler, they are kept here for the next sweep of this instance.
    rests: Mutex<HashMap<AccountRegion, SweepRest>>,
    stop_alarm: Option<StopAlarm>,
    event_bus: Option<EventBus>,
    build_logs: Option<BuildLogs>,
    /// The notifications that the bus did not accept. They are sent with those of the next event, because a retry of
    /// the failed event does not find every build again.
    unsent: Mutex<Vec<Notification>>,
}

/// The facts about an invocation that are not in its event.
#[derive(Clone, Copy)]
pub struct Invocation<'a> {
    /// The ARN by which the function was called, and by which it is called back. Its account and
    /// region are the function's own. `None` outside Lambda.
    pub function: Option<&'a str>,
    /// The id of the request, which is the same for each try. `None` outside Lambda.
    pub request_id: Option<&'a str>,
    /// The function's version. `None` outside Lambda.
    pub version: Option<&'a str>,
    /// The time at which Lambda ends the invocation.
    pub deadline: Timestamp,
    /// Returns the current time.
    pub clock: &'a (dyn Fn() -> Timestamp + Sync),
    /// Takes each record as soon as it is made.
    pub sink: &'a dyn Sink,
}

impl Invocation<'_> {
    fn now(&self) -> Timestamp {
        (self.clock)()
    }
}

impl Enforcer {
    /// Makes no call yet. Without a scheduler, only the sweep enforces time limits.
    pub fn new(policy: Policy, clients: Clients, scheduler: Option<Scheduler>) -> Self {
        let resolver = Resolver::new(clients.accounts());
        Self {
            policy,
            clients,
            members: MemberPlaces::default(),
            sweeps: None,
            scheduler,
            resolver,
            rests: Mutex::default(),
            stop_alarm: None,
            event_bus: None,
            build_logs: None,
            unsent: Mutex::default(),
        }
    }

    /// Also acts in these accounts and regions.
    #[must_use]
    pub fn with_members(self, members: MemberPlaces) -> Self {
        Self { members, ..self }
    }

    /// Also sweeps all these accounts and regions, over a queue.
    #[must_use]
    pub fn with_sweeps(self, sweeps: Option<Sweeps>) -> Self {
        Self { sweeps, ..self }
    }

    /// Also asks git for the references of builds that name none.
    #[must_use]
    pub fn with_git(self, client: Option<GitClient>) -> Self {
        match client {
            Some(client) => Self { resolver: self.resolver.with_git(client), ..self },
            None => self,
        }
    }

    /// Also reads an alarm, and stops nothing while it is in ALARM.
    #[must_use]
    pub fn with_stop_alarm(self, stop_alarm: Option<StopAlarm>) -> Self {
        Self { stop_alarm, ..self }
    }

    /// Also writes the reason for a stop into the build's own log.
    #[must_use]
    pub fn with_build_logs(self, build_logs: Option<BuildLogs>) -> Self {
        Self { build_logs, ..self }
    }

    /// Also sends violations to an event bus.
    #[must_use]
    pub fn with_event_bus(self, event_bus: Option<EventBus>) -> Self {
        Self { event_bus, ..self }
    }

    /// Handles an event: judges its build, or every running build, and stops those that must be stopped. Returns the
    /// record that answers the invocation. A failure is in the record's `error`.
    pub async fn handle(&self, event: &[u8], invocation: &Invocation<'_>) -> Record {
        let home: Option<Home> = invocation.function.and_then(|arn| arn.parse().ok());
        if let Some(home) = &home {
            self.clients.accounts().set_home(home);
        }
        let sweep_queue = self.sweeps.as_ref().map(Sweeps::queue);
        let reach = home.as_ref().map(|home| Reach { home, members: &self.members, sweep_queue });
        match Trigger::parse_at(reach, event) {
            Ok(Trigger::Build(event)) => self.judge_build(event, invocation).await,
            Ok(Trigger::Sweep(event)) => {
                if let (Some(sweeps), Some(reach)) = (&self.sweeps, reach)
                    && event.is_of_all_places()
                    && !self.policy.is_off()
                {
                    return Box::pin(self.distribute(&event, sweeps, reach, invocation)).await;
                }
                let own = invocation.function.map(AccountRegion::of_arn).unwrap_or_default();
                let place = AccountRegion {
                    account: event.account.clone().or(own.account),
                    region: event.region.clone().or(own.region),
                };
                let request = SweepRequest { place, event: *event, is_unread: false };
                // Boxed because it is large: it would enlarge the future of every event.
                Box::pin(self.sweep(request, invocation)).await
            }
            Ok(Trigger::SweepMessages(messages)) => {
                // Without a queue, no event contains messages.
                let swept = self.sweeps.as_ref().map(|sweeps| self.sweep_messages(messages, sweeps, invocation));
                match swept {
                    Some(swept) => Box::pin(swept).await,
                    None => Record::of_messages([]),
                }
            }
            Ok(Trigger::Fleet) => {
                let message = "A fleet changed; there is no build to judge.";
                self.record_without_build(message, Outcome::Ignored.into(), invocation).await
            }
            Err(refused) => self.refuse(refused, invocation).await,
        }
    }

    async fn record_without_build(&self, message: &str, effect: Effect, invocation: &Invocation<'_>) -> Record {
        let record = Record::without_build(&self.policy, message, effect, invocation.now());
        invocation.sink.write(&record).await;
        record
    }

    /// The rate of stops in the build's account, by the alarm on it. Without an alarm it is normal.
    async fn stop_rate(&self, case: &Case<'_>, invocation: &Invocation<'_>) -> StopRate {
        let Some(alarm) = &self.stop_alarm else { return StopRate::Normal(None) };
        let own = || invocation.function.map(AccountRegion::of_arn).unwrap_or_default().account;
        let account = case.build().account().map(str::to_owned).or_else(own).unwrap_or_default();
        Box::pin(alarm.stop_rate(&account, invocation.now())).await
    }

    fn stamp<'a>(&'a self, case: &Case<'_>, invocation: &Invocation<'a>) -> Stamp<'a> {
        let account_name = case.build().account().and_then(|account| self.members.accounts.name(account));
        Stamp { now: invocation.now(), version: invocation.version, account_name }
    }

    fn take_rest(&self, place: &AccountRegion) -> Option<SweepRest> {
        self.rests.lock().unwrap_or_else(PoisonError::into_inner).remove(place)
    }

    fn keep_rest(&self, place: AccountRegion, rest: SweepRest) {
        self.rests.lock().unwrap_or_else(PoisonError::into_inner).insert(place, rest);
    }
}

fn out_of_time() -> CallError {
    let seconds = BUILD_BUDGET.as_secs();
    CallError::new(Class::TimedOut, format!("handling the build took longer than {seconds} seconds"))
}
