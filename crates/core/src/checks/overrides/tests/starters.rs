//! Settings that a starter sets by design are no override: none of its builds breaks, with any
//! kind.

use serde_json::{Value, json};

use super::{Given, Override};

pub(super) fn build() -> Value {
    json!({
        "startTime": "2026-11-22T08:00:00Z",
        "initiator": "alice",
        "source": {"type": "GITHUB", "location": "https://github.com/acme/app.git", "buildspec": "buildspec.yml",
            "auth": {"type": "OAUTH"}, "gitCloneDepth": 1, "insecureSsl": false, "reportBuildStatus": true},
        "secondarySources": [],
        "secondarySourceVersions": [],
        "artifacts": {"location": ""},
        "cache": {"type": "NO_CACHE"},
        "environment": {"type": "LINUX_CONTAINER", "image": "aws/codebuild/standard:7.0",
            "computeType": "BUILD_GENERAL1_SMALL", "environmentVariables": [], "privilegedMode": false,
            "imagePullCredentialsType": "CODEBUILD"},
        "serviceRole": "arn:aws:iam::111122223333:role/service-role/shop",
        "logs": {"groupName": "/aws/codebuild/shop", "streamName": "1", "cloudWatchLogs": {"status": "ENABLED"},
            "s3Logs": {"status": "DISABLED", "encryptionDisabled": false}},
        "timeoutInMinutes": 60,
        "queuedTimeoutInMinutes": 480,
        "encryptionKey": "arn:aws:kms:eu-west-1:111122223333:alias/aws/s3",
    })
}

pub(super) fn project() -> Value {
    json!({
        "name": "shop",
        "lastModified": "2026-11-21T08:00:00Z",
        "source": {"type": "GITHUB", "location": "https://github.com/acme/app", "auth": {"type": "OAUTH"},
            "gitCloneDepth": 1, "insecureSsl": false, "reportBuildStatus": true},
        "artifacts": {"type": "NO_ARTIFACTS"},
        "cache": {"type": "NO_CACHE"},
        "environment": {"type": "LINUX_CONTAINER", "image": "aws/codebuild/standard:7.0",
            "computeType": "BUILD_GENERAL1_SMALL", "environmentVariables": [], "privilegedMode": false,
            "imagePullCredentialsType": "CODEBUILD"},
        "serviceRole": "arn:aws:iam::111122223333:role/service-role/shop",
        "timeoutInMinutes": 60,
        "queuedTimeoutInMinutes": 480,
        "encryptionKey": "arn:aws:kms:eu-west-1:111122223333:alias/aws/s3",
    })
}

pub(super) fn with(mut object: Value, changes: &[(&str, Value)]) -> Value {
    for (pointer, value) in changes {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        object.pointer_mut(parent).unwrap()[name] = value.clone();
    }
    object
}

/// The settings that CodePipeline sets for each build, whatever the project has.
fn by_pipeline(initiator: &str) -> [(&'static str, Value); 8] {
    [
        ("/initiator", json!(initiator)),
        ("/source", json!({"type": "CODEPIPELINE", "buildspec": "buildspec.yml"})),
        ("/sourceVersion", json!("arn:aws:s3:::pipelines/shop/SourceArti/1f")),
        ("/secondarySources", json!([{"type": "CODEPIPELINE", "sourceIdentifier": "tools"}])),
        ("/artifacts", json!({"location": "arn:aws:s3:::pipelines/shop/BuildArtif/1f", "encryptionDisabled": false})),
        ("/secondaryArtifacts", json!([{"artifactIdentifier": "docs"}])),
        ("/encryptionKey", json!("arn:aws:kms:eu-west-1:111122223333:key/1f")),
        ("/environment/environmentVariables", json!([{"name": "STAGE", "value": "prod", "type": "PLAINTEXT"}])),
    ]
}

const COMMIT: &str = "4f5b68a94f5b68a94f5b68a94f5b68a94f5b68a9";
const BATCH_ROLE: &str = "batches/AWSCodeBuild-1d2c3b4a-0000-4000-8000-000000000001";

fn hook(scope: Value) -> [(&'static str, Value); 2] {
    [
        ("/webhook", json!({"scopeConfiguration": scope})),
        ("/source/location", json!("CODEBUILD_DEFAULT_WEBHOOK_SOURCE_LOCATION")),
    ]
}

#[track_caller]
fn passes_every_kind(name: &str, given: &Given) {
    for kind in Override::ALL {
        assert_eq!(given.judged(&[kind]), "pass", "{name}: {}", kind.name());
    }
}

#[test]
fn no_build_of_any_starter_breaks_any_kind() {
    let by_hook = |version: &str| {
        with(build(), &[("/initiator", json!("GitHub-Hookshot/4f5b68a")), ("/sourceVersion", json!(version))])
    };
    let hooked = || with(project(), &[("/webhook", json!({"url": "https://api.github.com/repos/acme/app/hooks/1"}))]);
    for (name, build, project) in [
        ("a user", build(), project()),
        ("a role", with(build(), &[("/initiator", json!("Developer/alice"))]), project()),
        ("a rule", with(build(), &[("/initiator", json!("rule/nightly"))]), project()),
        ("another build", with(build(), &[("/initiator", json!(BATCH_ROLE))]), project()),
        (
            "a role with the project's own branch",
            with(build(), &[("/initiator", json!("Developer/alice")), ("/sourceVersion", json!("refs/heads/main"))]),
            with(project(), &[("/sourceVersion", json!("main"))]),
        ),
        (
            "the action aws-codebuild-run-build, which always overrides the location",
            with(
                build(),
                &[
                    ("/initiator", json!("GitHub/actions")),
                    ("/source/location", json!("https://github.com/Acme/App.git")),
                ],
            ),
            project(),
        ),
        ("a push", by_hook(COMMIT), hooked()),
        ("a pull request", by_hook("pr/25"), hooked()),
        (
            "a push, where the project has a branch",
            by_hook(COMMIT),
            with(hooked(), &[("/sourceVersion", json!("main"))]),
        ),
        (
            "an organization's webhook",
            by_hook(COMMIT),
            with(project(), &hook(json!({"name": "Acme", "scope": "GITHUB_ORGANIZATION"}))),
        ),
        (
            "an enterprise's webhook",
            by_hook(COMMIT),
            with(project(), &hook(json!({"name": "acme-global", "scope": "GITHUB_GLOBAL"}))),
        ),
        (
            "a group's webhook",
            with(
                by_hook(COMMIT),
                &[
                    ("/source/type", json!("GITLAB")),
                    ("/source/location", json!("https://gitlab.com/acme/shop/app.git")),
                ],
            ),
            with(
                with(project(), &[("/source/type", json!("GITLAB"))]),
                &hook(json!({"name": "acme/shop", "scope": "GITLAB_GROUP"})),
            ),
        ),
        (
            "the webhook of an organization on a server of one's own",
            with(by_hook(COMMIT), &[("/source/location", json!("https://git.example.com/acme/app.git"))]),
            with(
                project(),
                &hook(json!({"name": "acme", "domain": "git.example.com", "scope": "GITHUB_ORGANIZATION"})),
            ),
        ),
        ("a pipeline", with(build(), &by_pipeline("codepipeline/release")), project()),
        (
            "an automatic retry",
            with(
                build(),
                &[
                    ("/initiator", json!("shop/AWSCodeBuild-1")),
                    (
                        "/autoRetryConfig",
                        json!({"autoRetryLimit": 2, "autoRetryNumber": 1, "previousAutoRetry": "arn:a"}),
                    ),
                ],
            ),
            with(project(), &[("/autoRetryLimit", json!(2))]),
        ),
    ] {
        passes_every_kind(name, &Given::of(build, project));
    }
}

/// The buildspec of a batch chooses image, machine and variables of each build.
#[test]
fn no_build_of_a_batch_breaks_any_kind() {
    let child = with(
        build(),
        &[
            ("/initiator", json!(BATCH_ROLE)),
            ("/buildBatchArn", json!("arn:aws:codebuild:eu-west-1:111122223333:build-batch/shop:1f")),
            ("/sourceVersion", json!(COMMIT)),
            ("/source/buildspec", json!("version: 0.2")),
            ("/environment/image", json!("tools:2")),
            ("/environment/computeType", json!("BUILD_GENERAL1_LARGE")),
            ("/environment/environmentVariables", json!([{"name": "NODE", "value": "22"}])),
            ("/timeoutInMinutes", json!(30)),
            ("/artifacts/location", json!("arn:aws:s3:::elsewhere/1f")),
            ("/autoRetryConfig", json!({"autoRetryLimit": 3})),
        ],
    );
    let batch = |changes: &[(&str, Value)]| {
        let mut batch = with(build(), changes);
        let members = batch.as_object_mut().unwrap();
        members.remove("logs");
        members.remove("timeoutInMinutes");
        members.insert("buildTimeoutInMinutes".into(), json!(60));
        members.insert("logConfig".into(), json!({"cloudWatchLogs": {"status": "ENABLED"}}));
        members.entry("debugSessionEnabled").or_insert(json!(false));
        batch
    };
    let hooked = with(project(), &[("/webhook", json!({}))]);
    for (name, batch, project) in [
        ("a user's batch", batch(&[]), project()),
        ("a role's batch", batch(&[("/initiator", json!("Developer/alice"))]), project()),
        (
            "a webhook's batch",
            batch(&[("/initiator", json!("GitHub-Hookshot/4f5b68a")), ("/sourceVersion", json!("pr/25"))]),
            hooked,
        ),
        ("a pipeline's batch", batch(&by_pipeline("codepipeline/release")), project()),
    ] {
        let given = Given { batch: Some(batch), ..Given::of(child.clone(), project) };
        passes_every_kind(name, &given);
    }
    let overridden = batch(&[("/environment/image", json!("tools:3")), ("/source/buildspec", json!("other.yml"))]);
    let given = Given { batch: Some(overridden), ..Given::of(child.clone(), project()) };
    assert_eq!(given.judged(&[Override::Image]), "image tools:3 instead of aws/codebuild/standard:7.0");
    assert_eq!(given.judged(&[Override::Buildspec]), "another buildspec");
    let given =
        Given { batch: Some(batch(&[("/debugSessionEnabled", json!(true))])), ..Given::of(child.clone(), project()) };
    assert_eq!(given.judged(&[Override::DebugSession]), "a debug session");
    assert_eq!(Given::of(child, project()).judged(&[Override::Image]), "unknown: batch");
}

/// A role that is named like a starter sets nothing by design.
#[test]
fn a_forged_starter_breaks_what_the_true_one_sets() {
    let forged = with(
        build(),
        &[
            ("/initiator", json!("codepipeline/release")),
            ("/environment/environmentVariables", json!([{"name": "STAGE", "value": "prod"}])),
        ],
    );
    assert_eq!(Given::of(forged, project()).judged(&[Override::Variables]), "variables STAGE");
    let forged = with(build(), &[("/initiator", json!("GitHub-Hookshot/1")), ("/sourceVersion", json!(COMMIT))]);
    let found = format!("source-version {COMMIT} instead of the default branch");
    assert_eq!(Given::of(forged, project()).judged(&[Override::SourceVersion]), found);
}

#[test]
fn a_repository_outside_of_the_webhooks_scope_breaks() {
    let build = |location: &str| {
        with(build(), &[("/initiator", json!("Developer/alice")), ("/source/location", json!(location))])
    };
    let scope = |name: &str, scope: &str| with(project(), &hook(json!({"name": name, "scope": scope})));
    let outside = |location: &str| {
        format!("source GITHUB {location} instead of a repository in the scope of the project's webhook")
    };
    for (location, scope, expected) in [
        ("https://github.com/evil/app", scope("acme", "GITHUB_ORGANIZATION"), outside("https://github.com/evil/app")),
        (
            "https://github.com/acme-evil/app",
            scope("acme", "GITHUB_ORGANIZATION"),
            outside("https://github.com/acme-evil/app"),
        ),
        (
            "https://evil.example.com/acme/app",
            scope("acme", "GITHUB_ORGANIZATION"),
            outside("https://evil.example.com/acme/app"),
        ),
        ("https://github.com/acme/app", scope("acme", "GITHUB_ORGANIZATION"), "pass".into()),
        (
            "https://evil.example.com/acme/app",
            scope("acme", "GITHUB_GLOBAL"),
            outside("https://evil.example.com/acme/app"),
        ),
        (
            "https://github.com/acme/app",
            scope("acme", "GITHUB_GLOBAL"),
            "unknown: source.location (the organizations of the webhook's enterprise are unknown)".into(),
        ),
        (
            "https://github.com/acme/app",
            with(project(), &[("/source/location", json!("CODEBUILD_DEFAULT_WEBHOOK_SOURCE_LOCATION"))]),
            "unknown: source.location (the project's webhook has no scope)".into(),
        ),
    ] {
        assert_eq!(Given::of(build(location), scope).judged(&[Override::Source]), expected, "{location}");
    }
}

/// Its first try may have been a webhook's, which only that build shows.
#[test]
fn the_version_of_a_retry_is_unknown() {
    let retry = with(
        build(),
        &[
            ("/initiator", json!("shop/AWSCodeBuild-1")),
            ("/sourceVersion", json!(COMMIT)),
            ("/autoRetryConfig", json!({"previousAutoRetry": "arn:a"})),
        ],
    );
    let expected = "unknown: source version (the build is a retry, and what started its first try is unknown)";
    assert_eq!(Given::of(retry, project()).judged(&[Override::SourceVersion]), expected);
}

/// Its first try may have been a pipeline's, which sets these by design.
#[test]
fn what_a_pipeline_sets_for_a_retry_is_unknown() {
    let retried = [
        ("/initiator", json!("shop/AWSCodeBuild-1")),
        ("/autoRetryConfig", json!({"autoRetryLimit": 2, "previousAutoRetry": "arn:a"})),
    ];
    let retry = with(with(build(), &by_pipeline("codepipeline/release")), &retried);
    for kind in Override::ALL.into_iter().filter(|kind| kind.is_set_by_pipelines()) {
        let found = Given::of(retry.clone(), project()).judged(&[kind]);
        assert!(found.starts_with("unknown: "), "{}: {found}", kind.name());
    }
    let variables = json!([{"name": "STAGE", "value": "prod", "type": "PLAINTEXT"}]);
    let retry = with(build(), &retried);
    let retry = with(retry, &[("/environment/environmentVariables", variables)]);
    assert_eq!(Given::of(retry, project()).judged(&[Override::Variables]), "variables STAGE");
}

/// An event does not show that a build is an automatic retry. The first try may be a webhook's.
#[test]
fn a_role_s_build_that_may_be_a_retry_breaks_nothing_before_that_is_known() {
    let event = with(
        build(),
        &[("/initiator", json!("shop-service-role/CodeBuildRetry-1")), ("/sourceVersion", json!(COMMIT))],
    );
    let hooked = with(project(), &[("/webhook", json!({"url": "https://api.github.com/repos/acme/app/hooks/1"}))]);
    let given = Given { is_event: true, ..Given::of(event.clone(), hooked.clone()) };
    let found = given.judged(&[Override::SourceVersion]);
    assert!(found.starts_with("unknown: "), "{found}");
    // The API shows that it is none.
    let found = Given::of(event, hooked).judged(&[Override::SourceVersion]);
    assert_eq!(found, format!("source-version {COMMIT} instead of the default branch"));
}

/// Whatever the project was when the build started.
#[test]
fn what_a_starter_sets_by_design_is_none_even_if_the_project_was_changed_later() {
    let changed = with(
        project(),
        &[
            ("/lastModified", json!("2026-11-22T08:00:01Z")),
            ("/webhook", json!({"url": "https://api.github.com/repos/acme/app/hooks/1"})),
        ],
    );
    let given = Given::of(with(build(), &by_pipeline("codepipeline/release")), changed.clone());
    for kind in Override::ALL.into_iter().filter(|kind| kind.is_set_by_pipelines()) {
        assert_eq!(given.judged(&[kind]), "pass", "{}", kind.name());
    }
    let push = with(build(), &[("/initiator", json!("GitHub-Hookshot/4f5b68a")), ("/sourceVersion", json!(COMMIT))]);
    assert_eq!(Given::of(push, changed).judged(&[Override::SourceVersion]), "pass");
}
