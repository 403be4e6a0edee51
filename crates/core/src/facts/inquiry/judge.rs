//! The verdict on what is known of a case.

use std::sync::OnceLock;

use jiff::Timestamp;

use super::{BuildOrigin, Case, KnownProject, OnFailure, Purpose, Source, SourceSet};
use crate::{
    event::Delivery,
    facts::{Facts, pipeline::PipelineAnswer},
    verdict::{Undecided, Verdict, judge_by, judge_supersession},
};

impl Case<'_> {
    /// Judges the build by what is known at a moment.
    pub(super) fn judge(&mut self, now: Timestamp) {
        // An old event's own facts are not judged, even if there are no others.
        if self.origin != BuildOrigin::Api && self.event.delivery != Delivery::Live {
            return;
        }
        let next_try = self.next_try(now);
        self.exhausted = SourceSet::default();
        self.awaited = Source::ALL.into_iter().filter(|source| self.is_awaited(*source, next_try)).collect();
        let mut verdict = self.verdict_on(&self.facts(now));
        // If a source that a rule needs cannot provide more, the rule may depend on another fact instead, or be
        // final: with `on-unknown: stop` it then counts as broken.
        let is_exhausted = |source: &Source| self.question(*source).is_none();
        if verdict.undecided.iter().flat_map(Undecided::sources).any(|source| is_exhausted(&source)) {
            self.exhausted = Source::ALL.into_iter().filter(is_exhausted).collect();
            verdict = self.verdict_on(&self.facts(now));
        }
        if self.waits_for_pipeline(&verdict) {
            verdict.deadline = verdict.deadline.into_iter().chain(next_try).min();
        }
        let facts = self.facts(now);
        for undecided in &mut verdict.undecided {
            let is_lacking = facts.lacks_member_of(&undecided.missing).is_some();
            undecided.source = undecided.missing.source().filter(|_| !is_lacking);
            undecided.missing = undecided.missing.clone().explained(&self.unavailable);
        }
        (self.judged_at, self.provenance) = (Some(now), OnceLock::new());
        match self.purpose {
            Purpose::Build | Purpose::BuildAndBatch | Purpose::Supersession | Purpose::EveryRule => {
                self.verdict = verdict;
            }
            Purpose::Batch => self.verdict.settle_batch(&verdict),
        }
    }

    fn verdict_on(&self, facts: &Facts<'_>) -> Verdict {
        match self.purpose {
            Purpose::Build | Purpose::BuildAndBatch | Purpose::Batch | Purpose::EveryRule => {
                judge_by(self.policy, facts)
            }
            Purpose::Supersession => judge_supersession(self.policy, facts),
        }
    }

    /// Everything that is known.
    pub(super) fn facts(&self, now: Timestamp) -> Facts<'_> {
        let project_as_of = match &self.project {
            KnownProject::Cached(_, as_of) => Some(*as_of),
            KnownProject::NotAsked | KnownProject::Current(_) => None,
        };
        let is_past = self.purpose == Purpose::EveryRule && !self.is_sample;
        Facts {
            kind: self.kind,
            build_batch: self.batch.get(),
            project_as_of,
            pipeline: self.pipeline.as_ref(),
            remote: self.remote.as_deref(),
            tries: &self.tries,
            supersession: self.supersession.as_ref(),
            assumed: self.recorded_ref.clone(),
            has_current_phases: self.sets_phases || (is_past && self.build().phases.is_some()),
            is_past,
            is_saved: is_past || self.is_saved,
            is_sample: self.is_sample,
            compares_ended: self.compares_ended,
            unavailable: &self.unavailable,
            exhausted: self.exhausted,
            awaited: self.awaited,
            ..Facts::known(&self.event.build, self.origin == BuildOrigin::Api, self.project.get(), now)
        }
    }

    /// Returns whether a source that cannot provide more now will be asked once more. `next_try` is the time at
    /// which the pipeline will be asked again.
    fn is_awaited(&self, source: Source, next_try: Option<Timestamp>) -> bool {
        let awaits_others = || self.supersession.as_ref().is_some_and(|one| one.awaits(source));
        // A call that failed is repeated with the invocation or in the next sweep. A build of the past has neither.
        let has_failed = self.unavailable.iter().any(|(unavailable, _)| *unavailable == source);
        let is_repeated = source.on_failure() == OnFailure::FailInvocation && self.purpose != Purpose::EveryRule;
        (has_failed && is_repeated)
            || self.postponed.contains(source)
            || (source == Source::Pipeline && next_try.is_some())
            || awaits_others()
    }

    /// Returns the time at which the pipeline may be asked once more, if none of its actions names the build
    /// yet.
    fn next_try(&self, now: Timestamp) -> Option<Timestamp> {
        if self.pipeline != Some(PipelineAnswer::NotNamed) {
            return None;
        }
        self.facts(now).pipeline_names_until().filter(|until| now < *until)
    }

    /// Returns whether the verdict depends on an answer that the pipeline may give later.
    fn waits_for_pipeline(&self, verdict: &Verdict) -> bool {
        let lacks_ref = || self.supersession.as_ref().is_some_and(|one| one.missing.contains(&Source::Pipeline));
        verdict.undecided.iter().any(|undecided| undecided.missing.source() == Some(Source::Pipeline)) || lacks_ref()
    }
}
