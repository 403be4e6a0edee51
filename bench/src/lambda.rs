//! Lambda's side of the Runtime API, which measures the time of each step.
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::{
    net::SocketAddr,
    sync::{
        Mutex, PoisonError,
        mpsc::{Receiver, Sender, channel},
    },
    time::{Duration, Instant},
};

use anyhow::Context;
use buildbrake_testkit::http::{Address, Reply, Request, Server};

/// Longer than anything takes here, the slowest peer under the smallest quota included.
const PATIENCE: Duration = Duration::from_secs(60);

/// One function's Runtime API.
pub struct Lambda {
    pub address: SocketAddr,
    events: Sender<String>,
    asked: Receiver<Instant>,
    answered: Receiver<Invocation>,
    _server: Server,
}

/// One invocation as the server saw it.
struct Invocation {
    took: Duration,
    /// The error as the function reported it.
    failure: Option<String>,
}

impl Lambda {
    pub fn new() -> anyhow::Result<Self> {
        let (events, incoming) = channel::<String>();
        let (asks, asked) = channel();
        let (answers, answered) = channel();
        let (incoming, handed) = (Mutex::new(incoming), Mutex::new(Instant::now()));
        let reply = move |request: &Request| -> Option<Reply> {
            let now = Instant::now();
            match request.path.rsplit('/').next()? {
                "next" => {
                    asks.send(now).ok()?;
                    let body = incoming.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()?;
                    let function = "arn:aws:lambda:eu-west-1:111122223333:function:bench";
                    let headers = [
                        ("content-type", "application/json"),
                        ("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd"),
                        ("lambda-runtime-deadline-ms", "4102444800000"),
                        ("lambda-runtime-trace-id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0"),
                        ("lambda-runtime-invoked-function-arn", function),
                    ];
                    let headers = headers.map(|(name, value)| (name, value.to_owned())).to_vec();
                    *handed.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
                    Some(Reply::Http { status: 200, headers, body: body.into_bytes() })
                }
                end => {
                    let took = now - *handed.lock().unwrap_or_else(PoisonError::into_inner);
                    let failure = (end != "response").then(|| request.body.clone());
                    answers.send(Invocation { took, failure }).ok()?;
                    Some(Reply::json(200, "{}"))
                }
            }
        };
        let server = Address::reserve().open(move |request| reply(&request).unwrap_or(Reply::Close));
        Ok(Self { address: server.address, events, asked, answered, _server: server })
    }

    /// Waits until the function asks for work. Returns the time at which it asked.
    pub fn wait_for_ask(&self) -> anyhow::Result<Instant> {
        self.asked.recv_timeout(PATIENCE).context("the function does not ask for work")
    }

    /// Hands out an event, and waits until the function has answered and asks for the next one. Returns the time
    /// between the event and its answer.
    pub fn invoke(&self, event: &str) -> anyhow::Result<Duration> {
        self.events.send(event.to_owned())?;
        let invocation = self.answered.recv_timeout(PATIENCE).context("the function does not answer")?;
        anyhow::ensure!(invocation.failure.is_none(), "the function failed: {:?}", invocation.failure);
        self.wait_for_ask()?;
        Ok(invocation.took)
    }
}
