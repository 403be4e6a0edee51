//! What is asked of a build's project, how often, and what becomes of it.

mod common;

use common::{
    codebuild::{CodeBuild, running, stopped},
    event,
    http::Reply,
    lambda::Lambda,
};
use serde_json::{Value, json};

/// The event tells image, timeout and all that the first rule asks for.
const POLICY: &str = "\
version: 1
rules:
  - id: short-builds
    max-timeout: 60m
  - id: as-the-project-says
    forbidden-overrides: [image, timeout]
";

/// A CodeBuild whose projects all have this image, and the timeout of the sample events.
fn with_image(image: &'static str) -> CodeBuild {
    CodeBuild::answering(move |operation, input| match operation {
        "BatchGetProjects" => {
            let environment = json!({"image": image, "type": "LINUX_CONTAINER", "computeType": "BUILD_GENERAL1_SMALL"});
            let project = json!({"name": input["names"][0], "environment": environment, "timeoutInMinutes": 30});
            Reply::json(200, json!({"projects": [project], "projectsNotFound": []}))
        }
        "StopBuild" => Reply::json(200, json!({"build": stopped(input["id"].as_str().unwrap_or_default())})),
        _ => Reply::json(200, json!({"builds": [running(input["ids"][0].as_str().unwrap_or_default())]})),
    })
}

const IMAGE: &str = "aws/codebuild/amazonlinux-x86_64-standard:5.0";

#[test]
fn a_build_that_is_as_its_project_says_costs_one_call_and_the_next_one_none() {
    let codebuild = with_image(IMAGE);
    let lambda = Lambda::start(POLICY, codebuild.address, &[]);
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
    let lambda = Lambda::start(policy, codebuild.address, &[]);
    assert_eq!(lambda.invoke(&event("compliant")).record()["outcome"], "allowed");
    assert_eq!(codebuild.operations(), [""; 0]);
}

#[test]
fn a_build_that_differs_is_stopped() {
    let codebuild = with_image("aws/codebuild/standard:7.0");
    let lambda = Lambda::start(POLICY, codebuild.address, &[]);
    let record = lambda.invoke(&event("compliant")).record();
    assert_eq!(record["outcome"], "stopped");
    let found = format!("image {IMAGE} instead of aws/codebuild/standard:7.0");
    assert_eq!(record["violations"][0]["found"], found);
    assert_eq!(codebuild.operations(), ["BatchGetProjects", "StopBuild"]);
}

/// The project may have been changed since it was asked for, and the build be as it says now.
#[test]
fn a_project_that_is_remembered_stops_no_build() {
    let codebuild = with_image(IMAGE);
    let lambda = Lambda::start(POLICY, codebuild.address, &[]);
    lambda.invoke(&event("compliant"));
    let mut other = event("compliant");
    other["detail"]["additional-information"]["environment"]["image"] = json!("tools:latest");
    assert_eq!(lambda.invoke(&other).record()["outcome"], "stopped");
    assert_eq!(codebuild.operations(), ["BatchGetProjects", "BatchGetProjects", "StopBuild"]);
}

#[test]
fn a_project_that_is_gone_leaves_the_rule_undecided() {
    let codebuild =
        CodeBuild::answering(|_, input| Reply::json(200, json!({"projects": [], "projectsNotFound": input["names"]})));
    let lambda = Lambda::start(POLICY, codebuild.address, &[]);
    let record = lambda.invoke(&event("compliant")).record();
    assert_eq!(record["outcome"], "allowed");
    assert_eq!(record["undecided"], json!([{"rule": "as-the-project-says", "missing": "project"}]));
    assert_eq!(codebuild.operations(), ["BatchGetProjects"]);
}

#[test]
fn an_answer_that_cannot_be_had_fails_the_invocation() {
    let codebuild =
        CodeBuild::answering(|_, _| Reply::json(400, json!({"__type": "AccessDeniedException", "message": "no"})));
    let lambda = Lambda::start(POLICY, codebuild.address, &[]);
    let answer = lambda.invoke(&event("compliant"));
    assert_eq!(answer.record()["outcome"], "failed");
    let error: Value = answer.result.expect_err("the invocation fails");
    assert_eq!(error["errorType"], "AccessDenied");
}
