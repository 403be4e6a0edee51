//! `buildbrake sweep` against the testkit's CodeBuild.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output, Stdio},
    thread,
    time::Duration,
};

use buildbrake_testkit::codebuild::{ACCOUNT, CodeBuild, Endpoint, REGION, refusal, running_in};
use serde_json::{Value, json};

const POLICY: &str = "
version: 1
never-stop: [prod-*]
rules:
  - { id: main, forbidden-branches: [main], reason: Use a pipeline., owner: ci@example.com }
  - { id: release, mode: report, forbidden-branches: [release] }
";

/// Answers the question on a terminal, and prints what the terminal shows. Exits as the program does.
const ON_A_TERMINAL: &str = r#"
import os, pty, sys
answer, command = sys.argv[1], sys.argv[2:]
child, terminal = pty.fork()
if child == 0:
    os.execv(command[0], command)
shown = b""
while True:
    try:
        part = os.read(terminal, 4096)
    except OSError:
        break
    if not part:
        break
    shown += part
    if b"[y/N]" in part:
        os.write(terminal, answer.encode() + b"\n")
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"#;

fn policy(test: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("sweep-{test}.yaml"));
    fs::write(&path, POLICY).unwrap();
    path
}

fn with_environment(command: &mut Command) -> &mut Command {
    command
        .env("AWS_ACCESS_KEY_ID", ACCOUNT)
        .env("AWS_SECRET_ACCESS_KEY", "none")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "/none")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/none")
        .env("AWS_MAX_ATTEMPTS", "1")
        .env_remove("AWS_PROFILE")
}

fn arguments(test: &str, endpoint: &Endpoint, more: &[&str]) -> Vec<String> {
    let policy = policy(test).display().to_string();
    let endpoint = format!("http://{}", endpoint.address);
    let fixed = ["sweep", "--policy", &policy, "--endpoint-url", &endpoint];
    fixed.iter().chain(more).map(|&argument| argument.to_owned()).collect()
}

fn sweep(test: &str, endpoint: &Endpoint, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_buildbrake"));
    with_environment(command.args(arguments(test, endpoint, more))).stdin(Stdio::null()).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Three builds that break a rule, of which one may be stopped, and one build that breaks none.
fn codebuild() -> CodeBuild {
    let codebuild = CodeBuild::default();
    codebuild.run("shop", 5, "main");
    codebuild.run("shop", 5, "dev");
    codebuild.run("shop", 5, "release");
    codebuild.run("prod-shop", 5, "main");
    codebuild
}

#[test]
fn a_sweep_stops_nothing_unless_it_is_asked_to() {
    let codebuild = codebuild();
    let endpoint = codebuild.listen();
    let output = sweep("dry", &endpoint, &["--region", REGION]);
    let shown = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{shown}{}", text(&output.stderr));
    assert!(endpoint.stops().is_empty() && codebuild.stopped().is_empty());
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!((lines.len(), lines[0]), (5, REGION), "{shown}");
    assert!(shown.contains("this was a dry run") && shown.contains("Use a pipeline."), "{shown}");
    assert!(
        lines[4].starts_with("  Swept 2 projects: of 4 running builds, 3 broke a rule and 1 would be stopped."),
        "{shown}"
    );
}

#[test]
fn nothing_to_find_is_a_success() {
    let codebuild = CodeBuild::default();
    codebuild.run("shop", 5, "dev");
    let output = sweep("fine", &codebuild.listen(), &["--region", REGION]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).contains("of 1 running build, 0 broke a rule"));
}

#[test]
fn a_script_must_agree_beforehand() {
    let codebuild = codebuild();
    let endpoint = codebuild.listen();
    let output = sweep("unasked", &endpoint, &["--region", REGION, "--enforce"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("add `--yes`"));
    assert!(endpoint.calls().is_empty());

    let output = sweep("agreed", &endpoint, &["--region", REGION, "--enforce", "--yes", "--format", "json"]);
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let sweep = &report["sweeps"][0];
    assert_eq!((&sweep["place"], &sweep["sweep"]["stopped"]), (&json!(REGION), &json!(1)));
    let mut outcomes: Vec<&str> =
        sweep["records"].as_array().unwrap().iter().map(|record| record["outcome"].as_str().unwrap()).collect();
    outcomes.sort_unstable();
    assert_eq!(outcomes, ["protected", "reported", "stopped"]);
    assert!(!text(&output.stdout).contains("_aws"));
    assert_eq!(codebuild.stopped().len(), 1);
}

#[test]
fn a_person_is_asked_on_a_terminal() {
    for (answer, is_stopped) in [("n", false), ("", false), ("y", true)] {
        let codebuild = codebuild();
        let endpoint = codebuild.listen();
        let mut command = Command::new("python3");
        command.args(["-c", ON_A_TERMINAL, answer, env!("CARGO_BIN_EXE_buildbrake")]);
        command.args(arguments("asked", &endpoint, &["--region", REGION, "--enforce"]));
        let output = with_environment(&mut command).output().unwrap();
        let shown = text(&output.stdout);
        assert_eq!(output.status.code(), Some(1), "{shown}{}", text(&output.stderr));
        assert!(shown.contains("Stop 1 build? [y/N]"), "{shown}");
        assert_eq!(codebuild.stopped().len(), usize::from(is_stopped), "{answer}: {shown}");
        assert_eq!(shown.contains("nothing was stopped"), !is_stopped, "{answer}: {shown}");
    }
}

#[test]
fn the_safety_belt_holds() {
    let codebuild = CodeBuild::default();
    for _ in 0..8 {
        codebuild.run("shop", 5, "main");
    }
    let endpoint = codebuild.listen();
    let enforce = ["--region", REGION, "--enforce", "--yes"];
    let output = sweep("belt", &endpoint, &enforce);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("SAFETY LIMIT: nothing was stopped. "));
    assert!(text(&output.stdout).contains("stop them all: add `--safety-belt-off`. "));
    assert!(endpoint.stops().is_empty());
    let output = sweep("belt", &endpoint, &[&enforce[..], &["--safety-belt-off"]].concat());
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(codebuild.stopped().len(), 8);
}

#[test]
fn a_region_that_cannot_be_read_hides_no_other() {
    let codebuild = CodeBuild::default();
    for region in ["eu-west-1", "us-east-1"] {
        let mut build = running_in(ACCOUNT, region, "shop:5e000000-0000-4000-8000-000000000001");
        build["sourceVersion"] = json!("main");
        codebuild.put(build);
    }
    let denied = || refusal(400, "AccessDeniedException", "User is not authorized to perform: codebuild:ListProjects");
    let endpoint = codebuild.listen_unless(move |call| (call.region == "eu-west-1").then(denied));
    let output = sweep("denied", &endpoint, &["--region", "eu-west-1", "--region", "us-east-1"]);
    let shown = text(&output.stdout);
    assert_eq!(output.status.code(), Some(2), "{shown}");
    let (one, other) = shown.split_once("us-east-1\n").unwrap();
    assert!(one.contains("ListProjects"), "{shown}");
    assert!(other.contains("of 1 running build, 1 broke a rule"), "{shown}");
}

#[test]
fn ctrl_c_ends_a_sweep() {
    let codebuild = codebuild();
    let endpoint = codebuild.listen_unless(|_| {
        thread::sleep(Duration::from_secs(3));
        None
    });
    let mut command = Command::new(env!("CARGO_BIN_EXE_buildbrake"));
    command.args(arguments("interrupted", &endpoint, &["--region", REGION]));
    let child = with_environment(&mut command).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    while endpoint.calls().is_empty() {
        thread::sleep(Duration::from_millis(20));
    }
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert!(text(&output.stderr).starts_with("interrupted"), "{}", text(&output.stderr));
}

#[test]
fn sandboxes_are_shown_asked_about_and_stopped() {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("sweep-sandboxes.yaml");
    fs::write(&path, "{version: 1, rules: [{id: short, max-duration: 2h}, {id: main, forbidden-branches: [main]}]}")
        .unwrap();
    let codebuild = CodeBuild::default();
    let sandbox = codebuild.run_sandbox("shop", 180);
    codebuild.run("shop", 5, "main");
    let endpoint = codebuild.listen();
    let url = format!("http://{}", endpoint.address);
    let arguments = ["sweep", "--region", REGION, "--endpoint-url", &url, "--policy", path.to_str().unwrap()];
    let mut command = Command::new(env!("CARGO_BIN_EXE_buildbrake"));
    let found = with_environment(command.args(arguments)).output().unwrap();
    let shown = String::from_utf8(found.stdout).unwrap();
    assert_eq!(found.status.code(), Some(1), "{shown}");
    assert!(shown.contains(&format!("Reported sandbox {sandbox}; it keeps running.")), "{shown}");
    assert!(codebuild.stopped_sandboxes().is_empty());
    let mut command = Command::new("python3");
    command.args(["-c", ON_A_TERMINAL, "y", env!("CARGO_BIN_EXE_buildbrake")]).args(arguments).arg("--enforce");
    let asked = with_environment(&mut command).output().unwrap();
    let shown = String::from_utf8_lossy(&asked.stdout).into_owned();
    assert!(shown.contains("Stop 1 build and 1 sandbox? [y/N]"), "{shown}");
    assert_eq!((codebuild.stopped_sandboxes().len(), codebuild.stopped().len()), (1, 1), "{shown}");
}
