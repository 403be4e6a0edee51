//! A CodeBuild with projects, builds, batches and sandboxes by account and region. It keeps its state: a build
//! that a call stops is stopped for every later call.

mod builds;
mod endpoint;
mod sandboxes;
mod state;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::{Value, json};

pub(crate) use self::endpoint::CODEPIPELINE;
pub use self::{
    builds::{
        ACCOUNT, REGION, REQUEST_ID, builds_answer, identified, minutes_ago, refusal, running, running_in, stop_answer,
        stopped, succeeded,
    },
    endpoint::{Call, Endpoint},
    sandboxes::{running_sandbox, running_sandbox_in},
};
use self::{
    builds::{end, phases},
    state::{Place, State},
};
use crate::http::{Address, Reply};

/// The state of CodeBuild. Clones share it.
#[derive(Clone, Default)]
pub struct CodeBuild(Arc<Mutex<State>>);

impl CodeBuild {
    /// A CodeBuild in which every build that is asked for exists and is running.
    pub fn obliging() -> Self {
        let codebuild = Self::default();
        codebuild.state().has_every_build = true;
        codebuild
    }

    /// Adds or replaces a build as the API has it. Its ARN names its account and region.
    pub fn put(&self, build: Value) {
        self.state().put(build);
    }

    /// Adds or replaces a project as the API has it, by its ARN or else in the default place.
    pub fn put_project(&self, project: Value) {
        self.state().put_project(project);
    }

    /// Adds or replaces a batch as the API has it.
    pub fn put_batch(&self, batch: Value) {
        self.state().put_batch(batch);
    }

    /// Adds a build of a branch that started this many minutes ago and has been running since; returns its id.
    pub fn run(&self, project: &str, minutes: i64, branch: &str) -> String {
        let mut state = self.state();
        let id = format!("{project}:5e000000-0000-4000-8000-{:012}", state.count(&Place::default(), project));
        let (mut build, start) = (running(&id), minutes_ago(minutes));
        build["startTime"] = json!(start);
        build["sourceVersion"] = json!(branch);
        build["phases"] = phases(start);
        state.put(build);
        id
    }

    /// Adds a build that started this many minutes ago and has ended.
    pub fn run_to_its_end(&self, project: &str, minutes: i64) {
        let id = self.run(project, minutes, "main");
        self.change(&id, |build| end(build, "SUCCEEDED", minutes_ago(minutes)));
    }

    /// Adds or replaces a sandbox as the API has it.
    pub fn put_sandbox(&self, sandbox: Value) {
        self.state().put_sandbox(sandbox);
    }

    /// Adds a sandbox that was asked for this many minutes ago and has been running since; returns its id.
    pub fn run_sandbox(&self, project: &str, minutes: i64) -> String {
        let mut state = self.state();
        let number = state.count_sandboxes(&Place::default(), project);
        let id = format!("{project}:5e000000-0000-4000-9000-{number:012}");
        state.put_sandbox(running_sandbox(&id, minutes_ago(minutes)));
        id
    }

    /// Adds a sandbox that has ended by itself.
    pub fn run_sandbox_to_its_end(&self, project: &str, minutes: i64) {
        let id = self.run_sandbox(project, minutes);
        self.change_sandbox(&id, |sandbox| sandboxes::end(sandbox, "TIMED_OUT"));
    }

    /// Changes one sandbox.
    pub fn change_sandbox(&self, id: &str, change: impl FnOnce(&mut Value)) {
        change(self.state().sandbox(id).unwrap_or_else(|| panic!("no sandbox {id}")));
    }

    /// The ids of all sandboxes that were stopped, or are being stopped.
    pub fn stopped_sandboxes(&self) -> BTreeSet<String> {
        let mut state = self.state();
        let is_stopped = |sandbox: &&mut Value| sandbox["status"] == "STOPPED" || sandbox["status"] == "STOPPING";
        let stopped = state.sandboxes().filter(is_stopped);
        stopped.filter_map(|sandbox| sandbox["id"].as_str().map(str::to_owned)).collect()
    }

    /// The batch of this id, as it is now.
    pub fn batch(&self, id: &str) -> Value {
        self.state().batch(id).unwrap_or_else(|| panic!("no batch {id}")).clone()
    }

    /// Changes one build.
    pub fn change(&self, id: &str, change: impl FnOnce(&mut Value)) {
        change(self.state().build(id).unwrap_or_else(|| panic!("no build {id}")));
    }

    /// Forgets everything.
    pub fn clear(&self) {
        *self.state() = State::default();
    }

    /// The ids of all stopped builds.
    pub fn stopped(&self) -> BTreeSet<String> {
        let mut state = self.state();
        let stopped = state.builds().filter(|build| build["buildStatus"] == "STOPPED");
        stopped.filter_map(|build| build["id"].as_str().map(str::to_owned)).collect()
    }

    /// Carries out a call, and answers it.
    pub fn answer(&self, call: &Call) -> Reply {
        self.state().answer(call)
    }

    /// Answers a call without changing the state.
    pub fn answer_in_vain(&self, call: &Call) -> Reply {
        self.state().clone().answer(call)
    }

    /// Listens on a free port.
    pub fn listen(&self) -> Endpoint {
        self.listen_unless(|_| None)
    }

    /// Listens on a free port. A call that `spoil` answers does not reach the state.
    pub fn listen_unless(&self, spoil: impl Fn(&Call) -> Option<Reply> + Send + Sync + 'static) -> Endpoint {
        self.listen_at(Address::reserve(), move |codebuild, call| spoil(call).unwrap_or_else(|| codebuild.answer(call)))
    }

    /// Listens at an address, and answers every call with `answer`.
    pub fn listen_at(
        &self,
        address: Address,
        answer: impl Fn(&Self, &Call) -> Reply + Send + Sync + 'static,
    ) -> Endpoint {
        let codebuild = self.clone();
        Endpoint::open(address, move |call| answer(&codebuild, call))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
