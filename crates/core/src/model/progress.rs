//! Whether a build is running, and for how long.

use jiff::Timestamp;

use super::{Build, BuildPhase};
use crate::duration::Duration;

/// Whether a build is still running.
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
    /// Whether the build is still running, by its `buildStatus` and `buildComplete`. An unknown
    /// status counts as none.
    pub fn progress(&self) -> Progress {
        progress(self.build_status.as_deref(), self.build_complete)
    }

    /// When the build left the queue.
    pub fn run_start(&self) -> RunStart {
        let Some(phases) = self.phases.as_ref().filter(|phases| !phases.is_empty()) else { return RunStart::Unknown };
        let waits = |phase: &&BuildPhase| matches!(phase.phase_type.as_deref(), Some("SUBMITTED" | "QUEUED"));
        match phases.iter().find(|phase| !waits(phase)) {
            Some(first) => first.start_time.map_or(RunStart::Unknown, RunStart::At),
            None => RunStart::Queued,
        }
    }

    /// How long the build has been running at `now`, or had run when it ended, without its time
    /// in the queue. `None` if its phases are unknown.
    pub fn running(&self, now: Timestamp) -> Option<Duration> {
        match self.run_start() {
            RunStart::Unknown => None,
            RunStart::Queued => Some(Duration::default()),
            RunStart::At(start) => Some(Duration::between(start, self.end(now))),
        }
    }

    /// How long the build has been queued at `now`, or was queued before it ran or ended. `None`
    /// if its phases or its start, which is when it was requested, are unknown.
    pub fn queued(&self, now: Timestamp) -> Option<Duration> {
        let until = match self.run_start() {
            RunStart::Unknown => return None,
            RunStart::Queued => self.end(now),
            RunStart::At(start) => start,
        };
        Some(Duration::between(self.start_time?, until))
    }

    /// The time from the request for the build to `now`, or to its end. Upper bound of both
    /// [`running`](Self::running) and [`queued`](Self::queued).
    pub fn age(&self, now: Timestamp) -> Option<Duration> {
        Some(Duration::between(self.start_time?, self.end(now)))
    }

    /// When the build ended, or `now` if it has not.
    fn end(&self, now: Timestamp) -> Timestamp {
        let phases = self.phases.iter().flatten();
        let mut completed = phases.filter(|phase| phase.phase_type.as_deref() == Some("COMPLETED"));
        self.end_time.or_else(|| completed.next()?.start_time).unwrap_or(now)
    }
}

/// Whether a build or a batch is still running, by its status and by whether it is complete.
pub(super) fn progress(status: Option<&str>, is_complete: Option<bool>) -> Progress {
    let by_status = match status {
        Some("IN_PROGRESS") => Some(Progress::Running),
        Some("SUCCEEDED" | "FAILED" | "FAULT" | "TIMED_OUT" | "STOPPED") => Some(Progress::Ended),
        _ => None,
    };
    let by_completion = is_complete.map(|complete| if complete { Progress::Ended } else { Progress::Running });
    match (by_status, by_completion) {
        (Some(one), Some(other)) if one != other => Progress::Unknown,
        (one, other) => one.or(other).unwrap_or(Progress::Unknown),
    }
}

/// When a build left the queue.
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
    fn progress_is_known_where_status_and_completion_agree() {
        let check = |status: Option<&str>, complete, expected| {
            let build = Build { build_status: status.map(Into::into), build_complete: complete, ..Build::default() };
            assert_eq!(build.progress(), expected, "{status:?} {complete:?}");
        };
        check(Some("IN_PROGRESS"), Some(false), Progress::Running);
        check(Some("IN_PROGRESS"), None, Progress::Running);
        check(None, Some(false), Progress::Running);
        check(Some("REINCARNATING"), Some(false), Progress::Running);
        check(Some("STOPPED"), Some(true), Progress::Ended);
        check(Some("FAILED"), None, Progress::Ended);
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
        check("null", "null", None, None, "120m");
        check("[]", "null", None, None, "120m");
        check(&format!("[{submitted}, {queued}]"), "null", Some("0m"), Some("120m"), "120m");
        check(&format!("[{submitted}, {queued}, {provisioning}]"), "null", Some("60m"), Some("60m"), "120m");
        check(&format!("[{submitted}, {provisioning}, {completed}]"), "null", Some("30m"), Some("60m"), "90m");
        check(&format!("[{submitted}, {provisioning}]"), r#""2026-11-22T09:30:00Z""#, Some("30m"), Some("60m"), "90m");
        check(&format!("[{submitted}, {queued}]"), r#""2026-11-22T09:30:00Z""#, Some("0m"), Some("90m"), "90m");
    }
}
