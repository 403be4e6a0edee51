//! A project that is judged before it builds.

use serde_json::{Map, Value as Json, json};

use super::{
    build,
    given::{PlannedSettings, Setting},
};
use crate::{
    diagnostic::Place,
    facts::planned::{PlannedBuild, UnknownMembers},
    model::{Build, Project},
};

/// A flag of every source. CodeBuild returns it even if it was left out.
/// <https://docs.aws.amazon.com/cli/latest/reference/codebuild/batch-get-projects.html>
const INSECURE_SSL: &str = "source.insecureSsl";

/// The settings that a project has if it leaves them out.
/// <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_CreateProject.html>,
/// <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_ProjectEnvironment.html>,
/// <https://docs.aws.amazon.com/codebuild/latest/userguide/create-project.html>
fn defaults() -> [(&'static str, Json); 16] {
    [
        ("timeoutInMinutes", json!(60)),
        ("queuedTimeoutInMinutes", json!(480)),
        ("autoRetryLimit", json!(0)),
        ("secondarySources", json!([])),
        ("secondarySourceVersions", json!([])),
        ("secondaryArtifacts", json!([])),
        ("tags", json!([])),
        ("projectVisibility", json!("PRIVATE")),
        ("badge.badgeEnabled", json!(false)),
        ("cache.type", json!("NO_CACHE")),
        ("logsConfig.cloudWatchLogs.status", json!("ENABLED")),
        ("logsConfig.s3Logs.status", json!("DISABLED")),
        (INSECURE_SSL, json!(false)),
        ("environment.privilegedMode", json!(false)),
        ("environment.imagePullCredentialsType", json!("CODEBUILD")),
        ("environment.environmentVariables", json!([])),
    ]
}

/// A project, as far as it is known, and the build that starts with its settings.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedProject {
    pub(super) project: Project,
    pub(super) build: Build,
    pub(super) planned: PlannedBuild,
    places: Vec<(String, Place)>,
    variables: Vec<(String, Place)>,
    /// The settings that are left out, and have CodeBuild's defaults.
    defaults: Vec<&'static str>,
}

impl PlannedProject {
    /// Reads the settings of a project that is not deployed: its members, with the API's names.
    /// `account` and `region` are those that it will be deployed to, if they are known.
    pub fn new(members: &[(String, Setting)], account: Option<String>, region: Option<String>) -> Self {
        let PlannedSettings { known, mut unknown, places, variables } = PlannedSettings::read(members);
        let whole = if account.is_some() && region.is_some() { "partition" } else { "account or region" };
        unknown.add("arn", format!("the {whole} is unknown before the project is deployed"));
        for (member, why) in [
            ("created", "the project is not deployed"),
            ("lastModified", "the project is not deployed"),
            ("publicProjectAlias", "CodeBuild chooses it"),
            ("badge.badgeRequestUrl", "CodeBuild chooses it"),
            ("webhook.payloadUrl", "CodeBuild chooses it"),
            ("webhook.url", "CodeBuild chooses it"),
            ("webhook.secret", "CodeBuild chooses it"),
        ] {
            unknown.add(member, why);
        }
        if !known.contains_key("encryptionKey") {
            unknown.add("encryptionKey", "CodeBuild chooses the key");
        }
        let planned = PlannedBuild { project: unknown, account, region, ..PlannedBuild::default() };
        Self { places, variables, ..Self::of(known, planned) }
    }

    /// Reads a project that is deployed.
    pub fn deployed(project: &Project) -> Self {
        let part = |colons: usize| {
            let part = project.arn.as_deref()?.split(':').nth(colons);
            part.filter(|part| !part.is_empty()).map(str::to_owned)
        };
        let planned = PlannedBuild { account: part(4), region: part(3), ..PlannedBuild::default() };
        let known = match json!(project) {
            Json::Object(members) => members,
            _ => Map::new(),
        };
        Self::of(known, planned)
    }

    fn of(mut known: Map<String, Json>, planned: PlannedBuild) -> Self {
        let defaults = fill(&mut known, &planned.project);
        // Each member is read leniently, so that this cannot fail.
        let project: Project = serde_json::from_value(Json::Object(known)).unwrap_or_default();
        let build = build::of(&project);
        let mut planned = PlannedBuild { build: build::unknown(&project, &planned.project), ..planned };
        for (member, value) in [("account", &planned.account), ("region", &planned.region)] {
            if value.is_none() {
                planned.build.add(member, format!("the {member} is not given"));
            }
        }
        Self { project, build, planned, places: Vec::new(), variables: Vec::new(), defaults }
    }

    /// The project's name, if it is known.
    pub fn name(&self) -> Option<&str> {
        self.project.name.as_deref()
    }

    /// The account that it is or will be in, if that is known.
    pub fn account(&self) -> Option<&str> {
        self.planned.account.as_deref()
    }

    /// The region that it is or will be in, if that is known.
    pub fn region(&self) -> Option<&str> {
        self.planned.region.as_deref()
    }

    /// Returns whether a setting is left out, so that it has CodeBuild's default.
    pub fn is_default(&self, path: &str) -> bool {
        self.defaults.contains(&path)
    }

    /// The place of an environment variable's name.
    pub(super) fn place_of_variable(&self, name: &str) -> Option<Place> {
        self.variables.iter().find(|(other, _)| other == name).map(|(_, place)| *place)
    }

    /// The place of a setting, or of the structure that contains it.
    pub fn place(&self, path: &str) -> Option<Place> {
        let is_of = |outer: &str| path.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        let within = self.places.iter().filter(|(outer, _)| is_of(outer));
        within.max_by_key(|(outer, _)| outer.len()).map(|(_, place)| *place)
    }
}

/// Adds the defaults of settings that are left out, and returns their paths.
fn fill(known: &mut Map<String, Json>, unknown: &UnknownMembers) -> Vec<&'static str> {
    let has_source = known.get("source").is_some_and(Json::is_object);
    let missing = defaults().into_iter().filter(|(path, _)| unknown.why(path).is_none());
    let missing = missing.filter(|(path, _)| *path != INSECURE_SSL || has_source);
    let filled = missing.filter_map(|(path, default)| add(known, path, default).then_some(path)).collect();
    let environment = known.get_mut("environment").and_then(|one| one.get_mut("environmentVariables"));
    // <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_EnvironmentVariable.html>
    if unknown.why("environment.environmentVariables[].type").is_none() {
        for variable in environment.and_then(Json::as_array_mut).into_iter().flatten() {
            variable.as_object_mut().into_iter().for_each(|variable| {
                variable.entry("type").or_insert_with(|| json!("PLAINTEXT"));
            });
        }
    }
    if unknown.why("secondarySources[].insecureSsl").is_none() {
        let sources = known.get_mut("secondarySources").and_then(Json::as_array_mut);
        for source in sources.into_iter().flatten().filter_map(Json::as_object_mut) {
            add(source, "insecureSsl", json!(false));
        }
    }
    filled
}

/// Adds a member if it is absent, and returns whether it was.
fn add(structure: &mut Map<String, Json>, path: &str, default: Json) -> bool {
    match path.split_once('.') {
        None => {
            let member = structure.entry(path).or_insert(Json::Null);
            let is_absent = member.is_null();
            if is_absent {
                *member = default;
            }
            is_absent
        }
        Some((outer, rest)) => {
            let member = structure.entry(outer).or_insert_with(|| json!({}));
            member.as_object_mut().is_some_and(|inner| add(inner, rest, default))
        }
    }
}
