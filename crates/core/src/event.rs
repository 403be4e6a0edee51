//! From EventBridge's JSON to a [`Trigger`].
//!
//! CodeBuild's events: <https://docs.aws.amazon.com/codebuild/latest/userguide/sample-build-notifications.html>.
//! Members come and go between years and kinds of build, whole numbers are
//! sometimes floats, and dates are English: all but the build's id is read leniently.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    model::lenient::{Json, Lenient, Slot, from_json, shapes},
    model::*,
};

/// What the function was called for.
#[derive(Clone, Debug, PartialEq)]
pub enum Trigger {
    /// A build is to be judged.
    Build(BuildEvent),
    /// Every running build is to be judged.
    Sweep(SweepEvent),
    /// A fleet of reserved machines changed; no build did.
    Fleet,
}

/// What an event tells of a build.
#[derive(Clone, Debug, PartialEq)]
pub struct BuildEvent {
    /// The kind of event.
    pub kind: Kind,
    /// What `StopBuild` takes.
    pub id: BuildId,
    /// When it happened, as EventBridge says.
    pub time: Option<Timestamp>,
    /// The build, as far as the event carries it. In a box, since it is large.
    pub build: Box<Build>,
}

/// The kinds of event that a build is judged for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The build started or ended.
    StateChange,
    /// A phase of the build ended.
    PhaseChange,
    /// The moment came that was told in advance.
    Deadline,
    /// Nothing happened: the build was found running.
    Sweep,
}

/// What an event tells of a sweep.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SweepEvent {
    /// When it was to begin, as EventBridge says.
    pub time: Option<Timestamp>,
    /// What an earlier invocation left of it.
    pub rest: SweepRest,
}

impl BuildEvent {
    /// An event that names a build and tells nothing of it: the build has to be asked for.
    pub fn naming(kind: Kind, arn: BuildArn, time: Option<Timestamp>) -> Self {
        let (id, text) = (arn.id.clone(), arn.to_string());
        let build = Build {
            id: Some(id.as_str().into()),
            project_name: Some(id.project().into()),
            arn: Some(text),
            ..Build::default()
        };
        Self { kind, id, time, build: Box::new(build) }
    }

    /// What calls the function back for a build, given by its ARN or id, at a moment.
    pub fn deadline(build: &str, at: Timestamp) -> Value {
        json!({
            "source": "buildbrake",
            "detail-type": DEADLINE,
            "time": at.to_string(),
            "resources": [build],
            "detail": {"build-id": build},
        })
    }
}

impl SweepEvent {
    /// What calls the function back for the rest of a sweep.
    pub fn for_rest(rest: &SweepRest, at: Timestamp) -> Value {
        json!({
            "source": "buildbrake",
            "detail-type": SCHEDULED,
            "time": at.to_string(),
            "resources": [],
            "detail": {"sweep": rest},
        })
    }
}

const BUILD_STATE_CHANGE: &str = "CodeBuild Build State Change";
const BUILD_PHASE_CHANGE: &str = "CodeBuild Build Phase Change";
const FLEET_STATE_CHANGE: &str = "CodeBuild Fleet State Change";
const DEADLINE: &str = "Buildbrake Deadline";
/// What EventBridge's rules send on a schedule.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-run-lambda-schedule.html>
const SCHEDULED: &str = "Scheduled Event";

/// Why an event cannot be read. Never holds text of the event's detail.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableEvent {
    /// It is no JSON.
    #[error("this is not an EventBridge event: it is not JSON at line {line}, column {column}")]
    NotJson {
        /// Where that shows, from 1.
        line: usize,
        /// In that line, from 1.
        column: usize,
    },
    /// It is not EventBridge's envelope, which has a text of that name.
    #[error("this is not an EventBridge event: it has no text `{0}`")]
    NoEnvelope(&'static str),
    /// Its kind is none that is handled.
    #[error("an event of the kind `{detail_type}` from `{source_name}`, which this function does not handle")]
    OtherKind {
        /// `detail-type`.
        detail_type: String,
        /// `source`.
        source_name: String,
    },
    /// No build's id can be found in it.
    #[error(
        "a CodeBuild event that names no build: neither `detail.build-id` nor `resources` holds a build's ARN or id"
    )]
    NoBuild,
}

impl Trigger {
    /// Reads an event.
    ///
    /// # Errors
    /// Where it is of a kind not handled, or names no build.
    pub fn parse(json: impl AsRef<[u8]>) -> Result<Self, UnreadableEvent> {
        let event: Option<Envelope> = read(json.as_ref())?;
        let mut event = event.unwrap_or_default();
        let detail_type = event.detail_type.take().ok_or(UnreadableEvent::NoEnvelope("detail-type"))?;
        let source = event.source.take().ok_or(UnreadableEvent::NoEnvelope("source"))?;
        let time = event.time.and_then(|time| Timestamp::from_second(time.as_second()).ok());
        let kind = match (source.as_str(), detail_type) {
            ("aws.codebuild", DetailType::BuildStateChange) => Kind::StateChange,
            ("aws.codebuild", DetailType::BuildPhaseChange) => Kind::PhaseChange,
            ("aws.codebuild", DetailType::FleetStateChange) => return Ok(Self::Fleet),
            // Both come from schedules, whose owner writes the source.
            (_, DetailType::Deadline) => Kind::Deadline,
            (_, DetailType::Scheduled) => {
                let rest = event.detail.and_then(|detail| detail.sweep).unwrap_or_default();
                return Ok(Self::Sweep(SweepEvent { time, rest }));
            }
            (_, detail_type) => {
                let detail_type = detail_type.as_str().to_owned();
                return Err(UnreadableEvent::OtherKind { detail_type, source_name: source.into() });
            }
        };
        let (id, arn) = name(&mut event)?;
        let Detail { build_status, project_name, current_phase, build, .. } = event.detail.unwrap_or_default();
        let InEvents(mut build) = build.unwrap_or_default();
        build.project_name = Some(project_name.unwrap_or_else(|| id.project().into()));
        (build.build_status, build.current_phase) = (build_status, current_phase);
        (build.id, build.arn) = (Some(id.as_str().into()), arn);
        Ok(Self::Build(BuildEvent { kind, id, time, build }))
    }
}

/// JSON is UTF-8 wherever systems exchange it.
/// <https://www.rfc-editor.org/rfc/rfc8259#section-8.1>
fn read<T: Lenient>(json: &[u8]) -> Result<Option<T>, UnreadableEvent> {
    let text = str::from_utf8(json).map_err(|error| {
        let before = &json[..error.valid_up_to()];
        let line_starts = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        UnreadableEvent::NotJson { line, column: 1 + before.len() - line_starts }
    })?;
    from_json(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        UnreadableEvent::NotJson { line, column }
    })
}

/// EventBridge's envelope, as far as it is used.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html>
#[derive(Default)]
struct Envelope {
    detail_type: Option<DetailType>,
    source: Option<String>,
    account: Option<String>,
    time: Option<Timestamp>,
    region: Option<String>,
    resources: Option<Vec<String>>,
    detail: Option<Detail>,
}

impl Lenient for Envelope {
    fn begin(json: Json<'_>) -> Option<Self> {
        matches!(json, Json::Object).then(Self::default)
    }

    fn member(&mut self, name: &str) -> Option<&mut dyn Slot> {
        Some(match name {
            "detail-type" => &mut self.detail_type,
            "source" => &mut self.source,
            "account" => &mut self.account,
            "time" => &mut self.time,
            "region" => &mut self.region,
            "resources" => &mut self.resources,
            "detail" => &mut self.detail,
            _ => return None,
        })
    }
}

/// What EventBridge says that an event tells of.
enum DetailType {
    BuildStateChange,
    BuildPhaseChange,
    FleetStateChange,
    Deadline,
    Scheduled,
    Other(String),
}

impl DetailType {
    fn as_str(&self) -> &str {
        match self {
            Self::BuildStateChange => BUILD_STATE_CHANGE,
            Self::BuildPhaseChange => BUILD_PHASE_CHANGE,
            Self::FleetStateChange => FLEET_STATE_CHANGE,
            Self::Deadline => DEADLINE,
            Self::Scheduled => SCHEDULED,
            Self::Other(text) => text,
        }
    }
}

impl Lenient for DetailType {
    fn begin(json: Json<'_>) -> Option<Self> {
        let Json::Text(text) = json else { return None };
        Some(match text {
            BUILD_STATE_CHANGE => Self::BuildStateChange,
            BUILD_PHASE_CHANGE => Self::BuildPhaseChange,
            FLEET_STATE_CHANGE => Self::FleetStateChange,
            DEADLINE => Self::Deadline,
            SCHEDULED => Self::Scheduled,
            _ => Self::Other(text.into()),
        })
    }
}

/// The build's id and, where the event tells account and region, the text of its ARN. They
/// are taken out of the event.
fn name(event: &mut Envelope) -> Result<(BuildId, Option<String>), UnreadableEvent> {
    let told = event.detail.as_mut().and_then(|detail| detail.build_id.take());
    let mut id = None;
    for text in told.into_iter().chain(event.resources.take().into_iter().flatten()) {
        if let Some(id) = BuildArn::id_in(&text) {
            return Ok((id, Some(text)));
        }
        id = id.or_else(|| text.parse().ok());
    }
    let id: BuildId = id.ok_or(UnreadableEvent::NoBuild)?;
    let arn = event.region.as_deref().zip(event.account.as_deref()).map(|(region, account)| BuildArn {
        partition: partition(region).to_owned(),
        region: region.to_owned(),
        account: account.to_owned(),
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

/// The detail of CodeBuild's events, as far as it is used, and that of a sweep.
#[derive(Default)]
struct Detail {
    build_id: Option<String>,
    build_status: Option<String>,
    project_name: Option<String>,
    current_phase: Option<String>,
    build: Option<InEvents>,
    sweep: Option<SweepRest>,
}

impl Lenient for Detail {
    fn begin(json: Json<'_>) -> Option<Self> {
        matches!(json, Json::Object).then(Self::default)
    }

    fn member(&mut self, name: &str) -> Option<&mut dyn Slot> {
        Some(match name {
            "build-id" => &mut self.build_id,
            "build-status" => &mut self.build_status,
            "project-name" => &mut self.project_name,
            "current-phase" => &mut self.current_phase,
            "additional-information" => &mut self.build,
            "sweep" => &mut self.sweep,
            _ => return None,
        })
    }
}

/// What an event carries of a Build in its additional information, under names of its own.
#[derive(Default)]
struct InEvents(Box<Build>);

impl Lenient for InEvents {
    fn begin(json: Json<'_>) -> Option<Self> {
        matches!(json, Json::Object).then(Self::default)
    }

    fn member(&mut self, name: &str) -> Option<&mut dyn Slot> {
        let Self(build) = self;
        Some(match name {
            "artifact" => &mut build.artifacts,
            "build-complete" => &mut build.build_complete,
            "build-number" => &mut build.build_number,
            "build-start-time" => &mut build.start_time,
            "cache" => &mut build.cache,
            "environment" => &mut build.environment,
            "initiator" => &mut build.initiator,
            "logs" => &mut build.logs,
            "network-interface" => &mut build.network_interface,
            "phases" => &mut build.phases,
            "project-file-system-locations" => &mut build.file_system_locations,
            "queued-timeout-in-minutes" => &mut build.queued_timeout_in_minutes,
            "source" => &mut build.source,
            "source-version" => &mut build.source_version,
            "timeout-in-minutes" => &mut build.timeout_in_minutes,
            "vpc-config" => &mut build.vpc_config,
            _ => return None,
        })
    }
}

shapes! {
    /// What is left of a sweep, and what is known of the part that was done.
    pub SweepRest {
        from: String,
        running: i64,
        stops: i64,
    }
}
