//! The build that a project's settings start, if no caller overrides them.
//!
//! StartBuild copies each setting of the project that its arguments do not override.
//! <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_StartBuild.html>

use crate::{
    facts::planned::UnknownMembers,
    model::{AutoRetryConfig, Build, BuildArtifacts, LogsLocation, Project, ProjectArtifacts},
};

/// The reason for an unknown member that no project has.
pub(super) const UNTIL_A_BUILD: &str = "only a build shows it";

/// The members that no project has, and the names of a build's facts in expressions and checks.
const OF_BUILDS: [&str; 29] = [
    "arn",
    "autoRetryConfig.autoRetryNumber",
    "autoRetryConfig.nextAutoRetry",
    "autoRetryConfig.previousAutoRetry",
    "buildBatchArn",
    "buildComplete",
    "buildNumber",
    "buildStatus",
    "currentPhase",
    "endTime",
    "exportedEnvironmentVariables",
    "id",
    "initiator",
    "logs.cloudWatchLogsArn",
    "logs.deepLink",
    "logs.groupName",
    "logs.s3DeepLink",
    "logs.s3LogsArn",
    "logs.streamName",
    "networkInterface",
    "phases",
    "queued",
    "reportArns",
    "resolvedSourceVersion",
    "running",
    "startTime",
    "startedBy",
    "artifacts.sha256sum",
    "artifacts.md5sum",
];

/// The members of a Project that a Build has under another path. All others have the same.
const RENAMED: [(&str, &str); 4] = [
    ("name", "projectName"),
    ("logsConfig.cloudWatchLogs", "logs.cloudWatchLogs"),
    ("logsConfig.s3Logs", "logs.s3Logs"),
    ("autoRetryLimit", "autoRetryConfig.autoRetryLimit"),
];

/// The members of a Project that are not settings of a build.
const OF_PROJECTS: [&str; 5] = ["arn", "created", "lastModified", "webhook", "tags"];

/// The build that starts with the settings of a project.
pub(super) fn of(project: &Project) -> Build {
    let logs = project.logs_config.clone().unwrap_or_default();
    let artifacts = |artifacts: &ProjectArtifacts| BuildArtifacts {
        location: artifacts.location.clone(),
        override_artifact_name: artifacts.override_artifact_name,
        encryption_disabled: artifacts.encryption_disabled,
        artifact_identifier: artifacts.artifact_identifier.clone(),
        bucket_owner_access: artifacts.bucket_owner_access.clone(),
        ..BuildArtifacts::default()
    };
    Build {
        project_name: project.name.clone(),
        source_version: project.source_version.clone().filter(|version| !version.trim().is_empty()),
        source: project.source.clone(),
        secondary_sources: project.secondary_sources.clone(),
        secondary_source_versions: project.secondary_source_versions.clone(),
        artifacts: project.artifacts.as_ref().map(artifacts),
        secondary_artifacts: project.secondary_artifacts.as_ref().map(|all| all.iter().map(artifacts).collect()),
        cache: project.cache.clone(),
        environment: project.environment.clone(),
        service_role: project.service_role.clone(),
        logs: Some(LogsLocation {
            cloud_watch_logs: logs.cloud_watch_logs,
            s3_logs: logs.s3_logs,
            ..LogsLocation::default()
        }),
        timeout_in_minutes: project.timeout_in_minutes,
        queued_timeout_in_minutes: project.queued_timeout_in_minutes,
        vpc_config: project.vpc_config.clone(),
        encryption_key: project.encryption_key.clone(),
        file_system_locations: project.file_system_locations.clone(),
        auto_retry_config: Some(AutoRetryConfig {
            auto_retry_limit: project.auto_retry_limit,
            ..AutoRetryConfig::default()
        }),
        ..Build::default()
    }
}

/// The members of that build that are unknown. `of_project`: those of its project.
pub(super) fn unknown(project: &Project, of_project: &UnknownMembers) -> UnknownMembers {
    let mut unknown = UnknownMembers::default();
    for (path, why) in of_project.iter() {
        let is_of =
            |outer: &str| path.strip_prefix(outer).filter(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
        if OF_PROJECTS.iter().any(|member| is_of(member).is_some()) {
            continue;
        }
        // If a structure with a renamed member is unknown, that member is unknown, too.
        let whole = RENAMED.iter().filter(|(old, _)| old.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')));
        whole.for_each(|(_, new)| unknown.add(*new, why));
        let renamed = RENAMED.iter().find_map(|(old, new)| Some(format!("{new}{}", is_of(old)?)));
        unknown.add(renamed.unwrap_or_else(|| path.to_owned()), why);
    }
    OF_BUILDS.iter().for_each(|member| unknown.add(*member, UNTIL_A_BUILD));
    // Whatever starts a build may choose the version if the project has none.
    if project.source_version.as_deref().is_none_or(|version| version.trim().is_empty()) {
        unknown.add("sourceVersion", UNTIL_A_BUILD);
    }
    unknown
}

/// Returns the path in a Project of the member that a Build has under this path.
pub(super) fn project_path(member: &str) -> String {
    let renamed = RENAMED.iter().find_map(|(old, new)| {
        let rest = member.strip_prefix(new).filter(|rest| rest.is_empty() || rest.starts_with(['.', '[']))?;
        Some(format!("{old}{rest}"))
    });
    renamed.unwrap_or_else(|| member.to_owned())
}
