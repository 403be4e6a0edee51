//! Parses YAML text into a tree, and resolves anchors, aliases and merge keys.

use std::collections::HashMap;

use granit_parser::{Event, Options, Parser, ScalarStyle, Span, StrInput};

use super::{
    Node, Tag, Value,
    syntax::{fault_of, is_no_break_space, no_break_space, not_yaml, place_of},
};
use crate::diagnostic::{Code, Diagnostic, Place};

/// The number of levels that values may be nested.
const DEEPEST: usize = 255;

/// The number of values that anchors and aliases may copy. Without a limit, a few lines could
/// expand to any number of values.
const MOST_COPIED: usize = 100_000;

impl Node {
    /// Parses the only document of `text`.
    ///
    /// # Errors
    /// The first fault of its syntax.
    pub fn parse(text: &str) -> Result<Self, Diagnostic> {
        let mut options = Options::default();
        (options.flow_nesting_limit, options.block_nesting_limit) = (DEEPEST, DEEPEST);
        let parser = Parser::new_from_str_with_options(text, options);
        TreeBuilder { text, parser, anchors: HashMap::new(), copied: 0 }.document()
    }

    /// Parses JSON that is not YAML, for example because two escapes form one character. All values have the place
    /// of the file's start. Returns `None` if the text is not JSON.
    pub fn parse_json(text: &str) -> Option<Self> {
        Some(Self::of_json(serde_json::from_str(text).ok()?))
    }

    fn of_json(json: serde_json::Value) -> Self {
        use serde_json::Value as Json;
        let value = match json {
            Json::Null => Value::Empty,
            Json::Bool(flag) => Value::Scalar(flag.to_string()),
            Json::Number(number) => Value::Scalar(number.to_string()),
            Json::String(text) => Value::Scalar(text),
            Json::Array(list) => Value::List(list.into_iter().map(Self::of_json).collect()),
            Json::Object(members) => {
                let entries = members.into_iter();
                Value::Mapping(entries.map(|(name, json)| (Self::of_json(name.into()), Self::of_json(json))).collect())
            }
        };
        Self { place: Place { line: 1, column: 1 }, value, is_plain: false, tag: None, span: 0..0 }
    }
}

/// Builds a tree from the parser's events.
struct TreeBuilder<'a> {
    text: &'a str,
    parser: Parser<'a, StrInput<'a>>,
    anchors: HashMap<usize, Anchored>,
    /// The number of values that anchors and aliases have copied so far.
    copied: usize,
}

/// The value of an anchor, the number of values it contains, and how deep they are nested.
struct Anchored {
    node: Node,
    size: usize,
    depth: usize,
}

impl<'a> TreeBuilder<'a> {
    fn document(mut self) -> Result<Node, Diagnostic> {
        let mut document = None;
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => break,
                (Event::StreamStart | Event::DocumentEnd, _) => {}
                (Event::DocumentStart(..), span) if document.is_some() => {
                    let help = "remove it; a file has one document";
                    return Err(Diagnostic::new(
                        Code::SecondDocument,
                        place_of(&span.start),
                        "second YAML document",
                        help,
                    ));
                }
                (Event::DocumentStart(..), _) => document = Some(self.node(0)?),
                (_, span) => return Err(not_yaml(place_of(&span.start), "value outside of any document")),
            }
        }
        Ok(document.unwrap_or(Node {
            place: Place { line: 1, column: 1 },
            value: Value::Empty,
            is_plain: true,
            tag: None,
            span: 0..0,
        }))
    }

    fn next(&mut self) -> Result<(Event<'a>, Span), Diagnostic> {
        let ended = || not_yaml(Place { line: 1, column: 1 }, "unexpected end of the file");
        self.parser.next_event().ok_or_else(ended)?.map_err(|error| fault_of(&error, self.text))
    }

    /// Reads the next value.
    fn node(&mut self, depth: usize) -> Result<Node, Diagnostic> {
        let (event, span) = self.next()?;
        self.node_of(event, &span, depth)
    }

    fn node_of(&mut self, event: Event<'a>, span: &Span, depth: usize) -> Result<Node, Diagnostic> {
        let place = place_of(&span.start);
        let tag = event.tag().map(|tag| Tag {
            name: tag.suffix().to_owned(),
            place: span.tag_start.map_or(place, |start| place_of(&start)),
        });
        let anchor = event.anchor_id();
        let (value, is_plain) = match event {
            Event::Alias(anchor) => return self.alias(anchor, place, depth),
            Event::Scalar(text, style, ..) => {
                let is_plain = style == ScalarStyle::Plain && tag.is_none();
                let is_nothing = is_plain && matches!(&*text, "" | "~" | "null" | "Null" | "NULL");
                (if is_nothing { Value::Empty } else { Value::Scalar(text.into_owned()) }, is_plain)
            }
            Event::SequenceStart(..) => (Value::List(self.list(depth + 1)?), false),
            Event::MappingStart(..) => (Value::Mapping(self.mapping(depth + 1)?), false),
            _ => return Err(not_yaml(place, "missing value")),
        };
        let node = Node { place, value, is_plain, tag, span: span.byte_range().unwrap_or_default() };
        if let Some(anchor) = anchor {
            let (size, depth) = node.extent();
            self.copy(size, place)?;
            self.anchors.insert(anchor, Anchored { node: node.clone(), size, depth });
        }
        Ok(node)
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Node>, Diagnostic> {
        let mut list = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(list),
                (event, span) => list.push(self.node_of(event, &span, depth)?),
            }
        }
    }

    fn mapping(&mut self, depth: usize) -> Result<Vec<(Node, Node)>, Diagnostic> {
        let mut entries = Vec::new();
        loop {
            match self.next()? {
                (Event::MappingEnd, _) => return Ok(merged(entries)),
                (event, span) => {
                    let key = self.node_of(event, &span, depth)?;
                    if matches!(&key.value, Value::Scalar(name) if key.is_plain && name.starts_with(is_no_break_space))
                        && let Some(fault) = no_break_space(self.text, key.place.line)
                    {
                        return Err(fault);
                    }
                    entries.push((key, self.node(depth)?));
                }
            }
        }
    }

    /// The value of an alias, with the place where it was written.
    fn alias(&mut self, anchor: usize, place: Place, depth: usize) -> Result<Node, Diagnostic> {
        let fault =
            |message: &str| Diagnostic::new(Code::Alias, place, message, "replace the alias with the value itself");
        let Some(Anchored { node, size, depth: deep }) = self.anchors.get(&anchor) else {
            return Err(fault("alias inside the value that it refers to"));
        };
        if depth + deep > DEEPEST {
            return Err(fault(&format!("alias that nests values deeper than {DEEPEST} levels")));
        }
        let (node, size) = (node.clone(), *size);
        self.copy(size, place)?;
        Ok(node)
    }

    fn copy(&mut self, size: usize, place: Place) -> Result<(), Diagnostic> {
        self.copied += size;
        if self.copied <= MOST_COPIED {
            return Ok(());
        }
        let message = format!("anchors and aliases copy more than {MOST_COPIED} values");
        Err(Diagnostic::new(Code::Alias, place, message, "use fewer aliases"))
    }
}

impl Node {
    /// The number of values it contains, itself included, and how deep they are nested.
    fn extent(&self) -> (usize, usize) {
        let parts = |parts: &mut dyn Iterator<Item = &Node>| {
            parts.map(Self::extent).fold((1, 0), |(size, depth), (more, deep)| (size + more, depth.max(deep + 1)))
        };
        match &self.value {
            Value::Empty | Value::Scalar(_) => (1, 0),
            Value::List(list) => parts(&mut list.iter()),
            Value::Mapping(entries) => parts(&mut entries.iter().flat_map(|(key, value)| [key, value])),
        }
    }
}

/// Resolves a mapping's merge keys (`<<`). The mapping's own keys take precedence, then those
/// of the mapping that is merged first.
/// <https://yaml.org/type/merge.html>
fn merged(entries: Vec<(Node, Node)>) -> Vec<(Node, Node)> {
    let is_merge = |(key, value): &(Node, Node)| {
        let is_mapping = |node: &Node| matches!(node.value, Value::Mapping(_));
        let is_taken = is_mapping(value) || matches!(&value.value, Value::List(list) if list.iter().all(is_mapping));
        key.is_plain && key.value == Value::Scalar("<<".into()) && is_taken
    };
    let (merges, mut entries): (Vec<_>, Vec<_>) = entries.into_iter().partition(is_merge);
    for (_, taken) in merges {
        let mappings = if let Value::List(list) = taken.value { list } else { vec![taken] };
        for mapping in mappings {
            let Value::Mapping(taken) = mapping.value else { continue };
            for (key, value) in taken {
                if entries.iter().all(|(own, _)| own.value != key.value) {
                    entries.push((key, value));
                }
            }
        }
    }
    entries
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;

    /// The tree as JSON, every scalar as it is spelt.
    fn json(node: &Node) -> Json {
        match &node.value {
            Value::Empty => Json::Null,
            Value::Scalar(text) => json!(text),
            Value::List(list) => list.iter().map(json).collect(),
            Value::Mapping(entries) => {
                let name = |key: &Node| json(key).as_str().unwrap().to_owned();
                Json::Object(entries.iter().map(|(key, value)| (name(key), json(value))).collect())
            }
        }
    }

    #[track_caller]
    fn check(yaml: &str, expected: Json) {
        assert_eq!(json(&Node::parse(yaml).unwrap_or_else(|fault| panic!("{fault:?}"))), expected, "{yaml}");
    }

    #[test]
    fn scalars_are_kept_as_they_are_spelt() {
        check(
            "[off, 1.10, 012345678901, 2027-01-31, 1_000, yes]",
            json!(["off", "1.10", "012345678901", "2027-01-31", "1_000", "yes"]),
        );
        check("[~, null, 'null', \"\", '~']", json!([null, null, "null", "", "~"]));
        check("", json!(null));
        check("# nothing\n", json!(null));
        check("a: |\n  b\n   c\nd: >-\n  e\n  f\n", json!({"a": "b\n c\n", "d": "e f"}));
        check("{'a''b': \"\\u00e9\\n\"}", json!({"a'b": "é\n"}));
    }

    #[test]
    fn what_is_plain_and_what_is_tagged() {
        let node = Node::parse("- 60\n- '60'\n- !!str 60\n- ! a\n- |\n  60\n").unwrap();
        let Value::List(list) = node.value else { panic!("no list") };
        let found: Vec<_> =
            list.iter().map(|node| (node.is_plain, node.tag.as_ref().map(|tag| tag.place.column))).collect();
        assert_eq!(found, [(true, None), (false, None), (false, Some(3)), (false, Some(3)), (false, None)]);
    }

    #[test]
    fn what_a_mapping_says_itself_counts_for_more_than_what_it_takes_over() {
        check(
            "[&a {x: 1, y: 1}, &b {y: 2, z: 2}, {x: 0, <<: *a}, {<<: *a, x: 0}, {<<: [*a, *b], z: 0}, {<<: [*b, *a]}]",
            json!([
                {"x": "1", "y": "1"}, {"y": "2", "z": "2"},
                {"x": "0", "y": "1"}, {"x": "0", "y": "1"},
                {"z": "0", "x": "1", "y": "1"}, {"y": "2", "z": "2", "x": "1"},
            ]),
        );
        check("{<<: 1, '<<': {a: b}}", json!({"<<": {"a": "b"}}));
    }

    #[test]
    fn every_file_of_the_library_is_read_as_serde_reads_it() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../library");
        let mut count = 0;
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            let text = std::fs::read_to_string(&path).unwrap();
            if path.extension().is_some_and(|extension| extension == "yaml") {
                let by_serde: Json = serde_saphyr::from_str(&text).unwrap();
                assert_same(&json(&Node::parse(&text).unwrap()), &by_serde);
                count += 1;
            }
        }
        assert!(count > 10, "{count} files");
    }

    /// Asserts that two trees are the same. Numbers and bools are texts in ours.
    #[track_caller]
    fn assert_same(ours: &Json, theirs: &Json) {
        match (ours, theirs) {
            (Json::Array(ours), Json::Array(theirs)) if ours.len() == theirs.len() => {
                ours.iter().zip(theirs).for_each(|(ours, theirs)| assert_same(ours, theirs));
            }
            (Json::Object(ours), Json::Object(theirs)) if ours.len() == theirs.len() => {
                ours.iter().for_each(|(name, ours)| assert_same(ours, &theirs[name]));
            }
            (Json::String(text), Json::Number(_) | Json::Bool(_)) => {
                assert_eq!(&serde_json::from_str::<Json>(text).unwrap(), theirs);
            }
            _ => assert_eq!(ours, theirs),
        }
    }
}
