//! A CodeBuild on loopback, speaking AWS JSON 1.1, that keeps what it was asked.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};

use super::http::{Reply, Request, serve};

/// A running server, and the calls it got.
pub struct CodeBuild {
    pub address: SocketAddr,
    calls: Arc<Mutex<Vec<Call>>>,
}

/// One request, as far as tests ask about it.
#[derive(Clone, Debug)]
pub struct Call {
    pub operation: String,
    pub input: Value,
    /// The region that the request is signed for, from the signature's credential scope:
    /// `Credential=AKIA…/20261120/eu-west-1/codebuild/aws4_request`.
    pub region: String,
}

impl CodeBuild {
    /// Answers every call as `answer` says.
    pub fn answering(answer: impl Fn(&str, &Value) -> Reply + Send + Sync + 'static) -> Self {
        let calls = Arc::new(Mutex::new(Vec::new()));
        let log = calls.clone();
        let address = serve(move |request| {
            let call = Call::read(&request);
            log.lock().unwrap().push(call.clone());
            answer(&call.operation, &call.input)
        });
        Self { address, calls }
    }

    /// Has every build, running; stops the one it is told to.
    pub fn obliging() -> Self {
        Self::answering(|operation, input| match operation {
            "StopBuild" => stop_answer(stopped(id_in(input))),
            _ => builds_answer(running(id_in(input))),
        })
    }

    /// Answers `StopBuild` with the one, `BatchGetBuilds` with the other, whatever the build.
    pub fn with(
        stop: impl Fn(&str) -> Reply + Send + Sync + 'static,
        get: impl Fn(&str) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::answering(move |operation, input| match operation {
            "StopBuild" => stop(id_in(input)),
            _ => get(id_in(input)),
        })
    }

    pub fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    /// The operations that were called, in their order.
    pub fn operations(&self) -> Vec<String> {
        self.calls().into_iter().map(|call| call.operation).collect()
    }

    /// The ids that were asked to be stopped.
    pub fn stops(&self) -> Vec<String> {
        let stops = self.calls().into_iter().filter(|call| call.operation == "StopBuild");
        stops.map(|call| call.id().to_owned()).collect()
    }
}

impl Call {
    /// Reads a request of AWS JSON 1.1.
    pub fn read(request: &Request) -> Self {
        let target = &request.headers["x-amz-target"];
        let operation = target.strip_prefix("CodeBuild_20161006.").unwrap().to_owned();
        let region = request.headers["authorization"].split('/').nth(2).unwrap().to_owned();
        Self { operation, input: serde_json::from_str(&request.body).unwrap(), region }
    }

    /// The build that it is about, where it is about one.
    pub fn id(&self) -> &str {
        id_in(&self.input)
    }
}

/// The build that a call is about.
fn id_in(input: &Value) -> &str {
    input["id"].as_str().or(input["ids"][0].as_str()).unwrap_or_default()
}

/// What `StopBuild` answers.
pub fn stop_answer(build: Value) -> Reply {
    Reply::json(200, json!({ "build": build }))
}

/// What `BatchGetBuilds` answers where it has the build.
pub fn builds_answer(build: Value) -> Reply {
    Reply::json(200, json!({"builds": [build], "buildsNotFound": []}))
}

/// The request's id that comes with every [`refusal`].
pub const REQUEST_ID: &str = "0f1e2d3c-4b5a-4968-8776-655443322110";

/// An error as the API answers it, with the request's id.
pub fn refusal(status: u16, code: &str, message: &str) -> Reply {
    identified(Reply::json(status, json!({"__type": code, "message": message})))
}

/// The same answer with a request's id.
pub fn identified(mut reply: Reply) -> Reply {
    if let Reply::Http { headers, .. } = &mut reply {
        headers.push(("x-amzn-requestid", REQUEST_ID.into()));
    }
    reply
}

/// A Build as `StopBuild` answers it.
pub fn stopped(id: &str) -> Value {
    let mut build = running(id);
    build["buildStatus"] = json!("STOPPED");
    build["buildComplete"] = json!(true);
    build["currentPhase"] = json!("COMPLETED");
    build["endTime"] = json!(1_602_710_990.25);
    build
}

/// A Build that ended by itself.
pub fn succeeded(id: &str) -> Value {
    let mut build = stopped(id);
    build["buildStatus"] = json!("SUCCEEDED");
    build
}

/// A Build as `BatchGetBuilds` answers it while it runs.
pub fn running(id: &str) -> Value {
    let project = id.split(':').next().unwrap();
    json!({
        "id": id,
        "arn": format!("arn:aws:codebuild:us-east-1:111122223333:build/{id}"),
        "projectName": project,
        "buildNumber": 4,
        "startTime": 1_602_710_932.5,
        "buildStatus": "IN_PROGRESS",
        "buildComplete": false,
        "currentPhase": "BUILD",
        "sourceVersion": "refs/heads/main",
        "source": {"type": "GITHUB", "location": "https://github.com/acme/app.git", "gitCloneDepth": 1},
        "environment": {
            "type": "LINUX_CONTAINER",
            "image": "aws/codebuild/standard:7.0",
            "computeType": "BUILD_GENERAL1_SMALL",
            "environmentVariables": [],
            "privilegedMode": false
        },
        "timeoutInMinutes": 60,
        "queuedTimeoutInMinutes": 480,
        "initiator": "alice"
    })
}
