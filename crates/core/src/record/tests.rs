use serde_json::{Value, json};

use super::*;
use crate::{
    event::{BuildEvent, Trigger},
    policy::Mode,
};

const NOW: &str = "2026-11-22T09:00:00Z";

/// The record of a build under a rule and a ceiling, of which nothing but this became.
fn record(rule: &str, build: Value, ceiling: Mode, effect: impl Into<Effect>) -> Value {
    let text = format!("{{version: 1, never-stop: [deploy-*], rules: [{{id: r, {rule}}}]}}");
    let policy = Policy::parse("policy.yaml", &text).unwrap().under(ceiling);
    let now = NOW.parse().unwrap();
    let id = "shop:5e000000-0000-4000-8000-000000000001".parse().unwrap();
    let build = serde_json::from_value(build).unwrap();
    let event = BuildEvent::new(TriggerKind::StateChange, id, None, build);
    let case = Case::of_event(&policy, event, now);
    let record = Record::judged(&policy, &case, effect.into(), now);
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
        let record = Record::judged(&policy, &case, Outcome::Allowed.into(), NOW.parse().unwrap());
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
