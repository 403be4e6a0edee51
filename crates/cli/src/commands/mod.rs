//! The subcommands, one file each.

mod check;
mod completions;
mod demo;
mod explain;
mod export;
mod learn;
mod man;
mod replay;
mod rules;
mod scan;
mod schema;
mod sweep;
pub(crate) mod test;

use clap::{ArgAction, Parser, Subcommand};

use crate::output::{Exit, Verbosity};

/// A brake for AWS CodeBuild: stops the builds that break your policy.
#[derive(Parser)]
#[command(
    version,
    arg_required_else_help = true,
    // The help of a command fits a screen; `buildbrake help COMMAND` and the man pages are longer.
    disable_help_flag = true,
    after_help = "\
Examples:
  buildbrake demo
  buildbrake check policy.yaml
  buildbrake replay --policy policy.yaml --account --since 30d

`buildbrake COMMAND --help` shows a command's options, `buildbrake help COMMAND` explains them.",
    subcommand_help_heading = "Commands"
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Print help.
    #[arg(short, long, global = true, action = ArgAction::HelpShort, display_order = 100)]
    help: Option<bool>,
    /// Print results and errors alone: no progress, warnings or notes.
    #[arg(short, long, global = true, conflicts_with = "verbose", display_order = 101)]
    quiet: bool,
    /// Report what is read, and how long it takes.
    #[arg(short, long, global = true, display_order = 102)]
    verbose: bool,
}

#[derive(Subcommand)]
enum Command {
    Demo(demo::Arguments),
    Check(check::Arguments),
    Test(test::Arguments),
    Explain(explain::Arguments),
    Replay(replay::Arguments),
    Learn(learn::Arguments),
    Scan(scan::Arguments),
    Sweep(sweep::Arguments),
    Export(export::Arguments),
    Rules(rules::Arguments),
    Schema(schema::Arguments),
    Completions(completions::Arguments),
    Man(man::Arguments),
}

impl Arguments {
    /// Returns the verbosity that the options choose.
    pub(crate) fn verbosity(&self) -> Verbosity {
        match (self.quiet, self.verbose) {
            (true, _) => Verbosity::Quiet,
            (_, true) => Verbosity::Verbose,
            _ => Verbosity::Normal,
        }
    }

    pub(crate) fn run(&self) -> anyhow::Result<Exit> {
        match &self.command {
            Command::Demo(arguments) => demo::run(arguments),
            Command::Check(arguments) => check::run(arguments),
            Command::Test(arguments) => test::run(arguments),
            Command::Explain(arguments) => explain::run(arguments),
            Command::Replay(arguments) => replay::run(arguments),
            Command::Learn(arguments) => learn::run(arguments),
            Command::Scan(arguments) => scan::run(arguments),
            Command::Sweep(arguments) => sweep::run(arguments),
            Command::Export(arguments) => export::run(arguments),
            Command::Rules(arguments) => rules::run(arguments),
            Command::Schema(arguments) => schema::run(arguments),
            Command::Completions(arguments) => completions::run(arguments),
            Command::Man(arguments) => man::run(arguments),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn every_example_of_a_help_is_a_valid_command() {
        let root = Arguments::command();
        for command in root.get_subcommands().chain([&root]).filter(|command| command.get_name() != "help") {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let examples = help.lines().filter_map(|line| {
                line.strip_prefix("  ")?.split(['|', '>']).find(|part| part.trim().starts_with("buildbrake"))
            });
            let examples: Vec<&str> = examples.collect();
            assert!(!examples.is_empty(), "{} has no example", command.get_name());
            for example in examples {
                if let Err(error) = Arguments::try_parse_from(example.split_whitespace()) {
                    panic!("{example}: {error}");
                }
            }
        }
    }
}
