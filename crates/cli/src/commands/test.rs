//! `buildbrake test`.

use std::{
    cell::RefCell,
    fs,
    path::{Component, Path, PathBuf},
};

use buildbrake_core::{
    diagnostic::{Diagnostic, Diagnostics, Finding},
    testing::{Coverage, File, FileReport, PolicyTests, Uncovered},
    yaml,
};
use jiff::Timestamp;
use serde::Serialize;

use crate::{
    discovery::{self, FileKind},
    files::unreadable,
    output::{Exit, print, print_error, print_faults, print_note},
    report::{diagnostics::json, junit, text},
    watch::watch,
};

/// Runs policy tests: sample builds with their expected outcomes.
///
/// A folder is searched for files named `*.test.yaml`; hidden files and folders, `target` and `node_modules` are
/// left out. Without arguments, the current folder is searched.
///
/// Exit status: 0 all tests pass, 1 a test fails, 2 a file has a fault or cannot be read.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  buildbrake test
  buildbrake test --coverage policy.test.yaml
  buildbrake test --format junit tests/ > tests.xml")]
pub(crate) struct Arguments {
    /// Test files, and folders with such files.
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Run only the tests whose name contains this text; may be repeated.
    #[arg(long, value_name = "TEXT")]
    name: Vec<String>,
    /// Fail if a rule is broken by no tested build or passed by none, or if an exemption is needed by none.
    #[arg(long, conflicts_with = "name")]
    coverage: bool,
    /// The output format.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Run the tests again whenever one of their files, a policy or an event changes, until Ctrl-C.
    #[arg(long, conflicts_with = "format")]
    watch: bool,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Format {
    /// Text for people.
    Text,
    /// One JSON object.
    Json,
    /// JUnit XML, which most continuous integration systems show.
    Junit,
}

/// The results of all files.
#[derive(Serialize)]
pub(crate) struct TestResults {
    /// The files whose tests were run.
    pub(crate) files: Vec<FileReport>,
    /// The errors that kept the tests of other files from running.
    #[serde(serialize_with = "json::list")]
    pub(crate) errors: Vec<Finding>,
    /// The rules and exemptions that are not covered; empty if only some tests were run.
    pub(crate) uncovered: Vec<Uncovered>,
    /// `true` if an uncovered rule is a failure.
    #[serde(skip)]
    pub(crate) needs_coverage: bool,
    pub(crate) passed: usize,
    pub(crate) failed: usize,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    if !arguments.watch {
        return run_once(arguments).map(|(exit, _)| exit);
    }
    let list = || discovery::files(&arguments.files, FileKind::Tests).unwrap_or_default();
    watch(list, || run_once(arguments).map(|(_, read)| read))
}

/// Runs the tests. Returns the files that were read, too.
fn run_once(arguments: &Arguments) -> anyhow::Result<(Exit, Vec<PathBuf>)> {
    let paths = discovery::files(&arguments.files, FileKind::Tests)?;
    let read = RefCell::new(paths.clone());
    let names = &arguments.name;
    let is_chosen = |name: &str| names.is_empty() || names.iter().any(|text| name.contains(text));
    let mut exit = Exit::Success;
    let mut coverage = Coverage::default();
    let (mut files, mut errors) = (Vec::new(), Vec::new());
    let mut findings: Vec<Diagnostics> = Vec::new();
    for path in &paths {
        match load(path, &read) {
            Ok(tests) => {
                files.push(tests.run(is_chosen, &mut coverage));
                findings.push(tests.lint(Timestamp::now()));
            }
            Err(of_file) => {
                errors.extend(of_file);
                exit = Exit::Error;
            }
        }
    }
    print_findings(&findings);
    let tests = || files.iter().flat_map(|file| &file.tests);
    let (passed, failed) = (tests().filter(|test| test.passed).count(), tests().filter(|test| !test.passed).count());
    if passed + failed == 0 && !files.is_empty() {
        let names: Vec<String> = names.iter().map(|text| format!("`{text}`")).collect();
        print_error(&format!("buildbrake: no test name contains {}", names.join(" or ")));
        exit = Exit::Error;
    }
    let uncovered = if names.is_empty() { coverage.uncovered() } else { Vec::new() };
    if failed > 0 || (arguments.coverage && !uncovered.is_empty()) {
        exit = exit.max(Exit::Findings);
    }
    let results = TestResults { files, errors, uncovered, needs_coverage: arguments.coverage, passed, failed };
    print(&match arguments.format {
        // "0 failed" would mislead if no test was run.
        Format::Text if results.files.is_empty() => String::new(),
        Format::Text => text::results(&results),
        Format::Json => format!("{}\n", serde_json::to_string_pretty(&results)?),
        Format::Junit => junit::results(&results)?,
    })?;
    Ok((exit, read.into_inner()))
}

/// Prints the findings about each policy once, however many files test it.
fn print_findings(findings: &[Diagnostics]) {
    for (index, of_policy) in findings.iter().enumerate() {
        if !of_policy.is_empty() && !findings[..index].contains(of_policy) {
            print_note(&format!("{of_policy}\n"));
        }
    }
}

/// Loads a test file, and adds the files that it names to `noted`. If that fails, prints and returns the faults or the
/// read error.
fn load(path: &Path, noted: &RefCell<Vec<PathBuf>>) -> Result<PolicyTests, Vec<Finding>> {
    let bytes = fs::read(path).map_err(|error| {
        let finding = unreadable(&path.display().to_string(), &error);
        print_error(&finding.to_string());
        vec![finding]
    })?;
    let name = shortened(path).display().to_string();
    let folder = path.parent().unwrap_or(Path::new(""));
    let tests = yaml::decode(&name, bytes).map_err(|faults| vec![faults]).and_then(|text| {
        PolicyTests::parse(&File { name, text }, |name| {
            let path = folder.join(name);
            noted.borrow_mut().push(path.clone());
            read(&path)
        })
    });
    tests.map_err(|faulty| {
        let faulty: Vec<Vec<Finding>> = faulty.iter().map(|faults| faults.findings().collect()).collect();
        faulty.iter().for_each(|faults| print_faults(faults));
        faulty.concat()
    })
}

/// Reads a policy or an event.
fn read(path: &Path) -> Result<File, String> {
    let name = shortened(path).display().to_string();
    let bytes = fs::read(path).map_err(|error| error.to_string())?;
    let text = yaml::decode(&name, bytes).map_err(|faults| {
        let faults = faults.iter().map(|Diagnostic { place, message, .. }| format!("{message} (line {})", place.line));
        faults.collect::<Vec<_>>().join("; ")
    })?;
    Ok(File { name, text })
}

/// Shortens a path for display: `tests/../policy.yaml` becomes `policy.yaml`. Behind a symbolic
/// link that may be another file, so the short path is never opened.
fn shortened(path: &Path) -> PathBuf {
    let mut short = PathBuf::new();
    for part in path.components() {
        let is_up = part == Component::ParentDir;
        if is_up && matches!(short.components().next_back(), Some(Component::Normal(_))) {
            short.pop();
        } else if part != Component::CurDir {
            short.push(part);
        }
    }
    short
}
