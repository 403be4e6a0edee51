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

    /// How long the build has been running at `now`, or had run when it ended: from the
    /// end of its time in the queue. `None` where it does not tell its phases.
    pub fn running(&self, now: Timestamp) -> Option<Duration> {
        let phases = self.phases.as_ref().filter(|phases| !phases.is_empty())?;
        let runs = |phase: &&BuildPhase| !matches!(phase.phase_type.as_deref(), Some("SUBMITTED" | "QUEUED"));
        let Some(first) = phases.iter().find(runs) else { return Some(Duration::default()) };
        let completed = phases.iter().find(|phase| phase.phase_type.as_deref() == Some("COMPLETED"));
        let end = self.end_time.or(completed.and_then(|phase| phase.start_time)).unwrap_or(now);
        Some(Duration::between(first.start_time?, end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_known_where_status_and_completion_agree() {
        let check = |status: Option<&str>, complete, expected| {
            let build = Build { build_status: status.map(str::to_owned), build_complete: complete, ..Build::default() };
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
    fn running_time_leaves_the_queue_out() {
        let check = |phases: &str, end: &str, expected: Option<&str>| {
            let json = format!(r#"{{"phases": {phases}, "endTime": {end}}}"#);
            let build: Build = serde_json::from_str(&json).unwrap();
            let running = build.running("2026-11-22T10:00:00Z".parse().unwrap());
            assert_eq!(running.map(|time| time.to_string()).as_deref(), expected, "{phases}");
        };
        let submitted =
            r#"{"phaseType": "SUBMITTED", "startTime": "2026-11-22T08:00:00Z", "endTime": "2026-11-22T08:00:00Z"}"#;
        let queued = r#"{"phaseType": "QUEUED", "startTime": "2026-11-22T08:00:00Z"}"#;
        let provisioning = r#"{"phaseType": "PROVISIONING", "startTime": "2026-11-22T09:00:00Z"}"#;
        check("null", "null", None);
        check("[]", "null", None);
        check(&format!("[{submitted}, {queued}]"), "null", Some("0m"));
        check(&format!("[{submitted}, {queued}, {provisioning}]"), "null", Some("60m"));
        check(&format!("[{submitted}, {provisioning}]"), "\"2026-11-22T09:30:00Z\"", Some("30m"));
    }
}
