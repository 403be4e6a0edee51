//! The sources of facts beyond the event, one entry each.

use serde::{Deserialize, Serialize};

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

/// A set of sources.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SourceSet(u8);

impl SourceSet {
    pub(crate) fn contains(self, source: Source) -> bool {
        self.0 & Self::bit(source) != 0
    }

    pub(crate) fn add(&mut self, source: Source) {
        self.0 |= Self::bit(source);
    }

    fn bit(source: Source) -> u8 {
        1 << source as u8
    }
}

impl FromIterator<Source> for SourceSet {
    fn from_iter<I: IntoIterator<Item = Source>>(sources: I) -> Self {
        let mut set = Self::default();
        sources.into_iter().for_each(|source| set.add(source));
        set
    }
}

/// What may still be learned from a source, in ascending order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Prospect {
    /// Nothing: it cannot provide more, or cannot be asked.
    Nothing,
    /// Nothing now, but it will be asked once more.
    Later,
    /// Its next reply.
    Now,
}

/// The consequence if a source cannot be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// The invocation fails, and Lambda retries it.
    FailInvocation,
    /// The source's facts are unknown, with the reason; see [`Reply::Unavailable`](super::Reply::Unavailable).
    LeaveUnknown,
}

/// Everything about a source that does not depend on a build.
struct SourceEntry {
    /// The record's name for the thing that the source describes.
    describes: &'static str,
    on_failure: OnFailure,
    /// The calls that ask it.
    operations: &'static [&'static str],
    /// The key by which a policy test gives its reply.
    test_key: Option<&'static str>,
    /// The reason why a replay lacks its reply.
    not_replayed: &'static str,
    /// The setting or the input that makes its facts known.
    resolved_by: &'static str,
}

impl Source {
    /// All sources, in the order in which they are asked: the reply of one may make another needless.
    pub(crate) const ALL: [Self; 7] =
        [Self::Build, Self::Batch, Self::FirstTry, Self::Project, Self::Pipeline, Self::Git, Self::RunningBuilds];

    fn entry(self) -> SourceEntry {
        match self {
            Self::Build => SourceEntry {
                describes: "build",
                on_failure: OnFailure::FailInvocation,
                operations: &["BatchGetBuilds"],
                test_key: None,
                not_replayed: "the input contains no Build of the API",
                resolved_by: "replay the API's Builds (`--account`, or `aws codebuild batch-get-builds`): events \
                              lack members",
            },
            Self::Project => SourceEntry {
                describes: "project",
                on_failure: OnFailure::FailInvocation,
                operations: &["BatchGetProjects"],
                test_key: Some("project"),
                not_replayed: NOT_IN_INPUT,
                resolved_by: "add the projects to the input (`--account`, or `aws codebuild batch-get-projects`)",
            },
            Self::Batch => SourceEntry {
                describes: "batch",
                on_failure: OnFailure::FailInvocation,
                operations: &["BatchGetBuildBatches"],
                test_key: Some("batch"),
                not_replayed: NOT_IN_INPUT,
                resolved_by: "add the batches to the input (`--account`, or `aws codebuild batch-get-build-batches`)",
            },
            Self::Pipeline => SourceEntry {
                describes: "branch",
                on_failure: OnFailure::LeaveUnknown,
                operations: &["GetPipelineState", "ListActionExecutions", "GetPipelineExecution", "GetPipeline"],
                test_key: Some("pipeline"),
                not_replayed: "a replay does not ask CodePipeline",
                resolved_by: "the function asks CodePipeline while the build runs; its records in the input contain \
                              the answer",
            },
            Self::Git => SourceEntry {
                describes: "branch",
                on_failure: OnFailure::LeaveUnknown,
                operations: &["git ls-refs"],
                test_key: Some("git"),
                not_replayed: "a replay does not ask git",
                resolved_by: "the function asks the hosts in `BUILDBRAKE_GIT_HOSTS` as the build starts; its records \
                              in the input contain the answer",
            },
            Self::FirstTry => SourceEntry {
                describes: "first try",
                on_failure: OnFailure::LeaveUnknown,
                operations: &["BatchGetBuilds"],
                test_key: None,
                not_replayed: NOT_IN_INPUT,
                resolved_by: "add the earlier tries of the build to the input",
            },
            Self::RunningBuilds => SourceEntry {
                describes: "newer build",
                on_failure: OnFailure::LeaveUnknown,
                operations: &["ListBuildsForProject", "ListBuildBatchesForProject"],
                test_key: Some("running-builds"),
                not_replayed: "the input does not show which builds ran at that time",
                resolved_by: "add all builds of the project to the input",
            },
        }
    }

    /// Returns the consequence if the source cannot be asked.
    pub fn on_failure(self) -> OnFailure {
        self.entry().on_failure
    }

    /// The calls that ask it.
    pub fn operations(self) -> &'static [&'static str] {
        self.entry().operations
    }

    /// The reason why a replay lacks its reply, unless the input contains it.
    pub fn not_replayed(self) -> &'static str {
        self.entry().not_replayed
    }

    /// The setting or the input that makes its facts known in a replay.
    pub(crate) fn resolved_by(self) -> &'static str {
        self.entry().resolved_by
    }

    /// The key by which a policy test gives its reply, if there is one.
    pub(crate) fn test_key(self) -> Option<&'static str> {
        self.entry().test_key
    }

    /// Returns the record's name for the thing that the source describes.
    pub(in crate::facts) fn name(self) -> &'static str {
        self.entry().describes
    }
}

const NOT_IN_INPUT: &str = "the input does not contain it";
