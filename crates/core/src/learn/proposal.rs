//! The proposed policy, as text.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{
    FEWEST_BUILDS,
    limit::Limit,
    list::{LearnedKind, LearnedPatterns},
};
use crate::{
    diagnostic::{Severity, printable},
    policy::Policy,
    summary::Summary,
};

/// A proposed policy.
#[derive(Debug)]
pub struct Proposal {
    builds: u64,
    period: Option<(Timestamp, Timestamp)>,
    percentile: f64,
    rules: Vec<ProposedRule>,
    /// The rules that are not proposed, each with the reason.
    left_out: Vec<String>,
    ids: BTreeSet<String>,
}

/// One rule, with its evidence.
#[derive(Debug)]
struct ProposedRule {
    id: String,
    evidence: String,
    reason: &'static str,
    /// The lines after `mode`.
    lines: Vec<String>,
}

/// The builds that a list is about.
#[derive(Clone, Debug)]
pub(super) enum ListScope {
    Everything,
    Account(String),
    Project(String),
}

impl ListScope {
    fn suffix(&self) -> String {
        let (Self::Account(name) | Self::Project(name)) = self else { return String::new() };
        let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' };
        format!("-{}", name.chars().map(plain).collect::<String>())
    }

    fn criterion(&self) -> Option<String> {
        match self {
            Self::Everything => None,
            Self::Account(account) => Some(format!("accounts: [{}]", quoted(account))),
            Self::Project(project) => Some(format!("projects: [{}]", quoted(project))),
        }
    }

    fn words(&self) -> String {
        match self {
            Self::Everything => String::new(),
            Self::Account(account) => format!(" of account {account}"),
            Self::Project(project) => format!(" of project {project}"),
        }
    }
}

impl Proposal {
    pub(super) fn of(builds: u64, period: Option<(Timestamp, Timestamp)>, percentile: f64) -> Self {
        Self { builds, period, percentile, rules: Vec::new(), left_out: Vec::new(), ids: BTreeSet::new() }
    }

    /// Returns whether there is no rule.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The rules that are not proposed, each with the reason.
    pub fn left_out(&self) -> impl Iterator<Item = String> {
        self.left_out.iter().map(|left_out| printable(left_out, usize::MAX))
    }

    pub(super) fn add_limit(&mut self, check: &'static str, verb: &str, limit: Option<Limit>, highest: u64) {
        let Some(limit) = limit else {
            let why = match check {
                "max-timeout" => "no build's timeout is known",
                _ => "the phases of no build are known; they show how long it waited and ran",
            };
            self.left_out.push(format!("{check}: {why}"));
            return;
        };
        let Limit { minutes, at_percentile, longest, known, unknown } = limit;
        if minutes >= highest {
            self.left_out.push(format!("{check}: {at_percentile} is as long as CodeBuild allows"));
            return;
        }
        if known < FEWEST_BUILDS {
            let builds = counted(known, "build");
            let why = format!("too few to trust: {builds}; at least {FEWEST_BUILDS} builds are needed");
            self.left_out.push(format!("{check}: {why}"));
            return;
        }
        let percentile = self.percentile;
        let unknown = match unknown {
            0 => String::new(),
            number => format!(" It is unknown for {}.", counted(number, "more build")),
        };
        let evidence = format!(
            "{percentile} % of {} {verb} at most {at_percentile}, all at most {longest}.{unknown}",
            counted(known, "build")
        );
        let reason = match check {
            "max-timeout" => "The build's timeout is longer than those of nearly all builds.",
            "max-duration" => "The build has been running for longer than nearly all builds did.",
            _ => "The build has been waiting for longer than nearly all builds did.",
        };
        let id = self.unique_id(check.to_owned());
        let rule = ProposedRule { id, evidence, reason, lines: vec![format!("{check}: {minutes}m")] };
        self.propose(rule, || format!("{check}: a limit of {minutes}m stops every build"));
    }

    pub(super) fn add_list(
        &mut self,
        listed: LearnedKind,
        scope: &ListScope,
        patterns: LearnedPatterns,
        has_pipelines: bool,
    ) {
        let (check, noun) = (listed.check(), listed.noun());
        let list = match patterns {
            Ok(list) => list,
            Err(why) => {
                self.left_out.push(format!("{check}{}: {why}", scope.words()));
                return;
            }
        };
        let unknown = match list.unknown {
            0 => String::new(),
            number => format!(" The {noun} of {} are unknown.", counted(number, "more build")),
        };
        let rare = match list.patterns.iter().filter(|pattern| pattern.uses == 1).count() {
            0 => String::new(),
            1 => " One pattern was used only once: check it.".to_owned(),
            number => format!(" {number} patterns were used only once: check them."),
        };
        let evidence =
            format!("{}{} used {} {noun}.{rare}{unknown}", counted(list.builds, "build"), scope.words(), list.values);
        let reason = match listed {
            LearnedKind::Compute => "No earlier build used this compute type.",
            LearnedKind::Images => "No earlier build used this image.",
            LearnedKind::Sources => "No earlier build took its code from this place.",
            LearnedKind::Initiators => "No initiator of this name has started a build before.",
            LearnedKind::Branches => "No earlier build was of this branch.",
        };
        let mut criteria: Vec<String> = scope.criterion().into_iter().collect();
        // A source of CODEPIPELINE has no location of its own.
        if listed == LearnedKind::Sources && has_pipelines {
            criteria.push("when: build.source.type != \"CODEPIPELINE\"".to_owned());
        }
        let mut lines = Vec::new();
        if !criteria.is_empty() {
            lines.push("only:".to_owned());
            for (index, criterion) in criteria.iter().enumerate() {
                lines.push(format!("  {} {criterion}", if index == 0 { "-" } else { " " }));
            }
        }
        lines.push(format!("{check}:"));
        lines.extend(list.patterns.iter().map(|pattern| match pattern.uses {
            1 => format!("  - {} # used only once", quoted(&pattern.text)),
            uses => format!("  - {} # used {uses} times", quoted(&pattern.text)),
        }));
        let id = self.unique_id(format!("{check}{}", scope.suffix()));
        let rule = ProposedRule { id, evidence, reason, lines };
        self.propose(rule, || {
            format!("{check}{}: one of the {} {noun} cannot be in a list", scope.words(), list.values)
        });
    }

    /// Adds a rule if it is valid and `buildbrake check` has no warning about it. History may contain names that
    /// no policy can contain.
    fn propose(&mut self, rule: ProposedRule, why_not: impl FnOnce() -> String) {
        const FILE: &str = "the proposed policy";
        let text = format!("version: 1\nrules:\n{}", rule.yaml());
        let now = self.period.map_or(Timestamp::UNIX_EPOCH, |(_, last)| last);
        let is_valid =
            Policy::parse(FILE, &text).is_ok_and(|policy| policy.lint(FILE, &text, now).count(Severity::Warning) == 0);
        match is_valid {
            true => self.rules.push(rule),
            false => self.left_out.push(why_not()),
        }
    }

    fn unique_id(&mut self, id: String) -> String {
        let numbered = |number: usize| if number == 1 { id.clone() } else { format!("{id}-{number}") };
        let free = (1..).map(numbered).find(|id| !self.ids.contains(id)).unwrap_or(id.clone());
        self.ids.insert(free.clone());
        free
    }

    /// The policy as YAML. `replayed`: its replay over the same builds, whose counts become part of the
    /// evidence.
    pub fn policy(&self, replayed: Option<&Summary>) -> String {
        let mut text = String::new();
        let mut comment =
            |indent: &str, line: &str| text.push_str(&format!("{indent}# {}\n", printable(line, usize::MAX)));
        let period = self
            .period
            .map(|(first, last)| format!(", started from {} to {}", first.strftime("%F"), last.strftime("%F")));
        comment("", &format!("Proposed from {}{}.", counted(self.builds, "build"), period.unwrap_or_default()));
        comment("", "Every rule reports only. Replay the policy, and change `mode` to `enforce` rule by rule.");
        if !self.left_out.is_empty() {
            comment("", "");
            comment("", "Not proposed:");
            self.left_out.iter().for_each(|left_out| comment("", &format!("  {left_out}")));
        }
        text.push_str("version: 1\nmode: report\n");
        text.push_str(if self.rules.is_empty() { "rules: []\n" } else { "rules:\n" });
        for proposed in &self.rules {
            text.push_str(&format!("\n  # {}\n", printable(&proposed.evidence, usize::MAX)));
            if let Some(rule) = replayed.and_then(|summary| summary.rules.get(&proposed.id)) {
                let successes = match rule.broken_successes {
                    0 => String::new(),
                    number => format!(", of which {number} succeeded"),
                };
                let would = format!("It would have stopped {} of them{successes}", rule.broken);
                let undecided =
                    if rule.undecided > 0 { format!("; {} stayed undecided", rule.undecided) } else { String::new() };
                text.push_str(&format!("  # {would}{undecided}.\n"));
            }
            text.push_str(&proposed.yaml());
        }
        text
    }
}

impl ProposedRule {
    /// The rule as an element of `rules`.
    fn yaml(&self) -> String {
        let Self { id, reason, lines, .. } = self;
        let lines: String = lines.iter().map(|line| format!("    {line}\n")).collect();
        format!("  - id: {id}\n    reason: {}\n    mode: report\n{lines}", quoted(reason))
    }
}

/// A number with its noun: `1 build`, `3 builds`.
pub(super) fn counted(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// A text in double quotes. JSON's escapes are YAML's.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
