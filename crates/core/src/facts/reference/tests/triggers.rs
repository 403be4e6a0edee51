//! Every way to start a build, with the shapes that CodeBuild shows for it: who started it, its ref and
//! branch, and the source that knows them.

use super::{
    fetched::{ARTIFACT, of_main, run},
    *,
};

/// Rules that need the branch, the ref and the starter.
const RULES: &str = "forbidden-branches: [none]}, {id: refs, forbidden-refs: [refs/tags/none]}, \
                     {id: starter, deny-when: startedBy == 'build'";

/// Starter, ref, branch, and the source of both.
type Expected = [Option<&'static str>; 4];

#[track_caller]
fn expect(trigger: &str, world: &World, expected: Expected) {
    let policy = policy(RULES);
    let (case, _) = world.judge(&policy);
    let provenance = case.provenance();
    let found = json!([provenance.started_by, provenance.git_ref, provenance.branch, provenance.ref_from]);
    assert_eq!(found, json!(expected), "{trigger}");
}

/// A build with these members, whose commit has these refs.
fn started(more: Value, refs: &'static [&'static str]) -> World {
    World { build: build(more), ..World::of(refs) }
}

/// A build of a batch with these members.
fn of_batch(batch: Value, refs: &'static [&'static str]) -> World {
    let mut whole = json!({
        "id": "shop:b", "startTime": START, "initiator": "Developer/alice", "sourceVersion": "main",
        "source": {"type": "GITHUB", "location": "https://github.com/acme/shop.git"},
    });
    whole.as_object_mut().unwrap().extend(batch.as_object().unwrap().clone());
    World {
        batch: Some(Arc::new(serde_json::from_value(whole).unwrap())),
        ..started(
            json!({
                "initiator": "batch-role/AWSCodeBuild-5e000000-0000-4000-8000-000000000000",
                "buildBatchArn": "arn:aws:codebuild:eu-west-1:111122223333:build-batch/shop:b",
            }),
            refs,
        )
    }
}

fn of_pipeline(answer: PipelineAnswer) -> World {
    let members = json!({
        "initiator": "codepipeline/release", "sourceVersion": ARTIFACT, "source": {"type": "CODEPIPELINE"},
        "resolvedSourceVersion": COMMIT,
    });
    World { pipeline: answer, ..started(members, &["refs/heads/main"]) }
}

/// A webhook's build of a source version.
fn hooked(initiator: &str, version: &str, filters: Value, refs: &'static [&'static str]) -> World {
    let members = json!({"initiator": initiator, "sourceVersion": version});
    World { build: build(members), ..by_webhook(filters, refs) }
}

const MAIN: Option<&str> = Some("refs/heads/main");
const GITHUB: &str = "GitHub-Hookshot/4f5b68a";

#[test]
fn people_roles_and_rules_name_the_branch_or_git_knows_it() {
    let version =
        |initiator: &str, version: &str| started(json!({"initiator": initiator, "sourceVersion": version}), &[]);
    let named = [Some("user"), MAIN, Some("main"), Some("source-version")];
    expect("a person, a branch", &version("alice", "main"), named);
    expect("a person, its full name", &version("alice", "refs/heads/main"), named);
    expect(
        "a tag",
        &version("alice", "refs/tags/v1"),
        [Some("user"), Some("refs/tags/v1"), None, Some("source-version")],
    );
    let role = |from| [Some("role"), MAIN, Some("main"), Some(from)];
    expect("a Lambda", &version("fnRole/fnName", &format!("refs/heads/main^{{{COMMIT}}}")), role("source-version"));
    expect("Jenkins", &version("CodeBuild-Jenkins-Plugin", "main"), role("source-version"));
    let rule = [Some("rule"), MAIN, Some("main"), Some("source-version")];
    expect("an EventBridge rule", &version("rule/nightly", "main"), rule);
    let action = started(
        json!({
            "initiator": "Deploy/GitHubActions",
            "environment": {"environmentVariables": [{"name": "GITHUB_REF", "value": "refs/heads/release/9", "type": "PLAINTEXT"}]},
        }),
        &["refs/heads/main"],
    );
    expect("GitHub's action, whose variables are a claim", &action, role("git"));
    let person = |refs| started(json!({}), refs);
    expect("a commit", &person(&["refs/heads/main"]), [Some("user"), MAIN, Some("main"), Some("git")]);
    expect("a commit of two refs", &person(&["refs/heads/main", "refs/tags/v1"]), [Some("user"), None, None, None]);
    expect("a commit of none", &person(&[]), [Some("user"), None, None, None]);
}

#[test]
fn a_build_without_a_source_version_has_the_projects_or_the_remotes() {
    let mut world = started(json!({"sourceVersion": null}), &["refs/heads/main"]);
    expect("the remote's HEAD", &world, [Some("user"), MAIN, Some("main"), Some("git")]);
    world.project["sourceVersion"] = json!("release/1");
    let expected = [Some("user"), Some("refs/heads/release/1"), Some("release/1"), Some("project")];
    expect("the project's source version", &world, expected);
}

#[test]
fn webhooks_pass_a_commit_and_filters_or_git_know_the_branch() {
    let any = json!([[{"type": "EVENT", "pattern": "PUSH"}]]);
    for initiator in [GITHUB, "Bitbucket-Webhooks/2.0", "GitLab/17.4.1"] {
        let expected = [Some("webhook"), MAIN, Some("main"), Some("git")];
        expect(initiator, &hooked(initiator, COMMIT, any.clone(), &["refs/heads/main"]), expected);
    }
    let tag = hooked(GITHUB, COMMIT, any.clone(), &["refs/tags/0.0.1"]);
    expect("a pushed tag", &tag, [Some("webhook"), Some("refs/tags/0.0.1"), None, Some("git")]);
    let pinned = hooked(GITHUB, COMMIT, json!([push("^refs/heads/main$")]), &[]);
    expect("a filter that pins the branch", &pinned, [Some("webhook"), MAIN, Some("main"), Some("webhook")]);
    let request = [Some("webhook"), Some("refs/pull/25/head"), None, Some("source-version")];
    expect("a pull request", &hooked(GITHUB, "pr/25", any, &["refs/heads/main"]), request);
    let merged = json!([[
        {"type": "EVENT", "pattern": "PULL_REQUEST_MERGED"}, {"type": "BASE_REF", "pattern": "^refs/heads/main$"},
    ]]);
    let merged = hooked(GITHUB, "pr/25", merged, &[]);
    expect("a merged one", &merged, [Some("webhook"), Some("refs/pull/25/head"), Some("main"), Some("webhook")]);
    let forged = started(json!({"initiator": GITHUB}), &["refs/heads/main"]);
    expect("a role with a webhook's name", &forged, [Some("role"), MAIN, Some("main"), Some("git")]);
}

#[test]
fn pipelines_have_the_branch_that_their_source_action_fetched() {
    let known = [Some("pipeline"), MAIN, Some("main"), Some("pipeline")];
    for trigger in ["WebhookV2", "Webhook", "PollForSourceChanges", "StartPipelineExecution", "CloudWatchEvent"] {
        expect(trigger, &of_pipeline(of_main(trigger)), known);
    }
    let request = run("WebhookV2", &[("BranchName", "fix"), ("PullRequestId", "25")]);
    let expected = [Some("pipeline"), Some("refs/pull/25/head"), None, Some("pipeline")];
    expect("a pull request", &of_pipeline(request), expected);
    let unknown = [Some("pipeline"), None, None, None];
    expect("a rollback", &of_pipeline(of_main("ManualRollback")), unknown);
    let moved = World { refs: &["refs/heads/other"], ..of_pipeline(of_main("StartPipelineExecution")) };
    expect("a chosen commit", &moved, unknown);
    expect("a role with a pipeline's name", &of_pipeline(PipelineAnswer::NoPipeline), [None; 4]);
    let mut forged = started(json!({"initiator": "codepipeline/release"}), &["refs/heads/main"]);
    forged.pipeline = of_main("WebhookV2");
    expect("the same, with a source of its own", &forged, [Some("role"), MAIN, Some("main"), Some("git")]);
}

#[test]
fn a_batchs_builds_are_what_started_the_batch() {
    let person = |from| [Some("role"), MAIN, Some("main"), Some(from)];
    expect("a person's", &of_batch(json!({}), &[]), person("batch"));
    expect("of a commit", &of_batch(json!({"sourceVersion": COMMIT}), &["refs/heads/main"]), person("git"));
    let mut request = of_batch(json!({"initiator": GITHUB, "sourceVersion": "pr/25"}), &["refs/heads/main"]);
    request.project["webhook"] = json!({"filterGroups": []});
    expect("a pull request's", &request, [Some("webhook"), Some("refs/pull/25/head"), None, Some("batch")]);
    let members = json!({
        "initiator": "codepipeline/release", "sourceVersion": ARTIFACT, "source": {"type": "CODEPIPELINE"},
        "resolvedSourceVersion": COMMIT,
    });
    let pipeline = World { pipeline: of_main("WebhookV2"), ..of_batch(members, &[]) };
    expect("a pipeline's", &pipeline, [Some("pipeline"), MAIN, Some("main"), Some("pipeline")]);
}

#[test]
fn sources_without_git_have_no_branch_and_retries_have_that_of_the_first_try() {
    for source in [json!({"type": "S3", "location": "bucket/app.zip"}), json!({"type": "NO_SOURCE"})] {
        let world = started(json!({"sourceVersion": null, "source": source}), &["refs/heads/main"]);
        expect(&source.to_string(), &world, [Some("user"), None, None, None]);
    }
    let retry = json!({
        "initiator": "service-role/AWSCodeBuild-1", "sourceVersion": "main",
        "autoRetryConfig": {"autoRetryLimit": 2, "previousAutoRetry": "shop:1"},
    });
    let expected = [Some("retry"), MAIN, Some("main"), Some("source-version")];
    expect("an automatic retry", &started(retry, &[]), expected);
}
