//! An event that is parsed in one pass is what lenient parsing makes of it.

use std::sync::LazyLock;

use buildbrake_testkit::{
    events::{events, scheduled},
    json::pointers,
};
use proptest::{prelude::*, sample::Index};
use serde_json::json;

use super::*;

/// CodeBuild's events, and those of a schedule, a sweep and a time limit.
static EVENTS: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let arn = "arn:aws:codebuild:us-east-1:111122223333:build/shop:5e000000-0000-4000-8000-000000000001";
    let (rest, off) = (json!({"id": "1", "part": 2, "from": "shop", "running": 7}), json!("off"));
    let own = |kind: &str, detail| json!({"detail-type": kind, "source": "buildbrake", "detail": detail});
    let captured = events("crates/core/tests/events").into_iter().chain(events("events"));
    captured
        .map(|(_, event)| event)
        .chain([
            scheduled(),
            own(SCHEDULED, json!({"sweep": rest, "safety-belt": off})),
            own(DEADLINE, json!({"build-arn": arn})),
        ])
        .collect()
});

/// Values as JSON writes them: of every kind, and those that serde_json cannot hold.
const VALUES: &[&str] = &[
    "null",
    "true",
    "7",
    "60.0",
    "-0",
    "1e400",
    "-1e999",
    "18446744073709551616",
    "9007199254740993",
    r#""text""#,
    r#""\ud800""#,
    r#""a\/b\n\"c\"""#,
    r#""\u0061""#,
    r#""off""#,
    "[]",
    "[null]",
    r#"["a", null, "b"]"#,
    "[1e999]",
    r#"[["a"]]"#,
    "{}",
    r#"{"a": 1e999}"#,
    r#"{"a": {"b": [{"c": "\udc00"}]}}"#,
    r#"{"type": "S3", "type": "GITHUB"}"#,
    r#"[{"name": "A", "value": "b", "invented": 1e999}]"#,
    r#"{"subnets": [{"subnet-id": "s", "subnet-id": "t"}, "u"]}"#,
    r#"{"subnets": [{"subnet-id": 1}]}"#,
    r#"[{"phase-context": ["A: b", {"statusCode": "C"}, ":"]}]"#,
    r#""2026-11-22T09:00:00.999Z""#,
    r#""2026-11-22 09:00:00Z""#,
    r#""2026-11-22t09:00:00z""#,
    r#""2026-11-22T09:00:60Z""#,
    r#""2026-11-22T09:00:00+0200""#,
    r#""2026-11-22T09:00:00 +02:00""#,
    r#""2026-11-22T09:00:00-00:00""#,
    r#""2026-11-22T9:0:0Z""#,
    r#""2026-11-22T09:00Z""#,
    r#""2026-11-22T09:00:00""#,
    r#""2026-11-22T09:00:00+99:00""#,
    r#""+002026-11-22T09:00:00Z""#,
    r#""2026-11-22T09:00:00,5Z""#,
    r#"" 2026-11-22T09:00:00Z ""#,
    r#""2026-11-22T09:00:00 UTC""#,
    r#""2026-11-22T09:00:00[UTC]""#,
    r#""1969-12-31T23:59:59.5Z""#,
    r#""9999-12-31T23:59:59Z""#,
    r#""-009999-01-01T00:00:00Z""#,
    r#""Nov 22, 2026 9:00:00 AM""#,
];

/// Names of members, some with escapes.
const NAMES: &[&str] = &[
    "invented",
    "requestPayload",
    "replay-name",
    r"replay\u002dname",
    r"\u0072eplay-name",
    "detail",
    "time",
    "source",
    "resources",
    "type",
    "phases",
    "sourceVersion",
    "source-version",
    r"source\u002dversion",
    "environment",
    "safety-belt",
];

/// The placeholder for a value in a damaged event until the event is written as JSON.
const PLACEHOLDER: &str = "@value@";

/// One way to damage an event.
#[derive(Clone, Debug)]
enum Damage {
    Replace(Index, &'static str),
    Remove(Index),
    /// A member of this name, added to an object: a new one, or a duplicate.
    Add(Index, String, &'static str),
    /// Any text in a time's place.
    Time(String),
}

fn damage() -> impl Strategy<Value = Damage> {
    let value = || prop::sample::select(VALUES);
    prop_oneof![
        4 => (any::<Index>(), value()).prop_map(|(place, value)| Damage::Replace(place, value)),
        1 => any::<Index>().prop_map(Damage::Remove),
        4 => (any::<Index>(), prop::sample::select(NAMES), value())
            .prop_map(|(place, name, value)| Damage::Add(place, name.to_owned(), value)),
        1 => "[+-]?[0-9]{4}-[01]?[0-9]-[0-3]?[0-9][Tt ][0-2]?[0-9]:[0-6]?[0-9](:[0-6][0-9])?([.,][0-9]{1,10})? ?(Z|z|[+-][0-9]{2}:?[0-9]{2})?"
            .prop_map(Damage::Time),
    ]
}

/// Writes an event as JSON with that damage.
fn damaged(event: &Value, damage: &Damage) -> String {
    let (mut event, mut paths) = (event.clone(), pointers(event));
    let placeholder = json!(PLACEHOLDER);
    let value = match damage {
        Damage::Replace(place, value) => {
            *event.pointer_mut(place.get::<String>(&paths)).unwrap() = placeholder;
            value
        }
        Damage::Remove(place) => {
            buildbrake_testkit::json::remove(&mut event, place.get::<String>(&paths));
            return event.to_string();
        }
        Damage::Add(place, name, value) => {
            paths.push(String::new());
            paths.retain(|path| event.pointer(path).is_some_and(Value::is_object));
            let members = event.pointer_mut(place.get::<String>(&paths)).unwrap().as_object_mut().unwrap();
            members.insert(PLACEHOLDER.to_owned(), placeholder);
            let text = event.to_string().replacen(PLACEHOLDER, name, 1);
            return text.replace(&format!("\"{PLACEHOLDER}\""), value);
        }
        Damage::Time(time) => {
            event["time"] = json!(time);
            return event.to_string();
        }
    };
    event.to_string().replace(&format!("\"{PLACEHOLDER}\""), value)
}

/// Fails if the two ways of parsing differ. Returns whether one pass was enough.
#[track_caller]
fn check(text: &str) -> bool {
    let one_pass = Received::as_sent(text);
    let is_read = one_pass.is_some();
    if let Some(one_pass) = one_pass {
        assert_eq!(one_pass, Received::leniently(text).unwrap(), "{text}");
    }
    is_read
}

/// Real events are parsed in one pass. A duplicate member has them parsed leniently, with the same
/// result.
#[test]
fn a_real_event_means_the_same_however_it_is_parsed() {
    for folder in ["events", "crates/core/tests/events"] {
        for (name, event) in events(folder) {
            let text = event.to_string();
            assert!(Received::as_sent(&text).is_some() || !name.starts_with("real"), "{name}");
            let doubled = text.replacen('{', r#"{"detail-type": 1, "#, 1);
            assert!(Received::as_sent(&doubled).is_none(), "{name}");
            match (Trigger::parse(&text), Trigger::parse(&doubled)) {
                (Ok(Trigger::Build(one)), Ok(Trigger::Build(other))) => assert_eq!(one, other, "{name}"),
                (one, other) => assert_eq!(one.is_ok(), other.is_ok(), "{name}"),
            }
        }
    }
}

#[test]
fn every_damage_of_an_event_is_read_as_lenient_parsing_reads_it() {
    let mut one_pass = 0;
    // Members are read in the same way in all of them.
    for event in EVENTS.iter().step_by(8) {
        for number in 0..pointers(event).len() {
            for value in VALUES {
                let mut event = event.clone();
                let pointer = &pointers(&event)[number];
                *event.pointer_mut(pointer).unwrap() = json!(PLACEHOLDER);
                one_pass += usize::from(check(&event.to_string().replace(&format!("\"{PLACEHOLDER}\""), value)));
            }
        }
    }
    assert!(one_pass > 1000, "{one_pass}");
}

#[test]
fn an_arn_that_an_event_lacks_has_the_partition_of_the_region() {
    let id = "shop:5e000000-0000-4000-8000-000000000001";
    for (region, partition) in [
        ("eu-west-1", Some("aws")),
        ("cn-north-1", Some("aws-cn")),
        ("us-gov-west-1", Some("aws-us-gov")),
        ("eusc-de-east-1", Some("aws-eusc")),
        ("us-iso-east-1", None),
        ("xx-west-1", None),
    ] {
        let event = json!({"detail-type": "CodeBuild Build State Change", "source": "aws.codebuild",
            "account": "111122223333", "region": region, "detail": {"build-id": id, "build-status": "IN_PROGRESS"}});
        let Ok(Trigger::Build(event)) = Trigger::parse(event.to_string()) else { panic!("{region}") };
        let arn = partition.map(|partition| format!("arn:{partition}:codebuild:{region}:111122223333:build/{id}"));
        assert_eq!(event.build.arn, arn, "{region}");
    }
}

#[test]
fn what_is_no_event_is_not_read_in_one_pass() {
    let event = EVENTS[0].clone();
    let members = ["version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"];
    let list = members.map(|name| event[name].clone());
    for text in [
        json!(list).to_string(),
        json!([event]).to_string(),
        json!({"requestPayload": event}).to_string(),
        format!("{event}{event}"),
    ] {
        assert!(!check(&text), "{text}");
    }
}

proptest! {
    #[test]
    fn one_pass_reads_what_lenient_parsing_reads(
        event in prop::sample::select(EVENTS.as_slice()),
        first in damage(),
        second in prop::option::of((any::<Index>(), prop::sample::select(VALUES))),
    ) {
        let mut event = event;
        if let Some((place, value)) = second
            && let Ok(value) = serde_json::from_str(value)
        {
            let paths = pointers(&event);
            *event.pointer_mut(place.get::<String>(&paths)).unwrap() = value;
        }
        check(&damaged(&event, &first));
    }
}
