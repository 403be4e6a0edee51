//! The events that the demo sends, and the builds that its CodeBuild contains.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, anyhow, bail};
use buildbrake_core::event::{BuildEvent, EventError, Trigger};
use buildbrake_testkit::codepipeline::{Action, CodePipeline, Does};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::files::not_json;

macro_rules! events {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../../../../events/", $name, ".json")))),*]
    };
}
const EVENTS: [(&str, &str); 9] = events![
    "compliant",
    "forbidden-branch",
    "long-timeout",
    "costly-compute",
    "codepipeline",
    "pull-request",
    "webhook-push",
    "no-additional-information",
    "finished",
];

/// One event.
pub(super) struct SampleEvent {
    /// Its file's name without `.json`.
    pub(super) name: String,
    /// The event as EventBridge sends it.
    pub(super) json: String,
    event: BuildEvent,
}

/// The events in this repository, as if their builds had just started.
pub(super) fn compiled_in(now: Timestamp) -> anyhow::Result<Vec<SampleEvent>> {
    EVENTS.iter().map(|(name, json)| SampleEvent::new((*name).to_owned(), json, now)).collect()
}

/// The project of `webhook-push`. Its webhook starts builds of feature branches only, which decides
/// the rules that the event alone leaves undecided.
pub(super) fn project() -> Value {
    json!({
        "name": "shop-api",
        "arn": "arn:aws:codebuild:eu-west-1:111122223333:project/shop-api",
        "source": {"type": "GITHUB", "location": "https://github.com/acme/shop-api"},
        "webhook": {"filterGroups": [[
            {"type": "EVENT", "pattern": "PUSH, PULL_REQUEST_CREATED, PULL_REQUEST_UPDATED"},
            {"type": "HEAD_REF", "pattern": "^refs/heads/feature/.*$"},
        ]]},
    })
}

/// Adds the pipeline of `codepipeline`: a push to `main` has started the execution that started the build.
pub(super) fn put_pipeline(codepipeline: &CodePipeline, now: Timestamp) {
    const NAME: &str = "shop-release";
    let execution = "e0000001-0000-4000-8000-000000000001";
    codepipeline.put_pipeline_in("eu-west-1", NAME, json!([]));
    codepipeline.start(NAME, execution, "WebhookV2");
    let fetch = Does::Fetch {
        repository: "acme/shop-release",
        branch: "main",
        commit: "75614758eace7c1d9d032b8980854ab486068f3b",
        key: "shop-release/SourceOutp/PHoeKv7.zip",
    };
    let build = Does::Run("shop-release:5e000006-0000-4000-8000-000000000006");
    for (stage, does) in [("Source", fetch), ("Build", build)] {
        codepipeline.act(NAME, &Action { execution, stage, name: stage, start: now.as_second(), does });
    }
}

/// The events in these files and folders, as if their builds had just started.
///
/// # Errors
/// If a file cannot be read or is not an event about a build, or if the folders contain no event.
pub(super) fn load(paths: &[PathBuf], now: Timestamp) -> anyhow::Result<Vec<SampleEvent>> {
    let mut events = Vec::new();
    for path in paths {
        for file in files_in(path).with_context(|| format!("{}: the folder cannot be read", path.display()))? {
            let shown = file.display();
            let json = fs::read_to_string(&file).with_context(|| format!("{shown}: the file cannot be read"))?;
            let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            events.push(SampleEvent::new(name, &json, now).with_context(|| format!("{shown}: not a usable event"))?);
        }
    }
    if events.is_empty() {
        let paths: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
        bail!("{}: no .json file is here; name EventBridge events, or a folder of them", paths.join(", "));
    }
    Ok(events)
}

/// The path itself, or the JSON files of a folder in the order of their names.
fn files_in(path: &Path) -> std::io::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path)? {
        let file = entry?.path();
        if file.extension().is_some_and(|extension| extension == "json") {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

impl SampleEvent {
    fn new(name: String, json: &str, now: Timestamp) -> anyhow::Result<Self> {
        let mut event: Value =
            serde_json::from_str(json).map_err(|error| anyhow!(not_json(json.as_bytes(), &error)))?;
        if event.is_object() {
            event["time"] = now.to_string().into();
        }
        if let Some(start) = event.pointer_mut("/detail/additional-information/build-start-time") {
            *start = now.strftime("%b %-d, %Y %-I:%M:%S %p").to_string().into();
        }
        let json = event.to_string();
        match Trigger::parse(&json) {
            Ok(Trigger::Build(event)) => Ok(Self { name, json, event }),
            Ok(Trigger::Fleet | Trigger::Sweep(_) | Trigger::SweepMessages(_)) => bail!("it is not about a build"),
            Err(EventError::Foreign(foreign)) => bail!("{}; use an EventBridge event", foreign.description()),
            Err(why) => Err(why.into()),
        }
    }

    /// The ARN of a function in the event's own account and region.
    pub(super) fn function(&self) -> String {
        let arn: Vec<&str> = self.event.build.arn.as_deref().unwrap_or_default().split(':').collect();
        match arn.as_slice() {
            ["arn", partition, "codebuild", region, account, ..] => {
                format!("arn:{partition}:lambda:{region}:{account}:function:buildbrake")
            }
            _ => "arn:aws:lambda:eu-west-1:111122223333:function:buildbrake".to_owned(),
        }
    }

    /// The build that the event is about, as CodeBuild would have it.
    pub(super) fn build(&self) -> anyhow::Result<Value> {
        let mut build = with_seconds(serde_json::to_value(&self.event.build)?);
        if let Value::Object(build) = &mut build {
            for (member, value) in self.what_it_leaves_out() {
                build.entry(member).or_insert(value);
            }
        }
        Ok(build)
    }

    /// Members of the API's Build that an event may lack.
    fn what_it_leaves_out(&self) -> Map<String, Value> {
        let members = serde_json::json!({
            "buildComplete": false,
            "buildNumber": 42,
            "timeoutInMinutes": 240,
            "sourceVersion": "refs/heads/develop",
            "serviceRole": "arn:aws:iam::111122223333:role/service-role/codebuild",
            "encryptionKey": "arn:aws:kms:eu-west-1:111122223333:alias/aws/s3",
            "initiator": "Developer/alice",
            "source": {
                "type": "GITHUB",
                "location": format!("https://github.com/acme/{}.git", self.event.id.project())
            },
            "environment": {
                "type": "LINUX_CONTAINER",
                "computeType": "BUILD_GENERAL1_SMALL",
                "image": "aws/codebuild/amazonlinux-x86_64-standard:5.0",
                "environmentVariables": []
            }
        });
        match members {
            Value::Object(members) => members,
            _ => Map::new(),
        }
    }
}

/// Times as the protocol writes them: seconds since 1970.
fn with_seconds(mut json: Value) -> Value {
    match &mut json {
        Value::Object(members) => {
            for (name, value) in members {
                let time = value.as_str().filter(|_| name.ends_with("Time")).and_then(|text| text.parse().ok());
                *value = match time {
                    Some(time) => Timestamp::as_second(time).into(),
                    None => with_seconds(value.take()),
                };
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| *value = with_seconds(value.take())),
        _ => {}
    }
    json
}
