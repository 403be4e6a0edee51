//! The tags of a project, to which a deployment adds those of the stack.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-resource-tags.html>

use std::str::FromStr;

use buildbrake_core::{
    diagnostic::printable,
    scan::{Given, Setting},
};

/// The tags of the stack, which the command line gives: `team=payments,stage=prod`.
#[derive(Clone, Debug)]
pub(crate) struct StackTags(Vec<(String, String)>);

impl FromStr for StackTags {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut tags: Vec<(String, String)> = Vec::new();
        for tag in text.split(',').map(str::trim).filter(|_| !text.is_empty()) {
            let Some((key, value)) = tag.split_once('=').filter(|(key, _)| !key.is_empty()) else {
                return Err("write the stack's tags as in `team=payments,stage=prod`, or an empty text for none".into());
            };
            if tags.iter().any(|(other, _)| other == key) {
                return Err(format!("the key `{}` is given twice; give each key once", printable(key, 100)));
            }
            tags.push((key.to_owned(), value.to_owned()));
        }
        Ok(Self(tags))
    }
}

/// Adds the stack's tags to those of a project. Without the stack's tags, the project may have any other tags.
pub(super) fn add_stack_tags(members: &mut Vec<(String, Setting)>, stack: Option<&StackTags>) {
    let index = members.iter().position(|(name, _)| name == "tags").unwrap_or_else(|| {
        members.push(("tags".to_owned(), Given::Nothing.nowhere()));
        members.len() - 1
    });
    let Some((_, Setting { value, .. })) = members.get_mut(index) else { return };
    let own = match value {
        Given::List(list) => list.as_slice(),
        Given::Nothing => &[],
        _ => return,
    };
    let own: Vec<&Given> = own.iter().map(|tag| &tag.value).filter(|tag| **tag != Given::Nothing).collect();
    let added: Vec<Setting> = match stack {
        // Expressions still see the project's own tags.
        None => vec![unknown_tag()],
        // A tag whose key is unknown may take the place of any tag of the stack.
        Some(_) if own.iter().any(|tag| key(tag).is_none()) => Vec::new(),
        Some(StackTags(tags)) => {
            let others = tags.iter().filter(|(name, _)| own.iter().all(|tag| key(tag) != Some(name.as_str())));
            others.map(|(key, value)| tag(key, value)).collect()
        }
    };
    match value {
        Given::List(list) => list.extend(added),
        value if !added.is_empty() => *value = Given::List(added),
        _ => {}
    }
}

const NOT_GIVEN: &str = "a deployment may add the stack's tags; add `--stack-tags`";

/// The key of a tag, if it is known.
fn key(tag: &Given) -> Option<&str> {
    let Given::Structure(members) = tag else { return None };
    members.iter().find_map(|(name, setting)| match &setting.value {
        Given::Text(key) if name == "key" => Some(key.as_str()),
        _ => None,
    })
}

fn tag(key: &str, value: &str) -> Setting {
    Given::Structure(vec![("key".to_owned(), Given::text(key)), ("value".to_owned(), Given::text(value))]).nowhere()
}

/// Stands for any number of tags of the stack.
fn unknown_tag() -> Setting {
    let member = |name: &str| (name.to_owned(), Given::Unknown(NOT_GIVEN.to_owned()).nowhere());
    Given::Structure(vec![member("key"), member("value")]).nowhere()
}
