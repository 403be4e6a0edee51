//! The events that start a sweep or continue one.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{EventError, SCHEDULED, own_event};
use crate::{model::shape::shapes, record::Failure};

/// An event that starts a sweep or continues one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SweepEvent {
    /// The event's id: the same whenever the event is delivered again.
    pub id: Option<String>,
    /// The time when the sweep was due, according to EventBridge. `None` if that may be weeks ago.
    pub time: Option<Timestamp>,
    /// The safety belt of a new sweep; that of a rest is in the rest.
    pub belt: Belt,
    /// The action for broken rules.
    pub mode: SweepMode,
    /// The place to continue. Empty for a new sweep.
    pub rest: SweepRest,
}

/// The safety belt: the policy's `max-stops-per-sweep` holds for a sweep, or it does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Belt {
    /// It does.
    #[default]
    On,
    /// One sweep may stop any number of builds.
    Off,
}

/// The action of a sweep for broken rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SweepMode {
    /// Does what the policy prescribes.
    #[default]
    Enforce,
    /// Records them. It stops no build, schedules nothing and tells nobody.
    DryRun,
}

/// Reads a switch of an event's detail. `None` if it is not there.
///
/// # Errors
/// If it is neither `on` nor `off`: whoever writes it wants one of them.
pub(super) fn read_switch(name: &'static str, value: Option<&Value>) -> Result<Option<bool>, EventError> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text == "on" => Ok(Some(true)),
        Some(Value::String(text)) if text == "off" => Ok(Some(false)),
        Some(Value::String(text)) => Err(EventError::NotASwitch(name, text.clone())),
        Some(other) => Err(EventError::NotASwitch(name, other.to_string())),
    }
}

impl SweepEvent {
    /// The event that has the function continue a sweep.
    pub fn for_rest(rest: &SweepRest, at: Timestamp) -> Value {
        own_event(SCHEDULED, at, Vec::new(), json!({"sweep": rest}))
    }
}

shapes! {
    /// The rest of a sweep. `id` names the sweep and `part` the next part, from 2; `from` is the
    /// project to continue with; `running` and `stops` count what the earlier parts found, and
    /// `failures` their errors. `belt_off_by` is the id of the request that took the safety belt
    /// off.
    pub SweepRest {
        id: String,
        part: i64,
        from: String,
        running: i64,
        stops: i64,
        failures: i64,
        first_failure: SweepFailure,
        belt_off_by: String,
    }

    /// The first error in the earlier parts of a sweep.
    pub SweepFailure {
        r#type: String,
        code: String,
        request_id: String,
        message: String,
    }
}

impl From<Failure> for SweepFailure {
    fn from(failure: Failure) -> Self {
        let Failure { r#type, code, request_id, message, answer: _ } = failure;
        Self { r#type: Some(r#type), code, request_id, message: Some(message) }
    }
}

impl From<SweepFailure> for Failure {
    fn from(failure: SweepFailure) -> Self {
        let SweepFailure { r#type, code, request_id, message } = failure;
        let unknown = "an earlier part of the sweep failed".to_owned();
        Self {
            r#type: r#type.unwrap_or_else(|| "Unknown".into()),
            code,
            request_id,
            message: message.unwrap_or(unknown),
            answer: None,
        }
    }
}
