//! Judges a build of the past at the moments of its life.

use jiff::{SignedDuration, Timestamp};

use super::{
    Life, PastBuild, Replayed, RuleDecision, RuleResult,
    asked::{Asked, Begun},
    newest::Contenders,
};
use crate::{
    event::{BuildEvent, TriggerKind},
    facts::{
        MissingFact, Provenance,
        inquiry::{Case, Question, Reply},
    },
    policy::{Mode, ORIGINS, Policy},
    record::{Outcome, Record},
    summary::{Minutes, Savings, Usd},
    url,
    verdict::{Action, Exempted, Undecided, Verdict, Violation},
};

/// The moments at which a build is judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Moments {
    /// Its start, and all later ones that rules about time or phases depend on.
    #[default]
    WholeLife,
    /// Its start alone, by what was known then.
    StartOnly,
}

/// The parts that a result contains beside the decisions.
#[derive(Clone, Copy, Debug, Default)]
pub struct Details {
    /// A record as JSON.
    pub records: bool,
    /// The reason of each rule, if there is one that does not pass.
    pub reasons: bool,
    /// The kind of starter, the branch and the reference.
    pub origins: bool,
}

/// A policy that judges builds of the past.
#[derive(Clone, Copy, Debug)]
pub struct Replay<'p> {
    policy: &'p Policy,
    moments: Moments,
    details: Details,
    is_timed: bool,
    /// `true` if the check of every rule that depends on time is a time limit, and none is about cost.
    has_limits_alone: bool,
    changes_with_phases: bool,
}

/// The verdict on a build at one moment.
struct Judged {
    at: Timestamp,
    verdict: Verdict,
}

impl<'p> Replay<'p> {
    /// Judges builds by a policy.
    pub fn new(policy: &'p Policy, moments: Moments, details: Details) -> Self {
        let is_timed = policy.timed_rules().next().is_some();
        let has_limits_alone = policy.has_time_limits_alone();
        Self { policy, moments, details, is_timed, has_limits_alone, changes_with_phases: policy.changes_with_phases() }
    }

    /// The policy.
    pub fn policy(&self) -> &'p Policy {
        self.policy
    }

    /// The paths of the members of the API's Builds that it reads. `None` if it needs whole Builds.
    pub(super) fn build_members(&self) -> Option<Vec<&'p str>> {
        let Details { records, reasons, origins } = self.details;
        if records || reasons {
            return None;
        }
        let mut members = self.policy.build_members()?;
        if origins {
            members.extend(ORIGINS);
        }
        Some(members)
    }

    /// The moments at which builds are judged.
    pub(super) fn moments(&self) -> Moments {
        self.moments
    }

    /// Judges a build as if it were running. `answer` uses the rest of the input to reply to the questions of the
    /// inquiry. `now` is the start if no time of the build is known.
    ///
    /// # Errors
    /// The build, if `answer` has no reply. The caller can judge it later, when more is known.
    pub fn judge(
        &self,
        past: PastBuild,
        contenders: Option<&Contenders>,
        now: Timestamp,
        mut answer: impl FnMut(&Question) -> Option<Reply>,
    ) -> Result<Replayed, Box<PastBuild>> {
        let (is_whole, last_seen, recorded_ref) = (past.is_whole, past.last_seen, past.recorded_ref.clone());
        let Begun { mut case, life, start } = self.begin(past, now);
        let mut asked =
            Asked { contenders, moments: self.moments, recorded_ref: recorded_ref.clone(), superseded_at: Vec::new() };
        let undecidable = |case: Case<'_>, life: Life| {
            let BuildEvent { id, mut build, .. } = case.into_event();
            life.give_back(&mut build);
            Box::new(PastBuild { id, build, is_whole, last_seen, recorded_ref })
        };
        if asked.settle(&mut case, &life, start, &mut answer).is_none() {
            return Err(undecidable(case, life));
        }
        let mut judged = vec![Judged { at: start, verdict: case.take_verdict() }];
        // If time alone breaks rules, none breaks before its limit.
        let may_reach_a_limit = || life.end.is_none_or(|end| case.first_limit(start).is_some_and(|limit| limit <= end));
        let later = if self.changes_with_phases || (self.is_timed && (!self.has_limits_alone || may_reach_a_limit())) {
            life.moments(start, self.moments, self.changes_with_phases)
        } else {
            Vec::new()
        };
        for at in later {
            case.judge_at(at, |build| life.show_at(build, at));
            if asked.settle(&mut case, &life, at, &mut answer).is_none() {
                return Err(undecidable(case, life));
            }
            judged.push(Judged { at, verdict: case.take_verdict() });
        }
        Ok(self.conclude(&mut case, &life, &judged, &asked.superseded_at))
    }

    /// Returns the build at its start, judged by its own facts alone.
    pub(super) fn begin(&self, past: PastBuild, now: Timestamp) -> Begun<'p> {
        let PastBuild { id, mut build, is_whole, last_seen, .. } = past;
        let life = Life::taken_from(&mut build, last_seen);
        if self.moments == Moments::StartOnly {
            Life::forget_later_members(&mut build);
        }
        let start = life.start.or(life.last_moment()).unwrap_or(now);
        life.show_at(&mut build, start);
        let event = BuildEvent::new(TriggerKind::Replay, id, None, build);
        let case = Case::of_past(self.policy, event, is_whole, start);
        Begun { case, life, start }
    }

    /// Combines the decisions of all moments.
    fn conclude(
        &self,
        case: &mut Case<'p>,
        life: &Life,
        judged: &[Judged],
        superseded_at: &[(String, Timestamp)],
    ) -> Replayed {
        let Some(last) = judged.last() else {
            return self.of(case, life, Vec::new(), &Verdict::default(), Timestamp::MIN);
        };
        let mut union = Verdict::default();
        let mut rules = Vec::new();
        let mut shown = last.at;
        let may_break_later = if life.end.is_none() { case.may_break_later(last.at) } else { Vec::new() };
        for rule in self.policy.rule_ids() {
            // Later moments are those of other rules. The function judges the build once by this one.
            let is_judged_once = judged.len() > 1 && !self.policy.changes_while_running(rule);
            let judged = if is_judged_once { judged.get(..1).unwrap_or(judged) } else { judged };
            let Some(latest_of_rule) = judged.last() else { continue };
            let mut broken =
                judged.iter().enumerate().filter_map(|(index, one)| Some((index, violation(&one.verdict, rule)?)));
            let (first, latest) = (broken.clone().next(), broken.next_back());
            let undecided = latest_of_rule.verdict.undecided.iter().find(|undecided| undecided.rule == rule);
            let exempted = judged.iter().rev().find_map(|one| one.verdict.exempted.iter().find(|one| one.rule == rule));
            let decided = if let (Some((index, _)), Some((_, latest))) = (first, latest) {
                let superseded_at = superseded_at.iter().find(|(other, _)| other == rule).map(|(_, start)| *start);
                let at = superseded_at.unwrap_or_else(|| fires_at(case, life, judged, index, rule, &mut shown));
                let mode = self.policy.mode_at(rule, at);
                let at = Some(at).filter(|_| life.start.is_some());
                union.violations.push(Violation { mode, own_mode: mode, ..latest.clone() });
                union.undecided.extend(undecided.cloned());
                let saved = self.saved(case, life, at, last.at);
                let unknown = undecided.map(|undecided| (missing(undecided), undecided.source));
                RuleDecision::Broken { mode, found: latest.found.clone(), at, saved, unknown }
            } else if let Some(undecided) = undecided {
                union.undecided.push(undecided.clone());
                undecided_as(undecided)
            } else if let Some(exempted) = exempted {
                union.exempted.push(exempted.clone());
                let Exempted { index, reason, until, .. } = exempted.clone();
                RuleDecision::Exempted { index, reason, until }
            } else if may_break_later.contains(&rule) {
                let undecided = Undecided::of_unknown_end(rule);
                union.undecided.push(undecided.clone());
                undecided_as(&undecided)
            } else {
                continue;
            };
            rules.push(RuleResult { rule: rule.to_owned(), decided });
        }
        union.action = case.action(last.at, union.violations.iter().map(|broken| broken.mode));
        // The last moment's verdict shows where the reference comes from, for example.
        if shown != last.at {
            case.judge_at(last.at, |build| life.show_at(build, last.at));
        }
        self.of(case, life, rules, &union, last.at)
    }

    /// The time and money from a moment to the build's end.
    fn saved(&self, case: &Case<'p>, life: &Life, at: Option<Timestamp>, seen: Timestamp) -> Savings {
        let (Some(at), Some(end)) = (at, life.end) else { return Savings::default() };
        let until_end = |from: Timestamp| {
            Minutes::of_milliseconds(u64::try_from(end.duration_since(from).as_millis()).unwrap_or_default())
        };
        let running = life.run_start().map(|start| until_end(start.max(at))).unwrap_or_default();
        let price = case.price(seen).map(|price| price.amount()).unwrap_or_default();
        Savings { minutes: until_end(at), usd: Usd::of(price, running) }
    }

    fn of(&self, case: &Case<'p>, life: &Life, rules: Vec<RuleResult>, verdict: &Verdict, seen: Timestamp) -> Replayed {
        let outcome = match verdict.action {
            Action::Allow => Outcome::Allowed,
            Action::Report => Outcome::Reported,
            Action::Protect => Outcome::Protected,
            Action::Stop => Outcome::Stopped,
        };
        let first = |is_counted: fn(Mode) -> bool| {
            let broken = rules.iter().filter_map(|rule| match &rule.decided {
                RuleDecision::Broken { mode, saved, .. } if is_counted(*mode) => Some(*saved),
                RuleDecision::Broken { .. } | RuleDecision::Undecided { .. } | RuleDecision::Exempted { .. } => None,
            });
            broken.max_by_key(|saved| saved.minutes).unwrap_or_default()
        };
        let build = case.build();
        let origin = if self.details.origins { case.provenance().clone() } else { Provenance::default() };
        let text = |text: Option<&str>| text.map(|text| url::redacted(text).into_owned());
        let mut replayed = Replayed {
            build_id: case.event().id.as_str().to_owned(),
            build_arn: build.arn.clone(),
            initiator: text(case.initiator()),
            started_by: origin.started_by,
            branch: text(origin.branch.as_deref()),
            git_ref: text(origin.git_ref.as_deref()),
            ref_from: origin.ref_from,
            start: life.start,
            end: life.end,
            status: life.final_status().map(str::to_owned),
            outcome,
            saved: if outcome == Outcome::Stopped { first(|mode| mode == Mode::Enforce) } else { Savings::default() },
            saved_if_enforced: first(|_| true),
            is_priced: case.price(seen).is_some() && life.knows_phases(),
            rules,
            reasons: Vec::new(),
            record: None,
        };
        if self.details.reasons && !replayed.rules.is_empty() {
            replayed.reasons = case.reasons(seen);
        }
        if self.details.records {
            replayed.record = Some(Record::of_replay(self.policy, case, verdict, &replayed).json().get().to_owned());
        }
        replayed
    }
}

fn violation<'v>(verdict: &'v Verdict, rule: &str) -> Option<&'v Violation> {
    verdict.violations.iter().find(|broken| broken.rule == rule)
}

fn missing(undecided: &Undecided) -> String {
    url::redacted(&undecided.missing.to_string()).into_owned()
}

fn undecided_as(undecided: &Undecided) -> RuleDecision {
    RuleDecision::Undecided { missing: missing(undecided), source: undecided.source, counts: undecided.counts }
}

/// The moment at which a rule was first broken: one of those at which the build was judged, or
/// one between two of them.
fn fires_at(
    case: &mut Case<'_>,
    life: &Life,
    judged: &[Judged],
    index: usize,
    rule: &str,
    shown: &mut Timestamp,
) -> Timestamp {
    let Some(Judged { at, .. }) = judged.get(index) else { return Timestamp::MIN };
    let Some(Judged { at: before, .. }) = index.checked_sub(1).and_then(|index| judged.get(index)) else {
        return *at;
    };
    if *shown != *at {
        case.judge_at(*at, |build| life.show_at(build, *at));
        *shown = *at;
    }
    let limit = case.reaches_limit_at(rule, *at).filter(|limit| limit > before && limit <= at);
    let breaks_after = |case: &mut Case<'_>, limit: Timestamp| {
        let just_after = limit.saturating_add(SignedDuration::from_secs(1)).unwrap_or(limit).min(*at);
        case.judge_at(just_after, |build| life.show_at(build, just_after));
        violation(case.verdict(), rule).is_some()
    };
    match limit {
        // Nothing else in the rule depends on the time.
        Some(limit) if case.is_fixed(rule) => return limit,
        _ => *shown = Timestamp::MIN,
    }
    match limit {
        Some(limit) if breaks_after(case, limit) => limit,
        // A condition changed with time, at first somewhere between the two moments.
        _ => first_broken(case, life, rule, *before, *at),
    }
}

/// Finds the first moment, to the millisecond, at which a rule is broken. It is not broken at `before`, but is
/// broken at `after`.
fn first_broken(case: &mut Case<'_>, life: &Life, rule: &str, before: Timestamp, after: Timestamp) -> Timestamp {
    let (mut before, mut after) = (before, after);
    while after.duration_since(before) > SignedDuration::from_millis(1) {
        let Ok(middle) = before.checked_add(after.duration_since(before) / 2) else { break };
        case.judge_at(middle, |build| life.show_at(build, middle));
        match violation(case.verdict(), rule) {
            Some(_) => after = middle,
            None => before = middle,
        }
    }
    after
}

impl Undecided {
    /// A rule that passes, but might have been broken later: the input does not show how long the build ran.
    fn of_unknown_end(rule: &str) -> Self {
        let missing =
            MissingFact::Unknown { fact: "endTime", why: "the input does not show when the build ended".to_owned() };
        Self { rule: rule.to_owned(), missing, source: None, counts: true, stops_batch: false, compares_builds: false }
    }
}
