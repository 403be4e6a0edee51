//! `buildbrake check`.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::{
    files::PolicyFile,
    output::{Exit, count, print, print_error},
};

/// Validates policies and reports every fault at once.
///
/// Warns about exemptions and `enforce-after` dates that have passed or pass within 14 days,
/// and about rules that have no effect.
///
/// Exit status: 0 all policies are valid, 1 a policy has a fault, 2 a file cannot be read.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Exit with status 1 if there is a warning.
    #[arg(long)]
    deny_warnings: bool,
    /// Policy files.
    #[arg(required = true)]
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
        Err(exit) => return Ok(exit),
    };
    let rules = count(policy.rule_ids().count(), "rule");
    let warnings = policy.warnings(&name, &text, Timestamp::now());
    if warnings.count() == 0 {
        return print(&format!("{name}: valid, {rules}\n"));
    }
    print_error(&format!("{warnings}\n"));
    print(&format!("{name}: valid, {rules}, {}\n", count(warnings.count(), "warning")))?;
    Ok(if deny_warnings { Exit::Findings } else { Exit::Success })
}
