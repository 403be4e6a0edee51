//! What the end-to-end tests share: a small HTTP server, Lambda's side of the Runtime
//! API, and a CodeBuild that answers what a test tells it to.

#![allow(dead_code, reason = "each test program uses a part of this")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says what it expects by failing")]

pub mod account;
pub mod codebuild;
pub mod faults;
pub mod http;
pub mod json;
pub mod lambda;
pub mod metrics;
pub mod region;
pub mod scheduler;
pub mod sweep;

use serde_json::Value;

/// A sample event of the project's own.
pub fn event(name: &str) -> Value {
    let path = format!("{}/events/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap()
}

/// Every event of a folder, by the name of its file.
pub fn events(folder: &str) -> Vec<(String, Value)> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut events = Vec::new();
    for entry in std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        events.push((name, serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))));
    }
    assert!(!events.is_empty(), "{} is empty", folder.display());
    events.sort_by(|(one, _), (other, _)| one.cmp(other));
    events
}

/// The part of an event that tells of the build.
pub fn told(event: &mut Value) -> &mut Value {
    &mut event["detail"]["additional-information"]
}

/// An event as it was captured from CodeBuild.
pub fn captured_event(name: &str) -> Value {
    event(&format!("../tests/events/{name}"))
}
