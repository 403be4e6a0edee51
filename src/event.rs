//! From EventBridge's JSON to a [`Trigger`].
//!
//! CodeBuild's events: <https://docs.aws.amazon.com/codebuild/latest/userguide/sample-build-notifications.html>.
//! Members come and go between years and kinds of build, whole numbers are
//! sometimes floats, and dates are English: all but the build's id is read leniently.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    build::*,
    lenient::{Json, Lenient, Slot, readable, shapes},
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
            id: Some(id.to_string()),
            project_name: Some(id.project().to_owned()),
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

const DEADLINE: &str = "Buildbrake Deadline";
/// What EventBridge's rules send on a schedule.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-run-lambda-schedule.html>
const SCHEDULED: &str = "Scheduled Event";

/// Why an event cannot be read. Never holds text of the event's detail.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableEvent {
    /// It is not EventBridge's envelope.
    #[error("this is not an EventBridge event: {0} at line {1}, column {2}")]
    NoEnvelope(&'static str, usize, usize),
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
    pub fn parse(json: &str) -> Result<Self, UnreadableEvent> {
        let event = envelope(json).map_err(|error| {
            // The error's own text quotes what was found, which may be a secret.
            let what = match error.classify() {
                serde_json::error::Category::Data => "a member is missing or of the wrong kind",
                _ => "it is not JSON",
            };
            UnreadableEvent::NoEnvelope(what, error.line(), error.column())
        })?;
        let time = event.time.and_then(|time| Timestamp::from_second(time.as_second()).ok());
        let kind = match (event.source.as_ref(), event.detail_type.as_ref()) {
            ("aws.codebuild", "CodeBuild Build State Change") => Kind::StateChange,
            ("aws.codebuild", "CodeBuild Build Phase Change") => Kind::PhaseChange,
            ("aws.codebuild", "CodeBuild Fleet State Change") => return Ok(Self::Fleet),
            // Both come from schedules, whose owner writes the source.
            (_, DEADLINE) => Kind::Deadline,
            (_, SCHEDULED) => {
                let rest = event.detail.sweep.unwrap_or_default();
                return Ok(Self::Sweep(SweepEvent { time, rest }));
            }
            _ => {
                let (detail_type, source_name) = (event.detail_type.into_owned(), event.source.into_owned());
                return Err(UnreadableEvent::OtherKind { detail_type, source_name });
            }
        };
        let (id, arn) = name(&event)?;
        let Detail { build_status, project_name, current_phase, build, .. } = event.detail;
        let InEvents(mut build) = build.unwrap_or_default();
        build.project_name = Some(project_name.unwrap_or_else(|| id.project().to_owned()));
        (build.build_status, build.current_phase) = (build_status, current_phase);
        (build.id, build.arn) = (Some(id.as_str().to_owned()), arn);
        Ok(Self::Build(BuildEvent { kind, id, time, build }))
    }
}

/// EventBridge's envelope, as far as it is used.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html>
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Envelope<'a> {
    #[serde(borrow)]
    detail_type: Cow<'a, str>,
    #[serde(borrow)]
    source: Cow<'a, str>,
    #[serde(borrow)]
    account: Option<Cow<'a, str>>,
    time: Option<Timestamp>,
    #[serde(borrow)]
    region: Option<Cow<'a, str>>,
    resources: Option<Vec<String>>,
    #[serde(default)]
    detail: Detail,
}

/// The envelope. One that holds a member that cannot be read is read again without it. Of a
/// member that is said twice the last counts.
fn envelope(json: &str) -> serde_json::Result<Envelope<'_>> {
    serde_json::from_str(json).or_else(|error| {
        let Ok(mut members) = serde_json::from_str::<Map<String, Value>>(json) else { return Err(error) };
        members.retain(|name, value| {
            let alone = json!({"detail-type": "", "source": "", name: value});
            Envelope::deserialize(alone).is_ok()
        });
        Envelope::deserialize(Value::Object(members)).map_err(|_| error)
    })
}

/// The build's id and, where the event tells account and region, the text of its ARN.
fn name(event: &Envelope<'_>) -> Result<(BuildId, Option<String>), UnreadableEvent> {
    let names = || event.detail.build_id.iter().chain(event.resources.iter().flatten());
    if let Some((id, arn)) = names().find_map(|text| Some((BuildArn::id_in(text)?, text))) {
        return Ok((id, Some(arn.clone())));
    }
    let id: BuildId = names().find_map(|name| name.parse().ok()).ok_or(UnreadableEvent::NoBuild)?;
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
readable!(Detail);

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
