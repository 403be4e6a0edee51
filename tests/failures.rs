//! A CodeBuild that misbehaves: what cannot be done fails loudly, under a name of its
//! own, within the time a person would wait; and no stop is told of that was none.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what it expects by failing")]

mod common;

use std::{
    net::TcpListener,
    thread,
    time::{Duration, Instant},
};

use common::{
    codebuild::{CodeBuild, REQUEST_ID, builds_answer, identified, refusal, running, stop_answer, stopped},
    event,
    http::Reply,
    lambda::{Answer, Lambda},
};

use serde_json::{Value, json};

const POLICY: &str = "version: 1\nrules: [{id: protected-branches, forbidden-branches: [main]}]\n";

/// How `StopBuild` misbehaves, and what the record then says.
struct Case {
    name: &'static str,
    answer: fn(&str) -> Reply,
    kind: &'static str,
    code: Option<&'static str>,
    request_id: Option<&'static str>,
}

/// A refusal with a code of the API.
macro_rules! refused {
    ($status:literal, $code:literal => $kind:literal) => {
        Case {
            name: concat!($status, " ", $code),
            answer: |_| refusal($status, $code, "Says the service"),
            kind: $kind,
            code: Some($code),
            request_id: Some(REQUEST_ID),
        }
    };
}

/// An answer without a code; with a request's id where it is said to have one.
macro_rules! codeless {
    ($name:literal, identified $answer:expr => $kind:literal) => {
        Case {
            name: $name,
            answer: |id| identified($answer(id)),
            kind: $kind,
            code: None,
            request_id: Some(REQUEST_ID),
        }
    };
    ($name:literal, $answer:expr => $kind:literal) => {
        Case { name: $name, answer: $answer, kind: $kind, code: None, request_id: None }
    };
}

const CASES: &[Case] = &[
    refused!(400, "ThrottlingException" => "Throttled"),
    refused!(429, "TooManyRequestsException" => "Throttled"),
    codeless!("429", identified |_| bodiless(429) => "Throttled"),
    codeless!("408", identified |_| bodiless(408) => "TimedOut"),
    codeless!("500", identified |_| bodiless(500) => "ServiceFault"),
    codeless!("503", identified |_| bodiless(503) => "ServiceFault"),
    codeless!("a page of a proxy", identified |_| html(502) => "ServiceFault"),
    refused!(500, "InternalServerError" => "ServiceFault"),
    refused!(400, "InternalFailure" => "ServiceFault"),
    refused!(400, "ServiceUnavailable" => "ServiceFault"),
    refused!(400, "ExpiredTokenException" => "ExpiredCredentials"),
    refused!(400, "AccessDeniedException" => "AccessDenied"),
    refused!(400, "UnrecognizedClientException" => "AccessDenied"),
    codeless!("403", identified |_| bodiless(403) => "AccessDenied"),
    // The build runs on, so it is no build that has ended.
    refused!(400, "InvalidInputException" => "InvalidInput"),
    refused!(400, "AccountSuspendedException" => "Refused"),
    refused!(400, "SomethingNewException" => "Refused"),
    codeless!("closed at once", |_| Reply::Close => "ConnectionFault"),
    codeless!("no HTTP", |_| Reply::Raw(b"SSH-2.0-OpenSSH_9.9\r\n".to_vec()) => "ConnectionFault"),
    codeless!("half a head", |_| Reply::Raw(b"HTTP/1.1 200 OK\r\ncontent-le".to_vec()) => "ConnectionFault"),
    codeless!("half a body", |id| Reply::Raw(half_a_body(id)) => "UnreadableAnswer"),
    codeless!("no end", |_| Reply::Hang(Duration::from_secs(60)) => "TimedOut"),
    codeless!("a slow drip", |id| Reply::Drip(half_a_body(id), Duration::from_millis(100)) => "TimedOut"),
    codeless!("no JSON", identified |_| Reply::json(200, "{\"build\": {\"id\"") => "UnreadableAnswer"),
    codeless!("other JSON", identified |_| Reply::json(200, "{\"build\": 7}") => "UnreadableAnswer"),
    codeless!("a page", identified |_| html(200) => "UnreadableAnswer"),
    codeless!("{}", identified |_| Reply::json(200, "{}") => "UnreadableAnswer"),
    codeless!("nothing", identified |_| Reply::json(200, "") => "UnreadableAnswer"),
    codeless!("no build", identified |_| Reply::json(200, "{\"build\": null}") => "UnreadableAnswer"),
    codeless!("it runs on", |id| stop_answer(running(id)) => "NotConfirmed"),
    codeless!("a build that says nothing", |id| stop_answer(json!({"id": id})) => "NotConfirmed"),
    codeless!("a build that says two things", |id| stop_answer(of_two_minds(id)) => "NotConfirmed"),
];

#[test]
fn what_cannot_be_done_fails_under_its_name_in_time_and_never_as_a_stop() {
    // Some of them wait for a timeout, so a few run beside each other.
    for cases in CASES.chunks(8) {
        thread::scope(|scope| cases.iter().for_each(|case| _ = scope.spawn(|| try_stop(case))));
    }
}

fn try_stop(case: &Case) {
    // Whatever `StopBuild` says, the build runs on.
    let codebuild = CodeBuild::with(case.answer, |id| builds_answer(running(id)));
    assert_fails(case, &invoke(&codebuild));
}

#[test]
fn nobody_at_the_address_is_a_connection_fault() {
    // Bound and let go: nothing listens there any more.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let lambda = Lambda::start(POLICY, address, &[]);
    let case = codeless!("refused", |_| Reply::Close => "ConnectionFault");
    assert_fails(&case, &lambda.invoke(&event("forbidden-branch")));
    lambda.end();
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
        let codebuild = CodeBuild::with(|id| stop_answer(stopped(id)), get);
        let answer = invoke_with(&codebuild, "no-additional-information");
        assert_eq!(answer.record()["error"]["type"], kind);
        assert!(codebuild.stops().is_empty(), "nobody knows whether it breaks a rule");
    }
}

#[test]
fn a_stop_that_settles_later_is_a_stop() {
    let codebuild = CodeBuild::with(|id| stop_answer(running(id)), |id| builds_answer(stopped(id)));
    let record = invoke(&codebuild).record();
    assert_eq!((&record["outcome"], &record["build"]["buildStatus"]), (&json!("stopped"), &json!("STOPPED")));
    assert_eq!(codebuild.operations(), ["StopBuild", "BatchGetBuilds"]);
}

#[test]
fn a_stop_that_cannot_be_verified_is_not_told_of_as_one() {
    let codebuild = CodeBuild::with(|id| stop_answer(running(id)), |_| refusal(400, "AccessDeniedException", "No"));
    let record = invoke(&codebuild).record();
    assert_eq!((&record["outcome"], &record["error"]["type"]), (&json!("failed"), &json!("AccessDenied")));
}

#[test]
fn what_goes_wrong_once_is_tried_again() {
    use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
    let wrong: [fn() -> Reply; 4] = [
        || refusal(400, "ThrottlingException", "Rate exceeded"),
        || bodiless(503),
        || Reply::Close,
        || Reply::Raw(half_a_body("shop-api:5e000002-0000-4000-8000-000000000002")),
    ];
    for wrong in wrong {
        let first = AtomicBool::new(true);
        let stop = move |id: &str| if first.swap(false, SeqCst) { wrong() } else { stop_answer(stopped(id)) };
        let codebuild = CodeBuild::with(stop, |id| builds_answer(running(id)));
        assert_eq!(invoke(&codebuild).record()["outcome"], "stopped");
        assert_eq!(codebuild.operations(), ["StopBuild", "StopBuild"]);
    }
}

#[test]
fn a_function_that_failed_goes_on_with_the_next_event() {
    let codebuild = CodeBuild::with(|_| refusal(400, "AccessDeniedException", "No"), |id| builds_answer(running(id)));
    let lambda = Lambda::start(POLICY, codebuild.address, &[]);
    assert_eq!(lambda.invoke(&event("forbidden-branch")).record()["outcome"], "failed");
    assert_eq!(lambda.invoke(&event("compliant")).record()["outcome"], "allowed");
    lambda.end();
}

fn invoke(codebuild: &CodeBuild) -> Answer {
    invoke_with(codebuild, "forbidden-branch")
}

/// One event, answered within half a minute, whatever happens.
fn invoke_with(codebuild: &CodeBuild, name: &str) -> Answer {
    let lambda = Lambda::start(POLICY, codebuild.address, &[]);
    let start = Instant::now();
    let answer = lambda.invoke(&event(name));
    assert!(start.elapsed() < Duration::from_secs(30));
    lambda.end();
    answer
}

/// The record and the invocation's error say the same: what, and for whom to ask.
fn assert_fails(case: &Case, answer: &Answer) {
    let Case { name, kind, code, request_id, .. } = case;
    let record = answer.record();
    assert_eq!(record["outcome"], "failed", "{name}: {record}");
    assert_eq!(record["error"]["type"], *kind, "{name}: {record}");
    assert_eq!(record["error"].get("code"), code.map(Value::from).as_ref(), "{name}: {record}");
    assert_eq!(record["error"].get("requestId"), request_id.map(Value::from).as_ref(), "{name}: {record}");
    assert_eq!((&record["Failed"], record.get("build")), (&json!(1), None), "{name}");
    assert_eq!(answer.result.as_ref().unwrap_err()["errorType"], *kind, "{name}");
    assert!(record["message"].as_str().unwrap().contains("protected-branches"), "{name}: it says what was broken");
}

fn bodiless(status: u16) -> Reply {
    Reply::Http { status, headers: Vec::new(), body: String::new() }
}

fn html(status: u16) -> Reply {
    Reply::Http { status, headers: vec![("content-type", "text/html".into())], body: "<h1>Bad Gateway</h1>".into() }
}

/// An answer that breaks off in the midst of the Build that it began to tell.
fn half_a_body(id: &str) -> Vec<u8> {
    let body = json!({"build": stopped(id)}).to_string();
    let half = &body[..body.len() / 2];
    let head =
        format!("HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.1\r\ncontent-length: {}\r\n", body.len());
    format!("{head}\r\n{half}").into_bytes()
}

/// A Build that is in progress, and complete.
fn of_two_minds(id: &str) -> Value {
    let mut build = running(id);
    build["buildComplete"] = json!(true);
    build
}
