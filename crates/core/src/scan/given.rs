//! The settings of a project as a template or a plan gives them.

use serde_json::{Map, Number, Value as Json};

use crate::{
    diagnostic::Place,
    facts::planned::UnknownMembers,
    model::{
        Project,
        shape::{MemberType, Shape},
    },
};

/// A setting, with its place in the file if that is known.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// The value.
    pub value: Given,
    /// The place of the value.
    pub place: Option<Place>,
}

/// The value of a setting, as far as it is known.
#[derive(Clone, Debug, PartialEq)]
pub enum Given {
    /// It is unknown, for this reason.
    Unknown(String),
    /// The setting is left out.
    Nothing,
    /// True or false.
    Flag(bool),
    /// A whole number.
    Number(i64),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Setting>),
    /// A structure: its members with the API's names.
    Structure(Vec<(String, Setting)>),
}

impl Given {
    /// A value without a place.
    pub fn nowhere(self) -> Setting {
        Setting { value: self, place: None }
    }

    /// A text without a place.
    pub fn text(text: impl Into<String>) -> Setting {
        Self::Text(text.into()).nowhere()
    }
}

/// The settings that are known and unknown.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct PlannedSettings {
    pub(super) known: Map<String, Json>,
    pub(super) unknown: UnknownMembers,
    /// The places of settings, by their paths.
    pub(super) places: Vec<(String, Place)>,
    /// The places of environment variables' names, by the names.
    pub(super) variables: Vec<(String, Place)>,
}

/// The name of an environment variable.
const VARIABLE: &str = "environment.environmentVariables[].name";

impl PlannedSettings {
    /// Reads the settings of a project. Where the API has a flag or a number, a text such as `true` or `60` is
    /// converted to it, and where the API has a text, a flag or a number is. Any other value of a wrong kind is
    /// unknown. Leaves out members that the API does not have.
    pub(super) fn read(members: &[(String, Setting)]) -> Self {
        let mut settings = Self::default();
        settings.known = settings.structure(members, Project::SHAPE, "");
        settings
    }

    fn structure(&mut self, members: &[(String, Setting)], shape: &'static Shape, path: &str) -> Map<String, Json> {
        let mut known = Map::new();
        for (name, setting) in members {
            let Some(kind) = shape.member(name) else { continue };
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            if let Some(place) = setting.place {
                if let (VARIABLE, Given::Text(name)) = (path.as_str(), &setting.value) {
                    self.variables.push((name.clone(), place));
                }
                self.places.push((path.clone(), place));
            }
            if let Some(json) = self.value(&setting.value, kind, &path) {
                known.insert(name.clone(), json);
            }
        }
        known
    }

    /// A value, or `None` if it is left out or unknown.
    fn value(&mut self, value: &Given, kind: MemberType, path: &str) -> Option<Json> {
        let converted = match (kind, value) {
            (_, Given::Nothing) => return None,
            (_, Given::Unknown(why)) => {
                self.unknown.add(path, why.clone());
                return None;
            }
            (MemberType::Flag, Given::Flag(flag)) => Some(Json::Bool(*flag)),
            (MemberType::Flag, Given::Text(text)) => text.to_lowercase().parse().ok().map(Json::Bool),
            (MemberType::Integer, Given::Number(number)) => Some(Json::Number(Number::from(*number))),
            (MemberType::Integer, Given::Text(text)) => text.trim().parse::<i64>().ok().map(Json::from),
            (MemberType::Text, Given::Text(text)) => Some(Json::String(text.clone())),
            (MemberType::Text, Given::Number(number)) => Some(Json::String(number.to_string())),
            (MemberType::Text, Given::Flag(flag)) => Some(Json::String(flag.to_string())),
            (MemberType::Structure(shape), Given::Structure(members)) => {
                Some(Json::Object(self.structure(members, shape, path)))
            }
            (MemberType::List(element), Given::List(elements)) => self.list(elements, *element, path),
            _ => None,
        };
        if converted.is_none() {
            self.unknown.add(path, "the value is not of the kind that CodeBuild expects");
        }
        converted
    }

    /// A list. An unknown structure becomes an empty one, so that the other elements stay known. A list with any
    /// other unknown element is unknown as a whole.
    fn list(&mut self, elements: &[Setting], kind: MemberType, path: &str) -> Option<Json> {
        let path_of_elements = format!("{path}[]");
        let mut list = Vec::new();
        for element in elements {
            let json = self.value(&element.value, kind, &path_of_elements);
            match (json, &element.value, kind) {
                (_, Given::Nothing, _) => {}
                (Some(json), ..) => list.push(json),
                (None, _, MemberType::Structure(_)) => list.push(Json::Object(Map::new())),
                (None, ..) => {
                    let why = self.unknown.why(&path_of_elements).unwrap_or_default().to_owned();
                    self.unknown.add(path, why);
                    return Some(Json::Null);
                }
            }
        }
        Some(Json::Array(list))
    }
}
