//! The JSON line: what was decided and done, in words and in fields, without secrets, with
//! metrics in CloudWatch's embedded format.

mod build_log;
mod message;
mod metrics;
mod note;
mod notification;
mod outcome;
mod phase_context;
pub(crate) mod redact;
mod refusal;
mod replay;
pub mod saved;
mod schema;
mod sweep;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::{
    event::{EventError, TriggerKind},
    facts::{InitiatorFrom, RefFrom, inquiry::Case, starter::Starter},
    model::{Build, BuildBatch, Progress, RunKind, Sandbox},
    policy::Policy,
    url,
    verdict::{Exempted, Undecided, Verdict, Violation, Withheld},
};

pub use self::{
    build_log::{BuildLog, LogStream},
    note::{Note, NoteCode},
    notification::{MAX_ENTRY_BYTES, Notification},
    outcome::{Counted, Outcome},
    schema::schema,
    sweep::{BeltSwitch, Failures, Rest, Safety, SweepSummary},
};
use self::{
    message::{MessageSubject, message},
    metrics::{JudgedBuild, Metrics},
    redact::HiddenValues,
    replay::ReplayFields,
};

/// The reason why an invocation fails.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// The invocation's `errorType`.
    pub r#type: String,
    /// The API's error code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The API request's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The error, for a person. In a record, it ends with the service's answer, redacted.
    pub message: String,
    /// The service's own text, as it answered.
    #[serde(skip)]
    pub answer: Option<String>,
}

impl From<EventError> for Failure {
    fn from(error: EventError) -> Self {
        Self { r#type: error.name().to_owned(), code: None, request_id: None, message: error.to_string(), answer: None }
    }
}

/// The effect of a verdict.
#[derive(Clone, Debug)]
pub struct Effect {
    /// The outcome for the build.
    pub outcome: Outcome,
    /// The reason why the build was not stopped, if the verdict does not give it.
    pub withheld: Option<Withheld>,
    /// The reason why the work could not be done.
    pub failure: Option<Failure>,
    /// The Build that has ended, as CodeBuild returned it after the stop. Boxed because it is large and seldom
    /// there.
    pub returned: Option<Box<Build>>,
    /// The batch that was stopped with it, or had ended.
    pub batch: Option<Box<BuildBatch>>,
    /// The Sandbox that has ended or is being stopped, as CodeBuild returned it after the stop.
    pub sandbox: Option<Box<Sandbox>>,
    /// The time when the function will be called back for the build.
    pub deadline: Option<Timestamp>,
    /// Notes on the work.
    pub notes: Vec<Note>,
}

/// The context in which a record is made.
#[derive(Clone, Copy, Debug)]
pub struct Stamp<'a> {
    /// The current time.
    pub now: Timestamp,
    /// The version of the Lambda function, such as `7` or `$LATEST`. `None` outside Lambda.
    pub version: Option<&'a str>,
    /// The name that settings give the build's account.
    pub account_name: Option<&'a str>,
}

/// The stamp of a record that is made outside Lambda.
impl From<Timestamp> for Stamp<'_> {
    fn from(now: Timestamp) -> Self {
        Self { now, version: None, account_name: None }
    }
}

impl Effect {
    /// Adds a note, if there is one.
    #[must_use]
    pub fn noting(mut self, note: Option<Note>) -> Self {
        self.notes.extend(note);
        self
    }
}

impl From<Outcome> for Effect {
    fn from(outcome: Outcome) -> Self {
        Self {
            outcome,
            withheld: None,
            failure: None,
            returned: None,
            batch: None,
            sandbox: None,
            deadline: None,
            notes: Vec::new(),
        }
    }
}

impl From<Withheld> for Effect {
    fn from(withheld: Withheld) -> Self {
        Self { withheld: Some(withheld), ..Outcome::Reported.into() }
    }
}

impl From<Failure> for Effect {
    fn from(failure: Failure) -> Self {
        Self { failure: Some(failure), ..Outcome::Failed.into() }
    }
}

/// The record of one build or event: the invocation's response, and one line of the log.
/// It is redacted when it is made, and never contains a secret.
#[derive(Clone, Debug)]
pub struct Record {
    outcome: Outcome,
    withheld: Option<Withheld>,
    failure: Option<Failure>,
    json: Box<RawValue>,
    /// The invocation's response, if it contains more than the line.
    response: Option<Box<RawValue>>,
}

/// The record's fields, in the order in which people read them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RecordFields<'a> {
    outcome: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<RunKind>,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    withheld: Option<Withheld>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trigger: Option<TriggerKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    build_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    build_arn: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    initiator: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    initiator_from: Option<InitiatorFrom>,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_by: Option<Starter>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_version: Option<&'a str>,
    violations: &'a [Violation],
    undecided: &'a [Undecided],
    exempted: &'a [Exempted],
    #[serde(skip_serializing_if = "Option::is_none")]
    branch: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#ref: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    branch_from: Option<RefFrom>,
    #[serde(skip_serializing_if = "Option::is_none")]
    superseded_by: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a Failure>,
    policy: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<Note>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deadline: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reaction_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    build: Option<Box<Build>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    build_batch: Option<Box<BuildBatch>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sandbox: Option<Box<Sandbox>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replay: Option<ReplayFields<'a>>,
    #[serde(flatten)]
    metrics: Option<Metrics<'a>>,
}

impl<'a> RecordFields<'a> {
    /// The fields of every record, about a build or not.
    fn of_any(
        policy: &'a Policy,
        outcome: Outcome,
        message: String,
        error: Option<&'a Failure>,
        metrics: Option<Metrics<'a>>,
    ) -> Self {
        Self {
            outcome,
            kind: None,
            message,
            withheld: None,
            trigger: None,
            build_id: None,
            build_arn: None,
            project: None,
            account: None,
            account_name: None,
            region: None,
            initiator: None,
            initiator_from: None,
            started_by: None,
            source_version: None,
            violations: &[],
            undecided: &[],
            exempted: &[],
            branch: None,
            r#ref: None,
            branch_from: None,
            superseded_by: None,
            error,
            policy: policy.digest(),
            notes: Vec::new(),
            deadline: None,
            reaction_ms: None,
            build: None,
            build_batch: None,
            sandbox: None,
            replay: None,
            metrics,
        }
    }

    /// Adds the fields of a build and of the verdict on it.
    fn about(self, case: &'a Case<'_>, verdict: &'a Verdict) -> Self {
        let (event, build, provenance) = (case.event(), case.build(), case.provenance());
        Self {
            kind: Some(case.kind()),
            trigger: Some(event.kind),
            build_id: Some(event.id.as_str()),
            build_arn: build.arn.as_deref(),
            project: build.project_name.as_deref(),
            account: build.account(),
            region: build.region(),
            initiator: provenance.initiator.as_deref(),
            initiator_from: provenance.initiator_from,
            started_by: provenance.started_by,
            source_version: provenance.source_version.as_deref(),
            violations: &verdict.violations,
            undecided: &verdict.undecided,
            exempted: &verdict.exempted,
            branch: provenance.branch.as_deref(),
            r#ref: provenance.git_ref.as_deref(),
            branch_from: provenance.ref_from,
            superseded_by: verdict.violations.iter().find_map(|broken| broken.superseded_by.as_deref()),
            ..self
        }
    }

    /// The record as JSON. The message and the policy's own words are not redacted: the message consists of
    /// these words and of parts that contain no secret.
    fn redacted(&self) -> Box<RawValue> {
        let reasons = self.violations.iter().filter_map(|violation| violation.reason.as_deref());
        let limits = self.violations.iter().map(|violation| violation.limit.as_str());
        let owners = self.violations.iter().filter_map(|violation| violation.owner.as_deref());
        let exemptions = self.exempted.iter().filter_map(|exempted| exempted.reason.as_deref());
        let own: Vec<&str> =
            [self.message.as_str()].into_iter().chain(reasons).chain(owners).chain(limits).chain(exemptions).collect();
        url::to_redacted_json(self, &own)
    }
}

/// Lambda accepts responses of up to 6 MB. Every record is also a line of its own.
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
const MAX_RESPONSE_BYTES: usize = 4_000_000;

/// Adds other records to one. All of them are redacted, and must not be redacted again: they contain the
/// policy's own words.
fn with_superseded(json: &RawValue, superseded: &[Record]) -> Box<RawValue> {
    let mut bytes = json.get().len();
    let fits = |json: &&str| {
        bytes += json.len();
        bytes <= MAX_RESPONSE_BYTES
    };
    let listed: Vec<&str> = superseded.iter().map(|record| record.json.get()).take_while(fits).collect();
    let left_out = match superseded.len() - listed.len() {
        0 => String::new(),
        count => format!(r#","recordsLeftOut":{count}"#),
    };
    let fields = json.get().strip_suffix('}').unwrap_or_default();
    RawValue::from_string(format!(r#"{fields},"superseded":[{}]{left_out}}}"#, listed.join(","))).unwrap_or_default()
}

impl Record {
    /// The record of a judged build.
    pub fn judged(policy: &Policy, case: &Case<'_>, effect: Effect, stamp: Stamp<'_>) -> Self {
        let Effect { outcome, withheld, failure, returned, batch, sandbox, deadline, mut notes } = effect;
        let (event, verdict) = (case.event(), case.verdict());
        let failure = failure.map(|failure| redact::failure(failure, case));
        let withheld = withheld.or(verdict.withheld).filter(|_| outcome == Outcome::Reported);
        let noun = if case.is_batch() { "batch" } else { case.kind().name() };
        let has_ended = case.build().progress() == Progress::Ended;
        let named = MessageSubject { id: event.id.as_str(), noun, has_ended };
        let message = message(outcome, withheld, named, verdict, failure.as_ref(), batch.as_deref());
        let reaction_ms = event.reacts_since().map(|since| stamp.now.as_millisecond() - since.as_millisecond());
        notes.extend(case.leaves_builds_out().then(Note::builds_not_compared));
        let about = JudgedBuild {
            withheld,
            verdict,
            failure: failure.as_ref(),
            notes: &notes,
            account: case.build().account(),
            is_swept: event.kind == TriggerKind::Sweep,
            has_ended,
        };
        let metrics = Metrics::of(outcome, about, reaction_ms, stamp);
        let fields = RecordFields {
            withheld,
            notes: notes.clone(),
            account_name: stamp.account_name,
            reaction_ms,
            deadline,
            build: returned.map(|build| redact::build(build, HiddenValues::Starred)),
            build_batch: batch.map(|batch| redact::batch(batch, HiddenValues::Starred)),
            sandbox: sandbox.map(|sandbox| redact::sandbox(sandbox, HiddenValues::Starred)),
            ..RecordFields::of_any(policy, outcome, message, failure.as_ref(), Some(metrics)).about(case, verdict)
        };
        Self { outcome, withheld, json: fields.redacted(), failure, response: None }
    }

    /// Adds the records of the builds that it supersedes to its response, as many as Lambda accepts. Each of
    /// them is a line of its own too.
    #[must_use]
    pub fn superseding(self, others: &[Self]) -> Self {
        let response = (!others.is_empty()).then(|| with_superseded(&self.json, others));
        Self { response, ..self }
    }

    /// The record of an event that leads to no judgement.
    pub fn without_build(policy: &Policy, message: &str, effect: Effect, now: Timestamp) -> Self {
        let Effect { outcome, failure, .. } = effect;
        let failure = failure.map(redact::failure_without_build);
        let metrics = Metrics::without_build(outcome, failure.as_ref(), now);
        let message = url::redacted(message).into_owned();
        let fields = RecordFields::of_any(policy, outcome, message, failure.as_ref(), Some(metrics));
        Self { outcome, withheld: None, json: fields.redacted(), failure, response: None }
    }

    /// Returns the outcome for the build.
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// Returns the reason why the invocation fails, if it does.
    pub fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    /// The record as one line of JSON.
    pub fn json(&self) -> &RawValue {
        &self.json
    }

    /// The invocation's response. That of a sweep contains the records of its builds.
    pub fn into_response(self) -> Box<RawValue> {
        self.response.unwrap_or(self.json)
    }
}
