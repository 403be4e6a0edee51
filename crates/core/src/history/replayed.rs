//! What a policy would have done about a build of the past.

use jiff::{Timestamp, civil::Date, fmt::serde::timestamp::microsecond};
use serde::{Deserialize, Serialize};

use crate::{
    explain::Reason,
    facts::{RefFrom, inquiry::Source, starter::Starter},
    model::name::{ACCOUNT, REGION, arn_part},
    policy::Mode,
    record::Outcome,
    summary::{KnownSavings, Minutes, Savings, Usd},
};

/// A judged build of the past. It contains no secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Replayed {
    /// The build's id.
    pub build_id: String,
    /// The build's ARN.
    pub build_arn: Option<String>,
    /// The initiator of the build or of its batch.
    pub initiator: Option<String>,
    /// The kind of starter, if it was asked for.
    pub started_by: Option<Starter>,
    /// The branch, if it was asked for.
    pub branch: Option<String>,
    /// The full name of the reference, if it was asked for.
    pub git_ref: Option<String>,
    /// The source of `branch` and `git_ref`.
    pub ref_from: Option<RefFrom>,
    /// The time of the request for the build.
    #[serde(with = "microsecond::optional")]
    pub start: Option<Timestamp>,
    /// The time when the build ended, if the input shows it.
    #[serde(with = "microsecond::optional")]
    pub end: Option<Timestamp>,
    /// The status with which it ended.
    pub status: Option<String>,
    /// The outcome under the policy: `allowed`, `reported`, `protected` or `stopped`.
    pub outcome: Outcome,
    /// The savings from the moment at which the first enforced rule is broken, if the build would have been stopped.
    pub saved: Savings,
    /// The savings from the moment at which the first rule is broken, as if every rule were enforced.
    pub saved_if_enforced: Savings,
    /// `false` if no money is counted, because the price of a minute, or the time at which the build left the queue,
    /// is unknown.
    pub is_priced: bool,
    /// The rules that do not pass, in the order of the policy.
    pub rules: Vec<RuleResult>,
    /// The reasons of all rules, if they were asked for and a rule does not pass.
    pub reasons: Vec<Reason>,
    /// The record as JSON, if it was asked for.
    pub record: Option<String>,
}

/// The decision of one rule about a build of the past.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RuleResult {
    /// The rule's id.
    pub rule: String,
    /// The decision.
    pub decided: RuleDecision,
}

/// A decision that is not a pass.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum RuleDecision {
    /// The rule is broken.
    Broken {
        /// The rule's mode at that moment.
        mode: Mode,
        /// The value of the build.
        found: String,
        /// The moment at which the rule is first broken. `None` if no time of the build is known.
        #[serde(with = "microsecond::optional")]
        at: Option<Timestamp>,
        /// The savings from that moment to the build's end.
        saved: Savings,
        /// The missing fact, and the source that may provide it, if the rule could not be evaluated and counts as
        /// broken by `on-unknown: stop`.
        unknown: Option<(String, Option<Source>)>,
    },
    /// The rule could not be evaluated.
    Undecided {
        /// The missing fact.
        missing: String,
        /// The source that may provide it.
        source: Option<Source>,
        /// `false` if the rule has `on-unknown: ignore`.
        counts: bool,
    },
    /// The build would break the rule, or the rule could not be evaluated, but an exemption matches.
    Exempted {
        /// The index of the exemption in the rule's `except`.
        index: usize,
        /// The reason for the exemption.
        reason: Option<String>,
        /// The last day of the exemption, UTC.
        until: Option<Date>,
    },
}

impl Replayed {
    /// The project's name, from the build's id.
    pub fn project(&self) -> &str {
        self.build_id.rsplit_once(':').map_or(&self.build_id, |(project, _)| project)
    }

    /// The account that the build ran in, from its ARN.
    pub fn account(&self) -> Option<&str> {
        arn_part(self.build_arn.as_deref()?, ACCOUNT)
    }

    /// The region that the build ran in, from its ARN.
    pub fn region(&self) -> Option<&str> {
        arn_part(self.build_arn.as_deref()?, REGION)
    }

    /// The time and money that the build's stop would have saved: zero if it would not have been stopped.
    pub fn savings(&self) -> KnownSavings {
        match self.outcome {
            Outcome::Stopped => self.known(self.saved),
            _ => KnownSavings { minutes: Some(Minutes::default()), usd: Some(Usd::default()) },
        }
    }

    /// The part of such savings that is known.
    pub(crate) fn known(&self, saved: Savings) -> KnownSavings {
        let minutes = (self.start.is_some() && self.end.is_some()).then_some(saved.minutes);
        KnownSavings { minutes, usd: minutes.filter(|_| self.is_priced).map(|_| saved.usd) }
    }

    /// Returns whether the build succeeded although the policy would have stopped it.
    pub fn stops_a_success(&self) -> bool {
        self.outcome == Outcome::Stopped && self.has_succeeded()
    }

    /// Returns whether the build succeeded.
    pub fn has_succeeded(&self) -> bool {
        self.status.as_deref() == Some("SUCCEEDED")
    }
}
