//! A case about the build of a policy test. The test gives everything that is known about it: no source is asked.

use std::sync::Arc;

use jiff::Timestamp;

use super::{BuildOrigin, Case, KnownBatch, KnownProject, Purpose};
use crate::{
    event::{BuildEvent, TriggerKind},
    explain::{Reason, reasons_of},
    facts::{pipeline::PipelineAnswer, remote_refs::RefsAtCommit},
    model::{Build, BuildBatch, BuildId, Project, RunKind},
    policy::Policy,
    verdict::{Decision, decisions},
};

/// A build, and what its sources would reply.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    /// The kind of run: a sandbox is judged in the form of a build.
    pub(crate) kind: RunKind,
    pub(crate) build: Build,
    /// `true` if the build has all members that the API knows of it. An event contains fewer.
    pub(crate) is_whole: bool,
    /// `true` if the test sets the phases. Those of an event may be out of date.
    pub(crate) sets_phases: bool,
    pub(crate) project: Option<Arc<Project>>,
    pub(crate) batch: Option<Arc<BuildBatch>>,
    /// What CodePipeline and git would reply at the build's start.
    pub(crate) pipeline: Option<PipelineAnswer>,
    pub(crate) remote: Option<Arc<RefsAtCommit>>,
}

impl Sample {
    /// A build that runs beside another one of the same project.
    pub(crate) fn of_running_build(build: Build, project: Option<Arc<Project>>) -> Self {
        Self {
            kind: RunKind::Build,
            build,
            is_whole: true,
            sets_phases: false,
            project,
            batch: None,
            pipeline: None,
            remote: None,
        }
    }
}

impl<'a> Case<'a> {
    /// Judges a sample by every rule.
    pub(crate) fn of_sample(policy: &'a Policy, sample: Sample, now: Timestamp) -> Self {
        Self::sample(policy, sample, Purpose::EveryRule, now)
    }

    /// Judges a sample batch by the rules with `only-newest-per` alone: other rules judge its builds.
    pub(crate) fn of_sample_batch(
        policy: &'a Policy,
        batch: BuildBatch,
        project: Option<Arc<Project>>,
        now: Timestamp,
    ) -> Self {
        let build = batch.as_build();
        let sample = Sample { batch: Some(Arc::new(batch)), ..Sample::of_running_build(build, project) };
        Self::sample(policy, sample, Purpose::Supersession, now)
    }

    fn sample(policy: &'a Policy, sample: Sample, purpose: Purpose, now: Timestamp) -> Self {
        let Sample { kind, build, is_whole, sets_phases, project, batch, pipeline, remote } = sample;
        let id = build.id.as_deref().and_then(|id| id.parse().ok()).unwrap_or_else(BuildId::of_sample);
        let event = BuildEvent::new(TriggerKind::StateChange, id, None, Box::new(build));
        let origin = if is_whole { BuildOrigin::Api } else { BuildOrigin::Event };
        let mut case = Self {
            kind,
            project: project.map_or(KnownProject::NotAsked, |project| KnownProject::Current(Some(project))),
            batch: batch.map_or(KnownBatch::NotAsked, |batch| KnownBatch::Current(Some(batch))),
            pipeline,
            remote,
            is_sample: true,
            sets_phases,
            // The result does not depend on whether the sample is still running.
            compares_ended: true,
            ..Self::unjudged(policy, event, origin, purpose)
        };
        case.judge(now);
        case
    }

    /// The decision of each rule, in the order of the policy.
    pub(crate) fn decisions(&self, now: Timestamp) -> Vec<Decision> {
        decisions(self.policy, self.facts(now)).map(|(_, decision)| decision).collect()
    }

    /// The reason of each of these decisions.
    pub(crate) fn reasons_of(&self, decisions: Vec<Decision>, now: Timestamp) -> Vec<Reason> {
        reasons_of(self.policy, self.facts(now), decisions)
    }
}
