//! Exports a policy as an IAM policy that refuses builds before they start, as far as IAM can see what the
//! rules compare. A remark names everything that IAM cannot see.
//!
//! A statement denies a call only if its build would certainly be in the rule's scope, not be exempt, not be
//! protected, and break the check. Remarks name the exceptions: the statements of [`Breadth::Broad`], unusual
//! spellings of images and source locations, which IAM cannot read as the checks do, and batches whose buildspec
//! gives their builds other settings.

mod area;
mod compute;
mod images;
mod prevention;
mod resources;
mod sources;
mod statement;

use jiff::civil::Date;
use serde_json::{Value, json};

use self::{
    area::{Area, Arn, Widened},
    prevention::{Prevention, prevention},
    resources::Resources,
    statement::{Draft, free_sid},
};
use crate::{
    model::RunKind,
    policy::{Exemption, Mode, Policy, Rule, RuleMode},
};

/// Limits of the size of a document, in characters without white space.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>,
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html>
const LIMITS: [(usize, &str); 3] = [
    (5_120, "5,120, which was the limit of a service control policy before AWS raised it to 10,240"),
    (6_144, "6,144, the limit of an IAM managed policy"),
    (10_240, "10,240, the limit of a service control policy"),
];

/// An IAM policy document, with remarks.
#[derive(Debug)]
pub struct Export {
    /// The document. It has no statement if no rule can be exported.
    pub document: Value,
    /// One line for each thing that is not exported, or that is special about the statements.
    pub remarks: Vec<String>,
}

/// The selection of statements to export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breadth {
    /// Only statements that refuse nothing that the rule allows, except for the unusual spellings that remarks name.
    Exact,
    /// Also statements that refuse more than the rule, if no key shows exactly what it forbids.
    Broad,
}

/// Exports the enforced rules as Deny statements.
pub fn iam(policy: &Policy, breadth: Breadth) -> Export {
    let mut statements: Vec<Value> = Vec::new();
    let mut remarks = Vec::new();
    for rule in &policy.rules {
        let mut remark = |text: &str| remarks.push(format!("{}: {text}", rule.id));
        let drafts = rule_statements(policy, rule, breadth, &mut remark);
        let several = drafts.len() > 1;
        for (index, draft) in drafts.into_iter().enumerate() {
            let sid = free_sid(&statements, &rule.id, several.then_some(index + 1));
            statements.push(draft.statement(sid));
        }
    }
    if policy.judges_sandboxes() && !policy.rules.iter().any(Rule::forbids_sandboxes) {
        remarks.push(
            "sandboxes are not refused: they run what the project has, which no condition key contains; to refuse \
             all of them, add a rule with `deny-when: \"true\"` and `only: [{ kinds: [sandbox] }]`"
                .into(),
        );
    }
    if statements.is_empty() {
        remarks.push("the document has no statement, and IAM does not accept it".into());
    } else {
        remarks.push(
            "a condition key contains what a call overrides, never what the project has; keep buildbrake running"
                .into(),
        );
        remarks.push(
            "StartBuildBatch is refused for what the call overrides, even if the buildspec gives the builds of the \
             batch something else"
                .into(),
        );
    }
    let document = json!({"Version": "2012-10-17", "Statement": statements});
    let size = document.to_string().chars().count();
    if let Some((_, limit)) = LIMITS.iter().rev().find(|(limit, _)| size > *limit) {
        remarks.push(format!("the document has {size} characters without white space, more than {limit}"));
    }
    Export { document, remarks }
}

fn rule_statements(policy: &Policy, rule: &Rule, breadth: Breadth, remark: &mut impl FnMut(&str)) -> Vec<Draft> {
    let from = match enforced_from(rule.mode) {
        Ok(from) => from,
        Err(why) => {
            remark(&format!("not exported: {why}"));
            return Vec::new();
        }
    };
    let kind = if rule.forbids_sandboxes() { RunKind::Sandbox } else { RunKind::Build };
    if !rule.may_apply_to(kind) {
        remark("not exported: the rule applies only to sandboxes, and no condition key contains a sandbox's settings");
        return Vec::new();
    }
    let (refusals, notes) = match prevention(rule, kind) {
        Prevention::NoKey(why) => {
            remark(&format!("not exported: {why}"));
            return Vec::new();
        }
        Prevention::Broad { why, .. } if breadth == Breadth::Exact => {
            remark(&format!("not exported because of --exact: {why}"));
            return Vec::new();
        }
        Prevention::Broad { refusals, why } => (refusals, vec![format!("refuses more than the rule: {why}")]),
        Prevention::Exact { refusals, remarks } => (refusals, remarks),
    };
    if refusals.is_empty() {
        remark("not exported: no argument of StartBuild certainly breaks the rule");
        notes.iter().for_each(|note| remark(note));
        return Vec::new();
    }
    let only = scope(rule, kind, remark);
    let mut drafts = Vec::new();
    for (from, resources) in times_and_resources(policy, rule, kind, from, &only, remark) {
        for refusal in &refusals {
            drafts.push(Draft { kind, refusal: refusal.clone(), resources: resources.clone(), from });
        }
    }
    if !drafts.is_empty() {
        notes.iter().for_each(|note| remark(note));
    }
    drafts
}

/// Returns the first day on which a rule is enforced, or `None` if it always is. The error is the reason why it
/// never is.
fn enforced_from(mode: RuleMode) -> Result<Option<Date>, &'static str> {
    match mode {
        RuleMode::Always(Mode::Enforce) => Ok(None),
        RuleMode::Always(Mode::Report) => Err("the rule only reports"),
        RuleMode::Always(Mode::Off) => Err("the rule is off"),
        RuleMode::EnforceAfter(date) => date.tomorrow().map(Some).map_err(|_| "the rule is never enforced"),
    }
}

/// The areas that a rule's `only` selects, as far as ARNs can name them.
fn scope(rule: &Rule, kind: RunKind, remark: &mut impl FnMut(&str)) -> Vec<Area> {
    if rule.only.is_empty() {
        return vec![Area::default()];
    }
    let mut areas = Vec::new();
    for widened in rule.only.iter().filter_map(|selector| Area::widened(selector, kind)) {
        match widened {
            Widened { area, unseen } if unseen.is_empty() => areas.push(area),
            Widened { unseen, .. } => {
                let unseen = unseen.join(" or ");
                remark(&format!("a selector of `only` is left out, because no ARN contains its {unseen}"));
            }
        }
    }
    if areas.is_empty() {
        remark("not exported: no selector of `only` is left");
    }
    areas
}

/// Returns the projects for which a rule refuses calls, each with the first day on which it does. When an
/// exemption ends, the rule covers more: there is one set of statements from the start, and one for each end
/// of an exemption.
fn times_and_resources(
    policy: &Policy,
    rule: &Rule,
    kind: RunKind,
    from: Option<Date>,
    only: &[Area],
    remark: &mut impl FnMut(&str),
) -> Vec<(Option<Date>, Resources)> {
    let protected: Vec<Arn> =
        policy.never_stop.iter().flat_map(|projects| Area::of_projects(projects).arns()).collect();
    let mut starts = vec![from];
    starts.extend(rule.except.iter().filter_map(end).map(Some).filter(|start| *start > from));
    starts.sort();
    starts.dedup();

    let mut found: Vec<(Option<Date>, Resources)> = Vec::new();
    let mut remarks: Vec<String> = Vec::new();
    for start in starts {
        let mut excluded = protected.clone();
        let mut all_exempt = false;
        for exemption in rule.except.iter().filter(|exemption| end(exemption).is_none_or(|end| Some(end) > start)) {
            let Some(Widened { area, unseen }) = Area::widened(&exemption.selector, kind) else { continue };
            if !unseen.is_empty() {
                let until = end(exemption).map(|date| format!(" before {date}")).unwrap_or_default();
                let unseen = unseen.join(" or ");
                remarks.push(format!(
                    "every call that an exemption may cover is let through{until}, because no ARN contains its {unseen}"
                ));
            }
            all_exempt |= area.is_everything();
            excluded.extend(area.arns());
        }
        if all_exempt {
            continue;
        }
        let (resources, unresolved) = Resources::of(only, &excluded);
        for arn in unresolved {
            remarks.push(format!(
                "not exported for {arn}: some of these projects are exempt or never stopped, and ARNs cannot name the \
                 others"
            ));
        }
        let new: Vec<Resources> =
            resources.into_iter().filter(|one| !found.iter().any(|(_, earlier)| earlier == one)).collect();
        found.extend(new.into_iter().map(|resources| (start, resources)));
    }
    if found.is_empty() && !only.is_empty() {
        remarks.push("not exported: every project that ARNs can name is exempt or never stopped".into());
    }
    remarks.sort();
    remarks.dedup();
    remarks.iter().for_each(|text| remark(text));
    found
}

/// The first day after an exemption; `None` if it does not end.
fn end(exemption: &Exemption) -> Option<Date> {
    exemption.until.and_then(|date| date.tomorrow().ok())
}

#[cfg(test)]
mod tests;
