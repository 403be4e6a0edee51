//! The project of a build: when and how often it is fetched, and what follows.

use buildbrake_testkit::{
    codebuild::{CodeBuild, Endpoint, refusal},
    events::event,
};
use serde_json::{Value, json};

use crate::{PROGRAM, record};

/// The event contains image, timeout and everything that the first rule asks for.
const POLICY: &str = "\
version: 1
rules:
  - id: short-builds
    max-timeout: 60m
  - id: as-the-project-says
    forbidden-overrides: [image, timeout]
";

/// A CodeBuild with the project of `events/compliant.json`, which has this image and the
/// event's timeout.
fn with_image(image: &str) -> Endpoint {
    let codebuild = CodeBuild::obliging();
    let environment = json!({"image": image, "type": "LINUX_CONTAINER", "computeType": "BUILD_GENERAL1_SMALL"});
    codebuild.put_project(json!({
        "name": "shop-frontend",
        "arn": "arn:aws:codebuild:eu-west-1:111122223333:project/shop-frontend",
        "environment": environment,
        "timeoutInMinutes": 30,
    }));
    codebuild.listen()
}

const IMAGE: &str = "aws/codebuild/amazonlinux-x86_64-standard:5.0";

#[test]
fn a_build_that_is_as_its_project_says_costs_one_call_and_the_next_one_none() {
    let codebuild = with_image(IMAGE);
    let lambda = PROGRAM.start(POLICY, codebuild.address, &[]);
    for _ in 0..3 {
        assert_eq!(lambda.invoke(&event("compliant")).record()["outcome"], "allowed");
    }
    assert_eq!(codebuild.operations(), ["BatchGetProjects"]);
    assert_eq!(codebuild.calls()[0].input, json!({"names": ["shop-frontend"]}));
}

#[test]
fn rules_that_the_event_can_answer_cost_no_call() {
    let codebuild = with_image(IMAGE);
    let policy = "{version: 1, rules: [{id: a, max-timeout: 60m, only: [{tags: {team: ['*']}}]}, \
                  {id: b, deny-when: build.environment.privilegedMode && project.name == 'x'}]}";
    assert_eq!(record(policy, &[], &codebuild, &event("compliant"))["outcome"], "allowed");
    assert_eq!(codebuild.operations(), [""; 0]);
}

#[test]
fn a_build_that_differs_is_stopped() {
    let codebuild = with_image("aws/codebuild/standard:7.0");
    let record = record(POLICY, &[], &codebuild, &event("compliant"));
    assert_eq!(record["outcome"], "stopped");
    let found = format!("image {IMAGE} instead of aws/codebuild/standard:7.0");
    assert_eq!(record["violations"][0]["found"], found);
    assert_eq!(codebuild.operations(), ["BatchGetProjects", "StopBuild"]);
}

/// The project may have changed since it was fetched, so that the build now fits it.
#[test]
fn a_project_that_is_remembered_stops_no_build() {
    let codebuild = with_image(IMAGE);
    let lambda = PROGRAM.start(POLICY, codebuild.address, &[]);
    lambda.invoke(&event("compliant"));
    let mut other = event("compliant");
    other["detail"]["additional-information"]["environment"]["image"] = json!("tools:latest");
    assert_eq!(lambda.invoke(&other).record()["outcome"], "stopped");
    assert_eq!(codebuild.operations(), ["BatchGetProjects", "BatchGetProjects", "StopBuild"]);
}

/// A rule about overrides needs the project as it was when the build started.
#[test]
fn a_project_that_was_fetched_before_the_build_started_is_fetched_again() {
    let codebuild = with_image(IMAGE);
    let lambda = PROGRAM.start(POLICY, codebuild.address, &[]);
    let mut later = event("compliant");
    later["detail"]["additional-information"]["build-start-time"] = json!("2036-11-22T09:00:00Z");
    for event in [event("compliant"), later] {
        assert_eq!(lambda.invoke(&event).record()["outcome"], "allowed");
    }
    assert_eq!(codebuild.operations(), ["BatchGetProjects", "BatchGetProjects"]);
    lambda.end();
}

/// One account or region must not be judged by another's project.
#[test]
fn a_project_is_remembered_by_its_region() {
    let codebuild = with_image(IMAGE);
    let lambda = PROGRAM.start(POLICY, codebuild.address, &[]);
    let elsewhere = event("compliant").to_string().replace("eu-west-1", "us-east-1").parse::<Value>().unwrap();
    for (event, undecided) in [(event("compliant"), 0), (elsewhere, 1)] {
        let record = lambda.invoke(&event).record();
        assert_eq!(record["undecided"].as_array().unwrap().len(), undecided, "{record}");
    }
    let regions: Vec<String> = codebuild.calls().into_iter().map(|call| call.region).collect();
    assert_eq!(regions, ["eu-west-1", "us-east-1"]);
}

#[test]
fn a_project_that_is_gone_leaves_the_rule_undecided() {
    let codebuild = CodeBuild::default().listen();
    let record = record(POLICY, &[], &codebuild, &event("compliant"));
    assert_eq!(record["outcome"], "allowed");
    assert_eq!(record["undecided"], json!([{"rule": "as-the-project-says", "missing": "project"}]));
    assert_eq!(codebuild.operations(), ["BatchGetProjects"]);
}

/// Nothing is stopped anyway, so a report from the known facts is worth more than a retry.
#[test]
fn a_build_that_is_never_stopped_is_reported_though_its_project_cannot_be_asked_for() {
    let policy = POLICY.replace("rules:", "never-stop: [shop-frontend]\nrules:").replace("60m", "5m");
    let codebuild = Endpoint::answering(|_, _| refusal(400, "AccessDeniedException", "no"));
    let record = record(&policy, &[], &codebuild, &event("compliant"));
    assert_eq!((&record["outcome"], &record["AccessDenied"]), (&json!("protected"), &json!(1)), "{record}");
    assert_eq!(record["violations"][0]["rule"], "short-builds");
    assert_eq!(record["undecided"], json!([{"rule": "as-the-project-says", "missing": "project (AccessDenied)"}]));
    assert_eq!(codebuild.operations(), ["BatchGetProjects"]);
}

#[test]
fn an_answer_that_cannot_be_had_fails_the_invocation() {
    let codebuild = Endpoint::answering(|_, _| refusal(400, "AccessDeniedException", "no"));
    let lambda = PROGRAM.start(POLICY, codebuild.address, &[]);
    let answer = lambda.invoke(&event("compliant"));
    assert_eq!(answer.record()["outcome"], "failed");
    let error: Value = answer.result.expect_err("the invocation fails");
    assert_eq!(error["errorType"], "AccessDenied");
}
