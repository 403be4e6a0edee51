//! A build, as the CodeBuild API defines it.
//!
//! [`Build`] is both what the API returns and what an event contains. Every member is optional:
//! `None` is an unknown fact, which is not the same as an empty list.
//!
//! The members' names in events are those of captured events and of EventBridge's schema
//! `aws.codebuild@CodeBuildBuildStateChange`.
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-schema-registry.html>

use jiff::Timestamp;
use serde::{
    Deserialize,
    de::{Error, MapAccess, value::MapAccessDeserializer},
};
use serde_json::{Map, Value};

use super::{
    lenient::{self, Lenient, Scalar},
    shape::shapes,
};

shapes! {
    /// One build. <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_Build.html>
    pub Build {
        id: String,
        arn: String,
        build_number: i64 = "build-number",
        start_time: Timestamp = "build-start-time",
        end_time: Timestamp,
        current_phase: String,
        build_status: String,
        source_version: String = "source-version",
        resolved_source_version: String,
        project_name: String,
        phases: Vec<BuildPhase>,
        source: ProjectSource,
        secondary_sources: Vec<ProjectSource>,
        secondary_source_versions: Vec<ProjectSourceVersion>,
        artifacts: BuildArtifacts = "artifact",
        secondary_artifacts: Vec<BuildArtifacts>,
        cache: ProjectCache,
        environment: ProjectEnvironment,
        service_role: String,
        logs: LogsLocation,
        timeout_in_minutes: i32 = "timeout-in-minutes",
        queued_timeout_in_minutes: i32 = "queued-timeout-in-minutes",
        build_complete: bool = "build-complete",
        initiator: String,
        vpc_config: VpcConfig = "vpc-config",
        network_interface: NetworkInterface = "network-interface",
        encryption_key: String,
        exported_environment_variables: Vec<ExportedEnvironmentVariable>,
        report_arns: Vec<String>,
        file_system_locations: Vec<ProjectFileSystemLocation> = "project-file-system-locations",
        debug_session: DebugSession,
        build_batch_arn: String,
        auto_retry_config: AutoRetryConfig,
    }

    /// One phase of a build.
    pub BuildPhase {
        phase_type: String = "phase-type",
        phase_status: String = "phase-status",
        start_time: Timestamp = "start-time",
        end_time: Timestamp = "end-time",
        duration_in_seconds: i64 = "duration-in-seconds",
        contexts: Vec<PhaseContext> = "phase-context",
    }

    /// The reason why a phase ended as it did. Free text.
    pub PhaseContext unlike events {
        status_code: String,
        message: String,
    }

    /// The location of the code. `buildspec` is a path, an S3 ARN or the buildspec itself.
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

    /// The setting for fetching git submodules.
    pub GitSubmodulesConfig {
        fetch_submodules: bool = "fetch-submodules",
    }

    /// The name of the credential for the source, never the credential itself.
    pub SourceAuth {
        r#type: String,
        resource: String,
    }

    /// The form in which the build's status is reported to the source provider.
    pub BuildStatusConfig {
        context: String,
        target_url: String = "target-url",
    }

    /// The version of one secondary source.
    pub ProjectSourceVersion {
        source_identifier: String,
        source_version: String,
    }

    /// The output of the build, and the location where it is stored.
    pub BuildArtifacts {
        location: String,
        sha256sum: String,
        md5sum: String,
        override_artifact_name: bool = "override-artifact-name",
        encryption_disabled: bool = "encryption-disabled",
        artifact_identifier: String = "artifact-identifier",
        bucket_owner_access: String = "bucket-owner-access",
    }

    /// The build's cache.
    pub ProjectCache {
        r#type: String,
        location: String,
        modes: Vec<String>,
        cache_namespace: String = "cache-namespace",
    }

    /// The machine and the image that the build runs on.
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

    /// The fleet of reserved machines that the build runs on.
    pub ProjectFleet {
        fleet_arn: String,
    }

    /// One environment variable. `value` is a secret or the name of one.
    pub EnvironmentVariable {
        name: String,
        value: String,
        r#type: String,
    }

    /// The name of the secret for a private image registry.
    pub RegistryCredential {
        credential: String,
        credential_provider: String = "credential-provider",
    }

    /// The Docker server of the build.
    pub DockerServer {
        compute_type: String,
        security_group_ids: Vec<String>,
        status: DockerServerStatus,
    }

    /// The status of a Docker server. Free text.
    pub DockerServerStatus {
        status: String,
        message: String,
    }

    /// The location of the build's logs.
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

    /// The VPC that the build can reach.
    pub VpcConfig unlike events {
        vpc_id: String = "vpc-id",
        subnets: Vec<String>,
        security_group_ids: Vec<String> = "security-group-ids",
    }

    /// The build's network interface in that VPC.
    pub NetworkInterface {
        subnet_id: String = "subnet-id",
        network_interface_id: String = "eni-id",
    }

    /// One variable that the build exports to its pipeline. `value` may be a secret.
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

    /// The setting that lets somebody open a shell in the running build.
    pub DebugSession {
        session_enabled: bool,
        session_target: String,
    }

    /// The retries of a failed build: the next one, and the one that this build retries.
    pub AutoRetryConfig {
        auto_retry_limit: i32,
        auto_retry_number: i32,
        next_auto_retry: String,
        previous_auto_retry: String,
    }
}

/// An object, as the API writes it, or the text `CODE: message`, as events write it.
impl Lenient for PhaseContext {
    fn from_scalar(scalar: Scalar<'_>) -> Option<Self> {
        let Scalar::Text(text) = scalar else { return None };
        let (status_code, message) = text.split_once(':')?;
        let part = |text: &str| Some(text.trim()).filter(|text| !text.is_empty()).map(String::from);
        Some(Self { status_code: part(status_code), message: part(message) })
    }

    fn from_object<'de, A: MapAccess<'de>>(object: A) -> Result<Option<Self>, A::Error> {
        lenient::structure(object)
    }
}

/// The subnets are ids, as the API writes them, or objects that contain one, as events write them.
impl Lenient for VpcConfig {
    fn from_object<'de, A: MapAccess<'de>>(object: A) -> Result<Option<Self>, A::Error> {
        let mut members = Map::deserialize(MapAccessDeserializer::new(object))?;
        for subnet in members.get_mut("subnets").and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(id) = subnet.get_mut("subnet-id").filter(|id| id.is_string()) {
                *subnet = id.take();
            }
        }
        Self::deserialize(members).map(Some).map_err(A::Error::custom)
    }
}
