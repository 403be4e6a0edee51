//! The real function, driven over the real Runtime API, against a CodeBuild on loopback.

mod common;

use common::{codebuild::CodeBuild, event, lambda::Lambda};

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

/// One event under the policy, with a CodeBuild that does what it is asked.
fn run(event: &Value) -> (Value, CodeBuild) {
    let codebuild = CodeBuild::obliging();
    let lambda = Lambda::start(POLICY, codebuild.address, &[]);
    (lambda.invoke(event).record(), codebuild)
}

#[test]
fn a_build_of_a_forbidden_branch_is_stopped_once_and_its_build_is_logged() {
    let mut event = event("forbidden-branch");
    event["detail"]["additional-information"]["timeout-in-minutes"] = json!(480);
    let (record, codebuild) = run(&event);
    let id = "shop-api:5e000002-0000-4000-8000-000000000002";
    assert_eq!(record["outcome"], "stopped");
    assert_eq!(codebuild.stops(), [id]);
    assert_eq!(codebuild.calls().len(), 1, "two rules are broken and one call is made");
    assert_eq!(record["build"]["id"], id);
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
fn a_compliant_build_is_allowed_without_a_call() {
    let (record, codebuild) = run(&event("compliant"));
    assert_eq!(record["outcome"], "allowed");
    assert_eq!(codebuild.calls(), []);
    assert_eq!(record["violations"], json!([]));
}
