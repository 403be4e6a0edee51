//! Whether a build runs, and for how long.

use jiff::Timestamp;

use super::{Build, BuildPhase};
use crate::duration::Duration;

/// Whether a build still runs, as far as it tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It is queued or running.
    Running,
    /// It has ended, whichever way.
    Ended,
    /// It does not say, or it says two things.
    Unknown,
}

impl Build {
    /// Whether the build still runs: its `buildStatus` and its `buildComplete`,
    /// where neither gainsays the other. A status that AWS has yet to invent tells nothing.
    pub fn progress(&self) -> Progress {
        let by_status = match self.build_status.as_deref() {
            Some("IN_PROGRESS") => Some(Progress::Running),
            Some("SUCCEEDED" | "FAILED" | "FAULT" | "TIMED_OUT" | "STOPPED") => Some(Progress::Ended),
            _ => None,
        };
        let by_completion =
            self.build_complete.map(|complete| if complete { Progress::Ended } else { Progress::Running });
        match (by_status, by_completion) {
            (Some(one), Some(other)) if one != other => Progress::Unknown,
            (one, other) => one.or(other).unwrap_or(Progress::Unknown),
        }
    }

    /// Since when the build runs, as far as it tells.
    pub fn run_start(&self) -> RunStart {
        let Some(phases) = self.phases.as_ref().filter(|phases| !phases.is_empty()) else { return RunStart::Untold };
        let waits = |phase: &&BuildPhase| matches!(phase.phase_type.as_deref(), Some("SUBMITTED" | "QUEUED"));
        match phases.iter().find(|phase| !waits(phase)) {
            Some(first) => first.start_time.map_or(RunStart::Untold, RunStart::At),
            None => RunStart::Queued,
        }
    }

    /// How long the build has been running at `now`, or had run when it ended: from the
    /// end of its time in the queue. `None` where it does not tell its phases.
    pub fn running(&self, now: Timestamp) -> Option<Duration> {
        match self.run_start() {
            RunStart::Untold => None,
            RunStart::Queued => Some(Duration::default()),
            RunStart::At(start) => Some(Duration::between(start, self.end(now))),
        }
    }

    /// How long the build has been queued at `now`, or was until it ran or ended: from its
    /// start, which is when it was asked for. `None` where it does not tell its phases.
    pub fn queued(&self, now: Timestamp) -> Option<Duration> {
        let until = match self.run_start() {
            RunStart::Untold => return None,
            RunStart::Queued => self.end(now),
            RunStart::At(start) => start,
        };
        Some(Duration::between(self.start_time?, until))
    }

    /// How long ago the build was asked for, or how long before it ended. It can have been
    /// queued, and can have been running, for no longer.
    pub fn age(&self, now: Timestamp) -> Option<Duration> {
        Some(Duration::between(self.start_time?, self.end(now)))
    }

    /// When the build ended, or `now` where it has not.
    fn end(&self, now: Timestamp) -> Timestamp {
        let phases = self.phases.iter().flatten();
        let mut completed = phases.filter(|phase| phase.phase_type.as_deref() == Some("COMPLETED"));
        self.end_time.or_else(|| completed.next()?.start_time).unwrap_or(now)
    }
}

/// Since when a build runs, its time in the queue left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunStart {
    /// It does not tell its phases.
    Untold,
    /// It has yet to leave the queue.
    Queued,
    /// Since then.
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
