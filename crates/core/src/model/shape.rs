//! Descriptions of the API's structures, for code that finds members by name at run time: expressions
//! (`build.environment.image`) and policy tests.

use jiff::Timestamp;

/// A kind of value that a member can have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum MemberType {
    Flag,
    Integer,
    Text,
    Time,
    List(&'static MemberType),
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
    pub(crate) kind: MemberType,
}

impl Shape {
    /// The kind of the member that the API calls `name`.
    pub(crate) fn member(&self, name: &str) -> Option<MemberType> {
        self.members.iter().find(|member| member.letters().eq(name.chars())).map(|member| member.kind)
    }

    /// The members' names in the API.
    pub(crate) fn names(&self) -> Vec<String> {
        self.members.iter().map(|member| member.letters().collect()).collect()
    }
}

impl Member {
    /// Returns the characters of its name in the API: the field's name in serde's `camelCase`, such as
    /// `sourceVersion` for `source_version`.
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
    const KIND: MemberType;
}

/// Defines structures of the API, with their [`Shape`]. Each member is optional, has its field's
/// name in camel case, and is read leniently. CodeBuild's events use the name in quotes for it.
/// Enumerations are texts, since AWS adds values to them. `unlike events` marks a structure that
/// events write in another way, and that has its own [`Lenient`](crate::model::lenient::Lenient).
macro_rules! shapes {
    ($($(#[$doc:meta])* $visibility:vis $shape:ident $(unlike $events:ident)? {
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

        crate::model::shape::lenient!($shape $($events)?);

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
            const KIND: crate::model::shape::MemberType = crate::model::shape::MemberType::Structure(Self::SHAPE);
        }
    )*};
}
pub(crate) use shapes;

/// Reads a structure from an object.
macro_rules! lenient {
    ($shape:ident) => {
        impl crate::model::lenient::Lenient for $shape {
            fn from_object<'de, A: ::serde::de::MapAccess<'de>>(object: A) -> Result<Option<Self>, A::Error> {
                crate::model::lenient::structure(object)
            }
        }
    };
    ($shape:ident events) => {};
}
pub(crate) use lenient;

impl Described for bool {
    const KIND: MemberType = MemberType::Flag;
}

impl Described for i32 {
    const KIND: MemberType = MemberType::Integer;
}

impl Described for i64 {
    const KIND: MemberType = MemberType::Integer;
}

impl Described for String {
    const KIND: MemberType = MemberType::Text;
}

impl Described for Timestamp {
    const KIND: MemberType = MemberType::Time;
}

impl<T: Described> Described for Vec<T> {
    const KIND: MemberType = MemberType::List(&T::KIND);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Map, Value, json};

    use super::*;
    use crate::model::{Build, BuildBatch, Project, Sandbox};

    /// Compares a shape with the API's model, which has the shape of each member and the type of
    /// each shape.
    fn check(shape: &'static Shape, model: &str) {
        let model: Value = serde_json::from_str(model).unwrap();
        let mut open = vec![MemberType::Structure(shape)];
        let mut seen: Vec<&str> = Vec::new();
        while let Some(kind) = open.pop() {
            let shape = match kind {
                MemberType::List(element) => {
                    open.push(*element);
                    continue;
                }
                MemberType::Structure(shape) if !seen.contains(&shape.name) => shape,
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

    fn described(kind: MemberType) -> String {
        match kind {
            MemberType::Flag => "boolean".into(),
            MemberType::Integer => "integer".into(),
            MemberType::Text => "string".into(),
            MemberType::Time => "timestamp".into(),
            MemberType::List(element) => format!("list of {}", described(*element)),
            MemberType::Structure(shape) => shape.name.into(),
        }
    }

    #[test]
    fn build_is_the_api_s_build() {
        check(Build::SHAPE, include_str!("../../tests/model/codebuild-2016-10-06-build.json"));
    }

    #[test]
    fn project_is_the_api_s_project() {
        check(Project::SHAPE, include_str!("../../tests/model/codebuild-2016-10-06-project.json"));
    }

    #[test]
    fn build_batch_is_the_api_s_build_batch() {
        check(BuildBatch::SHAPE, include_str!("../../tests/model/codebuild-2016-10-06-build-batch.json"));
    }

    #[test]
    fn sandbox_is_the_api_s_sandbox() {
        check(Sandbox::SHAPE, include_str!("../../tests/model/codebuild-2016-10-06-sandbox.json"));
    }

    /// A value with every member, as the API's JSON protocol writes it, and as serde writes it
    /// here.
    fn sample(kind: MemberType) -> (Value, Value) {
        let same = |value: Value| (value.clone(), value);
        match kind {
            MemberType::Flag => same(json!(true)),
            MemberType::Integer => same(json!(i32::MAX)),
            MemberType::Text => same(json!("a text")),
            MemberType::Time => (json!(1_602_709_200.125), json!("2020-10-14T21:00:00.125Z")),
            MemberType::List(element) => {
                let (sent, written) = sample(*element);
                (json!([sent, sent]), json!([written, written]))
            }
            MemberType::Structure(shape) => {
                let members = shape.names().into_iter().map(|name| (sample(shape.member(&name).unwrap()), name));
                let (sent, written): (Map<_, _>, Map<_, _>) =
                    members.map(|((sent, written), name)| ((name.clone(), sent), (name, written))).unzip();
                (sent.into(), written.into())
            }
        }
    }

    #[test]
    fn every_member_is_read_and_written_under_its_name() {
        let (sent, written) = sample(MemberType::Structure(Build::SHAPE));
        let build: Build = serde_json::from_value(sent).unwrap();
        assert_eq!(json!(build), written);
        assert_eq!(serde_json::from_value::<Build>(written).unwrap(), build);
        let (sent, written) = sample(MemberType::Structure(Project::SHAPE));
        let project: Project = serde_json::from_value(sent).unwrap();
        assert_eq!(json!(project), written);
        let (sent, written) = sample(MemberType::Structure(BuildBatch::SHAPE));
        let batch: BuildBatch = serde_json::from_value(sent).unwrap();
        assert_eq!(json!(batch), written);
        let (sent, written) = sample(MemberType::Structure(Sandbox::SHAPE));
        let sandbox: Sandbox = serde_json::from_value(sent).unwrap();
        assert_eq!(json!(sandbox), written);
    }

    /// The paths of all lists in a value, outer ones first.
    fn lists(value: &Value, path: &str) -> Vec<String> {
        let inner = match value {
            Value::Array(elements) => elements.iter().enumerate().map(|(at, one)| (at.to_string(), one)).collect(),
            Value::Object(members) => members.iter().map(|(name, one)| (name.clone(), one)).collect(),
            _ => Vec::new(),
        };
        let own = value.is_array().then(|| path.to_owned());
        own.into_iter().chain(inner.into_iter().flat_map(|(name, one)| lists(one, &format!("{path}/{name}")))).collect()
    }

    /// Puts elements into every list of a structure, and compares the list with what was known:
    /// it is the same if the element is null, and unknown if it cannot be read.
    fn check_lists(shape: &'static Shape, read: fn(Value) -> Value) {
        let (sent, _) = sample(MemberType::Structure(shape));
        let known = read(sent.clone());
        let lists = lists(&sent, "");
        assert!(lists.len() >= 10, "{lists:?}");
        for list in lists {
            let with = |element: &Value| {
                let mut sent = sent.clone();
                sent.pointer_mut(&list).unwrap().as_array_mut().unwrap().insert(1, element.clone());
                read(sent)
            };
            assert_eq!(with(&json!(null)), known, "{list}");
            for element in [json!(1), json!(true), json!([1]), json!([{"a": 1}, "a"])] {
                // A list in a list makes the outer one unknown.
                let mut expected = known.clone();
                let (parent, name) = list.rsplit_once('/').unwrap();
                let (parent, name) = match name.parse::<usize>() {
                    Ok(_) if known.pointer(parent).is_some_and(Value::is_array) => parent.rsplit_once('/').unwrap(),
                    _ => (parent, name),
                };
                expected.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name);
                assert_eq!(with(&element), expected, "{list} with {element}");
            }
        }
    }

    #[test]
    fn every_list_with_an_unreadable_element_is_unknown_as_a_whole() {
        check_lists(Build::SHAPE, |sent| json!(serde_json::from_value::<Build>(sent).unwrap()));
        check_lists(Project::SHAPE, |sent| json!(serde_json::from_value::<Project>(sent).unwrap()));
        check_lists(Sandbox::SHAPE, |sent| json!(serde_json::from_value::<Sandbox>(sent).unwrap()));
    }
}
