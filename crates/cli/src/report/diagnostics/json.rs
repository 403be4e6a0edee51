//! Diagnostics as one JSON object.

use buildbrake_core::diagnostic::{Finding, Fix, Severity};
use serde::{Serialize, Serializer};

use super::number_of;

#[derive(Serialize)]
struct CheckedRow<'a> {
    diagnostics: Vec<DiagnosticRow<'a>>,
    errors: usize,
    warnings: usize,
    notes: usize,
}

#[derive(Serialize)]
struct DiagnosticRow<'a> {
    file: &'a str,
    /// From 1; absent if the finding is about the whole file.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    /// In characters, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
    id: &'static str,
    severity: &'static str,
    message: &'a str,
    help: &'a str,
    /// What `--fix` replaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<FixRow<'a>>,
}

#[derive(Serialize)]
struct FixRow<'a> {
    line: usize,
    column: usize,
    old: &'a str,
    new: &'a str,
}

impl<'a> From<&'a Finding> for DiagnosticRow<'a> {
    fn from(finding: &'a Finding) -> Self {
        let Finding { file, place, code, message, help, excerpt: _, fix } = finding;
        Self {
            file,
            line: place.map(|place| place.line),
            column: place.map(|place| place.column),
            id: code.id(),
            severity: code.severity().name(),
            message,
            help,
            fix: fix.as_deref().map(|Fix { place, old, new }| FixRow {
                line: place.line,
                column: place.column,
                old,
                new,
            }),
        }
    }
}

/// Serializes findings as members of another object.
pub(crate) fn list<S: Serializer>(findings: &[Finding], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(findings.iter().map(DiagnosticRow::from))
}

pub(super) fn object(findings: &[Finding]) -> anyhow::Result<String> {
    let object = CheckedRow {
        diagnostics: findings.iter().map(DiagnosticRow::from).collect(),
        errors: number_of(findings, Severity::Error),
        warnings: number_of(findings, Severity::Warning),
        notes: number_of(findings, Severity::Note),
    };
    Ok(format!("{}\n", serde_json::to_string_pretty(&object)?))
}
