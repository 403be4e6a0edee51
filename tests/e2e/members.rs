//! Other accounts: the function assumes a role in each and stops builds there. An account that cannot be entered is
//! reported by name and delays no other.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use buildbrake_testkit::{
    cloudwatch_logs::CloudWatchLogs,
    codebuild::{CodeBuild, Endpoint, minutes_ago, refusal, running_in},
    events::event,
    http::Reply,
    lambda::{Answer, Lambda},
    runtime_api::function_in,
    scheduler::Scheduler,
    sts::{self, AssumeRole, EXTERNAL_ID, Sts},
};
use serde_json::{Value, json};

use crate::{FORBIDDEN, PROGRAM};

const HUB: &str = "111122223333";
const MEMBER: &str = "444455556666";
const OTHER: &str = "999999999999";
const POLICY: &str = "{version: 1, rules: [{id: protected, forbidden-branches: [main]}]}";

/// The event of a build on main in an account and region.
fn forbidden(account: &str, region: &str) -> Value {
    in_place(&event("forbidden-branch"), account, region)
}

fn in_place(event: &Value, account: &str, region: &str) -> Value {
    event.to_string().replace(HUB, account).replace("eu-west-1", region).parse().unwrap()
}

/// Invokes the function of the hub, in eu-west-1.
fn invoke(lambda: &Lambda, event: &Value) -> Answer {
    lambda.invoke_by(&function_in(HUB, "eu-west-1"), event)
}

/// The accounts and regions in which CodeBuild was called, with the operations.
fn called(codebuild: &Endpoint) -> Vec<(String, String, String)> {
    codebuild.calls().into_iter().map(|call| (call.account, call.region, call.operation)).collect()
}

fn stops(places: &[(&str, &str)]) -> Vec<(String, String, String)> {
    places.iter().map(|(account, region)| ((*account).into(), (*region).into(), "StopBuild".into())).collect()
}

#[test]
fn a_build_is_stopped_where_it_runs() {
    let (codebuild, sts) = (CodeBuild::obliging().listen(), Sts::obliging());
    let lambda = PROGRAM.start(POLICY, codebuild.address, &sts.settings("444455556666,999999999999", "us-east-1"));
    let places =
        [(MEMBER, "eu-west-1"), (MEMBER, "us-east-1"), (HUB, "us-east-1"), (OTHER, "us-east-1"), (HUB, "eu-west-1")];
    for (account, region) in places {
        let record = invoke(&lambda, &forbidden(account, region)).record();
        assert_eq!(record["outcome"], "stopped", "{record}");
        assert_eq!((&record["account"], &record["region"]), (&json!(account), &json!(region)));
    }
    assert_eq!(called(&codebuild), stops(&places));
    // Each account is entered once, whatever the number of regions and events; the hub's own never.
    assert_eq!(sts.accounts(), [MEMBER, OTHER]);
    let expected = AssumeRole {
        role_arn: "arn:aws:iam::444455556666:role/buildbrake-member".into(),
        session_name: "buildbrake".into(),
        external_id: Some(EXTERNAL_ID.into()),
    };
    assert_eq!(sts.calls()[0], expected);
    lambda.end();
}

#[test]
fn a_place_that_is_not_listed_costs_no_call() {
    let (codebuild, sts) = (CodeBuild::obliging().listen(), Sts::obliging());
    let lambda = PROGRAM.start(POLICY, codebuild.address, &sts.settings(MEMBER, "us-east-1"));
    for (account, region, name) in [
        (OTHER, "eu-west-1", "OtherAccount"),
        (MEMBER, "eu-central-1", "OtherRegion"),
        (HUB, "eu-central-1", "OtherRegion"),
    ] {
        let answer = invoke(&lambda, &forbidden(account, region));
        assert_eq!(answer.result.unwrap_err()["errorType"], name);
    }
    // A member may have sent it: it names the hub's account, but a build of the member.
    let mut forged = forbidden(MEMBER, "eu-west-1");
    forged["account"] = json!(HUB);
    assert_eq!(invoke(&lambda, &forged).result.unwrap_err()["errorType"], "OtherAccount");
    assert_eq!((codebuild.calls().len(), sts.calls().len()), (0, 0));
    lambda.end();
}

#[test]
fn the_own_account_is_never_entered_even_if_it_is_listed() {
    let (codebuild, sts) = (CodeBuild::obliging().listen(), Sts::obliging());
    let lambda = PROGRAM.start(POLICY, codebuild.address, &sts.settings("111122223333,444455556666", "us-east-1"));
    assert_eq!(invoke(&lambda, &forbidden(HUB, "us-east-1")).record()["outcome"], "stopped");
    assert!(sts.calls().is_empty());
    lambda.end();
}

#[test]
fn an_account_that_denies_the_role_is_named_and_no_other_is_affected() {
    let codebuild = CodeBuild::obliging().listen();
    let sts = Sts::answering(|account| (account == MEMBER).then(|| sts::denied(account)));
    let lambda = PROGRAM.start(POLICY, codebuild.address, &sts.settings("444455556666,999999999999", "eu-west-1"));
    let answer = invoke(&lambda, &forbidden(MEMBER, "eu-west-1"));
    let record = answer.record();
    assert_eq!(answer.result.unwrap_err()["errorType"], "RoleDenied");
    assert_eq!((&record["error"]["type"], &record["error"]["code"]), (&json!("RoleDenied"), &json!("AccessDenied")));
    assert_eq!((&record["account"], &record["AccessDenied"]), (&json!(MEMBER), &json!(1)), "{record}");
    let message = record["error"]["message"].as_str().unwrap();
    for part in [
        "the role arn:aws:iam::444455556666:role/buildbrake-member cannot be assumed: STS answered AccessDenied",
        "deploy org/member.yaml in account 444455556666",
    ] {
        assert!(message.contains(part), "{message}");
    }
    assert_eq!(invoke(&lambda, &forbidden(OTHER, "eu-west-1")).record()["outcome"], "stopped");
    assert_eq!(called(&codebuild), stops(&[(OTHER, "eu-west-1")]));
    assert_eq!(sts.accounts(), [MEMBER, OTHER]);
    lambda.end();
}

/// Each error that keeps an account from being entered has its class, and names the account.
#[test]
fn a_failure_of_sts_has_its_class() {
    for (reply, name) in [
        (sts::refusal as fn(u16, &str, &str) -> Reply, "Throttled"),
        (|_, _, _| Reply::Close, "ConnectionFault"),
        (|_, _, _| Reply::json(200, "{}"), "UnreadableAnswer"),
    ] {
        let codebuild = CodeBuild::obliging().listen();
        let sts = Sts::answering(move |_| Some(reply(400, "Throttling", "Rate exceeded")));
        let lambda = PROGRAM.start(POLICY, codebuild.address, &sts.settings(MEMBER, "eu-west-1"));
        let answer = invoke(&lambda, &forbidden(MEMBER, "eu-west-1"));
        let error = answer.record()["error"].clone();
        assert_eq!(error["type"], name, "{error}");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("account 444455556666 could not be accessed"), "{message}");
        assert!(codebuild.calls().is_empty());
        lambda.end();
    }
}

#[test]
fn credentials_that_expire_in_the_middle_are_renewed_once() {
    let refusals = Arc::new(AtomicU32::new(0));
    for (code, expired, outcome, entered) in [
        ("ExpiredTokenException", 0, "stopped", 1),
        ("ExpiredTokenException", 1, "stopped", 2),
        ("ExpiredTokenException", 2, "failed", 2),
        // The role was deleted and made again.
        ("UnrecognizedClientException", 1, "stopped", 2),
    ] {
        refusals.store(expired, SeqCst);
        let left = refusals.clone();
        let codebuild = CodeBuild::obliging().listen_unless(move |_| {
            let is_refused = left.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok();
            is_refused.then(|| refusal(400, code, "The security token included in the request is expired"))
        });
        let sts = Sts::obliging();
        let lambda = PROGRAM.start(POLICY, codebuild.address, &sts.settings(MEMBER, "eu-west-1"));
        let record = invoke(&lambda, &forbidden(MEMBER, "eu-west-1")).record();
        assert_eq!((&record["outcome"], sts.calls().len()), (&json!(outcome), entered), "{record}");
        if outcome == "failed" {
            assert_eq!(record["error"]["type"], "ExpiredCredentials");
            assert_eq!(invoke(&lambda, &forbidden(MEMBER, "eu-west-1")).record()["outcome"], "stopped");
        }
        lambda.end();
    }
}

#[test]
fn credentials_are_renewed_five_minutes_before_they_expire() {
    for (minutes, entered) in [(4, 3), (6, 1)] {
        let codebuild = CodeBuild::obliging().listen();
        let sts = Sts::lasting(Duration::from_secs(minutes * 60), |_| None);
        let lambda = PROGRAM.start(POLICY, codebuild.address, &sts.settings(MEMBER, "eu-west-1"));
        for _ in 0..3 {
            assert_eq!(invoke(&lambda, &forbidden(MEMBER, "eu-west-1")).record()["outcome"], "stopped");
            // Within a second of AssumeRole, its credentials are used as they are.
            thread::sleep(Duration::from_millis(1100));
        }
        assert_eq!(sts.calls().len(), entered, "{minutes} minutes");
        lambda.end();
    }
}

/// The hub's own role calls the Scheduler, and the deadline comes back to the hub.
#[test]
fn deadlines_stay_in_the_hub() {
    let policy = "{version: 1, rules: [{id: short, max-duration: 60m}]}";
    let (region, sts, scheduler) = (CodeBuild::default(), Sts::obliging(), Scheduler::obliging());
    let mut build = running_in(MEMBER, "us-east-1", FORBIDDEN);
    let start = minutes_ago(90);
    build["startTime"] = json!(start);
    build["phases"] = json!([
        {"phaseType": "SUBMITTED", "startTime": start, "endTime": start},
        {"phaseType": "QUEUED", "startTime": start, "endTime": start},
        {"phaseType": "BUILD", "startTime": start},
    ]);
    region.put(build.clone());
    let codebuild = region.listen();
    let settings: Vec<_> = sts.settings(MEMBER, "us-east-1").into_iter().chain(scheduler.settings()).collect();
    let lambda = PROGRAM.start(policy, codebuild.address, &settings);
    let mut started = forbidden(MEMBER, "us-east-1");
    started["detail"]["additional-information"]["build-start-time"] = json!("2036-11-22T09:00:00Z");
    assert_eq!(invoke(&lambda, &started).record()["outcome"], "allowed");
    let (_, schedule) = &scheduler.schedules()[0];
    assert_eq!(schedule["Target"]["Arn"], json!(function_in(HUB, "eu-west-1")));
    let deadline = scheduler.event();
    assert_eq!(deadline["detail"]["build-arn"], build["arn"]);
    let record = invoke(&lambda, &deadline).record();
    assert_eq!((&record["outcome"], &record["trigger"]), (&json!("stopped"), &json!("deadline")), "{record}");
    assert!(
        codebuild.calls().iter().all(|call| (call.account.as_str(), call.region.as_str()) == (MEMBER, "us-east-1"))
    );
    lambda.end();
}

#[test]
fn the_log_of_a_build_is_written_with_the_credentials_of_its_account() {
    let logs = CloudWatchLogs::with_groups(&["/aws/codebuild/shop-api"]);
    let (codebuild, sts) = (CodeBuild::obliging().listen(), Sts::obliging());
    let settings: Vec<_> = sts.settings(MEMBER, "us-east-1").into_iter().chain(logs.settings()).collect();
    let lambda = PROGRAM.start(POLICY, codebuild.address, &settings);
    let record = invoke(&lambda, &forbidden(MEMBER, "us-east-1")).record();
    assert_eq!((&record["outcome"], record.get("notes")), (&json!("stopped"), None), "{record}");
    let places = logs.places();
    assert!(
        !places.is_empty() && places.iter().all(|place| *place == (MEMBER.into(), "us-east-1".into())),
        "{places:?}"
    );
    assert_eq!(sts.accounts(), [MEMBER]);
    lambda.end();
}

#[test]
fn a_pipeline_is_asked_in_the_account_of_its_build() {
    let asked: Arc<Mutex<Vec<(String, String)>>> = Arc::default();
    let log = asked.clone();
    let region = CodeBuild::obliging();
    let codebuild = Endpoint::of_both(
        move |call| region.answer(call),
        move |call| {
            log.lock().unwrap().push((call.account.clone(), call.region.clone()));
            refusal(400, "PipelineNotFoundException", "no")
        },
    );
    let sts = Sts::obliging();
    let lambda = PROGRAM.start(POLICY, codebuild.address, &sts.settings(MEMBER, "us-east-1"));
    let mut event = forbidden(MEMBER, "us-east-1");
    let information = &mut event["detail"]["additional-information"];
    information["initiator"] = json!("codepipeline/release");
    information["source"] = json!({"type": "CODEPIPELINE"});
    information["source-version"] = json!("arn:aws:s3:::bucket/release/source/abc");
    invoke(&lambda, &event);
    assert_eq!(*asked.lock().unwrap(), [(MEMBER.to_owned(), "us-east-1".to_owned())]);
    lambda.end();
}
