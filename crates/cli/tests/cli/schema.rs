//! Tests that the JSON Schemas are up to date, and that the policy's schema agrees with `check`.

use buildbrake_core::{
    event::{BuildEvent, TriggerKind},
    facts::inquiry::Case,
    model::Build,
    policy::{Policy, schema},
    record::{self, Effect, Note, Outcome, Record},
    verdict::Withheld,
};
use jiff::Timestamp;
use serde_json::{Value, json};

#[test]
fn the_committed_schemas_are_fresh() {
    for (of, schema) in [("policy", schema()), ("record", record::schema())] {
        let path = format!("{}/../../{of}.schema.json", env!("CARGO_MANIFEST_DIR"));
        let committed = std::fs::read_to_string(path).unwrap();
        assert!(
            committed == format!("{schema:#}\n"),
            "{of}.schema.json is not what the code says: run `cargo run -- schema {of} > {of}.schema.json`"
        );
    }
}

/// Every member that a record can have is in the schema, which refuses others.
#[test]
fn notifications_are_what_their_schema_says() {
    let text = "{version: 1, rules: [
        {id: a, reason: r, owner: o, forbidden-branches: [main]},
        {id: b, forbidden-branches: [main], except: [{projects: [shop], until: 2027-01-31, reason: x}]},
        {id: c, forbidden-overrides: [image]}]}";
    let policy = Policy::parse("policy.yaml", text).unwrap();
    let now: Timestamp = "2026-11-22T09:00:00Z".parse().unwrap();
    let build: Build = serde_json::from_value(json!({
        "arn": "arn:aws:codebuild:eu-west-1:111122223333:build/shop:5e000000-0000-4000-8000-000000000001",
        "projectName": "shop", "sourceVersion": "main", "initiator": "alice", "startTime": 1.5e9,
        "environment": {"environmentVariables": [{"name": "A", "value": "b", "type": "PLAINTEXT"}]},
    }))
    .unwrap();
    let id = "shop:5e000000-0000-4000-8000-000000000001".parse().unwrap();
    let event = BuildEvent::new(TriggerKind::StateChange, id, Some(now), Box::new(build.clone()));
    let case = Case::of_event(&policy, event, now);
    let validator = jsonschema::draft202012::new(&record::schema()).unwrap();
    let notes = vec![
        Note::alarm_missing("a"),
        Note::alarm_unanswered("a", &"b".into()),
        Note::build_log_unwritable(&"c".into()),
    ];
    let batch = serde_json::from_value(json!({"arn": "a", "phases": [{"phaseType": "SUBMITTED"}]})).unwrap();
    let full = Effect {
        returned: Some(Box::new(build)),
        batch: Some(Box::new(batch)),
        deadline: Some(now),
        notes,
        ..Outcome::Stopped.into()
    };
    for effect in [full, Withheld::StopRate.into(), Outcome::Protected.into(), Outcome::AlreadyComplete.into()] {
        for notification in Record::judged(&policy, &case, effect.clone(), now.into()).notifications() {
            let detail: Value = serde_json::from_str(&notification.detail).unwrap();
            let faults: Vec<String> = validator.iter_errors(&detail).map(|fault| fault.to_string()).collect();
            assert!(faults.is_empty(), "{faults:#?} in {detail:#}");
        }
    }
    let record = Record::judged(&policy, &case, Outcome::Stopped.into(), now.into());
    let line: Value = serde_json::from_str(record.json().get()).unwrap();
    assert!(!validator.is_valid(&line), "a record with its metrics is no detail");
}

/// Returns whether an editor that has the schema accepts a text, and whether `check` does.
fn accepted(text: &str) -> (bool, bool) {
    let json: Value = serde_saphyr::from_str(text).unwrap();
    let validator = jsonschema::draft202012::new(&schema()).unwrap();
    (validator.is_valid(&json), Policy::parse("policy.yaml", text).is_ok())
}

#[test]
fn what_check_accepts_the_schema_accepts() {
    let sample = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../policy/policy.yaml")).unwrap();
    assert_eq!(accepted(&sample), (true, true));
    let library = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../library")).unwrap();
    let policies = library.map(|entry| entry.unwrap().path()).filter(|path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.ends_with(".yaml") && !name.ends_with(".test.yaml")
    });
    let mut count = 0;
    for path in policies {
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(accepted(&text), (true, true), "{}", path.display());
        assert!(text.starts_with("# yaml-language-server: $schema=../policy.schema.json"), "{}", path.display());
        count += 1;
    }
    assert!(count >= 8, "{count} policies in the library");
    for rule in [
        "forbidden-overrides: [image, compute, timeout, privileged, buildspec, service-role, source]",
        "deny-when: build.environment.privilegedMode",
        "max-timeout: 5m, only: [{tags: {team: [a], tier: ['1']}}], except: [{when: 'build.buildComplete'}]",
        "only-newest-per: [project]",
        "only-newest-per: [initiator, ref, project], batch: stop-all",
        "max-timeout: 1h 30m",
        "max-timeout: 90s",
        "max-queued-timeout: 1h30m",
        "forbidden-branches: [main, release/*, 'v?', 1.10, true]",
        "allowed-images: ['111122223333.dkr.ecr.*.amazonaws.com/*']",
        "forbidden-variables: ['*']",
        "max-timeout: 5m, mode: report, enforce-after: 2027-03-01, reason: Because., on-unknown: stop",
        "max-timeout: 5m, only: [{projects: [a], branches: [b]}], except: [{accounts: ['1*'], until: 2027-01-31, reason: x}]",
    ] {
        let text = format!("{{version: 1, mode: report, never-stop: [a], rules: [{{id: a-1, {rule}}}]}}");
        assert_eq!(accepted(&text), (true, true), "{text}");
    }
}

#[test]
fn what_a_schema_can_see_it_refuses() {
    for rule in [
        "",
        "max-timeout: 5m, max-queued-timeout: 5m",
        "forbidden-overrides: [images]",
        "forbidden-overrides: []",
        "only-newest-per: []",
        "only-newest-per: project",
        "only-newest-per: [ref]",
        "only-newest-per: [project, branch]",
        "only-newest-per: [project, ref, project]",
        "deny-when: ' '",
        "deny-when: [build.environment.privilegedMode]",
        "max-timeout: 5m, only: [{tags: {}}]",
        "max-timeout: 5m, only: [{tags: {team: a}}]",
        "max-timeout: 5m, only: [{tags: [team]}]",
        "max-timeout: 5m, only: [{when: []}]",
        "max-timeuot: 5m",
        "max-timeout: 60",
        "max-timeout: 0m",
        "max-timeout: 5 minutes",
        "max-timeout: 5m 1h",
        "forbidden-branches: main",
        "forbidden-branches: []",
        "forbidden-branches: ['']",
        "forbidden-branches: [' main']",
        "forbidden-branches: ['[ab]']",
        "forbidden-branches: ['^main$']",
        "forbidden-branches: [[main]]",
        "max-timeout: 5m, mode: on",
        "max-timeout: 5m, mode: enforce, enforce-after: 2027-03-01",
        "max-timeout: 5m, mode: report, enforce-after: soon",
        "max-timeout: 5m, on-unknown: guess",
        "max-timeout: 5m, reason: ' '",
        "max-timeout: 5m, only: []",
        "max-timeout: 5m, only: [{}]",
        "max-timeout: 5m, only: [{until: 2027-01-31}]",
        "max-timeout: 5m, except: [{reason: x}]",
    ] {
        let text = format!("{{version: 1, rules: [{{id: a, {rule}}}]}}");
        assert_eq!(accepted(&text), (false, false), "{text}");
    }
    for text in [
        "{rules: [{id: a, max-timeout: 5m}]}",
        "{version: 2, rules: [{id: a, max-timeout: 5m}]}",
        "{version: 1}",
        "{version: 1, rules: []}",
        "[]",
        "{version: 1, rules: [{id: A, max-timeout: 5m}]}",
    ] {
        assert_eq!(accepted(text), (false, false), "{text}");
    }
}

#[test]
fn what_only_check_can_see() {
    for text in [
        "{version: 1, rules: [{id: a, max-timeout: 5m}, {id: a, max-timeout: 5m}]}",
        "{version: 1, rules: [{id: a, deny-when: build.nonesuch}]}",
        "{version: 1, rules: [{id: a, forbidden-compute: [LARGE]}]}",
        "{version: 1, rules: [{id: a, max-timeout: 5m, mode: report, enforce-after: 2027-02-30}]}",
    ] {
        assert_eq!(accepted(text), (true, false), "{text}");
    }
}
