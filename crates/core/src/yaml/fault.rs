//! What is wrong with a file, or worth a warning; where, and what would be right.

use std::fmt;

/// A place in a file. Both count from 1; `column` counts characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The character in that line.
    pub column: usize,
}

/// One thing that is wrong, or worth a warning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// What was found.
    pub found: String,
    /// What would be right.
    pub right: String,
}

/// Everything that is wrong with one file; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults(Listing);

impl Faults {
    /// The faults of the file called `file`, whose text is `text`, in the order of the text.
    pub(crate) fn new(file: &str, text: &str, list: Vec<Fault>) -> Self {
        Self(Listing::new(file, text, list))
    }

    /// What the file is called.
    pub fn file(&self) -> &str {
        &self.0.file
    }

    /// The faults, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &Fault> {
        self.0.list.iter()
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.list.len()
    }
}

impl std::error::Error for Faults {}

/// Every fault as a person's editor would show it:
/// place and finding, the line itself, a mark below it, and what would be right.
impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.write(f, "")
    }
}

/// What is not wrong with a file, and yet probably not meant; may be empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warnings(Listing);

impl Warnings {
    /// The warnings about the file called `file`, whose text is `text`, in the order of the text.
    pub(crate) fn new(file: &str, text: &str, list: Vec<Fault>) -> Self {
        Self(Listing::new(file, text, list))
    }

    /// The warnings, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &Fault> {
        self.0.list.iter()
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.list.len()
    }
}

/// Every warning, shown as a fault is.
impl fmt::Display for Warnings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.write(f, "warning: ")
    }
}

/// Places of one file, each with what is to be said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Listing {
    file: String,
    lines: Vec<String>,
    list: Vec<Fault>,
}

impl Listing {
    fn new(file: &str, text: &str, mut list: Vec<Fault>) -> Self {
        list.sort_by_key(|fault| fault.place);
        Self { file: file.to_owned(), lines: text.lines().map(str::to_owned).collect(), list }
    }

    /// `label` stands before what was found.
    fn write(&self, f: &mut fmt::Formatter<'_>, label: &str) -> fmt::Result {
        for (index, Fault { place, found, right }) in self.list.iter().enumerate() {
            if index > 0 {
                f.write_str("\n\n")?;
            }
            write!(f, "{}:{}:{}: {label}{found}", self.file, place.line, place.column)?;
            if let Some(line) = place.line.checked_sub(1).and_then(|index| self.lines.get(index)) {
                let number = place.line.to_string();
                let (line, column) = around(line, place.column.saturating_sub(1));
                let margin = " ".repeat(number.len());
                write!(f, "\n {number} | {line}\n {margin} | {}^", " ".repeat(column))?;
            }
            write!(f, "\n   = {right}")?;
        }
        Ok(())
    }
}

/// The part of a line that is about a column, and where the column is in it: a policy
/// made by a program can be one line of a megabyte. Tabs and other control characters
/// take one column here, as they do in the fault's place.
fn around(line: &str, column: usize) -> (String, usize) {
    const WIDTH: usize = 100;
    let start = if line.chars().nth(WIDTH).is_some() { column.saturating_sub(WIDTH / 2) } else { 0 };
    let part = line.chars().skip(start).take(WIDTH);
    let part: String = part.map(|character| if character.is_control() { ' ' } else { character }).collect();
    (part.trim_end().to_owned(), column - start)
}
