//! `buildbrake check`.

use std::path::{Path, PathBuf};

use buildbrake_core::{
    diagnostic::{Finding, Severity},
    facts::inquiry::Source,
    policy::Policy,
};
use jiff::Timestamp;

use crate::{
    files::{NotLoaded, PolicyFile},
    output::{Exit, count, print, print_error, print_faults},
    report::diagnostics::{Format, number_of},
};

/// Validates policies and reports every fault at once.
///
/// Warns about exemptions and `enforce-after` dates that have passed or pass within 14 days,
/// and about rules that have no effect. Notes rules that have no deadline although they depend
/// on the time. Lists the rules that may cost a call to CodeBuild at a build's start.
/// `buildbrake rules BB025` explains the fault or warning with this id.
///
/// Exit status: 0 all policies are valid, 1 a policy has a fault (or a warning, with
/// `--deny-warnings`), 2 a file cannot be read.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  buildbrake check policy.yaml")]
pub(crate) struct Arguments {
    /// Exit with status 1 if there is a warning.
    #[arg(long)]
    deny_warnings: bool,
    /// The output format.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Policy files.
    #[arg(required = true, value_name = "POLICY")]
    policies: Vec<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let Arguments { deny_warnings, format, policies } = arguments;
    let mut exit = Exit::Success;
    let mut findings: Vec<Finding> = Vec::new();
    for path in policies {
        let checked = Checked::new(path);
        exit = exit.max(checked.exit(*deny_warnings));
        match format {
            Format::Text => checked.print()?,
            Format::Json | Format::Sarif | Format::Github => findings.extend(checked.findings),
        }
    }
    if *format != Format::Text {
        print(&format.write(&findings)?)?;
    }
    Ok(exit)
}

/// The result of one file.
struct Checked {
    findings: Vec<Finding>,
    state: State,
}

enum State {
    /// The policy is valid; with the lines that sum it up.
    Valid(String),
    Faulty,
    Unreadable,
}

impl Checked {
    fn new(path: &Path) -> Self {
        match PolicyFile::open(path) {
            Ok(file) => {
                let findings: Vec<Finding> =
                    file.policy.lint(&file.name, &file.text, Timestamp::now()).findings().collect();
                Self { state: State::Valid(summary(&file, &findings)), findings }
            }
            Err(NotLoaded::Faulty(findings)) => Self { findings, state: State::Faulty },
            Err(NotLoaded::Unreadable(finding)) => Self { findings: vec![*finding], state: State::Unreadable },
        }
    }

    fn exit(&self, deny_warnings: bool) -> Exit {
        match self.state {
            State::Valid(_) if deny_warnings && number_of(&self.findings, Severity::Warning) > 0 => Exit::Findings,
            State::Valid(_) => Exit::Success,
            State::Faulty => Exit::Findings,
            State::Unreadable => Exit::Error,
        }
    }

    /// Prints the findings to standard error, and what sums up a valid policy to standard output.
    fn print(&self) -> anyhow::Result<()> {
        match &self.state {
            State::Valid(summary) => {
                for finding in &self.findings {
                    print_error(&format!("{finding}\n"));
                }
                print(summary)?;
            }
            State::Faulty => print_faults(&self.findings),
            State::Unreadable => self.findings.iter().for_each(|finding| print_error(&finding.to_string())),
        }
        Ok(())
    }
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

/// The rules that may cost calls for a build that names no branch, on a line; nothing if there are none.
fn calls_for_refs(policy: &Policy) -> String {
    let rules: Vec<&str> = policy.rules_about_refs().collect();
    if rules.is_empty() {
        return String::new();
    }
    let calls = [Source::Project, Source::Pipeline, Source::Git].map(Source::operations).concat().join(", ");
    format!("  calls for a build whose source version names no branch: {} ({calls})\n", rules.join(", "))
}

/// The rules that may cost calls at a build's start, on a line; nothing if there are none.
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
