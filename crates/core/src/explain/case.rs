//! The explanation of a case about a build.

use jiff::Timestamp;
use serde::Serialize;

use super::Explanation;
use crate::{
    facts::inquiry::{Case, Question, Source},
    model::Progress,
    verdict::{Action, Withheld},
};

/// Why a policy judges a build as it does, and what the function would ask AWS next.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CaseExplanation {
    /// The build's id.
    pub build_id: String,
    /// The moment at which it is judged.
    pub now: Timestamp,
    /// The action for the build, by what is known.
    pub action: Action,
    /// The reason why the build is only reported although it breaks an enforced rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withheld: Option<Withheld>,
    /// The time at which the next rule will be broken if the build keeps running.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Timestamp>,
    /// Notes for the reader, for example that the build has ended.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// The rules, in the order of the policy. Empty if the event alone is not judged.
    pub rules: Vec<Explanation>,
    /// The questions that the function would ask.
    pub questions: Vec<NextQuestion>,
}

/// A question that the function would ask, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NextQuestion {
    /// The source.
    pub source: Source,
    /// The calls that ask it.
    pub calls: &'static [&'static str],
    /// The subject of the question: the name of a project, the id of a build.
    pub about: String,
    /// The rules whose answers depend on it. Empty if the function asks the question whatever the rules are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<String>,
}

impl NextQuestion {
    pub(crate) fn of(question: &Question, rules: Vec<String>) -> Self {
        let source = question.source();
        Self { source, calls: source.operations(), about: question.about(), rules }
    }
}

impl Case<'_> {
    /// Explains the verdict on what is known by now.
    pub fn explain(&self, now: Timestamp) -> CaseExplanation {
        let verdict = self.verdict();
        CaseExplanation {
            build_id: self.event().id.as_str().to_owned(),
            now,
            action: verdict.action,
            withheld: verdict.withheld,
            deadline: verdict.deadline.filter(|_| self.build().progress() != Progress::Ended),
            notes: Vec::new(),
            rules: self.explain_rules(now),
            questions: self.explain_questions(),
        }
    }
}
