//! Reads the builds of some projects with few calls. Pages of lists are read ahead, and the builds of all projects
//! are fetched together, a hundred at a time.

use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    ops::ControlFlow,
};

use buildbrake_core::{
    model::{Build, Project, batch_id},
    record::saved::Saved,
};
use futures_util::{
    Stream, StreamExt, TryStreamExt,
    stream::{self, TryChunksError},
};
use jiff::Timestamp;

use super::{Each, History, HistoryError, WantedHistory};
use crate::{
    Class,
    codebuild::{self, MAX_IDS},
};

/// The number of lists, and the number of groups of builds, that are fetched at the same time.
const CONCURRENT_CALLS: usize = 4;

/// A build in a list.
struct ListedBuild<'a> {
    project: &'a Project,
    id: String,
}

/// The place in a list of builds.
enum ListPosition {
    /// This page was read ahead.
    Ahead(codebuild::IdPage),
    /// The page of this token comes next.
    Page(String),
    End,
}

impl History {
    /// Reads the builds of some projects. Stops if `each` returns `Break`.
    pub(super) async fn builds(
        &self,
        projects: &[Project],
        wanted: &WantedHistory<'_>,
        batches: &mut HashSet<String>,
        each: &mut Each<'_>,
    ) -> Result<ControlFlow<()>, HistoryError> {
        // The projects whose remaining builds are all too old.
        let finished = RefCell::new(HashSet::new());
        let unknown = self.listed(projects, &finished).try_filter(|listed| {
            let is_known = listed.arn().is_some_and(|arn| (wanted.is_known)(&arn));
            std::future::ready(!is_known)
        });
        let batches = RefCell::new(batches);
        let fetched = unknown
            .try_chunks(MAX_IDS)
            .map_err(|TryChunksError(_, error)| error)
            .map(async |group| self.fetch(&group?, wanted, &batches).await);
        let mut fetched = std::pin::pin!(fetched.buffered(CONCURRENT_CALLS));
        while let Some((builds, found_batches)) = fetched.try_next().await? {
            finished.borrow_mut().extend(finished_projects(&builds, wanted.since));
            let builds = builds.into_iter().filter(|build| !is_too_old(build, wanted.since));
            let builds = builds.map(|build| Saved::Build(Box::new(build)));
            if each(found_batches.into_iter().chain(builds).collect()).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// The builds in the lists of all projects, in their order. The first pages are read ahead.
    fn listed<'a>(
        &'a self,
        projects: &'a [Project],
        finished: &'a RefCell<HashSet<String>>,
    ) -> impl Stream<Item = Result<ListedBuild<'a>, HistoryError>> {
        let first_pages = stream::iter(projects).map(async |project| Ok((project, self.page(project, None).await?)));
        let pages = first_pages.buffered(CONCURRENT_CALLS).map_ok(move |(project, first)| {
            stream::try_unfold(ListPosition::Ahead(first), async move |place| {
                let (ids, next) = match place {
                    ListPosition::Ahead(page) => page,
                    ListPosition::Page(_) if finished.borrow().contains(name(project)) => return Ok(None),
                    ListPosition::Page(token) => self.page(project, Some(token)).await?,
                    ListPosition::End => return Ok(None),
                };
                let listed = ids.into_iter().map(|id| Ok(ListedBuild { project, id }));
                let next = next.map_or(ListPosition::End, ListPosition::Page);
                Ok::<_, HistoryError>(Some((stream::iter(Vec::from_iter(listed)), next)))
            })
        });
        pages.try_flatten().try_flatten()
    }

    /// A page of a project's builds. A project that was deleted in the meantime has none.
    async fn page(&self, project: &Project, token: Option<String>) -> Result<codebuild::IdPage, HistoryError> {
        let list = || codebuild::list_builds(&self.client, name(project), token.clone());
        match self.call("ListBuildsForProject", list).await {
            Err(error) if error.error.class == Class::NotFound => Ok((Vec::new(), None)),
            listed => listed,
        }
    }

    /// Fetches builds, and the batches of those that are wanted.
    async fn fetch(
        &self,
        group: &[ListedBuild<'_>],
        wanted: &WantedHistory<'_>,
        batches: &RefCell<&mut HashSet<String>>,
    ) -> Result<(Vec<Build>, Vec<Saved>), HistoryError> {
        let ids: Vec<String> = group.iter().map(|listed| listed.id.clone()).collect();
        let mut builds = self.call("BatchGetBuilds", || codebuild::many_builds(&self.client, &ids)).await?;
        let places: HashMap<&str, usize> = ids.iter().enumerate().map(|(place, id)| (id.as_str(), place)).collect();
        builds.sort_by_key(|build| build.id.as_deref().and_then(|id| places.get(id)).copied());
        let arns = builds.iter().filter(|build| !is_too_old(build, wanted.since));
        let arns = arns.filter_map(|build| build.build_batch_arn.as_ref()).filter(|arn| !(wanted.is_known)(arn));
        let unseen = arns.filter(|arn| batches.borrow_mut().insert((*arn).clone()));
        let ids: Vec<String> = unseen.map(|arn| batch_id(arn).to_owned()).collect();
        if ids.is_empty() {
            return Ok((builds, Vec::new()));
        }
        let found = self.call("BatchGetBuildBatches", || codebuild::many_batches(&self.client, &ids)).await?;
        Ok((builds, found.into_iter().map(|batch| Saved::Batch(Box::new(batch))).collect()))
    }
}

impl ListedBuild<'_> {
    /// The build's ARN, which begins like its project's.
    fn arn(&self) -> Option<String> {
        let (place, _) = self.project.arn.as_deref()?.split_once(":project/")?;
        Some(format!("{place}:build/{}", self.id))
    }
}

fn name(project: &Project) -> &str {
    project.name.as_deref().unwrap_or_default()
}

fn is_too_old(build: &Build, since: Option<Timestamp>) -> bool {
    build.start_time.zip(since).is_some_and(|(start, since)| start < since)
}

/// The projects whose builds in a group are all too old: lists have the newest builds first.
fn finished_projects(builds: &[Build], since: Option<Timestamp>) -> HashSet<String> {
    let projects = |is_old: bool| {
        let builds = builds.iter().filter(move |build| is_too_old(build, since) == is_old);
        builds.filter_map(|build| build.project_name.clone())
    };
    let recent: HashSet<String> = projects(false).collect();
    projects(true).filter(|project| !recent.contains(project)).collect()
}
