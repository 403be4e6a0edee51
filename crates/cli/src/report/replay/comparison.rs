//! What changes from one policy to another.

use std::collections::BTreeMap;

use buildbrake_core::{
    history::{Replayed, RuleDecision},
    policy::Mode,
    record::Outcome,
};
use serde::Serialize;

/// The number of builds that are listed.
const LISTED: usize = 1000;

/// The builds that two policies judge differently.
#[derive(Serialize)]
pub(crate) struct PolicyComparison {
    /// The old policy's file.
    pub(crate) old: String,
    /// The number of builds whose outcome or broken rules change.
    pub(crate) changed: u64,
    /// The number of builds by their old and new outcome.
    pub(crate) outcomes: BTreeMap<Outcome, BTreeMap<Outcome, u64>>,
    /// The first builds that change, by id.
    pub(crate) builds: BTreeMap<String, ChangedBuild>,
}

/// One build that is judged differently.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChangedBuild {
    pub(crate) from: Outcome,
    pub(crate) to: Outcome,
    /// The rules that the build breaks only under the new policy.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) newly_broken: Vec<String>,
    /// The rules that the build breaks only under the old policy.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) no_longer_broken: Vec<String>,
    /// The rules that the build breaks under both policies, and that only the new one enforces.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) newly_enforced: Vec<String>,
    /// The rules that the build breaks under both policies, and that only the old one enforces.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) no_longer_enforced: Vec<String>,
}

impl PolicyComparison {
    /// Starts a comparison without builds. `old` is the name of the old policy's file.
    pub(crate) fn with(old: &str) -> Self {
        Self { old: old.to_owned(), changed: 0, outcomes: BTreeMap::new(), builds: BTreeMap::new() }
    }

    pub(crate) fn add(&mut self, old: &Replayed, new: &Replayed) {
        let (was, is) = (broken(old), broken(new));
        *self.outcomes.entry(old.outcome).or_default().entry(new.outcome).or_default() += 1;
        let (was_enforced, is_enforced) = (enforced(old), enforced(new));
        if old.outcome == new.outcome && was == is && was_enforced == is_enforced {
            return;
        }
        self.changed += 1;
        let only = |rules: &[&str], others: &[&str]| {
            rules.iter().filter(|rule| !others.contains(rule)).map(|rule| (*rule).to_owned()).collect()
        };
        let of_both = |rules: &[&str], others: &[&str]| -> Vec<String> {
            let rules: Vec<String> = only(rules, others);
            rules.into_iter().filter(|rule| was.contains(&rule.as_str()) && is.contains(&rule.as_str())).collect()
        };
        let change = ChangedBuild {
            from: old.outcome,
            to: new.outcome,
            newly_broken: only(&is, &was),
            no_longer_broken: only(&was, &is),
            newly_enforced: of_both(&is_enforced, &was_enforced),
            no_longer_enforced: of_both(&was_enforced, &is_enforced),
        };
        self.builds.insert(new.build_id.clone(), change);
        if self.builds.len() > LISTED {
            self.builds.pop_last();
        }
    }
}

fn enforced(build: &Replayed) -> Vec<&str> {
    let is_enforced = |decided: &RuleDecision| matches!(decided, RuleDecision::Broken { mode: Mode::Enforce, .. });
    build.rules.iter().filter(|rule| is_enforced(&rule.decided)).map(|rule| rule.rule.as_str()).collect()
}

fn broken(build: &Replayed) -> Vec<&str> {
    let broken = build.rules.iter().filter(|rule| matches!(rule.decided, RuleDecision::Broken { .. }));
    broken.map(|rule| rule.rule.as_str()).collect()
}
