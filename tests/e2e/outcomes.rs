//! The function's actions for each event, its records, and its calls to CodeBuild.

use buildbrake_testkit::{
    codebuild::{CodeBuild, Endpoint, builds_answer, refusal, stop_answer, stopped, succeeded},
    events::{additional_information, event},
    http::{Address, Reply},
    runtime_api::function_in,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::{FORBIDDEN, PROGRAM, record};

const POLICY: &str = "\
version: 1
never-stop: [deploy-*]
rules:
  - id: short-builds
    reason: Builds over an hour block the shared fleet.
    max-timeout: 60m
  - id: protected-branches
    forbidden-branches: [main, release/*]
";

/// One event under the policy, with a CodeBuild that does what it is asked.
fn run(event: &Value) -> (Value, Endpoint) {
    run_under(POLICY, &[], event)
}

fn run_under(policy: &str, settings: &[(&str, &str)], event: &Value) -> (Value, Endpoint) {
    let codebuild = CodeBuild::obliging().listen();
    (record(policy, settings, &codebuild, event), codebuild)
}

/// A policy with the one rule that the forbidden branch breaks, and with more keys in the rule.
fn branch_rule(more: &str) -> String {
    format!("version: 1\nrules:\n  - id: protected-branches\n    forbidden-branches: [main]\n    {more}\n")
}

/// A CodeBuild with the project of `events/webhook-push.json`, whose webhook has no filters.
fn of_a_webhook() -> Endpoint {
    let codebuild = CodeBuild::obliging();
    let id = event("webhook-push")["detail"]["build-id"].as_str().unwrap().to_owned();
    let project = id.rsplit('/').next().unwrap().split(':').next().unwrap();
    codebuild.put_project(json!({
        "name": project, "arn": format!("arn:aws:codebuild:eu-west-1:111122223333:project/{project}"), "webhook": {},
    }));
    codebuild.listen()
}

/// The rules named in one of the record's lists.
fn rules(record: &Value, list: &str) -> Vec<String> {
    record[list].as_array().unwrap().iter().map(|entry| entry["rule"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_build_of_a_forbidden_branch_is_stopped_once_and_its_build_is_logged() {
    let mut event = event("forbidden-branch");
    additional_information(&mut event)["timeout-in-minutes"] = json!(480);
    let (record, codebuild) = run(&event);
    assert_eq!(record["outcome"], "stopped");
    assert_eq!(codebuild.stops(), [FORBIDDEN]);
    assert_eq!(codebuild.calls().len(), 1, "two rules are broken and one call is made");
    assert_eq!(record["build"]["id"], FORBIDDEN);
    assert_eq!(record["build"]["buildStatus"], "STOPPED");
    assert_eq!(record["build"]["startTime"], "2020-10-14T21:28:52.5Z");
    assert_eq!(record["trigger"], "state-change");
    assert_eq!(record["project"], "shop-api");
    assert_eq!(record["account"], "111122223333");
    assert_eq!(record["region"], "eu-west-1");
    assert_eq!((&record["branch"], &record["branchFrom"]), (&json!("main"), &json!("source-version")));
    assert_eq!(
        record["violations"],
        json!([
            {"rule": "short-builds", "check": "max-timeout", "mode": "enforce",
             "reason": "Builds over an hour block the shared fleet.", "found": "480m", "limit": "60m"},
            {"rule": "protected-branches", "check": "forbidden-branches", "mode": "enforce",
             "found": "main", "limit": "main, release/*"},
        ])
    );
}

#[test]
fn the_message_tells_a_person_what_was_done_to_which_build_and_why() {
    let (record, _) = run(&event("long-timeout"));
    assert_eq!(
        record["message"],
        "Stopped build nightly-report:5e000003-0000-4000-8000-000000000003. \
         Rule `short-builds` (max-timeout 60m) is broken: found 480m. Builds over an hour block the shared fleet."
    );
}

#[test]
fn a_compliant_build_is_allowed_without_a_call() {
    let (record, codebuild) = run(&event("compliant"));
    assert_eq!(record["outcome"], "allowed");
    assert!(codebuild.calls().is_empty());
    assert_eq!(record["violations"], json!([]));
    assert_eq!(record.get("Rule"), None);
}

#[test]
fn what_is_only_reported_runs_on() {
    for (policy, settings) in
        [(branch_rule("mode: report").as_str(), [].as_slice()), (POLICY, &[("BUILDBRAKE_MODE", "report")])]
    {
        let (record, codebuild) = run_under(policy, settings, &event("forbidden-branch"));
        assert_eq!(record["outcome"], "reported", "{policy}");
        assert_eq!(record["violations"][0]["mode"], "report");
        assert_eq!(record["Rule"], "protected-branches");
        assert!(codebuild.calls().is_empty());
    }
}

#[test]
fn a_project_that_is_never_stopped_is_protected() {
    let policy = POLICY.replace("deploy-*", "shop-*");
    let (record, codebuild) = run_under(&policy, &[], &event("forbidden-branch"));
    assert_eq!(record["outcome"], "protected");
    assert_eq!(record["violations"][0]["mode"], "enforce");
    assert!(codebuild.calls().is_empty());
}

#[test]
fn a_build_that_ended_before_the_stop_is_already_complete() {
    let cannot = || refusal(400, "InvalidInputException", "Build has already completed");
    for codebuild in [
        Endpoint::with(|id| stop_answer(succeeded(id)), |id| builds_answer(succeeded(id))),
        Endpoint::with(move |_| cannot(), |id| builds_answer(succeeded(id))),
    ] {
        let record = record(POLICY, &[], &codebuild, &event("forbidden-branch"));
        assert_eq!(record["outcome"], "already-complete");
        assert_eq!(record["build"]["buildStatus"], "SUCCEEDED");
        assert_eq!(codebuild.stops(), [FORBIDDEN]);
    }
}

#[test]
fn a_build_found_ended_is_not_asked_to_stop() {
    // The event says that the build is complete, so the Build is fetched first.
    let mut event = event("forbidden-branch");
    additional_information(&mut event)["build-complete"] = json!(true);
    let codebuild = Endpoint::with(|id| stop_answer(stopped(id)), |id| builds_answer(succeeded(id)));
    let record = record(POLICY, &[], &codebuild, &event);
    assert_eq!(record["outcome"], "already-complete");
    assert_eq!(codebuild.operations(), ["BatchGetBuilds"]);
}

#[test]
fn a_build_that_codebuild_does_not_have_is_not_found() {
    let gone = |_: &str| refusal(400, "ResourceNotFoundException", "Build not found");
    let unknown = |id: &str| Reply::json(200, json!({"builds": [], "buildsNotFound": [id]}));
    for event in [event("forbidden-branch"), event("no-additional-information")] {
        let codebuild = Endpoint::with(gone, unknown);
        let record = record(POLICY, &[], &codebuild, &event);
        assert_eq!(record["outcome"], "not-found");
        assert_eq!(record.get("error"), None);
        assert_eq!(codebuild.calls().len(), 1);
    }
}

#[test]
fn a_finished_build_is_not_running_whatever_it_breaks() {
    let (record, codebuild) = run(&event("finished"));
    assert_eq!(record["outcome"], "not-running");
    assert_eq!(rules(&record, "violations"), ["short-builds"]);
    assert!(codebuild.calls().is_empty());
}

#[test]
fn an_event_of_a_fleet_is_ignored() {
    let mut event = event("forbidden-branch");
    event["detail-type"] = json!("CodeBuild Fleet State Change");
    event["detail"] = json!({"fleet-name": "shared"});
    let (record, codebuild) = run(&event);
    assert_eq!(record["outcome"], "ignored");
    assert!(codebuild.calls().is_empty());
}

#[test]
fn nothing_is_judged_and_nothing_asked_when_it_is_off() {
    for name in ["forbidden-branch", "no-additional-information"] {
        let (record, codebuild) = run_under(POLICY, &[("BUILDBRAKE_MODE", "off")], &event(name));
        assert_eq!(record["outcome"], "ignored");
        assert_eq!((rules(&record, "violations"), rules(&record, "undecided")), (vec![], vec![]));
        assert!(codebuild.calls().is_empty());
    }
}

#[test]
fn an_event_that_is_not_json_fails_and_the_next_one_is_judged() {
    let codebuild = CodeBuild::obliging().listen();
    let lambda = PROGRAM.start(POLICY, codebuild.address, &[]);
    for text in ["{", "not JSON"] {
        assert!(lambda.invoke_without_record(text).result.is_err(), "{text}");
        assert_eq!(lambda.invoke(&event("forbidden-branch")).record()["outcome"], "stopped", "after {text}");
    }
    lambda.end();
}

#[test]
fn an_event_that_cannot_be_read_fails_under_its_own_name() {
    let changed = |pointer: &str, value: Value| {
        let mut event = event("forbidden-branch");
        *event.pointer_mut(pointer).unwrap() = value;
        event
    };
    let mut nameless = changed("/detail/build-id", json!(null));
    nameless["resources"] = json!([]);
    for event in [
        json!({}),
        json!([]),
        json!("forbidden-branch"),
        json!(null),
        changed("/source", json!("aws.batch")),
        changed("/detail-type", json!("CodeBuild Batch State Change")),
        changed("/detail-type", json!(null)),
        nameless,
    ] {
        let codebuild = CodeBuild::obliging().listen();
        let lambda = PROGRAM.start(POLICY, codebuild.address, &[]);
        let answer = lambda.invoke(&event);
        assert_eq!(answer.result.as_ref().unwrap_err()["errorType"], "UnreadableEvent", "{event}");
        assert_eq!(answer.record()["outcome"], "failed");
        assert!(codebuild.calls().is_empty());
        lambda.end();
    }
}

/// A bus may collect the events of many accounts.
#[test]
fn an_event_of_another_account_or_region_fails_under_its_own_name_before_any_call() {
    let deadline = |arn: &str| {
        json!({
            "source": "buildbrake", "detail-type": "Buildbrake Deadline", "time": "2026-11-20T09:28:52Z",
            "resources": [], "detail": {"build-arn": arn},
        })
    };
    let arn = event("forbidden-branch")["resources"][0].as_str().unwrap().to_owned();
    let events = [event("forbidden-branch"), event("no-additional-information"), event("finished"), deadline(&arn)];
    let own = function_in("111122223333", "eu-west-1");
    for (function, name) in [
        (function_in("444455556666", "eu-west-1"), "OtherAccount"),
        (function_in("111122223333", "us-east-1"), "OtherRegion"),
        (function_in("444455556666", "us-east-1"), "OtherAccount"),
        (own.replace("arn:aws:", "arn:aws-cn:"), "OtherRegion"),
    ] {
        let codebuild = CodeBuild::obliging().listen();
        let lambda = PROGRAM.start(POLICY, codebuild.address, &[]);
        for event in &events {
            let answer = lambda.invoke_by(&function, event);
            assert_eq!(answer.result.as_ref().unwrap_err()["errorType"], name, "{function} {event}");
            assert_eq!(answer.record()["outcome"], "failed");
        }
        assert!(codebuild.calls().is_empty());
        // A version or an alias of the function also names its home.
        assert_eq!(lambda.invoke_by(&format!("{own}:live"), &events[0]).record()["outcome"], "stopped");
        lambda.end();
    }
}

#[test]
fn no_call_is_made_for_what_is_no_build_id() {
    for id in ["../../etc:passwd", "shop-api:5e", "arn:aws:codebuild:eu-west-1:111122223333:build/../../etc:passwd"] {
        let mut event = event("forbidden-branch");
        event["detail"]["build-id"] = json!(id);
        event["resources"] = json!([id]);
        let (record, codebuild) = run(&event);
        assert_eq!((&record["outcome"], &record["error"]["type"]), (&json!("failed"), &json!("UnreadableEvent")));
        assert!(record["message"].as_str().unwrap().contains(id), "{record}");
        assert!(codebuild.calls().is_empty());
    }
}

#[test]
fn the_build_of_a_replayed_or_redriven_event_is_asked_for_first() {
    let old = |event: Value| {
        let mut replayed = event.clone();
        replayed["replay-name"] = json!("last-week");
        [replayed, json!({"requestContext": {"condition": "RetriesExhausted"}, "requestPayload": event})]
    };
    for event in old(event("forbidden-branch")) {
        let codebuild = Endpoint::with(|id| stop_answer(stopped(id)), |id| builds_answer(succeeded(id)));
        let ended = record(POLICY, &[], &codebuild, &event);
        assert_eq!((&ended["outcome"], codebuild.operations()), (&json!("not-running"), vec!["BatchGetBuilds".into()]));
        let gone = |id: &str| Reply::json(200, json!({"builds": [], "buildsNotFound": [id]}));
        let codebuild = Endpoint::with(|id| stop_answer(stopped(id)), gone);
        let gone = record(POLICY, &[], &codebuild, &event);
        assert_eq!((&gone["outcome"], rules(&gone, "violations")), (&json!("not-found"), vec![]));
        let (running, codebuild) = run(&event);
        assert_eq!(running["outcome"], "stopped");
        assert_eq!(codebuild.operations(), ["BatchGetBuilds", "StopBuild"]);
        assert_eq!(running.get("reactionMs"), None, "it would be weeks");
    }
    // Even the status `SUCCEEDED` of such an event is not believed.
    for event in old(event("finished")) {
        assert_eq!(run(&event).1.operations()[0], "BatchGetBuilds");
    }
}

#[test]
fn the_reaction_to_a_phase_counts_from_its_end() {
    let mut event = event("forbidden-branch");
    let ago = |seconds: i64| Timestamp::now() - SignedDuration::from_secs(seconds);
    event["detail-type"] = json!("CodeBuild Build Phase Change");
    event["time"] = json!(ago(3600).to_string());
    event["detail"]["completed-phase-end"] = json!(ago(2).strftime("%b %-d, %Y %-I:%M:%S %p").to_string());
    let (record, _) = run(&event);
    let reaction = record["reactionMs"].as_i64().unwrap();
    assert!((2_000..60_000).contains(&reaction), "{record}");
    assert_eq!(record["ReactionMs"], reaction);
    event["detail"]["completed-phase-end"] = json!(null);
    assert_eq!(run(&event).0.get("reactionMs"), None, "its time is that of the start");
}

#[test]
fn an_event_without_details_has_its_build_fetched_once_and_judged() {
    let (record, codebuild) = run(&event("no-additional-information"));
    assert_eq!(record["outcome"], "stopped");
    assert_eq!(codebuild.operations(), ["BatchGetBuilds", "StopBuild"]);

    let mut unreadable = event("no-additional-information");
    unreadable["detail"] = json!("IN_PROGRESS");
    let (record, codebuild) = run(&unreadable);
    assert_eq!(record["outcome"], "stopped", "its `resources` name the build");
    assert_eq!(codebuild.operations(), ["BatchGetBuilds", "StopBuild"]);
    assert_eq!(rules(&record, "violations"), ["protected-branches"]);
    assert_eq!(record["initiator"], "alice");
}

#[test]
fn the_events_of_a_phase_are_judged_too() {
    let policy = branch_rule("on-unknown: stop").replace("main", "master");
    let event = event("../crates/core/tests/events/real-2020-phase-change-refs-heads-caret-floats");
    let (record, codebuild) = run_under(&policy, &[], &event);
    assert_eq!((&record["trigger"], &record["outcome"]), (&json!("phase-change"), &json!("stopped")));
    assert_eq!(record["branch"], "master");
    assert_eq!(codebuild.stops(), ["codebuild-runner:de5b2e03-a44f-4217-b684-c7b03aede7b7"]);
}

#[test]
fn a_build_is_asked_for_in_its_own_region() {
    // The second region is the function's own.
    for region in ["eu-west-1", "us-east-1"] {
        let event = event("no-additional-information").to_string().replace("eu-west-1", region);
        let (_, codebuild) = run(&event.parse().unwrap());
        let regions: Vec<String> = codebuild.calls().into_iter().map(|call| call.region).collect();
        assert_eq!(regions, [region, region]);
    }
}

#[test]
fn one_start_serves_many_events_and_each_has_its_own_record() {
    let codebuild = CodeBuild::obliging().listen();
    let lambda = PROGRAM.start(POLICY, codebuild.address, &[]);
    let outcomes = ["compliant", "forbidden-branch", "finished", "compliant", "long-timeout"]
        .map(|name| lambda.invoke(&event(name)).record()["outcome"].as_str().unwrap().to_owned());
    assert_eq!(outcomes, ["allowed", "stopped", "not-running", "allowed", "stopped"]);
    assert_eq!(codebuild.stops().len(), 2);
    lambda.end();
}

/// A policy with a rule about branches, and a rule that every event of a build decides.
fn branches_and_timeout(more: &str) -> String {
    format!(
        "version: 1\nrules:\n  - id: short-builds\n    max-timeout: 60m\n  \
         - id: protected-branches\n    forbidden-branches: [main]\n    {more}\n"
    )
}

#[test]
fn a_pushed_commit_leaves_a_rule_about_branches_undecided() {
    for (keys, outcome, metric) in [
        ("on-unknown: report", "allowed", 1),
        ("reason: Not from here.", "allowed", 1),
        ("on-unknown: ignore", "allowed", 0),
        ("on-unknown: stop", "stopped", 1),
    ] {
        let codebuild = of_a_webhook();
        let record = record(&branches_and_timeout(keys), &[], &codebuild, &event("webhook-push"));
        let missing = "branch (no git hosts are listed by BUILDBRAKE_GIT_HOSTS or `--git-hosts`)";
        assert_eq!(record["undecided"], json!([{"rule": "protected-branches", "missing": missing}]), "{keys}");
        assert_eq!((&record["outcome"], &record["Undecided"]), (&json!(outcome), &json!(metric)), "{keys}");
        assert_eq!(record.get("branch"), None);
        assert_eq!(record.get("Rule").is_some(), keys != "on-unknown: ignore", "{keys}");
        // The project is fetched because its webhook may accept only one branch.
        let calls: &[&str] =
            if outcome == "stopped" { &["BatchGetProjects", "StopBuild"] } else { &["BatchGetProjects"] };
        assert_eq!(codebuild.operations(), calls);
    }
}

#[test]
fn the_record_says_what_an_undecided_rule_lacked() {
    let pushed = |keys: &str| record(&branches_and_timeout(keys), &[], &of_a_webhook(), &event("webhook-push"));
    let record = pushed("");
    let message = record["message"].as_str().unwrap();
    assert!(message.contains("Rule `protected-branches` could not be evaluated: the branch is unknown"), "{message}");
    let record = pushed("on-unknown: stop");
    assert!(record["violations"][0]["found"].as_str().unwrap().starts_with("unknown: branch"), "{record}");
}

#[test]
fn a_build_that_the_api_describes_by_its_id_alone_leaves_every_rule_undecided() {
    let bare = |id: &str| json!({"id": id, "buildStatus": "IN_PROGRESS"});
    let codebuild = Endpoint::open(Address::reserve(), move |call| match call.operation.as_str() {
        "BatchGetProjects" => Reply::json(200, json!({"projects": [], "projectsNotFound": call.input["names"]})),
        _ => builds_answer(bare(call.id())),
    });
    let record = record(&branches_and_timeout(""), &[], &codebuild, &event("no-additional-information"));
    assert_eq!(
        record["undecided"],
        json!([
            {"rule": "short-builds", "missing": "timeoutInMinutes"},
            {"rule": "protected-branches", "missing": "project"},
        ])
    );
    assert_eq!((&record["outcome"], &record["Undecided"]), (&json!("allowed"), &json!(1)));
    assert_eq!(codebuild.operations(), ["BatchGetBuilds", "BatchGetProjects"]);
}

#[test]
fn an_exempt_build_is_allowed_and_the_record_names_the_exemption() {
    let policy = branches_and_timeout("except: [{projects: [shop-*], until: 9999-12-31, reason: OPS-1234}]");
    let (record, codebuild) = run_under(&policy, &[], &event("forbidden-branch"));
    assert_eq!((&record["outcome"], &record["violations"]), (&json!("allowed"), &json!([])));
    assert_eq!(
        record["exempted"],
        json!([{"rule": "protected-branches", "reason": "OPS-1234", "until": "9999-12-31"}])
    );
    assert!(codebuild.calls().is_empty());
}
