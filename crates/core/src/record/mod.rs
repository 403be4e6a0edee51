//! The JSON line: what was decided and done, in words and in fields, without secrets,
//! with its metrics in CloudWatch's embedded format.

mod metrics;
mod redact;
mod sweep;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::{
    event::{BuildEvent, Kind, UnreadableEvent},
    model::Build,
    policy::Policy,
    verdict::{Action, Exempted, Undecided, Verdict, Violation},
};

use metrics::Metrics;
pub use sweep::{Safety, Swept};

/// What became of a build, or of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// No rule is broken.
    Allowed,
    /// A rule is broken, and none that is enforced.
    Reported,
    /// An enforced rule is broken, by a project that is never stopped.
    Protected,
    /// The build was stopped.
    Stopped,
    /// The build ended before it could be stopped.
    AlreadyComplete,
    /// CodeBuild has no such build.
    NotFound,
    /// The event is of a build that ended.
    NotRunning,
    /// There was nothing to judge.
    Ignored,
    /// It could not be done. The invocation fails too.
    Failed,
}

impl Outcome {
    /// What becomes of a build that is not stopped.
    pub fn of_running(action: Action) -> Self {
        match action {
            Action::Allow => Self::Allowed,
            Action::Protect => Self::Protected,
            Action::Report | Action::Stop => Self::Reported,
        }
    }
}

/// Why an invocation fails.
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
    /// What happened, for a person.
    pub message: String,
}

impl From<UnreadableEvent> for Failure {
    fn from(error: UnreadableEvent) -> Self {
        Self { r#type: "UnreadableEvent".into(), code: None, request_id: None, message: error.to_string() }
    }
}

/// What was done about a verdict.
#[derive(Clone, Debug)]
pub struct Done {
    /// What became of the build.
    pub outcome: Outcome,
    /// Why it could not be done.
    pub failure: Option<Failure>,
    /// The Build that `StopBuild` returned. In a box, since it is large and most are let run.
    pub returned: Option<Box<Build>>,
    /// The batch that was stopped with it.
    pub batch: Option<Batch>,
    /// When the function will be called back for the build.
    pub deadline: Option<Timestamp>,
}

/// A batch that was stopped, under the API's own names.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Batch {
    /// Its ARN.
    pub arn: String,
    /// `STOPPED`.
    pub build_batch_status: String,
}

impl From<Outcome> for Done {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, failure: None, returned: None, batch: None, deadline: None }
    }
}

impl From<Failure> for Done {
    fn from(failure: Failure) -> Self {
        Self { failure: Some(failure), ..Outcome::Failed.into() }
    }
}

/// The record of one event: the invocation's answer, and one line of the log.
/// Redacted when it is made; a secret never stands in it.
#[derive(Clone, Debug)]
pub struct Record {
    outcome: Outcome,
    failure: Option<Failure>,
    json: Box<RawValue>,
    /// What the invocation answers, where that is more than the line.
    answer: Option<Box<RawValue>>,
}

/// The record's members, in the order in which they are read.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Members<'a> {
    outcome: Outcome,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    trigger: Option<Kind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    build_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    build_arn: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    initiator: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_version: Option<&'a str>,
    violations: &'a [Violation],
    undecided: &'a [Undecided],
    exempted: &'a [Exempted],
    #[serde(skip_serializing_if = "Option::is_none")]
    branch: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    branch_from: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a Failure>,
    policy: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    deadline: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reaction_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    build: Option<Box<Build>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    build_batch: Option<Batch>,
    #[serde(flatten)]
    metrics: Metrics<'a>,
}

impl<'a> Members<'a> {
    /// What every record says, of a build or not.
    fn of_any(
        policy: &'a Policy,
        outcome: Outcome,
        message: String,
        error: Option<&'a Failure>,
        metrics: Metrics<'a>,
    ) -> Self {
        Self {
            outcome,
            message,
            trigger: None,
            build_id: None,
            build_arn: None,
            project: None,
            account: None,
            region: None,
            initiator: None,
            source_version: None,
            violations: &[],
            undecided: &[],
            exempted: &[],
            branch: None,
            branch_from: None,
            error,
            policy: policy.digest(),
            deadline: None,
            reaction_ms: None,
            build: None,
            build_batch: None,
            metrics,
        }
    }
}

impl Record {
    /// The record of a judged build: whose it is, what the policy says, what was done.
    pub fn judged(policy: &Policy, event: &BuildEvent, verdict: &Verdict, done: Done, now: Timestamp) -> Self {
        let Done { outcome, failure, returned, batch, deadline } = done;
        let build = &event.build;
        let failure = failure.map(|failure| redact::failure(failure, build));
        let message = message(outcome, event.id.as_str(), verdict, failure.as_ref());
        let reaction_ms = event.time.map(|time| now.as_millisecond() - time.as_millisecond());
        let metrics = Metrics::of(outcome, verdict, reaction_ms, now);
        let members = Members {
            trigger: Some(event.kind),
            build_id: Some(event.id.as_str()),
            build_arn: build.arn.as_deref(),
            project: build.project_name.as_deref(),
            account: build.account(),
            region: build.region(),
            initiator: build.initiator.as_deref(),
            source_version: build.source_version.as_deref(),
            violations: &verdict.violations,
            undecided: &verdict.undecided,
            exempted: &verdict.exempted,
            branch: verdict.branch.as_deref(),
            branch_from: verdict.branch.as_ref().map(|_| "source-version"),
            reaction_ms,
            deadline,
            build: returned.map(redact::build),
            build_batch: batch,
            ..Members::of_any(policy, outcome, message, failure.as_ref(), metrics)
        };
        Self { outcome, json: redact::every_url(&members), failure, answer: None }
    }

    /// The record of an event that is of no build to be judged.
    pub fn without_build(policy: &Policy, message: &str, done: Done, now: Timestamp) -> Self {
        let Done { outcome, failure, .. } = done;
        let failure = failure.map(|failure| redact::failure(failure, &Build::default()));
        let nothing = Verdict::default();
        let metrics = Metrics::of(outcome, &nothing, None, now);
        let members = Members::of_any(policy, outcome, message.to_owned(), failure.as_ref(), metrics);
        Self { outcome, json: redact::every_url(&members), failure, answer: None }
    }

    /// What became of the build.
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// Why the invocation fails, if it does.
    pub fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    /// The record as it is printed.
    pub fn json(&self) -> &RawValue {
        &self.json
    }

    /// The record as the invocation's answer: a sweep's has the records of its builds.
    pub fn answer(self) -> Box<RawValue> {
        self.answer.unwrap_or(self.json)
    }
}

/// What was done to which build, and why: one sentence for each rule.
fn message(outcome: Outcome, id: &str, verdict: &Verdict, failure: Option<&Failure>) -> String {
    let (before, after) = match outcome {
        _ if failure.is_some() => ("Build ", " could not be dealt with: "),
        Outcome::Allowed => ("Allowed build ", "."),
        Outcome::Reported => ("Reported build ", "; it runs on."),
        Outcome::Protected => ("Reported build ", "; it runs on, since its project is never stopped."),
        Outcome::Stopped => ("Stopped build ", "."),
        Outcome::AlreadyComplete => ("Build ", " had ended before it could be stopped."),
        Outcome::NotFound => ("CodeBuild has no build ", "."),
        Outcome::NotRunning => ("Build ", " has ended; there is nothing to stop."),
        Outcome::Ignored => ("Did not judge build ", ": buildbrake is off."),
        Outcome::Failed => ("Build ", " could not be dealt with."),
    };
    let mut message = [before, id, after].concat();
    if let Some(failure) = failure {
        message.push_str(&format!("{}.", failure.message));
    }
    for Violation { rule, check, reason, found, limit, .. } in &verdict.violations {
        message.push_str(&format!(" {rule}: {check} {limit}, and the build has {found}."));
        if let Some(reason) = reason {
            message.push_str(&format!(" {}", reason.trim_end()));
        }
    }
    for undecided in verdict.undecided.iter().filter(|undecided| undecided.counts) {
        message.push_str(&format!(" {} cannot tell: missing {}.", undecided.rule, undecided.missing));
    }
    message
}
