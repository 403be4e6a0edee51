//! Builds counted by project, initiator or day.

use std::{
    collections::{BTreeMap, HashMap},
    ops::AddAssign,
};

use serde::{Deserialize, Serialize};

use super::Savings;
use crate::{history::Replayed, record::Outcome};

/// The maximum number of keys that are counted separately. There may be a million initiators.
const MAX_KEYS: usize = 10_000;
/// The key under which all others are counted.
const OTHERS: &str = "(others)";

/// Builds by a key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "BTreeMap<String, Share>", into = "BTreeMap<String, Share>")]
pub struct Breakdown {
    /// Hashed: each build is looked up in at least four breakdowns.
    shares: HashMap<String, Share>,
}

impl From<BTreeMap<String, Share>> for Breakdown {
    fn from(shares: BTreeMap<String, Share>) -> Self {
        Self { shares: shares.into_iter().collect() }
    }
}

impl From<Breakdown> for BTreeMap<String, Share> {
    fn from(breakdown: Breakdown) -> Self {
        breakdown.shares.into_iter().collect()
    }
}

/// The builds that have one key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// Their number.
    pub builds: u64,
    /// The number of those that would have been stopped.
    pub stopped: u64,
    /// The time and money that their stops would have saved.
    #[serde(flatten)]
    pub saved: Savings,
}

impl Share {
    pub(super) fn of(build: &Replayed) -> Self {
        let stopped = u64::from(build.outcome == Outcome::Stopped);
        Self { builds: 1, stopped, saved: build.saved }
    }
}

impl AddAssign for Share {
    fn add_assign(&mut self, other: Self) {
        self.builds += other.builds;
        self.stopped += other.stopped;
        self.saved += other.saved;
    }
}

impl Breakdown {
    pub(super) fn add(&mut self, key: &str, share: Share) {
        // Most keys exist already, so no text is allocated for them.
        if let Some(of_key) = self.shares.get_mut(key) {
            *of_key += share;
            return;
        }
        let key = counted_as(key, self.shares.len());
        *self.shares.entry(key.to_owned()).or_default() += share;
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (key, share) in other.iter() {
            self.add(key, share);
        }
    }

    /// The builds by key, in the order of the keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Share)> {
        let shares: BTreeMap<&str, Share> = self.shares.iter().map(|(key, share)| (key.as_str(), *share)).collect();
        shares.into_iter()
    }

    /// The keys with the most builds.
    pub fn largest(&self, count: usize) -> Vec<(&str, Share)> {
        let mut shares: Vec<(&str, Share)> = self.iter().collect();
        shares.sort_by(|(key, one), (other_key, other)| (other.builds, key).cmp(&(one.builds, other_key)));
        shares.truncate(count);
        shares
    }
}

/// Returns the key under which a new key is counted, if `others` keys exist already.
pub(super) fn counted_as(key: &str, others: usize) -> &str {
    if others < MAX_KEYS { key } else { OTHERS }
}
