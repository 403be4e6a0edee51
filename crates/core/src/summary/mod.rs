//! Many judged builds added up.
//!
//! A [`Summary`] consists of whole numbers, so that neither the order of the builds nor their division into
//! parts changes a total: two summaries merge into the summary of all builds.

mod amount;
mod breakdown;
mod examples;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use self::{
    amount::{KnownSavings, Minutes, Savings, Usd},
    breakdown::{Breakdown, Share},
    examples::{Example, Examples},
};
use crate::{
    facts::inquiry::Source,
    history::{Replayed, RuleDecision},
    policy::{Mode, Policy},
    record::Outcome,
};

/// What a policy would have done about many builds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// The digest of the policy.
    pub policy: String,
    /// The number of builds that were judged.
    pub judged: u64,
    /// The number of values in the input that could not be read.
    pub unreadable: u64,
    /// The number of builds with each outcome.
    pub outcomes: BTreeMap<Outcome, u64>,
    /// The time and money that the stops would have saved. A build counts once, from its first enforced rule
    /// on.
    #[serde(flatten)]
    pub saved: Savings,
    /// The number of builds that would have been stopped and whose price or running time is unknown, so that their
    /// money is not counted.
    pub unpriced: u64,
    /// The builds that succeeded and would have been stopped.
    pub stopped_successes: Examples,
    /// The results if every rule were enforced for every project.
    pub if_enforced: IfEnforced,
    /// The number of builds for which at least one rule could not be evaluated.
    pub undecided: u64,
    /// The rules by their ids.
    pub rules: BTreeMap<String, RuleSummary>,
    /// The missing facts, with the builds and rules that they concern.
    pub unknown: BTreeMap<String, Missing>,
    /// The builds by account and region: `111122223333/eu-west-1`.
    pub by_account: Breakdown,
    /// The builds by project.
    pub by_project: Breakdown,
    /// The builds by initiator.
    pub by_initiator: Breakdown,
    /// The builds by the day on which they started, UTC.
    pub by_day: Breakdown,
}

/// The builds that break at least one rule, whatever its mode and their project.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IfEnforced {
    /// Their number.
    pub stopped: u64,
    /// The number of those that succeeded.
    pub stopped_successes: u64,
    /// The time and money that their stops would have saved.
    #[serde(flatten)]
    pub saved: Savings,
}

/// The results of one rule.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleSummary {
    /// The number of builds that break it.
    pub broken: u64,
    /// The number of builds that break it while it is enforced.
    pub enforced: u64,
    /// The number of builds that break it and succeeded.
    pub broken_successes: u64,
    /// The number of builds for which it could not be evaluated.
    pub undecided: u64,
    /// The number of builds that are exempt, and would otherwise break it or be undecided.
    pub exempted: u64,
    /// The time and money that this rule alone would have saved.
    #[serde(flatten)]
    pub saved: Savings,
    /// Its exemptions, in the order of the policy.
    pub exemptions: Vec<ExemptionSummary>,
    /// The builds that break it, by project.
    pub by_project: Breakdown,
    /// The builds that break it, by initiator.
    pub by_initiator: Breakdown,
    /// The builds that break it, by the day on which they started, UTC.
    pub by_day: Breakdown,
}

/// The use of an exemption.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ExemptionSummary {
    /// The exemption in words: `projects [hotfix-*], until 2027-01-31`.
    pub exemption: String,
    /// The number of builds that it exempts.
    pub builds: u64,
}

/// A missing fact.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Missing {
    /// The number of builds that lack it.
    pub builds: u64,
    /// The rules that need it.
    pub rules: BTreeSet<String>,
    /// The setting or the input that would resolve it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolved_by: Option<String>,
}

/// The reason why two summaries cannot be merged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotMerged {
    /// Their policies differ.
    #[error("the summaries are of two policies, {0} and {1}; merge summaries of one policy")]
    OtherPolicy(String, String),
    /// A build would count twice.
    #[error("the build `{0}` is in another summary, too; merge summaries of different builds")]
    SameBuild(String),
}

impl Summary {
    /// The summary of no builds. It contains every rule and exemption of the policy that is not off.
    pub fn of(policy: &Policy) -> Self {
        let rules = policy.rules.iter().filter(|rule| !rule.is_off()).map(|rule| {
            let exemptions =
                rule.except.iter().map(|exemption| ExemptionSummary { exemption: exemption.to_string(), builds: 0 });
            (rule.id.clone(), RuleSummary { exemptions: exemptions.collect(), ..RuleSummary::default() })
        });
        Self { policy: policy.digest().to_owned(), rules: rules.collect(), ..Self::default() }
    }

    /// Adds a build.
    pub fn add(&mut self, build: &Replayed) {
        let keys = Keys::of(build);
        let share = Share::of(build);
        self.judged += 1;
        *self.outcomes.entry(build.outcome).or_default() += 1;
        self.saved += build.saved;
        self.unpriced += u64::from(build.outcome == Outcome::Stopped && !build.is_priced);
        if build.stops_a_success() {
            self.stopped_successes.add(build);
        }
        let broken = build.rules.iter().any(|rule| matches!(rule.decided, RuleDecision::Broken { .. }));
        if broken {
            self.if_enforced.stopped += 1;
            self.if_enforced.stopped_successes += u64::from(build.has_succeeded());
            self.if_enforced.saved += build.saved_if_enforced;
        }
        self.by_account.add(&keys.account, share);
        self.by_project.add(build.project(), share);
        self.by_initiator.add(keys.initiator, share);
        self.by_day.add(&keys.day, share);
        let mut missing = BTreeMap::new();
        for result in &build.rules {
            let rule = self.rules.entry(result.rule.clone()).or_default();
            match &result.decided {
                RuleDecision::Broken { mode, saved, unknown, .. } => {
                    let share = Share { saved: *saved, ..share };
                    rule.broken += 1;
                    rule.enforced += u64::from(*mode == Mode::Enforce);
                    rule.broken_successes += u64::from(build.has_succeeded());
                    if let Some((fact, source)) = unknown {
                        rule.undecided += 1;
                        missing.entry(fact.as_str()).or_insert_with(|| (*source, Vec::new())).1.push(&result.rule);
                    }
                    rule.saved += *saved;
                    rule.by_project.add(build.project(), share);
                    rule.by_initiator.add(keys.initiator, share);
                    rule.by_day.add(&keys.day, share);
                }
                RuleDecision::Undecided { missing: fact, source, .. } => {
                    rule.undecided += 1;
                    missing.entry(fact.as_str()).or_insert_with(|| (*source, Vec::new())).1.push(&result.rule);
                }
                RuleDecision::Exempted { index, .. } => {
                    rule.exempted += 1;
                    rule.exemptions.get_mut(*index).into_iter().for_each(|exemption| exemption.builds += 1);
                }
            }
        }
        self.undecided += u64::from(!missing.is_empty());
        for (fact, (source, rules)) in missing {
            let missing = self.missing(fact);
            missing.builds += 1;
            missing.rules.extend(rules.into_iter().cloned());
            // The fact is a member that a whole Build lacks.
            let lacks = || fact.starts_with("build.").then_some("a Build may lack it: write `has(…) && …` in the rule");
            missing.resolved_by = source.map(Source::resolved_by).or_else(lacks).map(str::to_owned);
        }
    }

    /// The builds that lack a fact.
    fn missing(&mut self, fact: &str) -> &mut Missing {
        let is_counted = self.unknown.contains_key(fact);
        let key = if is_counted { fact } else { breakdown::counted_as(fact, self.unknown.len()) };
        self.unknown.entry(key.to_owned()).or_default()
    }

    /// Adds the builds of another summary.
    ///
    /// # Errors
    /// If it is a summary of another policy, or names a build that this one names.
    pub fn merge(&mut self, other: Self) -> Result<(), NotMerged> {
        if self.policy != other.policy {
            return Err(NotMerged::OtherPolicy(self.policy.clone(), other.policy));
        }
        if let Some(build) = self.stopped_successes.shared(&other.stopped_successes) {
            return Err(NotMerged::SameBuild(build.to_owned()));
        }
        self.judged += other.judged;
        self.unreadable += other.unreadable;
        for (outcome, builds) in other.outcomes {
            *self.outcomes.entry(outcome).or_default() += builds;
        }
        self.saved += other.saved;
        self.unpriced += other.unpriced;
        self.stopped_successes.merge(other.stopped_successes);
        self.if_enforced.stopped += other.if_enforced.stopped;
        self.if_enforced.stopped_successes += other.if_enforced.stopped_successes;
        self.if_enforced.saved += other.if_enforced.saved;
        self.undecided += other.undecided;
        for (rule, summary) in other.rules {
            self.rules.entry(rule).or_default().merge(summary);
        }
        for (fact, missing) in other.unknown {
            let own = self.missing(&fact);
            own.builds += missing.builds;
            own.rules.extend(missing.rules);
            own.resolved_by = missing.resolved_by;
        }
        self.by_account.merge(&other.by_account);
        self.by_project.merge(&other.by_project);
        self.by_initiator.merge(&other.by_initiator);
        self.by_day.merge(&other.by_day);
        Ok(())
    }
}

impl RuleSummary {
    /// Returns whether a build broke it, was exempt from it, or could not be judged by it.
    pub fn counts(&self) -> bool {
        self.broken + self.undecided + self.exempted > 0
    }

    fn merge(&mut self, other: Self) {
        self.broken += other.broken;
        self.enforced += other.enforced;
        self.broken_successes += other.broken_successes;
        self.undecided += other.undecided;
        self.exempted += other.exempted;
        self.saved += other.saved;
        self.by_project.merge(&other.by_project);
        self.by_initiator.merge(&other.by_initiator);
        self.by_day.merge(&other.by_day);
        for (index, exemption) in other.exemptions.into_iter().enumerate() {
            match self.exemptions.get_mut(index) {
                Some(own) => own.builds += exemption.builds,
                None => self.exemptions.push(exemption),
            }
        }
    }
}

/// The keys under which a build is counted.
struct Keys<'a> {
    account: String,
    initiator: &'a str,
    day: String,
}

impl<'a> Keys<'a> {
    fn of(build: &'a Replayed) -> Self {
        let or_unknown = |text: Option<&'a str>| text.unwrap_or("unknown");
        let day = build.start.map(|start| start.strftime("%F").to_string());
        Self {
            account: format!("{}/{}", or_unknown(build.account()), or_unknown(build.region())),
            initiator: or_unknown(build.initiator.as_deref()),
            day: day.unwrap_or_else(|| "unknown".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests;
