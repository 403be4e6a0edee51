//! Lists of everything that history used.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{FEWEST_BUILDS, Period, proposal::counted};
use crate::{diagnostic::printable, url};

/// The greatest number of patterns that a person still reads.
const READABLE: usize = 20;
/// The greatest number of different values that are remembered.
const REMEMBERED: usize = 1000;
/// The fewest days of history that can support a list.
const FEWEST_DAYS: i64 = 14;

/// A kind of list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum LearnedKind {
    Compute,
    Images,
    Sources,
    Initiators,
    Branches,
}

/// The values of one list.
#[derive(Debug, Default)]
pub(super) struct ListValues {
    seen: BTreeMap<String, Seen>,
    /// The number of builds without a known value.
    unknown: u64,
    is_full: bool,
}

#[derive(Debug)]
struct Seen {
    builds: u64,
    first: Option<Timestamp>,
}

/// A list that all past builds whose values are known comply with, or the reason why there is none.
pub(super) type LearnedPatterns = Result<List, String>;

/// A list that all past builds whose values are known comply with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct List {
    pub(super) patterns: Vec<UsedPattern>,
    /// The number of different values that the patterns stand for.
    pub(super) values: usize,
    pub(super) builds: u64,
    pub(super) unknown: u64,
}

/// A pattern, and how often history used a value that it matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct UsedPattern {
    pub(super) text: String,
    pub(super) uses: u64,
}

impl LearnedKind {
    /// The check.
    pub(super) fn check(self) -> &'static str {
        match self {
            Self::Compute => "allowed-compute",
            Self::Images => "allowed-images",
            Self::Sources => "allowed-sources",
            Self::Initiators => "allowed-initiators",
            Self::Branches => "allowed-branches",
        }
    }

    /// The values in words.
    pub(super) fn noun(self) -> &'static str {
        match self {
            Self::Compute => "compute types",
            Self::Images => "images",
            Self::Sources => "sources",
            Self::Initiators => "initiators",
            Self::Branches => "branches",
        }
    }

    /// A wider pattern for a value: all tags of an image, all repositories of an owner, all branches of a
    /// folder.
    fn widened(self, value: &str) -> Option<String> {
        match self {
            Self::Compute | Self::Initiators => None,
            Self::Images => {
                let (folder, last) = value.rsplit_once('/')?;
                let name = last.split(['@', ':']).next()?;
                let separator = if last.contains('@') { '@' } else { ':' };
                Some(format!("{folder}/{name}{separator}*"))
            }
            Self::Sources => {
                let (scheme, rest) = value.split_once("://")?;
                let (host, path) = rest.split_once('/')?;
                let (owner, _) = path.split_once('/')?;
                Some(format!("{scheme}://{host}/{owner}/*"))
            }
            Self::Branches => Some(format!("{}/*", value.split_once('/')?.0)),
        }
    }
}

impl ListValues {
    /// Adds the values of a build; none if they are unknown.
    pub(super) fn add(&mut self, values: &[String], start: Option<Timestamp>) {
        self.unknown += u64::from(values.is_empty());
        for value in values {
            let is_new = !self.seen.contains_key(value);
            if is_new && self.seen.len() >= REMEMBERED {
                self.is_full = true;
                continue;
            }
            let seen = self.seen.entry(value.clone()).or_insert(Seen { builds: 0, first: start });
            seen.builds += 1;
            seen.first = seen.first.into_iter().chain(start).min();
        }
    }

    /// Returns patterns that match every value. `builds` and `period` are those of the list's account or project.
    ///
    /// # Errors
    /// The reason why history does not support a list.
    pub(super) fn patterns(&self, listed: LearnedKind, builds: u64, period: Period) -> LearnedPatterns {
        let noun = listed.noun();
        let known = builds.saturating_sub(self.unknown);
        if self.seen.is_empty() {
            return Err(format!("no {noun} are known"));
        }
        // A `/*` at the end is ours: it stands for an initiator's sessions.
        if let Some(value) = self.seen.keys().find(|value| value.trim_end_matches("/*").contains(['*', '?'])) {
            let shown = shown(value);
            let value = if shown.contains(['*', '?']) {
                format!("`{shown}`")
            } else {
                format!("a value that begins with `{shown}`")
            };
            return Err(format!("{value} contains a wildcard, so as a pattern it would match other values too"));
        }
        if let Some(value) = self.seen.keys().find(|value| value.contains(char::is_control)) {
            let value = shown(value);
            return Err(format!("`{value}` contains control characters"));
        }
        let days = period.map_or(0, |(first, last)| last.duration_since(first).as_hours() / 24);
        if known < FEWEST_BUILDS || days < FEWEST_DAYS {
            return Err(format!(
                "too little history: {} over {}; at least {FEWEST_BUILDS} builds over at least {FEWEST_DAYS} days are needed",
                counted(known, "build"),
                counted(days.unsigned_abs(), "day")
            ));
        }
        if known < builds.div_ceil(2) {
            return Err(format!("the {noun} of {} of {builds} builds are unknown", self.unknown));
        }
        let (patterns, values) = self.shortened(listed)?;
        // A list that still grew in the last quarter of the period would have stopped builds.
        let is_late = |first: Timestamp| {
            period.is_some_and(|(begin, end)| first.duration_since(begin) > end.duration_since(begin) * 3 / 4)
        };
        let mut early = BTreeSet::new();
        let mut late = 0;
        let mut by_first: Vec<(&String, &Seen)> = self.seen.iter().collect();
        by_first.sort_by_key(|(_, seen)| seen.first);
        for (value, seen) in by_first {
            let pattern = if patterns.iter().any(|pattern| pattern.text == *value) {
                value.clone()
            } else {
                listed.widened(value).unwrap_or_default()
            };
            match seen.first {
                Some(first) if is_late(first) && !early.contains(&pattern) => late += 1,
                _ => {
                    early.insert(pattern);
                }
            }
        }
        if late > 0 {
            return Err(format!(
                "still growing: {late} of {values} {noun} were first used in the last quarter of the {days} days"
            ));
        }
        Ok(List { patterns, values, builds: known, unknown: self.unknown })
    }

    /// The values, or wider patterns if there are too many.
    fn shortened(&self, listed: LearnedKind) -> Result<(Vec<UsedPattern>, usize), String> {
        let values = self.seen.len();
        let too_long = |patterns: usize| {
            let more = if self.is_full { "more than " } else { "" };
            format!("too long to trust: {more}{values} {}, in at least {patterns} patterns", listed.noun())
        };
        if self.is_full {
            return Err(too_long(values));
        }
        if values <= READABLE {
            let patterns = self.seen.iter().map(|(value, seen)| UsedPattern { text: value.clone(), uses: seen.builds });
            return Ok((patterns.collect(), values));
        }
        let mut wide: BTreeMap<String, u64> = BTreeMap::new();
        for (value, seen) in &self.seen {
            *wide.entry(listed.widened(value).unwrap_or_else(|| value.clone())).or_default() += seen.builds;
        }
        match wide.len() {
            patterns if patterns <= READABLE => {
                Ok((wide.into_iter().map(|(text, uses)| UsedPattern { text, uses }).collect(), values))
            }
            patterns => Err(too_long(patterns)),
        }
    }
}

/// A value for people. What follows a question mark may be a signature or a token.
fn shown(value: &str) -> String {
    let redacted = url::redacted(value);
    let shown = match redacted.split_once('?') {
        Some((before, after)) if !after.is_empty() => format!("{before}?…"),
        Some(_) | None => redacted.into_owned(),
    };
    printable(&shown, 60)
}

/// Replaces the changing part of an initiator with `*`: the name of a role's session or of a webhook's delivery.
/// Pipelines and rules have fixed names.
pub(super) fn without_session(initiator: &str) -> String {
    match initiator.split_once('/') {
        None | Some(("codepipeline" | "rule", _)) => initiator.to_owned(),
        Some((name, _)) => format!("{name}/*"),
    }
}
