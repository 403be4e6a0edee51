//! What `buildbrake replay` writes: to a pipe, as a page, and as summaries that are added up.

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
};

use buildbrake_testkit::history::History;
use serde_json::Value;

use crate::replay::{folder, lines};

fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_buildbrake")).arg("replay").args(arguments).current_dir(folder).output().unwrap()
}

/// The error of a run that fails.
fn error(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_reader_that_stops_early_is_no_error() {
    let folder = folder("pipe");
    let builds: Vec<Value> = History::of_seed(5).take(2000).collect();
    fs::write(folder.join("builds.ndjson"), lines(&builds)).unwrap();
    for format in ["ndjson", "csv"] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_buildbrake"))
            .args(["replay", "--policy", "policy.yaml", "--format", format, "builds.ndjson"])
            .current_dir(&folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{format}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn a_page_replaces_nothing_but_a_page() {
    let folder = folder("page");
    let builds: Vec<Value> = History::of_seed(5).take(20).collect();
    fs::write(folder.join("builds.ndjson"), lines(&builds)).unwrap();
    fs::create_dir(folder.join("folder")).unwrap();
    let page = |to| error(&folder, &["--policy", "policy.yaml", "--html", to, "builds.ndjson"]);
    for (to, expected) in [
        ("builds.ndjson", "builds.ndjson: the file exists and is not an HTML page; choose another name"),
        ("policy.yaml", "policy.yaml: the file exists and is not an HTML page; choose another name"),
        ("folder", "folder: this is a folder; name a file in it"),
        ("nowhere/page.html", "nowhere/page.html: the folder `nowhere` does not exist; make it first"),
    ] {
        let error = page(to);
        assert!(error.contains(expected) && !error.contains(".tmp"), "{error}");
    }
    assert_eq!(fs::read_to_string(folder.join("builds.ndjson")).unwrap(), lines(&builds));
    fs::write(folder.join("empty.html"), "").unwrap();
    for _ in 0..2 {
        let written = run(&folder, &["--policy", "policy.yaml", "--html", "empty.html", "builds.ndjson"]);
        assert!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));
    }
}

/// The page is refused before anything is read.
#[test]
fn a_page_that_cannot_be_written_is_noticed_at_once() {
    let folder = folder("early");
    let error = error(&folder, &["--policy", "policy.yaml", "--html", "nowhere/page.html", "missing.ndjson"]);
    assert!(error.contains("nowhere/page.html") && !error.contains("missing.ndjson"), "{error}");
}

#[test]
fn a_merged_summary_names_what_could_not_be_read() {
    let folder = folder("merged");
    let builds: Vec<Value> = History::of_seed(5).take(40).collect();
    for (name, builds) in ["one", "other"].into_iter().zip(builds.chunks(20)) {
        let text = format!("{}{}", lines(builds), "{\"a\": 1}\n".repeat(12));
        fs::write(folder.join(format!("{name}.ndjson")), text).unwrap();
        let summary = run(&folder, &["--policy", "policy.yaml", "--format", "json", &format!("{name}.ndjson")]);
        fs::write(folder.join(format!("{name}.json")), summary.stdout).unwrap();
    }
    let merged = run(&folder, &["--format", "json", "--merge", "one.json", "other.json"]);
    let merged: Value = serde_json::from_slice(&merged.stdout).unwrap();
    let named: Vec<&str> =
        merged["unreadableValues"].as_array().unwrap().iter().map(|value| value.as_str().unwrap()).collect();
    assert_eq!((&merged["unreadable"], named.len()), (&Value::from(24), 20));
    assert!(named[0].starts_with("one.ndjson:21: ") && named[19].starts_with("other.ndjson:28: "), "{named:?}");
}

#[test]
fn a_comparison_is_not_lost_in_a_merged_summary() {
    let folder = folder("comparison");
    let builds: Vec<Value> = History::of_seed(5).take(20).collect();
    fs::write(folder.join("builds.ndjson"), lines(&builds)).unwrap();
    let arguments = ["--policy", "policy.yaml", "--compare", "policy.yaml", "--format", "json", "builds.ndjson"];
    fs::write(folder.join("one.json"), run(&folder, &arguments).stdout).unwrap();
    let error = error(&folder, &["--merge", "one.json"]);
    let expected = "one.json: a comparison cannot be added up; make the summaries without `--compare`";
    assert!(error.contains(expected), "{error}");
}
