//! The starter of a build.
//!
//! An initiator `NAME/SESSION` is text that the owner of a role of that name can choose: the session `release`
//! of a role called `codepipeline` starts builds as `codepipeline/release`. So other facts must confirm an
//! initiator's claim, if there are such facts.

use serde::{Deserialize, Serialize};

use super::{
    Facts, MissingFact, NO_INITIATOR, batch::is_own_session, pipeline::PipelineAnswer, possible::can_begin_with,
};
use crate::{
    diagnostic::Code,
    model::RunKind,
    pattern::Pattern,
    yaml::{scalar::FromScalar, words::quoted_list},
};

/// A kind of starter. A build of a batch has the starter of the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Starter {
    /// An IAM user.
    User,
    /// A session of a role: a person, a function, a workflow.
    Role,
    /// The project's webhook.
    Webhook,
    /// A pipeline of CodePipeline.
    Pipeline,
    /// A rule of EventBridge.
    Rule,
    /// Another build.
    Build,
    /// CodeBuild, as an automatic retry of a failed build.
    Retry,
}

impl Starter {
    /// Every kind, in the order of the documentation.
    pub const ALL: [Self; 7] =
        [Self::User, Self::Role, Self::Webhook, Self::Pipeline, Self::Rule, Self::Build, Self::Retry];

    /// Its name in a policy and in a record.
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Role => "role",
            Self::Webhook => "webhook",
            Self::Pipeline => "pipeline",
            Self::Rule => "rule",
            Self::Build => "build",
            Self::Retry => "retry",
        }
    }

    /// Returns whether nothing but the initiator's text shows it, so that a role's owner can forge
    /// it.
    pub(crate) fn is_text_alone(self) -> bool {
        matches!(self, Self::Rule | Self::Build)
    }
}

impl FromScalar for Starter {
    const CODE: Code = Code::UnknownWord;
    const EXPECTED: &'static str = "one of `user`, `role`, `webhook`, `pipeline`, `rule`, `build` and `retry`";

    fn words() -> Vec<&'static str> {
        Self::ALL.into_iter().map(Self::name).collect()
    }

    fn from_scalar(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|starter| starter.name() == text);
        known.ok_or_else(|| "is not a kind of starter".to_owned())
    }
}

/// The names of all kinds, for messages.
pub(crate) fn starter_names() -> String {
    quoted_list(&Starter::ALL.map(Starter::name))
}

/// The possible starters of a build, as far as they are known.
#[derive(Clone, Debug, PartialEq)]
pub struct Starters {
    /// The kind if it is known, or else all possible kinds. Empty for a sandbox, which has no initiator.
    pub possible: Vec<Starter>,
    /// The fact that would rule out all but one.
    pub missing: Option<MissingFact>,
}

impl From<Starter> for Starters {
    fn from(starter: Starter) -> Self {
        Self { possible: vec![starter], missing: None }
    }
}

impl Starters {
    fn either(possible: &[Starter], missing: MissingFact) -> Self {
        Self { possible: possible.to_vec(), missing: Some(missing) }
    }

    /// The starter.
    ///
    /// # Errors
    /// The fact that would show which one it is.
    pub fn one(&self) -> Result<Starter, MissingFact> {
        match (self.possible.as_slice(), &self.missing) {
            ([starter], _) => Ok(*starter),
            (_, missing) => Err(missing.clone().unwrap_or(MissingFact::Absent("initiator"))),
        }
    }

    /// Returns whether the starter is one of these.
    ///
    /// # Errors
    /// The fact that the answer depends on.
    pub fn is_among(&self, starters: &[Starter]) -> Result<bool, MissingFact> {
        let mut among = self.possible.iter().map(|starter| starters.contains(starter));
        match among.next() {
            None => Ok(false),
            Some(first) if among.all(|other| other == first) => Ok(first),
            _ => Err(self.missing.clone().unwrap_or(MissingFact::Absent("initiator"))),
        }
    }
}

/// The names of webhooks in front of the `/`. GitHub's is known from events, Bitbucket's and
/// GitLab's from the user agents of their webhooks.
const WEBHOOKS: [&str; 3] = ["GitHub-Hookshot", "Bitbucket-Webhooks", "GitLab"];

/// Returns whether a pattern may fit the initiator of a webhook's build.
pub(crate) fn may_fit_webhook(pattern: &Pattern) -> bool {
    WEBHOOKS.iter().any(|name| can_begin_with(pattern, &format!("{name}/")))
}

/// The name of a webhook's initiator: `GitHub-Hookshot` of `GitHub-Hookshot/4f5b68a`.
pub(crate) fn without_webhook_version(initiator: &str) -> &str {
    initiator.split_once('/').map_or(initiator, |(name, _)| name)
}

/// The claim of an initiator, where another fact can contradict it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Claim {
    Pipeline,
    Webhook,
}

impl Claim {
    fn of(initiator: &str) -> Option<Self> {
        let (name, _) = initiator.split_once('/')?;
        match name {
            "codepipeline" => Some(Self::Pipeline),
            _ if WEBHOOKS.contains(&name) => Some(Self::Webhook),
            _ => None,
        }
    }

    fn starter(self) -> Starter {
        match self {
            Self::Pipeline => Starter::Pipeline,
            Self::Webhook => Starter::Webhook,
        }
    }
}

impl Facts<'_> {
    /// Returns the possible starters of the build.
    pub fn starters(&self) -> Starters {
        if self.kind == RunKind::Sandbox {
            return Starters::either(&[], MissingFact::Unknown { fact: "startedBy", why: NO_INITIATOR.to_owned() });
        }
        let (batch, initiator) = match self.batch().and_then(|batch| Ok((batch, self.initiator()?))) {
            Ok(known) => known,
            Err(missing) => return Starters::either(&Starter::ALL, missing),
        };
        let retry = self.build.auto_retry_config.as_ref().and_then(|config| config.previous_auto_retry.as_deref());
        if batch.is_none() && retry.is_some_and(|retry| !retry.is_empty()) {
            return Starter::Retry.into();
        }
        // CodeBuild calls itself with the project's role for a retry, which no event shows:
        // https://docs.aws.amazon.com/codebuild/latest/userguide/auto-retry-build.html
        let is_no_retry = batch.is_some() || self.is_whole || self.build.auto_retry_config.is_some();
        let role = || match is_no_retry {
            true => Starter::Role.into(),
            false => Starters::either(&[Starter::Role, Starter::Retry], MissingFact::Absent("autoRetryConfig")),
        };
        match (initiator.split_once('/'), Claim::of(initiator)) {
            (None, _) if initiator == "CodeBuild-Jenkins-Plugin" => Starter::Role.into(),
            (None, _) => Starter::User.into(),
            (Some(_), Some(claim)) => match self.contradiction_of(claim) {
                Ok(None) => claim.starter().into(),
                Ok(Some(_)) => role(),
                Err(missing) => Starters::either(&[claim.starter(), Starter::Role], missing),
            },
            (Some(("rule", _)), None) => Starter::Rule.into(),
            (Some(_), None) if is_own_session(initiator) => Starter::Build.into(),
            (Some(_), None) => role(),
        }
    }

    /// Returns the reason why the initiator is not what it claims to be but a role's session, or
    /// `None` if nothing contradicts it.
    ///
    /// # Errors
    /// The fact that could contradict it.
    pub fn contradiction(&self) -> Result<Option<String>, MissingFact> {
        Claim::of(self.initiator()?).map_or(Ok(None), |claim| self.contradiction_of(claim))
    }

    fn contradiction_of(&self, claim: Claim) -> Result<Option<String>, MissingFact> {
        match claim {
            Claim::Pipeline => {
                let (source, missing) = match self.batch()? {
                    Some(batch) => (batch.source.as_ref(), MissingFact::AbsentMember("batch.source.type".into())),
                    None => (self.build.source.as_ref(), MissingFact::Absent("source.type")),
                };
                let kind = source.and_then(|source| source.r#type.as_deref()).ok_or(missing)?;
                match self.unconfirmed_pipeline() {
                    _ if kind != "CODEPIPELINE" => Ok(Some(format!("the source is {kind}, not CODEPIPELINE"))),
                    None => Ok(None),
                    Some(why) => Err(MissingFact::Unknown { fact: "startedBy", why }),
                }
            }
            Claim::Webhook => {
                let project = self.project.ok_or(MissingFact::NoProject)?;
                Ok(project.webhook.is_none().then(|| "the project has no webhook".to_owned()))
            }
        }
    }

    /// Returns the reason why the pipeline, if it was asked, does not confirm that it started the build. The
    /// pipeline may be in another account or region. A build that has just started may be named later, so there
    /// is no reason yet.
    fn unconfirmed_pipeline(&self) -> Option<String> {
        let is_new = || self.pipeline_names_until().is_some_and(|until| self.now < until);
        match self.pipeline? {
            PipelineAnswer::Run(_) => None,
            PipelineAnswer::NotNamed if is_new() => None,
            PipelineAnswer::NotNamed => Some("no action of the pipeline names the build".to_owned()),
            PipelineAnswer::NoPipeline => Some("the account and region have no such pipeline".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests;
