//! What is known of one build, by its event and by what was asked since.

use std::sync::Arc;

use jiff::Timestamp;

use buildbrake_core::{
    event::BuildEvent,
    facts::{Facts, inquiry::Source},
    model::{Build, Progress, Project, ProjectEnvironment},
    policy::Policy,
    verdict::{Action, Verdict, judge_by},
};

use crate::{
    CallError,
    codebuild::{self, Client, Projects, Target},
};

/// What is known of a build so far.
pub(super) struct Known {
    /// The event that it is looked at for, with the build as it is known by now.
    pub(super) event: BuildEvent,
    is_whole: bool,
    pub(super) project: Asked,
}

/// Whether the project was asked for.
pub(super) enum Asked {
    NotYet,
    /// Some minutes ago. It may have changed since.
    Lately(Arc<Project>),
    /// For this build; `None` where CodeBuild has none of that name.
    Now(Option<Arc<Project>>),
}

impl Known {
    pub(super) fn by_event(event: BuildEvent) -> Self {
        Self { event, is_whole: false, project: Asked::NotYet }
    }

    /// The event has the build as the API has it now.
    pub(super) fn whole(event: BuildEvent) -> Self {
        Self { is_whole: true, ..Self::by_event(event) }
    }

    pub(super) fn build(&self) -> &Build {
        &self.event.build
    }

    /// The build was asked for.
    pub(super) fn ask_build(&mut self, build: Build) {
        *self.event.build = build;
        self.is_whole = true;
    }

    /// Forgets all but what its record tells of the build, and what must not be told. A
    /// sweep may have to keep ten thousand of them until it knows how many there are.
    pub(super) fn shorten(&mut self) {
        let build = std::mem::take(&mut *self.event.build);
        let environment = build.environment.map(|environment| ProjectEnvironment {
            environment_variables: environment.environment_variables,
            ..ProjectEnvironment::default()
        });
        *self.event.build = Build {
            arn: build.arn,
            project_name: build.project_name,
            initiator: build.initiator,
            source_version: build.source_version,
            source: build.source,
            secondary_sources: build.secondary_sources,
            environment,
            exported_environment_variables: build.exported_environment_variables,
            ..Build::default()
        };
    }

    /// Whether the event says which build, and nothing of it.
    pub(super) fn is_named_only(&self) -> bool {
        self.build().build_status.is_none() && self.build().build_complete.is_none()
    }

    pub(super) fn judge(&self, policy: &Policy, now: Timestamp) -> Verdict {
        let project = match &self.project {
            Asked::Lately(project) | Asked::Now(Some(project)) => Some(project.as_ref()),
            Asked::NotYet | Asked::Now(None) => None,
        };
        judge_by(policy, &Facts::known(self.build(), self.is_whole, project, now))
    }

    /// What is to be asked for next. No build is stopped that may have ended, and none
    /// for differing from what its project was some minutes ago.
    pub(super) fn wanted_by(&self, verdict: &Verdict) -> Option<Source> {
        let is_unsure = verdict.action == Action::Stop && self.build().progress() != Progress::Running;
        if !self.is_whole && (is_unsure || self.is_named_only() || verdict.wants(Source::Build)) {
            return Some(Source::Build);
        }
        let wanted = match self.project {
            Asked::NotYet => verdict.wants(Source::Project),
            Asked::Lately(_) => verdict.action != Action::Allow,
            Asked::Now(_) => false,
        };
        wanted.then_some(Source::Project)
    }

    /// The build's project: at first one that was asked for lately.
    pub(super) async fn ask_project(
        &self,
        client: &Client,
        projects: &Projects,
        target: &Target,
        now: Timestamp,
    ) -> Result<Asked, CallError> {
        let name = self.build().project_name.as_deref().unwrap_or_else(|| target.id().project());
        if let Asked::NotYet = self.project
            && let Some(project) = projects.recent(target, name, now)
        {
            return Ok(Asked::Lately(project));
        }
        let project = codebuild::project(client, target, name).await?.map(Arc::new);
        if let Some(project) = &project {
            projects.keep(target, name, now, project.clone());
        }
        Ok(Asked::Now(project))
    }
}
