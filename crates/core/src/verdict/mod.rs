//! From a policy and a build to a verdict: pure, three-valued, and it cannot fail.

use jiff::{Timestamp, civil::Date};
use serde::{Serialize, Serializer};

use crate::{
    checks::{Answer, Fit},
    facts::{Fact, Facts, inquiry::Source},
    model::Build,
    policy::{BatchScope, Mode, OnUnknown, Policy, Rule},
};

/// What a policy says of a build.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verdict {
    /// The rules it breaks, in the order of the policy.
    pub violations: Vec<Violation>,
    /// The rules that could not tell.
    pub undecided: Vec<Undecided>,
    /// The rules it would break, were it not exempt.
    pub exempted: Vec<Exempted>,
    /// What is to be done.
    pub action: Action,
    /// The branch, where the build names one.
    pub branch: Option<String>,
    /// The earliest moment to come at which a rule will be broken that is not yet, if the
    /// build runs on, where that can be told in advance.
    pub deadline: Option<Timestamp>,
}

/// What is to be done with a build; more than another where it does more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// Nothing.
    #[default]
    Allow,
    /// It is reported.
    Report,
    /// It would be stopped, were its project not among those that never are.
    Protect,
    /// It is stopped.
    Stop,
}

/// A rule that a build breaks.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Violation {
    /// The rule's id.
    pub rule: String,
    /// The check's key.
    pub check: &'static str,
    /// What the rule does at that moment, under the ceiling.
    pub mode: Mode,
    /// The rule's reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What the build has.
    pub found: String,
    /// What the rule allows or forbids.
    pub limit: String,
    /// What is stopped besides the build, where it is one of a batch.
    #[serde(skip)]
    pub batch: BatchScope,
}

/// A rule that cannot tell.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Undecided {
    /// The rule's id.
    pub rule: String,
    /// The fact that the build does not tell.
    #[serde(serialize_with = "as_text")]
    pub missing: Fact,
    /// Whether it counts: not where the rule says `on-unknown: ignore`.
    #[serde(skip)]
    pub counts: bool,
}

/// A rule that a build is exempt from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Exempted {
    /// The rule's id.
    pub rule: String,
    /// Why it is exempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The last day of the exemption, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
}

fn as_text<S: Serializer>(fact: &Fact, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(fact)
}

impl Verdict {
    /// Whether the batch that the build is of is to be stopped with it.
    pub fn stops_batch(&self) -> bool {
        let stops = |broken: &Violation| broken.mode == Mode::Enforce && broken.batch == BatchScope::StopAll;
        self.action == Action::Stop && self.violations.iter().any(stops)
    }

    /// Whether a source could tell more than is known, and it matters: a rule asked for
    /// a fact of it, and no other rule stops the build anyway.
    pub fn wants(&self, source: Source) -> bool {
        let is_undecided = |rule: &str| self.undecided.iter().any(|undecided| undecided.rule == rule);
        let stops_anyway =
            self.violations.iter().any(|broken| broken.mode == Mode::Enforce && !is_undecided(&broken.rule));
        self.undecided.iter().any(|undecided| undecided.missing.source() == Some(source)) && !stops_anyway
    }
}

/// What one rule says of a build.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// The rule is off.
    Off,
    /// The check passes.
    Passes,
    /// The rule looks at other builds.
    OutOfScope,
    /// The build would break it or not tell, and is exempt.
    Exempt(Exempted),
    /// The build breaks it.
    Broken(Violation),
    /// The build does not tell; and the violation that is made of it, with `on-unknown: stop`.
    Unknown(Undecided, Option<Violation>),
}

/// Judges a build as it is known at `now`, by what it tells itself.
pub fn judge(policy: &Policy, build: &Build, now: Timestamp) -> Verdict {
    judge_by(policy, &Facts::of(build, now))
}

/// Judges a build by all that is known of it.
pub fn judge_by(policy: &Policy, facts: &Facts<'_>) -> Verdict {
    let facts = &priced(policy, *facts);
    let mut verdict = Verdict { branch: facts.branch().ok().map(str::to_owned), ..Verdict::default() };
    for rule in &policy.rules {
        let decision = decide(rule, policy.ceiling, facts);
        if !matches!(decision, Decision::Broken(_)) {
            let deadlines = verdict.deadline.into_iter().chain(deadline(rule, policy.ceiling, facts));
            verdict.deadline = deadlines.min();
        }
        match decision {
            Decision::Off | Decision::Passes | Decision::OutOfScope => {}
            Decision::Exempt(exempted) => verdict.exempted.push(exempted),
            Decision::Broken(violation) => verdict.violations.push(violation),
            Decision::Unknown(undecided, violation) => {
                verdict.undecided.push(undecided);
                verdict.violations.extend(violation);
            }
        }
    }
    let enforced = verdict.violations.iter().any(|violation| violation.mode == Mode::Enforce);
    verdict.action = match verdict.violations.is_empty() {
        true => Action::Allow,
        false if !enforced => Action::Report,
        false if is_protected(policy, facts) => Action::Protect,
        false => Action::Stop,
    };
    verdict
}

/// What every rule says of a build, by the rule's id, in the order of the policy.
pub fn decisions<'a>(policy: &'a Policy, facts: Facts<'a>) -> impl Iterator<Item = (&'a str, Decision)> {
    let facts = priced(policy, facts);
    policy.rules.iter().map(move |rule| (rule.id.as_str(), decide(rule, policy.ceiling, &facts)))
}

/// What is known of a build, with the policy's prices.
fn priced<'a>(policy: &'a Policy, facts: Facts<'a>) -> Facts<'a> {
    Facts { prices: Some(&policy.prices), ..facts }
}

/// When the build will break a rule, if that can be told and the rule will then apply.
fn deadline(rule: &Rule, ceiling: Mode, facts: &Facts<'_>) -> Option<Timestamp> {
    let at = rule.check.breaks_at(facts).filter(|at| *at > facts.now)?;
    let then = facts.at(at);
    let applies = rule.mode.at(at).min(ceiling) != Mode::Off
        && in_scope(rule, &then) != Fit::No
        && rule.except.iter().all(|exemption| exemption.fits(&then) != Fit::Yes);
    applies.then_some(at)
}

/// Whether the rule looks at the build.
fn in_scope(rule: &Rule, facts: &Facts<'_>) -> Fit {
    match rule.only.as_slice() {
        [] => Fit::Yes,
        selectors => selectors.iter().fold(Fit::No, |fit, selector| fit.or(|| selector.fits(facts))),
    }
}

/// Holds a build against one rule. Scope, exemption and check are joined as Kleene
/// joins three truths: a rule is broken where the build is surely in its scope, surely
/// not exempt and surely breaks the check; it passes where one of these is surely not so.
fn decide(rule: &Rule, ceiling: Mode, facts: &Facts<'_>) -> Decision {
    let mode = rule.mode.at(facts.now).min(ceiling);
    if mode == Mode::Off {
        return Decision::Off;
    }
    let answer = rule.check.decide(facts);
    if answer == Answer::Pass {
        return Decision::Passes;
    }
    let in_scope = in_scope(rule, facts);
    if in_scope == Fit::No {
        return Decision::OutOfScope;
    }
    let mut exempt = Fit::No;
    for exemption in &rule.except {
        match exemption.fits(facts) {
            Fit::Yes => {
                let (reason, until) = (exemption.reason.clone(), exemption.until);
                return Decision::Exempt(Exempted { rule: rule.id.clone(), reason, until });
            }
            fit => exempt = exempt.or(|| fit),
        }
    }
    let violation = |found: String| Violation {
        rule: rule.id.clone(),
        check: rule.kind.id,
        mode,
        reason: rule.reason.clone(),
        found,
        limit: rule.check.limit(),
        batch: rule.batch,
    };
    let missing = match (answer, in_scope, exempt) {
        (Answer::Unknown(missing), ..) | (_, Fit::Unknown(missing), _) | (_, _, Fit::Unknown(missing)) => missing,
        (Answer::Broken(found), ..) => return Decision::Broken(violation(found)),
        (Answer::Pass, ..) => return Decision::Passes,
    };
    let stops = (rule.on_unknown == OnUnknown::Stop).then(|| violation(format!("unknown: {missing}")));
    let counts = rule.on_unknown != OnUnknown::Ignore;
    Decision::Unknown(Undecided { rule: rule.id.clone(), missing, counts }, stops)
}

/// Whether the build's project is among those that are never stopped. One whose
/// project is not known might be, so it is not stopped either.
fn is_protected(policy: &Policy, facts: &Facts<'_>) -> bool {
    policy
        .never_stop
        .as_ref()
        .is_some_and(|projects| facts.project_name().map_or(true, |project| projects.any_fits(project)))
}

#[cfg(test)]
mod tests;
