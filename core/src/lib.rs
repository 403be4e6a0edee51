//! What buildbrake knows and decides. Everything here is pure: no I/O, no clock, no AWS.
//!
//! The order of the modules is the way through: event → Build → rules → verdict → record.
//! What is done about a verdict is the business of `buildbrake-shell`.

pub mod build;
pub mod duration;
pub mod event;
pub mod export;
pub mod expression;
pub mod facts;
mod lenient;
pub mod pattern;
pub mod policy;
pub mod policy_test;
pub mod price;
pub mod project;
pub mod record;
pub mod rules;
mod shape;
pub mod source_version;
mod url;
pub mod verdict;
mod written;
