//! Standard output, standard error, and the exit status.

use std::{
    error::Error,
    io::{self, Write},
    sync::OnceLock,
};

use anstyle::{AnsiColor, Style};
use buildbrake_core::diagnostic::{Finding, Severity, is_invisible};

/// The exit status of the program.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    /// No faults, findings or failures.
    Success = 0,
    /// The input has faults or findings, or a test failed.
    Findings = 1,
    /// The command could not run: wrong arguments, or an unusable file. clap uses the same status.
    Error = 2,
}

/// The amount of output besides the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verbosity {
    /// Errors only.
    Quiet,
    /// Errors, progress, warnings and notes.
    Normal,
    /// Also the files that are read, and how long the command takes.
    Verbose,
}

/// Set once, when the program starts.
static VERBOSITY: OnceLock<Verbosity> = OnceLock::new();

/// Sets the verbosity. Only the first call has an effect.
pub(crate) fn set_verbosity(verbosity: Verbosity) {
    let _ = VERBOSITY.set(verbosity);
}

/// Returns the verbosity, which is `Normal` until it is set.
pub(crate) fn verbosity() -> Verbosity {
    VERBOSITY.get().copied().unwrap_or(Verbosity::Normal)
}

/// Writes a warning or a note to standard error, unless the program is quiet.
pub(crate) fn print_note(lines: &str) {
    if verbosity() >= Verbosity::Normal {
        print_error(lines);
    }
}

/// Writes a detail to standard error, if the program is verbose.
pub(crate) fn print_detail(lines: &str) {
    if verbosity() >= Verbosity::Verbose {
        print_error(lines);
    }
}

/// Errors and failed tests.
pub(crate) const FAILED: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const NOTE: Style = AnsiColor::Cyan.on_default().bold();

/// Writes text to standard output. Removes its colours if standard output is not a terminal. `NO_COLOR`, `CLICOLOR`
/// and `CLICOLOR_FORCE` override this.
pub(crate) fn print(text: &str) -> anyhow::Result<Exit> {
    anstream::stdout().write_all(text.as_bytes())?;
    Ok(Exit::Success)
}

/// Writes lines to standard error. Escapes control characters, because the lines may quote a file's name. Colours the
/// labels of diagnostics under the same conditions as [`print()`]. A closed standard error is not an error.
pub(crate) fn print_error(lines: &str) {
    let lines: Vec<String> = without_controls(lines).split('\n').map(with_coloured_label).collect();
    let _ = writeln!(anstream::stderr(), "{}", lines.join("\n"));
}

/// Colours the label of a diagnostic: `error[BB012]`.
fn with_coloured_label(line: &str) -> String {
    for (severity, style) in [(Severity::Error, FAILED), (Severity::Warning, WARNING), (Severity::Note, NOTE)] {
        let name = severity.name();
        if let Some((before, rest)) = line.split_once(&format!(": {name}["))
            && let Some((id, after)) = rest.split_once(']')
        {
            return format!("{before}: {style}{name}[{id}]{style:#}{after}");
        }
    }
    line.to_owned()
}

/// Escapes invisible characters, and all control characters but line feeds and tabs.
pub(crate) fn without_controls(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\t' => shown.push(letter),
            hidden if hidden.is_control() || is_invisible(hidden) => shown.extend(hidden.escape_default()),
            other => shown.push(other),
        }
    }
    shown
}

/// Writes the faults of a file, and how many there are, to standard error.
pub(crate) fn print_faults(faults: &[Finding]) {
    let Some(Finding { file, .. }) = faults.first() else { return };
    let lines: String = faults.iter().map(|fault| format!("{fault}\n\n")).collect();
    print_error(&format!("{lines}{file}: {}", count(faults.len(), "fault")));
}

/// Returns whether the error means that the reader has closed standard output.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let kind = |error: &(dyn Error + 'static)| match error.downcast_ref::<csv::Error>().map(csv::Error::kind) {
        Some(csv::ErrorKind::Io(error)) => Some(error.kind()),
        Some(_) => None,
        None => error.downcast_ref::<io::Error>().map(io::Error::kind),
    };
    error.chain().any(|error| kind(error) == Some(io::ErrorKind::BrokenPipe))
}

/// A number with its noun: `1 rule`, `3 rules`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    let ending = match number {
        1 => "",
        _ if noun.ends_with('x') => "es",
        _ => "s",
    };
    format!("{number} {noun}{ending}")
}
