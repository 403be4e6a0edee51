//! The parameters of a template.

use std::{
    collections::{BTreeSet, HashMap},
    str::FromStr,
};

use buildbrake_core::{diagnostic::printable, facts::vocabulary::partition, scan::Given, yaml::Node};

use super::{elements, member, members, normalized, text};
use crate::scan::Destination;

/// A value that the command line gives for a parameter: `NAME=VALUE`.
#[derive(Clone, Debug)]
pub(crate) struct Parameter {
    name: String,
    value: String,
}

impl Parameter {
    /// Returns whether no template has such a parameter.
    pub(crate) fn is_unknown(&self, declared: &BTreeSet<String>) -> bool {
        !self.name.starts_with("AWS::") && !declared.contains(&self.name)
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

impl FromStr for Parameter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((name, value)) if !name.is_empty() => Ok(Self { name: name.to_owned(), value: value.to_owned() }),
            _ => Err("write NAME=VALUE".to_owned()),
        }
    }
}

/// The values of a template's parameters, and of the pseudo parameters.
pub(super) struct Parameters {
    values: HashMap<String, Given>,
    /// The names of the parameters that have their defaults.
    defaults: BTreeSet<String>,
}

impl Parameters {
    pub(super) fn read(declared: Option<&Node>, given: &[Parameter], destination: &Destination) -> Self {
        let (mut values, mut defaults) = (pseudo(destination), BTreeSet::new());
        for (name, declaration) in declared.map(members).into_iter().flatten() {
            let Some(name) = text(name) else { continue };
            let value = value(name, declaration, given);
            if !matches!(value, Given::Unknown(_)) && given.iter().all(|given| given.name != name) {
                defaults.insert(name.to_owned());
            }
            values.insert(name.to_owned(), value);
        }
        // Only the command line can give some pseudo parameters, such as a stack's name.
        for Parameter { name, value } in given.iter().filter(|given| given.name.starts_with("AWS::")) {
            values.insert(name.clone(), Given::Text(value.clone()));
        }
        Self { values, defaults }
    }

    /// The value of a parameter. `None` if the template has none of this name.
    pub(super) fn get(&self, name: &str) -> Option<&Given> {
        self.values.get(name)
    }

    /// The same, but without the defaults.
    pub(super) fn without_defaults(&self) -> Self {
        let unknown = |name: &String| (name.clone(), Given::Unknown(format!("the parameter `{name}` has its default")));
        let mut values = self.values.clone();
        values.extend(self.defaults.iter().map(unknown));
        Self { values, defaults: self.defaults.clone() }
    }

    /// Returns whether the parameter has its default.
    pub(super) fn is_default(&self, name: &str) -> bool {
        self.defaults.contains(name)
    }
}

/// Returns messages about the given values that the template does not allow. They show no secret.
pub(super) fn refused(declared: Option<&Node>, given: &[Parameter]) -> Vec<String> {
    let mut refused = Vec::new();
    for (name, declaration) in declared.map(members).into_iter().flatten() {
        let Some(given) = text(name).and_then(|name| given.iter().rev().find(|given| given.name == name)) else {
            continue;
        };
        let allowed = member(declaration, "AllowedValues").map(elements).unwrap_or_default();
        let allowed: Vec<&str> = allowed.iter().filter_map(normalized).collect();
        let property = |name: &str| member(declaration, name).and_then(text);
        let values = match is_list(property("Type").unwrap_or_default()) {
            true => given.value.split(',').map(str::trim).collect(),
            false => vec![given.value.as_str()],
        };
        let is_secret = is_no_echo(declaration);
        let not_allowed = |value: &&str| !allowed.is_empty() && !allowed.contains(value);
        for value in values.into_iter().filter(not_allowed) {
            let name = &given.name;
            refused.push(match is_secret {
                true => format!("the parameter `{name}` does not allow this value; use one of its `AllowedValues`"),
                false => format!(
                    "the parameter `{name}` does not allow `{}`; use one of its `AllowedValues`: {}",
                    printable(value, 100),
                    quoted(&allowed)
                ),
            });
        }
    }
    refused
}

fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{}`", printable(word, 100))).collect::<Vec<_>>().join(", ")
}

/// Returns whether the parameter's value is a secret. It is unless `NoEcho` is certainly false.
fn is_no_echo(declaration: &Node) -> bool {
    let is_false = |flag: &str| ["false", "no", "off"].iter().any(|no| flag.eq_ignore_ascii_case(no));
    member(declaration, "NoEcho").is_some_and(|flag| !text(flag).is_some_and(is_false))
}

fn is_list(kind: &str) -> bool {
    kind == "CommaDelimitedList" || kind.starts_with("List<")
}

/// The values of the pseudo parameters.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html>
fn pseudo(destination: &Destination) -> HashMap<String, Given> {
    let region = destination.region.as_deref();
    let partition = region.and_then(partition);
    let suffix = partition.map(|partition| match partition {
        "aws-cn" => "amazonaws.com.cn",
        "aws-eusc" => "amazonaws.eu",
        _ => "amazonaws.com",
    });
    let value = |value: Option<&str>, option: &str| match value {
        Some(value) => Given::Text(value.to_owned()),
        None => Given::Unknown(format!("it depends on where the template is deployed; add `{option}`")),
    };
    let of_partition = |part: Option<&str>| match (part, region) {
        (None, Some(region)) => Given::Unknown(format!("the partition of the region `{region}` is not known")),
        (part, _) => value(part, "--region"),
    };
    let after = |name: &str| Given::Unknown(format!("`AWS::{name}` is known only after the stack is deployed"));
    HashMap::from([
        ("AWS::AccountId".to_owned(), value(destination.account.as_deref(), "--account-id")),
        ("AWS::Region".to_owned(), value(region, "--region")),
        ("AWS::Partition".to_owned(), of_partition(partition)),
        ("AWS::URLSuffix".to_owned(), of_partition(suffix)),
        ("AWS::NoValue".to_owned(), Given::Nothing),
        ("AWS::StackName".to_owned(), after("StackName")),
        ("AWS::StackId".to_owned(), after("StackId")),
        ("AWS::NotificationARNs".to_owned(), after("NotificationARNs")),
    ])
}

/// The value of a declared parameter: the given one, or its default.
fn value(name: &str, declaration: &Node, given: &[Parameter]) -> Given {
    let property = |name: &str| member(declaration, name).and_then(text);
    if is_no_echo(declaration) {
        return Given::Unknown(format!("the parameter `{name}` has `NoEcho`, so its value is not used"));
    }
    let kind = property("Type").unwrap_or("String");
    if kind.starts_with("AWS::SSM::Parameter::Value") {
        return Given::Unknown(format!("the value of the parameter `{name}` is in Parameter Store"));
    }
    let given = given.iter().rev().find(|given| given.name == name).map(|given| given.value.as_str());
    let default = member(declaration, "Default").map(|default| normalized(default).unwrap_or_default());
    let Some(value) = given.or(default) else {
        return Given::Unknown(format!("the parameter `{name}` has no value"));
    };
    match is_list(kind) {
        true => Given::List(value.split(',').map(|part| Given::text(part.trim())).collect()),
        false => Given::Text(value.to_owned()),
    }
}
