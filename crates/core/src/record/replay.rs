//! The record of a build of the past: what a policy would have done about it.

use jiff::Timestamp;
use serde::Serialize;

use super::{Record, RecordFields, message::reasons};
use crate::{
    facts::inquiry::Case,
    history::{Replayed, RuleDecision},
    policy::Policy,
    summary::KnownSavings,
    verdict::{Action, Verdict},
};

/// The fields that only the record of a replayed build has.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReplayFields<'a> {
    /// How the build ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_time: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_time: Option<Timestamp>,
    /// The time and money that the stop would have saved.
    #[serde(flatten)]
    savings: KnownSavings,
    /// The broken rules.
    rules: Vec<FiredRule<'a>>,
}

/// A broken rule: when it was broken first, and what its stop alone would have saved.
#[derive(Serialize)]
struct FiredRule<'a> {
    rule: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<Timestamp>,
    #[serde(flatten)]
    savings: KnownSavings,
}

impl Record {
    /// The record of a build of the past. It has no metrics, since nothing happened.
    pub(crate) fn of_replay(policy: &Policy, case: &Case<'_>, verdict: &Verdict, replayed: &Replayed) -> Self {
        let outcome = replayed.outcome;
        let id = &replayed.build_id;
        let done = match verdict.action {
            Action::Stop => format!("Would have stopped build {id}."),
            Action::Report => format!("Would have reported build {id}."),
            Action::Protect => {
                format!("Would have reported build {id} without stopping it, because `never-stop` lists its project.")
            }
            Action::Allow => format!("Would have allowed build {id}."),
        };
        let message = format!("{done}{}", reasons(verdict));
        let fired = replayed.rules.iter().filter_map(|result| match &result.decided {
            RuleDecision::Broken { at, saved, .. } => {
                Some(FiredRule { rule: &result.rule, at: *at, savings: replayed.known(*saved) })
            }
            RuleDecision::Undecided { .. } | RuleDecision::Exempted { .. } => None,
        });
        let replay = ReplayFields {
            status: replayed.status.as_deref(),
            start_time: replayed.start,
            end_time: replayed.end,
            savings: replayed.savings(),
            rules: fired.collect(),
        };
        let fields = RecordFields {
            replay: Some(replay),
            ..RecordFields::of_any(policy, outcome, message, None, None).about(case, verdict)
        };
        Self { outcome, withheld: None, json: fields.redacted(), failure: None, response: None }
    }
}
