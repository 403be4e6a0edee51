//! `buildbrake explain`.

mod found;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, anyhow, bail, ensure};
use buildbrake_core::{
    event::{BuildEvent, Delivery, Trigger, TriggerKind},
    facts::inquiry::{Case, Reply, Source},
    history::{Life, PastBuild, RecordedRef, join},
    model::{BuildBatch, BuildId, Progress, Project, Sandbox},
};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::de::DeserializeOwned;
use serde_json::Value;

use self::found::{Found, USABLE};
use crate::{
    files::{PolicyFile, not_json},
    output::{Exit, count, print, print_note},
};

/// Explains, rule by rule, how a policy judges one build.
///
/// The input is an EventBridge event of CodeBuild, a Build or a Sandbox of the API, a page of
/// `aws codebuild batch-get-builds` or `batch-get-sandboxes`, or anything else that `buildbrake replay` reads. It is judged
/// as the function judges it: an event by what it contains, a Build by everything that the API
/// returns. Shows which selectors match, where each fact comes from, what the parts of an
/// expression evaluate to, and what the function would ask AWS next. Makes no call, and shows no secret of the build.
///
/// Exit status: 0 success, 2 the policy has a fault, or the input is unusable.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  buildbrake explain --policy policy.yaml events/forbidden-branch.json
  aws codebuild batch-get-builds --ids ID | buildbrake explain --policy policy.yaml -")]
pub(crate) struct Arguments {
    /// The policy file.
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// The event or Build, as JSON, plain or compressed; `-` reads standard input.
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
    /// the event's time, or the Build's end, or else now. Before its end, the build is judged as it was then.
    #[arg(long, value_name = "TIME", value_parser = parse_moment)]
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
enum InputBuild {
    /// The members that an event, a record or CloudTrail contains.
    Event(BuildEvent, Option<RecordedRef>),
    /// The API's Build.
    Build(BuildEvent, Option<RecordedRef>),
    /// The API's Sandbox.
    Sandbox(Box<Sandbox>),
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let policy = match PolicyFile::load(&arguments.policy) {
        Ok(file) => file.policy,
        Err(exit) => return Ok(exit),
    };
    let input = find(&arguments.input, arguments.build.as_deref())?;
    let now = arguments.now.unwrap_or_else(|| moment(&input));
    let is_whole = !matches!(input, InputBuild::Event(..));
    let (mut case, recorded_ref) = match input {
        InputBuild::Event(event, recorded_ref) => (Case::of_event(&policy, event, now), recorded_ref),
        InputBuild::Build(event, recorded_ref) => (Case::of_saved_build(&policy, event, now), recorded_ref),
        InputBuild::Sandbox(sandbox) => {
            let case = Case::of_sandbox(&policy, None, &sandbox, now);
            (case.ok_or_else(|| anyhow!("{}: the sandbox has no valid id", arguments.input.display()))?, None)
        }
    };
    let mut is_rewound = false;
    if let Some(at) = arguments.now {
        if let Some(start) = case.build().start_time.filter(|start| *start > at) {
            bail!("the {} started at {start}; use that moment or a later one for `--now`", case.kind().name());
        }
        case.judge_at(at, |build| is_rewound = Life::rewind(build, at));
    }
    case.compare_although_ended(now);
    if let Some(RecordedRef { name, from }) = recorded_ref {
        case.add_recorded_ref(name, from, now);
    }
    if let Some(path) = &arguments.project {
        let name = case.build().project_name.clone().unwrap_or_else(|| case.event().id.project().to_owned());
        let projects: Vec<Project> = elements(path, "projects")?;
        let project = projects.into_iter().find(|project| project.name.as_ref() == Some(&name));
        let project = project.ok_or_else(|| anyhow!("{}: the file contains no project `{name}`", path.display()))?;
        case.add(Reply::Project(Some(Arc::new(project))), now);
    }
    if let Some(path) = &arguments.batch {
        let batches: Vec<BuildBatch> = elements(path, "buildBatches")?;
        let is_of_build = |batch: &BuildBatch| match case.build().build_batch_arn.as_deref() {
            Some(arn) => batch.arn.as_deref() == Some(arn),
            // An event does not contain the batch's ARN.
            None => may_contain(batch, &case),
        };
        let belongs_to_none = is_whole && case.build().build_batch_arn.is_none();
        ensure!(!belongs_to_none, "the build belongs to no batch; drop `--batch`");
        let batch = batches
            .into_iter()
            .find(is_of_build)
            .ok_or_else(|| anyhow!("{}: the file does not contain the batch of the build", path.display()))?;
        case.add(Reply::Batch(Some(Arc::new(batch))), now);
    }
    let mut explanation = case.explain(now);
    explanation.notes = notes(&case, is_rewound);
    if explanation.questions.iter().any(|question| question.source == Source::RunningBuilds) {
        explanation.notes.push(NO_COMPARISON.to_owned());
    }
    print(&match arguments.format {
        Format::Text => explanation.to_string(),
        Format::Json => format!("{}\n", serde_json::to_string_pretty(&explanation)?),
    })
}

/// Returns whether a batch may contain the build: it has an id of the build's project, and an ARN, if it has one, of
/// the build's account and region.
fn may_contain(batch: &BuildBatch, case: &Case<'_>) -> bool {
    let (place, id) = match (batch.arn.as_deref(), batch.id.as_deref()) {
        (Some(arn), _) => match arn.split_once(":build-batch/") {
            Some((place, id)) => (Some(place), id),
            None => return false,
        },
        (None, Some(id)) => (None, id),
        (None, None) => return false,
    };
    let project = case.event().id.project();
    let place_of_build = case.build().arn.as_deref().and_then(|arn| arn.split_once(":build/")).map(|(place, _)| place);
    // The id of a batch has the form of a build's.
    id.parse().is_ok_and(|id: BuildId| id.project() == project)
        && batch.project_name.as_deref().is_none_or(|name| name == project)
        && place.zip(place_of_build).is_none_or(|(place, of_build)| place == of_build)
}

/// Parses a time, or a date as the start of that day in UTC.
fn parse_moment(text: &str) -> Result<Timestamp, String> {
    let of_day = || Some(text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp());
    text.parse().ok().or_else(of_day).ok_or_else(|| {
        "write a date (2026-11-20, UTC) or a time with its offset from UTC, such as 2026-11-20T09:00:00Z".to_owned()
    })
}

/// Finds the build in one event, or in anything else that a replay reads.
fn find(path: &Path, chosen: Option<&str>) -> anyhow::Result<InputBuild> {
    let found = Found::of(path)?;
    let name = path.display();
    if let Some(event) = found.event {
        return match Trigger::parse(&event).with_context(|| name.to_string())? {
            Trigger::Build(event) if is_chosen(&event.id, chosen) => Ok(InputBuild::Event(event, None)),
            Trigger::Build(event) => {
                bail!("{name}: the event is about the build `{}`; drop `--build`", event.id.as_str())
            }
            Trigger::Sweep(_) | Trigger::SweepMessages(_) => {
                bail!("{name}: this event starts a sweep of all running builds; use the event of one build")
            }
            Trigger::Fleet => bail!("{name}: this event is about a fleet; use the event of a build"),
        };
    }
    if found.builds.is_empty() && found.sandboxes.is_empty() {
        bail!("{}", found.no_build(&name.to_string()));
    }
    if let Some(why) = &found.why_not {
        let others = match found.left_out {
            0 | 1 => String::new(),
            number => format!(" (and {})", count(number - 1, "other part")),
        };
        print_note(&format!("warning: {why}; skipped{others}"));
    }
    let all = found.builds.keys().map(String::as_str).chain(found.sandboxes.iter().map(|(id, _)| id.as_str()));
    let ids: Vec<String> = all.map(str::to_owned).collect();
    let kinds = [(found.builds.len(), "build"), (found.sandboxes.len(), "sandbox")];
    let counts: Vec<String> =
        kinds.iter().filter(|(number, _)| *number > 0).map(|(number, noun)| count(*number, noun)).collect();
    let contained = counts.join(" and ");
    let builds = found.builds.into_values().filter_map(join).map(|build| (build.id.clone(), InputBuild::of(build)));
    let sandboxes = found.sandboxes.into_iter().map(|(id, sandbox)| (id, InputBuild::Sandbox(sandbox)));
    let mut inputs = builds.chain(sandboxes).filter(|(id, _)| is_chosen(id, chosen));
    match (inputs.next(), inputs.next(), chosen) {
        (Some((_, input)), None, _) => Ok(input),
        (Some(_), Some(_), _) => {
            bail!("{name}: the input contains {contained}; choose one with `--build ID`:{}", listed(&ids))
        }
        (None, _, Some(text)) => {
            let similar: Vec<String> = ids.iter().filter(|id| id.contains(text)).cloned().collect();
            match similar.is_empty() {
                true => {
                    bail!(
                        "{name}: the input contains {contained}, but not `{text}`; choose another one:{}",
                        listed(&ids)
                    )
                }
                false => bail!("{name}: `{text}` is not the id of a build; these contain it:{}", listed(&similar)),
            }
        }
        (None, _, None) => bail!("{name}: the input contains no build; {USABLE}"),
    }
}

/// The number of builds that an error names.
const NAMED: usize = 10;

/// The first ids, each on a line of its own, and how many more there are.
fn listed(ids: &[String]) -> String {
    let lines: String = ids.iter().take(NAMED).map(|id| format!("\n  {id}")).collect();
    match ids.len().saturating_sub(NAMED) {
        0 => lines,
        more => format!("{lines}\n  and {more} more"),
    }
}

impl InputBuild {
    fn of(PastBuild { id, build, is_whole, last_seen, recorded_ref }: PastBuild) -> Self {
        match is_whole {
            true => Self::Build(BuildEvent::new(TriggerKind::Sweep, id, None, build), recorded_ref),
            false => Self::Event(BuildEvent::new(TriggerKind::StateChange, id, last_seen, build), recorded_ref),
        }
    }
}

/// Returns whether `--build` chooses this build, by its id, its ARN, or its UUID alone. Without the option, it chooses
/// every build.
fn is_chosen(id: &BuildId, chosen: Option<&str>) -> bool {
    chosen.is_none_or(|chosen| {
        let chosen = chosen.rsplit_once('/').map_or(chosen, |(_, id)| id);
        chosen == id.as_str() || chosen == id.uuid()
    })
}

/// The moment at which the function would have judged the build.
fn moment(input: &InputBuild) -> Timestamp {
    let known = match input {
        InputBuild::Event(event, _) => event.time,
        InputBuild::Build(event, _) => event.build.end_time,
        InputBuild::Sandbox(sandbox) => sandbox.end_time,
    };
    known.unwrap_or_else(Timestamp::now)
}

/// The elements of a page, or the one element that the file contains.
fn elements<T: DeserializeOwned>(path: &Path, list: &str) -> anyhow::Result<Vec<T>> {
    let name = path.display();
    let bytes = fs::read(path).with_context(|| format!("{name}: the file cannot be read"))?;
    let json: Value =
        serde_json::from_slice(&bytes).map_err(|error| anyhow!("{name}: {}", not_json(&bytes, &error)))?;
    let elements = match json {
        Value::Object(mut page) if page.contains_key(list) => page.remove(list).unwrap_or_default(),
        Value::Array(elements) => Value::Array(elements),
        other => Value::Array(vec![other]),
    };
    serde_json::from_value(elements).map_err(|_| anyhow!("{name}: it does not contain `{list}` of the API"))
}

/// Returns notes that do not depend on the rules: the build is judged as of an earlier moment or has ended, or its
/// event is old.
fn notes(case: &Case<'_>, is_rewound: bool) -> Vec<String> {
    let ended = case.build().progress() == Progress::Ended;
    let old = match case.event().delivery {
        Delivery::Live => None,
        Delivery::Replayed => Some("the event was replayed from an archive"),
        Delivery::Redriven => Some("the event is from Lambda's record of an invocation that failed"),
    };
    let noun = case.kind().name();
    let ended = ended.then(|| format!("the {noun} has ended, so it is not stopped; this is how the rules judge it"));
    let old = old.map(|old| format!("{old}; the function would fetch the Build before it judges anything"));
    let rewound = is_rewound.then(|| format!("the {noun} is judged as it was at that moment"));
    rewound.into_iter().chain(ended).chain(old).collect()
}

/// The note that explains why a rule with `only-newest-per` is undecided.
const NO_COMPARISON: &str =
    "`explain` compares no builds; `buildbrake replay` compares those of its input, and the function those that run";
