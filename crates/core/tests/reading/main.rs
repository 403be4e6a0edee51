//! Reading events: what is known of real ones, and of all that they could turn into.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what it expects by failing")]
#![allow(clippy::disallowed_methods, reason = "the events are in files")]

mod damage;
mod events;
mod json;
mod properties;

use std::{fs, path::Path};

use buildbrake_core::event::{BuildEvent, Trigger};
use serde_json::Value;

/// Every event of a folder of the repository, by the name of its file.
fn events(folder: &str) -> Vec<(String, Value)> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join(folder);
    let mut events = Vec::new();
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        events.push((name, serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap()));
    }
    assert!(!events.is_empty(), "{} is empty", folder.display());
    events.sort_by(|(one, _), (other, _)| one.cmp(other));
    events
}

#[track_caller]
fn read(event: &str, what: &str) -> BuildEvent {
    match Trigger::parse(event) {
        Ok(Trigger::Build(event)) => event,
        other => panic!("{what}: {other:?}"),
    }
}

/// The build of an event under the API's own names.
fn build(event: &BuildEvent) -> Value {
    serde_json::to_value(&event.build).unwrap()
}
