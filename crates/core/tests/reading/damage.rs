//! Every way in which a member of an event can be missing or damaged: that member is unknown, all
//! others stay known, and the build is never lost.

use buildbrake_testkit::{
    events::events,
    json::{assert_same, pointers, remove},
};
use serde_json::{Value, json};

use crate::{build, read};

/// Reads every event as `mutate` changes it at every path below the root, and compares the result
/// with the unchanged event. `mutate` returns the changed events and what is expected of each.
fn mutate_everywhere(mutate: impl Fn(&mut Value, &str) -> Vec<(String, Expected)>) {
    let mut count = 0;
    for (name, original) in events("crates/core/tests/events").into_iter().chain(events("events")) {
        let before = read(&original.to_string(), &name);
        let known = build(&before);
        for pointer in pointers(&original).iter().filter(|pointer| !is_kind(pointer)) {
            for (mutated, expected) in mutate(&mut original.clone(), pointer) {
                let what = format!("{name} with another {pointer}: {mutated}");
                let after = read(&mutated, &what);
                let mut still_known = known.clone();
                match &expected {
                    Expected::Same => {}
                    Expected::Unknown => forget(&mut still_known, &original, pointer),
                    Expected::ListUnknown => forget(&mut still_known, &original, list_of(&original, pointer).unwrap()),
                    Expected::Text(text) => {
                        if let Some(there) = still_known.pointer_mut(&in_build(&original, pointer)) {
                            *there = json!(text);
                        }
                    }
                }
                assert_eq!(after.id, before.id, "{what}");
                assert_eq!(after.kind, before.kind, "{what}");
                assert_same(&still_known, &build(&after), &what);
                let is_time_lost = pointer == "/time" && expected == Expected::Unknown;
                assert_eq!(after.time, before.time.filter(|_| !is_time_lost), "{what}");
                count += 1;
            }
        }
    }
    assert!(count > 50, "only {count} mutations");
}

#[derive(PartialEq)]
enum Expected {
    /// Every fact is the same.
    Same,
    /// The fact at that path is unknown.
    Unknown,
    /// The list that contains that path is unknown.
    ListUnknown,
    /// The fact at that path is this text.
    Text(&'static str),
}

#[test]
fn a_member_that_is_missing_costs_that_fact_alone() {
    mutate_everywhere(|event, pointer| {
        remove(event, pointer);
        vec![(event.to_string(), Expected::Unknown)]
    });
}

#[test]
fn a_member_of_another_kind_costs_that_fact_alone() {
    let others = [json!(null), json!(true), json!(7.25), json!("nonsense"), json!([["x"]]), json!({"x": {"y": 1}})];
    mutate_everywhere(|event, pointer| {
        let original = event.pointer(pointer).unwrap();
        let is_date = pointer.ends_with("-time") || pointer == "/time";
        let other_kinds = others.iter().filter(|other| match other {
            // A date may be a number of seconds, and a text may not be a date.
            Value::Number(_) => !is_date,
            // A subnet is an object in events and a text in the API.
            Value::String(_) if original.is_object() && pointer.contains("/subnets/") => false,
            Value::String(_) => !original.is_string() || is_date || pointer.contains("/phase-context/"),
            // Contexts of a phase are objects in the API and texts in events.
            Value::Object(_) => !original.is_object() && !original.is_null() && !pointer.contains("/phase-context/"),
            Value::Array(_) => !original.is_array(),
            Value::Bool(_) => !original.is_boolean(),
            Value::Null => true,
        });
        let replaced = |other: &Value| {
            let mut event = event.clone();
            *event.pointer_mut(pointer).unwrap() = other.clone();
            (event.to_string(), if other.is_null() { Expected::Unknown } else { unreadable(&event, pointer) })
        };
        other_kinds.map(replaced).collect()
    });
}

#[test]
fn a_value_that_serde_json_cannot_hold_costs_that_fact_alone() {
    mutate_everywhere(|event, pointer| {
        *event.pointer_mut(pointer).unwrap() = json!("@");
        let expected = || unreadable(event, pointer);
        let values = ["1e999", "-1e999", r#""\ud800""#, r#"["a", "\udc00b"]"#];
        values.iter().map(|value| (event.to_string().replace(r#""@""#, value), expected())).collect()
    });
}

/// RFC 8259 leaves the meaning of duplicate members open. EventBridge sends none.
#[test]
fn the_last_of_duplicate_members_counts() {
    mutate_everywhere(|event, pointer| {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let Some(Value::Object(members)) = event.pointer_mut(parent) else { return vec![] };
        let earlier = [json!("first"), json!(null), json!({"type": "first"})].map(|first| {
            let mut duplicated = members.clone();
            duplicated.shift_insert(0, "@".into(), first);
            duplicated
        });
        let duplicated = earlier.map(|members| {
            let mut event = event.clone();
            *event.pointer_mut(parent).unwrap() = Value::Object(members);
            (event.to_string().replace(r#""@":"#, &format!("{name:?}:")), Expected::Same)
        });
        duplicated.into()
    });
}

#[test]
fn a_whole_number_may_be_a_float() {
    mutate_everywhere(|event, pointer| {
        let Some(number) = event.pointer_mut(pointer).filter(|value| value.is_number()) else { return vec![] };
        *number = match number.as_i64() {
            Some(integer) => json!(integer as f64),
            None => json!(number.as_f64().unwrap() as i64),
        };
        vec![(event.to_string(), Expected::Same)]
    });
}

#[test]
fn what_aws_adds_changes_nothing_that_was_known() {
    mutate_everywhere(|event, pointer| {
        match event.pointer_mut(pointer).unwrap() {
            Value::Object(members) => drop(members.insert("invented".into(), json!({"a": [null, 1]}))),
            Value::Array(elements) => elements.push(json!(null)),
            _ => return vec![],
        }
        vec![(event.to_string(), Expected::Same)]
    });
}

#[test]
fn a_status_phase_or_type_that_aws_adds_is_kept() {
    let is_enumeration = |text: &str| text.bytes().all(|byte| byte == b'_' || byte.is_ascii_uppercase());
    mutate_everywhere(|event, pointer| {
        let last = pointer.rsplit('/').next().unwrap();
        let member = event.pointer_mut(pointer).unwrap();
        let is_enumeration = member.as_str().is_some_and(|text| text.len() > 1 && is_enumeration(text));
        if !is_enumeration && !["compute-type", "build-status"].contains(&last) || last == "name" || last == "value" {
            return vec![];
        }
        *member = json!("INVENTED");
        vec![(event.to_string(), Expected::Text("INVENTED"))]
    });
}

fn is_kind(pointer: &str) -> bool {
    ["/detail-type", "/source"].contains(&pointer)
}

/// Returns the facts that are unknown if the value at a path cannot be parsed.
fn unreadable(event: &Value, pointer: &str) -> Expected {
    if list_of(event, pointer).is_some() { Expected::ListUnknown } else { Expected::Unknown }
}

/// The path of the list that has the element at a path.
fn list_of<'a>(event: &Value, pointer: &'a str) -> Option<&'a str> {
    let (parent, _) = pointer.rsplit_once('/')?;
    event.pointer(parent)?.is_array().then_some(parent)
}

/// Removes from a Build what the member at a path of the event contributed to it.
fn forget(build: &mut Value, event: &Value, pointer: &str) {
    match pointer {
        "/detail" | "/detail/additional-information" => {
            for name in event.pointer(pointer).and_then(Value::as_object).into_iter().flatten().map(|(name, _)| name) {
                forget(build, event, &format!("{pointer}/{name}"));
            }
        }
        // The build's id contains the project's name, too.
        "/detail/project-name" => {}
        // The id is all that is read of a subnet.
        _ if pointer.ends_with("/subnet-id") && pointer.contains("/subnets/") => {
            remove(build, "/vpcConfig/subnets");
        }
        // A null element contributes nothing.
        _ if event.pointer(pointer) == Some(&Value::Null) => {}
        _ => remove(build, &in_build(event, pointer)),
    }
}

/// The path in the Build of the value at a path of the event.
fn in_build(event: &Value, pointer: &str) -> String {
    let Some(rest) = pointer.strip_prefix("/detail") else { return "/nowhere".into() };
    let rest = rest.strip_prefix("/additional-information").unwrap_or(rest);
    let mut there = String::new();
    let mut here = pointer[..pointer.len() - rest.len()].to_owned();
    for name in rest.split('/').skip(1) {
        let list = event.pointer(&here).and_then(Value::as_array);
        let name_there = match (name, list) {
            ("artifact", _) => "artifacts".to_owned(),
            ("build-start-time", _) => "startTime".to_owned(),
            ("project-file-system-locations", _) => "fileSystemLocations".to_owned(),
            ("phase-context", _) => "contexts".to_owned(),
            (index, Some(list)) => {
                let before = &list[..index.parse().unwrap()];
                before.iter().filter(|element| !element.is_null()).count().to_string()
            }
            (name, None) => in_camel_case(name),
        };
        there = format!("{there}/{name_there}");
        here = format!("{here}/{name}");
    }
    there
}

fn in_camel_case(name: &str) -> String {
    let mut words = name.split('-');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| {
        let (initial, rest) = word.split_at(1);
        name + &initial.to_ascii_uppercase() + rest
    })
}
