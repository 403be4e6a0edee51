//! Builds of pipelines.

use super::*;
use crate::{
    facts::{inquiry::PipelineQuestion, pipeline::PipelineRun},
    model::{ActionExecution, PipelineExecution, S3Location},
};

pub(super) const ARTIFACT: &str = "arn:aws:s3:::artifacts/release/Source/1.zip";

/// An execution that this started, whose source action has set these variables.
pub(super) fn run(trigger: &str, variables: &[(&str, &str)]) -> PipelineAnswer {
    let fixed = [("CommitId", COMMIT), ("FullRepositoryName", "acme/shop"), ("ProviderType", "GitHub")];
    let variables = fixed.iter().chain(variables).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let source = ActionExecution {
        action_name: Some("Source".to_owned()),
        status: Some("Succeeded".to_owned()),
        category: Some("Source".to_owned()),
        provider: Some("CodeStarSourceConnection".to_owned()),
        output_artifacts: vec![S3Location { bucket: "artifacts".to_owned(), key: "release/Source/1.zip".to_owned() }],
        output_variables: variables.collect(),
        ..ActionExecution::default()
    };
    PipelineAnswer::Run(Arc::new(PipelineRun {
        pipeline: "release".to_owned(),
        execution: PipelineExecution { trigger_type: Some(trigger.to_owned()), ..PipelineExecution::default() },
        sources: vec![source],
        sources_with_tags: Some(Vec::new()),
    }))
}

pub(super) fn of_main(trigger: &str) -> PipelineAnswer {
    run(trigger, &[("BranchName", "main")])
}

fn world(pipeline: PipelineAnswer) -> World {
    let build = build(json!({
        "initiator": "codepipeline/release", "sourceVersion": ARTIFACT, "source": {"type": "CODEPIPELINE"},
        "resolvedSourceVersion": COMMIT,
    }));
    World { build, pipeline, ..World::of(&["refs/heads/main", "refs/heads/alias"]) }
}

#[test]
fn a_pipelines_build_has_the_branch_that_was_fetched() {
    let main = world(of_main("WebhookV2"));
    check(&main, "forbidden-branches: [main]", "stop");
    check(&main, "forbidden-branches: [release/*]", "allow");
    check(&main, "allowed-refs: [refs/heads/main]", "allow");
    check(&main, "deny-when: branch == 'main'", "stop");
    check(&main, "max-timeout: 5m, only: [{branches: [feature/*]}]", "allow");
    let policy = policy("forbidden-branches: [release/*]");
    let (case, asked) = main.judge(&policy);
    let question = PipelineQuestion {
        pipeline: "release".to_owned(),
        started: vec!["shop:5e000000-0000-4000-8000-000000000001".to_owned()],
        start: Some(START.parse().unwrap()),
    };
    assert_eq!(asked, [Question::Pipeline(question)]);
    let provenance = case.provenance();
    assert_eq!((provenance.branch.as_deref(), provenance.git_ref.as_deref()), (Some("main"), Some("refs/heads/main")));
    assert_eq!(json!(provenance.ref_from), "pipeline");
}

#[test]
fn a_chosen_commit_is_of_the_branch_only_if_git_has_it_as_its_head() {
    let rule = "forbidden-branches: [main]";
    let main = world(of_main("StartPipelineExecution"));
    check(&main, rule, "stop");
    let policy = policy(rule);
    let (case, asked) = main.judge(&policy);
    assert_eq!(json!(case.provenance().ref_from), "pipeline");
    let [Question::Pipeline(_), Question::Git(git)] = asked.as_slice() else { panic!("{asked:?}") };
    assert_eq!((git.repository.host.as_str(), git.repository.path.as_str()), ("github.com", "/acme/shop"));
    assert_eq!(git.named_by, NamedBy::Pipeline);
    let moved = World { refs: &["refs/heads/feature/a"], ..world(of_main("StartPipelineExecution")) };
    check(&moved, rule, "branch (the pipeline names main, whose head is another commit)");
    let late = World { delay: 90, ..world(of_main("StartPipelineExecution")) };
    check(&late, rule, "branch (git was asked 90 seconds after the build's start; refs move)");
    let unlisted = run("StartPipelineExecution", &[("BranchName", "main"), ("ProviderType", "GitLabSelfManaged")]);
    let why = "branch (the pipeline names main, but may have been started with another branch's commit)";
    check(&world(unlisted), rule, why);
}

#[test]
fn a_pipelines_repository_in_codecommit_is_asked_by_its_url() {
    let mut answer = of_main("CloudWatchEvent");
    let PipelineAnswer::Run(run) = &mut answer else { panic!() };
    let source = &mut Arc::make_mut(run).sources[0];
    source.provider = Some("CodeCommit".to_owned());
    source.output_variables.insert("RepositoryName".to_owned(), "shop".to_owned());
    source.region = Some("eu-west-1".to_owned());
    let policy = policy("forbidden-branches: [main]");
    let world = world(answer);
    let (case, asked) = world.judge(&policy);
    assert_eq!(case.verdict().action, Action::Stop);
    let Some(Question::Git(git)) = asked.last() else { panic!("{asked:?}") };
    assert_eq!(git.repository.text(), "https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/shop");
}

#[test]
fn a_pipelines_pull_request_has_a_ref_and_no_branch() {
    let request = world(run("WebhookV2", &[("BranchName", "fix"), ("PullRequestId", "25")]));
    check(&request, "forbidden-refs: [refs/pull/25/head]", "stop");
    check(&request, "forbidden-branches: [main]", "branch (the source version is pull request 25)");
}

#[test]
fn what_the_pipeline_does_not_show_is_unknown() {
    let rule = "forbidden-branches: [main]";
    let unknown = |answer, expected: &str| check(&world(answer), rule, expected);
    unknown(PipelineAnswer::NotNamed, "branch (no action of the pipeline release names the build)");
    unknown(PipelineAnswer::NoPipeline, "branch (the account and region have no pipeline release)");
    unknown(of_main("ManualRollback"), "branch (the pipeline's execution is a rollback)");
    let mut retry = world(of_main("WebhookV2"));
    retry.build["initiator"] = json!("service-role/AWSCodeBuild-5e000000");
    check(&retry, rule, "branch (the source is CODEPIPELINE, and the initiator names no pipeline)");
    let mut bucket = world(of_main("WebhookV2"));
    bucket.build["source"]["type"] = json!("S3");
    check(&bucket, rule, "branch (the source is S3)");
}

#[test]
fn a_batch_has_the_branch_that_was_fetched_for_it() {
    let mut world = world(of_main("WebhookV2"));
    world.build["initiator"] = json!("batch-role/AWSCodeBuild-5e000000");
    world.build["buildBatchArn"] = json!("arn:aws:codebuild:eu-west-1:111122223333:build-batch/shop:b");
    let batch = json!({
        "id": "shop:b", "initiator": "codepipeline/release", "sourceVersion": ARTIFACT, "startTime": START,
        "source": {"type": "CODEPIPELINE"},
    });
    world.batch = Some(Arc::new(serde_json::from_value(batch).unwrap()));
    check(&world, "forbidden-branches: [main]", "stop");
    let policy = policy("forbidden-branches: [main]");
    let (_, asked) = world.judge(&policy);
    let Some(Question::Pipeline(question)) = asked.last() else { panic!("{asked:?}") };
    assert_eq!(question.started, ["shop:5e000000-0000-4000-8000-000000000001", "shop:b"]);
}

#[test]
fn no_pipeline_is_asked_about_what_is_decided_anyway() {
    for rules in [
        "{id: b, forbidden-branches: [main]}, {id: t, max-timeout: 5m}",
        "{id: b, forbidden-branches: [main], except: [{started-by: [pipeline]}]}",
        "{id: b, forbidden-branches: [main], only: [{projects: [other]}]}",
    ] {
        let policy = Policy::parse("policy.yaml", &format!("{{version: 1, rules: [{rules}]}}")).unwrap();
        let (_, asked) = world(of_main("WebhookV2")).judge(&policy);
        assert!(asked.iter().all(|question| question.source() != Source::Pipeline), "{rules}: {asked:?}");
    }
}

/// The pipeline is asked about the branch anyway, and its answer counts for the starter, too.
#[test]
fn the_execution_confirms_that_a_pipeline_started_the_build() {
    let policy = policy("forbidden-branches: [x]");
    let started_by = |answer, delay| {
        let world = World { delay, ..world(answer) };
        let (case, _) = world.judge(&policy);
        json!(case.provenance().started_by)
    };
    assert_eq!(started_by(of_main("WebhookV2"), 90), "pipeline");
    // An action may name a new build later.
    assert_eq!(started_by(PipelineAnswer::NotNamed, 5), "pipeline");
    assert_eq!(started_by(PipelineAnswer::NotNamed, 90), json!(null));
    assert_eq!(started_by(PipelineAnswer::NoPipeline, 5), json!(null));
}

#[test]
fn a_pipeline_that_does_not_name_a_new_build_is_asked_once_more() {
    let deadline = |rule: &str, answer, delay, kind| {
        let world = World { delay, ..world(answer) };
        let policy = policy(rule);
        let (case, _) = world.judge_by(&policy, kind);
        case.verdict().deadline.map(|at| at.to_string())
    };
    let (rule, start) = ("forbidden-branches: [main]", TriggerKind::StateChange);
    assert_eq!(deadline(rule, PipelineAnswer::NotNamed, 5, start).as_deref(), Some("2026-11-22T09:01:00Z"));
    assert_eq!(deadline(rule, PipelineAnswer::NotNamed, 60, start), None);
    // The time limit of another rule may have been reached before.
    let again = deadline(rule, PipelineAnswer::NotNamed, 5, TriggerKind::Deadline);
    assert_eq!(again.as_deref(), Some("2026-11-22T09:01:00Z"));
    assert_eq!(deadline(rule, PipelineAnswer::NoPipeline, 5, start), None);
    // A pipeline names a batch, and the minute is that of the batch.
    let batch = BuildBatch {
        id: Some("shop:5e000000-0000-4000-8000-000000000009".to_owned()),
        start_time: Some("2026-11-22T08:00:00Z".parse().unwrap()),
        initiator: Some("codepipeline/release".to_owned()),
        ..BuildBatch::default()
    };
    let arn = "arn:aws:codebuild:eu-west-1:111122223333:build-batch/shop:5e000000-0000-4000-8000-000000000009";
    let build = build(json!({"initiator": "x/AWSCodeBuild-1", "buildBatchArn": arn, "sourceVersion": ARTIFACT}));
    let world = World { build, batch: Some(Arc::new(batch)), ..world(PipelineAnswer::NotNamed) };
    let policy = policy("max-timeout: 5m, except: [{started-by: [pipeline]}], on-unknown: stop");
    let (case, _) = world.judge(&policy);
    assert_eq!((case.verdict().deadline, case.verdict().action), (None, Action::Stop));
    assert_eq!(deadline(rule, of_main("WebhookV2"), 5, start), None);
}
