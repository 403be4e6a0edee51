//! The policy: a file becomes a [`Policy`], which is valid by construction.

mod calls;
mod lint;
mod mode;
pub(crate) mod parse;
mod reads;
mod rule;
mod safety;
mod schema;

use std::fmt;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

pub use mode::Mode;
pub(crate) use mode::{OnUnknown, RuleMode};
pub(crate) use reads::ORIGINS;
pub use rule::BatchScope;
pub(crate) use rule::{Criterion, Exemption, Rule, Selector};
pub use safety::MaxStops;
pub use schema::schema;

use crate::{
    checks::{CheckOption, Patterns},
    diagnostic::{Diagnostic, Diagnostics, Place},
    model::RunKind,
    price::Prices,
    yaml::Node,
};

/// A valid policy.
pub struct Policy {
    pub(crate) rules: Vec<Rule>,
    pub(crate) never_stop: Option<Patterns>,
    pub(crate) prices: Prices,
    max_stops: MaxStops,
    /// The place of `max-stops-per-sweep`, or else of the policy.
    max_stops_place: Place,
    /// The place of `never-stop`, or else of the policy.
    never_stop_place: Place,
    pub(crate) ceiling: Mode,
    digest: String,
    /// The values that are probably mistakes.
    warnings: Vec<Diagnostic>,
}

impl Policy {
    /// Parses a policy. `file` is the file's name in messages.
    ///
    /// # Errors
    /// All faults of the policy.
    pub fn parse(file: &str, text: &str) -> Result<Self, Diagnostics> {
        let mut digest = String::from("sha256:");
        for byte in Sha256::digest(text) {
            digest.push_str(&format!("{byte:02x}"));
        }
        parse::policy(text, digest).map_err(|faults| Diagnostics::new(file, text, faults))
    }

    /// Returns whether a text is probably a policy: YAML whose top level has the keys `version` and `rules`,
    /// or a text that is not YAML with lines that begin with them.
    pub fn recognizes(text: &str) -> bool {
        let tree = Node::parse(text);
        ["version", "rules"].iter().all(|key| match &tree {
            Ok(tree) => tree.has_key(key),
            Err(_) => text.lines().any(|line| line.strip_prefix(key).is_some_and(|rest| rest.starts_with(':'))),
        })
    }

    /// Returns the findings about the policy: parts that are valid but probably mistakes, and facts that are
    /// good to know. `file` and `text` are those that the policy was parsed from.
    pub fn lint(&self, file: &str, text: &str, now: Timestamp) -> Diagnostics {
        Diagnostics::new(file, text, lint::findings(self, now))
    }

    /// All diagnostics of a text: its faults, or the findings about a valid policy.
    pub fn diagnose(file: &str, text: &str, now: Timestamp) -> Diagnostics {
        Self::parse(file, text).map_or_else(|faults| faults, |policy| policy.lint(file, text, now))
    }

    /// Limits the mode of every rule.
    #[must_use]
    pub fn under(mut self, ceiling: Mode) -> Self {
        self.ceiling = ceiling;
        self
    }

    /// Returns whether the ceiling turns every rule off.
    pub fn is_off(&self) -> bool {
        self.ceiling == Mode::Off
    }

    /// Returns whether a rule compares builds with each other.
    pub fn compares_builds(&self) -> bool {
        self.rules.iter().any(|rule| !rule.is_off() && rule.newest_per().is_some())
    }

    /// Returns whether a rule may apply to a sandbox.
    pub fn judges_sandboxes(&self) -> bool {
        self.rules.iter().any(|rule| !rule.is_off() && rule.may_apply_to(RunKind::Sandbox))
    }

    /// The ids of the rules that a build can come to break just because time passes.
    pub fn timed_rules(&self) -> impl Iterator<Item = &str> {
        let timed = self.rules.iter().filter(|rule| !rule.is_off() && rule.is_timed());
        timed.map(|rule| rule.id.as_str())
    }

    /// Returns whether a rule may change its answer between two phases of a build.
    pub(crate) fn changes_with_phases(&self) -> bool {
        self.rules.iter().any(|rule| !rule.is_off() && rule.changes_with_phases())
    }

    /// Returns whether a rule may change its answer while a build runs.
    pub(crate) fn changes_while_running(&self, id: &str) -> bool {
        self.rules.iter().any(|rule| rule.id == id && (rule.is_timed() || rule.changes_with_phases()))
    }

    /// The mode of a rule at a moment, under the ceiling.
    pub(crate) fn mode_at(&self, id: &str, at: Timestamp) -> Mode {
        let rule = self.rules.iter().find(|rule| rule.id == id);
        rule.map_or(Mode::Off, |rule| rule.mode.at(at).min(self.ceiling))
    }

    /// Returns whether all rules that a build can come to break with time are time limits.
    pub(crate) fn has_time_limits_alone(&self) -> bool {
        let is_limit = |rule: &Rule| matches!(rule.check.option(), CheckOption::MaxDuration(_));
        self.rules.iter().filter(|rule| !rule.is_off() && rule.is_timed()).all(is_limit)
    }

    /// Returns the number of builds that one sweep may stop.
    pub fn max_stops(&self) -> MaxStops {
        self.max_stops
    }

    /// The SHA-256 digest of the file, in hexadecimal after `sha256:`.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The ids of the rules, in the order of the file.
    pub fn rule_ids(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().map(|rule| rule.id.as_str())
    }
}

/// Shows the digest alone: a compiled expression cannot be shown.
impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy").field("digest", &self.digest).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
