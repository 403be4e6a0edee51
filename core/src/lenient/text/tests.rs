use compact_str::CompactString;
use proptest::prelude::*;
use serde_json::Value;

use super::*;

/// A slot that keeps all that is put into it.
#[derive(Debug, PartialEq)]
enum Any {
    Null,
    Flag(bool),
    Integer(i64),
    Number(f64),
    Text(CompactString),
    List(Vec<Any>),
    /// In the order in which they come, since one may be said twice.
    Object(Vec<(CompactString, Option<Any>)>),
}

impl Lenient for Any {
    fn begin(json: Json<'_>) -> Option<Self> {
        Some(match json {
            Json::Null => Self::Null,
            Json::Flag(flag) => Self::Flag(flag),
            Json::Integer(integer) => Self::Integer(integer),
            Json::Number(number) => Self::Number(number),
            Json::Text(text) => Self::Text(text.into()),
            Json::List => Self::List(Vec::new()),
            Json::Object => Self::Object(Vec::new()),
        })
    }

    fn member(&mut self, name: &str) -> Option<&mut dyn Slot> {
        let Self::Object(members) = self else { return None };
        // Some are passed over, as most of an event's are not.
        if name.starts_with("not") {
            return None;
        }
        members.push((name.into(), None));
        members.last_mut().map(|(_, value)| value as &mut dyn Slot)
    }

    fn element(&mut self, read: &mut dyn FnMut(&mut dyn Slot)) {
        let mut element = None;
        read(&mut element);
        if let Self::List(list) = self {
            list.extend(element);
        }
    }
}

/// What serde_json makes of a text by the same visitor.
fn by_serde(text: &str) -> serde_json::Result<Option<Any>> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = read(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// What is read here without its help, but for numbers, words and escapes.
fn without_serde(text: &str) -> Option<Option<Any>> {
    let mut value = None;
    alone(text, &mut value).map(|()| value)
}

#[track_caller]
fn check(text: &str) {
    match (without_serde(text), by_serde(text)) {
        (Some(ours), Ok(theirs)) => assert_eq!(ours, theirs, "{text}"),
        (Some(ours), Err(error)) => panic!("{text} is refused ({error}), and read as {ours:?}"),
        (None, _) => {}
    }
    match (from_json::<Any>(text), by_serde(text)) {
        (Ok(ours), Ok(theirs)) => assert_eq!(ours, theirs, "{text}"),
        (Err(ours), Err(theirs)) => assert_eq!(ours.to_string(), theirs.to_string(), "{text}"),
        (ours, theirs) => panic!("{text}: {ours:?} and {theirs:?}"),
    }
}

#[test]
fn what_events_are_made_of_is_read_without_serde_json() {
    for text in [
        r#"{"a":"b","not":{"c":["d",null]},"e":[{"f":1.5e3},[]],"g":{}}"#,
        " { \"a\" : [ true , false ] ,\n\t\"b\" : -0 }\r\n",
        r#"["\"quoted\"", "\\", "\u00e9", "é", ""]"#,
    ] {
        assert!(without_serde(text).is_some(), "{text}");
        check(text);
    }
}

#[test]
fn what_is_no_json_is_refused() {
    for text in [
        "",
        " ",
        "{",
        "}",
        "{]",
        "[}",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{,}",
        "{a:1}",
        "{\"a\" 1}",
        "{\"a\":1 \"b\":2}",
        "{1:2}",
        "{\"a\\:1}",
        "01",
        "+1",
        "1.",
        ".5",
        "1e",
        "--1",
        "1a",
        "nul",
        "nulll",
        "True",
        "'a'",
        "\"a",
        "\"\\\"",
        "\"\\x\"",
        "\"\\ud800\"",
        "\"a\nb\"",
        "[\"a\tb\"]",
        "{\"a\u{0}\":1}",
        "[1]]",
        "{}{}",
        "\u{feff}{}",
        "[1]/",
        "[\u{a0}1]",
        "NaN",
        "[1,\u{c}2]",
    ] {
        assert!(without_serde(text).is_none(), "{text}");
        check(text);
    }
}

#[test]
fn a_control_character_is_found_wherever_it_is() {
    for (byte, place, other) in
        (0..=255).flat_map(|byte| (0..20).flat_map(move |place| [(byte, place, b' '), (byte, place, b'~')]))
    {
        let mut bytes = [other; 20];
        bytes[place] = byte;
        assert_eq!(holds_controls(&bytes), is_control(byte), "{byte} at {place}");
    }
}

#[test]
fn however_deep() {
    for depth in [DEEPEST - 1, DEEPEST, DEEPEST + 1, 127, 128, 100_000] {
        check(&format!("{}1{}", "[".repeat(depth), "]".repeat(depth)));
        check(&format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth)));
    }
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        let members = prop::collection::vec((any::<String>(), inner.clone()), 0..5);
        prop_oneof![
            prop::collection::vec(inner, 0..5).prop_map(Value::from),
            members.prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_is_json_is_read_as_serde_json_reads_it(value in value()) {
        check(&value.to_string());
        check(&format!("{value:#}"));
    }

    /// One character of it is lost, put in or put in the place of another.
    #[test]
    fn what_is_nearly_json_is_refused_as_serde_json_refuses_it(
        value in value(),
        at in any::<prop::sample::Index>(),
        lost in any::<bool>(),
        other in prop::option::of(prop_oneof![
            prop::sample::select(r#"{}[]",:\/ 01-+.eEtfn"#.chars().collect::<Vec<_>>()),
            any::<char>(),
        ]),
    ) {
        let mut characters: Vec<char> = value.to_string().chars().collect();
        let at = at.index(characters.len());
        characters.splice(at..at + usize::from(lost), other);
        check(&characters.into_iter().collect::<String>());
    }

    #[test]
    fn no_text_panics(text in any::<String>()) {
        check(&text);
    }
}
