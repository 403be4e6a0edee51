//! Tells people of broken rules, after everything that had to be stopped was stopped.

use std::{sync::PoisonError, time::Duration};

use buildbrake_core::{
    facts::inquiry::Case,
    record::{Effect, Failure, Notification, Record},
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
    /// Tells people of builds, and then records them. A record says whom nobody could tell.
    pub(super) async fn tell(&self, settled: &[Settled<'_>], invocation: &Invocation<'_>) -> Vec<Record> {
        let judged = |settled: &Settled<'_>, failure: Option<Failure>| {
            let effect = settled.effect.clone();
            let effect = Effect { failure: effect.failure.or(failure), ..effect };
            Record::judged(&self.policy, &settled.case, effect, invocation.stamp())
        };
        let mut records: Vec<Record> = settled.iter().map(|settled| judged(settled, None)).collect();
        if let Some(Unsent { positions, error }) = self.send(&records, invocation).await {
            let mut sent_before = 0;
            for (settled, record) in settled.iter().zip(&mut records) {
                let own = sent_before..sent_before + record.notifications().len();
                sent_before = own.end;
                if positions.iter().any(|position| own.contains(position)) {
                    *record = judged(settled, Some((*error).clone().into()));
                }
            }
        }
        for record in &records {
            invocation.sink.write(record).await;
        }
        records
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

fn too_late(notifications: usize) -> Unsent {
    let message = "its violations could not be sent to the event bus in time";
    Unsent { positions: (0..notifications).collect(), error: Box::new(CallError::new(Class::TimedOut, message)) }
}
