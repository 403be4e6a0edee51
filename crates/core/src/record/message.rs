//! A record's message: what was done to which build, and why, in sentences.

use super::{Failure, Outcome};
use crate::{
    model::{BuildBatch, batch_id},
    url,
    verdict::{Undecided, Verdict, Violation, Withheld},
};

/// The subject of a record's message.
#[derive(Clone, Copy)]
pub(super) struct MessageSubject<'a> {
    pub(super) id: &'a str,
    /// The word for it: `build`, `batch` or `sandbox`.
    pub(super) noun: &'static str,
    /// `true` if it has ended. A withheld stop then is that of its batch.
    pub(super) has_ended: bool,
}

/// One sentence about the outcome, and one for each rule that is broken or undecided.
pub(super) fn message(
    outcome: Outcome,
    withheld: Option<Withheld>,
    MessageSubject { id, noun, has_ended }: MessageSubject<'_>,
    verdict: &Verdict,
    failure: Option<&Failure>,
    batch: Option<&BuildBatch>,
) -> String {
    let at_start = match noun.split_at_checked(1) {
        Some((first, rest)) => first.to_uppercase() + rest,
        None => noun.to_owned(),
    };
    let mut message = match (outcome, failure) {
        (Outcome::Failed, Some(failure)) => format!("{at_start} {id} could not be handled: {}.", failure.message),
        (Outcome::Failed, None) => format!("{at_start} {id} could not be handled."),
        (Outcome::Allowed, _) => format!("Allowed {noun} {id}."),
        (Outcome::Reported, _) if has_ended => format!("Reported {noun} {id}, which has ended."),
        (Outcome::Reported, _) => format!("Reported {noun} {id}; it keeps running."),
        (Outcome::Protected, _) => {
            format!("Reported {noun} {id}; it keeps running, because `never-stop` lists its project.")
        }
        (Outcome::Stopped, _) => format!("Stopped {noun} {id}."),
        (Outcome::AlreadyComplete, _) => format!("{at_start} {id} ended before it could be stopped."),
        (Outcome::NotFound, _) => format!("CodeBuild has no {noun} {id}."),
        (Outcome::NotRunning, _) => format!("{at_start} {id} has already ended; there is nothing to stop."),
        (Outcome::Ignored, _) => format!("{at_start} {id} was not judged, because buildbrake is off."),
    };
    if let Some(BuildBatch { arn, build_batch_status, .. }) = batch.filter(|_| noun != "batch") {
        let id = batch_id(arn.as_deref().unwrap_or_default());
        message.push_str(&match build_batch_status.as_deref() {
            Some("STOPPED") => format!(" Stopped its batch {id}."),
            status => format!(" Its batch {id} had ended before ({}).", status.unwrap_or("status unknown")),
        });
    }
    if let Some(withheld) = withheld {
        let why = match withheld {
            Withheld::Ceiling => "the deployment's mode is `report`",
            Withheld::SafetyBelt => {
                "the sweep would have stopped more builds than it may (`max-stops-per-sweep`); its own record explains what to do"
            }
            Withheld::StopRate => {
                "too many builds were stopped within a short time, and the alarm named in BUILDBRAKE_STOP_ALARM is in ALARM"
            }
            Withheld::DryRun => "this was a dry run",
        };
        let spared = if has_ended { "its batch" } else { &format!("the {noun}") };
        message.push_str(&format!(" An enforced rule is broken, but {spared} was not stopped, because {why}."));
    }
    if let Some(failure) = failure.filter(|_| outcome != Outcome::Failed) {
        message.push_str(&format!(" The notification may not have been sent: {}.", failure.message));
    }
    message.push_str(&reasons(verdict));
    message
}

/// A sentence for each rule that is broken or undecided, after a space.
pub(super) fn reasons(verdict: &Verdict) -> String {
    let mut message = String::new();
    for Violation { rule, check, reason, owner, found, limit, .. } in &verdict.violations {
        message.push_str(&format!(" Rule `{rule}` ({check} {limit}) is broken: found {found}."));
        if let Some(reason) = reason {
            message.push_str(&format!(" {}", reason.trim_end()));
        }
        if let Some(owner) = owner {
            message.push_str(&format!(" Owner: {}.", owner.trim_end()));
        }
    }
    for Undecided { rule, missing, .. } in verdict.undecided.iter().filter(|undecided| undecided.counts) {
        message.push_str(&format!(" Rule `{rule}` could not be evaluated: {}.", url::redacted(&missing.clause())));
    }
    message
}
