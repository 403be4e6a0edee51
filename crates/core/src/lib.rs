//! The pure core of buildbrake: no I/O, no clock, no environment, no AWS SDK.
//!
//! The modules in the order of the flow: event → Build → facts → checks → verdict → record.
//! `buildbrake-aws` acts on the verdicts. `clippy.toml` forbids the methods that would break purity.

#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "some tests read files, measure time or run git"))]

pub mod checks;
pub mod diagnostic;
pub mod duration;
pub mod event;
pub mod explain;
pub mod export;
pub mod expression;
pub mod facts;
pub mod history;
pub mod learn;
pub mod model;
pub mod pattern;
pub mod policy;
pub mod price;
pub mod record;
pub mod scan;
pub mod summary;
pub mod testing;
mod url;
pub mod verdict;
pub mod yaml;
