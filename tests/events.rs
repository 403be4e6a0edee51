//! What is read from events as CodeBuild sends them, and from every way in which one
//! of their members may be missing or unreadable: that member is not known, all others
//! stand, and the build is never lost.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what it expects by failing")]

mod common;

use buildbrake_core::{
    event::{BuildEvent, Trigger, UnreadableEvent},
    policy::Policy,
    verdict::judge,
};
use common::{
    events,
    json::{assert_same, pointers, remove},
};
use serde_json::{Value, json};

#[track_caller]
fn read(event: &Value, what: &str) -> BuildEvent {
    read_text(&event.to_string(), what)
}

#[track_caller]
fn read_text(event: &str, what: &str) -> BuildEvent {
    match Trigger::parse(event) {
        Ok(Trigger::Build(event)) => event,
        other => panic!("{what}: {other:?}"),
    }
}

fn build(event: &BuildEvent) -> Value {
    serde_json::to_value(&event.build).unwrap()
}

#[test]
fn real_events_are_read_as_a_person_would_read_them() {
    let settings = insta::Settings::new();
    for (name, event) in events("tests/events") {
        let BuildEvent { kind, id, time, .. } = &read(&event, &name);
        let read = json!({"kind": kind, "id": id.as_str(), "time": time, "build": build(&read(&event, &name))});
        settings.bind(|| insta::assert_json_snapshot!(name, read));
    }
}

/// No captured event is of a build in a VPC.
#[test]
fn the_network_of_a_build_is_read() {
    let (name, mut event) = events("events").remove(0);
    event["detail"]["additional-information"]["vpc-config"] =
        json!({"vpc-id": "vpc-1", "subnets": ["subnet-1"], "security-group-ids": ["sg-1"]});
    event["detail"]["additional-information"]["network-interface"] =
        json!({"subnet-id": "subnet-1", "network-interface-id": "eni-1"});
    let build = build(&read(&event, &name));
    assert_eq!(build["vpcConfig"], json!({"vpcId": "vpc-1", "subnets": ["subnet-1"], "securityGroupIds": ["sg-1"]}));
    assert_eq!(build["networkInterface"], json!({"subnetId": "subnet-1", "networkInterfaceId": "eni-1"}));
}

#[test]
fn every_event_is_judged() {
    let policy = Policy::parse("policy.yaml", include_str!("../policy/policy.yaml")).unwrap();
    for (name, event) in events("tests/events").into_iter().chain(events("events")) {
        let event = read(&event, &name);
        let now = event.time.unwrap();
        let verdict = judge(&policy, &event.build, now);
        assert!(verdict.violations.len() + verdict.undecided.len() <= 3, "{name}: {verdict:?}");
    }
}

/// Reads every event as `mutate` changes it at every path below the root, and compares
/// with what was read before. `mutate` answers what it then expects at that path.
fn mutate_everywhere(mutate: impl Fn(&mut Value, &str) -> Vec<(String, Expected)>) {
    let mut count = 0;
    for (name, original) in events("tests/events").into_iter().chain(events("events")) {
        let before = read(&original, &name);
        for pointer in pointers(&original).iter().filter(|pointer| !is_kind(pointer)) {
            for (mutated, expected) in mutate(&mut original.clone(), pointer) {
                let what = format!("{name} with another {pointer}: {mutated}");
                let after = read_text(&mutated, &what);
                let mut build_before = build(&before);
                match &expected {
                    Expected::Same => {}
                    Expected::Unknown => forget(&mut build_before, &original, pointer),
                    Expected::ListUnknown => forget(&mut build_before, &original, list_of(&original, pointer).unwrap()),
                    Expected::Text(text) => {
                        if let Some(there) = build_before.pointer_mut(&in_build(&original, pointer)) {
                            *there = json!(text);
                        }
                    }
                }
                assert_eq!(after.id, before.id, "{what}");
                assert_eq!(after.kind, before.kind, "{what}");
                assert_same(&build_before, &build(&after), &what);
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
    /// Every fact is as it was.
    Same,
    /// The fact at that path is not known.
    Unknown,
    /// Nor is the list that has the element at that path.
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
            // A date may be written as seconds, and a text may be no date.
            Value::Number(_) => !is_date,
            Value::String(_) => !original.is_string() || is_date || pointer.contains("/phase-context/"),
            // The API writes the contexts of a phase as objects, the events as texts.
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
fn a_status_phase_or_type_that_aws_adds_is_read_as_it_stands() {
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

#[test]
fn a_build_is_named_by_its_id_or_by_the_resources_and_without_both_by_nothing() {
    let id = "shop:5e000001-0000-4000-8000-000000000001";
    let arn = format!("arn:aws:codebuild:eu-west-1:111122223333:build/{id}");
    for (name, original) in events("tests/events") {
        let mut event = original.clone();
        for (told, resources) in [
            (json!(id), json!(["arn:aws:s3:::bucket"])),
            (json!(arn), json!([])),
            (json!(null), json!(["arn:aws:s3:::bucket", id, "a"])),
            (json!("other:5e"), json!(["arn:aws:s3:::bucket", arn])),
        ] {
            (event["detail"]["build-id"], event["resources"]) = (told, resources);
            let Ok(Trigger::Build(read)) = Trigger::parse(event.to_string()) else { panic!("{name}: {event}") };
            assert_eq!(read.id.as_str(), id, "{name}: {event}");
        }
        remove(&mut event, "/detail/build-id");
        for resources in [json!(null), json!([]), json!("a"), json!(["arn:aws:s3:::bucket"])] {
            event["resources"] = resources;
            let error = Trigger::parse(event.to_string()).unwrap_err();
            assert!(matches!(error, UnreadableEvent::NoBuild), "{name}: {error}");
        }
    }
}

#[test]
fn without_its_kind_an_event_is_unreadable() {
    for (name, original) in events("tests/events") {
        for pointer in ["/detail-type", "/source"] {
            let mut event = original.clone();
            remove(&mut event, pointer);
            let missing = Trigger::parse(event.to_string()).unwrap_err();
            let expected =
                format!("this is not an EventBridge event: `{}` is missing or is not a string", &pointer[1..]);
            assert_eq!(missing.to_string(), expected, "{name}");
            for (other, text) in [(json!(null), false), (json!([1]), false), (json!("nonsense"), true)] {
                event[&pointer[1..]] = other;
                let error = Trigger::parse(event.to_string()).unwrap_err();
                assert_eq!(matches!(error, UnreadableEvent::OtherKind { .. }), text, "{name}: {error}");
            }
        }
    }
}

#[test]
fn what_is_no_json_is_told_with_its_place() {
    for (text, expected) in [
        ("", "line 1, column 0"),
        ("{\"detail\": {}\n \"source\": \"x\"}", "line 2, column 2"),
        ("{\"source\": \"a\nb\"}", "line 2, column 0"),
        ("{\"source\": 01}", "line 1, column 13"),
        ("{} {}", "line 1, column 4"),
    ] {
        let error = Trigger::parse(text).unwrap_err();
        assert_eq!(error.to_string(), format!("this is not an EventBridge event: it is not JSON at {expected}"));
    }
}

#[test]
fn what_is_no_utf_8_is_no_json_either() {
    for (bytes, expected) in [
        (&b"\xff"[..], "line 1, column 1"),
        (b"{\"source\": \"aws.codebuild\xc3\"}", "line 1, column 26"),
        (b"{\n \"a\": 1,\n \"\xe2\x82\": 1}", "line 3, column 3"),
    ] {
        let error = Trigger::parse(bytes).unwrap_err();
        assert_eq!(error.to_string(), format!("this is not an EventBridge event: it is not JSON at {expected}"));
    }
}

fn is_kind(pointer: &str) -> bool {
    ["/detail-type", "/source"].contains(&pointer)
}

/// What is unknown if the value at a path cannot be read.
fn unreadable(event: &Value, pointer: &str) -> Expected {
    if list_of(event, pointer).is_some() { Expected::ListUnknown } else { Expected::Unknown }
}

/// The path of the list that has the element at a path.
fn list_of<'a>(event: &Value, pointer: &'a str) -> Option<&'a str> {
    let (parent, _) = pointer.rsplit_once('/')?;
    event.pointer(parent)?.is_array().then_some(parent)
}

/// Takes out of a Build what the member of the event at a path told of it.
fn forget(build: &mut Value, event: &Value, pointer: &str) {
    match pointer {
        "/detail" | "/detail/additional-information" => {
            for name in event.pointer(pointer).and_then(Value::as_object).into_iter().flatten().map(|(name, _)| name) {
                forget(build, event, &format!("{pointer}/{name}"));
            }
        }
        // The build's id names its project as well.
        "/detail/project-name" => {}
        // It told nothing: its list was read without it.
        _ if event.pointer(pointer) == Some(&Value::Null) => {}
        _ => remove(build, &in_build(event, pointer)),
    }
}

/// Where a Build holds what the event holds at a path.
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
