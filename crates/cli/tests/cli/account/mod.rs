//! Reading the history of an account, against the testkit's CodeBuild. The code runs in a process of
//! its own, since credentials come from the environment.

#[path = "../../../src/input/account/mod.rs"]
#[allow(dead_code, reason = "the program uses more of it")]
mod reading;

mod failures;
mod replayed;
mod saving;

use std::{
    collections::BTreeSet,
    env, fs,
    io::Write,
    ops::ControlFlow,
    path::PathBuf,
    process::{Command, Stdio},
};

use buildbrake_testkit::codebuild::{ACCOUNT, CodeBuild, Endpoint, minutes_ago, running_in};
use clap::Parser;
use serde_json::{Value, json};

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    options: reading::AccountOptions,
}

/// The program: reads an account, and prints each line.
#[test]
#[ignore = "the other tests run it as a program"]
fn program() {
    let Ok(arguments) = env::var("ARGUMENTS") else { return };
    let arguments = Arguments::parse_from(["program", "--account"].into_iter().chain(arguments.split_whitespace()));
    let mut stdout = std::io::stdout();
    let result = reading::read(&arguments.options, jiff::Timestamp::now(), &mut |lines| {
        stdout.write_all(lines).unwrap();
        ControlFlow::Continue(())
    });
    if let Err(error) = result {
        writeln!(std::io::stderr(), "{error:#}").unwrap();
        std::process::exit(2);
    }
}

/// What the program printed, and how it ended.
struct Run {
    lines: Vec<String>,
    error: String,
    has_succeeded: bool,
}

fn command(endpoint: &str, arguments: &str) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command
        .args(["account::program", "--exact", "--ignored", "--nocapture", "--quiet"])
        .env("ARGUMENTS", format!("--endpoint-url {endpoint} {arguments}"))
        .env("AWS_ACCESS_KEY_ID", ACCOUNT)
        .env("AWS_SECRET_ACCESS_KEY", "none")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "/none")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/none")
        .env_remove("AWS_PROFILE")
        .env_remove("AWS_REGION")
        .env_remove("AWS_DEFAULT_REGION")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn run_at(endpoint: &str, arguments: &str) -> Run {
    let output = command(endpoint, arguments).output().unwrap();
    Run {
        lines: lines_of(&output.stdout),
        error: String::from_utf8(output.stderr).unwrap(),
        has_succeeded: output.status.success(),
    }
}

fn run(endpoint: &Endpoint, arguments: &str) -> Run {
    run_at(&format!("http://{}", endpoint.address), arguments)
}

/// The lines of JSON; the test harness prints others.
fn lines_of(output: &[u8]) -> Vec<String> {
    let text = String::from_utf8(output.to_vec()).unwrap();
    text.lines().filter(|line| line.starts_with('{')).map(str::to_owned).collect()
}

impl Run {
    /// Returns the lines. Fails if the program did.
    #[track_caller]
    fn expect(self) -> Vec<String> {
        assert!(self.has_succeeded, "{}", self.error);
        self.lines
    }

    /// The error; fails if there is none.
    #[track_caller]
    fn expect_error(self) -> String {
        assert!(!self.has_succeeded, "no error");
        self.error.trim().to_owned()
    }
}

/// A file that does not exist.
fn fresh_file(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.ndjson"));
    let _ = fs::remove_file(&path);
    path
}

/// A build that has ended, and started this number of minutes ago.
fn ended(region: &str, id: &str, minutes: i64) -> Value {
    let mut build = running_in(ACCOUNT, region, id);
    build["startTime"] = json!(minutes_ago(minutes));
    build["endTime"] = json!(minutes_ago(minutes - 1));
    build["buildStatus"] = json!("SUCCEEDED");
    build["buildComplete"] = json!(true);
    build
}

fn id(project: &str, number: usize) -> String {
    format!("{project}:5e000000-0000-4000-8000-{number:012}")
}

/// A CodeBuild with projects in `eu-west-1`. Each has this number of builds that have ended.
fn codebuild(projects: usize, builds: usize) -> CodeBuild {
    let codebuild = CodeBuild::default();
    for project in 0..projects {
        let name = format!("shop-{project:04}");
        for number in 0..builds {
            codebuild.put(ended("eu-west-1", &id(&name, number), 10 + number as i64));
        }
    }
    codebuild
}

/// The ids or names in lines; fails if one is there twice.
#[track_caller]
fn names(lines: &[String]) -> BTreeSet<String> {
    let name = |line: &String| {
        let json: Value = serde_json::from_str(line).unwrap();
        json["id"].as_str().or(json["name"].as_str()).unwrap().to_owned()
    };
    let names: BTreeSet<String> = lines.iter().map(name).collect();
    assert_eq!(names.len(), lines.len(), "a line is there twice");
    names
}

fn saved(path: &PathBuf) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'), "a line is cut off");
    text.lines().map(str::to_owned).collect()
}
