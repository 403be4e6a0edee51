//! An account with builds, and its CodeBuild, which does what it is asked: a build that
//! it was told to stop is stopped, whoever hears of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use fastrand::Rng;
use serde_json::{Value, json};

use super::{
    codebuild::{Call, builds_answer, refusal, running, stop_answer, stopped, succeeded},
    event,
    http::{Address, Reply, Server},
    told,
};

/// The policy that the builds are judged by.
pub const POLICY: &str = "\
version: 1
rules:
  - id: protected-branches
    forbidden-branches: [main, release/*]
  - id: short-builds
    max-timeout: 60m
  - id: frozen-projects
    deny-when: project.tags.exists(tag, tag.key == 'frozen')
    only: [{projects: [vault-*]}]
";

/// Why a build is stopped or runs on, and what it takes to find out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing is wrong with it.
    Complies,
    /// The same, and its event does not tell.
    CompliesUntold,
    /// The same, and only its project tells.
    CompliesByProject,
    BreaksByBranch,
    BreaksByTimeout,
    BreaksUntold,
    BreaksByProject,
    /// It breaks a rule, and has ended since its event.
    BrokeAndEnded,
}

impl Kind {
    pub const ALL: [Self; 8] = [
        Self::Complies,
        Self::CompliesUntold,
        Self::CompliesByProject,
        Self::BreaksByBranch,
        Self::BreaksByTimeout,
        Self::BreaksUntold,
        Self::BreaksByProject,
        Self::BrokeAndEnded,
    ];

    pub fn complies(self) -> bool {
        matches!(self, Self::Complies | Self::CompliesUntold | Self::CompliesByProject)
    }

    /// Whether it is to be stopped.
    pub fn breaks(self) -> bool {
        !self.complies() && self != Self::BrokeAndEnded
    }
}

/// A build of the account.
#[derive(Clone, Debug)]
pub struct Sample {
    pub kind: Kind,
    pub id: String,
    branch: &'static str,
    timeout: u32,
}

impl Sample {
    pub fn new(kind: Kind, random: &mut Rng) -> Self {
        let project = match kind {
            Kind::CompliesByProject => format!("vault-open-{}", random.u16(..)),
            Kind::BreaksByProject => format!("vault-frozen-{}", random.u16(..)),
            _ => format!("shop-{}", random.u8(..)),
        };
        let id = format!("{project}:{:08x}-0000-4000-8000-{:012x}", random.u32(..), random.u64(..1 << 48));
        let branch = match kind {
            Kind::BreaksByBranch | Kind::BreaksUntold | Kind::BrokeAndEnded => "refs/heads/main",
            _ => "feature/basket",
        };
        let timeout = if kind == Kind::BreaksByTimeout { 480 } else { 45 };
        Self { kind, id, branch, timeout }
    }

    /// The event of its start.
    pub fn started(&self) -> Value {
        let mut event = event("compliant");
        event["detail"]["build-id"] = json!(self.arn());
        event["resources"] = json!([self.arn()]);
        event["detail"]["project-name"] = json!(self.project());
        told(&mut event)["source-version"] = json!(self.branch);
        told(&mut event)["timeout-in-minutes"] = json!(self.timeout);
        if matches!(self.kind, Kind::CompliesUntold | Kind::BreaksUntold) {
            event["detail"].as_object_mut().unwrap().shift_remove("additional-information");
        }
        event
    }

    /// The event of one of its phases.
    pub fn changed_phase(&self) -> Value {
        let mut event = self.started();
        event["detail-type"] = json!("CodeBuild Build Phase Change");
        let detail = event["detail"].as_object_mut().unwrap();
        for name in ["build-status", "current-phase", "current-phase-context"] {
            detail.shift_remove(name);
        }
        detail.insert("completed-phase".into(), json!("SUBMITTED"));
        detail.insert("completed-phase-status".into(), json!("SUCCEEDED"));
        event
    }

    /// The event of its end.
    pub fn ended(&self) -> Value {
        let mut event = self.started();
        event["detail"]["build-status"] = json!(if self.kind.breaks() { "STOPPED" } else { "SUCCEEDED" });
        event["detail"]["current-phase"] = json!("COMPLETED");
        if let Some(told) = told(&mut event).as_object_mut() {
            told.insert("build-complete".into(), json!(true));
        }
        event
    }

    fn arn(&self) -> String {
        format!("arn:aws:codebuild:eu-west-1:111122223333:build/{}", self.id)
    }

    fn project(&self) -> &str {
        self.id.split(':').next().unwrap()
    }

    /// As the API has it.
    fn build(&self) -> Value {
        let mut build = if self.kind == Kind::BrokeAndEnded { succeeded(&self.id) } else { running(&self.id) };
        build["arn"] = json!(self.arn());
        build["sourceVersion"] = json!(self.branch);
        build["timeoutInMinutes"] = json!(self.timeout);
        build
    }
}

/// The account.
#[derive(Clone, Default)]
pub struct Account(Arc<Mutex<State>>);

#[derive(Clone, Default)]
struct State {
    builds: BTreeMap<String, Value>,
    asked_to_stop: BTreeSet<String>,
}

impl Account {
    pub fn with<'a>(samples: impl IntoIterator<Item = &'a Sample>) -> Self {
        let account = Self::default();
        samples.into_iter().for_each(|sample| account.add(sample));
        account
    }

    /// One build more.
    pub fn add(&self, sample: &Sample) {
        self.0.lock().unwrap().builds.insert(sample.id.clone(), sample.build());
    }

    /// This build, and no other.
    pub fn only(&self, sample: &Sample) {
        *self.0.lock().unwrap() = State::default();
        self.add(sample);
    }

    /// Starts its CodeBuild. What becomes of a call is what `answer` says.
    pub fn open(&self, address: Address, answer: impl Fn(&Self, &Call) -> Reply + Send + Sync + 'static) -> Server {
        let account = self.clone();
        address.open(move |request| {
            let call = Call::read(&request);
            if call.operation == "StopBuild" {
                account.0.lock().unwrap().asked_to_stop.insert(call.id().to_owned());
            }
            answer(&account, &call)
        })
    }

    /// Does what is asked.
    pub fn answer(&self, call: &Call) -> Reply {
        self.0.lock().unwrap().answer(call)
    }

    /// What it would answer; nothing is done.
    pub fn answer_in_vain(&self, call: &Call) -> Reply {
        self.0.lock().unwrap().clone().answer(call)
    }

    /// The builds that are stopped, by their ids.
    pub fn stopped(&self) -> BTreeSet<String> {
        let state = self.0.lock().unwrap();
        let stopped = state.builds.iter().filter(|(_, build)| build["buildStatus"] == "STOPPED");
        stopped.map(|(id, _)| id.clone()).collect()
    }

    /// The builds that someone wanted to stop, by their ids, whatever came of it.
    pub fn asked_to_stop(&self) -> BTreeSet<String> {
        self.0.lock().unwrap().asked_to_stop.clone()
    }
}

impl State {
    fn answer(&mut self, call: &Call) -> Reply {
        if call.operation == "BatchGetProjects" {
            let name = &call.input["names"][0];
            let frozen = name.as_str().unwrap().starts_with("vault-frozen");
            let tags = if frozen { json!([{"key": "frozen", "value": "yes"}]) } else { json!([]) };
            return Reply::json(200, json!({"projects": [{"name": name, "tags": tags}], "projectsNotFound": []}));
        }
        let id = call.id();
        match (call.operation.as_str(), self.builds.get_mut(id)) {
            ("StopBuild", Some(build)) if build["buildStatus"] == "SUCCEEDED" => {
                refusal(400, "InvalidInputException", "Build has already completed")
            }
            ("StopBuild", Some(build)) => {
                for member in ["buildStatus", "buildComplete", "currentPhase", "endTime"] {
                    build[member] = stopped(id)[member].clone();
                }
                stop_answer(build.clone())
            }
            ("StopBuild", None) => refusal(400, "ResourceNotFoundException", "Build not found"),
            ("BatchGetBuilds", Some(build)) => builds_answer(build.clone()),
            ("BatchGetBuilds", None) => Reply::json(200, json!({"builds": [], "buildsNotFound": [id]})),
            _ => panic!("{call:?}"),
        }
    }
}
