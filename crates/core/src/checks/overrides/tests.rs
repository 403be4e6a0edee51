use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::model::{Build, BuildBatch};

mod arguments;
mod empty;
mod starters;

/// The values with which a build is compared.
#[derive(Default)]
struct Given {
    build: Value,
    project: Value,
    batch: Option<Value>,
    is_event: bool,
}

impl Given {
    fn of(build: Value, project: Value) -> Self {
        Self { build, project, ..Self::default() }
    }

    /// `pass`, the differences, or `unknown: ` and the fact.
    fn judged(&self, overrides: &[Override]) -> String {
        let build: Build = serde_json::from_value(self.build.clone()).unwrap();
        let project: Project = serde_json::from_value(self.project.clone()).unwrap();
        let batch: Option<BuildBatch> = self.batch.clone().map(|batch| serde_json::from_value(batch).unwrap());
        let facts = Facts::known(&build, !self.is_event, Some(&project), Timestamp::UNIX_EPOCH);
        let facts = Facts { build_batch: batch.as_ref(), ..facts };
        match (ForbiddenOverrides { overrides: overrides.to_vec() }).decide(&facts) {
            Answer::Pass => "pass".into(),
            Answer::Broken(found) => found,
            Answer::Unknown(fact) => format!("unknown: {fact}"),
        }
    }
}

/// A saved build and its project have their variables without values.
#[test]
fn a_value_that_was_left_out_is_unknown() {
    let judged = |build: Value, project: Value, is_saved: bool| {
        let settings =
            |variable: Value| json!({"initiator": "alice", "environment": {"environmentVariables": [variable]}});
        let build: Build = serde_json::from_value(settings(build)).unwrap();
        let project: Project = serde_json::from_value(settings(project)).unwrap();
        let facts = Facts { is_saved, ..Facts::known(&build, true, Some(&project), Timestamp::UNIX_EPOCH) };
        match (ForbiddenOverrides { overrides: vec![Override::Variables] }).decide(&facts) {
            Answer::Pass => "pass".to_owned(),
            Answer::Broken(found) => found,
            Answer::Unknown(fact) => format!("unknown: {fact}"),
        }
    };
    let unknown = "unknown: environment.environmentVariables[].value (the input does not contain it)";
    let (saved, raw) = (json!({"name": "STAGE", "type": "PLAINTEXT"}), json!({"name": "STAGE", "value": "prod"}));
    for (build, project) in [(&saved, &saved), (&saved, &raw), (&raw, &saved)] {
        assert_eq!(judged(build.clone(), project.clone(), true), unknown, "{build} {project}");
    }
    assert_eq!(judged(raw.clone(), raw.clone(), true), "pass");
    assert_eq!(judged(raw.clone(), json!({"name": "STAGE", "value": "dev"}), true), "variables STAGE");
    let other_type = json!({"name": "STAGE", "type": "PARAMETER_STORE"});
    assert_eq!(judged(saved.clone(), other_type, true), "variables STAGE");
    assert_eq!(judged(saved.clone(), json!({"name": "OTHER"}), true), "variables STAGE");
    // The function's builds are the API's own.
    assert_eq!(judged(saved.clone(), saved, false), "pass");
}

/// An ARN has six characters more than the secret's name.
#[test]
fn a_secret_by_its_name_is_that_of_its_arn() {
    let arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:hub-AbCdEf";
    for (one, other, is_same) in [
        (arn, arn, true),
        (arn, "hub", true),
        (arn, "hub-AbCdEf", true),
        (arn, "hu", false),
        (arn, "other", false),
        ("hub-AbCdEf", "hub", false),
        (arn, "arn:aws:secretsmanager:eu-west-1:111122223333:secret:hub-GhIjKl", false),
        ("arn:aws:secretsmanager:eu-west-1:444455556666:secret:hub-AbCdEf", "hub", false),
        ("arn:aws:secretsmanager:us-east-1:111122223333:secret:hub-AbCdEf", "hub", false),
    ] {
        let registry = |name: &str| json!({"environment": {"registryCredential": {"credential": name}}});
        let auth = |name: &str| json!({"source": {"auth": {"type": "SECRETS_MANAGER", "resource": name}}});
        for (ours, theirs) in [(one, other), (other, one)] {
            let found = judged(Override::Registry, &registry(ours), &registry(theirs));
            assert_eq!(found == "pass", is_same, "{ours} {theirs}: {found}");
            let found = judged(Override::SourceAuth, &auth(ours), &auth(theirs));
            assert_eq!(found == "pass", is_same, "{ours} {theirs}: {found}");
        }
    }
}

/// Judges the build of a user.
fn judged(kind: Override, build: &Value, project: &Value) -> String {
    let mut build = build.clone();
    build["initiator"] = json!("alice");
    build["arn"] = json!("arn:aws:codebuild:eu-west-1:111122223333:build/shop:1");
    Given::of(build, project.clone()).judged(&[kind])
}

const COMMIT: &str = "d5b0159a3ce05a95d7f16055dab3e0ae3cae6cff";

const ARN: &str = "arn:aws:kms:eu-west-1:111122223333";

#[test]
fn each_kind_breaks() {
    let environment = |ours: Value, theirs: Value| (json!({"environment": ours}), json!({"environment": theirs}));
    let source = |ours: Value, theirs: Value| (json!({"source": ours}), json!({"source": theirs}));
    for (kind, (build, project), expected) in [
        (
            Override::Image,
            environment(json!({"image": "tools:2"}), json!({"image": "tools:1"})),
            "image tools:2 instead of tools:1",
        ),
        (
            Override::Compute,
            environment(
                json!({"type": "LINUX_CONTAINER", "computeType": "BUILD_GENERAL1_LARGE"}),
                json!({"type": "LINUX_CONTAINER", "computeType": "BUILD_GENERAL1_SMALL"}),
            ),
            "compute LINUX_CONTAINER/BUILD_GENERAL1_LARGE instead of LINUX_CONTAINER/BUILD_GENERAL1_SMALL",
        ),
        (
            Override::Compute,
            environment(json!({"fleet": {"fleetArn": "arn:a"}}), json!({"fleet": {"fleetArn": "arn:b"}})),
            "compute arn:a instead of arn:b",
        ),
        (
            Override::Compute,
            environment(json!({"fleet": {"fleetArn": "arn:a"}}), json!({})),
            "compute arn:a instead of none",
        ),
        (
            Override::Compute,
            environment(json!({}), json!({"fleet": {"fleetArn": "arn:b"}})),
            "compute none instead of arn:b",
        ),
        (
            Override::Compute,
            environment(json!({"computeConfiguration": {"vCpu": 8}}), json!({"computeConfiguration": {"vCpu": 4}})),
            "compute with another computeConfiguration",
        ),
        (
            Override::Privileged,
            environment(json!({"privilegedMode": true}), json!({})),
            "privileged true instead of false",
        ),
        (
            Override::HostKernel,
            environment(json!({"hostKernel": "LINUX_KERNEL_4"}), json!({})),
            "host-kernel LINUX_KERNEL_4 instead of none",
        ),
        (
            Override::Certificate,
            environment(json!({"certificate": "other/ca.pem"}), json!({"certificate": "certificates/ca.pem"})),
            "certificate other/ca.pem instead of certificates/ca.pem",
        ),
        (
            Override::Registry,
            environment(json!({"imagePullCredentialsType": "SERVICE_ROLE"}), json!({})),
            "registry SERVICE_ROLE instead of CODEBUILD",
        ),
        (
            Override::Registry,
            environment(json!({"registryCredential": {"credential": "hub"}}), json!({})),
            "another registry credential",
        ),
        (
            Override::Variables,
            environment(
                json!({"environmentVariables": [
                    {"name": "STAGE", "value": "prod-1f", "type": "PLAINTEXT"},
                    {"name": "TOKEN", "value": "s3cret", "type": "PLAINTEXT"},
                    {"name": "SAME", "value": "same", "type": "PLAINTEXT"}
                ]}),
                json!({"environmentVariables": [
                    {"name": "SAME", "value": "same"},
                    {"name": "STAGE", "value": "dev"},
                    {"name": "TOKEN", "value": "s3cret", "type": "SECRETS_MANAGER"}
                ]}),
            ),
            "variables STAGE TOKEN",
        ),
        (
            Override::Source,
            source(
                json!({"type": "GITHUB", "location": "https://user:s3cret@github.com/evil/app"}),
                json!({"type": "GITHUB", "location": "https://github.com/acme/app"}),
            ),
            "source GITHUB https://github.com/evil/app instead of GITHUB https://github.com/acme/app",
        ),
        (
            Override::Source,
            source(json!({"type": "NO_SOURCE"}), json!({"type": "GITHUB", "location": "https://github.com/acme/app"})),
            "source NO_SOURCE instead of GITHUB https://github.com/acme/app",
        ),
        (
            Override::SourceAuth,
            source(
                json!({"auth": {"type": "SECRETS_MANAGER", "resource": "arn:s3cret"}}),
                json!({"auth": {"type": "OAUTH"}}),
            ),
            "another source-auth",
        ),
        (Override::InsecureSsl, source(json!({"insecureSsl": true}), json!({})), "insecure-ssl true instead of false"),
        (
            Override::SourceVersion,
            (json!({"sourceVersion": "main"}), json!({})),
            "source-version main instead of the default branch",
        ),
        (
            Override::SourceVersion,
            (json!({"sourceVersion": "pr/25"}), json!({"sourceVersion": "main"})),
            "source-version pr/25 instead of main",
        ),
        (
            Override::SourceVersion,
            (json!({"sourceVersion": "main~50"}), json!({"sourceVersion": "main"})),
            "source-version main~50 instead of main",
        ),
        (
            Override::SourceVersion,
            (json!({"sourceVersion": format!("refs/heads/main^{{{COMMIT}}}")}), json!({"sourceVersion": "main"})),
            "source-version refs/heads/main^{d5b0159a3ce05a95d7f16055dab3e0ae3cae6cff} instead of main",
        ),
        (
            Override::SourceVersion,
            (json!({"sourceVersion": "HEAD~50"}), json!({})),
            "source-version HEAD~50 instead of the default branch",
        ),
        (
            Override::InsecureSsl,
            (
                json!({"secondarySources": [{"sourceIdentifier": "tools", "insecureSsl": true}]}),
                json!({"secondarySources": [{"sourceIdentifier": "tools"}]}),
            ),
            "insecure-ssl true instead of false in the secondary source tools",
        ),
        (
            Override::SourceAuth,
            (
                json!({"secondarySources": [
                    {"sourceIdentifier": "tools", "auth": {"type": "SECRETS_MANAGER", "resource": "other"}}]}),
                json!({"secondarySources": [
                    {"sourceIdentifier": "tools", "auth": {"type": "SECRETS_MANAGER", "resource": "one"}}]}),
            ),
            "another source-auth of the secondary source tools",
        ),
        (
            Override::SecondarySources,
            (
                json!({"secondarySources": [
                    {"sourceIdentifier": "tools", "type": "GITHUB", "location": "https://github.com/evil/tools"}]}),
                json!({"secondarySources": [
                    {"sourceIdentifier": "tools", "type": "GITHUB", "location": "https://github.com/acme/tools"}]}),
            ),
            "secondary-sources tools",
        ),
        (
            Override::SecondarySources,
            (
                json!({
                    "secondarySources": [{"sourceIdentifier": "tools", "type": "S3", "location": "a/b"}],
                    "secondarySourceVersions": [{"sourceIdentifier": "tools", "sourceVersion": "2"}],
                }),
                json!({"secondarySources": [{"sourceIdentifier": "tools", "type": "S3", "location": "a/b"}]}),
            ),
            "secondary-sources tools",
        ),
        (
            Override::SecondarySources,
            (json!({}), json!({"secondarySources": [{"sourceIdentifier": "tools", "type": "S3", "location": "a/b"}]})),
            "secondary-sources tools",
        ),
        (Override::Buildspec, source(json!({"buildspec": "version: 0.2 # s3cret"}), json!({})), "another buildspec"),
        (Override::Timeout, (json!({"timeoutInMinutes": 480}), json!({})), "timeout 480m instead of 60m"),
        (
            Override::QueuedTimeout,
            (json!({"queuedTimeoutInMinutes": 60}), json!({})),
            "queued-timeout 60m instead of 480m",
        ),
        (
            Override::ServiceRole,
            (json!({"serviceRole": "arn:aws:iam::1:role/admin"}), json!({"serviceRole": "arn:aws:iam::1:role/shop"})),
            "service-role arn:aws:iam::1:role/admin instead of arn:aws:iam::1:role/shop",
        ),
        (
            Override::ServiceRole,
            (json!({"serviceRole": "arn:aws:iam::1:role/admin"}), json!({"serviceRole": "shop"})),
            "service-role arn:aws:iam::1:role/admin instead of shop",
        ),
        (
            Override::EncryptionKey,
            (json!({"encryptionKey": "alias/other"}), json!({})),
            "encryption-key alias/other instead of alias/aws/s3",
        ),
        (
            Override::EncryptionKey,
            (json!({"encryptionKey": format!("{ARN}:key/1")}), json!({"encryptionKey": format!("{ARN}:key/2")})),
            &format!("encryption-key {ARN}:key/1 instead of {ARN}:key/2"),
        ),
        (
            Override::Artifacts,
            (
                json!({"artifacts": {"location": "arn:aws:s3:::other/a/b.zip"}}),
                json!({"artifacts": {"location": "acme"}}),
            ),
            "artifacts other instead of acme",
        ),
        (
            Override::Artifacts,
            (json!({"artifacts": {"encryptionDisabled": true}}), json!({})),
            "artifacts without encryption",
        ),
        (
            Override::Artifacts,
            (json!({"secondaryArtifacts": [{"artifactIdentifier": "b"}, {"artifactIdentifier": "a"}]}), json!({})),
            "artifacts a b instead of none",
        ),
        (
            Override::Logs,
            (json!({"logs": {"cloudWatchLogs": {"status": "DISABLED"}}}), json!({})),
            "logs DISABLED instead of CloudWatch",
        ),
        (
            Override::Logs,
            (
                json!({"logs": {"cloudWatchLogs": {"status": "ENABLED", "groupName": "other"}}}),
                json!({"logsConfig": {"cloudWatchLogs": {"status": "ENABLED", "groupName": "acme"}}}),
            ),
            "logs CloudWatch other instead of CloudWatch acme",
        ),
        (
            Override::Logs,
            (
                json!({"logs": {"s3Logs": {"status": "ENABLED", "location": "other/logs"}}}),
                json!({"logsConfig": {"s3Logs": {"status": "ENABLED", "location": "acme/logs"}}}),
            ),
            "logs S3 other/logs instead of S3 acme/logs",
        ),
        (
            Override::Cache,
            (json!({"cache": {"type": "S3", "location": "other"}}), json!({"cache": {"type": "NO_CACHE"}})),
            "cache S3 other instead of none",
        ),
        (Override::DebugSession, (json!({"debugSession": {"sessionEnabled": true}}), json!({})), "a debug session"),
        (
            Override::AutoRetry,
            (json!({"autoRetryConfig": {"autoRetryLimit": 10}}), json!({})),
            "auto-retry 10 instead of 0",
        ),
    ] {
        let found = judged(kind, &build, &project);
        assert_eq!(found, expected, "{}", kind.name());
        assert!(!found.contains("s3cret"), "{found}");
    }
}

/// Null, absent, empty and the API's own default are the same, and so are two spellings.
#[test]
fn what_is_the_same_is_no_override() {
    let environment = |value: Value| json!({"environment": value});
    let source = |value: Value| json!({"source": value});
    let logs = |value: Value| json!({"logs": value, "logsConfig": value});
    let location = |location: &str| source(json!({"type": "GITHUB", "location": location}));
    let secondary = |location: &str| json!({"sourceIdentifier": location, "type": "S3", "location": location});
    let same: [(Override, Vec<Value>); 20] = [
        (
            Override::Image,
            ["tools", "tools:latest", "docker.io/library/tools", "index.docker.io/library/tools:latest"]
                .map(|image| environment(json!({"image": image})))
                .into(),
        ),
        (
            Override::Compute,
            vec![
                environment(json!({"fleet": {"fleetArn": "arn:a"}, "computeType": "BUILD_GENERAL1_SMALL"})),
                environment(json!({"fleet": {"fleetArn": "arn:a"}, "computeType": "BUILD_GENERAL1_LARGE"})),
                environment(json!({"fleet": {"fleetArn": "arn:a"}, "computeConfiguration": {"vCpu": 8}})),
            ],
        ),
        (
            Override::Compute,
            vec![
                json!({}),
                environment(json!({"fleet": null, "computeConfiguration": {}})),
                environment(json!({"fleet": {"fleetArn": ""}, "computeConfiguration": null})),
            ],
        ),
        (Override::Privileged, vec![json!({}), environment(json!({"privilegedMode": false}))]),
        (Override::HostKernel, vec![json!({}), environment(json!({"hostKernel": ""}))]),
        (Override::Certificate, vec![json!({}), environment(json!({"certificate": ""}))]),
        (
            Override::Registry,
            vec![
                json!({}),
                environment(json!({"imagePullCredentialsType": "CODEBUILD", "registryCredential": {"credential": ""}})),
            ],
        ),
        (
            Override::Variables,
            vec![
                environment(json!({"environmentVariables": [{"name": "A", "value": ""}, {"name": "B", "value": "1"}]})),
                environment(json!({"environmentVariables": [
                    {"name": "B", "value": "1", "type": "PLAINTEXT"}, {"name": "A", "type": "PLAINTEXT"}]})),
            ],
        ),
        (
            Override::Source,
            [
                "https://github.com/acme/app",
                "https://github.com/Acme/App.git",
                "git@github.com:acme/app.git",
                "https://user@www.github.com:443/acme/./app/",
            ]
            .map(location)
            .into(),
        ),
        (Override::SourceAuth, vec![json!({}), source(json!({"auth": {}}))]),
        (Override::InsecureSsl, vec![json!({}), source(json!({"insecureSsl": false}))]),
        (
            Override::SourceVersion,
            ["main", "refs/heads/main", "heads/main", "origin/main", " main", "main~0", "main^{commit}"]
                .map(|version| json!({"sourceVersion": version}))
                .into(),
        ),
        (
            Override::SecondarySources,
            vec![
                json!({"secondarySources": [secondary("a"), secondary("b")], "secondarySourceVersions": []}),
                json!({"secondarySources": [secondary("b"), secondary("a")]}),
            ],
        ),
        (
            Override::Buildspec,
            vec![json!({}), source(json!({"buildspec": ""})), source(json!({"buildspec": "buildspec.yml"}))],
        ),
        (Override::Timeout, vec![json!({}), json!({"timeoutInMinutes": 60})]),
        (Override::QueuedTimeout, vec![json!({}), json!({"queuedTimeoutInMinutes": 480})]),
        (
            Override::ServiceRole,
            vec![
                json!({"serviceRole": "shop"}),
                json!({"serviceRole": "arn:aws:iam::111122223333:role/service-role/shop"}),
            ],
        ),
        (
            Override::EncryptionKey,
            vec![
                json!({}),
                json!({"encryptionKey": "alias/aws/s3"}),
                json!({"encryptionKey": format!("{ARN}:alias/aws/s3")}),
            ],
        ),
        (
            Override::Logs,
            vec![
                json!({}),
                logs(json!({"groupName": "/aws/codebuild/shop", "streamName": "1"})),
                logs(
                    json!({"cloudWatchLogs": {"status": "ENABLED"}, "s3Logs": {"status": "DISABLED", "location": "a"}}),
                ),
            ],
        ),
        (
            Override::Cache,
            vec![json!({}), json!({"cache": {"type": "NO_CACHE", "location": "a"}}), json!({"cache": {"modes": []}})],
        ),
    ];
    for (kind, values) in same {
        for build in &values {
            for project in &values {
                assert_eq!(judged(kind, build, project), "pass", "{} {build} {project}", kind.name());
            }
        }
    }
    let build = json!({"artifacts": {"location": "arn:aws:s3:::acme/shop/1.zip", "sha256sum": "1f"}});
    let project = json!({"artifacts": {"location": "acme", "path": "shop", "encryptionDisabled": false}});
    assert_eq!(judged(Override::Artifacts, &build, &project), "pass");
    assert_eq!(judged(Override::Artifacts, &json!({"artifacts": {"location": ""}}), &json!({})), "pass");
    let s3 = |location: &str| json!({"s3Logs": {"status": "ENABLED", "location": location}});
    let (build, project) = (json!({"logs": s3("arn:aws:s3:::acme/logs/")}), json!({"logsConfig": s3("acme/logs")}));
    assert_eq!(judged(Override::Logs, &build, &project), "pass");
    // A build that was started without a version has that of its project.
    assert_eq!(judged(Override::SourceVersion, &json!({}), &json!({"sourceVersion": "main"})), "pass");
    assert_eq!(judged(Override::SourceVersion, &json!({"sourceVersion": "HEAD"}), &json!({})), "pass");
    assert_eq!(
        judged(Override::SourceVersion, &json!({"sourceVersion": "main^"}), &json!({"sourceVersion": "main~1"})),
        "pass"
    );
    let (upper, lower) = (json!({"sourceVersion": COMMIT.to_uppercase()}), json!({"sourceVersion": COMMIT}));
    assert_eq!(judged(Override::SourceVersion, &upper, &lower), "pass");
}

#[test]
fn what_cannot_be_told_is_unknown() {
    let source = |kind: &str, location: &str| json!({"source": {"type": kind, "location": location}});
    for (kind, build, project, expected) in [
        (
            Override::EncryptionKey,
            json!({"encryptionKey": format!("{ARN}:key/1")}),
            json!({"encryptionKey": "alias/acme"}),
            "encryption key (an ARN and an alias may name the same key)",
        ),
        (
            Override::EncryptionKey,
            json!({"encryptionKey": format!("{ARN}:key/1")}),
            json!({}),
            "encryption key (an ARN and an alias may name the same key)",
        ),
        (
            Override::Image,
            json!({"startTime": "2026-11-22T08:00:00Z", "environment": {"image": "a"}}),
            json!({"lastModified": "2026-11-22T08:00:00.001Z", "environment": {"image": "b"}}),
            "project (the project was changed after the build started)",
        ),
        (Override::Image, json!({}), json!({"lastModified": "2026-11-22T08:00:00Z"}), "startTime"),
        (
            Override::Source,
            source("GITHUB", "https://github.com/acme/app%2Fx"),
            source("GITHUB", "https://github.com/acme/app"),
            "source.location (`%2F` in a path can be read in two ways)",
        ),
        (
            Override::SourceVersion,
            json!({"sourceVersion": "HEAD"}),
            json!({"sourceVersion": "main"}),
            "source version (the remote's default branch is unknown)",
        ),
        (
            Override::SourceVersion,
            json!({"sourceVersion": "refs/tags/v1"}),
            json!({"sourceVersion": "v1"}),
            "source version (a name may be that of a branch, a tag or a commit)",
        ),
        (
            Override::SourceVersion,
            json!({"sourceVersion": "main^0~1"}),
            json!({"sourceVersion": "main~1"}),
            "source version (two ways through the history may lead to one commit)",
        ),
        (
            Override::SourceVersion,
            json!({"sourceVersion": &COMMIT[..8]}),
            json!({"sourceVersion": COMMIT}),
            "source version (a name may be that of a branch, a tag or a commit)",
        ),
        (
            Override::Logs,
            json!({}),
            json!({"logsConfig": {"cloudWatchLogs": {"groupName": "acme"}}}),
            "logs.cloudWatchLogs",
        ),
    ] {
        assert_eq!(judged(kind, &build, &project), format!("unknown: {expected}"), "{build} {project}");
    }
}

/// The API is asked for what an event lacks; an override that the event shows breaks the rule
/// without a question.
#[test]
fn an_event_shows_some_of_it() {
    let event = json!({
        "initiator": "alice",
        "startTime": "2026-11-22T08:00:00Z",
        "sourceVersion": "main",
        "timeoutInMinutes": 60,
        "environment": {"type": "LINUX_CONTAINER", "computeType": "BUILD_GENERAL1_SMALL", "image": "a", "privilegedMode": true,
            "environmentVariables": []},
        "source": {"type": "GITHUB", "location": "https://github.com/acme/app", "buildspec": "a"},
    });
    for (kind, expected) in [
        (Override::Image, "image a instead of b"),
        (Override::Compute, "unknown: environment.fleet"),
        (Override::Privileged, "privileged true instead of false"),
        (Override::HostKernel, "unknown: environment.hostKernel"),
        (Override::Registry, "unknown: environment.imagePullCredentialsType"),
        (Override::Variables, "pass"),
        (Override::Source, "pass"),
        (Override::SecondarySources, "unknown: secondarySources"),
        (Override::Timeout, "pass"),
        (Override::ServiceRole, "unknown: serviceRole"),
        (Override::EncryptionKey, "unknown: encryptionKey"),
        (Override::Logs, "unknown: logs.cloudWatchLogs"),
        (Override::Cache, "unknown: cache"),
        (Override::DebugSession, "unknown: debugSession.sessionEnabled"),
        (Override::AutoRetry, "unknown: autoRetryConfig.autoRetryLimit"),
        (Override::SourceVersion, "source-version main instead of the default branch"),
    ] {
        let project = json!({
            "lastModified": "2026-11-21T08:00:00Z",
            "environment": {"type": "LINUX_CONTAINER", "computeType": "BUILD_GENERAL1_SMALL", "image": "b"},
            "source": {"type": "GITHUB", "location": "https://github.com/acme/app.git", "buildspec": "a"},
        });
        let given = Given { is_event: true, ..Given::of(event.clone(), project) };
        assert_eq!(given.judged(&[kind]), expected, "{}", kind.name());
    }
}

/// A part that an event lacks, or that cannot be read, may be like the project's.
#[test]
fn what_an_event_shows_only_in_part_is_unknown() {
    for (kind, event, project, expected) in [
        (
            Override::Compute,
            json!({"environment": {"computeType": "BUILD_GENERAL1_SMALL"}}),
            json!({"environment": {"type": "LINUX_CONTAINER", "computeType": "BUILD_GENERAL1_SMALL"}}),
            "environment.type",
        ),
        (
            Override::Source,
            json!({"source": {"type": "GITHUB"}}),
            json!({"source": {"type": "GITHUB", "location": "https://github.com/acme/app"}}),
            "source.location",
        ),
        (
            Override::SourceAuth,
            json!({"source": {"auth": {"type": "CODECONNECTIONS"}}}),
            json!({"source": {"auth": {"type": "CODECONNECTIONS", "resource": "arn:a"}}}),
            "source.auth.resource",
        ),
        (Override::Cache, json!({"cache": {}}), json!({"cache": {"type": "S3", "location": "acme"}}), "cache.type"),
        (
            Override::Cache,
            json!({"cache": {"type": "S3"}}),
            json!({"cache": {"type": "S3", "location": "acme"}}),
            "cache.location",
        ),
        (
            Override::Cache,
            json!({"cache": {"type": "LOCAL"}}),
            json!({"cache": {"type": "LOCAL", "modes": ["LOCAL_SOURCE_CACHE"]}}),
            "cache.modes",
        ),
        (
            Override::Registry,
            json!({"environment": {"imagePullCredentialsType": "SERVICE_ROLE", "registryCredential": {}}}),
            json!({"environment": {"imagePullCredentialsType": "SERVICE_ROLE", "registryCredential": {"credential": "hub"}}}),
            "environment.registryCredential.credential",
        ),
        (
            Override::Logs,
            json!({"logs": {"cloudWatchLogs": {}, "s3Logs": {"status": "DISABLED"}}}),
            json!({"logsConfig": {"cloudWatchLogs": {"status": "DISABLED"}}}),
            "logs.cloudWatchLogs.status",
        ),
        (
            Override::Logs,
            json!({"logs": {"cloudWatchLogs": {"status": "ENABLED"}, "s3Logs": {"status": "ENABLED"}}}),
            json!({"logsConfig": {"s3Logs": {"status": "ENABLED", "location": "acme/logs"}}}),
            "logs.s3Logs.location",
        ),
    ] {
        let mut event = event;
        event["initiator"] = json!("alice");
        let given = Given { is_event: true, ..Given::of(event.clone(), project.clone()) };
        assert_eq!(given.judged(&[kind]), format!("unknown: {expected}"), "{}", kind.name());
        // A Build shows all that it has.
        assert!(!Given::of(event, project).judged(&[kind]).starts_with("unknown"), "{}", kind.name());
    }
}

/// A member that no event contains is absent in a policy test of an event, unless the test gives
/// it.
#[test]
fn the_event_of_a_policy_test_has_no_fleet_and_no_secondary_sources() {
    let json = r#"{"initiator": "alice", "environment": {"type": "A", "computeType": "B"}}"#;
    let (build, project) = (serde_json::from_str::<Build>(json).unwrap(), serde_json::from_str(json).unwrap());
    let facts = Facts::known(&build, false, Some(&project), Timestamp::UNIX_EPOCH);
    let check = ForbiddenOverrides { overrides: vec![Override::Compute, Override::SecondarySources] };
    assert_eq!(check.decide(&facts), Answer::Unknown(MissingFact::Absent("environment.fleet")));
    assert_eq!(check.decide(&Facts { is_sample: true, ..facts }), Answer::Pass);
}

/// A debug session is the call's alone, whatever the project has become.
#[test]
fn a_debug_session_needs_no_project() {
    let build = serde_json::from_value::<Build>(json!({"debugSession": {"sessionEnabled": true}})).unwrap();
    let facts = Facts::known(&build, true, None, Timestamp::UNIX_EPOCH);
    let check = ForbiddenOverrides { overrides: vec![Override::DebugSession] };
    assert_eq!(check.decide(&facts), Answer::Broken("a debug session".into()));
    let check = ForbiddenOverrides { overrides: vec![Override::Image] };
    assert_eq!(check.decide(&facts), Answer::Unknown(MissingFact::NoProject));
}

#[test]
fn a_cache_without_a_location_is_named_with_single_spaces() {
    let build = json!({"cache": {"type": "LOCAL", "modes": ["LOCAL_SOURCE_CACHE"]}});
    let found = judged(Override::Cache, &build, &json!({"cache": {"type": "NO_CACHE"}}));
    assert!(found.contains("LOCAL LOCAL_SOURCE_CACHE"), "{found}");
}
