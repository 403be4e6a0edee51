//! From tree to values: every fault is noted where it stands, and reading goes on.

use super::{
    Node, Value,
    fault::{Fault, Place},
};
use crate::{
    expression::{Expression, Located},
    yaml::scalar::{Written, listed, nearest},
};

/// Collects the faults of one file while it is read.
#[derive(Debug)]
pub(crate) struct Reader {
    pub(crate) faults: Vec<Fault>,
    text: String,
}

impl Reader {
    /// A reader of the file that says `text`.
    pub(crate) fn new(text: &str) -> Self {
        Self { faults: Vec::new(), text: text.to_owned() }
    }

    pub(crate) fn fault(&mut self, place: Place, found: impl Into<String>, right: impl Into<String>) {
        self.faults.push(Fault { place, found: found.into(), right: right.into() });
    }

    /// Where a character of a scalar stands, counted from the scalar's start.
    pub(crate) fn place_within(&self, node: &Node, character: usize) -> Place {
        node.place_within(character, &self.text)
    }

    /// The entries of a mapping that holds no other keys than `known`, and none twice.
    pub(crate) fn mapping<'a>(&mut self, node: &'a Node, what: &str, known: &[&'static str]) -> Option<Mapping<'a>> {
        let Value::Mapping(entries) = &node.value else {
            let right = format!("{what} is a mapping with the keys {}", listed(known));
            self.fault(node.place, format!("{} where {what} should be", node.described()), right);
            return None;
        };
        let mut seen: Vec<(&str, &Node)> = Vec::new();
        let mut meant = Vec::new();
        for (key, value) in entries {
            let Value::Scalar(name) = &key.value else {
                self.fault(key.place, format!("{} as a key", key.described()), format!("a key of {what} is a word"));
                continue;
            };
            if seen.iter().any(|(earlier, _)| earlier == name) {
                self.fault(key.place, format!("`{name}` is said twice"), "say it once");
            } else if known.contains(&name.as_str()) {
                seen.push((name, value));
            } else {
                let found = format!("unknown key `{name}` in {what}");
                match nearest(name, known) {
                    Some(word) => {
                        meant.push(word);
                        self.fault(key.place, found, format!("did you mean `{word}`?"));
                    }
                    None => self.fault(key.place, found, format!("the keys known here are {}", listed(known))),
                }
            }
        }
        Some(Mapping { place: node.place, entries: seen, meant })
    }

    /// The entries of a mapping whose keys are its author's own.
    pub(crate) fn entries<'a>(&mut self, node: &'a Node, what: &str, example: &str) -> Vec<(&'a str, &'a Node)> {
        let Value::Mapping(entries) = &node.value else {
            self.fault(
                node.place,
                format!("{} where {what} should be", node.described()),
                format!("{what}, as in `{example}`"),
            );
            return Vec::new();
        };
        let mut seen: Vec<(&str, &Node)> = Vec::new();
        for (key, value) in entries {
            match &key.value {
                Value::Scalar(name) if seen.iter().any(|(earlier, _)| earlier == name) => {
                    self.fault(key.place, format!("`{name}` is said twice"), "say it once");
                }
                Value::Scalar(name) => seen.push((name, value)),
                _ => self.fault(key.place, format!("{} as a key", key.described()), "a word"),
            }
        }
        if entries.is_empty() {
            self.fault(
                node.place,
                format!("an empty mapping where {what} should be"),
                format!("{what}, as in `{example}`"),
            );
        }
        seen
    }

    /// The elements of a list that is not empty.
    pub(crate) fn list<'a>(&mut self, node: &'a Node, example: &str) -> &'a [Node] {
        match &node.value {
            Value::List(nodes) if !nodes.is_empty() => nodes,
            Value::List(_) => {
                self.fault(node.place, "an empty list", format!("at least one element, as in `{example}`"));
                &[]
            }
            _ => {
                let found = format!("{} where a list should be", node.described());
                self.fault(node.place, found, format!("a list, as in `{example}`"));
                &[]
            }
        }
    }

    /// One scalar, read.
    pub(crate) fn scalar<T: Written>(&mut self, node: &Node) -> Option<T> {
        let Value::Scalar(text) = &node.value else {
            self.fault(node.place, format!("{} where a single value should be", node.described()), T::RIGHT);
            return None;
        };
        match T::read(text) {
            Ok(value) => Some(value),
            Err(wrong) => {
                self.fault(node.place, format!("`{text}` {wrong}"), T::RIGHT);
                None
            }
        }
    }

    /// One scalar that is an expression, which has places of its own.
    pub(crate) fn expression(&mut self, node: &Node) -> Option<Expression> {
        let right = "an expression; one that begins with `!`, `\"`, `[` or `{` stands in a block: `|` and a line below";
        if let Some(place) = node.tag {
            let found = "a YAML tag, which is what a `!` begins, where an expression should be";
            self.fault(place, found, right);
            return None;
        }
        let Value::Scalar(text) = &node.value else {
            self.fault(node.place, format!("{} where an expression should be", node.described()), right);
            return None;
        };
        match Expression::compile(text) {
            Ok(expression) => Some(expression),
            Err(faults) => {
                for Located { start, found, right } in faults {
                    self.fault(node.place_within(start, &self.text), found, right);
                }
                None
            }
        }
    }

    /// A list of scalars, every one read.
    pub(crate) fn scalars<T: Written>(&mut self, node: &Node, example: &str) -> Vec<T> {
        self.list(node, example).iter().filter_map(|node| self.scalar(node)).collect()
    }
}

/// A mapping whose keys are all known.
pub(crate) struct Mapping<'a> {
    pub(crate) place: Place,
    pub(crate) entries: Vec<(&'a str, &'a Node)>,
    /// The keys that misspelt ones were probably meant to be.
    pub(crate) meant: Vec<&'static str>,
}

impl<'a> Mapping<'a> {
    pub(crate) fn get(&self, key: &str) -> Option<&'a Node> {
        self.entries.iter().find(|(name, _)| *name == key).map(|(_, node)| *node)
    }
}
