//! No input causes a panic, and a build that an event names is never lost.

use std::sync::LazyLock;

use buildbrake_core::{
    checks,
    event::{BuildEvent, Trigger},
    model::Build,
    policy::Policy,
    verdict::judge,
};
use buildbrake_testkit::{events::events, json::pointers};
use proptest::{prelude::*, sample::Index};
use serde_json::{Map, Value, json};

/// Every check.
const CHECKS: &str = "\
max-timeout: 60m
max-queued-timeout: 60m
max-duration: 60m
max-queue-time: 30m
max-cost: 2.50
forbidden-branches: [main, release/*]
allowed-branches: [feature/*]
forbidden-refs: [refs/pull/*]
allowed-refs: [refs/heads/*]
forbidden-compute: [BUILD_GENERAL1_2XLARGE, LINUX_GPU_CONTAINER/*]
allowed-compute: [BUILD_GENERAL1_SMALL]
forbidden-images: ['*:latest']
allowed-images: [aws/codebuild/*]
forbidden-sources: ['*github.com/*']
allowed-sources: ['*/acme/*']
forbidden-initiators: [rule/*]
allowed-initiators: [codepipeline/*]
forbidden-variables: [AWS_*]
deny-when: build.environment.privilegedMode && branch.glob('release/*')
forbidden-overrides: [image, compute, timeout, privileged, buildspec, service-role, source]
only-newest-per: [project, ref, initiator]
";

/// Every check, by itself and in a scope and with an exemption that ask for every fact.
static POLICY: LazyLock<Policy> = LazyLock::new(|| {
    let selectors = "[{projects: [a*], branches: [b*]}, {initiators: [c*], accounts: ['1*']}, \
                     {regions: [eu-*], sources: ['*e*']}, {projects: ['*']}]";
    let mut policy =
        String::from("version: 1\nnever-stop: [deploy-*]\nprices: {BUILD_GENERAL1_SMALL: 0.005}\nrules:\n");
    for (number, check) in CHECKS.lines().enumerate() {
        policy.push_str(&format!("  - id: plain-{number}\n    {check}\n"));
        policy.push_str(&format!("  - id: scoped-{number}\n    {check}\n    only: {selectors}\n"));
        policy.push_str(&format!("  - id: exempt-{number}\n    {check}\n    except: {selectors}\n"));
        policy.push_str(&format!("  - id: stopping-{number}\n    {check}\n    on-unknown: stop\n"));
    }
    Policy::parse("policy.yaml", &policy).unwrap_or_else(|faults| panic!("{faults:?}"))
});

static EVENTS: LazyLock<Vec<Value>> = LazyLock::new(|| {
    events("crates/core/tests/events").into_iter().chain(events("events")).map(|(_, event)| event).collect()
});

/// The names and texts that events hold, so that what is made up resembles them.
static WORDS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut words: Vec<String> = Vec::new();
    for event in &*EVENTS {
        for pointer in pointers(event) {
            words.extend(pointer.rsplit('/').next().map(str::to_owned));
            words.extend(event.pointer(&pointer).and_then(Value::as_str).map(str::to_owned));
        }
    }
    words.sort();
    words.dedup();
    words
});

fn text() -> impl Strategy<Value = String> {
    prop_oneof![prop::sample::select(WORDS.as_slice()), any::<String>()]
}

/// Any JSON value, of members that events have and of others.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::vec((text(), inner), 0..8).prop_map(|members| Value::Object(Map::from_iter(members))),
        ]
    })
}

/// Reads an event and judges its build, if it names one.
fn read_and_judge(text: &str) -> Option<BuildEvent> {
    let Ok(Trigger::Build(event)) = Trigger::parse(text) else { return None };
    judge(&POLICY, &event.build, event.time.unwrap_or_default());
    Some(event)
}

/// Returns whether the value at a path names the build, its place or the kind of event.
fn is_identity(pointer: &str) -> bool {
    let first = pointer.split('/').nth(1).unwrap_or_default();
    ["detail-type", "source", "account", "region", "resources"].contains(&first)
        || ["/detail", "/detail/build-id"].contains(&pointer)
}

proptest! {
    #[test]
    fn no_text_panics(text in any::<String>()) {
        read_and_judge(&text);
    }

    #[test]
    fn no_json_panics(event in value()) {
        read_and_judge(&event.to_string());
    }

    #[test]
    fn no_broken_off_event_panics(event in prop::sample::select(EVENTS.as_slice()), at in any::<Index>()) {
        let text = event.to_string();
        let end = text.floor_char_boundary(at.index(text.len()));
        prop_assert!(Trigger::parse(&text[..end]).is_err());
    }

    #[test]
    fn any_detail_of_an_event_is_judged(event in prop::sample::select(EVENTS.as_slice()), detail in value()) {
        // A text that is no id of a build makes the whole event unreadable.
        prop_assume!(["build-id", "build-arn"].iter().all(|name| !detail[name].is_string()));
        let mut event = event;
        event["detail"] = detail;
        prop_assert!(read_and_judge(&event.to_string()).is_some(), "the resources name the build");
    }

    #[test]
    fn any_additional_information_is_judged(information in value()) {
        let mut event = EVENTS[0].clone();
        event["detail"]["additional-information"] = information;
        prop_assert!(read_and_judge(&event.to_string()).is_some());
    }

    #[test]
    fn any_build_of_the_api_is_judged(build in value()) {
        if let Ok(build) = serde_json::from_value::<Build>(build) {
            judge(&POLICY, &build, build.start_time.unwrap_or_default());
        }
    }

    #[test]
    fn whatever_is_replaced_the_same_build_is_meant(
        event in prop::sample::select(EVENTS.as_slice()),
        place in any::<Index>(),
        value in value(),
    ) {
        let (mut event, before) = (event.clone(), read_and_judge(&event.to_string()).unwrap());
        let pointers = pointers(&event);
        let pointer = place.get(&pointers);
        *event.pointer_mut(pointer).unwrap() = value;
        let after = read_and_judge(&event.to_string());
        if !is_identity(pointer) {
            let after = after.unwrap();
            prop_assert_eq!(&after.id, &before.id, "{}", pointer);
            prop_assert_eq!(&after.build.arn, &before.build.arn, "{}", pointer);
            prop_assert_eq!(after.kind, before.kind, "{}", pointer);
        }
    }
}

#[test]
fn the_policy_uses_every_check_there_is() {
    let is_used =
        |check: &&str| CHECKS.lines().any(|line| line.split_once(':').is_some_and(|(name, _)| name == *check));
    let missing: Vec<_> = checks::ids().filter(|check| !is_used(check)).collect();
    assert!(missing.is_empty(), "add a line to CHECKS for each of {missing:?}");
}

#[test]
fn json_of_any_depth_is_refused_or_read() {
    for depth in [100, 127, 128, 1_000, 10_000] {
        let (open, close) = (r#"{"a":["#.repeat(depth), "]}".repeat(depth));
        read_and_judge(&format!("{open}{close}"));
        let event = EVENTS[0].clone().to_string();
        for member in ["cache", "invented"] {
            let information = format!(r#""additional-information":{{"{member}":{open}{close}}},"build-id""#);
            let event = event.replacen(r#""build-id""#, &information, 1);
            assert!(read_and_judge(&event).is_some(), "{depth} levels below {member}");
        }
    }
}

#[test]
fn numbers_of_any_size_are_read() {
    for number in ["1e308", "-1e308", "1e-400", "9223372036854775808", "-9223372036854775809", "-0", "-0.0"] {
        let mut event =
            EVENTS.iter().find(|event| !event["detail"]["additional-information"].is_null()).unwrap().clone();
        for pointer in pointers(&event.clone()) {
            if event.pointer(&pointer).is_some_and(Value::is_number) {
                *event.pointer_mut(&pointer).unwrap() = json!("the number");
            }
        }
        assert!(read_and_judge(&event.to_string().replace("\"the number\"", number)).is_some(), "{number}");
    }
}
