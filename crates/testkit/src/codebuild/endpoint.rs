//! A CodeBuild that listens, and logs its calls.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::Value;

use super::builds::{ACCOUNT, refusal};
use crate::http::{Address, Reply, Request, Server};

/// The prefixes of the services' targets.
pub(crate) const CODEBUILD: &str = "CodeBuild_20161006";
pub(crate) const CODEPIPELINE: &str = "CodePipeline_20150709";

/// A running CodeBuild that speaks AWS JSON 1.1 and logs its calls. It ends when it is dropped.
/// <https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html>
pub struct Endpoint {
    /// The address on which it listens.
    pub address: SocketAddr,
    calls: Arc<Mutex<Vec<Call>>>,
    _server: Server,
}

/// One call.
#[derive(Clone, Debug)]
pub struct Call {
    /// The operation's name, such as `StopBuild`.
    pub operation: String,
    /// The body.
    pub input: Value,
    /// The caller's account: the access key if it is an account number, as in ministack and moto, or else
    /// [`ACCOUNT`].
    pub account: String,
    /// The region that the request is signed for.
    pub region: String,
}

impl Endpoint {
    /// Answers every call with `answer`, which gets the operation and its input.
    pub fn answering(answer: impl Fn(&str, &Value) -> Reply + Send + Sync + 'static) -> Self {
        Self::open(Address::reserve(), move |call| answer(&call.operation, &call.input))
    }

    /// Answers `StopBuild` with `stop` and every other call with `get`. Both get the build's id.
    pub fn with(
        stop: impl Fn(&str) -> Reply + Send + Sync + 'static,
        get: impl Fn(&str) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::open(Address::reserve(), move |call| match call.operation.as_str() {
            "StopBuild" => stop(call.id()),
            _ => get(call.id()),
        })
    }

    /// Answers every call at this address with `answer`.
    pub fn open(address: Address, answer: impl Fn(&Call) -> Reply + Send + Sync + 'static) -> Self {
        Self::of_service(CODEBUILD, address, answer)
    }

    /// The same for another service, by the prefix of its targets.
    pub fn of_service(
        prefix: &'static str,
        address: Address,
        answer: impl Fn(&Call) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let (calls, handler) = logged(prefix, answer);
        Self::of(address.open(handler), calls)
    }

    /// Answers the calls of CodeBuild with `codebuild` and those of CodePipeline with `codepipeline`. Only the calls
    /// of CodeBuild are logged.
    pub fn of_both(
        codebuild: impl Fn(&Call) -> Reply + Send + Sync + 'static,
        codepipeline: impl Fn(&Call) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let (calls, codebuild) = logged(CODEBUILD, codebuild);
        let (_, codepipeline) = logged(CODEPIPELINE, codepipeline);
        let is_codepipelines = |request: &Request| {
            request.headers.get("x-amz-target").is_some_and(|target| target.starts_with(CODEPIPELINE))
        };
        let handler = move |request| match is_codepipelines(&request) {
            true => codepipeline(request),
            false => codebuild(request),
        };
        Self::of(Address::reserve().open(handler), calls)
    }

    /// The same over TLS, as `localhost`.
    #[cfg(feature = "tls")]
    pub fn open_over_tls(
        authority: &crate::tls::Authority,
        answer: impl Fn(&Call) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let (calls, handler) = logged(CODEBUILD, answer);
        Self::of(Address::reserve().open_over(authority.transport(), handler), calls)
    }

    fn of(server: Server, calls: Arc<Mutex<Vec<Call>>>) -> Self {
        Self { address: server.address, calls, _server: server }
    }

    /// All calls, in their order.
    pub fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The operations that were called, in their order.
    pub fn operations(&self) -> Vec<String> {
        self.calls().into_iter().map(|call| call.operation).collect()
    }

    /// The ids that `StopBuild` was called with.
    pub fn stops(&self) -> Vec<String> {
        let stops = self.calls().into_iter().filter(|call| call.operation == "StopBuild");
        stops.map(|call| call.id().to_owned()).collect()
    }
}

fn logged(
    prefix: &'static str,
    answer: impl Fn(&Call) -> Reply + Send + Sync + 'static,
) -> (Arc<Mutex<Vec<Call>>>, impl Fn(Request) -> Reply + Send + Sync + 'static) {
    let calls: Arc<Mutex<Vec<Call>>> = Arc::default();
    let log = calls.clone();
    let handler = move |request| match Call::read(&request, prefix) {
        Some(call) => {
            log.lock().unwrap_or_else(PoisonError::into_inner).push(call.clone());
            answer(&call)
        }
        None => refusal(400, "SerializationException", "this is no signed call in AWS JSON 1.1"),
    };
    (calls, handler)
}

impl Call {
    /// Reads a request of AWS JSON 1.1. The signature is not verified, but its scope,
    /// `Credential=AKIA…/20261120/eu-west-1/codebuild/aws4_request`, names the caller.
    fn read(request: &Request, prefix: &str) -> Option<Self> {
        let operation = request.headers.get("x-amz-target")?.strip_prefix(prefix)?.strip_prefix('.')?.to_owned();
        let (_, scope) = request.headers.get("authorization")?.split_once("Credential=")?;
        let mut scope = scope.split('/');
        let (key, region) = (scope.next()?, scope.nth(1)?.to_owned());
        let is_account = key.len() == ACCOUNT.len() && key.bytes().all(|byte| byte.is_ascii_digit());
        let account = if is_account { key } else { ACCOUNT }.to_owned();
        Some(Self { operation, input: serde_json::from_str(&request.body).ok()?, account, region })
    }

    /// The build or batch that it names, or else an empty text.
    pub fn id(&self) -> &str {
        self.input["id"].as_str().or(self.input["ids"][0].as_str()).unwrap_or_default()
    }
}
