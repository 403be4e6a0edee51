//! Reads values from a YAML tree. Notes each fault with its place, and reads on.

use super::{
    Node, Value,
    scalar::FromScalar,
    words::{closest, only_close, quoted_list},
};
use crate::{
    diagnostic::{Code, Diagnostic, Fix, Place},
    expression::{Expression, ExpressionFault},
    facts::possible::Remark,
};

/// The help for writing an expression.
const EXPRESSION: &str = "write an expression; put one that begins with `!`, `\"`, `[` or `{` into a block: `|`, and \
                          the expression on the next line";

/// The message about an element of a list, such as `-main`.
pub(super) const NO_SPACE: &str = "no space after `-`";

/// Reads one file and collects its faults.
#[derive(Debug)]
pub(crate) struct Reader {
    pub(crate) faults: Vec<Diagnostic>,
    /// The findings about parts that are valid and probably a mistake.
    pub(crate) warnings: Vec<Diagnostic>,
    text: String,
}

impl Reader {
    /// A reader of the file with this content.
    pub(crate) fn new(text: &str) -> Self {
        Self { faults: Vec::new(), warnings: Vec::new(), text: text.to_owned() }
    }

    pub(crate) fn fault(&mut self, code: Code, place: Place, message: impl Into<String>, help: impl Into<String>) {
        self.faults.push(Diagnostic::new(code, place, message, help));
    }

    /// The place of a character of a scalar, counted from the scalar's start.
    pub(crate) fn place_within(&self, node: &Node, character: usize) -> Place {
        node.place_within(character, &self.text)
    }

    /// Reads a mapping whose keys must be among `known`. `what` names it in messages: "a rule".
    pub(crate) fn mapping<'a>(&mut self, node: &'a Node, what: &str, known: &[&'static str]) -> Option<Mapping<'a>> {
        self.refuse_tag(node);
        let Value::Mapping(entries) = &node.value else {
            let key = match &node.value {
                Value::Scalar(text) => text.split_once(':').map(|(key, _)| key).filter(|key| known.contains(key)),
                _ => None,
            };
            let help = key.map_or_else(
                || format!("write {what} as a mapping with the keys {}", quoted_list(known)),
                |key| format!("write `{key}: …`, with a space"),
            );
            self.fault(Code::NotAMapping, node.place, format!("expected {what}, found {}", node.described()), help);
            return None;
        };
        let mut read: Vec<(&str, &Node)> = Vec::new();
        let (mut suggested, mut unlike) = (Vec::new(), Vec::new());
        for (key, value) in entries {
            let Some(name) = self.key(key, &read) else { continue };
            if known.contains(&name) {
                read.push((name, value));
                continue;
            }
            let message = format!("unknown key `{name}` in {what}");
            match closest(name, known) {
                Some(word) => {
                    suggested.push(word);
                    let fix = only_close(name, known).and_then(|word| key.fix(&self.text, word));
                    let fault =
                        Diagnostic::new(Code::UnknownKey, key.place, message, format!("did you mean `{word}`?"));
                    self.faults.push(fault.with_fix(fix));
                }
                None => {
                    unlike.push(name);
                    let help = format!("the known keys are {}", quoted_list(known));
                    self.fault(Code::UnknownKey, key.place, message, help);
                }
            }
        }
        Some(Mapping { place: node.place, entries: read, suggested, unlike })
    }

    /// Reads a mapping that may have any keys, and has at least one.
    pub(crate) fn entries<'a>(&mut self, node: &'a Node, what: &str, example: &str) -> Vec<(&'a str, &'a Node)> {
        self.refuse_tag(node);
        let entries = match &node.value {
            Value::Mapping(entries) if !entries.is_empty() => entries,
            other => {
                let found =
                    if matches!(other, Value::Mapping(_)) { "an empty mapping".into() } else { node.described() };
                let help = format!("write {what}, such as `{example}`");
                self.fault(Code::NotAMapping, node.place, format!("expected {what}, found {found}"), help);
                return Vec::new();
            }
        };
        let mut read = Vec::new();
        for (key, value) in entries {
            if let Some(name) = self.key(key, &read) {
                read.push((name, value));
            }
        }
        read
    }

    /// Returns the name of a key, or reports a key that is not a scalar or that duplicates an earlier one.
    fn key<'a>(&mut self, key: &'a Node, before: &[(&str, &Node)]) -> Option<&'a str> {
        let Value::Scalar(name) = &key.value else {
            self.fault(
                Code::ComplexKey,
                key.place,
                format!("expected a key, found {}", key.described()),
                "write the key as one word",
            );
            return None;
        };
        if before.iter().any(|(earlier, _)| earlier == name) {
            self.fault(Code::DuplicateKey, key.place, format!("duplicate key `{name}`"), "remove one of them");
            return None;
        }
        Some(name)
    }

    /// Reads a list that has at least one element.
    pub(crate) fn list<'a>(&mut self, node: &'a Node, example: &str) -> &'a [Node] {
        self.refuse_tag(node);
        match &node.value {
            Value::List(nodes) if !nodes.is_empty() => return nodes,
            Value::List(_) => {
                let help = format!("add at least one element, such as `{example}`");
                self.fault(Code::EmptyList, node.place, "empty list", help);
            }
            other => {
                let found = || format!("expected a list, found {}", node.described());
                let (message, help) = match (node.behind_dash(&self.text), other) {
                    (None, _) => (found(), format!("write a list, such as `{example}`")),
                    (Some(key), Value::Mapping(_)) => (NO_SPACE.to_owned(), format!("write `- {key}: …`")),
                    (Some(rest), _) if node.begins_line(&self.text) => {
                        (NO_SPACE.to_owned(), format!("write `- {rest}`"))
                    }
                    (Some(rest), _) => {
                        (NO_SPACE.to_owned(), format!("write `[{rest}]`, or `- {rest}` in the next line"))
                    }
                };
                self.fault(Code::NotAList, node.place, message, help);
            }
        }
        &[]
    }

    /// Reads a list of scalars that has at least one element.
    pub(crate) fn list_of_scalars<'a>(&mut self, node: &'a Node, example: &str) -> &'a [Node] {
        let before = self.faults.len();
        let nodes = self.list(node, example);
        if let (Some(fault), Some(fix)) = (self.faults.get_mut(before), node.fix_as_list(&self.text)) {
            fault.fix = Some(Box::new(fix));
        }
        nodes
    }

    /// Reads a scalar.
    pub(crate) fn scalar<T: FromScalar>(&mut self, node: &Node) -> Option<T> {
        let text = self.text_of(node, T::EXPECTED, |text| T::from_scalar(text).is_ok())?;
        match T::from_scalar(text) {
            Ok(value) => Some(value),
            Err(wrong) => {
                let known = T::words();
                let help = match closest(text, &known) {
                    Some(word) => format!("did you mean `{word}`?"),
                    None => format!("use {}", T::EXPECTED),
                };
                let fix = only_close(text, &known).and_then(|word| node.fix(&self.text, word));
                let fault = Diagnostic::new(T::CODE, node.place, format!("`{text}` {wrong}"), help);
                self.faults.push(fault.with_fix(fix));
                None
            }
        }
    }

    /// Reports a tag, if there is one.
    fn refuse_tag(&mut self, node: &Node) -> bool {
        let help = "remove the tag, or put a value that begins with `!` in quotes";
        node.tag.as_ref().map(|tag| self.fault(Code::Tag, tag.place, "YAML tags are not supported", help)).is_some()
    }

    /// Returns the text of a scalar. Reports a tag, which has a meaning only in other programs. If the value is
    /// missing, `accepts` decides whether the comment after it could be the value.
    fn text_of<'a>(&mut self, node: &'a Node, expected: &str, accepts: impl Fn(&str) -> bool) -> Option<&'a str> {
        if self.refuse_tag(node) {
            return None;
        }
        let Value::Scalar(text) = &node.value else {
            let message = format!("expected a single value, found {}", node.described());
            let comment = node.comment_as_value(&self.text).filter(|comment| accepts(comment));
            let help = comment.map_or_else(
                || format!("use {expected}"),
                |comment| format!("`#` begins a comment in YAML; write `\"{comment}\"`"),
            );
            self.fault(Code::NotAScalar, node.place, message, help);
            return None;
        };
        Some(text)
    }

    /// Reads a scalar that `parse` accepts, perhaps with warnings. `expected` describes the value in messages.
    pub(crate) fn checked<T>(
        &mut self,
        node: &Node,
        expected: &str,
        codes: RemarkCodes,
        parse: impl FnOnce(&str) -> Result<(T, Vec<Remark>), Remark>,
    ) -> Option<T> {
        let text = self.text_of(node, expected, |_| false)?;
        match parse(text) {
            Ok((value, warnings)) => {
                let warnings = warnings.into_iter();
                self.warnings.extend(
                    warnings.map(|Remark { message, help }| Diagnostic::new(codes.doubtful, node.place, message, help)),
                );
                Some(value)
            }
            Err(remark) => {
                let new = remark.correction_of(text);
                let fix = new.and_then(|new| node.fix(&self.text, new.trim_matches('"')));
                let Remark { message, help } = remark;
                self.faults.push(Diagnostic::new(codes.impossible, node.place, message, help).with_fix(fix));
                None
            }
        }
    }

    /// Warns about a text of digits that YAML reads as a number.
    pub(crate) fn warn_of_number(&mut self, node: &Node) {
        let Value::Scalar(text) = &node.value else { return };
        if node.is_plain && text.bytes().all(|byte| byte.is_ascii_digit()) {
            let message = format!("`{text}` is a number in YAML, and other programs may drop a zero in front");
            let help = format!("write it in quotes: `\"{text}\"`");
            let warning = Diagnostic::new(Code::AccountWithoutQuotes, node.place, message, help);
            self.warnings.push(warning.with_fix(node.fix(&self.text, text)));
        }
    }

    /// Reads a list of scalars that has at least one element.
    pub(crate) fn scalars<T: FromScalar>(&mut self, node: &Node, example: &str) -> Vec<T> {
        self.list_of_scalars(node, example).iter().filter_map(|node| self.scalar(node)).collect()
    }

    /// Reads an expression. Its faults have places within the scalar.
    pub(crate) fn expression(&mut self, node: &Node) -> Option<Expression> {
        if let Some(place) = node.tag.as_ref().map(|tag| tag.place) {
            self.faults.push(Diagnostic::unquoted_exclamation_mark(place));
            return None;
        }
        let Value::Scalar(text) = &node.value else {
            self.fault(
                Code::NotAScalar,
                node.place,
                format!("expected an expression, found {}", node.described()),
                EXPRESSION,
            );
            return None;
        };
        match Expression::compile(text) {
            Ok(expression) => {
                for ExpressionFault { code, start, message, help, fix: _ } in expression.warnings().iter().cloned() {
                    let place = node.place_within(start, &self.text);
                    self.warnings.push(Diagnostic::new(code, place, message, help));
                }
                Some(expression)
            }
            Err(faults) => {
                for ExpressionFault { code, start, message, help, fix } in faults {
                    let place = node.place_within(start, &self.text);
                    let fix = fix.and_then(|(old, new)| Fix::new(&self.text, place, &old, new));
                    self.faults.push(Diagnostic::new(code, place, message, help).with_fix(fix));
                }
                None
            }
        }
    }
}

impl Diagnostic {
    /// The fault of an expression such as `!has(build.vpcConfig)`, which YAML parses as a tag.
    pub(super) fn unquoted_exclamation_mark(place: Place) -> Self {
        Self::new(
            Code::UnquotedExclamationMark,
            place,
            "expected an expression, found a YAML tag (an unquoted `!`)",
            EXPRESSION,
        )
    }
}

/// The codes of remarks on one kind of value.
#[derive(Clone, Copy)]
pub(crate) struct RemarkCodes {
    /// The code of a value that can never occur.
    pub(crate) impossible: Code,
    /// The code of a value that is probably a mistake.
    pub(crate) doubtful: Code,
}

/// A mapping, without its unknown and duplicate keys.
pub(crate) struct Mapping<'a> {
    pub(crate) place: Place,
    pub(crate) entries: Vec<(&'a str, &'a Node)>,
    /// The known keys that were suggested for misspelt ones.
    pub(crate) suggested: Vec<&'static str>,
    /// The unknown keys that resemble no known key.
    pub(crate) unlike: Vec<&'a str>,
}

impl<'a> Mapping<'a> {
    pub(crate) fn get(&self, key: &str) -> Option<&'a Node> {
        self.entries.iter().find(|(name, _)| *name == key).map(|(_, node)| *node)
    }
}
