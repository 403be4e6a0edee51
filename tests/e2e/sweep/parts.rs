//! A sweep that has less time than it needs: another invocation continues it.

use std::{collections::BTreeSet, thread, time::Duration};

use buildbrake_testkit::{
    codebuild::{CodeBuild, Endpoint, refusal},
    events::scheduled,
    http::{Address, Reply},
    runtime_api::REQUEST_ID,
    scheduler::Scheduler,
};
use serde_json::{Value, json};

use super::{Swept, sweep};
use crate::PROGRAM;

const POLICY: &str = "\
version: 1
safety: {max-stops-per-sweep: 100%}
rules: [{id: protected-branches, forbidden-branches: [main]}]
";

/// A region of 400 projects with a violator each, and a CodeBuild so slow that one invocation is
/// not enough.
fn slow_region() -> (CodeBuild, Endpoint) {
    let region = CodeBuild::default();
    for number in 0..400 {
        region.run(&format!("shop-{number:03}"), 20, "main");
    }
    let codebuild = region.listen_unless(|_| {
        thread::sleep(Duration::from_millis(50));
        None
    });
    (region, codebuild)
}

const SHORT: Duration = Duration::from_secs(4);

/// Sweeps, and again with more time if there was too little for anything, as may happen on a busy machine.
fn sweep_patiently(policy: &str, codebuild: &Endpoint, scheduler: &Scheduler, event: &Value) -> Swept {
    for attempt in 1..9 {
        let lambda = PROGRAM.start_with(policy, codebuild.address, &scheduler.settings(), SHORT * attempt);
        let swept = sweep(&lambda, event);
        lambda.end();
        if !is_late(&swept) {
            return swept;
        }
    }
    panic!("it gets nowhere");
}

/// Returns `true` if there was no time for something that no later part does.
fn is_late(swept: &Swept) -> bool {
    swept.summary["message"].as_str().unwrap().contains("there is not enough time")
}

#[test]
fn what_there_is_no_time_for_is_handed_on() {
    let (region, codebuild) = slow_region();
    let scheduler = Scheduler::obliging();
    let mut event = scheduled();
    let mut invocations = 0;
    loop {
        let swept = sweep_patiently(POLICY, &codebuild, &scheduler, &event);
        invocations += 1;
        assert!(invocations < 40, "it gets nowhere: {}", swept.summary);
        let Some(next) = next_part(&swept.summary, &scheduler) else { break };
        event = next;
    }
    assert_eq!(region.stopped().len(), 400);
    assert!(invocations > 1, "there was time for all: {invocations}");
}

/// A retry of the sweep would take as long.
#[test]
fn slow_lists_of_the_first_projects_are_handed_on_too() {
    let region = CodeBuild::default();
    for number in 0..60 {
        region.run(&format!("shop-{number:02}"), 20, "main");
    }
    let codebuild = region.listen_unless(|call| {
        let pause = if call.operation == "ListBuildsForProject" { 1 } else { 0 };
        thread::sleep(Duration::from_secs(pause));
        None
    });
    let scheduler = Scheduler::obliging();
    let (mut event, mut parts) = (scheduled(), 0);
    loop {
        let lambda = PROGRAM.start_with(POLICY, codebuild.address, &scheduler.settings(), SHORT * 3);
        let swept = sweep(&lambda, &event);
        lambda.end();
        parts += 1;
        assert!(swept.answer.is_ok() && swept.summary["Failed"] == 0, "{}", swept.summary);
        let Some(next) = next_part(&swept.summary, &scheduler) else { break };
        event = next;
    }
    assert_eq!((region.stopped().len(), parts > 1), (60, true));
}

/// Otherwise, very many builds of one project would keep all others from being swept.
#[test]
fn a_project_that_takes_too_long_keeps_no_other_from_being_swept() {
    let region = CodeBuild::default();
    for number in 0..150 {
        region.run(&format!("shop-{number:03}"), 20, "main");
    }
    let codebuild = region.listen_unless(|call| {
        if call.operation == "ListBuildsForProject" && call.input["projectName"] == "shop-050" {
            thread::sleep(Duration::from_secs(5));
        }
        None
    });
    let scheduler = Scheduler::obliging();
    let settings = scheduler.settings();
    let mut event = scheduled();
    let last = loop {
        let lambda = PROGRAM.start_with(POLICY, codebuild.address, &settings, Duration::from_secs(6));
        let swept = sweep(&lambda, &event);
        lambda.end();
        let Some(next) = next_part(&swept.summary, &scheduler) else { break swept };
        event = next;
    };
    assert_eq!(region.stopped().len(), 149);
    assert!(!region.stopped().iter().any(|id| id.starts_with("shop-050:")));
    let error = last.answer.unwrap_err();
    assert_eq!(error["errorType"], "TimedOut");
    assert!(error["errorMessage"].as_str().unwrap().contains("the project shop-050"), "{error}");
}

/// A rule that needs git is undecided, and what another rule forbids is stopped.
#[test]
fn a_git_host_that_never_answers_leaves_time_for_the_rest() {
    let host = Address::reserve().open(|_| Reply::Hang(Duration::from_secs(60)));
    let region = CodeBuild::default();
    for number in 0..6 {
        let id = region.run(&format!("shop-{number}"), 0, "5e0000000000000000000000000000000000000e");
        region.change(&id, |build| {
            let location = format!("http://{}/app-{number}.git", host.address);
            build["source"] = json!({"type": "GITHUB_ENTERPRISE", "location": location});
        });
    }
    let long = region.run("shop-6", 0, "feature/basket");
    region.change(&long, |build| build["timeoutInMinutes"] = json!(90));
    let codebuild = region.listen();
    let policy = POLICY.replace("[main]}", "[main]}, {id: short, max-timeout: 60m}");
    let hosts = format!("http://{}", host.address);
    let settings = [("BUILDBRAKE_GIT_HOSTS", hosts.as_str())];
    let lambda = PROGRAM.start_with(&policy, codebuild.address, &settings, Duration::from_secs(8));
    let swept = sweep(&lambda, &scheduled());
    lambda.end();
    assert_eq!(region.stopped(), BTreeSet::from([long]), "{}", swept.summary);
    assert_eq!((&swept.summary["running"], &swept.summary["undecided"]), (&json!(7), &json!(6)));
}

/// A schedule is deleted once it has run, so each part needs a name of its own.
#[test]
fn a_part_is_named_by_its_sweep_and_its_number() {
    let (_region, codebuild) = slow_region();
    let scheduler = Scheduler::obliging();
    let mut event = scheduled();
    event["source"] = json!("buildbrake");
    event["detail"] = json!({"sweep": {"id": "53dc4d37", "part": 5, "from": "shop-000"}});
    sweep_patiently(POLICY, &codebuild, &scheduler, &event);
    let schedules = scheduler.schedules();
    let [(name, schedule)] = schedules.as_slice() else { panic!("{schedules:?}") };
    let next: Value = serde_json::from_str(schedule["Target"]["Input"].as_str().unwrap()).unwrap();
    let rest = &next["detail"]["sweep"];
    assert_eq!(
        (name.as_str(), &rest["id"], &rest["part"]),
        ("sweep-part-6-of-53dc4d37", &json!("53dc4d37"), &json!(6))
    );
}

/// The event that continues a sweep with the rest that its record names.
fn next_part(summary: &Value, scheduler: &Scheduler) -> Option<Value> {
    let rest = summary.get("rest")?;
    let schedules = scheduler.schedules();
    let events = schedules.iter().map(|(_, schedule)| schedule["Target"]["Input"].as_str().unwrap());
    let events = events.map(|text| serde_json::from_str::<Value>(text).unwrap());
    let is_next = |event: &Value| {
        ["from", "running", "stops"].iter().all(|member| event["detail"]["sweep"][member] == rest[member])
    };
    Some(events.into_iter().find(is_next).expect("the rest is handed on"))
}

/// Builds are found in any order, and the rest begins with the first project by name.
#[test]
fn no_build_of_a_project_before_the_rest_is_left_out() {
    let region = CodeBuild::default();
    for number in 0..20 {
        for _ in 0..5 {
            for branch in ["main", "feature"] {
                region.run(&format!("shop-{number:02}"), 20, branch);
            }
        }
    }
    let denied = || refusal(400, "AccessDeniedException", "not authorized to perform: codebuild:StopBuild");
    let codebuild = region.listen_unless(move |call| {
        let project = call.input["projectName"].as_str().unwrap_or_default();
        let number = project.strip_prefix("shop-").and_then(|number| number.parse::<u64>().ok());
        let stopped = call.input["id"].as_str().filter(|_| call.operation == "StopBuild");
        let pause = number.map_or(0, |number| 5 * (20 - number)) + stopped.map_or(0, |_| 700);
        thread::sleep(Duration::from_millis(pause));
        // The stops of three of the five builds of main are denied.
        stopped.is_some_and(|id| id.ends_with(['0', '4', '8'])).then(denied)
    });
    let scheduler = Scheduler::obliging();
    let (mut event, mut parts, mut stopped) = (scheduled(), 0, 0);
    loop {
        let swept = sweep_patiently(POLICY, &codebuild, &scheduler, &event);
        parts += 1;
        stopped += swept.summary["stopped"].as_u64().unwrap();
        assert!(parts < 40, "it gets nowhere: {}", swept.summary);
        let Some(next) = next_part(&swept.summary, &scheduler) else { break };
        // The next part counts the builds that it finds again. Builds that a discarded attempt of `sweep_patiently`
        // stopped are counted nowhere.
        let rest = &next["detail"]["sweep"];
        let from = rest["from"].as_str().unwrap();
        let before = from.strip_prefix("shop-").unwrap().parse::<usize>().unwrap();
        let ended = region.stopped().iter().filter(|id| id.as_str() >= from).count();
        if region.stopped().len() as u64 == stopped {
            assert_eq!((&rest["running"], &rest["stops"]), (&json!(10 * before + ended), &json!(5 * before + ended)));
        }
        event = next;
    }
    assert_eq!((region.stopped().len(), parts > 1), (40, true));
}

/// Lambda delivers a failed event two more times. Each delivery would hand on the same rest again, so a sweep of n
/// parts would end as 3^n sweeps.
#[test]
fn a_part_that_goes_wrong_and_is_handed_on_does_not_fail_and_the_last_one_does() {
    let (region, _) = slow_region();
    let denied = || refusal(400, "AccessDeniedException", "not authorized to perform: codebuild:ListBuildsForProject");
    let codebuild = region.listen_unless(move |call| {
        thread::sleep(Duration::from_millis(50));
        (call.input["projectName"] == "shop-001").then(denied)
    });
    let scheduler = Scheduler::obliging();
    let (mut event, mut parts, mut failed) = (scheduled(), 0, 0);
    loop {
        let swept = sweep_patiently(POLICY, &codebuild, &scheduler, &event);
        assert!(parts + failed < 40, "it gets nowhere: {}", swept.summary);
        let message = swept.summary["message"].as_str().unwrap();
        if let Some(next) = next_part(&swept.summary, &scheduler) {
            assert!(swept.answer.is_ok() && swept.summary["outcome"] != "failed", "{}", swept.summary);
            assert!(message.contains("The last part of the sweep will fail"), "{message}");
            assert_eq!(swept.summary["Failed"], 0);
            (event, parts) = (next, parts + 1);
            continue;
        }
        let error = swept.answer.unwrap_err();
        // The last part fails however often it is tried, and hands on nothing.
        assert_eq!((&error["errorType"], &swept.summary["outcome"]), (&json!("AccessDenied"), &json!("failed")));
        assert!(
            message.contains("In earlier parts of the sweep: 1 failure, the first: CodeBuild answered"),
            "{message}"
        );
        failed += 1;
        if failed == 3 {
            break;
        }
    }
    assert!(parts > 0, "there was time for all");
    assert_eq!(region.stopped().len(), 399);
    let names: BTreeSet<String> = scheduler.schedules().into_iter().map(|(name, _)| name).collect();
    let id = &scheduled()["id"].as_str().unwrap().to_owned();
    assert_eq!(names, (2..parts + 2).map(|part| format!("sweep-part-{part}-of-{id}")).collect());
}

#[test]
fn a_sweep_without_the_safety_belt_has_none_in_any_part() {
    let (region, codebuild) = slow_region();
    let scheduler = Scheduler::obliging();
    let policy = POLICY.replace("100%", "20%");
    let mut event = scheduled();
    event["detail"] = json!({"safety-belt": "off"});
    let mut parts = 0;
    loop {
        let swept = sweep_patiently(&policy, &codebuild, &scheduler, &event);
        parts += 1;
        assert_eq!(swept.summary["notes"][0]["code"], "belt-off", "{}", swept.summary);
        assert!(swept.summary["notes"][0]["message"].as_str().unwrap().contains(REQUEST_ID));
        assert!(parts < 40, "it gets nowhere: {}", swept.summary);
        let Some(next) = next_part(&swept.summary, &scheduler) else { break };
        event = next;
    }
    assert_eq!(region.stopped().len(), 400);
    assert!(parts > 1, "there was time for all");
}

/// The check of a new version asks for the rest until everything is judged. Only all parts together stop too many.
#[test]
fn a_dry_run_goes_on_with_the_rest_that_its_record_names() {
    let (region, codebuild) = slow_region();
    let policy = POLICY.replace("100%", "399");
    let mut event = json!({"detail-type": "Scheduled Event", "source": "buildbrake", "detail": {"dry-run": "on"}});
    let mut parts = 0;
    let last = loop {
        let swept = sweep_patiently(&policy, &codebuild, &Scheduler::obliging(), &event);
        parts += 1;
        assert!(parts < 40, "it gets nowhere: {}", swept.summary);
        let Some(rest) = swept.summary.get("rest") else { break swept.summary };
        assert_eq!(swept.summary.get("safety"), None, "{}", swept.summary);
        let judged = rest["from"].as_str().unwrap().strip_prefix("shop-").unwrap().parse::<u64>().unwrap();
        assert_eq!((&rest["running"], &rest["stops"]), (&json!(judged), &json!(judged)));
        event["detail"]["sweep"] = rest.clone();
    };
    assert_eq!(last["safety"]["stops"], 400, "{last}");
    assert!(parts > 1, "there was time for all");
    assert!(region.stopped().is_empty());
}

#[test]
fn without_a_scheduler_the_next_sweep_goes_on() {
    let (region, codebuild) = slow_region();
    let start = |time| PROGRAM.start_with(POLICY, codebuild.address, &[], time);
    let (mut lambda, mut time, mut sweeps) = (start(SHORT), SHORT, 0);
    while region.stopped().len() < 400 {
        let swept = sweep(&lambda, &scheduled());
        sweeps += 1;
        assert!(sweeps < 40, "it gets nowhere: {} are stopped", region.stopped().len());
        // The machine is busy.
        if is_late(&swept) {
            lambda.end();
            time += SHORT;
            lambda = start(time);
        }
    }
    assert!(sweeps > 1, "there was time for all: {sweeps}");
    lambda.end();
}

#[test]
fn a_function_without_time_for_anything_says_so() {
    let (region, codebuild) = slow_region();
    let lambda = PROGRAM.start_with(POLICY, codebuild.address, &[], Duration::from_millis(10));
    let mut failed = 0;
    for _ in 0..3 {
        failed += u32::from(sweep(&lambda, &scheduled()).answer.is_err());
    }
    assert_eq!((failed, region.stopped().len()), (3, 0));
    lambda.end();
}
