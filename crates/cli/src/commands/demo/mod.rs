//! `buildbrake demo`: does the function's whole job on this machine. The only part of AWS is its SDK.

mod sample;

use std::{
    collections::BTreeMap,
    fmt::Write,
    path::{Path, PathBuf},
};

use buildbrake_aws::{
    Clients, Discard,
    config::AwsConfig,
    enforce::{Enforcer, Invocation},
};
use buildbrake_core::policy::Policy;
use buildbrake_testkit::{
    codebuild::{CodeBuild, Endpoint},
    codepipeline::CodePipeline,
};
use jiff::Timestamp;
use serde_json::Value;

use self::sample::SampleEvent;
use crate::{
    files::PolicyFile,
    output::{Exit, print},
};

const POLICY: &str = include_str!("../../../../../policy/policy.yaml");

/// Runs the whole job on this machine; no AWS account is needed.
///
/// Starts a CodeBuild and a CodePipeline in memory, runs the Lambda function's own handler over
/// events through the real AWS SDK, and shows each decision and a Build that came back. Events are
/// sent as if their builds had just started.
///
/// Exit status: 0 success, 2 a file cannot be used.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  buildbrake demo
  buildbrake demo --policy policy.yaml --events events/")]
pub(crate) struct Arguments {
    /// The policy to use instead of the sample policy (policy/policy.yaml).
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// EventBridge events to send instead of the samples (events/): JSON files, or folders of them.
    #[arg(long, value_name = "PATH", num_args = 1..)]
    events: Vec<PathBuf>,
}

#[tokio::main(flavor = "current_thread")]
pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let Some(policy) = load_policy(arguments.policy.as_deref())? else { return Ok(Exit::Error) };
    let events = match arguments.events.as_slice() {
        [] => sample::compiled_in(Timestamp::now())?,
        paths => sample::load(paths, Timestamp::now())?,
    };
    let codebuild = CodeBuild::default();
    for event in &events {
        codebuild.put(event.build()?);
    }
    let codepipeline = CodePipeline::default();
    if arguments.events.is_empty() {
        codebuild.put_project(sample::project());
        sample::put_pipeline(&codepipeline, Timestamp::now());
    }
    let pipelines = codepipeline.clone();
    let endpoint = Endpoint::of_both(move |call| codebuild.answer(call), move |call| pipelines.answer(call));
    let config = AwsConfig::for_local_endpoint(&format!("http://{}", endpoint.address), "eu-west-1").await;
    let enforcer = Enforcer::new(policy, Clients::new(config), None);

    let mut records = Vec::new();
    for event in &events {
        let function = event.function();
        let invocation = Invocation {
            function: Some(&function),
            request_id: None,
            version: None,
            deadline: Timestamp::MAX,
            clock: &Timestamp::now,
            sink: &Discard,
        };
        let record = enforcer.handle(event.json.as_bytes(), &invocation).await;
        records.push(serde_json::from_str(record.json().get())?);
    }
    let pipelines = match codepipeline.operations() {
        none if none.is_empty() => String::new(),
        calls => format!(" To CodePipeline, at the same place: {}.", counted(calls)),
    };
    print(&format!(
        "{}{}\nCalls made to CodeBuild, here an endpoint in memory at {}: {}.{pipelines}\n\n{}{}",
        decisions(&events, &records),
        legend(&records),
        endpoint.address,
        counted(endpoint.operations()),
        first_returned_build(&records),
        next_steps(arguments),
    ))
}

/// Lists each operation with the number of its calls.
fn counted(operations: Vec<String>) -> String {
    let mut calls = BTreeMap::<String, usize>::new();
    for operation in operations {
        *calls.entry(operation).or_default() += 1;
    }
    let calls: Vec<String> = calls.iter().map(|(operation, times)| format!("{operation} {times}")).collect();
    if calls.is_empty() { "none".to_owned() } else { calls.join(", ") }
}

/// Returns `None` if the policy cannot be used; the reason has been printed.
fn load_policy(path: Option<&Path>) -> anyhow::Result<Option<Policy>> {
    Ok(match path {
        None => Some(Policy::parse("policy/policy.yaml", POLICY)?),
        Some(path) => PolicyFile::load(path).ok().map(|file| file.policy),
    })
}

fn decisions(events: &[SampleEvent], records: &[Value]) -> String {
    let mut rows = vec![["EVENT", "PROJECT", "RULES", "OUTCOME"].map(str::to_owned)];
    for (event, record) in events.iter().zip(records) {
        rows.push([event.name.clone(), text(&record["project"]), rules_of(record), text(&record["outcome"])]);
    }
    table(&rows)
}

/// Explains the words `undecided`, `exempt` and `not-running`, if the decisions contain them.
fn legend(records: &[Value]) -> String {
    let has = |list: &str| records.iter().any(|record| record[list].as_array().is_some_and(|rules| !rules.is_empty()));
    let not_running = records.iter().any(|record| record["outcome"] == "not-running");
    let mut legend = String::new();
    for (is_wanted, line) in [
        (has("undecided"), "undecided: a fact that the rule needs is unknown. The record names it.\n"),
        (has("exempted"), "exempt: an exemption of the rule matches the build.\n"),
        (not_running, "not-running: the event's build has ended, so there is nothing to stop.\n"),
    ] {
        if is_wanted {
            legend.push_str(line);
        }
    }
    if legend.is_empty() { legend } else { format!("\n{legend}") }
}

fn first_returned_build(records: &[Value]) -> String {
    match records.iter().find_map(|record| Some((record, record.get("build")?))) {
        Some((record, build)) => {
            let message = text(&record["message"]);
            format!("{message}\nThe Build that StopBuild returned, as it is logged:\n\n{build:#}\n")
        }
        None => "No build was stopped.\n".to_owned(),
    }
}

fn next_steps(Arguments { policy, events }: &Arguments) -> String {
    if policy.is_some() && !events.is_empty() {
        return String::new();
    }
    "
The sample policy is policy/policy.yaml, and the sample events are in events/. Change a copy of
either, and run `buildbrake demo --policy FILE --events PATH`; `buildbrake check FILE` reports all
faults of a policy.
"
    .to_owned()
}

/// Lists each broken rule with the value that was found, and each undecided or exempt rule.
fn rules_of(record: &Value) -> String {
    let list = |name: &str| record[name].as_array().cloned().unwrap_or_default();
    let broken =
        list("violations").into_iter().map(|rule| format!("{}: {}", text(&rule["rule"]), text(&rule["found"])));
    let undecided = list("undecided").into_iter().map(|rule| format!("{}: undecided", text(&rule["rule"])));
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
