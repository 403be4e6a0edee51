use serde_json::{Value, json};

use super::*;
use crate::{facts::RefFrom, history::RecordedRef};

const ID: &str = "shop:5e000000-0000-4000-8000-000000000001";
const ARN: &str = "arn:aws:codebuild:us-east-1:111122223333:build/shop:5e000000-0000-4000-8000-000000000001";

fn recognized(json: impl AsRef<[u8]>) -> (Vec<Item>, Result<(), NotRecognized>) {
    let mut items = Vec::new();
    let result = recognize(json.as_ref(), |item| items.push(item));
    (items, result)
}

/// The one observation in the JSON.
#[track_caller]
fn observed(json: impl ToString) -> Observation {
    let json = json.to_string();
    let (mut items, result) = recognized(&json);
    assert_eq!((items.len(), result), (1, Ok(())), "{json}");
    match items.remove(0) {
        Item::Build(observation) => observation,
        other => panic!("{other:?}"),
    }
}

/// Checks that the JSON contains the build, once, from this kind of input.
#[track_caller]
fn check(json: impl ToString, from: ObservedIn) {
    let observation = observed(json);
    assert_eq!((observation.id.as_str(), observation.from), (ID, from));
    assert_eq!(observation.build.id.as_deref(), Some(ID));
    assert_eq!(observation.build.project_name.as_deref(), Some("shop"));
}

/// Checks that the JSON is known and contains nothing.
#[track_caller]
fn check_nothing(json: impl ToString) {
    let json = json.to_string();
    assert_eq!(recognized(&json), (vec![], Ok(())), "{json}");
}

#[track_caller]
fn check_refused(json: impl ToString, message: &str) {
    let json = json.to_string();
    let (items, result) = recognized(&json);
    assert_eq!((items.len(), result.unwrap_err().to_string().as_str()), (0, message), "{json}");
}

fn build() -> Value {
    json!({"id": ID, "arn": ARN, "buildStatus": "SUCCEEDED", "projectName": "shop",
           "startTime": 1_795_161_600.123, "endTime": "2026-11-20T09:00:00Z"})
}

fn event(detail_type: &str, detail: Value) -> Value {
    json!({"version": "0", "id": "5e", "detail-type": detail_type, "source": "aws.codebuild", "account": "111122223333",
           "time": "2026-11-20T08:00:00Z", "region": "us-east-1", "resources": [ARN], "detail": detail})
}

fn state_change() -> Value {
    event("CodeBuild Build State Change", json!({"build-id": ARN, "build-status": "IN_PROGRESS"}))
}

fn start_build() -> Value {
    json!({"eventVersion": "1.08", "eventTime": "2026-11-20T08:00:00Z", "eventSource": "codebuild.amazonaws.com",
           "eventName": "StartBuild", "requestParameters": {"projectName": "shop"},
           "responseElements": {"build": {
               "id": ID, "arn": ARN, "startTime": "Nov 20, 2026 8:00:00 AM", "initiator": "alice",
               "source": {"type": "GITHUB", "location": "HIDDEN_DUE_TO_SECURITY_REASONS"}}}})
}

fn record() -> Value {
    json!({"outcome": "stopped", "message": "Stopped build.", "trigger": "state-change", "buildId": ID, "buildArn": ARN,
           "initiator": "alice", "sourceVersion": "main", "violations": [], "undecided": [], "exempted": [],
           "branch": "main", "branchFrom": "git", "policy": "5e5e", "build": build(),
           "_aws": {"Timestamp": 1_795_161_601_500_i64, "CloudWatchMetrics": []}})
}

#[test]
fn answers_of_the_api() {
    for json in [
        build(),
        json!({"build": build()}),
        json!({"builds": [build()], "buildsNotFound": ["shop:none"]}),
        json!([build()]),
        json!([[build()]]),
        json!({"arn": ARN}),
        json!({"id": ID, "projectName": "shop"}),
        json!({"id": ID, "buildStatus": "FAILED"}),
    ] {
        check(&json, ObservedIn::Api);
        check(format!("\u{feff}{json:#}\n"), ObservedIn::Api);
    }
    let observation = observed(build());
    assert_eq!(observation.build.start_time, Some("2026-11-20T08:00:00.123Z".parse().unwrap()));
    assert_eq!((observation.time, observation.recorded_ref), (None, None));
    // Values may follow each other.
    let (items, result) = recognized(format!("{}{}, {}\n\u{1e}{}", build(), state_change(), start_build(), build()));
    assert_eq!((items.len(), result), (4, Ok(())));
    check_nothing(json!({"builds": [], "buildsNotFound": [ID]}));
    check_nothing(json!([]));
}

#[test]
fn damaged_members_are_unknown() {
    let json = format!(r#"{{"id": "{ID}", "arn": "{ARN}", "buildNumber": 1e999, "initiator": "a", "initiator": "b"}}"#);
    let build = observed(json).build;
    assert_eq!((build.build_number, build.initiator.as_deref()), (None, Some("b")));
    let json =
        format!(r#"{{"builds": [{{"arn": "{ARN}", "serviceRole": "\ud800"}}], "builds": [{{"arn": "{ARN}"}}]}}"#);
    check(json, ObservedIn::Api);
}

#[test]
fn projects_and_batches() {
    let project = json!({"name": "shop", "arn": "arn:aws:codebuild:us-east-1:111122223333:project/shop"});
    let batch = json!({"id": ID, "arn": ARN.replace(":build/", ":build-batch/"), "buildBatchStatus": "SUCCEEDED"});
    for json in [project.clone(), json!({"project": project}), json!({"projects": [project]})] {
        let (items, result) = recognized(json.to_string());
        assert!(matches!(&items[..], [Item::Project(project)] if project.name.as_deref() == Some("shop")), "{items:?}");
        assert_eq!(result, Ok(()));
    }
    let without_arn = json!({"id": ID, "buildBatchStatus": "SUCCEEDED"});
    let without_status = json!({"id": ID, "arn": ARN.replace(":build/", ":build-batch/")});
    for json in
        [batch.clone(), without_arn, without_status, json!({"buildBatch": batch}), json!({"buildBatches": [batch]})]
    {
        let (items, result) = recognized(json.to_string());
        assert!(matches!(&items[..], [Item::Batch(batch)] if batch.id.as_deref() == Some(ID)), "{items:?}");
        assert_eq!(result, Ok(()));
    }
    let (items, _) = recognized(json!({"builds": [build()], "projects": [project]}).to_string());
    assert_eq!(items.len(), 2);
}

#[test]
fn events_of_codebuild() {
    let observation = observed(state_change());
    assert_eq!(observation.time, Some("2026-11-20T08:00:00Z".parse().unwrap()));
    let mut replayed = state_change();
    replayed["replay-name"] = json!("again");
    let notification = json!({"account": "111122223333", "detailType": "CodeBuild Build State Change",
        "region": "us-east-1", "source": "aws.codebuild", "time": "2026-11-20T08:00:00Z",
        "notificationRuleArn": "arn:aws:codestar-notifications:us-east-1:111122223333:notificationrule/5e",
        "detail": {"build-id": ARN, "build-status": "FAILED"}});
    let message = state_change().to_string();
    for json in [
        state_change(),
        event("CodeBuild Build Phase Change", json!({"build-id": ARN, "completed-phase": "QUEUED"})),
        replayed,
        json!({"requestContext": {"condition": "RetriesExhausted"}, "requestPayload": state_change()}),
        notification,
        json!({"Records": [{"EventSource": "aws:sns", "Sns": {"TopicArn": "arn", "Message": message}}]}),
        json!({"Type": "Notification", "TopicArn": "arn", "Message": message}),
        json!({"Records": [{"messageId": "5e", "eventSource": "aws:sqs", "body": message}]}),
        json!({"Messages": [{"MessageId": "5e", "ReceiptHandle": "r", "Body": message}]}),
        json!([state_change()]),
    ] {
        check(&json, ObservedIn::Event);
    }
    for detail_type in ["CodeBuild Fleet State Change", "Scheduled Event", "EC2 Instance State-change Notification"] {
        check_nothing(event(detail_type, json!({})));
    }
    check_nothing(event("Buildbrake Deadline", json!({"build-arn": ARN})));
}

#[test]
fn captured_events() {
    for folder in ["events", "payloads"] {
        let folder = format!("{}/tests/{folder}", env!("CARGO_MANIFEST_DIR"));
        for file in std::fs::read_dir(folder).unwrap() {
            let observation = observed(std::fs::read_to_string(file.unwrap().path()).unwrap());
            assert_eq!(observation.from, ObservedIn::Event);
            assert!(observation.build.arn.is_some() && observation.time.is_some());
        }
    }
}

#[test]
fn cloudtrail() {
    let mut retry = start_build();
    retry["eventName"] = json!("RetryBuild");
    let text = start_build().to_string();
    for json in [
        start_build(),
        retry.clone(),
        json!({"Records": [start_build()]}),
        json!({"Events": [{"EventId": "5e", "EventName": "StartBuild", "CloudTrailEvent": text}]}),
        event("AWS API Call via CloudTrail", start_build()),
    ] {
        check(&json, ObservedIn::CloudTrail);
    }
    let observation = observed(start_build());
    let time = Some("2026-11-20T08:00:00Z".parse().unwrap());
    assert_eq!((observation.time, observation.build.start_time), (time, time));
    let source = observation.build.source.unwrap();
    assert_eq!((source.location, source.r#type.as_deref()), (None, Some("GITHUB")));

    let mut failed = start_build();
    failed["responseElements"] = Value::Null;
    failed["errorCode"] = json!("AccessDenied");
    let mut stop = start_build();
    stop["eventName"] = json!("StopBuild");
    let mut other = start_build();
    other["eventSource"] = json!("s3.amazonaws.com");
    for json in [failed, stop, other] {
        check_nothing(&json);
        check_nothing(json!({"Records": [json]}));
    }
}

#[test]
fn records() {
    let observation = observed(record());
    assert_eq!((observation.from, observation.id.as_str()), (ObservedIn::Record, ID));
    assert_eq!(observation.time, Some("2026-11-20T08:00:01.500Z".parse().unwrap()));
    let expected = RecordedRef { name: "refs/heads/main".to_owned(), from: RefFrom::Git };
    assert_eq!(observation.recorded_ref, Some(expected));
    let build = observation.build;
    assert_eq!(
        (build.initiator.as_deref(), build.source_version.as_deref(), build.build_status.as_deref()),
        (Some("alice"), Some("main"), Some("SUCCEEDED"))
    );

    let mut one = record();
    one["branchFrom"] = json!("source-version");
    one["initiatorFrom"] = json!("batch");
    let observation = observed(&one);
    assert_eq!((observation.recorded_ref, observation.build.initiator), (None, None));

    let mut pull_request = record();
    pull_request["ref"] = json!("refs/pull/25/head");
    pull_request["branchFrom"] = json!("webhook");
    let expected = RecordedRef { name: "refs/pull/25/head".to_owned(), from: RefFrom::Webhook };
    assert_eq!(observed(pull_request).recorded_ref, Some(expected));

    let mut replayed = record();
    replayed["trigger"] = json!("replay");
    replayed["build"].take();
    replayed["replay"] =
        json!({"status": "FAILED", "startTime": "2026-11-20T08:00:00Z", "endTime": "2026-11-20T09:00:00Z"});
    let build = observed(replayed).build;
    assert_eq!(build.build_status.as_deref(), Some("FAILED"));
    assert_eq!(build.end_time, Some("2026-11-20T09:00:00Z".parse().unwrap()));

    let other = |id: &str| json!({"outcome": "stopped", "policy": "5e", "buildId": id});
    let other_id = ID.replace("shop", "other");
    let mut superseding = record();
    superseding["superseded"] = json!([other(&other_id)]);
    let sweep = json!({"outcome": "stopped", "policy": "5e", "projects": 3, "records": [record(), other(&other_id)]});
    for json in [superseding, sweep] {
        let (items, result) = recognized(json.to_string());
        assert_eq!((items.len(), result), (2, Ok(())), "{json}");
    }
    check(event("Build Policy Violation", record()), ObservedIn::Record);
    check_nothing(json!({"outcome": "ignored", "message": "The event is about a fleet.", "policy": "5e"}));

    let mut batch = record();
    batch["buildArn"] = json!(ARN.replace(":build/", ":build-batch/"));
    batch["build"].take();
    batch["buildBatch"] = json!({"id": ID, "buildBatchStatus": "STOPPED"});
    assert!(matches!(&recognized(batch.to_string()).0[..], [Item::Batch(_)]));
}

#[test]
fn redacted_values_of_a_record_are_unknown() {
    let mut record = record();
    record["build"]["environment"] =
        json!({"environmentVariables": [{"name": "TOKEN", "value": "***", "type": "PLAINTEXT"}]});
    record["build"]["exportedEnvironmentVariables"] = json!([{"name": "TAG", "value": "***"}]);
    record["build"]["source"] =
        json!({"buildspec": "inline buildspec, 120 bytes, sha256:5e5e", "location": "https://h/x"});
    record["build"]["phases"] = json!([{"phaseType": "BUILD", "contexts": [{"statusCode": "COMMAND_EXECUTION_ERROR",
        "message": "Error while executing command: (command, 11 bytes, sha256:5e). Reason: exit status 1"}]}]);
    let build = observed(record).build;
    let variables = build.environment.unwrap().environment_variables.unwrap();
    assert_eq!((variables[0].name.as_deref(), &variables[0].value), (Some("TOKEN"), &None));
    assert_eq!(build.exported_environment_variables.unwrap()[0].value, None);
    let source = build.source.unwrap();
    assert_eq!((source.buildspec, source.location.as_deref()), (None, Some("https://h/x")));
    let phases = build.phases.unwrap();
    let context = &phases[0].contexts.as_ref().unwrap()[0];
    assert_eq!((context.status_code.as_deref(), &context.message), (Some("COMMAND_EXECUTION_ERROR"), &None));
}

#[test]
fn cloudwatch_logs() {
    let message = record().to_string();
    let log_event = |message: &str| json!({"id": "5e", "timestamp": 1, "message": message});
    for json in [
        json!({"messageType": "DATA_MESSAGE", "owner": "111122223333", "logGroup": "/aws/lambda/buildbrake",
               "logEvents": [log_event("START RequestId: 5e"), log_event(&format!("{message}\n"))]}),
        json!({"events": [{"logStreamName": "s", "timestamp": 1, "message": message, "ingestionTime": 1, "eventId": "5e"}],
               "searchedLogStreams": []}),
        json!({"events": [{"timestamp": 1, "message": message, "ingestionTime": 1}], "nextForwardToken": "f/5e"}),
        log_event(&message),
        json!({"results": [[{"field": "@timestamp", "value": "t"}, {"field": "@message", "value": message}]],
               "status": "Complete"}),
        json!([{"@timestamp": "2026-11-20 08:00:00.000", "@message": message}]),
        json!([{"@timestamp": "2026-11-20 08:00:00.000", "@message": record()}]),
    ] {
        check(&json, ObservedIn::Record);
    }
    check_nothing(json!({"messageType": "CONTROL_MESSAGE", "logEvents": [log_event("CWL CONTROL MESSAGE")]}));
    check_nothing(json!({"time": "2026-11-20T08:00:00Z", "type": "platform.report", "record": {"requestId": "5e"}}));
    check_nothing(json!({"timestamp": "2026-11-20T08:00:00Z", "level": "WARN", "fields": {"message": "slow"}}));
    check_nothing(json!({"timestamp": "2026-11-20T08:00:00Z", "level": "ERROR", "message": "{", "requestId": "5e"}));
    check_refused(
        json!({"results": [[{"field": "outcome", "value": "stopped"}]]}),
        "this is a row of Logs Insights without `@message`, which describes no build; add `@message` to the fields of \
         the query",
    );
}

#[test]
fn what_is_not_recognized_is_named() {
    let unknown = "this is JSON of an unknown kind, not a build, an event or a record; leave it out";
    for json in ["{}", r#"{"a": 1}"#, "1", "null", "true", r#"{"Records": [{"kinesis": {"data": "e30="}}]}"#] {
        check_refused(json, unknown);
    }
    check_refused("[".repeat(100_000) + &"]".repeat(100_000), unknown);
    check_refused(r#""text""#, "this is a string, not a build; parse it first, such as with `jq fromjson`");
    check_refused("{", "this is not JSON from line 1, column 1 of the value on; it may be cut off");
    check_refused(r#"{"a": 1"#, "this is not JSON from line 1, column 7 of the value on; it may be cut off");
    for json in [
        json!({"buildStatus": "SUCCEEDED"}),
        json!({"id": "shop:5e", "projectName": "shop"}),
        json!({"id": ID, "arn": ARN.replace("shop", "other")}),
        json!({"builds": [{"id": "shop", "buildStatus": "FAILED"}]}),
    ] {
        check_refused(json, "this is a Build without a valid build id; `id` is `PROJECT:UUID`, and `arn` ends with it");
    }
    let mut event = state_change();
    event["resources"] = json!([]);
    event["detail"]["build-id"] = json!("token-of-somebody");
    let message =
        "this is an event of CodeBuild without a valid build id; `id` is `PROJECT:UUID`, and `arn` ends with it";
    check_refused(event, message);
    let mut event = state_change();
    event["account"] = json!("444455556666");
    check_refused(event, "this is an event that names two accounts, regions or partitions; leave it out");
    for (json, what) in [
        (json!({"ids": [ID]}), "a list of ids"),
        (json!({"projects": ["shop"]}), "a list of names"),
        (json!({"judged": 1, "outcomes": {}, "rules": {}}), "a summary of a replay"),
        (json!({"awslogs": {"data": "H4sI"}}), "an event of a subscription, still encoded"),
        (json!({"build-status": "FAILED", "build-id": ARN}), "the `detail` of an event"),
    ] {
        let error = recognized(json.to_string()).1.unwrap_err().to_string();
        assert!(error.starts_with(&format!("this is {what}, which describes no build; ")), "{error}");
    }
    assert_eq!(recognized(b"{\"a\": \"\xff\"}").1, Err(NotRecognized::NotUtf8));
    // What is recognized beside it is not lost.
    let (items, result) = recognized(json!([{"a": 1}, build(), 1, state_change()]).to_string());
    assert_eq!((items.len(), result), (2, Err(NotRecognized::UnknownKind)));
    let (items, result) = recognized(format!("{}{{\"id\": ", build()));
    assert_eq!((items.len(), matches!(result, Err(NotRecognized::NotJson { .. }))), (1, true));
}

proptest::proptest! {
    #[test]
    fn any_bytes_and_any_cut_are_read_without_a_panic(
        bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..100), cut in 0..2000_usize, kind in 0..5_usize,
    ) {
        let _ = recognized(bytes);
        let whole = [build(), state_change(), start_build(), record(), json!({"builds": [build(), build()]})][kind].to_string();
        let cut = cut.min(whole.len());
        let (items, result) = recognized(&whole[..cut]);
        proptest::prop_assert_eq!(items.is_empty(), cut < whole.len());
        proptest::prop_assert_eq!(result.is_ok(), cut == whole.len() || cut == 0);
    }
}

/// A sandbox is no build, whatever contains it.
#[test]
fn a_sandbox_is_not_taken_for_a_build() {
    let arn = ARN.replace(":build/", ":sandbox/");
    let sandbox =
        json!({"id": ID, "arn": arn, "projectName": "shop", "requestTime": 1_795_161_600.5, "status": "QUEUED"});
    let without_arn = json!({"id": ID, "projectName": "shop", "currentSession": {"id": "5a"}});
    for json in [
        sandbox.clone(),
        without_arn,
        json!({"sandbox": sandbox}),
        json!({"sandboxes": [sandbox], "sandboxesNotFound": []}),
    ] {
        let (items, result) = recognized(json.to_string());
        assert_eq!(result, Ok(()), "{json}");
        assert!(matches!(&items[..], [Item::Sandbox(sandbox)] if sandbox.id.as_deref() == Some(ID)), "{items:?}");
    }
    check_nothing(json!({"sandboxes": [], "sandboxesNotFound": [ID]}));
    check_nothing(
        json!({"outcome": "stopped", "kind": "sandbox", "policy": "sha256:0", "buildId": ID, "buildArn": arn,
                         "sandbox": sandbox}),
    );
}
