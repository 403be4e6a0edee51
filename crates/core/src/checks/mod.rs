//! The checks: one file each, and the one list of them.

mod branches;
mod compute;
mod costs;
mod deny_when;
mod durations;
mod explain;
mod images;
mod initiators;
mod overrides;
mod patterns;
pub(crate) mod prevention;
mod sources;
mod timeouts;
mod variables;

use std::any::Any;

use jiff::Timestamp;

pub use explain::{explanation, markdown, overview};

use crate::{
    facts::{Fact, Facts},
    yaml::{Node, reader::Reader},
};

pub(crate) use overrides::Override;
pub(crate) use patterns::{Fit, Patterns, Subject};
use prevention::Prevention;

/// Every check there is, in the order in which they are explained.
/// A check is named by its key in the policy.
pub(crate) const CHECKS: &[CheckKind] = &[
    timeouts::MAX_TIMEOUT,
    timeouts::MAX_QUEUED_TIMEOUT,
    durations::MAX_DURATION,
    durations::MAX_QUEUE_TIME,
    costs::MAX_COST,
    branches::FORBIDDEN,
    branches::ALLOWED,
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
    deny_when::DENY_WHEN,
];

/// What `only` and `except` can select by.
pub(crate) const SELECTABLE: &[Subject] = &[
    Subject {
        name: "projects",
        example: "[deploy-*]",
        values: |facts| facts.project_name().map(patterns::Values::from),
        seen: prevention::Seen::Arn(prevention::ArnPart::Project),
    },
    branches::BRANCHES,
    initiators::INITIATORS,
    Subject {
        name: "accounts",
        example: "[\"111122223333\"]",
        values: |facts| facts.account().map(patterns::Values::from),
        seen: prevention::Seen::Arn(prevention::ArnPart::Account),
    },
    Subject {
        name: "regions",
        example: "[eu-*]",
        values: |facts| facts.region().map(patterns::Values::from),
        seen: prevention::Seen::Arn(prevention::ArnPart::Region),
    },
    sources::SOURCES,
];

/// One kind of check: its key, what it is for, and how its option is read.
pub struct CheckKind {
    pub(crate) id: &'static str,
    pub(crate) about: About,
    pub(crate) option: OptionKind,
    pub(crate) read: fn(&mut Reader, &Node) -> Option<Box<dyn Check>>,
}

/// What a check is for, as `buildbrake rules` and the documentation tell it.
pub(crate) struct About {
    pub(crate) breaks_when: &'static str,
    pub(crate) why: &'static str,
    /// An option, in YAML.
    pub(crate) example: &'static str,
    /// Of the Project, in JSON, where the check looks at it.
    pub(crate) project: Option<&'static str>,
    /// Of a Build, in JSON: what passes under that option.
    pub(crate) allowed: &'static str,
    /// Of a Build, in JSON: what breaks it.
    pub(crate) stopped: &'static str,
    /// The members of the Build that it reads.
    pub(crate) reads: &'static [&'static str],
}

/// What an option is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OptionKind {
    Duration,
    Dollars,
    Patterns,
    Expression,
    Overrides,
}

/// A check with its option.
pub(crate) trait Check: Any + Send + Sync {
    /// Holds a build against it. Reads no clock, does no I/O, and cannot fail.
    fn decide(&self, facts: &Facts<'_>) -> Answer;

    /// The option, for a person.
    fn limit(&self) -> String;

    /// When a running build that does not break it will, if it runs on as it is: the
    /// earliest moment, where it may be later. `None` where that never happens or cannot be told.
    fn breaks_at(&self, _facts: &Facts<'_>) -> Option<Timestamp> {
        None
    }

    /// Whether a build can come to break it by the clock alone.
    fn is_timed(&self) -> bool {
        false
    }

    /// What IAM can refuse of it before a build starts.
    fn prevention(&self) -> Prevention;

    /// Whether every build that breaks `other` surely breaks this too, and every build that
    /// does not tell of `other` breaks this or does not tell either. `false` where that is
    /// not known.
    fn covers(&self, _other: &dyn Check) -> bool {
        false
    }

    /// Whether no build can break it, whatever it tells.
    fn is_never_broken(&self) -> bool {
        false
    }
}

/// The three answers. Cannot-tell is never a silent pass.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    Pass,
    /// The build breaks it, by what was found.
    Broken(String),
    /// The build does not tell.
    Unknown(Fact),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::Build,
        model::Project,
        policy::Policy,
        verdict::{Action, judge_by},
    };

    /// The examples of the documentation are judged as it says.
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
                let facts = Facts::of(&build, "2026-11-22T09:00:00Z".parse().unwrap());
                judge_by(&policy, &Facts { project: project.as_ref(), ..facts }).action
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
            "docs/checks.md is not what the checks say: run `cargo run -- rules --markdown > docs/checks.md`"
        );
    }
}
