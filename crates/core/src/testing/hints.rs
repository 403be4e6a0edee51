//! Hints about how a test can provide a missing fact.

use crate::{facts::MissingFact, model::RunKind};

/// Returns how a test of a build or sandbox provides a missing fact, or `None` if no key of the test can.
pub(super) fn hint(missing: &MissingFact, kind: RunKind) -> Option<String> {
    match missing {
        MissingFact::Absent("running" | "queued") | MissingFact::Unknown { fact: "running" | "queued", .. } => {
            let member = match kind {
                RunKind::Build => "phases",
                RunKind::Sandbox => "startTime",
            };
            Some(format!("set `{member}` to test time rules"))
        }
        MissingFact::Absent("buildBatchArn") | MissingFact::NoBatch => Some("add `batch` to the test".into()),
        MissingFact::Absent(member) => Some(set(member)),
        MissingFact::AbsentMember(path) => match path.split_once('.')? {
            ("build", member) => Some(set(member)),
            (of @ ("project" | "batch"), member) => Some(format!("add `{member}` to the test's `{of}`")),
            _ => None,
        },
        MissingFact::NoProject | MissingFact::OldProject | MissingFact::Unresolved { .. } => {
            missing.source()?.test_key().map(|key| format!("add `{key}` to the test"))
        }
        MissingFact::Unknown { .. } | MissingFact::Denied { .. } => None,
    }
}

/// The path of an element's member contains `[]`; `set` replaces the whole list.
fn set(path: &str) -> String {
    format!("set `{}`", path.split("[]").next().unwrap_or(path))
}
