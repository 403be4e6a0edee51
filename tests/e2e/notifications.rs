//! The event bus: every broken rule is reported to it after the stop, at least once, in calls that EventBridge
//! accepts.

use std::sync::{Arc, Mutex};

use buildbrake_testkit::{
    codebuild::{CodeBuild, Endpoint, builds_answer, running, stop_answer, stopped},
    eventbridge::{BUS, EventBridge, Fate},
    events::{additional_information, event, scheduled},
    http::Reply,
    lambda::Lambda,
    scheduler::Scheduler,
};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{FORBIDDEN, PROGRAM};

const ARN: &str = "arn:aws:codebuild:eu-west-1:111122223333:build/shop-api:5e000002-0000-4000-8000-000000000002";

/// A policy with this many rules that the build of `events/forbidden-branch.json` breaks.
fn policy(rules: usize) -> String {
    let rule = |number| {
        format!(
            "  - id: rule-{number}\n    reason: \"Say \\\"no\\\".\\nThen 🛑.\"\n    owner: '#ci'\n    forbidden-branches: [main]\n"
        )
    };
    let rules: String = (1..=rules).map(rule).collect();
    format!("version: 1\nsafety: {{max-stops-per-sweep: 100%}}\nrules:\n{rules}")
}

fn start(rules: usize, codebuild: &Endpoint, bus: &EventBridge) -> Lambda {
    PROGRAM.start(&policy(rules), codebuild.address, &bus.settings())
}

/// The rules of the accepted entries.
fn rules(bus: &EventBridge) -> Vec<String> {
    let details = bus.details();
    details.iter().map(|detail| detail["violations"][0]["rule"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn each_broken_rule_is_an_event_with_the_record() {
    let (codebuild, bus) = (CodeBuild::obliging().listen(), EventBridge::obliging());
    let lambda = start(2, &codebuild, &bus);
    let record = lambda.invoke(&event("forbidden-branch")).record();
    lambda.end();
    assert_eq!(rules(&bus), ["rule-1", "rule-2"]);
    assert_eq!(bus.calls(), [2], "one call for both");
    for (entry, detail) in bus.accepted().iter().zip(bus.details()) {
        assert_eq!((&entry["Source"], &entry["DetailType"]), (&json!("buildbrake"), &json!("Build Policy Violation")));
        assert_eq!((&entry["EventBusName"], &entry["Resources"]), (&json!(BUS), &json!([ARN])));
        assert_eq!((&detail["outcome"], &detail["schemaVersion"]), (&json!("stopped"), &json!("1")));
        assert_eq!(detail["build"], record["build"]);
        let violation = &detail["violations"][0];
        assert_eq!((&violation["reason"], &violation["owner"]), (&json!("Say \"no\".\nThen 🛑."), &json!("#ci")));
    }
}

#[test]
fn an_allowed_build_is_nobodys_news() {
    let (codebuild, bus) = (CodeBuild::obliging().listen(), EventBridge::obliging());
    let lambda = start(1, &codebuild, &bus);
    let record = lambda.invoke(&event("compliant")).record();
    lambda.end();
    assert_eq!((&record["outcome"], bus.calls()), (&json!("allowed"), Vec::new()));
}

/// EventBridge accepts ten entries and, in every partition, 256 KB a call. The fake enforces both.
#[test]
fn many_rules_and_a_large_build_go_in_calls_that_are_accepted() {
    let large = || {
        let mut build = stopped(FORBIDDEN);
        let variable = json!({"name": "N".repeat(1000), "type": "PLAINTEXT", "value": "v"});
        build["environment"]["environmentVariables"] = json!(vec![variable; 100]);
        build
    };
    let codebuild = Endpoint::answering(move |operation, _| match operation {
        "StopBuild" => stop_answer(large()),
        _ => builds_answer(running(FORBIDDEN)),
    });
    let bus = EventBridge::obliging();
    let lambda = start(25, &codebuild, &bus);
    lambda.invoke(&event("forbidden-branch"));
    lambda.end();
    let told: Vec<String> = (1..=25).map(|number| format!("rule-{number}")).collect();
    assert_eq!(rules(&bus), told);
    assert_eq!(bus.calls(), [vec![2; 12], vec![1]].concat());
    assert!(bus.details().iter().all(|detail| detail["build"].is_object()));
}

#[test]
fn only_the_entries_that_failed_are_sent_again_three_times() {
    let codebuild = CodeBuild::obliging().listen();
    let bus = EventBridge::with(vec![
        Fate::EntriesFail(vec![0, 2], "InternalFailure"),
        Fate::EntriesFail(vec![1], "ThrottlingException"),
        Fate::EntriesFail(vec![0], "InternalFailure"),
    ]);
    let lambda = start(3, &codebuild, &bus);
    let record = lambda.invoke(&event("forbidden-branch")).record();
    lambda.end();
    assert_eq!(record["outcome"], "stopped");
    assert_eq!(bus.calls(), [3, 2, 1, 1]);
    assert_eq!(rules(&bus), ["rule-2", "rule-1", "rule-3"]);
}

#[test]
fn an_entry_that_the_bus_refuses_keeps_no_other_from_being_sent() {
    let codebuild = CodeBuild::obliging().listen();
    let bus = EventBridge::with(vec![Fate::EntriesFail(vec![0], "MalformedDetail")]);
    let lambda = start(25, &codebuild, &bus);
    assert!(lambda.invoke(&event("forbidden-branch")).result.is_err());
    lambda.end();
    assert_eq!(bus.calls(), [10, 10, 5]);
    assert_eq!(rules(&bus).len(), 24);
}

/// The invocation fails, but only after the stop. When the event comes again, all entries are sent again with the
/// same ids.
#[test]
fn a_bus_that_does_not_accept_fails_the_invocation_after_the_stop() {
    let codebuild = CodeBuild::obliging().listen();
    let never = Fate::EntriesFail(vec![0, 1], "InternalFailure");
    let bus =
        EventBridge::with(vec![Fate::EntriesFail(vec![1], "InternalFailure"), never.clone(), never.clone(), never]);
    let lambda = start(2, &codebuild, &bus);
    let answer = lambda.invoke(&event("forbidden-branch"));
    let record: Value = serde_json::from_str(&answer.line).unwrap();
    assert_eq!(codebuild.stops(), [FORBIDDEN]);
    assert_eq!(record["outcome"], "stopped");
    assert_eq!(record["error"]["type"], "ServiceFault");
    assert_eq!(record["error"]["code"], "InternalFailure");
    let message = "its violations could not be sent to the event bus: EventBridge did not accept 1 of 1 entries";
    assert_eq!(record["error"]["message"], message);
    assert!(record["message"].as_str().unwrap().contains(message), "{record}");
    assert_eq!(answer.result.unwrap_err()["errorType"], "ServiceFault");
    assert_eq!(bus.calls(), [2, 1, 1, 1]);
    let first_ids: Vec<Value> = bus.details().iter().map(|detail| detail["id"].clone()).collect();

    let record = lambda.invoke(&event("forbidden-branch")).record();
    lambda.end();
    assert_eq!(record["outcome"], "stopped");
    // The entry that the instance had kept is sent only once.
    assert_eq!(rules(&bus), ["rule-1", "rule-1", "rule-2"]);
    assert_eq!(bus.details()[1]["id"], first_ids[0]);
    assert_eq!(first_ids[0], format!("{ARN}#rule-1"));
}

#[test]
fn a_denied_call_is_not_tried_again_and_counts_as_a_missing_permission() {
    for denied in [
        Fate::CallFails(400, "AccessDeniedException"),
        // The policy of another account's bus denies the call.
        Fate::EntriesFail(vec![0], "AccessDeniedException"),
    ] {
        let codebuild = CodeBuild::obliging().listen();
        let bus = EventBridge::with(vec![denied]);
        let lambda = start(1, &codebuild, &bus);
        let answer = lambda.invoke(&event("forbidden-branch"));
        lambda.end();
        let record: Value = serde_json::from_str(&answer.line).unwrap();
        assert_eq!((&record["outcome"], &record["AccessDenied"]), (&json!("stopped"), &json!(1)));
        assert_eq!(answer.result.unwrap_err()["errorType"], "AccessDenied");
        assert_eq!((bus.calls(), codebuild.stops().len()), (vec![1], 1));
    }
}

#[test]
fn nobody_is_told_before_every_stop_was_made() {
    // A build with a retry: two builds are stopped, and a notification might come in between.
    let retry = "shop-api:5e000002-0000-4000-8000-00000000000b";
    let order: Arc<Mutex<Vec<String>>> = Arc::default();
    let (stops, puts) = (order.clone(), order.clone());
    let codebuild = Endpoint::answering(move |operation, input| match operation {
        "StopBuild" => {
            let id = input["id"].as_str().unwrap();
            stops.lock().unwrap().push(format!("stop {id}"));
            let mut build = stopped(id);
            if id == FORBIDDEN {
                let arn = format!("arn:aws:codebuild:eu-west-1:111122223333:build/{retry}");
                build["autoRetryConfig"] = json!({"nextAutoRetry": arn});
            }
            stop_answer(build)
        }
        "BatchGetBuilds" => {
            let mut build = running(input["ids"][0].as_str().unwrap());
            build["sourceVersion"] = json!("main");
            builds_answer(build)
        }
        _ => Reply::json(200, json!({})),
    });
    let bus = EventBridge::answering(Vec::new(), move || puts.lock().unwrap().push("put".to_owned()));
    let lambda = start(1, &codebuild, &bus);
    let (answer, _) = lambda.invoke_until(&event("forbidden-branch"), |record| record["buildId"] == retry);
    lambda.end();
    assert!(answer.result.is_ok());
    assert_eq!(*order.lock().unwrap(), [format!("stop {FORBIDDEN}"), format!("stop {retry}"), "put".to_owned()]);
    assert_eq!(bus.details().len(), 2);
}

#[test]
fn a_deadline_that_comes_again_tells_of_the_build_that_it_stopped() {
    let codebuild = Endpoint::answering(|operation, input| match operation {
        "BatchGetBuilds" => {
            let mut build = stopped(input["ids"][0].as_str().unwrap());
            build["sourceVersion"] = json!("main");
            build["arn"] = json!(ARN);
            builds_answer(build)
        }
        _ => Reply::json(500, json!({})),
    });
    let bus = EventBridge::obliging();
    let lambda = start(1, &codebuild, &bus);
    let deadline = json!({
        "source": "buildbrake", "detail-type": "Buildbrake Deadline", "time": Timestamp::now().to_string(),
        "resources": [ARN], "detail": {"build-arn": ARN},
    });
    let record = lambda.invoke(&deadline).record();
    lambda.end();
    assert_eq!(record["outcome"], "already-complete");
    assert_eq!(bus.details()[0]["id"], format!("{ARN}#rule-1"));
}

#[test]
fn a_sweep_tells_of_each_build_in_few_calls() {
    let region = CodeBuild::default();
    for number in 0..25 {
        region.run(&format!("shop-{number}"), 2, "main");
    }
    let (codebuild, bus) = (region.listen(), EventBridge::obliging());
    let lambda = start(1, &codebuild, &bus);
    let (answer, builds) = lambda.invoke_until(&scheduled(), |record| record.get("buildId").is_none());
    lambda.end();
    assert_eq!(answer.result.unwrap()["stopped"], 25);
    assert_eq!((builds.len(), bus.details().len(), bus.calls()), (25, 25, vec![10, 10, 5]));
    assert!(bus.details().iter().all(|detail| detail["trigger"] == "sweep" && detail["build"].is_object()));
}

/// CodeBuild starts a retry of the build that the sweep stops.
#[test]
fn a_sweep_stops_retries_before_it_notifies() {
    const RETRY: &str = "shop-api:5e000002-0000-4000-8000-000000000009";
    let codebuild = Endpoint::answering(|operation, input| match operation {
        "ListProjects" => Reply::json(200, json!({"projects": ["shop-api"]})),
        "ListBuildsForProject" => Reply::json(200, json!({"ids": [FORBIDDEN]})),
        "ListSandboxes" => Reply::json(200, json!({"ids": []})),
        "BatchGetBuilds" => builds_answer(running(input["ids"][0].as_str().unwrap())),
        _ => {
            let mut build = stopped(input["id"].as_str().unwrap());
            if build["id"] == FORBIDDEN {
                let retry = ARN.replace(FORBIDDEN, RETRY);
                build["autoRetryConfig"] = json!({"autoRetryLimit": 1, "nextAutoRetry": retry});
            }
            stop_answer(build)
        }
    });
    let bus = EventBridge::obliging();
    let lambda = start(1, &codebuild, &bus);
    let (answer, builds) = lambda.invoke_until(&scheduled(), |record| record.get("buildId").is_none());
    lambda.end();
    assert_eq!(codebuild.stops(), [FORBIDDEN, RETRY]);
    assert_eq!(bus.calls(), [2], "one call for both, after both were stopped");
    let of_builds: Vec<(&Value, &Value)> =
        builds.iter().map(|record| (&record["buildId"], &record["trigger"])).collect();
    assert_eq!(of_builds, [(&json!(FORBIDDEN), &json!("sweep")), (&json!(RETRY), &json!("sweep"))]);
    assert_eq!(answer.result.unwrap()["stopped"], 2);
}

/// No later sweep finds the build, so the function is called back for it.
#[test]
fn a_build_whose_stop_a_sweep_could_not_confirm_is_notified_later() {
    let region = CodeBuild::default();
    let id = region.run("shop", 2, "main");
    let stopping = region.clone();
    let codebuild = region.listen_unless(move |call| {
        (call.operation == "StopBuild").then(|| {
            stopping.answer(call);
            Reply::json(200, json!({}))
        })
    });
    let (bus, scheduler) = (EventBridge::obliging(), Scheduler::obliging());
    let settings = [&bus.settings()[..], &scheduler.settings()[..]].concat();
    let lambda = PROGRAM.start(&policy(1), codebuild.address, &settings);
    let (answer, builds) = lambda.invoke_until(&scheduled(), |record| record.get("buildId").is_none());
    assert_eq!(answer.result.unwrap_err()["errorType"], "UnreadableAnswer");
    assert_eq!((builds.len(), &builds[0]["outcome"], bus.details().len()), (1, &json!("failed"), 0));
    let record = lambda.invoke(&scheduler.event()).record();
    lambda.end();
    assert_eq!((&record["outcome"], &record["buildId"]), (&json!("already-complete"), &json!(id)));
    assert_eq!(bus.details()[0]["buildId"], json!(id));
}

/// Three tries have failed, because the role may not send events. Afterwards, somebody redrives the event.
#[test]
fn a_redriven_event_sends_the_notification_of_the_build_that_it_stopped() {
    let codebuild = Endpoint::with(
        |id| stop_answer(stopped(id)),
        |id| {
            let mut build = stopped(id);
            build["sourceVersion"] = json!("main");
            build["arn"] = json!(ARN);
            builds_answer(build)
        },
    );
    let bus = EventBridge::obliging();
    let lambda = start(1, &codebuild, &bus);
    let redriven = json!({
        "requestContext": {"condition": "RetriesExhausted"}, "requestPayload": event("forbidden-branch"),
    });
    let record = lambda.invoke(&redriven).record();
    lambda.end();
    assert_eq!((&record["outcome"], codebuild.stops().len()), (&json!("already-complete"), 0));
    assert_eq!(bus.details()[0]["id"], format!("{ARN}#rule-1"));
}

#[test]
fn no_secret_reaches_the_bus() {
    let codebuild = CodeBuild::obliging().listen();
    let bus = EventBridge::obliging();
    let lambda = start(1, &codebuild, &bus);
    let mut event = event("forbidden-branch");
    let information = additional_information(&mut event);
    information["source"]["location"] = json!("https://user:s3cret@github.com/acme/shop.git?token=s3cret");
    information["environment"]["environment-variables"] =
        json!([{"name": "TOKEN", "type": "PLAINTEXT", "value": "s3cret"}]);
    lambda.invoke(&event);
    lambda.end();
    assert_eq!(bus.accepted().len(), 1);
    assert!(!format!("{:?}", bus.accepted()).contains("s3cret"));
}

/// As the check before a deployment does.
#[test]
fn a_dry_run_of_the_sweep_stops_nothing_tells_nobody_and_says_what_would_be_too_much() {
    let region = CodeBuild::default();
    for number in 0..25 {
        region.run(&format!("shop-{number}"), 2, "main");
    }
    let (codebuild, bus) = (region.listen(), EventBridge::obliging());
    let belted = policy(1).replace("100%", "20%");
    let lambda = PROGRAM.start(&belted, codebuild.address, &bus.settings());
    let event = json!({"detail-type": "Scheduled Event", "source": "buildbrake", "detail": {"dry-run": "on"}});
    let (answer, builds) = lambda.invoke_until(&event, |record| record.get("buildId").is_none());
    let answer = answer.result.unwrap();
    assert_eq!((&answer["stopped"], &answer["safety"]["stops"]), (&json!(0), &json!(25)));
    assert_eq!(builds.len(), 25);

    let event = json!({"detail-type": "Scheduled Event", "source": "buildbrake", "detail": {"dry-run": "maybe"}});
    let refused = lambda.invoke(&event).result.unwrap_err();
    lambda.end();
    assert_eq!(refused["errorMessage"], "`detail.dry-run` is `maybe`; use `on` or `off`");
    assert_eq!((codebuild.stops(), bus.calls()), (Vec::<String>::new(), Vec::new()));
}

/// The same event comes again and again, and the instance keeps what it could not send.
#[test]
fn a_bus_that_denies_is_called_once_for_each_event() {
    let codebuild = CodeBuild::obliging().listen();
    let denied = Fate::CallFails(400, "AccessDeniedException");
    let bus = EventBridge::with(vec![denied; 4]);
    let lambda = start(25, &codebuild, &bus);
    for _ in 0..3 {
        assert_eq!(lambda.invoke(&event("forbidden-branch")).result.unwrap_err()["errorType"], "AccessDenied");
    }
    assert_eq!(lambda.invoke(&event("compliant")).record()["outcome"], "allowed");
    assert_eq!(bus.calls(), [10, 10, 10, 10]);
    assert_eq!(lambda.invoke(&event("compliant")).record()["outcome"], "allowed");
    lambda.end();
    assert_eq!(bus.calls()[4..], [10, 10, 5]);
    assert_eq!(rules(&bus).len(), 25);
}

/// No sweep finds a stopped build again, so the build is judged once more by itself.
#[test]
fn a_sweep_that_can_tell_nobody_has_its_stopped_builds_judged_again() {
    let region = CodeBuild::default();
    let id = region.run("shop", 2, "main");
    let never = Fate::EntriesFail(vec![0], "InternalFailure");
    let (codebuild, scheduler) = (region.listen(), Scheduler::obliging());
    let bus = EventBridge::with(vec![never; 4]);
    let settings = [bus.settings().as_slice(), &scheduler.settings()].concat();
    let lambda = PROGRAM.start(&policy(1), codebuild.address, &settings);
    let (answer, _) = lambda.invoke_until(&scheduled(), |record| record.get("buildId").is_none());
    assert_eq!(answer.result.unwrap_err()["errorType"], "ServiceFault");
    lambda.end();
    assert_eq!(bus.accepted(), Vec::<Value>::new());

    // Another instance, which knows nothing of the sweep.
    let lambda = PROGRAM.start(&policy(1), codebuild.address, &settings);
    let record = lambda.invoke(&scheduler.event()).record();
    lambda.end();
    assert_eq!((&record["outcome"], &record["buildId"]), (&json!("already-complete"), &json!(id)));
    assert_eq!(rules(&bus), ["rule-1"]);
    assert_eq!(codebuild.stops(), [id]);
}
