//! Parses EventBridge's JSON into a [`Trigger`].
//!
//! CodeBuild's events: <https://docs.aws.amazon.com/codebuild/latest/userguide/sample-build-notifications.html>.
//! Their members vary with the year and the kind of build, whole numbers are sometimes
//! floats, and dates are English: everything is read leniently.

use aws_lambda_events::eventbridge::EventBridgeEvent;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::model::{
    Build, BuildArn, BuildId,
    lenient::{self, Lenient},
    shape::shapes,
};

/// What the function was called for.
#[derive(Clone, Debug, PartialEq)]
pub enum Trigger {
    /// One build has to be judged.
    Build(BuildEvent),
    /// All running builds have to be judged.
    Sweep(SweepEvent),
    /// A fleet of reserved machines changed; no build did.
    Fleet,
}

/// An event about a build.
#[derive(Clone, Debug, PartialEq)]
pub struct BuildEvent {
    /// The kind of event.
    pub kind: TriggerKind,
    /// The build's id.
    pub id: BuildId,
    /// When it happened, according to EventBridge, in whole seconds.
    pub time: Option<Timestamp>,
    /// The replay of an archive that EventBridge sent it from, if any.
    /// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-replay-archived-event.html>
    pub replay_name: Option<String>,
    /// What the event contains of the build. Boxed because it is large.
    pub build: Box<Build>,
}

/// The kinds of event about a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TriggerKind {
    /// The build's status changed: it started or ended.
    StateChange,
    /// A phase of the build ended.
    PhaseChange,
    /// The build reached a time limit: the function scheduled this event itself.
    Deadline,
    /// A sweep found the build running; there was no event.
    Sweep,
}

/// An event that starts a sweep or continues one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SweepEvent {
    /// When the sweep was due, according to EventBridge.
    pub time: Option<Timestamp>,
    /// Where to continue. Empty for a new sweep.
    pub rest: SweepRest,
}

impl BuildEvent {
    /// An event that only names a build.
    pub fn naming(kind: TriggerKind, arn: BuildArn, time: Option<Timestamp>) -> Self {
        let (id, text) = (arn.id.clone(), arn.to_string());
        let build = Build {
            id: Some(id.as_str().into()),
            project_name: Some(id.project().into()),
            arn: Some(text),
            ..Build::default()
        };
        Self { kind, id, time, replay_name: None, build: Box::new(build) }
    }

    /// The event that has the function judge a build again at a time limit. `build` is its ARN or id.
    pub fn deadline(build: &str, at: Timestamp) -> Value {
        own_event(DEADLINE, at, vec![build.to_owned()], json!({"build-id": build}))
    }
}

impl SweepEvent {
    /// The event that has the function continue a sweep.
    pub fn for_rest(rest: &SweepRest, at: Timestamp) -> Value {
        own_event(SCHEDULED, at, Vec::new(), json!({"sweep": rest}))
    }
}

/// An event that the function sends to itself.
fn own_event(detail_type: &str, at: Timestamp, resources: Vec<String>, detail: Value) -> Value {
    let mut event = EventBridgeEvent::<Value>::default();
    event.detail_type = detail_type.to_owned();
    event.source = "buildbrake".to_owned();
    event.time = at.to_string().parse().ok();
    event.resources = Some(resources);
    event.detail = detail;
    json!(event)
}

const BUILD_STATE_CHANGE: &str = "CodeBuild Build State Change";
const BUILD_PHASE_CHANGE: &str = "CodeBuild Build Phase Change";
const FLEET_STATE_CHANGE: &str = "CodeBuild Fleet State Change";
const DEADLINE: &str = "Buildbrake Deadline";
/// Sent by EventBridge's rules on a schedule.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-run-lambda-schedule.html>
const SCHEDULED: &str = "Scheduled Event";

/// Why an event cannot be read. Never contains text of the event's detail.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableEvent {
    /// It is not JSON.
    #[error("this is not an EventBridge event: it is not JSON at line {line}, column {column}")]
    NotJson {
        /// Where parsing stopped, from 1.
        line: usize,
        /// The byte in that line, from 1; 0 before the first.
        column: usize,
    },
    /// This member of EventBridge's envelope is missing.
    #[error("this is not an EventBridge event: `{0}` is missing or is not a string")]
    NoEnvelope(&'static str),
    /// The function does not handle this kind of event.
    #[error("events of the kind `{detail_type}` from `{source_name}` are not handled")]
    OtherKind {
        /// `detail-type`.
        detail_type: String,
        /// `source`.
        source_name: String,
    },
    /// It contains no build's id.
    #[error(
        "this CodeBuild event names no build: neither `detail.build-id` nor `resources` contains a build's ARN or id"
    )]
    NoBuild,
}

impl Trigger {
    /// Parses an event.
    ///
    /// # Errors
    /// If its kind is not handled, or if it names no build.
    pub fn parse(json: impl AsRef<[u8]>) -> Result<Self, UnreadableEvent> {
        let Received { envelope, time, replay_name, detail } = Received::parse(json.as_ref())?;
        let kind = match (envelope.source.as_str(), envelope.detail_type.as_str()) {
            ("aws.codebuild", BUILD_STATE_CHANGE) => TriggerKind::StateChange,
            ("aws.codebuild", BUILD_PHASE_CHANGE) => TriggerKind::PhaseChange,
            ("aws.codebuild", FLEET_STATE_CHANGE) => return Ok(Self::Fleet),
            // These two come from schedules, whose owner chooses the source.
            (_, DEADLINE) => TriggerKind::Deadline,
            (_, SCHEDULED) => {
                return Ok(Self::Sweep(SweepEvent { time, rest: detail.sweep.unwrap_or_default() }));
            }
            _ => {
                let EventBridgeEvent { detail_type, source, .. } = envelope;
                return Err(UnreadableEvent::OtherKind { detail_type, source_name: source });
            }
        };
        let Detail { build_id, build_status, project_name, current_phase, build, .. } = detail;
        let (id, arn) = name(build_id, envelope)?;
        let mut build = build.unwrap_or_default();
        build.project_name = Some(project_name.unwrap_or_else(|| id.project().into()));
        (build.build_status, build.current_phase) = (build_status, current_phase);
        (build.id, build.arn) = (Some(id.as_str().into()), arn);
        Ok(Self::Build(BuildEvent { kind, id, time, replay_name, build }))
    }
}

/// An event as it was received.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html>
struct Received {
    /// Without its time and detail.
    envelope: EventBridgeEvent,
    time: Option<Timestamp>,
    replay_name: Option<String>,
    detail: Detail,
}

impl Received {
    fn parse(json: &[u8]) -> Result<Self, UnreadableEvent> {
        let Value::Object(mut members) = parse_json(json)? else {
            return Err(UnreadableEvent::NoEnvelope("detail-type"));
        };
        let time: Option<Timestamp> = members.remove("time").and_then(lenient::read);
        let time = time.and_then(|time| Timestamp::from_second(time.as_second()).ok());
        let replay_name = members.remove("replay-name").and_then(lenient::read);
        let detail = members.insert("detail".to_owned(), Value::Null).and_then(lenient::read).unwrap_or_default();
        let envelope = envelope(members)?;
        Ok(Self { envelope, time, replay_name, detail })
    }
}

/// Reads the envelope. Members of the wrong kind become null, since `EventBridgeEvent` would
/// otherwise refuse the whole event. It still does without these two texts.
fn envelope(mut members: Map<String, Value>) -> Result<EventBridgeEvent, UnreadableEvent> {
    for (name, member) in &mut members {
        match member {
            Value::Array(resources) if name == "resources" => resources.retain(Value::is_string),
            Value::String(_) if name != "resources" => {}
            _ => *member = Value::Null,
        }
    }
    let missing = if members.get("detail-type").is_some_and(Value::is_string) { "source" } else { "detail-type" };
    EventBridgeEvent::deserialize(members).map_err(|_| UnreadableEvent::NoEnvelope(missing))
}

/// Parses JSON, which is always UTF-8 between systems.
/// <https://www.rfc-editor.org/rfc/rfc8259#section-8.1>
fn parse_json(json: &[u8]) -> Result<Value, UnreadableEvent> {
    let text = str::from_utf8(json).map_err(|error| {
        let before = &json[..error.valid_up_to()];
        let line_starts = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        UnreadableEvent::NotJson { line, column: 1 + before.len() - line_starts }
    })?;
    lenient::parse(text).map_err(|error| UnreadableEvent::NotJson { line: error.line(), column: error.column() })
}

/// Returns the build's id and its ARN. There is no ARN if the event contains neither the ARN itself
/// nor both account and region.
fn name(build_id: Option<String>, envelope: EventBridgeEvent) -> Result<(BuildId, Option<String>), UnreadableEvent> {
    let EventBridgeEvent { resources, region, account, .. } = envelope;
    let mut id = None;
    for text in build_id.into_iter().chain(resources.into_iter().flatten()) {
        if let Some(id) = BuildArn::id_in(&text) {
            return Ok((id, Some(text)));
        }
        id = id.or_else(|| text.parse().ok());
    }
    let id: BuildId = id.ok_or(UnreadableEvent::NoBuild)?;
    let arn = region.zip(account).map(|(region, account)| BuildArn {
        partition: partition(&region).to_owned(),
        region,
        account,
        id: id.clone(),
    });
    Ok((id, arn.map(|arn| arn.to_string())))
}

/// The partition a region is in.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>
fn partition(region: &str) -> &'static str {
    match region {
        _ if region.starts_with("cn-") => "aws-cn",
        _ if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

/// The members of `detail` that are used, in CodeBuild's events and in those of a sweep.
#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Detail {
    #[serde(deserialize_with = "lenient::member")]
    build_id: Option<String>,
    #[serde(deserialize_with = "lenient::member")]
    build_status: Option<String>,
    #[serde(deserialize_with = "lenient::member")]
    project_name: Option<String>,
    #[serde(deserialize_with = "lenient::member")]
    current_phase: Option<String>,
    #[serde(deserialize_with = "lenient::member", rename = "additional-information")]
    build: Option<Box<Build>>,
    #[serde(deserialize_with = "lenient::member")]
    sweep: Option<SweepRest>,
}

impl Lenient for Detail {}

shapes! {
    /// What is left of a sweep. `from` is the project to continue with; `running` and `stops` count
    /// what the earlier parts found.
    pub SweepRest {
        from: String,
        running: i64,
        stops: i64,
    }
}
