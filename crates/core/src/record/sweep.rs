//! The record of a sweep: its counts, and the records of its builds.

mod message;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::{Counted, Failure, MAX_RESPONSE_BYTES, Metrics, Note, Outcome, Record, RecordFields, metrics, redact};
use crate::{
    policy::Policy,
    verdict::{Verdict, Withheld},
};

/// The results of a sweep.
#[derive(Debug, Default)]
pub struct SweepSummary {
    /// The account that was swept.
    pub account: Option<String>,
    /// The name that settings give the account.
    pub account_name: Option<String>,
    /// The region that was swept.
    pub region: Option<String>,
    /// The number of projects that were looked at.
    pub projects: u64,
    /// The number of running builds that were found.
    pub running: u64,
    /// The number of running sandboxes that were found. They count like builds wherever builds are counted.
    pub sandboxes: u64,
    /// Set if the policy would have stopped more builds than a sweep may stop.
    pub safety: Option<Safety>,
    /// The next part of the sweep, if there was not enough time.
    pub rest: Option<Rest>,
    /// `true` if another invocation will continue with that project. This one then does not fail, because a
    /// retry would hand on the same rest again. Its errors are handed on with the rest.
    pub is_handed_on: bool,
    /// The errors in the earlier parts.
    pub earlier: Failures,
    /// The id of the request that switched the safety limit off.
    pub belt_off_by: Option<String>,
    /// `true` if nobody reads the response, so that the builds' records are not kept for it.
    pub is_unread: bool,
    broken: u64,
    stopped: u64,
    /// The number of builds that were not stopped only because this is a dry run.
    to_stop: u64,
    reported: u64,
    failed: u64,
    /// The number of builds for which a rule could not be evaluated.
    undecided: u64,
    /// The first fact that is unknown because a call was denied. It fails no build and no sweep.
    denied_fact: Option<String>,
    first_failure: Option<Failure>,
    /// The number of failures, of builds, of their notifications, and of other calls.
    failures: u64,
    /// The first failure that no retry repairs: somebody must allow the call.
    first_denied: Option<Failure>,
    /// Failed calls that concern no single build.
    failed_calls: u64,
    records: Vec<Box<RawValue>>,
    record_bytes: usize,
}

/// The next part of a sweep. An event of a dry run may have it as `detail.sweep`, which continues that run.
#[derive(Clone, Debug, Serialize)]
pub struct Rest {
    /// The project with which it begins.
    pub from: String,
    /// The number of running builds and sandboxes that were found before.
    pub running: u64,
    /// The number of those that must be stopped.
    pub stops: u64,
}

/// The errors in a sweep.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failures {
    /// The number of builds and calls that failed.
    pub count: u64,
    /// The first of them, redacted.
    pub first: Option<Failure>,
}

/// The safety limit was exceeded, so nothing was stopped.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Safety {
    /// The number of builds that the policy would have stopped.
    pub stops: u64,
    /// The number of builds that a sweep may stop.
    pub allowed: u64,
    /// The policy's `max-stops-per-sweep`.
    #[serde(rename = "maxStopsPerSweep")]
    pub setting: String,
    /// The ordinal number of the sweep's part, from 1. Earlier parts may have stopped builds.
    #[serde(skip)]
    pub part: i64,
    /// The way to have one sweep stop them all.
    #[serde(skip)]
    pub switch: BeltSwitch,
}

/// The way to switch the safety limit off for one sweep.
#[derive(Clone, Copy, Debug)]
pub enum BeltSwitch {
    /// An event for the function.
    Event,
    /// An option of the command line.
    Option,
}

impl SweepSummary {
    /// Returns the summary of a part of a sweep that has done nothing yet.
    pub fn after(earlier: Failures, belt_off_by: Option<String>) -> Self {
        Self { earlier, belt_off_by, ..Self::default() }
    }

    /// Counts a build that broke a rule, by its record.
    pub fn add(&mut self, record: &Record) {
        self.broken += 1;
        self.to_stop += u64::from(record.withheld == Some(Withheld::DryRun));
        match record.outcome().counted() {
            Counted::Stopped => self.stopped += 1,
            Counted::Reported => self.reported += 1,
            Counted::Failed => self.failed += 1,
            Counted::Allowed | Counted::Ended | Counted::Nothing => {}
        }
        if let Some(failure) = record.failure() {
            self.note(failure.clone());
        }
        self.record_bytes += record.json().get().len();
        if !self.is_unread && self.record_bytes <= MAX_RESPONSE_BYTES {
            self.records.push(record.json().to_owned());
        }
    }

    /// Counts a build if a rule could not be evaluated, by its verdict. One that breaks no rule has no record.
    pub fn add_undecided(&mut self, verdict: &Verdict) {
        self.undecided += u64::from(verdict.undecided.iter().any(|undecided| undecided.counts));
        self.denied_fact = self.denied_fact.take().or_else(|| metrics::denied_fact(verdict));
    }

    /// Counts a failure that concerns no single build.
    pub fn add_failed_call(&mut self, failure: Failure) {
        self.failed_calls += 1;
        self.note(failure);
    }

    fn note(&mut self, failure: Failure) {
        self.failures += 1;
        if metrics::is_denied(&failure) {
            self.first_denied.get_or_insert_with(|| failure.clone());
        }
        self.first_failure.get_or_insert(failure);
    }

    /// Returns whether a call or a role was denied in this part.
    pub(super) fn is_denied(&self) -> bool {
        self.first_denied.is_some() || self.denied_fact.is_some()
    }

    /// Returns whether no build has been counted yet.
    pub fn is_empty(&self) -> bool {
        self.broken == 0
    }

    /// Returns the errors up to now, in the earlier parts and in this one.
    pub fn failures(&self) -> Failures {
        let own = || self.first_failure.clone().map(redact::failure_without_build);
        let count = self.earlier.count.saturating_add(self.failures);
        Failures { count, first: self.earlier.first.clone().or_else(own) }
    }

    fn outcome(&self, failure: Option<&Failure>) -> Outcome {
        match (failure.is_some(), self.stopped, self.broken) {
            (true, ..) => Outcome::Failed,
            (_, 0, 0) => Outcome::Allowed,
            (_, 0, _) => Outcome::Reported,
            _ => Outcome::Stopped,
        }
    }
}

/// The record's fields, in the order in which people read them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SweepFields<'a> {
    outcome: Outcome,
    message: String,
    trigger: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<&'a str>,
    projects: u64,
    running: u64,
    /// Left out where there is none.
    #[serde(skip_serializing_if = "is_none")]
    sandboxes: u64,
    broken: u64,
    stopped: u64,
    reported: u64,
    undecided: u64,
    failed: u64,
    policy: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    safety: Option<&'a Safety>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rest: Option<&'a Rest>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a Failure>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<Note>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reaction_ms: Option<i64>,
    #[serde(flatten)]
    metrics: Metrics<'static>,
    /// In the response only, as is the next field.
    #[serde(skip_serializing_if = "Option::is_none")]
    records: Option<&'a [Box<RawValue>]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    records_left_out: Option<u64>,
}

fn is_none(count: &u64) -> bool {
    *count == 0
}

/// Lambda's partial batch response.
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BatchResponse {
    batch_item_failures: Vec<BatchItemFailure>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BatchItemFailure {
    item_identifier: String,
}

impl Record {
    /// The response to messages of the sweep queue, some of which failed. Their sweeps have records of their own.
    pub fn of_messages(failed: impl IntoIterator<Item = String>) -> Self {
        let batch_item_failures: Vec<BatchItemFailure> =
            failed.into_iter().map(|item_identifier| BatchItemFailure { item_identifier }).collect();
        let outcome = if batch_item_failures.is_empty() { Outcome::Ignored } else { Outcome::Failed };
        let json = to_raw_value(&BatchResponse { batch_item_failures }).unwrap_or_default();
        Self { outcome, withheld: None, failure: None, json, response: None }
    }

    /// The record of a message of the sweep queue that waited for longer than one schedule.
    pub fn of_dropped_sweep(
        policy: &Policy,
        account: &str,
        account_name: Option<&str>,
        region: &str,
        age: SignedDuration,
        now: Timestamp,
    ) -> Self {
        let message = format!(
            "Dropped the sweep of account {account} in {region}: its message waited for {} seconds, longer than the \
             time between two sweeps. The next scheduled sweep covers the same account and region.",
            age.as_secs()
        );
        let outcome = Outcome::Ignored;
        let any = RecordFields::of_any(policy, outcome, message, None, Some(Metrics::of_dropped_sweep(now)));
        let fields = RecordFields { account: Some(account), account_name, region: Some(region), ..any };
        Self { outcome, withheld: None, json: fields.redacted(), failure: None, response: None }
    }

    /// The record of a sweep. Its line contains the counts; its response also contains the
    /// records of the builds that broke a rule, as many as Lambda accepts.
    pub fn of_sweep(policy: &Policy, summary: SweepSummary, time: Option<Timestamp>, now: Timestamp) -> Self {
        let failure = summary.failures().first.filter(|_| !summary.is_handed_on);
        let outcome = summary.outcome(failure.as_ref());
        let mut fields = SweepFields {
            outcome,
            message: summary.message(),
            trigger: "sweep",
            account: summary.account.as_deref(),
            account_name: summary.account_name.as_deref(),
            region: summary.region.as_deref(),
            projects: summary.projects,
            running: summary.running,
            sandboxes: summary.sandboxes,
            broken: summary.broken,
            stopped: summary.stopped,
            reported: summary.reported,
            undecided: summary.undecided,
            failed: summary.failed,
            policy: policy.digest(),
            safety: summary.safety.as_ref(),
            rest: summary.rest.as_ref(),
            error: failure.as_ref(),
            notes: summary.belt_off_by.as_deref().map(Note::belt_off).into_iter().collect(),
            reaction_ms: time.map(|time| now.as_millisecond() - time.as_millisecond()),
            metrics: Metrics::of_sweep(outcome, &summary, failure.as_ref(), now),
            records: None,
            records_left_out: None,
        };
        // The parts that could contain a secret, the failure and the records, are redacted by now.
        let json = to_raw_value(&fields).unwrap_or_default();
        fields.records = Some(&summary.records);
        fields.records_left_out = Some(summary.broken - summary.records.len() as u64).filter(|count| *count > 0);
        let response = Some(to_raw_value(&fields).unwrap_or_default());
        Self { outcome, withheld: None, failure, json, response }
    }
}

#[cfg(test)]
mod tests;
