//! The record of a sweep: its counts, and what it found.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;

use super::{Failure, Metrics, Outcome, Record, redact};
use crate::{model::Build, policy::Policy};

/// Lambda takes an answer of 6 MB at most. Every record is a line of its own as well.
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
const ANSWER_BYTES: usize = 4_000_000;

/// What a sweep did.
#[derive(Debug, Default)]
pub struct Swept {
    /// The projects that were looked at.
    pub projects: u64,
    /// The running builds that were found.
    pub running: u64,
    /// The builds of which a rule could not tell.
    pub undecided: u64,
    /// What would have been stopped, where that was more than a sweep may stop.
    pub safety: Option<Safety>,
    /// The project that another invocation begins with, where there was no time for all.
    pub rest: Option<String>,
    broken: u64,
    stopped: u64,
    reported: u64,
    failed: u64,
    /// The first failure.
    failure: Option<Failure>,
    /// Calls that failed, besides those of a build.
    unseen: u64,
    records: Vec<Box<RawValue>>,
    bytes: usize,
}

/// The safety belt, holding.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Safety {
    /// How many builds the policy would have had stopped.
    pub stops: u64,
    /// How many a sweep may stop.
    pub allowed: u64,
    /// The policy's `max-stops-per-sweep`.
    #[serde(rename = "maxStopsPerSweep")]
    pub setting: String,
}

impl Swept {
    /// Counts a build that broke a rule, by its record.
    pub fn add(&mut self, record: &Record) {
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
        self.bytes += record.json().get().len();
        if self.bytes <= ANSWER_BYTES {
            self.records.push(record.json().to_owned());
        }
    }

    /// Whether nothing was done about any build.
    pub fn are_none_dealt_with(&self) -> bool {
        self.broken == 0
    }

    /// Notes that something could not be done that is of no one build.
    pub fn note(&mut self, failure: Failure) {
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

/// The record's members, in the order in which they are read.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Members<'a> {
    outcome: Outcome,
    message: String,
    trigger: &'static str,
    projects: u64,
    running: u64,
    broken: u64,
    stopped: u64,
    reported: u64,
    undecided: u64,
    failed: u64,
    policy: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    safety: Option<&'a Safety>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rest: Option<Rest<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a Failure>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reaction_ms: Option<i64>,
    #[serde(flatten)]
    metrics: Metrics<'static>,
    /// In the answer alone, as is what follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    records: Option<&'a [Box<RawValue>]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    records_left_out: Option<u64>,
}

/// The project that the rest begins with.
#[derive(Serialize)]
struct Rest<'a> {
    from: &'a str,
}

impl Record {
    /// The record of a sweep. Its line has the counts; its answer has, besides, the record
    /// of each build that broke a rule, as many as Lambda takes.
    pub fn swept(policy: &Policy, mut swept: Swept, time: Option<Timestamp>, now: Timestamp) -> Self {
        swept.failure = swept.failure.map(|failure| redact::failure(failure, &Build::default()));
        let outcome = swept.outcome();
        let mut members = Members {
            outcome,
            message: swept.message(),
            trigger: "sweep",
            projects: swept.projects,
            running: swept.running,
            broken: swept.broken,
            stopped: swept.stopped,
            reported: swept.reported,
            undecided: swept.undecided,
            failed: swept.failed,
            policy: policy.digest(),
            safety: swept.safety.as_ref(),
            rest: swept.rest.as_deref().map(|from| Rest { from }),
            error: swept.failure.as_ref(),
            reaction_ms: time.map(|time| now.as_millisecond() - time.as_millisecond()),
            metrics: Metrics::of_sweep(outcome, &swept, now),
            records: None,
            records_left_out: None,
        };
        let json = redact::every_url(&members);
        members.records = Some(&swept.records);
        members.records_left_out = Some(swept.broken - swept.records.len() as u64).filter(|left_out| *left_out > 0);
        let answer = redact::every_url(&members);
        Self { outcome, failure: swept.failure, json, answer: Some(answer) }
    }
}
