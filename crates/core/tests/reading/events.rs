//! Events as CodeBuild, EventBridge and the function itself send them.

use buildbrake_core::{
    event::{
        BuildEvent, Delivery, EventError, Home, MemberPlaces, Reach, SweepEvent, SweepFailure, SweepRest, Trigger,
        TriggerKind,
    },
    model::Build,
    policy::Policy,
    verdict::judge,
};
use buildbrake_testkit::{
    events::{events, scheduled},
    json::remove,
};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{build, read};

#[test]
fn real_events_are_read_as_a_person_would_read_them() {
    let settings = insta::Settings::new();
    for (name, event) in events("crates/core/tests/events") {
        let BuildEvent { kind, id, time, .. } = &read(&event.to_string(), &name);
        let read =
            json!({"kind": kind, "id": id.as_str(), "time": time, "build": build(&read(&event.to_string(), &name))});
        settings.bind(|| insta::assert_json_snapshot!(name, read));
    }
}

/// EventBridge's schema `aws.codebuild@CodeBuildBuildStateChange`, with a value for each member.
#[test]
fn every_member_of_eventbridges_schema_is_read() {
    let mut event = event();
    event["detail"] = json!({
        "build-id": "shop:5e000001-0000-4000-8000-000000000001",
        "build-status": "FAILED",
        "current-phase": "COMPLETED",
        "current-phase-context": "[: ]",
        "project-name": "shop",
        "version": "1",
        "additional-information": {
            "artifact": {"location": "a", "md5sum": "b", "sha256sum": "c"},
            "build-complete": true,
            "build-start-time": "Oct 14, 2020 9:28:52 PM",
            "cache": {"location": "d", "type": "S3"},
            "environment": {
                "compute-type": "e",
                "environment-variables": [{"name": "f", "type": "PLAINTEXT", "value": "g"}],
                "image": "h",
                "image-pull-credentials-type": "i",
                "privileged-mode": false,
                "type": "j",
            },
            "initiator": "k",
            "logs": {"deep-link": "l", "group-name": "m", "stream-name": "n"},
            "network-interface": {"eni-id": "o", "subnet-id": "p"},
            "phases": [{
                "duration-in-seconds": 1, "end-time": "Oct 14, 2020 9:28:53 PM", "phase-context": ["CODE: q"],
                "phase-status": "FAILED", "phase-type": "BUILD", "start-time": "Oct 14, 2020 9:28:52 PM",
            }],
            "queued-timeout-in-minutes": 480.0,
            "source": {"auth": {"resource": "r", "type": "OAUTH"}, "buildspec": "s", "location": "t", "type": "GITHUB"},
            "source-version": "u",
            "timeout-in-minutes": 60.0,
            "vpc-config": {
                "security-group-ids": ["v"],
                "subnets": [{"build-fleet-az": "w", "customer-az": "w", "subnet-id": "x"}],
                "vpc-id": "y",
            },
        },
    });
    let expected = json!({
        "id": "shop:5e000001-0000-4000-8000-000000000001",
        "arn": "arn:aws:codebuild:eu-west-1:111122223333:build/shop:5e000001-0000-4000-8000-000000000001",
        "projectName": "shop",
        "buildStatus": "FAILED",
        "currentPhase": "COMPLETED",
        "artifacts": {"location": "a", "md5sum": "b", "sha256sum": "c"},
        "buildComplete": true,
        "startTime": "2020-10-14T21:28:52Z",
        "cache": {"location": "d", "type": "S3"},
        "environment": {
            "computeType": "e",
            "environmentVariables": [{"name": "f", "type": "PLAINTEXT", "value": "g"}],
            "image": "h",
            "imagePullCredentialsType": "i",
            "privilegedMode": false,
            "type": "j",
        },
        "initiator": "k",
        "logs": {"deepLink": "l", "groupName": "m", "streamName": "n"},
        "networkInterface": {"networkInterfaceId": "o", "subnetId": "p"},
        "phases": [{
            "durationInSeconds": 1, "endTime": "2020-10-14T21:28:53Z",
            "contexts": [{"statusCode": "CODE", "message": "q"}],
            "phaseStatus": "FAILED", "phaseType": "BUILD", "startTime": "2020-10-14T21:28:52Z",
        }],
        "queuedTimeoutInMinutes": 480,
        "source": {"auth": {"resource": "r", "type": "OAUTH"}, "buildspec": "s", "location": "t", "type": "GITHUB"},
        "sourceVersion": "u",
        "timeoutInMinutes": 60,
        "vpcConfig": {"securityGroupIds": ["v"], "subnets": ["x"], "vpcId": "y"},
    });
    assert_eq!(build(&read(&event.to_string(), "the schema's members")), expected);
}

/// No captured event has a network interface: its shape is that of EventBridge's schema.
#[test]
fn the_network_of_a_build_is_read() {
    let (name, mut event) = events("events").remove(0);
    event["detail"]["additional-information"]["network-interface"] =
        json!({"subnet-id": "subnet-1", "eni-id": "eni-1"});
    let mut subnets = |subnets: Value| {
        event["detail"]["additional-information"]["vpc-config"] =
            json!({"vpc-id": "vpc-1", "subnets": subnets, "security-group-ids": ["sg-1"]});
        build(&read(&event.to_string(), &name))
    };
    let known = json!({"vpcId": "vpc-1", "subnets": ["subnet-1"], "securityGroupIds": ["sg-1"]});
    for same in [
        json!([{"subnet-id": "subnet-1", "customer-az": "eu-west-1a", "build-fleet-az": "eu-west-1a"}]),
        json!(["subnet-1"]),
        json!([null, {"subnet-id": "subnet-1"}]),
    ] {
        let build = subnets(same);
        assert_eq!(build["vpcConfig"], known);
        assert_eq!(build["networkInterface"], json!({"subnetId": "subnet-1", "networkInterfaceId": "eni-1"}));
    }
    for unreadable in [json!([{}]), json!([{"subnet-id": null}]), json!(["subnet-1", {"subnet-id": 1}]), json!([[]])] {
        let unknown = json!({"vpcId": "vpc-1", "securityGroupIds": ["sg-1"]});
        assert_eq!(subnets(unreadable.clone())["vpcConfig"], unknown, "{unreadable}");
    }
}

#[test]
fn every_event_is_judged() {
    let policy = Policy::parse("policy.yaml", include_str!("../../../../policy/policy.yaml")).unwrap();
    for (name, event) in events("crates/core/tests/events").into_iter().chain(events("events")) {
        let event = read(&event.to_string(), &name);
        let now = event.time.unwrap();
        let verdict = judge(&policy, &event.build, now);
        assert!(verdict.violations.len() + verdict.undecided.len() <= 3, "{name}: {verdict:?}");
    }
}

#[test]
fn a_build_is_named_by_its_id_or_by_the_resources() {
    let id = "shop:5e000001-0000-4000-8000-000000000001";
    let arn = format!("arn:aws:codebuild:eu-west-1:111122223333:build/{id}");
    for (name, original) in events("crates/core/tests/events") {
        let mut event = original.clone();
        event["region"] = json!("eu-west-1");
        for (build_id, resources) in [
            (json!(id), json!(["arn:aws:s3:::bucket"])),
            (json!(arn), json!([])),
            (json!(null), json!(["arn:aws:s3:::bucket", id, "a"])),
            (json!(id), json!(["arn:aws:s3:::bucket", arn])),
        ] {
            (event["detail"]["build-id"], event["resources"]) = (build_id, resources);
            let Ok(Trigger::Build(read)) = Trigger::parse(event.to_string()) else { panic!("{name}: {event}") };
            assert_eq!(read.id.as_str(), id, "{name}: {event}");
        }
        remove(&mut event, "/detail/build-id");
        for resources in [json!(null), json!([]), json!("a"), json!(["arn:aws:s3:::bucket"])] {
            event["resources"] = resources;
            let error = Trigger::parse(event.to_string()).unwrap_err();
            assert!(matches!(error, EventError::NoBuild), "{name}: {error}");
        }
    }
}

#[test]
fn without_its_kind_an_event_is_unreadable() {
    for (name, original) in events("crates/core/tests/events") {
        for pointer in ["/detail-type", "/source"] {
            let mut event = original.clone();
            remove(&mut event, pointer);
            let missing = Trigger::parse(event.to_string()).unwrap_err();
            let expected =
                format!("this is not an EventBridge event: `{}` is missing or is not a string; ", &pointer[1..]);
            assert!(missing.to_string().starts_with(&expected), "{name}: {missing}");
            for (other, text) in [(json!(null), false), (json!([1]), false), (json!("nonsense"), true)] {
                event[&pointer[1..]] = other;
                let error = Trigger::parse(event.to_string()).unwrap_err();
                assert_eq!(matches!(error, EventError::OtherKind { .. }), text, "{name}: {error}");
            }
        }
    }
}

/// People have sent other payloads to such a function instead of CodeBuild's events.
#[test]
fn another_payload_is_named_for_what_it_is() {
    let event = event();
    let record = |member: &str, value: Value| json!({"Records": [{member: value}]});
    let whole = "have the rule or schedule send whole events";
    let itself = "make the function a target of the EventBridge rule itself";
    for (payload, what, help) in [
        (captured("real-2024-05-sns-record-of-codestar-phase-change"), "a batch of SNS messages", itself),
        (
            captured("real-2026-03-codestar-failed-codeconnections"),
            "a CodeStar notification",
            "instead of a notification",
        ),
        (
            json!({"Type": "Notification", "TopicArn": "arn:aws:sns:…", "Message": event.to_string()}),
            "an SNS message",
            itself,
        ),
        (
            json!({"Records": [{"eventSource": "aws:sqs", "body": event.to_string()}]}),
            "a batch of SQS messages",
            "with the body",
        ),
        (
            json!({"Messages": [{"Body": event.to_string(), "ReceiptHandle": "x"}]}),
            "an SQS message",
            "with its `Body` alone",
        ),
        (json!({"Body": event.to_string(), "ReceiptHandle": "x"}), "an SQS message", "with its `Body` alone"),
        (
            json!({"detail-type": "AWS API Call via CloudTrail", "source": "aws.codebuild", "detail": {"eventName": "StartBuild"}}),
            "a CloudTrail event",
            "match the detail-type `CodeBuild Build State Change`",
        ),
        (
            json!({"eventSource": "codebuild.amazonaws.com", "eventName": "StartBuild"}),
            "a CloudTrail event",
            "match the",
        ),
        (
            json!({"Records": [{"eventSource": "codebuild.amazonaws.com", "eventName": "StartBuild"}]}),
            "a CloudTrail event",
            "match the",
        ),
        (event["detail"].clone(), "the `detail` of an event", whole),
        (json!("build shop:5e of 111122223333 started"), "a string", whole),
        (json!([event]), "a list", "one event at a time"),
        (
            json!({"eventSource": "aws:s3", "Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": {}}]}),
            "a batch of records",
            "remove this trigger",
        ),
        (record("kinesis", json!({"data": "e30="})), "a batch of records", "remove this trigger"),
        (
            json!({"eventSource": "aws:kafka", "records": {"t-0": [{"value": "e30="}]}}),
            "a batch of records",
            "remove this trigger",
        ),
        (json!({"eventSource": "aws:mq", "messages": [{"data": "e30="}]}), "a batch of records", "remove this trigger"),
        (
            json!({"invocationId": "1", "deliveryStreamArn": "arn:aws:firehose:…", "records": [{"data": "e30="}]}),
            "a batch of Firehose records",
            "remove this trigger",
        ),
        (json!({"configRuleName": "x", "invokingEvent": "{}"}), "an event of AWS Config", "remove this trigger"),
        (
            json!({"version": "2.0", "requestContext": {"http": {}}, "headers": {}, "rawPath": "/"}),
            "an HTTP request",
            "not by a URL",
        ),
        (json!({"awslogs": {"data": "e30="}}), "a batch of CloudWatch Logs", "remove this trigger"),
        (json!({"source": "aws.cloudwatch", "alarmData": {}}), "a CloudWatch alarm", "remove this trigger"),
        (json!({"CodePipeline.job": {"id": "1"}}), "a job of CodePipeline", "remove this trigger"),
        (
            json!({"id": "shop:5e", "buildStatus": "IN_PROGRESS"}),
            "a Build of the API",
            "invoke the function with an event",
        ),
    ] {
        let error = Trigger::parse(payload.to_string()).unwrap_err();
        assert_eq!(error.name(), "UnreadableEvent", "{payload}");
        let message = error.to_string();
        assert!(message.starts_with(&format!("this is {what}")) && message.contains(help), "{payload}: {message}");
    }
    for payload in [json!({}), json!({"project": "shop", "status": "IN_PROGRESS"}), json!(null), json!(7)] {
        let message = Trigger::parse(payload.to_string()).unwrap_err().to_string();
        assert!(message.starts_with("this is not an EventBridge event: `detail-type` is missing"), "{message}");
        assert!(message.contains(whole), "{message}");
    }
}

/// A captured payload that is not an event.
fn captured(name: &str) -> Value {
    let payloads = events("crates/core/tests/payloads");
    payloads.into_iter().find(|(other, _)| other == name).unwrap().1
}

#[test]
fn a_redriven_event_is_taken_out_of_lambdas_record() {
    let event = event();
    // https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
    let record = |payload: &Value| {
        json!({
            "version": "1.0",
            "timestamp": "2026-11-22T09:05:00.000Z",
            "requestContext": {
                "requestId": "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
                "functionArn": "arn:aws:lambda:eu-west-1:111122223333:function:buildbrake:$LATEST",
                "condition": "RetriesExhausted",
                "approximateInvokeCount": 3
            },
            "requestPayload": payload,
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
            "responsePayload": {"errorType": "Throttled", "errorMessage": "CodeBuild answered ThrottlingException"}
        })
    };
    let expected = BuildEvent { delivery: Delivery::Redriven, ..read(&event.to_string(), "the event") };
    let mut replayed = event.clone();
    replayed["replay-name"] = json!("last-week");
    let on_a_bus = |payload: &Value| {
        json!({
            "version": "0",
            "id": "1",
            "detail-type": "Lambda Function Invocation Result - Failure",
            "source": "lambda",
            "account": "111122223333",
            "time": "2026-11-22T09:05:00Z",
            "region": "eu-west-1",
            "resources": ["arn:aws:lambda:eu-west-1:111122223333:function:buildbrake:$LATEST"],
            "detail": record(payload)
        })
    };
    for payload in [
        record(&event),
        record(&record(&event)),
        json!({"requestPayload": event}),
        record(&replayed),
        on_a_bus(&event),
        on_a_bus(&on_a_bus(&replayed)),
        record(&on_a_bus(&record(&event))),
    ] {
        assert_eq!(read(&payload.to_string(), "a redriven event"), expected);
    }
    let succeeded = on_a_bus(&event).to_string().replace("Failure", "Success");
    let message = Trigger::parse(succeeded).unwrap_err().to_string();
    assert!(message.contains("`Lambda Function Invocation Result - Success` from `lambda`"), "{message}");
    // What failed because it is not an event is named for what it is.
    let message = Trigger::parse(record(&json!({"awslogs": {}})).to_string()).unwrap_err().to_string();
    assert!(message.starts_with("this is a batch of CloudWatch Logs"), "{message}");
    // An old part of a sweep counted other builds.
    let rest = SweepRest { from: Some("shop".into()), ..SweepRest::default() };
    let part = SweepEvent::for_rest(Some("111122223333"), None, &rest, Timestamp::UNIX_EPOCH);
    let Ok(Trigger::Sweep(sweep)) = Trigger::parse(record(&part).to_string()) else { panic!("{part}") };
    assert_eq!((sweep.rest, sweep.account), (SweepRest::default(), Some("111122223333".to_owned())));
}

#[test]
fn a_phase_ended_after_the_time_of_its_event() {
    let (_, original) = events("crates/core/tests/events")
        .into_iter()
        .find(|(name, _)| name == "real-2018-webhook-push-phase-change-prebuild")
        .unwrap();
    let end = "2018-08-07T11:07:20Z".parse().unwrap();
    let mut event = original;
    let read_end = |event: &Value| read(&event.to_string(), "a phase change").phase_end;
    assert_eq!(read_end(&event), Some(end));
    event["detail"]["completed-phase-end"] = json!("soon");
    assert_eq!(read_end(&event), Some(end), "by its start and duration");
    remove(&mut event, "/detail/completed-phase-duration-seconds");
    assert_eq!(read_end(&event), None);
}

#[test]
fn text_that_is_not_json_is_reported_with_its_place() {
    for (text, expected) in [
        ("", "line 1, column 0"),
        ("{\"detail\": {}\n \"source\": \"x\"}", "line 2, column 2"),
        ("{\"source\": \"a\nb\"}", "line 2, column 0"),
        ("{\"source\": 01}", "line 1, column 13"),
        ("{} {}", "line 1, column 4"),
    ] {
        let error = Trigger::parse(text).unwrap_err();
        assert_eq!(error.to_string(), format!("this is not an EventBridge event: it is not JSON at {expected}"));
    }
}

#[test]
fn bytes_that_are_not_utf_8_are_reported_with_their_place() {
    for (bytes, expected) in [
        (&b"\xff"[..], "line 1, column 1"),
        (b"{\"source\": \"aws.codebuild\xc3\"}", "line 1, column 26"),
        (b"{\n \"a\": 1,\n \"\xe2\x82\": 1}", "line 3, column 3"),
    ] {
        let error = Trigger::parse(bytes).unwrap_err();
        assert_eq!(error.to_string(), format!("this is not an EventBridge event: it is not JSON at {expected}"));
    }
}

/// An event of the shop's build, with a bare id.
fn event() -> Value {
    json!({
        "detail-type": "CodeBuild Build State Change",
        "source": "aws.codebuild",
        "account": "111122223333",
        "region": "eu-west-1",
        "time": "2026-11-22T09:00:00Z",
        "detail": {"build-id": "shop:5e000001-0000-4000-8000-000000000001"},
    })
}

#[test]
fn without_an_arn_it_is_made_from_region_and_account() {
    let arn = |event: &Value| read(&event.to_string(), "the event").build.arn;
    for (region, partition) in
        [("eu-west-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov"), ("us-east-1", "aws")]
    {
        let mut event = event();
        event["region"] = json!(region);
        let id = "shop:5e000001-0000-4000-8000-000000000001";
        let expected = format!("arn:{partition}:codebuild:{region}:111122223333:build/{id}");
        assert_eq!(arn(&event), Some(expected));
    }
    for member in ["account", "region"] {
        for value in [json!(null), json!(["eu-west-1"]), json!(111_122_223_333_i64), json!({})] {
            let mut event = event();
            event[member] = value;
            assert_eq!(arn(&event), None, "{event}");
        }
    }
}

#[test]
fn the_kind_of_an_event_and_its_time() {
    let check = |detail_type: &str, source: &str, expected: TriggerKind| {
        let mut event = event();
        (event["detail-type"], event["source"]) = (json!(detail_type), json!(source));
        event["time"] = json!("2026-11-22T10:00:00.75+01:00");
        let event = read(&event.to_string(), detail_type);
        assert_eq!((event.kind, event.time), (expected, "2026-11-22T09:00:00Z".parse().ok()), "{detail_type}");
    };
    check("CodeBuild Build State Change", "aws.codebuild", TriggerKind::StateChange);
    check("CodeBuild Build Phase Change", "aws.codebuild", TriggerKind::PhaseChange);
    check("Buildbrake Deadline", "buildbrake", TriggerKind::Deadline);
    check("Buildbrake Deadline", "somebody", TriggerKind::Deadline);
    let other = |detail_type: &str, source: &str| {
        let event = json!({"detail-type": detail_type, "source": source, "detail": {"sweep": {"from": 1}}});
        Trigger::parse(event.to_string())
    };
    assert_eq!(other("CodeBuild Fleet State Change", "aws.codebuild").unwrap(), Trigger::Fleet);
    assert_eq!(other("Scheduled Event", "aws.events").unwrap(), Trigger::Sweep(Box::default()));
    let scheduled = json!({"detail-type": "Scheduled Event", "source": "aws.events", "id": "7"});
    let with_id = SweepEvent { id: Some("7".to_owned()), ..SweepEvent::default() };
    assert_eq!(Trigger::parse(scheduled.to_string()).unwrap(), Trigger::Sweep(Box::new(with_id)));
    let error = other("CodeBuild Build State Change", "aws.ec2").unwrap_err().to_string();
    assert_eq!(error, "events of the kind `CodeBuild Build State Change` from `aws.ec2` are not handled");
}

#[test]
fn an_event_whose_build_id_is_another_text_is_unreadable() {
    let uuid = "5e000001-0000-4000-8000-000000000001";
    for found in [
        "../../etc:passwd".to_owned(),
        "shop:5e".to_owned(),
        format!("shop/:{uuid}"),
        format!("arn:aws:codebuild:eu-west-1:111122223333:build/../../etc:{uuid}"),
        "arn:aws:codebuild:eu-west-1:111122223333:project/shop".to_owned(),
        "nonsense\n".to_owned(),
        String::new(),
    ] {
        let mut event = event();
        event["detail"]["build-id"] = json!(found);
        event["resources"] = json!([format!("arn:aws:codebuild:eu-west-1:111122223333:build/shop:{uuid}")]);
        let error = Trigger::parse(event.to_string()).unwrap_err();
        assert!(matches!(error, EventError::NotABuild { member: "detail.build-id", .. }), "{found}: {error}");
        assert_eq!(error.name(), "UnreadableEvent");
        assert!(error.to_string().contains(&found.escape_debug().to_string()), "{error}");
    }
    let deadline = BuildEvent::deadline("../../etc:passwd", Timestamp::UNIX_EPOCH);
    let error = Trigger::parse(deadline.to_string()).unwrap_err();
    assert!(error.to_string().starts_with("`detail.build-arn` is `../../etc:passwd`, which is neither"), "{error}");
}

/// Another account's event names it in `account` and in `detail.build-id`, or in one of them.
#[test]
fn an_event_of_another_account_region_or_partition_is_refused() {
    let home: Home = "arn:aws:lambda:eu-west-1:111122223333:function:buildbrake".parse().unwrap();
    let id = "shop:5e000001-0000-4000-8000-000000000001";
    let arn = |place: &str| format!("arn:aws:codebuild:{place}:build/{id}");
    let own = arn("eu-west-1:111122223333");
    let kinds = [
        ("CodeBuild Build State Change", "aws.codebuild"),
        ("CodeBuild Build Phase Change", "aws.codebuild"),
        ("CodeBuild Fleet State Change", "aws.codebuild"),
        ("Buildbrake Deadline", "buildbrake"),
        ("Scheduled Event", "aws.events"),
    ];
    let reach = Reach { home: &home, members: &MemberPlaces::default(), sweep_queue: None };
    let check = |change: &dyn Fn(&mut Value), name: Option<&str>, contains: &str| {
        for (detail_type, source) in kinds {
            // The envelope of a deadline does not count.
            let name = name.filter(|_| source != "buildbrake" || !contains.starts_with('`'));
            let mut event = event();
            (event["detail-type"], event["source"]) = (json!(detail_type), json!(source));
            event["detail"] = json!({"build-id": own, "build-arn": own});
            event["resources"] = json!([own]);
            change(&mut event);
            let names_no_build = ["Scheduled Event", "CodeBuild Fleet State Change"].contains(&detail_type);
            if names_no_build && !contains.contains("`account`") && !contains.contains("`region`") {
                continue;
            }
            match Trigger::parse_at(Some(reach), event.to_string()) {
                Ok(trigger) => assert_eq!(name, None, "{event} {trigger:?}"),
                Err(error) => {
                    assert_eq!(Some(error.name()), name, "{event} {error}");
                    assert!(error.to_string().contains(contains), "{error}");
                }
            }
        }
    };
    check(&|_| {}, None, "`account` `region`");
    check(&|event| event["account"] = json!(null), None, "`account`");
    check(&|event| event["region"] = json!(["eu-central-1"]), None, "`region`");
    let account = "`account` names the account `444455556666`, but the function acts only in its own, `111122223333`";
    check(&|event| event["account"] = json!("444455556666"), Some("OtherAccount"), account);
    let region = "`region` names the region `us-east-1`, but the function acts only in its own, `eu-west-1`";
    check(&|event| event["region"] = json!("us-east-1"), Some("OtherRegion"), region);
    let everywhere = |event: &mut Value, arn: &str| {
        (event["detail"], event["resources"]) = (json!({"build-id": arn, "build-arn": arn}), json!([arn]));
    };
    for (place, name, what) in [
        ("eu-west-1:444455556666", "OtherAccount", "account `444455556666`"),
        ("us-east-1:444455556666", "OtherAccount", "account `444455556666`"),
        ("us-east-1:111122223333", "OtherRegion", "region `us-east-1`"),
    ] {
        check(&|event| everywhere(event, &arn(place)), Some(name), what);
        // One member that names another place is enough.
        check(&|event| event["resources"] = json!([arn(place)]), Some(name), what);
        let in_detail = |event: &mut Value| event["detail"] = json!({"build-id": arn(place), "build-arn": arn(place)});
        check(&in_detail, Some(name), what);
    }
    let china = own.replace("arn:aws:", "arn:aws-cn:");
    check(&|event| everywhere(event, &china), Some("OtherRegion"), "partition `aws-cn`");
}

/// A function in eu-west-1 of 111122223333 that also acts in 444455556666 and 999999999999, and in us-east-1.
fn parse_with_members(event: &Value) -> Result<Trigger, EventError> {
    let home: Home = "arn:aws:lambda:eu-west-1:111122223333:function:buildbrake".parse().unwrap();
    let members =
        MemberPlaces { accounts: "444455556666,999999999999".parse().unwrap(), regions: "us-east-1".parse().unwrap() };
    let reach = Reach { home: &home, members: &members, sweep_queue: None };
    Trigger::parse_at(Some(reach), event.to_string())
}

/// Every combination of the place in the envelope and the place in the build's ARN.
#[test]
fn an_event_is_accepted_where_both_of_its_places_are_the_same_and_listed() {
    let accounts = ["111122223333", "444455556666", "999999999999", "123456789012"];
    let regions = ["eu-west-1", "us-east-1", "eu-central-1"];
    let combine = |one: &[&'static str], other: &[&'static str]| -> Vec<(&'static str, &'static str)> {
        one.iter().flat_map(|one| other.iter().map(move |other| (*one, *other))).collect()
    };
    let kinds = [
        ("CodeBuild Build State Change", "aws.codebuild"),
        ("CodeBuild Build Phase Change", "aws.codebuild"),
        ("Buildbrake Deadline", "buildbrake"),
    ];
    for (detail_type, source) in kinds {
        let is_deadline = source == "buildbrake";
        for (envelope_account, account) in combine(&accounts, &accounts) {
            for (envelope_region, region) in combine(&regions, &regions) {
                let arn =
                    format!("arn:aws:codebuild:{region}:{account}:build/shop:5e000001-0000-4000-8000-000000000001");
                let mut live = event();
                (live["detail-type"], live["source"]) = (json!(detail_type), json!(source));
                (live["account"], live["region"]) = (json!(envelope_account), json!(envelope_region));
                live["detail"] = json!({"build-id": arn, "build-arn": arn});
                live["resources"] = json!([arn]);
                let is_listed = |account: &str, region: &str| account != "123456789012" && region != "eu-central-1";
                let agrees = (envelope_account, envelope_region) == (account, region);
                let is_accepted = is_listed(account, region) && (agrees || is_deadline);
                let mut replayed = live.clone();
                replayed["replay-name"] = json!("last-week");
                for event in [live.clone(), replayed, json!({ "requestPayload": live })] {
                    let found = parse_with_members(&event).map_err(|error| error.name());
                    let account_is_wrong = !["111122223333", "444455556666", "999999999999"].contains(&account)
                        || !is_deadline && envelope_account != account;
                    let expected = if account_is_wrong { "OtherAccount" } else { "OtherRegion" };
                    match found {
                        Ok(Trigger::Build(read)) => {
                            assert!(is_accepted, "{event}");
                            assert_eq!(read.build.arn.as_deref(), Some(arn.as_str()));
                        }
                        Ok(other) => panic!("{other:?}"),
                        Err(name) => assert_eq!((is_accepted, name), (false, expected), "{event}"),
                    }
                }
            }
        }
    }
}

/// A member of the organization may send what it likes from its own account, and about no other.
#[test]
fn an_event_that_names_a_build_of_another_member_is_refused() {
    let arn = |account: &str| {
        format!("arn:aws:codebuild:eu-west-1:{account}:build/shop:5e000001-0000-4000-8000-000000000001")
    };
    for (member, value) in [
        ("/detail/build-id", json!(arn("999999999999"))),
        ("/detail/build-arn", json!(arn("999999999999"))),
        ("/resources", json!([arn("999999999999")])),
        ("/resources", json!([arn("444455556666"), arn("999999999999")])),
        ("/resources", json!([arn("111122223333")])),
    ] {
        let mut event = event();
        let own = arn("444455556666");
        (event["account"], event["resources"]) = (json!("444455556666"), json!([own]));
        event["detail"] = json!({"build-id": own, "build-arn": own});
        assert!(parse_with_members(&event).is_ok());
        *event.pointer_mut(member).unwrap() = value;
        let error = parse_with_members(&event).unwrap_err();
        assert_eq!(error.name(), "OtherAccount", "{event}");
        assert!(error.to_string().contains("names the account `444455556666`, but"), "{error}");
    }
}

#[test]
fn a_sweep_is_started_at_home_and_names_a_listed_place() {
    for (member, value, expected) in [
        ("/account", json!("444455556666"), Err("OtherAccount")),
        ("/region", json!("us-east-1"), Err("OtherRegion")),
        ("/detail", json!({}), Ok((None, None))),
        ("/detail", json!({"account": "444455556666"}), Ok((Some("444455556666"), None))),
        ("/detail", json!({"region": "us-east-1"}), Ok((None, Some("us-east-1")))),
        (
            "/detail",
            json!({"account": "111122223333", "region": "eu-west-1"}),
            Ok((Some("111122223333"), Some("eu-west-1"))),
        ),
        ("/detail", json!({"account": "123456789012"}), Err("OtherAccount")),
        ("/detail", json!({"account": "444455556666", "region": "eu-central-1"}), Err("OtherRegion")),
        ("/detail", json!({"account": 444_455_556_666_u64}), Err("UnreadableEvent")),
    ] {
        let mut event = scheduled();
        event["region"] = json!("eu-west-1");
        *event.pointer_mut(member).unwrap() = value;
        let found = parse_with_members(&event).map_err(|error| error.name()).map(|trigger| match trigger {
            Trigger::Sweep(event) => (event.account, event.region),
            other => panic!("{other:?}"),
        });
        let owned = |text: Option<&str>| text.map(str::to_owned);
        assert_eq!(found, expected.map(|(account, region)| (owned(account), owned(region))), "{event}");
    }
}

#[test]
fn wherever_an_event_is_judged_it_names_one_place() {
    let arn = "arn:aws:codebuild:eu-west-1:111122223333:build/shop:5e000001-0000-4000-8000-000000000001";
    for (member, value, name, what) in [
        (
            "account",
            "444455556666",
            "OtherAccount",
            "`account` names the account `444455556666`, but `detail.build-id`",
        ),
        ("region", "us-east-1", "OtherRegion", "`region` names the region `us-east-1`, but `detail.build-id`"),
    ] {
        let mut event = event();
        event["detail"]["build-id"] = json!(arn);
        event[member] = json!(value);
        let error = Trigger::parse(event.to_string()).unwrap_err();
        assert_eq!(error.name(), name);
        assert!(error.to_string().starts_with(what), "{error}");
    }
}

#[test]
fn an_event_that_names_no_place_is_of_the_functions_own() {
    let home: Home = "arn:aws-cn:lambda:cn-north-1:111122223333:function:buildbrake".parse().unwrap();
    let mut event = event();
    remove(&mut event, "/account");
    remove(&mut event, "/region");
    let reach = Reach { home: &home, members: &MemberPlaces::default(), sweep_queue: None };
    let Ok(Trigger::Build(read)) = Trigger::parse_at(Some(reach), event.to_string()) else { panic!("{event}") };
    let id = "shop:5e000001-0000-4000-8000-000000000001";
    assert_eq!(read.build.arn, Some(format!("arn:aws-cn:codebuild:cn-north-1:111122223333:build/{id}")));
}

#[test]
fn a_replayed_event_says_so() {
    let mut event = event();
    assert_eq!(read(&event.to_string(), "no replay").delivery, Delivery::Live);
    for name in [json!("last-week"), json!(1)] {
        event["replay-name"] = name;
        assert_eq!(read(&event.to_string(), "a replay").delivery, Delivery::Replayed);
    }
    event["replay-name"] = json!(null);
    assert_eq!(read(&event.to_string(), "no replay").delivery, Delivery::Live);
}

#[test]
fn the_event_of_a_deadline_says_nothing_about_its_build() {
    let time: Timestamp = "2026-11-22T09:00:00Z".parse().unwrap();
    let arn = "arn:aws:codebuild:eu-west-1:111122223333:build/shop:5e000001-0000-4000-8000-000000000001";
    let mut deadline = BuildEvent::deadline(arn, time);
    for (member, value) in [
        ("build-status", json!("SUCCEEDED")),
        ("current-phase", json!("COMPLETED")),
        ("project-name", json!("other")),
        ("additional-information", json!({"build-complete": true, "initiator": "codepipeline/release"})),
    ] {
        deadline["detail"][member] = value;
    }
    let event = read(&deadline.to_string(), "a deadline");
    assert_eq!(event, BuildEvent::naming(TriggerKind::Deadline, arn.parse().unwrap(), Some(time)));
}

#[test]
fn the_function_reads_the_events_that_it_sends_itself() {
    let time: Timestamp = "2026-11-22T09:00:00Z".parse().unwrap();
    let id = "shop:5e000001-0000-4000-8000-000000000001";
    let arn = format!("arn:aws:codebuild:eu-west-1:111122223333:build/{id}");
    let deadline = BuildEvent::deadline(&arn, time);
    assert_eq!((&deadline["source"], &deadline["resources"]), (&json!("buildbrake"), &json!([arn])));
    let event = read(&deadline.to_string(), "a deadline");
    assert_eq!(event, BuildEvent::naming(TriggerKind::Deadline, arn.parse().unwrap(), Some(time)));
    let expected = Build { id: Some(id.into()), arn: Some(arn), project_name: Some("shop".into()), ..Build::default() };
    assert_eq!(*event.build, expected);

    let first_failure = SweepFailure {
        r#type: Some("AccessDenied".into()),
        code: Some("AccessDeniedException".into()),
        request_id: Some("0f1e2d3c".into()),
        message: Some("no".into()),
    };
    let rest = SweepRest {
        id: Some("53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa".into()),
        part: Some(2),
        from: Some("shop".into()),
        running: Some(3),
        stops: Some(1),
        failures: Some(1),
        first_failure: Some(first_failure),
        belt_off_by: Some("8476a536".into()),
    };
    let sweep = Trigger::parse(SweepEvent::for_rest(None, None, &rest, time).to_string()).unwrap();
    assert_eq!(sweep, Trigger::Sweep(Box::new(SweepEvent { time: Some(time), rest, ..SweepEvent::default() })));
}

/// However long it is: a part of a URL would not be known as one.
#[test]
fn no_error_quotes_the_secrets_of_a_url() {
    let url = format!("https://user:{}@host.example/x?s3cret", "s3cret".repeat(100));
    let event = json!({
        "detail-type": "CodeBuild Build State Change", "source": "aws.codebuild", "account": "111122223333",
        "region": "eu-west-1", "time": "2026-11-22T09:00:00Z", "resources": [], "detail": {"build-id": "shop:5e000001-0000-4000-8000-000000000001"},
    });
    let mut sweep = scheduled();
    sweep["region"] = json!("eu-west-1");
    let home: Home = "arn:aws:lambda:eu-west-1:111122223333:function:buildbrake".parse().unwrap();
    let reach = Reach { home: &home, members: &MemberPlaces::default(), sweep_queue: None };
    for (member, like) in [
        ("/detail-type", event.clone()),
        ("/source", event.clone()),
        ("/account", event.clone()),
        ("/region", event.clone()),
        ("/detail/build-id", event.clone()),
        ("/detail/safety-belt", sweep.clone()),
        ("/detail/account", sweep.clone()),
        ("/detail/region", sweep.clone()),
    ] {
        let mut event = like;
        let (parent, name) = member.rsplit_once('/').unwrap();
        event.pointer_mut(parent).unwrap()[name] = json!(url);
        let error = Trigger::parse_at(Some(reach), event.to_string().as_bytes()).unwrap_err().to_string();
        assert!(error.contains("https://host.example/x") && !error.contains("s3cret"), "{member}: {error}");
    }
}
