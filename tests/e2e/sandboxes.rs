//! Sandboxes, for which there are no events: the sweep finds the running ones, and stops those that break a rule.

use std::{collections::BTreeSet, sync::Mutex};

use buildbrake_testkit::{
    cloudwatch::{AlarmKind, CloudWatch},
    cloudwatch_logs::CloudWatchLogs,
    codebuild::{Call, CodeBuild, Endpoint, refusal, running_in, running_sandbox_in},
    codepipeline::Exchange,
    eventbridge::EventBridge,
    events::scheduled,
    http::Reply,
    lambda::Lambda,
    sqs::{self, Sqs},
    sts::Sts,
};
use serde_json::{Value, json};

use crate::{PROGRAM, service_model::ServiceModel};

const POLICY: &str = "\
version: 1
safety: {max-stops-per-sweep: 100%}
rules:
  - id: short
    reason: Sandboxes run with the project's role.
    owner: '#ci-platform'
    max-duration: 2h
";

/// A rule about branches, without those of projects.
const MAIN: &str = "{id: main, forbidden-branches: [main]}";

/// The answer of a sweep, and the records of what it judged.
struct Swept {
    answer: Result<Value, Value>,
    summary: Value,
    records: Vec<Value>,
}

fn sweep(lambda: &Lambda) -> Swept {
    let (answer, records) = lambda.invoke_until(&scheduled(), |record| record.get("buildId").is_none());
    Swept { summary: serde_json::from_str(&answer.line).unwrap(), answer: answer.result, records }
}

fn sweep_with(policy: &str, codebuild: &Endpoint, settings: &[(&str, &str)]) -> Swept {
    let lambda = PROGRAM.start(policy, codebuild.address, settings);
    let swept = sweep(&lambda);
    lambda.end();
    swept
}

fn sweep_once(policy: &str, codebuild: &CodeBuild) -> Swept {
    sweep_with(policy, &codebuild.listen(), &[])
}

fn set<const N: usize>(ids: [&String; N]) -> BTreeSet<String> {
    ids.into_iter().cloned().collect()
}

#[test]
fn a_sandbox_that_runs_too_long_is_stopped_and_no_other() {
    let codebuild = CodeBuild::default();
    let long = codebuild.run_sandbox("shop", 180);
    codebuild.run_sandbox("shop", 60);
    codebuild.run_sandbox_to_its_end("shop", 300);
    codebuild.run("shop", 20, "main");
    let Swept { answer, summary, records } = sweep_once(POLICY, &codebuild);
    answer.unwrap();
    assert_eq!((codebuild.stopped_sandboxes(), codebuild.stopped()), (set([&long]), BTreeSet::new()));
    let record = &records[0];
    assert_eq!(records.len(), 1, "{records:?}");
    assert_eq!(
        (&record["kind"], &record["outcome"], &record["trigger"]),
        (&json!("sandbox"), &json!("stopped"), &json!("sweep"))
    );
    assert_eq!(record["buildId"], json!(long));
    assert_eq!(record["buildArn"], format!("arn:aws:codebuild:us-east-1:111122223333:sandbox/{long}"));
    assert_eq!(
        (&record["project"], record.get("build"), record.get("initiator"), record.get("startedBy")),
        (&json!("shop"), None, None, None)
    );
    assert_eq!((&record["sandbox"]["id"], &record["sandbox"]["status"]), (&json!(long), &json!("STOPPING")));
    assert_eq!(record["violations"][0]["limit"], "120m");
    let message = record["message"].as_str().unwrap();
    assert!(message.starts_with(&format!("Stopped sandbox {long}. Rule `short`")), "{message}");
    assert!(message.ends_with("Sandboxes run with the project's role. Owner: #ci-platform."), "{message}");
    assert_eq!((&summary["running"], &summary["sandboxes"], &summary["stopped"]), (&json!(1), &json!(2), &json!(1)));
    assert!(
        summary["message"].as_str().unwrap().contains("of 1 running build and 2 running sandboxes, 1 broke"),
        "{summary}"
    );
    // A sandbox that is being stopped is left alone.
    let Swept { summary, records, .. } = sweep_once(POLICY, &codebuild);
    assert_eq!((&summary["sandboxes"], records.len()), (&json!(1), 0));
}

#[test]
fn a_sandbox_is_judged_by_scope_exemption_and_mode_as_a_build_is() {
    let rule = |more: &str| format!("{{version: 1, {more}}}");
    let long = "max-duration: 2h";
    for (policy, outcome) in [
        (rule(&format!("rules: [{{id: a, {long}, only: [{{kinds: [sandbox]}}]}}]")), "stopped"),
        (rule(&format!("rules: [{{id: a, {long}, mode: report}}]")), "reported"),
        (rule(&format!("never-stop: [shop], rules: [{{id: a, {long}}}]")), "protected"),
        (rule(&format!("rules: [{{id: a, {long}, except: [{{projects: [shop]}}]}}]")), ""),
        (rule(&format!("rules: [{{id: a, {long}, except: [{{kinds: [sandbox]}}]}}]")), ""),
        (rule(&format!("rules: [{{id: a, {long}, except: [{{started-by: [user, role]}}]}}]")), "stopped"),
        (rule("rules: [{id: a, deny-when: 'true', only: [{kinds: [sandbox]}]}]"), "stopped"),
        (rule("rules: [{id: a, allowed-initiators: [nobody]}]"), ""),
        (rule("rules: [{id: a, max-queued-timeout: 5m}, {id: b, forbidden-overrides: [image]}]"), "stopped"),
        // The sandbox names no branch, nor does the project.
        (rule("rules: [{id: a, forbidden-branches: [main], on-unknown: stop}]"), ""),
    ] {
        let codebuild = CodeBuild::default();
        let id = codebuild.run_sandbox("shop", 180);
        let Swept { records, .. } = sweep_once(&policy, &codebuild);
        let outcomes: Vec<&str> = records.iter().map(|record| record["outcome"].as_str().unwrap()).collect();
        assert_eq!(outcomes, Vec::from_iter((!outcome.is_empty()).then_some(outcome)), "{policy}");
        let stopped = if outcome == "stopped" { set([&id]) } else { BTreeSet::new() };
        assert_eq!(codebuild.stopped_sandboxes(), stopped, "{policy}");
    }
}

#[test]
fn the_ceiling_and_the_alarm_hold_for_sandboxes() {
    let codebuild = CodeBuild::default();
    codebuild.run_sandbox("shop", 180);
    let withheld = |settings: &[(&str, &str)]| {
        let Swept { records, .. } = sweep_with(POLICY, &codebuild.listen(), settings);
        records[0]["withheld"].clone()
    };
    assert_eq!(withheld(&[("BUILDBRAKE_MODE", "report")]), "ceiling");
    let cloudwatch = CloudWatch::obliging();
    cloudwatch.set(AlarmKind::Metric, "stops-111122223333", "ALARM");
    assert_eq!(withheld(&cloudwatch.settings("stops-{account}")), "stop-rate");
    assert_eq!(codebuild.stopped_sandboxes(), BTreeSet::new());
}

#[test]
fn a_sandbox_counts_like_a_build_for_the_safety_belt() {
    let policy = POLICY.replace("safety: {max-stops-per-sweep: 100%}\n", "");
    for (sandboxes, builds, stops) in [(5, 0, 5), (6, 0, 0), (6, 24, 6), (6, 23, 0)] {
        let codebuild = CodeBuild::default();
        (0..sandboxes).for_each(|number| _ = codebuild.run_sandbox(&format!("shop-{number}"), 180));
        (0..builds).for_each(|number| _ = codebuild.run(&format!("warehouse-{number}"), 20, "main"));
        let Swept { summary, records, .. } = sweep_once(&policy, &codebuild);
        assert_eq!(codebuild.stopped_sandboxes().len(), stops, "{sandboxes} of {}", sandboxes + builds);
        assert_eq!((records.len(), &summary["SafetyBelt"]), (sandboxes, &json!(u8::from(stops == 0))));
        assert_eq!(summary["Swept"], sandboxes + builds);
    }
}

/// A list of sandboxes shows neither state nor age.
#[test]
fn every_page_of_sandboxes_is_looked_at() {
    let codebuild = CodeBuild::default();
    (0..240).for_each(|_| codebuild.run_sandbox_to_its_end("archive", 5_000));
    let long = codebuild.run_sandbox("shop", 180);
    let endpoint = codebuild.listen();
    sweep_with(POLICY, &endpoint, &[]);
    assert_eq!(codebuild.stopped_sandboxes(), set([&long]));
    let calls = endpoint.operations();
    let count = |operation: &str| calls.iter().filter(|call| *call == operation).count();
    assert_eq!((count("ListSandboxes"), count("BatchGetSandboxes"), count("StopSandbox")), (3, 3, 1), "{calls:?}");
}

/// The project may have been deleted since: it is in no list of projects.
#[test]
fn the_sandbox_of_a_project_that_is_gone_is_found() {
    let codebuild = CodeBuild::default();
    let long = codebuild.run_sandbox("gone", 180);
    let listen = codebuild.listen_unless(|call| match call.operation.as_str() {
        "ListProjects" => Some(Reply::json(200, json!({"projects": []}))),
        "ListBuildsForProject" => Some(refusal(400, "ResourceNotFoundException", "no such project")),
        _ => None,
    });
    let Swept { answer, .. } = sweep_with(POLICY, &listen, &[]);
    answer.unwrap();
    assert_eq!(codebuild.stopped_sandboxes(), set([&long]));
}

#[test]
fn sandboxes_are_asked_for_only_if_a_rule_can_apply_to_one() {
    for (rules, asks) in [
        (
            "{id: a, allowed-initiators: ['*']}, {id: b, forbidden-overrides: [image]}, {id: c, only-newest-per: [project]}",
            false,
        ),
        ("{id: a, max-duration: 2h, only: [{kinds: [build]}]}", false),
        ("{id: a, max-duration: 2h, only: [{started-by: [role]}]}", false),
        ("{id: a, max-duration: 2h, mode: 'off'}", false),
        ("{id: a, deny-when: startedBy == 'user'}", false),
        ("{id: a, max-duration: 2h}", true),
        ("{id: a, max-duration: 2h, only: [{started-by: [role]}, {projects: [shop]}]}", true),
    ] {
        let codebuild = CodeBuild::default();
        codebuild.run("shop", 20, "main");
        let endpoint = codebuild.listen();
        sweep_with(&format!("{{version: 1, rules: [{rules}]}}"), &endpoint, &[]);
        assert_eq!(endpoint.operations().contains(&"ListSandboxes".to_owned()), asks, "{rules}");
    }
}

#[test]
fn what_cannot_be_seen_of_sandboxes_fails_the_sweep_and_costs_no_build() {
    let policy = POLICY.to_owned() + "  - " + MAIN + "\n";
    for operation in ["ListSandboxes", "BatchGetSandboxes"] {
        for (code, class) in [("AccessDeniedException", "AccessDenied"), ("InvalidInputException", "InvalidInput")] {
            let codebuild = CodeBuild::default();
            let build = codebuild.run("shop", 20, "main");
            codebuild.run_sandbox("shop", 180);
            let answer = move |call: &Call| (call.operation == operation).then(|| refusal(400, code, "no"));
            let Swept { answer, summary, .. } = sweep_with(&policy, &codebuild.listen_unless(answer), &[]);
            assert_eq!(answer.unwrap_err()["errorType"], class, "{operation}");
            assert_eq!((&summary["outcome"], &summary["stopped"]), (&json!("failed"), &json!(1)), "{summary}");
            assert_eq!(codebuild.stopped(), set([&build]));
        }
    }
}

/// A region, or an emulator, whose CodeBuild is older than sandboxes.
#[test]
fn an_api_that_knows_no_sandboxes_has_none() {
    for code in ["UnknownOperationException", "InvalidAction"] {
        let codebuild = CodeBuild::default();
        codebuild.run("shop", 180, "main");
        let answer = move |call: &Call| (call.operation == "ListSandboxes").then(|| refusal(400, code, "?"));
        let Swept { answer, summary, .. } = sweep_with(POLICY, &codebuild.listen_unless(answer), &[]);
        answer.unwrap();
        assert_eq!((&summary["outcome"], summary.get("sandboxes")), (&json!("stopped"), None));
    }
}

/// Sweeps a region with one sandbox, where `stop` may answer `StopSandbox`.
fn stopped_by(stop: impl Fn(&CodeBuild, &str) -> Option<Reply> + Send + Sync + 'static) -> Swept {
    let codebuild = CodeBuild::default();
    let id = codebuild.run_sandbox("shop", 180);
    let state = codebuild.clone();
    let endpoint =
        codebuild.listen_unless(move |call| (call.operation == "StopSandbox").then(|| stop(&state, &id)).flatten());
    sweep_with(POLICY, &endpoint, &[])
}

fn ends(codebuild: &CodeBuild, id: &str, status: &'static str) {
    codebuild.change_sandbox(id, |sandbox| {
        sandbox["status"] = json!(status);
        sandbox["endTime"] = json!(1_602_710_990.25);
    });
}

#[test]
fn a_sandbox_that_ended_before_it_could_be_stopped_is_an_outcome() {
    type Stop = fn(&CodeBuild, &str) -> Option<Reply>;
    let stops: [(Stop, &str); 5] = [
        (
            |codebuild, id| {
                ends(codebuild, id, "TIMED_OUT");
                None
            },
            "already-complete",
        ),
        (
            |codebuild, id| {
                ends(codebuild, id, "SUCCEEDED");
                Some(refusal(400, "InvalidInputException", "it has ended"))
            },
            "already-complete",
        ),
        (
            |codebuild, id| {
                ends(codebuild, id, "STOPPED");
                Some(refusal(400, "InvalidInputException", "it has ended"))
            },
            "stopped",
        ),
        (|_, _| Some(refusal(400, "ResourceNotFoundException", "gone")), "not-found"),
        // The answer shows nothing; the sandbox does.
        (
            |codebuild, id| {
                ends(codebuild, id, "STOPPED");
                Some(Reply::json(200, json!({"sandbox": {"id": id, "status": "RUN_SANDBOX"}})))
            },
            "stopped",
        ),
    ];
    for (index, (stop, outcome)) in stops.into_iter().enumerate() {
        let Swept { answer, records, .. } = stopped_by(stop);
        assert_eq!(
            (records[0]["outcome"].as_str().unwrap(), &records[0]["kind"]),
            (outcome, &json!("sandbox")),
            "{index}"
        );
        answer.unwrap();
    }
}

#[test]
fn a_stop_that_is_not_confirmed_fails_the_sweep() {
    type Stop = fn(&CodeBuild, &str) -> Option<Reply>;
    let stops: [(Stop, &str); 4] = [
        (|_, id| Some(Reply::json(200, json!({"sandbox": {"id": id, "status": "RUN_SANDBOX"}}))), "NotConfirmed"),
        (|_, _| Some(Reply::json(200, json!({}))), "UnreadableAnswer"),
        (|_, _| Some(refusal(400, "AccessDeniedException", "no")), "AccessDenied"),
        (|_, _| Some(refusal(400, "InvalidInputException", "no")), "InvalidInput"),
    ];
    for (stop, class) in stops {
        let Swept { answer, records, .. } = stopped_by(stop);
        assert_eq!((&records[0]["outcome"], &records[0]["error"]["type"]), (&json!("failed"), &json!(class)));
        assert!(records[0]["message"].as_str().unwrap().starts_with("Sandbox shop:"), "{}", records[0]);
        assert_eq!(answer.unwrap_err()["errorType"], class);
    }
}

#[test]
fn people_are_told_on_the_bus_and_in_the_log_of_the_session() {
    let codebuild = CodeBuild::default();
    let id = codebuild.run_sandbox("shop", 180);
    let (bus, logs) = (EventBridge::obliging(), CloudWatchLogs::with_groups(&["/aws/codebuild/shop"]));
    let session = id.split(':').nth(1).unwrap().replace("5e", "5a");
    logs.make_stream("/aws/codebuild/shop", &session);
    let settings = [bus.settings(), logs.settings()].concat();
    let Swept { records, .. } = sweep_with(POLICY, &codebuild.listen(), &settings);
    let detail = &bus.details()[0];
    assert_eq!(
        (&detail["kind"], &detail["buildId"], &detail["sandbox"]),
        (&json!("sandbox"), &json!(id), &records[0]["sandbox"])
    );
    assert_eq!(detail["id"], format!("arn:aws:codebuild:us-east-1:111122223333:sandbox/{id}#short"));
    let lines = logs.lines("/aws/codebuild/shop", &session).unwrap();
    assert!(lines[0].starts_with(&format!("[buildbrake] Stopped sandbox {id}.")), "{lines:?}");
    assert_eq!(records[0].get("notes"), None);
}

#[test]
fn the_sandboxes_of_each_place_are_swept_over_the_queue() {
    let codebuild = CodeBuild::default();
    let id = "shop:5e000000-0000-4000-9000-000000000000";
    for (account, region) in [("444455556666", "eu-west-1"), ("111122223333", "eu-west-1")] {
        codebuild.put_sandbox(running_sandbox_in(account, region, id, 1_602_710_932.5));
        codebuild.put(running_in(account, region, "shop:5e000000-0000-4000-8000-000000000001"));
    }
    let (sts, sqs, endpoint) = (Sts::obliging(), Sqs::obliging(), codebuild.listen());
    let settings: Vec<(&str, &str)> =
        sts.settings("444455556666=shop-prod", "us-east-1,eu-west-1").into_iter().chain(sqs.settings()).collect();
    let lambda = PROGRAM.start(
        "{version: 1, rules: [{id: a, max-duration: 2h, only: [{kinds: [sandbox]}]}]}",
        endpoint.address,
        &settings,
    );
    let bodies = [json!({"account": "444455556666", "region": "eu-west-1"})];
    let (answer, records) = lambda.invoke_for(2, &sqs::event(&bodies, 1));
    lambda.end();
    assert_eq!(answer.unwrap()["batchItemFailures"], json!([]));
    let record = records.iter().find(|record| record["kind"] == "sandbox").unwrap();
    assert_eq!(
        (&record["account"], &record["accountName"], &record["outcome"]),
        (&json!("444455556666"), &json!("shop-prod"), &json!("stopped"))
    );
    let stops: Vec<Call> = endpoint.calls().into_iter().filter(|call| call.operation == "StopSandbox").collect();
    assert_eq!((stops.len(), stops[0].account.as_str(), stops[0].region.as_str()), (1, "444455556666", "eu-west-1"));
}

/// The calls about sandboxes and their answers fit AWS's model.
#[test]
fn sandboxes_are_asked_for_and_stopped_as_the_model_of_the_api_says() {
    let codebuild = CodeBuild::default();
    codebuild.run_sandbox("shop", 180);
    codebuild.run_sandbox_to_its_end("shop", 180);
    (0..100).for_each(|_| codebuild.run_sandbox_to_its_end("archive", 180));
    let exchanges = std::sync::Arc::new(Mutex::new(Vec::new()));
    let log = exchanges.clone();
    let endpoint = codebuild.listen_at(buildbrake_testkit::http::Address::reserve(), move |codebuild, call| {
        let reply = codebuild.answer(call);
        if let (true, Reply::Http { status, body, .. }) = (call.operation.contains("Sandbox"), &reply) {
            log.lock().unwrap().push(Exchange {
                operation: call.operation.clone(),
                input: call.input.clone(),
                status: *status,
                output: serde_json::from_slice(body).unwrap(),
            });
        }
        reply
    });
    sweep_with(POLICY, &endpoint, &[]);
    let exchanges = exchanges.lock().unwrap();
    let model = ServiceModel::new(include_str!("../model/codebuild-2016-10-06-sandboxes.json"));
    model.check(&exchanges);
    let operations: BTreeSet<&str> = exchanges.iter().map(|exchange| exchange.operation.as_str()).collect();
    assert_eq!(operations, BTreeSet::from(["BatchGetSandboxes", "ListSandboxes", "StopSandbox"]));
    assert_eq!(model.errors("StopSandbox"), BTreeSet::from(["InvalidInputException", "ResourceNotFoundException"]));
}
