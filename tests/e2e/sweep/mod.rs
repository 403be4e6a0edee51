//! The sweep finds and stops the running builds that break a rule, whether or not there was an event about them, and
//! nothing else. It leaves the rest to another invocation if there is not enough time.

mod parts;

use std::{
    collections::BTreeSet,
    env,
    sync::atomic::{AtomicU64, Ordering::SeqCst},
    thread,
    time::{Duration, Instant},
};

use buildbrake_testkit::{
    codebuild::{Call, CodeBuild, Endpoint, refusal},
    events::scheduled,
    http::Reply,
    lambda::Lambda,
    runtime_api::REQUEST_ID,
    scheduler::Scheduler,
};
use serde_json::{Value, json};

use crate::PROGRAM;

const POLICY: &str = "\
version: 1
safety: {max-stops-per-sweep: 100%}
rules:
  - id: protected-branches
    forbidden-branches: [main]
  - id: short-builds
    max-duration: 3h
";

/// The results of a sweep: the answer, the sweep's record, and the records of the builds.
struct Swept {
    answer: Result<Value, Value>,
    summary: Value,
    builds: Vec<Value>,
}

/// One sweep of a running function.
fn sweep(lambda: &Lambda, event: &Value) -> Swept {
    let (answer, builds) = lambda.invoke_until(event, |record| record.get("buildId").is_none());
    let summary = serde_json::from_str(&answer.line).unwrap();
    Swept { answer: answer.result, summary, builds }
}

/// One sweep of a fresh function.
fn sweep_once(policy: &str, codebuild: &Endpoint) -> Swept {
    let lambda = PROGRAM.start(policy, codebuild.address, &[]);
    let swept = sweep(&lambda, &scheduled());
    lambda.end();
    swept
}

fn ids(records: &[Value]) -> BTreeSet<String> {
    records.iter().map(|record| record["buildId"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_violator_is_stopped_and_nothing_else() {
    let region = CodeBuild::default();
    let mut violators = BTreeSet::new();
    for number in 0..230 {
        let project = format!("shop-{number}");
        region.put_project(json!({"name": project}));
        region.run_to_its_end(&project, 100_000);
        region.run_to_its_end(&project, 30);
        if number % 3 == 0 {
            region.run(&project, 20, "feature/basket");
        }
        if number % 7 == 0 {
            violators.insert(region.run(&project, 2, "main"));
        }
        if number % 11 == 0 {
            violators.insert(region.run(&project, 200, "feature/basket"));
        }
    }
    let codebuild = region.listen();
    let Swept { answer, summary, builds } = sweep_once(POLICY, &codebuild);
    assert_eq!(region.stopped(), violators);
    assert_eq!(ids(&builds), violators);
    assert!(builds.iter().all(|record| record["outcome"] == "stopped" && record["trigger"] == "sweep"));
    assert_eq!(codebuild.stops().len(), violators.len());

    let count = violators.len() as u64;
    assert_eq!((&summary["outcome"], &summary["trigger"]), (&json!("stopped"), &json!("sweep")));
    assert_eq!((&summary["projects"], &summary["running"]), (&json!(230), &json!(count + 77)));
    assert_eq!(
        (&summary["broken"], &summary["stopped"], &summary["failed"]),
        (&json!(count), &json!(count), &json!(0))
    );
    // The answer is the sweep's record, with the records of the builds.
    let mut answer = answer.unwrap();
    assert_eq!(answer.as_object_mut().unwrap().shift_remove("records"), Some(Value::from(builds)));
    assert_eq!(answer, summary);
}

#[test]
fn an_account_that_keeps_to_its_policy_is_left_alone() {
    let region = CodeBuild::default();
    region.run("shop", 20, "feature/basket");
    region.run_to_its_end("shop", 10);
    let codebuild = region.listen();
    let swept = sweep_once(POLICY, &codebuild);
    assert_eq!((&swept.summary["outcome"], swept.builds.len()), (&json!("allowed"), 0));
    assert!(codebuild.stops().is_empty());

    let swept = sweep_once(POLICY, &CodeBuild::default().listen());
    assert_eq!((&swept.summary["outcome"], &swept.summary["projects"]), (&json!("allowed"), &json!(0)));
}

/// The list contains all builds of a project, also those that have ended.
#[test]
fn a_build_that_runs_since_yesterday_is_found_below_a_thousand_newer_ones() {
    let region = CodeBuild::default();
    let old = region.run("shop", 43 * 60, "feature/basket");
    for number in 0..1000 {
        region.run_to_its_end("shop", 42 * 60 - number * 2);
    }
    let swept = sweep_once(POLICY, &region.listen());
    assert_eq!((region.stopped(), swept.builds.len()), (BTreeSet::from([old]), 1));
}

#[test]
fn builds_too_old_to_run_are_not_asked_for() {
    let region = CodeBuild::default();
    for number in 0..1000 {
        region.run_to_its_end("shop", 50 * 60 + number);
        region.run_to_its_end("warehouse", 50 * 60 + number);
    }
    let codebuild = region.listen();
    sweep_once(POLICY, &codebuild);
    let calls = codebuild.operations();
    let count = |operation: &str| calls.iter().filter(|call| *call == operation).count();
    assert_eq!((count("ListBuildsForProject"), count("BatchGetBuilds")), (2, 1), "{calls:?}");
}

#[test]
fn the_projects_of_builds_are_asked_for_together() {
    let region = CodeBuild::default();
    let frozen = region.run("vault-1", 20, "feature/basket");
    region.put_project(json!({"name": "vault-1", "tags": [{"key": "team", "value": "vault"}]}));
    for number in 0..40 {
        region.run(&format!("shop-{number}"), 20, "feature/basket");
    }
    let codebuild = region.listen();
    let policy = "{version: 1, rules: [{id: frozen, forbidden-branches: ['*'], only: [{tags: {team: [vault]}}]}]}";
    sweep_once(policy, &codebuild);
    assert_eq!(region.stopped(), BTreeSet::from([frozen]));
    assert_eq!(codebuild.operations().iter().filter(|call| *call == "BatchGetProjects").count(), 1);
}

#[test]
fn what_is_only_reported_runs_on() {
    let region = CodeBuild::default();
    region.run("shop", 20, "main");
    region.run("deploy-shop", 20, "main");
    let policy = format!("never-stop: [deploy-*]\n{POLICY}");
    let codebuild = region.listen();
    let lambda = PROGRAM.start(&policy, codebuild.address, &[("BUILDBRAKE_MODE", "report")]);
    let swept = sweep(&lambda, &scheduled());
    assert_eq!((&swept.summary["outcome"], &swept.summary["reported"]), (&json!("reported"), &json!(2)));
    lambda.end();
    let swept = sweep_once(&policy, &codebuild);
    let outcomes: BTreeSet<&str> = swept.builds.iter().map(|record| record["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, BTreeSet::from(["protected", "stopped"]));
    assert_eq!((&swept.summary["stopped"], &swept.summary["reported"]), (&json!(1), &json!(1)));
}

#[test]
fn nothing_is_swept_when_it_is_off() {
    let region = CodeBuild::default();
    region.run("shop", 20, "main");
    let codebuild = region.listen();
    let lambda = PROGRAM.start(POLICY, codebuild.address, &[("BUILDBRAKE_MODE", "off")]);
    assert_eq!(lambda.invoke(&scheduled()).record()["outcome"], "ignored");
    assert!(codebuild.calls().is_empty());
    lambda.end();
}

#[test]
fn a_policy_gone_wrong_does_not_stop_everything() {
    let with = |violators: usize, others: usize| {
        let region = CodeBuild::default();
        for number in 0..violators {
            region.run(&format!("shop-{number}"), 20, "main");
        }
        for number in 0..others {
            region.run(&format!("warehouse-{number}"), 20, "feature/basket");
        }
        region
    };
    let default = POLICY.replace("safety: {max-stops-per-sweep: 100%}\n", "");
    let number = POLICY.replace("100%", "7");
    for (policy, violators, others, stops) in [
        (&default, 20, 80, 20),
        (&default, 21, 79, 0),
        (&default, 5, 0, 5),
        (&default, 6, 0, 0),
        (&number, 7, 0, 7),
        (&number, 8, 100, 0),
    ] {
        let region = with(violators, others);
        let Swept { answer, summary, builds } = sweep_once(policy, &region.listen());
        assert_eq!(region.stopped().len(), stops, "{violators} of {}", violators + others);
        assert_eq!(builds.len(), violators, "each has its record all the same");
        let held = stops == 0;
        assert_eq!(summary["SafetyBelt"], u8::from(held));
        assert_eq!(summary["message"].as_str().unwrap().starts_with("SAFETY LIMIT: nothing was stopped."), held);
        if held {
            assert_eq!((&summary["outcome"], &summary["safety"]["stops"]), (&json!("reported"), &json!(violators)));
            let is_withheld = |record: &Value| record["outcome"] == "reported" && record["withheld"] == "safety-belt";
            assert!(builds.iter().all(is_withheld), "{builds:?}");
        }
        answer.unwrap();
    }
}

/// In a small account, six violators among six builds exceed the limit in every sweep.
#[test]
fn the_safety_belt_can_be_taken_off_for_one_sweep() {
    let policy = POLICY.replace("safety: {max-stops-per-sweep: 100%}\n", "");
    let region = CodeBuild::default();
    (0..6).for_each(|number| _ = region.run(&format!("shop-{number}"), 20, "main"));
    let codebuild = region.listen();
    let lambda = PROGRAM.start(&policy, codebuild.address, &[]);
    let asks_for = |belt: Value| {
        let mut event = scheduled();
        event["detail"] = json!({"safety-belt": belt});
        event
    };
    let redriven = json!({"requestPayload": asks_for(json!("off"))});
    for event in [scheduled(), asks_for(json!("on")), asks_for(json!(null)), redriven] {
        let Swept { summary, .. } = sweep(&lambda, &event);
        assert_eq!((region.stopped().len(), &summary["SafetyBelt"]), (0, &json!(1)));
        assert_eq!(summary.get("notes"), None);
        let message = summary["message"].as_str().unwrap();
        let what_to_do = r#"{"detail-type": "Scheduled Event", "source": "buildbrake", "detail": "#.to_owned()
            + r#"{"account": "111122223333", "region": "us-east-1", "safety-belt": "off"}}"#;
        assert!(message.contains(&what_to_do) && message.contains("raise `max-stops-per-sweep`"), "{message}");
    }
    for odd in [json!("OFF"), json!(false), json!({})] {
        let answer = lambda.invoke(&asks_for(odd.clone()));
        assert_eq!(answer.record()["error"]["type"], "UnreadableEvent");
        assert!(answer.record()["message"].as_str().unwrap().contains("use `on` or `off`"), "{odd}");
    }
    // The event is the one in the record's message.
    let place = json!({"account": "111122223333", "region": "us-east-1", "safety-belt": "off"});
    let event = json!({"detail-type": "Scheduled Event", "source": "buildbrake", "detail": place});
    let Swept { answer, summary, .. } = sweep(&lambda, &event);
    let message = format!("this sweep had no safety limit, because the request {REQUEST_ID} asked for that");
    assert_eq!(summary["notes"], json!([{"code": "belt-off", "message": message}]));
    assert_eq!((region.stopped().len(), &summary["SafetyBelt"]), (6, &json!(0)));
    answer.unwrap();
    // The next sweep has it on again.
    (6..12).for_each(|number| _ = region.run(&format!("shop-{number}"), 20, "main"));
    assert_eq!(sweep(&lambda, &scheduled()).summary["SafetyBelt"], 1);
    assert_eq!(region.stopped().len(), 6);
    lambda.end();
}

/// Stopping a batch stops all its builds.
#[test]
fn a_batch_counts_with_all_its_running_builds_and_is_stopped_once() {
    let policy = |most: u32| {
        let belt = format!("safety: {{max-stops-per-sweep: {most}}}");
        format!("version: 1\n{belt}\nrules: [{{id: short-builds, max-timeout: 60m, batch: stop-all}}]\n")
    };
    // Two violators and six other builds of a batch, and a violator outside of it.
    for (most, is_held) in [(8, true), (9, false)] {
        let region = CodeBuild::default();
        let arn = "arn:aws:codebuild:us-east-1:111122223333:build-batch/shop:ba7c4000-0000-4000-8000-000000000001";
        region.put_batch(json!({
            "id": arn.split('/').next_back().unwrap(), "arn": arn, "buildBatchStatus": "IN_PROGRESS", "complete": false,
        }));
        let timeouts = [480, 60, 60, 480, 60, 60, 60, 60];
        let run = |project: &str, timeout: u32, batch: Value| {
            let id = region.run(project, 20, "main");
            region.change(&id, |build| build["timeoutInMinutes"] = json!(timeout));
            region.change(&id, |build| build["buildBatchArn"] = batch);
            id
        };
        let mut all: BTreeSet<String> = timeouts.iter().map(|timeout| run("shop", *timeout, json!(arn))).collect();
        all.insert(run("warehouse", 480, json!(null)));
        let codebuild = region.listen();
        let Swept { answer, summary, builds } = sweep_once(&policy(most), &codebuild);
        answer.unwrap();
        let stops = |operation: &str| codebuild.operations().iter().filter(|call| *call == operation).count();
        assert_eq!(stops("StopBuildBatch"), usize::from(!is_held), "most {most}");
        assert_eq!(region.stopped(), if is_held { BTreeSet::new() } else { all }, "most {most}");
        assert_eq!((builds.len(), &summary["SafetyBelt"]), (3, &json!(u8::from(is_held))));
        if is_held {
            assert_eq!(summary["safety"]["stops"], 9);
        }
        assert_eq!(builds.iter().filter(|record| record.get("buildBatch").is_some()).count(), stops("StopBuildBatch"));
    }
}

/// The sweep knows that another rule stops the build, and asks for the project all the same.
#[test]
fn a_swept_batch_is_stopped_even_if_another_rule_stops_its_build() {
    let region = CodeBuild::default();
    let arn = "arn:aws:codebuild:us-east-1:111122223333:build-batch/shop:ba7c4000-0000-4000-8000-000000000001";
    let (id, status) = (arn.split('/').next_back().unwrap(), "IN_PROGRESS");
    region.put_batch(json!({"id": id, "arn": arn, "buildBatchStatus": status, "complete": false}));
    region.put_project(json!({"name": "shop", "tags": [{"key": "frozen", "value": "yes"}]}));
    let (violator, other) = (region.run("shop", 200, "main"), region.run("shop", 20, "main"));
    for id in [&violator, &other] {
        region.change(id, |build| build["buildBatchArn"] = json!(arn));
    }
    let frozen = "project.tags.exists(tag, tag.key == 'frozen') && running > duration('3h')";
    let rule = format!("  - {{id: frozen, batch: stop-all, deny-when: \"{frozen}\"}}\n");
    let swept = sweep_once(&format!("{POLICY}{rule}"), &region.listen());
    assert_eq!(region.stopped(), BTreeSet::from([violator, other]), "{:?}", swept.builds);
}

#[test]
fn a_near_deadline_is_set_by_the_sweep_too() {
    let region = CodeBuild::default();
    region.run("shop", 170, "feature/basket");
    region.run("warehouse", 20, "feature/basket");
    let (codebuild, scheduler) = (region.listen(), Scheduler::obliging());
    let lambda = PROGRAM.start(POLICY, codebuild.address, &scheduler.settings());
    sweep(&lambda, &scheduled());
    assert_eq!(
        scheduler.event()["detail"]["build-arn"],
        json!("arn:aws:codebuild:us-east-1:111122223333:build/shop:5e000000-0000-4000-8000-000000000000")
    );
    lambda.end();
}

#[test]
fn what_cannot_be_seen_fails_the_sweep_and_all_else_is_swept() {
    let denied = || refusal(400, "AccessDeniedException", "not authorized to perform: codebuild:ListBuildsForProject");
    let unreadable = || Reply::json(200, "{}");
    let lists_vault: fn(&Call) -> bool =
        |call| call.operation == "ListBuildsForProject" && call.input["projectName"] == "vault";
    type Case = (fn(&Call) -> bool, fn() -> Reply, &'static str, bool);
    let cases: [Case; 5] = [
        (lists_vault, denied, "AccessDenied", true),
        (lists_vault, unreadable, "UnreadableAnswer", true),
        (|call| call.operation == "ListProjects", denied, "AccessDenied", false),
        (|call| call.operation == "ListProjects", unreadable, "UnreadableAnswer", false),
        (|call| call.operation == "BatchGetBuilds", unreadable, "UnreadableAnswer", false),
    ];
    for (is_spoilt, answer, kind, is_swept) in cases {
        let region = CodeBuild::default();
        let violator = region.run("shop", 20, "main");
        region.run("vault", 20, "main");
        let codebuild = region.listen_unless(move |call| is_spoilt(call).then(answer));
        let Swept { answer, summary, .. } = sweep_once(POLICY, &codebuild);
        assert_eq!(answer.unwrap_err()["errorType"], kind);
        assert_eq!(
            (&summary["outcome"], &summary["error"]["type"], &summary["Failed"]),
            (&json!("failed"), &json!(kind), &json!(1))
        );
        assert_eq!(region.stopped(), if is_swept { BTreeSet::from([violator]) } else { BTreeSet::new() }, "{kind}");
    }
}

/// The project may exist: the API lists the projects that do not.
#[test]
fn a_project_that_the_api_does_not_answer_fails_the_sweep() {
    let region = CodeBuild::default();
    region.run("shop", 20, "feature/basket");
    let codebuild = region.listen_unless(|call| {
        let nothing = || Reply::json(200, json!({"projects": [], "projectsNotFound": []}));
        (call.operation == "BatchGetProjects").then(nothing)
    });
    let policy = "{version: 1, rules: [{id: frozen, deny-when: \"project.tags.exists(tag, tag.key == 'frozen')\"}]}";
    let error = sweep_once(policy, &codebuild).answer.unwrap_err();
    assert_eq!(error["errorType"], "UnreadableAnswer");
}

#[test]
fn a_build_that_cannot_be_stopped_fails_the_sweep_and_the_others_are_stopped() {
    let region = CodeBuild::default();
    let stubborn = region.run("shop-1", 20, "main");
    let other = region.run("shop-2", 20, "main");
    let id = stubborn.clone();
    let codebuild = region.listen_unless(move |call| {
        (call.operation == "StopBuild" && call.id() == id).then(|| refusal(400, "AccessDeniedException", "No"))
    });
    let Swept { answer, summary, builds } = sweep_once(POLICY, &codebuild);
    assert_eq!(answer.unwrap_err()["errorType"], "AccessDenied");
    assert_eq!((&summary["stopped"], &summary["failed"]), (&json!(1), &json!(1)));
    assert_eq!((region.stopped(), builds.len()), (BTreeSet::from([other]), 2));
}

#[test]
fn no_secret_of_a_swept_build_comes_out() {
    let region = CodeBuild::default();
    let id = region.run("shop", 20, "main");
    region.change(&id, |build| {
        build["environment"]["environmentVariables"] =
            json!([{"name": "TOKEN", "value": "cAnArY-value", "type": "PLAINTEXT"}]);
        build["source"]["location"] = json!("https://alice:cAnArY-password@github.com/acme/shop.git");
        build["source"]["buildspec"] = json!("version: 0.2\nphases: {build: {commands: [cAnArY-command]}}");
    });
    let denied = || refusal(400, "AccessDeniedException", "cAnArY-value is what you may not stop");
    for codebuild in [region.listen_unless(move |call| (call.operation == "StopBuild").then(denied)), region.listen()] {
        let lambda = PROGRAM.start(POLICY, codebuild.address, &[("AWS_LAMBDA_LOG_LEVEL", "TRACE")]);
        let Swept { answer, summary, builds } = sweep(&lambda, &scheduled());
        let said = format!("{answer:?} {summary} {builds:?} {}", lambda.end());
        assert!(said.contains(&id) && !said.contains("cAnArY"), "{said}");
    }
    assert_eq!(region.stopped(), BTreeSet::from([id]));
}

/// All callers of the account share its rate, so the sweep slows down, but reaches its end.
#[test]
fn a_sweep_that_is_throttled_goes_on() {
    let region = CodeBuild::default();
    let mut violators = BTreeSet::new();
    for number in 0..120 {
        violators.insert(region.run(&format!("shop-{number}"), 20, "main"));
    }
    let calls = AtomicU64::new(0);
    let codebuild = region.listen_unless(move |_| {
        (calls.fetch_add(1, SeqCst) % 3 == 1).then(|| refusal(400, "ThrottlingException", "Rate exceeded"))
    });
    let swept = sweep_once(POLICY, &codebuild);
    assert_eq!((region.stopped(), &swept.summary["failed"]), (violators, &json!(0)));
}

/// A broken network drops every event. The sweep finds their builds all the same.
#[test]
fn where_every_event_is_dropped_the_sweep_alone_stops_every_violator() {
    let seed = env::var("BUILDBRAKE_SEED").map_or(1, |seed| seed.parse().unwrap());
    let count = env::var("BUILDBRAKE_SWEPT_PROJECTS").map_or(150, |count| count.parse().unwrap());
    let mut random = fastrand::Rng::with_seed(seed);
    let region = CodeBuild::default();
    let (mut violators, mut running) = (BTreeSet::new(), 0);
    for number in 0..count {
        let project = format!("shop-{number:05}");
        region.put_project(json!({"name": project}));
        for _ in 0..random.usize(0..30) {
            region.run_to_its_end(&project, random.i64(0..5_000));
        }
        for _ in 0..random.usize(0..11) {
            // Far enough from the limit that this test's own time does not matter.
            let minutes = if random.bool() { random.i64(0..170) } else { random.i64(190..300) };
            let branch = if random.u8(0..8) == 0 { "main" } else { "feature/basket" };
            let id = region.run(&project, minutes, branch);
            running += 1;
            if branch == "main" || minutes > 180 {
                violators.insert(id);
            }
        }
    }
    let codebuild = region.listen_unless(|_| {
        thread::sleep(Duration::from_millis(20));
        None
    });
    let begun = Instant::now();
    let lambda = PROGRAM.start(POLICY, codebuild.address, &[]);
    let swept = sweep(&lambda, &scheduled());
    println!(
        "BUILDBRAKE_SEED={seed}: swept {count} projects and {running} running builds in {:?} with {} calls; stopped {}; \
         {} bytes of memory",
        begun.elapsed(),
        codebuild.calls().len(),
        violators.len(),
        most_memory(&lambda),
    );
    lambda.end();
    assert_eq!(region.stopped(), violators, "BUILDBRAKE_SEED={seed}");
    assert_eq!((&swept.summary["running"], &swept.summary["failed"]), (&json!(running), &json!(0)));
}

#[cfg(target_os = "linux")]
fn most_memory(lambda: &Lambda) -> u64 {
    lambda.most_memory()
}

#[cfg(not(target_os = "linux"))]
fn most_memory(_: &Lambda) -> &'static str {
    "an unknown number of"
}
