//! The alarm on the rate of stops: while it is in ALARM, builds are reported and keep running.

use std::time::{Duration, Instant};

use buildbrake_testkit::{
    cloudwatch::{AlarmKind, CloudWatch, refusal},
    codebuild::{CodeBuild, Endpoint, builds_answer, succeeded},
    eventbridge::EventBridge,
    events::{event, scheduled},
    http::Reply,
    scheduler::Scheduler,
};
use serde_json::{Value, json};

use crate::{FORBIDDEN, PROGRAM};

const POLICY: &str =
    "{version: 1, safety: {max-stops-per-sweep: 100%}, rules: [{id: branches, forbidden-branches: [main]}]}";
const ALARM: &str = "stops-{account}";
const OF_ACCOUNT: &str = "stops-111122223333";

/// The record of the build on main, and the builds that were stopped.
fn judged(cloudwatch: &CloudWatch) -> (Value, Vec<String>) {
    let codebuild = CodeBuild::obliging().listen();
    let lambda = PROGRAM.start(POLICY, codebuild.address, &cloudwatch.settings(ALARM));
    let record = lambda.invoke(&event("forbidden-branch")).record();
    lambda.end();
    (record, codebuild.stops())
}

#[test]
fn in_alarm_a_build_is_reported_and_people_are_told() {
    for kind in [AlarmKind::Metric, AlarmKind::Composite] {
        let (codebuild, cloudwatch, bus) =
            (CodeBuild::obliging().listen(), CloudWatch::obliging(), EventBridge::obliging());
        cloudwatch.set(kind, OF_ACCOUNT, "ALARM");
        let settings = [cloudwatch.settings(ALARM), bus.settings()].concat();
        let lambda = PROGRAM.start(POLICY, codebuild.address, &settings);
        let record = lambda.invoke(&event("forbidden-branch")).record();
        lambda.end();
        assert_eq!((&record["outcome"], &record["withheld"]), (&json!("reported"), &json!("stop-rate")), "{kind:?}");
        assert!(record["message"].as_str().unwrap().contains("too many builds were stopped"), "{record}");
        // The attempt counts. Otherwise, the alarm would clear as soon as it takes effect.
        assert_eq!(record["StopAttempts"], 1);
        assert_eq!((codebuild.stops(), bus.details().len()), (Vec::<String>::new(), 1));
        assert_eq!(bus.details()[0]["withheld"], "stop-rate");
    }
}

#[test]
fn in_any_other_state_and_in_the_alarm_of_another_account_a_build_is_stopped() {
    for (name, state) in [(OF_ACCOUNT, "OK"), (OF_ACCOUNT, "INSUFFICIENT_DATA")] {
        let cloudwatch = CloudWatch::obliging();
        cloudwatch.set(AlarmKind::Metric, name, state);
        cloudwatch.set(AlarmKind::Metric, "stops-444455556666", "ALARM");
        let (record, stops) = judged(&cloudwatch);
        assert_eq!((&record["outcome"], record.get("notes")), (&json!("stopped"), None), "{state}");
        assert_eq!(stops, [FORBIDDEN]);
    }
}

#[test]
fn a_name_that_no_alarm_has_is_recorded_at_every_stop() {
    let (record, stops) = judged(&CloudWatch::obliging());
    assert_eq!((&record["outcome"], &record["notes"][0]["code"]), (&json!("stopped"), &json!("alarm-missing")));
    assert!(record["notes"][0]["message"].as_str().unwrap().contains(OF_ACCOUNT), "{record}");
    assert_eq!((&record["AlarmMissing"], stops), (&json!(1), vec![FORBIDDEN.to_owned()]));
}

#[test]
fn an_answer_that_does_not_come_lets_the_stop_go_ahead() {
    for (cloudwatch, why) in [
        (CloudWatch::answering(|| Some(Reply::Hang(Duration::from_secs(20)))), "TimedOut"),
        (CloudWatch::answering(|| Some(refusal(403, "AccessDeniedException"))), "AccessDenied"),
    ] {
        let begun = Instant::now();
        let (record, stops) = judged(&cloudwatch);
        assert_eq!((&record["outcome"], &record["notes"][0]["code"]), (&json!("stopped"), &json!("alarm-unanswered")));
        assert!(record["notes"][0]["message"].as_str().unwrap().contains(why), "{record}");
        assert_eq!(record["AlarmUnanswered"], 1);
        assert_eq!(record.get("AccessDenied").is_some(), why == "AccessDenied");
        assert_eq!(stops, [FORBIDDEN]);
        assert!(begun.elapsed() < Duration::from_secs(5));
    }
}

#[test]
fn one_question_in_thirty_seconds_serves_all_stops_and_an_allowed_build_needs_none() {
    let cloudwatch = CloudWatch::obliging();
    cloudwatch.set(AlarmKind::Metric, OF_ACCOUNT, "OK");
    let region = CodeBuild::obliging();
    for number in 0..30 {
        region.run(&format!("shop-{number}"), 2, "main");
    }
    let codebuild = region.listen();
    let lambda = PROGRAM.start(POLICY, codebuild.address, &cloudwatch.settings(ALARM));
    lambda.invoke(&event("compliant"));
    assert_eq!(cloudwatch.questions(), 0);
    lambda.invoke(&event("forbidden-branch"));
    let (answer, _) = lambda.invoke_until(&scheduled(), |record| record.get("buildId").is_none());
    assert_eq!(answer.result.unwrap()["stopped"], 30);
    assert_eq!((cloudwatch.questions(), codebuild.stops().len()), (1, 31));

    // Within the thirty seconds, an alarm that goes off is not seen yet.
    cloudwatch.set(AlarmKind::Metric, OF_ACCOUNT, "ALARM");
    assert_eq!(lambda.invoke(&event("forbidden-branch")).record()["outcome"], "stopped");
    lambda.end();
}

#[test]
fn a_sweep_in_alarm_stops_nothing() {
    let cloudwatch = CloudWatch::obliging();
    cloudwatch.set(AlarmKind::Metric, OF_ACCOUNT, "ALARM");
    let region = CodeBuild::default();
    for number in 0..3 {
        region.run(&format!("shop-{number}"), 2, "main");
    }
    let codebuild = region.listen();
    let lambda = PROGRAM.start(POLICY, codebuild.address, &cloudwatch.settings(ALARM));
    let (answer, builds) = lambda.invoke_until(&scheduled(), |record| record.get("buildId").is_none());
    lambda.end();
    assert_eq!((&answer.result.unwrap()["reported"], codebuild.stops().len()), (&json!(3), 0));
    assert!(builds.iter().all(|record| record["withheld"] == "stop-rate"));
    // The next sweep finds them again. If they counted, the alarm would never end.
    assert!(builds.iter().all(|record| record["StopAttempts"] == 0), "{builds:?}");
}

/// A batch may outlive the build that breaks the rule.
#[test]
fn in_alarm_no_batch_is_stopped_either() {
    let batch = "arn:aws:codebuild:eu-west-1:111122223333:build-batch/shop-api:5e000002-0000-4000-8000-0000000000b0";
    let codebuild = Endpoint::answering(move |operation, _| match operation {
        "BatchGetBuilds" => {
            let mut build = succeeded(FORBIDDEN);
            build["buildBatchArn"] = json!(batch);
            builds_answer(build)
        }
        "BatchGetBuildBatches" => Reply::json(
            200,
            json!({"buildBatches": [{"arn": batch, "id": batch, "initiator": "alice", "sourceVersion": "main"}]}),
        ),
        other => panic!("{other}"),
    });
    let cloudwatch = CloudWatch::obliging();
    cloudwatch.set(AlarmKind::Metric, OF_ACCOUNT, "ALARM");
    let policy = "{version: 1, rules: [{id: batches, deny-when: has(build.buildBatchArn), batch: stop-all}]}";
    let scheduler = Scheduler::obliging();
    let settings = [cloudwatch.settings(ALARM).as_slice(), &scheduler.settings()].concat();
    let lambda = PROGRAM.start(policy, codebuild.address, &settings);
    let record = lambda.invoke(&event("forbidden-branch")).record();
    lambda.end();
    assert_eq!((&record["outcome"], &record["withheld"]), (&json!("reported"), &json!("stop-rate")), "{record}");
    let message = record["message"].as_str().unwrap();
    assert!(message.contains("which has ended.") && message.contains("but its batch was not stopped"), "{message}");
    // No sweep would find it.
    assert_eq!(scheduler.event()["detail"]["build-arn"], record["buildArn"]);
}
