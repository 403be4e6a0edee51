//! The properties of an `AWS::CodeBuild::Project`, under the API's names.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-codebuild-project.html>

use buildbrake_core::{
    scan::{Given, PlannedProject, Setting},
    yaml::Node,
};

use super::{
    functions::{Evaluation, may_add_members},
    has_function, member,
    tags::add_stack_tags,
};
use crate::scan::Destination;

/// The settings of a project. All are unknown if a macro may change its properties.
pub(super) fn settings(resource: &Node, evaluation: &Evaluation<'_>, destination: &Destination) -> PlannedProject {
    let properties = match has_function(resource) {
        true => Some(may_add_members()),
        false => member(resource, "Properties").map(|properties| evaluation.value(properties).value),
    };
    let mut members = match properties {
        Some(Given::Structure(members)) => members.into_iter().map(renamed).collect(),
        Some(Given::Unknown(why)) => ALL.map(|name| (name.to_owned(), Given::Unknown(why.clone()).nowhere())).to_vec(),
        _ => Vec::new(),
    };
    if !members.iter().any(|(name, setting)| name == "name" && setting.value != Given::Nothing) {
        let why = "CloudFormation generates the name".to_owned();
        members.push(("name".to_owned(), Given::Unknown(why).nowhere()));
    }
    add_stack_tags(&mut members, destination.stack_tags.as_ref());
    PlannedProject::new(&members, destination.account.clone(), destination.region.clone())
}

/// All members of a project.
const ALL: [&str; 25] = [
    "artifacts",
    "autoRetryLimit",
    "badge",
    "buildBatchConfig",
    "cache",
    "concurrentBuildLimit",
    "description",
    "encryptionKey",
    "environment",
    "fileSystemLocations",
    "logsConfig",
    "name",
    "projectVisibility",
    "queuedTimeoutInMinutes",
    "resourceAccessRole",
    "secondaryArtifacts",
    "secondarySourceVersions",
    "secondarySources",
    "serviceRole",
    "source",
    "sourceVersion",
    "tags",
    "timeoutInMinutes",
    "vpcConfig",
    "webhook",
];

/// A property of the project under the API's name.
fn renamed((name, setting): (String, Setting)) -> (String, Setting) {
    let place = setting.place;
    match name.as_str() {
        "BadgeEnabled" => ("badge".to_owned(), Setting { value: within("badgeEnabled", setting), place }),
        "Visibility" => ("projectVisibility".to_owned(), inner(setting)),
        "Triggers" => ("webhook".to_owned(), webhook(inner(setting))),
        _ => (api_name(&name), inner(setting)),
    }
}

fn within(member: &str, setting: Setting) -> Given {
    match setting.value {
        Given::Nothing => Given::Nothing,
        value => Given::Structure(vec![(member.to_owned(), Setting { value, place: setting.place })]),
    }
}

/// A value whose members have the API's names.
fn inner(Setting { value, place }: Setting) -> Setting {
    let value = match value {
        Given::List(list) => Given::List(list.into_iter().map(inner).collect()),
        Given::Structure(members) => {
            Given::Structure(members.into_iter().map(|(name, setting)| (api_name(&name), inner(setting))).collect())
        }
        other => other,
    };
    Setting { value, place }
}

/// Returns the API's name of a property. It begins with a lower-case letter.
fn api_name(name: &str) -> String {
    match name {
        "BuildSpec" => "buildspec".to_owned(),
        _ => {
            let mut letters = name.chars();
            let first = letters.next().map(|letter| letter.to_ascii_lowercase());
            first.into_iter().chain(letters).collect()
        }
    }
}

/// The webhook that `Triggers` describes. There is none unless `Webhook` is true.
fn webhook(Setting { value, place }: Setting) -> Setting {
    let value = match value {
        Given::Structure(members) => {
            let flag = members.iter().find(|(name, _)| name == "webhook").map(|(_, setting)| setting.value.clone());
            match flag {
                Some(Given::Unknown(why)) => Given::Unknown(why),
                Some(Given::Text(text)) if text.eq_ignore_ascii_case("true") => {
                    Given::Structure(members.into_iter().filter(|(name, _)| name != "webhook").collect())
                }
                _ => Given::Nothing,
            }
        }
        other => other,
    };
    Setting { value, place }
}
