//! Reading JSON whose members may be missing, null or of another kind.
//!
//! A guardrail must not lose an event because one member of it cannot be read:
//! that member becomes `None`, an unknown fact, and all the others stand.

use std::{fmt, marker::PhantomData};

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer};

/// A value that says which kinds of JSON it can be read from.
/// What it does not name is read as `None`.
pub(crate) trait Lenient: Sized {
    fn from_text(_: &str) -> Option<Self> {
        None
    }
    fn from_number(_: f64) -> Option<Self> {
        None
    }
    fn from_integer(integer: i64) -> Option<Self> {
        Self::from_number(integer as f64)
    }
    fn from_flag(_: bool) -> Option<Self> {
        None
    }
    fn from_list<'de, A: SeqAccess<'de>>(mut list: A) -> Result<Option<Self>, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }
    fn from_object<'de, A: MapAccess<'de>>(mut object: A) -> Result<Option<Self>, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

/// For `#[serde(deserialize_with)]`: the value, or `None` where it cannot be read.
///
/// # Errors
/// Only what makes the text no JSON at all, or an object that says a member twice.
pub(crate) fn read<'de, T: Lenient, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    deserializer.deserialize_any(AnyKind(PhantomData))
}

/// The body of [`Lenient::from_object`] for a type that derives `Deserialize`.
pub(crate) fn object<'de, T: Deserialize<'de>, A: MapAccess<'de>>(object: A) -> Result<Option<T>, A::Error> {
    T::deserialize(MapAccessDeserializer::new(object)).map(Some)
}

/// Structures of JSON objects: each member is optional, is written under its name in
/// camel case, as the CodeBuild API spells it, and is read leniently. A name in quotes
/// is how CodeBuild's events spell the same member. Open enumerations are texts,
/// since AWS adds to them. [`crate::shape`] describes them to those who name members at run time.
macro_rules! shapes {
    ($($(#[$doc:meta])* $visibility:vis $shape:ident {
        $($member:ident: $kind:ty $(= $in_events:literal)?,)*
    })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, ::serde::Serialize, ::serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        #[allow(missing_docs, reason = "the members mean what the API reference says under the same names")]
        $visibility struct $shape {$(
            #[serde(default, $(alias = $in_events,)? deserialize_with = "crate::lenient::read")]
            #[serde(skip_serializing_if = "Option::is_none")]
            pub $member: Option<$kind>,
        )*}

        impl crate::lenient::Lenient for $shape {
            fn from_object<'de, A: ::serde::de::MapAccess<'de>>(object: A) -> Result<Option<Self>, A::Error> {
                crate::lenient::object(object)
            }
        }

        crate::shape::described! { $shape { $($member: $kind,)* } }
    )*};
}
pub(crate) use shapes;

struct AnyKind<T>(PhantomData<T>);

impl<'de, T: Lenient> Visitor<'de> for AnyKind<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }
    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(T::from_text(text))
    }
    fn visit_bool<E>(self, flag: bool) -> Result<Self::Value, E> {
        Ok(T::from_flag(flag))
    }
    fn visit_i64<E>(self, integer: i64) -> Result<Self::Value, E> {
        Ok(T::from_integer(integer))
    }
    fn visit_u64<E>(self, integer: u64) -> Result<Self::Value, E> {
        Ok(i64::try_from(integer).ok().and_then(T::from_integer))
    }
    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(T::from_number(number))
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
        T::from_list(list)
    }
    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Self::Value, A::Error> {
        T::from_object(object)
    }
}

impl Lenient for String {
    fn from_text(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
}

impl Lenient for bool {
    fn from_flag(flag: bool) -> Option<Self> {
        Some(flag)
    }
}

impl Lenient for i64 {
    fn from_integer(integer: i64) -> Option<Self> {
        Some(integer)
    }
    /// CodeBuild's events write whole numbers as `60.0`. Within 2^53 a float
    /// holds a whole number exactly; past that, or with a fraction, it does not tell.
    fn from_number(number: f64) -> Option<Self> {
        (number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0).then_some(number as i64)
    }
}

impl Lenient for i32 {
    fn from_integer(integer: i64) -> Option<Self> {
        integer.try_into().ok()
    }
    fn from_number(number: f64) -> Option<Self> {
        i64::from_number(number).and_then(Self::from_integer)
    }
}

/// An element that cannot be read is left out: the events hold null ones.
impl<T: Lenient> Lenient for Vec<T> {
    fn from_list<'de, A: SeqAccess<'de>>(mut list: A) -> Result<Option<Self>, A::Error> {
        struct Element<T>(Option<T>);
        impl<'de, T: Lenient> Deserialize<'de> for Element<T> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                read(deserializer).map(Self)
            }
        }
        let mut elements = Vec::new();
        while let Some(Element(element)) = list.next_element()? {
            elements.extend(element);
        }
        Ok(Some(elements))
    }
}

/// As a text: RFC 3339, or as CodeBuild's events write it (`Oct 14, 2020 9:28:52 PM`,
/// UTC, sometimes with U+202F before the last word). As a number: seconds since
/// 1970, as the API's JSON protocol writes it.
impl Lenient for Timestamp {
    fn from_text(text: &str) -> Option<Self> {
        let spaced = text.contains('\u{202f}').then(|| text.replace('\u{202f}', " "));
        let text = spaced.as_deref().unwrap_or(text);
        let in_utc = |time: DateTime| time.to_zoned(TimeZone::UTC).ok().map(|time| time.timestamp());
        // The first letter says which form to try: one that does not fit takes longer than one that does.
        if text.starts_with(|first: char| first.is_ascii_alphabetic()) {
            return DateTime::strptime("%b %d, %Y %I:%M:%S %p", text).ok().and_then(in_utc);
        }
        text.parse().ok().or_else(|| text.parse().ok().and_then(in_utc))
    }
    fn from_number(seconds: f64) -> Option<Self> {
        Timestamp::from_millisecond((seconds * 1000.0).round() as i64).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check<T: Lenient + PartialEq + fmt::Debug>(json: &str, expected: Option<T>) {
        let mut deserializer = serde_json::Deserializer::from_str(json);
        assert_eq!(read::<T, _>(&mut deserializer).unwrap(), expected, "{json}");
        deserializer.end().unwrap();
    }

    #[test]
    fn a_value_of_another_kind_is_unknown() {
        for json in ["null", "true", "1", "[1, [2]]", r#"{"a": {"b": 1}}"#] {
            check::<String>(json, None);
        }
        check("\"text\"", Some("text".to_owned()));
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
    fn unreadable_elements_are_left_out() {
        check(r#"[null, "a", 1, {}, "b"]"#, Some(vec!["a".to_owned(), "b".to_owned()]));
    }

    #[test]
    fn dates_in_every_form_seen() {
        let expected: Timestamp = "2020-10-14T21:28:52Z".parse().unwrap();
        for text in [
            "Oct 14, 2020 9:28:52 PM",
            "Oct 14, 2020 09:28:52 PM",
            "Oct 14, 2020 9:28:52\u{202f}PM",
            "2020-10-14T21:28:52Z",
            "2020-10-14T23:28:52+02:00",
            "2020-10-14T21:28:52",
        ] {
            check(&format!("{text:?}").replace("\\u{202f}", "\u{202f}"), Some(expected));
        }
        check("1602710932", Some(expected));
        check("1602710932.0", Some(expected));
        check("\"Aug 7, 2018 12:04:31 AM\"", Some("2018-08-07T00:04:31Z".parse::<Timestamp>().unwrap()));
        check::<Timestamp>("\"yesterday\"", None);
        check::<Timestamp>("1e300", None);
    }
}
