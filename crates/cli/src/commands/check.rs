//! `buildbrake check`.

use std::path::{Path, PathBuf};

use buildbrake_core::{facts::inquiry::Source, policy::Policy, yaml::Severity};
use jiff::Timestamp;

use crate::{
    files::{NotLoaded, PolicyFile},
    output::{Exit, count, print, print_error},
};

/// Validates policies and reports every fault at once.
///
/// Warns about exemptions and `enforce-after` dates that have passed or pass within 14 days,
/// and about rules that have no effect. Notes rules that have no deadline although they depend
/// on the time. Lists the rules that may cost a call to CodeBuild at a build's start.
///
/// Exit status: 0 all policies are valid, 1 a policy has a fault (or a warning, with
/// `--deny-warnings`), 2 a file cannot be read.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Exit with status 1 if there is a warning.
    #[arg(long)]
    deny_warnings: bool,
    /// Policy files.
    #[arg(required = true, value_name = "POLICY")]
    policies: Vec<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let mut worst = Exit::Success;
    for path in &arguments.policies {
        worst = worst.max(check(path, arguments.deny_warnings)?);
    }
    Ok(worst)
}

fn check(path: &Path, deny_warnings: bool) -> anyhow::Result<Exit> {
    let PolicyFile { name, text, policy } = match PolicyFile::load(path) {
        Ok(file) => file,
        Err(NotLoaded::Faulty) => return Ok(Exit::Findings),
        Err(NotLoaded::Unreadable) => return Ok(Exit::Error),
    };
    let rules = count(policy.rule_ids().count(), "rule");
    let findings = policy.lint(&name, &text, Timestamp::now());
    if !findings.is_empty() {
        print_error(&format!("{findings}\n"));
    }
    let mut summary = format!("{name}: valid, {rules}");
    let warnings = findings.count(Severity::Warning);
    for (number, noun) in [(warnings, "warning"), (findings.count(Severity::Note), "note")] {
        if number > 0 {
            summary.push_str(&format!(", {}", count(number, noun)));
        }
    }
    print(&format!("{summary}\n{}{}", calls_at_start(&policy), calls_for_refs(&policy)))?;
    Ok(if deny_warnings && warnings > 0 { Exit::Findings } else { Exit::Success })
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
