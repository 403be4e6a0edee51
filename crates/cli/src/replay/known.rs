//! The projects and batches in the input, which answer questions about builds.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use buildbrake_core::{
    facts::inquiry::{Question, Reply},
    model::{BuildBatch, Project, batch_id},
};

/// An account, a region and a name or id.
type Key = [String; 3];

/// The projects and batches that the input contains.
#[derive(Default)]
pub(super) struct InputContext {
    projects: Mutex<HashMap<Key, Arc<Project>>>,
    batches: Mutex<HashMap<Key, Arc<BuildBatch>>>,
}

impl InputContext {
    /// Adds a project. Of two descriptions, the one with the later change counts.
    pub(super) fn add_project(&self, project: Project) {
        let arn = project.arn.as_deref().unwrap_or_default();
        let Some(name) = project.name.clone().or_else(|| Some(arn.split_once(":project/")?.1.to_owned())) else {
            return;
        };
        let rank = |project: &Project| (project.last_modified, serde_json::to_string(project).unwrap_or_default());
        add(&self.projects, key(arn, name), project, rank);
    }

    /// Adds a batch. Of two descriptions, the one with the later end counts.
    pub(super) fn add_batch(&self, batch: BuildBatch) {
        let arn = batch.arn.as_deref().unwrap_or_default();
        let id = batch.id.clone().unwrap_or_else(|| batch_id(arn).to_owned());
        let rank = |batch: &BuildBatch| (batch.end_time, serde_json::to_string(batch).unwrap_or_default());
        add(&self.batches, key(arn, id), batch, rank);
    }

    /// Replies to a question about the build with this ARN.
    pub(super) fn answer(&self, arn: Option<&str>, question: &Question) -> Reply {
        let arn = arn.unwrap_or_default();
        let known = match question {
            Question::Project { name, .. } => {
                get(&self.projects, &key(arn, name.clone())).map(|project| Reply::Project(Some(project)))
            }
            Question::Batch(id) => get(&self.batches, &key(arn, id.clone())).map(|batch| Reply::Batch(Some(batch))),
            // The input contains no replies of other sources.
            _ => None,
        };
        let source = question.source();
        known.unwrap_or_else(|| Reply::Unavailable(source, source.not_replayed().into()))
    }
}

fn add<T>(
    map: &Mutex<HashMap<Key, Arc<T>>>,
    key: Key,
    value: T,
    rank: impl Fn(&T) -> (Option<jiff::Timestamp>, String),
) {
    let mut map = map.lock().unwrap_or_else(PoisonError::into_inner);
    match map.get(&key) {
        Some(known) if rank(known) >= rank(&value) => {}
        _ => {
            map.insert(key, Arc::new(value));
        }
    }
}

fn get<T>(map: &Mutex<HashMap<Key, Arc<T>>>, key: &Key) -> Option<Arc<T>> {
    map.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
}

/// The account and region of an ARN, with a name or id.
fn key(arn: &str, name: String) -> Key {
    let mut parts = arn.split(':').skip(3);
    let region = parts.next().unwrap_or_default().to_owned();
    let account = parts.next().unwrap_or_default().to_owned();
    [account, region, name]
}
