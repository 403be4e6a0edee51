//! `max-timeout`, `max-queued-timeout`: the timeouts the build is *configured* with.
//! CodeBuild itself ends a build that runs or queues for longer.

use std::any::Any;

use super::{About, Answer, Check, CheckKind, OptionKind, prevention::Prevention};
use crate::{
    duration::Duration,
    facts::{Fact, Facts},
    model::Build,
};

pub(super) const MAX_TIMEOUT: CheckKind = CheckKind {
    id: "max-timeout",
    about: About {
        breaks_when: "The build's configured timeout is over the limit.",
        why: "A build that hangs holds its machine, and its cost, until its timeout; and any build may raise its own.",
        example: "60m",
        project: None,
        allowed: r#"{"timeoutInMinutes": 60}"#,
        stopped: r#"{"timeoutInMinutes": 480}"#,
        reads: &["timeoutInMinutes"],
    },
    option: OptionKind::Duration,
    read: |reader, node| {
        let limit = reader.scalar(node)?;
        Some(Box::new(Timeout { limit, member: "timeoutInMinutes", minutes: |build| build.timeout_in_minutes }))
    },
};

pub(super) const MAX_QUEUED_TIMEOUT: CheckKind = CheckKind {
    id: "max-queued-timeout",
    about: About {
        breaks_when: "The build's configured timeout in the queue is over the limit.",
        why: "A build that may queue for hours starts when nobody expects it any more.",
        example: "1h",
        project: None,
        allowed: r#"{"queuedTimeoutInMinutes": 30}"#,
        stopped: r#"{"queuedTimeoutInMinutes": 480}"#,
        reads: &["queuedTimeoutInMinutes"],
    },
    option: OptionKind::Duration,
    read: |reader, node| {
        let limit = reader.scalar(node)?;
        let minutes = |build: &Build| build.queued_timeout_in_minutes;
        Some(Box::new(Timeout { limit, member: "queuedTimeoutInMinutes", minutes }))
    },
};

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

    fn prevention(&self) -> Prevention {
        Prevention::NoKey("no condition key sees a timeout")
    }

    fn covers(&self, other: &dyn Check) -> bool {
        let other: Option<&Self> = (other as &dyn Any).downcast_ref();
        other.is_some_and(|other| self.member == other.member && self.limit <= other.limit)
    }
}
