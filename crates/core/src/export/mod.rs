//! Prevention: a policy → the IAM policy that refuses, before a build starts, what IAM sees
//! of its rules; and in words what it does not see.
//!
//! Nothing is refused that the rules allow: a rule's statements hold where the build would
//! surely be in its scope, surely not be exempt, surely not be protected, and surely break it.

mod area;
mod target;

use jiff::civil::Date;
use serde_json::{Map, Value, json};

use crate::{
    checks::prevention::{Condition, Prevention, Refusal},
    policy::{Exemption, Mode, Policy, Rule, RuleMode},
};
use area::{Area, Arn, Widened};
use target::{Target, targets};

/// The actions whose calls carry the keys. `RetryBuild` carries none of them. `CreateProject`
/// and `UpdateProject` do, but a project is no build: each of its builds may override what it has.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodebuild.html>
const ACTIONS: [&str; 2] = ["codebuild:StartBuild", "codebuild:StartBuildBatch"];

/// What of a document is too large for what, in characters without white space.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>,
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html>
const LIMITS: [(usize, &str); 3] = [
    (5_120, "5,120, which was the limit of a service control policy before it became 10,240"),
    (6_144, "6,144, the limit of an IAM managed policy"),
    (10_240, "10,240, the limit of a service control policy"),
];

/// An IAM policy document, and what is to be known of it.
#[derive(Debug)]
pub struct Export {
    /// The document. It has no statement where no key sees any rule.
    pub document: Value,
    /// A line each: what is not exported and why, and what is not as it may seem.
    pub remarks: Vec<String>,
}

/// Which statements are exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breadth {
    /// Those that refuse nothing that the rule allows.
    Exact,
    /// Those too that refuse more, of rules that no key sees exactly.
    Broad,
}

/// The Deny statements of the rules that are enforced.
pub fn iam(policy: &Policy, breadth: Breadth) -> Export {
    let mut statements: Vec<Value> = Vec::new();
    let mut remarks = Vec::new();
    for rule in &policy.rules {
        let mut remark = |text: &str| remarks.push(format!("{}: {text}", rule.id));
        let drafts = rule_statements(policy, rule, breadth, &mut remark);
        let several = drafts.len() > 1;
        for (index, draft) in drafts.into_iter().enumerate() {
            let sid = free_sid(&statements, &rule.id, several.then_some(index + 1));
            statements.push(statement(sid, draft));
        }
    }
    if statements.is_empty() {
        remarks.push("nothing is exported: IAM refuses a document without a statement".into());
    } else {
        remarks.push("a key sees what a call overrides, never what the project has: go on judging the builds".into());
        remarks.push(
            "StartBuildBatch is refused by what all builds of the batch start from, though its buildspec may give \
             each something else"
                .into(),
        );
    }
    let document = json!({"Version": "2012-10-17", "Statement": statements});
    let size = document.to_string().chars().count();
    if let Some((_, limit)) = LIMITS.iter().rev().find(|(limit, _)| size > *limit) {
        remarks.push(format!("the document has {size} characters without white space: more than {limit}"));
    }
    Export { document, remarks }
}

/// A statement without its name.
struct Draft {
    refusal: Refusal,
    target: Target,
    from: Option<Date>,
}

fn rule_statements(policy: &Policy, rule: &Rule, breadth: Breadth, remark: &mut impl FnMut(&str)) -> Vec<Draft> {
    let from = match rule.mode {
        RuleMode::Always(Mode::Enforce) => None,
        RuleMode::Always(Mode::Report) => {
            remark("not exported: it only reports");
            return Vec::new();
        }
        RuleMode::Always(Mode::Off) => {
            remark("not exported: it is off");
            return Vec::new();
        }
        RuleMode::EnforceAfter(date) => match date.tomorrow() {
            Ok(next) => Some(next),
            Err(_) => {
                remark("not exported: it is never enforced");
                return Vec::new();
            }
        },
    };
    let (refusals, notes) = match rule.check.prevention() {
        Prevention::NoKey(why) => {
            remark(&format!("not exported: {why}"));
            return Vec::new();
        }
        Prevention::Broad { why, .. } if breadth == Breadth::Exact => {
            remark(&format!("not exported: {why} (left out by --exact)"));
            return Vec::new();
        }
        Prevention::Broad { refusals, why } => (refusals, vec![format!("refuses more than it forbids: {why}")]),
        Prevention::Exact { refusals, remarks } => (refusals, remarks),
    };
    if refusals.is_empty() {
        remark("not exported: no argument of a call alone would break it");
        notes.iter().for_each(|note| remark(note));
        return Vec::new();
    }
    let only = scope(rule, remark);
    let mut drafts = Vec::new();
    for (from, target) in times_and_targets(policy, rule, from, &only, remark) {
        for refusal in &refusals {
            drafts.push(Draft { refusal: refusal.clone(), target: target.clone(), from });
        }
    }
    if !drafts.is_empty() {
        notes.iter().for_each(|note| remark(note));
    }
    drafts
}

/// The areas a rule looks at, as far as an ARN tells: all there is, where it has no `only`.
fn scope(rule: &Rule, remark: &mut impl FnMut(&str)) -> Vec<Area> {
    if rule.only.is_empty() {
        return vec![Area::default()];
    }
    let mut areas = Vec::new();
    for selector in &rule.only {
        match Area::widened(selector) {
            Widened { area, unseen } if unseen.is_empty() => areas.extend(area),
            Widened { unseen, .. } => {
                remark(&format!("a selector of `only` is left out: no ARN tells its {}", unseen.join(" and ")));
            }
        }
    }
    if areas.is_empty() {
        remark("not exported: nothing of its `only` is left");
    }
    areas
}

/// When a rule refuses, and of which projects. An exemption ends with its day, so that from
/// then on the rule reaches further: a statement for each such day, and one for before.
fn times_and_targets(
    policy: &Policy,
    rule: &Rule,
    from: Option<Date>,
    only: &[Area],
    remark: &mut impl FnMut(&str),
) -> Vec<(Option<Date>, Target)> {
    let protected: Vec<Arn> =
        policy.never_stop.iter().flat_map(|projects| Area::of_projects(projects).arns()).collect();
    let mut starts = vec![from];
    starts.extend(rule.except.iter().filter_map(end).map(Some).filter(|start| *start > from));
    starts.sort();
    starts.dedup();

    let mut found: Vec<(Option<Date>, Target)> = Vec::new();
    let mut said: Vec<String> = Vec::new();
    for start in starts {
        let mut excluded = protected.clone();
        let mut all_exempt = false;
        for exemption in rule.except.iter().filter(|exemption| end(exemption).is_none_or(|end| Some(end) > start)) {
            let Widened { area, unseen } = Area::widened(&exemption.selector);
            if !unseen.is_empty() {
                let until = end(exemption).map(|date| format!(" before {date}")).unwrap_or_default();
                let unseen = unseen.join(" and ");
                said.push(format!(
                    "no ARN tells the {unseen} of an exemption: all it may hold for is let through{until}"
                ));
            }
            all_exempt |= area.as_ref().is_some_and(Area::is_everything);
            excluded.extend(area.iter().flat_map(Area::arns));
        }
        if all_exempt {
            continue;
        }
        let (targets, unresolved) = targets(only, &excluded);
        for arn in unresolved {
            said.push(format!(
                "not exported for {arn}: some of these are exempt or never stopped, and an ARN cannot say which are not"
            ));
        }
        let new: Vec<Target> =
            targets.into_iter().filter(|target| !found.iter().any(|(_, earlier)| earlier == target)).collect();
        found.extend(new.into_iter().map(|target| (start, target)));
    }
    if found.is_empty() && !only.is_empty() {
        said.push("not exported: all that an ARN tells apart is exempt or never stopped".into());
    }
    said.sort();
    said.dedup();
    said.iter().for_each(|text| remark(text));
    found
}

/// The first day after an exemption; `None` where it does not end.
fn end(exemption: &Exemption) -> Option<Date> {
    exemption.until.and_then(|date| date.tomorrow().ok())
}

fn statement(sid: String, Draft { refusal, target, from }: Draft) -> Value {
    let mut conditions = Map::new();
    let mut add = |operator: &str, key: &str, value: Value| {
        let operator = conditions.entry(operator).or_insert_with(|| json!({}));
        operator[key] = value;
    };
    for condition in refusal {
        match condition {
            Condition::Given(key) => add("Null", key, "false".into()),
            Condition::True(key) => add("Bool", key, "true".into()),
            Condition::Like(key, patterns) => add("StringLike", key, one_or_more(patterns)),
            Condition::NotLike(key, patterns) => add("StringNotLike", key, one_or_more(patterns)),
            Condition::AnyLike(key, patterns) => add("ForAnyValue:StringLike", key, one_or_more(patterns)),
        }
    }
    for (key, patterns) in target.conditions {
        add("StringLike", key, one_or_more(patterns));
    }
    if let Some(date) = from {
        add("DateGreaterThanEquals", "aws:CurrentTime", format!("{date}T00:00:00Z").into());
    }
    let mut statement = json!({"Sid": sid, "Effect": "Deny", "Action": ACTIONS});
    statement[target.element] = one_or_more(target.arns);
    statement["Condition"] = Value::Object(conditions);
    statement
}

/// As short as IAM allows, since its documents are of limited size. A literal `$` is written
/// so that it begins no policy variable; `*` and `?` mean the same as in a policy of ours.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>
fn one_or_more(mut texts: Vec<String>) -> Value {
    texts.iter_mut().for_each(|text| *text = text.replace('$', "${$}"));
    match texts.as_slice() {
        [one] => json!(one),
        _ => json!(texts),
    }
}

/// A name that no other statement has: letters and digits, which is all that IAM allows.
fn free_sid(statements: &[Value], rule: &str, number: Option<usize>) -> String {
    let words = rule.split('-').filter_map(|word| {
        let (first, rest) = word.split_at_checked(1)?;
        Some(first.to_uppercase() + rest)
    });
    let mut sid: String = words.collect();
    sid.extend(number.map(|number| number.to_string()));
    while statements.iter().any(|statement| statement["Sid"] == sid.as_str()) {
        sid.push('x');
    }
    sid
}

#[cfg(test)]
mod tests;
