//! The sweep of many accounts and regions. A queue carries one message for each, so that a slow or failing one delays
//! no other.

use buildbrake_core::{
    event::{Belt, EventError, Reach, SweepEvent, SweepMessage},
    record::{Failure, Outcome, Record},
};
use futures_util::{StreamExt, stream};

use super::{Enforcer, Invocation, SweepRequest};
use crate::{AccountRegion, CallError, Sweeps};

impl Enforcer {
    /// Sends a message for each place where the function acts.
    pub(super) async fn distribute(
        &self,
        event: &SweepEvent,
        sweeps: &Sweeps,
        reach: Reach<'_>,
        invocation: &Invocation<'_>,
    ) -> Record {
        let request = invocation.request_id.unwrap_or_default();
        let body = |(account, region): (&str, &str)| SweepMessage::body(account, region, event, request).to_string();
        let mut bodies: Vec<String> = reach.places().map(body).collect();
        sweeps.schedule().rotate(&mut bodies, event.time.unwrap_or_else(|| invocation.now()));
        match sweeps.send(&bodies).await {
            Ok(()) => {
                let no_limit = match event.belt {
                    Belt::Off => {
                        format!(" Their safety limit is off, because the request {request} asked for that.")
                    }
                    Belt::On => String::new(),
                };
                let sent = bodies.len();
                let message = format!("Sent the sweeps of {sent} accounts and regions to the queue.{no_limit}");
                self.record_without_build(&message, Outcome::Ignored.into(), invocation).await
            }
            Err(error) => {
                let message = format!("the sweeps could not be sent to the queue: {error}");
                self.record_failure(CallError { message, ..error }.into(), invocation).await
            }
        }
    }

    /// Sweeps the places that messages name, side by side. The response names the messages to try again.
    pub(super) async fn sweep_messages(
        &self,
        messages: Vec<SweepMessage>,
        sweeps: &Sweeps,
        invocation: &Invocation<'_>,
    ) -> Record {
        let count = messages.len();
        let swept = messages.into_iter().map(async |message| {
            let id = message.id.clone();
            let record = Box::pin(self.sweep_message(message, sweeps, invocation)).await;
            record.failure().is_some().then_some(id)
        });
        let failed: Vec<Option<String>> = stream::iter(swept).buffer_unordered(count.max(1)).collect().await;
        Record::of_messages(failed.into_iter().flatten())
    }

    async fn sweep_message(&self, message: SweepMessage, sweeps: &Sweeps, invocation: &Invocation<'_>) -> Record {
        let age = message.outdated(sweeps.schedule(), invocation.now());
        match (message.sweep, age) {
            (Err(refused), _) => self.refuse(refused, invocation).await,
            (Ok(SweepEvent { account, region, .. }), Some(age)) => {
                let (account, region) = (account.unwrap_or_default(), region.unwrap_or_default());
                let name = self.members.accounts.name(&account);
                let record = Record::of_dropped_sweep(&self.policy, &account, name, &region, age, invocation.now());
                invocation.sink.write(&record).await;
                record
            }
            (Ok(event), None) => {
                let place = AccountRegion { account: event.account.clone(), region: event.region.clone() };
                self.sweep(SweepRequest { place, event, is_unread: true }, invocation).await
            }
        }
    }

    /// The record of an event that is refused.
    pub(super) async fn refuse(&self, refused: EventError, invocation: &Invocation<'_>) -> Record {
        self.record_failure(Failure::from(refused), invocation).await
    }

    async fn record_failure(&self, failure: Failure, invocation: &Invocation<'_>) -> Record {
        self.record_without_build(&failure.message.clone(), failure.into(), invocation).await
    }
}
