//! The settings of the real function: it starts only if all of them are valid.

use std::{fs, path::Path};

use buildbrake_testkit::{codebuild::CodeBuild, events::event};
use serde_json::Value;

use crate::PROGRAM;

const POLICY: &str = "version: 1\nrules: [{id: short-builds, max-timeout: 60m}]\n";

/// The errors that a failed start has logged.
fn errors(policy: &str, settings: &[(&str, &str)]) -> Vec<Value> {
    let (end, log) = PROGRAM.start_in_vain(policy, settings);
    assert!(!end.success(), "{log}");
    let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line["level"] == "ERROR").collect()
}

#[test]
fn a_faulty_policy_is_refused_with_all_its_faults_and_their_places() {
    let policy = "\
version: 1
rules:
  - id: short-builds
    max-timeout: 60 minutes or so
  - id: short-builds
    forbidden-branchs: [main]
";
    let faults = errors(policy, &[]);
    let places: Vec<_> = faults.iter().map(|fault| (&fault["line"], &fault["column"])).collect();
    let expected = [(4, 18), (5, 9), (6, 5)].map(|(line, column)| (Value::from(line), Value::from(column)));
    assert_eq!(places, expected.iter().map(|(line, column)| (line, column)).collect::<Vec<_>>(), "{faults:#?}");
    assert!(faults[0]["message"].as_str().unwrap().contains("60 minutes or so"));
    assert!(faults[1]["message"].as_str().unwrap().contains("duplicate rule id `short-builds`"));
    assert!(faults[2]["help"].as_str().unwrap().contains("forbidden-branches"));
}

#[test]
fn the_faults_of_the_policy_and_of_the_configuration_are_reported_at_once() {
    let errors = errors("version: 2\n", &[("AWS_MAX_ATTEMPTS", "many")]);
    let messages: Vec<&str> = errors.iter().map(|error| error["message"].as_str().unwrap()).collect();
    assert!(messages[0].starts_with("AWS_MAX_ATTEMPTS: `many`"), "{messages:?}");
    assert!(messages.len() > 1 && messages[1..].iter().all(|message| message.contains("policy")), "{messages:?}");
}

#[test]
fn a_file_that_is_no_yaml_is_refused_at_its_place() {
    let faults = errors("version: 1\nrules: [\n", &[]);
    assert_eq!(faults.len(), 1);
    assert!(faults[0]["line"].is_u64() && faults[0]["column"].is_u64(), "{faults:?}");
}

#[test]
fn a_policy_that_is_not_there_is_named() {
    let errors = errors(POLICY, &[("BUILDBRAKE_POLICY", "/opt/no-such-policy.yaml")]);
    assert_eq!(errors.len(), 1);
    let message = errors[0]["message"].as_str().unwrap();
    assert!(message.contains("BUILDBRAKE_POLICY") && message.contains("/opt/no-such-policy.yaml"), "{message}");
}

#[test]
fn a_mode_that_is_none_is_refused_with_those_there_are() {
    for mode in ["Enforce", "dry-run", " report"] {
        let errors = errors(POLICY, &[("BUILDBRAKE_MODE", mode)]);
        assert_eq!(errors.len(), 1);
        let message = errors[0]["message"].as_str().unwrap();
        for part in ["BUILDBRAKE_MODE", mode, "`enforce`, `report` and `off`"] {
            assert!(message.contains(part), "{part} in {message}");
        }
    }
}

#[test]
fn faulty_git_settings_are_refused_with_all_their_faults() {
    let errors = errors(
        POLICY,
        &[
            ("BUILDBRAKE_GIT_HOSTS", "github.com,git.example.com/acme"),
            ("BUILDBRAKE_GIT_CREDENTIALS", "github.com=a-token-in-the-wrong-place"),
            ("BUILDBRAKE_GIT_CA_BUNDLE", "/no/such/bundle.pem"),
        ],
    );
    let messages: Vec<_> = errors.iter().map(|error| error["message"].as_str().unwrap()).collect();
    assert_eq!(messages.len(), 3, "{messages:?}");
    assert!(messages[0].starts_with("BUILDBRAKE_GIT_HOSTS: `git.example.com/acme` is not a host"), "{messages:?}");
    assert!(messages[1].starts_with("BUILDBRAKE_GIT_CREDENTIALS: entry 1: name the secret by its ARN"), "{messages:?}");
    assert!(messages[2].starts_with("BUILDBRAKE_GIT_CA_BUNDLE: `/no/such/bundle.pem` cannot be read"), "{messages:?}");
    assert!(!messages.concat().contains("a-token-in-the-wrong-place"));
}

#[test]
fn the_policy_is_read_once_at_the_start() {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("read-once.yaml");
    fs::write(&file, "{version: 1, rules: [{id: protected-branches, forbidden-branches: [main]}]}").unwrap();
    let codebuild = CodeBuild::obliging().listen();
    let lambda = PROGRAM.start("no policy", codebuild.address, &[("BUILDBRAKE_POLICY", file.to_str().unwrap())]);
    let first = lambda.invoke(&event("forbidden-branch")).record();
    fs::remove_file(&file).unwrap();
    let second = lambda.invoke(&event("forbidden-branch")).record();
    assert_eq!((&first["outcome"], &second["outcome"]), (&Value::from("stopped"), &Value::from("stopped")));
    assert_eq!(first["policy"], second["policy"]);
}
