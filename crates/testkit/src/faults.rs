//! The table of everything that can go wrong with an answer of CodeBuild, and the error that
//! the record then contains.

use std::{thread, time::Duration};

use serde_json::{Value, json};

use crate::{
    codebuild::{REQUEST_ID, identified, refusal, running, stop_answer},
    http::Reply,
};

/// One fault.
pub struct Fault {
    /// The name of the fault in the tests.
    pub name: &'static str,
    /// Replaces the right answer.
    pub spoil: fn(Right) -> Reply,
    /// The `type` of the record's error if `StopBuild` answers nothing else.
    pub kind: &'static str,
    /// The `code` of the record's error.
    pub code: Option<&'static str>,
    /// The `requestId` of the record's error.
    pub request_id: Option<&'static str>,
}

/// The right answer, and how much of it arrives and how slowly.
pub struct Right<'a> {
    /// The build that was asked for.
    pub id: &'a str,
    /// The whole answer.
    pub answer: Reply,
    /// The part of the answer that arrives, from 0 to 1.
    pub part: f64,
    /// The pause between two bytes.
    pub pause: Duration,
}

/// The value of a variable of the sample events, which no record may contain.
pub const SECRET: &str = "shop/db:password";

impl Fault {
    /// The fault of this name.
    pub fn named(name: &str) -> &'static Self {
        FAULTS.iter().find(|fault| fault.name == name).unwrap_or_else(|| panic!("no fault `{name}`"))
    }

    /// Returns `true` if the answer may arrive whole. Then it must be correct.
    pub fn can_be_heard(&self) -> bool {
        self.name == "a late answer"
    }
}

/// Longer than the function waits for anything.
const NO_END: Duration = Duration::from_secs(20);

impl Right<'_> {
    /// The head of the answer breaks off.
    fn part_of_head(&self) -> Vec<u8> {
        part(self.answer.written().0, self.part)
    }

    /// The head comes whole, and the body breaks off.
    fn part_of_body(&self) -> Vec<u8> {
        let (head, body) = self.answer.written();
        [head, part(body, self.part)].concat()
    }

    /// The body breaks off, and the head does not show it.
    fn part_of_json(&self) -> Reply {
        let body = part(self.answer.written().1, self.part);
        Reply::json(200, String::from_utf8_lossy(&body))
    }
}

/// The first bytes, never all of them.
fn part(mut bytes: Vec<u8>, part: f64) -> Vec<u8> {
    bytes.truncate((bytes.len() as f64 * part) as usize);
    bytes
}

/// A refusal with a code of the API, and a message that reveals too much.
macro_rules! refused {
    ($status:literal, $code:literal => $kind:literal) => {
        Fault {
            name: concat!($status, " ", $code),
            spoil: |_| refusal($status, $code, &format!("Not with {SECRET}")),
            kind: $kind,
            code: Some($code),
            request_id: Some(REQUEST_ID),
        }
    };
}

/// An answer without a code; with a request id if it is marked as identified.
macro_rules! codeless {
    ($name:literal, identified $answer:expr => $kind:literal) => {
        Fault {
            name: $name,
            spoil: |right| identified($answer(right)),
            kind: $kind,
            code: None,
            request_id: Some(REQUEST_ID),
        }
    };
    ($name:literal, $answer:expr => $kind:literal) => {
        Fault { name: $name, spoil: $answer, kind: $kind, code: None, request_id: None }
    };
}

/// All faults; the slowest come first.
pub const FAULTS: &[Fault] = &[
    codeless!("no answer", |_| Reply::Hang(NO_END) => "TimedOut"),
    codeless!("no end of the head", |right| Reply::Stall(right.part_of_head(), NO_END) => "TimedOut"),
    codeless!("no end of the body", |right| Reply::Stall(right.part_of_body(), NO_END) => "TimedOut"),
    codeless!("a slow drip", |right| Reply::Drip(right.part_of_body(), right.pause) => "TimedOut"),
    codeless!("a late answer", late => "TimedOut"),
    codeless!("closed at once", |_| Reply::Close => "ConnectionFault"),
    codeless!("reset at once", |_| Reply::Reset(Vec::new()) => "ConnectionFault"),
    codeless!("no HTTP", |_| Reply::Raw(b"SSH-2.0-OpenSSH_9.9\r\n".to_vec()) => "ConnectionFault"),
    codeless!("closed in the head", |right| Reply::Raw(right.part_of_head()) => "ConnectionFault"),
    codeless!("reset in the head", |right| Reply::Reset(right.part_of_head()) => "ConnectionFault"),
    codeless!("closed in the body", |right| Reply::Raw(right.part_of_body()) => "UnreadableAnswer"),
    codeless!("reset in the body", |right| Reply::Reset(right.part_of_body()) => "UnreadableAnswer"),
    codeless!("no JSON", identified |right: Right| right.part_of_json() => "UnreadableAnswer"),
    codeless!("other JSON", identified |_| Reply::json(200, "{\"build\": 7}") => "UnreadableAnswer"),
    codeless!("a page", identified |_| html(200) => "UnreadableAnswer"),
    codeless!("{}", identified |_| Reply::json(200, "{}") => "UnreadableAnswer"),
    codeless!("nothing", identified |_| Reply::json(200, "") => "UnreadableAnswer"),
    codeless!("no build", identified |_| Reply::json(200, "{\"build\": null}") => "UnreadableAnswer"),
    codeless!("it runs on", |right| stop_answer(running(right.id)) => "NotConfirmed"),
    codeless!("a build that says nothing", |right| stop_answer(json!({"id": right.id})) => "NotConfirmed"),
    codeless!("a build that says two things", |right| stop_answer(of_two_minds(right.id)) => "NotConfirmed"),
    refused!(400, "Throttling" => "Throttled"),
    refused!(400, "ThrottlingException" => "Throttled"),
    refused!(429, "TooManyRequestsException" => "Throttled"),
    codeless!("429", identified |_| bodiless(429) => "Throttled"),
    codeless!("408", identified |_| bodiless(408) => "TimedOut"),
    refused!(408, "RequestTimeout" => "TimedOut"),
    codeless!("500", identified |_| bodiless(500) => "ServiceFault"),
    codeless!("503", identified |_| bodiless(503) => "ServiceFault"),
    codeless!("a page of a proxy", identified |_| html(502) => "ServiceFault"),
    refused!(500, "InternalServerError" => "ServiceFault"),
    refused!(400, "InternalFailure" => "ServiceFault"),
    refused!(400, "ServiceUnavailable" => "ServiceFault"),
    refused!(400, "ExpiredTokenException" => "ExpiredCredentials"),
    refused!(403, "ExpiredToken" => "ExpiredCredentials"),
    refused!(400, "AccessDeniedException" => "AccessDenied"),
    refused!(400, "UnrecognizedClientException" => "AccessDenied"),
    codeless!("403", identified |_| bodiless(403) => "AccessDenied"),
    // The build is still running, so the refusal does not mean that it has ended.
    refused!(400, "InvalidInputException" => "InvalidInput"),
    refused!(400, "AccountSuspendedException" => "Refused"),
    refused!(400, "SomethingNewException" => "Refused"),
];

/// A right answer that takes as long as 25 bytes of a slow drip. It may arrive in time.
fn late(right: Right) -> Reply {
    thread::sleep(25 * right.pause);
    right.answer
}

fn bodiless(status: u16) -> Reply {
    Reply::Http { status, headers: Vec::new(), body: Vec::new() }
}

fn html(status: u16) -> Reply {
    Reply::Http { status, headers: vec![("content-type", "text/html".into())], body: b"<h1>Bad Gateway</h1>".to_vec() }
}

/// A Build that contradicts itself: it is in progress, and complete.
fn of_two_minds(id: &str) -> Value {
    let mut build = running(id);
    build["buildComplete"] = json!(true);
    build
}
