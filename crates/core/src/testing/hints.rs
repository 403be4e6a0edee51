//! Hints how a test provides a fact that is missing.

use crate::{facts::Fact, model::RunKind};

/// Returns how a test of a build or sandbox provides a missing fact, or `None` if no key of the test can.
pub(super) fn hint(missing: &Fact, kind: RunKind) -> Option<String> {
    match missing {
        Fact::Absent("running" | "queued") | Fact::Unknown { fact: "running" | "queued", .. } => {
            let member = match kind {
                RunKind::Build => "phases",
                RunKind::Sandbox => "startTime",
            };
            Some(format!("set `{member}` to test time rules"))
        }
        Fact::Absent("buildBatchArn") | Fact::NoBatch => Some("add `batch` to the test".into()),
        Fact::Absent(member) => Some(set(member)),
        Fact::AbsentMember(path) => match path.split_once('.')? {
            ("build", member) => Some(set(member)),
            (of @ ("project" | "batch"), member) => Some(format!("add `{member}` to the test's `{of}`")),
            _ => None,
        },
        Fact::NoProject | Fact::OldProject | Fact::Unresolved { .. } => {
            missing.source()?.test_key().map(|key| format!("add `{key}` to the test"))
        }
        Fact::Unknown { .. } | Fact::Denied { .. } => None,
    }
}

/// The path of an element's member contains `[]`; `set` replaces the whole list.
fn set(path: &str) -> String {
    format!("set `{}`", path.split("[]").next().unwrap_or(path))
}
