//! Evaluates values of a template, where that is certain before it is deployed.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html>

use std::{cell::Cell, collections::HashMap};

use base64::{Engine, prelude::BASE64_STANDARD};
use buildbrake_core::{
    scan::{Given, Setting},
    yaml::{Node, Value},
};

use super::{
    conditions::{Conditions, branches, equal},
    elements, has_function, member, members, normalized,
    parameters::Parameters,
    text,
};

/// The number of bytes that all functions of a template together may make. Without a limit, a few lines
/// could make texts of any length.
const MOST_TEXT: usize = 1 << 26;

/// The functions whose results only a deployment shows.
const DEPLOYED: [&str; 8] = [
    "Fn::GetAtt",
    "Fn::ImportValue",
    "Fn::GetAZs",
    "Fn::Cidr",
    "Fn::Transform",
    "Fn::ToJsonString",
    "Fn::GetStackOutput",
    "Fn::ForEach",
];

/// Everything that values of a template depend on.
pub(super) struct Evaluation<'a> {
    pub(super) parameters: &'a Parameters,
    pub(super) conditions: &'a Conditions<'a>,
    mappings: Option<&'a Node>,
    /// All resources of the template. `None` if macros or modules may add others.
    resources: Option<&'a Node>,
    text_left: Cell<usize>,
}

/// A call of a function: `{"Fn::Sub": ARGUMENT}` or `!Sub ARGUMENT`.
pub(super) struct Call<'a> {
    /// `Ref`, `Condition`, or a name with `Fn::`.
    pub(super) name: String,
    /// The argument. If the call is a tag, this node carries the tag.
    pub(super) argument: &'a Node,
    is_tag: bool,
}

impl<'a> Call<'a> {
    /// Parses a node as a call. Returns `None` if it is not a call.
    pub(super) fn of(node: &'a Node) -> Option<Self> {
        if let Some(tag) = &node.tag {
            let name = match tag.name.as_str() {
                name @ ("Ref" | "Condition") => name.to_owned(),
                name => format!("Fn::{name}"),
            };
            return Some(Self { name, argument: node, is_tag: true });
        }
        let [(key, argument)] = members(node) else { return None };
        let name = text(key).filter(|name| matches!(*name, "Ref" | "Condition") || name.starts_with("Fn::"))?;
        Some(Self { name: name.to_owned(), argument, is_tag: false })
    }
}

/// Returns the value, or unknown if it contains a dynamic reference. Results of functions are checked, too, because a
/// function may put a reference together.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html>
fn before_deployment(value: Given) -> Given {
    let of_text = |value: &Given| matches!(value, Given::Text(text) if text.contains("{{resolve:"));
    let is_dynamic = match &value {
        Given::List(list) => list.iter().any(|element| of_text(&element.value)),
        value => of_text(value),
    };
    match is_dynamic {
        true => Given::Unknown("a dynamic reference is resolved when the stack is deployed".to_owned()),
        false => value,
    }
}

impl<'a> Evaluation<'a> {
    pub(super) fn new(parameters: &'a Parameters, conditions: &'a Conditions<'a>, mappings: Option<&'a Node>) -> Self {
        Self { parameters, conditions, mappings, resources: None, text_left: Cell::new(MOST_TEXT) }
    }

    /// Adds the resources of a template that has no others.
    pub(super) fn with_all_resources(self, resources: &'a Node) -> Self {
        Self { resources: Some(resources), ..self }
    }

    /// Evaluates a value of the template.
    pub(super) fn value(&self, node: &Node) -> Setting {
        let place = node.tag.as_ref().map_or(node.place, |tag| tag.place);
        let value = match Call::of(node) {
            // `Condition` is a function only within conditions.
            Some(call) if call.name != "Condition" => self.call(&call),
            _ => self.literal(node),
        };
        Setting { value: before_deployment(value), place: Some(place) }
    }

    /// Evaluates a value without regard to its tag.
    fn literal(&self, node: &Node) -> Given {
        match &node.value {
            Value::Empty => Given::Nothing,
            Value::Scalar(spelt) => before_deployment(Given::Text(normalized(node).unwrap_or(spelt).to_owned())),
            Value::List(list) => Given::List(list.iter().map(|node| self.value(node)).collect()),
            Value::Mapping(entries) => {
                if has_function(node) {
                    return may_add_members();
                }
                let members =
                    entries.iter().filter_map(|(key, value)| Some((text(key)?.to_owned(), self.value(value))));
                Given::Structure(members.collect())
            }
        }
    }

    fn argument(&self, call: &Call<'_>) -> Given {
        if call.is_tag { self.literal(call.argument) } else { self.value(call.argument).value }
    }

    fn call(&self, call: &Call<'_>) -> Given {
        let arguments = elements(call.argument);
        match (call.name.as_str(), arguments) {
            ("Ref", _) => text(call.argument).map_or_else(|| malformed("Ref"), |name| self.reference(name)),
            ("Fn::If", _) => self.either(call.argument),
            ("Fn::Sub", [template, variables]) => {
                let variables = members(variables).iter().filter_map(|(name, value)| Some((text(name)?, value)));
                let variables: HashMap<&str, Given> =
                    variables.map(|(name, value)| (name, self.value(value).value)).collect();
                self.substitute(text(template), &variables)
            }
            ("Fn::Sub", _) => self.substitute(text(call.argument), &HashMap::new()),
            ("Fn::Join", [delimiter, list]) => self.join(text(delimiter), self.value(list).value),
            ("Fn::Split", [delimiter, whole]) => match (text(delimiter), self.value(whole).value) {
                (Some(delimiter), Given::Text(whole)) => Given::List(whole.split(delimiter).map(Given::text).collect()),
                (_, Given::Unknown(why)) => Given::Unknown(why),
                _ => malformed("Fn::Split"),
            },
            ("Fn::Select", [index, list]) => self.select(index, list),
            ("Fn::FindInMap", [map, first, second, rest @ ..]) => self.find_in_map([map, first, second], rest.first()),
            ("Fn::Base64", _) => match self.argument(call) {
                Given::Text(text) => self.bounded(BASE64_STANDARD.encode(text)),
                Given::Unknown(why) => Given::Unknown(why),
                _ => malformed("Fn::Base64"),
            },
            ("Fn::Length", _) => match self.argument(call) {
                Given::List(list) => i64::try_from(list.len()).map_or_else(|_| malformed("Fn::Length"), Given::Number),
                Given::Unknown(why) => Given::Unknown(why),
                _ => malformed("Fn::Length"),
            },
            (name, _) if DEPLOYED.contains(&name) => {
                Given::Unknown(format!("`{name}` is evaluated when the stack is deployed"))
            }
            (name, _) => malformed(name),
        }
    }

    fn reference(&self, name: &str) -> Given {
        match self.parameters.get(name) {
            Some(value) => value.clone(),
            None => self.deployed(name, name),
        }
    }

    /// The value of a resource, or of its attribute, which only a deployment shows.
    fn deployed(&self, shown: &str, resource: &str) -> Given {
        match self.resources.is_some_and(|resources| member(resources, resource).is_none()) {
            true => Given::Unknown(format!("the template does not define `{resource}`")),
            false => Given::Unknown(format!("`{shown}` is known only after the stack is deployed")),
        }
    }

    /// The value of an `Fn::If`: that of one branch, or of both if they are equal.
    fn either(&self, argument: &Node) -> Given {
        let Some((condition, yes, no)) = branches(argument) else { return malformed("Fn::If") };
        match self.condition(condition) {
            Some(true) => self.value(yes).value,
            Some(false) => self.value(no).value,
            None => match (self.value(yes).value, self.value(no).value) {
                (one, other) if equal(&one, &other) == Some(true) => one,
                _ => Given::Unknown(format!("it depends on the condition `{condition}`, which is unknown")),
            },
        }
    }

    fn substitute(&self, template: Option<&str>, variables: &HashMap<&str, Given>) -> Given {
        let Some(template) = template else { return malformed("Fn::Sub") };
        let (mut made, mut rest) = (String::new(), template);
        while let Some((before, after)) = rest.split_once("${") {
            made.push_str(before);
            let Some((name, after)) = after.split_once('}') else {
                made.push_str("${");
                rest = after;
                continue;
            };
            rest = after;
            // `${!NAME}` stands for the text `${NAME}`.
            if let Some(literal) = name.strip_prefix('!') {
                made.push_str(&format!("${{{literal}}}"));
                continue;
            }
            let name = name.trim();
            let value = match variables.get(name) {
                Some(value) => value.clone(),
                None => match name.split_once('.') {
                    Some((resource, _)) => return self.deployed(name, resource),
                    None => self.reference(name),
                },
            };
            match (scalar(&value), value) {
                (Some(text), _) => made.push_str(&text),
                (None, Given::Unknown(why)) => return Given::Unknown(why),
                (None, _) => return malformed("Fn::Sub"),
            }
            if made.len() > self.text_left.get() {
                return too_long();
            }
        }
        made.push_str(rest);
        self.bounded(made)
    }

    fn join(&self, delimiter: Option<&str>, list: Given) -> Given {
        let (Some(delimiter), Given::List(list)) = (delimiter, &list) else {
            return if let Given::Unknown(why) = list { Given::Unknown(why) } else { malformed("Fn::Join") };
        };
        let mut texts = Vec::new();
        for element in list {
            match (scalar(&element.value), &element.value) {
                (Some(text), _) => texts.push(text),
                (None, Given::Nothing) => {}
                (None, Given::Unknown(why)) => return Given::Unknown(why.clone()),
                (None, _) => return malformed("Fn::Join"),
            }
        }
        self.bounded(texts.join(delimiter))
    }

    fn select(&self, index: &Node, list: &Node) -> Given {
        match (self.value(index).value, self.value(list).value) {
            (Given::Unknown(why), _) | (_, Given::Unknown(why)) => Given::Unknown(why),
            (Given::Text(index), Given::List(list)) => {
                let element = index.parse().ok().and_then(|index: usize| list.into_iter().nth(index));
                element.map_or_else(|| malformed("Fn::Select"), |element| element.value)
            }
            _ => malformed("Fn::Select"),
        }
    }

    /// A value of a mapping, or the default of the function.
    fn find_in_map(&self, keys: [&Node; 3], rest: Option<&Node>) -> Given {
        let mut found = self.mappings;
        for key in keys {
            if found.is_some_and(|mapping| mapping.tag.is_some() || has_function(mapping)) {
                return Given::Unknown("a macro may change this mapping".to_owned());
            }
            match self.value(key).value {
                Given::Text(key) => {
                    let mut entries = found.map(members).into_iter().flatten();
                    found = entries.find(|(name, _)| normalized(name) == Some(&key)).map(|(_, value)| value);
                }
                Given::Unknown(why) => return Given::Unknown(why),
                _ => return malformed("Fn::FindInMap"),
            }
        }
        match (found, rest.and_then(|rest| member(rest, "DefaultValue"))) {
            (Some(value), _) | (None, Some(value)) => self.value(value).value,
            (None, None) => malformed("Fn::FindInMap"),
        }
    }

    /// Returns a text that a function made, or unknown if the functions of the template produce too much text.
    fn bounded(&self, text: String) -> Given {
        match self.text_left.get().checked_sub(text.len()) {
            Some(left) => {
                self.text_left.set(left);
                Given::Text(text)
            }
            None => too_long(),
        }
    }
}

/// The text of a value that has one. CloudFormation makes text of numbers and flags.
pub(super) fn scalar(value: &Given) -> Option<String> {
    match value {
        Given::Text(text) => Some(text.clone()),
        Given::Number(number) => Some(number.to_string()),
        Given::Flag(flag) => Some(flag.to_string()),
        Given::Unknown(_) | Given::Nothing | Given::List(_) | Given::Structure(_) => None,
    }
}

pub(super) fn may_add_members() -> Given {
    Given::Unknown("a function beside other members may add members".to_owned())
}

fn malformed(name: &str) -> Given {
    Given::Unknown(format!("this use of `{name}` cannot be evaluated"))
}

fn too_long() -> Given {
    Given::Unknown("the functions of the template produce too much text".to_owned())
}
