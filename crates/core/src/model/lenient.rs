//! Reading JSON whose members may be missing, null or of another kind.
//!
//! One unreadable member must not make a whole event unreadable: it becomes `None`, an unknown fact, and all
//! other members stay. serde's derive reads each member with [`member`]. JSON that fails even so, for example
//! because of a duplicate member, is parsed into a [`Value`] first.

mod time;

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::{Map, Number, Value, value::RawValue};

/// The maximum number of levels of JSON that is parsed value by value. An event has ten.
const DEPTH: usize = 16;

/// Parses JSON. The last of duplicate members counts, and a member that serde_json cannot hold
/// is left out: a number out of range (`1e999`), a lone surrogate (`"\ud800"`), a list that
/// contains one of these, or too many levels.
///
/// # Errors
/// If the text is not JSON.
pub(crate) fn parse(json: &str) -> serde_json::Result<Value> {
    serde_json::from_str(json).or_else(|error| {
        let json: &RawValue = serde_json::from_str(json).map_err(|_| error)?;
        Ok(readable(json, DEPTH).unwrap_or_default())
    })
}

/// Parses JSON value by value if it cannot be parsed as a whole. `None` if the value itself is unreadable.
fn readable(json: &RawValue, depth: usize) -> Option<Value> {
    let depth = depth.checked_sub(1)?;
    let json = json.get();
    match json.as_bytes().first()? {
        b'{' => serde_json::Deserializer::from_str(json).deserialize_map(ReadableMembers { depth }).ok(),
        b'[' => {
            let elements: Vec<&RawValue> = serde_json::from_str(json).ok()?;
            elements.into_iter().map(|element| readable(element, depth)).collect()
        }
        _ => serde_json::from_str(json).ok(),
    }
}

struct ReadableMembers {
    depth: usize,
}

impl<'de> Visitor<'de> for ReadableMembers {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some((name, value)) = object.next_entry::<&RawValue, &RawValue>()? {
            if let Ok(name) = serde_json::from_str(name.get()) {
                members.insert(name, readable(value, self.depth).unwrap_or_default());
            }
        }
        Ok(Value::Object(members))
    }
}

/// Reads a value. `None` if it is null or unreadable.
pub(crate) fn read<T: Lenient>(json: Value) -> Option<T> {
    member(json).unwrap_or_default()
}

/// Reads a member of a structure; `None` if it is null or unreadable. For serde's
/// `deserialize_with`.
///
/// # Errors
/// If the text is not JSON, or contains what only [`parse`] can read.
pub(crate) fn member<'de, T: Lenient, D: Deserializer<'de>>(json: D) -> Result<Option<T>, D::Error> {
    Ok(match LenientValue::deserialize(json)? {
        LenientValue::Value(value) => Some(value),
        LenientValue::Null | LenientValue::Unreadable => None,
    })
}

/// A type that a member can have. A value of another kind is unreadable, but is read to its end, so that all
/// errors are those of the JSON itself.
pub(crate) trait Lenient: Sized {
    /// Reads a value that is neither a list nor an object.
    fn from_scalar(_: Scalar<'_>) -> Option<Self> {
        None
    }

    /// Reads a list.
    fn from_list<'de, A: SeqAccess<'de>>(mut list: A) -> Result<Option<Self>, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    /// Reads an object.
    fn from_object<'de, A: MapAccess<'de>>(mut object: A) -> Result<Option<Self>, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

/// A value that is neither null, a list nor an object.
pub(crate) enum Scalar<'a> {
    Flag(bool),
    Number(Number),
    Text(Cow<'a, str>),
}

/// Reads a structure by serde's derive, which would also accept a list of the members' values in
/// their order.
pub(crate) fn structure<'de, T: Deserialize<'de>, A: MapAccess<'de>>(object: A) -> Result<Option<T>, A::Error> {
    T::deserialize(MapAccessDeserializer::new(object)).map(Some)
}

/// The result of reading a value.
enum LenientValue<T> {
    Null,
    Unreadable,
    Value(T),
}

impl<T> From<Option<T>> for LenientValue<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Unreadable, Self::Value)
    }
}

impl<'de, T: Lenient> Deserialize<'de> for LenientValue<T> {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_any(LenientVisitor(PhantomData))
    }
}

struct LenientVisitor<T>(PhantomData<T>);

impl<'de, T: Lenient> Visitor<'de> for LenientVisitor<T> {
    type Value = LenientValue<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<LenientValue<T>, E> {
        Ok(LenientValue::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<LenientValue<T>, E> {
        Ok(T::from_scalar(Scalar::Flag(flag)).into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<LenientValue<T>, E> {
        Ok(T::from_scalar(Scalar::Number(number.into())).into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<LenientValue<T>, E> {
        Ok(T::from_scalar(Scalar::Number(number.into())).into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<LenientValue<T>, E> {
        Ok(Number::from_f64(number).and_then(|number| T::from_scalar(Scalar::Number(number))).into())
    }

    fn visit_str<E>(self, text: &str) -> Result<LenientValue<T>, E> {
        Ok(T::from_scalar(Scalar::Text(text.into())).into())
    }

    fn visit_string<E>(self, text: String) -> Result<LenientValue<T>, E> {
        Ok(T::from_scalar(Scalar::Text(text.into())).into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<LenientValue<T>, A::Error> {
        T::from_list(list).map(LenientValue::from)
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<LenientValue<T>, A::Error> {
        T::from_object(object).map(LenientValue::from)
    }
}

impl Lenient for String {
    fn from_scalar(scalar: Scalar<'_>) -> Option<Self> {
        match scalar {
            Scalar::Text(text) => Some(text.into_owned()),
            Scalar::Flag(_) | Scalar::Number(_) => None,
        }
    }
}

impl Lenient for bool {
    fn from_scalar(scalar: Scalar<'_>) -> Option<Self> {
        match scalar {
            Scalar::Flag(flag) => Some(flag),
            Scalar::Number(_) | Scalar::Text(_) => None,
        }
    }
}

impl Lenient for i64 {
    /// CodeBuild's events contain whole numbers as `60.0`. Up to 2^53 a float holds them exactly.
    fn from_scalar(scalar: Scalar<'_>) -> Option<Self> {
        const EXACT: f64 = 9_007_199_254_740_992.0;
        let Scalar::Number(number) = scalar else { return None };
        let whole = || number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() <= EXACT);
        number.as_i64().or_else(|| whole().map(|float| float as Self))
    }
}

impl Lenient for i32 {
    fn from_scalar(scalar: Scalar<'_>) -> Option<Self> {
        i64::from_scalar(scalar)?.try_into().ok()
    }
}

impl<T: Lenient> Lenient for Box<T> {
    fn from_scalar(scalar: Scalar<'_>) -> Option<Self> {
        T::from_scalar(scalar).map(Self::new)
    }

    fn from_list<'de, A: SeqAccess<'de>>(list: A) -> Result<Option<Self>, A::Error> {
        Ok(T::from_list(list)?.map(Self::new))
    }

    fn from_object<'de, A: MapAccess<'de>>(object: A) -> Result<Option<Self>, A::Error> {
        Ok(T::from_object(object)?.map(Self::new))
    }
}

/// Null elements are skipped: CodeBuild's events contain them. A list with any other element
/// that cannot be read is unknown as a whole, since it would otherwise seem to lack that element.
impl<T: Lenient> Lenient for Vec<T> {
    fn from_list<'de, A: SeqAccess<'de>>(mut list: A) -> Result<Option<Self>, A::Error> {
        let (mut elements, mut is_readable) = (Self::new(), true);
        while let Some(element) = list.next_element()? {
            match element {
                LenientValue::Value(element) => elements.push(element),
                LenientValue::Null => {}
                LenientValue::Unreadable => is_readable = false,
            }
        }
        Ok(is_readable.then_some(elements))
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::model::{Build, BuildPhase, ProjectSource};

    #[track_caller]
    fn check<T: Lenient + PartialEq + fmt::Debug>(json: &str, expected: Option<T>) {
        assert_eq!(read::<T>(parse(json).unwrap()), expected, "{json}");
    }

    #[test]
    fn a_value_of_another_kind_is_unknown() {
        for json in ["null", "true", "1", "1.5", "\"text\"", "[]", "[1, [2]]", r#"["NO_SOURCE"]"#, r#"{"a": {"b": 1}}"#]
        {
            check::<String>(json, (json == "\"text\"").then(|| "text".into()));
            check::<bool>(json, (json == "true").then_some(true));
            check::<i64>(json, (json == "1").then_some(1));
            check::<Vec<String>>(
                json,
                match json {
                    "[]" => Some(vec![]),
                    r#"["NO_SOURCE"]"# => Some(vec!["NO_SOURCE".into()]),
                    _ => None,
                },
            );
            check::<ProjectSource>(json, json.starts_with('{').then(ProjectSource::default));
        }
        check::<bool>("\"true\"", None);
        check::<i64>("\"60\"", None);
        check::<Timestamp>("true", None);
    }

    #[test]
    fn whole_numbers_may_be_written_as_floats() {
        check("60", Some(60_i32));
        check("60.0", Some(60_i32));
        check("-60.0", Some(-60_i32));
        check::<i32>("60.5", None);
        check::<i32>("1e300", None);
        check::<i32>("4294967296", None);
        check("4294967296", Some(4_294_967_296_i64));
        check("9007199254740992.0", Some(9_007_199_254_740_992_i64));
        check::<i64>("9007199254740994.0", None);
        check::<i64>("-9007199254740994.0", None);
        check::<i64>("18446744073709551615", None);
    }

    #[test]
    fn a_list_with_an_unreadable_element_is_unknown_as_a_whole() {
        check(r#"[null, "a", null, "b"]"#, Some(vec![String::from("a"), "b".into()]));
        for element in ["1", "{}", "[]", r#""\ud800""#, "1e999"] {
            check::<Vec<String>>(&format!(r#"["a", {element}]"#), None);
        }
        check::<Vec<BuildPhase>>(r#"[{"phaseType": "BUILD"}, "QUEUED"]"#, None);
        check(
            r#"[{"phaseType": "BUILD", "durationInSeconds": "?"}]"#,
            Some(vec![BuildPhase { phase_type: Some("BUILD".into()), ..BuildPhase::default() }]),
        );
    }

    #[test]
    fn the_last_of_duplicate_members_counts() {
        let json = r#"{"initiator": "a", "source": {"type": "S3", "type": "GITHUB"}, "initiator": "b",
                       "source": {"location": 1, "location": "here"}, "buildNumber": 1, "buildNumber": "?"}"#;
        let source = ProjectSource { location: Some("here".into()), ..ProjectSource::default() };
        check(json, Some(Build { initiator: Some("b".into()), source: Some(source), ..Build::default() }));
    }

    #[test]
    fn what_serde_json_cannot_hold_is_unknown_and_the_rest_is_known() {
        for value in ["1e999", "-1e999", r#""\ud800""#, r#""a\udc00b""#, r#"["a", 1e999]"#] {
            let json = format!(r#"{{"a": 1, "b": {value}, "c": {{"d": {value}, "e": [true]}}, "a": 2}}"#);
            assert_eq!(parse(&json).unwrap(), json!({"a": 2, "b": null, "c": {"d": null, "e": [true]}}), "{value}");
        }
        assert_eq!(parse(r#"{"\ud800": 1, "\u0061": 1e999, "b": "\u0062"}"#).unwrap(), json!({"a": null, "b": "b"}));
        assert_eq!(parse("1e999").unwrap(), json!(null));
        let deep = format!(r#"{{"a": {}{}, "b": 1}}"#, "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(parse(&deep).unwrap(), json!({"a": null, "b": 1}));
    }

    #[test]
    fn what_is_not_json_is_an_error() {
        for text in ["", "{", "1e999 1", r#"{"a": 1e999"#, r#"{"a": 1e999} x"#, r#"{"a": "\ud800}"#, "[01]", "nul"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    fn json() -> impl proptest::strategy::Strategy<Value = Value> {
        use proptest::prelude::*;
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::vec((any::<String>(), inner), 0..6).prop_map(|members| members.into_iter().collect()),
            ]
        })
    }

    proptest::proptest! {
        #[test]
        fn value_by_value_the_same_is_parsed(json in json()) {
            let text = json.to_string();
            let raw: &RawValue = serde_json::from_str(&text).unwrap();
            let whole: Value = serde_json::from_str(&text).unwrap();
            proptest::prop_assert_eq!(readable(raw, DEPTH), Some(whole));
        }
    }
}
