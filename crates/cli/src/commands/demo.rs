//! `buildbrake demo`: the whole job, with nothing of AWS but its SDK.

use std::{
    collections::BTreeMap,
    fmt::Write,
    io::{Write as _, stdout},
};

use anyhow::Context;
use buildbrake_aws::{
    Clients, Discard,
    config::AwsConfig,
    enforce::{Enforcer, Invocation},
};
use buildbrake_core::{
    event::{BuildEvent, Trigger},
    policy::Policy,
};
use buildbrake_testkit::codebuild::CodeBuild;
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::output::Exit;

const POLICY: &str = include_str!("../../../../policy/policy.yaml");

macro_rules! events {
    ($($name:literal),* $(,)?) => { [$(($name, include_str!(concat!("../../../../events/", $name, ".json")))),*] };
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

/// Runs the whole job on this machine; no AWS account is needed.
///
/// Starts a CodeBuild in memory, runs the Lambda function's own handler over sample events
/// through the real AWS SDK, and shows each decision and a Build that came back.
#[derive(clap::Args)]
pub(crate) struct Arguments {}

#[tokio::main(flavor = "current_thread")]
pub(crate) async fn run(_: &Arguments) -> anyhow::Result<Exit> {
    let policy = Policy::parse("policy/policy.yaml", POLICY)?;
    let events = events_of_now()?;
    let codebuild = CodeBuild::default();
    builds(&events)?.into_iter().for_each(|build| codebuild.put(build));
    let endpoint = codebuild.listen();
    let config = AwsConfig::for_local_endpoint(&format!("http://{}", endpoint.address), "eu-west-1").await;
    let enforcer = Enforcer::new(policy, Clients::new(config), None);

    let mut rows = vec![["EVENT", "PROJECT", "WHAT IT BROKE", "WHAT WAS DONE"].map(str::to_owned)];
    let mut returned = None;
    let invocation = Invocation { function: None, deadline: Timestamp::MAX, clock: &Timestamp::now, sink: &Discard };
    for (name, event) in &events {
        let record = enforcer.handle(event.as_bytes(), &invocation).await;
        let json: Value = serde_json::from_str(record.json().get())?;
        rows.push([(*name).to_owned(), text(&json["project"]), what_it_broke(&json), text(&json["outcome"])]);
        if let Some(build) = json.get("build") {
            returned.get_or_insert_with(|| (json["message"].clone(), build.clone()));
        }
    }
    let (message, build) = returned.context("no sample event led to a stop")?;
    let mut calls = BTreeMap::<String, usize>::new();
    for operation in endpoint.operations() {
        *calls.entry(operation).or_default() += 1;
    }
    let calls: Vec<String> = calls.iter().map(|(operation, times)| format!("{operation} {times}")).collect();
    write!(
        stdout(),
        "{}\n{LEGEND}\nCalls made to CodeBuild, here an endpoint in memory at {}: {}.\n\n{}\nThe Build that StopBuild returned, as it is logged:\n\n{build:#}\n\n{NEXT}",
        table(&rows),
        endpoint.address,
        calls.join(", "),
        text(&message),
    )?;
    Ok(Exit::Success)
}

const LEGEND: &str = "\
cannot tell: a pull request and a pushed commit name no branch. The record says so.
exempt: the policy lets the release pipeline build the protected branches.
not-running: the event is of a build that has ended. Nothing is left to stop.
";

const NEXT: &str = "\
The policy is policy/policy.yaml and the events are in events/. Change one and run this
again; `buildbrake check policy/policy.yaml` says what is wrong with a policy.
";

/// The sample events, as if they were sent at this moment.
fn events_of_now() -> anyhow::Result<Vec<(&'static str, String)>> {
    let now = Timestamp::now();
    let mut events = Vec::new();
    for (name, text) in EVENTS {
        let mut event: Value = serde_json::from_str(text)?;
        event["time"] = now.to_string().into();
        if let Some(start) = event.pointer_mut("/detail/additional-information/build-start-time") {
            *start = now.strftime("%b %-d, %Y %-I:%M:%S %p").to_string().into();
        }
        events.push((name, event.to_string()));
    }
    Ok(events)
}

/// The builds that the events are of, as CodeBuild would have them.
fn builds(events: &[(&str, String)]) -> anyhow::Result<Vec<Value>> {
    let mut builds = Vec::new();
    for (_, event) in events {
        let event = build_event(event)?;
        let mut build = with_seconds(serde_json::to_value(&event.build)?);
        if let Value::Object(build) = &mut build {
            for (member, value) in what_events_leave_out(&event) {
                build.entry(member).or_insert(value);
            }
        }
        builds.push(build);
    }
    Ok(builds)
}

/// What the API knows of a build and its event may not say.
fn what_events_leave_out(event: &BuildEvent) -> Map<String, Value> {
    let members = serde_json::json!({
        "buildComplete": false,
        "buildNumber": 42,
        "timeoutInMinutes": 240,
        "sourceVersion": "refs/heads/develop",
        "serviceRole": "arn:aws:iam::111122223333:role/service-role/codebuild",
        "encryptionKey": "arn:aws:kms:eu-west-1:111122223333:alias/aws/s3",
        "initiator": "Developer/alice",
        "source": {"type": "GITHUB", "location": format!("https://github.com/acme/{}.git", event.id.project())},
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

fn build_event(json: &str) -> anyhow::Result<BuildEvent> {
    match Trigger::parse(json)? {
        Trigger::Build(event) => Ok(event),
        Trigger::Fleet | Trigger::Sweep(_) => anyhow::bail!("a sample event that is of no build"),
    }
}

/// Each broken rule with what the build has, each undecided one with what is missing.
fn what_it_broke(record: &Value) -> String {
    let list = |name: &str| record[name].as_array().cloned().unwrap_or_default();
    let broken =
        list("violations").into_iter().map(|rule| format!("{}: {}", text(&rule["rule"]), text(&rule["found"])));
    let undecided = list("undecided").into_iter().map(|rule| format!("{}: cannot tell", text(&rule["rule"])));
    let exempted = list("exempted").into_iter().map(|rule| format!("{}: exempt", text(&rule["rule"])));
    let all: Vec<String> = broken.chain(undecided).chain(exempted).collect();
    if all.is_empty() { "nothing".into() } else { all.join(", ") }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Columns as wide as their widest cell, two spaces apart.
fn table<const COLUMNS: usize>(rows: &[[String; COLUMNS]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..COLUMNS).map(width).collect();
    let mut table = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:width$}"));
        let line = cells.collect::<Vec<_>>().join("  ");
        let _ = writeln!(table, "{}", line.trim_end());
    }
    table
}
