//! The report of a scan.

pub(crate) mod csv;
pub(crate) mod diagnostics;
pub(crate) mod json;
pub(crate) mod text;

use buildbrake_core::{
    diagnostic::Code,
    policy::Mode,
    scan::{Because, ScanAnswer, ScannedRule},
};

/// The decision as a word of the report's formats.
fn word(answer: &ScanAnswer) -> &'static str {
    match answer {
        ScanAnswer::Broken { .. } => "broken",
        ScanAnswer::Unknown { because: Because::NoBuildYet, .. } => "decided-by-a-build",
        ScanAnswer::Unknown { because: Because::NotGiven(_) | Because::Never, .. } => "unknown",
        ScanAnswer::CannotApply { .. } => "cannot-apply",
        ScanAnswer::Exempt { .. } => "exempt",
        ScanAnswer::Passes => "passes",
    }
}

/// The kind of diagnostic that a decision is, if it is one.
fn code(rule: &ScannedRule) -> Option<Code> {
    match &rule.answer {
        ScanAnswer::Broken { .. } if rule.mode == Mode::Enforce => Some(Code::BrokenRule),
        ScanAnswer::Broken { .. } => Some(Code::BrokenReportedRule),
        ScanAnswer::Unknown { because: Because::NotGiven(_) | Because::Never, .. } => Some(Code::UnknownSetting),
        ScanAnswer::Unknown { because: Because::NoBuildYet, .. }
        | ScanAnswer::CannotApply { .. }
        | ScanAnswer::Exempt { .. }
        | ScanAnswer::Passes => None,
    }
}

/// The reason why a fact is unknown.
fn because(because: &Because) -> &str {
    match because {
        Because::NoBuildYet => "only a build shows it",
        Because::NotGiven(why) => why,
        Because::Never => "it is unknown for every build with these settings",
    }
}
