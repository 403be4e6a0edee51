//! Sandboxes as CodeBuild's API returns them. The statuses are those of the user guide's samples.
//! <https://docs.aws.amazon.com/codebuild/latest/userguide/sandbox.html>

use serde_json::{Value, json};

use super::builds::{ACCOUNT, REGION, now, project_of};

/// A sandbox that was asked for at this time, in seconds since 1970, and has been running since.
pub fn running_sandbox(id: &str, since: f64) -> Value {
    running_sandbox_in(ACCOUNT, REGION, id, since)
}

/// The same in this account and region.
pub fn running_sandbox_in(account: &str, region: &str, id: &str, since: f64) -> Value {
    let session = id.split(':').nth(1).unwrap_or_default().replace("5e", "5a");
    let phase = |kind: &str, ends: bool| match ends {
        true => json!({"phaseType": kind, "phaseStatus": "SUCCEEDED", "startTime": since, "endTime": since}),
        false => json!({"phaseType": kind, "startTime": since}),
    };
    json!({
        "id": id,
        "arn": format!("arn:aws:codebuild:{region}:{account}:sandbox/{id}"),
        "projectName": project_of(id),
        "requestTime": since,
        "status": "RUN_SANDBOX",
        "source": {"type": "GITHUB", "location": "https://github.com/acme/app.git", "insecureSsl": false},
        "environment": {
            "type": "LINUX_CONTAINER",
            "image": "aws/codebuild/standard:7.0",
            "computeType": "BUILD_GENERAL1_SMALL",
            "environmentVariables": [],
            "privilegedMode": false
        },
        "timeoutInMinutes": 480,
        "queuedTimeoutInMinutes": 480,
        "serviceRole": format!("arn:aws:iam::{account}:role/build"),
        "currentSession": {
            "id": session,
            "status": "RUN_SANDBOX",
            "currentPhase": "RUN_SANDBOX",
            "startTime": since,
            "phases": [phase("SUBMITTED", true), phase("QUEUED", true), phase("PROVISIONING", true), phase("RUN_SANDBOX", false)],
            "logs": {
                "groupName": format!("/aws/codebuild/{}", project_of(id)),
                "streamName": session,
                "cloudWatchLogs": {"status": "ENABLED"},
            }
        }
    })
}

/// Ends a sandbox with this status.
pub(super) fn end(sandbox: &mut Value, status: &str) {
    sandbox["status"] = json!(status);
    sandbox["endTime"] = json!(now());
    sandbox["currentSession"]["status"] = json!(status);
    sandbox["currentSession"]["currentPhase"] = json!("COMPLETED");
}

/// Stops a sandbox, which ends a little later; one that has ended stays as it is.
pub(super) fn stop(sandbox: &mut Value) {
    if sandbox.get("endTime").is_none() {
        sandbox["status"] = json!("STOPPING");
        sandbox["currentSession"]["status"] = json!("STOPPING");
    }
}

/// Ends a sandbox that is being stopped. `BatchGetSandboxes` does this first.
pub(super) fn settle(sandbox: &mut Value) {
    if sandbox["status"] == "STOPPING" {
        end(sandbox, "STOPPED");
    }
}
