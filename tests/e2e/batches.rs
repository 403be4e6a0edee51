//! A build's relatives: the batch that it belongs to, and the retries that CodeBuild starts.

use std::{
    cell::Cell,
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
    time::Duration,
};

use buildbrake_testkit::{
    codebuild::{
        Call, CodeBuild, Endpoint, builds_answer, refusal, running, running_in, stop_answer, stopped, succeeded,
    },
    events::{additional_information, event},
    http::Reply,
    lambda::LONGEST_INVOCATION,
};
use serde_json::{Value, json};

use crate::{FORBIDDEN, PROGRAM};

const BATCH: &str = "shop-api:ba7c4000-0000-4000-8000-000000000001";
const BATCH_ARN: &str =
    "arn:aws:codebuild:eu-west-1:111122223333:build-batch/shop-api:ba7c4000-0000-4000-8000-000000000001";

/// Every build's timeout is longer.
const SHORT: &str = "version: 1\nrules:\n  - id: short-builds\n    max-timeout: 30m\n";

fn policy(more: &str) -> String {
    format!("version: 1\nrules:\n  - id: protected-branches\n    forbidden-branches: [main]\n    {more}\n")
}

/// A CodeBuild whose build of `events/forbidden-branch.json` belongs to a batch.
fn with_batch() -> CodeBuild {
    let codebuild = CodeBuild::default();
    let mut build = running_in("111122223333", "eu-west-1", FORBIDDEN);
    build["buildBatchArn"] = json!(BATCH_ARN);
    codebuild.put(build);
    codebuild.put_batch(batch("IN_PROGRESS"));
    codebuild
}

fn batch(status: &str) -> Value {
    json!({"id": BATCH, "arn": BATCH_ARN, "buildBatchStatus": status, "complete": status != "IN_PROGRESS"})
}

/// The batch in this status, in the answer of either operation.
fn batch_answer(call: &Call, status: &str) -> Reply {
    match call.operation.as_str() {
        "StopBuildBatch" => Reply::json(200, json!({ "buildBatch": batch(status) })),
        _ => Reply::json(200, json!({"buildBatches": [batch(status)], "buildBatchesNotFound": []})),
    }
}

fn is_about_the_batch(call: &Call) -> bool {
    ["StopBuildBatch", "BatchGetBuildBatches"].contains(&call.operation.as_str())
}

/// CodeBuild stops no single build of a batch that runs on Lambda's compute.
fn refuse_to_stop_one(call: &Call) -> Option<Reply> {
    let refusal = || refusal(400, "InvalidInputException", "Cannot stop a Lambda build of a batch");
    (call.operation == "StopBuild").then(refusal)
}

fn run(policy: &str, codebuild: &Endpoint) -> Value {
    crate::record(policy, &[], codebuild, &event("forbidden-branch"))
}

#[test]
fn the_whole_batch_is_stopped_if_the_rule_says_so() {
    let codebuild = with_batch().listen();
    let record = run(&policy("batch: stop-all"), &codebuild);
    assert_eq!((&record["outcome"], &record["build"]["id"]), (&json!("stopped"), &json!(FORBIDDEN)));
    assert_eq!((&record["buildBatch"], &record["undecided"]), (&batch("STOPPED"), &json!([])));
    assert_eq!(codebuild.operations(), ["StopBuild", "StopBuildBatch"]);
    assert_eq!((codebuild.calls()[1].id(), codebuild.calls()[1].region.as_str()), (BATCH, "eu-west-1"));
}

#[test]
fn the_batch_runs_on_if_no_enforced_rule_says_otherwise() {
    for more in ["batch: build", "", "batch: stop-all\n    mode: report\n  - { id: other, forbidden-branches: [main] }"]
    {
        let codebuild = with_batch().listen();
        let record = run(&policy(more), &codebuild);
        assert_eq!((&record["outcome"], record.get("buildBatch")), (&json!("stopped"), None));
        assert_eq!(codebuild.operations(), ["StopBuild"], "{more}");
    }
}

/// The facts that only this rule needs are fetched after the build was stopped.
#[test]
fn the_batch_is_stopped_even_if_another_rule_stops_the_build_first() {
    for (check, asked) in [
        ("deny-when: \"build.serviceRole.endsWith('/batch')\"", None),
        ("deny-when: \"project.tags.exists(tag, tag.key == 'frozen')\"", Some("BatchGetProjects")),
        ("forbidden-initiators: [Developer/*]", Some("BatchGetBuildBatches")),
    ] {
        let rule = |more: &str| format!("{SHORT}  - {{id: batches, batch: stop-all, {check}{more}}}\n");
        let state = with_batch();
        state.change(FORBIDDEN, |build| build["serviceRole"] = json!("arn:aws:iam::111122223333:role/batch"));
        let mut of_developer = batch("IN_PROGRESS");
        of_developer["initiator"] = json!("Developer/alice");
        state.put_batch(of_developer);
        state.put_project(json!({
            "name": "shop-api", "arn": "arn:aws:codebuild:eu-west-1:111122223333:project/shop-api",
            "tags": [{"key": "frozen", "value": "yes"}],
        }));
        // The initiator in an event of a batch's build is the batch's own role.
        let mut event = event("forbidden-branch");
        additional_information(&mut event)["initiator"] = json!("batch-role/AWSCodeBuild-5e000002");
        let (codebuild, others) = (state.listen(), [", mode: report", ", only: [{projects: [other]}]"]);
        for more in others {
            let record = crate::record(&rule(more), &[], &codebuild, &event);
            assert_eq!(
                (record["outcome"].as_str(), record.get("buildBatch")),
                (Some("stopped"), None),
                "{check}{more}"
            );
            assert_eq!(codebuild.operations().last().unwrap(), "StopBuild");
            state.change(FORBIDDEN, |build| build["buildStatus"] = json!("IN_PROGRESS"));
        }
        let codebuild = state.listen();
        let record = crate::record(&rule(""), &[], &codebuild, &event);
        assert_eq!((&record["outcome"], &record["build"]["id"]), (&json!("stopped"), &json!(FORBIDDEN)), "{check}");
        assert_eq!(record["buildBatch"]["buildBatchStatus"], "STOPPED", "{check} {record}");
        let rules: Vec<_> = record["violations"].as_array().unwrap().iter().map(|broken| &broken["rule"]).collect();
        assert_eq!(rules, ["short-builds", "batches"]);
        assert_eq!(record["undecided"], json!([]));
        let operations = ["StopBuild"].into_iter().chain(asked).chain(["StopBuildBatch"]);
        assert_eq!(codebuild.operations(), operations.collect::<Vec<_>>(), "{check}");
    }
}

/// The build is already stopped, so the invocation fails only because of the batch, and a retry evaluates the rule
/// again.
#[test]
fn a_rule_that_may_stop_the_batch_and_cannot_be_evaluated_fails_the_invocation() {
    let state = with_batch();
    let rule = "  - {id: batches, batch: stop-all, deny-when: \"project.tags.exists(tag, tag.key == 'frozen')\"}\n";
    let denied = || refusal(400, "AccessDeniedException", "not authorized to perform: codebuild:BatchGetProjects");
    let codebuild = state.listen_unless(move |call| (call.operation == "BatchGetProjects").then(denied));
    let record = run(&format!("{SHORT}{rule}"), &codebuild);
    assert_eq!((&record["outcome"], &record["error"]["type"]), (&json!("failed"), &json!("AccessDenied")));
    assert_eq!(record["build"]["buildStatus"], "STOPPED");
}

#[test]
fn the_batch_of_a_build_that_has_ended_by_then_is_stopped() {
    let arn = format!("arn:aws:codebuild:eu-west-1:111122223333:build/{FORBIDDEN}");
    let deadline = json!({
        "source": "buildbrake", "detail-type": "Buildbrake Deadline", "resources": [], "detail": {"build-arn": arn},
    });
    let mut of_the_end = event("forbidden-branch");
    of_the_end["detail"]["build-status"] = json!("SUCCEEDED");
    additional_information(&mut of_the_end)["build-complete"] = json!(true);
    let mut replayed = event("forbidden-branch");
    replayed["replay-name"] = json!("last-week");
    for (event, first) in [
        (event("forbidden-branch"), "StopBuild"),
        (event("no-additional-information"), "BatchGetBuilds"),
        (deadline, "BatchGetBuilds"),
        (of_the_end, "BatchGetBuilds"),
        (replayed, "BatchGetBuilds"),
    ] {
        let mut event = event;
        event["resources"] = json!([arn]);
        if event["detail"].get("build-id").is_some() {
            event["detail"]["build-id"] = json!(arn);
        }
        let state = with_batch();
        state.change(FORBIDDEN, |build| {
            build["buildStatus"] = json!("SUCCEEDED");
            build["buildComplete"] = json!(true);
        });
        let codebuild = state.listen();
        let record = crate::record(&format!("{SHORT}    batch: stop-all\n"), &[], &codebuild, &event);
        assert_eq!((&record["outcome"], record.get("error")), (&json!("already-complete"), None), "{event}");
        assert_eq!(record["buildBatch"], batch("STOPPED"), "{event}");
        assert!(record["message"].as_str().unwrap().contains(&format!("Stopped its batch {BATCH}.")), "{record}");
        assert_eq!(codebuild.operations(), [first, "StopBuildBatch"], "{event}");
    }
}

#[test]
fn a_batch_that_has_ended_or_is_gone_is_an_outcome() {
    let cannot = || refusal(400, "InvalidInputException", "Cannot stop a batch that has completed");
    let answers_that_it_ended = with_batch();
    answers_that_it_ended.put_batch(batch("SUCCEEDED"));
    let refuses = answers_that_it_ended.clone();
    for codebuild in [
        answers_that_it_ended.listen(),
        refuses.listen_unless(move |call| (call.operation == "StopBuildBatch").then(cannot)),
    ] {
        let record = run(&policy("batch: stop-all"), &codebuild);
        assert_eq!(record.get("error"), None, "{record}");
        assert_eq!(record["buildBatch"], batch("SUCCEEDED"));
        assert!(record["message"].as_str().unwrap().contains("had ended before (SUCCEEDED)"), "{record}");
    }
    let gone = || refusal(400, "ResourceNotFoundException", "Build batch not found");
    let codebuild = with_batch().listen_unless(move |call| (call.operation == "StopBuildBatch").then(gone));
    let record = run(&policy("batch: stop-all"), &codebuild);
    assert_eq!((record["outcome"].as_str(), record.get("buildBatch")), (Some("stopped"), None));
}

#[test]
fn a_build_without_a_batch_is_stopped_alone() {
    let codebuild = CodeBuild::obliging().listen();
    assert_eq!(run(&policy("batch: stop-all"), &codebuild)["outcome"], "stopped");
    assert_eq!(codebuild.operations(), ["StopBuild"]);
}

#[test]
fn a_batch_that_settles_later_is_stopped() {
    let state = with_batch();
    let settling = state.clone();
    let codebuild = state.listen_unless(move |call| {
        (call.operation == "StopBuildBatch").then(|| {
            settling.answer(call);
            batch_answer(call, "IN_PROGRESS")
        })
    });
    assert_eq!(run(&policy("batch: stop-all"), &codebuild)["outcome"], "stopped");
    assert_eq!(codebuild.operations(), ["StopBuild", "StopBuildBatch", "BatchGetBuildBatches"]);
}

#[test]
fn a_batch_that_runs_on_fails_the_invocation_and_the_record_says_that_the_build_was_stopped() {
    for (answer, kind) in [
        ((|call| batch_answer(call, "IN_PROGRESS")) as fn(&Call) -> Reply, "NotConfirmed"),
        (
            |_| refusal(400, "AccessDeniedException", "not authorized to perform: codebuild:StopBuildBatch"),
            "AccessDenied",
        ),
        (|_| refusal(400, "ThrottlingException", "Rate exceeded"), "Throttled"),
        (|_| Reply::json(200, "{}"), "UnreadableAnswer"),
    ] {
        let codebuild = with_batch().listen_unless(move |call| is_about_the_batch(call).then(|| answer(call)));
        let record = run(&policy("batch: stop-all"), &codebuild);
        assert_eq!((&record["outcome"], &record["error"]["type"]), (&json!("failed"), &json!(kind)));
        assert_eq!(record["build"]["buildStatus"], "STOPPED");
        assert!(record["message"].as_str().unwrap().contains("its batch could not be stopped"), "{record}");
    }
}

#[test]
fn a_build_that_cannot_be_stopped_alone_is_stopped_with_its_batch() {
    let codebuild = with_batch().listen_unless(refuse_to_stop_one);
    let record = run(&policy("batch: build"), &codebuild);
    assert_eq!((&record["outcome"], &record["error"]["type"]), (&json!("failed"), &json!("InvalidInput")));
    let record = run(&policy("batch: stop-all"), &codebuild);
    assert_eq!((&record["outcome"], &record["build"]["buildStatus"]), (&json!("stopped"), &json!("STOPPED")));
}

/// The batch is stopped. The build that broke the rule is not.
#[test]
fn a_build_that_runs_on_in_a_stopped_batch_is_not_recorded_as_stopped() {
    let codebuild = with_batch().listen_unless(|call| {
        refuse_to_stop_one(call).or_else(|| is_about_the_batch(call).then(|| batch_answer(call, "STOPPED")))
    });
    let record = run(&policy("batch: stop-all"), &codebuild);
    assert_eq!((&record["outcome"], &record["error"]["type"]), (&json!("failed"), &json!("InvalidInput")));
    assert_eq!(record["buildBatch"]["buildBatchStatus"], "STOPPED");
}

fn retry(number: u32) -> String {
    format!("shop-api:2e72{number:04}-0000-4000-8000-000000000002")
}

/// A stopped build that names its next retry, if CodeBuild has started one.
fn retried(id: &str, next: Option<u32>) -> Value {
    let mut build = stopped(id);
    let arn = next.map(|number| format!("arn:aws:codebuild:eu-west-1:111122223333:build/{}", retry(number)));
    build["autoRetryConfig"] = json!({"autoRetryLimit": 2, "autoRetryNumber": 0, "nextAutoRetry": arn});
    build
}

/// Invokes the function once. Returns the answer and this many records.
fn records(codebuild: &Endpoint, count: usize) -> (Result<Value, Value>, Vec<Value>) {
    let lambda = PROGRAM.start(&policy(""), codebuild.address, &[]);
    let seen = Cell::new(0);
    let (answer, mut records) = lambda.invoke_until(&event("forbidden-branch"), |_| {
        seen.set(seen.get() + 1);
        seen.get() == count
    });
    records.push(serde_json::from_str(&answer.line).unwrap());
    lambda.end();
    (answer.result, records)
}

#[test]
fn the_retries_of_a_stopped_build_are_followed_judged_and_stopped() {
    let codebuild = Endpoint::answering(|operation, input| match (operation, input["id"].as_str()) {
        ("StopBuild", Some(FORBIDDEN)) => stop_answer(retried(FORBIDDEN, Some(1))),
        ("StopBuild", Some(id)) if id == retry(1) => stop_answer(retried(id, Some(2))),
        ("StopBuild", Some(id)) => stop_answer(retried(id, None)),
        _ => builds_answer(running(input["ids"][0].as_str().unwrap())),
    });
    let (answer, records) = records(&codebuild, 3);
    let ids: Vec<&str> = records.iter().map(|record| record["buildId"].as_str().unwrap()).collect();
    assert_eq!(ids, [FORBIDDEN, &retry(1), &retry(2)]);
    assert!(records.iter().all(|record| record["outcome"] == "stopped" && record["trigger"] == "state-change"));
    assert_eq!(answer.unwrap(), records[0], "the answer is of the build that the event is of");
    assert_eq!(codebuild.stops(), [FORBIDDEN, &retry(1), &retry(2)]);
}

#[test]
fn a_retry_that_complies_or_has_ended_is_left_alone() {
    let complies = |id: &str| {
        let mut build = running(id);
        build["sourceVersion"] = json!("feature/basket");
        build
    };
    // A stopped retry may have been stopped by an earlier try that could not send the notification.
    let ended = [(stopped as fn(&str) -> Value, "already-complete"), (succeeded, "not-running")];
    for (build, outcome) in [(complies as fn(&str) -> Value, "allowed")].into_iter().chain(ended) {
        let codebuild = Endpoint::with(|id| stop_answer(retried(id, Some(1))), move |id| builds_answer(build(id)));
        let (_, records) = records(&codebuild, 2);
        assert_eq!(records[1]["outcome"], outcome);
        assert_eq!(codebuild.stops(), [FORBIDDEN]);
    }
}

#[test]
fn a_retry_that_cannot_be_stopped_fails_the_invocation() {
    let codebuild = Endpoint::with(
        |id| {
            if id == FORBIDDEN {
                stop_answer(retried(id, Some(1)))
            } else {
                refusal(400, "ThrottlingException", "Rate exceeded")
            }
        },
        |id| builds_answer(running(id)),
    );
    let (answer, records) = records(&codebuild, 2);
    assert_eq!(answer.unwrap_err()["errorType"], "Throttled");
    let outcomes: Vec<&Value> = records.iter().map(|record| &record["outcome"]).collect();
    assert_eq!(outcomes, ["stopped", "failed"]);
}

#[test]
fn a_build_and_its_retries_take_no_longer_than_is_promised_of_an_event() {
    let stops = AtomicUsize::new(0);
    let codebuild = Endpoint::with(
        move |id| match stops.fetch_add(1, SeqCst) {
            // The third call is answered. The call to stop the retry never is.
            2 => stop_answer(retried(id, Some(1))),
            _ => Reply::Hang(Duration::from_secs(60)),
        },
        |id| builds_answer(running(id)),
    );
    let lambda = PROGRAM.start(&policy(""), codebuild.address, &[]);
    let (answer, before) = lambda.invoke_until(&event("forbidden-branch"), |record| record["buildId"] != FORBIDDEN);
    assert!(answer.took < LONGEST_INVOCATION, "{:?}", answer.took);
    assert_eq!(before[0]["outcome"], "stopped");
    assert_eq!(answer.result.unwrap_err()["errorType"], "TimedOut");
    lambda.end();
}

/// A service that named a build as its own retry must not keep the function for ever.
#[test]
fn retries_without_end_are_not_followed_without_end() {
    let codebuild = Endpoint::with(|id| stop_answer(retried(id, Some(1))), |id| builds_answer(running(id)));
    let (_, records) = records(&codebuild, 11);
    assert_eq!(records.len(), 11);
}
