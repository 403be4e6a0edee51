//! The command line: checks, tests, explains and replays policies, and sweeps accounts.

mod commands;
mod discovery;
mod files;
mod input;
mod output;
mod progress;
mod replay;
mod report;
mod scan;
mod watch;

use std::{process::ExitCode, time::Instant};

use clap::Parser;

use crate::commands::Arguments;

fn main() -> ExitCode {
    let start = Instant::now();
    let arguments = Arguments::parse();
    output::set_verbosity(arguments.verbosity());
    let outcome = arguments.run();
    output::print_detail(&format!("this took {:.3} s", start.elapsed().as_secs_f64()));
    match outcome {
        Ok(exit) => ExitCode::from(exit as u8),
        // The program that reads the output has closed it, as `head` does.
        Err(error) if output::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output::print_error(&format!("buildbrake: {error:#}"));
            ExitCode::from(output::Exit::Error as u8)
        }
    }
}
