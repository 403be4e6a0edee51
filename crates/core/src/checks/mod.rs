//! The checks: one file each, and one list of them.
//!
//! A check's file contains its description (`CheckKind`) and its decision (`Check`).
//! Everything else follows from these: the key in a policy, its faults, the JSON Schema, the
//! documentation, the comparison of rules, and the IAM export.

mod branches;
mod compute;
mod costs;
mod deny_when;
mod documentation;
mod durations;
mod images;
mod initiators;
mod newest;
mod option;
mod overrides;
mod pattern_list;
mod patterns;
mod refs;
mod sandboxes;
mod sources;
mod subject;
mod timeouts;
mod variables;

use jiff::Timestamp;

pub use documentation::{explanation, markdown, overview};
pub(crate) use newest::NewestPer;
pub(crate) use option::{CheckOption, OptionKind, TimeLimit};
pub(crate) use overrides::Override;
pub(crate) use patterns::{Fit, Patterns, Syntax};
pub(crate) use sandboxes::{NotForSandboxes, not_for_sandboxes};
pub(crate) use subject::{ArnPart, SELECTABLE, Subject};

use crate::{
    facts::{Facts, MissingFact},
    yaml::words,
};

/// Every check, in the order of the documentation.
pub(crate) const CHECKS: &[CheckKind] = &[
    timeouts::MAX_TIMEOUT,
    timeouts::MAX_QUEUED_TIMEOUT,
    durations::MAX_DURATION,
    durations::MAX_QUEUE_TIME,
    costs::MAX_COST,
    branches::FORBIDDEN,
    branches::ALLOWED,
    refs::FORBIDDEN,
    refs::ALLOWED,
    compute::FORBIDDEN,
    compute::ALLOWED,
    images::FORBIDDEN,
    images::ALLOWED,
    sources::FORBIDDEN,
    sources::ALLOWED,
    initiators::FORBIDDEN,
    initiators::ALLOWED,
    variables::FORBIDDEN,
    overrides::FORBIDDEN,
    newest::ONLY_NEWEST_PER,
    deny_when::DENY_WHEN,
];

/// The ids of all checks, which are their keys in a policy, in the order of the documentation.
pub fn ids() -> impl Iterator<Item = &'static str> {
    CHECKS.iter().map(|check| check.id)
}

/// Returns the id of the check that a misspelt id probably means.
pub fn closest(misspelt: &str) -> Option<&'static str> {
    words::closest(misspelt, &ids().collect::<Vec<_>>())
}

/// The description of a check.
pub(crate) struct CheckKind {
    /// Its key in a policy.
    pub(crate) id: &'static str,
    pub(crate) about: CheckDocs,
    /// The form of its option, and the check that an option makes.
    pub(crate) option: OptionKind,
    pub(crate) iam: IamView,
}

/// The documentation of a check.
pub(crate) struct CheckDocs {
    pub(crate) breaks_when: &'static str,
    pub(crate) why: &'static str,
    /// An example of the option, in YAML.
    pub(crate) example: &'static str,
    /// An example of the Project, in JSON, if the check compares the build with it.
    pub(crate) project: Option<&'static str>,
    /// An example of another running build, in JSON, if the check compares running builds.
    pub(crate) running: Option<&'static str>,
    /// A Build, in JSON, that passes with the example's option.
    pub(crate) allowed: &'static str,
    /// A Build, in JSON, that breaks the check with the example's option.
    pub(crate) stopped: &'static str,
    /// The inputs of the check: paths of the Build's members, or a description in words.
    pub(crate) reads: &'static [&'static str],
}

/// The part of a check that IAM can see before a build starts: some arguments of StartBuild are passed
/// to IAM as condition keys. `export` makes Deny statements from them.
/// <https://docs.aws.amazon.com/codebuild/latest/userguide/action-context-keys.html>
#[derive(Clone, Copy, Debug)]
pub(crate) enum IamView {
    /// No condition key contains it. The text is the reason: lower case, no full stop.
    NoKey(&'static str),
    /// A key contains the image as the call spells it.
    Image,
    /// Two keys contain the environment type and the compute type.
    ComputeType,
    /// A key contains the location as the call spells it.
    SourceLocation,
    /// A key contains the names of all variables, without their types.
    VariableName,
}

/// A check with its option.
pub(crate) trait Check: Send + Sync {
    /// Judges a build. Reads no clock, does no I/O, and cannot fail.
    fn decide(&self, facts: &Facts<'_>) -> Answer;

    /// The check's option.
    fn option(&self) -> CheckOption<'_>;

    /// Returns whether [`Self::breaks_at`] can return a time.
    fn has_deadline(&self) -> bool {
        false
    }

    /// Returns the earliest possible time at which a running build that does not break the check yet breaks it,
    /// if nothing but the time changes. `None` if that never happens, or if the time cannot be computed.
    fn breaks_at(&self, _facts: &Facts<'_>) -> Option<Timestamp> {
        None
    }

    /// Returns the time at which a build whose phases are known reaches the limit, whether it breaks the
    /// check by then or not. `None` if the check has no such time.
    fn reaches_limit_at(&self, _facts: &Facts<'_>) -> Option<Timestamp> {
        None
    }

    /// Returns the reason why no build with these facts can break the check, whatever its option is. `None` if one can.
    fn never_applies(&self, _facts: &Facts<'_>) -> Option<&'static str> {
        None
    }

    /// The value of the build that the check compares, if it is one value and known.
    fn value(&self, _facts: &Facts<'_>) -> Option<String> {
        None
    }

    /// The option as text.
    fn limit(&self) -> String {
        self.option().to_string()
    }
}

/// A check's answer about a build.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    Pass,
    /// The build breaks the check, by the value in the text.
    Broken(String),
    /// The answer depends on this fact, which is missing.
    Unknown(MissingFact),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        facts::supersession::{LeftOut, RunningBuild, Supersession},
        model::{Build, Project},
        policy::Policy,
        verdict::{Action, judge_by, running_build},
    };

    /// The examples in the documentation are judged as it promises.
    #[test]
    fn every_example_is_true() {
        for CheckKind { id, about, .. } in CHECKS {
            let text = format!(
                "{{version: 1, prices: {{LINUX_CONTAINER/BUILD_GENERAL1_LARGE: 0.02}}, rules: [{{id: example, {id}: {}}}]}}",
                about.example
            );
            let policy = Policy::parse("example", &text).unwrap_or_else(|faults| panic!("{faults}"));
            let action = |build: &str| {
                let build: Build = serde_json::from_str(build).unwrap();
                let project: Option<Project> = about.project.map(|project| serde_json::from_str(project).unwrap());
                let now = "2026-11-22T09:00:00Z".parse().unwrap();
                let facts = Facts::known(&build, true, project.as_ref(), now);
                let running: Vec<Build> =
                    about.running.iter().map(|running| serde_json::from_str(running).unwrap()).collect();
                let compared = |build| running_build(&policy, &Facts::known(build, true, None, now));
                let others: Vec<RunningBuild> = running.iter().map(compared).collect();
                let supersession = Supersession::of(&running_build(&policy, &facts), &others, &LeftOut::default());
                judge_by(&policy, &Facts { supersession: Some(&supersession), ..facts }).action
            };
            assert_eq!(action(about.allowed), Action::Allow, "{id}");
            assert_eq!(action(about.stopped), Action::Stop, "{id}");
        }
    }

    #[test]
    fn the_documentation_is_fresh() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/checks.md");
        assert!(
            std::fs::read_to_string(path).unwrap() == markdown(),
            "docs/checks.md is out of date: run `cargo run -- rules --markdown > docs/checks.md`"
        );
    }
}
