//! `buildbrake completions`.

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use crate::output::{Exit, print};

/// Prints a script that completes this command line in a shell.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  buildbrake completions bash > ~/.local/share/bash-completion/completions/buildbrake
  buildbrake completions zsh > ~/.zfunc/_buildbrake
  buildbrake completions fish > ~/.config/fish/completions/buildbrake.fish")]
pub(crate) struct Arguments {
    /// The shell.
    shell: Shell,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    generate(arguments.shell, &mut super::Arguments::command(), "buildbrake", &mut script);
    print(&String::from_utf8_lossy(&script))
}
