//! The pipeline execution that started a build, found in a CodePipeline whose every call and
//! answer is compared with AWS's model.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use buildbrake_aws::{AccountRegion, Accounts, CallError, Class, codepipeline::Pipelines, config::AwsConfig};
use buildbrake_core::facts::pipeline::{PipelineAnswer, PipelineRevision};
use buildbrake_testkit::{
    codebuild::{Call, Endpoint, refusal},
    codepipeline::{Action, CodePipeline, Does, PAGE},
    http::Reply,
};
use jiff::Timestamp;
use serde_json::json;

use crate::service_model::ServiceModel;

const MODEL: &str = include_str!("../model/codepipeline-2015-07-09.json");

const COMMIT: &str = "75614758eace7c1d9d032b8980854ab486068f3b";
const BUILD: &str = "shop:5e000000-0000-4000-8000-000000000001";
const FIRST: &str = "e0000000-0000-4000-8000-000000000001";
const SECOND: &str = "e0000000-0000-4000-8000-000000000002";

/// A pipeline `release` with one execution, which has fetched `main`.
fn release(trigger: &str) -> CodePipeline {
    let codepipeline = CodePipeline::default();
    codepipeline.put_pipeline("release");
    run(&codepipeline, FIRST, trigger, "main");
    codepipeline
}

fn run(codepipeline: &CodePipeline, execution: &str, trigger: &str, branch: &str) {
    codepipeline.start("release", execution, trigger);
    let key = format!("release/Source/{}", &execution[35..]);
    let fetch = Does::Fetch { repository: "acme/shop", branch, commit: COMMIT, key: &key };
    act(codepipeline, execution, "Source", 0, fetch);
}

fn act(codepipeline: &CodePipeline, execution: &str, stage: &str, minutes_before: i64, does: Does<'_>) {
    let start = start().as_second() - minutes_before * 60;
    codepipeline.act("release", &Action { execution, stage, name: stage, start, does });
}

/// Returns the time when the builds start.
fn start() -> Timestamp {
    "2026-11-22T09:00:00Z".parse().unwrap()
}

async fn pipelines(endpoint: &Endpoint) -> Pipelines {
    let config = AwsConfig::for_local_endpoint(&format!("http://{}", endpoint.address), "us-east-1").await;
    Pipelines::new(Accounts::own(config))
}

async fn ask(pipelines: &Pipelines, started: &[&str]) -> Result<PipelineAnswer, CallError> {
    ask_in(pipelines, "us-east-1", started).await
}

async fn ask_in(pipelines: &Pipelines, region: &str, started: &[&str]) -> Result<PipelineAnswer, CallError> {
    let place = AccountRegion { account: Some("111122223333".to_owned()), region: Some(region.to_owned()) };
    pipelines.run_of(&place, "release", started, start()).await
}

/// The answer to one question by a fresh client.
async fn answer(codepipeline: &CodePipeline, started: &[&str]) -> PipelineAnswer {
    let endpoint = codepipeline.listen();
    let answer = ask(&pipelines(&endpoint).await, started).await.unwrap();
    check(codepipeline);
    answer
}

/// Compares every call and answer up to now with AWS's model.
fn check(codepipeline: &CodePipeline) {
    ServiceModel::new(MODEL).check(&codepipeline.exchanges());
}

/// The execution's id, and the revision of a build of its only artifact.
fn found(answer: PipelineAnswer) -> (String, Result<PipelineRevision, String>) {
    let PipelineAnswer::Run(run) = answer else { panic!("{answer:?}") };
    let id = run.execution.pipeline_execution_id.clone().unwrap();
    let version = format!("arn:aws:s3:::artifacts/release/Source/{}", &id[35..]);
    (id, run.source_of(Some(&version), Some(COMMIT)).map(|source| source.revision))
}

fn branch(name: &str) -> Result<PipelineRevision, String> {
    Ok(PipelineRevision::Branch(name.to_owned()))
}

#[tokio::test]
async fn a_running_build_is_found_by_the_pipelines_state() {
    let codepipeline = release("WebhookV2");
    act(&codepipeline, FIRST, "Build", 0, Does::Run(BUILD));
    assert_eq!(found(answer(&codepipeline, &[BUILD]).await), (FIRST.to_owned(), branch("main")));
    assert_eq!(
        codepipeline.operations(),
        ["GetPipelineState", "ListActionExecutions", "GetPipelineExecution", "GetPipeline"]
    );
}

#[tokio::test]
async fn a_build_that_has_ended_is_found_in_the_history() {
    let codepipeline = release("PollForSourceChanges");
    act(&codepipeline, FIRST, "Build", 0, Does::HasRun(BUILD));
    run(&codepipeline, SECOND, "PollForSourceChanges", "next");
    act(&codepipeline, SECOND, "Build", -5, Does::Run("shop:other"));
    assert_eq!(found(answer(&codepipeline, &[BUILD]).await), (FIRST.to_owned(), branch("main")));
    assert_eq!(
        codepipeline.operations(),
        ["GetPipelineState", "ListActionExecutions", "ListActionExecutions", "GetPipelineExecution"]
    );
}

/// With parallel executions, the latest execution of a stage may not be the one that the action belongs to.
#[tokio::test]
async fn the_state_of_a_stage_does_not_decide_which_execution_an_action_belongs_to() {
    let codepipeline = release("WebhookV2");
    run(&codepipeline, SECOND, "WebhookV2", "next");
    act(&codepipeline, FIRST, "Build", 0, Does::Run(BUILD));
    let start = start().as_second();
    let lint = Action { execution: SECOND, stage: "Build", name: "Lint", start, does: Does::Run("lint:1") };
    codepipeline.act("release", &lint);
    assert_eq!(found(answer(&codepipeline, &[BUILD]).await), (FIRST.to_owned(), branch("main")));
}

#[tokio::test]
async fn an_action_may_have_started_the_builds_batch() {
    let codepipeline = release("Webhook");
    act(&codepipeline, FIRST, "Build", 0, Does::Run("shop:batch"));
    assert_eq!(found(answer(&codepipeline, &[BUILD, "shop:batch"]).await), (FIRST.to_owned(), branch("main")));
}

#[tokio::test]
async fn what_started_the_execution_decides_how_certain_the_branch_is() {
    let if_head = Ok(PipelineRevision::BranchIfHead("main".to_owned()));
    let rollback = Err("the pipeline's execution is a rollback".to_owned());
    for (trigger, expected) in [
        ("WebhookV2", branch("main")),
        ("StartPipelineExecution", if_head.clone()),
        ("CloudWatchEvent", if_head.clone()),
        ("ManualRollback", rollback),
    ] {
        let codepipeline = release(trigger);
        act(&codepipeline, FIRST, "Build", 0, Does::Run(BUILD));
        assert_eq!(found(answer(&codepipeline, &[BUILD]).await).1, expected, "{trigger}");
    }
    // Tags may have started it.
    for (push, expected) in [
        (json!([{"tags": {"includes": ["v*"]}}]), if_head.clone()),
        (json!([{"filePaths": {"includes": ["src/**"]}}]), if_head),
        (json!([{"branches": {"includes": ["main"]}}]), branch("main")),
    ] {
        let codepipeline = CodePipeline::default();
        let configuration = json!({"sourceActionName": "Source", "push": push});
        let triggers = json!([{"providerType": "CodeStarSourceConnection", "gitConfiguration": configuration}]);
        codepipeline.put_pipeline_in("us-east-1", "release", triggers);
        run(&codepipeline, FIRST, "WebhookV2", "main");
        act(&codepipeline, FIRST, "Build", 0, Does::Run(BUILD));
        assert_eq!(found(answer(&codepipeline, &[BUILD]).await).1, expected, "{push}");
    }
}

#[tokio::test]
async fn a_pipeline_that_does_not_name_the_build_is_not_its_own() {
    let codepipeline = release("WebhookV2");
    act(&codepipeline, FIRST, "Build", 0, Does::Run("shop:other"));
    assert_eq!(answer(&codepipeline, &[BUILD]).await, PipelineAnswer::NotNamed);
    let endpoint = codepipeline.listen();
    let pipelines = pipelines(&endpoint).await;
    // CodePipeline is asked again.
    act(&codepipeline, FIRST, "Test", 0, Does::Run(BUILD));
    assert!(matches!(ask(&pipelines, &[BUILD]).await.unwrap(), PipelineAnswer::Run(_)));
    assert_eq!(ask_in(&pipelines, "eu-west-1", &[BUILD]).await.unwrap(), PipelineAnswer::NoPipeline);
    check(&codepipeline);
}

#[tokio::test]
async fn the_history_is_searched_back_to_an_hour_before_the_build_and_for_five_pages() {
    let lists = |codepipeline: &CodePipeline| {
        let listed = |operation: &String| operation == "ListActionExecutions";
        codepipeline.operations().iter().filter(|operation| listed(operation)).count()
    };
    let with_history = |minutes_before: i64, pages: usize| {
        let codepipeline = release("WebhookV2");
        act(&codepipeline, FIRST, "Build", 0, Does::HasRun(BUILD));
        run(&codepipeline, SECOND, "WebhookV2", "next");
        for _ in 0..pages * PAGE {
            act(&codepipeline, SECOND, "Build", minutes_before, Does::HasRun("shop:other"));
        }
        codepipeline
    };
    let codepipeline = with_history(59, 4);
    assert!(matches!(answer(&codepipeline, &[BUILD]).await, PipelineAnswer::Run(_)));
    assert_eq!(lists(&codepipeline), 6, "five pages, and the actions of the execution");
    let codepipeline = with_history(59, 5);
    assert_eq!(answer(&codepipeline, &[BUILD]).await, PipelineAnswer::NotNamed);
    assert_eq!(lists(&codepipeline), 5);
    let codepipeline = with_history(61, 3);
    assert_eq!(answer(&codepipeline, &[BUILD]).await, PipelineAnswer::NotNamed);
    assert_eq!(lists(&codepipeline), 1);
}

#[tokio::test]
async fn an_execution_is_asked_for_once_in_each_region() {
    let codepipeline = release("WebhookV2");
    act(&codepipeline, FIRST, "Build", 0, Does::Run(BUILD));
    let endpoint = codepipeline.listen();
    let pipelines = pipelines(&endpoint).await;
    let first = ask(&pipelines, &[BUILD]).await.unwrap();
    let calls = codepipeline.operations().len();
    assert_eq!(ask(&pipelines, &[BUILD]).await.unwrap(), first);
    assert_eq!(codepipeline.operations().len(), calls, "the build's later events cost no call");
    act(&codepipeline, FIRST, "Test", 0, Does::Run("shop:next"));
    assert_eq!(ask(&pipelines, &["shop:next"]).await.unwrap(), first);
    assert_eq!(codepipeline.operations()[calls..], ["GetPipelineState", "ListActionExecutions"]);
    assert_eq!(ask_in(&pipelines, "eu-west-1", &[BUILD]).await.unwrap(), PipelineAnswer::NoPipeline);
    let regions: BTreeSet<String> = endpoint.calls().into_iter().map(|call| call.region).collect();
    assert_eq!(regions, ["eu-west-1", "us-east-1"].map(str::to_owned).into());
    check(&codepipeline);
}

/// The error of a CodePipeline that spoils calls, and how long it took.
async fn spoiled(spoil: impl Fn(&Call) -> Option<Reply> + Send + Sync + 'static) -> (CallError, Duration) {
    let codepipeline = release("WebhookV2");
    act(&codepipeline, FIRST, "Build", 0, Does::Run(BUILD));
    let endpoint = codepipeline.listen_unless(spoil);
    let pipelines = pipelines(&endpoint).await;
    let begun = Instant::now();
    (ask(&pipelines, &[BUILD]).await.unwrap_err(), begun.elapsed())
}

#[tokio::test]
async fn a_codepipeline_that_refuses_or_is_slow_says_why() {
    let (error, _) = spoiled(|_| Some(refusal(400, "AccessDeniedException", "no"))).await;
    assert_eq!(error.class, Class::AccessDenied);
    assert!(error.message.contains("CodePipeline"), "{}", error.message);
    let (error, _) =
        spoiled(|call| (call.operation == "ListActionExecutions").then(|| Reply::json(200, json!({})))).await;
    assert_eq!(error.class, Class::UnreadableAnswer);
    assert_eq!(error.message, "CodePipeline's answer to ListActionExecutions is incomplete");
    let (error, took) = spoiled(|_| Some(Reply::Hang(Duration::from_secs(10)))).await;
    assert_eq!(error.class, Class::TimedOut);
    assert_eq!(error.message, "CodePipeline did not answer within 3 seconds");
    assert!(took < Duration::from_secs(5), "{took:?}");
}

/// Without a definition, tags may have started the execution.
#[tokio::test]
async fn a_definition_that_is_gone_makes_the_branch_a_claim() {
    for code in ["PipelineVersionNotFoundException", "PipelineNotFoundException"] {
        let codepipeline = release("WebhookV2");
        act(&codepipeline, FIRST, "Build", 0, Does::Run(BUILD));
        let endpoint =
            codepipeline.listen_unless(move |call| (call.operation == "GetPipeline").then(|| refusal(400, code, "no")));
        let answer = ask(&pipelines(&endpoint).await, &[BUILD]).await.unwrap();
        assert_eq!(found(answer).1, Ok(PipelineRevision::BranchIfHead("main".to_owned())));
    }
}

/// Otherwise one throttled call would leave the branch of every build of the execution unknown.
#[tokio::test]
async fn a_definition_that_cannot_be_read_is_asked_for_again() {
    let codepipeline = release("WebhookV2");
    act(&codepipeline, FIRST, "Build", 0, Does::Run(BUILD));
    let is_denied = Arc::new(AtomicBool::new(true));
    let denied = is_denied.clone();
    let endpoint = codepipeline.listen_unless(move |call| {
        let is_refused = call.operation == "GetPipeline" && denied.load(SeqCst);
        is_refused.then(|| refusal(400, "AccessDeniedException", "no"))
    });
    let pipelines = pipelines(&endpoint).await;
    assert_eq!(ask(&pipelines, &[BUILD]).await.unwrap_err().class, Class::AccessDenied);
    is_denied.store(false, SeqCst);
    let answer = ask(&pipelines, &[BUILD]).await.unwrap();
    assert_eq!(found(answer).1, Ok(PipelineRevision::Branch("main".to_owned())));
}

/// The comparison itself finds members that are missing, unknown, or of another type.
#[test]
fn the_comparison_with_the_model_finds_faults() {
    let model = ServiceModel::new(MODEL);
    for (input, fault) in [
        (json!({}), "ListActionExecutions.pipelineName is missing"),
        (json!({"pipelineName": "a b"}), "ListActionExecutions.pipelineName does not match the pattern: \"a b\""),
        (
            json!({"pipelineName": "a", "maxResults": 101}),
            "ListActionExecutions.maxResults is too small or too large: 101",
        ),
        (json!({"pipelineName": "a", "more": 1}), "ListActionExecutions.more is not in the model"),
        (json!({"pipelineName": 1}), "ListActionExecutions.pipelineName is no string: 1"),
    ] {
        assert_eq!(model.faults_of_input("ListActionExecutions", &input), [fault]);
    }
    let output = json!({"pipelineExecution": {"status": "Done"}});
    assert_eq!(
        model.faults_of_output("GetPipelineExecution", &output),
        ["GetPipelineExecution.pipelineExecution.status is not in the enumeration: \"Done\""]
    );
}
