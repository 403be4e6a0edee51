//! The origin of a build, as far as it is known: its starter and its revision.

use serde::{Deserialize, Serialize};

use super::{Facts, starter::Starter};
use crate::model::{Build, BuildBatch};

/// The origin of a build. A build of a batch has that of its batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provenance {
    /// The initiator; the build's own one as long as it is unknown whether it belongs to a batch.
    pub initiator: Option<String>,
    /// The source of `initiator`, if that is not the build itself.
    pub initiator_from: Option<InitiatorFrom>,
    /// The kind of starter.
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

/// The source of the initiator, besides the build itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum InitiatorFrom {
    /// The batch that the build belongs to.
    Batch,
}

/// The source of the branch and the reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefFrom {
    /// The build's source version.
    SourceVersion,
    /// The source version of the batch that the build belongs to.
    Batch,
    /// The pipeline that fetched the source.
    Pipeline,
    /// The filters of the project's webhook.
    Webhook,
    /// The remote repository, by git.
    Git,
    /// The project's own source version.
    Project,
}

/// The initiator of the batch, or else of the build, which may belong to a batch that is unknown.
pub(crate) fn known_initiator<'a>(build: &'a Build, batch: Option<&'a BuildBatch>) -> Option<&'a str> {
    batch.and_then(|batch| batch.initiator.as_deref()).or(build.initiator.as_deref())
}

impl Facts<'_> {
    /// Returns the origin of the build.
    pub fn provenance(&self) -> Provenance {
        let branch = self.branch().ok().map(str::to_owned);
        let git_ref = self.git_ref().ok();
        let batch = self.build_batch;
        let source_version = batch.and_then(|batch| batch.source_version.as_deref());
        Provenance {
            initiator: known_initiator(self.build, batch).map(str::to_owned),
            initiator_from: batch.and_then(|batch| batch.initiator.as_ref()).map(|_| InitiatorFrom::Batch),
            started_by: self.starters().one().ok(),
            source_version: source_version.or(self.build.source_version.as_deref()).map(str::to_owned),
            ref_from: self.ref_from().filter(|_| branch.is_some() || git_ref.is_some()),
            branch,
            git_ref,
        }
    }
}
