//! `buildbrake check`.

use std::{
    fs,
    io::{Write, stdout},
    path::{Path, PathBuf},
};

use buildbrake::policy::Policy;
use jiff::Timestamp;

use crate::{Exit, complain};

pub(crate) fn run(policies: &[PathBuf], deny_warnings: bool) -> anyhow::Result<Exit> {
    let mut worst = Exit::Success;
    for path in policies {
        let exit = check(path, deny_warnings)?;
        worst = worst.max(exit);
    }
    Ok(worst)
}

fn check(path: &Path, deny_warnings: bool) -> anyhow::Result<Exit> {
    let name = path.display().to_string();
    let (policy, text) = match read(&name, path) {
        Ok(read) => read,
        Err(exit) => return Ok(exit),
    };
    let rules = count(policy.rule_ids().count(), "rule");
    let warnings = policy.warnings(&name, &text, Timestamp::now());
    if warnings.count() == 0 {
        writeln!(stdout(), "{name}: valid, {rules}")?;
        return Ok(Exit::Success);
    }
    complain(&format!("{warnings}\n"));
    writeln!(stdout(), "{name}: valid, {rules}, {}", count(warnings.count(), "warning"))?;
    Ok(if deny_warnings { Exit::Findings } else { Exit::Success })
}

/// A policy without a fault; or, once what is wrong is said, how the command ends.
pub(crate) fn load(path: &Path) -> Result<Policy, Exit> {
    read(&path.display().to_string(), path).map(|(policy, _)| policy)
}

fn read(name: &str, path: &Path) -> Result<(Policy, String), Exit> {
    let text = fs::read_to_string(path).map_err(|error| {
        complain(&format!("{name}: the file cannot be read: {error}"));
        Exit::Usage
    })?;
    match Policy::parse(name, &text) {
        Ok(policy) => Ok((policy, text)),
        Err(faults) => {
            complain(&format!("{faults}\n\n{name}: {}", count(faults.count(), "fault")));
            Err(Exit::Findings)
        }
    }
}

/// So many of something, in words.
pub(crate) fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
