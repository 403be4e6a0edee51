use super::*;
use crate::model::{Build, BuildBatch, Project};

fn starters(build: &str, is_whole: bool, project: Option<&str>, batch: Option<&str>) -> String {
    let build: Build = serde_json::from_str(build).unwrap();
    let project: Option<Project> = project.map(|json| serde_json::from_str(json).unwrap());
    let batch: Option<BuildBatch> = batch.map(|json| serde_json::from_str(json).unwrap());
    let facts = Facts::known(&build, is_whole, project.as_ref(), jiff::Timestamp::UNIX_EPOCH);
    let Starters { possible, missing } = Facts { build_batch: batch.as_ref(), ..facts }.starters();
    let names: Vec<&str> = possible.iter().map(|starter| starter.name()).collect();
    let missing = missing.map(|fact| format!(" ({fact})")).unwrap_or_default();
    format!("{}{missing}", names.join(" or "))
}

const OWN_SESSION: &str = "batches/AWSCodeBuild-1d2c3b4a-0000-4000-8000-000000000001";
const ANY: &str = "user or role or webhook or pipeline or rule or build or retry";

#[test]
fn by_the_event() {
    for (initiator, expected) in [
        ("alice", "user"),
        ("CodeBuild-Jenkins-Plugin", "role"),
        ("Developer/alice", "role or retry (autoRetryConfig)"),
        ("AWSReservedSSO_Admin_0123456789abcdef/alice", "role or retry (autoRetryConfig)"),
        ("codepipeline/release", "pipeline or role (source.type)"),
        ("rule/nightly", "rule"),
        ("GitHub-Hookshot/4f5b68a", "webhook or role (project)"),
        ("Bitbucket-Webhooks/2.0", "webhook or role (project)"),
        ("GitLab/17.1.0-pre", "webhook or role (project)"),
        (OWN_SESSION, &format!("{ANY} (buildBatchArn)")),
    ] {
        assert_eq!(starters(&format!(r#"{{"initiator": "{initiator}"}}"#), false, None, None), expected, "{initiator}");
    }
    assert_eq!(starters("{}", false, None, None), format!("{ANY} (initiator)"));
    let build = r#"{"initiator": "codepipeline/release", "source": {"type": "CODEPIPELINE"}}"#;
    assert_eq!(starters(build, false, None, None), "pipeline");
}

/// As a policy test sets them.
#[test]
fn by_an_event_with_more_members() {
    let build = r#"{"initiator": "Developer/alice", "autoRetryConfig": {"autoRetryLimit": 2}}"#;
    assert_eq!(starters(build, false, None, None), "role");
    let build = format!(r#"{{"initiator": "{OWN_SESSION}", "buildBatchArn": ""}}"#);
    assert_eq!(starters(&build, false, None, None), "build");
}

#[test]
fn by_the_build() {
    for (build, expected) in [
        (r#"{"initiator": "Developer/alice"}"#, "role"),
        (r#"{"initiator": "Developer/alice", "autoRetryConfig": {"autoRetryLimit": 2, "autoRetryNumber": 0}}"#, "role"),
        (r#"{"initiator": "Developer/alice", "autoRetryConfig": {"previousAutoRetry": ""}}"#, "role"),
        (r#"{"initiator": "Developer/alice", "autoRetryConfig": {"previousAutoRetry": "arn:aws:x"}}"#, "retry"),
        (&format!(r#"{{"initiator": "{OWN_SESSION}"}}"#), "build"),
        (&format!(r#"{{"initiator": "{OWN_SESSION}", "buildBatchArn": "arn:aws:x"}}"#), &format!("{ANY} (batch)")),
    ] {
        assert_eq!(starters(build, true, None, None), expected, "{build}");
    }
}

#[test]
fn by_the_batch() {
    let build =
        format!(r#"{{"initiator": "{OWN_SESSION}", "buildBatchArn": "arn:aws:x", "source": {{"type": "S3"}}}}"#);
    for (batch, expected) in [
        (r#"{"initiator": "alice"}"#, "user"),
        (r#"{"initiator": "Developer/alice"}"#, "role"),
        (r#"{"initiator": "codepipeline/release", "source": {"type": "CODEPIPELINE"}}"#, "pipeline"),
        (r#"{"initiator": "codepipeline/release", "source": {"type": "GITHUB"}}"#, "role"),
        (r#"{"initiator": "codepipeline/release"}"#, "pipeline or role (batch.source.type)"),
        (&format!(r#"{{"initiator": "{OWN_SESSION}"}}"#), "build"),
        ("{}", &format!("{ANY} (batch.initiator)")),
    ] {
        assert_eq!(starters(&build, true, None, Some(batch)), expected, "{batch}");
    }
}

/// A role may have any of these names, and a session any name at all.
#[test]
fn a_role_that_is_named_like_a_starter_is_a_role() {
    for initiator in ["GitHub-Hookshot/4f5b68a", "Bitbucket-Webhooks/2.0", "GitLab/17.1.0-pre"] {
        let build = format!(r#"{{"initiator": "{initiator}"}}"#);
        assert_eq!(starters(&build, true, Some("{}"), None), "role", "{initiator}");
        assert_eq!(starters(&build, true, Some(r#"{"webhook": {}}"#), None), "webhook", "{initiator}");
    }
    let build = |kind: &str| format!(r#"{{"initiator": "codepipeline/release", "source": {{"type": "{kind}"}}}}"#);
    assert_eq!(starters(&build("GITHUB"), true, None, None), "role");
    assert_eq!(starters(&build("NO_SOURCE"), false, None, None), "role or retry (autoRetryConfig)");
    assert_eq!(starters(&build("CODEPIPELINE"), true, None, None), "pipeline");
}
