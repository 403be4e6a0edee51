//! A sweep, as a schedule of EventBridge begins one, and what comes of it.

use serde_json::{Value, json};

use super::lambda::Lambda;

/// The event that EventBridge sends on a schedule.
pub fn scheduled() -> Value {
    json!({
        "version": "0",
        "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "111122223333",
        "time": "2026-11-22T10:00:00Z",
        "region": "us-east-1",
        "resources": ["arn:aws:events:us-east-1:111122223333:rule/buildbrake-Sweep"],
        "detail": {},
    })
}

/// What came of a sweep: the answer, its line, and the lines of the builds.
pub struct Swept {
    pub answer: Result<Value, Value>,
    pub summary: Value,
    pub builds: Vec<Value>,
}

/// One sweep of a running function.
pub fn sweep(lambda: &Lambda, event: &Value) -> Swept {
    let (answer, builds) = lambda.invoke_until(event, |record| record.get("buildId").is_none());
    let summary = serde_json::from_str(&answer.line).unwrap();
    Swept { answer: answer.result, summary, builds }
}
