//! Tells people of broken rules, after everything that had to be stopped was stopped.

use std::{sync::PoisonError, time::Duration};

use buildbrake_core::{
    facts::inquiry::Case,
    record::{Effect, Notification, Record},
};
use jiff::SignedDuration;
use tokio::time::timeout;

use super::{Enforcer, Invocation};
use crate::{CallError, Class, event_bus::Unsent};

/// For telling people of all builds that one event, or one block of a sweep, concerns.
const BUDGET: Duration = Duration::from_secs(15);

/// The part of an invocation's time that is left to write the records.
const FOR_THE_RECORDS: SignedDuration = SignedDuration::from_secs(2);

/// Notifications that were not sent are kept up to this number.
const MAX_KEPT: usize = 1_000;

/// A build that was dealt with, and of which nobody was told yet.
pub(super) struct Settled<'a> {
    pub(super) case: Case<'a>,
    pub(super) effect: Effect,
}

impl Enforcer {
    /// Tells people of builds, and records them. The record of a build of which people could not be told has
    /// an error.
    pub(super) async fn tell(&self, settled: &[Settled<'_>], invocation: &Invocation<'_>) -> Vec<Record> {
        let mut records = self.judged(settled, invocation);
        if let Some(Unsent { positions, error }) = self.send(&records, invocation).await {
            let mut sent_before = 0;
            for (settled, record) in settled.iter().zip(&mut records) {
                let own = sent_before..sent_before + record.notifications().len();
                sent_before = own.end;
                if positions.iter().any(|position| own.contains(position)) {
                    let failure = Some((*error).clone().into());
                    let effect = Effect { failure, ..settled.effect.clone() };
                    *record = Record::judged(&self.policy, &settled.case, effect, invocation.stamp());
                }
            }
        }
        write(&records, invocation).await;
        records
    }

    /// Records builds, and tells nobody.
    pub(super) async fn record(&self, settled: &[Settled<'_>], invocation: &Invocation<'_>) -> Vec<Record> {
        let records = self.judged(settled, invocation);
        write(&records, invocation).await;
        records
    }

    fn judged(&self, settled: &[Settled<'_>], invocation: &Invocation<'_>) -> Vec<Record> {
        let record = |Settled { case, effect }: &Settled<'_>| {
            Record::judged(&self.policy, case, effect.clone(), invocation.stamp())
        };
        settled.iter().map(record).collect()
    }

    /// Sends the notifications of records, and those that were kept. Returns the ones of the records that
    /// could not be sent.
    async fn send(&self, records: &[Record], invocation: &Invocation<'_>) -> Option<Unsent> {
        let bus = self.event_bus.as_ref()?;
        let mut notifications: Vec<Notification> = records.iter().flat_map(Record::notifications).collect();
        let own = notifications.len();
        notifications.append(&mut *self.unsent.lock().unwrap_or_else(PoisonError::into_inner));
        if notifications.is_empty() {
            return None;
        }
        let left = invocation.deadline.duration_since(invocation.now()) - FOR_THE_RECORDS;
        let budget = Duration::try_from(left).unwrap_or_default().min(BUDGET);
        let sent = timeout(budget, Box::pin(bus.send(&notifications))).await;
        let mut unsent = sent.unwrap_or_else(|_elapsed| Err(too_late(notifications.len()))).err()?;
        let mut kept = self.unsent.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend(unsent.positions.iter().filter_map(|position| notifications.get(*position)).cloned());
        kept.truncate(MAX_KEPT);
        unsent.positions.retain(|position| *position < own);
        Some(unsent).filter(|unsent| !unsent.positions.is_empty())
    }
}

async fn write(records: &[Record], invocation: &Invocation<'_>) {
    for record in records {
        invocation.sink.write(record).await;
    }
}

fn too_late(notifications: usize) -> Unsent {
    let message = "its violations could not be sent to the event bus in time";
    Unsent { positions: (0..notifications).collect(), error: Box::new(CallError::new(Class::TimedOut, message)) }
}
