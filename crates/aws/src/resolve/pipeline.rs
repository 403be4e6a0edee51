//! The pipeline execution that started a build.

use buildbrake_core::facts::inquiry::{PipelineQuestion, Reply, Source};
use jiff::Timestamp;

use super::denied::Denied;
use crate::{AccountRegion, Class, codepipeline::Pipelines};

/// Asks CodePipeline.
#[derive(Debug)]
pub(super) struct PipelineResolver {
    pipelines: Pipelines,
    denied: Denied,
}

impl PipelineResolver {
    pub(super) fn new(pipelines: Pipelines) -> Self {
        Self { pipelines, denied: Denied::default() }
    }

    pub(super) async fn ask(&self, question: &PipelineQuestion, place: &AccountRegion, now: Timestamp) -> Reply {
        let key = (place.clone(), question.pipeline.clone());
        if self.denied.contains(&key, now) {
            return unavailable(Class::AccessDenied);
        }
        let started: Vec<&str> = question.started.iter().map(String::as_str).collect();
        match self.pipelines.run_of(place, &question.pipeline, &started, question.start.unwrap_or(now)).await {
            Ok(answer) => Reply::Pipeline(answer),
            Err(error) => {
                if error.class == Class::AccessDenied {
                    self.denied.add(key, now);
                }
                unavailable(error.class)
            }
        }
    }
}

fn unavailable(class: Class) -> Reply {
    Reply::Unavailable(Source::Pipeline, class.in_words(format!("CodePipeline: {}", class.name())))
}
