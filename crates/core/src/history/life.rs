//! The life of a past build: when it started and ended, and what was known of it in between.

use jiff::Timestamp;

use super::Moments;
use crate::model::{Build, BuildPhase, Progress};

/// The times of a build, taken out of the Build.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Life {
    /// The time of the request for the build.
    pub start: Option<Timestamp>,
    /// The time when it ended, if the input shows it.
    pub end: Option<Timestamp>,
    status: Option<String>,
    /// The latest time at which the build is known to have existed.
    last_seen: Option<Timestamp>,
    phases: Option<Vec<BuildPhase>>,
    is_complete: Option<bool>,
    end_time: Option<Timestamp>,
    current_phase: Option<String>,
}

impl Life {
    /// Takes the end and the phases out of a Build, which looks like a running one from then on.
    pub(super) fn taken_from(build: &mut Build, last_seen: Option<Timestamp>) -> Self {
        let end = build.ended_at();
        let (status, is_complete) = (build.build_status.take(), build.build_complete.take());
        let (end_time, current_phase) = (build.end_time.take(), build.current_phase.take());
        let phases = build.phases.take();
        let first_phase = phases.iter().flatten().filter_map(|phase| phase.start_time).min();
        let start = build.start_time.or(first_phase);
        (build.build_status, build.build_complete) = (Some("IN_PROGRESS".to_owned()), Some(false));
        Self { start, end, status, last_seen, phases, is_complete, end_time, current_phase }
    }

    /// Puts the members that were taken out of the Build back into it.
    pub(super) fn give_back(self, build: &mut Build) {
        (build.build_status, build.build_complete) = (self.status, self.is_complete);
        (build.end_time, build.current_phase) = (self.end_time, self.current_phase);
        build.phases = self.phases;
    }

    /// The status with which it ended.
    pub(super) fn final_status(&self) -> Option<&str> {
        self.status.as_deref().filter(|status| *status != "IN_PROGRESS")
    }

    /// Removes the members that were not known yet when the build started.
    pub(super) fn forget_later_members(build: &mut Build) {
        build.resolved_source_version = None;
        build.exported_environment_variables = None;
        build.network_interface = None;
        build.report_arns = None;
        for artifacts in build.artifacts.iter_mut().chain(build.secondary_artifacts.iter_mut().flatten()) {
            (artifacts.sha256sum, artifacts.md5sum) = (None, None);
        }
    }

    /// Puts the build into the state that it had at a moment: its phases until then. A phase that had not ended
    /// has no end.
    pub(super) fn show_at(&self, build: &mut Build, at: Timestamp) {
        let begun = |phase: &&BuildPhase| {
            phase.phase_type.as_deref() != Some("COMPLETED") && phase.start_time.is_none_or(|start| start <= at)
        };
        let as_known = |phase: &BuildPhase| match phase.end_time {
            Some(end) if end > at => BuildPhase {
                phase_type: phase.phase_type.clone(),
                start_time: phase.start_time,
                ..BuildPhase::default()
            },
            _ => phase.clone(),
        };
        build.phases = self.phases.as_ref().map(|phases| phases.iter().filter(begun).map(as_known).collect());
        build.current_phase = build.phases.iter().flatten().last().and_then(|phase| phase.phase_type.clone());
    }

    /// Puts a Build into the state that it had at a moment before its end. Returns `false`, and changes nothing, if
    /// everything that it contains had happened by then.
    pub fn rewind(build: &mut Build, at: Timestamp) -> bool {
        let times = build.phases.iter().flatten().flat_map(|phase| [phase.start_time, phase.end_time]);
        if times.chain([build.end_time]).flatten().all(|time| time <= at) {
            return false;
        }
        Self::taken_from(build, None).show_at(build, at);
        true
    }

    /// Puts a Build into the state that it had at a moment while it was running, even if it contains its end.
    pub(crate) fn keep_running(build: &mut Build, at: Timestamp) {
        if !Self::rewind(build, at) && build.progress() == Progress::Ended {
            Self::taken_from(build, None).show_at(build, at);
        }
    }

    /// The time when the build left the queue.
    pub(super) fn run_start(&self) -> Option<Timestamp> {
        let waits = |phase: &BuildPhase| matches!(phase.phase_type.as_deref(), Some("SUBMITTED" | "QUEUED"));
        self.phases.iter().flatten().find(|phase| !waits(phase)).and_then(|phase| phase.start_time)
    }

    /// Returns whether the phases are known, which show whether and when the build left the queue.
    pub(super) fn knows_phases(&self) -> bool {
        self.phases.is_some()
    }

    /// The last moment at which the build is known to have been running.
    pub(super) fn last_moment(&self) -> Option<Timestamp> {
        self.end.or(self.last_seen)
    }

    /// The moments after the start at which the build is judged, in ascending order.
    pub(super) fn moments(&self, start: Timestamp, moments: Moments, changes_with_phases: bool) -> Vec<Timestamp> {
        let Some(last) = self.last_moment().filter(|last| moments == Moments::WholeLife && *last > start) else {
            return Vec::new();
        };
        let phases = self.phases.iter().flatten().filter(|_| changes_with_phases);
        let mut moments: Vec<Timestamp> = phases.filter_map(|phase| phase.start_time).collect();
        moments.retain(|at| *at > start && *at < last);
        moments.push(last);
        moments.sort_unstable();
        moments.dedup();
        moments
    }
}
