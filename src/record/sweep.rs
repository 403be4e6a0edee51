//! The record of a sweep: its counts, and what it found.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::{Failure, Outcome, Record, metrics, redact};
use crate::{build::Build, policy::Policy};

/// Lambda takes an answer of 6 MB at most. Every record is a line of its own as well.
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
const ANSWER_BYTES: usize = 4_000_000;

/// What a sweep did.
#[derive(Debug, Default)]
pub(crate) struct Swept {
    /// The projects that were looked at, and the running builds that were found.
    pub(crate) projects: u64,
    pub(crate) running: u64,
    /// The builds of which a rule could not tell.
    pub(crate) undecided: u64,
    /// What would have been stopped, where that was more than a sweep may stop.
    pub(crate) safety: Option<Safety>,
    /// The project that another invocation begins with, where there was no time for all.
    pub(crate) rest: Option<String>,
    broken: u64,
    stopped: u64,
    reported: u64,
    failed: u64,
    /// The first failure.
    failure: Option<Failure>,
    /// Calls that failed, besides those of a build.
    unseen: u64,
    /// As text, which takes a fraction of the memory while builds are dealt with.
    records: Vec<String>,
    bytes: usize,
}

/// The safety belt, holding.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Safety {
    /// How many builds the policy would have had stopped.
    pub(crate) stops: u64,
    /// How many a sweep may stop.
    pub(crate) allowed: u64,
    /// The policy's `max-stops-per-sweep`.
    pub(crate) setting: String,
}

impl Swept {
    /// Counts a build that broke a rule, by its record.
    pub(crate) fn add(&mut self, record: &Record) {
        self.broken += 1;
        match record.outcome() {
            Outcome::Stopped => self.stopped += 1,
            Outcome::Reported | Outcome::Protected => self.reported += 1,
            Outcome::Failed => self.failed += 1,
            _ => {}
        }
        if let Some(failure) = record.failure() {
            self.failure.get_or_insert_with(|| failure.clone());
        }
        let text = record.json().to_string();
        self.bytes += text.len();
        if self.bytes <= ANSWER_BYTES {
            self.records.push(text);
        }
    }

    /// Whether nothing was done about any build.
    pub(crate) fn are_none_dealt_with(&self) -> bool {
        self.broken == 0
    }

    /// Notes that something could not be done that is of no one build.
    pub(crate) fn note(&mut self, failure: Failure) {
        self.unseen += 1;
        self.failure.get_or_insert(failure);
    }

    fn outcome(&self) -> Outcome {
        match (self.failure.is_some(), self.stopped, self.broken) {
            (true, ..) => Outcome::Failed,
            (_, 0, 0) => Outcome::Allowed,
            (_, 0, _) => Outcome::Reported,
            _ => Outcome::Stopped,
        }
    }

    fn message(&self) -> String {
        let Self { projects, running, broken, stopped, undecided, failed, unseen, .. } = self;
        let mut message = String::new();
        if let Some(Safety { stops, allowed, setting }) = &self.safety {
            message.push_str(&format!(
                "SAFETY BELT: nothing was stopped. The policy would have {stops} of the running builds stopped, and \
                 one sweep may stop {allowed} (max-stops-per-sweep: {setting}). Look at the policy first. "
            ));
        }
        message.push_str(&format!(
            "Swept {projects} projects: of {running} running builds, {broken} broke a rule and {stopped} were stopped."
        ));
        if *undecided > 0 {
            message.push_str(&format!(" Of {undecided} a rule could not tell."));
        }
        if *failed > 0 {
            message.push_str(&format!(" {failed} could not be dealt with."));
        }
        if *unseen > 0 {
            message.push_str(&format!(" {unseen} calls failed, so that not all was seen."));
        }
        if let Some(failure) = &self.failure {
            message.push_str(&format!(" The first failure: {}.", failure.message));
        }
        if let Some(from) = &self.rest {
            message.push_str(&format!(" There was no time for the rest, from the project {from} on: it is handed on."));
        }
        message
    }
}

impl Record {
    /// The record of a sweep. Its line has the counts; its answer has, besides, the record
    /// of each build that broke a rule, as many as Lambda takes.
    pub(crate) fn swept(policy: &Policy, mut swept: Swept, time: Option<Timestamp>, now: Timestamp) -> Self {
        swept.failure = swept.failure.map(|failure| redact::failure(failure, &Build::default()));
        let outcome = swept.outcome();
        let mut json = json!({
            "outcome": outcome,
            "message": swept.message(),
            "trigger": "sweep",
            "projects": swept.projects,
            "running": swept.running,
            "broken": swept.broken,
            "stopped": swept.stopped,
            "reported": swept.reported,
            "undecided": swept.undecided,
            "failed": swept.failed,
            "policy": policy.digest(),
        });
        if let Value::Object(members) = &mut json {
            let mut add = |name: &str, value: Value| drop(members.insert(name.to_owned(), value));
            if let Some(Safety { stops, allowed, setting }) = &swept.safety {
                add("safety", json!({"stops": stops, "allowed": allowed, "maxStopsPerSweep": setting}));
            }
            if let Some(from) = &swept.rest {
                add("rest", json!({"from": from}));
            }
            if let Some(failure) = &swept.failure {
                add("error", json!(failure));
            }
            if let Some(time) = time {
                add("reactionMs", json!(now.as_millisecond() - time.as_millisecond()));
            }
        }
        let metrics = metrics::of_sweep(outcome, &swept, now);
        let left_out = swept.broken - swept.records.len() as u64;
        let records = swept.records.into_iter().filter_map(|text| serde_json::from_str(&text).ok()).collect();
        Self { records: Some((left_out, records)), ..Self::new(json, outcome, metrics, swept.failure) }
    }
}
