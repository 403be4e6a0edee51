//! Reading events: what is known of real ones, and of all that they could turn into.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what it expects by failing")]

mod damage;
mod events;
mod properties;

use buildbrake_core::event::{BuildEvent, Trigger};
use serde_json::Value;

#[track_caller]
fn read(event: &str, what: &str) -> BuildEvent {
    match Trigger::parse(event) {
        Ok(Trigger::Build(event)) => event,
        other => panic!("{what}: {other:?}"),
    }
}

/// The build of an event under the API's own names.
fn build(event: &BuildEvent) -> Value {
    serde_json::to_value(&event.build).unwrap()
}
