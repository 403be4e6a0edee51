//! The meaning of expressions, their faults, and their limits.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::{model::Build, model::Project, price::Dollars};

mod faults;
mod hints;
mod hostile;
mod reference;
mod times;

/// A build as the API returns it.
fn build() -> Build {
    serde_json::from_value(json!({
        "id": "shop:5e000000-0000-4000-8000-000000000002",
        "arn": "arn:aws:codebuild:eu-west-1:111122223333:build/shop:5e000000-0000-4000-8000-000000000002",
        "projectName": "shop",
        "buildNumber": 7,
        "startTime": "2026-11-20T08:00:00Z",
        "sourceVersion": "refs/heads/release/1.2",
        "initiator": "alice",
        "timeoutInMinutes": 60,
        "buildComplete": false,
        "source": { "type": "GITHUB", "location": "https://github.com/acme/shop.git" },
        "environment": {
            "type": "LINUX_CONTAINER",
            "image": "aws/codebuild/standard:7.0",
            "computeType": "BUILD_GENERAL1_LARGE",
            "privilegedMode": true,
            "environmentVariables": [
                { "name": "STAGE", "value": "prod", "type": "PLAINTEXT" },
                { "name": "TOKEN", "value": "hunter2" },
            ],
        },
        "phases": [
            { "phaseType": "SUBMITTED", "phaseStatus": "SUCCEEDED", "durationInSeconds": 0, "contexts": [] },
            { "phaseType": "BUILD", "startTime": "2026-11-22T22:00:00Z", "contexts": [{ "statusCode": "COMMAND_EXECUTION_ERROR" }] },
        ],
        "reportArns": [],
    }))
    .unwrap()
}

fn project() -> Project {
    serde_json::from_value(json!({
        "name": "shop",
        "created": "2020-01-01T00:00:00Z",
        "tags": [{ "key": "team", "value": "payments" }, { "key": "expires", "value": "2026-01-01T00:00:00Z" }],
        "webhook": { "filterGroups": [[{ "type": "EVENT", "pattern": "PUSH" }], []] },
    }))
    .unwrap()
}

fn answer(expression: &str, change: impl FnOnce(&mut Facts<'_>)) -> String {
    let expression = match Expression::compile(expression) {
        Ok(expression) => expression,
        Err(faults) => return format!("refused: {faults:?}"),
    };
    let (build, project) = (build(), project());
    let now: Timestamp = "2026-11-22T23:30:00Z".parse().unwrap();
    let mut facts = Facts { project: Some(&project), is_whole: true, ..Facts::of(&build, now) };
    let prices = [("BUILD_GENERAL1_LARGE".to_owned(), Dollars::new(2.5 / 90.0))].into_iter().collect();
    facts.prices = Some(&prices);
    change(&mut facts);
    match expression.evaluate(&facts) {
        Ok(answer) => answer.to_string(),
        Err(fact) => format!("unknown: {fact}"),
    }
}

#[track_caller]
fn check(expression: &str, expected: &str) {
    assert_eq!(answer(expression, |_| ()), expected, "{expression}");
}

/// Evaluates with the facts of an event: a part of the build, and nothing else.
#[track_caller]
fn check_event(expression: &str, expected: &str) {
    let bare = |facts: &mut Facts<'_>| *facts = Facts::of(facts.build, facts.now);
    assert_eq!(answer(expression, bare), expected, "{expression}");
}

#[test]
fn every_variable_has_its_value() {
    check("build.environment.privilegedMode", "true");
    check("build.timeoutInMinutes == 60 && build.buildNumber > 6", "true");
    check("build.startTime < timestamp('2026-11-21T00:00:00Z')", "true");
    check("project.name == build.projectName", "true");
    check("account == '111122223333' && region == 'eu-west-1'", "true");
    check("branch == 'release/1.2'", "true");
    check("running > duration('1h29m') && running < duration('91m')", "true");
    check("running.getMinutes() == 90", "true");
    check("cost > 2 && cost < 2.6", "true");
    check("now - build.startTime > duration('48h')", "true");
    check("now == timestamp('2026-11-22T23:30:00Z')", "true");
}

#[test]
fn lists_are_looked_into() {
    check("build.environment.environmentVariables.exists(v, v.name == 'STAGE' && v.value == 'prod')", "true");
    check("build.environment.environmentVariables.all(v, v.name != 'STAGE')", "false");
    check("build.phases.exists_one(p, p.phaseType == 'BUILD')", "true");
    check("build.phases.exists(p, p.contexts.exists(c, c.statusCode.startsWith('COMMAND')))", "true");
    check("project.tags.exists(t, t.key == 'team' && t.value in ['payments', 'search'])", "true");
    check("project.tags.exists(t, t.key == 'expires' && timestamp(t.value) < now)", "true");
    check("project.webhook.filterGroups.exists(g, g.exists(f, f.pattern.matches('P.SH')))", "true");
    check("build.environment.environmentVariables[1].name == 'TOKEN'", "true");
    check("size(build.reportArns) == 0 && build.phases.size() == 2", "true");
    check("'x' in build.reportArns", "false");
    check("[1, 2, 3].all(n, n > 0)", "true");
    check("project.tags.exists(build, build.key == 'team') && build.projectName == 'shop'", "true");
    check("['a'].exists(branch, branch == 'a') && branch != 'a'", "true");
}

#[test]
fn strings_are_matched_against_patterns() {
    check("branch.glob('release/*')", "true");
    check("branch.glob('release')", "false");
    check("branch.matches('^release/[0-9]+')", "true");
    check("matches(branch, 'lease')", "true");
    check("build.source.location.contains('acme') && build.initiator.endsWith('ice')", "true");
    check("build.environment.image + '!' == 'aws/codebuild/standard:7.0!'", "true");
}

#[test]
fn a_freeze_knows_its_time_zone() {
    // Sunday 23:30 in UTC is Monday 00:30 in Berlin.
    check("now.getDayOfWeek() == 0", "true");
    check("now.getDayOfWeek('Europe/Berlin') == 1 && now.getHours('Europe/Berlin') == 0", "true");
    check("now.getHours('+05:30') == 5", "true");
    check("now.getMonth() == 10 && now.getDate() == 22 && now.getDayOfMonth() == 21", "true");
}

#[test]
fn a_missing_member_makes_the_answer_unknown() {
    check("build.environment.fleet.fleetArn.endsWith('x')", "unknown: build.environment.fleet");
    check("!build.environment.fleet.fleetArn.contains('x')", "unknown: build.environment.fleet");
    check(
        "build.environment.environmentVariables.all(v, v.type == 'PLAINTEXT')",
        "unknown: build.environment.environmentVariables[].type",
    );
    check("build.environment.certificate == 'x' ? true : false", "unknown: build.environment.certificate");
    check("build.environment.certificate != 'x'", "unknown: build.environment.certificate");
    check("build.vpcConfig.vpcId in ['vpc-1']", "unknown: build.vpcConfig");
    check("build.phases[5].phaseType == 'BUILD'", "unknown: expression (list index out of range)");
    check("build.timeoutInMinutes / (build.timeoutInMinutes - 60) > 1", "unknown: expression (division by zero)");
    check("int(build.projectName) > 1", "unknown: expression (`int` does not accept the value)");
    let lowest = "(build.buildNumber - 9223372036854775807 - 8)";
    for operation in [format!("{lowest} / -1 > 1"), format!("{lowest} % -1 > 1"), format!("-{lowest} > 1")] {
        check(&operation, "unknown: expression (a number, a timestamp or a duration is out of range)");
    }
    check(
        "build.buildNumber * 9223372036854775807 > 1",
        "unknown: expression (a number, a timestamp or a duration is out of range)",
    );
}

#[test]
fn logic_decides_what_it_can() {
    let missing = "build.encryptionKey == 'x'";
    check(&format!("false && {missing}"), "false");
    check(&format!("{missing} && false"), "false");
    check(&format!("true || {missing}"), "true");
    check(&format!("{missing} || true"), "true");
    for open in [
        format!("true && {missing}"),
        format!("{missing} && true"),
        format!("false || {missing}"),
        format!("{missing} || false"),
        format!("!({missing})"),
    ] {
        check(&open, "unknown: build.encryptionKey");
    }
    // The first element leaves the answer open, the second one decides it.
    check("build.phases.exists(p, p.durationInSeconds > 0 || p.phaseType == 'BUILD')", "true");
    check("build.environment.environmentVariables.exists(v, v.type == 'X' || v.name == 'TOKEN')", "true");
    check("build.environment.environmentVariables.all(v, v.type == 'PLAINTEXT' && v.name != 'TOKEN')", "false");
    check(
        "build.environment.environmentVariables.exists_one(v, v.type == 'PLAINTEXT')",
        "unknown: build.environment.environmentVariables[].type",
    );
}

#[test]
fn has_is_decided_for_a_whole_build_only() {
    check("has(build.environment) && !has(build.vpcConfig)", "true");
    check("has(build.environment.image) && !has(project.description)", "true");
    // A whole Build without a VPC has no VPC's id.
    check("has(build.vpcConfig.vpcId)", "false");
    check("!has(build.vpcConfig.vpcId) && !has(project.webhook.scopeConfiguration.name)", "true");
    check("!has(build.cache.modes)", "true");
    check("build.vpcConfig.vpcId == 'vpc-1'", "unknown: build.vpcConfig");
    check("build.environment.environmentVariables.exists(v, !has(v.type))", "true");
    // The API may know a VPC where an event names none.
    check_event("has(build.environment.image)", "true");
    check_event("has(build.vpcConfig)", "unknown: build.vpcConfig");
    check_event("!has(build.environment.fleet)", "unknown: build.environment.fleet");
    check_event("has(build.vpcConfig) || build.environment.privilegedMode", "true");
    check_event("has(build.vpcConfig.vpcId)", "unknown: build.vpcConfig");
    // An event has these members beside the others, if the build has them.
    let event = |expression, json: &str| {
        let build: &Build = Box::leak(Box::new(serde_json::from_str(json).unwrap()));
        answer(expression, |facts| *facts = Facts::of(build, facts.now))
    };
    assert_eq!(event("!has(build.vpcConfig.vpcId)", r#"{"vpcConfig": {"subnets": []}}"#), "true");
    assert_eq!(event("has(build.source.location)", r#"{"source": {"type": "CODEPIPELINE"}}"#), "false");
    assert_eq!(event("has(build.source.auth)", r#"{"source": {"type": "S3"}}"#), "unknown: build.source.auth");
    assert_eq!(event("has(build.cache.modes)", r#"{"cache": {"type": "S3"}}"#), "unknown: build.cache.modes");
}

#[test]
fn a_fact_that_was_not_fetched_is_missing() {
    check_event("project.name == 'shop'", "unknown: project");
    check_event("has(project.vpcConfig)", "unknown: project");
    check_event("running > duration('1h')", "unknown: running");
    check_event("cost > 1.0", "unknown: cost (the policy has no price for LINUX_CONTAINER/BUILD_GENERAL1_LARGE)");
    check_event("cost > 1.0 || branch == 'release/1.2'", "true");
    let commit = |facts: &mut Facts<'_>| {
        let build = Build { source_version: Some("1f".repeat(20)), ..facts.build.clone() };
        *facts = Facts::of(Box::leak(Box::new(build)), facts.now);
    };
    insta::assert_snapshot!(answer("branch == 'main'", commit), @"unknown: branch (the source version is a commit id)");
    let nowhere = |facts: &mut Facts<'_>| facts.build = Box::leak(Box::default());
    assert_eq!(answer("account == '111122223333'", nowhere), "unknown: arn");
}

#[test]
fn reads_only_the_variables_that_are_named() {
    let reads = |text| Expression::compile(text).unwrap().reads().map(Variable::name).collect::<Vec<_>>();
    assert_eq!(reads("true"), [""; 0]);
    assert_eq!(reads("branch == 'main' && build.projectName == 'x'"), ["build", "branch"]);
    assert_eq!(reads("project.tags.exists(build, build.key == 'x')"), ["project"], "a loop's variable hides another");
}

#[test]
fn no_value_of_the_build_is_in_an_answer() {
    let build: Build = serde_json::from_value::<Value>(json!({
        "environment": { "environmentVariables": [{ "name": "hunter2", "value": "hunter2", "type": "hunter2" }] },
        "source": { "buildspec": "hunter2", "location": "https://hunter2@github.com/x" },
        "projectName": "hunter2", "timeoutInMinutes": 0,
    }))
    .and_then(serde_json::from_value)
    .unwrap();
    let facts = Facts { is_whole: true, ..Facts::of(&build, Timestamp::UNIX_EPOCH) };
    let variable = "build.environment.environmentVariables[0].value";
    for expression in [
        format!("int({variable}) == 1"),
        format!("double({variable}) == 1.0"),
        format!("bool({variable})"),
        format!("timestamp({variable}) < now"),
        "int(build.source.buildspec) == 1".to_owned(),
        "1 / build.timeoutInMinutes == 1".to_owned(),
        "build.environment.environmentVariables.all(v, int(v.value) == 1)".to_owned(),
        "build.environment.environmentVariables[0].value == build.environment.image".to_owned(),
    ] {
        let fact = Expression::compile(&expression).unwrap().evaluate(&facts).unwrap_err();
        assert!(!format!("{fact} {fact:?}").contains("hunter2"), "{expression}: {fact}");
    }
}

#[test]
fn an_anchor_that_binds_to_one_alternative_is_a_warning() {
    let warnings = |text: &str| Expression::compile(text).map(|one| one.warnings().to_vec()).unwrap_or_default();
    for (text, start) in [
        ("branch == 'ü' && region.matches('^main|release$')", 32),
        ("matches(region, r'^main|release$')", 16),
        ("region == 'eu-west-1' // '^a|b$'\n  || region.matches('^main|release$')", 53),
    ] {
        let message = "`^main|release$` matches a text that begins with `main` or ends with `release`";
        let help = "write `^(main|release)$` to anchor all alternatives";
        assert_eq!(warnings(text), [ExpressionFault::new(Code::HalfAnchored, start, message, help)], "{text}");
    }
    for text in ["region.matches('^(main|release)$')", "region == '^main|release$'", "region.glob('^main|release$')"] {
        assert!(warnings(text).iter().all(|warning| warning.code != Code::HalfAnchored), "{text}");
    }
}

#[test]
fn a_part_that_is_the_same_for_every_build_is_a_warning() {
    for (text, start, message) in [
        ("branch == 'main' && (region == 'eu-west-1' || false)", 46, "this part is the same for every build"),
        ("branch == 'main' || !(1 < 2)", 20, "this part is the same for every build"),
        ("(true ? branch : ref) == 'main'", 1, "this part is the same for every build"),
        (
            "account != '111122223333' || branch == 'main' || branch != 'main'",
            56,
            "every build meets one of these conditions",
        ),
        ("branch == 'main' && branch == 'develop'", 27, "no build meets all these conditions"),
        ("now.getHours() >= 0", 15, "the expression is true for every build"),
    ] {
        let warnings = Expression::compile(text).map(|one| one.warnings().to_vec()).unwrap();
        let found: Vec<_> = warnings.iter().map(|one| (one.code, one.start, one.message.as_str())).collect();
        assert_eq!(found, [(Code::ConstantPart, start, message)], "{text}");
    }
    let chosen = "(build.environment.privilegedMode ? true : branch == 'main') && region == 'eu-west-1'";
    assert_eq!(Expression::compile(chosen).map(|one| one.warnings().len()), Ok(0));
}
