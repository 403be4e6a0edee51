//! Lambda's side of the Runtime API, with a clock at every turn.
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::{
    net::{SocketAddr, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, Sender, channel},
    },
    time::{Duration, Instant},
};

use anyhow::Context;

use crate::http::{Answer, Request, serve};

/// Longer than anything takes here, the slowest peer under the smallest quota included.
const PATIENCE: Duration = Duration::from_secs(60);

/// One function's Runtime API.
pub struct Lambda {
    pub address: SocketAddr,
    events: Sender<Vec<u8>>,
    asked: Receiver<Instant>,
    answered: Receiver<Invocation>,
}

/// What the server saw of one invocation.
struct Invocation {
    took: Duration,
    /// What went wrong, by the function's own words.
    failure: Option<String>,
}

impl Lambda {
    pub fn new() -> anyhow::Result<Self> {
        let (events, incoming) = channel::<Vec<u8>>();
        let (asks, asked) = channel();
        let (answers, answered) = channel();
        let (incoming, handed) = (Arc::new(Mutex::new(incoming)), Mutex::new(Instant::now()));
        let handler = move |request: Request| {
            let now = Instant::now();
            match request.path.rsplit('/').next()? {
                "next" => {
                    asks.send(now).ok()?;
                    let event = incoming.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()?;
                    let headers = "content-type: application/json\r\n\
                        lambda-runtime-aws-request-id: 8476a536-e9f4-11e8-9739-2dfe598c3fcd\r\n\
                        lambda-runtime-deadline-ms: 4102444800000\r\n\
                        lambda-runtime-trace-id: Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0\r\n\
                        lambda-runtime-invoked-function-arn: arn:aws:lambda:us-east-1:111122223333:function:bench\r\n";
                    *handed.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
                    Some(Answer { headers: headers.to_owned(), body: event })
                }
                end => {
                    let took = now - *handed.lock().unwrap_or_else(PoisonError::into_inner);
                    let failure = (end != "response").then(|| String::from_utf8_lossy(&request.body).into_owned());
                    answers.send(Invocation { took, failure }).ok()?;
                    Some(Answer::json(b"{}".to_vec()))
                }
            }
        };
        let address = serve(Ok::<TcpStream, _>, handler)?;
        Ok(Self { address, events, asked, answered })
    }

    /// Waits until the function asks for work. When it did.
    pub fn wait_for_ask(&self) -> anyhow::Result<Instant> {
        self.asked.recv_timeout(PATIENCE).context("the function does not ask for work")
    }

    /// Hands out an event and waits for the answer, and for the function to ask for the
    /// next. From the one to the other.
    pub fn invoke(&self, event: &[u8]) -> anyhow::Result<Duration> {
        self.events.send(event.to_vec())?;
        let invocation = self.answered.recv_timeout(PATIENCE).context("the function does not answer")?;
        anyhow::ensure!(invocation.failure.is_none(), "the function failed: {:?}", invocation.failure);
        self.wait_for_ask()?;
        Ok(invocation.took)
    }
}
