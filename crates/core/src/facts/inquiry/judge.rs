//! The verdict on what is known of a case.

use std::sync::OnceLock;

use jiff::Timestamp;

use super::{BuildOrigin, Case, KnownProject, Purpose, Source, SourceSet};
use crate::{
    event::{Delivery, TriggerKind},
    facts::{
        Facts,
        pipeline::{NAMED_WITHIN, PipelineAnswer},
    },
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
        (self.exhausted, self.awaited) = (SourceSet::default(), SourceSet::default());
        if next_try.is_some() {
            self.awaited.add(Source::Pipeline);
        }
        // Which sources have nothing more to say decides which unknown fact of a rule counts, and whether it is open.
        let mut verdict = self.verdict_on(&self.facts(now));
        while let Some(source) = self.first_exhausted(&verdict) {
            self.exhausted.add(source);
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

    /// The first source that a rule needs and that is found to have nothing more to say.
    fn first_exhausted(&self, verdict: &Verdict) -> Option<Source> {
        let mut wanted = verdict.undecided.iter().flat_map(Undecided::sources);
        wanted.find(|source| !self.exhausted.contains(*source) && self.question(*source).is_none())
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
            is_sample: self.is_sample,
            compares_ended: self.compares_ended,
            unavailable: &self.unavailable,
            exhausted: self.exhausted,
            awaited: self.awaited,
            ..Facts::known(&self.event.build, self.origin == BuildOrigin::Api, self.project.get(), now)
        }
    }

    /// When the pipeline may be asked once more, if none of its actions names the build yet.
    fn next_try(&self, now: Timestamp) -> Option<Timestamp> {
        let is_first = self.event.kind != TriggerKind::Deadline && self.pipeline == Some(PipelineAnswer::NotNamed);
        let at = self.build().start_time?.saturating_add(NAMED_WITHIN).ok()?;
        (is_first && now < at).then_some(at)
    }

    /// Returns whether the verdict depends on what the pipeline may say later.
    fn waits_for_pipeline(&self, verdict: &Verdict) -> bool {
        let lacks_ref = || self.supersession.as_ref().is_some_and(|one| one.missing.contains(&Source::Pipeline));
        verdict.undecided.iter().any(|undecided| undecided.missing.source() == Some(Source::Pipeline)) || lacks_ref()
    }
}
