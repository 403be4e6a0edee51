//! Rules with `only-newest-per`: the builds that they cover, and the values by which they compare a build.

use super::{in_scope, is_exempt, priced};
use crate::{
    checks::{Answer, CheckOption, Fit, NewestPer},
    facts::{
        Facts,
        inquiry::Source,
        source_pattern::Direction,
        starter::Starter,
        supersession::{ComparedValue, RunningBuild, Standing},
    },
    model::{Build, batch_id},
    policy::{Criterion, Mode, Policy, Rule, Selector},
};

/// A running build as the policy's rules with `only-newest-per` compare it.
pub(crate) fn running_build(policy: &Policy, facts: &Facts<'_>) -> RunningBuild {
    let facts = &priced(policy, facts.clone());
    let identity = facts.build.identity();
    let compared = facts.of_first_try();
    let own_id = |build: &Build| build.id.clone().unwrap_or_default();
    let batch = facts.build_batch.and_then(|batch| {
        let arn = facts.build.build_batch_arn.as_deref();
        batch.id.clone().or_else(|| arn.map(|arn| batch_id(arn).to_owned()))
    });
    let id = batch.clone().unwrap_or_else(|| own_id(facts.build));
    let rules = policy.rules.iter().filter_map(|rule| Some((rule, rule.newest_per()?)));
    let standings = rules.map(|(rule, keys)| {
        let (is_covered, values) = match &compared {
            Ok(compared) => (
                covers(rule, policy.ceiling, facts, compared),
                keys.iter().map(|key| key.value(compared)).collect::<Vec<_>>(),
            ),
            Err(missing) => {
                let known = covers(rule, policy.ceiling, facts, &facts.of_identity(&identity));
                let unknown = || ComparedValue::Unknown(missing.clone());
                let value = |key: &NewestPer| match key {
                    NewestPer::Project => key.value(facts),
                    NewestPer::Ref | NewestPer::Initiator => unknown(),
                };
                (known.and(facts, || Fit::Unknown(missing.clone())), keys.iter().map(value).collect())
            }
        };
        let is_covered = match is_covered {
            Fit::Yes => Ok(true),
            Fit::No => Ok(false),
            Fit::Unknown(missing) => Err(missing.explained(facts.unavailable)),
        };
        let values = values.into_iter().map(|value| value.explained(facts.unavailable)).collect();
        Standing { rule: rule.id.clone(), is_covered, values }
    });
    RunningBuild {
        counts_as: batch
            .or_else(|| compared.as_ref().ok().map(|compared| own_id(compared.build)))
            .unwrap_or_else(|| id.clone()),
        start: compared.as_ref().map(Facts::started).unwrap_or_default(),
        standings: standings.collect(),
        place: [facts.build.account(), facts.build.region()].map(|part| part.map(str::to_owned)),
        stopped_by: Vec::new(),
        awaits_pipeline: facts.awaited.contains(Source::Pipeline),
        id,
    }
}

/// Returns whether the rule applies to a running build and does not exempt it. `compared` are the facts by
/// which it is compared.
fn covers(rule: &Rule, ceiling: Mode, facts: &Facts<'_>, compared: &Facts<'_>) -> Fit {
    let is_on = rule.mode.at(facts.now).min(ceiling) != Mode::Off;
    if !is_on || facts.is_past_comparison() {
        return Fit::No;
    }
    in_scope(rule, compared).and(compared, || match is_exempt(rule, compared) {
        Fit::Yes => Fit::No,
        Fit::No => Fit::Yes,
        unknown => unknown,
    })
}

/// Answers a rule by the comparison of the build with others, as far as these are known.
pub(super) fn answer(rule: &Rule, ceiling: Mode, facts: &Facts<'_>, compared: &Facts<'_>) -> Answer {
    if facts.is_past_comparison() {
        return Answer::Pass;
    }
    match rule.check.decide(compared) {
        // A fact that may show that the rule does not apply is asked for first.
        Answer::Unknown(missing) if missing.source() == Some(Source::RunningBuilds) => {
            match covers(rule, ceiling, facts, compared) {
                Fit::Unknown(first) if compared.may_learn(&first) => Answer::Unknown(first),
                _ => Answer::Unknown(missing),
            }
        }
        answer => answer,
    }
}

/// Returns whether a selector of `only` fits. Stopping a pipeline's build fails the pipeline's execution, so
/// such a build is selected only by a selector whose `started-by` names pipelines.
pub(super) fn selects(selector: &Selector, facts: &Facts<'_>) -> Fit {
    selector.fits(facts, Direction::Forbid).and(facts, || {
        if selector.names_pipelines() {
            return Fit::Yes;
        }
        not_of_pipeline(facts)
    })
}

/// Returns whether something other than a pipeline started the build.
pub(super) fn not_of_pipeline(facts: &Facts<'_>) -> Fit {
    Fit::from(facts.starters().is_among(&[Starter::Pipeline]).map(|is_pipelines| !is_pipelines))
}

impl Selector {
    /// Returns whether its `started-by` names pipelines.
    pub(crate) fn names_pipelines(&self) -> bool {
        self.criteria().any(|criterion| match criterion {
            Criterion::StartedBy(starters) => starters.contains(&Starter::Pipeline),
            Criterion::Kinds(_) | Criterion::Among(..) | Criterion::Tagged(..) | Criterion::When(_) => false,
        })
    }
}

impl Rule {
    /// The values by which it compares builds, if it does.
    pub(crate) fn newest_per(&self) -> Option<&[NewestPer]> {
        match self.check.option() {
            CheckOption::NewestPer(keys) => Some(keys),
            _ => None,
        }
    }
}
