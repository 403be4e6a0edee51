//! Reads the projects of a Terraform plan or state, as `terraform show -json` prints it.
//! <https://developer.hashicorp.com/terraform/internals/json-format>

mod configuration;
mod resource;
#[cfg(test)]
mod tests;
mod values;

use std::{borrow::Cow, collections::HashMap};

use anyhow::{anyhow, bail};
use serde::Deserialize;
use serde_json::{Value as Json, error::Category, value::RawValue};

use self::{configuration::Configuration, resource::Webhook, values::Marked};
use super::{Destination, Project, ProjectOrigin, Projects, SkippedInput};
use crate::files::not_json;

/// The members of a plan or a state that are read. Values of other resources are not parsed.
#[derive(Deserialize)]
struct Document<'a> {
    #[serde(rename = "format_version")]
    _format_version: String,
    #[serde(borrow)]
    planned_values: Option<State<'a>>,
    #[serde(borrow)]
    values: Option<State<'a>>,
    #[serde(borrow)]
    prior_state: Option<PriorState<'a>>,
    #[serde(borrow, default)]
    resource_changes: Vec<ResourceChange<'a>>,
    #[serde(borrow, default)]
    deferred_changes: Vec<Deferred<'a>>,
    #[serde(borrow)]
    configuration: Option<&'a RawValue>,
    /// `true` if Terraform could not finish the plan.
    #[serde(default)]
    errored: bool,
    /// `Some(false)` if the plan leaves out changes, as with `-target`. Older versions do not write it.
    complete: Option<bool>,
}

#[derive(Deserialize)]
struct State<'a> {
    #[serde(borrow, default)]
    root_module: Module<'a>,
}

/// The state that a plan starts from.
#[derive(Deserialize)]
struct PriorState<'a> {
    #[serde(borrow)]
    values: Option<State<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Module<'a> {
    #[serde(borrow)]
    resources: Vec<Resource<'a>>,
    #[serde(borrow)]
    child_modules: Vec<Module<'a>>,
}

#[derive(Deserialize)]
struct Resource<'a> {
    address: String,
    mode: String,
    r#type: String,
    #[serde(borrow)]
    values: Option<&'a RawValue>,
    #[serde(borrow)]
    sensitive_values: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct ResourceChange<'a> {
    address: String,
    r#type: String,
    /// Set if the change is about an object that a failed replacement left behind.
    #[serde(default)]
    deposed: Option<String>,
    #[serde(borrow)]
    change: Option<Change<'a>>,
}

#[derive(Deserialize)]
struct Change<'a> {
    #[serde(borrow)]
    after_unknown: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Deferred<'a> {
    #[serde(borrow)]
    resource_change: Option<ResourceChange<'a>>,
}

const PROJECT: &str = "aws_codebuild_project";
const WEBHOOK: &str = "aws_codebuild_webhook";

/// The resources that deploy a CloudFormation template.
const STACKS: [&str; 4] = [
    "aws_cloudformation_stack",
    "aws_cloudformation_stack_set",
    "aws_serverlessapplicationrepository_cloudformation_stack",
    "aws_servicecatalog_provisioned_product",
];

/// Reads the projects of a plan or a state.
///
/// # Errors
/// If the file is neither, if Terraform could not finish the plan, or if the state is empty.
pub(crate) fn read(file: &str, bytes: &[u8], destination: &Destination) -> anyhow::Result<Projects> {
    let bytes = &*utf_8(bytes);
    let no_plan =
        || format!("{file}: this is not a plan or state of Terraform; make one with `terraform show -json PLAN`");
    let document: Document<'_> = serde_json::from_slice(bytes).map_err(|error| match error.classify() {
        Category::Data => anyhow!(no_plan()),
        Category::Io | Category::Syntax | Category::Eof => anyhow!(not_json(bytes, &error)).context(no_plan()),
    })?;
    if document.errored {
        bail!("{file}: Terraform could not finish this plan; correct the error that `terraform plan` reports");
    }
    let Some(State { root_module }) = document.planned_values.or(document.values) else {
        bail!("{file}: this state is empty; name a plan: `terraform show -json PLAN`");
    };
    let mut resources = Vec::new();
    collect(&root_module, &mut resources);
    // A plan that only refreshes has no values of its own, and changes nothing.
    let refreshed = document.prior_state.and_then(|prior| prior.values);
    if let Some(State { root_module }) = &refreshed
        && resources.is_empty()
        && document.resource_changes.is_empty()
    {
        collect(root_module, &mut resources);
    }
    let unknown = unknown_values(&document.resource_changes)?;
    let marked = |resource: &Resource<'_>| -> anyhow::Result<Marked> {
        let sensitive = parsed(resource.sensitive_values)?;
        Ok(Marked::new(parsed(resource.values)?, unknown.get(resource.address.as_str()), &sensitive))
    };
    let configuration = Configuration::read(parsed(document.configuration)?);
    let webhooks: Vec<Webhook> = resources
        .iter()
        .filter(|resource| resource.r#type == WEBHOOK)
        .map(|resource| Ok(Webhook::new(&resource.address, marked(resource)?, &configuration)))
        .collect::<anyhow::Result<_>>()?;
    let mut projects = Projects::default();
    let origin =
        |address: &str| ProjectOrigin { file: Some(file.to_owned()), address: address.to_owned(), place: None };
    for resource in resources.iter().filter(|resource| resource.r#type == PROJECT) {
        if resource.values.is_none() {
            let why = "Terraform removes this project from its state and leaves it as it is".to_owned();
            projects.left_out.push(SkippedInput { origin: origin(&resource.address), why });
            continue;
        }
        let region = configuration.region_of(&resource.address).or_else(|| destination.region.clone());
        let destination = Destination { region, ..destination.clone() };
        let may_have_default_tags = configuration.may_have_default_tags(&resource.address);
        projects.projects.push(Project {
            settings: resource::settings(
                &resource.address,
                marked(resource)?,
                &webhooks,
                may_have_default_tags,
                &destination,
            ),
            origin: origin(&resource.address),
            doubt: None,
        });
    }
    if document.complete == Some(false) {
        let why = "the plan is incomplete, as one with `-target`; scan a whole plan".to_owned();
        projects.left_out.push(SkippedInput { origin: origin("the rest of the plan"), why });
    }
    for stack in resources.iter().filter(|resource| STACKS.contains(&resource.r#type.as_str())) {
        let why = "the template that it deploys is not read; scan it by itself".to_owned();
        projects.left_out.push(SkippedInput { origin: origin(&stack.address), why });
    }
    for change in document.deferred_changes.iter().filter_map(|deferred| deferred.resource_change.as_ref()) {
        if change.r#type == PROJECT {
            let why = "Terraform has deferred this project to a later plan".to_owned();
            projects.left_out.push(SkippedInput { origin: origin(&change.address), why });
        }
    }
    Ok(projects)
}

/// The managed projects, webhooks and stacks of a module, and of the modules that it calls.
fn collect<'a, 'b>(module: &'b Module<'a>, found: &mut Vec<&'b Resource<'a>>) {
    let is_wanted = |kind: &str| matches!(kind, PROJECT | WEBHOOK) || STACKS.contains(&kind);
    let resources = module.resources.iter().filter(|resource| resource.mode == "managed");
    found.extend(resources.filter(|resource| is_wanted(&resource.r#type)));
    module.child_modules.iter().for_each(|module| collect(module, found));
}

/// The values that are known only after the plan was applied, by the addresses of projects and webhooks.
fn unknown_values<'a>(changes: &'a [ResourceChange<'_>]) -> anyhow::Result<HashMap<&'a str, Json>> {
    let changes = changes.iter().filter(|change| change.deposed.is_none());
    let changes = changes.filter(|change| matches!(change.r#type.as_str(), PROJECT | WEBHOOK));
    let unknown = changes.map(|change| {
        let unknown = change.change.as_ref().and_then(|change| change.after_unknown);
        Ok((change.address.as_str(), parsed(unknown)?))
    });
    unknown.collect()
}

/// Returns the text as UTF-8, without a byte order mark. PowerShell's `>` writes UTF-16.
fn utf_8(bytes: &[u8]) -> Cow<'_, [u8]> {
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => rest.into(),
        [0xff, 0xfe, rest @ ..] => {
            let units: Vec<u16> = rest.as_chunks().0.iter().copied().map(u16::from_le_bytes).collect();
            String::from_utf16_lossy(&units).into_bytes().into()
        }
        _ => bytes.into(),
    }
}

fn parsed(json: Option<&RawValue>) -> anyhow::Result<Json> {
    Ok(json.map(|json| serde_json::from_str(json.get())).transpose()?.unwrap_or_default())
}
