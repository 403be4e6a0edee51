//! The next questions about a build.
//!
//! A [`Case`] holds everything that is known about one build, and the verdict on it. As long as
//! the verdict depends on a fact that a source may provide, the case has a next question. The
//! caller asks the source, and adds its reply to the case.

mod explained;
mod judge;
mod next;
mod past;
mod question;
mod running;
mod sample;
mod source;
#[cfg(test)]
mod tests;

use std::sync::{Arc, OnceLock};

use jiff::Timestamp;

pub(crate) use self::sample::Sample;
pub use self::{
    question::{Cause, GitQuestion, NamedBy, PipelineQuestion, Question, Reply},
    running::compare,
    source::{OnFailure, Prospect, Source, SourceSet},
};
use super::{Provenance, RefFrom, pipeline::PipelineAnswer, remote_refs::RefsAtCommit, supersession::Supersession};
use crate::{
    event::{BuildEvent, Delivery, TriggerKind},
    model::{Build, BuildBatch, Project, ProjectEnvironment, RunKind, Sandbox},
    policy::Policy,
    verdict::Verdict,
};

/// One build: what is known about it so far, and the verdict on that.
#[derive(Clone, Debug)]
pub struct Case<'a> {
    policy: &'a Policy,
    event: BuildEvent,
    /// The kind of run: a sandbox is judged in the form of a build.
    kind: RunKind,
    origin: BuildOrigin,
    project: KnownProject,
    batch: KnownBatch,
    pipeline: Option<PipelineAnswer>,
    remote: Option<Arc<RefsAtCommit>>,
    /// The earlier tries of a build that CodeBuild itself retries, from the last one.
    tries: Vec<Build>,
    supersession: Option<Supersession>,
    /// The reference that was found when the build ran, if that is in the past.
    recorded_ref: Option<(String, RefFrom)>,
    unavailable: Vec<(Source, Cause)>,
    /// The unavailable sources that there was no time to ask.
    postponed: SourceSet,
    /// Sources that a rule needs and that cannot provide more, or cannot be asked.
    exhausted: SourceSet,
    /// The exhausted sources that will be asked once more.
    awaited: SourceSet,
    compares_ended: bool,
    /// `true` if the build is a policy test's.
    is_sample: bool,
    /// `true` if a policy test sets the phases.
    sets_phases: bool,
    /// `true` if the values of variables may have been left out when the build was saved.
    is_saved: bool,
    purpose: Purpose,
    verdict: Verdict,
    /// The time of the verdict. `None` if there is none yet.
    judged_at: Option<Timestamp>,
    /// Computed when it is first needed.
    provenance: OnceLock<Provenance>,
}

/// The case's purpose: the decision for which it asks questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// To decide whether the build is stopped.
    Build,
    /// To decide also whether its batch is stopped, although another rule stops the build anyway.
    BuildAndBatch,
    /// To decide whether the batch is stopped. The build itself needs no further stop.
    Batch,
    /// To decide whether a newer build supersedes the build or batch. Other rules do not judge it.
    Supersession,
    /// To decide every rule, whatever the others do: the build is one of the past, or a policy test's.
    EveryRule,
}

/// The origin of the build's members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BuildOrigin {
    Event,
    Api,
    /// The API has no such build.
    Gone,
}

#[derive(Clone, Debug)]
enum KnownProject {
    NotAsked,
    /// As it was at that time; it may have changed since.
    Cached(Arc<Project>, Timestamp),
    Current(Option<Arc<Project>>),
}

#[derive(Clone, Debug)]
enum KnownBatch {
    NotAsked,
    Current(Option<Arc<BuildBatch>>),
}

impl KnownProject {
    fn get(&self) -> Option<&Project> {
        match self {
            Self::Cached(project, _) | Self::Current(Some(project)) => Some(project),
            Self::NotAsked | Self::Current(None) => None,
        }
    }
}

impl KnownBatch {
    fn get(&self) -> Option<&BuildBatch> {
        match self {
            Self::Current(batch) => batch.as_deref(),
            Self::NotAsked => None,
        }
    }
}

impl<'a> Case<'a> {
    /// Judges an event's build.
    pub fn of_event(policy: &'a Policy, event: BuildEvent, now: Timestamp) -> Self {
        Self::new(policy, event, BuildOrigin::Event, Purpose::Build, now)
    }

    /// Judges the event's build, as the API returned it.
    pub fn of_build(policy: &'a Policy, event: BuildEvent, now: Timestamp) -> Self {
        Self::new(policy, event, BuildOrigin::Api, Purpose::BuildAndBatch, now)
    }

    /// Judges the Build of a file, in which the values of variables may have been left out.
    pub fn of_saved_build(policy: &'a Policy, event: BuildEvent, now: Timestamp) -> Self {
        let unjudged = Self::unjudged(policy, event, BuildOrigin::Api, Purpose::BuildAndBatch);
        let mut case = Self { is_saved: true, ..unjudged };
        case.judge(now);
        case
    }

    /// Judges a sandbox that the API returned, in the form of a build. `None` if it has no valid id.
    pub fn of_sandbox(policy: &'a Policy, time: Option<Timestamp>, sandbox: &Sandbox, now: Timestamp) -> Option<Self> {
        let id = sandbox.id.as_deref()?.parse().ok()?;
        let event = BuildEvent::new(TriggerKind::Sweep, id, time, Box::new(sandbox.as_build()));
        let mut case = Self::unjudged(policy, event, BuildOrigin::Api, Purpose::BuildAndBatch);
        case.kind = RunKind::Sandbox;
        case.judge(now);
        Some(case)
    }

    fn new(policy: &'a Policy, event: BuildEvent, origin: BuildOrigin, purpose: Purpose, now: Timestamp) -> Self {
        let mut case = Self::unjudged(policy, event, origin, purpose);
        case.judge(now);
        case
    }

    fn unjudged(policy: &'a Policy, event: BuildEvent, origin: BuildOrigin, purpose: Purpose) -> Self {
        Self {
            policy,
            event,
            kind: RunKind::Build,
            origin,
            project: KnownProject::NotAsked,
            batch: KnownBatch::NotAsked,
            pipeline: None,
            remote: None,
            tries: Vec::new(),
            supersession: None,
            recorded_ref: None,
            unavailable: Vec::new(),
            postponed: SourceSet::default(),
            exhausted: SourceSet::default(),
            awaited: SourceSet::default(),
            compares_ended: false,
            is_sample: false,
            sets_phases: false,
            is_saved: false,
            purpose,
            verdict: Verdict::default(),
            judged_at: None,
            provenance: OnceLock::new(),
        }
    }

    /// The event, with the build as it is known by now.
    pub fn event(&self) -> &BuildEvent {
        &self.event
    }

    /// Returns the kind of run that is judged. A sandbox has the form of a build.
    pub fn kind(&self) -> RunKind {
        self.kind
    }

    /// The build as it is known by now.
    pub fn build(&self) -> &Build {
        &self.event.build
    }

    /// The project, if it is known by now.
    pub(crate) fn project(&self) -> Option<&Project> {
        self.project.get()
    }

    /// The batch that the build belongs to, if it is known by now.
    pub(crate) fn batch(&self) -> Option<&BuildBatch> {
        self.batch.get()
    }

    /// The verdict on what is known by now.
    pub fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// Returns the origin of the build, as far as it is known by now.
    pub fn provenance(&self) -> &Provenance {
        self.provenance.get_or_init(|| self.judged_at.map(|now| self.facts(now).provenance()).unwrap_or_default())
    }

    /// Returns whether the event contains only the build's name, or everything else in it may be out of date.
    pub fn is_named_only(&self) -> bool {
        let says_nothing = self.build().build_status.is_none() && self.build().build_complete.is_none();
        says_nothing || self.event.delivery != Delivery::Live
    }

    /// Returns whether the API has no such build.
    pub fn is_gone(&self) -> bool {
        self.origin == BuildOrigin::Gone
    }

    /// The ARN of the batch that must be stopped, as far as is known by now. CodeBuild's events name no
    /// batch, so one in an event is ignored.
    pub fn batch_to_stop(&self) -> Option<&str> {
        let arn = self.build().build_batch_arn.as_deref();
        arn.filter(|_| self.origin == BuildOrigin::Api && self.verdict.stops_batch())
    }

    /// Limits the next questions to those whose answers may stop the build's batch. The build itself needs no
    /// further stop.
    pub fn ask_for_its_batch(&mut self) {
        self.purpose = Purpose::Batch;
    }

    /// Adds the Build that CodeBuild returned after an attempt to stop it. Only rules that may stop its batch,
    /// and that could not be evaluated before, judge it.
    pub fn add_after_stop(&mut self, build: Box<Build>, now: Timestamp) {
        self.purpose = Purpose::Batch;
        self.add(Reply::Build(build), now);
    }

    /// Adds a reply to what is known, and judges the build again.
    pub fn add(&mut self, reply: Reply, now: Timestamp) {
        match reply {
            Reply::Build(build) => (self.event.build, self.origin) = (build, BuildOrigin::Api),
            Reply::NoBuild => self.origin = BuildOrigin::Gone,
            Reply::CachedProject(project, as_of) => self.project = KnownProject::Cached(project, as_of),
            Reply::Project(project) => self.project = KnownProject::Current(project),
            Reply::Batch(batch) => self.batch = KnownBatch::Current(batch),
            Reply::Pipeline(answer) => self.pipeline = Some(answer),
            Reply::Git(refs) => self.remote = Some(refs),
            Reply::EarlierTry(build) => self.tries.push(*build),
            Reply::Postponed(source, cause) => {
                self.postponed.add(source);
                self.unavailable.push((source, cause));
            }
            Reply::Unavailable(source, cause) => {
                // A copy of the project was not good enough, or it would not have been asked for again.
                if source == Source::Project {
                    self.project = KnownProject::NotAsked;
                }
                self.unavailable.push((source, cause));
            }
        }
        self.judge(now);
    }

    /// Drops all members that neither the record nor its redaction needs. A sweep may keep ten thousand cases
    /// until it knows how many builds it would stop.
    pub fn shorten(&mut self) {
        self.provenance();
        let build = std::mem::take(&mut *self.event.build);
        let environment = build.environment.map(|environment| ProjectEnvironment {
            environment_variables: environment.environment_variables,
            ..ProjectEnvironment::default()
        });
        *self.event.build = Build {
            arn: build.arn,
            project_name: build.project_name,
            initiator: build.initiator,
            source_version: build.source_version,
            source: build.source,
            secondary_sources: build.secondary_sources,
            environment,
            exported_environment_variables: build.exported_environment_variables,
            build_batch_arn: build.build_batch_arn,
            ..Build::default()
        };
    }
}
