//! Projects that were asked for lately: their settings change seldom, and a warm
//! function sees many builds of the same few.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::{SignedDuration, Timestamp};

use super::Target;
use buildbrake_core::model::Project;

/// How long a project is taken for what it was.
const FRESH: SignedDuration = SignedDuration::from_mins(5);

/// More projects than this are not kept: some hundred kilobytes.
const MOST: usize = 500;

/// The projects, by their builds' region and their name, and when each was asked for.
#[derive(Debug, Default)]
pub struct Projects(Mutex<HashMap<Name, (Timestamp, Arc<Project>)>>);

type Name = (Option<String>, String);

impl Projects {
    /// The project, if it was asked for lately.
    pub fn recent(&self, target: &Target, name: &str, now: Timestamp) -> Option<Arc<Project>> {
        let projects = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, project) = projects.get(&(target.region.clone(), name.to_owned()))?;
        (now.duration_since(*since) < FRESH).then(|| project.clone())
    }

    /// Keeps a project that was asked for now.
    pub fn keep(&self, target: &Target, name: &str, now: Timestamp, project: Arc<Project>) {
        let mut projects = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if projects.len() >= MOST {
            projects.clear();
        }
        projects.insert((target.region.clone(), name.to_owned()), (now, project));
    }
}
