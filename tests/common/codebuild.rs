//! A CodeBuild on loopback, speaking AWS JSON 1.1, that keeps what it was asked.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};

use super::http::{Reply, serve};

/// A running server, and the calls it got: operation and input.
pub struct CodeBuild {
    pub address: SocketAddr,
    calls: Arc<Mutex<Vec<(String, Value)>>>,
}

impl CodeBuild {
    /// Answers every call as `answer` says.
    pub fn answering(answer: impl Fn(&str, &Value) -> Reply + Send + Sync + 'static) -> Self {
        let calls = Arc::new(Mutex::new(Vec::new()));
        let log = calls.clone();
        let address = serve(move |request| {
            let target = &request.headers["x-amz-target"];
            let operation = target.strip_prefix("CodeBuild_20161006.").unwrap().to_owned();
            let input: Value = serde_json::from_str(&request.body).unwrap();
            log.lock().unwrap().push((operation.clone(), input.clone()));
            answer(&operation, &input)
        });
        Self { address, calls }
    }

    /// Has every build, running; stops the one it is told to.
    pub fn obliging() -> Self {
        Self::answering(|operation, input| match operation {
            "StopBuild" => Reply::json(200, json!({"build": stopped(input["id"].as_str().unwrap())})),
            "BatchGetBuilds" => {
                Reply::json(200, json!({"builds": [running(input["ids"][0].as_str().unwrap())], "buildsNotFound": []}))
            }
            other => panic!("{other}"),
        })
    }

    pub fn calls(&self) -> Vec<(String, Value)> {
        self.calls.lock().unwrap().clone()
    }

    /// The ids that were asked to be stopped.
    pub fn stops(&self) -> Vec<String> {
        let stops = self.calls().into_iter().filter(|(operation, _)| operation == "StopBuild");
        stops.map(|(_, input)| input["id"].as_str().unwrap().to_owned()).collect()
    }
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
