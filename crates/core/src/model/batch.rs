//! A batch of builds, as the CodeBuild API defines it: what `BatchGetBuildBatches` returns.
//!
//! Every member is optional, as in [`Build`](crate::model::Build).

use jiff::Timestamp;

use super::{
    Progress,
    build::{
        Build, BuildArtifacts, PhaseContext, ProjectCache, ProjectEnvironment, ProjectFileSystemLocation,
        ProjectSource, ProjectSourceVersion, VpcConfig,
    },
    progress::progress,
    project::{LogsConfig, ProjectBuildBatchConfig},
    shape::shapes,
};

shapes! {
    /// One batch. <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_BuildBatch.html>
    pub BuildBatch {
        id: String,
        arn: String,
        start_time: Timestamp,
        end_time: Timestamp,
        current_phase: String,
        build_batch_status: String,
        source_version: String,
        resolved_source_version: String,
        project_name: String,
        phases: Vec<BuildBatchPhase>,
        source: ProjectSource,
        secondary_sources: Vec<ProjectSource>,
        secondary_source_versions: Vec<ProjectSourceVersion>,
        artifacts: BuildArtifacts,
        secondary_artifacts: Vec<BuildArtifacts>,
        cache: ProjectCache,
        environment: ProjectEnvironment,
        service_role: String,
        log_config: LogsConfig,
        build_timeout_in_minutes: i32,
        queued_timeout_in_minutes: i32,
        complete: bool,
        initiator: String,
        vpc_config: VpcConfig,
        encryption_key: String,
        build_batch_number: i64,
        file_system_locations: Vec<ProjectFileSystemLocation>,
        build_batch_config: ProjectBuildBatchConfig,
        build_groups: Vec<BuildGroup>,
        debug_session_enabled: bool,
        report_arns: Vec<String>,
    }

    /// One phase of a batch.
    pub BuildBatchPhase {
        phase_type: String,
        phase_status: String,
        start_time: Timestamp,
        end_time: Timestamp,
        duration_in_seconds: i64,
        contexts: Vec<PhaseContext>,
    }

    /// A build of the batch, with its earlier tries.
    pub BuildGroup {
        identifier: String,
        depends_on: Vec<String>,
        ignore_failure: bool,
        current_build_summary: BuildSummary,
        prior_build_summary_list: Vec<BuildSummary>,
    }

    /// One try of a build of the batch.
    pub BuildSummary {
        arn: String,
        requested_on: Timestamp,
        build_status: String,
        primary_artifact: ResolvedArtifact,
        secondary_artifacts: Vec<ResolvedArtifact>,
    }

    /// The location where a build of the batch stored an artifact.
    pub ResolvedArtifact {
        r#type: String,
        location: String,
        identifier: String,
    }
}

impl BuildBatch {
    /// Returns whether the batch is still running, by its `buildBatchStatus` and `complete`.
    pub fn progress(&self) -> Progress {
        progress(self.build_batch_status.as_deref(), self.complete)
    }

    /// Returns the batch in the form of a build that belongs to this batch.
    pub(crate) fn as_build(&self) -> Build {
        Build {
            id: self.id.clone(),
            arn: self.arn.clone(),
            start_time: self.start_time,
            build_status: self.build_batch_status.clone(),
            build_complete: self.complete,
            source_version: self.source_version.clone(),
            resolved_source_version: self.resolved_source_version.clone(),
            project_name: self.project_name.clone(),
            source: self.source.clone(),
            environment: self.environment.clone(),
            initiator: self.initiator.clone(),
            build_batch_arn: self.arn.clone(),
            ..Build::default()
        }
    }
}

/// The id in a batch's ARN, `arn:aws:codebuild:us-east-1:111122223333:build-batch/project:uuid`.
/// Another text is returned as it is.
pub fn batch_id(arn: &str) -> &str {
    arn.split_once(":build-batch/").map_or(arn, |(_, id)| id)
}
