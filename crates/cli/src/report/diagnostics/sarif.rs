//! Diagnostics as a SARIF log.
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>

use std::path::{Component, Path};

use buildbrake_core::diagnostic::{Code, Finding, Place, Severity};
use serde_json::{Value, json};

use super::page;
use crate::files::from_here;

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// A log with one run.
pub(super) fn log(findings: &[Finding]) -> anyhow::Result<String> {
    log_with(findings, |_, _| {})
}

/// A log with one run. Calls `complete` with the index of each finding and its SARIF result, which it can extend.
pub(crate) fn log_with(findings: &[Finding], complete: impl Fn(usize, &mut Value)) -> anyhow::Result<String> {
    let mut codes: Vec<Code> = findings.iter().map(|finding| finding.code).collect();
    codes.sort_unstable();
    codes.dedup();
    let rules: Vec<Value> = codes.iter().copied().map(rule).collect();
    let mut results: Vec<Value> = findings.iter().map(|finding| result(finding, &codes)).collect();
    results.iter_mut().enumerate().for_each(|(index, result)| complete(index, result));
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {
                "driver": { "name": "buildbrake", "semanticVersion": env!("CARGO_PKG_VERSION"), "rules": rules },
            },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    Ok(format!("{}\n", serde_json::to_string_pretty(&log)?))
}

fn rule(code: Code) -> Value {
    json!({
        "id": code.id(),
        "name": code.name(),
        "shortDescription": { "text": code.summary() },
        "help": {
            "text": format!("`buildbrake rules {}` explains it with an example.", code.id()),
            "markdown": page(code),
        },
        "defaultConfiguration": { "level": level(code) },
    })
}

fn result(finding: &Finding, codes: &[Code]) -> Value {
    let Finding { file, place, code, message, help, fix, .. } = finding;
    let mut result = json!({
        "ruleId": code.id(),
        "ruleIndex": codes.iter().position(|other| other == code),
        "level": level(*code),
        "message": { "text": plain(&format!("{message}; {help}")) },
        "locations": [{ "physicalLocation": location(file, *place) }],
    });
    if let Some(fix) = fix {
        let (start, end) = (fix.place, fix.end());
        result["fixes"] = json!([{
            "artifactChanges": [{
                "artifactLocation": { "uri": uri(file) },
                "replacements": [{
                    "deletedRegion": {
                        "startLine": start.line,
                        "startColumn": start.column,
                        "endLine": end.line,
                        "endColumn": end.column,
                    },
                    "insertedContent": { "text": fix.new },
                }],
            }],
        }]);
    }
    result
}

/// A place in a file. GitHub refuses a whole log if a result has no line.
pub(crate) fn location(file: &str, place: Option<Place>) -> Value {
    let region = match place {
        Some(Place { line, column }) => json!({ "startLine": line, "startColumn": column }),
        None => json!({ "startLine": 1 }),
    };
    json!({ "artifactLocation": { "uri": uri(file) }, "region": region })
}

fn level(code: Code) -> &'static str {
    match code.severity() {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// Escapes the brackets of a text that would contain a link otherwise (§3.11.6).
fn plain(text: &str) -> String {
    if !text.contains("](") {
        return text.to_owned();
    }
    text.replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]")
}

/// The name of a file as a URI, with `/` between its parts. The URI is relative if the name is relative, or if the file
/// is in the current folder or below it. In most continuous integration systems, that folder is the repository's root.
fn uri(file: &str) -> String {
    let path = &*from_here(Path::new(file));
    let parts: Vec<String> = path
        .components()
        .filter_map(|part| match part {
            Component::Prefix(drive) => Some(drive.as_os_str().to_string_lossy().into_owned()),
            Component::Normal(name) => Some(percent_encoded(&name.to_string_lossy())),
            Component::ParentDir => Some("..".to_owned()),
            Component::RootDir | Component::CurDir => None,
        })
        .collect();
    let start = if path.has_root() { "file:///" } else { "" };
    format!("{start}{}", parts.join("/"))
}

/// Encodes all but unreserved characters (RFC 3986, §2.3).
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(byte.into()),
            other => encoded.push_str(&format!("%{other:02X}")),
        }
    }
    encoded
}
