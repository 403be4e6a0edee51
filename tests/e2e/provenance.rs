//! The starter and the source of a batch's build, which its batch shows.

use buildbrake_testkit::{
    codebuild::{Call, CodeBuild, REGION, refusal, running_in},
    events::{event, scheduled},
    http::Reply,
};
use serde_json::{Value, json};

use crate::{FORBIDDEN, PROGRAM, record};

const BATCH: &str = "shop-api:ba7c4000-0000-4000-8000-000000000001";
const BATCH_ARN: &str =
    "arn:aws:codebuild:eu-west-1:111122223333:build-batch/shop-api:ba7c4000-0000-4000-8000-000000000001";

const RELEASES_ONLY: &str = "\
version: 1
rules:
  - id: releases-only
    allowed-initiators: [codepipeline/*]
  - id: protected-branches
    forbidden-branches: [main]
    except: [{ initiators: [codepipeline/*] }]
";

/// The event of a build of a batch.
fn of_a_batch() -> Value {
    let mut event = event("forbidden-branch");
    let details = &mut event["detail"]["additional-information"];
    details["initiator"] = json!("shop-batches/AWSCodeBuild-1d2c3b4a-0000-4000-8000-000000000001");
    details["source-version"] = json!("4f5b68a94f5b68a94f5b68a94f5b68a94f5b68a9");
    event
}

/// A CodeBuild with that build, and its batch, which this initiator started.
fn codebuild(initiator: &str, source: &str, version: &str) -> CodeBuild {
    let codebuild = CodeBuild::default();
    let event = of_a_batch();
    let details = &event["detail"]["additional-information"];
    let mut build = running_in("111122223333", "eu-west-1", FORBIDDEN);
    build["buildBatchArn"] = json!(BATCH_ARN);
    build["initiator"] = details["initiator"].clone();
    build["sourceVersion"] = details["source-version"].clone();
    codebuild.put(build);
    codebuild.put_batch(json!({
        "id": BATCH,
        "arn": BATCH_ARN,
        "buildBatchStatus": "IN_PROGRESS",
        "complete": false,
        "initiator": initiator,
        "sourceVersion": version,
        "source": {"type": source, "location": "https://github.com/acme/shop-api.git"},
    }));
    codebuild
}

#[test]
fn a_release_pipelines_batch_is_let_through() {
    let version = "arn:aws:s3:::releases/shop-api/SourceArti/4f5b68a";
    let codebuild = codebuild("codepipeline/shop-release", "CODEPIPELINE", version).listen();
    let record = record(RELEASES_ONLY, &[], &codebuild, &of_a_batch());
    assert_eq!((&record["outcome"], &record["violations"]), (&json!("allowed"), &json!([])));
    assert_eq!(record["initiator"], "codepipeline/shop-release");
    assert_eq!((&record["initiatorFrom"], &record["sourceVersion"]), (&json!("batch"), &json!(version)));
    assert_eq!(record["exempted"][0]["rule"], "protected-branches");
    assert_eq!(codebuild.operations(), ["BatchGetBuilds", "BatchGetBuildBatches"]);
    assert_eq!(codebuild.calls()[1].input, json!({"ids": [BATCH]}));
}

#[test]
fn a_batch_that_a_person_started_from_a_protected_branch_is_stopped() {
    let codebuild = codebuild("Developer/alice", "GITHUB", "refs/heads/main").listen();
    let record = record(RELEASES_ONLY, &[], &codebuild, &of_a_batch());
    assert_eq!(record["outcome"], "stopped");
    let found: Vec<&Value> =
        record["violations"].as_array().unwrap().iter().map(|violation| &violation["found"]).collect();
    assert_eq!(found, ["Developer/alice", "main"]);
    assert_eq!((&record["branch"], &record["branchFrom"]), (&json!("main"), &json!("batch")));
    assert_eq!(record["ref"], "refs/heads/main");
    assert_eq!(codebuild.operations(), ["BatchGetBuilds", "BatchGetBuildBatches", "StopBuild"]);
}

#[test]
fn a_rule_that_does_not_depend_on_the_batch_costs_no_call() {
    let codebuild = codebuild("Developer/alice", "GITHUB", "main").listen();
    let policy = "{version: 1, rules: [{id: a, max-timeout: 24h}]}";
    let record = record(policy, &[], &codebuild, &of_a_batch());
    assert_eq!((&record["outcome"], record.get("initiatorFrom")), (&json!("allowed"), None));
    assert_eq!(codebuild.operations(), [""; 0]);
}

#[test]
fn a_batch_that_cannot_be_asked_for_fails_the_invocation() {
    let refused = |call: &Call| {
        (call.operation == "BatchGetBuildBatches").then(|| refusal(400, "AccessDeniedException", "not authorized"))
    };
    let codebuild = codebuild("Developer/alice", "GITHUB", "main").listen_unless(refused);
    let lambda = PROGRAM.start(RELEASES_ONLY, codebuild.address, &[]);
    let answer = lambda.invoke(&of_a_batch());
    assert_eq!((&answer.record()["outcome"], codebuild.stops().len()), (&json!("failed"), 0));
    assert_eq!(answer.result.unwrap_err()["errorType"], "AccessDenied");
}

#[test]
fn a_batch_that_is_gone_leaves_the_rules_undecided() {
    let state = codebuild("Developer/alice", "GITHUB", "main");
    let codebuild = state.listen_unless(|call| {
        let gone = json!({"buildBatches": [], "buildBatchesNotFound": [BATCH]});
        (call.operation == "BatchGetBuildBatches").then(|| Reply::json(200, gone))
    });
    let record = record(RELEASES_ONLY, &[], &codebuild, &of_a_batch());
    assert_eq!((&record["outcome"], codebuild.stops().len()), (&json!("allowed"), 0));
    let missing = |rule: &str| json!({"rule": rule, "missing": "batch"});
    assert_eq!(record["undecided"], json!([missing("releases-only"), missing("protected-branches")]));
}

/// A role may be called `codepipeline`, and its session `shop-release`.
#[test]
fn a_role_that_is_named_like_a_pipeline_is_not_let_through() {
    let codebuild = CodeBuild::obliging().listen();
    let mut forged = event("forbidden-branch");
    forged["detail"]["additional-information"]["initiator"] = json!("codepipeline/shop-release");
    let record = record(RELEASES_ONLY, &[], &codebuild, &forged);
    assert_eq!((&record["outcome"], &record["startedBy"]), (&json!("stopped"), &Value::Null));
    let rules: Vec<&Value> =
        record["violations"].as_array().unwrap().iter().map(|violation| &violation["rule"]).collect();
    assert_eq!(rules, ["releases-only", "protected-branches"]);
    assert_eq!(codebuild.operations(), ["StopBuild"]);
}

#[test]
fn a_role_that_is_named_like_a_webhook_is_not_let_through() {
    let policy = "{version: 1, rules: [{id: a, max-timeout: 5m, except: [{started-by: [webhook]}]}]}";
    for (webhook, outcome, operations) in [
        (json!({"webhook": {"url": "https://api.github.com/repos/acme/shop-frontend/hooks/1"}}), "allowed", 1),
        (json!({}), "stopped", 3),
    ] {
        let state = CodeBuild::obliging();
        let event = event("webhook-push");
        let name = &event["detail"]["project-name"];
        let mut project = json!({"name": name, "arn": format!("arn:aws:codebuild:eu-west-1:111122223333:project/{}", name.as_str().unwrap())});
        project.as_object_mut().unwrap().extend(webhook.as_object().unwrap().clone());
        state.put_project(project);
        let codebuild = state.listen();
        let lambda = PROGRAM.start(policy, codebuild.address, &[]);
        let record = lambda.invoke(&event).record();
        assert_eq!(record["outcome"], outcome, "{record}");
        assert!(codebuild.operations().len() <= operations, "{:?}", codebuild.operations());
        lambda.end();
    }
}

/// Only the Build shows that CodeBuild itself started a build.
#[test]
fn a_retry_is_told_from_what_a_role_started_by_the_build() {
    let policy = "{version: 1, rules: [{id: a, max-timeout: 5m, only: [{started-by: [retry]}]}]}";
    for (previous, outcome) in [(json!({"previousAutoRetry": BATCH_ARN}), "stopped"), (json!({}), "allowed")] {
        let state = CodeBuild::default();
        let mut build = running_in("111122223333", "eu-west-1", FORBIDDEN);
        build["initiator"] = json!("Developer/alice");
        build["autoRetryConfig"] = previous;
        state.put(build);
        let codebuild = state.listen();
        let record = record(policy, &[], &codebuild, &event("forbidden-branch"));
        assert_eq!(record["outcome"], outcome, "{record}");
        assert_eq!(codebuild.operations()[0], "BatchGetBuilds");
        assert_eq!(record["startedBy"], if outcome == "stopped" { "retry" } else { "role" });
    }
}

/// Ten builds of one batch cost one call.
#[test]
fn a_sweep_asks_for_each_batch_once() {
    let state = CodeBuild::default();
    let arn = BATCH_ARN.replace("eu-west-1", REGION);
    for number in 0..10 {
        let id = state.run("shop-api", 5, "4f5b68a94f5b68a94f5b68a94f5b68a94f5b68a9");
        state.change(&id, |build| build["buildBatchArn"] = json!(arn));
        assert!(id.ends_with(&number.to_string()));
    }
    state.put_batch(json!({"id": BATCH, "arn": arn, "initiator": "alice", "sourceVersion": "main"}));
    let codebuild = state.listen();
    let policy = "{version: 1, safety: {max-stops-per-sweep: 100%}, rules: [{id: a, forbidden-branches: [main]}]}";
    let lambda = PROGRAM.start(policy, codebuild.address, &[]);
    let (_, builds) = lambda.invoke_until(&scheduled(), |record| record.get("buildId").is_none());
    let batches = codebuild.operations().iter().filter(|operation| *operation == "BatchGetBuildBatches").count();
    assert_eq!((batches, codebuild.stops().len()), (1, 10));
    assert!(builds.iter().all(|build| build["initiator"] == "alice" && build["branchFrom"] == "batch"));
    lambda.end();
}
