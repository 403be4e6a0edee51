//! What is known of a build when it is judged, and what is not.

pub mod source_version;

use std::fmt;

use jiff::Timestamp;

use self::source_version::SourceVersion;
use crate::{
    duration::Duration,
    expression::FactsAsJson,
    model::{Build, Project},
    price::{Dollars, Prices},
};

/// A build and the moment it is looked at.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// The build.
    pub build: &'a Build,
    /// When it is judged.
    pub now: Timestamp,
    /// Whether the build is all that the API knows of it, so that a member it lacks is
    /// one it does not have. An event carries less.
    pub is_whole: bool,
    /// What its source version says, read once: every rule on branches asks.
    pub source_version: Option<SourceVersion<'a>>,
    /// Its project, where it was asked for.
    pub project: Option<&'a Project>,
    /// How long it has been running, its time in the queue left out.
    pub running: Option<Duration>,
    /// How long it has been queued, or was until it ran.
    pub queued: Option<Duration>,
    /// What a minute of a build costs.
    pub prices: Option<&'a Prices>,
    /// The build and its project as JSON, for expressions.
    pub json: FactsAsJson,
}

/// A fact that a rule asked for and that the build does not tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// The build carries no such member: the API may know it where an event does not.
    Absent(&'static str),
    /// The same, of a member that an expression names: its path from the variable,
    /// as in `build.environment.image`.
    AbsentMember(String),
    /// The build's project has yet to be asked for, or there is none.
    NoProject,
    /// The build carries what it has of it, and that does not tell.
    Untold {
        /// The fact.
        fact: &'static str,
        /// Why it cannot be told.
        why: String,
    },
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent(member) => write!(f, "{member}"),
            Self::NoProject => f.write_str("project"),
            Self::AbsentMember(path) => write!(f, "{path}"),
            Self::Untold { fact, why } => write!(f, "{fact} ({why})"),
        }
    }
}

/// What the API can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The whole Build: `BatchGetBuilds`.
    Build,
    /// The build's project: `BatchGetProjects`.
    Project,
}

impl Fact {
    /// Who may tell it, where somebody may.
    pub fn source(&self) -> Option<Source> {
        match self {
            Self::Absent(_) => Some(Source::Build),
            Self::AbsentMember(path) if path.starts_with("build") => Some(Source::Build),
            Self::NoProject => Some(Source::Project),
            // The project was asked for, and has no such member.
            Self::AbsentMember(_) | Self::Untold { .. } => None,
        }
    }
}

impl<'a> Facts<'a> {
    /// What a build tells at that moment, and nothing besides.
    pub fn of(build: &'a Build, now: Timestamp) -> Self {
        let (running, queued) = (build.running(now), build.queued(now));
        let source_version = build.source_version.as_deref().map(SourceVersion::read);
        Self {
            build,
            now,
            is_whole: false,
            source_version,
            project: None,
            running,
            queued,
            prices: None,
            json: FactsAsJson::default(),
        }
    }

    /// The same at a later moment, if the build runs on as it is.
    pub fn at(&self, later: Timestamp) -> Self {
        Self { now: later, running: self.build.running(later), queued: self.build.queued(later), ..self.clone() }
    }

    /// What a minute of the build costs.
    pub fn price(&self) -> Result<Dollars, Fact> {
        let environment = self.build.environment.as_ref();
        let compute_type = environment.and_then(|environment| environment.compute_type.as_deref());
        let compute_type = compute_type.ok_or(Fact::Absent("environment.computeType"))?;
        let kind = environment.and_then(|environment| environment.r#type.as_deref());
        self.prices.and_then(|prices| prices.of(kind, compute_type)).ok_or_else(|| {
            let name = kind.map(|kind| format!("{kind}/")).unwrap_or_default();
            Fact::Untold { fact: "cost", why: format!("the policy has no price for {name}{compute_type}") }
        })
    }

    /// What the build has cost so far.
    pub fn cost(&self) -> Result<Dollars, Fact> {
        let price = self.price()?;
        self.running.map(|running| price.for_running(running)).ok_or_else(|| self.no_phases("running"))
    }

    /// Why a time cannot be told. A whole Build that does not tell its phases never will.
    pub fn no_phases(&self, fact: &'static str) -> Fact {
        match self.is_whole {
            true => Fact::Untold { fact, why: "the build does not tell its phases".to_owned() },
            false => Fact::Absent(fact),
        }
    }

    /// The name of the build's project.
    pub fn project_name(&self) -> Result<&'a str, Fact> {
        self.build.project_name.as_deref().ok_or(Fact::Absent("projectName"))
    }

    /// Who or what started the build.
    pub fn initiator(&self) -> Result<&'a str, Fact> {
        self.build.initiator.as_deref().ok_or(Fact::Absent("initiator"))
    }

    /// The account the build runs in, from its ARN.
    pub fn account(&self) -> Result<&'a str, Fact> {
        self.build.account().ok_or(Fact::Absent("arn"))
    }

    /// The region the build runs in, from its ARN.
    pub fn region(&self) -> Result<&'a str, Fact> {
        self.build.region().ok_or(Fact::Absent("arn"))
    }

    /// The value of one of its project's tags; `None` where the project has none of that key.
    pub fn tag(&self, key: &str) -> Result<Option<&'a str>, Fact> {
        let tags = self.project.ok_or(Fact::NoProject)?.tags.iter().flatten();
        let tag = tags.filter(|tag| tag.key.as_deref() == Some(key)).find_map(|tag| tag.value.as_deref());
        Ok(tag)
    }

    /// Where the build's primary source is.
    pub fn source_location(&self) -> Result<&'a str, Fact> {
        let source = self.build.source.as_ref().ok_or(Fact::Absent("source"))?;
        match (source.location.as_deref(), source.r#type.as_deref()) {
            (Some(location), _) if !location.is_empty() => Ok(location),
            // These have no location of their own, and never will.
            (_, Some(kind @ ("CODEPIPELINE" | "NO_SOURCE"))) => {
                Err(Fact::Untold { fact: "source.location", why: format!("the source is {kind}") })
            }
            _ => Err(Fact::Absent("source.location")),
        }
    }

    /// The image the build runs in.
    pub fn image(&self) -> Result<&'a str, Fact> {
        let environment = self.build.environment.as_ref();
        environment.and_then(|environment| environment.image.as_deref()).ok_or(Fact::Absent("environment.image"))
    }

    /// The branch the build is of, as far as its source version names one.
    pub fn branch(&self) -> Result<&'a str, Fact> {
        match self.revision()? {
            SourceVersion::Branch(branch) => Ok(branch),
            other => Err(no_branch(other)),
        }
    }

    /// The branch the build is of, if its source version is a branch and no abbreviated
    /// commit id; then with the reason why that cannot be told.
    pub fn perhaps_branch(&self) -> Result<(&'a str, Option<Fact>), Fact> {
        match self.revision()? {
            SourceVersion::Branch(branch) => Ok((branch, None)),
            either @ SourceVersion::BranchOrCommit(name) => Ok((name, Some(no_branch(either)))),
            other => Err(no_branch(other)),
        }
    }

    /// The source version as git reads it. A source from CodePipeline or S3 has one
    /// that is no git revision.
    fn revision(&self) -> Result<SourceVersion<'a>, Fact> {
        let kind = self.build.source.as_ref().and_then(|source| source.r#type.as_deref());
        if let Some(kind @ ("CODEPIPELINE" | "S3" | "NO_SOURCE")) = kind {
            return Err(Fact::Untold { fact: "branch", why: format!("the source is {kind}") });
        }
        self.source_version.ok_or(Fact::Absent("sourceVersion"))
    }
}

/// A commit, a tag or a pull request belongs to branches that the build does not name.
fn no_branch(version: SourceVersion<'_>) -> Fact {
    Fact::Untold { fact: "branch", why: format!("the source version is {version}") }
}
