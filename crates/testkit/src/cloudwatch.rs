//! A CloudWatch on loopback with alarms whose states a test sets. It speaks CBOR, as the SDK does.
//! <https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html>

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use serde_json::{Value, json};

use crate::http::{Address, Reply, Request, Server};

/// The kinds of alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlarmKind {
    /// An alarm on a metric.
    Metric,
    /// An alarm on other alarms.
    Composite,
}

/// A running CloudWatch. It ends when it is dropped.
pub struct CloudWatch {
    url: String,
    alarms: Arc<Mutex<BTreeMap<String, (AlarmKind, String)>>>,
    questions: Arc<AtomicUsize>,
    _server: Server,
}

impl CloudWatch {
    /// Has no alarms yet.
    pub fn obliging() -> Self {
        Self::answering(|| None)
    }

    /// Has no alarms yet. `refused` may return another reply to a question.
    pub fn answering(refused: impl Fn() -> Option<Reply> + Send + Sync + 'static) -> Self {
        let alarms: Arc<Mutex<BTreeMap<String, (AlarmKind, String)>>> = Arc::default();
        let questions: Arc<AtomicUsize> = Arc::default();
        let (kept, counted) = (alarms.clone(), questions.clone());
        let server = Address::reserve().open(move |request| {
            counted.fetch_add(1, SeqCst);
            refused().unwrap_or_else(|| describe(&kept.lock().unwrap(), &request))
        });
        Self { url: format!("http://{}", server.address), alarms, questions, _server: server }
    }

    /// Sets the state of an alarm: `OK`, `ALARM` or `INSUFFICIENT_DATA`.
    pub fn set(&self, kind: AlarmKind, name: &str, state: &str) {
        self.alarms.lock().unwrap().insert(name.to_owned(), (kind, state.to_owned()));
    }

    /// The function's settings for it, with the alarm's name.
    pub fn settings<'a>(&'a self, alarm: &'a str) -> [(&'a str, &'a str); 2] {
        [("AWS_ENDPOINT_URL_CLOUDWATCH", &self.url), ("BUILDBRAKE_STOP_ALARM", alarm)]
    }

    /// The number of questions so far.
    pub fn questions(&self) -> usize {
        self.questions.load(SeqCst)
    }
}

fn describe(alarms: &BTreeMap<String, (AlarmKind, String)>, request: &Request) -> Reply {
    assert!(request.path.ends_with("/operation/DescribeAlarms"), "{}", request.path);
    assert_eq!(request.headers.get("smithy-protocol").map(String::as_str), Some("rpc-v2-cbor"));
    let question: Value = ciborium::from_reader(request.bytes.as_slice()).unwrap();
    let names =
        |member: &str, wanted: &str| question[member].as_array().is_some_and(|all| all.contains(&json!(wanted)));
    // Without the types, CloudWatch returns only the alarms on metrics.
    let wants = |kind| match kind {
        AlarmKind::Metric => question.get("AlarmTypes").is_none() || names("AlarmTypes", "MetricAlarm"),
        AlarmKind::Composite => names("AlarmTypes", "CompositeAlarm"),
    };
    let of = |wanted: AlarmKind| -> Value {
        let found =
            alarms.iter().filter(|(name, (kind, _))| *kind == wanted && names("AlarmNames", name) && wants(wanted));
        found.map(|(name, (_, state))| json!({"AlarmName": name, "StateValue": state})).collect()
    };
    let mut body = Vec::new();
    let answer = json!({"MetricAlarms": of(AlarmKind::Metric), "CompositeAlarms": of(AlarmKind::Composite)});
    ciborium::into_writer(&answer, &mut body).unwrap();
    cbor(200, body)
}

/// A refusal with this error code.
pub fn refusal(status: u16, code: &str) -> Reply {
    let mut body = Vec::new();
    ciborium::into_writer(&json!({"__type": code, "message": "no"}), &mut body).unwrap();
    cbor(status, body)
}

fn cbor(status: u16, body: Vec<u8>) -> Reply {
    let headers = vec![("content-type", "application/cbor".to_owned()), ("smithy-protocol", "rpc-v2-cbor".to_owned())];
    Reply::Http { status, headers, body }
}
