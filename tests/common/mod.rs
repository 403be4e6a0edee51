//! What the end-to-end tests share: a small HTTP server, Lambda's side of the Runtime
//! API, and a CodeBuild that answers what a test tells it to.

#![allow(dead_code, reason = "each test program uses a part of this")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says what it expects by failing")]

pub mod codebuild;
pub mod http;
pub mod lambda;

use serde_json::Value;

/// A sample event of the project's own.
pub fn event(name: &str) -> Value {
    let path = format!("{}/events/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap()
}
