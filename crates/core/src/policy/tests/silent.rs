//! Policies whose rule does not mean what its author meant. `check` reports a fault or a
//! warning, or the rule stops the build that is meant.

mod expressions;
mod selectors;
mod values;

use crate::{
    facts::Facts,
    model::Build,
    policy::Policy,
    verdict::{Action, judge_by},
};

const NOW: &str = "2026-11-26T12:00:00Z";

/// A build with these members beside those that every build has.
fn build(members: &str) -> Build {
    let mut build = serde_json::json!({
        "arn": "arn:aws:codebuild:eu-west-1:111122223333:build/shop:1",
        "projectName": "shop",
        "initiator": "alice",
        "startTime": "2026-11-21T09:00:00Z",
        "timeoutInMinutes": 480,
        "queuedTimeoutInMinutes": 480,
    });
    let members: serde_json::Value = serde_json::from_str(members).unwrap();
    build.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    serde_json::from_value(build).unwrap()
}

/// `fault`, or what the rule does with the build: `stop` or `nothing`, behind `warning` if
/// there is one.
fn outcome(rule: &str, members: &str) -> String {
    let indented: String = rule.lines().map(|line| format!("    {line}\n")).collect();
    let text = format!("version: 1\nrules:\n  - id: r\n{indented}");
    let Ok(policy) = Policy::parse("policy.yaml", &text) else { return "fault".into() };
    let now = NOW.parse().unwrap();
    let build = build(members);
    let facts = Facts { is_whole: true, ..Facts::of(&build, now) };
    let does = if judge_by(&policy, &facts).action == Action::Stop { "stop" } else { "nothing" };
    let findings = policy.lint("policy.yaml", &text, now);
    let warns = findings.iter().next().is_some();
    format!("{}{does}", if warns { "warning, " } else { "" })
}

#[track_caller]
fn check(members: &str, cases: &[(&str, &str)]) {
    for (rule, expected) in cases {
        assert_eq!(outcome(rule, members), *expected, "{rule}");
    }
}

const BRANCH: &str = r#"{"sourceVersion": "refs/heads/main", "source": {"type": "GITHUB", "location": "https://github.com/evil/a.git"}}"#;

#[test]
fn branches_and_refs() {
    check(
        BRANCH,
        &[
            ("forbidden-branches: [refs/heads/main]", "stop"),
            ("forbidden-branches: [heads/main]", "stop"),
            ("forbidden-branches: [origin/main]", "stop"),
            ("forbidden-branches: [refs/remotes/origin/main]", "stop"),
            ("forbidden-branches: ['refs/heads/*']", "stop"),
            ("forbidden-branches: [main/]", "warning, stop"),
            ("forbidden-branches: [/main/]", "warning, stop"),
            ("forbidden-branches: [main^0]", "fault"),
            ("forbidden-branches: [~1]", "fault"),
            ("forbidden-branches: [^main$]", "fault"),
            ("forbidden-branches: ['.*']", "fault"),
            ("forbidden-branches: [refs/tags/v1]", "fault"),
            ("forbidden-branches: [refs/pull/*]", "fault"),
            ("forbidden-branches: [main master]", "fault"),
            ("forbidden-branches: ['main|master']", "warning, nothing"),
            ("forbidden-branches: ['(main|release)']", "warning, nothing"),
            ("forbidden-branches: ['(main)']", "warning, nothing"),
            ("forbidden-branches: ['main,master']", "warning, nothing"),
            ("forbidden-branches: ['*/main']", "warning, nothing"),
            ("forbidden-branches: [pr/*]", "warning, nothing"),
            ("only: [{ branches: [refs/heads/main] }]\nmax-timeout: 1h", "stop"),
            ("only: [{ refs: [main] }]\nmax-timeout: 1h", "fault"),
            ("forbidden-refs: [refs/heads/main]", "stop"),
            ("forbidden-refs: [heads/main]", "stop"),
            ("forbidden-refs: [main]", "fault"),
            ("deny-when: branch == \"refs/heads/main\"", "fault"),
            ("deny-when: branch in [\"main\", \"origin/main\"]", "fault"),
            ("deny-when: branch.startsWith(\"refs/heads/\")", "fault"),
            ("deny-when: branch.glob(\"refs/heads/*\")", "fault"),
            ("deny-when: branch == \"ma*\"", "fault"),
            ("deny-when: ref == \"main\"", "fault"),
            ("deny-when: ref == \"pr/25\"", "fault"),
            ("deny-when: ref.startsWith(\"heads/\")", "fault"),
            ("deny-when: ref == \"refs/heads/main\"", "stop"),
            ("deny-when: ref.startsWith(\"refs/heads/\") && ref.glob(\"refs/*/main\")", "stop"),
            ("deny-when: startedBy == \"codepipeline\"", "fault"),
            ("deny-when: startedBy in [\"user\", \"Pipeline\"]", "fault"),
            ("only: [{ started-by: [codepipeline] }]\nmax-timeout: 1h", "fault"),
            ("only: [{ started-by: ['*'] }]\nmax-timeout: 1h", "fault"),
            ("deny-when: branch == \"main|master\"", "warning, nothing"),
            ("deny-when: branch == \"main\"", "stop"),
            ("deny-when: branch.glob(\"ma*\") || branch.startsWith(\"main\") || branch.endsWith(\"main\")", "stop"),
        ],
    );
}

#[test]
fn sources() {
    check(
        BRANCH,
        &[
            ("forbidden-sources: ['https://github.com/evil/*']", "stop"),
            ("forbidden-sources: ['HTTPS://GitHub.com/EVIL/*']", "stop"),
            ("forbidden-sources: ['ssh://git@github.com/evil/*']", "stop"),
            ("forbidden-sources: ['git@github.com:evil/*']", "stop"),
            ("forbidden-sources: ['http://github.com/evil/*']", "stop"),
            ("forbidden-sources: ['https://www.github.com:443//evil/a.git/']", "stop"),
            ("forbidden-sources: ['https://github.com/evil']", "fault"),
            ("forbidden-sources: ['https://github.com/evil/']", "fault"),
            ("forbidden-sources: [GITHUB]", "fault"),
            ("forbidden-sources: [github.com]", "fault"),
            ("forbidden-sources: ['https?://github.com/evil/*']", "fault"),
            ("forbidden-sources: ['s3://bucket/*']", "fault"),
            ("forbidden-sources: [github.com/evil/*]", "warning, nothing"),
            ("only: [{ sources: [github.com/evil/*] }]\nmax-timeout: 1h", "warning, nothing"),
            ("deny-when: build.source.type == \"Github\"", "fault"),
            ("deny-when: build.source.type in [\"GITHUB\", \"gitlab\"]", "fault"),
            ("deny-when: build.source.type == \"GITEA\"", "warning, nothing"),
            ("deny-when: build.source.type == \"GITHUB\"", "stop"),
        ],
    );
    let ssh = r#"{"source": {"type": "GITHUB", "location": "ssh://git@github.com/evil/a.git"}}"#;
    check(ssh, &[("forbidden-sources: ['ssh://git@github.com/evil/*']", "stop")]);
    let none = r#"{"source": {"type": "NO_SOURCE"}}"#;
    check(
        none,
        &[
            ("allowed-sources: ['https://github.com/acme/*']", "stop"),
            ("allowed-sources: ['https://github.com/acme/*', NO_SOURCE]", "nothing"),
            ("forbidden-sources: ['https://github.com/acme/*']", "nothing"),
            ("forbidden-sources: [NO_SOURCE]", "stop"),
        ],
    );
    let secondary = r#"{"source": {"type": "GITHUB", "location": "https://github.com/acme/a"}, "secondarySources": [{"type": "GITHUB", "location": "git@github.com:evil/a"}]}"#;
    check(
        secondary,
        &[
            ("allowed-sources: ['https://github.com/acme/*']", "stop"),
            ("forbidden-sources: ['https://github.com/evil/*']", "stop"),
            ("only: [{ sources: ['https://github.com/evil/*'] }]\nmax-timeout: 1h", "nothing"),
        ],
    );
}

#[test]
fn compute_types_and_images() {
    let large = r#"{"environment": {"type": "LINUX_GPU_CONTAINER", "computeType": "BUILD_GENERAL1_2XLARGE", "image": "tools"}}"#;
    check(
        large,
        &[
            ("forbidden-compute: [BUILD_GENERAL1_2XLARGE]", "stop"),
            ("forbidden-compute: [LINUX_GPU_CONTAINER/*]", "stop"),
            ("forbidden-compute: [BUILD_GENERAL1_2XLARGE/LINUX_GPU_CONTAINER]", "fault"),
            ("forbidden-compute: [2XLARGE]", "fault"),
            ("forbidden-compute: [build.general1.2xlarge]", "fault"),
            ("forbidden-compute: [g4dn.xlarge]", "fault"),
            ("forbidden-compute: [linux_gpu_container/*]", "fault"),
            ("forbidden-compute: [LINUX_GPU_CONTAINER]", "fault"),
            ("forbidden-compute: [BUILD_GENERAL1_2XLARG]", "warning, nothing"),
            ("deny-when: build.environment.computeType == \"2XLARGE\"", "fault"),
            ("deny-when: build.environment.type == \"Linux_gpu_container\"", "fault"),
            ("deny-when: build.environment.computeType == \"BUILD_GENERAL1_4XLARGE\"", "warning, nothing"),
            ("forbidden-images: ['*:latest']", "stop"),
            ("forbidden-images: [tools]", "stop"),
            ("forbidden-images: ['index.docker.io/library/tools:latest']", "stop"),
            ("forbidden-images: [Tools]", "fault"),
            ("allowed-images: [aws/codebuild/*]", "stop"),
            ("allowed-images: [docker.io/library/*]", "nothing"),
            ("allowed-images: ['too*']", "warning, stop"),
        ],
    );
}

#[test]
fn accounts_regions_and_projects() {
    check(
        "{}",
        &[
            ("only: [{ regions: [Ireland] }]\nmax-timeout: 1h", "fault"),
            ("only: [{ regions: [eu-west-1a] }]\nmax-timeout: 1h", "fault"),
            ("only: [{ regions: [EU-WEST-1] }]\nmax-timeout: 1h", "fault"),
            ("only: [{ regions: [eu-west-1] }]\nmax-timeout: 1h", "stop"),
            ("only: [{ accounts: ['1111-2222-3333'] }]\nmax-timeout: 1h", "fault"),
            ("only: [{ accounts: ['11112222333'] }]\nmax-timeout: 1h", "fault"),
            ("only: [{ accounts: [!Ref 'AWS::AccountId'] }]\nmax-timeout: 1h", "fault"),
            ("only: [{ accounts: [!Ref '111122223333'] }]\nmax-timeout: 1h", "fault"),
            ("only: [{ accounts: ['111122223333'] }]\nmax-timeout: 1h", "stop"),
            (
                "only: [{ projects: ['arn:aws:codebuild:eu-west-1:111122223333:project/shop'] }]\nmax-timeout: 1h",
                "fault",
            ),
            ("except: [{ projects: ['team/shop'] }]\nmax-timeout: 1h", "fault"),
            ("except: [{ initiators: ['arn:aws:iam::111122223333:user/alice'] }]\nmax-timeout: 1h", "warning, stop"),
            ("deny-when: region == \"eu-west-1a\"", "fault"),
            ("deny-when: account == \"11112222333\"", "fault"),
            ("deny-when: account == \"111122223333\" && region == \"eu-west-1\"", "stop"),
            ("deny-when: region.startsWith(\"EU\")", "fault"),
            ("deny-when: region.startsWith(\"eu-\")", "stop"),
        ],
    );
}

#[test]
fn times_and_constants() {
    check(
        r#"{"startTime": "2026-12-20T09:00:00Z", "logs": {"cloudWatchLogs": {"status": "DISABLED"}}}"#,
        &[
            ("deny-when: build.startTime.getMonth() == 12", "fault"),
            ("deny-when: build.startTime.getMonth() == 11", "stop"),
            ("deny-when: build.startTime.getDayOfWeek(\"Europe/Berlin\") in [7]", "fault"),
            ("deny-when: build.startTime.getDayOfWeek(\"Europe/Berlin\") in [0, 6]", "stop"),
            ("deny-when: build.startTime.getHours() == 24", "fault"),
            ("deny-when: build.logs.cloudWatchLogs.status == \"Disabled\"", "fault"),
            ("deny-when: build.logs.cloudWatchLogs.status == \"DISABLED\"", "stop"),
            ("deny-when: 'true'", "warning, stop"),
            ("deny-when: 1 > 2", "warning, nothing"),
            ("except: [{ when: 'true' }]\nmax-timeout: 1h", "warning, nothing"),
            ("only: [{ when: 'false' }]\nmax-timeout: 1h", "warning, nothing"),
            ("max-timeout: 36h", "warning, nothing"),
            ("max-timeout: 4m", "warning, stop"),
            ("max-queued-timeout: 8h", "warning, nothing"),
            ("max-queued-timeout: 4m", "warning, stop"),
        ],
    );
}
