//! What the real function does with a build that does not tell, and with one that is exempt.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what it expects by failing")]

mod common;

use common::{
    codebuild::{CodeBuild, builds_answer, stop_answer, stopped},
    event,
    lambda::Lambda,
};

use serde_json::{Value, json};

/// A policy of one rule about branches, and one that every event of a build decides.
fn policy(more: &str) -> String {
    format!(
        "version: 1\nrules:\n  - id: short-builds\n    max-timeout: 60m\n  \
         - id: protected-branches\n    forbidden-branches: [main]\n    {more}\n"
    )
}

fn run(policy: &str, event: &Value) -> (Value, CodeBuild) {
    let codebuild = CodeBuild::obliging();
    (run_with(policy, &codebuild, event), codebuild)
}

fn run_with(policy: &str, codebuild: &CodeBuild, event: &Value) -> Value {
    let lambda = Lambda::start(policy, codebuild.address, &[]);
    let record = lambda.invoke(event).record();
    lambda.end();
    record
}

/// What the push of a commit leaves untold.
fn commit_instead_of_branch() -> Value {
    let missing = "branch (the source version is a commit id)";
    json!([{"rule": "protected-branches", "missing": missing}])
}

#[test]
fn a_commit_where_a_branch_is_asked_for_is_undecided() {
    let (record, codebuild) = run(&policy("on-unknown: report"), &event("webhook-push"));
    assert_eq!(record["undecided"], commit_instead_of_branch());
    assert_eq!((&record["outcome"], &record["Undecided"]), (&json!("allowed"), &json!(1)));
    assert_eq!(record["Rule"], "protected-branches");
    assert!(
        record["message"]
            .as_str()
            .unwrap()
            .contains("Rule `protected-branches` could not be evaluated: the branch is unknown")
    );
    assert_eq!(record.get("branch"), None);
    assert!(codebuild.calls().is_empty(), "the API knows no more of it than the event");
}

#[test]
fn without_a_word_about_it_the_unknown_is_reported() {
    let (record, _) = run(&policy("reason: Not from here."), &event("webhook-push"));
    assert_eq!(record["undecided"], commit_instead_of_branch());
    assert_eq!(record["Undecided"], 1);
}

#[test]
fn the_unknown_stops_a_build_where_the_rule_says_so() {
    let (record, codebuild) = run(&policy("on-unknown: stop"), &event("webhook-push"));
    assert_eq!(record["outcome"], "stopped");
    assert_eq!(record["undecided"], commit_instead_of_branch());
    assert!(record["violations"][0]["found"].as_str().unwrap().starts_with("unknown: branch"));
    assert_eq!(codebuild.stops().len(), 1);
}

#[test]
fn the_unknown_is_in_the_record_alone_where_the_rule_ignores_it() {
    let (record, codebuild) = run(&policy("on-unknown: ignore"), &event("webhook-push"));
    assert_eq!((&record["outcome"], &record["Undecided"]), (&json!("allowed"), &json!(0)));
    assert_eq!(record["undecided"], commit_instead_of_branch());
    assert_eq!(record.get("Rule"), None);
    assert!(codebuild.calls().is_empty());
}

#[test]
fn a_build_of_which_nobody_tells_leaves_every_rule_undecided() {
    let bare = |id: &str| json!({"id": id, "buildStatus": "IN_PROGRESS"});
    let codebuild = CodeBuild::with(|id| stop_answer(stopped(id)), move |id| builds_answer(bare(id)));
    let record = run_with(&policy("on-unknown: report"), &codebuild, &event("no-additional-information"));
    assert_eq!(
        record["undecided"],
        json!([
            {"rule": "short-builds", "missing": "timeoutInMinutes"},
            {"rule": "protected-branches", "missing": "sourceVersion"},
        ])
    );
    assert_eq!((&record["outcome"], &record["Undecided"]), (&json!("allowed"), &json!(1)));
    assert_eq!(codebuild.operations(), ["BatchGetBuilds"]);
}

#[test]
fn an_exempt_build_is_allowed_and_the_record_says_by_what() {
    let exemption = "except: [{projects: [shop-*], until: 9999-12-31, reason: OPS-1234}]";
    let (record, codebuild) = run(&policy(exemption), &event("forbidden-branch"));
    assert_eq!(record["outcome"], "allowed");
    assert_eq!(
        record["exempted"],
        json!([{"rule": "protected-branches", "reason": "OPS-1234", "until": "9999-12-31"}])
    );
    assert_eq!(record["violations"], json!([]));
    assert!(codebuild.calls().is_empty());
}

#[test]
fn an_exemption_that_is_over_exempts_nobody() {
    let (record, codebuild) =
        run(&policy("except: [{projects: [shop-*], until: 2020-01-01}]"), &event("forbidden-branch"));
    assert_eq!((&record["outcome"], codebuild.stops().len()), (&json!("stopped"), 1));
    assert_eq!(record["exempted"], json!([]));
}

#[test]
fn an_exemption_of_others_exempts_nobody() {
    let (record, _) = run(&policy("except: [{initiators: [codepipeline/*]}]"), &event("forbidden-branch"));
    assert_eq!((&record["outcome"], &record["exempted"]), (&json!("stopped"), &json!([])));
}

#[test]
fn a_rule_for_others_says_nothing_of_a_build() {
    let (record, _) = run(&policy("only: [{regions: [us-*]}]"), &event("forbidden-branch"));
    assert_eq!((&record["outcome"], &record["exempted"]), (&json!("allowed"), &json!([])));
}
