//! A build's project. Its settings seldom change, and a warm function sees many builds of the
//! same few projects: it is cached for some minutes.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use buildbrake_core::{facts::inquiry::Reply, model::Project};
use jiff::{SignedDuration, Timestamp};

use super::within;
use crate::{
    AccountRegion, CallError,
    codebuild::{self, Client},
};

const BUDGET: Duration = Duration::from_secs(8);

const MAX_AGE: SignedDuration = SignedDuration::from_mins(5);

/// Some hundred kilobytes.
const MAX_PROJECTS: usize = 500;

/// The projects by account, region and name, each with the time when it was fetched.
#[derive(Debug, Default)]
pub(super) struct ProjectCache(Mutex<HashMap<Key, (Timestamp, Arc<Project>)>>);

type Key = (AccountRegion, String);

impl ProjectCache {
    /// The project, from the cache if `may_be_cached` allows that.
    ///
    /// # Errors
    /// If the API does not report whether the project exists.
    pub(super) async fn fetch(
        &self,
        client: &Client,
        place: &AccountRegion,
        name: &str,
        may_be_cached: bool,
        now: Timestamp,
    ) -> Result<Reply, CallError> {
        let key = (place.clone(), name.to_owned());
        if let Some((since, project)) = self.recent(&key, now).filter(|_| may_be_cached) {
            return Ok(Reply::CachedProject(project, since));
        }
        let project = within(BUDGET, codebuild::get_project(client, name)).await?.map(Arc::new);
        if let Some(project) = &project {
            self.keep(key, now, project.clone());
        }
        Ok(Reply::Project(project))
    }

    fn recent(&self, key: &Key, now: Timestamp) -> Option<(Timestamp, Arc<Project>)> {
        let projects = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, project) = projects.get(key)?;
        (now.duration_since(*since) < MAX_AGE).then(|| (*since, project.clone()))
    }

    fn keep(&self, key: Key, now: Timestamp, project: Arc<Project>) {
        let mut projects = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if projects.len() >= MAX_PROJECTS {
            projects.clear();
        }
        projects.insert(key, (now, project));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_is_cached_by_account_and_region_for_five_minutes() {
        let cache = ProjectCache::default();
        let key = |account: &str, region: &str| {
            (AccountRegion { account: Some(account.into()), region: Some(region.into()) }, "app".to_owned())
        };
        let at = |time: &str| format!("2026-11-22T{time}Z").parse::<Timestamp>().unwrap();
        cache.keep(key("111122223333", "eu-west-1"), at("09:00:00"), Arc::default());
        assert!(cache.recent(&key("111122223333", "eu-west-1"), at("09:04:59")).is_some());
        assert!(cache.recent(&key("111122223333", "eu-west-1"), at("09:05:00")).is_none());
        assert!(cache.recent(&key("444455556666", "eu-west-1"), at("09:00:00")).is_none());
        assert!(cache.recent(&key("111122223333", "us-east-1"), at("09:00:00")).is_none());
    }
}
