//! The subcommands, one file each.

mod check;
mod completions;
mod demo;
mod explain;
mod export;
mod learn;
mod replay;
mod rules;
mod schema;
mod sweep;
pub(crate) mod test;

use clap::{Parser, Subcommand};

use crate::output::Exit;

/// A brake for AWS CodeBuild: stops the builds that break your policy.
#[derive(Parser)]
#[command(version, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Demo(demo::Arguments),
    Check(check::Arguments),
    Test(test::Arguments),
    Explain(explain::Arguments),
    Replay(replay::Arguments),
    Learn(learn::Arguments),
    Sweep(sweep::Arguments),
    Export(export::Arguments),
    Rules(rules::Arguments),
    Schema(schema::Arguments),
    Completions(completions::Arguments),
}

impl Arguments {
    pub(crate) fn run(&self) -> anyhow::Result<Exit> {
        match &self.command {
            Command::Demo(arguments) => demo::run(arguments),
            Command::Check(arguments) => check::run(arguments),
            Command::Test(arguments) => test::run(arguments),
            Command::Explain(arguments) => explain::run(arguments),
            Command::Replay(arguments) => replay::run(arguments),
            Command::Learn(arguments) => learn::run(arguments),
            Command::Sweep(arguments) => sweep::run(arguments),
            Command::Export(arguments) => export::run(arguments),
            Command::Rules(arguments) => rules::run(arguments),
            Command::Schema(arguments) => schema::run(arguments),
            Command::Completions(arguments) => completions::run(arguments),
        }
    }
}
