//! The project's sample events, and the events that schedules send.

use std::{fs, path::Path};

use serde_json::{Value, json};

/// The repository's root.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// A sample event of `events/`.
pub fn event(name: &str) -> Value {
    read(&Path::new(ROOT).join("events").join(name).with_extension("json"))
}

/// Every event of a folder of the repository, by the name of its file.
pub fn events(folder: &str) -> Vec<(String, Value)> {
    let folder = Path::new(ROOT).join(folder);
    let mut events = Vec::new();
    for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.unwrap().path();
        events.push((path.file_stem().unwrap().to_str().unwrap().to_owned(), read(&path)));
    }
    assert!(!events.is_empty(), "{} is empty", folder.display());
    events.sort_by(|(one, _), (other, _)| one.cmp(other));
    events
}

/// The part of an event that describes the build.
pub fn additional_information(event: &mut Value) -> &mut Value {
    &mut event["detail"]["additional-information"]
}

/// The event that EventBridge sends on a schedule, which starts a sweep.
pub fn scheduled() -> Value {
    json!({
        "version": "0",
        "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "111122223333",
        "time": "2026-11-22T10:00:00Z",
        "region": "us-east-1",
        "resources": ["arn:aws:events:us-east-1:111122223333:rule/buildbrake-Sweep"],
        "detail": {},
    })
}

fn read(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
