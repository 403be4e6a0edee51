//! Recognizes the kind of recorded JSON, and extracts builds, projects, batches and sandboxes.
//!
//! Builds of the API come by the million and are read in one pass. Everything else is identified by
//! the names of its members.

mod cloudtrail;
mod kind;
mod logs;
mod not_recognized;
mod record;
mod redacted;
#[cfg(test)]
mod tests;

use serde::Deserialize;
use serde_json::{Value, de::StrRead, value::RawValue};

use self::kind::{KnownMembers, ObjectKind};
pub use self::not_recognized::NotRecognized;
use super::{Observation, ObservedIn};
use crate::{
    event::{EventError, Trigger, TriggerKind},
    model::{Build, BuildBatch, BuildId, Project, Sandbox, lenient},
};

/// Something that the history contains.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// One description of a build.
    Build(Observation),
    /// A project.
    Project(Box<Project>),
    /// A batch of builds.
    Batch(Box<BuildBatch>),
    /// A sandbox.
    Sandbox(Box<Sandbox>),
}

type Each<'a> = &'a mut dyn FnMut(Item);
type Recognized = Result<(), NotRecognized>;

/// The maximum number of nested wrappers. An event in an SNS message in a batch has three.
const WRAPPERS: u8 = 8;

/// Passes on all items in one JSON value, or in several that follow each other. Values of a known kind
/// that contain none, such as another service's CloudTrail event, are left out.
///
/// # Errors
/// The first value that is not recognized. The items of all other values are passed on nevertheless.
pub fn recognize(json: &[u8], mut each: impl FnMut(Item)) -> Result<(), NotRecognized> {
    let text = str::from_utf8(json).map_err(|_| NotRecognized::NotUtf8)?;
    values(text, WRAPPERS, &mut each)
}

fn values(text: &str, depth: u8, each: Each<'_>) -> Recognized {
    if let Some(build) = api_build(text, |json| Deserialize::deserialize(json)) {
        each(Item::Build(build));
        return Ok(());
    }
    let (mut first, mut rest) = (Ok(()), text.trim_start_matches(is_separator));
    loop {
        let mut parsed = serde_json::Deserializer::from_str(rest).into_iter::<&RawValue>();
        let Some(one) = parsed.next() else { return first };
        let is_last = one.is_err();
        let recognized = one.map_err(NotRecognized::from).and_then(|one| value(one.get(), depth, each));
        first = first.and(recognized);
        if is_last {
            return first;
        }
        rest = rest[parsed.byte_offset()..].trim_start_matches(is_separator);
    }
}

/// Returns whether a character may stand between values: white space, a comma, a byte order mark, or the record
/// separator of RFC 7464.
fn is_separator(character: char) -> bool {
    character.is_ascii_whitespace() || matches!(character, ',' | '\u{1e}' | '\u{feff}')
}

/// Recognizes all parts, and returns the first error.
fn all<T>(parts: impl IntoIterator<Item = T>, mut recognize: impl FnMut(T) -> Recognized) -> Recognized {
    let mut first = Ok(());
    for part in parts {
        let recognized = recognize(part);
        first = first.and(recognized);
    }
    first
}

/// Parses a Build of the API in one pass. `None` if the text is anything else, or a Build without an ARN.
pub(super) fn api_build(
    text: &str,
    read: impl for<'de> FnOnce(&mut serde_json::Deserializer<StrRead<'de>>) -> serde_json::Result<Box<Build>>,
) -> Option<Observation> {
    let text = text.trim_start_matches(is_separator);
    if kind::looks_like_an_event(text) {
        return None;
    }
    let mut json = serde_json::Deserializer::from_str(text);
    let build = read(&mut json).ok()?;
    json.end().ok()?;
    build.arn.is_some().then(|| of_api(build)).flatten()
}

fn value(text: &str, depth: u8, each: Each<'_>) -> Recognized {
    let depth = depth.checked_sub(1).ok_or(NotRecognized::UnknownKind)?;
    match text.as_bytes().first() {
        Some(b'{') => object(text, depth, each),
        Some(b'[') => list(text, depth, each),
        Some(b'"') => Err(NotRecognized::String),
        _ => Err(NotRecognized::UnknownKind),
    }
}

/// Recognizes each element of a list.
fn list(text: &str, depth: u8, each: Each<'_>) -> Recognized {
    let elements: Vec<&RawValue> = serde_json::from_str(text)?;
    all(elements, |element| value(element.get(), depth, each))
}

fn object(text: &str, depth: u8, each: Each<'_>) -> Recognized {
    let Ok(members) = serde_json::from_str::<KnownMembers<'_>>(text) else {
        // The last of duplicate members counts.
        let json = lenient::parse(text)?.to_string();
        return of_kind(ObjectKind::of(&serde_json::from_str(&json)?)?, &json, depth, each);
    };
    of_kind(ObjectKind::of(&members)?, text, depth, each)
}

fn of_kind(kind: ObjectKind<'_>, text: &str, depth: u8, each: Each<'_>) -> Recognized {
    match kind {
        ObjectKind::Nothing => Ok(()),
        ObjectKind::Event => event(text, each),
        ObjectKind::Notification => {
            let mut event = lenient::parse(text)?;
            let kind = event["detailType"].take();
            event["detail-type"] = kind;
            self::event(&event.to_string(), each)
        }
        ObjectKind::Record => record::record(lenient::parse(text)?, each),
        ObjectKind::CloudTrail => cloudtrail::event(lenient::parse(text)?, each),
        ObjectKind::List(elements) => list(elements, depth, each),
        ObjectKind::Lists(lists) => all(lists, |one| list(one, depth, each)),
        ObjectKind::Value(value) => self::value(value, depth, each),
        ObjectKind::Text(text) => {
            let text: String = serde_json::from_str(text).map_err(|_| NotRecognized::UnknownKind)?;
            values(&text, depth, each)
        }
        ObjectKind::LogEvent(message) => logs::event(message, depth, each),
        ObjectKind::QueryResults(rows) => logs::query_results(rows, depth, each),
        ObjectKind::Build => {
            let build = read::<Build>(text)?;
            each(Item::Build(of_api(build).ok_or(NotRecognized::NoBuild("a Build"))?));
            Ok(())
        }
        ObjectKind::Project => {
            each(Item::Project(read(text)?));
            Ok(())
        }
        ObjectKind::Batch => {
            each(Item::Batch(read(text)?));
            Ok(())
        }
        ObjectKind::Sandbox => {
            each(Item::Sandbox(read(text)?));
            Ok(())
        }
    }
}

fn read<T: lenient::Lenient>(text: &str) -> Result<Box<T>, NotRecognized> {
    lenient::read(lenient::parse(text)?).map(Box::new).ok_or(NotRecognized::UnknownKind)
}

/// The observation of a Build that the API described. `None` if it has no valid id, or two different ones.
fn of_api(build: Box<Build>) -> Option<Observation> {
    observation(ObservedIn::Api, build)
}

fn observation(from: ObservedIn, mut build: Box<Build>) -> Option<Observation> {
    let id: BuildId = match (&build.arn, &build.id) {
        (Some(arn), id) => {
            let of_arn = BuildId::of_arn(arn)?;
            id.as_ref().is_none_or(|id| of_arn.as_str() == id).then_some(of_arn)?
        }
        (None, id) => id.as_ref()?.parse().ok()?,
    };
    build.id.get_or_insert_with(|| id.as_str().to_owned());
    build.project_name.get_or_insert_with(|| id.project().to_owned());
    Some(Observation { id, from, time: None, build, recorded_ref: None })
}

/// Recognizes an event of CodeBuild. Events of other sources, and those that only request a judgement, contain
/// nothing.
fn event(text: &str, each: Each<'_>) -> Recognized {
    match Trigger::parse(text) {
        Ok(Trigger::Build(event)) if event.kind == TriggerKind::Deadline => Ok(()),
        Ok(Trigger::Build(event)) => {
            let (id, time, build) = (event.id, event.time, event.build);
            each(Item::Build(Observation { id, from: ObservedIn::Event, time, build, recorded_ref: None }));
            Ok(())
        }
        Ok(Trigger::Sweep(_) | Trigger::SweepMessages(_) | Trigger::Fleet) | Err(EventError::OtherKind { .. }) => {
            Ok(())
        }
        Err(EventError::NotJson { line, column }) => Err(NotRecognized::NotJson { line, column }),
        Err(EventError::OtherAccount(_) | EventError::OtherRegion(_)) => Err(NotRecognized::TwoPlaces),
        Err(EventError::NoBuild | EventError::NotABuild { .. }) => Err(NotRecognized::NoBuild("an event of CodeBuild")),
        Err(
            EventError::NoEnvelope(_)
            | EventError::Foreign(_)
            | EventError::NotASwitch(..)
            | EventError::NotAText(..)
            | EventError::NotASweep,
        ) => Err(NotRecognized::UnknownKind),
    }
}

/// The text of a member.
fn text_of<'a>(object: &'a Value, member: &str) -> Option<&'a str> {
    object.get(member)?.as_str()
}
