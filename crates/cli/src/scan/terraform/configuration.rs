//! The parts of a plan's configuration that are read: the regions and default tags of providers, and the references of
//! webhooks.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value as Json;

use super::resource::without_keys;

/// The configuration of a plan. A state has none.
#[derive(Debug, Default)]
pub(super) struct Configuration {
    /// The regions of the projects' providers, by the addresses of the projects without keys.
    regions: HashMap<String, String>,
    /// The addresses of the projects, without keys, whose providers add no tags.
    without_default_tags: BTreeSet<String>,
    /// The addresses of the webhooks' projects, by the addresses of the webhooks, both without keys.
    projects: HashMap<String, String>,
}

impl Configuration {
    pub(super) fn read(json: Json) -> Self {
        let mut configuration = Self::default();
        let providers = json.get("provider_config").unwrap_or(&Json::Null);
        configuration.module(json.get("root_module").unwrap_or(&Json::Null), "", providers);
        configuration
    }

    fn module(&mut self, module: &Json, prefix: &str, providers: &Json) {
        let text = |json: &Json, name: &str| json.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
        for resource in module.get("resources").and_then(Json::as_array).into_iter().flatten() {
            let address = format!("{prefix}{}", text(resource, "address"));
            match resource.get("type").and_then(Json::as_str) {
                Some(super::PROJECT) => {
                    let provider = providers.get(text(resource, "provider_config_key"));
                    if provider.is_some_and(|provider| provider.pointer("/expressions/default_tags").is_none()) {
                        self.without_default_tags.insert(address.clone());
                    }
                    let region = provider.and_then(|provider| provider.pointer("/expressions/region/constant_value"));
                    self.regions.extend(region.and_then(Json::as_str).map(|region| (address, region.to_owned())));
                }
                Some(super::WEBHOOK) => {
                    let references = resource.pointer("/expressions/project_name/references").and_then(Json::as_array);
                    let mut references = references.into_iter().flatten().filter_map(Json::as_str);
                    let project = references.find(|reference| {
                        let rest = reference.strip_prefix(super::PROJECT).and_then(|rest| rest.strip_prefix('.'));
                        // A longer reference names an attribute: `aws_codebuild_project.app.name`.
                        rest.is_some_and(|rest| !without_keys(rest).contains('.'))
                    });
                    self.projects
                        .extend(project.map(|project| (address, format!("{prefix}{}", without_keys(project)))));
                }
                _ => {}
            }
        }
        for (name, call) in module.get("module_calls").and_then(Json::as_object).into_iter().flatten() {
            self.module(call.get("module").unwrap_or(&Json::Null), &format!("{prefix}module.{name}."), providers);
        }
    }

    /// The region of a project's provider, if the configuration names it.
    pub(super) fn region_of(&self, address: &str) -> Option<String> {
        self.regions.get(&without_keys(address)).cloned()
    }

    /// Returns whether a project's provider may add tags to it.
    pub(super) fn may_have_default_tags(&self, address: &str) -> bool {
        !self.without_default_tags.contains(&without_keys(address))
    }

    /// The address of the project that a webhook refers to, without the key of an instance.
    pub(super) fn project_of(&self, address: &str) -> Option<String> {
        self.projects.get(&without_keys(address)).cloned()
    }
}
