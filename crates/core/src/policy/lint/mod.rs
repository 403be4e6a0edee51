//! What is valid and probably not meant: dates that have passed or soon will, and rules
//! that do nothing. A warning is right, or it is not given.

mod subsumption;

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::{MaxStops, Mode, Policy, Rule, RuleMode, is_over};
use crate::yaml::fault::{Fault, Place};

/// So many days ahead a date is warned of.
const DAYS_AHEAD: i64 = 14;

/// The warnings about a policy at that moment.
pub(super) fn warnings(policy: &Policy, now: Timestamp) -> Vec<Fault> {
    let mut warnings = Vec::new();
    warnings.extend(never_stop(policy));
    warnings.extend(max_stops(policy));
    for (index, rule) in policy.rules.iter().enumerate() {
        warnings.extend(enforce_after(rule, now));
        warnings.extend(exemptions(rule, now));
        // A rule that is off does nothing on purpose.
        if !is_off(rule) {
            warnings.extend(no_prices(policy, rule));
            warnings.extend(never_applies(rule).or_else(|| shadowed(&policy.rules, index, now)));
        }
    }
    warnings
}

fn warning(place: Place, found: impl Into<String>, right: impl Into<String>) -> Fault {
    Fault { place, found: found.into(), right: right.into() }
}

fn is_off(rule: &Rule) -> bool {
    rule.mode == RuleMode::Always(Mode::Off)
}

fn never_stop(policy: &Policy) -> Option<Fault> {
    policy.never_stop.as_ref().filter(|projects| projects.are_everything())?;
    let found = "no rule can stop anything: `never-stop` fits every project";
    let right = "the projects that must not be stopped; `mode: report` where none is to be";
    Some(warning(policy.never_stop_place, found, right))
}

fn max_stops(policy: &Policy) -> Option<Fault> {
    let always = MaxStops::ALWAYS;
    match policy.max_stops {
        MaxStops::Count(count) if count < always => {
            let found = format!("a sweep may stop {always} builds all the same: so many always are allowed");
            Some(warning(policy.max_stops_place, found, format!("`max-stops-per-sweep: {always}`, or more")))
        }
        _ => None,
    }
}

fn no_prices(policy: &Policy, rule: &Rule) -> Option<Fault> {
    let found = format!("`{}` cannot tell of any build: the policy has no prices", rule.id);
    let right = "`prices: { LINUX_CONTAINER/BUILD_GENERAL1_SMALL: 0.005 }`, with every compute type that is used";
    (rule.check_id == "max-cost" && policy.prices.is_empty()).then(|| warning(rule.place, found, right))
}

fn enforce_after(rule: &Rule, now: Timestamp) -> Option<Fault> {
    let RuleMode::EnforceAfter(date) = rule.mode else { return None };
    let id = &rule.id;
    let (found, right) = match coming(date, now)? {
        Coming::Over => (
            format!("`enforce-after` has passed: `{id}` is enforced since the end of {date}, UTC"),
            "`mode: enforce`, which says the same",
        ),
        Coming::Soon(when) => (
            format!("`{id}` will be enforced after {date}, UTC, {when}"),
            "a later day, where what it reports is not yet to be stopped",
        ),
    };
    Some(warning(rule.mode_place, found, right))
}

fn exemptions(rule: &Rule, now: Timestamp) -> impl Iterator<Item = Fault> {
    let id = &rule.id;
    rule.except.iter().filter_map(move |exemption| {
        let until = exemption.until?;
        let (found, right) = match coming(until, now)? {
            Coming::Over => (
                format!("this exemption from `{id}` exempts nothing any more: it ended with {until}, UTC"),
                "no such exemption, or a later day where it is still needed",
            ),
            Coming::Soon(when) => (
                format!("this exemption from `{id}` ends with {until}, UTC, {when}"),
                "a later day, where it is needed for longer",
            ),
        };
        Some(warning(exemption.place, found, right))
    })
}

/// How near a date is, where it is near enough to be told.
enum Coming {
    Over,
    /// And when, as the end of a sentence.
    Soon(String),
}

/// A date holds through its day, UTC: on that day it is still to come.
fn coming(date: Date, now: Timestamp) -> Option<Coming> {
    if is_over(date, now) {
        return Some(Coming::Over);
    }
    let today = now.to_zoned(TimeZone::UTC).date();
    match date.duration_since(today).as_hours() / 24 {
        0 => Some(Coming::Soon("which is today".into())),
        1 => Some(Coming::Soon("which is tomorrow".into())),
        days if days <= DAYS_AHEAD => Some(Coming::Soon(format!("which is in {days} days"))),
        _ => None,
    }
}

fn never_applies(rule: &Rule) -> Option<Fault> {
    let id = &rule.id;
    if rule.is_never_broken() {
        let found = format!("no build can break `{id}`: `*` allows everything");
        return Some(warning(rule.place, found, "patterns that leave something out, or no such rule"));
    }
    let (place, found) = match rule.voiding_exemptions().as_slice() {
        [] => return None,
        [exemption] => {
            let what = if rule.only.is_empty() { "every build" } else { "every build that `only` lets it look at" };
            (exemption.place, format!("no build can break `{id}`: this exemption fits {what}"))
        }
        _ => (
            rule.place,
            format!("no build can break `{id}`: its exemptions fit every build that `only` lets it look at"),
        ),
    };
    Some(warning(place, found, "an exemption that leaves the rule something; `mode: off` where it is not to be judged"))
}

fn shadowed(rules: &[Rule], index: usize, now: Timestamp) -> Option<Fault> {
    let rule = rules.get(index)?;
    let by = rules.iter().enumerate().find(|(other, by)| {
        // Of two that do the same, the later one is told.
        *other != index && !is_off(by) && by.shadows(rule, now) && (*other < index || !rule.shadows(by, now))
    });
    let (_, by) = by?;
    let found = format!("`{}` adds nothing: `{}` does all that it does", rule.id, by.id);
    let right = format!("no such rule, or one that is stricter than `{}` in line {}", by.id, by.place.line);
    Some(warning(rule.place, found, right))
}

#[cfg(test)]
mod tests;
