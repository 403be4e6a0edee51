//! Diagnostics as workflow commands of GitHub Actions.
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>

use buildbrake_core::diagnostic::{Finding, Place, Severity};

use crate::output::without_controls;

/// One finding as a line.
pub(crate) fn command(finding: &Finding) -> String {
    let Finding { file, place, code, message, help, .. } = finding;
    let command = match code.severity() {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let mut properties = String::new();
    // A finding about a project of an account has no file.
    if !file.is_empty() {
        properties.push_str(&format!("file={},", property(file)));
    }
    if let Some(Place { line, column }) = place {
        properties.push_str(&format!("line={line},col={column},"));
    }
    format!("::{command} {properties}title={}::{}\n", code.id(), data(&format!("{message}\n{help}")))
}

/// Escapes the characters that the runner's own toolkit escapes. The runner unescapes them.
/// <https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts>
fn data(text: &str) -> String {
    without_controls(&text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A"))
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
