//! `max-timeout`, `max-queued-timeout`: the timeouts the build is *configured* with.
//! CodeBuild itself ends a build that runs or queues for longer.

use super::{Answer, Check, CheckKind};
use crate::{
    build::Build,
    duration::Duration,
    facts::{Fact, Facts},
};

pub(super) const MAX_TIMEOUT: CheckKind = CheckKind {
    id: "max-timeout",
    read: |reader, node| {
        let limit = reader.scalar(node)?;
        Some(Box::new(Timeout { limit, member: "timeoutInMinutes", minutes: |build| build.timeout_in_minutes }))
    },
};

pub(super) const MAX_QUEUED_TIMEOUT: CheckKind = CheckKind {
    id: "max-queued-timeout",
    read: |reader, node| {
        let limit = reader.scalar(node)?;
        let minutes = |build: &Build| build.queued_timeout_in_minutes;
        Some(Box::new(Timeout { limit, member: "queuedTimeoutInMinutes", minutes }))
    },
};

#[derive(Debug)]
struct Timeout {
    limit: Duration,
    member: &'static str,
    minutes: fn(&Build) -> Option<i32>,
}

impl Check for Timeout {
    fn decide(&self, facts: &Facts<'_>) -> Answer {
        match (self.minutes)(facts.build).map(Duration::from_minutes) {
            None => Answer::Unknown(Fact::Absent(self.member)),
            Some(timeout) if timeout > self.limit => Answer::Broken(timeout.to_string()),
            Some(_) => Answer::Pass,
        }
    }

    fn limit(&self) -> String {
        self.limit.to_string()
    }
}
