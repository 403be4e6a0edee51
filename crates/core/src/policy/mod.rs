//! The policy: the file as written → a [`Policy`] that is valid by construction.

mod lint;
pub(crate) mod parse;
mod schema;

use std::fmt;

use jiff::{Timestamp, civil::Date, tz::TimeZone};
pub use schema::schema;
use sha2::{Digest, Sha256};

use crate::{
    checks::{Check, Fit, Patterns, Subject},
    expression::Expression,
    facts::Facts,
    price::Prices,
    yaml::fault::{Faults, Place, Warnings},
};

/// What a rule does with a build that breaks it; less than another where it does less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// It is not judged at all.
    Off,
    /// The build is reported.
    Report,
    /// The build is stopped.
    Enforce,
}

/// What a rule does with a build that does not tell whether it breaks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnUnknown {
    /// The record and its metrics say so.
    Report,
    /// As if it broke the rule.
    Stop,
    /// The record says so, and nothing counts it.
    Ignore,
}

/// What a rule stops where the build that breaks it is one of a batch; less than another
/// where it stops less.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Batch {
    /// The build.
    #[default]
    Build,
    /// Every build of the batch.
    StopAll,
}

/// How many builds one sweep may stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaxStops {
    /// Of the running builds.
    Percent(u64),
    /// Of builds.
    Count(u64),
}

impl MaxStops {
    /// So many may always be stopped, so that a small account needs no setting of its own.
    pub const ALWAYS: u64 = 5;

    /// How many of so many running builds.
    pub fn of(self, running: u64) -> u64 {
        match self {
            Self::Percent(percent) => running.saturating_mul(percent) / 100,
            Self::Count(count) => count,
        }
        .max(Self::ALWAYS)
    }
}

/// As the policy writes it: `20%`, `50`.
impl fmt::Display for MaxStops {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Percent(percent) => write!(f, "{percent}%"),
            Self::Count(count) => write!(f, "{count}"),
        }
    }
}

/// A policy without a fault.
pub struct Policy {
    pub(crate) rules: Vec<Rule>,
    pub(crate) never_stop: Option<Patterns>,
    pub(crate) prices: Prices,
    max_stops: MaxStops,
    /// Where `max-stops-per-sweep` stands, or else the policy itself.
    max_stops_place: Place,
    /// Where `never-stop` stands, or else the policy itself.
    never_stop_place: Place,
    pub(crate) ceiling: Mode,
    digest: String,
}

/// By its digest. To print all that a policy is made of, down to the trees of its expressions,
/// would take code that nothing needs.
impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy").field("digest", &self.digest).finish_non_exhaustive()
    }
}

impl Policy {
    /// Reads a policy. `file` is what its faults call it.
    ///
    /// # Errors
    /// All its faults at once, each with its place.
    pub fn parse(file: &str, text: &str) -> Result<Self, Faults> {
        let mut digest = String::from("sha256:");
        for byte in Sha256::digest(text) {
            digest.push_str(&format!("{byte:02x}"));
        }
        parse::policy(text, digest).map_err(|faults| Faults::new(file, text, faults))
    }

    /// What is probably not meant: dates that have passed or soon will, and rules that do
    /// nothing. `file` and `text` are those that the policy was read from.
    pub fn warnings(&self, file: &str, text: &str, now: Timestamp) -> Warnings {
        Warnings::new(file, text, lint::warnings(self, now))
    }

    /// No rule of the policy does more than `ceiling`.
    #[must_use]
    pub fn under(mut self, ceiling: Mode) -> Self {
        self.ceiling = ceiling;
        self
    }

    /// Whether nothing is judged, whatever the rules say.
    pub fn is_off(&self) -> bool {
        self.ceiling == Mode::Off
    }

    /// The ids of the rules that a build can come to break by the clock alone.
    pub fn timed_rules(&self) -> impl Iterator<Item = &str> {
        let timed = self.rules.iter().filter(|rule| rule.check.is_timed() && rule.mode != RuleMode::Always(Mode::Off));
        timed.map(|rule| rule.id.as_str())
    }

    /// How many builds one sweep may stop.
    pub fn max_stops(&self) -> MaxStops {
        self.max_stops
    }

    /// `sha256:` and the digest of the file's bytes, in hexadecimal.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The ids of the rules, in the order of the file.
    pub fn rule_ids(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().map(|rule| rule.id.as_str())
    }
}

/// One rule: whom it looks at, what it checks, what it then does.
pub(crate) struct Rule {
    pub(crate) id: String,
    /// Where the id stands.
    place: Place,
    pub(crate) reason: Option<String>,
    pub(crate) mode: RuleMode,
    /// Where `enforce-after` stands, or else the id.
    mode_place: Place,
    pub(crate) check_id: &'static str,
    pub(crate) check: Box<dyn Check>,
    pub(crate) only: Vec<Selector>,
    pub(crate) except: Vec<Exemption>,
    pub(crate) on_unknown: OnUnknown,
    pub(crate) batch: Batch,
}

/// A rule's mode, as it changes over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RuleMode {
    Always(Mode),
    /// Reported to the end of that day, UTC; enforced afterwards.
    EnforceAfter(Date),
}

impl RuleMode {
    pub(crate) fn at(self, now: Timestamp) -> Mode {
        match self {
            Self::Always(mode) => mode,
            Self::EnforceAfter(date) if is_over(date, now) => Mode::Enforce,
            Self::EnforceAfter(_) => Mode::Report,
        }
    }
}

/// An element of `except`.
pub(crate) struct Exemption {
    pub(crate) selector: Selector,
    pub(crate) until: Option<Date>,
    /// Where `until` stands, or else the exemption itself.
    place: Place,
    pub(crate) reason: Option<String>,
}

impl Exemption {
    pub(crate) fn fits(&self, facts: &Facts<'_>) -> Fit {
        match self.until {
            Some(date) if is_over(date, facts.now) => Fit::No,
            _ => self.selector.fits(facts),
        }
    }
}

/// An element of `only`: fits a build that every one of its conditions fits.
pub(crate) struct Selector(Vec<Condition>);

/// One key of a selector.
pub(crate) enum Condition {
    /// The subject is among the patterns.
    Among(&'static Subject, Patterns),
    /// The project has a tag of that key whose value is among the patterns.
    Tagged(String, Patterns),
    /// The expression is true.
    When(Expression),
}

impl Selector {
    /// What it selects by.
    pub(crate) fn conditions(&self) -> impl Iterator<Item = &Condition> {
        self.0.iter()
    }

    pub(crate) fn fits(&self, facts: &Facts<'_>) -> Fit {
        let mut conditions = self.0.iter().map(|condition| match condition {
            Condition::Among(subject, patterns) => patterns.fits(subject, facts),
            Condition::Tagged(key, patterns) => match facts.tag(key) {
                Ok(Some(value)) if patterns.any_fits(value) => Fit::Yes,
                Ok(_) => Fit::No,
                Err(fact) => Fit::Unknown(fact),
            },
            Condition::When(expression) => Fit::from(expression.evaluate(facts)),
        });
        conditions.by_ref().fold(Fit::Yes, |fit, condition| fit.and(|| condition))
    }
}

/// Whether a day, UTC, is wholly past.
fn is_over(date: Date, now: Timestamp) -> bool {
    now.to_zoned(TimeZone::UTC).date() > date
}

#[cfg(test)]
mod tests;
