//! `buildbrake rules`.

use anyhow::Context;
use buildbrake_core::checks;

use crate::output::{Exit, print};

/// Explains the checks that a rule can contain.
///
/// Exit status: 0 success, 2 unknown check.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The check to explain; without it, all checks are listed, one line each.
    check: Option<String>,
    /// Print all checks in full, as Markdown.
    #[arg(long, conflicts_with = "check")]
    markdown: bool,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let text = match &arguments.check {
        Some(id) => checks::explanation(id)
            .with_context(|| format!("unknown check `{id}`; `buildbrake rules` lists all checks"))?,
        None if arguments.markdown => checks::markdown(),
        None => checks::overview(),
    };
    print(&text)
}
