//! An EventBridge on loopback that enforces the limits of PutEvents, and keeps the accepted entries.
//! <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html>

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};

use crate::{
    codebuild::{Call, Endpoint},
    http::{Address, Reply},
};

/// The bus that the function sends to.
pub const BUS: &str = "ci-violations";

/// The maximum number of bytes in a call. EventBridge now accepts 1 MB, older partitions and targets 256 KB.
const MAX_BYTES: usize = 256 * 1024;

/// The result of a call.
#[derive(Clone, Debug)]
pub enum Fate {
    /// Every entry is accepted.
    Accepted,
    /// The entries at these positions fail with this error code.
    EntriesFail(Vec<usize>, &'static str),
    /// The call is answered with this error.
    CallFails(u16, &'static str),
}

/// A running EventBridge. It ends when it is dropped.
pub struct EventBridge {
    endpoint: Endpoint,
    url: String,
    accepted: Arc<Mutex<Vec<Value>>>,
}

impl EventBridge {
    /// Accepts every entry.
    pub fn obliging() -> Self {
        Self::with(Vec::new())
    }

    /// The first calls end as given; all later ones are accepted.
    pub fn with(fates: Vec<Fate>) -> Self {
        Self::answering(fates, || ())
    }

    /// The same, and calls `seen` when a call arrives.
    pub fn answering(fates: Vec<Fate>, seen: impl Fn() + Send + Sync + 'static) -> Self {
        let fates = Mutex::new(VecDeque::from(fates));
        let accepted: Arc<Mutex<Vec<Value>>> = Arc::default();
        let kept = accepted.clone();
        let endpoint = Endpoint::of_service("AWSEvents", Address::reserve(), move |call: &Call| {
            assert_eq!(call.operation, "PutEvents");
            seen();
            let entries = call.input["Entries"].as_array().unwrap();
            if let Some(refused) = refused(entries) {
                return refused;
            }
            let fate = fates.lock().unwrap().pop_front().unwrap_or(Fate::Accepted);
            let failing = match fate {
                Fate::Accepted => (Vec::new(), ""),
                Fate::EntriesFail(positions, code) => (positions, code),
                Fate::CallFails(status, code) => {
                    return Reply::json(status, json!({"__type": code, "message": "no"}));
                }
            };
            let results = entries.iter().enumerate().map(|(position, entry)| {
                if failing.0.contains(&position) {
                    return json!({"ErrorCode": failing.1, "ErrorMessage": "no"});
                }
                kept.lock().unwrap().push(entry.clone());
                json!({"EventId": format!("5e000000-0000-4000-8000-{position:012}")})
            });
            let results: Vec<Value> = results.collect();
            let failed = results.iter().filter(|result| result.get("EventId").is_none()).count();
            Reply::json(200, json!({"FailedEntryCount": failed, "Entries": results}))
        });
        let url = format!("http://{}", endpoint.address);
        Self { endpoint, url, accepted }
    }

    /// The function's settings for it.
    pub fn settings(&self) -> [(&str, &str); 2] {
        [("AWS_ENDPOINT_URL_EVENTBRIDGE", &self.url), ("BUILDBRAKE_EVENT_BUS", BUS)]
    }

    /// The accepted entries, in their order.
    pub fn accepted(&self) -> Vec<Value> {
        self.accepted.lock().unwrap().clone()
    }

    /// The details of the accepted entries.
    pub fn details(&self) -> Vec<Value> {
        self.accepted().iter().map(|entry| serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap()).collect()
    }

    /// The number of entries of each call.
    pub fn calls(&self) -> Vec<usize> {
        self.endpoint.calls().iter().map(|call| call.input["Entries"].as_array().unwrap().len()).collect()
    }
}

/// The answer to a call that EventBridge refuses as a whole.
fn refused(entries: &[Value]) -> Option<Reply> {
    let text = |entry: &Value, name: &str| entry[name].as_str().map_or(0, str::len);
    let bytes = |entry: &Value| {
        let resources = entry["Resources"].as_array().into_iter().flatten();
        let resources: usize = resources.filter_map(Value::as_str).map(str::len).sum();
        text(entry, "Source") + text(entry, "DetailType") + text(entry, "Detail") + resources
    };
    let is_complete = |entry: &Value| {
        serde_json::from_str::<Value>(entry["Detail"].as_str().unwrap_or_default())
            .is_ok_and(|detail| detail.is_object())
            && ["Source", "DetailType", "EventBusName"].iter().all(|name| text(entry, name) > 0)
    };
    let sum: usize = entries.iter().map(bytes).sum();
    let is_valid = (1..=10).contains(&entries.len()) && sum <= MAX_BYTES && entries.iter().all(is_complete);
    let message = format!("{} entries of {sum} bytes", entries.len());
    (!is_valid).then(|| Reply::json(400, json!({"__type": "ValidationException", "message": message})))
}
