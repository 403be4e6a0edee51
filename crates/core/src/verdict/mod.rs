//! Computes a verdict from a policy and facts. The computation is pure, uses three-valued logic, and cannot
//! fail.

mod decide;
mod supersession;

use jiff::{Timestamp, civil::Date};
use serde::{Serialize, Serializer};

pub use self::decide::Decision;
use self::decide::{deadline, decide_for_all, is_exempt};
pub(crate) use self::decide::{facts_of_rule, in_scope, selects};
pub(crate) use self::supersession::running_build;
use crate::{
    facts::{Facts, MissingFact, inquiry::Source},
    model::Build,
    policy::{BatchScope, Mode, Policy, Rule},
    url,
};

/// The result of judging a build by a policy.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verdict {
    /// The broken rules, in the order of the policy.
    pub violations: Vec<Violation>,
    /// The rules that could not be evaluated.
    pub undecided: Vec<Undecided>,
    /// The rules that the build would break if it were not exempt.
    pub exempted: Vec<Exempted>,
    /// The action for the build.
    pub action: Action,
    /// The reason why the build is only reported although it breaks an enforced rule.
    pub withheld: Option<Withheld>,
    /// The time when the next rule will be broken if the build keeps running, if that can be
    /// computed.
    pub deadline: Option<Timestamp>,
}

/// The action for a build, in ascending order of effect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Nothing.
    #[default]
    Allow,
    /// Report it.
    Report,
    /// Report it: an enforced rule is broken, but `never-stop` lists the project.
    Protect,
    /// Stop it.
    Stop,
}

/// The reason why an enforced rule did not stop a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Withheld {
    /// The deployment's mode is `report`; see [`Policy::under`].
    Ceiling,
    /// The sweep would have stopped more builds than it may.
    SafetyBelt,
    /// The alarm on the rate of stops is in ALARM.
    StopRate,
    /// The run was a dry run, which stops nothing.
    DryRun,
}

/// A rule that a build breaks.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Violation {
    /// The rule's id.
    pub rule: String,
    /// The check's key.
    pub check: &'static str,
    /// The rule's mode at that moment, under the ceiling.
    pub mode: Mode,
    /// The rule's mode at that moment without the ceiling.
    #[serde(skip)]
    pub own_mode: Mode,
    /// The rule's reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The person or team to ask about the rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The value of the build, without secrets of URLs.
    pub found: String,
    /// The values that the rule allows or forbids.
    pub limit: String,
    /// The scope of the stop, if the build belongs to a batch.
    #[serde(skip)]
    pub batch: BatchScope,
    /// The id of the newer build or batch, if the rule is `only-newest-per`.
    #[serde(skip)]
    pub superseded_by: Option<String>,
}

impl Violation {
    /// Adds another value that the build may have: `main or release`.
    fn or_found(mut self, other: &str) -> Self {
        if !self.found.split(" or ").any(|found| found == other) {
            self.found = format!("{} or {other}", self.found);
        }
        self
    }
}

/// A rule that could not be evaluated.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Undecided {
    /// The rule's id.
    pub rule: String,
    /// The unknown fact.
    #[serde(serialize_with = "as_text")]
    pub missing: MissingFact,
    /// The source that may know the fact, even if it cannot be asked.
    #[serde(skip)]
    pub source: Option<Source>,
    /// `false` if the rule has `on-unknown: ignore`, so that it is not counted.
    #[serde(skip)]
    pub counts: bool,
    /// `true` if the rule, if it were broken, would stop the build's whole batch.
    #[serde(skip)]
    pub stops_batch: bool,
    /// `true` if the rule compares the build with others, so that the other builds may settle it.
    #[serde(skip)]
    pub compares_builds: bool,
}

/// A rule that a build is exempt from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Exempted {
    /// The rule's id.
    pub rule: String,
    /// The reason for the exemption.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The last day of the exemption, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
    /// The index of the exemption in the rule's `except`.
    #[serde(skip)]
    pub index: usize,
}

impl Undecided {
    /// The sources whose replies may settle it.
    pub(crate) fn sources(&self) -> impl Iterator<Item = Source> + use<> {
        let compared_with = self.compares_builds.then_some(Source::RunningBuilds);
        self.missing.source().into_iter().chain(compared_with)
    }
}

fn as_text<S: Serializer>(fact: &MissingFact, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&url::redacted(&fact.to_string()))
}

impl Verdict {
    /// Returns whether the batch that the build belongs to must be stopped with it.
    pub fn stops_batch(&self) -> bool {
        let stops = |broken: &Violation| broken.mode == Mode::Enforce && broken.batch == BatchScope::StopAll;
        self.action == Action::Stop && self.violations.iter().any(stops)
    }

    /// Returns whether the batch may have to be stopped once more is known about the build.
    pub fn may_stop_batch(&self) -> bool {
        let may_stop = |undecided: &Undecided| undecided.stops_batch && undecided.missing.source().is_some();
        self.stops_batch() || self.undecided.iter().any(may_stop)
    }

    /// Takes over a later verdict's decisions on the undecided rules that would stop the batch. All other
    /// decisions stay, because the build was stopped by them.
    pub(crate) fn settle_batch(&mut self, later: &Self) {
        let is_open = |rule: &str, verdict: &Self| {
            verdict.undecided.iter().any(|undecided| undecided.rule == rule && undecided.stops_batch)
        };
        let is_settled = |rule: &str| is_open(rule, self) && !is_open(rule, later);
        let is_broken = |rule: &str| later.violations.iter().any(|broken| broken.rule == rule);
        let broken: Vec<_> = later.violations.iter().filter(|broken| is_open(&broken.rule, self)).cloned().collect();
        let exempted: Vec<_> = later.exempted.iter().filter(|exempted| is_settled(&exempted.rule)).cloned().collect();
        let is_decided = |rule: &str| {
            let decided = self.violations.iter().map(|broken| &broken.rule);
            let mut decided = decided.chain(self.exempted.iter().map(|exempted| &exempted.rule));
            decided.any(|decided| decided == rule) && !is_open(rule, self)
        };
        let open = later.undecided.iter().filter(|undecided| undecided.stops_batch && !is_decided(&undecided.rule));
        let open: Vec<_> = open.cloned().collect();
        // With `on-unknown: stop`, such a rule may have counted as broken. If nothing else stopped the build, the record
        // needs it as the reason, but the batch runs on.
        let is_open_only = |broken: &Violation| is_open(&broken.rule, self);
        let (open_only, mut violations): (Vec<_>, Vec<_>) = self.violations.iter().cloned().partition(is_open_only);
        if !violations.iter().any(|broken| broken.mode == Mode::Enforce) {
            let of_build = |broken| Violation { batch: BatchScope::Build, ..broken };
            violations.extend(open_only.into_iter().filter(|one| !is_broken(&one.rule)).map(of_build));
        }
        violations.extend(broken);
        self.violations = violations;
        self.exempted.extend(exempted);
        self.undecided.retain(|undecided| !undecided.stops_batch);
        self.undecided.extend(open);
    }

    /// Returns whether a matching undecided rule could still stop the build.
    pub(crate) fn depends_on(&self, rules: impl Fn(&Undecided) -> bool) -> bool {
        self.action != Action::Stop && self.undecided.iter().any(rules)
    }

    /// Returns whether a matching undecided rule could still stop the batch. The build itself is stopped anyway.
    pub(crate) fn batch_depends_on(&self, rules: impl Fn(&Undecided) -> bool) -> bool {
        let needs = |undecided: &Undecided| undecided.stops_batch && rules(undecided);
        self.action == Action::Stop && !self.stops_batch() && self.undecided.iter().any(needs)
    }
}

/// Judges an event's build at `now`, by nothing but the event.
pub fn judge(policy: &Policy, build: &Build, now: Timestamp) -> Verdict {
    judge_by(policy, &Facts::of(build, now))
}

/// Judges a build by everything that is known about it.
pub fn judge_by(policy: &Policy, facts: &Facts<'_>) -> Verdict {
    judge_by_rules(policy, facts, |_| true)
}

/// Judges a build by the rules with `only-newest-per` alone.
pub(crate) fn judge_supersession(policy: &Policy, facts: &Facts<'_>) -> Verdict {
    judge_by_rules(policy, facts, |rule| rule.newest_per().is_some())
}

fn judge_by_rules(policy: &Policy, facts: &Facts<'_>, is_wanted: impl Fn(&Rule) -> bool) -> Verdict {
    let facts = &priced(policy, facts.clone());
    let possible = facts.by_possible_reference();
    let mut verdict = Verdict::default();
    for rule in policy.rules.iter().filter(|rule| is_wanted(rule)) {
        let decision = decide_for_all(rule, policy.ceiling, facts, &possible);
        // A build of the past needs no deadline.
        if !facts.is_past && !matches!(decision, Decision::Broken(_)) {
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
    let would_be_enforced = verdict.violations.iter().any(|violation| violation.own_mode == Mode::Enforce);
    verdict.action = action(policy, facts, verdict.violations.iter().map(|violation| violation.mode));
    let is_withheld = verdict.action == Action::Report && would_be_enforced && !is_protected(policy, facts);
    verdict.withheld = is_withheld.then_some(Withheld::Ceiling);
    verdict
}

/// The action for a build that breaks rules of these modes.
pub(crate) fn action(policy: &Policy, facts: &Facts<'_>, modes: impl Iterator<Item = Mode>) -> Action {
    match modes.max() {
        None => Action::Allow,
        Some(Mode::Off | Mode::Report) => Action::Report,
        Some(Mode::Enforce) if is_protected(policy, facts) => Action::Protect,
        Some(Mode::Enforce) => Action::Stop,
    }
}

/// Each rule's id and decision about a build, in the order of the policy.
pub fn decisions<'a>(policy: &'a Policy, facts: Facts<'a>) -> impl Iterator<Item = (&'a str, Decision)> {
    let facts = priced(policy, facts);
    let possible = facts.by_possible_reference();
    policy.rules.iter().map(move |rule| (rule.id.as_str(), decide_for_all(rule, policy.ceiling, &facts, &possible)))
}

/// The ids of the rules that pass at the moment, but may be broken later just because time passes.
pub(crate) fn may_break_later<'a>(policy: &'a Policy, facts: &Facts<'_>) -> Vec<&'a str> {
    let possible = facts.by_possible_reference();
    let may_break = |rule: &&Rule| {
        let has_later_deadline = deadline(rule, policy.ceiling, facts).is_some();
        let passes = || decide_for_all(rule, policy.ceiling, facts, &possible) == Decision::Passes;
        has_later_deadline || (rule.clock_variable().is_some() && passes())
    };
    policy.rules.iter().filter(may_break).map(|rule| rule.id.as_str()).collect()
}

/// The facts, with the policy's prices.
fn priced<'a>(policy: &'a Policy, facts: Facts<'a>) -> Facts<'a> {
    Facts { prices: Some(&policy.prices), ..facts }
}

/// Returns whether `never-stop` lists the build's project. An unknown project may be listed, so its build is
/// not stopped either.
fn is_protected(policy: &Policy, facts: &Facts<'_>) -> bool {
    policy
        .never_stop
        .as_ref()
        .is_some_and(|projects| facts.project_name().map_or(true, |project| projects.any_fits(project)))
}

#[cfg(test)]
mod tests;
