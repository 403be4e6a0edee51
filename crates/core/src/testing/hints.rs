//! Hints how a test provides a fact that is missing.

use crate::facts::Fact;

/// Returns how a test provides a missing fact, or `None` if no key of the test can.
pub(super) fn hint(missing: &Fact) -> Option<String> {
    match missing {
        Fact::Absent("running" | "queued") | Fact::Unknown { fact: "running" | "queued", .. } => {
            Some("set `phases` to test time rules".into())
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
