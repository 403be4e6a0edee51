//! YAML as a tree in which every value knows its place, so that all faults of a
//! file can be told at once; a derived `Deserialize` stops at the first.

use std::{fmt, ops::Range};

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{DuplicateKeyPolicy, Location, Spanned};

use super::fault::{Fault, Place};

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) value: Value,
    /// Whether YAML takes it for a bool, a number or nothing, as no quoted scalar is.
    pub(crate) is_typed: bool,
    /// The bytes of the file that say it, quotes included.
    span: Range<usize>,
}

/// YAML's kinds of value. A scalar is kept as it is spelt, so that `off`, `1.10`
/// and `012345678901` stay what their author wrote.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Empty,
    Scalar(String),
    List(Vec<Node>),
    Mapping(Vec<(Node, Node)>),
}

impl Node {
    /// The one document of `text`.
    pub(crate) fn parse(text: &str) -> Result<Self, Fault> {
        let options = serde_saphyr::options! {
            duplicate_keys: DuplicateKeyPolicy::PassThrough,
            with_snippet: false,
        };
        match serde_saphyr::from_str_with_options::<Spanned<Unplaced>>(text, options) {
            Ok(tree) => Ok(placed(tree, text)),
            Err(error) => {
                let place = error.location().map_or(Place { line: 1, column: 1 }, |location| place_of(&location));
                let message = error.without_snippet().to_string();
                let found = message.split(" at line ").next().unwrap_or_default();
                Err(if found.contains("multiple YAML documents") {
                    Fault { place, found: "a second YAML document".into(), right: "one file holds one document".into() }
                } else {
                    // A plain value that YAML reads as more than one, as an expression may be.
                    let is_split =
                        found.contains("trailing content") || found.contains("mapping values are not allowed");
                    let right = if is_split {
                        "put the whole value into quotes, or into a block: `|` and a line below"
                    } else {
                        "correct the YAML here"
                    };
                    Fault { place, found: format!("this is not YAML: {found}"), right: right.into() }
                })
            }
        }
    }

    /// Whether a tag stands before the value. YAML takes the `!` of `! build.buildComplete`
    /// for one, and what its author denied would be left.
    pub(crate) fn is_tagged(&self, text: &str) -> bool {
        let before = text.get(..self.span.start).unwrap_or_default().trim_end();
        let line = before.rsplit('\n').next().unwrap_or_default();
        // A block begins below the line that says so, which may end in a comment.
        let line = line.split_once(" #").map_or(line, |(line, _)| line);
        let mut words = line.split_whitespace().rev().skip_while(|word| word.starts_with(['|', '>', '&']));
        words.next().is_some_and(|word| word.starts_with('!'))
    }

    /// Where a character of a scalar stands in the file, counted from the scalar's start.
    ///
    /// YAML folds lines and strips indentation, so white space may be anything in the
    /// file; every other character stands there in the same order, but for the escapes
    /// of quoted scalars. Where that does not lead to it, the scalar's own place is told.
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

    /// What a person would call it.
    pub(crate) fn described(&self) -> String {
        match &self.value {
            Value::Empty => "nothing".into(),
            Value::Scalar(text) => format!("`{text}`"),
            Value::List(_) => "a list".into(),
            Value::Mapping(_) => "a mapping".into(),
        }
    }
}

/// The tree as serde hands it over. A plain scalar arrives as the bool or number
/// that YAML takes it for; its spelling is in the text.
enum Unplaced {
    Plain,
    Text(String),
    List(Vec<Spanned<Unplaced>>),
    Mapping(Vec<(Spanned<Unplaced>, Spanned<Unplaced>)>),
}

fn placed(tree: Spanned<Unplaced>, text: &str) -> Node {
    let is_typed = matches!(tree.value, Unplaced::Plain);
    let value = match tree.value {
        Unplaced::Plain => match spelling(&tree.defined, text) {
            "" | "~" | "null" | "Null" | "NULL" => Value::Empty,
            spelling => Value::Scalar(spelling.to_owned()),
        },
        Unplaced::Text(text) => Value::Scalar(text),
        Unplaced::List(list) => Value::List(list.into_iter().map(|node| placed(node, text)).collect()),
        Unplaced::Mapping(entries) => {
            Value::Mapping(entries.into_iter().map(|(key, value)| (placed(key, text), placed(value, text))).collect())
        }
    };
    Node { place: place_of(&tree.defined), value, is_typed, span: span_of(&tree.defined) }
}

fn spelling<'a>(location: &Location, text: &'a str) -> &'a str {
    text.get(span_of(location)).unwrap_or_default().trim()
}

/// The bytes a value takes in the text; none where that is not known.
fn span_of(location: &Location) -> Range<usize> {
    let span = location.span();
    let range = span.byte_offset().zip(span.byte_len()).and_then(|(start, length)| {
        let start = usize::try_from(start).ok()?;
        Some(start..start.checked_add(usize::try_from(length).ok()?)?)
    });
    range.unwrap_or_default()
}

/// The bytes that say each character of a plain or block scalar that is no white space.
fn plain_units(raw: &str) -> Vec<Range<usize>> {
    let solid = raw.char_indices().filter(|(_, character)| !character.is_whitespace());
    solid.map(|(start, character)| start..start + character.len_utf8()).collect()
}

/// The same of a quoted scalar, in which several characters may say one.
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

fn place_of(location: &Location) -> Place {
    let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX).max(1);
    Place { line: number(location.line()), column: number(location.column()) }
}

impl<'de> Deserialize<'de> for Unplaced {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Unplaced;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any YAML value")
    }
    fn visit_bool<E>(self, _: bool) -> Result<Unplaced, E> {
        Ok(Unplaced::Plain)
    }
    fn visit_i64<E>(self, _: i64) -> Result<Unplaced, E> {
        Ok(Unplaced::Plain)
    }
    fn visit_u64<E>(self, _: u64) -> Result<Unplaced, E> {
        Ok(Unplaced::Plain)
    }
    fn visit_i128<E>(self, _: i128) -> Result<Unplaced, E> {
        Ok(Unplaced::Plain)
    }
    fn visit_u128<E>(self, _: u128) -> Result<Unplaced, E> {
        Ok(Unplaced::Plain)
    }
    fn visit_f64<E>(self, _: f64) -> Result<Unplaced, E> {
        Ok(Unplaced::Plain)
    }
    fn visit_unit<E>(self) -> Result<Unplaced, E> {
        Ok(Unplaced::Plain)
    }
    fn visit_str<E>(self, text: &str) -> Result<Unplaced, E> {
        Ok(Unplaced::Text(text.to_owned()))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Unplaced, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = list.next_element()? {
            nodes.push(node);
        }
        Ok(Unplaced::List(nodes))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut mapping: A) -> Result<Unplaced, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = mapping.next_entry()? {
            entries.push(entry);
        }
        Ok(Unplaced::Mapping(entries))
    }
}
