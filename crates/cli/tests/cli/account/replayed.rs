//! `buildbrake replay --account` and `buildbrake learn --account`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use buildbrake_testkit::codebuild::{ACCOUNT, CodeBuild, Endpoint};
use serde_json::{Value, json};

use super::{codebuild, ended, fresh_file, id};

fn policy() -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("account-policy.yaml");
    let rules = "
version: 1
rules:
  - { id: image, forbidden-overrides: [image] }
  - { id: timeout, max-timeout: 10m, only: [{ tags: { team: [shop] } }] }
";
    fs::write(&path, rules).unwrap();
    path
}

fn buildbrake(endpoint: &Endpoint, arguments: &str) -> Vec<u8> {
    let output = Command::new(env!("CARGO_BIN_EXE_buildbrake"))
        .args(arguments.split_whitespace())
        .env("AWS_ENDPOINT_URL", format!("http://{}", endpoint.address))
        .env("AWS_ACCESS_KEY_ID", ACCOUNT)
        .env("AWS_SECRET_ACCESS_KEY", "none")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "/none")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/none")
        .env_remove("AWS_PROFILE")
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// Builds of two projects, one of which has the tag that a rule needs.
fn account() -> CodeBuild {
    let codebuild = codebuild(2, 10);
    for (name, team) in [("shop-0000", "shop"), ("shop-0001", "web")] {
        let arn = format!("arn:aws:codebuild:eu-west-1:{ACCOUNT}:project/{name}");
        let environment = ended("eu-west-1", &id(name, 0), 1)["environment"].clone();
        codebuild.put_project(json!({
            "name": name, "arn": arn, "environment": environment, "tags": [{"key": "team", "value": team}],
        }));
    }
    codebuild
}

#[test]
fn an_accounts_history_is_judged_with_its_projects() {
    let (endpoint, file) = (account().listen(), fresh_file("replayed"));
    let replay = format!("replay --format json --policy {}", policy().display());
    let live = format!("{replay} --account --region eu-west-1 --save {}", file.display());
    let summary = |arguments: &str| -> Value { serde_json::from_slice(&buildbrake(&endpoint, arguments)).unwrap() };
    let first = summary(&live);
    assert_eq!((&first["judged"], &first["undecided"], &first["unreadable"]), (&json!(20), &json!(0), &json!(0)));
    assert_eq!((&first["rules"]["image"]["broken"], &first["rules"]["timeout"]["broken"]), (&json!(0), &json!(10)));
    assert_eq!(summary(&live), first, "the same again, from the file");
    assert_eq!(summary(&format!("{replay} {}", file.display())), first, "without the account");
    let learned = buildbrake(&endpoint, "learn --account --region eu-west-1");
    assert!(String::from_utf8(learned).unwrap().starts_with("# Proposed from 20 builds"));
}
