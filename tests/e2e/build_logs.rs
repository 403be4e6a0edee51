//! The build's own log: the person whose build was stopped finds the reason where they look.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use buildbrake_testkit::{
    cloudwatch_logs::CloudWatchLogs,
    codebuild::{CodeBuild, Endpoint, builds_answer, running, stop_answer, stopped},
    events::{event, scheduled},
    http::Reply,
};
use serde_json::{Value, json};

use crate::{FORBIDDEN, PROGRAM};

const UUID: &str = "5e000002-0000-4000-8000-000000000002";
const GROUP: &str = "/aws/codebuild/shop-api";
const POLICY: &str = "{version: 1, rules: [{id: branches, forbidden-branches: [main], \
                      reason: \"Releases are built\\nby the pipeline 🚀.\", owner: '#ci-platform'}]}";
const LINE: &str = "[buildbrake] Stopped build shop-api:5e000002-0000-4000-8000-000000000002. Rule `branches` \
                    (forbidden-branches main) is broken: found main. Releases are built by the pipeline 🚀. Owner: \
                    #ci-platform.";

/// The record of the build on main, where StopBuild returns it with these logs, and its project.
fn judged(logs: &CloudWatchLogs, build_logs: Value, project: Value) -> Value {
    let codebuild = Endpoint::answering(move |operation, _| match operation {
        "StopBuild" => {
            let mut build = stopped(FORBIDDEN);
            build["logs"] = build_logs.clone();
            stop_answer(build)
        }
        "BatchGetProjects" => Reply::json(200, json!({"projects": [project]})),
        _ => builds_answer(running(FORBIDDEN)),
    });
    let lambda = PROGRAM.start(POLICY, codebuild.address, &logs.settings());
    let record = lambda.invoke(&event("forbidden-branch")).record();
    lambda.end();
    assert_eq!(record["outcome"], "stopped");
    record
}

fn project() -> Value {
    json!({"name": "shop-api"})
}

fn named(group: &str, stream: &str) -> Value {
    json!({"groupName": group, "streamName": stream, "cloudWatchLogs": {"status": "ENABLED"}})
}

#[test]
fn a_stream_that_exists_gets_the_line_in_one_call() {
    let logs = CloudWatchLogs::with_groups(&[GROUP]);
    logs.make_stream(GROUP, UUID);
    let record = judged(&logs, named(GROUP, UUID), project());
    assert_eq!(logs.lines(GROUP, UUID), Some(vec![LINE.to_owned()]));
    assert_eq!((logs.operations(), record.get("notes")), (vec!["PutLogEvents".to_owned()], None));
}

#[test]
fn a_stream_that_does_not_exist_is_made() {
    let logs = CloudWatchLogs::with_groups(&[GROUP]);
    judged(&logs, named(GROUP, UUID), project());
    assert_eq!(logs.lines(GROUP, UUID), Some(vec![LINE.to_owned()]));
    assert_eq!(logs.operations(), ["PutLogEvents", "CreateLogStream", "PutLogEvents"]);
}

/// A build that was just submitted names neither group nor stream.
#[test]
fn the_project_says_where_a_build_that_was_just_submitted_will_write() {
    let config = |group: &str, stream: &str| {
        json!({"name": "shop-api", "logsConfig": {"cloudWatchLogs": {
            "status": "ENABLED", "groupName": group, "streamName": stream}}})
    };
    for (project, group, stream) in
        [(project(), GROUP, UUID.to_owned()), (config("/ci/shop", "builds"), "/ci/shop", format!("builds/{UUID}"))]
    {
        let logs = CloudWatchLogs::with_groups(&[group]);
        judged(&logs, json!({}), project);
        assert_eq!(logs.lines(group, &stream), Some(vec![LINE.to_owned()]), "{group}");
        assert_eq!(logs.operations(), ["CreateLogStream", "PutLogEvents"]);
    }
}

#[test]
fn the_build_itself_may_have_made_the_stream_by_then() {
    let logs = CloudWatchLogs::with_groups(&[GROUP]);
    logs.make_stream(GROUP, UUID);
    judged(&logs, json!({"cloudWatchLogs": {"status": "ENABLED"}}), project());
    assert_eq!(logs.lines(GROUP, UUID), Some(vec![LINE.to_owned()]));
}

#[test]
fn where_it_cannot_be_written_the_record_says_so_and_nothing_fails() {
    let denied = || Some(Reply::json(400, json!({"__type": "AccessDeniedException", "message": "no"})));
    let slow = || Some(Reply::Hang(Duration::from_secs(30)));
    for (logs, build_logs, why) in [
        (CloudWatchLogs::with_groups(&[]), named(GROUP, UUID), "NotFound"),
        (CloudWatchLogs::answering(&[GROUP], move |_| denied()), named(GROUP, UUID), "AccessDenied"),
        (CloudWatchLogs::answering(&[GROUP], move |_| slow()), named(GROUP, UUID), "TimedOut"),
        (
            CloudWatchLogs::with_groups(&[GROUP]),
            json!({"cloudWatchLogs": {"status": "DISABLED"}}),
            "no log to CloudWatch",
        ),
        (CloudWatchLogs::with_groups(&["/audit"]), named("/audit", "trail"), "does not end with the build's own id"),
    ] {
        let record = judged(&logs, build_logs, project());
        let note = &record["notes"][0];
        assert_eq!(note["code"], "build-log-unwritable", "{why}");
        assert!(note["message"].as_str().unwrap().contains(why), "{why}: {note}");
        assert_eq!(record.get("AccessDenied").is_some(), why == "AccessDenied", "{record}");
        assert_eq!(logs.lines("/audit", "trail"), None);
    }
}

#[test]
fn nothing_is_written_before_the_stop_or_without_one() {
    let order: Arc<Mutex<Vec<String>>> = Arc::default();
    let (stops, puts) = (order.clone(), order.clone());
    let logs = CloudWatchLogs::answering(&[GROUP], move |operation| {
        puts.lock().unwrap().push(operation.to_owned());
        None
    });
    logs.make_stream(GROUP, UUID);
    let codebuild = Endpoint::answering(move |operation, _| {
        stops.lock().unwrap().push(operation.to_owned());
        let mut build = stopped(FORBIDDEN);
        build["logs"] = named(GROUP, UUID);
        stop_answer(build)
    });
    let lambda = PROGRAM.start(POLICY, codebuild.address, &logs.settings());
    lambda.invoke(&event("forbidden-branch"));
    lambda.end();
    assert_eq!(*order.lock().unwrap(), ["StopBuild", "PutLogEvents"]);

    let settings = [logs.settings().as_slice(), &[("BUILDBRAKE_MODE", "report")]].concat();
    let lambda = PROGRAM.start(POLICY, codebuild.address, &settings);
    assert_eq!(lambda.invoke(&event("forbidden-branch")).record()["outcome"], "reported");
    lambda.end();
    assert_eq!(order.lock().unwrap().len(), 2);
}

/// Lambda ends an invocation at its timeout. Records that are not written by then are lost.
#[test]
fn logs_that_do_not_answer_keep_no_sweep_from_its_end() {
    let logs = CloudWatchLogs::answering(&[GROUP], |_| Some(Reply::Hang(Duration::from_secs(60))));
    let region = CodeBuild::default();
    for number in 0..60 {
        region.run(&format!("shop-{number}"), 2, "main");
    }
    let codebuild = region.listen();
    let policy = POLICY.replace("rules:", "safety: {max-stops-per-sweep: 100%}, rules:");
    let lambda = PROGRAM.start_with(&policy, codebuild.address, &logs.settings(), Duration::from_secs(30));
    let begun = Instant::now();
    let (answer, builds) = lambda.invoke_until(&scheduled(), |record| record.get("buildId").is_none());
    lambda.end();
    assert_eq!((&answer.result.unwrap()["stopped"], builds.len()), (&json!(60), 60));
    assert!(builds.iter().all(|record| record["notes"][0]["code"] == "build-log-unwritable"));
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}
