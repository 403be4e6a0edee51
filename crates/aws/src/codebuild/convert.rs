//! Converts the SDK's types to those of [`model`](buildbrake_core::model), with all members.
//!
//! A new member of the model must be added below. Otherwise, this file does not compile.

use aws_sdk_codebuild::{primitives::DateTime, types as sdk};
use jiff::Timestamp;

use buildbrake_core::model::{
    AutoRetryConfig, BatchRestrictions, Build, BuildArtifacts, BuildBatch, BuildBatchPhase, BuildGroup, BuildPhase,
    BuildStatusConfig, BuildSummary, CloudWatchLogsConfig, ComputeConfiguration, DebugSession, DockerServer,
    DockerServerStatus, EnvironmentVariable, ExportedEnvironmentVariable, GitSubmodulesConfig, LogsConfig,
    LogsLocation, NetworkInterface, PhaseContext, Project, ProjectArtifacts, ProjectBadge, ProjectBuildBatchConfig,
    ProjectCache, ProjectEnvironment, ProjectFileSystemLocation, ProjectFleet, ProjectSource, ProjectSourceVersion,
    PullRequestBuildPolicy, RegistryCredential, ResolvedArtifact, S3LogsConfig, Sandbox, SandboxSession,
    SandboxSessionPhase, ScopeConfiguration, SourceAuth, Tag, VpcConfig, Webhook, WebhookFilter,
};

pub(super) trait Convert<T> {
    fn convert(self) -> Option<T>;
}

macro_rules! unchanged {
    ($($kind:ty),*) => {$(
        impl Convert<$kind> for $kind {
            fn convert(self) -> Option<$kind> {
                Some(self)
            }
        }
    )*};
}
unchanged!(bool, i32, i64, String);

/// The API's times are seconds with three decimals. The SDK parses them as binary fractions, so
/// that .587 arrives as .586999893.
impl Convert<Timestamp> for DateTime {
    fn convert(self) -> Option<Timestamp> {
        Timestamp::from_millisecond((self.as_secs_f64() * 1000.0).round() as i64).ok()
    }
}

impl<A: Convert<T>, T> Convert<T> for Option<A> {
    fn convert(self) -> Option<T> {
        self.and_then(A::convert)
    }
}

/// A list with an element that cannot be converted is unknown as a whole.
impl<A: Convert<T>, T> Convert<Vec<T>> for Vec<A> {
    fn convert(self) -> Option<Vec<T>> {
        self.into_iter().map(A::convert).collect()
    }
}

macro_rules! open_enumerations {
    ($($name:ident),* $(,)?) => {$(
        impl Convert<String> for sdk::$name {
            fn convert(self) -> Option<String> {
                Some(self.as_str().to_owned())
            }
        }
    )*};
}
open_enumerations! {
    BucketOwnerAccess, BuildBatchPhaseType, BuildPhaseType, CacheMode, CacheType, ComputeType, CredentialProviderType, EnvironmentType,
    EnvironmentVariableType, FileSystemType, HostKernel, ImagePullCredentialsType, LogsConfigStatusType, MachineType,
    SourceAuthType, SourceType, StatusType,
    // The types that only projects have:
    ArtifactNamespace, ArtifactPackaging, ArtifactsType, BatchReportModeType, ProjectVisibilityType,
    PullRequestBuildApproverRole, PullRequestBuildCommentApproval, WebhookBuildType, WebhookFilterType,
    WebhookScopeType, WebhookStatus,
}

macro_rules! structures {
    ($($shape:ident { $($member:ident),* $(,)? })*) => {$(
        impl Convert<$shape> for sdk::$shape {
            fn convert(self) -> Option<$shape> {
                Some($shape { $($member: self.$member.convert()),* })
            }
        }
    )*};
}
structures! {
    Build { id, arn, build_number, start_time, end_time, current_phase, build_status, source_version, resolved_source_version, project_name, phases, source, secondary_sources, secondary_source_versions, artifacts, secondary_artifacts, cache, environment, service_role, logs, timeout_in_minutes, queued_timeout_in_minutes, build_complete, initiator, vpc_config, network_interface, encryption_key, exported_environment_variables, report_arns, file_system_locations, debug_session, build_batch_arn, auto_retry_config }
    BuildPhase { phase_type, phase_status, start_time, end_time, duration_in_seconds, contexts }
    PhaseContext { status_code, message }
    ProjectSource { r#type, location, git_clone_depth, git_submodules_config, buildspec, auth, report_build_status, build_status_config, insecure_ssl, source_identifier }
    GitSubmodulesConfig { fetch_submodules }
    SourceAuth { r#type, resource }
    BuildStatusConfig { context, target_url }
    ProjectSourceVersion { source_identifier, source_version }
    ProjectCache { r#type, location, modes, cache_namespace }
    ProjectEnvironment { r#type, image, compute_type, compute_configuration, fleet, environment_variables, privileged_mode, certificate, registry_credential, image_pull_credentials_type, docker_server, host_kernel }
    ComputeConfiguration { v_cpu, memory, disk, machine_type, instance_type }
    ProjectFleet { fleet_arn }
    EnvironmentVariable { name, value, r#type }
    RegistryCredential { credential, credential_provider }
    DockerServer { compute_type, security_group_ids, status }
    DockerServerStatus { status, message }
    LogsLocation { group_name, stream_name, deep_link, s3_deep_link, cloud_watch_logs_arn, s3_logs_arn, cloud_watch_logs, s3_logs }
    CloudWatchLogsConfig { status, group_name, stream_name }
    S3LogsConfig { status, location, encryption_disabled, bucket_owner_access }
    VpcConfig { vpc_id, subnets, security_group_ids }
    NetworkInterface { subnet_id, network_interface_id }
    ExportedEnvironmentVariable { name, value }
    ProjectFileSystemLocation { r#type, location, mount_point, identifier, mount_options }
    DebugSession { session_enabled, session_target }
    AutoRetryConfig { auto_retry_limit, auto_retry_number, next_auto_retry, previous_auto_retry }
    Project { name, arn, description, source, secondary_sources, source_version, secondary_source_versions, artifacts, secondary_artifacts, cache, environment, service_role, timeout_in_minutes, queued_timeout_in_minutes, encryption_key, tags, created, last_modified, webhook, vpc_config, badge, logs_config, file_system_locations, build_batch_config, concurrent_build_limit, project_visibility, public_project_alias, resource_access_role, auto_retry_limit }
    ProjectArtifacts { r#type, location, path, namespace_type, name, packaging, override_artifact_name, encryption_disabled, artifact_identifier, bucket_owner_access }
    Tag { key, value }
    Webhook { url, payload_url, secret, branch_filter, filter_groups, build_type, manual_creation, last_modified_secret, scope_configuration, status, status_message, pull_request_build_policy }
    WebhookFilter { r#type, pattern, exclude_matched_pattern }
    ScopeConfiguration { name, domain, scope }
    PullRequestBuildPolicy { requires_comment_approval, approver_roles }
    ProjectBadge { badge_enabled, badge_request_url }
    LogsConfig { cloud_watch_logs, s3_logs }
    ProjectBuildBatchConfig { service_role, combine_artifacts, restrictions, timeout_in_mins, batch_report_mode }
    BuildBatch { id, arn, start_time, end_time, current_phase, build_batch_status, source_version, resolved_source_version, project_name, phases, source, secondary_sources, secondary_source_versions, artifacts, secondary_artifacts, cache, environment, service_role, log_config, build_timeout_in_minutes, queued_timeout_in_minutes, complete, initiator, vpc_config, encryption_key, build_batch_number, file_system_locations, build_batch_config, build_groups, debug_session_enabled, report_arns }
    BuildBatchPhase { phase_type, phase_status, start_time, end_time, duration_in_seconds, contexts }
    BuildGroup { identifier, depends_on, ignore_failure, current_build_summary, prior_build_summary_list }
    BuildSummary { arn, requested_on, build_status, primary_artifact, secondary_artifacts }
    ResolvedArtifact { r#type, location, identifier }
    BatchRestrictions { maximum_builds_allowed, compute_types_allowed, fleets_allowed }
    Sandbox { id, arn, project_name, request_time, start_time, end_time, status, source, source_version, secondary_sources, secondary_source_versions, environment, file_system_locations, timeout_in_minutes, queued_timeout_in_minutes, vpc_config, log_config, encryption_key, service_role, current_session }
    SandboxSession { id, status, start_time, end_time, current_phase, phases, resolved_source_version, logs, network_interface }
    SandboxSessionPhase { phase_type, phase_status, start_time, end_time, duration_in_seconds, contexts }
}

/// The SDK spells the two digests differently.
impl Convert<BuildArtifacts> for sdk::BuildArtifacts {
    fn convert(self) -> Option<BuildArtifacts> {
        Some(BuildArtifacts {
            location: self.location.convert(),
            sha256sum: self.sha256_sum.convert(),
            md5sum: self.md5_sum.convert(),
            override_artifact_name: self.override_artifact_name,
            encryption_disabled: self.encryption_disabled,
            artifact_identifier: self.artifact_identifier.convert(),
            bucket_owner_access: self.bucket_owner_access.convert(),
        })
    }
}
