//! The next questions about a build.
//!
//! A [`Case`] holds everything that is known about one build, and the verdict on it. As long as
//! the verdict depends on a fact that a source may know, the case has a next question. Whoever
//! can answer questions adds the replies; the function, the sweep and the demo all do so.

mod question;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use jiff::Timestamp;

pub use self::question::{GitQuestion, OnFailure, Question, Reply, Source};
use super::{
    Facts, Provenance,
    remote_refs::{ObjectId, RefsAtCommit},
    source_location::SourceLocation,
};
use crate::{
    event::{BuildEvent, Delivery},
    model::{Build, BuildBatch, Progress, Project, ProjectEnvironment, batch_id},
    policy::Policy,
    verdict::{Action, Verdict, judge_by},
};

/// One build: what is known about it so far, and the verdict on that.
#[derive(Clone, Debug)]
pub struct Case<'a> {
    policy: &'a Policy,
    event: BuildEvent,
    origin: Origin,
    project: KnownProject,
    batch: KnownBatch,
    remote: Option<Arc<RefsAtCommit>>,
    unavailable: Vec<(Source, String)>,
    purpose: Purpose,
    verdict: Verdict,
    provenance: Provenance,
}

/// The decision that the case's questions must make possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// To decide whether the build is stopped.
    Build,
    /// Also whether its batch is, although another rule stops the build anyway.
    BuildAndBatch,
    /// To decide whether the batch is stopped. The build needs no more stopping.
    Batch,
}

/// The origin of the build's members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
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

impl<'a> Case<'a> {
    /// Judges an event's build.
    pub fn of_event(policy: &'a Policy, event: BuildEvent, now: Timestamp) -> Self {
        Self::new(policy, event, Origin::Event, Purpose::Build, now)
    }

    /// Judges a Build that the API returned, which is the event's.
    pub fn of_build(policy: &'a Policy, event: BuildEvent, now: Timestamp) -> Self {
        Self::new(policy, event, Origin::Api, Purpose::BuildAndBatch, now)
    }

    fn new(policy: &'a Policy, event: BuildEvent, origin: Origin, purpose: Purpose, now: Timestamp) -> Self {
        let mut case = Self {
            policy,
            event,
            origin,
            project: KnownProject::NotAsked,
            batch: KnownBatch::NotAsked,
            remote: None,
            unavailable: Vec::new(),
            purpose,
            verdict: Verdict::default(),
            provenance: Provenance::default(),
        };
        case.judge(now);
        case
    }

    /// The event, with the build as it is known by now.
    pub fn event(&self) -> &BuildEvent {
        &self.event
    }

    /// The build as it is known by now.
    pub fn build(&self) -> &Build {
        &self.event.build
    }

    /// The verdict on what is known by now.
    pub fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// Returns the origin of the build, as far as it is known by now.
    pub fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    /// Returns whether the event contains only the build's name, or nothing else that still holds.
    pub fn is_named_only(&self) -> bool {
        let says_nothing = self.build().build_status.is_none() && self.build().build_complete.is_none();
        says_nothing || self.event.delivery != Delivery::Live
    }

    /// Returns whether the API has no such build.
    pub fn is_gone(&self) -> bool {
        self.origin == Origin::Gone
    }

    /// The next question, or `None` if the verdict is final.
    pub fn next_question(&self) -> Option<Question> {
        let questions = [self.build_question(), self.batch_question(), self.project_question(), self.git_question()];
        let mut questions = questions.into_iter().flatten();
        questions.find(|question| self.unavailable.iter().all(|(source, _)| *source != question.source()))
    }

    fn wants(&self, source: Source) -> bool {
        let is_in_batch = self.build().build_batch_arn.is_some();
        let for_batch = || is_in_batch && self.verdict.wants_for_batch(source);
        match self.purpose {
            Purpose::Build => self.verdict.wants(source),
            Purpose::BuildAndBatch => self.verdict.wants(source) || for_batch(),
            Purpose::Batch => for_batch(),
        }
    }

    /// A build that may have ended is fetched before it is stopped.
    fn build_question(&self) -> Option<Question> {
        let may_have_ended = self.verdict.action == Action::Stop && self.build().progress() != Progress::Running;
        let is_wanted = may_have_ended || self.is_named_only() || self.wants(Source::Build);
        (self.origin == Origin::Event && is_wanted).then(|| Question::Build(self.event.id.clone()))
    }

    /// No event contains the batch's ARN, so the Build is known by then.
    fn batch_question(&self) -> Option<Question> {
        let arn = self.build().build_batch_arn.as_deref()?;
        let is_wanted = matches!(self.batch, KnownBatch::NotAsked) && self.wants(Source::Batch);
        is_wanted.then(|| Question::Batch(batch_id(arn).to_owned()))
    }

    /// A copy of the project is good enough to allow a build, but not to act on it.
    fn project_question(&self) -> Option<Question> {
        let may_be_cached = match self.project {
            KnownProject::NotAsked if self.wants(Source::Project) => self.purpose != Purpose::Batch,
            KnownProject::NotAsked if self.wants(Source::Git) => true,
            // A rule may need the project as it was when the build started, which is later.
            KnownProject::Cached(..) if self.verdict.action != Action::Allow || self.wants(Source::Project) => false,
            KnownProject::NotAsked | KnownProject::Cached(..) | KnownProject::Current(_) => return None,
        };
        let name = self.build().project_name.clone().unwrap_or_else(|| self.event.id.project().to_owned());
        Some(Question::Project { name, may_be_cached })
    }

    /// Git is asked once, about the repository of the build or of its batch. The project is known by
    /// then, which says whether the operator's credentials may be used.
    fn git_question(&self) -> Option<Question> {
        if self.remote.is_some() || !self.wants(Source::Git) {
            return None;
        }
        let batch = match &self.batch {
            KnownBatch::Current(batch) => batch.as_deref(),
            KnownBatch::NotAsked => None,
        };
        let (source, version, resolved) = match batch {
            Some(batch) => (&batch.source, &batch.source_version, &batch.resolved_source_version),
            None => (&self.build().source, &self.build().source_version, &self.build().resolved_source_version),
        };
        let source = source.as_ref()?;
        let SourceLocation::Repository(url) = SourceLocation::of(source)? else { return None };
        let commit = [version, resolved].into_iter().flatten().find_map(|version| ObjectId::read(version.trim()));
        let project = match &self.project {
            KnownProject::Cached(project, _) | KnownProject::Current(Some(project)) => project.source.as_ref(),
            KnownProject::NotAsked | KnownProject::Current(None) => None,
        };
        let is_of_project = project.and_then(SourceLocation::of) == Some(SourceLocation::Repository(url.clone()));
        let id = batch.and_then(|batch| batch.id.as_deref()).unwrap_or(self.event.id.as_str()).to_owned();
        let start = batch.map_or(self.build().start_time, |batch| batch.start_time);
        Some(Question::Git(GitQuestion { id, repository: url, commit, start, is_of_project }))
    }

    /// The ARN of the batch that must be stopped, as far as is known by now. CodeBuild's events name no
    /// batch, so an event is not believed.
    pub fn batch_to_stop(&self) -> Option<&str> {
        let arn = self.build().build_batch_arn.as_deref();
        arn.filter(|_| self.origin == Origin::Api && self.verdict.stops_batch())
    }

    /// From now on, questions are asked only if their answers may stop the build's batch: the build
    /// needs no more stopping.
    pub fn ask_for_its_batch(&mut self) {
        self.purpose = Purpose::Batch;
    }

    /// Adds the Build that was returned when it was stopped. It is judged only by the rules that may
    /// stop its batch and could not be evaluated before.
    pub fn add_after_stop(&mut self, build: Box<Build>, now: Timestamp) {
        self.purpose = Purpose::Batch;
        self.add(Reply::Build(build), now);
    }

    /// Adds a reply to what is known, and judges the build again.
    pub fn add(&mut self, reply: Reply, now: Timestamp) {
        match reply {
            Reply::Build(build) => (self.event.build, self.origin) = (build, Origin::Api),
            Reply::NoBuild => self.origin = Origin::Gone,
            Reply::CachedProject(project, as_of) => self.project = KnownProject::Cached(project, as_of),
            Reply::Project(project) => self.project = KnownProject::Current(project),
            Reply::Batch(batch) => self.batch = KnownBatch::Current(batch),
            Reply::Git(refs) => self.remote = Some(refs),
            Reply::Unavailable(source, why) => self.unavailable.push((source, why)),
        }
        self.judge(now);
    }

    fn judge(&mut self, now: Timestamp) {
        // What an old event says is not judged, even if there is nothing else.
        if self.origin != Origin::Api && self.event.delivery != Delivery::Live {
            return;
        }
        let (project, project_as_of) = match &self.project {
            KnownProject::Cached(project, as_of) => (Some(project.as_ref()), Some(*as_of)),
            KnownProject::Current(Some(project)) => (Some(project.as_ref()), None),
            KnownProject::NotAsked | KnownProject::Current(None) => (None, None),
        };
        let build_batch = match &self.batch {
            KnownBatch::Current(batch) => batch.as_deref(),
            KnownBatch::NotAsked => None,
        };
        let facts = Facts::known(&self.event.build, self.origin == Origin::Api, project, now);
        let facts = Facts { build_batch, project_as_of, remote: self.remote.as_deref(), ..facts };
        self.provenance = facts.provenance();
        let mut verdict = judge_by(self.policy, &facts);
        for undecided in &mut verdict.undecided {
            let source = undecided.missing.source();
            if let Some((source, why)) = self.unavailable.iter().find(|(other, _)| Some(*other) == source) {
                undecided.missing = undecided.missing.clone().unavailable(*source, why);
            }
        }
        match self.purpose {
            Purpose::Build | Purpose::BuildAndBatch => self.verdict = verdict,
            Purpose::Batch => self.verdict.settle_batch(verdict),
        }
    }

    /// Drops what neither the record nor its redaction needs. A sweep may keep ten thousand
    /// cases until it knows how many builds it would stop.
    pub fn shorten(&mut self) {
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
