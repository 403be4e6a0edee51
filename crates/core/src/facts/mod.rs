//! The facts about a build that are known when it is judged, and those that are not.

mod batch;
mod cost;
pub mod git_ref;
pub mod image;
pub mod inquiry;
mod missing_fact;
pub mod pipeline;
pub mod planned;
pub mod possible;
mod provenance;
pub(crate) mod reference;
pub mod remote_refs;
pub mod source_location;
pub mod source_pattern;
pub mod source_version;
pub(crate) mod start_event;
pub mod starter;
pub mod supersession;
pub mod vocabulary;
pub mod webhook;

use std::sync::OnceLock;

use jiff::{SignedDuration, Timestamp};

pub use self::missing_fact::MissingFact;
pub(crate) use self::provenance::known_initiator;
pub use self::provenance::{InitiatorFrom, Provenance, RefFrom};
use self::{
    image::Image,
    inquiry::{Cause, Prospect, Source, SourceSet},
    pipeline::{NAMED_WITHIN, PipelineAnswer, PipelineSource},
    planned::PlannedBuild,
    reference::WebhookRefs,
    remote_refs::RefsAtCommit,
    source_location::SourceLocation,
    source_version::SourceVersion,
    supersession::{Superseded, Supersession},
};
use crate::{
    duration::Duration,
    expression::FactsAsJson,
    model::{Build, BuildBatch, Progress, Project, RunKind, RunStart},
    price::Prices,
};

/// The reason why it is unknown who started a sandbox.
pub(crate) const NO_INITIATOR: &str = "a sandbox has no initiator";

/// Everything that is known about a build at the moment when it is judged.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// The build.
    pub build: &'a Build,
    /// The kind of thing that is judged: a sandbox is judged in the form of a build.
    pub kind: RunKind,
    /// The time at which it is judged.
    pub now: Timestamp,
    /// `true` if the build is the API's, so that absent members do not exist. An event's build has
    /// fewer members, and may be out of date.
    pub is_whole: bool,
    /// `true` if the phases are up to date even if the build is an event's: a policy test sets
    /// them.
    pub has_current_phases: bool,
    /// `true` if the build is a policy test's. It has only the secondary sources, fleet and Docker server that
    /// the test gives, even if it is an event's.
    pub is_sample: bool,
    /// `true` if the build is of the past.
    pub is_past: bool,
    /// `true` if the values of its variables may have been left out when it was saved.
    pub is_saved: bool,
    /// `true` if a build that has ended is compared with others as if it were running.
    pub compares_ended: bool,
    /// The unknown facts of a build that has not started. `None` for any other build.
    pub planned: Option<&'a PlannedBuild>,
    /// The parsed source version.
    pub source_version: Option<SourceVersion<'a>>,
    /// The build's project, if it was fetched.
    pub project: Option<&'a Project>,
    /// The time at which the project was fetched, if that was some minutes ago.
    pub project_as_of: Option<Timestamp>,
    /// The batch that the build belongs to, if it was fetched.
    pub build_batch: Option<&'a BuildBatch>,
    /// CodePipeline's answer about the pipeline that the initiator names, if it was asked.
    pub pipeline: Option<&'a PipelineAnswer>,
    /// Git's answer about the build's commit, if it was asked.
    pub remote: Option<&'a RefsAtCommit>,
    /// The full name of the reference that the build is assumed to have, and its source.
    pub assumed: Option<(String, RefFrom)>,
    /// The earlier tries of a build that CodeBuild itself retries, from the last one.
    pub tries: &'a [Build],
    /// The newer builds that supersede the build, if the project's other running builds are known.
    pub supersession: Option<&'a Supersession>,
    /// The result for the rule that is being evaluated.
    pub superseded: Option<&'a Superseded>,
    /// The sources that cannot be asked, with the reasons.
    pub unavailable: &'a [(Source, Cause)],
    /// The sources that cannot provide more, or cannot be asked.
    pub exhausted: SourceSet,
    /// The exhausted sources that will be asked once more.
    pub awaited: SourceSet,
    /// The policy's prices.
    pub prices: Option<&'a Prices>,
    /// The build, its project and its batch as JSON, for expressions.
    pub json: FactsAsJson,
    /// The normal forms of the build's members.
    pub normal_forms: NormalForms,
}

/// Normal forms, each made when a rule first needs it.
#[derive(Clone, Debug, Default)]
pub struct NormalForms {
    source: OnceLock<Option<SourceLocation>>,
    secondary_sources: OnceLock<Vec<Option<SourceLocation>>>,
    image: OnceLock<Image>,
    webhook_refs: OnceLock<Option<WebhookRefs>>,
    fetched_source: OnceLock<Result<PipelineSource, String>>,
}

impl<'a> Facts<'a> {
    /// Returns the facts that an event's build contains at a moment, and no others.
    pub fn of(build: &'a Build, now: Timestamp) -> Self {
        let source_version = build.source_version.as_deref().map(SourceVersion::read);
        Self {
            build,
            kind: RunKind::Build,
            now,
            is_whole: false,
            has_current_phases: false,
            is_sample: false,
            is_past: false,
            is_saved: false,
            compares_ended: false,
            planned: None,
            source_version,
            project: None,
            project_as_of: None,
            build_batch: None,
            pipeline: None,
            remote: None,
            assumed: None,
            tries: &[],
            supersession: None,
            superseded: None,
            unavailable: &[],
            exhausted: SourceSet::default(),
            awaited: SourceSet::default(),
            prices: None,
            json: FactsAsJson::default(),
            normal_forms: NormalForms::default(),
        }
    }

    /// Returns the facts about a build and its project. `is_whole` is `true` if the build is the API's.
    pub fn known(build: &'a Build, is_whole: bool, project: Option<&'a Project>, now: Timestamp) -> Self {
        Self { is_whole, project, ..Self::of(build, now) }
    }

    /// The facts at a later moment, if the build keeps running.
    pub fn at(&self, later: Timestamp) -> Self {
        Self { now: later, ..self.clone() }
    }

    /// Returns whether no newer build can supersede it any more.
    pub(crate) fn is_past_comparison(&self) -> bool {
        !self.compares_ended && self.build.progress() == Progress::Ended
    }

    /// The time by which its pipeline names the build, or the batch or first try that the pipeline started.
    pub(crate) fn pipeline_names_until(&self) -> Option<Timestamp> {
        let first_try = self.tries.last().unwrap_or(self.build);
        let start = self.build_batch.map_or(first_try.start_time, |batch| batch.start_time);
        start?.saturating_add(NAMED_WITHIN).ok()
    }

    /// Returns what may still be learned from a source.
    pub(crate) fn prospect(&self, source: Source) -> Prospect {
        match (self.exhausted.contains(source), self.awaited.contains(source)) {
            (false, _) => Prospect::Now,
            (true, true) => Prospect::Later,
            (true, false) => Prospect::Nothing,
        }
    }

    fn prospect_of(&self, fact: &MissingFact) -> Prospect {
        fact.source().map_or(Prospect::Nothing, |source| self.prospect(source))
    }

    /// Returns whether a source may provide the fact now.
    pub(crate) fn may_learn(&self, fact: &MissingFact) -> bool {
        self.prospect_of(fact) == Prospect::Now
    }

    /// Chooses which of two unknown facts is named if either would settle a rule: the first, if there is one, unless
    /// a source may provide the other sooner.
    pub(crate) fn settling(&self, first: impl Into<Option<MissingFact>>, other: MissingFact) -> MissingFact {
        match first.into() {
            Some(first) if self.prospect_of(&first) >= self.prospect_of(&other) => first,
            _ => other,
        }
    }

    /// Returns how long the build has been running, without its time in the queue.
    pub fn running(&self) -> Option<Duration> {
        self.build.running(self.now).filter(|_| self.is_up_to_date())
    }

    /// Returns how long the build has been queued, or was until it ran.
    pub fn queued(&self) -> Option<Duration> {
        self.build.queued(self.now).filter(|_| self.is_up_to_date())
    }

    /// An event may be late: a build that was running then may have ended since.
    fn is_up_to_date(&self) -> bool {
        self.is_whole || self.has_current_phases || self.build.progress() == Progress::Ended
    }

    /// Returns whether the build runs on Lambda compute, which has no queue, and where CodeBuild
    /// ignores the timeouts that are configured.
    /// <https://docs.aws.amazon.com/codebuild/latest/userguide/lambda.html>
    ///
    /// # Errors
    /// The missing fact. A whole Build that has neither a compute type nor an environment type does not run on
    /// Lambda.
    pub fn runs_on_lambda(&self) -> Result<bool, MissingFact> {
        let environment = self.build.environment.as_ref();
        let compute_type = environment.and_then(|environment| environment.compute_type.as_deref());
        let kind = environment.and_then(|environment| environment.r#type.as_deref());
        let are_absent = || ["environment.computeType", "environment.type"].iter().all(|member| self.lacks(member));
        if compute_type.is_none() && kind.is_none() && !are_absent() {
            return Err(MissingFact::Absent("environment.computeType"));
        }
        Ok(compute_type.is_some_and(|one| one.starts_with("BUILD_LAMBDA_"))
            || kind.is_some_and(|kind| kind.ends_with("_LAMBDA_CONTAINER")))
    }

    /// Explains why a time is unknown. If the API's Build has no phases, no other source has them.
    pub fn no_phases(&self, fact: &'static str) -> MissingFact {
        if !self.is_whole || self.planned.is_some() {
            return MissingFact::Absent(fact);
        }
        let has_ended = self.build.progress() == Progress::Ended;
        let why = match self.build.run_start() {
            RunStart::Unknown => "has no phases",
            RunStart::At(_) | RunStart::Queued if has_ended && self.build.ended_at().is_none() => {
                "has ended at an unknown time"
            }
            RunStart::At(_) | RunStart::Queued => "has no `startTime`",
        };
        MissingFact::Unknown { fact, why: format!("the {} {why}", self.kind.name()) }
    }

    /// The name of the build's project.
    pub fn project_name(&self) -> Result<&'a str, MissingFact> {
        self.build.project_name.as_deref().ok_or(MissingFact::Absent("projectName"))
    }

    /// Returns the initiator of the build, or of the batch that it belongs to. A sandbox has none.
    pub fn initiator(&self) -> Result<&'a str, MissingFact> {
        if self.kind == RunKind::Sandbox {
            return Err(MissingFact::Unknown { fact: "initiator", why: NO_INITIATOR.to_owned() });
        }
        match self.batch()? {
            Some(batch) => {
                batch.initiator.as_deref().ok_or_else(|| MissingFact::AbsentMember("batch.initiator".into()))
            }
            None => self.build.initiator.as_deref().ok_or(MissingFact::Absent("initiator")),
        }
    }

    /// The account the build runs in, from its ARN.
    pub fn account(&self) -> Result<&'a str, MissingFact> {
        match self.planned {
            Some(planned) => planned.account.as_deref().ok_or(MissingFact::Absent("account")),
            None => self.build.account().ok_or(MissingFact::Absent("arn")),
        }
    }

    /// The region the build runs in, from its ARN.
    pub fn region(&self) -> Result<&'a str, MissingFact> {
        match self.planned {
            Some(planned) => planned.region.as_deref().ok_or(MissingFact::Absent("region")),
            None => self.build.region().ok_or(MissingFact::Absent("arn")),
        }
    }

    /// The project as it was when the build, or the batch that it belongs to, started.
    ///
    /// # Errors
    /// The missing fact. If the project was changed since, no source provides its earlier settings.
    pub fn project_at_start(&self) -> Result<&'a Project, MissingFact> {
        let project = self.project.ok_or(MissingFact::NoProject)?;
        if self.planned.is_some() {
            return Ok(project);
        }
        let (start, missing, is_exact) = match self.batch()? {
            Some(batch) => (batch.start_time, MissingFact::AbsentMember("batch.startTime".into()), true),
            None => (self.build.start_time, MissingFact::Absent("startTime"), self.is_whole),
        };
        let Some(start) = start else {
            let may_have_changed = project.last_modified.is_some() || self.project_as_of.is_some();
            return if may_have_changed { Err(missing) } else { Ok(project) };
        };
        // An event has whole seconds.
        let latest = if is_exact { start } else { start.saturating_add(SignedDuration::from_secs(1)).unwrap_or(start) };
        match project.last_modified {
            _ if self.project_as_of.is_some_and(|as_of| as_of < latest) => Err(MissingFact::OldProject),
            Some(change) if change > latest => {
                let why = "the project was changed after the build started".to_owned();
                Err(MissingFact::Unknown { fact: "project", why })
            }
            Some(change) if change > start => Err(missing),
            _ => Ok(project),
        }
    }

    /// Returns the value of a tag of the build's project, or `None` if the project has no such tag.
    pub fn tag(&self, key: &str) -> Result<Option<&'a str>, MissingFact> {
        let tags = self.project.ok_or(MissingFact::NoProject)?.tags.iter().flatten();
        let tag = tags.filter(|tag| tag.key.as_deref() == Some(key)).find_map(|tag| tag.value.as_deref());
        let is_unknown = |planned: &PlannedBuild| planned.project.why_part("tags").is_some();
        match tag {
            None if self.planned.is_some_and(is_unknown) => Err(MissingFact::AbsentMember("project.tags".into())),
            tag => Ok(tag),
        }
    }

    /// The location of the build's primary source.
    pub fn source_location(&self) -> Result<&'a str, MissingFact> {
        let source = self.build.source.as_ref().ok_or(MissingFact::Absent("source"))?;
        match (source.location.as_deref(), source.r#type.as_deref()) {
            (Some(location), _) if !location.is_empty() => Ok(location),
            // These types never have a location.
            (_, Some(kind @ ("CODEPIPELINE" | "NO_SOURCE"))) => {
                Err(MissingFact::Unknown { fact: "source.location", why: format!("the source is {kind}") })
            }
            _ => Err(MissingFact::Absent("source.location")),
        }
    }

    /// The image the build runs in.
    pub fn image(&self) -> Result<&Image, MissingFact> {
        let environment = self.build.environment.as_ref();
        let image = environment.and_then(|environment| environment.image.as_deref());
        let image = image.ok_or(MissingFact::Absent("environment.image"))?;
        Ok(self.normal_forms.image.get_or_init(|| Image::read(image)))
    }
}
