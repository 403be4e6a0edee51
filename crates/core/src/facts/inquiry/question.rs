//! The sources of facts beyond the event, what they are asked, and what they reply.

use std::sync::Arc;

use jiff::Timestamp;

use crate::model::{Build, BuildBatch, BuildId, Project};

/// A source of facts beyond the event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// The whole Build: `BatchGetBuilds`.
    Build,
    /// The build's project: `BatchGetProjects`.
    Project,
    /// The batch that the build belongs to: `BatchGetBuildBatches`.
    Batch,
}

/// What follows if a source cannot be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// The invocation fails, and Lambda retries it.
    FailInvocation,
    /// The source's facts are unknown, with the reason; see [`Reply::Unavailable`].
    LeaveUnknown,
}

impl Source {
    /// What follows if the source cannot be asked.
    pub fn on_failure(self) -> OnFailure {
        match self {
            Self::Build | Self::Project | Self::Batch => OnFailure::FailInvocation,
        }
    }

    /// The call that asks it.
    pub fn operation(self) -> &'static str {
        match self {
            Self::Build => "BatchGetBuilds",
            Self::Project => "BatchGetProjects",
            Self::Batch => "BatchGetBuildBatches",
        }
    }

    /// What the source describes, as a record names it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Build => "build",
            Self::Project => "project",
            Self::Batch => "batch",
        }
    }
}

/// A question about a build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// The Build with this id.
    Build(BuildId),
    /// The project with this name.
    Project {
        /// The project's name.
        name: String,
        /// Whether a copy that was fetched some minutes ago is good enough.
        may_be_cached: bool,
    },
    /// The batch with this id.
    Batch(String),
}

impl Question {
    /// The source that answers the question.
    pub fn source(&self) -> Source {
        match self {
            Self::Build(_) => Source::Build,
            Self::Project { .. } => Source::Project,
            Self::Batch(_) => Source::Batch,
        }
    }
}

/// The reply to a question.
#[derive(Clone, Debug)]
pub enum Reply {
    /// The Build as the API returns it now.
    Build(Box<Build>),
    /// There is no such build.
    NoBuild,
    /// The project as it was at that time, some minutes ago.
    CachedProject(Arc<Project>, Timestamp),
    /// The project as it is now, or `None` if it does not exist.
    Project(Option<Arc<Project>>),
    /// The batch as the API returns it now, or `None` if it does not exist.
    Batch(Option<Arc<BuildBatch>>),
    /// The source cannot be asked. Its facts remain unknown for the reason given, which must
    /// not quote anything that a service returned.
    Unavailable(Source, String),
}
