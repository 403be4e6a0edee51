//! The diagnostics of one file, and how they are shown.

use std::fmt;

use super::{Code, Diagnostic, Fix, Place, Severity, is_invisible};

/// All diagnostics of one file, sorted by place. As an error, they contain at least one fault.
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

    /// The diagnostics, each with everything that is needed to show it alone.
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

    /// Returns whether there are no diagnostics.
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

/// A file's name and lines, to show what a message is about. Values of environment variables are not shown.
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
        let index = place.line.checked_sub(1)?;
        let line = self.lines.get(index)?;
        let number = place.line.to_string();
        let column = place.column.saturating_sub(1);
        let (line, column) = match self.secret_from(index, line) {
            Some(start) => {
                let (shown, secret) = line.split_at_checked(start)?;
                let hidden = if secret.trim().is_empty() { "" } else { HIDDEN };
                (format!("{shown}{hidden}"), column.min(shown.chars().count()))
            }
            None => (line.clone(), column),
        };
        let (line, column) = part_around(&line, column);
        let margin = " ".repeat(number.len());
        Some(format!(" {number} | {line}\n {margin} | {}^", " ".repeat(column)))
    }
}

/// The placeholder for the value of an environment variable.
const HIDDEN: &str = "***";

impl FileText {
    /// Returns the byte of a line at which the value of an environment variable may begin: after `value:`, or at
    /// the first character if the line may continue the value of an earlier line.
    fn secret_from(&self, index: usize, line: &str) -> Option<usize> {
        let indent = |line: &str| line.len() - line.trim_start().len();
        let goes_on = || {
            let mut inner = indent(line);
            let earlier = self.lines.get(..index)?.iter().rev().filter(|earlier| !earlier.trim().is_empty());
            for earlier in earlier {
                if indent(earlier) < inner {
                    inner = indent(earlier);
                    if value_in(earlier).is_some() {
                        return Some(indent(line));
                    }
                }
            }
            None
        };
        value_in(line).or_else(goes_on)
    }
}

/// The byte after the first key `value` of a line, in YAML or JSON: `Value: x`, `{"value": "x"}`.
fn value_in(line: &str) -> Option<usize> {
    const KEY: &str = "value";
    let lower = line.to_ascii_lowercase();
    let is_part = |before: char| before.is_alphanumeric() || matches!(before, '_' | '-' | '.');
    lower.match_indices(KEY).find_map(|(at, _)| {
        let after = line.get(at + KEY.len()..)?.trim_start_matches(['"', '\'']).trim_start();
        let value = after.strip_prefix(':')?.trim_start();
        (!lower.get(..at)?.ends_with(is_part)).then_some(line.len() - value.len())
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The excerpt of a place in a file.
    fn excerpt(text: &str, line: usize, column: usize) -> String {
        FileText::new("file", text).excerpt(Place { line, column }).unwrap()
    }

    #[test]
    fn values_of_environment_variables_are_not_shown() {
        let hidden = |text: &str, line| {
            let excerpt = excerpt(text, line, 1);
            assert!(!excerpt.contains("hunter2"), "{excerpt}");
            excerpt.lines().next().unwrap().split_once(" | ").unwrap().1.to_owned()
        };
        assert_eq!(hidden("- {Name: KEY, Value: hunter2: x}", 1), "- {Name: KEY, Value: ***");
        assert_eq!(hidden("  Value: hunter2", 1), "  Value: ***");
        assert_eq!(
            hidden("{\"name\": \"KEY\", \"value\" : \"hunter2\", \"value\": \"hunter2\"}", 1),
            "{\"name\": \"KEY\", \"value\" : ***"
        );
        for goes_on in ["Value: |\n  hunter2: [", "- Value:\n    - a\n    - hunter2", "  Value: \"a\n\n    hunter2\"\n"]
        {
            let last = goes_on.trim_end().lines().count();
            assert!(hidden(goes_on, last).trim_start() == "***", "{goes_on}");
        }
    }

    #[test]
    fn all_else_is_shown_and_the_mark_stays_in_the_line() {
        let shown = |line: &str| assert!(excerpt(line, 1, 1).contains(line), "{line}");
        shown("deny-when: build.environment.environmentVariables.exists(v, v.value == \"x\")");
        shown("defaultValue: x");
        shown("the values: x");
        shown("  Value:");
        assert_eq!(excerpt("Value: a\nName: b", 2, 7), " 2 | Name: b\n   |       ^");
        assert_eq!(excerpt("  Value: hunter2: x", 1, 17), " 1 |   Value: ***\n   |          ^");
        assert_eq!(excerpt("  Value: hunter2: x", 1, 3), " 1 |   Value: ***\n   |   ^");
    }
}
