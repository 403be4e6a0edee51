//! A CloudWatch Logs on loopback: groups, their streams, and the lines in them.
//! <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/Welcome.html>

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use serde_json::json;

use crate::{
    codebuild::{Call, Endpoint},
    http::{Address, Reply},
};

/// The lines of each stream, by group and stream.
type Groups = BTreeMap<String, BTreeMap<String, Vec<String>>>;

/// A running CloudWatch Logs. It ends when it is dropped.
pub struct CloudWatchLogs {
    endpoint: Endpoint,
    url: String,
    groups: Arc<Mutex<Groups>>,
}

impl CloudWatchLogs {
    /// Has these groups.
    pub fn with_groups(groups: &[&str]) -> Self {
        Self::answering(groups, |_| None)
    }

    /// Has these groups. `refused` may return another reply to an operation.
    pub fn answering(groups: &[&str], refused: impl Fn(&str) -> Option<Reply> + Send + Sync + 'static) -> Self {
        let groups: Groups = groups.iter().map(|group| ((*group).to_owned(), BTreeMap::new())).collect();
        let groups = Arc::new(Mutex::new(groups));
        let kept = groups.clone();
        let endpoint = Endpoint::of_service("Logs_20140328", Address::reserve(), move |call: &Call| {
            refused(&call.operation).unwrap_or_else(|| answer(&mut kept.lock().unwrap(), call))
        });
        let url = format!("http://{}", endpoint.address);
        Self { endpoint, url, groups }
    }

    /// Makes a stream, as CodeBuild does in the phase PROVISIONING.
    pub fn make_stream(&self, group: &str, stream: &str) {
        self.groups.lock().unwrap().entry(group.to_owned()).or_default().insert(stream.to_owned(), Vec::new());
    }

    /// The function's settings for it.
    pub fn settings(&self) -> [(&str, &str); 2] {
        [("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", &self.url), ("BUILDBRAKE_BUILD_LOG", "true")]
    }

    /// The lines of a stream. `None` if there is no such stream.
    pub fn lines(&self, group: &str, stream: &str) -> Option<Vec<String>> {
        self.groups.lock().unwrap().get(group)?.get(stream).cloned()
    }

    /// The operations that were called, in their order.
    pub fn operations(&self) -> Vec<String> {
        self.endpoint.operations()
    }

    /// The account and region of each call, in their order.
    pub fn places(&self) -> Vec<(String, String)> {
        self.endpoint.calls().into_iter().map(|call| (call.account, call.region)).collect()
    }
}

fn answer(groups: &mut Groups, call: &Call) -> Reply {
    let text = |name: &str| call.input[name].as_str().unwrap().to_owned();
    let refused = |code: &str, message: &str| Reply::json(400, json!({"__type": code, "message": message}));
    let Some(streams) = groups.get_mut(&text("logGroupName")) else {
        return refused("ResourceNotFoundException", "The specified log group does not exist.");
    };
    let name = text("logStreamName");
    match call.operation.as_str() {
        "CreateLogStream" if streams.contains_key(&name) => {
            refused("ResourceAlreadyExistsException", "The specified log stream already exists")
        }
        "CreateLogStream" => {
            streams.insert(name, Vec::new());
            Reply::json(200, "")
        }
        "PutLogEvents" => match streams.get_mut(&name) {
            None => refused("ResourceNotFoundException", "The specified log stream does not exist."),
            Some(lines) => {
                let events = call.input["logEvents"].as_array().unwrap();
                lines.extend(events.iter().map(|event| event["message"].as_str().unwrap().to_owned()));
                Reply::json(200, json!({"nextSequenceToken": "0"}))
            }
        },
        other => panic!("CloudWatch Logs has no {other} here: {}", call.input),
    }
}
