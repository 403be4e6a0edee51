//! An EventBridge Scheduler on loopback that keeps the schedules it was asked for, and never calls the function.
//! <https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html>

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};

use crate::{
    codebuild::identified,
    http::{Address, Reply, Server},
};

/// The group that the function creates its schedules in.
pub const GROUP: &str = "buildbrake";
/// The role that the Scheduler calls the function with.
pub const ROLE: &str = "arn:aws:iam::111122223333:role/buildbrake-deadlines";
/// The queue of calls that could not be delivered.
pub const QUEUE: &str = "arn:aws:sqs:us-east-1:111122223333:undelivered";

/// A running Scheduler with its schedules. It ends when it is dropped.
pub struct Scheduler {
    url: String,
    schedules: Arc<Mutex<BTreeMap<String, Value>>>,
    _server: Server,
}

impl Scheduler {
    /// Creates every schedule, and only one of each name.
    pub fn obliging() -> Self {
        Self::answering(|is_new| match is_new {
            true => Reply::json(200, json!({"ScheduleArn": "arn:aws:scheduler:us-east-1:111122223333:schedule/g/n"})),
            false => refusal(409, "ConflictException", "Schedule already exists"),
        })
    }

    /// Answers each call with `answer`, which gets `true` if the name is new.
    pub fn answering(answer: impl Fn(bool) -> Reply + Send + Sync + 'static) -> Self {
        let schedules: Arc<Mutex<BTreeMap<String, Value>>> = Arc::default();
        let kept = schedules.clone();
        let server = Address::reserve().open(move |request| {
            assert_eq!(request.method, "POST", "{request:?}");
            let name = request.path.strip_prefix("/schedules/").unwrap().to_owned();
            let schedule: Value = serde_json::from_str(&request.body).unwrap();
            let is_new = kept.lock().unwrap().insert(name, schedule).is_none();
            answer(is_new)
        });
        Self { url: format!("http://{}", server.address), schedules, _server: server }
    }

    /// The function's settings for it.
    pub fn settings(&self) -> [(&str, &str); 4] {
        [
            ("AWS_ENDPOINT_URL_SCHEDULER", &self.url),
            ("BUILDBRAKE_SCHEDULE_GROUP", GROUP),
            ("BUILDBRAKE_SCHEDULE_ROLE", ROLE),
            ("BUILDBRAKE_SCHEDULE_DEAD_LETTER_QUEUE", QUEUE),
        ]
    }

    /// The schedules with their names.
    pub fn schedules(&self) -> Vec<(String, Value)> {
        self.schedules.lock().unwrap().clone().into_iter().collect()
    }

    /// The event that the only schedule calls the function with.
    pub fn event(&self) -> Value {
        let schedules = self.schedules();
        let [(_, schedule)] = schedules.as_slice() else { panic!("{schedules:?}") };
        serde_json::from_str(schedule["Target"]["Input"].as_str().unwrap()).unwrap()
    }
}

/// An error as this API answers it, with a request id.
pub fn refusal(status: u16, code: &str, message: &str) -> Reply {
    identified(Reply::json(status, json!({ "Message": message }))).with_header("x-amzn-errortype", code)
}
