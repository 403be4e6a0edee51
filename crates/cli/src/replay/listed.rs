//! The builds that an HTML page lists: the most important ones that do not pass every rule.

use std::cmp::Reverse;

use buildbrake_core::{history::Replayed, record::Outcome};

use crate::report::html::MAX_BUILDS;

/// A bounded number of builds.
#[derive(Default)]
pub(crate) struct ListedBuilds {
    builds: Vec<Replayed>,
    left_out: u64,
}

impl ListedBuilds {
    /// Adds a build, unless it passes every rule.
    pub(crate) fn add(&mut self, build: &Replayed) {
        if build.rules.is_empty() {
            return;
        }
        self.builds.push(build.clone());
        if self.builds.len() >= 2 * MAX_BUILDS {
            self.shorten();
        }
    }

    /// The builds, the most important first, and the number of those that are left out.
    pub(crate) fn finish(mut self) -> (Vec<Replayed>, u64) {
        self.shorten();
        (self.builds, self.left_out)
    }

    fn shorten(&mut self) {
        let outcome = |outcome| match outcome {
            Outcome::Stopped => 0,
            Outcome::Protected => 1,
            Outcome::Reported => 2,
            _ => 3,
        };
        self.builds.sort_by_cached_key(|build| {
            let saved = Reverse(build.saved_if_enforced.minutes);
            (outcome(build.outcome), Reverse(build.has_succeeded()), saved, build.build_id.clone())
        });
        self.left_out += self.builds.len().saturating_sub(MAX_BUILDS) as u64;
        self.builds.truncate(MAX_BUILDS);
    }
}
