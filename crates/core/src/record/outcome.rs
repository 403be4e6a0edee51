//! The outcomes for a build, and the groups in which they are counted.

use serde::{Deserialize, Serialize};

use crate::verdict::Action;

/// The outcome for a build or an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// No rule is broken.
    Allowed,
    /// A rule is broken, but none is enforced, or the stop was withheld.
    Reported,
    /// An enforced rule is broken, but `never-stop` lists the project.
    Protected,
    /// The build was stopped.
    Stopped,
    /// The build ended before it could be stopped.
    AlreadyComplete,
    /// CodeBuild has no such build.
    NotFound,
    /// The event is about a build that has ended.
    NotRunning,
    /// There was nothing to judge.
    Ignored,
    /// The work could not be done. The invocation fails too.
    Failed,
}

/// The group in which an outcome is counted, in the metrics and in a sweep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// As an allowed build.
    Allowed,
    /// As a build that was reported and keeps running.
    Reported,
    /// As a stopped build.
    Stopped,
    /// As a build that broke a rule and ended by itself.
    Ended,
    /// As a failure.
    Failed,
    /// Not at all: no build was judged.
    Nothing,
}

impl Outcome {
    /// The outcome of a build that is not stopped.
    pub fn of_running(action: Action) -> Self {
        match action {
            Action::Allow => Self::Allowed,
            Action::Protect => Self::Protected,
            Action::Report | Action::Stop => Self::Reported,
        }
    }

    /// Returns the group in which the outcome is counted.
    pub fn counted(self) -> Counted {
        match self {
            Self::Allowed => Counted::Allowed,
            Self::Reported | Self::Protected => Counted::Reported,
            Self::Stopped => Counted::Stopped,
            Self::AlreadyComplete => Counted::Ended,
            Self::Failed => Counted::Failed,
            Self::NotFound | Self::NotRunning | Self::Ignored => Counted::Nothing,
        }
    }
}
