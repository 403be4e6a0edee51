//! The results of running tests.

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::{
    explain::Reason,
    verdict::{Action, Verdict},
};

/// The results of the tests of one file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FileReport {
    /// The test file.
    pub file: String,
    /// The policy file.
    pub policy: String,
    /// The results, in the order of the file.
    pub tests: Vec<TestResult>,
}

/// The result of one test.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TestResult {
    /// The test's name.
    pub name: String,
    /// The line of the file at which the test begins, from 1.
    pub line: usize,
    /// `true` if the judgement is the expected one.
    pub passed: bool,
    /// Notes for the reader of a passed test.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// The expected judgement.
    pub expected: Judgement,
    /// The judgement of the policy.
    pub actual: Judgement,
    /// The time for which the build was judged.
    pub now: Timestamp,
    /// The decision of each rule, in the order of the policy.
    pub reasons: Vec<Reason>,
}

/// The judgement of a build. A list that a test omits is `None` and matches every list.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Judgement {
    /// The action that the policy asks for.
    #[serde(rename = "expect", serialize_with = "as_word")]
    pub action: Action,
    /// The rules that the build breaks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broken: Option<Vec<String>>,
    /// The rules that could not be evaluated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<Vec<String>>,
    /// The rules that the build is exempt from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exempt: Option<Vec<String>>,
}

/// One line of a comparison of two judgements, for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// The key of the test file.
    pub key: &'static str,
    /// The expected value.
    pub expected: String,
    /// The actual value.
    pub actual: String,
}

impl Judgement {
    /// Compares the expected judgement `self` with an actual one: the action and each list that
    /// `self` contains. The order of a list does not count.
    pub fn compare(&self, actual: &Self) -> Vec<Comparison> {
        let (expected, found) = (word(self.action).to_owned(), word(actual.action).to_owned());
        let mut rows = vec![Comparison { key: "expect", expected, actual: found }];
        let lists = [
            ("broken", &self.broken, &actual.broken),
            ("unknown", &self.unknown, &actual.unknown),
            ("exempt", &self.exempt, &actual.exempt),
        ];
        for (key, expected, actual) in lists {
            if let Some(expected) = expected {
                let actual = sorted(actual.as_deref().unwrap_or_default());
                rows.push(Comparison { key, expected: sorted(expected), actual });
            }
        }
        rows
    }
}

impl Comparison {
    /// Returns whether the expected and the actual value are the same.
    pub fn is_equal(&self) -> bool {
        self.expected == self.actual
    }
}

impl From<&Verdict> for Judgement {
    fn from(verdict: &Verdict) -> Self {
        Self {
            action: verdict.action,
            broken: Some(verdict.violations.iter().map(|broken| broken.rule.clone()).collect()),
            unknown: Some(verdict.undecided.iter().map(|undecided| undecided.rule.clone()).collect()),
            exempt: Some(verdict.exempted.iter().map(|exempted| exempted.rule.clone()).collect()),
        }
    }
}

/// The names of actions in a test file.
pub(super) const ACTIONS: [(&str, Action); 4] =
    [("stop", Action::Stop), ("report", Action::Report), ("protect", Action::Protect), ("allow", Action::Allow)];

fn as_word<S: Serializer>(action: &Action, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(word(*action))
}

fn word(action: Action) -> &'static str {
    ACTIONS.iter().find(|(_, other)| *other == action).map_or("", |(word, _)| word)
}

fn sorted(ids: &[String]) -> String {
    let mut ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    ids.sort_unstable();
    if ids.is_empty() { "none".into() } else { ids.join(", ") }
}
