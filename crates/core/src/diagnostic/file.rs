//! The diagnostics of one file, and how they are shown.

use std::fmt;

use super::{Code, Diagnostic, Fix, Place, Severity, is_invisible};

/// All diagnostics of one file, sorted by place. As an error, there is at least one fault among them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostics {
    file: FileText,
    list: Vec<Diagnostic>,
}

impl Diagnostics {
    /// `file` is the file's name, `text` its content.
    pub fn new(file: &str, text: &str, mut list: Vec<Diagnostic>) -> Self {
        list.sort_by_key(|one| one.place);
        Self { file: FileText::new(file, text), list }
    }

    /// The file's name.
    pub fn file(&self) -> &str {
        &self.file.name
    }

    /// The diagnostics, sorted by place.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter()
    }

    /// The diagnostics with what is needed to show each one alone.
    pub fn findings(&self) -> impl Iterator<Item = Finding> {
        self.list.iter().map(|Diagnostic { code, place, message, help, fix }| Finding {
            file: self.file.name.clone(),
            place: Some(*place),
            code: *code,
            message: message.clone(),
            help: help.clone(),
            excerpt: self.file.excerpt(*place),
            fix: fix.clone(),
        })
    }

    /// The number of diagnostics of one severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.list.iter().filter(|one| one.severity() == severity).count()
    }

    /// Returns whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

impl std::error::Error for Diagnostics {}

/// The findings, with an empty line between them.
impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, finding) in self.findings().enumerate() {
            f.write_str(if index > 0 { "\n\n" } else { "" })?;
            finding.fmt(f)?;
        }
        Ok(())
    }
}

/// A diagnostic with the file that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file's name.
    pub file: String,
    /// The place in the file; `None` if the finding is about the file as a whole.
    pub place: Option<Place>,
    /// Its kind.
    pub code: Code,
    /// The finding: lower case, no full stop.
    pub message: String,
    /// The remedy: lower case, no full stop.
    pub help: String,
    /// The line of the file, and a mark below it.
    pub excerpt: Option<String>,
    /// The remedy as a change of the file, if there is only one.
    pub fix: Option<Box<Fix>>,
}

/// The finding with its place, severity and id, the line of the file, a mark below it, and what to do.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, place, code, message, help, excerpt, fix: _ } = self;
        f.write_str(file)?;
        if let Some(Place { line, column }) = place {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}[{}]: {message}", code.severity().name(), code.id())?;
        if let Some(excerpt) = excerpt {
            write!(f, "\n{excerpt}")?;
        }
        write!(f, "\n   = {help}")
    }
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

    fn excerpt(&self, place: Place) -> Option<String> {
        let line = self.lines.get(place.line.checked_sub(1)?)?;
        let number = place.line.to_string();
        let (line, column) = part_around(line, place.column.saturating_sub(1));
        let margin = " ".repeat(number.len());
        Some(format!(" {number} | {line}\n {margin} | {}^", " ".repeat(column)))
    }
}

/// The part of a line around a column, and the column within that part. A generated policy
/// can be one line of a megabyte. A tab, another control character or an invisible one takes one
/// column, as it does in a [`Place`].
fn part_around(line: &str, column: usize) -> (String, usize) {
    const WIDTH: usize = 100;
    let start = if line.chars().nth(WIDTH).is_some() { column.saturating_sub(WIDTH / 2) } else { 0 };
    let part = line.chars().skip(start).take(WIDTH);
    let part: String = part.map(|c| if c.is_control() || is_invisible(c) { ' ' } else { c }).collect();
    (part.trim_end().to_owned(), column - start)
}
