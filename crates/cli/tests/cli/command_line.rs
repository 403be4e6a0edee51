//! What all commands have in common: help, man pages, completions, and how much they print.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output},
};

const BUILDBRAKE: &str = env!("CARGO_BIN_EXE_buildbrake");

/// The maximum numbers of lines and columns of a command's help.
const SCREEN: (usize, usize) = (50, 100);

fn run(arguments: &[&str]) -> Output {
    Command::new(BUILDBRAKE)
        .args(arguments)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .output()
        .unwrap()
}

fn stdout(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The names of all commands, as the help lists them.
fn commands() -> Vec<String> {
    let help = stdout(&["--help"]);
    let list = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let names =
        list.lines().filter(|line| !line.starts_with("   ")).map(|line| line.split_whitespace().next().unwrap());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    folder
}

fn is_installed(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok()
}

#[test]
fn every_command_refuses_what_is_no_region() {
    let policy = ["--policy", "policy/policy.yaml"];
    for command in [&["scan", "--account"][..], &["replay", "--account"], &["learn", "--account"], &["sweep"]] {
        for (region, expected) in [
            ("EU-WEST-1", "a region is written in lower case, with `-`; write `eu-west-1`"),
            ("Ireland", "write a region as its code; write `eu-west-1`"),
            ("eu-*", "write the code of one region, as in `eu-west-1`"),
            ("eu-west", "a region ends with a number; write the code of one region, as in `eu-west-1`"),
        ] {
            let policy = if command[0] == "learn" { &[][..] } else { &policy };
            let output = run(&[command, policy, &["--region", region]].concat());
            let error = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{command:?} {region}: {error}");
            assert!(error.contains(expected), "{command:?} {region}: {error}");
        }
    }
}

#[test]
fn every_help_fits_a_screen() {
    let commands = commands();
    assert!(commands.len() >= 12, "{commands:?}");
    for command in &commands {
        let help = stdout(&[command, "--help"]);
        assert!(help.lines().count() <= SCREEN.0, "{command}:\n{help}");
        assert!(help.lines().all(|line| line.chars().count() <= SCREEN.1), "{command}:\n{help}");
        assert!(help.contains("\nExamples:\n  "), "{command}:\n{help}");
        assert_eq!(help, stdout(&[command, "-h"]), "{command}");
        // These two can only succeed.
        let can_fail = !["schema", "completions"].contains(&command.as_str());
        assert_eq!(stdout(&["help", command]).contains("\nExit status: "), can_fail, "{command}");
    }
}

#[test]
fn every_command_has_a_man_page() {
    let folder = folder("man");
    stdout(&["man", "--dir", folder.to_str().unwrap()]);
    let mut pages = commands();
    pages.iter_mut().for_each(|command| command.insert_str(0, "buildbrake-"));
    pages.push("buildbrake".to_owned());
    assert_eq!(fs::read_dir(&folder).unwrap().count(), pages.len());
    for page in pages {
        let path = folder.join(format!("{page}.1"));
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(&format!(".TH {page} 1 ")), "{text}");
        let command = page.strip_prefix("buildbrake-");
        assert_eq!(text, stdout(&["man"].into_iter().chain(command).collect::<Vec<_>>()));
        if is_installed("man") {
            let shown =
                Command::new("man").args(["--warnings", "-l"]).arg(&path).env("MANWIDTH", "80").output().unwrap();
            assert!(shown.status.success() && shown.stderr.is_empty(), "{}", String::from_utf8_lossy(&shown.stderr));
        }
    }
    let unknown = run(&["man", "stop"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert_eq!(String::from_utf8(unknown.stderr).unwrap(), "buildbrake: there is no command `stop`\n");
}

/// Completes `buildbrake ch` in the shells that are installed.
#[test]
fn shells_complete_commands() {
    let folder = folder("completions");
    fs::create_dir_all(&folder).unwrap();
    for (shell, program, script) in [
        (
            "bash",
            "bash",
            ". FILE; COMP_WORDS=(buildbrake ch); COMP_CWORD=1; _buildbrake buildbrake ch buildbrake; echo ${COMPREPLY[@]}",
        ),
        ("zsh", "zsh", "autoload -U compinit; compinit -u; . FILE; (( $+functions[_buildbrake] )) && echo check"),
        ("fish", "fish", "source FILE; complete -C 'buildbrake ch'"),
        ("powershell", "pwsh", ". FILE; (TabExpansion2 'buildbrake ch').CompletionMatches.CompletionText"),
    ] {
        let file = folder.join(shell);
        fs::write(&file, stdout(&["completions", shell])).unwrap();
        if !is_installed(program) {
            continue;
        }
        let script = script.replace("FILE", file.to_str().unwrap());
        let output = Command::new(program).args(["-c", &script]).output().unwrap();
        let found = String::from_utf8(output.stdout).unwrap();
        assert!(
            found.split_whitespace().any(|word| word == "check"),
            "{shell}: {found}{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    assert!(is_installed("bash"));
}

#[test]
fn more_or_less_is_printed_beside_the_result() {
    let explain = ["explain", "--policy", "policy/policy.yaml", "events/forbidden-branch.json"];
    let with = |option: &'static str| run(&[&explain[..], &[option]].concat());
    let (normal, quiet, verbose) = (run(&explain), with("--quiet"), with("-v"));
    assert!(normal.stderr.is_empty() && quiet.stderr.is_empty());
    assert_eq!(normal.stdout, verbose.stdout);
    let details = String::from_utf8(verbose.stderr).unwrap();
    let lines: Vec<&str> = details.lines().collect();
    assert!(lines[0].starts_with("policy/policy.yaml: ") && lines[0].contains(" rules, digest sha256:"), "{details}");
    assert_eq!(lines[1], "reading events/forbidden-branch.json");
    assert!(lines[2].starts_with("this took 0."), "{details}");

    let export = ["export", "iam", "policy/policy.yaml"];
    assert!(!run(&export).stderr.is_empty(), "it names what is left out");
    assert!(run(&[&export[..], &["-q"]].concat()).stderr.is_empty());
    assert_eq!(run(&["rules", "-q", "-v"]).status.code(), Some(2));
}

#[test]
fn colours_honour_the_environment() {
    let folder = folder("colours");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("policy.yaml"), "version: 1\nrules: [{ id: a, max-timeout: x }]\n").unwrap();
    let colours = |variables: &[(&str, &str)]| {
        let mut command = Command::new(BUILDBRAKE);
        command.args(["check", "policy.yaml"]).current_dir(&folder).env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE");
        let output = command.envs(variables.iter().copied()).output().unwrap();
        let shown = String::from_utf8(output.stderr).unwrap();
        assert!(shown.contains("BB"), "{shown}");
        shown.contains("\u{1b}[")
    };
    assert!(!colours(&[]), "a pipe");
    assert!(colours(&[("CLICOLOR_FORCE", "1")]));
    assert!(!colours(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
}

#[test]
fn a_quiet_test_prints_no_notes() {
    let test = "crates/cli/tests/transcripts/tests/undecided.yaml";
    let loud = stdout(&["test", test]);
    assert!(loud.contains("  NOTE ") && loud.contains("no tested build breaks"), "{loud}");
    assert_eq!(stdout(&["-q", "test", test]), format!("{test}: 1 passed, 0 failed\n1 passed, 0 failed\n"));
    let output = run(&["-q", "test", "--coverage", test]);
    let found = String::from_utf8(output.stdout).unwrap();
    assert!(!found.contains("  NOTE ") && found.contains("no tested build breaks"), "{found}");
}
