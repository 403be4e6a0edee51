//! Lambda's side of the Runtime API.
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::{
    net::SocketAddr,
    sync::{
        Mutex, PoisonError,
        mpsc::{Receiver, Sender, channel},
    },
    time::{Duration, Instant, SystemTime},
};

use serde_json::Value;

use crate::{
    codebuild::{ACCOUNT, REGION},
    http::{Address, Reply, Request, Server},
};

/// The id of every invocation's request.
pub const REQUEST_ID: &str = "8476a536-e9f4-11e8-9739-2dfe598c3fcd";

/// The ARN of a function in this account and region.
pub fn function_in(account: &str, region: &str) -> String {
    let partition = if region.starts_with("cn-") { "aws-cn" } else { "aws" };
    format!("arn:{partition}:lambda:{region}:{account}:function:buildbrake")
}

/// The ARN of the function that an event is for. Its account and region are those of the event's build, or else those
/// of the event.
pub fn function_for(event: &Value) -> String {
    let event = event.get("requestPayload").unwrap_or(event);
    let named = ["/detail/build-id", "/detail/build-arn", "/resources/0"];
    let mut named = named.iter().filter_map(|pointer| event.pointer(pointer)?.as_str());
    let arn: Option<Vec<&str>> = named.find_map(|text| {
        let parts: Vec<&str> = text.split(':').collect();
        (parts.len() > 5 && parts[2] == "codebuild").then_some(parts)
    });
    match arn {
        Some(arn) => function_in(arn[4], arn[3]),
        None => {
            let of = |member: &str, otherwise| event[member].as_str().unwrap_or(otherwise).to_owned();
            function_in(&of("account", ACCOUNT), &of("region", REGION))
        }
    }
}

/// A running Runtime API of one function.
pub struct RuntimeApi {
    server: Server,
    /// `None` once there are no more events.
    events: Option<Sender<Delivery>>,
    responses: Receiver<Response>,
}

/// An event, and the ARN that the function is invoked by.
struct Delivery {
    function: String,
    event: String,
}

/// The function's answer to one event.
#[derive(Debug)]
pub struct Response {
    /// The answer, or `{errorType, errorMessage}`.
    pub result: Result<Value, Value>,
    /// The time from the event's delivery to the answer.
    pub took: Duration,
}

impl RuntimeApi {
    /// Starts the API of a function whose invocations may take that long.
    pub fn start(timeout: Duration) -> Self {
        let (events, incoming) = channel::<Delivery>();
        let (outgoing, responses) = channel();
        let (incoming, delivered) = (Mutex::new(incoming), Mutex::new(Instant::now()));
        let server =
            Address::reserve().open(move |request| answer(&request, &incoming, &delivered, &outgoing, timeout));
        Self { server, events: Some(events), responses }
    }

    /// Returns the address on which it listens.
    pub fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// Delivers an event; returns the response, or `None` if there is none within this time.
    pub fn invoke(&self, function: String, event: String, patience: Duration) -> Option<Response> {
        self.events.as_ref()?.send(Delivery { function, event }).unwrap();
        self.responses.recv_timeout(patience).ok()
    }

    /// Delivers no more events: it closes the connection of a function that asks for one.
    pub fn close(&mut self) {
        self.events = None;
    }
}

fn answer(
    request: &Request,
    incoming: &Mutex<Receiver<Delivery>>,
    delivered: &Mutex<Instant>,
    outgoing: &Sender<Response>,
    timeout: Duration,
) -> Reply {
    let respond = |result| {
        let took = delivered.lock().unwrap_or_else(PoisonError::into_inner).elapsed();
        let _ = outgoing.send(Response { result, took });
        Reply::json(202, r#"{"status":"OK"}"#)
    };
    let body = || serde_json::from_str(&request.body).unwrap();
    match request.path.rsplit('/').next() {
        Some("next") => match incoming.lock().unwrap_or_else(PoisonError::into_inner).recv() {
            Ok(next) => {
                *delivered.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
                delivery(next, timeout)
            }
            Err(_) => Reply::Close,
        },
        Some("response") => respond(Ok(body())),
        Some("error") => respond(Err(body())),
        _ => panic!("{request:?}"),
    }
}

/// An event with the headers of its invocation.
fn delivery(Delivery { function, event }: Delivery, timeout: Duration) -> Reply {
    let deadline = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap() + timeout;
    let headers = vec![
        ("content-type", "application/json".into()),
        ("lambda-runtime-aws-request-id", REQUEST_ID.into()),
        ("lambda-runtime-deadline-ms", deadline.as_millis().to_string()),
        ("lambda-runtime-invoked-function-arn", function),
    ];
    Reply::Http { status: 200, headers, body: event.into_bytes() }
}
