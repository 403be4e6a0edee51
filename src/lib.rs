//! A brake for AWS CodeBuild: it judges builds by a policy and stops those that break it.
//!
//! The way through, and the order of the modules: event → Build → rules → verdict →
//! action → record. Down to [`verdict`] everything is pure: no I/O, no clock, no AWS.

// Where the profile does not say how a panic ends, cargo-lambda makes it end the function.
#[cfg(not(panic = "unwind"))]
compile_error!("one rule's or event's panic must not take the others with it: build with `panic = \"unwind\"`");

pub use buildbrake_core::*;

pub mod aws;
pub mod codebuild;
pub mod enforce;
pub mod scheduler;
