//! The reference that a pipeline has fetched for a build.

use super::{Reference, WantedName};
use crate::facts::{
    Facts, MissingFact, RefFrom,
    inquiry::Source,
    pipeline::{PipelineAnswer, PipelineRevision, PipelineRun, PipelineSource, pipeline_name},
    source_version::SourceVersion,
};

impl Facts<'_> {
    /// Returns whether a pipeline hands the source over to the build, or to the batch that it belongs to.
    pub(super) fn is_handed_over(&self) -> Result<bool, MissingFact> {
        let (source, unknown) = match self.batch() {
            Ok(Some(batch)) => (batch.source.as_ref(), None),
            Ok(None) => (self.build.source.as_ref(), None),
            Err(unknown) => (self.build.source.as_ref(), Some(unknown)),
        };
        let is_handed_over = source.is_some_and(|source| source.r#type.as_deref() == Some("CODEPIPELINE"));
        unknown.filter(|_| is_handed_over).map_or(Ok(is_handed_over), Err)
    }

    /// The reference that a source action of the pipeline has fetched.
    pub(super) fn fetched_reference(&self, wanted: WantedName) -> Result<Reference<'_>, MissingFact> {
        let known = |version| Ok(Reference::Known(version, RefFrom::Pipeline));
        match &self.fetched_source(wanted)?.revision {
            PipelineRevision::Branch(name) => known(SourceVersion::Branch(name)),
            PipelineRevision::PullRequest { number, .. } => known(SourceVersion::PullRequest(number)),
            PipelineRevision::BranchIfHead(name) => {
                let why = format!("the pipeline names {name}, but may have been started with another branch's commit");
                let remote = self.fresh_remote(wanted, why)?;
                match remote.names.iter().any(|other| other.strip_prefix("refs/heads/") == Some(name)) {
                    true => known(SourceVersion::Branch(name)),
                    false => Err(wanted.unknown(format!("the pipeline names {name}, whose head is another commit"))),
                }
            }
        }
    }

    fn fetched_source(&self, wanted: WantedName) -> Result<&PipelineSource, MissingFact> {
        let Some(name) = pipeline_name(self.initiator()?) else {
            return Err(wanted.unknown("the source is CODEPIPELINE, and the initiator names no pipeline"));
        };
        let run: &PipelineRun = match self.pipeline {
            Some(PipelineAnswer::Run(run)) => run,
            None => return Err(wanted.unresolved("the source is CODEPIPELINE", Source::Pipeline)),
            // An action may name the build later.
            Some(PipelineAnswer::NotNamed) => {
                let why = format!("no action of the pipeline {name} names the build");
                return Err(wanted.unresolved(why, Source::Pipeline));
            }
            Some(PipelineAnswer::NoPipeline) => {
                return Err(wanted.unknown(format!("the account and region have no pipeline {name}")));
            }
        };
        let batch = self.batch()?;
        // An event may lack what the Build has.
        if batch.is_none() && self.build.source_version.is_none() && !self.is_whole {
            return Err(MissingFact::Absent("sourceVersion"));
        }
        let source = self.normal_forms.fetched_source.get_or_init(|| run.source_for(self.build, batch));
        source.as_ref().map_err(|why| wanted.unknown(why))
    }
}
