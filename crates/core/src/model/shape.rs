//! The structures of the API, described for those who name their members at run time: an
//! expression (`build.environment.image`) and a test of a policy.

use jiff::Timestamp;

/// A kind of value that a member can have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Flag,
    Integer,
    Text,
    Time,
    List(&'static Kind),
    Structure(&'static Shape),
}

/// A structure of the API: its name there, and its members.
#[derive(Debug, PartialEq)]
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    pub(crate) members: &'static [Member],
}

/// A member of a structure.
#[derive(Debug, PartialEq)]
pub(crate) struct Member {
    /// The name of the Rust field.
    pub(crate) field: &'static str,
    pub(crate) kind: Kind,
}

impl Shape {
    /// The kind of the member that the API calls `name`.
    pub(crate) fn member(&self, name: &str) -> Option<Kind> {
        self.members.iter().find(|member| member.letters().eq(name.chars())).map(|member| member.kind)
    }

    /// The members' names in the API.
    pub(crate) fn names(&self) -> Vec<String> {
        self.members.iter().map(|member| member.letters().collect()).collect()
    }
}

impl Member {
    /// Its name in the API, which serde's `camelCase` makes of the field's name:
    /// `sourceVersion` of `source_version`.
    fn letters(&self) -> impl Iterator<Item = char> {
        let mut begins_word = false;
        self.field.trim_start_matches("r#").chars().filter_map(move |letter| {
            let begins = std::mem::replace(&mut begins_word, letter == '_');
            (letter != '_').then_some(if begins { letter.to_ascii_uppercase() } else { letter })
        })
    }
}

/// A type that a member can have.
pub(crate) trait Described {
    const KIND: Kind;
}

/// Defines structures of the API, with their [`Shape`]. Each member is optional, has its field's
/// name in camel case, and is read leniently. CodeBuild's events use the name in quotes for it.
/// Enumerations are texts, since AWS adds values to them. `=>` names a function that reads the
/// structure where it is not always an object.
macro_rules! shapes {
    ($($(#[$doc:meta])* $visibility:vis $shape:ident $(=> $read:ident)? {
        $($member:ident: $kind:ty $(= $in_events:literal)?,)*
    })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, ::serde::Serialize, ::serde::Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        #[allow(missing_docs, reason = "the API reference documents the members under the same names")]
        $visibility struct $shape {$(
            #[serde(
                deserialize_with = "crate::model::lenient::member",
                skip_serializing_if = "Option::is_none",
                $(alias = $in_events)?
            )]
            pub $member: Option<$kind>,
        )*}

        impl crate::model::lenient::Lenient for $shape {$(
            fn read<'de, D: ::serde::Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
                $read(json)
            }
        )?}

        impl $shape {
            pub(crate) const SHAPE: &'static crate::model::shape::Shape = &crate::model::shape::Shape {
                name: stringify!($shape),
                members: &[$(crate::model::shape::Member {
                    field: stringify!($member),
                    kind: <$kind as crate::model::shape::Described>::KIND,
                }),*],
            };
        }

        impl crate::model::shape::Described for $shape {
            const KIND: crate::model::shape::Kind = crate::model::shape::Kind::Structure(Self::SHAPE);
        }
    )*};
}
pub(crate) use shapes;

impl Described for bool {
    const KIND: Kind = Kind::Flag;
}

impl Described for i32 {
    const KIND: Kind = Kind::Integer;
}

impl Described for i64 {
    const KIND: Kind = Kind::Integer;
}

impl Described for String {
    const KIND: Kind = Kind::Text;
}

impl Described for Timestamp {
    const KIND: Kind = Kind::Time;
}

impl<T: Described> Described for Vec<T> {
    const KIND: Kind = Kind::List(&T::KIND);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::Value;

    use super::*;
    use crate::{model::Build, model::Project};

    /// Compares a shape with the API's model, which has the shape of each member and the type of
    /// each shape.
    fn check(shape: &'static Shape, model: &str) {
        let model: Value = serde_json::from_str(model).unwrap();
        let mut open = vec![Kind::Structure(shape)];
        let mut seen: Vec<&str> = Vec::new();
        while let Some(kind) = open.pop() {
            let shape = match kind {
                Kind::List(element) => {
                    open.push(*element);
                    continue;
                }
                Kind::Structure(shape) if !seen.contains(&shape.name) => shape,
                _ => continue,
            };
            seen.push(shape.name);
            let expected: BTreeMap<String, String> = model["shapes"][shape.name]["members"]
                .as_object()
                .unwrap_or_else(|| panic!("{} is no structure of the model", shape.name))
                .iter()
                .map(|(name, shape)| (name.clone(), kind_in_model(&model, shape.as_str().unwrap())))
                .collect();
            let ours: BTreeMap<String, String> =
                shape.members.iter().map(|member| (member.letters().collect(), described(member.kind))).collect();
            assert_eq!(ours, expected, "{}", shape.name);
            open.extend(shape.members.iter().map(|member| member.kind));
        }
        let structures = model["shapes"].as_object().unwrap().iter().filter(|(_, shape)| shape["type"] == "structure");
        assert_eq!(seen.len(), structures.count(), "every structure of the model is reached");
    }

    fn kind_in_model(model: &Value, shape: &str) -> String {
        let found = &model["shapes"][shape];
        match found["type"].as_str().unwrap() {
            "list" => format!("list of {}", kind_in_model(model, found["member"].as_str().unwrap())),
            "structure" => shape.to_owned(),
            "integer" | "long" => "integer".to_owned(),
            other => other.to_owned(),
        }
    }

    fn described(kind: Kind) -> String {
        match kind {
            Kind::Flag => "boolean".into(),
            Kind::Integer => "integer".into(),
            Kind::Text => "string".into(),
            Kind::Time => "timestamp".into(),
            Kind::List(element) => format!("list of {}", described(*element)),
            Kind::Structure(shape) => shape.name.into(),
        }
    }

    #[test]
    fn build_is_the_api_s_build() {
        check(Build::SHAPE, include_str!("../../../../tests/model/codebuild-2016-10-06-build.json"));
    }

    #[test]
    fn project_is_the_api_s_project() {
        check(Project::SHAPE, include_str!("../../../../tests/model/codebuild-2016-10-06-project.json"));
    }

    #[test]
    fn the_names_are_the_ones_that_serde_writes() {
        let build: Build = serde_json::from_str(
            r#"{"id": "a:b", "sourceVersion": "main", "logs": {"s3DeepLink": "s", "s3Logs": {"status": "ENABLED"}},
                "artifacts": {"sha256sum": "0"}, "environment": {"computeConfiguration": {"vCpu": 2}}}"#,
        )
        .unwrap();
        let written = serde_json::to_value(&build).unwrap();
        fn compare(shape: &Shape, written: &Value) {
            for (name, value) in written.as_object().unwrap() {
                match shape.member(name) {
                    Some(Kind::Structure(inner)) => compare(inner, value),
                    Some(kind) => assert_eq!(kind == Kind::Text, value.is_string(), "{name}"),
                    None => panic!("`{name}` is not a member of {}", shape.name),
                }
            }
        }
        compare(Build::SHAPE, &written);
    }
}
