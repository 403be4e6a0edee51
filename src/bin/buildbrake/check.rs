//! `buildbrake check`.

use std::{
    fs,
    io::{Write, stdout},
    path::PathBuf,
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

fn check(path: &PathBuf) -> anyhow::Result<Exit> {
    let name = path.display().to_string();
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            complain(&format!("{name}: the file cannot be read: {error}"));
            return Ok(Exit::Usage);
        }
    };
    match Policy::parse(&name, &text) {
        Ok(policy) => {
            writeln!(stdout(), "{name}: valid, {}", count(policy.rule_ids().count(), "rule"))?;
            Ok(Exit::Success)
        }
        Err(faults) => {
            complain(&format!("{faults}\n\n{name}: {}", count(faults.count(), "fault")));
            Ok(Exit::Findings)
        }
    }
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
