//! The pipeline execution that started a build.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use buildbrake_core::facts::inquiry::{PipelineQuestion, Reply, Source};
use jiff::{SignedDuration, Timestamp};

use crate::{AccountRegion, Class, codepipeline::Pipelines};

/// A permission that is denied costs one call in this time for each pipeline, and not one for each
/// build.
const DENIED_FOR: SignedDuration = SignedDuration::from_mins(5);

/// Some ten kilobytes.
const MAX_DENIED: usize = 200;

/// Asks CodePipeline.
#[derive(Debug)]
pub(super) struct PipelineResolver {
    pipelines: Pipelines,
    /// When access to a pipeline was denied.
    denied: Mutex<HashMap<(AccountRegion, String), Timestamp>>,
}

impl PipelineResolver {
    pub(super) fn new(pipelines: Pipelines) -> Self {
        Self { pipelines, denied: Mutex::default() }
    }

    pub(super) async fn ask(&self, question: &PipelineQuestion, place: &AccountRegion, now: Timestamp) -> Reply {
        let key = (place.clone(), question.pipeline.clone());
        if self.is_denied(&key, now) {
            return unavailable(Class::AccessDenied);
        }
        let started: Vec<&str> = question.started.iter().map(String::as_str).collect();
        match self.pipelines.run_of(place, &question.pipeline, &started, question.start.unwrap_or(now)).await {
            Ok(answer) => Reply::Pipeline(answer),
            Err(error) => {
                if error.class == Class::AccessDenied {
                    self.deny(key, now);
                }
                unavailable(error.class)
            }
        }
    }

    fn is_denied(&self, key: &(AccountRegion, String), now: Timestamp) -> bool {
        let denied = self.denied.lock().unwrap_or_else(PoisonError::into_inner);
        denied.get(key).is_some_and(|since| now.duration_since(*since) < DENIED_FOR)
    }

    fn deny(&self, key: (AccountRegion, String), now: Timestamp) {
        let mut denied = self.denied.lock().unwrap_or_else(PoisonError::into_inner);
        if denied.len() >= MAX_DENIED {
            denied.clear();
        }
        denied.insert(key, now);
    }
}

fn unavailable(class: Class) -> Reply {
    Reply::Unavailable(Source::Pipeline, format!("CodePipeline: {}", class.name()))
}
