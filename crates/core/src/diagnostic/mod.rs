//! Diagnostics: faults of a file and findings about it, each with its code, its place and what to do.

mod code;
mod file;
mod fix;

pub use self::{
    code::Code,
    file::{Diagnostics, Finding},
    fix::{Fix, fixed},
};

/// A place in a file. Both numbers count from 1; `column` counts characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The character in that line.
    pub column: usize,
}

/// The severity of a diagnostic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Right as it is, and good to know.
    Note,
    /// Probably a mistake.
    Warning,
    /// The file cannot be used until it is corrected.
    Error,
}

impl Severity {
    /// The name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A fault of a file, or a finding about a file that is valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its kind.
    pub code: Code,
    /// Its place.
    pub place: Place,
    /// The finding: lower case, no full stop.
    pub message: String,
    /// The remedy: lower case, no full stop.
    pub help: String,
    /// The remedy as a change of the file, if there is only one.
    pub fix: Option<Box<Fix>>,
}

impl Diagnostic {
    /// A diagnostic. Both texts: lower case, no full stop.
    pub fn new(code: Code, place: Place, message: impl Into<String>, help: impl Into<String>) -> Self {
        let (message, help) = (printable(&message.into(), MESSAGE), printable(&help.into(), HELP));
        Self { code, place, message, help, fix: None }
    }

    pub(crate) fn with_fix(self, fix: Option<Fix>) -> Self {
        Self { fix: fix.map(Box::new), ..self }
    }

    /// Its severity.
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }
}

/// The greatest length of a message, in characters.
const MESSAGE: usize = 300;
/// The greatest length of a help, in characters. The longest help lists all members of a Build.
const HELP: usize = 1_500;

/// Returns whether a character takes no space or changes the direction of a text, so that a name looks like
/// another. Joiners (U+200C, U+200D) are in scripts and emoji.
pub fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Escapes control characters and [invisible](is_invisible) ones, and cuts out the middle of a text that is longer
/// than `most` characters, because the text may quote any part of a file or an event.
pub fn printable(text: &str, most: usize) -> String {
    let count = text.chars().count();
    let cut = most / 2..count.saturating_sub(most / 2);
    let mut shown = String::new();
    for (index, character) in text.chars().enumerate() {
        match character {
            _ if count > most && index == cut.start => shown.push('…'),
            _ if count > most && cut.contains(&index) => {}
            hidden if hidden.is_control() || is_invisible(hidden) => shown.extend(hidden.escape_default()),
            other => shown.push(other),
        }
    }
    shown
}
