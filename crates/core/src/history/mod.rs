//! Builds of the past, judged as if they were running.
//!
//! The input contains [`Observation`]s of builds: Builds of the API, events, records. All those of
//! one build are joined into a [`PastBuild`], and [`Replay`] judges it at the moments of its life, by
//! the same inquiry as the function. The result is a [`Replayed`].

mod asked;
mod join;
mod life;
mod newest;
mod part;
mod recognize;
mod replay;
mod replayed;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::{
    join::join,
    life::Life,
    newest::{Contender, Contenders},
    part::BuildPart,
    recognize::{Item, NotRecognized, recognize},
    replay::{Details, Moments, Replay},
    replayed::{Replayed, RuleDecision, RuleResult},
};
use crate::{
    facts::RefFrom,
    model::{Build, BuildId},
};

/// One description of a build in the input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// The build's id.
    pub id: BuildId,
    /// The kind of input that contains it.
    pub from: ObservedIn,
    /// The time at which it was true, if the input contains it: an event's time.
    pub time: Option<Timestamp>,
    /// The members of the build that it contains. Boxed because it is large.
    pub build: Box<Build>,
    /// The reference that a record names.
    pub recorded_ref: Option<RecordedRef>,
}

/// The kind of input that describes a build, in ascending order of trust.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ObservedIn {
    /// CloudTrail's record of StartBuild, which contains the call's answer.
    CloudTrail,
    /// A record that buildbrake wrote. Its values are redacted.
    Record,
    /// An event of CodeBuild. It lacks members that the API has.
    Event,
    /// The API's answer. Members that it does not contain do not exist.
    Api,
}

/// A reference that buildbrake found when the build ran, from a source that answers only then.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RecordedRef {
    /// Its full name, such as `refs/heads/main`.
    pub name: String,
    /// The source that it was found in.
    pub from: RefFrom,
}

/// Everything that the input contains about one build.
#[derive(Clone, Debug, PartialEq)]
pub struct PastBuild {
    /// Its id.
    pub id: BuildId,
    /// Its members, as they were last observed. Boxed because it is large.
    pub build: Box<Build>,
    /// `true` if the API described it, so that absent members do not exist.
    pub is_whole: bool,
    /// The time of the latest observation.
    pub last_seen: Option<Timestamp>,
    /// The reference that a record names.
    pub recorded_ref: Option<RecordedRef>,
}
