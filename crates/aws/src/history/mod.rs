//! Reads the history of an account in one region: its projects, and those of their builds that CodeBuild still keeps
//! (one year).

mod builds;
mod error;
mod patience;

use std::{
    collections::{HashMap, HashSet},
    ops::ControlFlow,
    time::Duration,
};

use buildbrake_core::{model::Project, record::saved::Saved};
use jiff::Timestamp;

pub use self::error::HistoryError;
use self::patience::patiently;
use crate::{
    CallError,
    codebuild::{self, Client, MAX_IDS},
    config::AwsConfig,
};

/// The time for which a call is repeated while CodeBuild throttles it or fails, beyond the SDK's own retries.
const PATIENCE: Duration = Duration::from_secs(300);

/// The history of an account in one region.
#[derive(Debug)]
pub struct History {
    client: Client,
    region: String,
    patience: Duration,
}

/// The part of a history that is read.
pub struct WantedHistory<'a> {
    /// Returns whether the builds of the project of this name are read.
    pub is_wanted: &'a dyn Fn(&str) -> bool,
    /// Builds that started earlier are left out.
    pub since: Option<Timestamp>,
    /// Returns whether the thing with this ARN was read before and no longer changes.
    pub is_known: &'a dyn Fn(&str) -> bool,
}

/// Is called with each part of a history. It may end the reading.
pub type Each<'a> = dyn FnMut(Vec<Saved>) -> ControlFlow<()> + 'a;

impl History {
    /// The history of the account whose credentials these are, in the configuration's region. Makes no
    /// call yet.
    pub fn new(config: &AwsConfig) -> Self {
        let region = config.region().unwrap_or_default().to_owned();
        Self { client: Client::new(&config.unhurried), region, patience: PATIENCE }
    }

    /// Reads the history, project by project, and calls `each` with what was found: projects before
    /// their builds, a batch before its builds, and a project's newest builds first.
    ///
    /// # Errors
    /// If a call fails. Calls that CodeBuild throttles or fails to serve are repeated for some minutes first.
    pub async fn read(&self, wanted: &WantedHistory<'_>, each: &mut Each<'_>) -> Result<(), HistoryError> {
        let names = self.project_names(wanted.is_wanted).await?;
        let mut batches = HashSet::new();
        for names in names.chunks(MAX_IDS) {
            let projects = self.projects(names).await?;
            let found = projects.iter().cloned().map(|project| Saved::Project(Box::new(project)));
            if each(found.collect()).is_break() || self.builds(&projects, wanted, &mut batches, each).await?.is_break()
            {
                break;
            }
        }
        Ok(())
    }

    /// Reads the wanted projects, without their builds.
    ///
    /// # Errors
    /// As for [`Self::read`].
    pub async fn read_projects(&self, is_wanted: &dyn Fn(&str) -> bool) -> Result<Vec<Project>, HistoryError> {
        let mut projects = Vec::new();
        for names in self.project_names(is_wanted).await?.chunks(MAX_IDS) {
            projects.extend(self.projects(names).await?);
        }
        Ok(projects)
    }

    /// The names of the wanted projects, ordered by name.
    async fn project_names(&self, is_wanted: &dyn Fn(&str) -> bool) -> Result<Vec<String>, HistoryError> {
        let (mut names, mut token) = (Vec::new(), None);
        loop {
            let list = || codebuild::list_projects(&self.client, token.clone());
            let (page, next) = self.call("ListProjects", list).await?;
            names.extend(page.into_iter().filter(|name| is_wanted(name)));
            match next {
                Some(next) => token = Some(next),
                None => return Ok(names),
            }
        }
    }

    /// The projects with these names, in the same order. Some may have been deleted.
    async fn projects(&self, names: &[String]) -> Result<Vec<Project>, HistoryError> {
        let get = || codebuild::many_projects(&self.client, names);
        let found = self.call("BatchGetProjects", get).await?;
        let mut found: HashMap<String, Project> =
            found.into_iter().filter_map(|project| Some((project.name.clone()?, project))).collect();
        Ok(names.iter().filter_map(|name| found.remove(name)).collect())
    }

    /// Makes a call, with patience.
    async fn call<T>(
        &self,
        operation: &'static str,
        call: impl AsyncFn() -> Result<T, CallError>,
    ) -> Result<T, HistoryError> {
        let made = patiently(self.patience, call).await;
        made.map_err(|error| HistoryError { operation, region: self.region.clone(), error: Box::new(error) })
    }
}
