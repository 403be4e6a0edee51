//! The checks that apply to sandboxes.

use super::{Check, CheckKind, CheckOption, OptionKind, Syntax};
use crate::{
    expression::{Expression, Variable},
    facts::NO_INITIATOR,
    model::Sandbox,
};

/// The reason why a check does not apply to sandboxes: lower case, no full stop.
pub(crate) type NotForSandboxes = String;

impl CheckKind {
    /// The reason why the check never applies to sandboxes, whatever its option is.
    pub(crate) fn not_for_sandboxes(&self) -> Option<NotForSandboxes> {
        let why = match self.option {
            OptionKind::Duration(..) | OptionKind::Dollars(_) | OptionKind::Expression(_) => return None,
            OptionKind::Forbidden(syntax, _) | OptionKind::Allowed(syntax, _) => match syntax {
                Syntax::Initiator => NO_INITIATOR,
                Syntax::Account
                | Syntax::Branch
                | Syntax::Compute
                | Syntax::Image
                | Syntax::Project
                | Syntax::Ref
                | Syntax::Region
                | Syntax::Source
                | Syntax::Tag
                | Syntax::Variable => return None,
            },
            OptionKind::Overrides(_) => "StartSandbox overrides nothing of the project",
            OptionKind::NewestPer(_) => "a newer sandbox supersedes no other",
        };
        Some(why.to_owned())
    }
}

/// The reason why a check with its option does not apply to sandboxes.
pub(crate) fn not_for_sandboxes(kind: &CheckKind, check: &dyn Check) -> Option<NotForSandboxes> {
    match check.option() {
        CheckOption::DenyWhen(expression) => absent_part(expression),
        CheckOption::MaxDuration(_)
        | CheckOption::MaxDollars(_)
        | CheckOption::Forbidden(_)
        | CheckOption::Allowed(_)
        | CheckOption::ForbiddenOverrides(_)
        | CheckOption::NewestPer(_) => kind.not_for_sandboxes(),
    }
}

/// The part of an expression that no sandbox has.
fn absent_part(expression: &Expression) -> Option<NotForSandboxes> {
    let variable = expression.reads().find_map(|variable| match variable {
        Variable::StartedBy => Some(NO_INITIATOR.to_owned()),
        Variable::Batch => Some("a sandbox belongs to no batch".to_owned()),
        Variable::Build
        | Variable::Project
        | Variable::Account
        | Variable::Region
        | Variable::Branch
        | Variable::Ref
        | Variable::Running
        | Variable::Cost
        | Variable::Now => None,
    });
    let first = |path: &str| path.split(['.', '[']).next().unwrap_or_default().to_owned();
    let mut members = expression.build_members().map(first);
    let absent = members.find(|member| !Sandbox::MEMBERS_OF_BUILD.contains(&member.as_str()));
    variable.or(absent.map(|member| format!("a sandbox has no `build.{member}`")))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::{Value, json};

    use crate::{
        facts::Facts,
        model::{Project, RunKind, Sandbox},
        policy::Policy,
        verdict::{Action, judge_by},
    };

    const PRICES: &str = "prices: {BUILD_GENERAL1_SMALL: 0.05}";

    /// A sandbox that started two hours ago, in an image, on a branch.
    fn sandbox() -> Value {
        json!({
            "id": "shop:5e000000-0000-4000-8000-000000000001",
            "arn": "arn:aws:codebuild:eu-west-1:111122223333:sandbox/shop:5e000000-0000-4000-8000-000000000001",
            "projectName": "shop", "requestTime": "2026-11-22T08:00:00Z", "status": "RUNNING",
            "sourceVersion": "refs/heads/main", "timeoutInMinutes": 480, "queuedTimeoutInMinutes": 60,
            "source": {"type": "GITHUB", "location": "https://github.com/acme/shop"},
            "environment": {
                "type": "LINUX_CONTAINER", "image": "tools", "computeType": "BUILD_GENERAL1_SMALL",
                "privilegedMode": true, "environmentVariables": [{"name": "TOKEN", "type": "PLAINTEXT", "value": "a"}],
            },
            "currentSession": {"phases": [
                {"phaseType": "QUEUED", "startTime": "2026-11-22T08:00:00Z"},
                {"phaseType": "PROVISIONING", "startTime": "2026-11-22T08:30:00Z"},
            ]},
        })
    }

    /// Judges the [`sandbox`] by a policy. Returns the action, the values found, and the missing facts.
    fn judged(policy: &str) -> String {
        let policy = Policy::parse("p", policy).unwrap_or_else(|faults| panic!("{faults}"));
        let sandbox: Sandbox = serde_json::from_value(sandbox()).unwrap();
        let (build, project) = (sandbox.as_build(), Project::default());
        let now: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        let facts = Facts { kind: RunKind::Sandbox, ..Facts::known(&build, true, Some(&project), now) };
        let verdict = judge_by(&policy, &facts);
        assert_eq!(verdict.deadline, None, "nothing calls the function back for a sandbox");
        let action = match verdict.action {
            Action::Allow => "allow",
            Action::Report => "report",
            Action::Protect => "protect",
            Action::Stop => "stop",
        };
        let found = verdict.violations.iter().map(|broken| format!(": {}", broken.found));
        let missing = verdict.undecided.iter().map(|undecided| format!(", missing {}", undecided.missing));
        let exempt = verdict.exempted.iter().map(|_| ", exempt".to_owned());
        [action.to_owned()].into_iter().chain(found).chain(missing).chain(exempt).collect()
    }

    fn check(rule: &str, expected: &str) {
        let policy = format!("{{version: 1, {PRICES}, rules: [{{id: r, {rule}}}]}}");
        assert_eq!(judged(&policy), expected, "{rule}");
    }

    #[test]
    fn a_check_that_looks_at_what_a_sandbox_has_applies_to_it() {
        check("max-timeout: 60m", "stop: 480m");
        check("max-queued-timeout: 30m", "stop: 60m");
        check("max-duration: 60m", "stop: 90m");
        check("max-duration: 100m", "allow");
        check("max-queue-time: 10m", "stop: 30m");
        check("max-cost: 4", "stop: 4.50 USD");
        check("forbidden-branches: [main]", "stop: main");
        check("allowed-branches: [dev]", "stop: main");
        check("forbidden-refs: [refs/heads/*]", "stop: refs/heads/main");
        check("forbidden-compute: ['*_SMALL']", "stop: LINUX_CONTAINER/BUILD_GENERAL1_SMALL");
        check("allowed-images: [aws/codebuild/*]", "stop: tools");
        check("forbidden-sources: ['https://github.com/acme/*']", "stop: https://github.com/acme/shop");
        check("forbidden-variables: [TOKEN]", "stop: TOKEN");
        check("deny-when: build.environment.privilegedMode && branch == 'main'", "stop: it is true");
        check("deny-when: '!has(build.vpcConfig) && !has(project.webhook)'", "stop: it is true");
        check("deny-when: 'true'", "stop: it is true");
        check("deny-when: \"running > duration('80m')\"", "stop: it is true");
    }

    #[test]
    fn a_check_that_looks_at_what_no_sandbox_has_does_not_apply_to_it() {
        for rule in [
            "allowed-initiators: [codepipeline/*]",
            "forbidden-initiators: ['*']",
            "forbidden-overrides: [image]",
            "only-newest-per: [project]",
            "deny-when: startedBy != 'pipeline'",
            "deny-when: '!has(build.initiator)'",
            "deny-when: has(batch.id) || build.environment.privilegedMode",
            "deny-when: '!has(build.buildBatchArn)'",
            "deny-when: \"build.projectName == 'shop' && build.buildNumber > 5\"",
        ] {
            for more in ["", ", only: [{kinds: [sandbox]}]", ", on-unknown: stop"] {
                check(&format!("{rule}{more}"), "allow");
            }
        }
    }

    #[test]
    fn scopes_and_exemptions_name_kinds() {
        check("max-timeout: 60m, only: [{kinds: [sandbox]}]", "stop: 480m");
        check("max-timeout: 60m, only: [{kinds: [build]}]", "allow");
        check("max-timeout: 60m, only: [{kinds: [build, sandbox], projects: [shop]}]", "stop: 480m");
        check("max-timeout: 60m, only: [{kinds: [sandbox], projects: [other]}, {kinds: [build]}]", "allow");
        check("max-timeout: 60m, except: [{kinds: [sandbox]}]", "allow, exempt");
        check("max-timeout: 60m, except: [{kinds: [build]}]", "stop: 480m");
    }

    /// A sandbox has no initiator, so no selector matches it.
    #[test]
    fn no_selector_of_initiators_or_starters_matches_a_sandbox() {
        for selector in ["initiators: ['*']", "started-by: [user, role, webhook, pipeline, rule, build, retry]"] {
            check(&format!("max-timeout: 60m, only: [{{{selector}}}]"), "allow");
            check(&format!("max-timeout: 60m, except: [{{{selector}}}]"), "stop: 480m");
        }
        check(
            "max-timeout: 60m, except: [{when: startedBy == 'pipeline'}]",
            "allow, missing startedBy (a sandbox has no initiator)",
        );
    }

    #[test]
    fn what_is_unknown_never_stops_a_sandbox() {
        let rule = "deny-when: has(build.vpcConfig) || build.vpcConfig.vpcId == 'a'";
        check(rule, "allow, missing build.vpcConfig");
        check(&format!("{rule}, on-unknown: stop"), "allow, missing build.vpcConfig");
    }

    #[test]
    fn modes_and_never_stop_hold_for_a_sandbox() {
        check("max-timeout: 60m, mode: report", "report: 480m");
        check("max-timeout: 60m, mode: 'off'", "allow");
        let protected = "{version: 1, never-stop: [shop], rules: [{id: r, max-timeout: 60m}]}";
        assert_eq!(judged(protected), "protect: 480m");
    }
}
