//! Where a build comes from, as far as it is known: who started it, and from which revision.

use serde::Serialize;

use super::{Facts, starter::Starter};

/// Where a build comes from. A build of a batch comes from where its batch does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provenance {
    /// Who or what started it; the build's own initiator as long as it is unknown whether it
    /// belongs to a batch.
    pub initiator: Option<String>,
    /// The source of `initiator`, if that is not the build itself.
    pub initiator_from: Option<InitiatorFrom>,
    /// What kind of starter that is.
    pub started_by: Option<Starter>,
    /// The source version that it was started with.
    pub source_version: Option<String>,
    /// The branch.
    pub branch: Option<String>,
    /// The full name of the reference.
    pub git_ref: Option<String>,
    /// The source of `branch` and `git_ref`.
    pub ref_from: Option<RefFrom>,
}

/// What shows the initiator, besides the build itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum InitiatorFrom {
    /// The batch that the build belongs to.
    Batch,
}

/// What names the branch and the reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefFrom {
    /// The build's source version.
    SourceVersion,
    /// The source version of the batch that the build belongs to.
    Batch,
    /// The filters of the project's webhook.
    Webhook,
    /// The remote repository, by git.
    Git,
    /// The project's own source version.
    Project,
}

impl Facts<'_> {
    /// Where the build comes from.
    pub fn provenance(&self) -> Provenance {
        let branch = self.branch().ok().map(str::to_owned);
        let git_ref = self.git_ref().ok();
        let batch = self.build_batch;
        let initiator = batch.and_then(|batch| batch.initiator.as_deref());
        let source_version = batch.and_then(|batch| batch.source_version.as_deref());
        Provenance {
            initiator: initiator.or(self.build.initiator.as_deref()).map(str::to_owned),
            initiator_from: initiator.map(|_| InitiatorFrom::Batch),
            started_by: self.starters().one().ok(),
            source_version: source_version.or(self.build.source_version.as_deref()).map(str::to_owned),
            ref_from: self.ref_from().filter(|_| branch.is_some() || git_ref.is_some()),
            branch,
            git_ref,
        }
    }
}
