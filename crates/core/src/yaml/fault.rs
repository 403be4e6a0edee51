//! Faults of a file and findings about it, each with its place and what to do.

use std::fmt;

/// A place in a file. Both numbers count from 1; `column` counts characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The character in that line.
    pub column: usize,
}

/// An error in a file: the file cannot be used until it is corrected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The place of the fault.
    pub place: Place,
    /// The finding: lower case, no full stop.
    pub message: String,
    /// The remedy: lower case, no full stop.
    pub help: String,
}

impl Fault {
    pub(crate) fn new(place: Place, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { place, message: printable(&message.into(), MESSAGE), help: printable(&help.into(), HELP) }
    }
}

/// All faults of one file; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults {
    file: FileText,
    list: Vec<Fault>,
}

impl Faults {
    /// `file` is the file's name, `text` its content. Sorts the faults by place.
    pub(crate) fn new(file: &str, text: &str, mut list: Vec<Fault>) -> Self {
        list.sort_by_key(|fault| fault.place);
        Self { file: FileText::new(file, text), list }
    }

    /// The file's name.
    pub fn file(&self) -> &str {
        &self.file.name
    }

    /// The faults, sorted by place.
    pub fn iter(&self) -> impl Iterator<Item = &Fault> {
        self.list.iter()
    }

    /// The number of faults.
    pub fn count(&self) -> usize {
        self.list.len()
    }
}

impl std::error::Error for Faults {}

/// Each fault with its place, the line of the file, a mark below it, and what to do.
impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.list.iter().enumerate() {
            f.write_str(if index > 0 { "\n\n" } else { "" })?;
            self.file.write_excerpt(f, fault.place, &fault.message, &fault.help)?;
        }
        Ok(())
    }
}

/// The severity of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Probably a mistake.
    Warning,
    /// Right as it is, and good to know.
    Note,
}

impl Severity {
    fn label(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// A remark on a file that is valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The severity of the finding.
    pub severity: Severity,
    /// The place of the finding.
    pub place: Place,
    /// The finding: lower case, no full stop.
    pub message: String,
    /// The remedy: lower case, no full stop.
    pub help: String,
}

impl Finding {
    pub(crate) fn warning(place: Place, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(Severity::Warning, place, &message.into(), &help.into())
    }

    pub(crate) fn note(place: Place, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(Severity::Note, place, &message.into(), &help.into())
    }

    fn new(severity: Severity, place: Place, message: &str, help: &str) -> Self {
        Self { severity, place, message: printable(message, MESSAGE), help: printable(help, HELP) }
    }
}

/// All findings about one file; may be empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Findings {
    file: FileText,
    list: Vec<Finding>,
}

impl Findings {
    /// `file` is the file's name, `text` its content. Sorts the findings by place.
    pub(crate) fn new(file: &str, text: &str, mut list: Vec<Finding>) -> Self {
        list.sort_by_key(|finding| finding.place);
        Self { file: FileText::new(file, text), list }
    }

    /// The findings, sorted by place.
    pub fn iter(&self) -> impl Iterator<Item = &Finding> {
        self.list.iter()
    }

    /// The number of findings of one severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.list.iter().filter(|finding| finding.severity == severity).count()
    }

    /// Returns whether there is no finding.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

/// Each finding like a fault, with its severity before the message.
impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, finding) in self.list.iter().enumerate() {
            f.write_str(if index > 0 { "\n\n" } else { "" })?;
            let message = format!("{}: {}", finding.severity.label(), finding.message);
            self.file.write_excerpt(f, finding.place, &message, &finding.help)?;
        }
        Ok(())
    }
}

/// The length of a message, in characters.
const MESSAGE: usize = 300;
/// The length of a help, in characters. The longest lists all members of a Build.
const HELP: usize = 1_500;

/// Escapes control characters, and cuts out the middle of a text that is longer than `most`
/// characters: it may quote any part of a file or an event.
pub fn printable(text: &str, most: usize) -> String {
    let count = text.chars().count();
    let cut = most / 2..count.saturating_sub(most / 2);
    let mut shown = String::new();
    for (index, character) in text.chars().enumerate() {
        match character {
            _ if count > most && index == cut.start => shown.push('…'),
            _ if count > most && cut.contains(&index) => {}
            control if control.is_control() => shown.extend(control.escape_default()),
            other => shown.push(other),
        }
    }
    shown
}

/// A file's name and lines, to show what a message is about.
#[derive(Clone, Debug, PartialEq, Eq)]
struct FileText {
    name: String,
    lines: Vec<String>,
}

impl FileText {
    fn new(name: &str, text: &str) -> Self {
        Self { name: name.to_owned(), lines: text.lines().map(str::to_owned).collect() }
    }

    fn write_excerpt(&self, f: &mut fmt::Formatter<'_>, place: Place, message: &str, help: &str) -> fmt::Result {
        write!(f, "{}:{}:{}: {message}", self.name, place.line, place.column)?;
        if let Some(line) = place.line.checked_sub(1).and_then(|index| self.lines.get(index)) {
            let number = place.line.to_string();
            let (line, column) = part_around(line, place.column.saturating_sub(1));
            let margin = " ".repeat(number.len());
            write!(f, "\n {number} | {line}\n {margin} | {}^", " ".repeat(column))?;
        }
        write!(f, "\n   = {help}")
    }
}

/// The part of a line around a column, and the column within that part. A generated policy
/// can be one line of a megabyte. A tab or another control character takes one column, as it
/// does in a [`Place`].
fn part_around(line: &str, column: usize) -> (String, usize) {
    const WIDTH: usize = 100;
    let start = if line.chars().nth(WIDTH).is_some() { column.saturating_sub(WIDTH / 2) } else { 0 };
    let part = line.chars().skip(start).take(WIDTH);
    let part: String = part.map(|character| if character.is_control() { ' ' } else { character }).collect();
    (part.trim_end().to_owned(), column - start)
}
