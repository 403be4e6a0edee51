//! Findings about a valid policy: rules that have no effect or will soon change, and useful facts. A warning is
//! given only if it is certainly right.

mod claims;
mod dates;
mod effect;
mod example;
mod exclusion;
mod newest;
mod sandboxes;
mod subsumption;

use jiff::Timestamp;

use super::{MaxStops, Policy, Rule};
use crate::{
    checks::CheckOption,
    diagnostic::{Code, Diagnostic},
    expression::{Expression, Variable},
};

/// The findings about a policy at that time.
pub(super) fn findings(policy: &Policy, now: Timestamp) -> Vec<Diagnostic> {
    let mut findings = policy.warnings.clone();
    findings.extend(never_stop(policy));
    findings.extend(max_stops(policy));
    for (index, rule) in policy.rules.iter().enumerate() {
        findings.extend(dates::enforce_after(rule, now));
        findings.extend(dates::exemptions(rule, now));
        // A rule that is off has no effect on purpose.
        if !rule.is_off() {
            findings.extend(dates::comparisons(rule, now));
            findings.extend(no_prices(policy, rule));
            findings.extend(no_deadline(rule));
            findings.extend(claims::by_text_alone(rule));
            findings.extend(effect::limit(rule));
            findings.extend(effect::constants(rule));
            findings.extend(effect::contradiction(&policy.rules, rule));
            findings.extend(exclusion::keys(rule));
            findings.extend(exclusion::expression(rule));
            findings.extend(exclusion::scope(rule));
            findings.extend(exclusion::exemption(rule));
            findings.extend(newest::scope(rule));
            findings.extend(sandboxes::selectors(rule));
            findings.extend(never_broken(rule).or_else(|| shadowed(&policy.rules, index, now)));
        }
    }
    findings
}

fn never_stop(policy: &Policy) -> Option<Diagnostic> {
    policy.never_stop.as_ref().filter(|projects| projects.match_everything())?;
    let message = "no rule can stop a build, because `never-stop` matches every project";
    let help = "list only the projects whose builds must not be stopped; use `mode: report` to stop none";
    Some(Diagnostic::new(Code::NeverStopsAnything, policy.never_stop_place, message, help))
}

fn max_stops(policy: &Policy) -> Option<Diagnostic> {
    let always = MaxStops::ALWAYS;
    match policy.max_stops {
        MaxStops::Count(..MaxStops::ALWAYS) | MaxStops::Percent(0) => {
            let message = format!("a sweep may always stop up to {always} builds, so this setting has no effect");
            let help = format!("use `max-stops-per-sweep: {always}` or more, or `mode: report` to stop none");
            Some(Diagnostic::new(Code::StopLimitWithoutEffect, policy.max_stops_place, message, help))
        }
        MaxStops::Count(_) | MaxStops::Percent(_) => None,
    }
}

fn no_prices(policy: &Policy, rule: &Rule) -> Option<Diagnostic> {
    if !policy.prices.is_empty() {
        return None;
    }
    let id = &rule.id;
    let message = match rule.check.option() {
        CheckOption::MaxDollars(_) => {
            format!("`{id}` is undecided for every build, because the policy has no `prices`")
        }
        _ if rule.expressions().flat_map(Expression::reads).any(|variable| variable == Variable::Cost) => {
            format!("`cost` is unknown in `{id}`, because the policy has no `prices`")
        }
        _ => return None,
    };
    let help =
        "add `prices: { LINUX_CONTAINER/BUILD_GENERAL1_SMALL: 0.005 }`, with a price for every compute type in use";
    Some(Diagnostic::new(Code::NoPrices, rule.place, message, help))
}

fn no_deadline(rule: &Rule) -> Option<Diagnostic> {
    if rule.check.has_deadline() {
        return None;
    }
    let (id, name) = (&rule.id, rule.clock_variable()?.name());
    let message = format!("`{id}` uses `{name}` and has no deadline: only later events and the sweep enforce it");
    let help = "run the sweep often enough; `max-duration`, `max-queue-time` and `max-cost` have deadlines";
    Some(Diagnostic::new(Code::NoDeadline, rule.place, message, help))
}

fn never_broken(rule: &Rule) -> Option<Diagnostic> {
    let id = &rule.id;
    if rule.is_never_broken() {
        let message = format!("no build can break `{id}`, because `*` allows every value");
        return Some(Diagnostic::new(
            Code::AllowsEverything,
            rule.place,
            message,
            "use narrower patterns, or remove the rule",
        ));
    }
    let (place, exemptions) = match rule.voiding_exemptions().as_slice() {
        [] => return None,
        [exemption] => (exemption.place, "this exemption matches"),
        _ => (rule.place, "its exemptions match"),
    };
    let example = rule.only.first().and_then(example::of_selector);
    let example = example.map(|example| format!(", such as {example}")).unwrap_or_default();
    let builds = if rule.only.is_empty() { "every build" } else { "every build that `only` selects" };
    let message = format!("no build can break `{id}`, because {exemptions} {builds}{example}");
    Some(Diagnostic::new(
        Code::ExemptsEverything,
        place,
        message,
        "use narrower exemptions, or `mode: off` to turn the rule off",
    ))
}

fn shadowed(rules: &[Rule], index: usize, now: Timestamp) -> Option<Diagnostic> {
    let rule = rules.get(index)?;
    let by = rules.iter().enumerate().find(|(other, by)| {
        // Of two rules that do the same, warn about the later one.
        *other != index && !by.is_off() && by.shadows(rule, now) && (*other < index || !rule.shadows(by, now))
    });
    let (_, by) = by?;
    let example = example::of_broken(rule).map(|example| format!(": {example} breaks both")).unwrap_or_default();
    let message =
        format!("`{}` adds nothing, because `{}` already does everything that it does{example}", rule.id, by.id);
    let help = format!("remove it, or make it stricter than `{}` in line {}", by.id, by.place.line);
    Some(Diagnostic::new(Code::RedundantRule, rule.place, message, help))
}

#[cfg(test)]
mod tests;
