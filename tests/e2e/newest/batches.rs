//! A batch counts as one build, and the sweep compares builds and batches, too.

use buildbrake_testkit::{
    codebuild::CodeBuild,
    eventbridge::{EventBridge, Fate},
    events::scheduled,
    scheduler::Scheduler,
};
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};

use super::{Judged, POLICY, build, codebuild, id, judge_once, stopped, with};
use crate::PROGRAM;

/// A running batch of the same pull request.
fn batch(number: u32, age: i64) -> Value {
    json!({
        "id": id(number), "arn": format!("arn:aws:codebuild:eu-west-1:111122223333:build-batch/{}", id(number)),
        "projectName": "shop-api", "buildBatchNumber": number, "buildBatchStatus": "IN_PROGRESS", "complete": false,
        "startTime": (Timestamp::now() - age.seconds()).as_millisecond() as f64 / 1000.0,
        "initiator": "alice", "sourceVersion": "pr/25",
        "source": {"type": "GITHUB", "location": "https://github.com/acme/app.git"},
    })
}

/// A build of it.
fn build_of(batch: &Value, number: u32, age: i64) -> Value {
    let members = json!({
        "buildBatchArn": batch["arn"], "initiator": "batch-role/AWSCodeBuild-5e000002",
        "sourceVersion": "75614758eace7c1d9d032b8980854ab486068f3b",
    });
    with(build(number, age), members)
}

fn status(codebuild: &CodeBuild, number: u32) -> String {
    codebuild.batch(&id(number))["buildBatchStatus"].as_str().unwrap().to_owned()
}

#[test]
fn a_superseded_batch_is_stopped_as_a_whole_whether_or_not_a_build_of_it_runs() {
    let newest = build(3, 0);
    let older = batch(8, 60);
    // One of its builds started just now.
    let codebuild = codebuild(&[newest.clone(), build_of(&older, 1, 0)]);
    codebuild.put_batch(older);
    codebuild.put_batch(batch(9, 30));
    codebuild.put_batch(with(batch(7, 90), json!({"sourceVersion": "pr/26"})));
    let Judged { others, own, .. } = judge_once(POLICY, &codebuild, &newest);
    assert_eq!(own["outcome"], "allowed", "{own}");
    assert_eq!([7, 8, 9].map(|number| status(&codebuild, number)), ["IN_PROGRESS", "STOPPED", "STOPPED"]);
    assert_eq!(codebuild.stopped(), stopped(&[1]));
    assert_eq!(others.len(), 2);
    for record in &others {
        assert_eq!((&record["outcome"], &record["supersededBy"]), (&json!("stopped"), &json!(id(3))));
        let message = record["message"].as_str().unwrap();
        assert!(
            message.starts_with(&format!("Stopped batch {}. Rule", record["buildId"].as_str().unwrap())),
            "{message}"
        );
        assert_eq!(record["buildBatch"]["buildBatchStatus"], "STOPPED");
    }
}

#[test]
fn a_batch_supersedes_from_its_own_start_and_its_builds_never_each_other() {
    let newest = batch(9, 20);
    let first = build_of(&newest, 3, 10);
    let last = build_of(&newest, 4, 0);
    let codebuild = codebuild(&[build(1, 30), build(2, 15), first, last.clone()]);
    codebuild.put_batch(newest);
    codebuild.put_batch(batch(8, 25));
    // Build 2 is newer than the batch, but older than the batch's last build.
    let Judged { own, others, .. } = judge_once(POLICY, &codebuild, &last);
    assert_eq!((&own["outcome"], &own["supersededBy"]), (&json!("stopped"), &json!(id(2))), "{own}");
    assert_eq!(own["buildBatch"]["id"], id(9));
    assert_eq!((others.len(), codebuild.stopped()), (2, stopped(&[1, 3, 4])));
    assert_eq!([8, 9].map(|number| status(&codebuild, number)), ["STOPPED", "STOPPED"]);
}

#[test]
fn the_builds_of_the_newest_batch_run_on() {
    let newest = batch(9, 5);
    let last = build_of(&newest, 4, 0);
    let codebuild = codebuild(&[build(1, 30), build_of(&newest, 3, 10), last.clone()]);
    codebuild.put_batch(newest);
    let Judged { own, others, .. } = judge_once(POLICY, &codebuild, &last);
    assert_eq!((&own["outcome"], others.len(), codebuild.stopped()), (&json!("allowed"), 1, stopped(&[1])), "{own}");
    assert_eq!((&others[0]["supersededBy"], status(&codebuild, 9)), (&json!(id(9)), "IN_PROGRESS".to_owned()));
}

fn sweep(policy: &str, codebuild: &CodeBuild) -> (Value, Vec<Value>) {
    let endpoint = codebuild.listen();
    let lambda = PROGRAM.start(policy, endpoint.address, &[]);
    let event = scheduled().to_string().replace("us-east-1", "eu-west-1").parse().unwrap();
    let (answer, records) = lambda.invoke_until(&event, |record| record.get("buildId").is_none());
    lambda.end();
    (serde_json::from_str(&answer.line).unwrap(), records)
}

#[test]
fn the_sweep_stops_what_is_superseded() {
    let older = batch(8, 60);
    let codebuild = codebuild(&[
        build(1, 50),
        build(2, 10),
        build_of(&older, 3, 5),
        build_of(&older, 4, 4),
        with(build(5, 70), json!({"sourceVersion": "pr/26"})),
    ]);
    codebuild.put_batch(older);
    codebuild.put_batch(batch(9, 40));
    let (summary, records) = sweep(POLICY, &codebuild);
    assert_eq!(codebuild.stopped(), stopped(&[1, 3, 4]));
    assert_eq!([8, 9].map(|number| status(&codebuild, number)), ["STOPPED", "STOPPED"]);
    assert_eq!((&summary["running"], &summary["stopped"], &summary["failed"]), (&json!(5), &json!(4), &json!(0)));
    assert!(records.iter().all(|record| record["supersededBy"] == id(2) && record["trigger"] == "sweep"));
}

#[test]
fn the_safety_limit_counts_what_is_superseded() {
    let builds: Vec<Value> = (1..=8).map(|number| build(number, 60 - i64::from(number))).collect();
    let codebuild = codebuild(&builds);
    let (summary, records) = sweep(POLICY, &codebuild);
    assert_eq!((codebuild.stopped(), &summary["safety"]["stops"]), (stopped(&[]), &json!(7)));
    assert!(records.iter().all(|record| record["withheld"] == "safety-belt"));
}

/// A build that any rule stops in a sweep supersedes no other build in that sweep.
#[test]
fn a_build_that_another_rule_stops_in_the_sweep_supersedes_nothing() {
    let policy = POLICY.replace("rules: [", "rules: [{id: long, max-timeout: 60m}, ");
    let codebuild = codebuild(&[build(1, 50), with(build(2, 10), json!({"timeoutInMinutes": 90}))]);
    sweep(&policy, &codebuild);
    assert_eq!(codebuild.stopped(), stopped(&[2]));
}

/// A batch is stopped as a whole because of one of its builds, so its other builds supersede nothing either.
#[test]
fn a_batch_that_another_rule_stops_in_the_sweep_supersedes_nothing() {
    let policy = POLICY.replace("rules: [", "rules: [{id: long, max-timeout: 60m, batch: stop-all}, ");
    let newer = batch(9, 40);
    let long = with(build_of(&newer, 3, 10), json!({"timeoutInMinutes": 90}));
    let codebuild = codebuild(&[build(1, 50), build_of(&newer, 2, 10), long]);
    codebuild.put_batch(newer);
    sweep(&policy, &codebuild);
    assert_eq!((codebuild.stopped().contains(&id(1)), status(&codebuild, 9)), (false, "STOPPED".to_owned()));
}

/// No event names a batch, so none could have it judged again.
#[test]
fn no_call_about_a_batch_is_scheduled() {
    let codebuild = codebuild(&[build(3, 0)]);
    codebuild.put_batch(batch(9, 30));
    let (endpoint, scheduler) = (codebuild.listen(), Scheduler::obliging());
    let bus = EventBridge::with(vec![Fate::EntriesFail(vec![0], "InternalFailure"); 4]);
    let settings = [bus.settings().as_slice(), &scheduler.settings()].concat();
    let lambda = PROGRAM.start(POLICY, endpoint.address, &settings);
    let event = scheduled().to_string().replace("us-east-1", "eu-west-1").parse().unwrap();
    let (answer, _) = lambda.invoke_until(&event, |record| record.get("buildId").is_none());
    lambda.end();
    assert_eq!(answer.result.unwrap_err()["errorType"], "ServiceFault", "the notification was not sent");
    assert_eq!((status(&codebuild, 9), scheduler.schedules().len()), ("STOPPED".to_owned(), 0));
}

#[test]
fn the_sweep_follows_automatic_retries() {
    let first = with(build(1, 60), json!({"buildStatus": "FAILED", "buildComplete": true}));
    let retry = with(build(3, 5), json!({"autoRetryConfig": {"previousAutoRetry": first["arn"]}}));
    let codebuild = codebuild(&[first, build(2, 30), retry]);
    sweep(POLICY, &codebuild);
    assert_eq!(codebuild.stopped(), stopped(&[3]));
}
