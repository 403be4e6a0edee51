use proptest::prelude::*;

use super::*;
use crate::{
    model::Project,
    model::{ProjectEnvironment, ProjectSource},
};

const NOW: &str = "2026-11-22T09:00:00Z";

/// A build whose facts are all known: on `main`, 60 minutes, small, started by alice.
fn build() -> Build {
    let text = |text: &str| Some(text.into());
    Build {
        id: text("shop:5e000000-0000-4000-8000-000000000001"),
        arn: text("arn:aws:codebuild:eu-west-1:111122223333:build/shop:5e000000-0000-4000-8000-000000000001"),
        project_name: text("shop"),
        source_version: text("main"),
        initiator: text("alice"),
        timeout_in_minutes: Some(60),
        source: Some(ProjectSource {
            r#type: text("GITHUB"),
            location: text("https://github.com/acme/shop"),
            ..Default::default()
        }),
        environment: Some(ProjectEnvironment {
            r#type: text("LINUX_CONTAINER"),
            compute_type: text("BUILD_GENERAL1_SMALL"),
            ..Default::default()
        }),
        ..Build::default()
    }
}

fn policy(rule: &str) -> Policy {
    Policy::parse("policy.yaml", &format!("{{version: 1, never-stop: [deploy-*], rules: [{{id: r, {rule}}}]}}"))
        .unwrap()
}

/// Checks the rule's result: `allow`, `report`, `protect` or `stop`, and the facts that are
/// unknown.
#[track_caller]
fn check(rule: &str, build: &Build, expected: &str) {
    check_by(rule, &Facts::of(build, NOW.parse().unwrap()), expected);
}

#[track_caller]
fn check_by(rule: &str, facts: &Facts<'_>, expected: &str) {
    let verdict = judge_by(&policy(rule), facts);
    let mut found = format!("{:?}", verdict.action).to_lowercase();
    for undecided in &verdict.undecided {
        found.push_str(&format!(", unknown {}", undecided.missing));
    }
    for exempted in &verdict.exempted {
        found.push_str(&format!(", exempt until {:?}", exempted.until.map(|date| date.to_string())));
    }
    assert_eq!(found, expected, "{rule}");
}

#[test]
fn modes_over_time() {
    let on_main = build();
    check("forbidden-branches: [main]", &on_main, "stop");
    check("forbidden-branches: [main], mode: report", &on_main, "report");
    check("forbidden-branches: [main], mode: off", &on_main, "allow");
    // A date holds through its day, UTC: NOW is on the 22nd.
    check("forbidden-branches: [main], mode: report, enforce-after: 2026-11-22", &on_main, "report");
    check("forbidden-branches: [main], mode: report, enforce-after: 2026-11-21", &on_main, "stop");
}

#[test]
fn the_ceiling_is_over_every_mode() {
    let under = |ceiling| judge(&policy("forbidden-branches: [main]").under(ceiling), &build(), NOW.parse().unwrap());
    assert_eq!(under(Mode::Report).action, Action::Report);
    assert_eq!(under(Mode::Report).violations[0].mode, Mode::Report);
    assert_eq!(under(Mode::Off).action, Action::Allow);
}

#[test]
fn a_project_that_is_never_stopped_is_protected() {
    let deploy = Build { project_name: Some("deploy-shop".into()), ..build() };
    check("forbidden-branches: [main]", &deploy, "protect");
    check("forbidden-branches: [main], mode: report", &deploy, "report");
    // One that is not known might be such a project.
    check("forbidden-branches: [main]", &Build { project_name: None, ..build() }, "protect");
}

#[test]
fn selectors_join_keys_by_and_and_lists_by_or() {
    let scoped = |only: &str| format!("forbidden-branches: [main], only: {only}");
    check(&scoped("[{projects: [a, shop]}]"), &build(), "stop");
    check(&scoped("[{projects: [shop], initiators: [bob]}]"), &build(), "allow");
    check(
        &scoped("[{projects: [a]}, {initiators: [alice], regions: [eu-*], accounts: ['111122223333']}]"),
        &build(),
        "stop",
    );
    check(&scoped("[{sources: ['https://github.com/acme/*'], branches: [main]}]"), &build(), "stop");
}

#[test]
fn exemptions_hold_through_their_last_day() {
    let except = |exemption: &str| format!("forbidden-branches: [main], except: [{{projects: [shop], {exemption}}}]");
    check(&except(""), &build(), "allow, exempt until None");
    check(&except("until: 2026-11-22"), &build(), "allow, exempt until Some(\"2026-11-22\")");
    check(&except("until: 2026-11-21"), &build(), "stop");
    // Who breaks nothing needs no exemption.
    check(&except(""), &Build { source_version: Some("dev".into()), ..build() }, "allow");
}

#[test]
fn cannot_tell_is_never_a_silent_pass() {
    let commit = Build { source_version: Some("d5b0159a3ce05a95d7f16055dab3e0ae3cae6cff".into()), ..build() };
    let unknown = "unknown branch (the source version is a commit id)";
    check("forbidden-branches: [main]", &commit, &format!("allow, {unknown}"));
    check("forbidden-branches: [main], on-unknown: ignore", &commit, &format!("allow, {unknown}"));
    // A source may still know the branch.
    check("forbidden-branches: [main], on-unknown: stop", &commit, &format!("allow, {unknown}"));
    let everything = Facts {
        exhausted: [Source::Build, Source::Project, Source::Git].into_iter().collect(),
        ..Facts::of(&commit, NOW.parse().unwrap())
    };
    check_by("forbidden-branches: [main], on-unknown: stop", &everything, &format!("stop, {unknown}"));
    check_by("forbidden-branches: [main], on-unknown: stop, mode: report", &everything, &format!("report, {unknown}"));
    let later = Facts { awaited: [Source::Git].into_iter().collect(), ..everything };
    check_by("forbidden-branches: [main], on-unknown: stop", &later, &format!("allow, {unknown}"));
    check("max-timeout: 5m", &Build::default(), "allow, unknown timeoutInMinutes");
}

#[test]
fn an_unknown_scope_makes_a_broken_rule_undecided_and_leaves_a_kept_one_alone() {
    let commit = Build { source_version: Some("d5b0159a3ce05a95d7f16055dab3e0ae3cae6cff".into()), ..build() };
    let unknown = "allow, unknown branch (the source version is a commit id)";
    check("max-timeout: 5m, only: [{branches: [main]}]", &commit, unknown);
    check("max-timeout: 5m, except: [{branches: [main]}]", &commit, unknown);
    check("max-timeout: 2h, only: [{branches: [main]}]", &commit, "allow");
    // One part that surely does not fit settles the scope.
    check("max-timeout: 5m, only: [{branches: [main], projects: [other]}]", &commit, "allow");
    check("max-timeout: 5m, only: [{branches: [main]}, {projects: [shop]}]", &commit, "stop");
    check("max-timeout: 5m, except: [{branches: [main]}, {projects: [shop]}]", &commit, "allow, exempt until None");
}

#[test]
fn a_name_that_could_be_an_abbreviated_commit_id() {
    let perhaps = Build { source_version: Some("2024".into()), ..build() };
    check("forbidden-branches: ['20*']", &perhaps, "stop");
    check("allowed-branches: ['20*']", &perhaps, "allow");
    let unknown = "allow, unknown branch (the source version is a branch or an abbreviated commit id)";
    check("forbidden-branches: [main]", &perhaps, unknown);
    check("allowed-branches: [main]", &perhaps, unknown);
}

#[test]
fn compute_goes_by_its_type_and_by_the_environments_too() {
    check("forbidden-compute: [BUILD_GENERAL1_SMALL]", &build(), "stop");
    check("forbidden-compute: [LINUX_CONTAINER/*]", &build(), "stop");
    check("forbidden-compute: [ARM_CONTAINER/*]", &build(), "allow");
    check("allowed-compute: [LINUX_CONTAINER/BUILD_GENERAL1_SMALL]", &build(), "allow");
    let mut no_type = build();
    no_type.environment.as_mut().unwrap().r#type = None;
    check("forbidden-compute: [BUILD_GENERAL1_SMALL]", &no_type, "stop");
    check("forbidden-compute: [ARM_CONTAINER/*]", &no_type, "allow, unknown environment.type");
}

#[test]
fn variables_go_by_their_names_and_one_without_a_name_cannot_be_told() {
    let with = |variables: &str| {
        let json = format!(r#"{{"projectName": "shop", "environment": {{"environmentVariables": {variables}}}}}"#);
        serde_json::from_str::<Build>(&json).unwrap()
    };
    let rule = "forbidden-variables: ['*PASSWORD*']";
    check(rule, &with("[]"), "allow");
    check(rule, &with(r#"[{"name": "PASSWORD_HINT"}]"#), "stop");
    check(rule, &with(r#"[{"name": "PASSWORD", "type": "SECRETS_MANAGER"}]"#), "allow");
    check(rule, &with(r#"[{"name": 7}]"#), "allow, unknown environment.environmentVariables[].name");
    check(rule, &with(r#"[{"name": 7}, {"name": "PASSWORD"}]"#), "stop");
    check(rule, &with("null"), "allow, unknown environment.environmentVariables");
}

#[test]
fn a_source_is_known_by_its_place_whatever_stands_before_the_host() {
    let mut spelt = build();
    spelt.source.as_mut().unwrap().location = Some("HTTPS://token@GitHub.com/acme/shop".into());
    check("forbidden-sources: ['https://github.com/acme/*']", &spelt, "stop");
    check("allowed-sources: ['https://github.com/acme/*']", &spelt, "allow, unknown secondarySources");
    spelt.secondary_sources = Some(Vec::new());
    check("allowed-sources: ['https://github.com/acme/*']", &spelt, "allow");
}

#[test]
fn a_whole_build_is_wanted_where_it_could_matter() {
    let wants = |rules: &str, build: &Build| {
        let policy = Policy::parse("policy.yaml", &format!("{{version: 1, rules: [{rules}]}}")).unwrap();
        judge(&policy, build, NOW.parse().unwrap()).depends_on(|one| one.source == Some(Source::Build))
    };
    let no_timeout = Build { timeout_in_minutes: None, ..build() };
    assert!(wants("{id: a, max-timeout: 5m}", &no_timeout));
    assert!(
        wants("{id: a, max-timeout: 5m, on-unknown: stop}", &no_timeout),
        "no build is stopped for what was not asked"
    );
    // It is stopped anyway, and a call would only delay that.
    assert!(!wants("{id: a, max-timeout: 5m}, {id: b, forbidden-branches: [main]}", &no_timeout));
    assert!(wants("{id: a, max-timeout: 5m}, {id: b, forbidden-branches: [main], mode: report}", &no_timeout));
    // The API has the commit id too, and no branch.
    let commit = Build { source_version: Some("d5b0159a3ce05a95d7f16055dab3e0ae3cae6cff".into()), ..build() };
    assert!(!wants("{id: a, forbidden-branches: [main]}", &commit));
}

/// The same, of a build whose project is known.
#[track_caller]
fn check_with_project(rule: &str, build: &str, project: &str, expected: &str) {
    let (build, project): (Build, Project) =
        (serde_json::from_str(build).unwrap(), serde_json::from_str(project).unwrap());
    let facts = Facts::known(&build, true, Some(&project), NOW.parse().unwrap());
    let verdict = judge_by(&policy(rule), &facts);
    let found = verdict.violations.iter().map(|violation| violation.found.clone());
    let missing = verdict.undecided.iter().map(|undecided| format!("unknown {}", undecided.missing));
    assert_eq!(found.chain(missing).collect::<Vec<_>>().join("; "), expected, "{rule}");
}

#[test]
fn overrides_are_what_differs_from_the_project() {
    let all = "forbidden-overrides: [image, compute, timeout, privileged, buildspec, service-role, source]";
    let project = r#"{
        "environment": {"image": "i:1", "type": "LINUX_CONTAINER", "computeType": "BUILD_GENERAL1_SMALL"},
        "timeoutInMinutes": 60, "serviceRole": "role/a",
        "source": {"type": "GITHUB", "location": "https://github.com/acme/app.git", "buildspec": "ci.yml"},
        "lastModified": "2026-11-01T00:00:00Z"
    }"#;
    let same = r#"{
        "environment": {"image": "i:1", "type": "LINUX_CONTAINER", "computeType": "BUILD_GENERAL1_SMALL", "privilegedMode": false},
        "timeoutInMinutes": 60, "serviceRole": "role/a",
        "source": {"type": "GITHUB", "location": "https://x@GITHUB.com/acme/app.git", "buildspec": "ci.yml"},
        "startTime": "2026-11-22T08:00:00Z", "initiator": "alice"
    }"#;
    check_with_project(all, same, project, "");
    let other = r#"{
        "environment": {"image": "i:2", "type": "ARM_CONTAINER", "computeType": "BUILD_GENERAL1_LARGE", "privilegedMode": true},
        "timeoutInMinutes": 480, "serviceRole": "role/b",
        "source": {"type": "S3", "location": "bucket/key", "buildspec": "version: 0.2 # secret"},
        "startTime": "2026-11-22T08:00:00Z", "initiator": "alice"
    }"#;
    check_with_project(
        all,
        other,
        project,
        "image i:2 instead of i:1, compute ARM_CONTAINER/BUILD_GENERAL1_LARGE instead of LINUX_CONTAINER/BUILD_GENERAL1_SMALL, \
         timeout 480m instead of 60m, privileged true instead of false, another buildspec, \
         service-role role/b instead of role/a, source S3 bucket/key instead of GITHUB https://github.com/acme/app",
    );
    let older = same.replace("2026-11-22T08", "2026-10-01T08");
    check_with_project(all, &older, project, "unknown project (the project was changed after the build started)");
    check("forbidden-overrides: [image]", &build(), "allow, unknown project");
}

#[test]
fn tags_are_the_projects() {
    let rule = |tags: &str| format!("max-timeout: 5m, only: [{{tags: {tags}}}]");
    let (build, project) = (
        r#"{"timeoutInMinutes": 60, "environment": {"type": "LINUX_CONTAINER"}}"#,
        r#"{"tags": [{"key": "team", "value": "payments"}, {"key": "tier", "value": "1"}]}"#,
    );
    check_with_project(&rule("{team: [pay*]}"), build, project, "60m");
    check_with_project(&rule("{team: [pay*], tier: [2, 1]}"), build, project, "60m");
    check_with_project(&rule("{team: [pay*], tier: [2]}"), build, project, "");
    check_with_project(&rule("{owner: ['*']}"), build, project, "");
    check_with_project(&rule("{team: ['*']}"), build, "{}", "");
    check(&rule("{team: [pay*]}"), &self::build(), "allow, unknown project");
}

proptest! {
    /// However git's syntax spells a branch, a rule against it holds.
    #[test]
    fn no_spelling_slips_past_a_branch_rule(
        prefix in prop::sample::select(vec!["", "refs/heads/", "heads/", "origin/", "refs/remotes/origin/", "remotes/origin/"]),
        suffix in "(\\^|~|\\^[0-9]|~[0-9]|\\^\\{commit\\}|\\^\\{\\}|@\\{0\\}|\\^\\{75614758eace7c1d9d032b8980854ab486068f3b\\}){0,3}",
        branch in prop::sample::select(vec!["main", "release/1.2", "héritage"]),
    ) {
        let spelt = Build { source_version: Some(format!("{prefix}{branch}{suffix}")), ..build() };
        let forbidden = judge(&policy("forbidden-branches: [main, release/*, h*]"), &spelt, NOW.parse().unwrap());
        prop_assert_eq!(forbidden.action, Action::Stop, "{:?}", spelt.source_version);
        prop_assert_eq!(&forbidden.violations[0].found, branch);
        let allowed = judge(&policy("allowed-branches: [main, release/*, h*]"), &spelt, NOW.parse().unwrap());
        prop_assert_eq!(allowed.action, Action::Allow, "{:?}", spelt.source_version);
    }
}
