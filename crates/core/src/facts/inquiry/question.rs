//! The sources of facts beyond the event, what they are asked, and what they reply.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    facts::{
        pipeline::PipelineAnswer,
        reference::FRESH,
        remote_refs::{ObjectId, RefsAtCommit},
        source_location::Url,
    },
    model::{Build, BuildBatch, BuildId, Project},
};

/// A source of facts beyond the event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// The whole Build: `BatchGetBuilds`.
    Build,
    /// The build's project: `BatchGetProjects`.
    Project,
    /// The batch that the build belongs to: `BatchGetBuildBatches`.
    Batch,
    /// The pipeline that the initiator names: CodePipeline's state and history.
    Pipeline,
    /// The repository of the build's source, by git's own protocol.
    Git,
    /// The Build that a build retries automatically: `BatchGetBuilds`.
    FirstTry,
    /// The project's other running builds and batches: the lists of the project.
    RunningBuilds,
}

/// The consequence if a source cannot be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// The invocation fails, and Lambda retries it.
    FailInvocation,
    /// The source's facts are unknown, with the reason; see [`Reply::Unavailable`].
    LeaveUnknown,
}

impl Source {
    /// Returns the consequence if the source cannot be asked.
    pub fn on_failure(self) -> OnFailure {
        match self {
            Self::Build | Self::Project | Self::Batch => OnFailure::FailInvocation,
            Self::Pipeline | Self::Git | Self::FirstTry | Self::RunningBuilds => OnFailure::LeaveUnknown,
        }
    }

    /// The calls that ask it.
    pub fn operations(self) -> &'static [&'static str] {
        match self {
            Self::Build | Self::FirstTry => &["BatchGetBuilds"],
            Self::Project => &["BatchGetProjects"],
            Self::Batch => &["BatchGetBuildBatches"],
            Self::Pipeline => &["GetPipelineState"],
            Self::Git => &["git ls-refs"],
            Self::RunningBuilds => &["ListBuildsForProject", "ListBuildBatchesForProject"],
        }
    }

    /// Returns the record's name for the thing that the source describes.
    pub(in crate::facts) fn name(self) -> &'static str {
        match self {
            Self::Build => "build",
            Self::Project => "project",
            Self::Batch => "batch",
            Self::Pipeline | Self::Git => "branch",
            Self::FirstTry => "first try",
            Self::RunningBuilds => "newer build",
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
        /// `true` if a copy that was fetched some minutes ago is good enough.
        may_be_cached: bool,
    },
    /// The batch with this id.
    Batch(String),
    /// The execution of a pipeline that started the build.
    Pipeline(PipelineQuestion),
    /// The references of a repository.
    Git(GitQuestion),
    /// The earlier try of a build with this id.
    EarlierTry(BuildId),
    /// The running builds and batches of the project with this name; see [`compare`](super::compare).
    RunningBuilds(String),
}

/// The question to CodePipeline about the execution that started a build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PipelineQuestion {
    /// The pipeline's name.
    pub pipeline: String,
    /// The ids of the build and of its batch; an action of the execution names one of them.
    pub started: Vec<String>,
    /// When the build or batch started.
    pub start: Option<Timestamp>,
}

/// The question to git about a build's repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitQuestion {
    /// The id of the build or batch whose commit it is; of a retry, the id of its first try.
    pub id: String,
    /// The repository.
    pub repository: Url,
    /// The commit whose references are wanted. `None` if only HEAD is.
    pub commit: Option<ObjectId>,
    /// The time when the build or batch started.
    pub start: Option<Timestamp>,
    /// What names the repository.
    pub named_by: NamedBy,
}

/// What names a repository. Anyone who may start a build or change a pipeline can name any repository. The
/// operator's credentials must not disclose its references.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamedBy {
    /// The project, as the build does.
    Project,
    /// The pipeline of the function's own account that fetched the source.
    Pipeline,
    /// The build alone.
    Build,
}

impl GitQuestion {
    /// Returns whether an answer given now proves anything.
    pub fn is_in_time(&self, now: Timestamp) -> bool {
        self.start.is_some_and(|start| now.duration_since(start) <= FRESH)
    }
}

impl Question {
    /// The source that answers the question.
    pub fn source(&self) -> Source {
        match self {
            Self::Build(_) => Source::Build,
            Self::Project { .. } => Source::Project,
            Self::Batch(_) => Source::Batch,
            Self::Pipeline(_) => Source::Pipeline,
            Self::Git(_) => Source::Git,
            Self::EarlierTry(_) => Source::FirstTry,
            Self::RunningBuilds(_) => Source::RunningBuilds,
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
    /// CodePipeline's answer.
    Pipeline(PipelineAnswer),
    /// The earlier try, as the API returns it now.
    EarlierTry(Box<Build>),
    /// The repository's answer.
    Git(Arc<RefsAtCommit>),
    /// The source cannot be asked. Its facts remain unknown for the reason given, which must
    /// not quote anything that a service returned.
    Unavailable(Source, String),
}
