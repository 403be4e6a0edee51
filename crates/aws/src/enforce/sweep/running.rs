//! Finds the running builds of some projects with few calls.
//!
//! A list of builds does not show which of them are running. The newest builds of all projects
//! are fetched first, together; a project is finished when one of its builds is too old to be
//! running, or all have been fetched.

use std::collections::HashSet;

use futures_util::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};

use super::CONCURRENT_CALLS;
use buildbrake_core::model::{Build, BuildId, Progress};

use crate::{
    CallError, Class,
    codebuild::{self, Client, MAX_IDS},
};

/// A build older than this has ended: it may be queued for 8 hours and run for 36, and gets an
/// hour for the change of its status.
/// <https://docs.aws.amazon.com/codebuild/latest/userguide/limits.html>
const MAX_AGE: SignedDuration = SignedDuration::from_hours(36 + 8 + 1);

/// The number of each project's builds that are fetched at first.
const FIRST_FETCH: usize = 10;

/// The running builds that were found, and the calls that failed.
pub(super) struct RunningBuilds {
    pub(super) builds: Vec<FoundBuild>,
    pub(super) failures: Vec<CallError>,
}

/// A running build.
pub(super) struct FoundBuild {
    pub(super) id: BuildId,
    pub(super) build: Build,
}

/// A project's builds that have not been fetched yet, newest first.
struct Listing<'a> {
    project: &'a str,
    ids: Vec<String>,
    next: Option<String>,
}

/// Finds the running builds of some projects.
pub(super) async fn running_builds(client: &Client, projects: &[String], now: Timestamp) -> RunningBuilds {
    let mut running = RunningBuilds { builds: Vec::new(), failures: Vec::new() };
    let listings = projects.iter().map(|project| Listing { project, ids: Vec::new(), next: None });
    let mut open = running.list(client, listings.collect()).await;
    let mut share = FIRST_FETCH;
    while !open.is_empty() {
        let mut ids = Vec::new();
        for listing in &mut open {
            ids.extend(listing.ids.drain(..share.min(listing.ids.len())));
        }
        let done = running.fetch(client, &ids, now).await;
        open.retain(|listing| !done.contains(listing.project));
        let (seen, unseen) = open.into_iter().partition(|listing| listing.ids.is_empty());
        open = unseen;
        let more = Vec::from_iter(Vec::into_iter(seen).filter(|listing: &Listing<'_>| listing.next.is_some()));
        open.extend(running.list(client, more).await);
        share = MAX_IDS;
    }
    running
}

impl RunningBuilds {
    /// Fetches the next page of each listing. If that fails, the listing is left out.
    async fn list<'a>(&mut self, client: &Client, listings: Vec<Listing<'a>>) -> Vec<Listing<'a>> {
        let pages = listings.into_iter().map(async |listing| {
            let page = codebuild::list_builds(client, listing.project, listing.next.clone()).await;
            page.map(|(ids, next)| Listing { ids, next, ..listing })
        });
        let pages: Vec<Result<Listing<'_>, CallError>> =
            stream::iter(pages).buffer_unordered(CONCURRENT_CALLS).collect().await;
        let mut listed = Vec::new();
        for page in pages {
            match page {
                Ok(listing) => listed.push(listing),
                // The project was deleted since it was listed.
                Err(error) if error.class == Class::NotFound => {}
                Err(error) => self.failures.push(error),
            }
        }
        listed
    }

    /// Fetches builds, keeps those that are running, and returns the projects without more.
    async fn fetch(&mut self, client: &Client, ids: &[String], now: Timestamp) -> HashSet<String> {
        let calls = ids.chunks(MAX_IDS).map(async |ids| (ids, codebuild::many_builds(client, ids).await));
        let mut calls = std::pin::pin!(stream::iter(calls).buffer_unordered(CONCURRENT_CALLS));
        let mut done = HashSet::new();
        while let Some((ids, answer)) = calls.next().await {
            match answer {
                Ok(builds) => builds.into_iter().for_each(|build| self.keep(build, now, &mut done)),
                // These projects are finished: the sweep fails anyway.
                Err(error) => {
                    self.failures.push(error);
                    let projects = ids.iter().filter_map(|id| id.split_once(':'));
                    done.extend(projects.map(|(project, _)| project.to_owned()));
                }
            }
        }
        done
    }

    fn keep(&mut self, build: Build, now: Timestamp, done: &mut HashSet<String>) {
        let Some(Ok(id)) = build.id.as_deref().map(str::parse::<BuildId>) else {
            let message = "CodeBuild's answer to BatchGetBuilds contains a build without a valid id";
            return self.failures.push(CallError::new(Class::UnreadableAnswer, message));
        };
        if build.start_time.is_some_and(|start| now.duration_since(start) > MAX_AGE) {
            done.insert(id.project().to_owned());
        }
        // A build whose state is unknown counts as running.
        if build.progress() != Progress::Ended {
            self.builds.push(FoundBuild { id, build });
        }
    }
}
