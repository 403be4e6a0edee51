//! The decision of one rule about a build.

use jiff::Timestamp;

use super::{Exempted, Undecided, Violation, supersession};
use crate::{
    checks::{Answer, Fit},
    facts::{Facts, inquiry::Prospect, source_pattern::Direction, supersession::Superseded},
    model::RunKind,
    policy::{BatchScope, Mode, OnUnknown, Rule, Selector},
    url,
};

/// The decision of one rule about a build.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// The rule is off.
    Off,
    /// The check passes.
    Passes,
    /// The build is not in the rule's scope.
    OutOfScope,
    /// The rule is broken or could not be evaluated, but the build is exempt.
    Exempt(Exempted),
    /// The rule is broken.
    Broken(Violation),
    /// The rule could not be evaluated. With `on-unknown: stop` this counts as a violation once no source can provide
    /// more.
    Unknown(Undecided, Option<Violation>),
}

impl Decision {
    /// Returns whether the rule does nothing about the build.
    fn is_harmless(&self) -> bool {
        matches!(self, Self::Off | Self::Passes | Self::OutOfScope | Self::Exempt(_))
    }
}

/// Returns the time when the build will break a rule, if that can be computed and the rule will
/// then apply.
pub(super) fn deadline(rule: &Rule, ceiling: Mode, facts: &Facts<'_>) -> Option<Timestamp> {
    let at = rule.check.breaks_at(facts).filter(|at| *at > facts.now)?;
    let then = facts.at(at);
    // Nothing calls the function back for a sandbox.
    let applies = facts.kind == RunKind::Build
        && rule.mode.at(at).min(ceiling) != Mode::Off
        && in_scope(rule, &then) != Fit::No
        && rule.except.iter().all(|exemption| exemption.fits(&then) != Fit::Yes);
    applies.then_some(at)
}

/// Returns whether the build is in the rule's scope.
pub(crate) fn in_scope(rule: &Rule, facts: &Facts<'_>) -> Fit {
    if !rule.looks_at(facts.kind) {
        return Fit::No;
    }
    match rule.only.as_slice() {
        [] if rule.newest_per().is_some() => supersession::not_of_pipeline(facts),
        [] => Fit::Yes,
        selectors => selectors.iter().fold(Fit::No, |fit, selector| fit.or(facts, || selects(rule, selector, facts))),
    }
}

/// Returns whether a selector of the rule's `only` matches the build.
pub(crate) fn selects(rule: &Rule, selector: &Selector, facts: &Facts<'_>) -> Fit {
    match rule.newest_per() {
        Some(_) => supersession::selects(selector, facts),
        None => selector.fits(facts, Direction::Forbid),
    }
}

/// Returns the facts for the rule's selectors. The selectors of a rule that compares builds look at the first
/// try, if it is known.
pub(crate) fn facts_of_rule<'a>(rule: &Rule, facts: &Facts<'a>) -> Facts<'a> {
    match rule.newest_per().map(|_| facts.of_first_try()) {
        Some(Ok(first)) => first,
        Some(Err(_)) | None => facts.clone(),
    }
}

/// Returns whether the rule exempts the build.
pub(super) fn is_exempt(rule: &Rule, facts: &Facts<'_>) -> Fit {
    rule.except.iter().fold(Fit::No, |fit, exemption| fit.or(facts, || exemption.fits(facts)))
}

/// Judges a build by one rule, once for each possible reference. A rule with the same result for all of them is
/// decided.
pub(super) fn decide_for_all(rule: &Rule, ceiling: Mode, facts: &Facts<'_>, possible: &[Facts<'_>]) -> Decision {
    let mut decisions = possible.iter().map(|facts| decide(rule, ceiling, facts));
    let Some(first) = decisions.next() else { return decide(rule, ceiling, facts) };
    decisions
        .try_fold(first, |one, other| match (one, other) {
            (Decision::Broken(one), Decision::Broken(other)) => Some(Decision::Broken(one.or_found(&other.found))),
            (one, other) if one.is_harmless() && other.is_harmless() => Some(one),
            _ => None,
        })
        // There is no common result. Without an assumed reference, the rule is undecided.
        .unwrap_or_else(|| decide(rule, ceiling, facts))
}

/// Judges a build by one rule. A rule that compares builds looks at its first try.
fn decide(rule: &Rule, ceiling: Mode, facts: &Facts<'_>) -> Decision {
    if !rule.looks_at(facts.kind) {
        let is_off = rule.mode.at(facts.now).min(ceiling) == Mode::Off;
        return if is_off { Decision::Off } else { Decision::OutOfScope };
    }
    if rule.newest_per().is_none() {
        return conclude(rule, ceiling, facts, || rule.check.decide(facts));
    }
    match facts.of_first_try() {
        Ok(compared) => {
            let superseded = facts.supersession.and_then(|supersession| supersession.for_rule(&rule.id));
            let compared = Facts { superseded, ..compared };
            conclude(rule, ceiling, &compared, || supersession::answer(rule, ceiling, facts, &compared))
        }
        Err(missing) => {
            let identity = facts.build.identity();
            let has_ended = facts.is_past_comparison();
            let answer = || if has_ended { Answer::Pass } else { Answer::Unknown(missing) };
            conclude(rule, ceiling, &facts.of_identity(&identity), answer)
        }
    }
}

/// Combines scope, exemption and the check's answer by Kleene's three-valued logic: a rule is broken if the
/// build is known to be in scope, not to be exempt and to break the check; it passes if one of these is known
/// to be false.
fn conclude(rule: &Rule, ceiling: Mode, facts: &Facts<'_>, answer: impl FnOnce() -> Answer) -> Decision {
    let own_mode = rule.mode.at(facts.now);
    let mode = own_mode.min(ceiling);
    if mode == Mode::Off {
        return Decision::Off;
    }
    let answer = answer();
    if answer == Answer::Pass {
        return Decision::Passes;
    }
    let in_scope = in_scope(rule, facts);
    if in_scope == Fit::No {
        return Decision::OutOfScope;
    }
    let mut exempt = Fit::No;
    for (index, exemption) in rule.except.iter().enumerate() {
        match exemption.fits(facts) {
            Fit::Yes => {
                let (reason, until) = (exemption.reason.clone(), exemption.until);
                return Decision::Exempt(Exempted { rule: rule.id.clone(), reason, until, index });
            }
            fit => exempt = exempt.or(facts, || fit),
        }
    }
    let violation = |found: String| Violation {
        rule: rule.id.clone(),
        check: rule.kind.id,
        mode,
        own_mode,
        reason: rule.reason.clone(),
        owner: rule.owner.clone(),
        found: url::redacted(&found).into_owned(),
        limit: rule.check.limit(),
        batch: rule.batch,
        superseded_by: match facts.superseded {
            Some(Superseded::By(newer)) => Some(newer.clone()),
            Some(Superseded::No | Superseded::Unknown(_)) | None => None,
        },
    };
    let of_answer = match &answer {
        Answer::Unknown(missing) => Some(missing.clone()),
        Answer::Pass | Answer::Broken(_) => None,
    };
    // Each of these facts may show that the rule does not apply, or is kept.
    let missing = [of_answer, in_scope.missing(), exempt.missing()].into_iter().flatten();
    let missing = match (answer, missing.reduce(|first, other| facts.settling(first, other))) {
        (_, Some(missing)) => missing,
        (Answer::Broken(found), None) => return Decision::Broken(violation(found)),
        (Answer::Pass | Answer::Unknown(_), None) => return Decision::Passes,
    };
    let undecided = Undecided {
        rule: rule.id.clone(),
        source: missing.source(),
        missing,
        counts: rule.on_unknown != OnUnknown::Ignore,
        stops_batch: mode == Mode::Enforce && rule.batch == BatchScope::StopAll,
        compares_builds: rule.newest_per().is_some(),
    };
    let is_open = undecided.sources().any(|source| facts.prospect(source) != Prospect::Nothing);
    let is_broken = rule.on_unknown == OnUnknown::Stop && facts.kind == RunKind::Build && !is_open;
    let broken = is_broken.then(|| violation(format!("unknown: {}", undecided.missing)));
    Decision::Unknown(undecided, broken)
}
