//! Judges the running builds that a sweep finds.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use buildbrake_core::{
    event::{BuildEvent, SweepMode, TriggerKind},
    facts::{
        inquiry::{Case, Question, Reply, Source, compare},
        supersession::LeftOut,
    },
    model::{Build, BuildArn, BuildBatch, RunKind, Sandbox},
    record::{Counted, Outcome},
    verdict::Action,
};
use futures_util::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::{
    super::{BUILD_BUDGET, notify::Settled},
    Sweep,
};
use crate::{
    CallError, Class,
    codebuild::{self, Client, MAX_IDS},
    running::{CONCURRENT_CALLS, FoundBuild, RunningBuilds, before, running_batches, running_builds},
};

/// Deadlines within this time are scheduled. Later ones are left to a later sweep.
const SCHEDULE_AHEAD: SignedDuration = SignedDuration::from_mins(60);

impl Sweep<'_> {
    /// Judges the running builds of some projects. Returns the first project for which there was no time.
    ///
    /// `is_first`: this part of the sweep begins with these projects. Then a list or a source that is too slow fails
    /// by itself, because the next part would get no further with it.
    pub(super) async fn judge_projects(&mut self, projects: &[String], is_first: bool) -> Option<String> {
        let now = self.invocation.now();
        // A slow list and a slow source each leave time for the rest.
        let (begun, left) = (Instant::now(), self.time_to_judge());
        let [lists_until, batches_until, others_until] =
            [16, 17, 19].map(|twentieths| is_first.then(|| begun + left * twentieths / 20));
        let mut running = running_builds(&self.client, projects, usize::MAX, now, lists_until).await;
        let rest = running.rest.take();
        let count = rest.as_ref().map_or(projects.len(), |rest| projects.partition_point(|project| project < rest));
        let projects = &projects[..count];
        std::mem::take(&mut running.failures).into_iter().for_each(|error| self.add_failed_call(error));
        let batches = self.running_batches(projects, &mut running, batches_until).await;
        let sandboxes = projects.iter().filter_map(|project| self.sandboxes.remove(project)).flatten().collect();
        let cases = self.judge(running, batches, sandboxes, others_until).await;
        if self.mode == SweepMode::Enforce {
            self.schedule_deadlines(&cases).await;
        }
        self.summary.projects += projects.len() as u64;
        for mut case in cases {
            if !case.is_batch() {
                *self.found.entry(case.event().id.project().to_owned()).or_default() += 1;
                if let Some(arn) = &case.build().build_batch_arn {
                    *self.batches.entry(arn.clone()).or_default() += 1;
                }
                match case.kind() {
                    RunKind::Build => self.summary.running += 1,
                    RunKind::Sandbox => self.summary.sandboxes += 1,
                }
            }
            self.summary.add_undecided(case.verdict());
            match case.verdict().action {
                Action::Allow => {}
                Action::Stop => {
                    case.shorten();
                    self.to_stop.push(case);
                }
                action @ (Action::Report | Action::Protect) => {
                    case.shorten();
                    self.reported.push(Settled { case, effect: Outcome::of_running(action).into() });
                }
            }
        }
        rest
    }
}

impl<'a> Sweep<'a> {
    /// Finds the running batches of projects, if a rule compares them with builds.
    async fn running_batches(
        &mut self,
        projects: &[String],
        running: &mut RunningBuilds,
        until: Option<Instant>,
    ) -> Vec<Arc<BuildBatch>> {
        if !self.enforcer.policy.compares_builds() {
            return Vec::new();
        }
        let lists = projects.iter().filter(|project| !running.gone.contains(*project)).map(async |project| {
            let found = before(until, running_batches(&self.client, project, BTreeSet::new(), usize::MAX)).await;
            let too_late = || {
                let message = format!("there is not enough time to list the running batches of the project {project}");
                Err(CallError::new(Class::TimedOut, message))
            };
            (project, found.unwrap_or_else(too_late))
        });
        let lists: Vec<_> = stream::iter(lists).buffer_unordered(CONCURRENT_CALLS).collect().await;
        let mut batches = Vec::new();
        for (project, found) in lists {
            match found {
                Ok((found, _)) => batches.extend(found),
                Err(error) => {
                    running.incomplete.insert(project.clone());
                    self.add_failed_call(error);
                }
            }
        }
        // The other batches are judged with their builds.
        let builds = running.builds.iter();
        let of_builds: HashSet<&str> = builds.filter_map(|found| found.build.build_batch_arn.as_deref()).collect();
        batches.retain(|batch| batch.arn.as_deref().is_none_or(|arn| !of_builds.contains(arn)));
        batches
    }

    /// Judges builds, with their batches and projects if a rule needs them. Questions about a single build are asked
    /// until `others_until`, if that is set.
    async fn judge(
        &mut self,
        running: RunningBuilds,
        batches: Vec<Arc<BuildBatch>>,
        sandboxes: Vec<Sandbox>,
        others_until: Option<Instant>,
    ) -> Vec<Case<'a>> {
        let now = self.invocation.now();
        let of_build = |FoundBuild { id, build }| {
            let event = BuildEvent::new(TriggerKind::Sweep, id, self.time, Box::new(build));
            Case::of_build(&self.enforcer.policy, event, now)
        };
        let of_batch = |batch| Case::of_running_batch(&self.enforcer.policy, TriggerKind::Sweep, self.time, batch, now);
        let RunningBuilds { builds, incomplete, .. } = running;
        let of_sandbox = |sandbox: Sandbox| Case::of_sandbox(&self.enforcer.policy, self.time, &sandbox, now);
        let builds = builds.into_iter().map(of_build).chain(batches.into_iter().filter_map(of_batch));
        let mut cases: Vec<Case<'_>> = builds.chain(sandboxes.into_iter().filter_map(of_sandbox)).collect();
        // The reply to one question may lead to another question.
        while cases.iter().any(|case| case.next_question().is_some()) {
            self.add_batches(&mut cases, now).await;
            self.add_tries(&mut cases, now).await;
            self.add_projects(&mut cases, now).await;
            self.add_others(&mut cases, now, others_until).await;
            let is_last = |case: &Case<'_>| matches!(case.next_question(), None | Some(Question::RunningBuilds(_)));
            if cases.iter().all(is_last) {
                compare_by_project(&mut cases, &incomplete, now);
            }
        }
        cases
    }

    /// Fetches the first tries that rules about automatic retries need, and judges the retries again.
    async fn add_tries(&mut self, cases: &mut [Case<'a>], now: Timestamp) {
        let ids = cases.iter().filter_map(wanted_try).collect();
        let (builds, failure) =
            self.fetch_all(ids, async |client, ids| codebuild::many_builds(client, ids).await).await;
        for case in cases {
            let Some(id) = wanted_try(case) else { continue };
            let build = builds.iter().find(|build| build.id.as_deref() == Some(&id));
            let missing = || {
                let cause = failure.map_or_else(|| format!("CodeBuild has no build {id}").into(), Class::cause);
                Reply::Unavailable(Source::FirstTry, cause)
            };
            let reply = build.map_or_else(missing, |build| Reply::EarlierTry(Box::new(Build::clone(build))));
            case.add(reply, now);
        }
    }

    /// Fetches the batches that rules need, and judges their builds again.
    async fn add_batches(&mut self, cases: &mut [Case<'a>], now: Timestamp) {
        let ids = cases.iter().filter_map(wanted_batch).collect();
        let (batches, failure) =
            self.fetch_all(ids, async |client, ids| codebuild::many_batches(client, ids).await).await;
        for case in cases {
            let Some(id) = wanted_batch(case) else { continue };
            let batch = batches.iter().find(|batch| batch.id.as_deref() == Some(&id));
            case.add(reply(batch, failure, Source::Batch, Reply::Batch), now);
        }
    }

    /// Fetches the projects that rules need, and judges their builds again.
    async fn add_projects(&mut self, cases: &mut [Case<'a>], now: Timestamp) {
        let names = cases.iter().filter_map(wanted_project).collect();
        let (projects, failure) =
            self.fetch_all(names, async |client, names| codebuild::many_projects(client, names).await).await;
        for case in cases {
            let Some(name) = wanted_project(case) else { continue };
            let project = projects.iter().find(|project| project.name.as_deref() == Some(&name));
            case.add(reply(project, failure, Source::Project, Reply::Project), now);
        }
    }

    /// Asks the questions that no call answers for many builds at once, such as those about references, and
    /// judges these builds again.
    async fn add_others(&mut self, cases: &mut [Case<'a>], now: Timestamp, until: Option<Instant>) {
        let mut groups: BTreeMap<(Source, String), Vec<(&mut Case<'a>, Question)>> = BTreeMap::new();
        for case in cases {
            if let Some(question) = case.next_question().filter(|question| !is_asked_for_many(question)) {
                groups.entry((question.source(), question.about())).or_default().push((case, question));
            }
        }
        let mut groups: Vec<_> = groups.into_iter().collect();
        // The first group changes every minute, so that a lack of time does not always affect the same groups.
        let minute = usize::try_from(now.as_second() / 60).unwrap_or_default();
        let first = minute.checked_rem(groups.len()).unwrap_or_default();
        groups.rotate_left(first);
        let sweep = &*self;
        // Questions about one pipeline or one repository are asked one at a time: the first answer may hold for
        // others.
        let groups = groups.into_iter().map(async |((source, _), group)| {
            let mut errors = Vec::new();
            for (case, question) in group {
                let reply = Box::pin(sweep.enforcer.reply(&question, &sweep.client, &sweep.place, now));
                let reply = match before(until, reply).await {
                    Some(Ok(reply)) => reply,
                    Some(Err(error)) => {
                        let cause = error.class.cause();
                        errors.push(error);
                        Reply::Unavailable(source, cause)
                    }
                    None => Reply::Postponed(source, "the sweep had no time left to ask for it".into()),
                };
                case.add(reply, now);
            }
            errors
        });
        let errors: Vec<Vec<CallError>> = stream::iter(groups).buffer_unordered(CONCURRENT_CALLS).collect().await;
        errors.into_iter().flatten().for_each(|error| self.add_failed_call(error));
    }

    /// Fetches things by their names or ids. Also returns the class of the last call that failed.
    async fn fetch_all<T>(
        &mut self,
        names: BTreeSet<String>,
        fetch: impl AsyncFn(&Client, &[String]) -> Result<Vec<T>, CallError>,
    ) -> (Vec<Arc<T>>, Option<Class>) {
        let (mut things, mut failure) = (Vec::new(), None);
        for names in Vec::from_iter(names).chunks(MAX_IDS) {
            match fetch(&self.client, names).await {
                Ok(found) => things.extend(found.into_iter().map(Arc::new)),
                Err(error) => {
                    failure = Some(error.class);
                    self.add_failed_call(error);
                }
            }
        }
        (things, failure)
    }

    /// Schedules the deadlines that are near. The sweep goes on if a schedule cannot be created.
    async fn schedule_deadlines(&mut self, cases: &[Case<'_>]) {
        let now = self.invocation.now();
        let is_near = |at: Timestamp| at.duration_since(now) < SCHEDULE_AHEAD;
        let is_due =
            |case: &&Case<'_>| case.verdict().action != Action::Stop && case.verdict().deadline.is_some_and(is_near);
        let scheduled = cases.iter().filter(is_due).map(|case| self.enforcer.schedule_deadline(case, self.invocation));
        let scheduled: Vec<Result<_, CallError>> =
            stream::iter(scheduled).buffer_unordered(CONCURRENT_CALLS).collect().await;
        scheduled.into_iter().filter_map(Result::err).for_each(|error| self.add_failed_call(error));
    }

    /// Judges the automatic retry of a stopped build, and the retries of that retry. Returns those that need a
    /// record. If no time is left, judges none: their own events follow.
    pub(super) async fn judge_retry(&self, retry: BuildArn) -> Vec<Settled<'a>> {
        let left = Duration::try_from(self.ends.duration_since(self.invocation.now())).unwrap_or_default();
        if left.is_zero() {
            return Vec::new();
        }
        let event = BuildEvent::naming(TriggerKind::Sweep, retry, self.time);
        let until = Instant::now() + left.min(BUILD_BUDGET);
        let (mut settled, _) = self.enforcer.settle(event, self.invocation, until).await;
        settled.retain(|settled| match settled.effect.outcome.counted() {
            Counted::Allowed | Counted::Nothing => false,
            Counted::Reported | Counted::Stopped | Counted::Ended | Counted::Failed => true,
        });
        settled
    }
}

/// The reply to a question about one of the things that were fetched together.
fn reply<T>(
    found: Option<&Arc<T>>,
    failure: Option<Class>,
    source: Source,
    reply: fn(Option<Arc<T>>) -> Reply,
) -> Reply {
    match (found, failure) {
        (None, Some(class)) => Reply::Unavailable(source, class.cause()),
        (found, _) => reply(found.cloned()),
    }
}

/// Returns `true` if one call answers such questions about many builds.
fn is_asked_for_many(question: &Question) -> bool {
    matches!(
        question,
        Question::Batch(_) | Question::EarlierTry(_) | Question::Project { .. } | Question::RunningBuilds(_)
    )
}

fn wanted_project(case: &Case<'_>) -> Option<String> {
    let Question::Project { name, .. } = case.next_question()? else { return None };
    Some(name)
}

fn wanted_batch(case: &Case<'_>) -> Option<String> {
    let Question::Batch(id) = case.next_question()? else { return None };
    Some(id)
}

fn wanted_try(case: &Case<'_>) -> Option<String> {
    let Question::EarlierTry(id) = case.next_question()? else { return None };
    Some(id.as_str().to_owned())
}

/// Compares the builds of each project. The list of an incomplete project may lack newer builds.
fn compare_by_project(cases: &mut [Case<'_>], incomplete: &HashSet<String>, now: Timestamp) {
    let mut projects: HashMap<String, Vec<&mut Case<'_>>> = HashMap::new();
    for case in cases.iter_mut().filter(|case| case.kind() == RunKind::Build) {
        projects.entry(case.event().id.project().to_owned()).or_default().push(case);
    }
    for (project, mut cases) in projects {
        let failure = incomplete.contains(&project).then(|| "the sweep could not list all running builds".into());
        compare(&mut cases, &LeftOut { too_many: false, failure, is_read_again: true }, now);
    }
}
