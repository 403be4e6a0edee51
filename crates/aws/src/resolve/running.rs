//! The running builds and batches of a project. They are never cached.

use std::{collections::BTreeSet, sync::Arc};

use buildbrake_core::{
    facts::supersession::LeftOut,
    model::{BuildBatch, batch_id},
};
use jiff::Timestamp;

use super::denied::Denied;
use crate::{
    AccountRegion, Class,
    codebuild::Client,
    running::{FoundBuild, RunningBuilds, running_batches, running_builds},
};

/// The most pages of a list that are read. The sweep reads the others.
const MAX_PAGES: usize = 5;

/// Lists what is running.
#[derive(Debug, Default)]
pub(super) struct RunningResolver {
    denied: Denied,
}

/// The running builds and batches of a project, as far as they could be listed.
pub(crate) struct Running {
    pub(crate) builds: Vec<FoundBuild>,
    pub(crate) batches: Vec<Arc<BuildBatch>>,
    pub(crate) left_out: LeftOut,
}

impl RunningResolver {
    /// Lists the running builds and batches. If one of the two lists fails, the other is returned.
    pub(super) async fn ask(&self, client: &Client, place: &AccountRegion, project: &str, now: Timestamp) -> Running {
        let projects = [project.to_owned()];
        let key = |list: &str| (place.clone(), format!("{list} of {project}"));
        let (builds_key, batches_key) = (key("builds"), key("batches"));
        let mut running = Running { builds: Vec::new(), batches: Vec::new(), left_out: LeftOut::default() };
        if self.denied.contains(&builds_key, now) {
            running.fails("builds", Class::AccessDenied);
        } else {
            let RunningBuilds { builds, failures, cut_off, gone, .. } =
                running_builds(client, &projects, MAX_PAGES, now, None).await;
            running.builds = builds;
            running.left_out.too_many = !cut_off.is_empty();
            if !gone.is_empty() {
                running.left_out.failure = Some(format!("CodeBuild has no project {project}").into());
            }
            for failure in failures {
                if failure.class == Class::AccessDenied {
                    self.denied.add(builds_key.clone(), now);
                }
                running.fails("builds", failure.class);
            }
        }
        if self.denied.contains(&batches_key, now) {
            running.fails("batches", Class::AccessDenied);
            return running;
        }
        let of_builds = running.builds.iter().filter_map(|found| found.build.build_batch_arn.as_deref());
        let of_builds: BTreeSet<String> = of_builds.map(|arn| batch_id(arn).to_owned()).collect();
        match running_batches(client, project, of_builds, MAX_PAGES).await {
            Ok((batches, has_more)) => {
                running.batches = batches;
                running.left_out.too_many |= has_more;
            }
            Err(failure) => {
                if failure.class == Class::AccessDenied {
                    self.denied.add(batches_key, now);
                }
                running.fails("batches", failure.class);
            }
        }
        running
    }
}

impl Running {
    fn fails(&mut self, list: &str, class: Class) {
        let words = || format!("running {list} could not be listed: {}", class.name());
        self.left_out.failure.get_or_insert_with(|| class.in_words(words()));
    }
}
