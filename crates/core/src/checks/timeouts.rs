//! `max-timeout`, `max-queued-timeout`: the timeouts that the build is *configured* with.
//! CodeBuild itself ends a build that runs or queues for longer.

use super::{About, Answer, Check, CheckKind, CheckOption, IamView, OptionKind};
use crate::{
    duration::Duration,
    facts::{Fact, Facts},
    model::Build,
};

const IAM: IamView = IamView::NoKey("no condition key contains a timeout");

pub(super) const MAX_TIMEOUT: CheckKind = CheckKind {
    id: "max-timeout",
    about: About {
        breaks_when: "The build's configured timeout is over the limit.",
        why: "A build that hangs occupies its machine, and costs money, until its timeout; and anyone who starts a build can raise it.",
        example: "60m",
        project: None,
        allowed: r#"{"timeoutInMinutes": 60}"#,
        stopped: r#"{"timeoutInMinutes": 480}"#,
        reads: &["timeoutInMinutes"],
    },
    option: OptionKind::Duration(|limit| {
        Box::new(MaxTimeout { limit, member: "timeoutInMinutes", minutes: |build| build.timeout_in_minutes })
    }),
    iam: IAM,
};

pub(super) const MAX_QUEUED_TIMEOUT: CheckKind = CheckKind {
    id: "max-queued-timeout",
    about: About {
        breaks_when: "The build's configured timeout in the queue is over the limit.",
        why: "A build that can queue for hours may start when no one expects it any more.",
        example: "1h",
        project: None,
        allowed: r#"{"queuedTimeoutInMinutes": 30}"#,
        stopped: r#"{"queuedTimeoutInMinutes": 480}"#,
        reads: &["queuedTimeoutInMinutes"],
    },
    option: OptionKind::Duration(|limit| {
        let minutes = |build: &Build| build.queued_timeout_in_minutes;
        Box::new(MaxTimeout { limit, member: "queuedTimeoutInMinutes", minutes })
    }),
    iam: IAM,
};

struct MaxTimeout {
    limit: Duration,
    member: &'static str,
    minutes: fn(&Build) -> Option<i32>,
}

impl Check for MaxTimeout {
    fn decide(&self, facts: &Facts<'_>) -> Answer {
        match (self.minutes)(facts.build).map(Duration::from_minutes) {
            None => Answer::Unknown(Fact::Absent(self.member)),
            Some(timeout) if timeout > self.limit => Answer::Broken(timeout.to_string()),
            Some(_) => Answer::Pass,
        }
    }

    fn option(&self) -> CheckOption<'_> {
        CheckOption::MaxDuration(self.limit)
    }
}
