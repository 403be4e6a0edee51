//! The report of a scan as one JSON object.

use std::collections::BTreeMap;

use buildbrake_core::{
    diagnostic::Place,
    policy::Mode,
    scan::{AnswerKind, ScanAnswer},
};
use jiff::civil::Date;
use serde::Serialize;

use super::{because, word};
use crate::scan::{
    ProjectOrigin,
    results::{Counts, ProjectRuleResult, ScanResults, ScannedProject, SkippedResult, Status},
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ScanReport<'a> {
    projects: Vec<ProjectRow<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_judged: Vec<SkippedRow<'a>>,
    rules: BTreeMap<&'a str, Numbers>,
    findings: usize,
    accepted: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    no_longer_found: Vec<EntryRow<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
    address: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProjectRow<'a> {
    #[serde(flatten)]
    location: Location<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    never_stopped: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    doubt: Option<&'a str>,
    rules: Vec<ScannedRuleRow<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ScannedRuleRow<'a> {
    rule: &'a str,
    check: &'a str,
    limit: &'a str,
    mode: Mode,
    decision: &'static str,
    is_finding: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    accepted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    found: Option<&'a str>,
    /// `true` if the setting is left out, so that it has CodeBuild's default.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_default: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<&'a str>,
    /// Why a fact is unknown, why the rule cannot apply, or why the project is exempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SkippedRow<'a> {
    #[serde(flatten)]
    location: Location<'a>,
    why: &'a str,
    is_finding: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    accepted: bool,
}

#[derive(Serialize)]
struct EntryRow<'a> {
    project: &'a str,
    rule: &'a str,
    found: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Numbers {
    broken: usize,
    unknown: usize,
    decided_by_a_build: usize,
    exempt: usize,
    cannot_apply: usize,
    passes: usize,
}

pub(crate) fn report(results: &ScanResults) -> anyhow::Result<String> {
    let report = ScanReport {
        projects: results.projects.iter().map(project).collect(),
        not_judged: results.left_out.iter().map(skipped).collect(),
        rules: results.by_rule().into_iter().map(|(rule, counts)| (rule, numbers(counts))).collect(),
        findings: results.count(Status::Finding),
        accepted: results.count(Status::Accepted),
        no_longer_found: results
            .gone
            .iter()
            .map(|entry| EntryRow { project: &entry.project, rule: &entry.rule, found: &entry.found })
            .collect(),
    };
    Ok(format!("{}\n", serde_json::to_string_pretty(&report)?))
}

fn location(origin: &ProjectOrigin) -> Location<'_> {
    let (line, column) = numbers_of(origin.place);
    Location { file: origin.file.as_deref(), line, column, address: &origin.address }
}

fn numbers_of(place: Option<Place>) -> (Option<usize>, Option<usize>) {
    (place.map(|place| place.line), place.map(|place| place.column))
}

fn project(scanned: &ScannedProject) -> ProjectRow<'_> {
    let settings = &scanned.project.settings;
    ProjectRow {
        location: location(&scanned.project.origin),
        project: settings.name(),
        account: settings.account(),
        region: settings.region(),
        never_stopped: scanned.is_never_stopped,
        doubt: scanned.project.doubt.as_deref(),
        rules: scanned.rules.iter().map(rule).collect(),
    }
}

fn skipped(SkippedResult { input, status }: &SkippedResult) -> SkippedRow<'_> {
    SkippedRow {
        location: location(&input.origin),
        why: &input.why,
        is_finding: *status == Status::Finding,
        accepted: *status == Status::Accepted,
    }
}

fn rule(result: &ProjectRuleResult) -> ScannedRuleRow<'_> {
    let rule = &result.rule;
    let (line, column) = numbers_of(result.place);
    let (found, missing, why, until) = match &rule.answer {
        ScanAnswer::Broken { found } => (Some(found.as_str()), None, None, None),
        ScanAnswer::Unknown { missing, because: why, breaks } => {
            (breaks.as_deref(), Some(missing.as_str()), Some(because(why)), None)
        }
        ScanAnswer::CannotApply { why } => (None, None, Some(why.as_str()), None),
        ScanAnswer::Exempt { until, reason } => (None, None, reason.as_deref(), *until),
        ScanAnswer::Passes => (None, None, None, None),
    };
    let is_broken = rule.answer.kind() == AnswerKind::Broken;
    ScannedRuleRow {
        rule: &rule.rule,
        check: rule.check,
        limit: &rule.limit,
        mode: rule.mode,
        decision: word(&rule.answer),
        is_finding: result.status == Status::Finding,
        accepted: result.status == Status::Accepted,
        found,
        is_default: result.is_default,
        missing,
        why,
        until,
        reason: rule.reason.as_deref().filter(|_| is_broken),
        owner: rule.owner.as_deref().filter(|_| is_broken),
        line,
        column,
    }
}

fn numbers(counts: Counts) -> Numbers {
    Numbers {
        broken: counts.broken,
        unknown: counts.unknown,
        decided_by_a_build: counts.at_a_build,
        exempt: counts.exempt,
        cannot_apply: counts.cannot_apply,
        passes: counts.passes,
    }
}
