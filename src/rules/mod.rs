//! The checks: one file each, and the one list of them.

mod branches;
mod compute;
mod images;
mod initiators;
mod patterns;
mod sources;
mod timeouts;
mod variables;

use std::fmt;

use crate::{
    facts::{Fact, Facts},
    policy::{node::Node, reader::Reader},
};

pub(crate) use patterns::{Fit, Patterns, SELECTABLE, Subject};

/// Every check there is, in the order in which they are explained.
/// A check is named by its key in the policy.
pub(crate) const CHECKS: &[CheckKind] = &[
    timeouts::MAX_TIMEOUT,
    timeouts::MAX_QUEUED_TIMEOUT,
    branches::FORBIDDEN,
    branches::ALLOWED,
    compute::FORBIDDEN,
    compute::ALLOWED,
    images::FORBIDDEN,
    images::ALLOWED,
    sources::FORBIDDEN,
    sources::ALLOWED,
    initiators::FORBIDDEN,
    initiators::ALLOWED,
    variables::FORBIDDEN,
];

/// One kind of check: its key, and how its option is read.
pub(crate) struct CheckKind {
    pub(crate) id: &'static str,
    pub(crate) read: fn(&mut Reader, &Node) -> Option<Box<dyn Check>>,
}

/// A check with its option.
pub(crate) trait Check: fmt::Debug + Send + Sync {
    /// Holds a build against it. Reads no clock, does no I/O, and cannot fail.
    fn decide(&self, facts: &Facts<'_>) -> Answer;

    /// The option, for a person.
    fn limit(&self) -> String;
}

/// The three answers. Cannot-tell is never a silent pass.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    Pass,
    /// The build breaks it, by what was found.
    Broken(String),
    /// The build does not tell.
    Unknown(Fact),
}
