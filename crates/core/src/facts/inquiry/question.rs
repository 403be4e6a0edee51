//! The questions to the sources of facts, and their replies.

use std::sync::Arc;

use jiff::Timestamp;

use super::Source;
use crate::{
    facts::{
        MissingFact,
        pipeline::PipelineAnswer,
        reference::FRESH,
        remote_refs::{ObjectId, RefsAtCommit},
        source_location::{SourceLocation, Url},
    },
    model::{Build, BuildBatch, BuildId, Project},
    url,
};

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

    /// Returns the subject of the question, such as a project's name or a build's id. It contains no
    /// credentials.
    pub fn about(&self) -> String {
        match self {
            Self::Build(id) | Self::EarlierTry(id) => id.as_str().to_owned(),
            Self::Project { name, .. } | Self::RunningBuilds(name) => name.clone(),
            Self::Batch(id) => id.clone(),
            Self::Pipeline(question) => question.pipeline.clone(),
            Self::Git(question) => {
                let location = SourceLocation::Repository(question.repository.clone()).to_string();
                url::redacted(&location).into_owned()
            }
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
    /// There was no time to ask this source, for this reason. It is asked later.
    Postponed(Source, Cause),
    /// The repository's answer.
    Git(Arc<RefsAtCommit>),
    /// The source cannot be asked. Its facts remain unknown for this cause.
    Unavailable(Source, Cause),
}

/// The reason why something could not be asked or done. Its words must not quote anything that a service returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The operator must grant a permission.
    Denied(String),
    /// Any other cause.
    Other(String),
}

impl Cause {
    /// The cause in words.
    pub fn text(&self) -> &str {
        let (Self::Denied(text) | Self::Other(text)) = self;
        text
    }

    /// Returns the fact as one that is unknown for this cause.
    pub(crate) fn of_unknown(self, fact: &'static str) -> MissingFact {
        match self {
            Self::Denied(why) => MissingFact::Denied { fact, why },
            Self::Other(why) => MissingFact::Unknown { fact, why },
        }
    }
}

impl<T: Into<String>> From<T> for Cause {
    fn from(text: T) -> Self {
        Self::Other(text.into())
    }
}
