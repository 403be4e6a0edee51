//! Finds the running builds and batches of some projects with few calls.
//!
//! A list of builds does not show which of them are running. The newest builds of all projects
//! are fetched first, together; a project is finished when one of its builds is too old to be
//! running, or all have been fetched.

use std::{
    collections::{BTreeSet, HashSet},
    pin::pin,
    sync::Arc,
};

use buildbrake_core::model::{Build, BuildBatch, BuildId, Progress};
use futures_util::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout_at},
};

use crate::{
    CallError, Class,
    codebuild::{self, Client, MAX_IDS},
};

/// The number of calls that are made at the same time.
pub(crate) const CONCURRENT_CALLS: usize = 16;

/// The most answers of up to [`MAX_IDS`] Builds that are read at the same time, by all sweeps of the process. A
/// Build has up to some ten kilobytes, and takes three times as much while it is read.
static BUILDS_IN_MEMORY: Semaphore = Semaphore::const_new(4);

/// A build older than this has ended: it may be queued for 8 hours and run for 36, and gets an
/// hour for the change of its status.
/// <https://docs.aws.amazon.com/codebuild/latest/userguide/limits.html>
const MAX_AGE: SignedDuration = SignedDuration::from_hours(36 + 8 + 1);

/// The number of each project's builds that are fetched at first.
const FIRST_FETCH: usize = 10;

/// The running builds that were found, and the calls that failed.
#[derive(Default)]
pub(crate) struct RunningBuilds {
    pub(crate) builds: Vec<FoundBuild>,
    pub(crate) failures: Vec<CallError>,
    /// The projects for which a running build may be missing.
    pub(crate) incomplete: HashSet<String>,
    /// The projects whose lists have more pages than were read.
    pub(crate) cut_off: HashSet<String>,
    /// The projects that do not exist any more.
    pub(crate) gone: HashSet<String>,
    /// The first project for which there was no time. The other fields are about the projects before it.
    pub(crate) rest: Option<String>,
}

/// A running build.
pub(crate) struct FoundBuild {
    pub(crate) id: BuildId,
    pub(crate) build: Build,
}

/// A project's builds that have not been fetched yet, newest first.
struct Listing<'a> {
    project: &'a str,
    ids: Vec<String>,
    next: Option<String>,
    pages: usize,
}

/// The next page of a project's builds.
type BuildsPage<'a> = (&'a str, Result<Listing<'a>, CallError>);

/// Finds the running builds of some projects, in at most `max_pages` pages of each project's builds.
///
/// With `until`, the projects must be ordered by name. The first project whose builds were not listed in time is the
/// rest, and nothing is returned about the projects from there on. The first [`CONCURRENT_CALLS`] projects are never
/// the rest, because they had the whole time: if one of them is late, it is incomplete. A project whose builds were
/// listed in time, but not fetched in time, is incomplete, too.
pub(crate) async fn running_builds(
    client: &Client,
    projects: &[String],
    max_pages: usize,
    now: Timestamp,
    until: Option<Instant>,
) -> RunningBuilds {
    let mut running = RunningBuilds::default();
    let listings = projects.iter().map(|project| Listing { project, ids: Vec::new(), next: None, pages: 0 });
    let (mut pages, mut late) = next_pages(client, listings.collect(), until).await;
    running.rest = projects.iter().skip(CONCURRENT_CALLS).find(|project| late.contains(project.as_str())).cloned();
    if let Some(rest) = running.rest.as_deref() {
        pages.retain(|(project, _)| *project < rest);
        late.retain(|project| *project < rest);
    }
    let mut open = running.add_pages(pages, late);
    let mut share = FIRST_FETCH;
    while !open.is_empty() {
        let mut ids = Vec::new();
        for listing in &mut open {
            ids.extend(listing.ids.drain(..share.min(listing.ids.len())));
        }
        let done = running.fetch(client, &ids, now, until).await;
        open.retain(|listing| !done.contains(listing.project));
        let (seen, unseen) = open.into_iter().partition(|listing| listing.ids.is_empty());
        open = unseen;
        let more = Vec::into_iter(seen).filter(|listing: &Listing<'_>| listing.next.is_some());
        let (more, too_many): (Vec<_>, Vec<_>) = more.partition(|listing| listing.pages < max_pages);
        running.cut_off.extend(too_many.into_iter().map(|listing| listing.project.to_owned()));
        let (pages, late) = next_pages(client, more, until).await;
        open.extend(running.add_pages(pages, late));
        share = MAX_IDS;
    }
    running
}

/// Fetches the next page of each listing. Returns the pages that arrive in nine tenths of the time, and the projects
/// whose pages do not. In the second half of the time, no first page is asked for: it would be late, and its project
/// can be handed on.
async fn next_pages<'a>(
    client: &Client,
    listings: Vec<Listing<'a>>,
    until: Option<Instant>,
) -> (Vec<BuildsPage<'a>>, BTreeSet<&'a str>) {
    let now = Instant::now();
    let [half, until] = [5, 9].map(|tenths| until.map(|until| now + until.duration_since(now) * tenths / 10));
    let mut late: BTreeSet<&str> = listings.iter().map(|listing| listing.project).collect();
    let is_in_time = |listing: &Listing<'_>| listing.pages > 0 || half.is_none_or(|half| Instant::now() < half);
    let calls = listings.into_iter().take_while(is_in_time).map(async |listing| {
        let page = codebuild::list_builds(client, listing.project, listing.next.clone()).await;
        let add = |(ids, next)| Listing { ids, next, pages: listing.pages + 1, ..listing };
        (listing.project, page.map(add))
    });
    let mut calls = pin!(stream::iter(calls).buffer_unordered(CONCURRENT_CALLS));
    let mut pages = Vec::new();
    while let Some(page) = before(until, calls.next()).await.flatten() {
        late.remove(page.0);
        pages.push(page);
    }
    (pages, late)
}

impl RunningBuilds {
    /// Adds pages and the projects whose pages are late. Returns the listings of the pages that have arrived.
    fn add_pages<'a>(&mut self, pages: Vec<BuildsPage<'a>>, late: BTreeSet<&str>) -> Vec<Listing<'a>> {
        let mut listed = Vec::new();
        for (project, page) in pages {
            match page {
                Ok(listing) => listed.push(listing),
                // The project was deleted since it was listed.
                Err(error) if error.class == Class::NotFound => drop(self.gone.insert(project.to_owned())),
                Err(error) => {
                    self.incomplete.insert(project.to_owned());
                    self.failures.push(error);
                }
            }
        }
        self.add_late(late.into_iter().map(str::to_owned).collect());
        listed
    }

    /// Fetches builds, and keeps those that are running. Returns the projects that are finished.
    async fn fetch(
        &mut self,
        client: &Client,
        ids: &[String],
        now: Timestamp,
        until: Option<Instant>,
    ) -> HashSet<String> {
        let mut unanswered: HashSet<&[String]> = ids.chunks(MAX_IDS).collect();
        let calls = ids.chunks(MAX_IDS).map(async |ids| {
            // The semaphore is never closed.
            let _permit = BUILDS_IN_MEMORY.acquire().await.ok();
            (ids, codebuild::many_builds(client, ids).await)
        });
        let mut calls = pin!(stream::iter(calls).buffer_unordered(CONCURRENT_CALLS));
        let mut done = HashSet::new();
        while let Some((ids, answer)) = before(until, calls.next()).await.flatten() {
            unanswered.remove(ids);
            match answer {
                Ok(builds) => {
                    for build in builds {
                        if let Err(error) = self.keep(build, now, &mut done) {
                            self.failures.push(error);
                            self.incomplete.extend(projects_of(ids));
                        }
                    }
                }
                // These projects are finished: the sweep fails anyway.
                Err(error) => {
                    self.failures.push(error);
                    let projects = projects_of(ids);
                    self.incomplete.extend(projects.iter().cloned());
                    done.extend(projects);
                }
            }
        }
        let late: BTreeSet<String> = unanswered.into_iter().flat_map(projects_of).collect();
        done.extend(late.iter().cloned());
        self.add_late(late);
        done
    }

    /// Adds projects for which there was not enough time to find all running builds.
    fn add_late(&mut self, projects: BTreeSet<String>) {
        if let Some(project) = projects.first() {
            let others = match projects.len() - 1 {
                0 => String::new(),
                others => format!(" and of {others} other projects"),
            };
            let message =
                format!("there is not enough time to find the running builds of the project {project}{others}");
            self.failures.push(CallError::new(Class::TimedOut, message));
        }
        self.incomplete.extend(projects);
    }

    /// Keeps a build if it is running. Adds its project to `done` if no older one can be.
    ///
    /// # Errors
    /// If its id is not valid.
    fn keep(&mut self, build: Build, now: Timestamp, done: &mut HashSet<String>) -> Result<(), CallError> {
        let Some(Ok(id)) = build.id.as_deref().map(str::parse::<BuildId>) else {
            let message = "CodeBuild's answer to BatchGetBuilds contains a build without a valid id";
            return Err(CallError::new(Class::UnreadableAnswer, message));
        };
        if build.start_time.is_some_and(|start| now.duration_since(start) > MAX_AGE) {
            done.insert(id.project().to_owned());
        }
        // A build whose state is unknown counts as running.
        if build.progress() != Progress::Ended {
            self.builds.push(FoundBuild { id, build });
        }
        Ok(())
    }
}

/// Waits for a result, but not beyond `until`. Returns `None` if the result is late.
pub(crate) async fn before<T>(until: Option<Instant>, result: impl Future<Output = T>) -> Option<T> {
    match until {
        Some(until) => timeout_at(until, result).await.ok(),
        None => Some(result.await),
    }
}

/// The projects of builds, by their ids.
fn projects_of(ids: &[String]) -> HashSet<String> {
    ids.iter().filter_map(|id| id.split_once(':')).map(|(project, _)| project.to_owned()).collect()
}

/// Finds the running batches of a project, in at most `max_pages` pages, and those of `ids` that are running. Also
/// returns `true` if there are more pages.
///
/// # Errors
/// If a call fails.
pub(crate) async fn running_batches(
    client: &Client,
    project: &str,
    mut ids: BTreeSet<String>,
    max_pages: usize,
) -> Result<(Vec<Arc<BuildBatch>>, bool), CallError> {
    let mut next = None;
    for _ in 0..max_pages {
        let (page, token) = codebuild::list_running_batches(client, project, next).await?;
        ids.extend(page);
        next = token;
        if next.is_none() {
            break;
        }
    }
    let mut batches = Vec::new();
    for ids in Vec::from_iter(ids).chunks(MAX_IDS) {
        batches.extend(codebuild::many_batches(client, ids).await?);
    }
    // As with builds, a batch whose state is unknown counts as running.
    batches.retain(|batch| batch.progress() != Progress::Ended);
    Ok((batches.into_iter().map(Arc::new).collect(), next.is_some()))
}
