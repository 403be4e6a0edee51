//! Diagnostics in the formats that people and programs read.

pub(crate) mod github;
pub(crate) mod json;
mod pages;
pub(crate) mod sarif;
#[cfg(test)]
mod tests;

use buildbrake_core::diagnostic::{Finding, Severity};

pub(crate) use self::pages::page;

/// A format of diagnostics.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// Text for people.
    Text,
    /// One JSON object.
    Json,
    /// SARIF 2.1.0, which code scanning reads.
    Sarif,
    /// Workflow commands of GitHub Actions, which become annotations.
    Github,
}

impl Format {
    /// All findings as one text; empty if there is nothing to write.
    pub(crate) fn write(self, findings: &[Finding]) -> anyhow::Result<String> {
        Ok(match self {
            Self::Text => findings.iter().map(|finding| format!("{finding}\n\n")).collect(),
            Self::Json => json::object(findings)?,
            Self::Sarif => sarif::log(findings)?,
            Self::Github => findings.iter().map(github::command).collect(),
        })
    }
}

/// The number of findings of one severity.
pub(crate) fn number_of(findings: &[Finding], severity: Severity) -> usize {
    findings.iter().filter(|finding| finding.code.severity() == severity).count()
}
