//! `buildbrake man`.

use std::{fs, path::PathBuf};

use anyhow::Context;
use clap::{Command, CommandFactory};
use clap_mangen::Man;

use crate::{
    files::write_whole,
    output::{Exit, print},
};

/// Prints a man page, or writes all of them.
///
/// Without `--dir`, the page is printed in the format of man: `buildbrake man replay | man -l -` shows it.
///
/// Exit status: 0 success, 2 unknown command, or a file cannot be written.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  buildbrake man replay | man -l -
  buildbrake man --dir ~/.local/share/man/man1")]
pub(crate) struct Arguments {
    /// The command; without it, the page of buildbrake itself.
    command: Option<String>,
    /// Write the pages of all commands into this folder.
    #[arg(long, value_name = "FOLDER", conflicts_with = "command")]
    dir: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let root = super::Arguments::command().disable_help_subcommand(true);
    let pages = pages(root)?;
    if let Some(folder) = &arguments.dir {
        fs::create_dir_all(folder).with_context(|| format!("{}: the folder cannot be made", folder.display()))?;
        for (name, page) in &pages {
            write_whole(&folder.join(format!("{name}.1")), page)?;
        }
        return Ok(Exit::Success);
    }
    let name = arguments.command.as_ref().map_or("buildbrake".to_owned(), |command| format!("buildbrake-{command}"));
    let page = pages.iter().find(|(page, _)| *page == name);
    let (_, page) =
        page.with_context(|| format!("there is no command `{}`", name.trim_start_matches("buildbrake-")))?;
    print(&String::from_utf8_lossy(page))
}

/// The name and text of each page.
fn pages(mut root: Command) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    root.build();
    let commands = root.get_subcommands().cloned().map(|command| {
        let name = format!("buildbrake-{}", command.get_name());
        (name.clone(), command.display_name(name))
    });
    let commands: Vec<(String, Command)> = commands.collect();
    let mut pages = Vec::new();
    for (name, command) in [("buildbrake".to_owned(), root.clone())].into_iter().chain(commands) {
        let mut page = Vec::new();
        Man::new(command).render(&mut page)?;
        pages.push((name, page));
    }
    Ok(pages)
}
