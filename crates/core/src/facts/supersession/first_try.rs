//! The first try of a build that CodeBuild itself retries.
//! <https://docs.aws.amazon.com/codebuild/latest/userguide/auto-retry-build.html>

use crate::{
    expression::FactsAsJson,
    facts::{Facts, MissingFact, NormalForms, inquiry::Source, source_version::SourceVersion},
    model::{Build, BuildArn},
};

/// CodeBuild retries a build at most that often.
const MAX_TRIES: usize = 10;

impl<'a> Facts<'a> {
    /// Returns the facts by which the build is compared with others: those of its batch, or else of its first
    /// try. An event's facts do not suffice.
    ///
    /// # Errors
    /// The missing fact.
    pub(crate) fn of_first_try(&self) -> Result<Self, MissingFact> {
        if !self.is_whole && !self.is_sample {
            return Err(MissingFact::Absent("startTime"));
        }
        if self.batch()?.is_some() {
            return Ok(self.clone());
        }
        let build = self.tries.last().unwrap_or(self.build);
        if let Some(previous) = build.previous_try() {
            let missing = |why: &str| MissingFact::Unknown { fact: "first try", why: why.to_owned() };
            return Err(match previous.parse::<BuildArn>() {
                Err(_) => missing("its ARN cannot be read"),
                Ok(_) if self.tries.len() >= MAX_TRIES => missing("there are more than ten earlier tries"),
                Ok(_) => {
                    let why = "the build is an automatic retry".to_owned();
                    MissingFact::Unresolved { fact: "first try", why, source: Source::FirstTry }
                }
            });
        }
        if self.tries.is_empty() {
            return Ok(self.clone());
        }
        Ok(Self {
            build,
            source_version: build.source_version.as_deref().map(SourceVersion::read),
            assumed: None,
            json: FactsAsJson::default(),
            normal_forms: NormalForms::default(),
            ..self.clone()
        })
    }

    /// Returns the facts that all tries of the build and all builds of its batch share: project, account and
    /// region. `identity` is a build with these members alone.
    pub(crate) fn of_identity<'b>(&self, identity: &'b Build) -> Facts<'b>
    where
        'a: 'b,
    {
        Facts {
            project: self.project,
            unavailable: self.unavailable,
            exhausted: self.exhausted,
            awaited: self.awaited,
            ..Facts::of(identity, self.now)
        }
    }
}

impl Build {
    /// The ARN of the build that this one retries.
    pub(crate) fn previous_try(&self) -> Option<&str> {
        let previous = self.auto_retry_config.as_ref()?.previous_auto_retry.as_deref();
        previous.filter(|previous| !previous.is_empty())
    }

    /// A build that has nothing but this one's project, account and region.
    pub(crate) fn identity(&self) -> Self {
        Self { arn: self.arn.clone(), project_name: self.project_name.clone(), ..Self::default() }
    }
}
