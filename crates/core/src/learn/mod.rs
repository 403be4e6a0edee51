//! Proposes a policy that nearly all past builds comply with: limits at a percentile, and lists of everything that
//! was used.
//!
//! A [`Learner`] looks at builds of the past. Its [`Proposal`] is a policy in which every rule reports only,
//! and contains the evidence for it. Rules that history does not support are named, not proposed.

mod limit;
mod list;
mod proposal;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::Timestamp;

pub use self::proposal::Proposal;
use self::{
    limit::Times,
    list::{LearnedKind, ListValues},
    proposal::{ListScope, counted},
};
use crate::{
    duration::Duration,
    facts::{Facts, source_location::SourceLocation},
    history::PastBuild,
    model::{Build, RunStart},
};

/// The groups of builds for which separate lists are proposed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Grouping {
    /// One list for each account; one for all if there is a single account.
    #[default]
    Account,
    /// One list for each project.
    Project,
}

/// The fewest builds that can support a list or a limit.
const FEWEST_BUILDS: u64 = 20;

/// The group of the builds whose account is unknown.
const UNKNOWN: &str = "unknown";

/// The starts of the first and the last build.
type Period = Option<(Timestamp, Timestamp)>;

/// Builds of the past, counted.
#[derive(Debug)]
pub struct Learner {
    grouping: Grouping,
    builds: u64,
    period: Period,
    timeouts: Times,
    running: Times,
    queued: Times,
    groups: BTreeMap<String, Group>,
}

/// The builds of one account or project.
#[derive(Debug, Default)]
struct Group {
    builds: u64,
    period: Period,
    has_pipelines: bool,
    lists: BTreeMap<LearnedKind, ListValues>,
}

impl Learner {
    /// Creates a learner without builds.
    pub fn new(grouping: Grouping) -> Self {
        Self {
            grouping,
            builds: 0,
            period: None,
            timeouts: Times::default(),
            running: Times::default(),
            queued: Times::default(),
            groups: BTreeMap::new(),
        }
    }

    /// Adds a build.
    pub fn add(&mut self, past: &PastBuild) {
        let build = &past.build;
        self.builds += 1;
        let start = build.start_time.or(past.last_seen);
        self.period = extended(self.period, start);
        let end = build.ended_at();
        let facts = Facts::known(build, past.is_whole, None, end.or(past.last_seen).unwrap_or(Timestamp::MIN));
        if facts.runs_on_lambda() != Ok(true) {
            self.timeouts.add(build.timeout_in_minutes.map(Duration::from_minutes));
        }
        self.running.add(end.and_then(|end| build.running(end)));
        self.queued.add(queue_time(build, end));
        let group = self.groups.entry(self.grouping.key(build, past.id.project())).or_default();
        group.builds += 1;
        group.period = extended(group.period, start);
        let source_type = build.source.as_ref().and_then(|source| source.r#type.as_deref());
        group.has_pipelines |= source_type == Some("CODEPIPELINE");
        for (listed, values) in used(&facts) {
            group.lists.entry(listed).or_default().add(&values, start);
        }
    }

    /// The number of builds that were added.
    pub fn builds(&self) -> u64 {
        self.builds
    }

    /// Proposes a policy. `percentile`: the share of the builds, in percent, that are within the limits.
    pub fn proposal(&self, percentile: f64) -> Proposal {
        let mut proposal = Proposal::of(self.builds, self.period, percentile);
        proposal.add_limit("max-timeout", "have a timeout of", self.timeouts.limit(percentile), limit::MAX_TIMEOUT);
        proposal.add_limit("max-duration", "ran for", self.running.limit(percentile), limit::MAX_DURATION);
        proposal.add_limit("max-queue-time", "waited for", self.queued.limit(percentile), limit::MAX_QUEUE_TIME);
        let is_single = self.groups.len() == 1;
        for (key, group) in &self.groups {
            let scope = match self.grouping {
                Grouping::Account if is_single => ListScope::Everything,
                Grouping::Account => ListScope::Account(key.clone()),
                Grouping::Project => ListScope::Project(key.clone()),
            };
            let is_unknown = self.grouping == Grouping::Account && key == UNKNOWN && !is_single;
            for (listed, values) in &group.lists {
                let patterns = match is_unknown {
                    true => Err(format!("the account of {} is unknown", counted(group.builds, "build"))),
                    false => values.patterns(*listed, group.builds, group.period),
                };
                proposal.add_list(*listed, &scope, patterns, group.has_pipelines);
            }
        }
        proposal
    }
}

impl Grouping {
    fn key(self, build: &Build, project: &str) -> String {
        match self {
            Self::Account => build.account().unwrap_or(UNKNOWN).to_owned(),
            Self::Project => project.to_owned(),
        }
    }
}

/// The period, with a build that started at this time.
fn extended(period: Period, start: Option<Timestamp>) -> Period {
    match (period, start) {
        (Some((first, last)), Some(start)) => Some((first.min(start), last.max(start))),
        (period, start) => period.or(start.map(|start| (start, start))),
    }
}

fn queue_time(build: &Build, end: Option<Timestamp>) -> Option<Duration> {
    match build.run_start() {
        RunStart::At(start) => build.queued(start),
        RunStart::Queued => build.queued(end?),
        RunStart::Unknown => None,
    }
}

/// Returns the values of a build that a list can contain. No values mean that they are unknown.
fn used(facts: &Facts<'_>) -> [(LearnedKind, Vec<String>); 5] {
    let build = facts.build;
    let environment = build.environment.as_ref();
    let compute = environment.and_then(|environment| {
        Some(format!("{}/{}", environment.r#type.as_deref()?, environment.compute_type.as_deref()?))
    });
    let image = facts.image().ok().map(|image| image.full().to_owned());
    let sources = build.source.iter().chain(build.secondary_sources.iter().flatten());
    let sources = sources.filter_map(SourceLocation::of).filter_map(|location| match location {
        SourceLocation::NoSource => Some("NO_SOURCE".to_owned()),
        SourceLocation::S3(location) => Some(location),
        SourceLocation::Repository(url) => Some(url.text().to_owned()),
        SourceLocation::UnclearPath { .. } | SourceLocation::Unclear { .. } => None,
    });
    let initiator = facts.initiator().ok().map(list::without_session);
    let branch = facts.branch().ok().map(str::to_owned);
    [
        (LearnedKind::Compute, compute.into_iter().collect()),
        (LearnedKind::Images, image.into_iter().collect()),
        (LearnedKind::Sources, sources.collect()),
        (LearnedKind::Initiators, initiator.into_iter().collect()),
        (LearnedKind::Branches, branch.into_iter().collect()),
    ]
}
