//! The record of a sweep.

use serde_json::{Value, json};

use super::*;
use crate::{
    event::{BuildEvent, TriggerKind},
    facts::{
        MissingFact,
        inquiry::{Case, Source},
    },
    record::{Effect, Stamp},
    verdict::{Undecided, Withheld},
};

fn now() -> Timestamp {
    "2026-11-22T09:00:00Z".parse().unwrap()
}

fn policy() -> Policy {
    Policy::parse("policy.yaml", "{version: 1, rules: [{id: r, forbidden-branches: [main]}]}").unwrap()
}

fn failure(kind: &str, message: &str) -> Failure {
    Failure { r#type: kind.to_owned(), code: None, request_id: None, message: message.to_owned(), answer: None }
}

/// The record of a build that breaks the rule.
fn broken(policy: &Policy, effect: impl Into<Effect>) -> Record {
    let build = json!({"projectName": "shop", "sourceVersion": "main", "buildStatus": "IN_PROGRESS"});
    let id = "shop:5e000000-0000-4000-8000-000000000001".parse().unwrap();
    let event = BuildEvent::new(TriggerKind::Sweep, id, None, serde_json::from_value(build).unwrap());
    Record::judged(policy, &Case::of_build(policy, event, now()), effect.into(), now().into())
}

/// A verdict on a build about which a rule needs a fact. `counts`: the rule does not ignore what is unknown.
fn undecided(missing: MissingFact, counts: bool) -> Verdict {
    let rule = "r".to_owned();
    let source = Some(Source::Git);
    let undecided = vec![Undecided { rule, missing, source, counts, stops_batch: false, compares_builds: false }];
    Verdict { undecided, ..Verdict::default() }
}

fn swept(policy: &Policy, summary: SweepSummary) -> Value {
    let record = Record::of_sweep(policy, summary, None, now());
    serde_json::from_str(record.into_response().get()).unwrap()
}

#[test]
fn a_message_has_a_sentence_for_what_happened_and_no_other() {
    let policy = policy();
    let quiet = swept(&policy, SweepSummary { projects: 1, running: 1, ..SweepSummary::default() });
    assert_eq!(quiet["message"], "Swept 1 project: of 1 running build, 0 broke a rule and 0 were stopped.");
    let absent = ["sandboxes", "safety", "rest", "error", "notes", "reactionMs", "recordsLeftOut", "AccessDenied"];
    assert!(absent.iter().all(|member| quiet.get(member).is_none()), "{quiet}");
    assert_eq!((&quiet["outcome"], &quiet["records"]), (&json!("allowed"), &json!([])));

    let mut eventful = SweepSummary::after(
        Failures { count: 1, first: Some(failure("Throttled", "CodeBuild answered ListProjects with Throttling")) },
        Some("5e000000-0000-4000-8000-0000000000ee".to_owned()),
    );
    (eventful.projects, eventful.running, eventful.sandboxes) = (2, 5, 1);
    (eventful.account, eventful.region) = (Some("444455556666".to_owned()), Some("eu-west-1".to_owned()));
    eventful.safety =
        Some(Safety { stops: 3, allowed: 1, setting: "10 %".to_owned(), part: 1, switch: BeltSwitch::Event });
    eventful.rest = Some(Rest { from: "web".to_owned(), running: 6, stops: 2 });
    eventful.is_handed_on = true;
    eventful.add(&broken(&policy, Outcome::Stopped));
    eventful.add(&broken(&policy, Outcome::Reported));
    eventful.add(&broken(&policy, Outcome::NotRunning));
    eventful.add(&broken(&policy, failure("ServiceFault", "CodeBuild answered StopBuild with HTTP 500")));
    eventful.add_undecided(&undecided(MissingFact::Absent("sourceVersion"), true));
    eventful.add_undecided(&undecided(
        MissingFact::Denied { fact: "branch", why: "CodeCommit: AccessDenied".into() },
        false,
    ));
    eventful.add_undecided(&Verdict::default());
    eventful.add_failed_call(failure("AccessDenied", "CodeBuild answered ListSandboxes with AccessDeniedException"));
    let eventful = swept(&policy, eventful);
    assert_eq!(
        eventful["message"],
        "SAFETY LIMIT: nothing was stopped. The policy would have stopped 3 of the running builds, but one sweep may stop \
         1 (`max-stops-per-sweep: 10 %`). Check the policy first. If these builds must be stopped, raise \
         `max-stops-per-sweep`, or have one sweep stop them all: invoke the function with `{\"detail-type\": \
         \"Scheduled Event\", \"source\": \"buildbrake\", \"detail\": {\"account\": \"444455556666\", \
         \"region\": \"eu-west-1\", \"safety-belt\": \"off\"}}`. \
         Swept 2 projects: of 5 running builds and 1 running sandbox, 4 broke a rule and 1 were stopped. For 1 build, at \
         least one rule could not be evaluated. The first fact that is unknown for lack of a permission: branch (CodeCommit: \
         AccessDenied). 1 build could not be handled. 1 call failed, so some builds may not have been judged. The first \
         failure: CodeBuild answered StopBuild with HTTP 500. The first denied call: CodeBuild answered ListSandboxes with \
         AccessDeniedException. In earlier parts of the sweep: 1 failure, the first: CodeBuild answered ListProjects with \
         Throttling. There was not enough time for all projects; the next part begins with `web`. The last part of the sweep \
         will fail because of these errors."
    );
    let counts = ["projects", "running", "sandboxes", "broken", "stopped", "reported", "undecided", "failed"];
    assert_eq!(counts.map(|count| eventful[count].as_u64()), [2, 5, 1, 4, 1, 1, 1, 1].map(Some));
    assert_eq!((&eventful["outcome"], &eventful["AccessDenied"]), (&json!("stopped"), &json!(1)));
    assert_eq!(eventful["records"].as_array().map(Vec::len), Some(4));
    assert_eq!(eventful.get("recordsLeftOut"), None);
    assert_eq!(eventful["notes"][0]["code"], "belt-off");
}

/// An alarm compares the stops of a new version with all builds that it judged. A sweep writes lines only about those
/// that break a rule.
#[test]
fn a_build_of_a_sweep_is_no_sample_of_its_version() {
    let policy = policy();
    let version_of = |kind| {
        let build = json!({"projectName": "shop", "sourceVersion": "main", "buildStatus": "IN_PROGRESS"});
        let id = "shop:5e000000-0000-4000-8000-000000000001".parse().unwrap();
        let event = BuildEvent::new(kind, id, None, serde_json::from_value(build).unwrap());
        let stamp = Stamp { version: Some("7"), ..now().into() };
        let record = Record::judged(&policy, &Case::of_build(&policy, event, now()), Outcome::Stopped.into(), stamp);
        let record: Value = serde_json::from_str(record.json().get()).unwrap();
        assert_eq!(record["StopAttempts"], 1, "{record}");
        (record["Version"].clone(), record["_aws"]["CloudWatchMetrics"].to_string().contains("Version"))
    };
    assert_eq!(version_of(TriggerKind::StateChange), (json!("7"), true));
    assert_eq!(version_of(TriggerKind::Sweep), (Value::Null, false));
}

/// The alarm would never end if what is judged again and again counted.
#[test]
fn a_withheld_stop_counts_for_the_alarm_only_once() {
    let policy = policy();
    let attempts = |kind, status: &str| {
        let build = json!({"projectName": "shop", "sourceVersion": "main", "buildStatus": status});
        let id = "shop:5e000000-0000-4000-8000-000000000001".parse().unwrap();
        let event = BuildEvent::new(kind, id, None, serde_json::from_value(build).unwrap());
        let case = Case::of_build(&policy, event, now());
        let record = Record::judged(&policy, &case, Withheld::StopRate.into(), now().into());
        serde_json::from_str::<Value>(record.json().get()).unwrap()["StopAttempts"].clone()
    };
    assert_eq!(attempts(TriggerKind::StateChange, "IN_PROGRESS"), 1);
    assert_eq!(attempts(TriggerKind::Sweep, "IN_PROGRESS"), 0);
    // Its batch is judged again after some minutes.
    assert_eq!(attempts(TriggerKind::Deadline, "SUCCEEDED"), 0);
}

/// The fact's own text may look like a denied call.
#[test]
fn a_fact_is_denied_only_where_a_permission_is_missing() {
    let policy = policy();
    let swept_with = |missing| {
        let mut summary = SweepSummary::default();
        summary.add_undecided(&undecided(missing, true));
        swept(&policy, summary)
    };
    let why = || "CodeBuild has no project AccessDenied".to_owned();
    assert_eq!(swept_with(MissingFact::Unknown { fact: "branch", why: why() }).get("AccessDenied"), None);
    let denied = swept_with(MissingFact::Denied { fact: "branch", why: "CodeCommit: RoleDenied".to_owned() });
    assert_eq!(denied["AccessDenied"], 1);
    let sentence = "The first fact that is unknown for lack of a permission: branch (CodeCommit: RoleDenied).";
    assert!(denied["message"].as_str().unwrap().contains(sentence), "{denied}");
}

/// No retry repairs a missing permission, whatever failed before.
#[test]
fn a_denied_call_of_a_sweep_is_counted_and_named_though_another_failed_first() {
    let policy = policy();
    let throttled = || failure("Throttled", "CodeBuild answered ListProjects with ThrottlingException");
    let denied = || failure("AccessDenied", "CodeBuild answered ListSandboxes with AccessDeniedException");
    let role = || failure("RoleDenied", "the role in account 444455556666 may not be assumed");
    let sweep = |failures: &[Failure], is_handed_on| -> Value {
        let mut summary = SweepSummary { is_handed_on, ..SweepSummary::default() };
        failures.iter().cloned().for_each(|failure| summary.add_failed_call(failure));
        let record = Record::of_sweep(&policy, summary, None, now());
        let fails_with = record.failure().map(|failure| failure.r#type.as_str());
        assert_eq!(fails_with, (!is_handed_on).then_some(failures[0].r#type.as_str()));
        serde_json::from_str(record.json().get()).unwrap()
    };
    for (failures, is_handed_on, sentence) in [
        (vec![throttled(), denied(), role()], false, " The first denied call: CodeBuild answered ListSandboxes with"),
        (vec![throttled(), role()], false, " The first denied call: the role in account 444455556666 may not"),
        (vec![throttled(), denied()], true, " The first denied call: CodeBuild answered ListSandboxes with"),
        (vec![denied(), throttled()], false, " The first failure: CodeBuild answered ListSandboxes with"),
    ] {
        let record = sweep(&failures, is_handed_on);
        assert_eq!(record["AccessDenied"], 1, "{record}");
        let message = record["message"].as_str().unwrap();
        assert!(message.contains(sentence), "{message}");
        let type_of_first = (!is_handed_on).then(|| failures[0].r#type.clone());
        assert_eq!(record["error"]["type"].as_str(), type_of_first.as_deref());
    }
    let quiet = sweep(&[throttled()], false);
    assert_eq!(quiet.get("AccessDenied"), None);
    assert!(!quiet["message"].as_str().unwrap().contains("denied"), "{quiet}");
}

#[test]
fn a_dry_run_counts_what_would_be_stopped() {
    let policy = policy();
    let mut summary = SweepSummary { projects: 1, running: 3, ..SweepSummary::default() };
    summary.add(&broken(&policy, Withheld::DryRun));
    summary.add(&broken(&policy, Outcome::Reported));
    let found = swept(&policy, summary);
    assert_eq!(found["message"], "Swept 1 project: of 3 running builds, 2 broke a rule and 1 would be stopped.");
    assert_eq!((&found["stopped"], &found["reported"]), (&json!(0), &json!(2)));
}

/// Many sweeps of one invocation would otherwise keep megabytes each.
#[test]
fn records_are_not_kept_for_a_response_that_nobody_reads() {
    let policy = policy();
    let response = |is_unread| -> Value {
        let mut summary = SweepSummary { is_unread, ..SweepSummary::default() };
        summary.add(&broken(&policy, Outcome::Reported));
        let record = Record::of_sweep(&policy, summary, None, now());
        serde_json::from_str(record.into_response().get()).unwrap()
    };
    assert_eq!(
        (&response(false)["records"][0]["outcome"], &response(false)["broken"]),
        (&json!("reported"), &json!(1))
    );
    assert_eq!((&response(true)["records"], &response(true)["broken"]), (&json!([]), &json!(1)));
}
