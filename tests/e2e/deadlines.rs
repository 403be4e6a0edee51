//! A running build that will break a limit later: the function has itself called back, and stops the build then. In
//! between, the function does not run.

use buildbrake_testkit::{
    codebuild::{
        CodeBuild, Endpoint, REQUEST_ID, builds_answer, minutes_ago, running, stop_answer, stopped, succeeded,
    },
    events::{additional_information, event},
    http::Reply,
    runtime_api::function_for,
    scheduler::{self, GROUP, QUEUE, ROLE, Scheduler},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::PROGRAM;

const POLICY: &str = "\
version: 1
prices: {BUILD_GENERAL1_SMALL: 0.02}
rules:
  - id: short-builds
    max-duration: 60m
  - id: short-queues
    max-queue-time: 8h
";

/// The build of `events/compliant.json`.
const ID: &str = "shop-frontend:5e000001-0000-4000-8000-000000000001";
const ARN: &str = "arn:aws:codebuild:eu-west-1:111122223333:build/shop-frontend:5e000001-0000-4000-8000-000000000001";

/// The event of a build that was asked for this many seconds ago.
fn started(seconds: i64) -> Value {
    let mut event = event("compliant");
    let start = Timestamp::now() - SignedDuration::from_secs(seconds);
    additional_information(&mut event)["build-start-time"] =
        json!(start.strftime("%b %-d, %Y %-I:%M:%S %p").to_string());
    event
}

/// A build that has been running for this many minutes, after this many minutes in the queue.
fn running_for(id: &str, minutes: i64, queued: i64) -> Value {
    let mut build = running(id);
    build["arn"] = json!(ARN);
    build["startTime"] = json!(minutes_ago(minutes + queued));
    build["phases"] = json!([
        {"phaseType": "SUBMITTED", "startTime": minutes_ago(minutes + queued), "endTime": minutes_ago(minutes + queued)},
        {"phaseType": "QUEUED", "startTime": minutes_ago(minutes + queued), "endTime": minutes_ago(minutes)},
        {"phaseType": "PROVISIONING", "startTime": minutes_ago(minutes)},
    ]);
    build
}

fn deadline() -> Value {
    json!({
        "source": "buildbrake",
        "detail-type": "Buildbrake Deadline",
        "time": Timestamp::now().to_string(),
        "resources": [ARN],
        "detail": {"build-arn": ARN},
    })
}

/// A CodeBuild whose builds have been running for this many minutes, after this many minutes in the queue.
fn with_builds(minutes: i64, queued: i64) -> Endpoint {
    Endpoint::answering(move |operation, input| match operation {
        "StopBuild" => stop_answer(stopped(input["id"].as_str().unwrap())),
        "BatchGetProjects" => Reply::json(200, json!({"projects": [{"name": "shop-frontend"}]})),
        _ => builds_answer(running_for(input["ids"][0].as_str().unwrap(), minutes, queued)),
    })
}

/// Returns the time when a schedule calls.
fn moment(schedule: &Value) -> Timestamp {
    let text = schedule["ScheduleExpression"].as_str().unwrap();
    let text = text.strip_prefix("at(").unwrap().strip_suffix(")").unwrap();
    format!("{text}Z").parse().unwrap()
}

/// Asserts that it is the first whole minute after this many seconds from now, give or take this test's own time.
fn assert_minute_after(moment: Timestamp, seconds: i64) {
    let wait = moment.duration_since(Timestamp::now()).as_secs();
    assert!(wait >= seconds - 10 && wait <= seconds + 61, "{wait} instead of {seconds} to {}", seconds + 60);
    assert_eq!(moment.as_second() % 60, 0);
}

#[test]
fn a_build_that_starts_has_one_deadline_however_often_its_event_comes() {
    let (codebuild, scheduler) = (CodeBuild::obliging().listen(), Scheduler::obliging());
    let lambda = PROGRAM.start(POLICY, codebuild.address, &scheduler.settings());
    let event = started(0);
    for _ in 0..3 {
        let record = lambda.invoke(&event).record();
        assert_eq!(record["outcome"], "allowed");
        assert_eq!(record["deadline"], scheduler.event()["time"]);
    }
    assert!(codebuild.calls().is_empty(), "a young build is not asked for");
    let schedules = scheduler.schedules();
    let [(name, schedule)] = schedules.as_slice() else { panic!("{schedules:?}") };
    assert!(name.starts_with("5e000001-0000-4000-8000-000000000001"), "{name}");
    assert_minute_after(moment(schedule), 3600);
    assert_eq!(schedule["GroupName"], GROUP);
    assert_eq!(schedule["ActionAfterCompletion"], "DELETE");
    assert_eq!(schedule["FlexibleTimeWindow"], json!({"Mode": "OFF"}));
    assert_eq!(schedule["ScheduleExpressionTimezone"], "UTC");
    assert_eq!(schedule["Target"]["Arn"], function_for(&event));
    assert_eq!(schedule["Target"]["RoleArn"], ROLE);
    assert_eq!(schedule["Target"]["DeadLetterConfig"], json!({"Arn": QUEUE}));
    let event = scheduler.event();
    assert_eq!((&event["detail-type"], &event["detail"]["build-arn"]), (&json!("Buildbrake Deadline"), &json!(ARN)));
    lambda.end();
}

#[test]
fn the_schedules_own_event_stops_a_build_that_is_over_its_limit() {
    let (codebuild, scheduler) = (with_builds(61, 300), Scheduler::obliging());
    let lambda = PROGRAM.start(POLICY, codebuild.address, &scheduler.settings());
    lambda.invoke(&started(0));
    let record = lambda.invoke(&scheduler.event()).record();
    assert_eq!((&record["trigger"], &record["outcome"]), (&json!("deadline"), &json!("stopped")));
    assert_eq!((&record["buildId"], &record["violations"][0]["rule"]), (&json!(ID), &json!("short-builds")));
    let call = &codebuild.calls()[0];
    assert_eq!((call.operation.as_str(), call.region.as_str()), ("BatchGetBuilds", "eu-west-1"));
    assert_eq!(codebuild.stops(), [ID]);
    lambda.end();
}

#[test]
fn a_build_that_was_in_the_queue_has_a_later_deadline() {
    let (codebuild, scheduler) = (with_builds(20, 40), Scheduler::obliging());
    let lambda = PROGRAM.start(POLICY, codebuild.address, &scheduler.settings());
    let record = lambda.invoke(&deadline()).record();
    assert_eq!(record["outcome"], "allowed");
    let schedules = scheduler.schedules();
    assert_eq!(schedules.len(), 1);
    assert_minute_after(moment(&schedules[0].1), 40 * 60);
    lambda.end();
}

#[test]
fn the_earliest_of_all_deadlines_counts() {
    // Twelve dollars at two cents a minute are ten hours; half a dollar is twenty-five minutes.
    for (limit, seconds) in [("12", 3600), ("0.5", 25 * 60)] {
        let (codebuild, scheduler) = (with_builds(0, 0), Scheduler::obliging());
        let policy = format!("{POLICY}  - {{id: cheap-builds, max-cost: {limit}}}\n");
        let lambda = PROGRAM.start(&policy, codebuild.address, &scheduler.settings());
        lambda.invoke(&started(0));
        assert_minute_after(moment(&scheduler.schedules()[0].1), seconds);
        lambda.end();
    }
}

#[test]
fn a_build_that_ended_before_its_deadline_is_left_alone() {
    let gone = |id: &str| Reply::json(200, json!({"builds": [], "buildsNotFound": [id]}));
    for (get, outcome) in [
        ((|id: &str| builds_answer(succeeded(id))) as fn(&str) -> Reply, "not-running"),
        (|id| builds_answer(stopped(id)), "not-running"),
        (gone, "not-found"),
    ] {
        let codebuild = Endpoint::with(|id| stop_answer(stopped(id)), get);
        let scheduler = Scheduler::obliging();
        let lambda = PROGRAM.start(POLICY, codebuild.address, &scheduler.settings());
        assert_eq!(lambda.invoke(&deadline()).record()["outcome"], outcome);
        assert_eq!((codebuild.operations().len(), scheduler.schedules().len()), (1, 0));
        lambda.end();
    }
}

/// Before a rule is enforced, its reports show what would be stopped.
#[test]
fn a_rule_that_only_reports_has_a_deadline_too() {
    let (codebuild, scheduler) = (with_builds(61, 0), Scheduler::obliging());
    let mut settings = scheduler.settings().to_vec();
    settings.push(("BUILDBRAKE_MODE", "report"));
    let policy = format!("{POLICY}  - {{id: cheap-builds, max-cost: 12}}\n");
    let lambda = PROGRAM.start(&policy, codebuild.address, &settings);
    lambda.invoke(&started(0));
    let record = lambda.invoke(&scheduler.event()).record();
    assert_eq!((&record["outcome"], codebuild.stops().len()), (&json!("reported"), 0));
    // The broken rule has no deadline any more, but the others have.
    assert!(record["deadline"].is_string(), "{record}");
    lambda.end();
}

#[test]
fn a_stopped_build_has_no_deadline() {
    let (codebuild, scheduler) = (CodeBuild::obliging().listen(), Scheduler::obliging());
    let policy = format!("{POLICY}  - {{id: protected-branches, forbidden-branches: ['*']}}\n");
    let lambda = PROGRAM.start(&policy, codebuild.address, &scheduler.settings());
    assert_eq!(lambda.invoke(&started(0)).record()["outcome"], "stopped");
    assert!(scheduler.schedules().is_empty());
    lambda.end();
}

/// The event of an old build may be late, and the build may have ended, so the Build is fetched.
#[test]
fn an_old_build_is_asked_for_and_judged_by_its_phases() {
    for (running, outcome) in [(61, "stopped"), (30, "allowed")] {
        let (codebuild, scheduler) = (with_builds(running, 120), Scheduler::obliging());
        let lambda = PROGRAM.start(POLICY, codebuild.address, &scheduler.settings());
        assert_eq!(lambda.invoke(&started(7200)).record()["outcome"], outcome);
        assert_eq!(codebuild.operations()[0], "BatchGetBuilds");
        lambda.end();
    }
}

/// The phases in an event were true when it was sent.
#[test]
fn the_phases_of_a_late_event_are_not_taken_for_those_of_now() {
    let mut event = started(7200);
    event["detail-type"] = json!("CodeBuild Build Phase Change");
    let start = additional_information(&mut event)["build-start-time"].clone();
    let phase = |name: &str| json!({"phase-type": name, "start-time": start});
    additional_information(&mut event)["phases"] = json!([phase("SUBMITTED"), phase("BUILD")]);
    let codebuild = Endpoint::with(|id| stop_answer(stopped(id)), |id| builds_answer(running_for(id, 30, 90)));
    let lambda = PROGRAM.start(POLICY, codebuild.address, &[("BUILDBRAKE_MODE", "report")]);
    let record = lambda.invoke(&event).record();
    assert_eq!((&record["outcome"], codebuild.operations()), (&json!("allowed"), vec!["BatchGetBuilds".to_owned()]));
    lambda.end();
}

/// The deadline's event contains nothing about the build, so the Build is fetched even if no rule needs it.
#[test]
fn a_deadline_always_asks_for_its_build() {
    let policy = "{version: 1, rules: [{id: a, max-timeout: 60m, only: [{projects: [warehouse]}]}]}";
    for (get, outcome) in [
        ((|id: &str| builds_answer(running_for(id, 30, 0))) as fn(&str) -> Reply, "allowed"),
        (|id| builds_answer(succeeded(id)), "not-running"),
    ] {
        let codebuild = Endpoint::with(|id| stop_answer(stopped(id)), get);
        let lambda = PROGRAM.start(policy, codebuild.address, &[]);
        assert_eq!(lambda.invoke(&deadline()).record()["outcome"], outcome);
        assert_eq!(codebuild.operations(), ["BatchGetBuilds"]);
        lambda.end();
    }
}

#[test]
fn what_keeps_a_deadline_from_being_set_fails_the_invocation() {
    for (answer, kind) in [
        ((|_| scheduler::refusal(429, "ThrottlingException", "Rate exceeded")) as fn(bool) -> Reply, "Throttled"),
        (
            |_| scheduler::refusal(403, "AccessDeniedException", "not authorized to perform: iam:PassRole"),
            "AccessDenied",
        ),
        (
            |_| scheduler::refusal(404, "ResourceNotFoundException", "Schedule group buildbrake does not exist."),
            "NotFound",
        ),
        (|_| scheduler::refusal(402, "ServiceQuotaExceededException", "Too many schedules"), "Refused"),
        (|_| Reply::Close, "ConnectionFault"),
    ] {
        let (codebuild, scheduler) = (CodeBuild::obliging().listen(), Scheduler::answering(answer));
        let lambda = PROGRAM.start(POLICY, codebuild.address, &scheduler.settings());
        let answer = lambda.invoke(&started(0));
        let record = answer.record();
        assert_eq!((&record["outcome"], &record["error"]["type"]), (&json!("failed"), &json!(kind)), "{record}");
        assert!(record["error"]["message"].as_str().unwrap().contains("deadline"), "{record}");
        let request_id = record["error"].get("requestId").and_then(Value::as_str);
        assert_eq!(request_id, (kind != "ConnectionFault").then_some(REQUEST_ID), "{record}");
        lambda.end();
    }
}

#[test]
fn without_a_scheduler_the_function_says_once_that_the_sweep_alone_enforces_time() {
    let codebuild = CodeBuild::obliging().listen();
    let warnings = |policy: &str| {
        let lambda = PROGRAM.start(policy, codebuild.address, &[]);
        for _ in 0..2 {
            assert_eq!(lambda.invoke(&started(0)).record()["outcome"], "allowed");
        }
        let log = lambda.end();
        log.lines().filter(|line| line.contains("only the sweep enforces time")).map(str::to_owned).collect::<Vec<_>>()
    };
    let warnings_of_policy = warnings(POLICY);
    assert_eq!(warnings_of_policy.len(), 1);
    assert!(warnings_of_policy[0].contains("short-builds, short-queues"), "{warnings_of_policy:?}");
    assert_eq!(warnings("{version: 1, rules: [{id: a, max-timeout: 60m}]}").len(), 0);
}

#[test]
fn half_the_settings_of_the_scheduler_are_refused() {
    for (given, missing) in [("GROUP", "ROLE"), ("ROLE", "GROUP")] {
        let (end, log) = PROGRAM.start_in_vain(POLICY, &[(&format!("BUILDBRAKE_SCHEDULE_{given}"), "buildbrake")]);
        assert!(!end.success() && log.contains(&format!("needs BUILDBRAKE_SCHEDULE_{missing}")), "{log}");
    }
}
