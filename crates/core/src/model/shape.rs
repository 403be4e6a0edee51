//! What the structures of the API are made of, for those who name their members at
//! run time: an expression says `build.environment.image`, and is held against this
//! when it is loaded, and against the very same list when a build is judged.

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
    /// As the API spells it.
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
}

/// A value of the API, looked at without knowing its type.
#[derive(Clone, Copy)]
pub(crate) enum View<'a> {
    Flag(bool),
    Integer(i64),
    Text(&'a str),
    Time(Timestamp),
    List(&'a dyn Elements),
    Structure(&'a dyn Structure),
}

/// A type that a member can have.
pub(crate) trait Described: Send + Sync {
    const KIND: Kind;

    fn view(&self) -> View<'_>;
}

/// A structure, member by member.
pub(crate) trait Structure: Send + Sync {
    /// The member that the API calls `name`, where it is known.
    fn member(&self, name: &str) -> Option<View<'_>>;
}

/// A list, element by element.
pub(crate) trait Elements: Send + Sync {
    fn views(&self) -> Vec<View<'_>>;
}

impl Shape {
    /// The kind of the member that the API calls `name`.
    pub(crate) fn member(&self, name: &str) -> Option<Kind> {
        self.members.iter().find(|member| member.name == name).map(|member| member.kind)
    }

    /// The members' names, as the API spells them.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.members.iter().map(|member| member.name).collect()
    }
}

/// A field's name as the API spells it, and as serde's `rename_all` does: of
/// `source_version` it is `sourceVersion`. Made by the compiler: every event has its
/// members' names held against it.
macro_rules! name {
    ($field:ident) => {{
        const NAME: crate::model::shape::Name = crate::model::shape::Name::of(stringify!($field));
        const SPELT: &str = NAME.as_str();
        SPELT
    }};
}
pub(crate) use name;

/// See [`name!`].
pub(crate) struct Name {
    letters: [u8; Name::LONGEST],
    length: usize,
}

impl Name {
    const LONGEST: usize = 32;

    pub(crate) const fn of(field: &str) -> Self {
        let field = field.as_bytes();
        let (mut letters, mut length) = ([0; Self::LONGEST], 0);
        let mut from = if let [b'r', b'#', ..] = field { 2 } else { 0 };
        while from < field.len() {
            letters[length] = match field[from] {
                b'_' => {
                    from += 1;
                    field[from].to_ascii_uppercase()
                }
                letter => letter,
            };
            (from, length) = (from + 1, length + 1);
        }
        Self { letters, length }
    }

    pub(crate) const fn as_str(&'static self) -> &'static str {
        match str::from_utf8(self.letters.split_at(self.length).0) {
            Ok(name) => name,
            Err(_) => "",
        }
    }
}

/// Describes a structure by its members; each is an `Option`.
macro_rules! described {
    ($shape:ident { $($member:ident: $kind:ty,)* }) => {
        impl $shape {
            pub(crate) const SHAPE: &'static crate::model::shape::Shape = &crate::model::shape::Shape {
                name: stringify!($shape),
                members: &[$(crate::model::shape::Member {
                    name: crate::model::shape::name!($member),
                    kind: <$kind as crate::model::shape::Described>::KIND,
                }),*],
            };
        }

        impl crate::model::shape::Described for $shape {
            const KIND: crate::model::shape::Kind = crate::model::shape::Kind::Structure(Self::SHAPE);

            fn view(&self) -> crate::model::shape::View<'_> {
                crate::model::shape::View::Structure(self)
            }
        }

        impl crate::model::shape::Structure for $shape {
            fn member(&self, name: &str) -> Option<crate::model::shape::View<'_>> {
                $(if name == crate::model::shape::name!($member) {
                    return self.$member.as_ref().map(crate::model::shape::Described::view);
                })*
                None
            }
        }
    };
}
pub(crate) use described;

impl Described for bool {
    const KIND: Kind = Kind::Flag;

    fn view(&self) -> View<'_> {
        View::Flag(*self)
    }
}

impl Described for i32 {
    const KIND: Kind = Kind::Integer;

    fn view(&self) -> View<'_> {
        View::Integer(i64::from(*self))
    }
}

impl Described for i64 {
    const KIND: Kind = Kind::Integer;

    fn view(&self) -> View<'_> {
        View::Integer(*self)
    }
}

impl Described for String {
    const KIND: Kind = Kind::Text;

    fn view(&self) -> View<'_> {
        View::Text(self)
    }
}

impl Described for Timestamp {
    const KIND: Kind = Kind::Time;

    fn view(&self) -> View<'_> {
        View::Time(*self)
    }
}

impl<T: Described> Described for Vec<T> {
    const KIND: Kind = Kind::List(&T::KIND);

    fn view(&self) -> View<'_> {
        View::List(self)
    }
}

impl<T: Described> Elements for Vec<T> {
    fn views(&self) -> Vec<View<'_>> {
        self.iter().map(T::view).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::Value;

    use super::*;
    use crate::{model::Build, model::Project};

    /// Holds a shape against the API's model, whose copy names for each member its shape
    /// and for each shape its type; and against what serde calls the members.
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
                shape.members.iter().map(|member| (member.name.to_owned(), described(member.kind))).collect();
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
    fn the_names_are_those_that_serde_writes() {
        let build: Build = serde_json::from_str(
            r#"{"id": "a:b", "sourceVersion": "main", "logs": {"s3DeepLink": "s", "s3Logs": {"status": "ENABLED"}},
                "artifacts": {"sha256sum": "0"}, "environment": {"computeConfiguration": {"vCpu": 2}}}"#,
        )
        .unwrap();
        let written = serde_json::to_value(&build).unwrap();
        fn compare(structure: &dyn Structure, written: &Value) {
            for (name, value) in written.as_object().unwrap() {
                match structure.member(name).unwrap() {
                    View::Structure(inner) => compare(inner, value),
                    View::Text(text) => assert_eq!(text, value),
                    View::Integer(number) => assert_eq!(number, value.as_i64().unwrap()),
                    _ => panic!("another kind of value"),
                }
            }
        }
        compare(&build, &written);
    }
}
