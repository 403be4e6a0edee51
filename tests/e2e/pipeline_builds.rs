//! Builds that a pipeline started: its state and history know their branch.

use std::{path::Path, time::Duration};

use buildbrake_testkit::{
    codebuild::{CodeBuild, Endpoint, refusal, running_in},
    codepipeline::{Action, CodePipeline, Does},
    events::{additional_information, event},
    git::{Protocol, Repositories},
    http::Reply,
    scheduler::Scheduler,
    tls::Authority,
};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    PROGRAM,
    git::{Host, credentials::bundle_file, function::proxy},
};

const POLICY: &str = "{version: 1, rules: [{id: protected-branches, forbidden-branches: [main]}]}";

/// The build of `events/codepipeline.json`.
const ID: &str = "shop-release:5e000006-0000-4000-8000-000000000006";
const ARTIFACT: &str = "arn:aws:s3:::artifacts/shop-release/Source/1.zip";
const EXECUTION: &str = "e0000000-0000-4000-8000-000000000001";

/// A pipeline with an execution that has fetched `main`.
fn release(trigger: &str) -> CodePipeline {
    release_of(trigger, "75614758eace7c1d9d032b8980854ab486068f3b")
}

/// A pipeline with an execution that has fetched that commit of `main`.
fn release_of(trigger: &str, commit: &str) -> CodePipeline {
    let codepipeline = CodePipeline::default();
    codepipeline.put_pipeline_in("eu-west-1", "shop-release", json!([]));
    codepipeline.start("shop-release", EXECUTION, trigger);
    act(
        &codepipeline,
        "Source",
        Does::Fetch { repository: "acme/shop", branch: "main", commit, key: "shop-release/Source/1.zip" },
    );
    codepipeline
}

fn act(codepipeline: &CodePipeline, stage: &str, does: Does<'_>) {
    let start = Timestamp::now().as_second();
    codepipeline.act("shop-release", &Action { execution: EXECUTION, stage, name: stage, start, does });
}

/// The event of a pipeline's build that has just started.
fn started() -> Value {
    let mut event = event("codepipeline");
    let details = additional_information(&mut event);
    details["build-start-time"] = json!(Timestamp::now().strftime("%b %-d, %Y %-I:%M:%S %p").to_string());
    details["source-version"] = json!(ARTIFACT);
    event
}

/// A CodeBuild with that build.
fn codebuild() -> Endpoint {
    let codebuild = CodeBuild::default();
    let mut build = running_in("111122223333", "eu-west-1", ID);
    build["initiator"] = json!("codepipeline/shop-release");
    build["source"] = json!({"type": "CODEPIPELINE"});
    build["sourceVersion"] = json!(ARTIFACT);
    codebuild.put(build);
    let arn = "arn:aws:codebuild:eu-west-1:111122223333:project/shop-release";
    codebuild.put_project(json!({"name": "shop-release", "arn": arn, "source": {"type": "CODEPIPELINE"}}));
    codebuild.listen()
}

/// The event that starts a sweep of that region.
fn sweep() -> Value {
    json!({
        "source": "aws.events", "detail-type": "Scheduled Event", "region": "eu-west-1", "account": "111122223333",
        "time": Timestamp::now().to_string(), "detail": {},
    })
}

/// The setting by which the function asks this CodePipeline.
fn url(codepipeline: &Endpoint) -> String {
    format!("http://{}", codepipeline.address)
}

#[test]
fn a_pipelines_build_of_a_protected_branch_is_stopped() {
    let codepipeline = release("WebhookV2");
    act(&codepipeline, "Build", Does::Run(ID));
    let (codebuild, endpoint) = (codebuild(), codepipeline.listen());
    let lambda = PROGRAM.start(POLICY, codebuild.address, &[("AWS_ENDPOINT_URL_CODEPIPELINE", &url(&endpoint))]);
    let record = lambda.invoke(&started()).record();
    assert_eq!(record["outcome"], "stopped", "{record}");
    assert_eq!((&record["branch"], &record["ref"]), (&json!("main"), &json!("refs/heads/main")));
    assert_eq!((&record["branchFrom"], &record["startedBy"]), (&json!("pipeline"), &json!("pipeline")));
    assert_eq!(codebuild.operations(), ["StopBuild"]);
    let calls = codepipeline.operations().len();
    assert_eq!(lambda.invoke(&started()).record()["branch"], "main");
    assert_eq!(codepipeline.operations().len(), calls, "an execution does not move");
    lambda.end();
}

#[test]
fn the_sweep_asks_the_pipeline_too() {
    let codepipeline = release("WebhookV2");
    act(&codepipeline, "Build", Does::Run(ID));
    let (codebuild, endpoint) = (codebuild(), codepipeline.listen());
    let lambda = PROGRAM.start(POLICY, codebuild.address, &[("AWS_ENDPOINT_URL_CODEPIPELINE", &url(&endpoint))]);
    let (_, records) = lambda.invoke_until(&sweep(), |record| record.get("buildId").is_none());
    assert_eq!((&records[0]["branch"], &records[0]["branchFrom"]), (&json!("main"), &json!("pipeline")), "{records:?}");
    assert_eq!(codebuild.stops(), [ID]);
    lambda.end();
}

#[test]
fn a_commit_that_somebody_may_have_chosen_needs_git() {
    let codepipeline = release("StartPipelineExecution");
    act(&codepipeline, "Build", Does::Run(ID));
    let endpoint = codepipeline.listen();
    let settings = [("AWS_ENDPOINT_URL_CODEPIPELINE", url(&endpoint)), ("BUILDBRAKE_GIT_HOSTS", "git.test".to_owned())];
    let settings = settings.each_ref().map(|(name, value)| (*name, value.as_str()));
    let record = crate::record(POLICY, &settings, &codebuild(), &started());
    assert_eq!(record["outcome"], "allowed");
    let missing = &record["undecided"][0]["missing"];
    assert_eq!(missing, "branch (`https://github.com` is not listed in BUILDBRAKE_GIT_HOSTS)");
}

/// A proxy leads to a git host in place of github.com.
#[test]
fn a_chosen_commit_has_a_pipelines_branch_while_it_is_its_head_in_git() {
    let authority = Authority::new();
    let repositories = Repositories::new(Path::new(env!("CARGO_TARGET_TMPDIR")).join("pipeline-heads"));
    let repository = repositories.init("acme/shop.git", "sha1");
    let (old, head) = (repository.commit("the first"), repository.commit("the second"));
    repository.point("refs/heads/main", &head);
    let host = Host::start_over_tls(&authority, move |request| repositories.answer(request, Protocol::Any));
    let ca_bundle = bundle_file(&authority, "pipeline-heads");
    for (commit, expected) in [
        (&head, ("stopped", json!("main"), Value::Null)),
        (&old, ("allowed", Value::Null, json!("branch (the pipeline names main, whose head is another commit)"))),
    ] {
        let codepipeline = release_of("StartPipelineExecution", commit);
        act(&codepipeline, "Build", Does::Run(ID));
        let (endpoint, (proxy, _)) = (codepipeline.listen(), proxy(host.server.address));
        let url = url(&endpoint);
        let settings = [
            ("AWS_ENDPOINT_URL_CODEPIPELINE", &*url),
            ("BUILDBRAKE_GIT_HOSTS", "github.com"),
            ("BUILDBRAKE_GIT_CA_BUNDLE", ca_bundle.to_str().unwrap()),
            ("HTTPS_PROXY", &proxy),
        ];
        let record = crate::record(POLICY, &settings, &codebuild(), &started());
        let missing = &record["undecided"][0]["missing"];
        assert_eq!((record["outcome"].as_str().unwrap(), record["branch"].clone(), missing.clone()), expected);
    }
}

#[test]
fn a_denied_permission_costs_one_call_and_no_failure() {
    let codepipeline = release("WebhookV2");
    let endpoint = codepipeline.listen_unless(|_| Some(refusal(400, "AccessDeniedException", "no")));
    let codebuild = codebuild();
    let lambda = PROGRAM.start(POLICY, codebuild.address, &[("AWS_ENDPOINT_URL_CODEPIPELINE", &url(&endpoint))]);
    for _ in 0..3 {
        let record = lambda.invoke(&started()).record();
        assert_eq!(record["outcome"], "allowed", "{record}");
        assert_eq!(record["undecided"][0]["missing"], "branch (CodePipeline: AccessDenied)");
    }
    assert_eq!(endpoint.operations(), ["GetPipelineState"]);
    lambda.end();
}

/// A build that is allowed has no line of its own in a sweep.
#[test]
fn the_line_of_a_sweep_names_a_fact_that_was_denied() {
    let endpoint = release("WebhookV2").listen_unless(|_| Some(refusal(400, "AccessDeniedException", "no")));
    let codebuild = codebuild();
    let lambda = PROGRAM.start(POLICY, codebuild.address, &[("AWS_ENDPOINT_URL_CODEPIPELINE", &url(&endpoint))]);
    let (answer, records) = lambda.invoke_until(&sweep(), |record| record.get("buildId").is_none());
    let record = answer.result.unwrap();
    assert!(records.is_empty(), "{records:?}");
    assert_eq!((&record["outcome"], &record["undecided"]), (&json!("allowed"), &json!(1)));
    assert_eq!(record["AccessDenied"], 1, "{record}");
    let message = record["message"].as_str().unwrap();
    let sentence = "The first fact that is unknown for lack of a permission: branch (CodePipeline: AccessDenied).";
    assert!(message.contains(sentence), "{message}");
    lambda.end();
}

#[test]
fn a_slow_pipeline_delays_no_stop_that_another_rule_decides() {
    let endpoint = release("WebhookV2").listen_unless(|_| Some(Reply::Hang(Duration::from_secs(20))));
    let setting = url(&endpoint);
    let settings = [("AWS_ENDPOINT_URL_CODEPIPELINE", setting.as_str())];
    let codebuild = codebuild();
    let policy = "{version: 1, rules: [{id: b, forbidden-branches: [main]}, {id: s, max-timeout: 5m}]}";
    let lambda = PROGRAM.start(policy, codebuild.address, &settings);
    let answer = lambda.invoke(&started());
    assert_eq!(answer.record()["outcome"], "stopped");
    assert!(endpoint.calls().is_empty() && answer.took < Duration::from_secs(2), "{:?}", answer.took);
    lambda.end();
    // If no other rule stops the build, the function waits for the pipeline, but not for long.
    let policy = "{version: 1, rules: [{id: b, forbidden-branches: [main]}]}";
    let lambda = PROGRAM.start(policy, codebuild.address, &settings);
    let answer = lambda.invoke(&started());
    assert_eq!(answer.record()["undecided"][0]["missing"], "branch (CodePipeline: TimedOut)");
    assert!(answer.took < Duration::from_secs(5), "{:?}", answer.took);
    lambda.end();
}

#[test]
fn a_build_that_the_pipeline_does_not_name_yet_is_judged_once_more() {
    let codepipeline = release("WebhookV2");
    let (codebuild, endpoint, scheduler) = (codebuild(), codepipeline.listen(), Scheduler::obliging());
    let setting = url(&endpoint);
    let settings: Vec<_> =
        scheduler.settings().into_iter().chain([("AWS_ENDPOINT_URL_CODEPIPELINE", setting.as_str())]).collect();
    let lambda = PROGRAM.start(POLICY, codebuild.address, &settings);
    let record = lambda.invoke(&started()).record();
    assert_eq!(record["outcome"], "allowed", "{record}");
    let missing = &record["undecided"][0]["missing"];
    assert_eq!(missing, "branch (no action of the pipeline shop-release names the build)");
    assert_eq!(record["deadline"], scheduler.event()["time"]);
    // Still no action names the build: it is not judged a third time.
    let record = lambda.invoke(&scheduler.event()).record();
    assert_eq!((&record["outcome"], record.get("deadline")), (&json!("allowed"), None), "{record}");
    assert_eq!(scheduler.schedules().len(), 1);
    act(&codepipeline, "Build", Does::Run(ID));
    let record = lambda.invoke(&scheduler.event()).record();
    assert_eq!((&record["outcome"], &record["branchFrom"]), (&json!("stopped"), &json!("pipeline")), "{record}");
    lambda.end();
}
