//! Members of the API's structures in a test file, under the API's own names and with the API's
//! types.

use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use crate::{
    diagnostic::Code,
    model::{
        lenient,
        shape::{MemberType, Shape},
    },
    yaml::{
        Node, Value,
        reader::Reader,
        words::{closest, quoted_list},
    },
};

/// Parses a whole structure to JSON. Members with a fault are left out.
pub(super) fn structure(reader: &mut Reader, node: &Node, shape: &Shape) -> Map<String, Json> {
    let mut members = Map::new();
    let Value::Mapping(entries) = &node.value else {
        let found = format!("{} where a {} should be", node.described(), shape.name);
        reader.fault(Code::NotAMapping, node.place, found, "use a mapping with the API's own names");
        return members;
    };
    for (key, node) in entries {
        let Some(name) = key_name(reader, key) else { continue };
        let Some(kind) = member(reader, key, 0, name, shape) else { continue };
        if members.contains_key(name) {
            reader.fault(Code::DuplicateKey, key.place, format!("duplicate key `{name}`"), "remove one of them");
        }
        let value = value(reader, node, kind, name).unwrap_or(Json::Null);
        members.insert(name.to_owned(), value);
    }
    members
}

/// Parses the members to set: the path of each from the structure, and its value. `None` removes
/// the member.
pub(super) fn changes(reader: &mut Reader, node: &Node, shape: &'static Shape) -> Vec<(Vec<String>, Option<Json>)> {
    let mut changes: Vec<(Vec<String>, Option<Json>)> = Vec::new();
    let Value::Mapping(entries) = &node.value else {
        let found = format!("{} where members to set should be", node.described());
        reader.fault(
            Code::NotAMapping,
            node.place,
            found,
            "use a mapping from members to values, as in `{ environment.image: my/image }`",
        );
        return changes;
    };
    for (key, node) in entries {
        let Some(path) = key_name(reader, key) else { continue };
        let Some(kind) = kind_at(reader, key, path, shape) else { continue };
        let steps: Vec<String> = path.split('.').map(str::to_owned).collect();
        if changes.iter().any(|(earlier, _)| *earlier == steps) {
            reader.fault(Code::DuplicateKey, key.place, format!("duplicate key `{path}`"), "remove one of them");
        }
        changes.push((steps, value(reader, node, kind, path)));
    }
    changes
}

/// Sets or removes one member of a structure.
pub(super) fn change(structure: &mut Map<String, Json>, path: &[String], value: Option<Json>) {
    match (path, value) {
        ([], _) => {}
        ([name], Some(value)) => drop(structure.insert(name.clone(), value)),
        // Map::remove would reorder the members where serde_json preserves their order.
        ([name], None) => structure.retain(|key, _| key != name),
        // There is nothing to remove.
        ([name, ..], None) if !structure.contains_key(name) => {}
        ([name, rest @ ..], value) => {
            let inner = structure.entry(name.clone()).or_insert_with(|| Json::Object(Map::new()));
            if let Json::Object(inner) = inner {
                change(inner, rest, value);
            }
        }
    }
}

fn key_name<'a>(reader: &mut Reader, key: &'a Node) -> Option<&'a str> {
    let Value::Scalar(name) = &key.value else {
        reader.fault(Code::ComplexKey, key.place, format!("{} as a key", key.described()), "use the name of a member");
        return None;
    };
    Some(name)
}

/// Returns the type of the member at a path.
fn kind_at(reader: &mut Reader, key: &Node, path: &str, mut shape: &'static Shape) -> Option<MemberType> {
    let mut before = 0;
    let mut steps = path.split('.').peekable();
    while let Some(name) = steps.next() {
        let kind = member(reader, key, before, name, shape)?;
        before += name.chars().count() + 1;
        match kind {
            _ if steps.peek().is_none() => return Some(kind),
            MemberType::Structure(inner) => shape = inner,
            other => {
                let place = reader.place_within(key, before);
                let help = match other {
                    MemberType::List(_) => "set the whole list".into(),
                    _ => format!("end the path at `{name}`"),
                };
                reader.fault(
                    Code::UnknownTestMember,
                    place,
                    format!("`{name}` is {}, which has no members", described(other)),
                    help,
                );
                return None;
            }
        }
    }
    None
}

/// Returns the type of a member, whose name begins at the character `start` of the key.
fn member(reader: &mut Reader, key: &Node, start: usize, name: &str, shape: &Shape) -> Option<MemberType> {
    let kind = shape.member(name);
    if kind.is_none() {
        let names = shape.names();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let help = match closest(name, &names) {
            Some(word) => format!("did you mean `{word}`?"),
            None => format!("its members are {}", quoted_list(&names)),
        };
        let place = reader.place_within(key, start);
        reader.fault(Code::UnknownTestMember, place, format!("{} has no member `{name}`", shape.name), help);
    }
    kind
}

/// Parses a value to JSON. Returns `None` if it is empty or has a fault.
fn value(reader: &mut Reader, node: &Node, kind: MemberType, name: &str) -> Option<Json> {
    let json = match (&node.value, kind) {
        (Value::Empty, _) => return None,
        (Value::Scalar(text), MemberType::Text) => Some(Json::from(text.as_str())),
        (Value::Scalar(text), MemberType::Flag) if node.is_plain => {
            text.to_lowercase().parse::<bool>().ok().map(Json::from)
        }
        // A few members are 64 bits wide, but no build has a number that needs them.
        (Value::Scalar(text), MemberType::Integer) if node.is_plain => text.parse::<i32>().ok().map(Json::from),
        (Value::Scalar(text), MemberType::Time) => {
            let number = text.parse::<f64>().ok().filter(|_| node.is_plain).map(Json::from);
            let written = number.unwrap_or_else(|| Json::from(text.as_str()));
            lenient::read(written).map(|time: Timestamp| Json::from(time.to_string()))
        }
        (Value::List(nodes), MemberType::List(element)) => {
            Some(nodes.iter().filter_map(|node| value(reader, node, *element, name)).collect())
        }
        (Value::Mapping(_), MemberType::Structure(shape)) => Some(Json::Object(structure(reader, node, shape))),
        _ => None,
    };
    if json.is_none() {
        let quoted = matches!(
            (&node.value, node.is_plain, kind),
            (Value::Scalar(_), false, MemberType::Flag | MemberType::Integer)
        );
        let article = if quoted { "the string " } else { "" };
        let found = format!("{article}{} is not a valid `{name}`", node.described());
        reader.fault(Code::InvalidMember, node.place, found, format!("use {}", described(kind)));
    }
    json
}

fn described(kind: MemberType) -> String {
    match kind {
        MemberType::Flag => "`true` or `false`".into(),
        MemberType::Integer => "a whole number of at most 2147483647".into(),
        MemberType::Text => "a string".into(),
        MemberType::Time => "a time, as in `2026-11-22T09:00:00Z`".into(),
        MemberType::List(_) => "a list".into(),
        MemberType::Structure(shape) => format!("a mapping with the members of {}", shape.name),
    }
}
