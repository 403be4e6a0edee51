//! Parses EventBridge's JSON into a [`Trigger`].
//!
//! CodeBuild's events: <https://docs.aws.amazon.com/codebuild/latest/userguide/sample-build-notifications.html>.
//! Their members vary with the year and the kind of build, whole numbers are sometimes
//! floats, and dates are English: everything is read leniently.

use std::str::Utf8Error;

use aws_lambda_events::eventbridge::EventBridgeEvent;
use jiff::{SignedDuration, Timestamp};
use memchr::memmem;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeOwned, MapAccess},
};
use serde_json::{Map, Value};

use super::{
    BuildEvent, DEADLINE, Delivery, EventError, Foreign, Home, MemberPlaces, Reach, SCHEDULED, SweepEvent, SweepRest,
    Trigger, TriggerKind, home::Places, sweep::Request, sweep_queue,
};
use crate::{
    facts::vocabulary::partition,
    model::{
        Build, BuildArn, BuildId,
        lenient::{self, Lenient},
    },
};

const BUILD_STATE_CHANGE: &str = "CodeBuild Build State Change";
const BUILD_PHASE_CHANGE: &str = "CodeBuild Build Phase Change";
const FLEET_STATE_CHANGE: &str = "CodeBuild Fleet State Change";

impl Trigger {
    /// Parses an event from any place.
    ///
    /// # Errors
    /// If its kind is not handled, if it names no build, or if it names two places.
    pub fn parse(json: impl AsRef<[u8]>) -> Result<Self, EventError> {
        Self::parse_at(None, json)
    }

    /// Parses an event that a function received, which acts only within its reach.
    ///
    /// # Errors
    /// As for [`Self::parse`], or if the event names a place outside the function's reach.
    pub fn parse_at(reach: Option<Reach<'_>>, json: impl AsRef<[u8]>) -> Result<Self, EventError> {
        let received = match Received::parse(json.as_ref()) {
            Err(EventError::Foreign(foreign)) => {
                let messages = reach.and_then(|reach| sweep_queue::messages(json.as_ref(), &reach));
                return messages.map(Self::SweepMessages).ok_or(EventError::Foreign(foreign));
            }
            received => received?,
        };
        let Received { mut envelope, time, delivery, detail } = received;
        let kind = match (envelope.source.as_str(), envelope.detail_type.as_str()) {
            ("aws.codebuild", BUILD_STATE_CHANGE) => EventKind::Build(TriggerKind::StateChange),
            ("aws.codebuild", BUILD_PHASE_CHANGE) => EventKind::Build(TriggerKind::PhaseChange),
            ("aws.codebuild", FLEET_STATE_CHANGE) => EventKind::Fleet,
            // These two come from schedules, whose owner chooses the source.
            (_, DEADLINE) => EventKind::Build(TriggerKind::Deadline),
            (_, SCHEDULED) => EventKind::Sweep,
            (_, detail_type) => {
                Foreign::of_kind(detail_type).map_or(Ok(()), Err)?;
                let Envelope { detail_type, source, .. } = envelope;
                return Err(EventError::OtherKind { detail_type, source_name: source });
            }
        };
        if kind == EventKind::Build(TriggerKind::Deadline) {
            // The function's own account schedules the deadlines of all accounts, so only the build's ARN counts.
            (envelope.account, envelope.region) = (None, None);
        }
        let mut places = Places::of_envelope(envelope.account.as_deref(), envelope.region.as_deref());
        match kind {
            EventKind::Build(kind) => {
                let (id, arn) = subject(&detail, envelope, reach.map(|reach| reach.home), &mut places)?;
                places.check(reach)?;
                let phase_end = detail.phase_end(time);
                // A deadline's event contains a build's id and nothing else about the build.
                let detail = if kind == TriggerKind::Deadline { Detail::default() } else { detail };
                let Detail { build_status, current_phase, build, .. } = detail;
                let mut build = build.unwrap_or_default();
                // The id contains the project's name, too; an event in which they differ is damaged.
                build.project_name = Some(id.project().into());
                (build.build_status, build.current_phase) = (build_status, current_phase);
                (build.id, build.arn) = (Some(id.as_str().into()), arn);
                Ok(Self::Build(BuildEvent { kind, id, time, phase_end, delivery, build }))
            }
            EventKind::Sweep => {
                // Schedules of the function's own account alone start sweeps.
                let nobody = MemberPlaces::default();
                places.check(reach.map(|reach| Reach { members: &nobody, ..reach }))?;
                // The counts of an old part are out of date, so the sweep begins anew.
                let is_live = delivery == Delivery::Live;
                let request = Request {
                    account: detail.account.as_ref(),
                    region: detail.region.as_ref(),
                    // Someone who redrives a whole queue may not intend to switch the safety limit off.
                    safety_belt: detail.safety_belt.as_ref().filter(|_| is_live),
                    dry_run: detail.dry_run.as_ref(),
                };
                let event = request.read(reach)?;
                let rest = detail.sweep.filter(|_| is_live).unwrap_or_default();
                let time = time.filter(|_| is_live);
                Ok(Self::Sweep(Box::new(SweepEvent { id: envelope.id, time, rest, ..event })))
            }
            EventKind::Fleet => places.check(reach).map(|()| Self::Fleet),
        }
    }
}

/// The kinds of event that are handled.
#[derive(Clone, Copy, PartialEq, Eq)]
enum EventKind {
    Build(TriggerKind),
    Sweep,
    Fleet,
}

/// An event as it was received.
#[derive(Debug, PartialEq)]
struct Received {
    envelope: Envelope,
    time: Option<Timestamp>,
    delivery: Delivery,
    detail: Detail,
}

/// The members of the event that are used, without `time` and `detail`.
#[derive(Debug, PartialEq)]
struct Envelope {
    id: Option<String>,
    detail_type: String,
    source: String,
    account: Option<String>,
    region: Option<String>,
    resources: Vec<String>,
}

impl Received {
    fn parse(json: &[u8]) -> Result<Self, EventError> {
        let text = str::from_utf8(json).map_err(|error| not_utf8(json, error))?;
        Self::as_sent(text).map_or_else(|| Self::leniently(text), Ok)
    }

    /// Parses an event as EventBridge sends it. `None` if a member is of the wrong kind or a
    /// duplicate, or if the event may be a replayed one, which [`EventBridgeEvent`] does not show.
    fn as_sent(text: &str) -> Option<Self> {
        // serde's derive would also read a list of the members' values.
        let may_be_old = ["replay-name", "requestPayload", "\\u"]
            .iter()
            .any(|mark| memmem::find(text.as_bytes(), mark.as_bytes()).is_some());
        if !text.trim_start().starts_with('{') || may_be_old {
            return None;
        }
        let event: EventBridgeEvent<LenientMember<Detail>> = serde_json::from_str(text).ok()?;
        let time = time_of(&event);
        let (envelope, LenientMember(detail)) = Envelope::of(event);
        Some(Self { envelope, time, delivery: Delivery::Live, detail: detail? })
    }

    /// Parses an event in which any member may be damaged.
    fn leniently(text: &str) -> Result<Self, EventError> {
        let payload =
            lenient::parse(text).map_err(|error| EventError::NotJson { line: error.line(), column: error.column() })?;
        let (payload, is_redriven) = without_wrapper(payload);
        if !has_kind(&payload) {
            Foreign::of(&payload).map_or(Ok(()), Err)?;
        }
        let Value::Object(mut members) = payload else { return Err(EventError::NoEnvelope("detail-type")) };
        let time = members.remove("time").and_then(time);
        let is_replayed = members.remove("replay-name").is_some_and(|name| !name.is_null());
        let delivery = match (is_redriven, is_replayed) {
            (true, _) => Delivery::Redriven,
            (false, true) => Delivery::Replayed,
            (false, false) => Delivery::Live,
        };
        let detail = members.insert("detail".to_owned(), Value::Null).unwrap_or_default();
        Ok(Self { envelope: envelope(members)?, time, delivery, detail: Detail::leniently(detail) })
    }
}

impl Envelope {
    fn of<T: Serialize + DeserializeOwned>(event: EventBridgeEvent<T>) -> (Self, T) {
        let EventBridgeEvent { id, detail_type, source, account, region, resources, detail, .. } = event;
        let resources = resources.unwrap_or_default();
        (Self { id, detail_type, source, account, region, resources }, detail)
    }
}

/// A member that is read leniently.
#[derive(Serialize)]
struct LenientMember<T>(Option<T>);

impl<'de, T: Lenient> Deserialize<'de> for LenientMember<T> {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        lenient::member(json).map(Self)
    }
}

/// Takes an event out of Lambda's record of a failed invocation. Returns it, and whether there was such a record.
/// A redriven event that failed again is inside two records.
/// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html>
fn without_wrapper(mut payload: Value) -> (Value, bool) {
    let mut is_redriven = false;
    loop {
        let record = match payload.get("detail-type") {
            // Where failures go to an event bus, the record is the detail of an event.
            Some(kind) if kind == FAILED_INVOCATION => payload.get_mut("detail"),
            Some(Value::String(_)) => None,
            _ => Some(&mut payload),
        };
        match record.and_then(|record| record.get_mut("requestPayload")) {
            Some(inner) if !inner.is_null() => (payload, is_redriven) = (inner.take(), true),
            _ => break,
        }
    }
    (payload, is_redriven)
}

/// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html>
const FAILED_INVOCATION: &str = "Lambda Function Invocation Result - Failure";

fn has_kind(payload: &Value) -> bool {
    payload.get("detail-type").is_some_and(Value::is_string)
}

/// The time of an event, in whole seconds.
fn time_of<T: Serialize + DeserializeOwned>(event: &EventBridgeEvent<T>) -> Option<Timestamp> {
    Timestamp::from_second(event.time?.timestamp()).ok()
}

/// Reads an event's time as [`EventBridgeEvent`] does, or else leniently.
fn time(json: Value) -> Option<Timestamp> {
    let mut event: EventBridgeEvent = EventBridgeEvent::default();
    event.time = json.as_str().and_then(|text| text.parse().ok());
    match event.time {
        Some(_) => time_of(&event),
        None => Timestamp::from_second(lenient::read::<Timestamp>(json)?.as_second()).ok(),
    }
}

/// Reads the envelope. Members of the wrong kind become null, since `EventBridgeEvent` would
/// otherwise refuse the whole event. It still refuses an event without `detail-type` or `source`.
fn envelope(mut members: Map<String, Value>) -> Result<Envelope, EventError> {
    for (name, member) in &mut members {
        match member {
            Value::Array(resources) if name == "resources" => resources.retain(Value::is_string),
            Value::String(_) if name != "resources" => {}
            _ => *member = Value::Null,
        }
    }
    let has_kind = members.get("detail-type").is_some_and(Value::is_string);
    let missing = if has_kind { "source" } else { "detail-type" };
    let event: EventBridgeEvent =
        EventBridgeEvent::deserialize(members).map_err(|_| EventError::NoEnvelope(missing))?;
    Ok(Envelope::of(event).0)
}

/// Returns the error at the first byte that is not UTF-8. JSON between systems is always UTF-8.
/// <https://www.rfc-editor.org/rfc/rfc8259#section-8.1>
fn not_utf8(json: &[u8], error: Utf8Error) -> EventError {
    let before = &json[..error.valid_up_to()];
    let line_starts = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
    EventError::NotJson { line, column: 1 + before.len() - line_starts }
}

/// Returns the id of the event's build and its ARN, and adds the places that ARNs name. There is no
/// ARN if the event does not contain it, and neither the event nor `home` names its account and region, or the
/// region's partition is unknown.
fn subject(
    detail: &Detail,
    envelope: Envelope,
    home: Option<&Home>,
    places: &mut Places,
) -> Result<(BuildId, Option<String>), EventError> {
    let mut found = NamedBuild::default();
    for (member, text) in [("detail.build-id", &detail.build_id), ("detail.build-arn", &detail.build_arn)] {
        if text.as_ref().is_some_and(|text| !found.add(text, member, places)) {
            return Err(EventError::NotABuild { member, found: text.clone().unwrap_or_default() });
        }
    }
    for text in envelope.resources {
        found.add(&text, "resources", places);
    }
    let NamedBuild { id, arn } = found;
    let id = id.ok_or(EventError::NoBuild)?;
    let region = envelope.region.or_else(|| home.map(|home| home.region.clone()));
    let account = envelope.account.or_else(|| home.map(|home| home.account.clone()));
    let arn = arn.or_else(|| {
        let (region, account) = region.zip(account)?;
        let partition = home.map_or_else(|| partition(&region), |home| Some(home.partition.as_str()))?.to_owned();
        Some(BuildArn { partition, region, account, id: id.clone() }.to_string())
    });
    Ok((id, arn))
}

/// The build that an event names first, and its ARN if the event contains it.
#[derive(Default)]
struct NamedBuild {
    id: Option<BuildId>,
    arn: Option<String>,
}

impl NamedBuild {
    /// Adds the build that a member names. Returns `false` if the member does not name a build.
    fn add(&mut self, text: &str, member: &'static str, places: &mut Places) -> bool {
        // CodeBuild's events name their build twice.
        if self.arn.as_deref() == Some(text) {
            return true;
        }
        if let Ok(arn) = text.parse::<BuildArn>() {
            places.add(member, &arn);
            if self.id.as_ref().is_none_or(|id| *id == arn.id) {
                self.id = Some(arn.id);
                self.arn.get_or_insert_with(|| text.to_owned());
            }
            return true;
        }
        let Ok(id) = text.parse::<BuildId>() else { return false };
        self.id.get_or_insert(id);
        true
    }
}

/// The members of `detail` that are used, in CodeBuild's events and in those of a sweep.
#[derive(Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", default)]
struct Detail {
    #[serde(deserialize_with = "lenient::member")]
    build_id: Option<String>,
    #[serde(deserialize_with = "lenient::member")]
    build_status: Option<String>,
    #[serde(deserialize_with = "lenient::member")]
    build_arn: Option<String>,
    #[serde(deserialize_with = "lenient::member")]
    current_phase: Option<String>,
    #[serde(deserialize_with = "lenient::member", rename = "additional-information")]
    build: Option<Box<Build>>,
    #[serde(deserialize_with = "lenient::member")]
    completed_phase_end: Option<Timestamp>,
    #[serde(deserialize_with = "lenient::member")]
    completed_phase_duration_seconds: Option<i64>,
    #[serde(deserialize_with = "lenient::member")]
    sweep: Option<SweepRest>,
    account: Option<Value>,
    region: Option<Value>,
    safety_belt: Option<Value>,
    dry_run: Option<Value>,
}

impl Lenient for Detail {
    fn from_object<'de, A: MapAccess<'de>>(object: A) -> Result<Option<Self>, A::Error> {
        lenient::structure(object)
    }
}

impl Detail {
    /// Reads `detail`. A Build that contains a member under both of its names is unreadable, and is left out.
    fn leniently(mut detail: Value) -> Self {
        if let Some(read) = Self::read(&detail) {
            return read;
        }
        if let Value::Object(members) = &mut detail {
            members.insert("additional-information".to_owned(), Value::Null);
        }
        Self::read(&detail).unwrap_or_default()
    }

    /// Reads `detail` from its text, as [`Received::as_sent`] does. The code that reads a Build is large: a second
    /// copy, which reads a [`Value`], would be a fiftieth of the function's zip.
    fn read(detail: &Value) -> Option<Self> {
        let LenientMember(read) = serde_json::from_str(&detail.to_string()).ok()?;
        Some(read.unwrap_or_default())
    }

    /// Returns the time when the phase of the event ended. `start` is the time when it began.
    fn phase_end(&self, start: Option<Timestamp>) -> Option<Timestamp> {
        let by_duration = || {
            let duration = SignedDuration::from_secs(self.completed_phase_duration_seconds?);
            start?.checked_add(duration).ok()
        };
        self.completed_phase_end.or_else(by_duration)
    }
}

#[cfg(test)]
mod tests;
