//! The whole story: an event comes in, its build is judged, what has to be done is
//! done, and a record tells of it.

use std::sync::Arc;

use jiff::Timestamp;

use crate::{
    build::{Build, Progress},
    codebuild::{self, CallError, Class, Client, Projects, Target},
    event::Trigger,
    facts::{Facts, Source},
    policy::Policy,
    project::Project,
    record::{Done, Failure, Outcome, Record},
    verdict::{Action, Verdict, judge_by},
};

/// A policy, and the CodeBuild that it is enforced on.
#[derive(Debug)]
pub struct Brake {
    policy: Policy,
    client: Client,
    projects: Projects,
}

impl Brake {
    /// Nothing is asked of CodeBuild yet.
    pub fn new(policy: Policy, client: Client) -> Self {
        Self { policy, client, projects: Projects::default() }
    }

    /// Judges the build that an event is of, and stops it where the policy says so.
    ///
    /// `now` is asked when the build is judged, and for the moment of the answer. It
    /// never fails: what goes wrong is the record's `error`.
    pub async fn enforce(&self, event: &str, now: impl Fn() -> Timestamp) -> Record {
        let policy = &self.policy;
        let mut event = match Trigger::parse(event) {
            Ok(Trigger::Build(event)) => event,
            Ok(Trigger::Fleet) => {
                let message = "A fleet changed; no build did.";
                return Record::without_build(policy, message, Outcome::Ignored.into(), now());
            }
            Err(unreadable) => {
                let failure = Failure::from(unreadable);
                return Record::without_build(policy, &failure.message.clone(), failure.into(), now());
            }
        };
        let target = Target::new(event.id.clone(), event.build.arn.as_deref());
        let mut known = Known::by_event(std::mem::take(&mut event.build));
        let mut verdict = known.judge(policy, now());
        let asked = if policy.is_off() {
            Err(Outcome::Ignored.into())
        } else if known.build.progress() == Progress::Ended {
            Err(Outcome::NotRunning.into())
        } else {
            self.ask(&mut known, &mut verdict, &target, &now).await
        };
        let done = match (asked, verdict.action) {
            (Err(done), _) => done,
            (Ok(()), Action::Allow) => Outcome::Allowed.into(),
            (Ok(()), Action::Report) => Outcome::Reported.into(),
            (Ok(()), Action::Protect) => Outcome::Protected.into(),
            (Ok(()), Action::Stop) if known.build.progress() == Progress::Ended => Outcome::AlreadyComplete.into(),
            (Ok(()), Action::Stop) => stop(&self.client, &target).await,
        };
        Record::judged(policy, &event, &known.build, &verdict, done, now())
    }

    /// Asks for what the verdict wants to know, each once, and judges again.
    async fn ask(
        &self,
        known: &mut Known,
        verdict: &mut Verdict,
        target: &Target,
        now: &impl Fn() -> Timestamp,
    ) -> Result<(), Done> {
        let failed = |error: CallError| Done::from(Failure::from(error));
        while let Some(source) = known.wanted_by(verdict) {
            match source {
                Source::Build => {
                    let build = codebuild::describe(&self.client, target).await.map_err(failed)?;
                    known.build = build.ok_or(Outcome::NotFound)?;
                    known.is_whole = true;
                }
                Source::Project => known.project = self.project(known, target, now).await.map_err(failed)?,
            }
            *verdict = known.judge(&self.policy, now());
        }
        Ok(())
    }

    /// The build's project: at first one that was asked for lately.
    async fn project(&self, known: &Known, target: &Target, now: &impl Fn() -> Timestamp) -> Result<Asked, CallError> {
        let name = known.build.project_name.as_deref().unwrap_or_else(|| target.id().project());
        if let Asked::NotYet = known.project
            && let Some(project) = self.projects.recent(target, name, now())
        {
            return Ok(Asked::Lately(project));
        }
        let project = codebuild::project(&self.client, target, name).await?.map(Arc::new);
        if let Some(project) = &project {
            self.projects.keep(target, name, now(), project.clone());
        }
        Ok(Asked::Now(project))
    }
}

/// What is known of a build so far.
struct Known {
    build: Build,
    is_whole: bool,
    project: Asked,
}

/// Whether the project was asked for.
enum Asked {
    NotYet,
    /// Some minutes ago. It may have changed since.
    Lately(Arc<Project>),
    /// For this build; `None` where CodeBuild has none of that name.
    Now(Option<Arc<Project>>),
}

impl Known {
    fn by_event(build: Build) -> Self {
        Self { build, is_whole: false, project: Asked::NotYet }
    }

    fn judge(&self, policy: &Policy, now: Timestamp) -> Verdict {
        let project = match &self.project {
            Asked::Lately(project) | Asked::Now(Some(project)) => Some(project.as_ref()),
            Asked::NotYet | Asked::Now(None) => None,
        };
        judge_by(policy, &Facts { is_whole: self.is_whole, project, ..Facts::of(&self.build, now) })
    }

    /// What is to be asked for next. No build is stopped that may have ended, and none
    /// for differing from what its project was some minutes ago.
    fn wanted_by(&self, verdict: &Verdict) -> Option<Source> {
        let is_unsure = verdict.action == Action::Stop && self.build.progress() != Progress::Running;
        if !self.is_whole && (is_unsure || verdict.wants(Source::Build)) {
            return Some(Source::Build);
        }
        let wanted = match self.project {
            Asked::NotYet => verdict.wants(Source::Project),
            Asked::Lately(_) => verdict.action != Action::Allow,
            Asked::Now(_) => false,
        };
        wanted.then_some(Source::Project)
    }
}

/// Stops a build and makes sure of it: only a Build that says STOPPED is a stop, and
/// only one that says that it ended lets the matter rest.
async fn stop(client: &Client, target: &Target) -> Done {
    let answer = codebuild::stop(client, target).await;
    match answer {
        Ok(build) if has_ended(&build) => ended(build),
        Err(error) if error.class == Class::NotFound => Outcome::NotFound.into(),
        // The answer does not say that the build ended, or says that it cannot be stopped,
        // as a build that has ended cannot: what it is now settles it.
        Ok(_) => match codebuild::describe(client, target).await {
            Ok(Some(build)) if has_ended(&build) => ended(build),
            Ok(_) => Failure::from(CallError::new(Class::NotConfirmed, "the stop was answered, and the build runs on"))
                .into(),
            Err(error) => Failure::from(error).into(),
        },
        Err(error) if error.class == Class::InvalidInput => match codebuild::describe(client, target).await {
            Ok(Some(build)) if has_ended(&build) => ended(build),
            _ => Failure::from(error).into(),
        },
        Err(error) => Failure::from(error).into(),
    }
}

/// STOPPED is the end, even of a build whose `buildComplete` has yet to follow.
fn has_ended(build: &Build) -> bool {
    is_stopped(build) || build.progress() == Progress::Ended
}

fn is_stopped(build: &Build) -> bool {
    build.build_status.as_deref() == Some("STOPPED")
}

fn ended(build: Build) -> Done {
    let outcome = if is_stopped(&build) { Outcome::Stopped } else { Outcome::AlreadyComplete };
    Done { outcome, failure: None, returned: Some(build) }
}
