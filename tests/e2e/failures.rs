//! A CodeBuild that misbehaves: an action that is not carried out fails loudly, with an error name of its own, within
//! the time that a person would wait. No stop is reported that did not happen.

use std::{
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
    thread,
    time::Duration,
};

use buildbrake_testkit::{
    codebuild::{Endpoint, builds_answer, refusal, running, stop_answer, stopped},
    events::event,
    faults::{FAULTS, Fault, Right, SECRET},
    http::{Address, Reply},
    lambda::{Answer, LONGEST_INVOCATION},
};
use serde_json::{Value, json};

use crate::PROGRAM;

const POLICY: &str = "version: 1\nrules: [{id: protected-branches, forbidden-branches: [main]}]\n";

#[test]
fn what_cannot_be_done_fails_under_its_name_in_time_and_never_as_a_stop() {
    // Some of them wait for a timeout, so a few run at the same time.
    for faults in FAULTS.chunks(8) {
        thread::scope(|scope| faults.iter().for_each(|fault| _ = scope.spawn(|| try_stop(fault))));
    }
}

fn try_stop(fault: &'static Fault) {
    // Whatever `StopBuild` answers, the build runs on.
    let codebuild = Endpoint::with(|id| (fault.spoil)(halfway(id)), |id| builds_answer(running(id)));
    assert_fails(fault, &invoke(&codebuild));
}

/// The answer to `BatchGetBuilds` may be out of date. The next try shows whether the build is gone.
#[test]
fn a_build_that_is_not_found_after_its_stop_fails_the_invocation() {
    let gone = |id: &str| Reply::json(200, json!({"builds": [], "buildsNotFound": [id]}));
    for (stop, kind) in [
        ((|id| stop_answer(running(id))) as fn(&str) -> Reply, "NotConfirmed"),
        (|_| refusal(400, "InvalidInputException", "no"), "InvalidInput"),
    ] {
        let answer = invoke(&Endpoint::with(stop, gone));
        assert_eq!(answer.result.unwrap_err()["errorType"], kind);
    }
}

/// The right answer, which is to go wrong in its middle.
fn halfway(id: &str) -> Right<'_> {
    Right { id, answer: stop_answer(stopped(id)), part: 0.5, pause: Duration::from_millis(100) }
}

#[test]
fn nobody_at_the_address_is_a_connection_fault() {
    let nobody = Address::reserve();
    let lambda = PROGRAM.start(POLICY, nobody.get(), &[]);
    let refused = Fault::named("closed at once");
    assert_fails(refused, &lambda.invoke(&event("forbidden-branch")));
    lambda.end();
}

/// Each call may take eight seconds, but both together must end within the promised ten.
#[test]
fn calls_that_take_long_do_not_add_up_to_longer_than_promised() {
    let looks = AtomicUsize::new(0);
    let codebuild = Endpoint::with(
        |_| Reply::Hang(Duration::from_secs(60)),
        move |id| match looks.fetch_add(1, SeqCst) {
            0 | 1 => Reply::Hang(Duration::from_secs(60)),
            _ => builds_answer(running(id)),
        },
    );
    let answer = invoke_with(&codebuild, "no-additional-information");
    assert!(answer.took < LONGEST_INVOCATION, "{:?}", answer.took);
    let record = answer.record();
    assert_eq!((&record["outcome"], &record["error"]["type"]), (&json!("failed"), &json!("TimedOut")));
    assert!(record["message"].as_str().unwrap().contains("protected-branches"), "it says what was broken: {record}");
}

#[test]
fn a_build_that_cannot_be_looked_at_fails_too() {
    for (answer, kind) in [
        (refusal as fn(u16, &str, &str) -> Reply, "AccessDenied"),
        (|_, _, _| Reply::json(200, "{}"), "UnreadableAnswer"),
        (|_, _, _| Reply::json(200, json!({"builds": [], "buildsNotFound": []})), "UnreadableAnswer"),
    ] {
        let get =
            move |_: &str| answer(400, "AccessDeniedException", "not authorized to perform: codebuild:BatchGetBuilds");
        let codebuild = Endpoint::with(|id| stop_answer(stopped(id)), get);
        let answer = invoke_with(&codebuild, "no-additional-information");
        assert_eq!(answer.record()["error"]["type"], kind);
        assert!(codebuild.stops().is_empty(), "nobody knows whether it breaks a rule");
    }
}

#[test]
fn a_stop_that_settles_later_is_a_stop() {
    let codebuild = Endpoint::with(|id| stop_answer(running(id)), |id| builds_answer(stopped(id)));
    let record = invoke(&codebuild).record();
    assert_eq!((&record["outcome"], &record["build"]["buildStatus"]), (&json!("stopped"), &json!("STOPPED")));
    assert_eq!(codebuild.operations(), ["StopBuild", "BatchGetBuilds"]);
}

#[test]
fn a_stop_that_cannot_be_verified_is_not_told_of_as_one() {
    let codebuild = Endpoint::with(|id| stop_answer(running(id)), |_| refusal(400, "AccessDeniedException", "No"));
    let record = invoke(&codebuild).record();
    assert_eq!((&record["outcome"], &record["error"]["type"]), (&json!("failed"), &json!("AccessDenied")));
}

#[test]
fn what_goes_wrong_once_is_tried_again() {
    use std::sync::atomic::AtomicBool;
    for name in ["400 ThrottlingException", "503", "closed at once", "reset at once", "closed in the body"] {
        let wrong = Fault::named(name).spoil;
        let first = AtomicBool::new(true);
        let stop =
            move |id: &str| if first.swap(false, SeqCst) { wrong(halfway(id)) } else { stop_answer(stopped(id)) };
        let codebuild = Endpoint::with(stop, |id| builds_answer(running(id)));
        assert_eq!(invoke(&codebuild).record()["outcome"], "stopped");
        assert_eq!(codebuild.operations(), ["StopBuild", "StopBuild"]);
    }
}

#[test]
fn a_function_that_failed_goes_on_with_the_next_event() {
    let codebuild = Endpoint::with(|_| refusal(400, "AccessDeniedException", "No"), |id| builds_answer(running(id)));
    let lambda = PROGRAM.start(POLICY, codebuild.address, &[]);
    assert_eq!(lambda.invoke(&event("forbidden-branch")).record()["outcome"], "failed");
    assert_eq!(lambda.invoke(&event("compliant")).record()["outcome"], "allowed");
    lambda.end();
}

fn invoke(codebuild: &Endpoint) -> Answer {
    invoke_with(codebuild, "forbidden-branch")
}

/// One event, answered in less than the 10 s that are promised, whatever happens.
fn invoke_with(codebuild: &Endpoint, name: &str) -> Answer {
    let lambda = PROGRAM.start(POLICY, codebuild.address, &[]);
    let answer = lambda.invoke(&event(name));
    assert!(answer.took < LONGEST_INVOCATION, "{answer:?}");
    lambda.end();
    answer
}

/// The record and the invocation's error name the same fault, with its code and request id.
fn assert_fails(fault: &Fault, answer: &Answer) {
    let Fault { name, kind, code, request_id, .. } = fault;
    let record = answer.record();
    assert_eq!(record["outcome"], "failed", "{name}: {record}");
    assert_eq!(record["error"]["type"], *kind, "{name}: {record}");
    assert_eq!(record["error"].get("code"), code.map(Value::from).as_ref(), "{name}: {record}");
    assert_eq!(record["error"].get("requestId"), request_id.map(Value::from).as_ref(), "{name}: {record}");
    assert_eq!((&record["Failed"], record.get("build")), (&json!(1), None), "{name}");
    assert_eq!(answer.result.as_ref().unwrap_err()["errorType"], *kind, "{name}");
    assert!(record["message"].as_str().unwrap().contains("protected-branches"), "{name}: it says what was broken");
    assert!(!format!("{answer:?}").contains(SECRET), "{name}: {record}");
}
