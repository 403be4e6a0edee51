//! JSON values: their places, and how two of them differ.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// The pointers (RFC 6901) of everything below a value's root.
pub fn pointers(json: &Value) -> Vec<String> {
    fn collect(json: &Value, here: &str, pointers: &mut Vec<String>) {
        let names: Vec<String> = match json {
            Value::Object(members) => members.keys().cloned().collect(),
            Value::Array(elements) => (0..elements.len()).map(|index| index.to_string()).collect(),
            _ => return,
        };
        for name in names {
            let pointer = format!("{here}/{}", name.replace('~', "~0").replace('/', "~1"));
            collect(json.pointer(&format!("/{name}")).unwrap_or(&Value::Null), &pointer, pointers);
            pointers.push(pointer);
        }
    }
    let mut pointers = Vec::new();
    collect(json, "", &mut pointers);
    pointers
}

/// Removes what a pointer names, if it exists.
pub fn remove(json: &mut Value, pointer: &str) {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match json.pointer_mut(parent) {
        Some(Value::Object(members)) => drop(members.remove(name)),
        Some(Value::Array(elements)) if name.parse().is_ok_and(|index: usize| index < elements.len()) => {
            drop(elements.remove(name.parse().unwrap()));
        }
        _ => {}
    }
}

/// Fails with the paths and values that differ.
#[track_caller]
pub fn assert_same(expected: &Value, found: &Value, what: &str) {
    let differences = differences(expected, found);
    assert!(differences.is_empty(), "{what}:\n  {}", differences.join("\n  "));
}

/// The differences of two values, each with its path.
pub fn differences(expected: &Value, found: &Value) -> Vec<String> {
    if expected == found {
        return Vec::new();
    }
    let (expected, found) = (leaves(expected), leaves(found));
    let paths: BTreeSet<_> = expected.keys().chain(found.keys()).collect();
    let difference = |path: &String| match (expected.get(path), found.get(path)) {
        (Some(one), Some(other)) if one == other => None,
        (Some(one), Some(other)) => Some(format!("{path}: expected {one}, found {other}")),
        (Some(_), None) => Some(format!("{path}: missing")),
        _ => Some(format!("{path}: not expected")),
    };
    paths.into_iter().filter_map(difference).collect()
}

/// The scalars and the empty objects and lists, by their paths.
fn leaves(json: &Value) -> BTreeMap<String, &Value> {
    fn collect<'a>(json: &'a Value, path: String, leaves: &mut BTreeMap<String, &'a Value>) {
        match json {
            Value::Object(members) if !members.is_empty() => {
                for (name, member) in members {
                    let dot = if path.is_empty() { "" } else { "." };
                    collect(member, format!("{path}{dot}{name}"), leaves);
                }
            }
            Value::Array(elements) if !elements.is_empty() => {
                for (index, element) in elements.iter().enumerate() {
                    collect(element, format!("{path}[{index}]"), leaves);
                }
            }
            leaf => drop(leaves.insert(path, leaf)),
        }
    }
    let mut all = BTreeMap::new();
    collect(json, String::new(), &mut all);
    all
}
