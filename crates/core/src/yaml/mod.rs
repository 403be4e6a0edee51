//! YAML as a tree in which every value has its place, so that all faults of a file can be
//! reported at once. A derived `Deserialize` stops at the first.

mod parse;
pub(crate) mod reader;
pub(crate) mod scalar;
mod syntax;
pub(crate) mod words;

use std::ops::Range;

use crate::{
    diagnostic::{Code, Diagnostic, Diagnostics, Fix, Place},
    url,
};

/// Decodes a file as UTF-8.
///
/// # Errors
/// The place of the first byte that is not UTF-8.
pub fn decode(file: &str, bytes: Vec<u8>) -> Result<String, Diagnostics> {
    if let [0xff, 0xfe, ..] | [0xfe, 0xff, ..] = bytes[..] {
        let help = "save it as UTF-8, in PowerShell with `| Out-File -Encoding utf8`";
        let place = Place { line: 1, column: 1 };
        // An excerpt would show every second byte as a control character.
        return Err(Diagnostics::new(
            file,
            "",
            vec![Diagnostic::new(Code::NotUtf8, place, "the file is UTF-16", help)],
        ));
    }
    String::from_utf8(bytes).map_err(|error| {
        let text = String::from_utf8_lossy(error.as_bytes());
        let (before, after) = error.as_bytes().split_at(error.utf8_error().valid_up_to());
        let before = String::from_utf8_lossy(before);
        let last_line = before.rsplit('\n').next().unwrap_or_default();
        let place = Place { line: before.matches('\n').count() + 1, column: last_line.chars().count() + 1 };
        let byte = after.first().copied().unwrap_or_default();
        let fault = Diagnostic::new(
            Code::NotUtf8,
            place,
            format!("byte 0x{byte:02X} is not valid UTF-8"),
            "save the file as UTF-8",
        );
        Diagnostics::new(file, &text, vec![fault])
    })
}

/// A value and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The place where it begins.
    pub place: Place,
    /// The value.
    pub value: Value,
    /// True for a scalar without quotes or a tag that is not a block: only such a scalar can
    /// be a bool, a number or null.
    pub is_plain: bool,
    /// Its tag. YAML parses the `!` of `! build.buildComplete` as a tag, which would turn the
    /// expression into its opposite.
    pub tag: Option<Tag>,
    /// The bytes of a scalar in the file, with its quotes.
    span: Range<usize>,
}

/// A tag: `!Ref`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// The name without its handle: `Ref`.
    pub name: String,
    /// The place.
    pub place: Place,
}

/// YAML's kinds of value. A scalar is kept as it is spelt, so that `off`, `1.10` and
/// `012345678901` do not become a bool or a number.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing, or null.
    Empty,
    /// A scalar.
    Scalar(String),
    /// A list.
    List(Vec<Node>),
    /// A mapping: keys and values.
    Mapping(Vec<(Node, Node)>),
}

impl Node {
    /// The place in the file of a character of a scalar, counted from the scalar's start.
    ///
    /// YAML folds lines and strips indentation, so this compares only the characters that are
    /// not white space: they have the same order in the file, escaped or not. Returns the
    /// scalar's own place if that does not find the character.
    pub(crate) fn place_within(&self, character: usize, text: &str) -> Place {
        let (Value::Scalar(scalar), Some(raw)) = (&self.value, text.get(self.span.clone())) else { return self.place };
        let solid = |text: &str| text.chars().filter(|character| !character.is_whitespace()).count();
        // A block or plain scalar may begin with a quote of its own.
        let is_quoted = raw.starts_with(['"', '\'']) && !raw.split_whitespace().eq(scalar.split_whitespace());
        let units = if is_quoted { quoted_units(raw) } else { plain_units(raw) };
        let before = solid(&scalar.chars().take(character).collect::<String>());
        let at_end = || units.last().map(|unit| unit.end);
        let byte = units.get(before).map(|unit| unit.start).or_else(at_end);
        match byte.and_then(|byte| raw.get(..byte)) {
            Some(raw_before) if units.len() == solid(scalar) => {
                let lines = raw_before.matches('\n').count();
                let last = raw_before.rsplit('\n').next().unwrap_or_default().chars().count();
                let column = if lines == 0 { self.place.column + last } else { last + 1 };
                Place { line: self.place.line + lines, column }
            }
            _ => self.place,
        }
    }

    /// Returns the fix that replaces a scalar in one line by another one. The new scalar has quotes if the old one has
    /// them or the new one needs them.
    pub(crate) fn fix(&self, text: &str, new: &str) -> Option<Fix> {
        let raw = text.get(self.span.clone()).filter(|_| self.tag.is_none())?;
        let quote = raw.chars().next().filter(|first| matches!(first, '"' | '\''));
        let is_plain = |text: &str| {
            let fits = |character: char| character.is_ascii_alphanumeric() || "_-./:@*".contains(character);
            text.starts_with(|first: char| first.is_ascii_alphabetic())
                && text.chars().all(fits)
                && !text.ends_with(':')
        };
        let new = match quote {
            None if is_plain(new) => new.to_owned(),
            _ if new.contains(['"', '\'', '\\']) || new.contains(char::is_control) => return None,
            quote => {
                let quote = quote.unwrap_or('"');
                format!("{quote}{new}{quote}")
            }
        };
        Fix::new(text, self.place, raw, new)
    }

    /// Returns the fix that makes a scalar in one line the only element of a list. `None` if it contains a comma or a
    /// space, for example, which may separate several elements.
    pub(crate) fn fix_as_list(&self, text: &str) -> Option<Fix> {
        let is_scalar = matches!(self.value, Value::Scalar(_)) && self.tag.is_none();
        let raw = text.get(self.span.clone()).filter(|_| is_scalar)?;
        let is_one = !raw.contains([',', ' ', '#', '[', ']', '{', '}', '|', '>', '\n']);
        if !is_one {
            return None;
        }
        if !self.is_plain || !raw.starts_with('-') {
            return Fix::new(text, self.place, raw, format!("[{raw}]"));
        }
        self.behind_dash(text)?;
        let behind = Place { column: self.place.column + 1, ..self.place };
        // A list with a `-` can stand neither beside its key nor between brackets.
        Fix::new(text, behind, "", " ".to_owned())
            .filter(|fix| fix.applied(text).is_some_and(|text| Self::parse(&text).is_ok()))
    }

    /// Returns the text behind a `-` without a space: the rest of the line of a scalar, or the first key of a mapping
    /// in several lines, that was probably meant as an element of a list.
    pub(crate) fn behind_dash<'a>(&self, text: &'a str) -> Option<&'a str> {
        let first = match &self.value {
            Value::Scalar(_) => self,
            Value::Mapping(entries) => entries.first().map(|(key, _)| key).filter(|key| key.place == self.place)?,
            Value::Empty | Value::List(_) => return None,
        };
        let line = text.get(first.span.clone()).filter(|_| first.is_plain)?.lines().next()?;
        let rest = line.strip_prefix('-')?.trim_end();
        let begins_otherwise = rest.starts_with(['-', ' ', '*', '&', '!', '%', '@', '|', '>', '`']);
        let is_one = !rest.is_empty() && !begins_otherwise && !rest.contains([',', '[', ']', '{', '}']);
        is_one.then_some(rest)
    }

    /// Returns the comment that follows the colon of an empty value, if it was probably meant as the value: `#team`. A
    /// URL with a secret is not returned.
    pub(crate) fn comment_as_value<'a>(&self, text: &'a str) -> Option<&'a str> {
        let line = text.lines().nth(self.place.line.checked_sub(1)?)?;
        let (start, _) = line.char_indices().nth(self.place.column.checked_sub(1)?)?;
        let comment = line[start..].strip_prefix(':')?.trim_start();
        let comment = comment.split(" #").next().unwrap_or(comment).trim_end();
        let is_value = comment.strip_prefix('#')?.starts_with(|first: char| first.is_alphanumeric());
        let fits = comment.chars().count() <= 60 && !comment.contains(['"', '\\']) && url::redacted(comment) == comment;
        (is_value && fits).then_some(comment)
    }

    /// Returns whether only white space precedes the value in its line.
    pub(crate) fn begins_line(&self, text: &str) -> bool {
        let line = text.lines().nth(self.place.line.saturating_sub(1)).unwrap_or_default();
        line.chars().take(self.place.column.saturating_sub(1)).all(char::is_whitespace)
    }

    /// Returns whether the node is a mapping with the key.
    pub(crate) fn has_key(&self, name: &str) -> bool {
        self.place_of_key(name).is_some()
    }

    /// Returns the place of a key of a mapping.
    pub(crate) fn place_of_key(&self, name: &str) -> Option<Place> {
        let Value::Mapping(entries) = &self.value else { return None };
        let mut keys = entries.iter().map(|(key, _)| key);
        keys.find(|key| matches!(&key.value, Value::Scalar(key) if key == name)).map(|key| key.place)
    }

    /// Its name in messages.
    pub(crate) fn described(&self) -> String {
        match &self.value {
            Value::Empty => "nothing".into(),
            Value::Scalar(text) => format!("`{text}`"),
            Value::List(_) => "a list".into(),
            Value::Mapping(_) => "a mapping".into(),
        }
    }
}

/// The bytes of each character of a plain or block scalar, except white space.
fn plain_units(raw: &str) -> Vec<Range<usize>> {
    let solid = raw.char_indices().filter(|(_, character)| !character.is_whitespace());
    solid.map(|(start, character)| start..start + character.len_utf8()).collect()
}

/// The bytes of each character of a quoted scalar, except white space. An escape is several
/// characters in the file and one in the scalar.
fn quoted_units(raw: &str) -> Vec<Range<usize>> {
    let quote = raw.chars().next().unwrap_or_default();
    let mut units = Vec::new();
    let mut characters = raw.char_indices().skip(1).peekable();
    while let Some((start, character)) = characters.next() {
        let next = characters.peek().map(|(_, next)| *next);
        let mut length = character.len_utf8();
        let mut is_solid = !character.is_whitespace();
        match (quote, character, next) {
            ('\'', '\'', Some('\'')) => {
                characters.next();
                length += 1;
            }
            ('"', '\\', Some(escape)) => {
                characters.next();
                let digits = match escape {
                    'x' => 2,
                    'u' => 4,
                    'U' => 8,
                    _ => 0,
                };
                length += escape.len_utf8() + digits;
                for _ in 0..digits {
                    characters.next();
                }
                is_solid = !(escape.is_whitespace() || "abtnvfreN_LP0".contains(escape));
            }
            (quote, character, None) if quote == character => is_solid = false,
            _ => {}
        }
        if is_solid {
            units.push(start..start + length);
        }
    }
    units
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_not_utf_8_is_a_fault_with_its_place() {
        let latin_1 = b"version: 1\nrules: [{ id: a, reason: \"\xc3\xa9t\xe9\", max-timeout: 5m }]\n".to_vec();
        insta::assert_snapshot!(decode("policy.yaml", latin_1).unwrap_err(), @r#"
        policy.yaml:2:29: error[BB001]: byte 0xE9 is not valid UTF-8
         2 | rules: [{ id: a, reason: "ét�", max-timeout: 5m }]
           |                             ^
           = save the file as UTF-8
        "#);
        insta::assert_snapshot!(decode("policy.yaml", b"\xff\xfev\0".to_vec()).unwrap_err(), @"
        policy.yaml:1:1: error[BB001]: the file is UTF-16
           = save it as UTF-8, in PowerShell with `| Out-File -Encoding utf8`
        ");
        assert_eq!(decode("policy.yaml", b"version: 1".to_vec()), Ok("version: 1".to_owned()));
    }

    #[test]
    fn the_place_of_a_character_behind_escapes() {
        let text = r#"a: "\U0001F600\u00e9\x41\nxy""#;
        let Value::Mapping(entries) = Node::parse(text).unwrap().value else { panic!("no mapping") };
        assert_eq!(entries[0].1.place_within(4, text), Place { line: 1, column: 27 });
    }

    #[test]
    fn a_tab_is_reported_on_its_own_line() {
        let place = |text: &str| Node::parse(text).unwrap_err().place;
        assert_eq!(place("rules:\n\t- id: a\n"), Place { line: 2, column: 1 });
        assert_eq!(place("rules:\n  - id: a\n\tmax-timeout: 60m\n"), Place { line: 3, column: 1 });
        assert_eq!(place("rules:\n  - id: a\n    reason: x\n  \tmax-timeout: 60m\n"), Place { line: 4, column: 3 });
        assert_eq!(place("a:\n  - b\n\t\n\tc: d\n"), Place { line: 4, column: 1 });
    }
}
