//! A CodeBuild in memory that speaks the real protocol, AWS JSON 1.1 over HTTP, so
//! that the real SDK does the talking.
//! <https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html>

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, StatusCode, body::Bytes, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The builds, by id, and how often each operation was called.
#[derive(Default)]
struct State {
    builds: BTreeMap<String, Value>,
    calls: BTreeMap<String, usize>,
}

/// A running endpoint. It ends with the runtime it was started on.
pub(super) struct Endpoint {
    pub(super) address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Endpoint {
    /// Starts on a free port of the loopback interface with these builds, as
    /// `BatchGetBuilds` would answer them.
    pub(super) async fn start(builds: BTreeMap<String, Value>) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let state = Arc::new(Mutex::new(State { builds, ..State::default() }));
        let shared = state.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = shared.clone();
                let service = service_fn(move |request| answer(request, state.clone()));
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Ok(Self { address, state })
    }

    /// How often each operation was called.
    pub(super) fn calls(&self) -> BTreeMap<String, usize> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).calls.clone()
    }
}

async fn answer(request: Request<Incoming>, state: Arc<Mutex<State>>) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok());
    let operation = target.and_then(|target| target.strip_prefix("CodeBuild_20161006.")).unwrap_or_default().to_owned();
    let body = request.into_body().collect().await?.to_bytes();
    let input: Value = serde_json::from_slice(&body).unwrap_or_default();
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    let (status, body) = match operation.as_str() {
        "StopBuild" => state.stop(&input),
        "BatchGetBuilds" => state.batch_get(&input),
        _ => error("UnknownOperationException", "this endpoint knows StopBuild and BatchGetBuilds"),
    };
    *state.calls.entry(operation).or_default() += 1;
    let mut response = Response::new(Full::from(body.to_string()));
    *response.status_mut() = status;
    Ok(response)
}

impl State {
    fn stop(&mut self, input: &Value) -> (StatusCode, Value) {
        let build = input["id"].as_str().and_then(|id| self.builds.get_mut(id));
        let Some(Value::Object(build)) = build else {
            return error("ResourceNotFoundException", "the requested build does not exist");
        };
        // A build that has ended is answered as it is.
        if build["buildComplete"] == false {
            build.insert("buildStatus".into(), "STOPPED".into());
            build.insert("buildComplete".into(), true.into());
            build.insert("currentPhase".into(), "COMPLETED".into());
            build.insert("endTime".into(), (Timestamp::now().as_millisecond() as f64 / 1000.0).into());
        }
        (StatusCode::OK, json!({ "build": build }))
    }

    fn batch_get(&self, input: &Value) -> (StatusCode, Value) {
        let ids = input["ids"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let (found, not_found): (Vec<_>, Vec<_>) = ids.partition(|id| self.builds.contains_key(*id));
        let builds: Vec<&Value> = found.iter().filter_map(|id| self.builds.get(*id)).collect();
        (StatusCode::OK, json!({ "builds": builds, "buildsNotFound": not_found }))
    }
}

fn error(code: &str, message: &str) -> (StatusCode, Value) {
    (StatusCode::BAD_REQUEST, json!({ "__type": code, "message": message }))
}
