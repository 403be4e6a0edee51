//! An SQS on loopback with one queue, which keeps what it was sent, and the events that Lambda makes of it.
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html>

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    codebuild::{Call, Endpoint},
    http::{Address, Reply},
};

/// The URL of the queue.
pub const QUEUE: &str = "https://sqs.us-east-1.amazonaws.com/111122223333/buildbrake-sweeps";
/// Its ARN.
pub const QUEUE_ARN: &str = "arn:aws:sqs:us-east-1:111122223333:buildbrake-sweeps";

/// A running SQS. It ends when it is dropped.
pub struct Sqs {
    url: String,
    endpoint: Endpoint,
    sent: Arc<Mutex<Vec<Value>>>,
}

impl Sqs {
    /// Accepts every message.
    pub fn obliging() -> Self {
        Self::refusing(|_| None)
    }

    /// Accepts every message, unless `refused` returns an error code for its body.
    pub fn refusing(refused: impl Fn(&Value) -> Option<&'static str> + Send + Sync + 'static) -> Self {
        let sent: Arc<Mutex<Vec<Value>>> = Arc::default();
        let kept = sent.clone();
        let endpoint = Endpoint::of_service("AmazonSQS", Address::reserve(), move |call: &Call| {
            assert_eq!((call.operation.as_str(), &call.input["QueueUrl"]), ("SendMessageBatch", &json!(QUEUE)));
            let entries = call.input["Entries"].as_array().unwrap();
            assert!((1..=10).contains(&entries.len()), "{} messages", entries.len());
            let (mut successful, mut failed) = (Vec::new(), Vec::new());
            for entry in entries {
                let body: Value = serde_json::from_str(entry["MessageBody"].as_str().unwrap()).unwrap();
                match refused(&body) {
                    Some(code) => failed.push(json!({"Id": entry["Id"], "SenderFault": false, "Code": code})),
                    None => {
                        kept.lock().unwrap_or_else(PoisonError::into_inner).push(body);
                        successful.push(json!({"Id": entry["Id"], "MessageId": "m", "MD5OfMessageBody": "d"}));
                    }
                }
            }
            Reply::json(200, json!({"Successful": successful, "Failed": failed}))
        });
        Self { url: format!("http://{}", endpoint.address), endpoint, sent }
    }

    /// The function's settings for it.
    pub fn settings(&self) -> [(&str, &str); 3] {
        [
            ("AWS_ENDPOINT_URL_SQS", &self.url),
            ("BUILDBRAKE_SWEEP_QUEUE", QUEUE),
            ("BUILDBRAKE_SWEEP_SCHEDULE", "rate(5 minutes)"),
        ]
    }

    /// The bodies of all messages.
    pub fn sent(&self) -> Vec<Value> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The number of calls.
    pub fn calls(&self) -> usize {
        self.endpoint.calls().len()
    }
}

/// The event that Lambda makes of messages with these bodies, sent this many seconds ago. The id of each is its
/// position.
pub fn event(bodies: &[Value], seconds: i64) -> Value {
    let sent = Timestamp::now().as_millisecond() - seconds * 1000;
    let records = bodies.iter().enumerate().map(|(position, body)| {
        json!({
            "messageId": position.to_string(),
            "receiptHandle": "handle",
            "body": body.to_string(),
            "attributes": {
                "ApproximateReceiveCount": "1",
                "SentTimestamp": sent.to_string(),
                "SenderId": "AROA:buildbrake",
                "ApproximateFirstReceiveTimestamp": sent.to_string(),
            },
            "messageAttributes": {},
            "md5OfBody": "d",
            "eventSource": "aws:sqs",
            "eventSourceARN": QUEUE_ARN,
            "awsRegion": "us-east-1",
        })
    });
    json!({"Records": records.collect::<Vec<_>>()})
}
