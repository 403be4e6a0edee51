//! The structures of the CodeBuild API under their own names, read leniently; and some of
//! CodePipeline's.

mod batch;
mod build;
pub(crate) mod lenient;
pub(crate) mod name;
mod pipeline;
mod progress;
mod project;
mod run_kind;
mod sandbox;
pub(crate) mod selection;
pub(crate) mod shape;

pub use self::{
    batch::{BuildBatch, BuildBatchPhase, BuildGroup, BuildSummary, ResolvedArtifact, batch_id},
    build::{
        AutoRetryConfig, Build, BuildArtifacts, BuildPhase, BuildStatusConfig, CloudWatchLogsConfig,
        ComputeConfiguration, DebugSession, DockerServer, DockerServerStatus, EnvironmentVariable,
        ExportedEnvironmentVariable, GitSubmodulesConfig, LogsLocation, NetworkInterface, PhaseContext, ProjectCache,
        ProjectEnvironment, ProjectFileSystemLocation, ProjectFleet, ProjectSource, ProjectSourceVersion,
        RegistryCredential, S3LogsConfig, SourceAuth, VpcConfig,
    },
    name::{BuildArn, BuildId, NotABuild},
    pipeline::{ActionExecution, ActionState, PipelineExecution, S3Location},
    progress::{Progress, RunStart},
    project::{
        BatchRestrictions, LogsConfig, Project, ProjectArtifacts, ProjectBadge, ProjectBuildBatchConfig,
        PullRequestBuildPolicy, ScopeConfiguration, Tag, Webhook, WebhookFilter,
    },
    run_kind::RunKind,
    sandbox::{Sandbox, SandboxSession, SandboxSessionPhase},
};
