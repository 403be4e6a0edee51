//! The next question of a case.

use super::{
    BuildOrigin, Case, GitQuestion, KnownBatch, KnownProject, NamedBy, PipelineQuestion, Purpose, Question, Source,
};
use crate::{
    facts::{
        pipeline::{PipelineAnswer, PipelineRepository, PipelineSource, pipeline_name},
        remote_refs::ObjectId,
        source_location::{SourceLocation, Url},
    },
    model::{BuildArn, Progress, batch_id},
    verdict::{Action, Undecided},
};

impl Case<'_> {
    /// The next question, or `None` if the verdict is final.
    pub fn next_question(&self) -> Option<Question> {
        self.open_questions().next()
    }

    /// The rules that are undecided because the answer to this question is missing.
    pub(super) fn rules_that_want(&self, question: &Question) -> Vec<String> {
        let compares = matches!(question, Question::RunningBuilds(_));
        let wants = |undecided: &&Undecided| match compares {
            true => undecided.compares_builds,
            false => undecided.missing.source() == Some(question.source()),
        };
        self.verdict.undecided.iter().filter(wants).map(|undecided| undecided.rule.clone()).collect()
    }

    /// The questions that are open now. The reply to one may answer another.
    pub(super) fn open_questions(&self) -> impl Iterator<Item = Question> {
        let wanted = Source::ALL.into_iter().filter(|source| self.needs(*source));
        wanted.filter_map(|source| self.question(source))
    }

    /// The question to a source, whether or not a rule needs its reply. `None` if the source cannot provide more.
    pub(super) fn question(&self, source: Source) -> Option<Question> {
        // A fact that a policy test does not give is unknown.
        let is_left_out = self.is_sample && source != Source::RunningBuilds;
        if is_left_out || self.unavailable.iter().any(|(unavailable, _)| *unavailable == source) {
            return None;
        }
        match source {
            Source::Build => (self.origin == BuildOrigin::Event).then(|| Question::Build(self.event.id.clone())),
            Source::Batch => self.batch_question(),
            Source::FirstTry => self.earlier_try_question(),
            Source::Project => self.project_question(),
            Source::Pipeline => self.pipeline_question(),
            Source::Git => self.git_question(),
            Source::RunningBuilds => self.supersession.is_none().then(|| Question::RunningBuilds(self.project_name())),
        }
    }

    /// Returns whether the case's purpose may depend on a source.
    fn needs(&self, source: Source) -> bool {
        match source {
            // A build that may have ended is fetched before it is stopped.
            Source::Build => {
                let may_have_ended =
                    self.verdict.action == Action::Stop && self.build().progress() != Progress::Running;
                may_have_ended || self.is_named_only() || self.wants(source)
            }
            Source::Project => match self.project {
                // It may name the repository, unless a pipeline fetched the source.
                KnownProject::NotAsked => self.wants(source) || (self.pipeline.is_none() && self.wants(Source::Git)),
                // A cached copy of the project is good enough to allow a build, but not to act on it. A rule
                // may also need the project as it was at the build's start, and the copy may be older.
                KnownProject::Cached(..) => self.verdict.action != Action::Allow || self.wants(source),
                KnownProject::Current(_) => false,
            },
            // The build's own values are known by then, as far as they can be.
            Source::RunningBuilds => self.depends_on(|undecided| undecided.compares_builds),
            Source::Batch | Source::FirstTry | Source::Pipeline | Source::Git => self.wants(source),
        }
    }

    fn wants(&self, source: Source) -> bool {
        self.depends_on(|undecided| undecided.missing.source() == Some(source))
    }

    /// Returns whether the case's purpose may depend on an undecided rule for which `rules` returns `true`.
    fn depends_on(&self, rules: impl Fn(&Undecided) -> bool) -> bool {
        let is_in_batch = self.build().build_batch_arn.is_some();
        let for_batch = || is_in_batch && self.verdict.batch_depends_on(&rules);
        match self.purpose {
            Purpose::Build | Purpose::Supersession => self.verdict.depends_on(&rules),
            Purpose::BuildAndBatch => self.verdict.depends_on(&rules) || for_batch(),
            Purpose::Batch => for_batch(),
            Purpose::EveryRule => self.verdict.undecided.iter().any(rules),
        }
    }

    /// No event contains the batch's ARN, so the Build is known by then.
    fn batch_question(&self) -> Option<Question> {
        let arn = self.build().build_batch_arn.as_deref()?;
        matches!(self.batch, KnownBatch::NotAsked).then(|| Question::Batch(batch_id(arn).to_owned()))
    }

    /// CodeBuild retries a build up to ten times.
    fn earlier_try_question(&self) -> Option<Question> {
        let last = self.tries.last().unwrap_or(self.build());
        let arn: BuildArn = last.previous_try()?.parse().ok()?;
        Some(Question::EarlierTry(arn.id))
    }

    fn project_name(&self) -> String {
        self.build().project_name.clone().unwrap_or_else(|| self.event.id.project().to_owned())
    }

    fn project_question(&self) -> Option<Question> {
        let may_be_cached = match self.project {
            KnownProject::NotAsked => self.purpose != Purpose::Batch || !self.wants(Source::Project),
            KnownProject::Cached(..) => false,
            KnownProject::Current(_) => return None,
        };
        Some(Question::Project { name: self.project_name(), may_be_cached })
    }

    /// CodePipeline is asked once about the pipeline that the initiator names.
    fn pipeline_question(&self) -> Option<Question> {
        if self.pipeline.is_some() {
            return None;
        }
        let batch = self.batch.get();
        let initiator = batch.map_or(&self.build().initiator, |batch| &batch.initiator);
        let first_try = self.tries.last();
        let initiator = first_try.map_or(initiator, |build| &build.initiator);
        let started = [
            Some(self.event.id.as_str()),
            self.build().build_batch_arn.as_deref().map(batch_id),
            first_try.and_then(|build| build.id.as_deref()),
        ];
        let start = first_try.map_or(self.build().start_time, |build| build.start_time);
        Some(Question::Pipeline(PipelineQuestion {
            pipeline: pipeline_name(initiator.as_deref()?)?.to_owned(),
            started: started.into_iter().flatten().map(str::to_owned).collect(),
            start: batch.map_or(start, |batch| batch.start_time),
        }))
    }

    /// Git is asked once, about the repository of the build or of its batch.
    fn git_question(&self) -> Option<Question> {
        if self.remote.is_some() {
            return None;
        }
        let (repository, commit, named_by) = match &self.pipeline {
            Some(PipelineAnswer::Run(run)) => {
                let source = run.source_for(self.build(), self.batch.get()).ok()?;
                (repository_of(&source, self.build().region())?, source.commit, NamedBy::Pipeline)
            }
            Some(PipelineAnswer::NotNamed | PipelineAnswer::NoPipeline) | None => self.own_repository()?,
        };
        let batch = self.batch.get();
        let first_try = self.tries.last().and_then(|build| build.id.as_deref());
        let id = batch.and_then(|batch| batch.id.as_deref()).or(first_try).unwrap_or(self.event.id.as_str()).to_owned();
        let start = batch.map_or(self.build().start_time, |batch| batch.start_time);
        Some(Question::Git(GitQuestion { id, repository, commit, start, named_by }))
    }

    /// The repository of the build's or batch's source, the commit, and what names that repository.
    /// The project is known by then.
    fn own_repository(&self) -> Option<(Url, Option<ObjectId>, NamedBy)> {
        let source = self.batch.get().map_or(&self.build().source, |batch| &batch.source);
        let SourceLocation::Repository(url) = SourceLocation::of(source.as_ref()?)? else { return None };
        let commit = ObjectId::of_build(self.build(), self.batch.get(), self.project.get());
        let project = self.project.get().and_then(|project| project.source.as_ref());
        let is_of_project = project.and_then(SourceLocation::of) == Some(SourceLocation::Repository(url.clone()));
        Some((url, commit, if is_of_project { NamedBy::Project } else { NamedBy::Build }))
    }
}

/// The repository of a pipeline's source, if its URL is known. `region` is the pipeline's.
fn repository_of(source: &PipelineSource, region: Option<&str>) -> Option<Url> {
    let url = match source.repository.as_ref()? {
        PipelineRepository::Url(url) => url.clone(),
        PipelineRepository::CodeCommit { name, region: other } => {
            let region = other.as_deref().or(region)?;
            // https://docs.aws.amazon.com/codecommit/latest/userguide/regions.html
            let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
            format!("https://git-codecommit.{region}.{domain}/v1/repos/{name}")
        }
    };
    match SourceLocation::read(None, Some(&url))? {
        SourceLocation::Repository(url) => Some(url),
        _ => None,
    }
}
