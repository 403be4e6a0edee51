//! A build is judged alike by the part of it that its policy needs, and by the whole.

use buildbrake_testkit::history::History;
use proptest::{prelude::*, sample::subsequence};
use serde_json::{Value, json};

use super::*;
use crate::model::Build;

/// Rules of every kind that a Build alone can decide.
const RULES: [&str; 22] = [
    "max-timeout: 60m",
    "max-queued-timeout: 8h, mode: report",
    "max-duration: 20m",
    "max-queue-time: 5m",
    "forbidden-branches: [main, release/*]",
    "allowed-refs: [refs/heads/*, refs/tags/v1.*]",
    "forbidden-compute: [BUILD_GENERAL1_2XLARGE, ARM_CONTAINER/*], on-unknown: stop",
    "allowed-compute: [BUILD_GENERAL1_*]",
    "forbidden-images: ['*node*']",
    "allowed-images: [aws/codebuild/*]",
    "allowed-sources: ['https://github.com/example/*']",
    "forbidden-sources: ['https://github.com/example/project-1*']",
    "forbidden-initiators: [bob, Developer/*]",
    "allowed-initiators: [alice, codepipeline/*]",
    "forbidden-variables: [SETTING_1], except: [{projects: [project-1*], until: 2026-06-30}]",
    "max-timeout: 30m, only: [{sources: ['https://github.com/example/*'], regions: [eu-*]}, {branches: [main]}]",
    "max-timeout: 30m, except: [{started-by: [pipeline]}, {accounts: ['111122223333'], refs: [refs/heads/main]}]",
    "deny-when: build.environment.privilegedMode && build.logs.s3Logs.status == 'DISABLED'",
    "deny-when: build.currentPhase == 'INSTALL' && has(build.cache.modes)",
    "deny-when: \"build.phases.exists(phase, phase.phaseStatus == 'STOPPED')\"",
    "deny-when: running > duration('10m') && build.serviceRole.endsWith('service-role')",
    "max-duration: 10m, only: [{when: build.vpcConfig.subnets.size() > 1}]",
];

/// Members that a build may lack, or have of another kind.
const MEMBERS: [&str; 14] = [
    "/startTime",
    "/endTime",
    "/buildStatus",
    "/buildComplete",
    "/phases",
    "/phases/2/startTime",
    "/source",
    "/sourceVersion",
    "/environment",
    "/environment/computeType",
    "/environment/environmentVariables",
    "/timeoutInMinutes",
    "/initiator",
    "/buildBatchArn",
];

fn policy_of(rules: &[&str], has_prices: bool) -> Policy {
    let prices = if has_prices { "prices: {BUILD_GENERAL1_SMALL: 0.005, BUILD_GENERAL1_LARGE: 0.02}\n" } else { "" };
    let rules: String =
        rules.iter().enumerate().map(|(index, rule)| format!("  - {{id: r{index}, {rule}}}\n")).collect();
    let text = format!("version: 1\n{prices}rules:\n{rules}");
    Policy::parse("policy.yaml", &text).unwrap_or_else(|faults| panic!("{text}\n{faults}"))
}

/// A build with another value in place of a member.
fn with(mut build: Value, member: &str, value: Value) -> Value {
    let (parent, name) = member.rsplit_once('/').unwrap();
    match build.pointer_mut(parent) {
        Some(Value::Object(members)) => drop(members.insert(name.to_owned(), value)),
        _ => panic!("{member}"),
    }
    build
}

/// Judges a build by the part that a replay needs, and by the whole. Returns whether the part was enough.
fn check(replay: &Replay<'_>, json: &Value) -> bool {
    let text = json.to_string();
    let part = BuildPart::of(std::slice::from_ref(replay)).unwrap();
    let judged = |observation: Observation| replay.judge(observation.into(), None, NOW.parse().unwrap(), |_| None).ok();
    let Some(in_part) = part.read(text.as_bytes()).and_then(judged) else { return false };
    let mut whole = None;
    recognize(text.as_bytes(), |item| match item {
        Item::Build(observation) => whole = judged(observation),
        other => panic!("{other:?}"),
    })
    .unwrap();
    assert_eq!(Some(in_part), whole, "{json}");
    true
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_part_is_judged_like_the_whole(
        rules in subsequence(&RULES[..], 1..=4),
        has_prices: bool,
        at_start: bool,
        origins: bool,
        seed: u64,
        changes in proptest::collection::vec((proptest::sample::select(&MEMBERS[..]), 0..4_usize), 20),
    ) {
        let policy = policy_of(&rules, has_prices);
        let moments = if at_start { Moments::StartOnly } else { Moments::WholeLife };
        let replay = Replay::new(&policy, moments, Details { origins, ..Details::default() });
        for (build, (member, kind)) in History::of_seed(seed).zip(changes) {
            check(&replay, &build);
            let value = [json!(null), json!(1), json!("IN_PROGRESS"), json!({})][kind].clone();
            check(&replay, &with(build, member, value));
        }
    }
}

#[test]
fn the_part_of_a_build_is_enough_for_rules_about_the_build() {
    for rule in RULES {
        let policy = policy_of(&[rule], false);
        let replay = Replay::new(&policy, Moments::WholeLife, Details::default());
        let enough = History::of_seed(7).take(100).filter(|build| check(&replay, build)).count();
        assert!(enough > 40, "{rule}: {enough}");
    }
}

#[test]
fn the_part_contains_what_the_rules_read() {
    let build = History::of_seed(1).next().unwrap().to_string();
    let read = |rules: &[&str]| {
        let policy = policy_of(rules, false);
        let replay = Replay::new(&policy, Moments::WholeLife, Details::default());
        let build: Box<Build> = BuildPart::of(&[replay]).unwrap().read(build.as_bytes()).unwrap().build;
        [build.phases.is_some(), build.timeout_in_minutes.is_some(), build.logs.is_some(), build.source.is_some()]
    };
    assert_eq!(read(&["forbidden-compute: [BUILD_GENERAL1_LARGE]"]), [false, false, false, false]);
    assert_eq!(read(&["max-timeout: 60m"]), [false, true, false, false]);
    assert_eq!(read(&["max-timeout: 60m, only: [{branches: [main]}]"]), [false, true, false, true]);
    assert_eq!(read(&["max-duration: 60m"]), [true, false, false, false]);
    assert_eq!(read(&["deny-when: has(build.logs.s3Logs)"]), [false, false, true, true]);
    assert_eq!(read(&["forbidden-initiators: [bob]"]), [false, false, false, true]);
}

#[test]
fn whole_builds_are_read_where_more_than_their_rules_counts() {
    let is_read_in_part = |rule: &str, details| {
        let policy = policy_of(&[rule], true);
        BuildPart::of(&[Replay::new(&policy, Moments::WholeLife, details)]).is_some()
    };
    for rule in [
        "max-cost: 1",
        "forbidden-overrides: [image]",
        "only-newest-per: [project]",
        "deny-when: cost > 1.0",
        "max-timeout: 60m, except: [{when: project.name == 'a'}]",
    ] {
        assert!(!is_read_in_part(rule, Details::default()), "{rule}");
    }
    let details = |records, reasons| Details { records, reasons, origins: false };
    for (details, expected) in
        [(details(false, false), true), (details(true, false), false), (details(false, true), false)]
    {
        assert_eq!(is_read_in_part("max-timeout: 60m", details), expected);
    }
}

#[test]
fn only_a_build_of_the_api_that_has_ended_is_read_in_part() {
    let policy = policy_of(&["max-timeout: 60m"], false);
    let part = BuildPart::of(&[Replay::new(&policy, Moments::WholeLife, Details::default())]).unwrap();
    let build = History::of_seed(1).next().unwrap();
    let is_read = |json: &Value| part.read(json.to_string().as_bytes()).is_some();
    assert!(is_read(&build));
    for (member, value) in [
        ("/arn", json!(null)),
        ("/id", json!("another:5e000000-0000-4000-8000-000000000001")),
        ("/startTime", json!(null)),
        ("/endTime", json!("tomorrow")),
        ("/buildStatus", json!("IN_PROGRESS")),
    ] {
        assert!(!is_read(&with(build.clone(), member, value)), "{member}");
    }
    assert!(!is_read(&json!({"builds": [build]})));
    assert!(part.read(format!("{build}\n{build}").as_bytes()).is_none());
    assert!(part.read(&build.to_string().into_bytes()[..1000]).is_none());
}
