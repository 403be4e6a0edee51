//! A build project, as the CodeBuild API defines it: what `BatchGetProjects` returns.
//!
//! Every member is optional, as in [`Build`](crate::model::Build).

use jiff::Timestamp;

use super::{
    build::{
        CloudWatchLogsConfig, ProjectCache, ProjectEnvironment, ProjectFileSystemLocation, ProjectSource,
        ProjectSourceVersion, S3LogsConfig, VpcConfig,
    },
    shape::shapes,
};

shapes! {
    /// One project. <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_Project.html>
    pub Project {
        name: String,
        arn: String,
        description: String,
        source: ProjectSource,
        secondary_sources: Vec<ProjectSource>,
        source_version: String,
        secondary_source_versions: Vec<ProjectSourceVersion>,
        artifacts: ProjectArtifacts,
        secondary_artifacts: Vec<ProjectArtifacts>,
        cache: ProjectCache,
        environment: ProjectEnvironment,
        service_role: String,
        timeout_in_minutes: i32,
        queued_timeout_in_minutes: i32,
        encryption_key: String,
        tags: Vec<Tag>,
        created: Timestamp,
        last_modified: Timestamp,
        webhook: Webhook,
        vpc_config: VpcConfig,
        badge: ProjectBadge,
        logs_config: LogsConfig,
        file_system_locations: Vec<ProjectFileSystemLocation>,
        build_batch_config: ProjectBuildBatchConfig,
        concurrent_build_limit: i32,
        project_visibility: String,
        public_project_alias: String,
        resource_access_role: String,
        auto_retry_limit: i32,
    }

    /// The output of the project's builds, and the location where it is stored.
    pub ProjectArtifacts {
        r#type: String,
        location: String,
        path: String,
        namespace_type: String,
        name: String,
        packaging: String,
        override_artifact_name: bool,
        encryption_disabled: bool,
        artifact_identifier: String,
        bucket_owner_access: String,
    }

    /// One tag.
    pub Tag {
        key: String,
        value: String,
    }

    /// The webhook that starts builds. `secret` is a secret.
    pub Webhook {
        url: String,
        payload_url: String,
        secret: String,
        branch_filter: String,
        filter_groups: Vec<Vec<WebhookFilter>>,
        build_type: String,
        manual_creation: bool,
        last_modified_secret: Timestamp,
        scope_configuration: ScopeConfiguration,
        status: String,
        status_message: String,
        pull_request_build_policy: PullRequestBuildPolicy,
    }

    /// A condition on the events that start a build.
    pub WebhookFilter {
        r#type: String,
        pattern: String,
        exclude_matched_pattern: bool,
    }

    /// The organization or group that a webhook belongs to.
    pub ScopeConfiguration {
        name: String,
        domain: String,
        scope: String,
    }

    /// The pull requests that need a comment of approval, and the roles that can approve.
    pub PullRequestBuildPolicy {
        requires_comment_approval: String,
        approver_roles: Vec<String>,
    }

    /// The project's badge.
    pub ProjectBadge {
        badge_enabled: bool,
        badge_request_url: String,
    }

    /// The destinations of the builds' logs.
    pub LogsConfig {
        cloud_watch_logs: CloudWatchLogsConfig,
        s3_logs: S3LogsConfig,
    }

    /// The settings of the project's batch builds.
    pub ProjectBuildBatchConfig {
        service_role: String,
        combine_artifacts: bool,
        restrictions: BatchRestrictions,
        timeout_in_mins: i32,
        batch_report_mode: String,
    }

    /// The limits of a batch build.
    pub BatchRestrictions {
        maximum_builds_allowed: i32,
        compute_types_allowed: Vec<String>,
        fleets_allowed: Vec<String>,
    }
}
