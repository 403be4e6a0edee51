//! `buildbrake rules`.

use anyhow::bail;
use buildbrake_core::{checks, diagnostic::Code};

use crate::{
    output::{Exit, print},
    report::diagnostics::page,
};

/// Explains the checks that a rule can contain, and the ids of faults and warnings.
///
/// Exit status: 0 success, 2 unknown check or id.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  buildbrake rules
  buildbrake rules forbidden-overrides")]
pub(crate) struct Arguments {
    /// The check (`max-timeout`) or the id (`BB025`) to explain; without it, all checks are listed,
    /// one line each.
    check: Option<String>,
    /// Print all checks in full, as Markdown.
    #[arg(long, conflicts_with = "check")]
    markdown: bool,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    match &arguments.check {
        Some(id) => print(&explanation(id)?),
        None if arguments.markdown => print(&checks::markdown()),
        None => print(&checks::overview()),
    }
}

fn explanation(id: &str) -> anyhow::Result<String> {
    if let Some(code) = Code::ALL.iter().find(|code| code.id().eq_ignore_ascii_case(id)) {
        return Ok(page(*code).to_owned());
    }
    if is_code(id) {
        bail!("no diagnostic has the id `{id}`; docs/diagnostics/README.md lists all of them");
    }
    match checks::explanation(id) {
        Some(text) => Ok(text),
        None => match checks::closest(id) {
            Some(known) => bail!("unknown check `{id}`; did you mean `{known}`? `buildbrake rules` lists all checks"),
            None => bail!("unknown check `{id}`; `buildbrake rules` lists all checks"),
        },
    }
}

/// Returns whether a text has the form of a diagnostic's id: `BB025`.
fn is_code(text: &str) -> bool {
    text.split_at_checked(2).is_some_and(|(start, digits)| {
        start.eq_ignore_ascii_case("BB") && !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}
