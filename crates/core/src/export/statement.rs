//! Statements as IAM writes them.

use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::{
    prevention::{KeyCondition, Refusal},
    resources::Resources,
};
use crate::model::RunKind;

/// The actions whose calls have the condition keys. `RetryBuild` has none of them.
/// `CreateProject` and `UpdateProject` have them, but each build can override a project.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodebuild.html>
const ACTIONS: [&str; 2] = ["codebuild:StartBuild", "codebuild:StartBuildBatch"];

/// The actions that start a sandbox, run a command in it, and open a shell in it. They have no condition keys
/// of settings.
const SANDBOX_ACTIONS: [&str; 3] =
    ["codebuild:StartSandbox", "codebuild:StartCommandExecution", "codebuild:StartSandboxConnection"];

/// A statement without its name.
pub(super) struct Draft {
    /// What it refuses to start.
    pub(super) kind: RunKind,
    pub(super) refusal: Refusal,
    pub(super) resources: Resources,
    /// The first day, UTC, on which it refuses calls.
    pub(super) from: Option<Date>,
}

impl Draft {
    pub(super) fn statement(self, sid: String) -> Value {
        let mut conditions = Map::new();
        let mut add = |operator: &str, key: &str, value: Value| {
            let operator = conditions.entry(operator).or_insert_with(|| json!({}));
            operator[key] = value;
        };
        for condition in self.refusal {
            match condition {
                KeyCondition::Given(key) => add("Null", key, "false".into()),
                KeyCondition::True(key) => add("Bool", key, "true".into()),
                KeyCondition::Like(key, patterns) => add("StringLike", key, one_or_more(patterns)),
                KeyCondition::NotLike(key, patterns) => add("StringNotLike", key, one_or_more(patterns)),
                KeyCondition::AnyLike(key, patterns) => add("ForAnyValue:StringLike", key, one_or_more(patterns)),
            }
        }
        for (key, patterns) in self.resources.conditions {
            add("StringLike", key, one_or_more(patterns));
        }
        if let Some(date) = self.from {
            add("DateGreaterThanEquals", "aws:CurrentTime", format!("{date}T00:00:00Z").into());
        }
        let (actions, arns) = match self.kind {
            RunKind::Build => (ACTIONS.as_slice(), self.resources.arns),
            RunKind::Sandbox => (SANDBOX_ACTIONS.as_slice(), with_sandboxes(self.resources.arns)),
        };
        let mut statement = json!({"Sid": sid, "Effect": "Deny", "Action": actions});
        statement[self.resources.element] = one_or_more(arns);
        if !conditions.is_empty() {
            statement["Condition"] = Value::Object(conditions);
        }
        statement
    }
}

/// The ARNs of projects, each with that of its sandboxes: `sandbox/PROJECT:UUID`.
fn with_sandboxes(projects: Vec<String>) -> Vec<String> {
    let sandboxes = |arn: String| match arn.split_once(":project/") {
        Some((place, project)) => {
            let sandboxes = format!("{place}:sandbox/{project}:*");
            vec![arn, sandboxes]
        }
        None => vec![arn],
    };
    projects.into_iter().flat_map(sandboxes).collect()
}

/// A name that no other statement has. IAM allows letters and digits alone.
pub(super) fn free_sid(statements: &[Value], rule: &str, number: Option<usize>) -> String {
    let words = rule.split('-').filter_map(|word| {
        let (first, rest) = word.split_at_checked(1)?;
        Some(first.to_uppercase() + rest)
    });
    let mut sid: String = words.collect();
    sid.extend(number.map(|number| number.to_string()));
    while statements.iter().any(|statement| statement["Sid"] == sid.as_str()) {
        sid.push('x');
    }
    sid
}

/// Writes a single text without a list, because the size of documents is limited. A `$` is escaped so that it
/// does not start a policy variable; `*` and `?` mean the same as in buildbrake's patterns.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>
fn one_or_more(mut texts: Vec<String>) -> Value {
    texts.iter_mut().for_each(|text| *text = text.replace('$', "${$}"));
    match texts.as_slice() {
        [one] => json!(one),
        _ => json!(texts),
    }
}
