//! The part of a Build that a policy needs. It is parsed several times as fast as the whole Build.

use serde::Deserialize;

use super::{Observation, Replay, recognize::api_build};
use crate::model::{
    Progress,
    selection::{Selected, Selection},
};

/// The members of the API's Builds by which policies judge builds that have ended.
#[derive(Clone, Debug)]
pub struct BuildPart(Selection);

impl BuildPart {
    /// The part that all of these need. `None` if one of them needs whole Builds.
    pub fn of(replays: &[Replay<'_>]) -> Option<Self> {
        let mut selection = Selection::default();
        for replay in replays {
            replay.build_members()?.into_iter().for_each(|member| selection.add(member));
        }
        Some(Self(selection))
    }

    /// Reads this part of a Build. `None` if the JSON is not one Build of the API about a build that has ended,
    /// with its start and end: in any other case, other members matter, too.
    pub fn read(&self, json: &[u8]) -> Option<Observation> {
        let text = str::from_utf8(json).ok()?;
        let observation = api_build(text, |json| Deserialize::deserialize(Selected(json, &self.0)))?;
        let build = &observation.build;
        let has_times = build.start_time.is_some() && build.end_time.is_some();
        (has_times && build.progress() == Progress::Ended).then_some(observation)
    }
}
