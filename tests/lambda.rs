//! The real function, driven over the real Runtime API, against a CodeBuild on
//! loopback: what comes out for each event, and what CodeBuild was asked.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what it expects by failing")]

mod common;

use common::{
    captured_event,
    codebuild::{CodeBuild, builds_answer, refusal, stop_answer, stopped, succeeded},
    event,
    http::Reply,
    lambda::Lambda,
    told,
};

use serde_json::{Value, json};

const POLICY: &str = "\
version: 1
never-stop: [deploy-*]
rules:
  - id: short-builds
    reason: Builds over an hour block the shared fleet.
    max-timeout: 60m
  - id: protected-branches
    forbidden-branches: [main, release/*]
";

/// The build of `events/forbidden-branch.json`.
const ID: &str = "shop-api:5e000002-0000-4000-8000-000000000002";

/// One event under the policy, with a CodeBuild that does what it is asked.
fn run(event: &Value) -> (Value, CodeBuild) {
    run_under(POLICY, &[], event)
}

fn run_under(policy: &str, settings: &[(&str, &str)], event: &Value) -> (Value, CodeBuild) {
    let codebuild = CodeBuild::obliging();
    (run_with(policy, settings, &codebuild, event), codebuild)
}

fn run_with(policy: &str, settings: &[(&str, &str)], codebuild: &CodeBuild, event: &Value) -> Value {
    let lambda = Lambda::start(policy, codebuild.address, settings);
    let record = lambda.invoke(event).record();
    lambda.end();
    record
}

/// A policy of the one rule that the forbidden branch breaks, with more keys to it.
fn branch_rule(more: &str) -> String {
    format!("version: 1\nrules:\n  - id: protected-branches\n    forbidden-branches: [main]\n    {more}\n")
}

/// The rules named in one of the record's lists.
fn rules(record: &Value, list: &str) -> Vec<String> {
    record[list].as_array().unwrap().iter().map(|entry| entry["rule"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_build_of_a_forbidden_branch_is_stopped_once_and_its_build_is_logged() {
    let mut event = event("forbidden-branch");
    told(&mut event)["timeout-in-minutes"] = json!(480);
    let (record, codebuild) = run(&event);
    assert_eq!(record["outcome"], "stopped");
    assert_eq!(codebuild.stops(), [ID]);
    assert_eq!(codebuild.calls().len(), 1, "two rules are broken and one call is made");
    assert_eq!(record["build"]["id"], ID);
    assert_eq!(record["build"]["buildStatus"], "STOPPED");
    assert_eq!(record["build"]["endTime"], "2020-10-14T21:29:50.25Z");
    assert_eq!(record["trigger"], "state-change");
    assert_eq!(record["project"], "shop-api");
    assert_eq!(record["account"], "111122223333");
    assert_eq!(record["region"], "eu-west-1");
    assert_eq!((&record["branch"], &record["branchFrom"]), (&json!("main"), &json!("source-version")));
    assert_eq!(
        record["violations"],
        json!([
            {"rule": "short-builds", "check": "max-timeout", "mode": "enforce",
             "reason": "Builds over an hour block the shared fleet.", "found": "480m", "limit": "60m"},
            {"rule": "protected-branches", "check": "forbidden-branches", "mode": "enforce",
             "found": "main", "limit": "main, release/*"},
        ])
    );
}

#[test]
fn the_message_tells_a_person_what_was_done_to_which_build_and_why() {
    let (record, _) = run(&event("long-timeout"));
    assert_eq!(
        record["message"],
        "Stopped build nightly-report:5e000003-0000-4000-8000-000000000003. \
         Rule `short-builds` (max-timeout 60m) is broken: found 480m. Builds over an hour block the shared fleet."
    );
}

#[test]
fn a_compliant_build_is_allowed_without_a_call() {
    let (record, codebuild) = run(&event("compliant"));
    assert_eq!(record["outcome"], "allowed");
    assert!(codebuild.calls().is_empty());
    assert_eq!(record["violations"], json!([]));
    assert_eq!(record.get("Rule"), None);
}

#[test]
fn what_is_only_to_be_reported_runs_on() {
    for (policy, settings) in [
        (branch_rule("mode: report").as_str(), [].as_slice()),
        (&branch_rule("on-unknown: report").replace("version: 1", "version: 1\nmode: report"), &[]),
        (&branch_rule("mode: report\n    enforce-after: 9999-12-31"), &[]),
        (POLICY, &[("BUILDBRAKE_MODE", "report")]),
    ] {
        let (record, codebuild) = run_under(policy, settings, &event("forbidden-branch"));
        assert_eq!(record["outcome"], "reported", "{policy}");
        assert_eq!(record["violations"][0]["mode"], "report");
        assert_eq!(record["Rule"], "protected-branches");
        assert!(codebuild.calls().is_empty());
    }
}

#[test]
fn a_rule_is_enforced_once_its_day_is_over() {
    let policy = branch_rule("mode: report\n    enforce-after: 2020-01-01");
    let (record, codebuild) = run_under(&policy, &[], &event("forbidden-branch"));
    assert_eq!((&record["outcome"], codebuild.stops().len()), (&json!("stopped"), 1));
}

#[test]
fn a_project_that_is_never_stopped_is_protected() {
    let policy = POLICY.replace("deploy-*", "shop-*");
    let (record, codebuild) = run_under(&policy, &[], &event("forbidden-branch"));
    assert_eq!(record["outcome"], "protected");
    assert_eq!(record["violations"][0]["mode"], "enforce");
    assert!(codebuild.calls().is_empty());
}

#[test]
fn a_build_that_ended_before_the_stop_is_already_complete() {
    let cannot = || refusal(400, "InvalidInputException", "Build has already completed");
    for codebuild in [
        CodeBuild::with(|id| stop_answer(succeeded(id)), |id| builds_answer(succeeded(id))),
        CodeBuild::with(move |_| cannot(), |id| builds_answer(succeeded(id))),
    ] {
        let record = run_with(POLICY, &[], &codebuild, &event("forbidden-branch"));
        assert_eq!(record["outcome"], "already-complete");
        assert_eq!(record["build"]["buildStatus"], "SUCCEEDED");
        assert_eq!(codebuild.stops(), [ID]);
    }
}

#[test]
fn a_build_found_ended_is_not_asked_to_stop() {
    // Such an event does not tell that its build runs, so the build is looked at first.
    let mut event = event("forbidden-branch");
    told(&mut event)["build-complete"] = json!(true);
    let codebuild = CodeBuild::with(|id| stop_answer(stopped(id)), |id| builds_answer(succeeded(id)));
    let record = run_with(POLICY, &[], &codebuild, &event);
    assert_eq!(record["outcome"], "already-complete");
    assert_eq!(codebuild.operations(), ["BatchGetBuilds"]);
}

#[test]
fn a_build_that_codebuild_does_not_have_is_not_found() {
    let gone = |_: &str| refusal(400, "ResourceNotFoundException", "Build not found");
    let unknown = |id: &str| Reply::json(200, json!({"builds": [], "buildsNotFound": [id]}));
    for event in [event("forbidden-branch"), event("no-additional-information")] {
        let codebuild = CodeBuild::with(gone, unknown);
        let record = run_with(POLICY, &[], &codebuild, &event);
        assert_eq!(record["outcome"], "not-found");
        assert_eq!(record.get("error"), None);
        assert_eq!(codebuild.calls().len(), 1);
    }
}

#[test]
fn a_finished_build_is_not_running_whatever_it_breaks() {
    let (record, codebuild) = run(&event("finished"));
    assert_eq!(record["outcome"], "not-running");
    assert_eq!(rules(&record, "violations"), ["short-builds"]);
    assert!(codebuild.calls().is_empty());
}

#[test]
fn an_event_of_a_fleet_is_ignored() {
    let mut event = event("forbidden-branch");
    event["detail-type"] = json!("CodeBuild Fleet State Change");
    event["detail"] = json!({"fleet-name": "shared"});
    let (record, codebuild) = run(&event);
    assert_eq!(record["outcome"], "ignored");
    assert!(codebuild.calls().is_empty());
}

#[test]
fn nothing_is_judged_and_nothing_asked_when_it_is_off() {
    for name in ["forbidden-branch", "no-additional-information"] {
        let (record, codebuild) = run_under(POLICY, &[("BUILDBRAKE_MODE", "off")], &event(name));
        assert_eq!(record["outcome"], "ignored");
        assert_eq!((rules(&record, "violations"), rules(&record, "undecided")), (vec![], vec![]));
        assert!(codebuild.calls().is_empty());
    }
}

#[test]
fn an_event_that_cannot_be_read_fails_under_its_own_name() {
    let changed = |pointer: &str, value: Value| {
        let mut event = event("forbidden-branch");
        *event.pointer_mut(pointer).unwrap() = value;
        event
    };
    let mut nameless = changed("/detail/build-id", json!(null));
    nameless["resources"] = json!([]);
    for event in [
        json!({}),
        json!([]),
        json!("forbidden-branch"),
        json!(null),
        changed("/source", json!("aws.batch")),
        changed("/detail-type", json!("CodeBuild Batch State Change")),
        changed("/detail-type", json!(null)),
        nameless,
    ] {
        let codebuild = CodeBuild::obliging();
        let lambda = Lambda::start(POLICY, codebuild.address, &[]);
        let answer = lambda.invoke(&event);
        assert_eq!(answer.result.as_ref().unwrap_err()["errorType"], "UnreadableEvent", "{event}");
        assert_eq!(answer.record()["outcome"], "failed");
        assert!(codebuild.calls().is_empty());
        lambda.end();
    }
}

#[test]
fn an_event_without_details_has_its_build_fetched_once_and_judged() {
    let (record, codebuild) = run(&event("no-additional-information"));
    assert_eq!(record["outcome"], "stopped");
    assert_eq!(codebuild.operations(), ["BatchGetBuilds", "StopBuild"]);

    let mut unreadable = event("no-additional-information");
    unreadable["detail"] = json!("IN_PROGRESS");
    let (record, codebuild) = run(&unreadable);
    assert_eq!(record["outcome"], "stopped", "its `resources` name the build");
    assert_eq!(codebuild.operations(), ["BatchGetBuilds", "StopBuild"]);
    assert_eq!(rules(&record, "violations"), ["protected-branches"]);
    assert_eq!(record["initiator"], "alice");
}

#[test]
fn the_events_of_a_phase_are_judged_too() {
    let policy = branch_rule("on-unknown: stop").replace("main", "master");
    let event = captured_event("real-2020-phase-change-refs-heads-caret-floats");
    let (record, codebuild) = run_under(&policy, &[], &event);
    assert_eq!((&record["trigger"], &record["outcome"]), (&json!("phase-change"), &json!("stopped")));
    assert_eq!(record["branch"], "master");
    assert_eq!(codebuild.stops(), ["codebuild-runner:de5b2e03-a44f-4217-b684-c7b03aede7b7"]);
}

#[test]
fn a_build_is_asked_for_in_its_own_region() {
    // The second is the function's own.
    for region in ["eu-west-1", "us-east-1"] {
        let event = event("no-additional-information").to_string().replace("eu-west-1", region);
        let (_, codebuild) = run(&event.parse().unwrap());
        let regions: Vec<String> = codebuild.calls().into_iter().map(|call| call.region).collect();
        assert_eq!(regions, [region, region]);
    }
}

#[test]
fn one_start_serves_many_events_and_each_has_its_own_record() {
    let codebuild = CodeBuild::obliging();
    let lambda = Lambda::start(POLICY, codebuild.address, &[]);
    let outcomes = ["compliant", "forbidden-branch", "finished", "compliant", "long-timeout"]
        .map(|name| lambda.invoke(&event(name)).record()["outcome"].as_str().unwrap().to_owned());
    assert_eq!(outcomes, ["allowed", "stopped", "not-running", "allowed", "stopped"]);
    assert_eq!(codebuild.stops().len(), 2);
    lambda.end();
}
