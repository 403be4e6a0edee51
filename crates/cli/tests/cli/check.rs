//! Which files `buildbrake check` and `buildbrake test` find, what `--fix` writes, and what `--watch` notices.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

use buildbrake_core::policy::Policy;

const VALID: &str = "version: 1\nrules: [{ id: short-builds, max-timeout: 60m }]\n";
const FAULTY: &str = "version: 1 # ours\nrules:\n  - id: short-builds\n    max-timout: 60m # an hour\n";
const FIXED: &str = "version: 1 # ours\nrules:\n  - id: short-builds\n    max-timeout: 60m # an hour\n";
const WORKFLOW: &str = "name: CI\non: push\njobs: { test: { runs-on: ubuntu-latest } }\n";
const TESTS: &str = "policy: policy.yaml\ntests:\n  - name: a long build is stopped\n    build: { timeoutInMinutes: 90 }\n    \
                     now: 2026-11-22T09:00:00Z\n    expect: stop\n";

/// An empty folder with these files.
fn folder(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("check").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    for (file, text) in files {
        let path = folder.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_buildbrake"));
    command.args(arguments).current_dir(folder);
    command
}

/// The exit status, the first words of the lines of standard output, and standard error.
fn run(folder: &Path, arguments: &[&str]) -> (i32, Vec<String>, String) {
    let Output { status, stdout, stderr } = command(folder, arguments).output().unwrap();
    let text = String::from_utf8(stdout).unwrap();
    let is_sum = |line: &str| line.contains(" policies: ");
    let files = text
        .lines()
        .filter(|line| !line.starts_with(' ') && !is_sum(line))
        .map(|line| line.split(':').next().unwrap().to_owned());
    (status.code().unwrap(), files.collect(), String::from_utf8(stderr).unwrap())
}

#[test]
fn the_policies_of_a_folder_are_found_and_nothing_else() {
    let folder = folder(
        "found",
        &[
            ("policy.yaml", VALID),
            ("b/deep/other.yml", VALID),
            ("b/deep/other.test.yaml", TESTS),
            ("a.yaml", "{version: 1, rules: [{id: a, max-timeout: 60m}]}"),
            (".github/workflows/ci.yaml", WORKFLOW),
            ("ci.yaml", WORKFLOW),
            ("compose.yaml", "version: '3'\nservices: {}\n"),
            ("semgrep.yaml", "rules:\n  - id: a\n    pattern: x\n"),
            ("broken.yaml", "a: [\n"),
            ("latin.yaml", "a: b"),
            ("target/policy.yaml", VALID),
            ("b/node_modules/policy.yaml", VALID),
            (".hidden.yaml", VALID),
            ("policy.yaml.orig", VALID),
        ],
    );
    let expected = ["a.yaml", "b/deep/other.yml", "policy.yaml"].map(str::to_owned).to_vec();
    assert_eq!(run(&folder, &["check", "."]), (0, expected.clone(), String::new()));
    assert_eq!(run(&folder, &["check", ".", "policy.yaml", "./a.yaml"]).1, expected);
    assert_eq!(run(&folder, &["check", "target"]).1, ["target/policy.yaml"]);
    assert_eq!(run(&folder, &["check", ".hidden.yaml"]).1, [".hidden.yaml"]);
}

/// Reading a pipe would wait for somebody to write to it.
#[cfg(unix)]
#[test]
fn a_pipe_in_a_folder_is_left_out() {
    let folder = folder("pipe", &[("policy.yaml", VALID)]);
    let made = Command::new("mkfifo").args(["a.yaml", "a.test.yaml"]).current_dir(&folder).status().unwrap();
    assert!(made.success());
    std::os::unix::fs::symlink("/dev/zero", folder.join("zero.yaml")).unwrap();
    let mut check = command(&folder, &["check", "."]).stdout(Stdio::piped()).spawn().unwrap();
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    while check.try_wait().unwrap().is_none() {
        if std::time::Instant::now() > deadline {
            check.kill().unwrap();
            panic!("`check` reads a pipe");
        }
        thread::sleep(Duration::from_millis(50));
    }
    let output = check.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "policy.yaml: valid, 1 rule\n");
}

#[test]
fn several_policies_are_summed_up() {
    let folder = folder("sum", &[("a.yaml", VALID), ("b.yaml", FAULTY), ("c.yaml", FAULTY)]);
    let last = |arguments: &[&str]| {
        let output = command(&folder, arguments).output().unwrap();
        String::from_utf8(output.stdout).unwrap().lines().last().map(str::to_owned)
    };
    assert_eq!(last(&["check", "."]).as_deref(), Some("3 policies: 1 valid, 2 with faults"));
    assert_eq!(last(&["check", ".", "none.yaml"]).as_deref(), Some("4 policies: 1 valid, 2 with faults, 1 unreadable"));
    assert_eq!(last(&["check", "a.yaml"]).as_deref(), Some("a.yaml: valid, 1 rule"));
    assert_eq!(last(&["check", "b.yaml"]), None);
    assert_eq!(last(&["check", "--fix", "."]).as_deref(), Some("3 policies: 3 valid"));
    assert_eq!(last(&["check", "--fix", "-", "a.yaml"]).as_deref(), Some("a.yaml: valid, 1 rule"));
}

/// A file that cannot be parsed may be the policy that matters.
#[test]
fn a_policy_that_is_found_and_faulty_is_reported() {
    for broken in
        ["version: 1\nrules: [\n", "rules:\n\t- id: a\nversion: 1\n", "version: 1\nrules: 5\n", "rules: []\nversion: 2"]
    {
        let folder = folder("faulty", &[("some.yaml", broken)]);
        let (exit, _, error) = run(&folder, &["check", "."]);
        assert!(exit == 1 && error.starts_with("some.yaml:"), "{broken}: {error}");
    }
}

#[test]
fn a_file_that_is_named_is_never_skipped() {
    let folder = folder("named", &[("ci.yaml", WORKFLOW), ("empty/a.txt", "")]);
    let (exit, _, error) = run(&folder, &["check", "ci.yaml"]);
    assert!(exit == 1 && error.contains("error[BB024]"), "{error}");
    let (exit, _, error) = run(&folder, &["check", "empty"]);
    let expected = "buildbrake: empty: no policy (a YAML file with `version` and `rules` at its top) in this folder; name a file\n";
    assert_eq!((exit, error.as_str()), (2, expected));
    let (exit, _, error) = run(&folder, &["test", "empty"]);
    assert_eq!((exit, error.as_str()), (2, "buildbrake: empty: no `*.test.yaml` in this folder; name a file\n"));
}

#[test]
fn without_arguments_the_usual_names_are_checked() {
    let all = [
        ("buildbrake.yaml", VALID),
        ("policy.yaml", VALID),
        ("policy/a.yaml", VALID),
        ("policy/a.test.yaml", TESTS),
        ("policy/notes.yaml", "a: b"),
        ("policy/deeper/b.yaml", VALID),
        ("other.yaml", VALID),
    ];
    let folder = folder("usual", &all);
    assert_eq!(run(&folder, &["check"]).1, ["buildbrake.yaml", "policy.yaml", "policy/a.yaml"]);
    let (exit, _, error) = run(&self::folder("nothing", &[("other.yaml", VALID)]), &["check"]);
    let expected =
        "buildbrake: no `buildbrake.yaml`, `policy.yaml` or `policy/*.yaml` here; name a policy or a folder\n";
    assert_eq!((exit, error.as_str()), (2, expected));
}

#[test]
fn the_tests_of_a_folder_are_found() {
    let folder = folder(
        "tests",
        &[
            ("policy.yaml", VALID),
            ("policy.test.yaml", TESTS),
            ("a/b.test.yml", &TESTS.replace("policy.y", "../policy.y")),
        ],
    );
    let expected = ["2 passed, 0 failed", "a/b.test.yml", "policy.test.yaml"];
    for arguments in [&["test"][..], &["test", "."], &["test", "policy.test.yaml", "."]] {
        let (exit, mut files, _) = run(&folder, arguments);
        files.sort();
        files.retain(|line| line != "policy.yaml");
        assert_eq!((exit, files), (0, expected.map(str::to_owned).to_vec()), "{arguments:?}");
    }
}

#[test]
fn standard_input_is_a_policy() {
    let folder = folder("stdin", &[]);
    let check = |arguments: &[&str], text: &str| {
        let mut child = command(&folder, arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
        (status.code().unwrap(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
    };
    assert_eq!(check(&["check", "-"], VALID), (0, "standard input: valid, 1 rule\n".to_owned(), String::new()));
    let (exit, _, error) = check(&["check", "-"], FAULTY);
    assert!(exit == 1 && error.starts_with("standard input:4:5: error[BB024]: "), "{error}");
    let (exit, output, error) = check(&["check", "--fix", "-"], FAULTY);
    assert_eq!((exit, output.as_str()), (0, FIXED));
    assert_eq!(error, "standard input:4:5: fixed: `max-timout` is now `max-timeout`\n");
}

#[test]
fn a_fixed_file_keeps_its_permissions_and_its_link() {
    let folder = folder(
        "fix",
        &[("real/policy.yaml", FAULTY), ("left.yaml", "version: 1\nrules: [{ id: a, max-timeout: 1 hour }]\n")],
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::{PermissionsExt, symlink};
        fs::set_permissions(folder.join("real/policy.yaml"), fs::Permissions::from_mode(0o640)).unwrap();
        symlink("real/policy.yaml", folder.join("policy.yaml")).unwrap();
        let (exit, files, error) = run(&folder, &["check", "--fix", "policy.yaml"]);
        assert_eq!((exit, files.as_slice()), (0, &["policy.yaml".to_owned()][..]), "{error}");
        assert!(folder.join("policy.yaml").is_symlink());
        assert_eq!(fs::metadata(folder.join("real/policy.yaml")).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(fs::read_to_string(folder.join("real/policy.yaml")).unwrap(), FIXED);
    }
    let before = fs::metadata(folder.join("left.yaml")).unwrap().modified().unwrap();
    assert_eq!(run(&folder, &["check", "--fix", "left.yaml"]).0, 1);
    assert_eq!(fs::metadata(folder.join("left.yaml")).unwrap().modified().unwrap(), before);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 3, "no temporary file is left");
}

/// A program that watches, with the lines that it prints.
struct Watching {
    child: Child,
    lines: Receiver<String>,
    /// Lines that were not waited for.
    seen: Vec<String>,
}

impl Watching {
    fn new(folder: &Path, arguments: &[&str]) -> Self {
        Self::of(command(folder, arguments))
    }

    fn of(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = channel();
        let outputs: [Box<dyn std::io::Read + Send>; 2] =
            [Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
        for output in outputs {
            let sender = sender.clone();
            thread::spawn(move || {
                BufReader::new(output).lines().map_while(Result::ok).for_each(|line| _ = sender.send(line));
            });
        }
        Self { child, lines, seen: Vec::new() }
    }

    /// Waits for a line that contains a text. The lines of both outputs come in any order.
    #[track_caller]
    fn wait_for(&mut self, text: &str) {
        loop {
            if let Some(index) = self.seen.iter().position(|line| line.contains(text)) {
                self.seen.remove(index);
                return;
            }
            let line = self.lines.recv_timeout(Duration::from_secs(20));
            self.seen.push(line.unwrap_or_else(|_| unreachable!("no line with {text:?} in {:?}", self.seen)));
        }
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_change_of_a_watched_policy_is_noticed() {
    let folder = folder("watch", &[("policies/a.yaml", VALID)]);
    let mut watching = Watching::new(&folder, &["check", "--watch", "policies"]);
    watching.wait_for("policies/a.yaml: valid, 1 rule");
    watching.wait_for("watching 1 file; Ctrl-C ends it");
    fs::write(folder.join("policies/a.yaml"), FAULTY).unwrap();
    watching.wait_for("error[BB024]");
    // Editors write another file, and rename it.
    watching.wait_for("watching");
    fs::write(folder.join("new"), FIXED).unwrap();
    fs::rename(folder.join("new"), folder.join("policies/a.yaml")).unwrap();
    watching.wait_for("policies/a.yaml: valid, 1 rule");
    watching.wait_for("watching");
    fs::write(folder.join("policies/b.yaml"), VALID).unwrap();
    watching.wait_for("policies/b.yaml: valid, 1 rule");
    watching.wait_for("watching 2 files");
    fs::remove_dir_all(folder.join("policies")).unwrap();
    watching.wait_for("the file cannot be read");
    fs::create_dir(folder.join("policies")).unwrap();
    fs::write(folder.join("policies/c.yaml"), VALID).unwrap();
    watching.wait_for("policies/c.yaml: valid, 1 rule");
}

#[test]
fn a_change_of_a_tested_policy_is_noticed() {
    let folder = folder("watch-tests", &[("policy.yaml", VALID), ("policy.test.yaml", TESTS)]);
    let mut watching = Watching::new(&folder, &["test", "--watch"]);
    watching.wait_for("1 passed, 0 failed");
    watching.wait_for("watching 2 files");
    fs::write(folder.join("policy.yaml"), VALID.replace("60m", "2h")).unwrap();
    watching.wait_for("0 passed, 1 failed");
    watching.wait_for("watching");
    fs::write(folder.join("policy.test.yaml"), TESTS.replace("90", "150")).unwrap();
    watching.wait_for("1 passed, 0 failed");
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_watching() {
    let folder = folder("watch-end", &[("policy.yaml", VALID)]);
    // A shell that starts the tests in the background makes them and their children ignore SIGINT.
    let heed =
        "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])";
    let mut command = Command::new("python3");
    command.args(["-c", heed, env!("CARGO_BIN_EXE_buildbrake"), "check", "--watch"]).current_dir(&folder);
    let mut watching = Watching::of(command);
    watching.wait_for("watching");
    let id = watching.child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    assert!(!watching.child.wait().unwrap().success());
}

#[test]
fn a_repository_of_200_policies() {
    let names: Vec<String> = (0..200).map(|index| format!("team-{}/policy-{index}.yaml", index % 20)).collect();
    let mut files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), VALID)).collect();
    files.extend([("ci.yaml", WORKFLOW), ("team-1/faulty.yaml", FAULTY)]);
    let folder = folder("repository", &files);
    let (exit, files, error) = run(&folder, &["check", "."]);
    assert_eq!((exit, files.len()), (1, 200));
    assert!(error.ends_with("team-1/faulty.yaml: 1 fault\n"), "{error}");
    assert!(Policy::recognizes(VALID) && !Policy::recognizes(WORKFLOW));
}
