//! The running builds of a project, which rules with `only-newest-per` compare.

use std::sync::Arc;

use jiff::Timestamp;

use super::{BuildOrigin, Case, KnownBatch, Purpose, Question};
use crate::{
    event::{BuildEvent, TriggerKind},
    facts::supersession::{LeftOut, RunningBuild, Supersession},
    model::{BuildBatch, batch_id},
    policy::{BatchScope, Mode, Policy},
    verdict::{Action, running_build},
};

impl<'a> Case<'a> {
    /// Judges a running build that the API returned, by the rules with `only-newest-per` alone. Other rules
    /// judge it when its own events arrive.
    pub fn of_running_build(policy: &'a Policy, event: BuildEvent, now: Timestamp) -> Self {
        Self::new(policy, event, BuildOrigin::Api, Purpose::Supersession, now)
    }

    /// Judges a running batch that the API returned, by the same rules. Its record looks like a build's.
    /// `None` if the batch has no valid id.
    pub fn of_running_batch(
        policy: &'a Policy,
        kind: TriggerKind,
        time: Option<Timestamp>,
        batch: Arc<BuildBatch>,
        now: Timestamp,
    ) -> Option<Self> {
        let id = batch.id.as_deref()?.parse().ok()?;
        let build = batch.as_build();
        let event = BuildEvent::new(kind, id, time, Box::new(build));
        let mut case = Self::unjudged(policy, event, BuildOrigin::Api, Purpose::Supersession);
        case.batch = KnownBatch::Current(Some(batch));
        case.judge(now);
        Some(case)
    }

    /// Returns whether the case is about a batch instead of a build.
    pub fn is_batch(&self) -> bool {
        self.build().arn.as_deref().is_some_and(|arn| arn.contains(":build-batch/"))
    }

    /// Returns whether some running builds of the project were not compared with the build.
    pub(crate) fn leaves_builds_out(&self) -> bool {
        let leaves_out = self.supersession.as_ref().is_some_and(|supersession| supersession.leaves_out);
        leaves_out && self.purpose != Purpose::Supersession
    }

    pub(crate) fn running_build(&self, now: Timestamp) -> RunningBuild {
        let stopped_by = if self.verdict.action == Action::Stop { self.rules_that_stop() } else { Vec::new() };
        RunningBuild { stopped_by, ..running_build(self.policy, &self.facts(now)) }
    }

    /// The id of the batch that the build belongs to, even if the batch was not fetched, or its own id if it is a
    /// batch.
    fn id_of_batch(&self) -> Option<&str> {
        let arn = self.build().build_batch_arn.as_deref().filter(|arn| !arn.is_empty());
        arn.map(batch_id).or_else(|| self.batch.get()?.id.as_deref())
    }

    /// The rules that stop the build, or the whole batch that it belongs to.
    fn rules_that_stop(&self) -> Vec<String> {
        let is_in_batch = self.batch.get().is_some() || self.id_of_batch().is_some();
        let stops = self
            .verdict
            .violations
            .iter()
            .filter(|broken| broken.mode == Mode::Enforce && (!is_in_batch || broken.batch == BatchScope::StopAll));
        stops.map(|broken| broken.rule.clone()).collect()
    }
}

/// Compares running builds and batches of one project with each other, and judges again those whose verdict
/// depends on it. The builds of one batch count as one.
pub fn compare(cases: &mut [&mut Case<'_>], left_out: &LeftOut, now: Timestamp) {
    let mut running: Vec<(RunningBuild, usize)> =
        cases.iter().enumerate().map(|(index, case)| (case.running_build(now), index)).collect();
    // A newer build that is stopped for another rule supersedes nothing, so the newest is judged first.
    running.sort_by_cached_key(|(build, _)| build.start.newest_first());
    let (mut running, indices): (Vec<RunningBuild>, Vec<usize>) = running.into_iter().unzip();
    let batches: Vec<Option<String>> =
        indices.iter().map(|index| Some(cases.get(*index)?.id_of_batch()?.to_owned())).collect();
    for (place, batch) in batches.iter().enumerate() {
        let rules = running.get(place).map(|build| build.stopped_by.clone()).unwrap_or_default();
        if let Some(batch) = batch.as_deref().filter(|_| !rules.is_empty()) {
            stop_batch(&mut running, &batches, batch, &rules);
        }
    }
    for place in 0..running.len() {
        let Some(case) = indices.get(place).and_then(|index| cases.get_mut(*index)) else { continue };
        let Some(build) = running.get(place) else { continue };
        if !matches!(case.next_question(), Some(Question::RunningBuilds(_))) {
            continue;
        }
        case.supersession = Some(Supersession::of(build, &running, left_out));
        case.judge(now);
        if case.verdict.action == Action::Stop {
            let stopped_by = case.rules_that_stop();
            match batches.get(place).and_then(Option::as_deref) {
                Some(batch) => stop_batch(&mut running, &batches, batch, &stopped_by),
                None => running.get_mut(place).into_iter().for_each(|build| build.stopped_by = stopped_by.clone()),
            }
        }
    }
}

/// Adds the rules that stop a batch because of one of its builds to all running builds of the batch. `batches`
/// contains the batch of each running build.
fn stop_batch(running: &mut [RunningBuild], batches: &[Option<String>], batch: &str, rules: &[String]) {
    for (build, _) in running.iter_mut().zip(batches).filter(|(_, other)| other.as_deref() == Some(batch)) {
        let more: Vec<String> = rules.iter().filter(|rule| !build.stopped_by.contains(rule)).cloned().collect();
        build.stopped_by.extend(more);
    }
}
