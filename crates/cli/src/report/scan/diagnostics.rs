//! The report of a scan as diagnostics: SARIF, and annotations of GitHub.

use buildbrake_core::{
    diagnostic::{Code, Finding, printable},
    scan::{ScanAnswer, ScannedRule},
};
use serde_json::{Value, json};

use super::{because, code};
use crate::{
    report::diagnostics::{github, sarif},
    scan::{
        ProjectOrigin,
        baseline::identity,
        results::{ProjectRuleResult, ScanResults, ScannedProject, SkippedResult, Status},
    },
};

/// A diagnostic, and what it is about.
struct Diagnosed<'a> {
    finding: Finding,
    origin: &'a ProjectOrigin,
    status: Status,
    result: Option<&'a ProjectRuleResult>,
}

/// Workflow commands of GitHub Actions. Findings that the baseline accepts are left out.
pub(crate) fn annotations(results: &ScanResults) -> String {
    let all = diagnosed(results);
    let new = all.iter().filter(|one| one.status != Status::Accepted);
    new.map(|one| github::command(&one.finding)).collect()
}

/// A SARIF log. A result names the policy's rule in its properties, and has a fingerprint that stays the
/// same if lines move. Findings that the baseline accepts are suppressed. A project of an account is in no file:
/// the place of such a result is the rule in the policy, because code scanning refuses a log with a result
/// without a place.
pub(crate) fn log(results: &ScanResults, policy: &str) -> anyhow::Result<String> {
    let all = diagnosed(results);
    let findings: Vec<Finding> = all.iter().map(|one| one.finding.clone()).collect();
    sarif::log_with(&findings, |index, json| {
        if let Some(one) = all.get(index) {
            complete(one, policy, json);
        }
    })
}

fn complete(one: &Diagnosed<'_>, policy: &str, json: &mut Value) {
    let name = json!([{ "fullyQualifiedName": one.origin.address, "kind": "resource" }]);
    json["locations"][0]["logicalLocations"] = name;
    if one.origin.file.is_none() {
        let rule = one.result.map(|result| result.rule.place);
        json["locations"][0]["physicalLocation"] = sarif::location(policy, rule);
    }
    if one.status == Status::Accepted {
        json["suppressions"] = json!([{ "kind": "external", "status": "accepted" }]);
    }
    let Some(ProjectRuleResult { rule, .. }) = one.result else { return };
    json["properties"] = json!({ "rule": rule.rule, "check": rule.check, "mode": rule.mode, "owner": rule.owner });
    json["partialFingerprints"] = json!({ "projectAndRule/v1": format!("{} {}", identity(one.origin), rule.rule) });
}

fn diagnosed(results: &ScanResults) -> Vec<Diagnosed<'_>> {
    let rules = results.each().filter_map(|(scanned, result)| {
        let finding = finding(scanned, result, code(&result.rule)?);
        Some(Diagnosed { finding, origin: &scanned.project.origin, status: result.status, result: Some(result) })
    });
    let left_out = results.left_out.iter().map(|SkippedResult { input, status }| Diagnosed {
        finding: Finding {
            file: input.origin.file.clone().unwrap_or_default(),
            place: input.origin.place,
            code: Code::NotScanned,
            message: printable(&format!("{} is not judged", input.origin.address), LENGTH),
            help: printable(&input.why, LENGTH),
            excerpt: None,
            fix: None,
        },
        origin: &input.origin,
        status: *status,
        result: None,
    });
    rules.chain(left_out).collect()
}

/// The maximum length of a message or a help text, in characters.
const LENGTH: usize = 1_000;

fn finding(scanned: &ScannedProject, result: &ProjectRuleResult, code: Code) -> Finding {
    let ScannedRule { rule, check, limit, reason, owner, answer, .. } = &result.rule;
    let origin = &scanned.project.origin;
    let of = match scanned.project.settings.name() {
        Some(name) if origin.file.is_some() => format!("{} (project {name})", origin.address),
        _ => origin.address.clone(),
    };
    let (message, help) = match answer {
        ScanAnswer::Unknown { missing, because: why, .. } => {
            (format!("{of}: the rule {rule} cannot be evaluated: {missing} is unknown"), because(why).to_owned())
        }
        ScanAnswer::Broken { found } => {
            let never = if scanned.is_never_stopped == Some(true) { "; its builds are never stopped" } else { "" };
            let default = if result.is_default { ", CodeBuild's default" } else { "" };
            let owner = owner.as_ref().map(|owner| format!("ask {owner}"));
            let help: Vec<String> = reason.iter().map(|reason| reason.trim_end().to_owned()).chain(owner).collect();
            let help = if help.is_empty() { "change the setting, or the rule".to_owned() } else { help.join(" – ") };
            (format!("{of} breaks the rule {rule}: {check} {limit}; found: {found}{default}{never}"), help)
        }
        ScanAnswer::CannotApply { .. } | ScanAnswer::Exempt { .. } | ScanAnswer::Passes => Default::default(),
    };
    Finding {
        file: origin.file.clone().unwrap_or_default(),
        place: result.place,
        code,
        message: printable(&message, LENGTH),
        help: printable(&help, LENGTH),
        excerpt: None,
        fix: None,
    }
}
