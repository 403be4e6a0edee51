//! The report of a scan as text.

use buildbrake_core::{
    diagnostic::{Code, Place, printable},
    policy::Mode,
    scan::{Because, ScanAnswer},
};

use super::{because, code};
use crate::{
    output::{FAILED, count},
    scan::{
        ProjectOrigin,
        results::{ProjectRuleResult, ScanResults, ScannedProject, SkippedResult, Status},
    },
};

/// Each project with its findings, a summary by rule, and what was not judged.
pub(crate) fn report(results: &ScanResults) -> String {
    let mut text: String = results.projects.iter().map(project).collect();
    for SkippedResult { input, status } in &results.left_out {
        let (header, id) = (header(&input.origin, None), Code::NotScanned.id());
        text.push_str(&format!("{header}\n  not judged[{id}]{}: {}\n\n", accepted(*status), shown(&input.why)));
    }
    if !results.gone.is_empty() {
        text.push_str("the baseline accepts findings that no longer occur; remove them with `--write-baseline`:\n");
        for entry in &results.gone {
            let [project, rule, found] = [&entry.project, &entry.rule, &entry.found].map(|text| shown(text));
            text.push_str(&format!("  {project}: {rule}; found: {found}\n"));
        }
        text.push('\n');
    }
    text.push_str(&by_rule(results));
    text.push_str(&format!(
        "{}, {}{}\n",
        count(results.projects.len(), "project"),
        count(results.count(Status::Finding), "finding"),
        match results.count(Status::Accepted) {
            0 => String::new(),
            accepted => format!(", {accepted} accepted by the baseline"),
        }
    ));
    text
}

/// A project, and its decisions line by line. Those that pass are only counted.
fn project(scanned: &ScannedProject) -> String {
    let mut text = header(&scanned.project.origin, scanned.project.settings.name());
    if scanned.is_never_stopped == Some(true) {
        text.push_str(", never stopped");
    }
    text.push('\n');
    if let Some(doubt) = &scanned.project.doubt {
        text.push_str(&format!("  {}\n", shown(doubt)));
    }
    let mut until_a_build = Vec::new();
    let mut listed = 0;
    for result in &scanned.rules {
        match &result.rule.answer {
            ScanAnswer::Unknown { because: Because::NoBuildYet, breaks: None, .. } => {
                until_a_build.push(&*result.rule.rule)
            }
            _ => {
                let lines = rule(result, &scanned.project.origin);
                listed += usize::from(!lines.is_empty());
                text.push_str(&lines);
            }
        }
    }
    if !until_a_build.is_empty() {
        text.push_str(&format!("  decided when a build runs: {}\n", until_a_build.join(", ")));
    }
    if listed == 0 && until_a_build.is_empty() {
        text.push_str("  breaks no rule\n");
    }
    text.push('\n');
    text
}

fn header(origin: &ProjectOrigin, name: Option<&str>) -> String {
    let address = shown(&origin.address);
    let name = name.filter(|name| !is_named(&address, name)).map(|name| format!(", project {}", shown(name)));
    let file = origin.file.as_ref().map(|file| format!("{}{}: ", shown(file), colons(origin.place)));
    format!("{}{address}{}", file.unwrap_or_default(), name.unwrap_or_default())
}

/// Returns whether an address shows the project's name.
fn is_named(address: &str, name: &str) -> bool {
    address == name || address.ends_with(&format!(":project/{name}"))
}

/// `:LINE:COLUMN`.
fn colons(place: Option<Place>) -> String {
    place.map(|place| format!(":{}:{}", place.line, place.column)).unwrap_or_default()
}

/// The lines of a decision; none if the settings pass.
fn rule(result: &ProjectRuleResult, origin: &ProjectOrigin) -> String {
    let rule = &result.rule;
    let place = result.place.filter(|_| result.place != origin.place).map(|place| format!(" (line {})", place.line));
    let place = place.unwrap_or_default();
    let id = &rule.rule;
    let check = format!("{} {}", rule.check, shown(&rule.limit));
    let mode = if rule.mode == Mode::Report { " (report only)" } else { "" };
    let diagnostic = code(rule).map(|code| format!("[{}]", code.id())).unwrap_or_default();
    let line = match &rule.answer {
        ScanAnswer::Passes => return String::new(),
        ScanAnswer::Broken { found } => {
            let accepted = accepted(result.status);
            let default = if result.is_default { ", CodeBuild's default" } else { "" };
            let label = format!("{FAILED}broken{diagnostic}{FAILED:#}");
            format!("{label}{mode}{accepted}: {id}: {check}; found: {}{default}{place}", shown(found))
        }
        ScanAnswer::Unknown { missing, because: why, breaks } => {
            let breaks =
                breaks.as_ref().map(|found| format!("; if it applies, it is broken: {check}; found: {}", shown(found)));
            let accepted = accepted(result.status);
            format!(
                "unknown{diagnostic}{accepted}: {id}: {}; {}{}{place}",
                shown(missing),
                shown(because(why)),
                breaks.unwrap_or_default()
            )
        }
        ScanAnswer::CannotApply { why } => format!("cannot apply: {id}: {}", shown(why)),
        ScanAnswer::Exempt { until, reason } => {
            let until = until.map(|until| format!(", until {until}")).unwrap_or_default();
            let reason = reason.as_ref().map(|reason| format!(": {}", shown(reason.trim_end())));
            format!("exempt: {id}{until}{}", reason.unwrap_or_default())
        }
    };
    let mut text = format!("  {line}\n");
    if matches!(rule.answer, ScanAnswer::Broken { .. }) {
        let reason = rule.reason.as_ref().map(|reason| shown(reason.trim_end()));
        let owner = rule.owner.as_ref().map(|owner| format!("ask {}", shown(owner)));
        let more: Vec<String> = reason.into_iter().chain(owner).collect();
        if !more.is_empty() {
            text.push_str(&format!("    {}\n", more.join(" – ")));
        }
    }
    text
}

fn accepted(status: Status) -> &'static str {
    if status == Status::Accepted { ", accepted by the baseline" } else { "" }
}

/// A table with a row for each rule.
fn by_rule(results: &ScanResults) -> String {
    let by_rule = results.by_rule();
    let width = by_rule.keys().map(|rule| rule.len()).max().unwrap_or_default().max(4);
    if by_rule.is_empty() {
        return String::new();
    }
    let mut text = format!("{:width$}  broken  unknown  at a build  exempt  cannot apply  passes\n", "rule");
    for (rule, counts) in by_rule {
        text.push_str(&format!(
            "{rule:width$}  {:>6}  {:>7}  {:>10}  {:>6}  {:>12}  {:>6}\n",
            counts.broken, counts.unknown, counts.at_a_build, counts.exempt, counts.cannot_apply, counts.passes
        ));
    }
    text.push('\n');
    text
}

/// A text of a file or an account, without control characters that a terminal would heed.
fn shown(text: &str) -> String {
    printable(text, 300)
}
