//! The function end to end: the real program over the real Runtime API, against a CodeBuild on
//! loopback. One program, so that the AWS SDK is linked once; `cargo test --test e2e sweep::`
//! runs the tests of one module.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says what it expects by failing")]
#![allow(clippy::print_stdout, reason = "`make soak` shows what was measured")]

mod batches;
mod branches;
mod build_logs;
mod chaos;
mod codecommit;
mod deadlines;
mod failures;
mod features;
mod fuzz;
mod git;
mod history;
mod members;
mod model;
mod moto;
mod newest;
mod notifications;
mod outcomes;
mod pipeline_builds;
mod pipelines;
mod projects;
mod provenance;
mod redaction;
mod sandboxes;
mod service_model;
mod settings;
mod sources;
mod stop_alarm;
mod sweep;
mod sweep_queue;
mod tidy;
mod tls;

use buildbrake_testkit::{codebuild::Endpoint, lambda::Program};
use serde_json::Value;

/// The function.
const PROGRAM: Program = Program { path: env!("CARGO_BIN_EXE_buildbrake-lambda"), folder: env!("CARGO_TARGET_TMPDIR") };

/// The build of `events/forbidden-branch.json`.
const FORBIDDEN: &str = "shop-api:5e000002-0000-4000-8000-000000000002";

/// The record of one event, by a fresh function.
fn record(policy: &str, settings: &[(&str, &str)], codebuild: &Endpoint, event: &Value) -> Value {
    let lambda = PROGRAM.start(policy, codebuild.address, settings);
    let record = lambda.invoke(event).record();
    lambda.end();
    record
}
