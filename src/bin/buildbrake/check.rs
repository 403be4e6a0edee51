//! `buildbrake check`.

use std::{
    fs,
    io::{Write, stdout},
    path::{Path, PathBuf},
};

use buildbrake::policy::Policy;

use crate::{Exit, complain};

pub(crate) fn run(policies: &[PathBuf]) -> anyhow::Result<Exit> {
    let mut worst = Exit::Success;
    for path in policies {
        let exit = check(path)?;
        worst = worst.max(exit);
    }
    Ok(worst)
}

fn check(path: &Path) -> anyhow::Result<Exit> {
    Ok(match load(path) {
        Ok(policy) => {
            writeln!(stdout(), "{}: valid, {}", path.display(), count(policy.rule_ids().count(), "rule"))?;
            Exit::Success
        }
        Err(exit) => exit,
    })
}

/// A policy without a fault; or, once what is wrong is said, how the command ends.
pub(crate) fn load(path: &Path) -> Result<Policy, Exit> {
    let name = path.display().to_string();
    let text = fs::read_to_string(path).map_err(|error| {
        complain(&format!("{name}: the file cannot be read: {error}"));
        Exit::Usage
    })?;
    Policy::parse(&name, &text).map_err(|faults| {
        complain(&format!("{faults}\n\n{name}: {}", count(faults.count(), "fault")));
        Exit::Findings
    })
}

/// So many of something, in words.
pub(crate) fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
