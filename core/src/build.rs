//! A build, as the CodeBuild API defines it, and the names it goes by.
//!
//! The one [`Build`] stands for what the API answers and for what an event
//! carries. Every member is optional: `None` is a fact that is not known, which
//! is not the same as an empty list.

mod name;
mod progress;

use compact_str::CompactString;
use jiff::Timestamp;
use serde::Serialize;

pub use self::{
    name::{BuildArn, BuildId, NotABuild},
    progress::{Progress, RunStart},
};
use crate::{
    lenient::{Json, Lenient, Slot, shapes},
    shape::described,
};

shapes! {
    /// One build, whole. <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_Build.html>
    pub Build {
        id: CompactString,
        arn: CompactString,
        build_number: i64,
        start_time: Timestamp,
        end_time: Timestamp,
        current_phase: CompactString,
        build_status: CompactString,
        source_version: CompactString,
        resolved_source_version: CompactString,
        project_name: CompactString,
        phases: Vec<BuildPhase>,
        source: ProjectSource,
        secondary_sources: Vec<ProjectSource>,
        secondary_source_versions: Vec<ProjectSourceVersion>,
        artifacts: BuildArtifacts,
        secondary_artifacts: Vec<BuildArtifacts>,
        cache: ProjectCache,
        environment: ProjectEnvironment,
        service_role: CompactString,
        logs: LogsLocation,
        timeout_in_minutes: i32,
        queued_timeout_in_minutes: i32,
        build_complete: bool,
        initiator: CompactString,
        vpc_config: VpcConfig,
        network_interface: NetworkInterface,
        encryption_key: CompactString,
        exported_environment_variables: Vec<ExportedEnvironmentVariable>,
        report_arns: Vec<CompactString>,
        file_system_locations: Vec<ProjectFileSystemLocation>,
        debug_session: DebugSession,
        build_batch_arn: CompactString,
        auto_retry_config: AutoRetryConfig,
    }

    /// One phase a build is in or went through.
    pub BuildPhase {
        phase_type: CompactString = "phase-type",
        phase_status: CompactString = "phase-status",
        start_time: Timestamp = "start-time",
        end_time: Timestamp = "end-time",
        duration_in_seconds: i64 = "duration-in-seconds",
        contexts: Vec<PhaseContext> = "phase-context",
    }

    /// Where the code comes from. `buildspec` is a path, an S3 ARN or the whole file.
    pub ProjectSource {
        r#type: CompactString,
        location: CompactString,
        git_clone_depth: i32 = "git-clone-depth",
        git_submodules_config: GitSubmodulesConfig = "git-submodules-config",
        buildspec: CompactString,
        auth: SourceAuth,
        report_build_status: bool = "report-build-status",
        build_status_config: BuildStatusConfig = "build-status-config",
        insecure_ssl: bool = "insecure-ssl",
        source_identifier: CompactString = "source-identifier",
    }

    /// Whether git submodules are fetched.
    pub GitSubmodulesConfig {
        fetch_submodules: bool = "fetch-submodules",
    }

    /// How the source is authorised: the name of a credential, never the credential.
    pub SourceAuth {
        r#type: CompactString,
        resource: CompactString,
    }

    /// What is reported to the source provider.
    pub BuildStatusConfig {
        context: CompactString,
        target_url: CompactString = "target-url",
    }

    /// The version of one secondary source.
    pub ProjectSourceVersion {
        source_identifier: CompactString,
        source_version: CompactString,
    }

    /// What the build leaves, and where.
    pub BuildArtifacts {
        location: CompactString,
        sha256sum: CompactString,
        md5sum: CompactString,
        override_artifact_name: bool = "override-artifact-name",
        encryption_disabled: bool = "encryption-disabled",
        artifact_identifier: CompactString = "artifact-identifier",
        bucket_owner_access: CompactString = "bucket-owner-access",
    }

    /// Where the build caches.
    pub ProjectCache {
        r#type: CompactString,
        location: CompactString,
        modes: Vec<CompactString>,
        cache_namespace: CompactString = "cache-namespace",
    }

    /// The machine and image the build runs in.
    pub ProjectEnvironment {
        r#type: CompactString,
        image: CompactString,
        compute_type: CompactString = "compute-type",
        compute_configuration: ComputeConfiguration = "compute-configuration",
        fleet: ProjectFleet,
        environment_variables: Vec<EnvironmentVariable> = "environment-variables",
        privileged_mode: bool = "privileged-mode",
        certificate: CompactString,
        registry_credential: RegistryCredential = "registry-credential",
        image_pull_credentials_type: CompactString = "image-pull-credentials-type",
        docker_server: DockerServer = "docker-server",
        host_kernel: CompactString = "host-kernel",
    }

    /// Attributes of a fleet's machines. `memory` and `disk` in GiB.
    pub ComputeConfiguration {
        v_cpu: i64,
        memory: i64,
        disk: i64,
        machine_type: CompactString,
        instance_type: CompactString,
    }

    /// The fleet of reserved machines the build runs on.
    pub ProjectFleet {
        fleet_arn: CompactString,
    }

    /// One environment variable. `value` is a secret or the name of one.
    pub EnvironmentVariable {
        name: CompactString,
        value: CompactString,
        r#type: CompactString,
    }

    /// The name of the secret that opens a private image registry.
    pub RegistryCredential {
        credential: CompactString,
        credential_provider: CompactString = "credential-provider",
    }

    /// A Docker server beside the build.
    pub DockerServer {
        compute_type: CompactString,
        security_group_ids: Vec<CompactString>,
        status: DockerServerStatus,
    }

    /// How that Docker server does. Free text.
    pub DockerServerStatus {
        status: CompactString,
        message: CompactString,
    }

    /// Where the build's own logs are.
    pub LogsLocation {
        group_name: CompactString = "group-name",
        stream_name: CompactString = "stream-name",
        deep_link: CompactString = "deep-link",
        s3_deep_link: CompactString = "s3-deep-link",
        cloud_watch_logs_arn: CompactString = "cloud-watch-logs-arn",
        s3_logs_arn: CompactString = "s3-logs-arn",
        cloud_watch_logs: CloudWatchLogsConfig = "cloud-watch-logs",
        s3_logs: S3LogsConfig = "s3-logs",
    }

    /// The build's logs in CloudWatch.
    pub CloudWatchLogsConfig {
        status: CompactString,
        group_name: CompactString = "group-name",
        stream_name: CompactString = "stream-name",
    }

    /// The build's logs in S3.
    pub S3LogsConfig {
        status: CompactString,
        location: CompactString,
        encryption_disabled: bool = "encryption-disabled",
        bucket_owner_access: CompactString = "bucket-owner-access",
    }

    /// The VPC the build reaches.
    pub VpcConfig {
        vpc_id: CompactString = "vpc-id",
        subnets: Vec<CompactString>,
        security_group_ids: Vec<CompactString> = "security-group-ids",
    }

    /// The build's network interface in that VPC.
    pub NetworkInterface {
        subnet_id: CompactString = "subnet-id",
        network_interface_id: CompactString = "network-interface-id",
    }

    /// One variable the build hands on to its pipeline. `value` may be a secret.
    pub ExportedEnvironmentVariable {
        name: CompactString,
        value: CompactString,
    }

    /// A file system mounted into the build.
    pub ProjectFileSystemLocation {
        r#type: CompactString,
        location: CompactString,
        mount_point: CompactString = "mount-point",
        identifier: CompactString,
        mount_options: CompactString = "mount-options",
    }

    /// Whether somebody may look into the running build.
    pub DebugSession {
        session_enabled: bool,
        session_target: CompactString,
    }

    /// The builds that retry this one, and that it retries.
    pub AutoRetryConfig {
        auto_retry_limit: i32,
        auto_retry_number: i32,
        next_auto_retry: CompactString,
        previous_auto_retry: CompactString,
    }
}

/// What a phase says of how it ended. Free text.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PhaseContext {
    /// `COMMAND_EXECUTION_ERROR`, say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_code: Option<CompactString>,
    /// What went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<CompactString>,
}

described! {
    PhaseContext {
        status_code: CompactString,
        message: CompactString,
    }
}

/// The API writes an object; an event writes both members as one text, `CODE: message`.
impl Lenient for PhaseContext {
    fn begin(json: Json<'_>) -> Option<Self> {
        match json {
            Json::Object => Some(Self::default()),
            Json::Text(text) => {
                let (status_code, message) = name::split_at_colon(text)?;
                let told = |text: &str| Some(text.trim()).filter(|text| !text.is_empty()).map(CompactString::from);
                Some(Self { status_code: told(status_code), message: told(message) })
            }
            _ => None,
        }
    }

    fn member(&mut self, name: &str) -> Option<&mut dyn Slot> {
        match name {
            "statusCode" => Some(&mut self.status_code),
            "message" => Some(&mut self.message),
            _ => None,
        }
    }
}
