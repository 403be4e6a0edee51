//! A brake for AWS CodeBuild: it judges builds by a policy and stops those that break it.
//!
//! The way through, and the order of the modules: event → Build → rules → verdict →
//! action → record. [`enforce`](mod@enforce) goes it from end to end.

// Where the profile does not say how a panic ends, cargo-lambda makes it end the function.
#[cfg(not(panic = "unwind"))]
compile_error!("one rule's or event's panic must not take the others with it: build with `panic = \"unwind\"`");

pub use buildbrake_shell::*;
