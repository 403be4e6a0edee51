//! Reading JSON whose members may be missing, null or of another kind.
//!
//! A guardrail must not lose an event because one member of it cannot be read:
//! that member becomes `None`, an unknown fact, and all the others stand.
//!
//! Every value is read into the slot where it is to stay: a Build is large, and moving it
//! about would take longer than reading it.

mod time;

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A JSON value. What is in a list or an object comes after it, one by one.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Json<'a> {
    Null,
    Flag(bool),
    Integer(i64),
    Number(f64),
    Text(&'a str),
    List,
    Object,
}

/// A value that says which kinds of JSON it can be read from.
pub(crate) trait Lenient: Sized {
    /// What a JSON value is read as: of a list or an object, what it is before anything
    /// of it is read. `None` where it cannot be read.
    fn begin(json: Json<'_>) -> Option<Self>;

    /// Where an object's member of that name goes, if anywhere.
    fn member(&mut self, _name: &str) -> Option<&mut dyn Slot> {
        None
    }

    /// Has the next element of a list read.
    fn element(&mut self, read: &mut dyn FnMut(&mut dyn Slot)) {
        read(&mut Nowhere);
    }
}

/// Where a value goes that is read.
pub(crate) trait Slot {
    /// See [`Lenient::begin`].
    fn begin(&mut self, json: Json<'_>);
    /// See [`Lenient::member`].
    fn member(&mut self, name: &str) -> Option<&mut dyn Slot>;
    /// See [`Lenient::element`].
    fn element(&mut self, read: &mut dyn FnMut(&mut dyn Slot));
}

impl<T: Lenient> Slot for Option<T> {
    fn begin(&mut self, json: Json<'_>) {
        *self = T::begin(json);
    }

    fn member(&mut self, name: &str) -> Option<&mut dyn Slot> {
        self.as_mut()?.member(name)
    }

    fn element(&mut self, read: &mut dyn FnMut(&mut dyn Slot)) {
        match self {
            Some(list) => list.element(read),
            None => read(&mut Nowhere),
        }
    }
}

/// Where that goes which nobody asks for.
struct Nowhere;

impl Slot for Nowhere {
    fn begin(&mut self, _json: Json<'_>) {}

    fn member(&mut self, _name: &str) -> Option<&mut dyn Slot> {
        None
    }

    fn element(&mut self, read: &mut dyn FnMut(&mut dyn Slot)) {
        read(&mut Nowhere);
    }
}

/// The value in a JSON text, or `None` if it is of another kind. Of a duplicate member, the last counts.
///
/// # Errors
/// If the text is not JSON.
pub(crate) fn from_json<T: Lenient>(text: &str) -> serde_json::Result<Option<T>> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = read(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// The value, or `None` where it cannot be read. Of a member that is said twice the last counts.
///
/// # Errors
/// Only what makes the text no JSON at all.
pub(crate) fn read<'de, T: Lenient, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    let mut value = None;
    IntoSlot(&mut value).deserialize(deserializer)?;
    Ok(value)
}

/// Reads whatever comes into a slot.
struct IntoSlot<'a>(&'a mut dyn Slot);

impl<'de> DeserializeSeed<'de> for IntoSlot<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for IntoSlot<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        self.0.begin(Json::Null);
        Ok(())
    }
    fn visit_bool<E>(self, flag: bool) -> Result<(), E> {
        self.0.begin(Json::Flag(flag));
        Ok(())
    }
    fn visit_i64<E>(self, integer: i64) -> Result<(), E> {
        self.0.begin(Json::Integer(integer));
        Ok(())
    }
    fn visit_u64<E>(self, integer: u64) -> Result<(), E> {
        self.0.begin(i64::try_from(integer).map_or(Json::Null, Json::Integer));
        Ok(())
    }
    fn visit_f64<E>(self, number: f64) -> Result<(), E> {
        self.0.begin(Json::Number(number));
        Ok(())
    }
    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.0.begin(Json::Text(text));
        Ok(())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        self.0.begin(Json::List);
        loop {
            let mut read = Ok(None);
            self.0.element(&mut |slot| read = list.next_element_seed(IntoSlot(slot)));
            if read?.is_none() {
                return Ok(());
            }
        }
    }
    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        self.0.begin(Json::Object);
        while let Some(member) = object.next_key_seed(MemberOf(&mut *self.0))? {
            match member {
                Some(slot) => object.next_value_seed(IntoSlot(slot))?,
                None => drop(object.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

/// Reads a member's name: where its value goes.
struct MemberOf<'a>(&'a mut dyn Slot);

impl<'de, 'a> DeserializeSeed<'de> for MemberOf<'a> {
    type Value = Option<&'a mut dyn Slot>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl<'de, 'a> Visitor<'de> for MemberOf<'a> {
    type Value = Option<&'a mut dyn Slot>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member's name")
    }
    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.member(name))
    }
}

/// Structures of JSON objects: each member is optional, is written under its name in
/// camel case, as the CodeBuild API spells it, and is read leniently. A name in quotes
/// is how CodeBuild's events spell the same member. Open enumerations are texts,
/// since AWS adds to them. [`crate::model::shape`] describes them to those who name members at run time.
macro_rules! shapes {
    ($($(#[$doc:meta])* $visibility:vis $shape:ident {
        $($member:ident: $kind:ty $(= $in_events:literal)?,)*
    })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, ::serde::Serialize)]
        #[serde(rename_all = "camelCase")]
        #[allow(missing_docs, reason = "the members mean what the API reference says under the same names")]
        $visibility struct $shape {$(
            #[serde(skip_serializing_if = "Option::is_none")]
            pub $member: Option<$kind>,
        )*}

        impl crate::model::lenient::Lenient for $shape {
            fn begin(json: crate::model::lenient::Json<'_>) -> Option<Self> {
                matches!(json, crate::model::lenient::Json::Object).then(Self::default)
            }

            fn member(&mut self, name: &str) -> Option<&mut dyn crate::model::lenient::Slot> {
                $(if name == crate::model::shape::name!($member) $(|| name == $in_events)? {
                    return Some(&mut self.$member);
                })*
                None
            }
        }

        crate::model::lenient::readable!($shape);
        crate::model::shape::described! { $shape { $($member: $kind,)* } }
    )*};
}
pub(crate) use shapes;

/// Has serde read a value as [`read`] does.
macro_rules! readable {
    ($value:ty) => {
        impl<'de> ::serde::Deserialize<'de> for $value {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value = crate::model::lenient::read(deserializer)?;
                value.ok_or_else(|| ::serde::de::Error::custom("a value of the wrong kind"))
            }
        }
    };
}
pub(crate) use readable;

impl Lenient for String {
    fn begin(json: Json<'_>) -> Option<Self> {
        match json {
            Json::Text(text) => Some(text.into()),
            _ => None,
        }
    }
}

impl Lenient for bool {
    fn begin(json: Json<'_>) -> Option<Self> {
        match json {
            Json::Flag(flag) => Some(flag),
            _ => None,
        }
    }
}

impl Lenient for i64 {
    /// CodeBuild's events write whole numbers as `60.0`. Within 2^53 a float
    /// holds a whole number exactly; past that, or with a fraction, it does not tell.
    fn begin(json: Json<'_>) -> Option<Self> {
        match json {
            Json::Integer(integer) => Some(integer),
            Json::Number(number) if number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0 => {
                Some(number as i64)
            }
            _ => None,
        }
    }
}

impl Lenient for i32 {
    fn begin(json: Json<'_>) -> Option<Self> {
        i64::begin(json)?.try_into().ok()
    }
}

/// An element that cannot be read is left out: the events hold null ones.
impl<T: Lenient> Lenient for Vec<T> {
    fn begin(json: Json<'_>) -> Option<Self> {
        matches!(json, Json::List).then(Self::new)
    }

    fn element(&mut self, read: &mut dyn FnMut(&mut dyn Slot)) {
        let mut element = None;
        read(&mut element);
        self.extend(element);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check<T: Lenient + PartialEq + fmt::Debug>(json: &str, expected: Option<T>) {
        assert_eq!(from_json::<T>(json).unwrap(), expected, "{json}");
        let mut deserializer = serde_json::Deserializer::from_str(json);
        assert_eq!(read::<T, _>(&mut deserializer).unwrap(), expected, "{json}");
        deserializer.end().unwrap();
    }

    #[test]
    fn a_value_of_another_kind_is_unknown() {
        for json in ["null", "true", "1", "[1, [2]]", r#"{"a": {"b": 1}}"#] {
            check::<String>(json, None);
        }
        check("\"text\"", Some(String::from("text")));
        check::<bool>("\"true\"", None);
        check::<i64>("\"60\"", None);
    }

    #[test]
    fn whole_numbers_may_be_written_as_floats() {
        check("60", Some(60_i32));
        check("60.0", Some(60_i32));
        check::<i32>("60.5", None);
        check::<i32>("1e300", None);
        check::<i32>("4294967296", None);
        check::<i64>("18446744073709551615", None);
    }

    #[test]
    fn a_member_said_twice_means_what_it_says_last() {
        shapes! {
            Part {
                a: i64,
                b: String = "b-in-events",
            }
            Whole {
                part: Part,
                list: Vec<i64>,
            }
        }
        let part = |a, b: Option<&str>| Part { a, b: b.map(String::from) };
        check(
            r#"{"list": [1], "part": {"a": 1, "a": 2}, "list": [2], "part": {"b-in-events": "b", "c": {}}}"#,
            Some(Whole { part: Some(part(None, Some("b"))), list: Some(vec![2]) }),
        );
        check(r#"{"part": {"a": 1, "a": 2}, "list": [1], "list": 1}"#, {
            Some(Whole { part: Some(part(Some(2), None)), list: None })
        });
        check::<Whole>("[1]", None);
    }

    #[test]
    fn unreadable_elements_are_left_out() {
        check(r#"[null, "a", 1, {}, "b"]"#, Some(vec![String::from("a"), "b".into()]));
    }
}
