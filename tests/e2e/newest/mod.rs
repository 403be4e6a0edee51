//! `only-newest-per`: a build that starts stops the older builds of its project, and no others.

mod batches;
mod limits;

use std::collections::BTreeSet;

use buildbrake_testkit::{
    codebuild::{CodeBuild, running_in},
    events::{additional_information, event},
    lambda::Lambda,
};
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};

use crate::PROGRAM;

const POLICY: &str = "{version: 1, never-stop: [deploy-*], rules: [{id: newest, only-newest-per: [project, ref], reason: A newer one.}]}";

fn id(number: u32) -> String {
    format!("shop-api:5e000000-0000-4000-8000-{number:012}")
}

/// A running build of a pull request that started this many seconds ago.
fn build(number: u32, age: i64) -> Value {
    let mut build = running_in("111122223333", "eu-west-1", &id(number));
    build["buildNumber"] = json!(number);
    build["startTime"] = json!((Timestamp::now() - age.seconds()).as_millisecond() as f64 / 1000.0);
    build["sourceVersion"] = json!("pr/25");
    build
}

fn with(mut build: Value, members: Value) -> Value {
    build.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    build
}

/// A CodeBuild with these builds of the project.
fn codebuild(builds: &[Value]) -> CodeBuild {
    let codebuild = CodeBuild::default();
    let arn = "arn:aws:codebuild:eu-west-1:111122223333:project/shop-api";
    codebuild.put_project(json!({"name": "shop-api", "arn": arn, "source": {"type": "GITHUB"}}));
    builds.iter().for_each(|build| codebuild.put(build.clone()));
    codebuild
}

/// The event of the start of a build, as CodeBuild sends it: with a start in whole seconds.
fn started(build: &Value) -> Value {
    let mut event = event("forbidden-branch");
    event["resources"] = json!([build["arn"]]);
    event["detail"]["build-id"] = build["arn"].clone();
    event["detail"]["project-name"] = build["projectName"].clone();
    let start = Timestamp::from_millisecond((build["startTime"].as_f64().unwrap() * 1000.0) as i64).unwrap();
    let details = additional_information(&mut event);
    details["build-start-time"] = json!(start.strftime("%b %-d, %Y %-I:%M:%S %p").to_string());
    details["build-number"] = build["buildNumber"].clone();
    details["source-version"] = build["sourceVersion"].clone();
    details["initiator"] = build["initiator"].clone();
    event
}

/// The answer, the build's own record, and the records of the others, newest first, as in the answer.
struct Judged {
    answer: Result<Value, Value>,
    own: Value,
    others: Vec<Value>,
}

fn judge(lambda: &Lambda, build: &Value) -> Judged {
    let (answer, mut others) = lambda.invoke_until(&started(build), |record| record["buildId"] == build["id"]);
    // The others are stopped at the same time, and each record follows its own stop.
    others.sort_by(|one, other| other["buildId"].as_str().cmp(&one["buildId"].as_str()));
    Judged { own: serde_json::from_str(&answer.line).unwrap(), answer: answer.result, others }
}

/// The same by a fresh function.
fn judge_once(policy: &str, codebuild: &CodeBuild, build: &Value) -> Judged {
    let codebuild = codebuild.listen();
    let lambda = PROGRAM.start(policy, codebuild.address, &[]);
    let judged = judge(&lambda, build);
    lambda.end();
    judged
}

fn stopped(numbers: &[u32]) -> BTreeSet<String> {
    numbers.iter().map(|number| id(*number)).collect()
}

#[test]
fn a_push_supersedes_the_older_builds_of_the_pull_request() {
    let newest = build(3, 0);
    let ended = with(build(5, 40), json!({"buildStatus": "SUCCEEDED", "buildComplete": true}));
    let other = with(build(4, 30), json!({"sourceVersion": "pr/26"}));
    let codebuild = codebuild(&[build(1, 60), build(2, 20), newest.clone(), other, ended]);
    let endpoint = codebuild.listen();
    let lambda = PROGRAM.start(POLICY, endpoint.address, &[]);
    let Judged { answer, own, others } = judge(&lambda, &newest);
    assert_eq!(codebuild.stopped(), stopped(&[1, 2]));
    assert_eq!((&own["outcome"], own.get("superseded"), own.get("supersededBy")), (&json!("allowed"), None, None));
    assert_eq!(others.len(), 2);
    for record in &others {
        assert_eq!((&record["outcome"], &record["supersededBy"]), (&json!("stopped"), &json!(id(3))), "{record}");
        assert_eq!((&record["trigger"], &record["ref"]), (&json!("state-change"), &json!("refs/pull/25/head")));
        assert_eq!(record["build"]["buildStatus"], "STOPPED");
        assert_eq!(
            record["violations"],
            json!([{
                "rule": "newest", "check": "only-newest-per", "mode": "enforce", "reason": "A newer one.",
                "found": format!("the newer build {}", id(3)), "limit": "project, ref",
            }])
        );
    }
    // The answer is the build's own record, with the records of the others.
    let mut answer = answer.unwrap();
    assert_eq!(answer.as_object_mut().unwrap().shift_remove("superseded"), Some(Value::from(others)));
    assert_eq!(answer, own);
    let calls = ["BatchGetBuilds", "ListBuildsForProject", "BatchGetBuilds", "ListBuildBatchesForProject"];
    assert_eq!(endpoint.operations(), [&calls[..], &["StopBuild", "StopBuild"]].concat());

    // The same event once more changes nothing.
    let Judged { own, others, answer } = judge(&lambda, &newest);
    assert_eq!((&own["outcome"], others.len(), answer.unwrap().get("superseded")), (&json!("allowed"), 0, None));
    assert_eq!((codebuild.stopped(), endpoint.stops().len()), (stopped(&[1, 2]), 2));
    lambda.end();
}

#[test]
fn an_event_that_comes_late_stops_its_own_build() {
    let late = build(1, 30);
    let codebuild = codebuild(&[late.clone(), build(2, 10)]);
    let Judged { own, others, .. } = judge_once(POLICY, &codebuild, &late);
    assert_eq!((&own["outcome"], &own["supersededBy"], others.len()), (&json!("stopped"), &json!(id(2)), 0), "{own}");
    assert_eq!(codebuild.stopped(), stopped(&[1]));
}

/// An event's time has whole seconds.
#[test]
fn the_times_of_the_api_are_compared() {
    let start = |milliseconds: i64| json!({"startTime": 1_700_000_000.0 + milliseconds as f64 / 1000.0});
    let (first, second) = (with(build(2, 0), start(250)), with(build(1, 0), start(251)));
    let at_once = |first: &Value, second: &Value| {
        let codebuild = codebuild(&[first.clone(), second.clone()]);
        let Judged { own, others, .. } = judge_once(POLICY, &codebuild, second);
        (codebuild.stopped(), own, others)
    };
    assert_eq!(at_once(&first, &second).0, stopped(&[2]));
    // At the same time, the number decides.
    let (first, second) = (with(build(1, 0), start(250)), with(build(2, 0), start(250)));
    assert_eq!(at_once(&first, &second).0, stopped(&[1]));
    // And then nothing does.
    let second = with(second, json!({"buildNumber": 1}));
    let (stops, own, others) = at_once(&first, &second);
    assert_eq!((stops, &own["outcome"]), (stopped(&[]), &json!("allowed")));
    let missing = |other| format!("newer build ({} started at the same time)", id(other));
    assert_eq!(own["undecided"], json!([{"rule": "newest", "missing": missing(1)}]));
    assert_eq!(others[0]["undecided"], json!([{"rule": "newest", "missing": missing(2)}]));
}

#[test]
fn an_automatic_retry_stops_nothing_newer_than_its_first_try() {
    let first = with(build(1, 60), json!({"buildStatus": "FAILED", "buildComplete": true}));
    let config = json!({"previousAutoRetry": first["arn"], "autoRetryNumber": 1, "autoRetryLimit": 2});
    let retry = with(build(3, 5), json!({"autoRetryConfig": config, "initiator": "service/1"}));
    let codebuild = codebuild(&[first, build(2, 30), retry.clone()]);
    let Judged { own, .. } = judge_once(POLICY, &codebuild, &retry);
    assert_eq!((&own["outcome"], &own["supersededBy"]), (&json!("stopped"), &json!(id(2))), "{own}");
    assert_eq!(codebuild.stopped(), stopped(&[3]));
}

#[test]
fn builds_of_pipelines_are_left_out_unless_they_are_named() {
    let of_pipeline = json!({"initiator": "codepipeline/release", "source": {"type": "CODEPIPELINE"}});
    let policy = |more: &str| format!("{{version: 1, rules: [{{id: newest, only-newest-per: [project]{more}}}]}}");
    for (more, expected) in [("", &[][..]), (", only: [{started-by: [pipeline]}]", &[1])] {
        let newest = with(build(2, 0), of_pipeline.clone());
        let codebuild = codebuild(&[with(build(1, 30), of_pipeline.clone()), newest.clone()]);
        judge_once(&policy(more), &codebuild, &newest);
        assert_eq!(codebuild.stopped(), stopped(expected), "{more}");
    }
}

#[test]
fn a_build_that_another_rule_stops_supersedes_nothing_and_asks_nobody() {
    let policy = POLICY.replace("rules: [", "rules: [{id: long, max-timeout: 5m}, ");
    let newest = build(2, 0);
    let codebuild = codebuild(&[build(1, 30), newest.clone()]);
    let endpoint = codebuild.listen();
    let lambda = PROGRAM.start(&policy, endpoint.address, &[]);
    assert_eq!(judge(&lambda, &newest).own["outcome"], "stopped");
    assert_eq!(endpoint.operations(), ["StopBuild"]);
    assert_eq!(codebuild.stopped(), stopped(&[2]));
}

#[test]
fn modes_ceiling_and_protected_projects_hold_for_the_older_ones_too() {
    let outcome = |policy: &str, settings: &[(&str, &str)]| {
        let newest = build(2, 0);
        let codebuild = codebuild(&[build(1, 30), newest.clone()]);
        let endpoint = codebuild.listen();
        let lambda = PROGRAM.start(policy, endpoint.address, settings);
        let Judged { others, .. } = judge(&lambda, &newest);
        assert_eq!((codebuild.stopped(), others.len()), (stopped(&[]), 1), "{policy}");
        assert_eq!(others[0]["supersededBy"], id(2));
        (others[0]["outcome"].as_str().unwrap().to_owned(), others[0].get("withheld").cloned())
    };
    let reported = POLICY.replace("reason:", "mode: report, reason:");
    assert_eq!(outcome(&reported, &[]), ("reported".to_owned(), None));
    let ceiling = [("BUILDBRAKE_MODE", "report")];
    assert_eq!(outcome(POLICY, &ceiling), ("reported".to_owned(), Some(json!("ceiling"))));
    let protected = POLICY.replace("deploy-*", "shop-*");
    assert_eq!(outcome(&protected, &[]), ("protected".to_owned(), None));
}

#[test]
fn a_policy_without_such_a_rule_costs_no_call() {
    let newest = build(2, 0);
    let codebuild = codebuild(&[build(1, 30), newest.clone()]);
    let rule = |more: &str| format!("{{version: 1, rules: [{{id: newest, only-newest-per: [project, ref]{more}}}]}}");
    for policy in [
        "{version: 1, rules: [{id: short, max-timeout: 60m}]}".to_owned(),
        rule(", mode: 'off'"),
        rule(", only: [{projects: [other]}]"),
        rule(", except: [{projects: [shop-*]}]"),
    ] {
        let endpoint = codebuild.listen();
        let lambda = PROGRAM.start(&policy, endpoint.address, &[]);
        assert_eq!(lambda.invoke(&started(&newest)).record()["outcome"], "allowed");
        assert_eq!(endpoint.operations(), [""; 0], "{policy}");
    }
}
