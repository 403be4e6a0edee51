//! `buildbrake explain` on every form of its input.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};

use crate::learn::run_with;

const POLICY: &str = "
version: 1
rules:
  - { id: people, forbidden-initiators: [carol] }
  - { id: main, forbidden-branches: [main] }
";
const ID: &str = "shop:5e000000-0000-4000-8000-000000000001";
const BATCH: &str = "arn:aws:codebuild:eu-west-1:111122223333:build-batch/shop:5e000000-0000-4000-8000-000000000009";

fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("explain").join(test);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("policy.yaml"), POLICY).unwrap();
    folder
}

fn build(id: &str) -> Value {
    json!({"id": id, "arn": format!("arn:aws:codebuild:eu-west-1:111122223333:build/{id}"), "projectName": "shop",
           "startTime": "2026-06-01T10:00:00Z", "endTime": "2026-06-01T10:10:00Z", "buildStatus": "SUCCEEDED",
           "buildComplete": true, "sourceVersion": "main", "initiator": "alice", "source": {"type": "GITHUB"}})
}

fn explain(folder: &Path, input: &str, arguments: &[&str]) -> Output {
    fs::write(folder.join("input.json"), input).unwrap();
    Command::new(env!("CARGO_BIN_EXE_buildbrake"))
        .args(["explain", "--policy", "policy.yaml", "--format", "json", "input.json"])
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap()
}

/// The action, and the decision of each rule.
fn decided(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let rules = found["rules"].as_array().unwrap().iter().map(|rule| rule["decision"].as_str().unwrap());
    format!("{} {}", found["action"].as_str().unwrap(), rules.collect::<Vec<_>>().join(" "))
}

#[test]
fn everything_that_a_replay_reads_is_explained() {
    let folder = folder("forms");
    let (one, other) = (build(ID), build("shop:5e000000-0000-4000-8000-000000000002"));
    let event = json!({"version": "0", "detail-type": "CodeBuild Build State Change", "source": "aws.codebuild",
        "account": "111122223333", "region": "eu-west-1", "time": "2026-06-01T10:00:00Z", "resources": [one["arn"]],
        "detail": {"build-status": "IN_PROGRESS", "project-name": "shop", "build-id": one["arn"],
                   "additional-information": {"initiator": "alice", "source-version": "main",
                                              "source": {"type": "GITHUB"}}}});
    let trail = json!({"Records": [{"eventSource": "codebuild.amazonaws.com", "eventName": "StartBuild",
                                    "eventTime": "2026-06-01T10:00:00Z", "responseElements": {"build": one}}]});
    let queue = json!({"Records": [{"eventSource": "aws:sqs", "body": event.to_string()}]});
    for (name, input) in [
        ("a Build", one.to_string()),
        ("a Build after a byte order mark", format!("\u{feff}{one}")),
        ("a page", json!({"builds": [one]}).to_string()),
        ("the answer of StartBuild", json!({"build": one}).to_string()),
        ("the same Build twice", json!([one, one]).to_string()),
        ("its event and the Build", format!("{event}\n{one}\n")),
        ("an event", event.to_string()),
        ("a list of events", json!([event]).to_string()),
        ("a message of a queue", queue.to_string()),
        ("CloudTrail", trail.to_string()),
    ] {
        assert_eq!(decided(&explain(&folder, &input, &[])), "stop passes broken", "{name}");
    }
    let lines = format!("{one}\n{other}\n");
    for chosen in [ID, &format!("arn:aws:codebuild:eu-west-1:111122223333:build/{ID}"), &ID[5..]] {
        assert_eq!(decided(&explain(&folder, &lines, &["--build", chosen])), "stop passes broken", "{chosen}");
    }
    for (input, arguments, expected) in [
        (
            lines.as_str(),
            &[][..],
            "the input contains 2 builds; choose one with `--build ID`:\n  \
             shop:5e000000-0000-4000-8000-000000000001\n  shop:5e000000-0000-4000-8000-000000000002\n",
        ),
        (
            &lines,
            &["--build", "shop:1"],
            "the input contains 2 builds, but not `shop:1`; choose another one:\n  shop:5e",
        ),
        (&event.to_string(), &["--build", "shop:1"], "the event is about the build `shop:5e"),
        ("", &[], "input.json: the input is empty; use an event"),
        (
            r#"{"builds": [], "buildsNotFound": ["x:1", "y:2"]}"#,
            &[],
            "input.json: CodeBuild did not find `x:1`, `y:2`; check the id, the account and the region\n",
        ),
        (
            r#"{"sandboxes": [], "sandboxesNotFound": ["x:1"]}"#,
            &[],
            "input.json: CodeBuild did not find `x:1`; check the id",
        ),
        (
            r#"{"projects": [{"name": "shop", "serviceRole": "r"}]}"#,
            &[],
            "input.json: the input contains projects, but no build; give them with `--project`",
        ),
        (
            r#"{"buildBatches": [{"id": "a:b", "buildBatchStatus": "FAILED"}]}"#,
            &[],
            "input.json: the input contains batches, but no build; give them with `--batch`",
        ),
        (r#"{"builds": []}"#, &[], "input.json: the input contains no build; use an event"),
        (r#"{"a": "hunter2"}"#, &[], "input.json:1: this is not about a build"),
        (r#"{"id": "#, &[], "input.json:1: the last value is not complete"),
    ] {
        let output = explain(&folder, input, arguments);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{input}");
        assert!(error.contains(expected) && !error.contains("hunter2"), "{error}");
    }
}

#[test]
fn damage_beside_the_build_is_reported() {
    let folder = folder("damage");
    let input = format!("{{\"a\": 1}}\n{}\n{{\"builds\": [", build(ID));
    let output = explain(&folder, &input, &[]);
    assert_eq!(decided(&output), "stop passes broken");
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(error, "warning: input.json:1: this is not about a build; skipped (and 1 other part)\n");
}

#[test]
fn a_batch_answers_for_its_own_builds_alone() {
    let folder = folder("batch");
    let batch = json!({"arn": BATCH, "projectName": "shop", "initiator": "carol", "sourceVersion": "dev"});
    fs::write(folder.join("batch.json"), json!({"buildBatches": [batch]}).to_string()).unwrap();
    let mut of_batch = build(ID);
    of_batch["buildBatchArn"] = json!(BATCH);
    let output = explain(&folder, &of_batch.to_string(), &["--batch", "batch.json"]);
    assert_eq!(decided(&output), "stop broken passes");
    let output = explain(&folder, &build(ID).to_string(), &["--batch", "batch.json"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("the build belongs to no batch; drop `--batch`"));
}

#[test]
fn only_a_batch_of_its_project_can_be_the_batch_of_an_event() {
    let folder = folder("batch-of-event");
    let arn = format!("arn:aws:codebuild:eu-west-1:111122223333:build/{ID}");
    let event = json!({"detail-type": "CodeBuild Build State Change", "source": "aws.codebuild",
        "account": "111122223333", "region": "eu-west-1", "time": "2026-06-01T10:00:00Z",
        "detail": {"build-status": "IN_PROGRESS", "project-name": "shop", "build-id": arn,
                   "additional-information": {"initiator": "alice", "source-version": "main"}}});
    let id = &BATCH[BATCH.find("shop:").unwrap()..];
    for (batch, is_accepted) in [
        (json!({"arn": BATCH, "initiator": "carol"}), true),
        (json!({"id": id, "initiator": "carol"}), true),
        (json!({"arn": BATCH, "projectName": "shop"}), true),
        (json!({}), false),
        (json!({"initiator": "carol"}), false),
        (json!({"projectName": "shop"}), false),
        (build(ID), false),
        (json!({"id": "shop"}), false),
        (json!({"id": id.replace("shop", "blog")}), false),
        (json!({"arn": BATCH, "projectName": "blog"}), false),
        (json!({"arn": BATCH.replace("shop", "blog")}), false),
        (json!({"arn": BATCH.replace("111122223333", "444455556666")}), false),
        (json!({"arn": BATCH.replace("eu-west-1", "eu-west-2")}), false),
        (json!({"arn": BATCH.replace("build-batch/", "build/")}), false),
    ] {
        fs::write(folder.join("batch.json"), batch.to_string()).unwrap();
        let output = explain(&folder, &event.to_string(), &["--batch", "batch.json"]);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.success(), is_accepted, "{batch}: {error}");
        let is_named = error.contains("batch.json: the file does not contain the batch of the build");
        assert_eq!(is_named, !is_accepted, "{batch}: {error}");
    }
}

#[test]
fn a_long_list_of_builds_is_named_in_part() {
    let folder = folder("long");
    let builds: Vec<Value> =
        (0..12).map(|number| build(&format!("shop:5e000000-0000-4000-8000-{number:012}"))).collect();
    let output = explain(&folder, &json!({"builds": builds}).to_string(), &[]);
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("the input contains 12 builds"), "{error}");
    assert_eq!(error.matches("\n  shop:").count(), 10, "{error}");
    assert!(error.contains("\n  and 2 more"), "{error}");
    let output = explain(&folder, &json!({"builds": builds}).to_string(), &["--build", "00000000001"]);
    let error = String::from_utf8(output.stderr).unwrap();
    let named: Vec<&str> =
        error.lines().filter_map(|line| line.strip_prefix("  shop:5e000000-0000-4000-8000-0000000000")).collect();
    assert_eq!(named, ["01", "10", "11"], "{error}");
    assert!(error.contains("`00000000001` is not the id of a build; these contain it:"), "{error}");
}

#[test]
fn compressed_input_and_standard_input_are_explained() {
    let folder = folder("compressed");
    let mut compressed = GzEncoder::new(Vec::new(), Compression::default());
    writeln!(compressed, "{}", build(ID)).unwrap();
    let compressed = compressed.finish().unwrap();
    fs::write(folder.join("build.gz"), &compressed).unwrap();
    let arguments = ["explain", "--policy", "policy.yaml", "--format", "json"];
    for (input, stdin) in [("build.gz", Vec::new()), ("-", compressed), ("-", build(ID).to_string().into_bytes())] {
        let arguments: Vec<&str> = arguments.into_iter().chain([input]).collect();
        assert_eq!(decided(&run_with(&folder, &arguments, &stdin, &[])), "stop passes broken", "{input}");
    }
}

#[test]
fn the_project_and_the_moment_count() {
    let folder = folder("options");
    let policy = "
version: 1
rules:
  - { id: team, allowed-initiators: [bob], only: [{ tags: { team: [web] } }] }
  - { id: long, max-duration: 20m }
";
    fs::write(folder.join("policy.yaml"), policy).unwrap();
    for (file, name) in [("project.json", "shop"), ("other.json", "blog")] {
        let project = json!({"name": name, "tags": [{"key": "team", "value": "web"}]});
        fs::write(folder.join(file), json!({"projects": [project]}).to_string()).unwrap();
    }
    let mut running = build(ID);
    (running["endTime"], running["buildStatus"]) = (json!(null), json!("IN_PROGRESS"));
    running["buildComplete"] = json!(false);
    running["phases"] = json!([{"phaseType": "SUBMITTED", "startTime": "2026-06-01T10:00:00Z"},
                               {"phaseType": "BUILD", "startTime": "2026-06-01T10:01:00Z"}]);
    let input = running.to_string();
    let decided = |arguments: &[&str]| decided(&explain(&folder, &input, arguments));
    let early = ["--now", "2026-06-01T10:21:00Z"];
    assert_eq!(decided(&early), "allow undecided passes");
    assert_eq!(decided(&["--now", "2026-06-01T10:21:01Z", "--project", "project.json"]), "stop broken broken");
    assert_eq!(decided(&[&early[..], &["--project", "project.json"]].concat()), "stop broken passes");
    let output = explain(&folder, &input, &["--project", "other.json"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("other.json: the file contains no project `shop`"));
}

#[test]
fn a_sandbox_is_explained_as_the_sweep_judges_it() {
    let folder = folder("sandbox");
    let sandbox = json!({"id": ID, "arn": format!("arn:aws:codebuild:eu-west-1:111122223333:sandbox/{ID}"),
        "projectName": "shop", "requestTime": "2026-06-01T10:00:00Z", "status": "RUN_SANDBOX",
        "sourceVersion": "refs/heads/main", "source": {"type": "GITHUB"}});
    for input in
        [sandbox.clone(), json!({"sandbox": sandbox}), json!({"sandboxes": [sandbox], "sandboxesNotFound": []})]
    {
        assert_eq!(decided(&explain(&folder, &input.to_string(), &[])), "stop out-of-scope broken", "{input}");
    }
    let both = format!("{}\n{sandbox}\n", build("shop:5e000000-0000-4000-8000-000000000002"));
    assert_eq!(decided(&explain(&folder, &both, &["--build", ID])), "stop out-of-scope broken");
    let mut other = sandbox.clone();
    other["id"] = json!("shop:5e000000-0000-4000-8000-000000000003");
    other["arn"] = json!("arn:aws:codebuild:eu-west-1:111122223333:sandbox/shop:5e000000-0000-4000-8000-000000000003");
    for (input, expected) in [(both, "1 build and 1 sandbox"), (format!("{sandbox}\n{other}\n"), "2 sandboxes")] {
        let error = String::from_utf8(explain(&folder, &input, &[]).stderr).unwrap();
        assert!(error.contains(&format!("the input contains {expected}; choose one")), "{error}");
    }
}

/// Explains a build with a policy, as text.
fn text_of(folder: &Path, rules: &str, input: &str, arguments: &[&str]) -> String {
    fs::write(folder.join("policy.yaml"), format!("version: 1\nrules: [{rules}]\n")).unwrap();
    fs::write(folder.join("input.json"), input).unwrap();
    let arguments = [&["explain", "--policy", "policy.yaml", "input.json"], arguments].concat();
    let output = run_with(folder, &arguments, b"", &[]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// `explain` reads one build, so it knows no newer one.
#[test]
fn a_build_is_not_called_the_newest_without_the_others() {
    let folder = folder("newest");
    let mut running = build(ID);
    (running["endTime"], running["buildStatus"]) = (json!(null), json!("IN_PROGRESS"));
    running["buildComplete"] = json!(false);
    for input in [build(ID), running] {
        let rule = "{ id: newest, only-newest-per: [project, ref] }";
        let text = text_of(&folder, rule, &input.to_string(), &[]);
        assert!(text.contains("newest: undecided\n"), "{text}");
        assert!(text.contains("unknown: newer build (the project's other running builds are unknown)"), "{text}");
        assert!(text.contains("note: `explain` compares no builds; "), "{text}");
    }
}

#[test]
fn a_call_that_eventbridge_delivered_is_explained() {
    let folder = folder("call");
    let call = json!({"eventSource": "codebuild.amazonaws.com", "eventName": "StartBuild",
                      "eventTime": "2026-06-01T10:00:00Z", "responseElements": {"build": build(ID)}});
    let event = json!({"version": "0", "detail-type": "AWS API Call via CloudTrail", "source": "aws.codebuild",
        "account": "111122223333", "region": "eu-west-1", "time": "2026-06-01T10:00:00Z", "detail": call});
    assert_eq!(decided(&explain(&folder, &event.to_string(), &[])), "stop passes broken");
}

/// A build of 50 minutes that was queued for five.
fn long_build() -> Value {
    let mut build = build(ID);
    build["endTime"] = json!("2026-06-01T10:55:00Z");
    build["phases"] = json!([
        {"phaseType": "QUEUED", "startTime": "2026-06-01T10:00:00Z", "endTime": "2026-06-01T10:05:00Z"},
        {"phaseType": "BUILD", "startTime": "2026-06-01T10:05:00Z", "endTime": "2026-06-01T10:55:00Z"},
        {"phaseType": "COMPLETED", "startTime": "2026-06-01T10:55:00Z"}]);
    build
}

#[test]
fn a_moment_before_the_end_shows_the_build_as_it_was_then() {
    let folder = folder("rewound");
    let (rule, input) = ("{ id: long, max-duration: 30m }", long_build().to_string());
    let text = |now| text_of(&folder, rule, &input, &["--now", now]);
    let early = text("2026-06-01T10:10:00Z");
    assert!(early.contains("long: passes\n  max-duration 30m\n  found: 5m, from the Build\n"), "{early}");
    assert!(early.contains("note: the build is judged as it was at that moment\n"), "{early}");
    assert!(early.contains("the next time limit is reached at 2026-06-01T10:35:01Z\n"), "{early}");
    assert!(!early.contains("has ended"), "{early}");
    let late = text("2026-06-01T10:35:01Z");
    assert!(late.contains("long: broken\n  max-duration 30m\n  found: 1801s, from the Build\n"), "{late}");
    let after = text("2026-06-01T12:00:00Z");
    assert!(after.contains("found: 50m, from the Build\n") && after.contains("the build has ended"), "{after}");
    let before = explain(&folder, &input, &["--now", "2026-06-01T09:59:59Z"]);
    assert_eq!(before.status.code(), Some(2));
    let error = String::from_utf8(before.stderr).unwrap();
    assert!(error.contains("the build started at 2026-06-01T10:00:00Z; use that moment or a later one"), "{error}");
}

#[test]
fn a_rule_that_passes_shows_what_it_found() {
    let folder = folder("found");
    let mut input = long_build();
    input["timeoutInMinutes"] = json!(60);
    input["source"]["location"] = json!("https://github.com/acme/shop");
    let rules = "{ id: a, max-timeout: 60m }, { id: b, max-duration: 60m }, { id: c, max-queue-time: 10m }, \
                 { id: d, allowed-sources: ['https://github.com/acme/*'] }";
    let text = text_of(&folder, rules, &input.to_string(), &[]);
    for found in ["60m", "50m", "5m", "https://github.com/acme/shop"] {
        assert!(text.contains(&format!("\n  found: {found}, from the Build\n")), "{found}: {text}");
    }
    assert!(!text.contains("the next time limit"), "{text}");
}

#[test]
fn a_member_that_a_whole_build_lacks_is_not_to_be_fetched() {
    let folder = folder("lacks");
    let rule = r#"{ id: vpc, deny-when: 'build.vpcConfig.vpcId == "vpc-1"' }"#;
    let text = text_of(&folder, rule, &build(ID).to_string(), &[]);
    let advice = "unknown: build.vpcConfig; the Build has no `vpcConfig`; write `has(build.vpcConfig.vpcId) && …`\n";
    assert!(text.contains(advice), "{text}");
    assert!(!text.contains("BatchGetBuilds"), "{text}");
}

#[test]
fn a_mistake_on_the_command_line_names_what_is_right() {
    let folder = folder("mistakes");
    fs::write(folder.join("input.json"), long_build().to_string()).unwrap();
    let input = ["--policy", "policy.yaml", "input.json"];
    for (arguments, status, expected) in [
        (&[&["explain", "--now", "2026-06-02"][..], &input].concat()[..], 0, ""),
        (
            &[&["explain", "--now", "yesterday"][..], &input].concat(),
            2,
            "write a date (2026-11-20, UTC) or a time with its offset from UTC, such as 2026-11-20T09:00:00Z",
        ),
        (&[&["explain", "--now", "9999-12-31T23:59:59Z"][..], &input].concat(), 2, "write a date (2026-11-20, UTC)"),
        (&["check", "--policy", "policy.yaml"], 0, ""),
        (
            &[&["replay", "--html", "none/page.html"][..], &input].concat(),
            2,
            "none/page.html: the folder `none` does not exist; make it first",
        ),
        (&["rules", "forbidden-brnches"], 2, "did you mean `forbidden-branches`?"),
        (&["rules", "zzz"], 2, "unknown check `zzz`; `buildbrake rules` lists all checks"),
    ] {
        let output = run_with(&folder, arguments, b"", &[]);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {error}");
        assert!(error.contains(expected), "{arguments:?}: {error}");
    }
}
