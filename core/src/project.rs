//! A build project, as the CodeBuild API defines it: what `BatchGetProjects` answers.
//!
//! Every member is optional, as in [`Build`](crate::build::Build), whose structures
//! it shares. A test holds it against the API's model, member by member.

use compact_str::CompactString;
use jiff::Timestamp;

use crate::{
    build::{
        CloudWatchLogsConfig, ProjectCache, ProjectEnvironment, ProjectFileSystemLocation, ProjectSource,
        ProjectSourceVersion, S3LogsConfig, VpcConfig,
    },
    lenient::shapes,
};

shapes! {
    /// One project, whole. <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_Project.html>
    pub Project {
        name: CompactString,
        arn: CompactString,
        description: CompactString,
        source: ProjectSource,
        secondary_sources: Vec<ProjectSource>,
        source_version: CompactString,
        secondary_source_versions: Vec<ProjectSourceVersion>,
        artifacts: ProjectArtifacts,
        secondary_artifacts: Vec<ProjectArtifacts>,
        cache: ProjectCache,
        environment: ProjectEnvironment,
        service_role: CompactString,
        timeout_in_minutes: i32,
        queued_timeout_in_minutes: i32,
        encryption_key: CompactString,
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
        project_visibility: CompactString,
        public_project_alias: CompactString,
        resource_access_role: CompactString,
        auto_retry_limit: i32,
    }

    /// What the project's builds leave, and where.
    pub ProjectArtifacts {
        r#type: CompactString,
        location: CompactString,
        path: CompactString,
        namespace_type: CompactString,
        name: CompactString,
        packaging: CompactString,
        override_artifact_name: bool,
        encryption_disabled: bool,
        artifact_identifier: CompactString,
        bucket_owner_access: CompactString,
    }

    /// One tag.
    pub Tag {
        key: CompactString,
        value: CompactString,
    }

    /// What starts a build when something is pushed. `secret` is one.
    pub Webhook {
        url: CompactString,
        payload_url: CompactString,
        secret: CompactString,
        branch_filter: CompactString,
        filter_groups: Vec<Vec<WebhookFilter>>,
        build_type: CompactString,
        manual_creation: bool,
        last_modified_secret: Timestamp,
        scope_configuration: ScopeConfiguration,
        status: CompactString,
        status_message: CompactString,
        pull_request_build_policy: PullRequestBuildPolicy,
    }

    /// Which webhook events start a build.
    pub WebhookFilter {
        r#type: CompactString,
        pattern: CompactString,
        exclude_matched_pattern: bool,
    }

    /// The organisation or group a webhook is of.
    pub ScopeConfiguration {
        name: CompactString,
        domain: CompactString,
        scope: CompactString,
    }

    /// Whose pull requests are built without a comment that approves.
    pub PullRequestBuildPolicy {
        requires_comment_approval: CompactString,
        approver_roles: Vec<CompactString>,
    }

    /// The project's badge.
    pub ProjectBadge {
        badge_enabled: bool,
        badge_request_url: CompactString,
    }

    /// Where the builds' logs go.
    pub LogsConfig {
        cloud_watch_logs: CloudWatchLogsConfig,
        s3_logs: S3LogsConfig,
    }

    /// How the project's batches are built.
    pub ProjectBuildBatchConfig {
        service_role: CompactString,
        combine_artifacts: bool,
        restrictions: BatchRestrictions,
        timeout_in_mins: i32,
        batch_report_mode: CompactString,
    }

    /// What a batch may use.
    pub BatchRestrictions {
        maximum_builds_allowed: i32,
        compute_types_allowed: Vec<CompactString>,
        fleets_allowed: Vec<CompactString>,
    }
}
