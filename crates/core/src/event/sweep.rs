//! The events that start a sweep or continue one.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{EventError, Reach, SCHEDULED, home::Places, own_event};
use crate::{model::shape::shapes, record::Failure};

/// An event that starts a sweep or continues one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SweepEvent {
    /// The account to sweep. `None` for the function's own.
    pub account: Option<String>,
    /// The region to sweep. `None` for the function's own.
    pub region: Option<String>,
    /// The event's id: the same whenever the event is delivered again.
    pub id: Option<String>,
    /// The time when the sweep was due, according to EventBridge. `None` if that may be weeks ago.
    pub time: Option<Timestamp>,
    /// The safety limit of a new sweep. That of a continued sweep is in `rest`.
    pub belt: Belt,
    /// The action for broken rules.
    pub mode: SweepMode,
    /// The place to continue. Empty for a new sweep.
    pub rest: SweepRest,
}

/// The safety limit: whether the policy's `max-stops-per-sweep` limits a sweep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Belt {
    /// It limits the sweep. This is the default.
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
    /// Only records broken rules. It stops no build, schedules nothing and sends no notification.
    DryRun,
}

/// The members by which an event or a message asks for a sweep.
pub(super) struct Request<'a> {
    pub(super) account: Option<&'a Value>,
    pub(super) region: Option<&'a Value>,
    pub(super) safety_belt: Option<&'a Value>,
    pub(super) dry_run: Option<&'a Value>,
}

impl Request<'_> {
    /// Reads the request.
    ///
    /// # Errors
    /// If a member is unreadable, or if the function does not act in the place.
    pub(super) fn read(&self, reach: Option<Reach<'_>>) -> Result<SweepEvent, EventError> {
        let account = read_text("account", self.account)?;
        let region = read_text("region", self.region)?;
        Places::of_sweep(account, region).check(reach)?;
        let belt = match read_switch("safety-belt", self.safety_belt)? {
            Some(false) => Belt::Off,
            None | Some(true) => Belt::On,
        };
        let mode = match read_switch("dry-run", self.dry_run)? {
            Some(true) => SweepMode::DryRun,
            None | Some(false) => SweepMode::Enforce,
        };
        let [account, region] = [account, region].map(|text| text.map(str::to_owned));
        Ok(SweepEvent { account, region, belt, mode, ..SweepEvent::default() })
    }
}

/// Reads a text of an event's detail. `None` if it is absent or null.
fn read_text<'a>(name: &'static str, value: Option<&'a Value>) -> Result<Option<&'a str>, EventError> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(EventError::NotAText(name, other.to_string())),
    }
}

/// Reads a switch of an event's detail. `None` if it is absent or null.
///
/// # Errors
/// If it is neither `on` nor `off`.
fn read_switch(name: &'static str, value: Option<&Value>) -> Result<Option<bool>, EventError> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text == "on" => Ok(Some(true)),
        Some(Value::String(text)) if text == "off" => Ok(Some(false)),
        Some(Value::String(text)) => Err(EventError::NotASwitch(name, text.clone())),
        Some(other) => Err(EventError::NotASwitch(name, other.to_string())),
    }
}

impl SweepEvent {
    /// Returns whether it asks for a new sweep and names no place.
    pub fn is_of_all_places(&self) -> bool {
        self.account.is_none() && self.region.is_none() && self.rest == SweepRest::default()
    }

    /// The event that makes the function continue the sweep of a place. `None` stands for the function's own account
    /// or region.
    pub fn for_rest(account: Option<&str>, region: Option<&str>, rest: &SweepRest, at: Timestamp) -> Value {
        let mut detail = json!({"sweep": rest});
        for (member, value) in [("account", account), ("region", region)] {
            if let Some(value) = value {
                detail[member] = json!(value);
            }
        }
        own_event(SCHEDULED, at, Vec::new(), detail)
    }
}

shapes! {
    /// The rest of a sweep. `id` names the sweep and `part` the next part, from 2; `from` is the
    /// project to continue with; `running` and `stops` count what the earlier parts found, and
    /// `failures` their errors. `belt_off_by` is the id of the request that switched the safety
    /// limit off.
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
