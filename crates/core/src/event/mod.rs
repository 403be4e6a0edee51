//! The triggers of the function, and the events that it sends to itself.

mod foreign;
mod home;
mod members;
mod parse;
mod sweep;
mod sweep_queue;
mod sweep_schedule;

use aws_lambda_events::eventbridge::EventBridgeEvent;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use self::foreign::WHOLE_EVENTS;
pub use self::{
    foreign::Foreign,
    home::{Home, NotAFunction},
    members::{MemberAccounts, MemberPlaces, MemberRegions, Reach},
    sweep::{Belt, SweepEvent, SweepFailure, SweepMode, SweepRest},
    sweep_queue::{SweepMessage, SweepQueue},
    sweep_schedule::SweepSchedule,
};
use crate::{
    diagnostic::printable,
    model::{Build, BuildArn, BuildId},
    url,
};

/// The reason for an invocation of the function.
#[derive(Clone, Debug, PartialEq)]
pub enum Trigger {
    /// One build has to be judged.
    Build(BuildEvent),
    /// All running builds have to be judged.
    Sweep(Box<SweepEvent>),
    /// All running builds of some accounts and regions have to be judged.
    SweepMessages(Vec<SweepMessage>),
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
    /// Its time according to EventBridge, in whole seconds.
    pub time: Option<Timestamp>,
    /// The end of the phase, if the event is about one. The event's time is the start of the phase.
    pub phase_end: Option<Timestamp>,
    /// The way in which the event reached the function.
    pub delivery: Delivery,
    /// The members of the build that the event contains. Boxed because it is large.
    pub build: Box<Build>,
}

/// The way in which an event reached the function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Delivery {
    /// As soon as it was sent.
    #[default]
    Live,
    /// From an archive, perhaps weeks later.
    /// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-replay-archived-event.html>
    Replayed,
    /// In Lambda's record of an invocation that failed, up to two weeks ago.
    /// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html>
    Redriven,
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
    /// The build is one of the past. Nothing is done about it.
    Replay,
}

impl BuildEvent {
    /// An event about a build that has just come.
    pub fn new(kind: TriggerKind, id: BuildId, time: Option<Timestamp>, build: Box<Build>) -> Self {
        Self { kind, id, time, phase_end: None, delivery: Delivery::Live, build }
    }

    /// The time from which the function's reaction time is measured. `None` if it is unknown, or if the event may
    /// be weeks old.
    pub(crate) fn reacts_since(&self) -> Option<Timestamp> {
        let since = match self.kind {
            TriggerKind::PhaseChange => self.phase_end,
            TriggerKind::StateChange | TriggerKind::Deadline | TriggerKind::Sweep => self.time,
            TriggerKind::Replay => None,
        };
        since.filter(|_| self.delivery == Delivery::Live)
    }

    /// An event that only names a build.
    pub fn naming(kind: TriggerKind, arn: BuildArn, time: Option<Timestamp>) -> Self {
        let (id, text) = (arn.id.clone(), arn.to_string());
        let build = Build {
            id: Some(id.as_str().into()),
            project_name: Some(id.project().into()),
            arn: Some(text),
            ..Build::default()
        };
        Self::new(kind, id, time, Box::new(build))
    }

    /// The event that makes the function judge a build again at a time limit. `build` is its ARN.
    pub fn deadline(build: &str, at: Timestamp) -> Value {
        own_event(DEADLINE, at, vec![build.to_owned()], json!({"build-arn": build}))
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

/// The kind of the event that the function schedules for a time limit.
const DEADLINE: &str = "Buildbrake Deadline";
/// The kind of the event that EventBridge's rules send on a schedule.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-run-lambda-schedule.html>
const SCHEDULED: &str = "Scheduled Event";

/// The reason why an event is refused. It contains no text of the event's detail except names of
/// AWS.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// It is not JSON.
    #[error("this is not an EventBridge event: it is not JSON at line {line}, column {column}")]
    NotJson {
        /// The line at which parsing stopped, from 1.
        line: usize,
        /// The byte in that line, from 1; 0 before the first.
        column: usize,
    },
    /// This member of EventBridge's envelope is missing.
    #[error("this is not an EventBridge event: `{0}` is missing or is not a string; {WHOLE_EVENTS}")]
    NoEnvelope(&'static str),
    /// It is another kind of payload.
    #[error(transparent)]
    Foreign(#[from] Foreign),
    /// The function does not handle this kind of event.
    #[error("events of the kind `{}` from `{}` are not handled", shown(detail_type), shown(source_name))]
    OtherKind {
        /// `detail-type`.
        detail_type: String,
        /// `source`.
        source_name: String,
    },
    /// It contains no build's id.
    #[error(
        "this CodeBuild event names no build: neither `detail.build-id` nor `resources` contains a build's ARN or id; \
         {WHOLE_EVENTS}"
    )]
    NoBuild,
    /// The member that should name the build does not.
    #[error(
        "`{member}` is `{}`, which is neither a build's ARN nor its id (`PROJECT:UUID`); send the event as CodeBuild \
         sent it",
        shown(found)
    )]
    NotABuild {
        /// `detail.build-id` or `detail.build-arn`.
        member: &'static str,
        /// The member's content.
        found: String,
    },
    /// A switch in the detail, such as `safety-belt`, is neither `on` nor `off`.
    #[error("`detail.{}` is `{}`; use `on` or `off`", _0, shown(_1))]
    NotASwitch(&'static str, String),
    /// A member of the detail, such as `account`, is not a text.
    #[error("`detail.{}` is `{}`; write it in quotes", _0, shown(_1))]
    NotAText(&'static str, String),
    /// A message of the sweep queue names no place.
    #[error(
        "this message of the sweep queue names no account and region; send \
         `{{\"account\": \"111122223333\", \"region\": \"eu-west-1\"}}`"
    )]
    NotASweep,
    /// It names an account in which the function does not act.
    #[error("{0}")]
    OtherAccount(String),
    /// It names a region or partition in which the function does not act.
    #[error("{0}")]
    OtherRegion(String),
}

impl EventError {
    /// The name in a record's `error.type` and in an invocation's `errorType`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::NotJson { .. }
            | Self::NoEnvelope(_)
            | Self::Foreign(_)
            | Self::OtherKind { .. }
            | Self::NoBuild
            | Self::NotABuild { .. }
            | Self::NotASwitch(..)
            | Self::NotAText(..)
            | Self::NotASweep => "UnreadableEvent",
            Self::OtherAccount(_) => "OtherAccount",
            Self::OtherRegion(_) => "OtherRegion",
        }
    }
}

/// A text of an event, as a message quotes it.
fn shown(text: &str) -> String {
    /// The length of an ARN of a build whose project has the longest name.
    const LONGEST: usize = 360;
    printable(&url::redacted(text), LONGEST)
}
