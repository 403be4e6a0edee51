//! `max-timeout`, `max-queued-timeout`: the timeouts that the build is *configured* with.
//! CodeBuild itself ends a build that runs or queues for longer.

use super::{Answer, Check, CheckDocs, CheckKind, CheckOption, IamView, OptionKind, TimeLimit};
use crate::{
    duration::Duration,
    facts::{Facts, MissingFact},
    model::Build,
};

const IAM: IamView = IamView::NoKey("no condition key contains a timeout");

/// The longest timeout of a build that CodeBuild accepts, in minutes. No build runs for longer.
/// <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_CreateProject.html>
pub(super) const LONGEST_RUN: i32 = 2160;
/// The longest timeout in the queue that CodeBuild accepts, in minutes. No build is queued for longer. The same page.
pub(super) const LONGEST_QUEUE: i32 = 480;

pub(super) const MAX_TIMEOUT: CheckKind = CheckKind {
    id: "max-timeout",
    about: CheckDocs {
        breaks_when: "The build's configured timeout is over the limit. Never on Lambda compute, where CodeBuild ignores it and ends every build after 15 minutes.",
        why: "A build that hangs occupies its machine, and costs money, until its timeout; and anyone who starts a build can raise it.",
        example: "60m",
        project: None,
        running: None,
        allowed: r#"{"timeoutInMinutes": 60}"#,
        stopped: r#"{"timeoutInMinutes": 480, "environment": {"computeType": "BUILD_GENERAL1_SMALL"}}"#,
        reads: &["timeoutInMinutes", "environment.computeType", "environment.type"],
    },
    option: OptionKind::Duration(
        TimeLimit { shortest: Some(5), longest: LONGEST_RUN, broken: |limit| format!("with a timeout over {limit}") },
        |limit| Box::new(MaxTimeout { limit, member: "timeoutInMinutes", minutes: |build| build.timeout_in_minutes }),
    ),
    iam: IAM,
};

pub(super) const MAX_QUEUED_TIMEOUT: CheckKind = CheckKind {
    id: "max-queued-timeout",
    about: CheckDocs {
        breaks_when: "The build's configured timeout in the queue is over the limit. Never on Lambda compute, which has no queue.",
        why: "A build that can queue for hours may start when no one expects it any more.",
        example: "1h",
        project: None,
        running: None,
        allowed: r#"{"queuedTimeoutInMinutes": 30}"#,
        stopped: r#"{"queuedTimeoutInMinutes": 480, "environment": {"computeType": "BUILD_GENERAL1_SMALL"}}"#,
        reads: &["queuedTimeoutInMinutes", "environment.computeType", "environment.type"],
    },
    option: OptionKind::Duration(
        TimeLimit {
            shortest: Some(5),
            longest: LONGEST_QUEUE,
            broken: |limit| format!("with a timeout over {limit} in the queue"),
        },
        |limit| {
            let minutes = |build: &Build| build.queued_timeout_in_minutes;
            Box::new(MaxTimeout { limit, member: "queuedTimeoutInMinutes", minutes })
        },
    ),
    iam: IAM,
};

struct MaxTimeout {
    limit: Duration,
    member: &'static str,
    minutes: fn(&Build) -> Option<i32>,
}

impl Check for MaxTimeout {
    fn decide(&self, facts: &Facts<'_>) -> Answer {
        let timeout = (self.minutes)(facts.build).map(Duration::from_minutes);
        if timeout.is_some_and(|timeout| timeout <= self.limit) {
            return Answer::Pass;
        }
        match (facts.runs_on_lambda(), timeout) {
            (Ok(true), _) => Answer::Pass,
            (_, None) => Answer::Unknown(MissingFact::Absent(self.member)),
            (Ok(false), Some(timeout)) => Answer::Broken(timeout.to_string()),
            (Err(fact), Some(_)) => Answer::Unknown(fact),
        }
    }

    fn never_applies(&self, facts: &Facts<'_>) -> Option<&'static str> {
        (facts.runs_on_lambda() == Ok(true)).then_some("CodeBuild ignores timeouts on Lambda compute")
    }

    fn value(&self, facts: &Facts<'_>) -> Option<String> {
        (self.minutes)(facts.build).map(|minutes| Duration::from_minutes(minutes).to_string())
    }

    fn option(&self) -> CheckOption<'_> {
        CheckOption::MaxDuration(self.limit)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::{
        facts::Facts,
        model::Build,
        policy::Policy,
        verdict::{Action, judge_by},
    };

    #[test]
    fn a_timeout_counts_where_codebuild_heeds_it() {
        let general = json!({"computeType": "BUILD_GENERAL1_SMALL", "type": "LINUX_CONTAINER"});
        let is_broken = |environment: &Value, minutes: Value, is_whole| {
            let policy = "{version: 1, rules: [{id: a, max-timeout: 1h}, {id: b, max-queued-timeout: 1h}]}";
            let policy = Policy::parse("policy.yaml", policy).unwrap();
            let build =
                json!({"environment": environment, "timeoutInMinutes": minutes, "queuedTimeoutInMinutes": minutes});
            let build: Build = serde_json::from_value(build).unwrap();
            let now = "2026-11-22T09:00:00Z".parse().unwrap();
            let verdict = judge_by(&policy, &Facts { is_whole, ..Facts::of(&build, now) });
            match verdict.action {
                Action::Stop if verdict.violations.len() == 2 => "stop".to_owned(),
                _ => verdict.undecided.first().map_or("pass".to_owned(), |undecided| undecided.missing.to_string()),
            }
        };
        for (environment, event, api) in [
            (general.clone(), "stop", "stop"),
            (json!({"computeType": "BUILD_LAMBDA_1GB", "type": "LINUX_LAMBDA_CONTAINER"}), "pass", "pass"),
            (json!({"computeType": "BUILD_LAMBDA_10GB"}), "pass", "pass"),
            (json!({"type": "ARM_LAMBDA_CONTAINER"}), "pass", "pass"),
            (json!({"computeType": "CUSTOM_INSTANCE_TYPE"}), "stop", "stop"),
            (json!({"type": "LINUX_EC2"}), "stop", "stop"),
            // An event without these members may be about a build on Lambda compute.
            (json!({}), "environment.computeType", "stop"),
            (json!(null), "environment.computeType", "stop"),
        ] {
            assert_eq!(is_broken(&environment, json!(480), false), event, "{environment}");
            assert_eq!(is_broken(&environment, json!(480), true), api, "{environment}");
            assert_eq!(is_broken(&environment, json!(60), false), "pass", "{environment}");
        }
        assert_eq!(is_broken(&general, json!(null), false), "timeoutInMinutes");
        assert_eq!(is_broken(&json!({"computeType": "BUILD_LAMBDA_1GB"}), json!(null), false), "pass");
    }
}
