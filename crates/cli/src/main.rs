//! The command line: checks, tests and exports policies, and explains their checks.

mod commands;
mod files;
mod input;
mod output;
mod progress;
mod replay;
mod report;

use std::process::ExitCode;

use clap::Parser;

use crate::commands::Arguments;

fn main() -> ExitCode {
    match Arguments::parse().run() {
        Ok(exit) => ExitCode::from(exit as u8),
        // The reader of the output wants no more, such as `head`.
        Err(error) if output::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output::print_error(&format!("buildbrake: {error:#}"));
            ExitCode::from(output::Exit::Error as u8)
        }
    }
}
