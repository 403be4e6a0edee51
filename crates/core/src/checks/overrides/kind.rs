//! The kinds of overrides: one for each setting of a project that StartBuild can override.
//! <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_StartBuild.html>

use crate::{
    diagnostic::Code,
    facts::{Facts, MissingFact, starter::Starter},
    yaml::scalar::FromScalar,
};

/// A setting of a project that a build can override.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Override {
    Image,
    Compute,
    Privileged,
    HostKernel,
    Certificate,
    Registry,
    Variables,
    Source,
    SourceAuth,
    InsecureSsl,
    SourceVersion,
    SecondarySources,
    Buildspec,
    Timeout,
    QueuedTimeout,
    ServiceRole,
    EncryptionKey,
    Artifacts,
    Logs,
    Cache,
    DebugSession,
    AutoRetry,
}

impl Override {
    pub(crate) const ALL: [Self; 22] = [
        Self::Image,
        Self::Compute,
        Self::Privileged,
        Self::HostKernel,
        Self::Certificate,
        Self::Registry,
        Self::Variables,
        Self::Source,
        Self::SourceAuth,
        Self::InsecureSsl,
        Self::SourceVersion,
        Self::SecondarySources,
        Self::Buildspec,
        Self::Timeout,
        Self::QueuedTimeout,
        Self::ServiceRole,
        Self::EncryptionKey,
        Self::Artifacts,
        Self::Logs,
        Self::Cache,
        Self::DebugSession,
        Self::AutoRetry,
    ];

    /// Its name in a policy.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Compute => "compute",
            Self::Privileged => "privileged",
            Self::HostKernel => "host-kernel",
            Self::Certificate => "certificate",
            Self::Registry => "registry",
            Self::Variables => "variables",
            Self::Source => "source",
            Self::SourceAuth => "source-auth",
            Self::InsecureSsl => "insecure-ssl",
            Self::SourceVersion => "source-version",
            Self::SecondarySources => "secondary-sources",
            Self::Buildspec => "buildspec",
            Self::Timeout => "timeout",
            Self::QueuedTimeout => "queued-timeout",
            Self::ServiceRole => "service-role",
            Self::EncryptionKey => "encryption-key",
            Self::Artifacts => "artifacts",
            Self::Logs => "logs",
            Self::Cache => "cache",
            Self::DebugSession => "debug-session",
            Self::AutoRetry => "auto-retry",
        }
    }

    /// The members of the Build that it compares.
    pub(crate) fn members(self) -> &'static [&'static str] {
        match self {
            Self::Image => &["environment.image"],
            Self::Compute => &[
                "environment.type",
                "environment.computeType",
                "environment.computeConfiguration",
                "environment.fleet",
            ],
            Self::Privileged => &["environment.privilegedMode"],
            Self::HostKernel => &["environment.hostKernel"],
            Self::Certificate => &["environment.certificate"],
            Self::Registry => &["environment.registryCredential", "environment.imagePullCredentialsType"],
            Self::Variables => &["environment.environmentVariables"],
            Self::Source => &["source.type", "source.location"],
            Self::SourceAuth => &["source.auth"],
            Self::InsecureSsl => &["source.insecureSsl"],
            Self::SourceVersion => &["sourceVersion"],
            Self::SecondarySources => &["secondarySources", "secondarySourceVersions"],
            Self::Buildspec => &["source.buildspec"],
            Self::Timeout => &["timeoutInMinutes"],
            Self::QueuedTimeout => &["queuedTimeoutInMinutes"],
            Self::ServiceRole => &["serviceRole"],
            Self::EncryptionKey => &["encryptionKey"],
            Self::Artifacts => &["artifacts.location", "artifacts.encryptionDisabled", "secondaryArtifacts"],
            Self::Logs => &["logs.cloudWatchLogs", "logs.s3Logs"],
            Self::Cache => &["cache.type", "cache.location", "cache.modes"],
            Self::DebugSession => &["debugSession.sessionEnabled"],
            Self::AutoRetry => &["autoRetryConfig.autoRetryLimit"],
        }
    }

    /// Returns whether a pipeline sets it for each build that it starts.
    pub(crate) fn is_set_by_pipelines(self) -> bool {
        matches!(
            self,
            Self::Source
                | Self::SourceVersion
                | Self::SecondarySources
                | Self::Artifacts
                | Self::EncryptionKey
                | Self::Variables
        )
    }

    /// Returns whether the build's starter sets it by design, so that it is not an override.
    ///
    /// # Errors
    /// The missing fact that the answer depends on.
    pub(super) fn is_set_by_design(self, facts: &Facts<'_>) -> Result<bool, MissingFact> {
        if !self.is_set_by_pipelines() {
            return Ok(false);
        }
        let starters = facts.starters();
        match starters.one() {
            // A webhook builds the commit or the pull request that it is about.
            Ok(Starter::Webhook) => Ok(self == Self::SourceVersion),
            Ok(Starter::Pipeline) => Ok(true),
            Ok(Starter::Retry) if self.may_be_of_first_try(facts) => {
                let why = "the build is a retry, and what started its first try is unknown".to_owned();
                Err(MissingFact::Unknown {
                    fact: if self == Self::SourceVersion { "source version" } else { "initiator" },
                    why,
                })
            }
            Ok(_) => Ok(false),
            Err(missing) if starters.possible.contains(&Starter::Retry) && self.may_be_of_first_try(facts) => {
                Err(missing)
            }
            Err(missing) => match self {
                Self::SourceVersion => starters.is_among(&[Starter::Webhook, Starter::Pipeline]).map_err(|_| missing),
                _ => starters.is_among(&[Starter::Pipeline]),
            },
        }
    }

    /// Returns whether the starter of a retry's first try may have set it by design. A retry has the source of its
    /// first try.
    fn may_be_of_first_try(self, facts: &Facts<'_>) -> bool {
        let source = facts.build.source.as_ref().and_then(|source| source.r#type.as_deref());
        self == Self::SourceVersion || source.is_none_or(|source| source == "CODEPIPELINE")
    }
}

impl FromScalar for Override {
    const CODE: Code = Code::UnknownWord;
    const EXPECTED: &'static str = "one of `image`, `compute`, `privileged`, `host-kernel`, `certificate`, `registry`, \
                                    `variables`, `source`, `source-auth`, `insecure-ssl`, `source-version`, \
                                    `secondary-sources`, `buildspec`, `timeout`, `queued-timeout`, `service-role`, \
                                    `encryption-key`, `artifacts`, `logs`, `cache`, `debug-session` and `auto-retry`";

    fn words() -> Vec<&'static str> {
        Self::ALL.into_iter().map(Self::name).collect()
    }

    fn from_scalar(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|one| one.name() == text)
            .ok_or_else(|| "is not a setting that can be overridden".into())
    }
}
