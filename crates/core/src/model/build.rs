//! A build, as the CodeBuild API defines it, and the names it goes by.
//!
//! The one [`Build`] stands for what the API answers and for what an event
//! carries. Every member is optional: `None` is a fact that is not known, which
//! is not the same as an empty list.

use jiff::Timestamp;
use serde::Serialize;

use super::{
    lenient::{Json, Lenient, Slot, shapes},
    shape::described,
};

shapes! {
    /// One build, whole. <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_Build.html>
    pub Build {
        id: String,
        arn: String,
        build_number: i64,
        start_time: Timestamp,
        end_time: Timestamp,
        current_phase: String,
        build_status: String,
        source_version: String,
        resolved_source_version: String,
        project_name: String,
        phases: Vec<BuildPhase>,
        source: ProjectSource,
        secondary_sources: Vec<ProjectSource>,
        secondary_source_versions: Vec<ProjectSourceVersion>,
        artifacts: BuildArtifacts,
        secondary_artifacts: Vec<BuildArtifacts>,
        cache: ProjectCache,
        environment: ProjectEnvironment,
        service_role: String,
        logs: LogsLocation,
        timeout_in_minutes: i32,
        queued_timeout_in_minutes: i32,
        build_complete: bool,
        initiator: String,
        vpc_config: VpcConfig,
        network_interface: NetworkInterface,
        encryption_key: String,
        exported_environment_variables: Vec<ExportedEnvironmentVariable>,
        report_arns: Vec<String>,
        file_system_locations: Vec<ProjectFileSystemLocation>,
        debug_session: DebugSession,
        build_batch_arn: String,
        auto_retry_config: AutoRetryConfig,
    }

    /// One phase a build is in or went through.
    pub BuildPhase {
        phase_type: String = "phase-type",
        phase_status: String = "phase-status",
        start_time: Timestamp = "start-time",
        end_time: Timestamp = "end-time",
        duration_in_seconds: i64 = "duration-in-seconds",
        contexts: Vec<PhaseContext> = "phase-context",
    }

    /// Where the code comes from. `buildspec` is a path, an S3 ARN or the whole file.
    pub ProjectSource {
        r#type: String,
        location: String,
        git_clone_depth: i32 = "git-clone-depth",
        git_submodules_config: GitSubmodulesConfig = "git-submodules-config",
        buildspec: String,
        auth: SourceAuth,
        report_build_status: bool = "report-build-status",
        build_status_config: BuildStatusConfig = "build-status-config",
        insecure_ssl: bool = "insecure-ssl",
        source_identifier: String = "source-identifier",
    }

    /// Whether git submodules are fetched.
    pub GitSubmodulesConfig {
        fetch_submodules: bool = "fetch-submodules",
    }

    /// How the source is authorised: the name of a credential, never the credential.
    pub SourceAuth {
        r#type: String,
        resource: String,
    }

    /// What is reported to the source provider.
    pub BuildStatusConfig {
        context: String,
        target_url: String = "target-url",
    }

    /// The version of one secondary source.
    pub ProjectSourceVersion {
        source_identifier: String,
        source_version: String,
    }

    /// What the build leaves, and where.
    pub BuildArtifacts {
        location: String,
        sha256sum: String,
        md5sum: String,
        override_artifact_name: bool = "override-artifact-name",
        encryption_disabled: bool = "encryption-disabled",
        artifact_identifier: String = "artifact-identifier",
        bucket_owner_access: String = "bucket-owner-access",
    }

    /// Where the build caches.
    pub ProjectCache {
        r#type: String,
        location: String,
        modes: Vec<String>,
        cache_namespace: String = "cache-namespace",
    }

    /// The machine and image the build runs in.
    pub ProjectEnvironment {
        r#type: String,
        image: String,
        compute_type: String = "compute-type",
        compute_configuration: ComputeConfiguration = "compute-configuration",
        fleet: ProjectFleet,
        environment_variables: Vec<EnvironmentVariable> = "environment-variables",
        privileged_mode: bool = "privileged-mode",
        certificate: String,
        registry_credential: RegistryCredential = "registry-credential",
        image_pull_credentials_type: String = "image-pull-credentials-type",
        docker_server: DockerServer = "docker-server",
        host_kernel: String = "host-kernel",
    }

    /// Attributes of a fleet's machines. `memory` and `disk` in GiB.
    pub ComputeConfiguration {
        v_cpu: i64,
        memory: i64,
        disk: i64,
        machine_type: String,
        instance_type: String,
    }

    /// The fleet of reserved machines the build runs on.
    pub ProjectFleet {
        fleet_arn: String,
    }

    /// One environment variable. `value` is a secret or the name of one.
    pub EnvironmentVariable {
        name: String,
        value: String,
        r#type: String,
    }

    /// The name of the secret that opens a private image registry.
    pub RegistryCredential {
        credential: String,
        credential_provider: String = "credential-provider",
    }

    /// A Docker server beside the build.
    pub DockerServer {
        compute_type: String,
        security_group_ids: Vec<String>,
        status: DockerServerStatus,
    }

    /// How that Docker server does. Free text.
    pub DockerServerStatus {
        status: String,
        message: String,
    }

    /// Where the build's own logs are.
    pub LogsLocation {
        group_name: String = "group-name",
        stream_name: String = "stream-name",
        deep_link: String = "deep-link",
        s3_deep_link: String = "s3-deep-link",
        cloud_watch_logs_arn: String = "cloud-watch-logs-arn",
        s3_logs_arn: String = "s3-logs-arn",
        cloud_watch_logs: CloudWatchLogsConfig = "cloud-watch-logs",
        s3_logs: S3LogsConfig = "s3-logs",
    }

    /// The build's logs in CloudWatch.
    pub CloudWatchLogsConfig {
        status: String,
        group_name: String = "group-name",
        stream_name: String = "stream-name",
    }

    /// The build's logs in S3.
    pub S3LogsConfig {
        status: String,
        location: String,
        encryption_disabled: bool = "encryption-disabled",
        bucket_owner_access: String = "bucket-owner-access",
    }

    /// The VPC the build reaches.
    pub VpcConfig {
        vpc_id: String = "vpc-id",
        subnets: Vec<String>,
        security_group_ids: Vec<String> = "security-group-ids",
    }

    /// The build's network interface in that VPC.
    pub NetworkInterface {
        subnet_id: String = "subnet-id",
        network_interface_id: String = "network-interface-id",
    }

    /// One variable the build hands on to its pipeline. `value` may be a secret.
    pub ExportedEnvironmentVariable {
        name: String,
        value: String,
    }

    /// A file system mounted into the build.
    pub ProjectFileSystemLocation {
        r#type: String,
        location: String,
        mount_point: String = "mount-point",
        identifier: String,
        mount_options: String = "mount-options",
    }

    /// Whether somebody may look into the running build.
    pub DebugSession {
        session_enabled: bool,
        session_target: String,
    }

    /// The builds that retry this one, and that it retries.
    pub AutoRetryConfig {
        auto_retry_limit: i32,
        auto_retry_number: i32,
        next_auto_retry: String,
        previous_auto_retry: String,
    }
}

/// What a phase says of how it ended. Free text.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PhaseContext {
    /// `COMMAND_EXECUTION_ERROR`, say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_code: Option<String>,
    /// What went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

described! {
    PhaseContext {
        status_code: String,
        message: String,
    }
}

/// The API writes an object; an event writes both members as one text, `CODE: message`.
impl Lenient for PhaseContext {
    fn begin(json: Json<'_>) -> Option<Self> {
        match json {
            Json::Object => Some(Self::default()),
            Json::Text(text) => {
                let (status_code, message) = text.split_once(':')?;
                let told = |text: &str| Some(text.trim()).filter(|text| !text.is_empty()).map(String::from);
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
