//! What came of the tests, and why each rule said what it said.

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::Expected;
use crate::{
    checks::Fit,
    facts::Facts,
    policy::{Criterion, Exemption, Mode, Policy, Rule},
    verdict::{Action, Decision, Verdict, decisions},
};

/// What came of the tests of one file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The test file.
    pub file: String,
    /// The policy file.
    pub policy: String,
    /// Its tests, in the order of the file.
    pub tests: Vec<Tested>,
}

/// What came of one test.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tested {
    /// Its name.
    pub name: String,
    /// The line of the file it begins at.
    pub line: usize,
    /// Whether all is as expected.
    pub passed: bool,
    /// What was expected.
    pub expected: Outcome,
    /// What was found.
    pub actual: Outcome,
    /// The moment the build was judged at.
    pub now: Timestamp,
    /// What each rule said, in the order of the policy.
    pub reasons: Vec<Reason>,
}

/// What becomes of a build. A list that a test does not give is none.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// What is done with it.
    #[serde(serialize_with = "as_word")]
    pub expect: Action,
    /// The rules that it breaks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broken: Option<Vec<String>>,
    /// The rules that cannot tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<Vec<String>>,
    /// The rules that it is exempt from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exempt: Option<Vec<String>>,
}

/// What a rule said, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// The rule's id.
    pub rule: String,
    /// What it said, and why.
    pub why: String,
}

impl Tested {
    /// Whether the build would be stopped, were its project not among those that never are.
    pub fn is_protected(&self) -> bool {
        self.actual.expect == Action::Protect
    }
}

/// What an action is called in a test file.
pub(super) const ACTIONS: [(&str, Action); 4] =
    [("stop", Action::Stop), ("report", Action::Report), ("protect", Action::Protect), ("allow", Action::Allow)];

fn as_word<S: Serializer>(action: &Action, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(word(*action))
}

fn word(action: Action) -> &'static str {
    ACTIONS.iter().find(|(_, other)| *other == action).map_or("", |(word, _)| word)
}

impl Outcome {
    /// Whether it is what was expected, in all that was given. The order of a list does not count.
    pub(super) fn fits(&self, expected: &Expected) -> bool {
        Self::from(expected).rows(self).iter().all(|(_, expected, actual)| expected == actual)
    }

    /// What is given here, beside the same of another: key, this, the other, for a person.
    pub fn rows(&self, other: &Self) -> Vec<(&'static str, String, String)> {
        let mut rows = vec![("expect", word(self.expect).to_owned(), word(other.expect).to_owned())];
        let lists = [
            ("broken", &self.broken, &other.broken),
            ("unknown", &self.unknown, &other.unknown),
            ("exempt", &self.exempt, &other.exempt),
        ];
        for (key, this, other) in lists {
            if let Some(this) = this {
                rows.push((key, listed(this), listed(other.as_deref().unwrap_or_default())));
            }
        }
        rows
    }
}

fn listed(ids: &[String]) -> String {
    let mut ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    ids.sort_unstable();
    if ids.is_empty() { "none".into() } else { ids.join(", ") }
}

impl From<&Expected> for Outcome {
    fn from(expected: &Expected) -> Self {
        let Expected { action, broken, unknown, exempt } = expected.clone();
        Self { expect: action, broken, unknown, exempt }
    }
}

impl From<&Verdict> for Outcome {
    fn from(verdict: &Verdict) -> Self {
        Self {
            expect: verdict.action,
            broken: Some(verdict.violations.iter().map(|broken| broken.rule.clone()).collect()),
            unknown: Some(verdict.undecided.iter().map(|undecided| undecided.rule.clone()).collect()),
            exempt: Some(verdict.exempted.iter().map(|exempted| exempted.rule.clone()).collect()),
        }
    }
}

/// What each rule says of a build, in words.
pub(super) fn reasons(policy: &Policy, facts: Facts<'_>) -> Vec<Reason> {
    let decisions = policy.rules.iter().zip(decisions(policy, facts.clone()));
    decisions.map(|(rule, (id, decision))| Reason { rule: id.to_owned(), why: why(rule, &decision, &facts) }).collect()
}

fn why(rule: &Rule, decision: &Decision, facts: &Facts<'_>) -> String {
    match decision {
        Decision::Off => "off".into(),
        Decision::Passes => format!("passes {} {}", rule.kind.id, rule.check.limit()),
        Decision::OutOfScope => "looks at other builds, by its `only`".into(),
        Decision::Exempt(exempted) => {
            // The one that exempts is the first that fits.
            let by = rule.except.iter().find(|exemption| exemption.fits(facts) == Fit::Yes);
            let mut text = format!("exempt by {}", by.map(selected_by).unwrap_or_default());
            if let Some(until) = exempted.until {
                text.push_str(&format!(", until {until}"));
            }
            if let Some(reason) = &exempted.reason {
                text.push_str(&format!(": {}", reason.trim_end()));
            }
            text
        }
        Decision::Broken(broken) => {
            let mode = if broken.mode == Mode::Report { ", and reported only" } else { "" };
            format!("broken{mode}: {} {}, and the build has {}", broken.check, broken.limit, broken.found)
        }
        Decision::Unknown(undecided, violation) => {
            let then = match violation {
                Some(broken) if broken.mode == Mode::Report => ", which counts as broken, and is reported only",
                Some(_) => ", which counts as broken",
                None if undecided.counts => "",
                None => ", which is ignored",
            };
            format!("cannot tell{then}: missing {}", undecided.missing)
        }
    }
}

fn selected_by(exemption: &Exemption) -> String {
    let criteria = exemption.selector.criteria().map(|criterion| match criterion {
        Criterion::Among(subject, patterns) => format!("{} {}", subject.name, patterns.listed()),
        Criterion::Tagged(key, patterns) => format!("tag {key} {}", patterns.listed()),
        Criterion::When(expression) => {
            format!("when {}", expression.as_str().split_whitespace().collect::<Vec<_>>().join(" "))
        }
    });
    criteria.collect::<Vec<_>>().join(" and ")
}
