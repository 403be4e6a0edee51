//! The attributes of a resource, with what is unknown and what is sensitive.

use buildbrake_core::scan::{Given, Setting};
use serde_json::Value as Json;

/// The attributes of a resource, as far as they are known and may be shown.
#[derive(Clone, Debug)]
pub(super) struct Marked(Given);

impl Marked {
    /// `unknown` and `sensitive` have the same structure as the values, with `true` where the value is
    /// unknown or sensitive.
    pub(super) fn new(values: Json, unknown: Option<&Json>, sensitive: &Json) -> Self {
        Self(given(values, unknown.unwrap_or(&Json::Null), sensitive))
    }

    /// Returns an attribute. An empty text stands for an attribute that was left out.
    pub(super) fn get(&self, name: &str) -> Given {
        let Given::Structure(members) = &self.0 else { return self.0.clone() };
        let member = members.iter().find(|(other, _)| other == name);
        match member.map(|(_, setting)| setting.value.clone()) {
            Some(Given::Text(text)) if text.is_empty() => Given::Nothing,
            Some(value) => value,
            None => Given::Nothing,
        }
    }

    /// A text attribute that is known.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        match self.get(name) {
            Given::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A block of which there is at most one. Terraform writes it as a list.
    pub(super) fn block(&self, name: &str) -> Self {
        Self(match self.get(name) {
            Given::List(mut list) if list.len() == 1 => list.swap_remove(0).value,
            Given::List(list) if list.is_empty() => Given::Nothing,
            // A later version of the provider may write the block itself.
            Given::Structure(members) => Given::Structure(members),
            Given::Unknown(why) => Given::Unknown(why),
            _ => Given::Nothing,
        })
    }

    /// Returns all blocks of a name, or the reason why they are unknown.
    pub(super) fn blocks(&self, name: &str) -> Result<Vec<Self>, Given> {
        match self.get(name) {
            Given::List(list) => Ok(list.into_iter().map(|setting| Self(setting.value)).collect()),
            Given::Nothing => Ok(Vec::new()),
            other => Err(other),
        }
    }

    /// Makes a structure of attributes. Each pair names the member and the attribute.
    pub(super) fn structure(&self, members: &[(&str, &str)]) -> Given {
        self.with(members, Vec::new())
    }

    /// The same, with further members.
    pub(super) fn with(&self, members: &[(&str, &str)], further: Vec<(String, Setting)>) -> Given {
        match &self.0 {
            Given::Structure(_) => {
                let members = members.iter().map(|(member, name)| ((*member).to_owned(), self.get(name).nowhere()));
                Given::Structure(members.chain(further).collect())
            }
            other => other.clone(),
        }
    }
}

/// A list of structures, or the reason why it is unknown.
pub(super) fn list(blocks: Result<Vec<Marked>, Given>, each: impl Fn(&Marked) -> Given) -> Given {
    match blocks {
        Ok(blocks) => Given::List(blocks.iter().map(|block| each(block).nowhere()).collect()),
        Err(unknown) => unknown,
    }
}

fn given(value: Json, unknown: &Json, sensitive: &Json) -> Given {
    if unknown == &Json::Bool(true) {
        return Given::Unknown("Terraform knows it only after it has applied the plan".to_owned());
    }
    if sensitive == &Json::Bool(true) {
        return Given::Unknown("the value is sensitive".to_owned());
    }
    match value {
        Json::Null => match unknown {
            // Terraform may leave out a value that has unknown parts.
            Json::Array(list) if list.iter().any(has_unknown) => given(Json::Array(Vec::new()), unknown, sensitive),
            Json::Object(members) if members.values().any(has_unknown) => {
                given(Json::Object(serde_json::Map::new()), unknown, sensitive)
            }
            _ => Given::Nothing,
        },
        Json::Bool(flag) => Given::Flag(flag),
        Json::Number(number) => match number.as_i64() {
            Some(number) => Given::Number(number),
            None => Given::Text(number.to_string()),
        },
        Json::String(text) => Given::Text(text),
        Json::Array(list) => {
            let length = list.len().max(unknown.as_array().map_or(0, Vec::len));
            let mut list = list;
            list.resize(length, Json::Null);
            let elements = list.into_iter().enumerate();
            let part = |json: &'_ Json, index: usize| json.get(index).cloned().unwrap_or_default();
            Given::List(
                elements
                    .map(|(index, value)| given(value, &part(unknown, index), &part(sensitive, index)).nowhere())
                    .collect(),
            )
        }
        Json::Object(members) => {
            let part = |json: &Json, name: &str| json.get(name).cloned().unwrap_or_default();
            let mut members = members;
            for (name, unknown) in unknown.as_object().into_iter().flatten() {
                if has_unknown(unknown) {
                    members.entry(name.as_str()).or_insert(Json::Null);
                }
            }
            let members = members.into_iter().map(|(name, value)| {
                let setting = given(value, &part(unknown, &name), &part(sensitive, &name)).nowhere();
                (name, setting)
            });
            Given::Structure(members.collect())
        }
    }
}

fn has_unknown(marks: &Json) -> bool {
    match marks {
        Json::Bool(is_unknown) => *is_unknown,
        Json::Array(list) => list.iter().any(has_unknown),
        Json::Object(members) => members.values().any(has_unknown),
        Json::Null | Json::Number(_) | Json::String(_) => false,
    }
}
