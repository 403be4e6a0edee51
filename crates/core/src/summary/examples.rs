//! Builds that a summary names.

use serde::{Deserialize, Serialize};

use super::Savings;
use crate::{
    history::{Replayed, RuleDecision},
    policy::Mode,
};

/// The number of builds that a summary names as examples.
const EXAMPLES: usize = 20;

/// A number of builds, with those that ran longest after they would have been stopped.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Examples {
    /// The number of builds.
    pub builds: u64,
    /// Some of them, sorted by the time that their stop would have saved, most first.
    pub examples: Vec<Example>,
}

/// A build that a summary names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Example {
    /// Its id.
    pub build_id: String,
    /// The enforced rules that it breaks.
    pub rules: Vec<String>,
    /// The time and money that its stop would have saved.
    #[serde(flatten)]
    pub saved: Savings,
}

impl Examples {
    pub(super) fn add(&mut self, build: &Replayed) {
        self.builds += 1;
        let enforced =
            build.rules.iter().filter(|rule| matches!(rule.decided, RuleDecision::Broken { mode: Mode::Enforce, .. }));
        let rules = enforced.map(|rule| rule.rule.clone()).collect();
        self.examples.push(Example { build_id: build.build_id.clone(), rules, saved: build.saved });
        self.shorten();
    }

    /// Returns a build that both name.
    pub(super) fn shared(&self, other: &Self) -> Option<&str> {
        let mut ids = self.examples.iter().map(|example| example.build_id.as_str());
        ids.find(|id| other.examples.iter().any(|example| example.build_id == *id))
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.builds += other.builds;
        self.examples.extend(other.examples);
        self.shorten();
    }

    fn shorten(&mut self) {
        self.examples.sort_by(|one, other| {
            other.saved.minutes.cmp(&one.saved.minutes).then_with(|| one.build_id.cmp(&other.build_id))
        });
        self.examples.truncate(EXAMPLES);
    }
}
