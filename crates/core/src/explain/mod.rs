//! Explains, rule by rule, why a policy judges a build as it does.

mod case;
mod criteria;
#[cfg(test)]
mod tests;
mod text;
mod why;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

pub use self::{
    case::{CaseExplanation, NextQuestion},
    criteria::{CriterionExplanation, FactFrom, Matches, UnknownFact},
};
use self::{criteria::for_all, why::why};
use crate::{
    checks::CheckOption,
    expression::ExpressionPart,
    facts::{Facts, MissingFact},
    policy::{Criterion, Mode, OnUnknown, Policy, Rule},
    url,
    verdict::{Decision, decisions, facts_of_rule, selects},
};

/// The decision of one rule about a build, in one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The rule's id.
    pub rule: String,
    /// The decision and its reason.
    pub why: String,
    /// The fact without which the rule could not be evaluated.
    #[serde(skip)]
    pub missing: Option<MissingFact>,
}

/// Explains the decision of every rule in one line, in the order of the policy.
pub fn reasons(policy: &Policy, facts: Facts<'_>) -> Vec<Reason> {
    let decisions = decisions(policy, facts.clone()).map(|(_, decision)| decision).collect();
    reasons_of(policy, facts, decisions)
}

/// Explains decisions, which are in the order of the policy's rules.
pub(crate) fn reasons_of(policy: &Policy, facts: Facts<'_>, decisions: Vec<Decision>) -> Vec<Reason> {
    // Exemptions may depend on the cost, so look at them with the policy's prices too.
    let facts = Facts { prices: Some(&policy.prices), ..facts };
    let rules = policy.rules.iter().zip(decisions);
    let reasons = rules.map(|(rule, decision)| {
        let why = why(rule, &decision, &facts);
        let missing = match decision {
            Decision::Unknown(undecided, _) => Some(undecided.missing),
            _ => None,
        };
        Reason { rule: rule.id.clone(), why, missing }
    });
    reasons.collect()
}

/// The decision of one rule about a build, with everything that it depends on. Contains no secret of
/// the build.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// The rule's id.
    pub rule: String,
    /// The decision.
    pub decision: Decided,
    /// The decision and its reason in one line.
    pub why: String,
    /// The rule's mode at that moment, under the ceiling.
    pub mode: Mode,
    /// The rule's reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whom to ask about the rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The check's key.
    pub check: &'static str,
    /// The values that the rule allows or forbids.
    pub limit: String,
    /// The value of the build: the one that breaks the rule, or else the one that the check compares, if it is one
    /// value and known. `None` if the rule is undecided or off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    /// The source of that value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<FactFrom>,
    /// The unknown fact, if the rule is undecided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<UnknownFact>,
    /// The rule's `on-unknown`, if the rule is undecided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_unknown: Option<OnUnknown>,
    /// `true` if the undecided rule counts as broken: no source can provide more.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub counts_as_broken: bool,
    /// The expression of `deny-when`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expression: Option<ExpressionPart>,
    /// The selectors of `only`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<SelectorExplanation>,
    /// The exemptions of `except`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<SelectorExplanation>,
}

/// The decision of one rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decided {
    /// The check passes.
    Passes,
    /// The rule is broken.
    Broken,
    /// The rule could not be evaluated.
    Undecided,
    /// The build is exempt.
    Exempt,
    /// The build is not in the rule's scope.
    OutOfScope,
    /// The rule is off.
    Off,
}

/// A selector of `only` or `except`, and whether it matches a build.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SelectorExplanation {
    /// The answer of the selector: it matches if the build meets all criteria.
    pub matches: Matches,
    /// The criteria, in the order of the policy.
    pub criteria: Vec<CriterionExplanation>,
    /// The last day of an exemption, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
    /// `true` if that day is over.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_over: bool,
    /// The reason for an exemption.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Explains the decision of every rule, in the order of the policy.
pub fn explain(policy: &Policy, facts: Facts<'_>) -> Vec<Explanation> {
    let facts = Facts { prices: Some(&policy.prices), ..facts };
    let rules = policy.rules.iter().zip(decisions(policy, facts.clone()));
    rules.map(|(rule, (_, decision))| explain_rule(policy, rule, decision, &facts)).collect()
}

fn explain_rule(policy: &Policy, rule: &Rule, decision: Decision, facts: &Facts<'_>) -> Explanation {
    let why = why(rule, &decision, facts);
    let facts = &facts_of_rule(rule, facts);
    let expression = match rule.check.option() {
        CheckOption::DenyWhen(expression) => Some(expression.parts(facts)),
        _ => None,
    };
    let only = rule.only.iter().map(|selector| SelectorExplanation {
        matches: for_all(facts, |facts| selects(rule, selector, facts)).into(),
        criteria: selector.criteria().map(|criterion| CriterionExplanation::of_only(criterion, facts)).collect(),
        until: None,
        is_over: false,
        reason: None,
    });
    let except = rule.except.iter().map(|exemption| SelectorExplanation {
        matches: for_all(facts, |facts| exemption.fits(facts)).into(),
        criteria: exemption
            .selector
            .criteria()
            .map(|criterion| CriterionExplanation::of_exemption(criterion, facts))
            .collect(),
        until: exemption.until,
        is_over: exemption.is_over(facts.now),
        reason: exemption.reason.clone(),
    });
    let counts_as_broken = matches!(decision, Decision::Unknown(_, Some(_)));
    let value = || rule.check.value(facts).map(|value| url::redacted(&value).into_owned());
    let (decided, found, missing) = match decision {
        Decision::Off => (Decided::Off, None, None),
        Decision::Passes => (Decided::Passes, value(), None),
        Decision::OutOfScope => (Decided::OutOfScope, value(), None),
        Decision::Exempt(_) => (Decided::Exempt, value(), None),
        Decision::Broken(broken) => (Decided::Broken, Some(broken.found), None),
        Decision::Unknown(undecided, _) => {
            let missing = undecided.missing.explained(facts.unavailable);
            // The expression of a `when` may read the fact.
            let conditions = rule.only.iter().chain(rule.except.iter().map(|exemption| &exemption.selector));
            let conditions =
                conditions.flat_map(|selector| selector.criteria()).filter_map(|criterion| match criterion {
                    Criterion::When(expression) => Some(expression.parts(facts)),
                    _ => None,
                });
            let mut expressions = expression.clone().into_iter().chain(conditions);
            let read = format!("{missing}");
            let expression = expressions.find(|part| part.absent_path(&read).is_some());
            (Decided::Undecided, None, Some(UnknownFact::of(&missing, facts, expression.as_ref())))
        }
    };
    Explanation {
        rule: rule.id.clone(),
        decision: decided,
        why,
        mode: rule.mode.at(facts.now).min(policy.ceiling),
        reason: rule.reason.clone(),
        owner: rule.owner.clone(),
        check: rule.kind.id,
        limit: rule.check.limit(),
        from: found.as_ref().and_then(|_| FactFrom::of_check(rule.kind, facts)),
        found,
        on_unknown: missing.is_some().then_some(rule.on_unknown),
        counts_as_broken,
        missing,
        expression,
        only: only.collect(),
        except: except.collect(),
    }
}
