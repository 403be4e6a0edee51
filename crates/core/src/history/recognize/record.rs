//! The records that buildbrake writes. Their values are redacted.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::{Each, Item, NotRecognized, Recognized, all, redacted, text_of};
use crate::{
    facts::RefFrom,
    history::{Observation, ObservedIn, RecordedRef},
    model::{Build, BuildId, RunKind, lenient},
};

/// Passes on the build of a record, and those of the records in it: a sweep's, and the builds that
/// this one superseded.
pub(super) fn record(mut record: Value, each: Each<'_>) -> Recognized {
    let mut first = Ok(());
    for inner in ["superseded", "records"] {
        if let Some(Value::Array(records)) = record.get_mut(inner).map(Value::take) {
            let recognized = all(records, |inner| self::record(inner, each));
            first = first.and(recognized);
        }
    }
    if let Some(batch) = taken(&mut record, "buildBatch").and_then(lenient::read) {
        each(Item::Batch(batch));
    }
    let is_batch = text_of(&record, "buildArn").is_some_and(|arn| arn.contains(":build-batch/"));
    let is_sandbox = text_of(&record, "kind") == Some(RunKind::Sandbox.name());
    if is_batch || is_sandbox || record.get("buildId").is_none_or(Value::is_null) {
        return first;
    }
    let build = observation(record).ok_or(NotRecognized::NoBuild("a record of buildbrake"));
    first.and(build.map(|build| each(Item::Build(build))))
}

/// Takes a redacted member out of a record.
fn taken(record: &mut Value, member: &str) -> Option<Value> {
    let mut value = record.get_mut(member)?.take();
    redacted::forget(&mut value);
    Some(value)
}

fn observation(mut record: Value) -> Option<Observation> {
    let id: BuildId = text_of(&record, "buildId")?.parse().ok()?;
    let mut build: Box<Build> = taken(&mut record, "build").and_then(lenient::read).unwrap_or_default();
    let text = |member: &str| text_of(&record, member).map(str::to_owned);
    let is_of_the_build = |arn: &String| BuildId::of_arn(arn).is_some_and(|of_arn| of_arn == id);
    build.arn = text("buildArn").filter(is_of_the_build).or(build.arn.take().filter(is_of_the_build));
    build.id = Some(id.as_str().to_owned());
    build.project_name = Some(id.project().to_owned());
    // The initiator and source version of a batch are not the build's own.
    if text("initiatorFrom").is_none() {
        build.initiator = build.initiator.take().or(text("initiator"));
        build.source_version = build.source_version.take().or(text("sourceVersion"));
    }
    if let Some(replay) = record.get("replay") {
        let time = |member: &str| replay.get(member).cloned().and_then(lenient::read);
        build.build_status = build.build_status.take().or(text_of(replay, "status").map(str::to_owned));
        build.start_time = build.start_time.or_else(|| time("startTime"));
        build.end_time = build.end_time.or_else(|| time("endTime"));
    }
    let milliseconds = record.pointer("/_aws/Timestamp").and_then(Value::as_i64);
    let time = milliseconds.and_then(|milliseconds| Timestamp::from_millisecond(milliseconds).ok());
    let recorded_ref = recorded_ref(&record);
    Some(Observation { id, from: ObservedIn::Record, time, build, recorded_ref })
}

/// The reference of the record, if no member of the build names it.
fn recorded_ref(record: &Value) -> Option<RecordedRef> {
    let from = RefFrom::deserialize(record.get("branchFrom")?).ok()?;
    match from {
        RefFrom::Pipeline | RefFrom::Webhook | RefFrom::Git | RefFrom::Project => {}
        RefFrom::SourceVersion | RefFrom::Batch => return None,
    }
    let by_branch = || text_of(record, "branch").map(|branch| format!("refs/heads/{branch}"));
    let name = text_of(record, "ref").map(str::to_owned).or_else(by_branch)?;
    Some(RecordedRef { name, from })
}
