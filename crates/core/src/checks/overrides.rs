//! `forbidden-overrides`: the build differs from its project, as somebody who may start
//! a build can make it. What an argument of StartBuild says does not matter, only what
//! the build then is.

use std::any::Any;

use super::{
    About, Answer, Check, CheckKind, OptionKind,
    prevention::{Condition, Prevention},
};
use crate::{
    duration::Duration,
    facts::{Fact, Facts},
    model::Project,
    model::{Build, ProjectEnvironment},
    url::normalized,
    yaml::scalar::Written,
};

pub(super) const FORBIDDEN: CheckKind = CheckKind {
    id: "forbidden-overrides",
    about: About {
        breaks_when: "The build differs from its project in one of these: `image`, `compute`, `timeout`, `privileged`, `buildspec`, `service-role`, `source`.",
        why: "Who may start a build may override what its project says, and so run other code, elsewhere, with the project's role.",
        example: "[image, privileged]",
        project: Some(r#"{"environment": {"image": "aws/codebuild/standard:7.0", "privilegedMode": false}}"#),
        allowed: r#"{"environment": {"image": "aws/codebuild/standard:7.0", "privilegedMode": false}}"#,
        stopped: r#"{"environment": {"image": "docker.io/somebody/tools:1", "privilegedMode": false}}"#,
        reads: &[
            "environment",
            "timeoutInMinutes",
            "source.buildspec",
            "serviceRole",
            "source.location",
            "the same of the project",
        ],
    },
    option: OptionKind::Overrides,
    read: |reader, node| {
        let overrides: Vec<Override> = reader.scalars(node, "[image, buildspec]");
        (!overrides.is_empty()).then(|| Box::new(ForbiddenOverrides(overrides)) as Box<dyn Check>)
    },
};

/// What of a project a build can override.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Override {
    Image,
    Compute,
    Timeout,
    Privileged,
    Buildspec,
    ServiceRole,
    Source,
}

impl Override {
    pub(crate) const ALL: [Self; 7] =
        [Self::Image, Self::Compute, Self::Timeout, Self::Privileged, Self::Buildspec, Self::ServiceRole, Self::Source];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Compute => "compute",
            Self::Timeout => "timeout",
            Self::Privileged => "privileged",
            Self::Buildspec => "buildspec",
            Self::ServiceRole => "service-role",
            Self::Source => "source",
        }
    }

    /// The keys that IAM has of it; none for the timeout.
    fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Image => &["codebuild:environment.image"],
            Self::Compute => &[
                "codebuild:environment.computeType",
                "codebuild:environment.type",
                "codebuild:environment.fleet.fleetArn",
            ],
            Self::Timeout => &[],
            Self::Privileged => &["codebuild:environment.privilegedMode"],
            Self::Buildspec => &["codebuild:source.buildspec"],
            Self::ServiceRole => &["codebuild:serviceRole"],
            Self::Source => &["codebuild:source.location"],
        }
    }

    /// What the build has of it, and what the project has, for a person; `None` where
    /// the two are the same.
    fn difference(self, facts: &Facts<'_>, project: &Project) -> Result<Option<String>, Fact> {
        let build = facts.build;
        // What the API leaves out of a whole Build is not set; what an event leaves out may be.
        let known = |is_given: bool, member| match is_given || facts.is_whole {
            true => Ok(()),
            false => Err(Fact::Absent(member)),
        };
        let differ = |ours: &str, theirs: &str| {
            (ours != theirs).then(|| format!("{} {} instead of {}", self.name(), or_none(ours), or_none(theirs)))
        };
        let environment = build.environment.as_ref();
        let theirs = project.environment.as_ref();
        match self {
            Self::Image => {
                let ours = environment.and_then(|environment| environment.image.as_deref());
                known(ours.is_some(), "environment.image")?;
                let theirs = theirs.and_then(|environment| environment.image.as_deref());
                Ok(differ(ours.unwrap_or_default(), theirs.unwrap_or_default()))
            }
            Self::Compute => {
                known(environment.is_some_and(|one| one.compute_type.is_some()), "environment.computeType")?;
                Ok(differ(&environment.map(compute).unwrap_or_default(), &theirs.map(compute).unwrap_or_default()))
            }
            Self::Timeout => {
                known(build.timeout_in_minutes.is_some(), "timeoutInMinutes")?;
                let words = |minutes: Option<i32>| minutes.map(Duration::from_minutes).map(|time| time.to_string());
                Ok(differ(
                    &words(build.timeout_in_minutes).unwrap_or_default(),
                    &words(project.timeout_in_minutes).unwrap_or_default(),
                ))
            }
            Self::Privileged => {
                let mode = |environment: &ProjectEnvironment| environment.privileged_mode;
                known(environment.and_then(mode).is_some(), "environment.privilegedMode")?;
                let words = |environment: Option<&ProjectEnvironment>| {
                    if environment.and_then(mode) == Some(true) { "true" } else { "false" }
                };
                Ok(differ(words(environment), words(theirs)))
            }
            Self::Buildspec => {
                let ours = buildspec(build);
                known(ours.is_some(), "source.buildspec")?;
                let theirs = project.source.as_ref().and_then(|source| source.buildspec.as_deref());
                // Either may be a whole file, which no record shows.
                let is_other = ours.unwrap_or_default() != theirs.unwrap_or_default();
                Ok(is_other.then(|| "another buildspec".to_owned()))
            }
            Self::ServiceRole => {
                known(build.service_role.is_some(), "serviceRole")?;
                let theirs = project.service_role.as_deref();
                Ok(differ(build.service_role.as_deref().unwrap_or_default(), theirs.unwrap_or_default()))
            }
            Self::Source => {
                let ours = build.source.as_ref();
                known(ours.is_some_and(|source| source.r#type.is_some()), "source")?;
                let words = |source: Option<&crate::model::ProjectSource>| {
                    let source = source.cloned().unwrap_or_default();
                    let location = source.location.unwrap_or_default();
                    format!("{} {}", source.r#type.unwrap_or_default(), normalized(&location)).trim_end().to_owned()
                };
                Ok(differ(&words(ours), &words(project.source.as_ref())))
            }
        }
    }
}

fn buildspec(build: &Build) -> Option<&str> {
    build.source.as_ref().and_then(|source| source.buildspec.as_deref())
}

/// Environment type and compute type, as one.
fn compute(environment: &ProjectEnvironment) -> String {
    let kind = environment.r#type.as_deref().unwrap_or_default();
    let compute = environment.compute_type.as_deref().unwrap_or_default();
    format!("{kind}/{compute}")
}

fn or_none(text: &str) -> &str {
    if text.is_empty() { "none" } else { text }
}

impl Written for Override {
    const RIGHT: &'static str =
        "one of `image`, `compute`, `timeout`, `privileged`, `buildspec`, `service-role` and `source`";

    fn read(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|one| one.name() == text).ok_or_else(|| "is nothing that can be overridden".into())
    }
}

struct ForbiddenOverrides(Vec<Override>);

impl Check for ForbiddenOverrides {
    fn decide(&self, facts: &Facts<'_>) -> Answer {
        let Some(project) = facts.project else { return Answer::Unknown(Fact::NoProject) };
        // What the project was when the build started is not known any more.
        if let (Some(start), Some(change)) = (facts.build.start_time, project.last_modified)
            && change > start
        {
            let why = "the project was changed after the build started".to_owned();
            return Answer::Unknown(Fact::Untold { fact: "project", why });
        }
        let (mut found, mut missing) = (Vec::new(), None);
        for one in &self.0 {
            match one.difference(facts, project) {
                Ok(difference) => found.extend(difference),
                Err(fact) => missing = missing.or(Some(fact)),
            }
        }
        match missing {
            _ if !found.is_empty() => Answer::Broken(found.join(", ")),
            Some(fact) => Answer::Unknown(fact),
            None => Answer::Pass,
        }
    }

    fn limit(&self) -> String {
        self.0.iter().map(|one| one.name()).collect::<Vec<_>>().join(", ")
    }

    fn covers(&self, other: &dyn Check) -> bool {
        let other: Option<&Self> = (other as &dyn Any).downcast_ref();
        other.is_some_and(|other| other.0.iter().all(|one| self.0.contains(one)))
    }

    /// An argument may repeat what the project says. The build is then as its project is,
    /// and IAM would refuse it all the same.
    fn prevention(&self) -> Prevention {
        let keys = self.0.iter().flat_map(|one| one.keys());
        let refusals: Vec<_> = keys.map(|key| vec![Condition::Given(key)]).collect();
        match (refusals.is_empty(), self.0.contains(&Override::Timeout)) {
            (true, _) => Prevention::NoKey("no condition key sees a timeout"),
            (false, true) => Prevention::Broad {
                refusals,
                why: "a call that overrides something with what the project says anyway is refused too; and no \
                      condition key sees a timeout",
            },
            (false, false) => Prevention::Broad {
                refusals,
                why: "a call that overrides something with what the project says anyway is refused too",
            },
        }
    }
}
