//! The state of CodeBuild, and the effects of its operations.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    builds::{self, ACCOUNT, REGION, end, now, phases, project_of, refusal, running_in, stop_answer},
    endpoint::Call,
    sandboxes,
};
use crate::http::Reply;

/// An account and a region.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    account: String,
    region: String,
}

impl Default for Place {
    fn default() -> Self {
        Self { account: ACCOUNT.to_owned(), region: REGION.to_owned() }
    }
}

impl Place {
    /// The place that an ARN names: `arn:aws:codebuild:eu-west-1:111122223333:build/…`.
    fn of(value: &Value) -> Self {
        let mut parts = value["arn"].as_str().unwrap_or_default().split(':').skip(3).map(str::to_owned);
        match (parts.next(), parts.next()) {
            (Some(region), Some(account)) => Self { account, region },
            _ => Self::default(),
        }
    }
}

#[derive(Clone, Default)]
struct Project {
    /// As `BatchGetProjects` returns it.
    settings: Value,
    builds: BTreeMap<String, Value>,
    batches: BTreeMap<String, Value>,
    sandboxes: BTreeMap<String, Value>,
}

#[derive(Clone, Default)]
pub(super) struct State {
    /// A build that it does not have starts when it is asked for.
    pub(super) has_every_build: bool,
    /// The projects by their names.
    regions: BTreeMap<Place, BTreeMap<String, Project>>,
}

impl State {
    pub(super) fn put(&mut self, build: Value) {
        let id = text(&build, "id");
        self.project(Place::of(&build), project_of(&id)).builds.insert(id, build);
    }

    pub(super) fn put_batch(&mut self, batch: Value) {
        let id = text(&batch, "id");
        self.project(Place::of(&batch), project_of(&id)).batches.insert(id, batch);
    }

    pub(super) fn put_sandbox(&mut self, sandbox: Value) {
        let id = text(&sandbox, "id");
        self.project(Place::of(&sandbox), project_of(&id)).sandboxes.insert(id, sandbox);
    }

    pub(super) fn put_project(&mut self, settings: Value) {
        let (place, name) = (Place::of(&settings), text(&settings, "name"));
        self.project(place, &name).settings = settings;
    }

    /// Returns the number of builds of a project.
    pub(super) fn count(&mut self, place: &Place, project: &str) -> usize {
        self.project(place.clone(), project).builds.len()
    }

    /// Returns the number of sandboxes of a project.
    pub(super) fn count_sandboxes(&mut self, place: &Place, project: &str) -> usize {
        self.project(place.clone(), project).sandboxes.len()
    }

    pub(super) fn sandboxes(&mut self) -> impl Iterator<Item = &mut Value> {
        self.regions.values_mut().flat_map(BTreeMap::values_mut).flat_map(|project| project.sandboxes.values_mut())
    }

    /// The sandbox of this id, wherever it is.
    pub(super) fn sandbox(&mut self, id: &str) -> Option<&mut Value> {
        self.regions.values_mut().find_map(|projects| find_sandbox(projects, id))
    }

    pub(super) fn builds(&mut self) -> impl Iterator<Item = &mut Value> {
        self.regions.values_mut().flat_map(BTreeMap::values_mut).flat_map(|project| project.builds.values_mut())
    }

    /// The build of this id, wherever it is.
    pub(super) fn build(&mut self, id: &str) -> Option<&mut Value> {
        self.regions.values_mut().find_map(|projects| find_build(projects, id))
    }

    /// The batch of this id, wherever it is.
    pub(super) fn batch(&self, id: &str) -> Option<&Value> {
        self.regions.values().find_map(|projects| projects.get(project_of(id))?.batches.get(id))
    }

    /// The project, which is added if it is missing.
    fn project(&mut self, place: Place, name: &str) -> &mut Project {
        let settings = builds::project(&place.account, &place.region, name);
        let projects = self.regions.entry(place).or_default();
        projects.entry(name.to_owned()).or_insert_with(|| Project { settings, ..Project::default() })
    }

    pub(super) fn answer(&mut self, call: &Call) -> Reply {
        let place = Place { account: call.account.clone(), region: call.region.clone() };
        if self.has_every_build && ["StopBuild", "BatchGetBuilds"].contains(&call.operation.as_str()) {
            for id in names(&call.input["ids"]).into_iter().chain(call.input["id"].as_str().map(str::to_owned)) {
                let build = running_in(&place.account, &place.region, &id);
                self.project(place.clone(), project_of(&id)).builds.entry(id).or_insert(build);
            }
        }
        let projects = self.regions.entry(place.clone()).or_default();
        let input = &call.input;
        match call.operation.as_str() {
            "StopBuild" => match find_build(projects, call.id()) {
                Some(build) => {
                    stop(build);
                    stop_answer(build.clone())
                }
                None => not_found("Build not found"),
            },
            "StopBuildBatch" => match stop_batch(projects, call.id()) {
                Some(batch) => Reply::json(200, json!({ "buildBatch": batch })),
                None => not_found("Build batch not found"),
            },
            "StopSandbox" => match find_sandbox(projects, call.id()) {
                Some(sandbox) => {
                    sandboxes::stop(sandbox);
                    Reply::json(200, json!({ "sandbox": sandbox }))
                }
                None => not_found("Sandbox not found"),
            },
            "BatchGetSandboxes" => {
                let all = projects.values_mut().flat_map(|project| project.sandboxes.values_mut());
                all.for_each(sandboxes::settle);
                get("sandboxes", &input["ids"], |id| projects.get(project_of(id))?.sandboxes.get(id).cloned())
            }
            "ListSandboxes" => {
                let all = projects.values().flat_map(|project| project.sandboxes.keys());
                page("ids", all.cloned().collect(), input)
            }
            "BatchGetBuilds" => {
                get("builds", &input["ids"], |id| projects.get(project_of(id))?.builds.get(id).cloned())
            }
            "BatchGetBuildBatches" => {
                get("buildBatches", &input["ids"], |id| projects.get(project_of(id))?.batches.get(id).cloned())
            }
            "BatchGetProjects" => get("projects", &input["names"], |name| Some(projects.get(name)?.settings.clone())),
            "ListProjects" => page("projects", projects.keys().cloned().collect(), input),
            "ListBuilds" => {
                page("ids", newest_first(projects.values().flat_map(|project| project.builds.values())), input)
            }
            "ListBuildsForProject" => match projects.get(&text(input, "projectName")) {
                // The API does not sort a list of more than a hundred builds.
                Some(project) if input.get("sortOrder").is_some() && project.builds.len() > 100 => {
                    refusal(400, "InvalidInputException", "Cannot sort more than 100 builds")
                }
                Some(project) => page("ids", newest_first(project.builds.values()), input),
                None => not_found("Project not found"),
            },
            "ListBuildBatchesForProject" => match projects.get(&text(input, "projectName")) {
                Some(project) => {
                    let status = &input["filter"]["status"];
                    let fits = |batch: &&Value| status.is_null() || batch["buildBatchStatus"] == *status;
                    page("ids", newest_first(project.batches.values().filter(fits)), input)
                }
                None => not_found("Project not found"),
            },
            "CreateProject" => {
                let mut settings = builds::project(&place.account, &place.region, &text(input, "name"));
                merge(&mut settings, input);
                self.put_project(settings.clone());
                Reply::json(200, json!({ "project": settings }))
            }
            "StartBuild" => match projects.get_mut(&text(input, "projectName")) {
                Some(project) => stop_answer(start(&place, project, input)),
                None => not_found("Project not found"),
            },
            operation => refusal(400, "UnknownOperationException", &format!("{operation} is not supported")),
        }
    }
}

fn find_build<'a>(projects: &'a mut BTreeMap<String, Project>, id: &str) -> Option<&'a mut Value> {
    projects.get_mut(project_of(id))?.builds.get_mut(id)
}

fn find_sandbox<'a>(projects: &'a mut BTreeMap<String, Project>, id: &str) -> Option<&'a mut Value> {
    projects.get_mut(project_of(id))?.sandboxes.get_mut(id)
}

/// Stops a build; one that has ended stays as it is.
fn stop(build: &mut Value) {
    if build["buildStatus"] == "IN_PROGRESS" {
        end(build, "STOPPED", now());
    }
}

/// Stops a batch and its builds; one that has ended stays as it is.
fn stop_batch(projects: &mut BTreeMap<String, Project>, id: &str) -> Option<Value> {
    let project = projects.get_mut(project_of(id))?;
    let batch = project.batches.get_mut(id)?;
    if batch["buildBatchStatus"] == "IN_PROGRESS" {
        batch["buildBatchStatus"] = json!("STOPPED");
        batch["complete"] = json!(true);
        let arn = &batch["arn"];
        project.builds.values_mut().filter(|build| &build["buildBatchArn"] == arn).for_each(stop);
    }
    Some(batch.clone())
}

/// Starts a build of a project with the overrides of a `StartBuild` call. It runs until it is
/// stopped.
fn start(place: &Place, project: &mut Project, input: &Value) -> Value {
    let (number, name) = (project.builds.len() + 1, text(&project.settings, "name"));
    let id = format!("{name}:5e000000-0000-4000-8000-{number:012}");
    let mut build = running_in(&place.account, &place.region, &id);
    let mut settings = project.settings.clone();
    let of_project_alone = ["name", "arn", "tags", "description", "webhook", "badge", "created", "lastModified"];
    settings.as_object_mut().unwrap().retain(|member, _| !of_project_alone.contains(&member.as_str()));
    merge(&mut build, &settings);
    for (parameter, member) in [
        ("sourceVersion", "/sourceVersion"),
        ("sourceTypeOverride", "/source/type"),
        ("sourceLocationOverride", "/source/location"),
        ("imageOverride", "/environment/image"),
        ("computeTypeOverride", "/environment/computeType"),
        ("environmentTypeOverride", "/environment/type"),
        ("environmentVariablesOverride", "/environment/environmentVariables"),
        ("privilegedModeOverride", "/environment/privilegedMode"),
        ("timeoutInMinutesOverride", "/timeoutInMinutes"),
        ("queuedTimeoutInMinutesOverride", "/queuedTimeoutInMinutes"),
        ("serviceRoleOverride", "/serviceRole"),
    ] {
        if let Some(value) = input.get(parameter) {
            let (object, name) = member.rsplit_once('/').unwrap();
            build.pointer_mut(object).unwrap()[name] = value.clone();
        }
    }
    let begun = now();
    build["buildNumber"] = json!(number);
    build["startTime"] = json!(begun);
    build["phases"] = phases(begun);
    project.builds.insert(id, build.clone());
    build
}

fn merge(object: &mut Value, more: &Value) {
    object.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
}

fn not_found(message: &str) -> Reply {
    refusal(400, "ResourceNotFoundException", message)
}

fn text(value: &Value, member: &str) -> String {
    value[member].as_str().unwrap_or_default().to_owned()
}

fn names(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The answer of a `BatchGet…` operation: the wanted things that exist, and the names of the others.
fn get(member: &str, wanted: &Value, find: impl Fn(&str) -> Option<Value>) -> Reply {
    let wanted = names(wanted);
    if !(1..=100).contains(&wanted.len()) {
        return refusal(400, "InvalidInputException", "Between 1 and 100 names are allowed");
    }
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for name in wanted {
        match find(&name) {
            Some(value) => found.push(value),
            None => missing.push(name),
        }
    }
    Reply::json(200, json!({member: found, format!("{member}NotFound"): missing}))
}

/// The ids of builds or batches, as the API lists them.
fn newest_first<'a>(values: impl Iterator<Item = &'a Value>) -> Vec<String> {
    let mut values: Vec<&Value> = values.collect();
    let start = |value: &Value| value["startTime"].as_f64().unwrap_or_default();
    values.sort_by(|one, other| start(other).total_cmp(&start(one)));
    values.into_iter().map(|value| text(value, "id")).collect()
}

/// A page of a hundred.
fn page(member: &str, all: Vec<String>, input: &Value) -> Reply {
    let start = input["nextToken"].as_str().and_then(|token| token.parse().ok()).unwrap_or(0).min(all.len());
    let end = all.len().min(start + 100);
    let mut answer = json!({member: all[start..end]});
    if end < all.len() {
        answer["nextToken"] = json!(end.to_string());
    }
    Reply::json(200, answer)
}
