//! `buildbrake learn`.

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use buildbrake_testkit::history::History;
use serde_json::Value;

use crate::replay::{folder, lines};

#[test]
fn what_learn_cannot_read_is_counted_and_located_in_every_form_of_the_input() {
    let folder = folder("learn");
    let builds: Vec<Value> = History::of_seed(5).take(30).collect();
    let text = format!("{}some text\n{{\"a\": 1}}\n{{\"id\": \"cut", lines(&builds));
    fs::write(folder.join("builds.ndjson"), &text).unwrap();
    let unreadable = |input: &str, name: &str| {
        let output = run_with(&folder, &["learn", input], text.as_bytes(), &[]);
        let report = String::from_utf8(output.stderr).unwrap();
        report.split_once("3 values could not be read").unwrap().1.replace(name, "FILE")
    };
    let of_a_file = unreadable("builds.ndjson", "builds.ndjson");
    assert!(of_a_file.contains("FILE:31: ") && of_a_file.contains("FILE:33: "), "{of_a_file}");
    assert_eq!(unreadable("-", "standard input"), of_a_file);
}

#[test]
fn learn_says_why_it_proposes_nothing() {
    let folder = folder("nothing");
    for (input, expected) in [
        ("", "buildbrake: the input contains no builds to learn from\n"),
        ("{\"a\": 1}\n", "the input contains no builds to learn from: standard input:1: "),
        (
            "{\"id\": \"shop:5e000000-0000-4000-8000-000000000001\", \"buildStatus\": \"FAILED\"}\n",
            "max-timeout: no build's timeout is known",
        ),
    ] {
        let output = run_with(&folder, &["learn", "-"], input.as_bytes(), &[]);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.contains(expected), "{error}");
    }
}

/// The copy of standard input contains the values of environment variables.
#[cfg(unix)]
#[test]
fn no_temporary_file_of_learn_has_a_name() {
    let folder = folder("copy");
    let mut child = Command::new(env!("CARGO_BIN_EXE_buildbrake"))
        .args(["learn", "-"])
        .current_dir(&folder)
        .env("TMPDIR", &folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let files = || fs::read_dir(&folder).unwrap().count();
    let before = files();
    let builds: Vec<Value> = History::of_seed(5).take(500).collect();
    let text = lines(&builds);
    let mut stdin = child.stdin.take().unwrap();
    for _ in 0..4 {
        stdin.write_all(text.as_bytes()).unwrap();
        assert_eq!(files(), before);
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(files(), before);
}

/// Runs the program with standard input, and fails if it takes longer than a minute.
pub(crate) fn run_with(folder: &Path, arguments: &[&str], input: &[u8], variables: &[(&str, &str)]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_buildbrake"))
        .args(arguments)
        .current_dir(folder)
        .envs(variables.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    thread::scope(|scope| {
        // This fails if the program ends early and does not read the rest.
        scope.spawn(move || stdin.write_all(input));
        let end = Instant::now() + Duration::from_secs(60);
        while child.try_wait().unwrap().is_none() && Instant::now() < end {
            thread::sleep(Duration::from_millis(20));
        }
        let has_ended = child.try_wait().unwrap().is_some();
        // Without effect if it has ended.
        child.kill().unwrap();
        assert!(has_ended, "{arguments:?} does not end");
        child.wait_with_output().unwrap()
    })
}

#[test]
fn options_that_leave_no_build_are_named() {
    let folder = folder("learn-scope");
    let builds: Vec<Value> = History::of_seed(5).take(3).collect();
    for (options, expected) in [
        (&["--projects", "nosuch*"][..], "`--projects`"),
        (&["--since", "2999-01-01"], "`--since`"),
        (&["--projects", "nosuch*", "--since", "30d"], "`--projects` and `--since`"),
    ] {
        let arguments: Vec<&str> = ["learn", "-"].iter().chain(options).copied().collect();
        let output = run_with(&folder, &arguments, lines(&builds).as_bytes(), &[]);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert_eq!(error, format!("buildbrake: the input contains builds, but none that matches {expected}\n"));
    }
}

#[test]
fn what_is_skipped_in_a_folder_is_named_once() {
    let folder = folder("learn-skipped");
    fs::create_dir(folder.join("history")).unwrap();
    let builds: Vec<Value> = History::of_seed(5).take(60).collect();
    fs::write(folder.join("history/builds.ndjson"), lines(&builds)).unwrap();
    fs::write(folder.join("history/.hidden"), "").unwrap();
    let output = run_with(&folder, &["learn", "history"], b"", &[]);
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{error}");
    assert_eq!(error.matches("skipped: it is hidden").count(), 1, "{error}");
}
