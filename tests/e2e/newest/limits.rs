//! Lists that are long, denied or slow, and refs that are known only for some time.

use std::{path::Path, time::Duration};

use buildbrake_testkit::{
    codebuild::{Call, CodeBuild, refusal},
    codepipeline::Exchange,
    events::additional_information,
    git::{Protocol, Repositories},
    http::{Address, Reply},
    lambda::Lambda,
};
use serde_json::{Value, json};

use super::{Judged, POLICY, build, codebuild, id, judge, started, stopped, with};
use crate::{PROGRAM, service_model::ServiceModel};

#[test]
fn five_pages_are_asked_for_and_the_rest_is_left_to_the_sweep() {
    let newest = build(1, 0);
    let codebuild = codebuild(&[newest.clone(), build(2, 3_600), build(3, 2)]);
    let ended = |number: u32, age| with(build(number, age), json!({"buildStatus": "FAILED", "buildComplete": true}));
    (10..508).for_each(|number| codebuild.put(ended(number, i64::from(number))));
    let endpoint = codebuild.listen();
    let lambda = PROGRAM.start(POLICY, endpoint.address, &[]);
    // The 500 newest are these two and 498 that have ended.
    let Judged { own, .. } = judge(&lambda, &newest);
    assert_eq!(codebuild.stopped(), stopped(&[3]));
    assert_eq!(
        (&own["outcome"], &own["notes"][0]["code"]),
        (&json!("allowed"), &json!("builds-not-compared")),
        "{own}"
    );
    let lists = endpoint.operations().into_iter().filter(|call| call == "ListBuildsForProject").count();
    assert_eq!(lists, 5);
    // Older builds than those on the fifth page cannot be running any more.
    (500..508).for_each(|number| codebuild.change(&id(number), |build| build["startTime"] = json!(1.0)));
    assert_eq!(judge(&lambda, &newest).own.get("notes"), None);
    lambda.end();
}

/// The calls to the lists and their answers fit AWS's model.
#[test]
fn the_lists_are_asked_for_as_the_model_of_the_api_says() {
    let newest = build(2, 0);
    let codebuild = codebuild(&[build(1, 30), newest.clone()]);
    let endpoint = codebuild.listen();
    let lambda = PROGRAM.start(POLICY, endpoint.address, &[]);
    judge(&lambda, &newest);
    lambda.end();
    let lists: Vec<Call> = endpoint.calls().into_iter().filter(|call| call.operation.starts_with("List")).collect();
    let exchange = |call: &Call| match codebuild.answer_in_vain(call) {
        Reply::Http { status, body, .. } => Exchange {
            operation: call.operation.clone(),
            input: call.input.clone(),
            status,
            output: serde_json::from_slice(&body).unwrap(),
        },
        _ => panic!("{call:?} has no answer"),
    };
    let exchanges: Vec<Exchange> = lists.iter().map(exchange).collect();
    assert_eq!(lists[0].input, json!({"projectName": "shop-api"}));
    assert_eq!(lists[1].input, json!({"projectName": "shop-api", "filter": {"status": "IN_PROGRESS"}}));
    ServiceModel::new(include_str!("../../model/codebuild-2016-10-06-lists.json")).check(&exchanges);
}

/// A list that fails leaves unknown only what it might have shown.
#[test]
fn a_list_that_is_denied_leaves_the_newest_undecided_and_is_not_asked_again() {
    for (operation, what, older) in
        [("ListBuildsForProject", "builds", &[][..]), ("ListBuildBatchesForProject", "batches", &[1][..])]
    {
        let newest = build(2, 0);
        let codebuild = codebuild(&[build(1, 30), newest.clone()]);
        let endpoint = codebuild.listen_unless(move |call| {
            (call.operation == operation).then(|| refusal(400, "AccessDeniedException", "no"))
        });
        let lambda = PROGRAM.start(POLICY, endpoint.address, &[]);
        for _ in 0..2 {
            let Judged { own, .. } = judge(&lambda, &newest);
            let missing = format!("newer build (running {what} could not be listed: AccessDenied)");
            assert_eq!(own["undecided"], json!([{"rule": "newest", "missing": missing}]), "{own}");
            assert_eq!(own["outcome"], "allowed");
        }
        assert_eq!(codebuild.stopped(), stopped(older), "{operation}");
        assert_eq!(endpoint.operations().iter().filter(|call| *call == operation).count(), 1, "{operation}");
        lambda.end();
    }
}

#[test]
fn a_slow_list_leaves_the_rule_undecided_after_four_seconds() {
    let newest = build(2, 0);
    let codebuild = codebuild(&[build(1, 30), newest.clone()]);
    let is_list = |call: &Call| call.operation == "ListBuildsForProject";
    let endpoint = codebuild.listen_unless(move |call| is_list(call).then(|| Reply::Hang(Duration::from_secs(20))));
    let lambda = PROGRAM.start(POLICY, endpoint.address, &[]);
    let answer = lambda.invoke(&started(&newest));
    let record = answer.record();
    assert_eq!(record["outcome"], "allowed");
    let missing = record["undecided"][0]["missing"].as_str().unwrap();
    assert_eq!(missing, "newer build (the sources did not answer within 4 seconds)");
    assert!(answer.took < Duration::from_secs(6), "{:?}", answer.took);
    lambda.kill();
}

#[test]
fn a_build_that_cannot_be_stopped_fails_the_invocation_and_the_others_are_stopped() {
    let newest = build(3, 0);
    let codebuild = codebuild(&[build(1, 60), build(2, 30), newest.clone()]);
    let stubborn = id(1);
    let endpoint = codebuild.listen_unless(move |call| {
        (call.operation == "StopBuild" && call.id() == stubborn).then(|| refusal(400, "AccessDeniedException", "no"))
    });
    let lambda = PROGRAM.start(POLICY, endpoint.address, &[]);
    let Judged { answer, own, others } = judge(&lambda, &newest);
    assert_eq!(answer.unwrap_err()["errorType"], "AccessDenied");
    assert_eq!((&own["outcome"], others.len(), codebuild.stopped()), (&json!("allowed"), 2, stopped(&[2])));
    lambda.end();
}

/// Refs of pushes: when the newer build starts, the older build's commit is no longer a head.
#[test]
fn a_push_supersedes_an_older_one_whose_ref_was_resolved_at_its_start() {
    let repositories = Repositories::new(Path::new(env!("CARGO_TARGET_TMPDIR")).join("newest"));
    let repository = repositories.init("shop-api.git", "sha1");
    let server = Address::reserve().open({
        let repositories = repositories.clone();
        move |request| repositories.answer(&request, Protocol::Any)
    });
    let url = format!("http://{}", server.address);
    let source = json!({"type": "GITHUB", "location": format!("{url}/shop-api.git")});
    let push = |number: u32, commit: &str| {
        let members = json!({"initiator": "GitHub-Hookshot/4f5b68a", "sourceVersion": commit, "source": source});
        with(build(number, 0), members)
    };
    let event = |build: &Value| {
        let mut event = started(build);
        additional_information(&mut event)["source"] = source.clone();
        event
    };
    let state = CodeBuild::default();
    state.put_project(json!({
        "name": "shop-api", "arn": "arn:aws:codebuild:eu-west-1:111122223333:project/shop-api", "source": source,
        "webhook": {"filterGroups": [[{"type": "EVENT", "pattern": "PUSH"}]]},
    }));
    let endpoint = state.listen();
    let settings = [("BUILDBRAKE_GIT_HOSTS", url.as_str())];
    let commits = ["the first", "the second", "the third"].map(|message| repository.commit(message));
    let started = |lambda: &Lambda, number: u32| {
        let commit = &commits[number as usize - 1];
        repository.point("refs/heads/main", commit);
        let build = push(number, commit);
        state.put(build.clone());
        lambda.invoke_until(&event(&build), |record| record["buildId"] == build["id"]).1
    };
    let lambda = PROGRAM.start(POLICY, endpoint.address, &settings);
    assert_eq!(started(&lambda, 1).len(), 0);
    let others = started(&lambda, 2);
    assert_eq!((&others[0]["outcome"], &others[0]["supersededBy"]), (&json!("stopped"), &json!(id(2))), "{others:?}");
    assert_eq!((&others[0]["ref"], &others[0]["branchFrom"]), (&json!("refs/heads/main"), &json!("git")));
    lambda.end();
    // Another instance does not know the ref of the second build.
    let lambda = PROGRAM.start(POLICY, endpoint.address, &settings);
    let others = started(&lambda, 3);
    assert_eq!((&others[0]["outcome"], &others[0]["buildId"]), (&json!("allowed"), &json!(id(2))), "{others:?}");
    assert!(others[0]["undecided"][0]["missing"].as_str().unwrap().starts_with("ref ("), "{others:?}");
    assert_eq!(state.stopped(), stopped(&[1]));
    lambda.end();
}

#[test]
fn a_project_that_is_gone_lists_nothing_and_proves_nothing() {
    let newest = build(2, 0);
    let codebuild = codebuild(std::slice::from_ref(&newest));
    let endpoint = codebuild.listen_unless(|call| {
        call.operation.starts_with("ListBuild").then(|| refusal(400, "ResourceNotFoundException", "no"))
    });
    let lambda = PROGRAM.start(POLICY, endpoint.address, &[]);
    let record = lambda.invoke(&started(&newest)).record();
    assert_eq!(record["undecided"][0]["missing"], "newer build (CodeBuild has no project shop-api)");
    lambda.end();
}
