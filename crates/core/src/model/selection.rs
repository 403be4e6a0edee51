//! Reading some members of a structure, and skipping all others unparsed.

use std::fmt;

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor, value::BorrowedStrDeserializer},
    forward_to_deserialize_any,
};

/// The members of a value that are read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Selection {
    /// All, at any depth.
    All,
    /// The members with these names. In a list, those of each element.
    SelectedMembers(Vec<(String, Self)>),
}

impl Default for Selection {
    fn default() -> Self {
        Self::SelectedMembers(Vec::new())
    }
}

impl Selection {
    /// Adds a member by its path in the API, such as `environment.image`, with everything in it.
    pub(crate) fn add(&mut self, path: &str) {
        let Self::SelectedMembers(members) = self else { return };
        let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
        let index = members.iter().position(|(other, _)| other == name).unwrap_or_else(|| {
            members.push((name.to_owned(), Self::default()));
            members.len() - 1
        });
        let Some((_, member)) = members.get_mut(index) else { return };
        match rest {
            Some(rest) => member.add(rest),
            None => *member = Self::All,
        }
    }

    /// The selection of a member's own members. `None` if the member is skipped. A name with a hyphen is one
    /// that events use: selections do not contain such names, so the whole member is read.
    fn member(&self, name: &str) -> Option<&Self> {
        match self {
            Self::All => Some(self),
            Self::SelectedMembers(members) => {
                let known = members.iter().find(|(other, _)| other == name).map(|(_, selection)| selection);
                known.or_else(|| name.contains('-').then_some(&Self::All))
            }
        }
    }
}

/// A deserializer, visitor, list or seed of serde, with the selection for the value that it reads. As a
/// deserializer, it reads JSON as if the JSON contained the selected members alone.
pub(crate) struct Selected<'s, T>(pub(crate) T, pub(crate) &'s Selection);

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Selected<'_, D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        match self.1 {
            Selection::All => self.0.deserialize_any(visitor),
            Selection::SelectedMembers(_) => self.0.deserialize_any(Selected(visitor, self.1)),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Selected<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<V::Value, A::Error> {
        self.0.visit_map(SelectedMembers { object, selection: self.1, of_next: self.1 })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<V::Value, A::Error> {
        self.0.visit_seq(Selected(list, self.1))
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.0.visit_unit()
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<V::Value, E> {
        self.0.visit_bool(flag)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<V::Value, E> {
        self.0.visit_i64(number)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<V::Value, E> {
        self.0.visit_u64(number)
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<V::Value, E> {
        self.0.visit_f64(number)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<V::Value, E> {
        self.0.visit_str(text)
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<V::Value, E> {
        self.0.visit_borrowed_str(text)
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Selected<'_, A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        self.0.next_element_seed(Selected(seed, self.1))
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Selected<'_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<S::Value, D::Error> {
        self.0.deserialize(Selected(json, self.1))
    }
}

/// The selected members of an object.
struct SelectedMembers<'s, A> {
    object: A,
    selection: &'s Selection,
    /// The selection of the member whose name was read last.
    of_next: &'s Selection,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for SelectedMembers<'_, A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        // A name with an escape cannot be borrowed from the input, so reading fails.
        while let Some(name) = self.object.next_key::<&str>()? {
            if let Some(selection) = self.selection.member(name) {
                self.of_next = selection;
                return seed.deserialize(BorrowedStrDeserializer::new(name)).map(Some);
            }
            self.object.next_value::<IgnoredAny>()?;
        }
        Ok(None)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.object.next_value_seed(Selected(seed, self.of_next))
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn selected_members_are_read_and_all_others_are_skipped() {
        let text = json!({
            "id": "a", "phases": [{"phaseType": "BUILD", "contexts": [{"message": "m"}]}, null, 1],
            "source": {"type": "S3", "auth": {"type": "OAUTH", "resource": "r"}}, "timeout-in-minutes": 5,
            "environment": {"image": "i"}, "cache": {"modes": ["a"]}, "number": -1.5,
        })
        .to_string();
        for (paths, expected) in [
            (&[][..], json!({"timeout-in-minutes": 5})),
            (&["id", "number", "missing.member"], json!({"id": "a", "number": -1.5, "timeout-in-minutes": 5})),
            (
                &["phases.phaseType", "source.auth.type"],
                json!({"phases": [{"phaseType": "BUILD"}, null, 1], "source": {"auth": {"type": "OAUTH"}},
                       "timeout-in-minutes": 5}),
            ),
            (
                &["environment.image", "environment", "cache", "cache.type"],
                json!({"environment": {"image": "i"}, "cache": {"modes": ["a"]}, "timeout-in-minutes": 5}),
            ),
        ] {
            let mut selection = Selection::default();
            paths.iter().for_each(|path| selection.add(path));
            let mut json = serde_json::Deserializer::from_str(&text);
            assert_eq!(Value::deserialize(Selected(&mut json, &selection)).unwrap(), expected, "{paths:?}");
            json.end().unwrap();
        }
    }
}
