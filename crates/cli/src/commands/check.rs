//! `buildbrake check`.

use std::{
    fmt, fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use anyhow::ensure;
use buildbrake_core::{
    diagnostic::{self, Finding, Fix, Severity},
    facts::inquiry::Source,
    policy::Policy,
    yaml,
};
use jiff::Timestamp;

use crate::{
    discovery::{FileKind, STDIN, files},
    files::{NotLoaded, PolicyFile, replace_whole, unreadable},
    output::{Exit, count, print, print_error, print_faults, print_note},
    report::diagnostics::{Format, number_of},
    watch::watch,
};

/// Validates policies and reports every fault at once.
///
/// Warns about exemptions and `enforce-after` dates that have passed or pass within 14 days,
/// and about rules that have no effect. Notes rules that have no deadline although they depend
/// on the time. Lists the rules that may cost a call to CodeBuild at a build's start.
/// `buildbrake rules BB025` explains the fault or warning with this id.
///
/// A folder is searched for policies: YAML files that have `version` and `rules` at their top, but for
/// `*.test.yaml`. Hidden files and folders, `target` and `node_modules` are left out. Without arguments,
/// `buildbrake.yaml`, `policy.yaml` and `policy/*.yaml` are checked.
///
/// Exit status: 0 all policies are valid, 1 a policy has a fault (or a warning, with
/// `--deny-warnings`), 2 a file cannot be read.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  buildbrake check
  buildbrake check policy.yaml
  buildbrake check --format sarif policies/ > check.sarif
  buildbrake check --fix policy.yaml")]
pub(crate) struct Arguments {
    /// Exit with status 1 if there is a warning.
    #[arg(long)]
    deny_warnings: bool,
    /// The output format.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Correct faults that have one safe correction, such as a misspelt key.
    ///
    /// Comments and the layout stay as they are. A file is written whole or not at all, and only if it has
    /// fewer faults then. With `-`, the corrected text is written to standard output.
    #[arg(long)]
    fix: bool,
    /// Check again whenever a file changes, until Ctrl-C.
    #[arg(long, conflicts_with_all = ["fix", "format"])]
    watch: bool,
    /// Policy files and folders, or `-` for standard input.
    #[arg(value_name = "POLICY")]
    policies: Vec<PathBuf>,
    /// The same, as other commands have it.
    #[arg(long, value_name = "POLICY", hide = true)]
    policy: Vec<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let Arguments { deny_warnings, format, fix, watch: watches, policies, policy } = arguments;
    let policies = &[&policies[..], policy].concat();
    if *watches {
        ensure!(policies.iter().all(|path| path.as_os_str() != STDIN), "standard input cannot be watched; name a file");
        let list = || files(policies, FileKind::Policy).unwrap_or_default();
        return watch(list, || {
            let policies = files(policies, FileKind::Policy)?;
            policies.iter().try_for_each(|path| CheckedFile::new(path).print())?;
            Ok(policies)
        });
    }
    let mut exit = Exit::Success;
    let mut findings: Vec<Finding> = Vec::new();
    let mut sum = Sum::default();
    for path in files(policies, FileKind::Policy)? {
        let checked = if *fix { fixed(&path)? } else { CheckedFile::new(&path) };
        exit = exit.max(checked.exit(*deny_warnings));
        sum.add(&checked.state);
        match format {
            Format::Text => checked.print()?,
            Format::Json | Format::Sarif | Format::Github => findings.extend(checked.findings),
        }
    }
    let prints_a_policy = *fix && policies.iter().any(|path| path.as_os_str() == STDIN);
    match format {
        Format::Text if prints_a_policy => {}
        Format::Text => drop(print(&sum.to_string())?),
        Format::Json | Format::Sarif | Format::Github => drop(print(&format.write(&findings)?)?),
    }
    Ok(exit)
}

/// The numbers of policies by their states.
#[derive(Default)]
struct Sum {
    valid: usize,
    faulty: usize,
    unreadable: usize,
}

impl Sum {
    fn add(&mut self, state: &FileState) {
        *match state {
            FileState::Valid(_) => &mut self.valid,
            FileState::Faulty => &mut self.faulty,
            FileState::Unreadable => &mut self.unreadable,
        } += 1;
    }
}

/// Writes one line if there are several policies, and nothing otherwise.
impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.valid + self.faulty + self.unreadable;
        if all < 2 {
            return Ok(());
        }
        write!(f, "{all} policies: {} valid", self.valid)?;
        for (number, what) in [(self.faulty, "with faults"), (self.unreadable, "unreadable")] {
            if number > 0 {
                write!(f, ", {number} {what}")?;
            }
        }
        writeln!(f)
    }
}

/// The result of one file.
struct CheckedFile {
    findings: Vec<Finding>,
    state: FileState,
}

enum FileState {
    /// The policy is valid. Contains the lines that summarize it.
    Valid(String),
    Faulty,
    Unreadable,
}

impl CheckedFile {
    fn new(path: &Path) -> Self {
        match read(path) {
            Ok((name, bytes)) => Self::of(name, bytes),
            Err(finding) => Self { findings: vec![*finding], state: FileState::Unreadable },
        }
    }

    fn of(name: String, bytes: Vec<u8>) -> Self {
        match PolicyFile::parse(name, bytes) {
            Ok(file) => {
                let findings: Vec<Finding> =
                    file.policy.lint(&file.name, &file.text, Timestamp::now()).findings().collect();
                Self { state: FileState::Valid(summary(&file, &findings)), findings }
            }
            Err(NotLoaded::Faulty(findings)) => Self { findings, state: FileState::Faulty },
            Err(NotLoaded::Unreadable(finding)) => Self { findings: vec![*finding], state: FileState::Unreadable },
        }
    }

    fn exit(&self, deny_warnings: bool) -> Exit {
        match self.state {
            FileState::Valid(_) if deny_warnings && number_of(&self.findings, Severity::Warning) > 0 => Exit::Findings,
            FileState::Valid(_) => Exit::Success,
            FileState::Faulty => Exit::Findings,
            FileState::Unreadable => Exit::Error,
        }
    }

    /// Prints the findings to standard error, and the summary of a valid policy to standard output.
    fn print(&self) -> anyhow::Result<()> {
        match &self.state {
            FileState::Valid(summary) => {
                for finding in &self.findings {
                    print_note(&format!("{finding}\n"));
                }
                print(summary)?;
            }
            FileState::Faulty => print_faults(&self.findings),
            FileState::Unreadable => self.findings.iter().for_each(|finding| print_error(&finding.to_string())),
        }
        Ok(())
    }
}

/// The name and the content of a file, or of standard input.
fn read(path: &Path) -> Result<(String, Vec<u8>), Box<Finding>> {
    let (name, bytes) = if path.as_os_str() == STDIN {
        let mut bytes = Vec::new();
        ("standard input".to_owned(), io::stdin().read_to_end(&mut bytes).map(|_| bytes))
    } else {
        (path.display().to_string(), fs::read(path))
    };
    bytes.map_err(|error| Box::new(unreadable(&name, &error))).map(|bytes| (name, bytes))
}

/// Applies the fixes to a file, and checks the result.
fn fixed(path: &Path) -> anyhow::Result<CheckedFile> {
    let (name, bytes) = match read(path) {
        Ok(file) => file,
        Err(finding) => return Ok(CheckedFile { findings: vec![*finding], state: FileState::Unreadable }),
    };
    let is_stdin = path.as_os_str() == STDIN;
    let Ok(text) = yaml::decode(&name, bytes.clone()) else { return Ok(CheckedFile::of(name, bytes)) };
    let (text, fixes) = diagnostic::fixed(&text, |text| Policy::diagnose(&name, text, Timestamp::now()));
    if is_stdin {
        print(&text)?;
    } else if !fixes.is_empty() {
        replace_whole(path, text.as_bytes())?;
    }
    for Fix { place, old, new } in &fixes {
        let change = if old.is_empty() { "inserted a space".to_owned() } else { format!("`{old}` is now `{new}`") };
        print_note(&format!("{name}:{}:{}: fixed: {change}", place.line, place.column));
    }
    let mut checked = CheckedFile::of(name, text.into_bytes());
    // Standard output is for the text alone.
    if let (FileState::Valid(summary), true) = (&mut checked.state, is_stdin) {
        summary.clear();
    }
    Ok(checked)
}

fn summary(PolicyFile { name, policy, .. }: &PolicyFile, findings: &[Finding]) -> String {
    let mut line = format!("{name}: valid, {}", count(policy.rule_ids().count(), "rule"));
    for (severity, noun) in [(Severity::Warning, "warning"), (Severity::Note, "note")] {
        let number = number_of(findings, severity);
        if number > 0 {
            line.push_str(&format!(", {}", count(number, noun)));
        }
    }
    format!("{line}\n{}{}", calls_at_start(policy), calls_for_refs(policy))
}

/// Returns a line with the rules that may cost calls for a build that names no branch. It is empty if there are none.
fn calls_for_refs(policy: &Policy) -> String {
    let rules: Vec<&str> = policy.rules_about_refs().collect();
    if rules.is_empty() {
        return String::new();
    }
    let calls = [Source::Project, Source::Pipeline, Source::Git].map(Source::operations).concat().join(", ");
    // The branches of a CodeCommit repository are read through CodeCommit's API.
    format!(
        "  calls for a build whose source version names no branch: {} ({calls}, or CodeCommit's GetRepository, \
         ListBranches and GetBranch)\n",
        rules.join(", ")
    )
}

/// Returns a line with the rules that may cost calls at a build's start. It is empty if there are none.
fn calls_at_start(policy: &Policy) -> String {
    let rules: Vec<String> = policy
        .calls_at_start()
        .map(|(rule, sources)| {
            let calls: Vec<&str> = sources.into_iter().flat_map(Source::operations).copied().collect();
            format!("{rule} ({})", calls.join(", "))
        })
        .collect();
    if rules.is_empty() {
        String::new()
    } else {
        format!("  calls at a build's start, unless its event settles the rule: {}\n", rules.join(", "))
    }
}
