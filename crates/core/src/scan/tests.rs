use jiff::Timestamp;
use serde_json::json;

use super::*;
use crate::{
    diagnostic::Place,
    model::{
        Build, Project,
        shape::{MemberType, Shape},
    },
};

const NOW: &str = "2026-11-27T09:00:00Z";

/// A setting from JSON, where `{"?": WHY}` is unknown.
fn setting(json: &serde_json::Value) -> Setting {
    use serde_json::Value as Json;
    let value = match json {
        Json::Null => Given::Nothing,
        Json::Bool(flag) => Given::Flag(*flag),
        Json::Number(number) => Given::Number(number.as_i64().unwrap()),
        Json::String(text) => Given::Text(text.clone()),
        Json::Array(list) => Given::List(list.iter().map(setting).collect()),
        Json::Object(members) => match members.get("?") {
            Some(why) => Given::Unknown(why.as_str().unwrap().to_owned()),
            None => Given::Structure(members.iter().map(|(name, json)| (name.clone(), setting(json))).collect()),
        },
    };
    value.nowhere()
}

fn planned(settings: &str) -> PlannedProject {
    let Given::Structure(members) = setting(&serde_json::from_str(settings).unwrap()).value else { panic!() };
    PlannedProject::new(&members, Some("111122223333".to_owned()), None)
}

fn judge(rules: &str, project: &PlannedProject) -> Vec<ScannedRule> {
    let policy = format!("version: 1\nprices: {{ BUILD_GENERAL1_SMALL: 0.005 }}\nrules:\n{rules}\n");
    let policy = Policy::parse("policy.yaml", &policy).unwrap_or_else(|faults| panic!("{faults}"));
    let now: Timestamp = NOW.parse().unwrap();
    scan(&policy, project, now).rules
}

/// The answer of one rule, given by its lines, in words.
fn check(rule: &str, project: &PlannedProject) -> String {
    let rules = judge(&format!("  - id: r\n    {}", rule.replace('\n', "\n    ")), project);
    match &rules.first().unwrap().answer {
        ScanAnswer::Broken { found } => format!("broken: {found}"),
        ScanAnswer::Unknown { missing, because, breaks } => {
            let because = match because {
                Because::NoBuildYet => "until a build".to_owned(),
                Because::NotGiven(why) => format!("not given: {why}"),
                Because::Never => "always".to_owned(),
            };
            let breaks = breaks.as_ref().map(|found| format!(", if it applies broken: {found}")).unwrap_or_default();
            format!("unknown {because}: {missing}{breaks}")
        }
        ScanAnswer::CannotApply { why } => format!("cannot apply: {why}"),
        ScanAnswer::Exempt { until, .. } => format!("exempt until {until:?}"),
        ScanAnswer::Passes => "passes".to_owned(),
    }
}

const SHOP: &str = r#"{
    "name": "shop", "timeoutInMinutes": 480, "sourceVersion": "main", "serviceRole": "arn:aws:iam::111122223333:role/b",
    "source": {"type": "GITHUB", "location": "https://user:secret@github.com/acme/shop.git", "buildspec": "version: 0.2"},
    "environment": {"type": "LINUX_CONTAINER", "computeType": "BUILD_GENERAL1_SMALL", "image": "aws/codebuild/standard:7.0",
        "environmentVariables": [{"name": "DB_PASSWORD", "value": "hunter2"}, {"name": "TOKEN", "type": "SECRETS_MANAGER", "value": "t"}]},
    "tags": [{"key": "team", "value": "shop"}]
}"#;

#[test]
fn every_check_about_a_project_whose_settings_are_known() {
    let shop = planned(SHOP);
    for (rule, expected) in [
        ("max-timeout: 60m", "broken: 480m"),
        ("max-timeout: 8h", "passes"),
        ("max-queued-timeout: 60m", "broken: 480m"),
        ("max-duration: 10m", "unknown until a build: running"),
        ("max-queue-time: 10m", "unknown until a build: queued"),
        ("max-cost: 1", "unknown until a build: running"),
        ("forbidden-branches: [main]", "broken: main"),
        ("allowed-branches: [release/*]", "broken: main"),
        ("forbidden-refs: [refs/tags/*]", "passes"),
        ("forbidden-compute: [BUILD_GENERAL1_SMALL]", "broken: LINUX_CONTAINER/BUILD_GENERAL1_SMALL"),
        ("allowed-compute: [LINUX_CONTAINER/*]", "passes"),
        ("forbidden-images: ['aws/codebuild/standard:7.0']", "broken: aws/codebuild/standard:7.0"),
        ("allowed-images: ['aws/codebuild/*']", "passes"),
        ("forbidden-sources: ['https://github.com/acme/*']", "broken: https://github.com/acme/shop.git"),
        ("allowed-sources: ['https://github.com/other/*']", "broken: https://github.com/acme/shop.git"),
        ("forbidden-initiators: [alice]", "unknown until a build: initiator"),
        ("allowed-initiators: [codepipeline/*]", "unknown until a build: initiator"),
        ("forbidden-variables: ['*PASSWORD*']", "broken: DB_PASSWORD"),
        ("forbidden-variables: ['*TOKEN*']", "passes"),
        ("forbidden-overrides: [image, timeout, variables, logs, cache, artifacts, encryption-key]", "passes"),
        ("forbidden-overrides: [source, source-version, debug-session, auto-retry, buildspec]", "passes"),
        ("only-newest-per: [project]\nonly: [{started-by: [user]}]", "unknown until a build: initiator"),
        ("deny-when: '!has(build.vpcConfig)'", "broken: it is true"),
        ("deny-when: build.environment.privilegedMode", "passes"),
        ("deny-when: build.logs.cloudWatchLogs.status == 'DISABLED'", "passes"),
        ("deny-when: project.badge.badgeEnabled", "passes"),
        ("deny-when: has(project.webhook)", "passes"),
        ("deny-when: build.initiator == 'alice'", "unknown until a build: build.initiator"),
        ("deny-when: build.vpcConfig.vpcId != 'vpc-1'", "unknown always: build.vpcConfig"),
        ("deny-when: startedBy == 'user'", "unknown until a build: initiator"),
        ("deny-when: region == 'eu-west-1'", "unknown not given: the region is not given: region"),
        ("deny-when: account == '111122223333'", "broken: it is true"),
        (
            "deny-when: project.arn == ''",
            "unknown not given: the account or region is unknown before the project is deployed: project.arn",
        ),
        ("max-timeout: 1h\nonly: [{projects: [other-*]}]", "cannot apply: no selector in `only` matches the project"),
        ("max-timeout: 9h\nonly: [{projects: [other-*]}]", "cannot apply: no selector in `only` matches the project"),
        ("max-timeout: 1h\nonly: [{tags: {team: [shop]}}]", "broken: 480m"),
        (
            "max-timeout: 1h\nonly: [{accounts: ['444455556666']}]",
            "cannot apply: no selector in `only` matches the project",
        ),
        (
            "max-timeout: 1h\nonly: [{regions: [eu-*]}]",
            "unknown not given: the region is not given: region, if it applies broken: 480m",
        ),
        ("max-timeout: 1h\nexcept: [{projects: [shop], until: 2027-01-31}]", "exempt until Some(2027-01-31)"),
        (
            "max-timeout: 1h\nexcept: [{started-by: [pipeline]}]",
            "unknown until a build: initiator, if it applies broken: 480m",
        ),
    ] {
        assert_eq!(check(rule, &shop), expected, "{rule}");
    }
}

#[test]
fn what_a_template_does_not_show_is_never_guessed() {
    let project = planned(
        r#"{"name": {"?": "n"}, "timeoutInMinutes": {"?": "t"}, "tags": [{"key": "team", "value": {"?": "v"}}],
            "source": {"type": "GITHUB", "location": {"?": "l"}}, "secondarySources": {"?": "s"}, "vpcConfig": {"?": "vpc"},
            "environment": {"image": {"?": "i"}, "privilegedMode": {"?": "p"}, "computeType": {"?": "c"}, "type": "LINUX_CONTAINER",
                "environmentVariables": [{"name": "DB_PASSWORD"}, {"?": "e"}, {"name": {"?": "x"}}]}}"#,
    );
    for (rule, expected) in [
        ("max-timeout: 60m", "unknown not given: t: timeoutInMinutes"),
        ("max-queued-timeout: 60m", "broken: 480m"),
        ("allowed-images: ['aws/codebuild/*']", "unknown not given: i: environment.image"),
        ("forbidden-compute: [BUILD_GENERAL1_LARGE]", "unknown not given: c: environment.computeType"),
        ("forbidden-sources: ['https://github.com/acme/*']", "unknown not given: l: source.location"),
        ("forbidden-variables: ['*PASSWORD*']", "broken: DB_PASSWORD"),
        ("forbidden-variables: ['*TOKEN*']", "unknown not given: e: environment.environmentVariables[].name"),
        ("deny-when: build.environment.privilegedMode", "unknown not given: p: build.environment.privilegedMode"),
        ("deny-when: has(build.vpcConfig)", "unknown not given: vpc: build.vpcConfig"),
        ("deny-when: has(build.environment.fleet)", "passes"),
        (
            "deny-when: build.environment.environmentVariables.size() > 2",
            "unknown not given: e: build.environment.environmentVariables",
        ),
        ("deny-when: build.secondarySources.size() > 0", "unknown not given: s: build.secondarySources"),
        ("max-timeout: 1m\nonly: [{projects: [a]}]", "unknown not given: t: timeoutInMinutes"),
        (
            "max-queued-timeout: 1m\nonly: [{projects: [a]}]",
            "unknown not given: n: projectName, if it applies broken: 480m",
        ),
        (
            "max-queued-timeout: 1m\nonly: [{tags: {team: [a]}}]",
            "unknown not given: v: project.tags, if it applies broken: 480m",
        ),
        ("forbidden-branches: [main]", "unknown until a build: sourceVersion"),
        ("forbidden-overrides: [image, privileged, timeout, source, variables]", "passes"),
    ] {
        assert_eq!(check(rule, &project), expected, "{rule}");
    }
}

#[test]
fn what_stays_unknown_for_each_build() {
    let s3 = planned(r#"{"name": "a", "source": {"type": "S3", "location": "bucket/key"}}"#);
    assert_eq!(check("forbidden-branches: [main]", &s3), "unknown always: branch (the source is S3)");
    assert_eq!(
        check("forbidden-branches: [main]\non-unknown: stop", &s3),
        "broken: unknown: branch (the source is S3)"
    );
    let pipeline = planned(r#"{"name": "a", "source": {"type": "CODEPIPELINE"}}"#);
    assert_eq!(check("forbidden-branches: [main]", &pipeline), "unknown until a build: initiator");
    assert_eq!(check("forbidden-branches: [main]\non-unknown: stop", &pipeline), "unknown until a build: initiator");
    assert_eq!(
        check("allowed-sources: ['https://*']", &pipeline),
        "unknown always: source.location (the source is CODEPIPELINE)"
    );
    let unpriced = planned(r#"{"environment": {"type": "LINUX_CONTAINER", "computeType": "BUILD_GENERAL1_LARGE"}}"#);
    assert_eq!(
        check("max-cost: 1", &unpriced),
        "unknown always: cost (the policy has no price for LINUX_CONTAINER/BUILD_GENERAL1_LARGE)"
    );
}

#[test]
fn a_timeout_cannot_apply_on_lambda_compute() {
    let lambda = planned(r#"{"timeoutInMinutes": 480, "environment": {"computeType": "BUILD_LAMBDA_1GB"}}"#);
    assert_eq!(check("max-timeout: 1h", &lambda), "cannot apply: CodeBuild ignores timeouts on Lambda compute");
    let either =
        planned(r#"{"timeoutInMinutes": 480, "environment": {"computeType": {"?": "c"}, "type": {"?": "t"}}}"#);
    assert_eq!(check("max-timeout: 1h", &either), "unknown not given: c: environment.computeType");
}

#[test]
fn texts_and_numbers_are_converted_as_cloudformation_does() {
    let project = planned(
        r#"{"timeoutInMinutes": "90", "environment": {"privilegedMode": "true", "environmentVariables": [{"name": "A", "value": 5}]}}"#,
    );
    assert_eq!(check("max-timeout: 1h", &project), "broken: 90m");
    assert_eq!(check("deny-when: build.environment.privilegedMode", &project), "broken: it is true");
    assert_eq!(
        check("deny-when: build.environment.environmentVariables[0].value == '5'", &project),
        "broken: it is true"
    );
    let odd = planned(r#"{"timeoutInMinutes": "soon", "environment": ["x"]}"#);
    let why = "the value is not of the kind that CodeBuild expects";
    assert_eq!(check("max-timeout: 1h", &odd), format!("unknown not given: {why}: timeoutInMinutes"));
    assert_eq!(check("forbidden-images: [a]", &odd), format!("unknown not given: {why}: environment.image"));
}

#[test]
fn a_deployed_project_is_judged_by_what_the_api_returns() {
    let project: Project = serde_json::from_str(
        r#"{"name": "shop", "arn": "arn:aws:codebuild:eu-west-1:111122223333:project/shop", "lastModified": 1, "sourceVersion": "main"}"#,
    )
    .unwrap();
    let shop = PlannedProject::deployed(&project);
    assert_eq!((shop.account(), shop.region()), (Some("111122223333"), Some("eu-west-1")));
    assert_eq!(check("deny-when: region == 'eu-west-1' && has(project.arn)", &shop), "broken: it is true");
    assert_eq!(check("max-timeout: 30m", &shop), "broken: 60m");
    assert_eq!(check("forbidden-branches: [main]", &shop), "broken: main");
}

#[test]
fn a_source_has_the_default_of_insecure_ssl() {
    let rules = [
        "deny-when: build.source.insecureSsl\non-unknown: stop",
        "deny-when: build.secondarySources.exists(s, s.insecureSsl)\non-unknown: stop",
    ];
    let given = r#"{"source": {"type": "GITHUB"}, "secondarySources": [{"type": "S3", "sourceIdentifier": "a"}]}"#;
    let given = planned(given);
    assert_eq!(rules.map(|rule| check(rule, &given)), ["passes", "passes"]);
    assert!(given.is_default("source.insecureSsl"));
    let without = planned(r#"{"name": "a"}"#);
    assert_eq!(check("deny-when: has(build.source)", &without), "passes");
    let unknown = planned(
        r#"{"source": {"type": "GITHUB", "insecureSsl": {"?": "i"}}, "secondarySources": [{"insecureSsl": {"?": "j"}}]}"#,
    );
    assert_eq!(
        check("deny-when: build.source.insecureSsl", &unknown),
        "unknown not given: i: build.source.insecureSsl"
    );
    let secondary = check("deny-when: build.secondarySources.exists(s, s.insecureSsl)", &unknown);
    assert!(secondary.starts_with("unknown not given: j: "), "{secondary}");
}

#[test]
fn rules_that_are_off_are_left_out_and_modes_are_those_of_the_day() {
    let shop = planned(SHOP);
    let rules = judge(
        "  - { id: a, mode: off, max-timeout: 1m }\n  - { id: b, mode: report, enforce-after: 2026-11-26, max-timeout: 1m }\n  - { id: c, mode: report, enforce-after: 2026-11-27, max-timeout: 1m }",
        &shop,
    );
    let modes: Vec<(&str, Mode)> = rules.iter().map(|rule| (rule.rule.as_str(), rule.mode)).collect();
    assert_eq!(modes, [("b", Mode::Enforce), ("c", Mode::Report)]);
}

#[test]
fn projects_that_are_never_stopped() {
    let is_never_stopped = |policy: &str, project: &str| {
        let policy = Policy::parse("policy.yaml", policy).unwrap();
        scan(&policy, &planned(project), NOW.parse().unwrap()).is_never_stopped
    };
    let policy = "{version: 1, never-stop: [deploy-*], rules: [{id: a, max-timeout: 1m}]}";
    assert_eq!(is_never_stopped(policy, r#"{"name": "deploy-a"}"#), Some(true));
    assert_eq!(is_never_stopped(policy, r#"{"name": "a"}"#), Some(false));
    assert_eq!(is_never_stopped(policy, "{}"), None);
    assert_eq!(is_never_stopped("{version: 1, rules: [{id: a, max-timeout: 1m}]}", "{}"), Some(false));
}

/// What `PrivilegedMode: true` in the middle of a structure breaks is shown there, not where the structure begins.
#[test]
fn a_finding_has_the_place_of_the_setting_that_breaks_the_rule() {
    let at = |line, value| Setting { value, place: Some(Place { line, column: 1 }) };
    let variable = |line, name: &str| {
        at(line, Given::Structure(vec![("name".to_owned(), at(line, Given::Text(name.to_owned())))]))
    };
    let environment = vec![
        ("type".to_owned(), at(3, Given::Text("LINUX_CONTAINER".to_owned()))),
        ("privilegedMode".to_owned(), at(5, Given::Flag(true))),
        (
            "environmentVariables".to_owned(),
            at(6, Given::List(vec![variable(6, "STAGE"), variable(8, "A_TOKEN"), variable(9, "B_TOKEN")])),
        ),
    ];
    let members = [
        ("environment".to_owned(), at(3, Given::Structure(environment))),
        ("timeoutInMinutes".to_owned(), at(12, Given::Number(90))),
    ];
    let project = PlannedProject::new(&members, None, None);
    for (rule, line) in [
        ("deny-when: build.environment.privilegedMode", Some(5)),
        ("deny-when: build.environment.type == 'LINUX_CONTAINER' && build.timeoutInMinutes > 60", Some(3)),
        ("deny-when: has(build.environment)", Some(3)),
        ("forbidden-variables: ['*TOKEN']", Some(8)),
        ("forbidden-variables: ['*TOKEN']\nonly: [{started-by: [user]}]", Some(8)),
        ("forbidden-variables: [OTHER]", Some(6)),
        ("max-timeout: 60m", Some(12)),
        ("max-queued-timeout: 60m", None),
    ] {
        let rules = judge(&format!("  - id: r\n    {}", rule.replace('\n', "\n    ")), &project);
        assert_eq!(rules[0].setting_place.map(|place| place.line), line, "{rule}");
        assert_eq!(rules[0].place.line, 4);
    }
}

#[test]
fn a_setting_has_the_place_of_what_contains_it() {
    let at = |line, value| Setting { value, place: Some(Place { line, column: 1 }) };
    let environment = Given::Structure(vec![("image".to_owned(), at(3, Given::Text("a".into())))]);
    let members = [("environment".to_owned(), at(2, environment)), ("name".to_owned(), at(9, Given::Text("n".into())))];
    let project = PlannedProject::new(&members, None, None);
    let line = |path| project.place(path).map(|place| place.line);
    assert_eq!(line("environment.image"), Some(3));
    assert_eq!(line("environment.computeType"), Some(2));
    assert_eq!((line("name"), line("timeoutInMinutes")), (Some(9), None));
}

/// A value of a kind, with every member.
fn sample(kind: MemberType) -> serde_json::Value {
    match kind {
        MemberType::Flag => json!(true),
        MemberType::Integer => json!(5),
        MemberType::Text => json!("a"),
        MemberType::Time => json!("2026-11-27T09:00:00Z"),
        MemberType::List(element) => json!([sample(*element)]),
        MemberType::Structure(shape) => {
            let members = shape.names().into_iter().map(|name| {
                let kind = shape.member(&name).unwrap();
                (name, sample(kind))
            });
            members.collect()
        }
    }
}

/// Also a member that the API adds later.
#[test]
fn each_member_of_a_build_is_of_its_project_or_one_that_only_a_build_shows() {
    let project: Project = serde_json::from_value(sample(MemberType::Structure(Project::SHAPE))).unwrap();
    let project = PlannedProject::deployed(&project);
    let build = json!(project.build);
    let unknown = &project.planned.build;
    let of_structure = |name: &str, shape: &'static Shape| -> Vec<String> {
        let paths = shape.names().into_iter().map(|member| format!("{name}.{member}"));
        paths.filter(|path| build.pointer(&format!("/{}", path.replace('.', "/"))).is_none()).collect()
    };
    for name in Build::SHAPE.names() {
        let missing = match (build.get(&name), Build::SHAPE.member(&name)) {
            (Some(_), Some(MemberType::Structure(shape))) => of_structure(&name, shape),
            (Some(_), _) => Vec::new(),
            (None, _) => vec![name],
        };
        for path in missing.iter().filter(|path| *path != "debugSession") {
            assert!(unknown.why(path).is_some(), "{path}");
        }
    }
}

#[test]
fn a_name_that_is_unknown_leaves_a_comparison_of_builds_open_until_a_build() {
    for keys in ["[project]", "[project, initiator]"] {
        let rule = format!("only-newest-per: {keys}");
        let named = check(&rule, &planned(r#"{"name": "shop"}"#));
        let unnamed = check(&rule, &planned(r#"{"name": {"?": "CloudFormation chooses it"}}"#));
        assert!(named.starts_with("unknown until a build: "), "{named}");
        assert_eq!(unnamed, named);
    }
}
