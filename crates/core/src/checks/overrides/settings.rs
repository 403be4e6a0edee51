//! The settings that a build, a batch and a project have in common.

use crate::{
    facts::{Facts, MissingFact},
    model::{
        BuildArtifacts, BuildBatch, CloudWatchLogsConfig, Project, ProjectArtifacts, ProjectCache, ProjectEnvironment,
        ProjectSource, ProjectSourceVersion, S3LogsConfig,
    },
};

/// The settings of a build, a batch or a project. `None` means not set, or unknown if the settings
/// are not whole.
#[derive(Clone, Debug, Default)]
pub(super) struct BuildSettings<'a> {
    /// `true` if an absent setting is not set. `false` for an event, which contains few settings.
    pub(super) is_whole: bool,
    /// `true` for the build of a policy test: a setting that no event contains and that the test omits is not set.
    is_sample: bool,
    pub(super) environment: Option<&'a ProjectEnvironment>,
    pub(super) source: Option<&'a ProjectSource>,
    pub(super) source_version: Option<&'a str>,
    pub(super) secondary_sources: Option<&'a [ProjectSource]>,
    pub(super) secondary_source_versions: Option<&'a [ProjectSourceVersion]>,
    pub(super) artifacts_location: Option<&'a str>,
    pub(super) is_artifact_unencrypted: Option<bool>,
    /// The identifiers of the secondary artifacts.
    pub(super) secondary_artifacts: Option<Vec<&'a str>>,
    pub(super) cloud_watch_logs: Option<&'a CloudWatchLogsConfig>,
    pub(super) s3_logs: Option<&'a S3LogsConfig>,
    pub(super) cache: Option<&'a ProjectCache>,
    pub(super) timeout: Option<i32>,
    pub(super) queued_timeout: Option<i32>,
    pub(super) service_role: Option<&'a str>,
    pub(super) encryption_key: Option<&'a str>,
    pub(super) has_debug_session: Option<bool>,
    pub(super) auto_retry_limit: Option<i32>,
}

impl<'a> BuildSettings<'a> {
    pub(super) fn of_build(facts: &Facts<'a>) -> Self {
        let build = facts.build;
        let artifact = build.artifacts.as_ref();
        let identifier = |artifact: &'a BuildArtifacts| artifact.artifact_identifier.as_deref();
        Self {
            is_whole: facts.is_whole,
            is_sample: facts.is_sample,
            environment: build.environment.as_ref(),
            source: build.source.as_ref(),
            source_version: build.source_version.as_deref(),
            secondary_sources: build.secondary_sources.as_deref(),
            secondary_source_versions: build.secondary_source_versions.as_deref(),
            artifacts_location: artifact.and_then(|artifact| artifact.location.as_deref()),
            is_artifact_unencrypted: artifact.and_then(|artifact| artifact.encryption_disabled),
            secondary_artifacts: build
                .secondary_artifacts
                .as_ref()
                .map(|all| all.iter().filter_map(identifier).collect()),
            cloud_watch_logs: build.logs.as_ref().and_then(|logs| logs.cloud_watch_logs.as_ref()),
            s3_logs: build.logs.as_ref().and_then(|logs| logs.s3_logs.as_ref()),
            cache: build.cache.as_ref(),
            timeout: build.timeout_in_minutes,
            queued_timeout: build.queued_timeout_in_minutes,
            service_role: build.service_role.as_deref(),
            encryption_key: build.encryption_key.as_deref(),
            has_debug_session: build.debug_session.as_ref().and_then(|session| session.session_enabled),
            auto_retry_limit: build.auto_retry_config.as_ref().and_then(|config| config.auto_retry_limit),
        }
    }

    /// A batch has no retries of its own.
    pub(super) fn of_batch(batch: &'a BuildBatch) -> Self {
        let artifact = batch.artifacts.as_ref();
        let identifier = |artifact: &'a BuildArtifacts| artifact.artifact_identifier.as_deref();
        Self {
            is_whole: true,
            is_sample: false,
            environment: batch.environment.as_ref(),
            source: batch.source.as_ref(),
            source_version: batch.source_version.as_deref(),
            secondary_sources: batch.secondary_sources.as_deref(),
            secondary_source_versions: batch.secondary_source_versions.as_deref(),
            artifacts_location: artifact.and_then(|artifact| artifact.location.as_deref()),
            is_artifact_unencrypted: artifact.and_then(|artifact| artifact.encryption_disabled),
            secondary_artifacts: batch
                .secondary_artifacts
                .as_ref()
                .map(|all| all.iter().filter_map(identifier).collect()),
            cloud_watch_logs: batch.log_config.as_ref().and_then(|logs| logs.cloud_watch_logs.as_ref()),
            s3_logs: batch.log_config.as_ref().and_then(|logs| logs.s3_logs.as_ref()),
            cache: batch.cache.as_ref(),
            timeout: batch.build_timeout_in_minutes,
            queued_timeout: batch.queued_timeout_in_minutes,
            service_role: batch.service_role.as_deref(),
            encryption_key: batch.encryption_key.as_deref(),
            has_debug_session: batch.debug_session_enabled,
            auto_retry_limit: None,
        }
    }

    pub(super) fn of_project(project: &'a Project) -> Self {
        let artifact = project.artifacts.as_ref();
        let identifier = |artifact: &'a ProjectArtifacts| artifact.artifact_identifier.as_deref();
        Self {
            is_whole: true,
            is_sample: false,
            environment: project.environment.as_ref(),
            source: project.source.as_ref(),
            source_version: project.source_version.as_deref(),
            secondary_sources: project.secondary_sources.as_deref(),
            secondary_source_versions: project.secondary_source_versions.as_deref(),
            artifacts_location: artifact.and_then(|artifact| artifact.location.as_deref()),
            is_artifact_unencrypted: artifact.and_then(|artifact| artifact.encryption_disabled),
            secondary_artifacts: project
                .secondary_artifacts
                .as_ref()
                .map(|all| all.iter().filter_map(identifier).collect()),
            cloud_watch_logs: project.logs_config.as_ref().and_then(|logs| logs.cloud_watch_logs.as_ref()),
            s3_logs: project.logs_config.as_ref().and_then(|logs| logs.s3_logs.as_ref()),
            cache: project.cache.as_ref(),
            timeout: project.timeout_in_minutes,
            queued_timeout: project.queued_timeout_in_minutes,
            service_role: project.service_role.as_deref(),
            encryption_key: project.encryption_key.as_deref(),
            has_debug_session: None,
            auto_retry_limit: project.auto_retry_limit,
        }
    }

    /// A setting of the build.
    ///
    /// # Errors
    /// If the member is absent and the build comes from an event.
    pub(super) fn known<T>(&self, setting: Option<T>, member: &'static str) -> Result<Option<T>, MissingFact> {
        match setting {
            None if !self.is_whole => Err(MissingFact::Absent(member)),
            setting => Ok(setting),
        }
    }

    /// Checks that a part of a setting is known where the project has that part.
    ///
    /// # Errors
    /// As of [`Self::known`].
    pub(super) fn known_beside<T, U>(
        &self,
        part: Option<T>,
        theirs: Option<U>,
        member: &'static str,
    ) -> Result<(), MissingFact> {
        if theirs.is_some() { self.known(part, member).map(|_| ()) } else { Ok(()) }
    }

    /// A setting of the build that no event contains: its fleet, its secondary sources.
    ///
    /// # Errors
    /// As for [`Self::known`], but none in a policy test.
    pub(super) fn known_beyond_events<T>(
        &self,
        setting: Option<T>,
        member: &'static str,
    ) -> Result<Option<T>, MissingFact> {
        if self.is_sample { Ok(setting) } else { self.known(setting, member) }
    }

    /// A member of the environment.
    ///
    /// # Errors
    /// As of [`Self::known`].
    pub(super) fn environment<T>(
        &self,
        read: impl FnOnce(&'a ProjectEnvironment) -> Option<T>,
        member: &'static str,
    ) -> Result<Option<T>, MissingFact> {
        self.known(self.environment.and_then(read), member)
    }

    /// A member of the source.
    ///
    /// # Errors
    /// As of [`Self::known`].
    pub(super) fn source<T>(
        &self,
        read: impl FnOnce(&'a ProjectSource) -> Option<T>,
        member: &'static str,
    ) -> Result<Option<T>, MissingFact> {
        self.known(self.source.and_then(read), member)
    }
}
