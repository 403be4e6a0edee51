//! `buildbrake explain`.

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, anyhow, bail};
use buildbrake_core::{
    event::{BuildEvent, Delivery, Trigger, TriggerKind},
    facts::inquiry::{Case, Reply},
    model::{Build, BuildArn, BuildBatch, BuildId, Progress, Project},
};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    files::{NotLoaded, PolicyFile},
    output::{Exit, print},
};

/// Explains, rule by rule, how a policy judges one build.
///
/// The input is an EventBridge event of CodeBuild, a Build of the API, or a page of
/// `aws codebuild batch-get-builds`. It is judged as the function judges it: an event by what
/// it contains, a Build by everything that the API knows of it. Shows which selectors match,
/// where each fact comes from, what the parts of an expression evaluate to, and what the
/// function would ask AWS next. Makes no call, and shows no secret of the build.
///
/// Exit status: 0 success, 2 the policy has a fault, or the input is unusable.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The policy file.
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// The event or Build, as JSON; `-` reads standard input.
    input: PathBuf,
    /// The id or ARN of the build to explain, if the input contains several.
    #[arg(long, value_name = "ID")]
    build: Option<String>,
    /// The build's project, as `aws codebuild batch-get-projects` prints it.
    #[arg(long, value_name = "FILE")]
    project: Option<PathBuf>,
    /// The batch of the build, as `aws codebuild batch-get-build-batches` prints it.
    #[arg(long, value_name = "FILE")]
    batch: Option<PathBuf>,
    /// The moment at which the build is judged, such as `2026-11-20T09:00:00Z`. The default is
    /// the event's time, or the Build's end, or else now.
    #[arg(long, value_name = "TIME")]
    now: Option<Timestamp>,
    /// The output format.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Format {
    /// Text for people.
    Text,
    /// One JSON object.
    Json,
}

/// A build of the input.
enum Input {
    /// An event about it.
    Event(BuildEvent),
    /// The API's Build.
    Build(BuildEvent),
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let policy = match PolicyFile::load(&arguments.policy) {
        Ok(file) => file.policy,
        Err(NotLoaded::Faulty | NotLoaded::Unreadable) => return Ok(Exit::Error),
    };
    let name = arguments.input.display().to_string();
    let input = input(&read(&arguments.input)?, arguments.build.as_deref()).with_context(|| name)?;
    let now = arguments.now.unwrap_or_else(|| moment(&input));
    let mut case = match input {
        Input::Event(event) => Case::of_event(&policy, event, now),
        Input::Build(event) => Case::of_build(&policy, event, now),
    };
    if let Some(path) = &arguments.project {
        let name = case.build().project_name.clone().unwrap_or_else(|| case.event().id.project().to_owned());
        let projects: Vec<Project> = elements(path, "projects")?;
        let project = projects.into_iter().find(|project| project.name.as_ref() == Some(&name));
        let project = project.ok_or_else(|| anyhow!("{}: the project of the build is not there", path.display()))?;
        case.add(Reply::Project(Some(Arc::new(project))), now);
    }
    if let Some(path) = &arguments.batch {
        let batches: Vec<BuildBatch> = elements(path, "buildBatches")?;
        let arn = case.build().build_batch_arn.as_deref();
        let mut batches = batches.into_iter().filter(|batch| arn.is_none() || batch.arn.as_deref() == arn);
        let batch = batches.next().ok_or_else(|| anyhow!("{}: the batch of the build is not there", path.display()))?;
        case.add(Reply::Batch(Some(Arc::new(batch))), now);
    }
    let mut explanation = case.explain(now);
    explanation.notes = notes(&case);
    print(&match arguments.format {
        Format::Text => explanation.to_string(),
        Format::Json => format!("{}\n", serde_json::to_string_pretty(&explanation)?),
    })
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    if path == Path::new("-") {
        let mut bytes = Vec::new();
        io::stdin().read_to_end(&mut bytes).context("standard input cannot be read")?;
        return Ok(bytes);
    }
    fs::read(path).with_context(|| format!("{}: the file cannot be read", path.display()))
}

/// Parses an event, a Build, or a page of Builds.
fn input(bytes: &[u8], chosen: Option<&str>) -> anyhow::Result<Input> {
    let json: Value = serde_json::from_slice(bytes)
        .map_err(|error| anyhow!("it is not JSON at line {}, column {}", error.line(), error.column()))?;
    if json.get("detail-type").is_some() {
        return match Trigger::parse(bytes)? {
            Trigger::Build(event) if is_chosen(&event.id, chosen) => Ok(Input::Event(event)),
            Trigger::Build(event) => bail!("the event is about the build `{}`; drop `--build`", event.id.as_str()),
            Trigger::Sweep(_) => bail!("this event starts a sweep of all running builds; use the event of one build"),
            Trigger::Fleet => bail!("this event is about a fleet; use the event of a build"),
        };
    }
    let builds = match json {
        Value::Array(builds) => builds,
        Value::Object(mut page) => match page.remove("builds") {
            Some(Value::Array(builds)) => builds,
            Some(_) => bail!("`builds` is not a list; use the output of `aws codebuild batch-get-builds`"),
            None => vec![Value::Object(page)],
        },
        _ => Vec::new(),
    };
    let mut found = Vec::new();
    for build in builds {
        let build: Box<Build> = serde_json::from_value(build).map_err(|_| anyhow!("{NO_BUILD}"))?;
        let arn = build.arn.as_deref().and_then(|arn| arn.parse::<BuildArn>().ok()).map(|arn| arn.id);
        let id = build.id.as_deref().and_then(|id| id.parse().ok()).or(arn);
        let Some(id) = id else { bail!("{NO_BUILD}") };
        found.push(BuildEvent::new(TriggerKind::Sweep, id, None, build));
    }
    let count = found.len();
    let mut found: Vec<BuildEvent> = found.into_iter().filter(|event| is_chosen(&event.id, chosen)).collect();
    match (found.pop(), found.is_empty(), chosen) {
        (Some(event), true, _) => Ok(Input::Build(event)),
        (Some(_), false, _) => bail!("the input contains {count} builds; choose one with `--build ID`"),
        (None, _, Some(id)) => bail!("the input contains {count} builds, but not `{id}`"),
        (None, _, None) => bail!("{NO_BUILD}"),
    }
}

const NO_BUILD: &str = "neither an event of EventBridge nor a Build with its `id` or `arn`; use an event as CodeBuild \
                        sent it, or the output of `aws codebuild batch-get-builds`";

/// Returns whether the build is the one of `--build`: an id, an ARN, or the UUID alone.
fn is_chosen(id: &BuildId, chosen: Option<&str>) -> bool {
    chosen.is_none_or(|chosen| {
        let chosen = chosen.rsplit_once('/').map_or(chosen, |(_, id)| id);
        chosen == id.as_str() || chosen == id.uuid()
    })
}

/// The moment at which the function would have judged the build.
fn moment(input: &Input) -> Timestamp {
    let known = match input {
        Input::Event(event) => event.time,
        Input::Build(event) => event.build.end_time,
    };
    known.unwrap_or_else(Timestamp::now)
}

/// The elements of a page, or the one element that the file contains.
fn elements<T: DeserializeOwned>(path: &Path, list: &str) -> anyhow::Result<Vec<T>> {
    let name = path.display();
    let json: Value = serde_json::from_slice(&read(path)?)
        .map_err(|error| anyhow!("{name}: it is not JSON at line {}, column {}", error.line(), error.column()))?;
    let elements = match json {
        Value::Object(mut page) if page.contains_key(list) => page.remove(list).unwrap_or_default(),
        other => Value::Array(vec![other]),
    };
    serde_json::from_value(elements).map_err(|_| anyhow!("{name}: it does not contain `{list}` of the API"))
}

/// What the function does about the build, whatever the rules are.
fn notes(case: &Case<'_>) -> Vec<String> {
    let ended = case.build().progress() == Progress::Ended;
    let old = match case.event().delivery {
        Delivery::Live => None,
        Delivery::Replayed => Some("the event was replayed from an archive"),
        Delivery::Redriven => Some("the event is from Lambda's record of an invocation that failed"),
    };
    let ended = ended.then(|| "the build has ended, so it is not stopped; this is how the rules judge it".to_owned());
    let old = old.map(|old| format!("{old}; the function would fetch the Build before it judges anything"));
    ended.into_iter().chain(old).collect()
}
