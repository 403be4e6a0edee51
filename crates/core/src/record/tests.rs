use aws_lambda_events::eventbridge::EventBridgeEvent;
use serde_json::{Value, json};

use super::*;
use crate::{
    event::{BuildEvent, Trigger},
    facts::inquiry::Cause,
    policy::Mode,
};

const NOW: &str = "2026-11-22T09:00:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

/// The record of a build under a rule and a ceiling, with this effect.
fn record(rule: &str, build: Value, ceiling: Mode, effect: impl Into<Effect>) -> Value {
    let text = format!("{{version: 1, never-stop: [deploy-*], rules: [{{id: r, {rule}}}]}}");
    let policy = Policy::parse("policy.yaml", &text).unwrap().under(ceiling);
    let now = now();
    let id = "shop:5e000000-0000-4000-8000-000000000001".parse().unwrap();
    let build = serde_json::from_value(build).unwrap();
    let event = BuildEvent::new(TriggerKind::StateChange, id, None, build);
    let case = Case::of_event(&policy, event, now);
    let record = Record::judged(&policy, &case, effect.into(), now.into());
    serde_json::from_str(record.json().get()).unwrap()
}

fn on_main(project: &str) -> Value {
    json!({"projectName": project, "sourceVersion": "main", "buildStatus": "IN_PROGRESS"})
}

const RULE: &str = "forbidden-branches: [main], reason: Releases are built by the pipeline.";

#[test]
fn the_ceiling_is_named_if_it_spared_the_build() {
    let spared = record(RULE, on_main("shop"), Mode::Report, Outcome::Reported);
    assert_eq!((&spared["outcome"], &spared["withheld"]), (&json!("reported"), &json!("ceiling")));
    assert_eq!(
        spared["message"],
        "Reported build shop:5e000000-0000-4000-8000-000000000001; it keeps running. An enforced rule is broken, but \
         the build was not stopped, because the deployment's mode is `report`. Rule `r` (forbidden-branches main) is \
         broken: found main. Releases are built by the pipeline."
    );
    // Without the ceiling, these would not have been stopped either.
    for (rule, project) in [(format!("{RULE}, mode: report"), "shop"), (RULE.to_owned(), "deploy-shop")] {
        assert_eq!(record(&rule, on_main(project), Mode::Report, Outcome::Reported).get("withheld"), None, "{rule}");
    }
    // The build has ended: nothing spared it.
    assert_eq!(record(RULE, on_main("shop"), Mode::Report, Outcome::NotRunning).get("withheld"), None);
}

/// The reaction to an event is counted from its time, and that to a phase from the phase's end. An
/// old event has none.
#[test]
fn the_reaction_is_counted_from_what_happened() {
    let state_change = json!({"detail-type": "CodeBuild Build State Change", "time": "2026-11-22T08:59:58Z"});
    let phase_change = json!({
        "detail-type": "CodeBuild Build Phase Change", "time": "2026-11-22T08:59:00Z",
        "detail": {"completed-phase-end": "Nov 22, 2026 8:59:57 AM"},
    });
    let by_duration = json!({
        "detail-type": "CodeBuild Build Phase Change", "time": "2026-11-22T08:59:00Z",
        "detail": {"completed-phase-duration-seconds": 56},
    });
    let replayed = json!({
        "detail-type": "CodeBuild Build State Change", "time": "2026-11-22T08:59:58Z", "replay-name": "again",
    });
    let without_time = json!({"detail-type": "CodeBuild Build State Change"});
    let cases = [
        (state_change, json!(2_000)),
        (phase_change, json!(3_000)),
        (by_duration, json!(4_000)),
        (replayed, Value::Null),
        (without_time, Value::Null),
    ];
    let policy = Policy::parse("policy.yaml", &format!("{{version: 1, rules: [{{id: r, {RULE}}}]}}")).unwrap();
    for (mut event, expected) in cases {
        event["source"] = json!("aws.codebuild");
        event["detail"]["build-id"] = json!("shop:5e000000-0000-4000-8000-000000000001");
        let Ok(Trigger::Build(parsed)) = Trigger::parse(event.to_string()) else { panic!("{event}") };
        let case = Case::of_event(&policy, parsed, NOW.parse().unwrap());
        let record = Record::judged(&policy, &case, Outcome::Allowed.into(), now().into());
        let record: Value = serde_json::from_str(record.json().get()).unwrap();
        assert_eq!(record["reactionMs"], expected, "{event}");
    }
}

#[test]
fn a_record_says_whose_build_it_is_about() {
    let arn = "arn:aws:codebuild:eu-west-1:111122223333:build/shop:5e000000-0000-4000-8000-000000000001";
    let mut build = on_main("shop");
    build["arn"] = json!(arn);
    build["initiator"] = json!("alice");
    let record = record(RULE, build, Mode::Enforce, Outcome::NotFound);
    for (field, expected) in [
        ("buildId", "shop:5e000000-0000-4000-8000-000000000001"),
        ("buildArn", arn),
        ("project", "shop"),
        ("account", "111122223333"),
        ("region", "eu-west-1"),
        ("initiator", "alice"),
        ("sourceVersion", "main"),
        ("branch", "main"),
        ("trigger", "state-change"),
    ] {
        assert_eq!(record[field], expected, "{field}");
    }
}

#[test]
fn the_safety_belt_and_a_dry_run_are_named() {
    for (withheld, name, why) in [
        (Withheld::SafetyBelt, "safety-belt", "because the sweep would have stopped more builds than it may"),
        (Withheld::DryRun, "dry-run", "because this was a dry run"),
    ] {
        let spared = record(RULE, on_main("shop"), Mode::Enforce, withheld);
        assert_eq!((&spared["outcome"], &spared["withheld"]), (&json!("reported"), &json!(name)));
        assert!(spared["message"].as_str().unwrap().contains(why), "{spared}");
    }
}

#[test]
fn a_message_says_which_fact_was_unknown() {
    let unknown = |rule: &str, build: Value| {
        let message = record(rule, build, Mode::Enforce, Outcome::Allowed)["message"].clone();
        message.as_str().unwrap().split_once(". ").unwrap().1.to_owned()
    };
    for (rule, build, expected) in [
        (
            "forbidden-branches: [main]",
            json!({"initiator": "alice", "sourceVersion": "pr/25"}),
            "Rule `r` could not be evaluated: the branch is unknown (the source version is pull request 25).",
        ),
        ("max-timeout: 5m", json!({}), "Rule `r` could not be evaluated: `timeoutInMinutes` is unknown."),
        (
            "forbidden-overrides: [image]",
            json!({"initiator": "alice"}),
            "Rule `r` could not be evaluated: the project is unknown.",
        ),
    ] {
        assert_eq!(unknown(rule, build), expected);
    }
}

#[test]
fn an_event_without_a_build_counts_as_failed_or_as_nothing() {
    let policy = Policy::parse("policy.yaml", &format!("{{version: 1, rules: [{{id: r, {RULE}}}]}}")).unwrap();
    let counts = |effect: Effect| {
        let record = Record::without_build(&policy, "message", effect, NOW.parse().unwrap());
        let record: Value = serde_json::from_str(record.json().get()).unwrap();
        ["Stopped", "Reported", "Allowed", "Undecided", "Failed"].map(|name| record[name].as_u64().unwrap())
    };
    let failure = Failure::from(EventError::NotJson { line: 1, column: 1 });
    assert_eq!(counts(failure.into()), [0, 0, 0, 0, 1]);
    assert_eq!(counts(Outcome::Ignored.into()), [0; 5]);
}

#[test]
fn the_response_contains_the_records_of_what_is_superseded_as_many_as_lambda_accepts() {
    let text = format!("{{version: 1, rules: [{{id: r, {RULE}}}]}}");
    let policy = Policy::parse("policy.yaml", &text).unwrap();
    let record = |message: &str| Record::without_build(&policy, message, Outcome::Ignored.into(), NOW.parse().unwrap());
    let response = |others: &[Record]| -> Value {
        serde_json::from_str(record("own").superseding(others).into_response().get()).unwrap()
    };
    let line: Value = serde_json::from_str(record("own").json().get()).unwrap();
    assert_eq!(response(&[]), line);
    let mut with_two = response(&[record("one"), record("two")]);
    assert_eq!(
        (&with_two["superseded"][0]["message"], &with_two["superseded"][1]["message"]),
        (&json!("one"), &json!("two"))
    );
    with_two.as_object_mut().unwrap().shift_remove("superseded");
    assert_eq!(with_two, line);
    let long = "a".repeat(1_500_000);
    let with_three = response(&[record(&long), record(&long), record(&long)]);
    assert_eq!((with_three["superseded"].as_array().unwrap().len(), &with_three["recordsLeftOut"]), (2, &json!(1)));
}

/// The record of a build that breaks two rules, as it was stopped.
fn two_violations(build: Value, effect: impl Into<Effect>) -> Record {
    let text = "{version: 1, rules: [
        {id: branches, forbidden-branches: [main], reason: \"Say \\\"no\\\".\\nThen 🛑.\", owner: '#ci-platform'},
        {id: images, forbidden-images: ['*'], mode: report}]}";
    let policy = Policy::parse("policy.yaml", text).unwrap();
    let id = "shop:5e000000-0000-4000-8000-000000000001".parse().unwrap();
    let event = BuildEvent::new(TriggerKind::StateChange, id, None, serde_json::from_value(build).unwrap());
    let case = Case::of_event(&policy, event, now());
    Record::judged(&policy, &case, effect.into(), Stamp { now: now(), version: Some("7"), account_name: None })
}

fn details(record: &Record) -> Vec<Value> {
    record.notifications().iter().map(|notification| serde_json::from_str(&notification.detail).unwrap()).collect()
}

const ARN: &str = "arn:aws:codebuild:eu-west-1:111122223333:build/shop:5e000000-0000-4000-8000-000000000001";

fn on_main_with_image() -> Value {
    let mut build = on_main("shop");
    build["arn"] = json!(ARN);
    build["environment"] = json!({"image": "alpine"});
    build
}

#[test]
fn each_broken_rule_has_a_notification_of_its_own() {
    let record = two_violations(on_main_with_image(), Outcome::Stopped);
    let whole: Value = serde_json::from_str(record.json().get()).unwrap();
    let details = details(&record);
    let rules: Vec<&Value> = details.iter().map(|detail| &detail["violations"][0]["rule"]).collect();
    assert_eq!(rules, [&json!("branches"), &json!("images")]);
    for (detail, violation) in details.iter().zip(whole["violations"].as_array().unwrap()) {
        assert_eq!(detail["violations"], json!([violation]));
        assert_eq!(detail["schemaVersion"], "1");
        assert_eq!(detail["id"], format!("{ARN}#{}", violation["rule"].as_str().unwrap()));
        for field in ["outcome", "message", "buildArn", "account", "region", "policy", "trigger", "branch"] {
            assert_eq!(detail[field], whole[field], "{field}");
        }
        assert_eq!(detail.get("_aws").or(detail.get("Stopped")).or(detail.get("StopAttempts")), None, "{detail}");
    }
    assert_eq!(details[0]["violations"][0]["owner"], "#ci-platform");
    assert_eq!(details[0]["violations"][0]["reason"], "Say \"no\".\nThen 🛑.");
    assert_eq!(record.notifications()[0].build_arn.as_deref(), Some(ARN));
}

#[test]
fn people_are_told_of_every_broken_rule_except_by_a_failed_try() {
    let count = |effect: Effect| two_violations(on_main_with_image(), effect).notifications().len();
    for outcome in [Outcome::Stopped, Outcome::Reported, Outcome::Protected, Outcome::AlreadyComplete] {
        assert_eq!(count(outcome.into()), 2, "{outcome:?}");
    }
    for outcome in [Outcome::NotFound, Outcome::NotRunning, Outcome::Ignored, Outcome::Failed] {
        assert_eq!(count(outcome.into()), 0, "{outcome:?}");
    }
    assert_eq!(count(Withheld::StopRate.into()), 2);
    let record = two_violations(json!({"projectName": "shop", "sourceVersion": "feature"}), Outcome::Allowed);
    assert_eq!(record.notifications(), []);
}

#[test]
fn a_notification_that_is_too_large_loses_its_build_and_says_so() {
    let returned = |variables: usize| {
        let variable = json!({"name": "N".repeat(1000), "type": "PLAINTEXT", "value": "v"});
        let build = json!({"id": "shop:1", "environment": {"environmentVariables": vec![variable; variables]}});
        let returned = Some(serde_json::from_value(build).unwrap());
        two_violations(on_main_with_image(), Effect { returned, ..Outcome::Stopped.into() })
    };
    let small = details(&returned(100));
    assert!(small.iter().all(|detail| detail["build"].is_object() && detail.get("notes").is_none()));
    let large = returned(300);
    for (notification, detail) in large.notifications().iter().zip(details(&large)) {
        assert!(notification.bytes() <= MAX_ENTRY_BYTES);
        assert_eq!(detail.get("build"), None);
        assert_eq!(detail["notes"][0]["code"], "build-left-out");
        let note = detail["notes"][0]["message"].as_str().unwrap();
        assert_eq!(note, "the Build was left out, since an event may have at most 256 KB");
        assert_eq!(detail["buildArn"], ARN);
    }
}

/// The alarm's metric must not fall when the alarm takes effect.
#[test]
fn stops_and_stops_that_their_rate_withheld_count_as_attempts() {
    for (effect, expected) in [
        (Outcome::Stopped.into(), json!(1)),
        (Withheld::StopRate.into(), json!(1)),
        (Withheld::Ceiling.into(), json!(0)),
        (Outcome::Reported.into(), json!(0)),
        (Outcome::Allowed.into(), json!(0)),
        (Outcome::NotFound.into(), Value::Null),
    ] {
        let effect: Effect = effect;
        let record = two_violations(on_main_with_image(), effect.clone());
        let record: Value = serde_json::from_str(record.json().get()).unwrap();
        assert_eq!(record["StopAttempts"], expected, "{effect:?}");
        let directives = record["_aws"]["CloudWatchMetrics"].as_array().unwrap();
        let names = |directive: &Value| directive["Metrics"][0]["Name"].clone();
        let attempts: Vec<&Value> = directives.iter().filter(|one| names(one) == "StopAttempts").collect();
        if expected.is_null() {
            assert_eq!(attempts, Vec::<&Value>::new());
        } else {
            assert_eq!(attempts[0]["Dimensions"], json!([[], ["Account"], ["Version"]]));
            assert_eq!(attempts[0]["Metrics"][0]["StorageResolution"], 1);
            assert_eq!((&record["Account"], &record["Version"]), (&json!("111122223333"), &json!("7")));
        }
    }
}

#[test]
fn what_somebody_must_repair_has_metrics_where_it_happened() {
    let notes = vec![
        Note::alarm_missing("stop-rate"),
        Note::alarm_unanswered("stop-rate", &"TimedOut".into()),
        Note::build_log_unwritable(&Cause::Denied("AccessDenied".into())),
    ];
    let with = |notes| two_violations(on_main_with_image(), Effect { notes, ..Outcome::Stopped.into() });
    let troubled: Value = serde_json::from_str(with(notes).json().get()).unwrap();
    let quiet: Value = serde_json::from_str(with(Vec::new()).json().get()).unwrap();
    for name in ["AlarmMissing", "AlarmUnanswered", "AccessDenied"] {
        assert_eq!((&troubled[name], &quiet[name]), (&json!(1), &Value::Null), "{name}");
    }
    let codes: Vec<&Value> = troubled["notes"].as_array().unwrap().iter().map(|note| &note["code"]).collect();
    assert_eq!(codes, ["alarm-missing", "alarm-unanswered", "build-log-unwritable"]);
    let directives = troubled["_aws"]["CloudWatchMetrics"].as_array().unwrap();
    let last = directives.last().unwrap();
    assert_eq!(last["Metrics"].as_array().unwrap().len(), 3, "{last}");
    assert_eq!(last["Dimensions"], json!([[]]));
}

#[test]
fn the_owner_stands_beside_the_reason() {
    let stopped = record(&format!("{RULE}, owner: '#ci-platform'"), on_main("shop"), Mode::Enforce, Outcome::Stopped);
    assert_eq!(stopped["violations"][0]["owner"], "#ci-platform");
    let message = stopped["message"].as_str().unwrap();
    assert!(message.ends_with("Releases are built by the pipeline. Owner: #ci-platform."), "{message}");
}

/// Whoever receives the event in Rust reads it with the same envelope as any other.
#[test]
fn a_notification_is_an_event_of_eventbridge() {
    let record = two_violations(on_main_with_image(), Outcome::Stopped);
    let notification = &record.notifications()[0];
    let detail: Value = serde_json::from_str(&notification.detail).unwrap();
    let received = json!({
        "version": "0", "id": "5e000000-0000-4000-8000-0000000000ee", "account": "111122223333", "region": "eu-west-1",
        "time": NOW, "source": Notification::SOURCE, "detail-type": Notification::DETAIL_TYPE,
        "resources": [notification.build_arn], "detail": detail,
    });
    let event: EventBridgeEvent<Value> = serde_json::from_value(received).unwrap();
    assert_eq!((event.source.as_str(), event.detail_type.as_str()), ("buildbrake", "Build Policy Violation"));
    assert_eq!(event.detail["violations"][0]["rule"], "branches");
}
