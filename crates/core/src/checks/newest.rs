//! `only-newest-per`: a newer build with the same project, ref or initiator supersedes a build that
//! is still running.

use super::{Answer, Check, CheckDocs, CheckKind, CheckOption, IamView, OptionKind};
use crate::{
    diagnostic::Code,
    facts::{
        Facts, MissingFact,
        inquiry::Source,
        starter::{Starter, without_webhook_version},
        supersession::{ComparedValue, NEWER_BUILD, Superseded},
    },
    yaml::scalar::FromScalar,
};

pub(super) const ONLY_NEWEST_PER: CheckKind = CheckKind {
    id: "only-newest-per",
    about: CheckDocs {
        breaks_when: "A newer build has started that has the same values of the listed facts: `project` (required), `ref`, `initiator`. Newer is the later start, then the higher number. A batch is one build, and an automatic retry counts as its first try. Builds that a pipeline started are left out, unless `started-by` in `only` names `pipeline`.",
        why: "A build of an older commit of the branch or pull request only costs time and money once a newer one has started.",
        example: "[project, ref]",
        project: None,
        running: Some(
            r#"{"id": "shop:2", "projectName": "shop", "startTime": "2026-11-22T08:59:00Z", "sourceVersion": "pr/25", "initiator": "alice"}"#,
        ),
        allowed: r#"{"id": "shop:1", "projectName": "shop", "startTime": "2026-11-22T08:30:00Z", "sourceVersion": "pr/26", "initiator": "alice"}"#,
        stopped: r#"{"id": "shop:1", "projectName": "shop", "startTime": "2026-11-22T08:30:00Z", "sourceVersion": "pr/25", "initiator": "alice"}"#,
        reads: &[
            "startTime",
            "buildNumber",
            "projectName",
            "sourceVersion",
            "source.type",
            "initiator",
            "autoRetryConfig",
            "the same of the project's other running builds",
            "the same of the batch",
        ],
    },
    option: OptionKind::NewestPer(|keys| Box::new(OnlyNewestPer { keys })),
    iam: IamView::NoKey("no condition key contains what else is running"),
};

/// A value by which builds are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NewestPer {
    Project,
    Ref,
    Initiator,
}

impl NewestPer {
    pub(crate) const ALL: [Self; 3] = [Self::Project, Self::Ref, Self::Initiator];

    /// Its name in a policy.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Project => "project",
            Self::Ref => "ref",
            Self::Initiator => "initiator",
        }
    }

    /// The build's value.
    pub(crate) fn value(self, facts: &Facts<'_>) -> ComparedValue {
        let value = match self {
            Self::Project => facts.project_name().map(str::to_owned),
            Self::Ref => return facts.compared_ref(),
            Self::Initiator => initiator(facts),
        };
        value.map_or_else(ComparedValue::Unknown, ComparedValue::Known)
    }
}

/// The initiator, without the version of a webhook's program, which changes.
fn initiator(facts: &Facts<'_>) -> Result<String, MissingFact> {
    let initiator = facts.initiator()?;
    let is_webhook = facts.starters().is_among(&[Starter::Webhook])?;
    Ok(if is_webhook { without_webhook_version(initiator) } else { initiator }.to_owned())
}

impl FromScalar for NewestPer {
    const CODE: Code = Code::UnknownWord;
    const EXPECTED: &'static str = "`project`, which is required, `ref` or `initiator`";

    fn words() -> Vec<&'static str> {
        Self::ALL.into_iter().map(Self::name).collect()
    }

    fn from_scalar(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|key| key.name() == text);
        known.ok_or_else(|| "is not a value by which builds are compared".to_owned())
    }
}

struct OnlyNewestPer {
    keys: Vec<NewestPer>,
}

impl Check for OnlyNewestPer {
    /// Asks for the build's own values first, and for the other builds afterwards: git can give the build's values
    /// only when the build starts.
    fn decide(&self, facts: &Facts<'_>) -> Answer {
        match facts.superseded {
            Some(Superseded::No) => Answer::Pass,
            Some(Superseded::By(newer)) => Answer::Broken(format!("the newer build {newer}")),
            Some(Superseded::Unknown(missing)) => Answer::Unknown(missing.clone()),
            None => {
                // Before it builds, a project has no builds to compare, whatever its name will be.
                let is_compared = |key: &&NewestPer| **key != NewestPer::Project || facts.planned.is_none();
                let values = self.keys.iter().filter(is_compared).map(|key| key.value(facts));
                let mut missing = values.filter_map(|value| value.missing().cloned());
                Answer::Unknown(missing.find(|fact| facts.may_learn(fact)).unwrap_or_else(running_builds))
            }
        }
    }

    fn option(&self) -> CheckOption<'_> {
        CheckOption::NewestPer(&self.keys)
    }
}

fn running_builds() -> MissingFact {
    let why = "the project's other running builds are unknown".to_owned();
    MissingFact::Unresolved { fact: NEWER_BUILD, why, source: Source::RunningBuilds }
}

#[cfg(test)]
mod tests;
