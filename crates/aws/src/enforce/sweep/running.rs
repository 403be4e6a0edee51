//! The running builds of some projects, found with few calls.
//!
//! A list of builds does not say which of them run. A project's newest builds are looked at
//! first, some of every project in one call; a project is done with when one of them is
//! too old to run, or all have been seen.

use std::collections::HashSet;

use futures_util::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};

use super::CALLS;
use buildbrake_core::model::{Build, BuildId, Progress};

use crate::{
    CallError, Class,
    codebuild::{self, BATCH, Client},
};

/// A build older than this has ended: it may be queued for 8 hours and run for 36, and an
/// hour is for what it takes to settle.
/// <https://docs.aws.amazon.com/codebuild/latest/userguide/limits.html>
const OLDEST: SignedDuration = SignedDuration::from_hours(36 + 8 + 1);

/// How many of a project's builds are looked at before it is known whether that does.
const FIRST_LOOK: usize = 10;

/// What was found, and what could not be looked at.
pub(super) struct Running {
    pub(super) builds: Vec<Found>,
    pub(super) failures: Vec<CallError>,
}

/// A running build.
pub(super) struct Found {
    pub(super) id: BuildId,
    pub(super) build: Build,
}

/// A project's builds that are yet to be looked at, the newest first.
struct Listing<'a> {
    project: &'a str,
    ids: Vec<String>,
    next: Option<String>,
}

/// The running builds of some projects.
pub(super) async fn of(client: &Client, projects: &[String], now: Timestamp) -> Running {
    let mut running = Running { builds: Vec::new(), failures: Vec::new() };
    let listings = projects.iter().map(|project| Listing { project, ids: Vec::new(), next: None });
    let mut open = running.list(client, listings.collect()).await;
    let mut share = FIRST_LOOK;
    while !open.is_empty() {
        let mut ids = Vec::new();
        for listing in &mut open {
            ids.extend(listing.ids.drain(..share.min(listing.ids.len())));
        }
        let done = running.look_at(client, &ids, now).await;
        open.retain(|listing| !done.contains(listing.project));
        let (seen, unseen) = open.into_iter().partition(|listing| listing.ids.is_empty());
        open = unseen;
        let more = Vec::from_iter(Vec::into_iter(seen).filter(|listing: &Listing<'_>| listing.next.is_some()));
        open.extend(running.list(client, more).await);
        share = BATCH;
    }
    running
}

impl Running {
    /// The next page of each listing. One that cannot be had is noted and left out.
    async fn list<'a>(&mut self, client: &Client, listings: Vec<Listing<'a>>) -> Vec<Listing<'a>> {
        let pages = listings.into_iter().map(async |listing| {
            let page = codebuild::builds_of(client, listing.project, listing.next.clone()).await;
            page.map(|(ids, next)| Listing { ids, next, ..listing })
        });
        let pages: Vec<Result<Listing<'_>, CallError>> = stream::iter(pages).buffer_unordered(CALLS).collect().await;
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

    /// Looks at builds, keeps those that run, and answers the projects that have no more.
    async fn look_at(&mut self, client: &Client, ids: &[String], now: Timestamp) -> HashSet<String> {
        let calls = ids.chunks(BATCH).map(async |ids| (ids, codebuild::describe_all(client, ids).await));
        let mut calls = std::pin::pin!(stream::iter(calls).buffer_unordered(CALLS));
        let mut done = HashSet::new();
        while let Some((ids, answer)) = calls.next().await {
            match answer {
                Ok(builds) => builds.into_iter().for_each(|build| self.keep(build, now, &mut done)),
                // What lies beyond these is not known to be worth a look, and the sweep fails anyway.
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
        let Some(Ok(id)) = build.id.as_deref().map(str::parse::<BuildId>) else { return };
        if build.start_time.is_some_and(|start| now.duration_since(start) > OLDEST) {
            done.insert(id.project().to_owned());
        }
        // A build that does not say that it ended is taken for one that runs.
        if build.progress() != Progress::Ended {
            self.builds.push(Found { id, build });
        }
    }
}
