//! The command line: checks policies, and shows the whole job on this machine.

mod check;
mod demo;
mod export;
mod test;

use std::{
    io::{Write, stdout},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::Context;
use buildbrake::rules;

use clap::{CommandFactory, Parser, Subcommand};

/// A brake for AWS CodeBuild: stops the builds that break your policy.
#[derive(Parser)]
#[command(version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Shows the whole job on this machine; no AWS account is needed.
    ///
    /// Starts a CodeBuild in memory, runs the Lambda function's own handler over sample
    /// events through the real AWS SDK, and shows each decision and a Build that came back.
    Demo,
    /// Says whether policies are valid, and all that is wrong with those that are not.
    ///
    /// Warns of exemptions and `enforce-after` dates that have passed or pass within 14 days,
    /// and of rules that do nothing.
    ///
    /// Exit status: 0 all are valid, 1 one has a fault, 2 one cannot be read.
    Check {
        /// Ends with exit status 1 where there is a warning.
        #[arg(long)]
        deny_warnings: bool,
        /// Policy files.
        #[arg(required = true)]
        policies: Vec<PathBuf>,
    },
    /// Holds policies against their tests: builds, and what each must lead to.
    ///
    /// Exit status: 0 all tests pass, 1 one fails, 2 a file has a fault or cannot be read.
    Test(test::Options),
    /// Prints what refuses builds before they start, made of a policy.
    ///
    /// Of the rules that IAM's condition keys see, a policy document of Deny statements for
    /// StartBuild and StartBuildBatch, to be attached as a service control policy or to a
    /// role. Standard error says what is not exported, and why.
    ///
    /// Exit status: 0, 1 where the policy has a fault, 2 where it cannot be read.
    Export {
        /// What to print.
        format: Format,
        /// The policy file.
        policy: PathBuf,
        /// Leaves out the statements that refuse more than their rule forbids.
        #[arg(long)]
        exact: bool,
    },
    /// Explains the checks that a rule can hold.
    ///
    /// Exit status: 0, or 2 where there is no such check.
    Rules {
        /// One check; all of them, a line each, where none is named.
        check: Option<String>,
        /// All checks in full, as Markdown.
        #[arg(long, conflicts_with = "check")]
        markdown: bool,
    },
    /// Prints the policy's JSON Schema, for editors.
    Schema,
    /// Prints a script that completes this command line in a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// What a policy can be exported as.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Format {
    /// An IAM policy document.
    Iam,
}

/// How a command ended: the program's exit status.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Exit {
    /// All is well.
    Success = 0,
    /// What was looked at has faults or findings.
    Findings = 1,
    /// The command was called with what it cannot use; clap ends with the same.
    Usage = 2,
}

fn main() -> ExitCode {
    let exit = match Arguments::parse().command {
        Command::Demo => demo::run(),
        Command::Check { deny_warnings, policies } => check::run(&policies, deny_warnings),
        Command::Export { format: Format::Iam, policy, exact } => export::run(&policy, exact),
        Command::Test(options) => test::run(&options),
        Command::Schema => print(&format!("{:#}\n", buildbrake::policy::schema())),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "buildbrake", &mut script);
            print(&String::from_utf8_lossy(&script))
        }
        Command::Rules { check, markdown } => explain(check.as_deref(), markdown),
    };
    match exit {
        Ok(exit) => ExitCode::from(exit as u8),
        // Whoever read the output has seen enough.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("buildbrake: {error:#}"));
            ExitCode::from(Exit::Usage as u8)
        }
    }
}

fn explain(check: Option<&str>, markdown: bool) -> anyhow::Result<Exit> {
    let text = match check {
        Some(id) => rules::explanation(id)
            .with_context(|| format!("there is no check `{id}`; `buildbrake rules` lists them"))?,
        None if markdown => rules::markdown(),
        None => rules::overview(),
    };
    print(&text)
}

fn print(text: &str) -> anyhow::Result<Exit> {
    stdout().write_all(text.as_bytes())?;
    Ok(Exit::Success)
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

/// A line on standard error. Where nobody reads it, nothing is lost.
fn complain(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
