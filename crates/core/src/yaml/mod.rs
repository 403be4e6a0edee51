//! YAML as a tree in which every value knows its place, so that all faults of a
//! file can be told at once; a derived `Deserialize` stops at the first.

pub mod fault;
mod parse;
pub(crate) mod reader;
pub(crate) mod scalar;

use std::ops::Range;

use self::fault::Place;
pub use self::fault::{Fault, Faults, Warnings};

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) value: Value,
    /// Whether it is a scalar that is neither quoted nor tagged nor a block: alone such a one
    /// may be a bool, a number or nothing.
    pub(crate) is_plain: bool,
    /// Where a tag stands before it. YAML takes the `!` of `! build.buildComplete` for one,
    /// and what its author denied would be left.
    pub(crate) tag: Option<Place>,
    /// The bytes of the file that say a scalar, quotes included.
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
