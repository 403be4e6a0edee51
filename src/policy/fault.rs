//! What is wrong with a file, where, and what would be right.

use std::fmt;

/// A place in a file. Both count from 1; `column` counts characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The character in that line.
    pub column: usize,
}

/// One thing that is wrong.
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
pub struct Faults {
    file: String,
    lines: Vec<String>,
    list: Vec<Fault>,
}

impl Faults {
    /// The faults of the file called `file`, whose text is `text`, in the order of the text.
    pub(crate) fn new(file: &str, text: &str, mut list: Vec<Fault>) -> Self {
        list.sort_by_key(|fault| fault.place);
        Self { file: file.to_owned(), lines: text.lines().map(str::to_owned).collect(), list }
    }

    /// What the file is called.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The faults, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &Fault> {
        self.list.iter()
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.list.len()
    }
}

impl std::error::Error for Faults {}

/// Every fault as a person's editor would show it:
/// place and finding, the line itself, a mark below it, and what would be right.
impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Fault { place, found, right }) in self.list.iter().enumerate() {
            if index > 0 {
                f.write_str("\n\n")?;
            }
            write!(f, "{}:{}:{}: {found}", self.file, place.line, place.column)?;
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
