//! `¤` stands in secrets only: none may be in a record.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{
    event::{BuildEvent, TriggerKind},
    facts::inquiry::{Case, Reply},
    policy::Policy,
    record::{Effect, Outcome, Record},
};

/// The record of a stopped build; `failure` is what a service answered, if the stop failed.
fn record(policy: &str, build: &Value, failure: Option<String>) -> String {
    let policy = Policy::parse("policy.yaml", policy).unwrap();
    let now: jiff::Timestamp = "2026-11-22T09:00:00Z".parse().unwrap();
    let id = "shop:5e000000-0000-4000-8000-000000000001".parse().unwrap();
    let build: Box<Build> = serde_json::from_value(build.clone()).unwrap();
    let event = BuildEvent::new(TriggerKind::StateChange, id, None, build);
    let case = Case::of_event(&policy, event, now);
    let failure = failure.map(|text| refused(&text));
    let outcome = if failure.is_some() { Outcome::Failed } else { Outcome::Stopped };
    let returned = Some(Box::new(case.build().clone()));
    let effect = Effect { failure, returned, ..outcome.into() };
    let record = Record::judged(&policy, &case, effect, now.into());
    record.json().get().to_owned()
}

const POLICY: &str = "
version: 1
rules:
  - id: sources
    reason: See https://wiki.example/builds?page=1#why, or mail to ci@acme.example.
    allowed-sources: [https://u:p@github.com/acme/app-?]
    except: [{ initiators: [nobody], reason: https://wiki.example/?nobody }]
  - id: initiators
    allowed-initiators: [pipeline-*]
  - id: open
    max-timeout: 60m
";

#[test]
fn the_policys_own_words_and_links_into_the_console_stay() {
    let link = "https://console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:log-groups";
    let source = json!({"type": "GITHUB", "location": "https://u:¤@host/x?¤#¤"});
    let build = json!({"buildStatus": "IN_PROGRESS", "initiator": "https://u:¤@host/?¤", "source": source, "logs": {"deepLink": link}});
    let record: Value = serde_json::from_str(&record(POLICY, &build, None)).unwrap();
    let violation = &record["violations"][0];
    assert_eq!(violation["reason"], "See https://wiki.example/builds?page=1#why, or mail to ci@acme.example.");
    assert_eq!(
        (&violation["found"], &violation["limit"]),
        (&json!("https://host/x"), &json!("https://github.com/acme/app-?"))
    );
    assert_eq!(
        (&record["initiator"], &record["violations"][1]["found"]),
        (&json!("https://host/"), &json!("https://host/"))
    );
    assert_eq!(record["build"]["logs"]["deepLink"], link);
    assert_eq!(
        record["message"],
        "Stopped build shop:5e000000-0000-4000-8000-000000000001. Rule `sources` (allowed-sources \
         https://github.com/acme/app-?) is broken: found https://host/x. See https://wiki.example/builds?page=1#why, \
         or mail to ci@acme.example. Rule `initiators` (allowed-initiators pipeline-*) is broken: found \
         https://host/. Rule `open` could not be evaluated: `timeoutInMinutes` is unknown."
    );
}

/// A failure's message about a build; `project` and `batch` are known if they are not null.
fn message_about(build: &Value, project: &Value, batch: &Value, message: &str) -> String {
    let policy = Policy::parse("policy.yaml", POLICY).unwrap();
    let now: jiff::Timestamp = "2026-11-22T09:00:00Z".parse().unwrap();
    let id = "shop:5e000000-0000-4000-8000-000000000001".parse().unwrap();
    let build = serde_json::from_value(build.clone()).unwrap();
    let mut case = Case::of_build(&policy, BuildEvent::new(TriggerKind::Sweep, id, None, build), now);
    if !project.is_null() {
        case.add(Reply::Project(Some(Arc::new(serde_json::from_value(project.clone()).unwrap()))), now);
    }
    if !batch.is_null() {
        case.add(Reply::Batch(Some(Arc::new(serde_json::from_value(batch.clone()).unwrap()))), now);
    }
    case.shorten();
    super::failure(refused(message), &case).message.replacen("no: ", "", 1)
}

/// The failure of a call to which a service answered this text.
fn refused(text: &str) -> Failure {
    Failure { r#type: "Refused".into(), code: None, request_id: None, message: "no".into(), answer: Some(text.into()) }
}

fn with_variable(value: &str) -> Value {
    json!({"environment": {"environmentVariables": [{"name": "A", "value": value}]}})
}

#[test]
fn a_failure_quotes_no_value() {
    for (value, message, expected) in [
        ("a", "a aa b.a", "*** aa b.***"),
        ("12", "code 12, 123", "code ***, 123"),
        ("line one\n  line two", "failed: line two", "failed: ***"),
        (" padded ", "x padded y", "x***y"),
        ("", "unchanged", "unchanged"),
        // As JSON quotes it.
        (r#"pa"ss\word"#, r#"no {"value":"pa\"ss\\word"}"#, r#"no {"value":"***"}"#),
        ("c2VjcmV0a2V5==", r#"{"message":"bad key c2VjcmV0a2V5\u003d\u003d"}"#, r#"{"message":"bad key ***"}"#),
        ("aa/bb/cc", r#"["bad aa\/bb\/cc"]"#, r#"["bad ***"]"#),
        ("one\ntwo\tand three", r#"no "one\ntwo\tand three""#, r#"no "***""#),
        (r#"[{"key": "s3cret"}]"#, r#"no "[{\"key\": \"s3cret\"}]""#, r#"no "***""#),
    ] {
        assert_eq!(message_about(&with_variable(value), &json!(null), &json!(null), message), expected, "{value:?}");
    }
}

#[test]
fn a_failure_quotes_no_value_of_the_batch_or_the_project() {
    let of = |name: &str| {
        let mut all = with_variable(&format!("value-{name}"));
        all["source"] = json!({"type": "NO_SOURCE", "buildspec": format!("version: 0.2 # spec-{name}")});
        all["secondarySources"] = json!([{"buildspec": format!("version: 0.2 # second-{name}")}]);
        all
    };
    let message =
        "value-build value-project value-batch spec-build spec-project spec-batch second-project second-batch";
    let expected = "*** *** *** *** *** *** *** ***";
    assert_eq!(message_about(&of("build"), &of("project"), &of("batch"), message), expected);
}

fn secret() -> impl Strategy<Value = String> {
    "¤[¤a1 \n\"':/@\\\\{}\u{a0}é]{0,6}"
}

/// The password does not end in `/`: `u:p@host/@scope` would be a host and a path.
fn url() -> impl Strategy<Value = String> {
    (secret(), "(\\?¤)?(#¤ ?¤)?").prop_map(|(secret, query)| format!("https://u¤:{secret}¤@host/x{query}"))
}

proptest! {
    #[test]
    fn no_secret_is_in_a_record(
        values in prop::collection::vec(secret(), 3),
        urls in prop::collection::vec(url(), 8),
        shape in 0..7_usize,
        depth in 0..3,
        fails in any::<bool>(),
    ) {
        let nested = |text: &str| (0..depth).fold(text.to_owned(), |text, _| json!({"a": [text]}).to_string());
        let value = &values[0];
        let quoted = [
            value.clone(),
            format!("Error while executing command: echo {value}. Reason: exit status 1"),
            format!("Error while executing command: echo {value}"),
            format!("Error while executing command: a. Reason: {value}"),
            format!("yaml: line 3: {value}"),
            format!("not found for primary source {}", urls[0]),
            format!("no access to the secret {}", &value[.."¤".len()]),
        ];
        let variables = json!([{"name": "A", "type": "PLAINTEXT", "value": value}, {"name": "B", "value": values[1]}]);
        let spec = format!("version: 0.2 # {}", values[2]);
        let source = json!({"type": "GITHUB", "location": urls[0], "buildspec": spec, "buildStatusConfig": {"targetUrl": nested(&urls[1])}});
        let build = json!({
            "buildStatus": "STOPPED",
            "sourceVersion": nested(&urls[2]),
            "initiator": nested(&urls[3]),
            "source": source,
            "secondarySources": [source],
            "secondarySourceVersions": [{"sourceVersion": urls[4]}],
            "environment": {
                "image": nested(&urls[5]),
                "environmentVariables": variables,
                "dockerServer": {"status": {"message": quoted[shape]}},
            },
            "exportedEnvironmentVariables": variables,
            "artifacts": {"location": nested(&urls[6])},
            "logs": {"deepLink": urls[7], "s3Logs": {"location": nested(&urls[1])}},
            "phases": [{"contexts": [{"statusCode": value, "message": quoted[shape]}]}],
        });
        let failure = fails.then(|| format!("no, {value} is not {} here: {}", values[1], urls[0].replace([' ', '\n'], "")));
        let record = record(POLICY, &build, failure);
        prop_assert!(!record.contains('¤'), "{build}\n{record}");
    }
}
