//! Builds as CodeBuild's API returns them, and its answers.
//! <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_Build.html>

use std::time::SystemTime;

use serde_json::{Value, json};

use crate::http::Reply;

/// The account of everything that names no other.
pub const ACCOUNT: &str = "111122223333";

/// The region of everything that names no other.
pub const REGION: &str = "us-east-1";

/// The request id of every [`refusal`].
pub const REQUEST_ID: &str = "0f1e2d3c-4b5a-4968-8776-655443322110";

/// A build in progress.
pub fn running(id: &str) -> Value {
    running_in(ACCOUNT, REGION, id)
}

/// A build in progress in this account and region.
pub fn running_in(account: &str, region: &str, id: &str) -> Value {
    json!({
        "id": id,
        "arn": format!("arn:aws:codebuild:{region}:{account}:build/{id}"),
        "projectName": project_of(id),
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

/// A build that was stopped.
pub fn stopped(id: &str) -> Value {
    let mut build = running(id);
    end(&mut build, "STOPPED", 1_602_710_990.25);
    build
}

/// A build that ended by itself.
pub fn succeeded(id: &str) -> Value {
    let mut build = running(id);
    end(&mut build, "SUCCEEDED", 1_602_710_990.25);
    build
}

/// Ends a build with this status at this time, in seconds since 1970.
pub(super) fn end(build: &mut Value, status: &str, seconds: f64) {
    build["buildStatus"] = json!(status);
    build["buildComplete"] = json!(true);
    build["currentPhase"] = json!("COMPLETED");
    build["endTime"] = json!(seconds);
}

/// The phases of a build that was submitted at this time, in seconds since 1970, and did not wait in the queue.
pub(super) fn phases(start: f64) -> Value {
    json!([
        {"phaseType": "SUBMITTED", "startTime": start, "endTime": start},
        {"phaseType": "QUEUED", "startTime": start, "endTime": start},
        {"phaseType": "PROVISIONING", "startTime": start},
    ])
}

/// A project with nothing but its name and ARN, and without tags.
pub(super) fn project(account: &str, region: &str, name: &str) -> Value {
    json!({"name": name, "arn": format!("arn:aws:codebuild:{region}:{account}:project/{name}"), "tags": []})
}

/// The project that a build's or a batch's id names.
pub(super) fn project_of(id: &str) -> &str {
    id.split(':').next().unwrap_or_default()
}

/// The time this many minutes ago, in seconds since 1970, as the API writes it.
pub fn minutes_ago(minutes: i64) -> f64 {
    now() - minutes as f64 * 60.0
}

/// The time now, in seconds since 1970, to the millisecond.
pub(super) fn now() -> f64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis() as f64 / 1000.0
}

/// The answer of `StopBuild`.
pub fn stop_answer(build: Value) -> Reply {
    Reply::json(200, json!({ "build": build }))
}

/// The answer of `BatchGetBuilds` that contains one build.
pub fn builds_answer(build: Value) -> Reply {
    Reply::json(200, json!({"builds": [build], "buildsNotFound": []}))
}

/// An error as the API answers it, with a request id.
pub fn refusal(status: u16, code: &str, message: &str) -> Reply {
    identified(Reply::json(status, json!({"__type": code, "message": message})))
}

/// The same answer with a request id.
pub fn identified(reply: Reply) -> Reply {
    reply.with_header("x-amzn-requestid", REQUEST_ID)
}
