//! The progress of a build: running or ended, and for how long it ran.

use jiff::Timestamp;

use super::{Build, BuildPhase};
use crate::duration::Duration;

/// The progress of a build or a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It is queued or running.
    Running,
    /// It has ended, successfully or not.
    Ended,
    /// The members that would show it are missing or contradict each other.
    Unknown,
}

impl Build {
    /// Returns whether the build is still running, by its `buildStatus` and `buildComplete`. An
    /// unknown status counts as none.
    pub fn progress(&self) -> Progress {
        progress(self.build_status.as_deref(), self.build_complete)
    }

    /// Returns the time when the build left the queue.
    pub fn run_start(&self) -> RunStart {
        let Some(phases) = self.phases.as_ref().filter(|phases| !phases.is_empty()) else { return RunStart::Unknown };
        let waits = |phase: &&BuildPhase| matches!(phase.phase_type.as_deref(), Some("SUBMITTED" | "QUEUED"));
        match phases.iter().find(|phase| !waits(phase)) {
            Some(first) => first.start_time.map_or(RunStart::Unknown, RunStart::At),
            None => RunStart::Queued,
        }
    }

    /// Returns how long the build has been running at `now`, or had run when it ended, without its
    /// time in the queue. `None` if its phases are unknown, or if it has ended at an unknown time.
    pub fn running(&self, now: Timestamp) -> Option<Duration> {
        match self.run_start() {
            RunStart::Unknown => None,
            RunStart::Queued => Some(Duration::default()),
            RunStart::At(start) => Some(Duration::between(start, self.end(now)?)),
        }
    }

    /// Returns how long the build has been queued at `now`, or was queued before it ran or ended.
    /// `None` if its phases or its start (the time of the request) are unknown, or if it has ended
    /// in the queue at an unknown time.
    pub fn queued(&self, now: Timestamp) -> Option<Duration> {
        let until = match self.run_start() {
            RunStart::Unknown => return None,
            RunStart::Queued => self.end(now)?,
            RunStart::At(start) => start,
        };
        Some(Duration::between(self.start_time?, until))
    }

    /// The time from the request for the build to `now`, or to its end. Upper bound of both
    /// [`running`](Self::running) and [`queued`](Self::queued).
    pub fn age(&self, now: Timestamp) -> Option<Duration> {
        Some(Duration::between(self.start_time?, self.end(now).unwrap_or(now)))
    }

    /// Returns the time when the build ended. `None` if it has not, or if it ended at an unknown time.
    pub fn ended_at(&self) -> Option<Timestamp> {
        // The end of a build that has ended does not depend on `now`.
        (self.progress() == Progress::Ended).then(|| self.end(Timestamp::MIN))?
    }

    /// Returns the time when the build ended, or `now` if it has not. `None` if it has ended at an
    /// unknown time.
    fn end(&self, now: Timestamp) -> Option<Timestamp> {
        let mut phases = self.phases.iter().flatten();
        let last_end = phases.clone().filter_map(|phase| phase.end_time).max();
        let completed = phases.find(|phase| phase.phase_type.as_deref() == Some("COMPLETED"));
        let end = self.end_time.or_else(|| completed?.start_time);
        end.or(if self.progress() == Progress::Ended { last_end } else { Some(now) })
    }
}

/// Returns whether a build or a batch is still running, by its status and by whether it is
/// complete. A final status decides: completion may be missing, or not set yet.
pub(super) fn progress(status: Option<&str>, is_complete: Option<bool>) -> Progress {
    match (status, is_complete) {
        (Some("SUCCEEDED" | "FAILED" | "FAULT" | "TIMED_OUT" | "STOPPED"), _) => Progress::Ended,
        (Some("IN_PROGRESS"), Some(true)) => Progress::Unknown,
        (Some("IN_PROGRESS"), _) | (_, Some(false)) => Progress::Running,
        (_, Some(true)) => Progress::Ended,
        (_, None) => Progress::Unknown,
    }
}

/// The time when a build left the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunStart {
    /// Its phases are unknown.
    Unknown,
    /// It is still in the queue, or ended there.
    Queued,
    /// At this time.
    At(Timestamp),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_final_status_decides_and_otherwise_status_and_completion_must_agree() {
        let check = |status: Option<&str>, complete, expected| {
            let build = Build { build_status: status.map(Into::into), build_complete: complete, ..Build::default() };
            assert_eq!(build.progress(), expected, "{status:?} {complete:?}");
        };
        check(Some("IN_PROGRESS"), Some(false), Progress::Running);
        check(Some("IN_PROGRESS"), None, Progress::Running);
        check(None, Some(false), Progress::Running);
        check(Some("REINCARNATING"), Some(false), Progress::Running);
        for status in ["SUCCEEDED", "FAILED", "FAULT", "TIMED_OUT", "STOPPED"] {
            for complete in [None, Some(false), Some(true)] {
                check(Some(status), complete, Progress::Ended);
            }
        }
        check(None, Some(true), Progress::Ended);
        check(Some("IN_PROGRESS"), Some(true), Progress::Unknown);
        check(Some("REINCARNATING"), None, Progress::Unknown);
        check(None, None, Progress::Unknown);
    }

    #[test]
    fn the_time_in_the_queue_and_the_time_after_it() {
        let check = |phases: &str, end: &str, running: Option<&str>, queued: Option<&str>, age: &str| {
            let json = format!(r#"{{"startTime": "2026-11-22T08:00:00Z", "phases": {phases}, "endTime": {end}}}"#);
            let build: Build = serde_json::from_str(&json).unwrap();
            let now = "2026-11-22T10:00:00Z".parse().unwrap();
            let text = |time: Option<Duration>| time.map(|time| time.to_string());
            assert_eq!(text(build.running(now)).as_deref(), running, "running: {phases}");
            assert_eq!(text(build.queued(now)).as_deref(), queued, "queued: {phases}");
            assert_eq!(text(build.age(now)).as_deref(), Some(age), "age: {phases}");
        };
        let submitted =
            r#"{"phaseType": "SUBMITTED", "startTime": "2026-11-22T08:00:00Z", "endTime": "2026-11-22T08:00:00Z"}"#;
        let queued = r#"{"phaseType": "QUEUED", "startTime": "2026-11-22T08:00:00Z"}"#;
        let provisioning = r#"{"phaseType": "PROVISIONING", "startTime": "2026-11-22T09:00:00Z"}"#;
        let completed = r#"{"phaseType": "COMPLETED", "startTime": "2026-11-22T09:30:00Z"}"#;
        // The time stands still once the build has ended, even if its `endTime` is missing.
        let ended = |phases: &str| {
            let json =
                format!(r#"{{"startTime": "2026-11-22T08:00:00Z", "buildStatus": "FAILED", "phases": {phases}}}"#);
            let build: Build = serde_json::from_str(&json).unwrap();
            let now = "2026-11-22T10:00:00Z".parse().unwrap();
            [build.running(now), build.queued(now)].map(|time| time.map(|time| time.to_string()))
        };
        let text = |minutes: &str| Some(minutes.to_owned());
        let built = r#"{"phaseType": "BUILD", "startTime": "2026-11-22T09:00:00Z", "endTime": "2026-11-22T09:20:00Z"}"#;
        assert_eq!(ended(&format!("[{submitted}, {built}]")), [text("20m"), text("60m")]);
        assert_eq!(ended(&format!("[{provisioning}]")), [None, text("60m")]);
        assert_eq!(ended(&format!("[{queued}]")), [text("0m"), None]);
        check("null", "null", None, None, "120m");
        check("[]", "null", None, None, "120m");
        check(&format!("[{submitted}, {queued}]"), "null", Some("0m"), Some("120m"), "120m");
        check(&format!("[{submitted}, {queued}, {provisioning}]"), "null", Some("60m"), Some("60m"), "120m");
        check(&format!("[{submitted}, {provisioning}, {completed}]"), "null", Some("30m"), Some("60m"), "90m");
        check(&format!("[{submitted}, {provisioning}]"), r#""2026-11-22T09:30:00Z""#, Some("30m"), Some("60m"), "90m");
        check(&format!("[{submitted}, {queued}]"), r#""2026-11-22T09:30:00Z""#, Some("0m"), Some("90m"), "90m");
    }
}
