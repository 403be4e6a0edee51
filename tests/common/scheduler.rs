//! An EventBridge Scheduler on loopback, that keeps what it was asked and never calls.
//! <https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html>

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};

use super::http::{Reply, serve};

pub const GROUP: &str = "buildbrake";
pub const ROLE: &str = "arn:aws:iam::111122223333:role/buildbrake-deadlines";
pub const QUEUE: &str = "arn:aws:sqs:us-east-1:111122223333:undelivered";

/// A running server, and the schedules that were made.
pub struct Scheduler {
    pub address: SocketAddr,
    url: String,
    schedules: Arc<Mutex<BTreeMap<String, Value>>>,
}

impl Scheduler {
    /// Makes every schedule, and of a name one.
    pub fn obliging() -> Self {
        Self::answering(|is_new| match is_new {
            true => Reply::json(200, json!({"ScheduleArn": "arn:aws:scheduler:us-east-1:111122223333:schedule/g/n"})),
            false => refusal(409, "ConflictException", "Schedule already exists"),
        })
    }

    /// Answers each call by whether the name is new.
    pub fn answering(answer: impl Fn(bool) -> Reply + Send + Sync + 'static) -> Self {
        let schedules: Arc<Mutex<BTreeMap<String, Value>>> = Arc::default();
        let kept = schedules.clone();
        let address = serve(move |request| {
            assert_eq!(request.method, "POST", "{request:?}");
            let name = request.path.strip_prefix("/schedules/").unwrap().to_owned();
            let schedule: Value = serde_json::from_str(&request.body).unwrap();
            let is_new = kept.lock().unwrap().insert(name, schedule).is_none();
            answer(is_new)
        });
        Self { address, url: format!("http://{address}"), schedules }
    }

    /// What the function is told of it.
    pub fn settings(&self) -> [(&str, &str); 4] {
        [
            ("AWS_ENDPOINT_URL_SCHEDULER", &self.url),
            ("BUILDBRAKE_SCHEDULE_GROUP", GROUP),
            ("BUILDBRAKE_SCHEDULE_ROLE", ROLE),
            ("BUILDBRAKE_SCHEDULE_DEAD_LETTER_QUEUE", QUEUE),
        ]
    }

    /// The schedules, by their names.
    pub fn schedules(&self) -> Vec<(String, Value)> {
        self.schedules.lock().unwrap().clone().into_iter().collect()
    }

    /// The event that a schedule calls the function with.
    pub fn event(&self) -> Value {
        let schedules = self.schedules();
        let [(_, schedule)] = schedules.as_slice() else { panic!("{schedules:?}") };
        serde_json::from_str(schedule["Target"]["Input"].as_str().unwrap()).unwrap()
    }
}

/// An error as this API answers it.
pub fn refusal(status: u16, code: &str, message: &str) -> Reply {
    let mut reply = Reply::json(status, json!({ "Message": message }));
    if let Reply::Http { headers, .. } = &mut reply {
        headers.push(("x-amzn-errortype", code.to_owned()));
        headers.push(("x-amzn-requestid", super::codebuild::REQUEST_ID.into()));
    }
    reply
}
