//! A region with projects and builds, and its CodeBuild: it lists as the API does, by
//! pages of a hundred, the newest builds first.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    codebuild::{CodeBuild, refusal, running, stop_answer, stopped, succeeded},
    http::Reply,
};

/// The projects by their names, each with its builds, the oldest first.
#[derive(Clone, Default)]
pub struct Region(Arc<Mutex<BTreeMap<String, Vec<Value>>>>);

impl Region {
    /// A project, with or without builds.
    pub fn project(&self, name: &str) {
        self.0.lock().unwrap().entry(name.to_owned()).or_default();
    }

    /// A build that was started so many minutes ago and runs since, of a branch. Its id.
    pub fn running(&self, project: &str, minutes: i64, branch: &str) -> String {
        self.add(project, minutes, branch, running)
    }

    /// A build that has ended.
    pub fn ended(&self, project: &str, minutes: i64) -> String {
        self.add(project, minutes, "main", succeeded)
    }

    fn add(&self, project: &str, minutes: i64, branch: &str, build: fn(&str) -> Value) -> String {
        let mut projects = self.0.lock().unwrap();
        let builds = projects.entry(project.to_owned()).or_default();
        let id = format!("{project}:5e000000-0000-4000-8000-{:012}", builds.len());
        let mut build = build(&id);
        let start = seconds(minutes);
        build["startTime"] = json!(start);
        build["sourceVersion"] = json!(branch);
        build["phases"] = json!([
            {"phaseType": "SUBMITTED", "startTime": start, "endTime": start},
            {"phaseType": "QUEUED", "startTime": start, "endTime": start},
            {"phaseType": "PROVISIONING", "startTime": start},
        ]);
        builds.push(build);
        builds
            .sort_by(|one, other| one["startTime"].as_f64().unwrap().total_cmp(&other["startTime"].as_f64().unwrap()));
        id
    }

    /// Changes one build.
    pub fn change(&self, id: &str, change: impl FnOnce(&mut Value)) {
        change(self.0.lock().unwrap().values_mut().flatten().find(|build| build["id"] == id).unwrap());
    }

    /// The ids of the builds that are stopped.
    pub fn stopped(&self) -> BTreeSet<String> {
        let projects = self.0.lock().unwrap();
        let stopped = projects.values().flatten().filter(|build| build["buildStatus"] == "STOPPED");
        stopped.map(|build| build["id"].as_str().unwrap().to_owned()).collect()
    }

    /// Its CodeBuild.
    pub fn codebuild(&self) -> CodeBuild {
        self.spoilt_codebuild(|_, _| None)
    }

    /// A CodeBuild that answers otherwise where it is told to.
    pub fn spoilt_codebuild(&self, spoil: impl Fn(&str, &Value) -> Option<Reply> + Send + Sync + 'static) -> CodeBuild {
        let region = self.clone();
        CodeBuild::answering(move |operation, input| {
            spoil(operation, input).unwrap_or_else(|| region.answer(operation, input))
        })
    }

    fn answer(&self, operation: &str, input: &Value) -> Reply {
        let mut projects = self.0.lock().unwrap();
        match operation {
            "ListProjects" => page("projects", projects.keys().cloned(), input),
            "ListBuildsForProject" => match projects.get(input["projectName"].as_str().unwrap()) {
                Some(builds) => {
                    assert!(input.get("sortOrder").is_none(), "the API refuses it of a project of over 100 builds");
                    page("ids", builds.iter().rev().map(|build| build["id"].as_str().unwrap().to_owned()), input)
                }
                None => refusal(400, "ResourceNotFoundException", "Project not found"),
            },
            "BatchGetBuilds" => {
                let ids = names(&input["ids"]);
                assert!((1..=100).contains(&ids.len()), "{} ids", ids.len());
                let find = |id: &String| {
                    let builds = projects.get(id.split(':').next().unwrap())?;
                    builds.iter().find(|build| build["id"] == **id)
                };
                let found: Vec<&Value> = ids.iter().filter_map(find).collect();
                let missing: Vec<&String> = ids.iter().filter(|id| find(id).is_none()).collect();
                Reply::json(200, json!({"builds": found, "buildsNotFound": missing}))
            }
            "BatchGetProjects" => {
                let found: Vec<Value> =
                    names(&input["names"]).iter().map(|name| json!({"name": name, "tags": tags(name)})).collect();
                Reply::json(200, json!({"projects": found, "projectsNotFound": []}))
            }
            "StopBuild" => {
                let id = input["id"].as_str().unwrap();
                let builds = projects.get_mut(id.split(':').next().unwrap()).unwrap();
                let build = builds.iter_mut().find(|build| build["id"] == id).unwrap();
                for member in ["buildStatus", "buildComplete", "currentPhase", "endTime"] {
                    build[member] = stopped(id)[member].clone();
                }
                stop_answer(build.clone())
            }
            _ => panic!("{operation}"),
        }
    }
}

/// So many minutes ago, as the API writes it.
pub fn seconds(minutes: i64) -> f64 {
    (Timestamp::now() - SignedDuration::from_mins(minutes)).as_millisecond() as f64 / 1000.0
}

/// A project whose name begins so is one of a team of that name.
fn tags(project: &str) -> Value {
    json!([{"key": "team", "value": project.split('-').next().unwrap()}])
}

fn names(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

fn page(member: &str, all: impl Iterator<Item = String>, input: &Value) -> Reply {
    let start: usize = input["nextToken"].as_str().map_or(0, |token| token.parse().unwrap());
    let all: Vec<String> = all.collect();
    let end = all.len().min(start + 100);
    let mut answer = json!({member: all[start..end]});
    if end < all.len() {
        answer["nextToken"] = json!(end.to_string());
    }
    Reply::json(200, answer)
}
