//! The batch that a build belongs to: who or what started it, and from which source version.
//!
//! Each build of a batch has the batch role's session as its initiator and a commit as its source version. Only
//! the batch shows what started it, and with which source version.

use super::{Facts, MissingFact};
use crate::model::BuildBatch;

/// The start of the name of a role's session in which CodeBuild calls itself; a UUID follows. Such a session
/// starts the builds of a batch, and everything that a build starts by a call.
const OWN_SESSION: &str = "AWSCodeBuild-";

impl<'a> Facts<'a> {
    /// The batch that the build belongs to, or `None` if it belongs to none.
    ///
    /// CodeBuild's events contain no batch's ARN, so one in an event is ignored. An event's build may belong to
    /// a batch if its initiator is `ROLE/AWSCodeBuild-UUID`: every build of a batch has such an initiator.
    ///
    /// # Errors
    /// The missing fact.
    pub fn batch(&self) -> Result<Option<&'a BuildBatch>, MissingFact> {
        if self.build_batch.is_some() {
            return Ok(self.build_batch);
        }
        match (self.build.build_batch_arn.as_deref(), self.build.initiator.as_deref()) {
            (Some(""), _) => Ok(None),
            (Some(_), _) if self.is_whole => Err(MissingFact::NoBatch),
            _ if self.is_whole => Ok(None),
            (Some(_), _) => Err(MissingFact::Absent("buildBatchArn")),
            (_, None) => Err(MissingFact::Absent("initiator")),
            (_, Some(initiator)) if is_own_session(initiator) => Err(MissingFact::Absent("buildBatchArn")),
            (_, Some(_)) => Ok(None),
        }
    }
}

/// Returns whether an initiator is a session with which CodeBuild calls itself:
/// `ROLE/AWSCodeBuild-UUID`.
pub(super) fn is_own_session(initiator: &str) -> bool {
    initiator.split_once('/').is_some_and(|(_, session)| session.starts_with(OWN_SESSION))
}
