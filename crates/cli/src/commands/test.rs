//! `buildbrake test`.

use std::{
    fs,
    path::{Component, Path, PathBuf},
};

use buildbrake_core::{
    testing::{Coverage, File, PolicyTests, Report, Uncovered},
    yaml::Faults,
};
use serde::Serialize;

use crate::{
    output::{Exit, count, print, print_error},
    report::{junit, text},
};

/// Runs policy tests: sample builds with their expected outcomes.
///
/// Exit status: 0 all tests pass, 1 a test fails, 2 a file has a fault or cannot be read.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Test files.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Runs only the tests whose name contains this; may be given several times.
    #[arg(long, value_name = "TEXT")]
    name: Vec<String>,
    /// Fails where a rule is broken by no test, or passed by none.
    #[arg(long, conflicts_with = "name")]
    coverage: bool,
    /// What to print.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// What the results are printed as.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Format {
    /// For a person.
    Text,
    /// One JSON object.
    Json,
    /// JUnit's XML, which most continuous integration shows.
    Junit,
}

/// What came of all the files that could be used.
#[derive(Serialize)]
pub(crate) struct Results {
    pub(crate) files: Vec<Report>,
    /// Rules that the tests leave open; not told where only some tests were run.
    pub(crate) uncovered: Vec<Uncovered>,
    /// Whether such a rule is a failure.
    #[serde(skip)]
    pub(crate) needs_coverage: bool,
    pub(crate) passed: usize,
    pub(crate) failed: usize,
}

pub(crate) fn run(options: &Arguments) -> anyhow::Result<Exit> {
    let is_chosen = |name: &str| options.name.is_empty() || options.name.iter().any(|text| name.contains(text));
    let mut exit = Exit::Success;
    let mut coverage = Coverage::default();
    let mut files = Vec::new();
    for path in &options.files {
        match load(path) {
            Ok(tests) => files.push(tests.run(is_chosen, &mut coverage)),
            Err(faulty) => exit = exit.max(faulty),
        }
    }
    let all = || files.iter().flat_map(|file| &file.tests);
    let (passed, failed) = (all().filter(|test| test.passed).count(), all().filter(|test| !test.passed).count());
    if passed + failed == 0 && !files.is_empty() {
        print_error("buildbrake: no test has such a name");
        exit = exit.max(Exit::Usage);
    }
    let uncovered = if options.name.is_empty() { coverage.uncovered() } else { Vec::new() };
    if failed > 0 || (options.coverage && !uncovered.is_empty()) {
        exit = exit.max(Exit::Findings);
    }
    let results = Results { files, uncovered, needs_coverage: options.coverage, passed, failed };
    print(&match options.format {
        // That nothing failed would mislead where nothing was run.
        Format::Text if results.files.is_empty() => String::new(),
        Format::Text => text::results(&results),
        Format::Json => format!("{}\n", serde_json::to_string_pretty(&results)?),
        Format::Junit => junit::results(&results)?,
    })?;
    Ok(exit)
}

/// The tests of a file; or, once what is wrong is said, how the command ends.
fn load(path: &Path) -> Result<PolicyTests, Exit> {
    let file = read(path).map_err(|error| {
        print_error(&format!("{}: the file cannot be read: {error}", path.display()));
        Exit::Usage
    })?;
    // What the file names is told from its own folder.
    let folder = path.parent().unwrap_or(Path::new(""));
    PolicyTests::parse(&file, |name| read(&folder.join(name)).map_err(|error| error.to_string())).map_err(|faulty| {
        for faults in faulty {
            print_error(&told(&faults));
        }
        Exit::Usage
    })
}

fn read(path: &Path) -> std::io::Result<File> {
    Ok(File { name: shortened(path).display().to_string(), text: fs::read_to_string(path)? })
}

/// A path for a person: `tests/../policy.yaml` is `policy.yaml`. Behind a symbolic link it
/// could be another file, so it is never read by this.
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

fn told(faults: &Faults) -> String {
    format!("{faults}\n\n{}: {}", faults.file(), count(faults.count(), "fault"))
}
