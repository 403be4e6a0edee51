//! `forbidden-overrides`: what a build may not have otherwise than its project. Compares the
//! build with the project, not the arguments of StartBuild, which can repeat the project's
//! own values.

use super::{About, Answer, Check, CheckKind, CheckOption, IamView, OptionKind};
use crate::{
    duration::Duration,
    facts::{Fact, Facts},
    model::{Build, Project, ProjectEnvironment, ProjectSource},
    url::normalized,
    yaml::scalar::FromScalar,
};

pub(super) const FORBIDDEN: CheckKind = CheckKind {
    id: "forbidden-overrides",
    about: About {
        breaks_when: "The build differs from its project in one of these: `image`, `compute`, `timeout`, `privileged`, `buildspec`, `service-role`, `source`.",
        why: "Anyone who may start a build can override its project's settings, and so run other code on other machines with the project's role.",
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
    option: OptionKind::Overrides(|overrides| Box::new(ForbiddenOverrides { overrides })),
    iam: IamView::NoKey("no condition key contains a timeout"),
};

/// A setting of a project that a build can override.
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

    /// The difference between build and project as text; `None` if they have the same.
    fn difference(self, facts: &Facts<'_>, project: &Project) -> Result<Option<String>, Fact> {
        let build = facts.build;
        // A member that a whole Build lacks is not set. One that an event lacks is unknown.
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
                // A record does not show a buildspec, which may be a whole file.
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
                let words = |source: Option<&ProjectSource>| {
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

/// Environment type and compute type.
fn compute(environment: &ProjectEnvironment) -> String {
    let kind = environment.r#type.as_deref().unwrap_or_default();
    let compute = environment.compute_type.as_deref().unwrap_or_default();
    format!("{kind}/{compute}")
}

fn or_none(text: &str) -> &str {
    if text.is_empty() { "none" } else { text }
}

impl FromScalar for Override {
    const EXPECTED: &'static str =
        "one of `image`, `compute`, `timeout`, `privileged`, `buildspec`, `service-role` and `source`";

    fn from_scalar(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|one| one.name() == text)
            .ok_or_else(|| "is not a setting that can be overridden".into())
    }
}

struct ForbiddenOverrides {
    overrides: Vec<Override>,
}

impl Check for ForbiddenOverrides {
    fn decide(&self, facts: &Facts<'_>) -> Answer {
        let Some(project) = facts.project else { return Answer::Unknown(Fact::NoProject) };
        // It is unknown what the project had when the build started.
        if let (Some(start), Some(change)) = (facts.build.start_time, project.last_modified)
            && change > start
        {
            let why = "the project was changed after the build started".to_owned();
            return Answer::Unknown(Fact::Unknown { fact: "project", why });
        }
        let (mut found, mut missing) = (Vec::new(), None);
        for one in &self.overrides {
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

    fn option(&self) -> CheckOption<'_> {
        CheckOption::ForbiddenOverrides(&self.overrides)
    }
}
