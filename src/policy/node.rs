//! YAML as a tree in which every value knows its place, so that all faults of a
//! file can be told at once; a derived `Deserialize` stops at the first.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{DuplicateKeyPolicy, Location, Spanned};

use super::fault::{Fault, Place};

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) value: Value,
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
                    Fault { place, found: format!("this is not YAML: {found}"), right: "correct the YAML here".into() }
                })
            }
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
    Node { place: place_of(&tree.defined), value }
}

fn spelling<'a>(location: &Location, text: &'a str) -> &'a str {
    let span = location.span();
    let part = span.byte_offset().zip(span.byte_len()).and_then(|(start, length)| {
        let start = usize::try_from(start).ok()?;
        text.get(start..start.checked_add(usize::try_from(length).ok()?)?)
    });
    part.unwrap_or_default().trim()
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
