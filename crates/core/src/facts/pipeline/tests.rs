use super::*;

const HEAD: &str = "75614758eace7c1d9d032b8980854ab486068f3b";
const OTHER: &str = "1111111111111111111111111111111111111111";
const VERSION: &str = "arn:aws:s3:::artifacts-bucket/release/SourceArti/abc123";

/// A source action of a connection that has fetched this branch's head.
fn source(name: &str, branch: &str, commit: &str, key: &str) -> ActionExecution {
    let variables =
        [("BranchName", branch), ("CommitId", commit), ("FullRepositoryName", "acme/shop"), ("ProviderType", "GitHub")];
    ActionExecution {
        action_name: Some(name.to_owned()),
        status: Some("Succeeded".to_owned()),
        category: Some("Source".to_owned()),
        provider: Some("CodeStarSourceConnection".to_owned()),
        output_artifacts: vec![S3Location { bucket: "artifacts-bucket".to_owned(), key: key.to_owned() }],
        output_variables: map(&variables),
        ..ActionExecution::default()
    }
}

fn map(entries: &[(&str, &str)]) -> std::collections::BTreeMap<String, String> {
    entries.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn run(trigger: &str, sources: Vec<ActionExecution>) -> PipelineRun {
    let execution = PipelineExecution {
        trigger_type: Some(trigger.to_owned()),
        execution_type: Some("STANDARD".to_owned()),
        ..PipelineExecution::default()
    };
    PipelineRun { pipeline: "release".to_owned(), execution, sources, sources_with_tags: Some(Vec::new()) }
}

fn main() -> ActionExecution {
    source("Source", "main", HEAD, "release/SourceArti/abc123")
}

fn revision(run: &PipelineRun) -> Result<PipelineRevision, String> {
    run.source_of(Some(VERSION), Some(HEAD)).map(|source| source.revision)
}

fn branch(name: &str) -> Result<PipelineRevision, String> {
    Ok(PipelineRevision::Branch(name.to_owned()))
}

#[test]
fn what_started_the_execution_decides_how_certain_the_branch_is() {
    let if_head = || Ok(PipelineRevision::BranchIfHead("main".to_owned()));
    let rollback = || Err("the pipeline's execution is a rollback".to_owned());
    for (trigger, expected) in [
        ("WebhookV2", branch("main")),
        ("Webhook", branch("main")),
        ("PollForSourceChanges", branch("main")),
        ("StartPipelineExecution", if_head()),
        ("CloudWatchEvent", if_head()),
        ("PutActionRevision", if_head()),
        ("CreatePipeline", if_head()),
        ("SomethingNew", if_head()),
        ("ManualRollback", rollback()),
        ("AutomatedRollback", rollback()),
    ] {
        assert_eq!(revision(&run(trigger, vec![main()])), expected, "{trigger}");
    }
    let mut unknown = run("WebhookV2", vec![main()]);
    unknown.execution.trigger_type = None;
    assert_eq!(revision(&unknown), if_head());
    let mut rolled_back = run("WebhookV2", vec![main()]);
    rolled_back.execution.execution_type = Some("ROLLBACK".to_owned());
    assert_eq!(revision(&rolled_back), rollback());
}

#[test]
fn tags_that_start_the_pipeline_make_the_branch_a_claim() {
    for (with_tags, expected) in [
        (Some(vec![]), branch("main")),
        (Some(vec!["Other".to_owned()]), branch("main")),
        (Some(vec!["Source".to_owned()]), Ok(PipelineRevision::BranchIfHead("main".to_owned()))),
        (None, Ok(PipelineRevision::BranchIfHead("main".to_owned()))),
    ] {
        let run = PipelineRun { sources_with_tags: with_tags.clone(), ..run("WebhookV2", vec![main()]) };
        assert_eq!(revision(&run), expected, "{with_tags:?}");
    }
}

#[test]
fn the_source_action_is_the_one_that_made_the_builds_source() {
    let by_artifact = source("App", "release", HEAD, "release/SourceArti/abc123");
    let other = source("Docs", "main", OTHER, "release/DocsArti/xyz");
    let both = run("WebhookV2", vec![other.clone(), by_artifact.clone()]);
    let found = both.source_of(Some(VERSION), None).unwrap();
    assert_eq!(found.revision, PipelineRevision::Branch("release".to_owned()));
    assert_eq!(found.commit, ObjectId::read(HEAD));
    assert_eq!(found.repository, Some(PipelineRepository::Url("https://github.com/acme/shop".to_owned())));
    // Else the one of the commit.
    let version = Some("arn:aws:s3:::artifacts-bucket/release/BuildArti/1");
    let found = both.source_of(version, Some(OTHER)).unwrap();
    assert_eq!(found.revision, PipelineRevision::Branch("main".to_owned()));
    // Else all must agree.
    let differ = Err("the pipeline's source actions fetch different branches".to_owned());
    assert_eq!(both.source_of(version, None), differ);
    assert_eq!(both.source_of(None, None), differ);
    assert_eq!(both.source_of(Some("arn:aws:s3:::other/release/SourceArti/abc123"), None), differ);
    let agree = run("WebhookV2", vec![main(), source("Docs", "main", OTHER, "x")]);
    let found = agree.source_of(version, None).unwrap();
    assert_eq!((found.revision, found.commit), (PipelineRevision::Branch("main".to_owned()), None));
    // Git cannot show that a commit is the head if nobody knows which commit that is.
    let chosen = run("StartPipelineExecution", vec![main(), source("Docs", "main", OTHER, "x")]);
    let differ = Err("the pipeline's source actions fetch different commits".to_owned());
    assert_eq!(chosen.source_of(version, None), differ);
    assert!(chosen.source_of(Some(VERSION), None).is_ok());
}

#[test]
fn what_is_contradictory_or_missing_is_unknown() {
    let check = |run: &PipelineRun, resolved: Option<&str>, expected: &str| {
        assert_eq!(run.source_of(Some(VERSION), resolved), Err(expected.to_owned()), "{run:?}");
    };
    check(
        &run("WebhookV2", vec![main()]),
        Some(OTHER),
        "the build's commit is not that of the pipeline's source action",
    );
    let none = "the pipeline's execution has no source action that succeeded";
    check(&run("WebhookV2", vec![]), Some(HEAD), none);
    let failed = ActionExecution { status: Some("Failed".to_owned()), ..main() };
    check(&run("WebhookV2", vec![failed]), Some(HEAD), none);
    let no_source = ActionExecution { category: Some("Build".to_owned()), ..main() };
    check(&run("WebhookV2", vec![no_source]), Some(HEAD), none);
    let no_branch = "the pipeline's source action names no branch";
    for name in ["", "~1", "a..b", "main ", "main^{commit}", "\u{a0}main"] {
        check(&run("WebhookV2", vec![source("Source", name, HEAD, "k")]), Some(HEAD), no_branch);
    }
    let bucket = ActionExecution {
        provider: Some("S3".to_owned()),
        output_variables: map(&[("VersionId", "1"), ("ETag", "2")]),
        ..main()
    };
    check(&run("PollForSourceChanges", vec![bucket]), None, no_branch);
    let no_commit = source("Source", "main", "", "k");
    check(
        &run("StartPipelineExecution", vec![no_commit.clone()]),
        Some(HEAD),
        "the commit of the pipeline's source action is unknown",
    );
    assert_eq!(revision(&run("WebhookV2", vec![no_commit])), branch("main"));
}

#[test]
fn a_configured_branch_counts_where_no_trigger_replaces_it() {
    let configured = |key: &str| ActionExecution {
        configuration: map(&[(key, "main"), ("Owner", "acme"), ("Repo", "shop")]),
        provider: Some("GitHub".to_owned()),
        output_variables: map(&[("CommitId", HEAD)]),
        ..main()
    };
    let found = run("Webhook", vec![configured("Branch")]).source_of(Some(VERSION), Some(HEAD)).unwrap();
    assert_eq!(found.revision, PipelineRevision::Branch("main".to_owned()));
    assert_eq!(found.repository, Some(PipelineRepository::Url("https://github.com/acme/shop".to_owned())));
    assert_eq!(revision(&run("PollForSourceChanges", vec![configured("BranchName")])), branch("main"));
    let replaced = revision(&run("WebhookV2", vec![configured("BranchName")]));
    assert_eq!(replaced, Err("the pipeline's source action names no branch".to_owned()));
}

#[test]
fn a_pull_request_has_a_number_and_two_branches() {
    let mut request = main();
    request.output_variables.extend(map(&[
        ("PullRequestId", "25"),
        ("SourceBranchName", "fix"),
        ("DestinationBranchName", "main"),
        ("BranchName", "fix"),
    ]));
    let expected = PipelineRevision::PullRequest {
        number: "25".to_owned(),
        source_branch: Some("fix".to_owned()),
        destination_branch: Some("main".to_owned()),
    };
    assert_eq!(revision(&run("WebhookV2", vec![request.clone()])), Ok(expected));
    let uncertain = Err("the pull request of the pipeline's source action is not certain".to_owned());
    assert_eq!(revision(&run("StartPipelineExecution", vec![request.clone()])), uncertain);
    request.output_variables.insert("PullRequestId".to_owned(), "x/../25".to_owned());
    assert_eq!(revision(&run("WebhookV2", vec![request])), uncertain);
}

#[test]
fn repositories_of_known_hosts() {
    let of = |provider: &str, variables: &[(&str, &str)]| {
        repository(&ActionExecution {
            provider: Some(provider.to_owned()),
            region: Some("eu-west-1".to_owned()),
            output_variables: map(variables),
            ..ActionExecution::default()
        })
    };
    let connection =
        |kind: &str| of("CodeStarSourceConnection", &[("FullRepositoryName", "a/b"), ("ProviderType", kind)]);
    let url = |text: &str| Some(PipelineRepository::Url(text.to_owned()));
    assert_eq!(connection("GitHub"), url("https://github.com/a/b"));
    assert_eq!(connection("Bitbucket"), url("https://bitbucket.org/a/b"));
    assert_eq!(connection("GitLab"), url("https://gitlab.com/a/b"));
    assert_eq!(connection("GitHubEnterpriseServer"), None);
    let codecommit = PipelineRepository::CodeCommit { name: "shop".to_owned(), region: Some("eu-west-1".to_owned()) };
    assert_eq!(of("CodeCommit", &[("RepositoryName", "shop")]), Some(codecommit));
    assert_eq!(of("S3", &[("RepositoryName", "shop")]), None);
}

#[test]
fn an_action_names_the_build_or_its_batch() {
    let state =
        |external: &str| ActionState { external_execution_id: Some(external.to_owned()), ..ActionState::default() };
    let states = [ActionState::default(), state("shop:other"), state("shop:build")];
    assert_eq!(action_in_state(&states, &["shop:build", "shop:batch"]), Some(&states[2]));
    assert_eq!(action_in_state(&states, &["shop:b"]), None);

    let action = |execution: &str, id: &str, external: Option<&str>| ActionExecution {
        pipeline_execution_id: Some(execution.to_owned()),
        action_execution_id: Some(id.to_owned()),
        external_execution_id: external.map(str::to_owned),
        ..ActionExecution::default()
    };
    let actions = [action("p2", "a2", None), action("p1", "a1", Some("shop:build"))];
    assert_eq!(execution_of(&actions, &["shop:build"], None), Some("p1"));
    assert_eq!(execution_of(&actions, &["shop:next"], Some("a2")), Some("p2"));
    assert_eq!(execution_of(&actions, &["shop:next"], None), None);
    assert_eq!(execution_of(&[ActionExecution::default()], &["shop:next"], None), None);
    // The author of a Lambda action chooses the id that it reports.
    let by = |provider: &str| ActionExecution {
        provider: Some(provider.to_owned()),
        ..action("p3", "a3", Some("shop:build"))
    };
    assert_eq!(execution_of(&[by("Lambda")], &["shop:build"], Some("a3")), None);
    assert_eq!(execution_of(&[by("CodeBuild")], &["shop:build"], None), Some("p3"));
}

#[test]
fn a_pipelines_name_is_one_that_aws_accepts() {
    assert_eq!(pipeline_name("codepipeline/release-1.0@x_y"), Some("release-1.0@x_y"));
    let long = format!("codepipeline/{}", "a".repeat(101));
    for initiator in ["codepipeline/", "codepipeline/a b", "codepipeline/a/b", "codepipeline", "role/x", &long] {
        assert_eq!(pipeline_name(initiator), None, "{initiator}");
    }
}
