//! The builds of one project that ran at the same time, which rules with `only-newest-per` compare.

use jiff::Timestamp;

use super::{
    Life, Moments, PastBuild, Replay,
    asked::{Asked, Begun},
};
use crate::facts::{
    inquiry::{Case, Question, Reply},
    supersession::{LeftOut, RunningBuild, Supersession},
};

/// The builds of a project.
#[derive(Clone, Debug, Default)]
pub struct Contenders {
    /// Ordered by their start.
    builds: Vec<Contender>,
    /// Those whose start is unknown, so that they may be newer than any other.
    without_start: Vec<Contender>,
}

/// A build with which others are compared.
#[derive(Clone, Debug)]
pub struct Contender {
    start: Option<Timestamp>,
    end: Option<Timestamp>,
    /// The last moment at which it is known to have been running.
    last_moment: Option<Timestamp>,
    running: RunningBuild,
}

impl Contender {
    /// Looks at a build as it was at its start. `answer` uses the rest of the input to reply to questions.
    /// Returns `None` as soon as `answer` does.
    pub fn of(
        replay: &Replay<'_>,
        past: PastBuild,
        now: Timestamp,
        mut answer: impl FnMut(&Question) -> Option<Reply>,
    ) -> Option<Self> {
        let recorded_ref = past.recorded_ref.clone();
        let Begun { mut case, life, start } = replay.begin(past, now);
        let mut asked = Asked { contenders: None, recorded_ref, superseded_at: Vec::new(), moments: replay.moments() };
        let is_open = |question: &Question| matches!(question, Question::RunningBuilds(_));
        // The comparison itself comes later.
        while case.next_question().is_some_and(|question| !is_open(&question)) {
            asked.reply(&mut case, &life, start, &mut answer)?;
        }
        let running = case.running_build(start);
        Some(Self { start: life.start, end: life.end, last_moment: life.last_moment(), running })
    }

    /// Returns whether it was still running when a build started, if that is known. A contender that started
    /// later counts as running.
    fn ran_at_start_of(&self, life: &Life) -> Option<bool> {
        let is_earlier = |start: &Timestamp| self.start.is_none_or(|own| own < *start);
        let Some(start) = life.start.filter(is_earlier) else { return Some(true) };
        match self.end {
            Some(end) => Some(end > start),
            None => self.last_moment.filter(|last| *last >= start).map(|_| true),
        }
    }
}

impl FromIterator<Contender> for Contenders {
    fn from_iter<I: IntoIterator<Item = Contender>>(builds: I) -> Self {
        let mut builds: Vec<Contender> = builds.into_iter().collect();
        builds.sort_by(|one, other| (one.start, &one.running.id).cmp(&(other.start, &other.running.id)));
        let (without_start, builds) = builds.into_iter().partition(|build| build.start.is_none());
        Self { builds, without_start }
    }
}

impl Contenders {
    /// Compares a running build with those that ran at the same time. Returns the rules by which one of them
    /// superseded it, each with the moment: the later start of the two.
    ///
    /// With [`Moments::StartOnly`], builds that started later do not count. If the end is unknown, only builds
    /// that started while the build is known to have been running break a rule; the rest stays unknown.
    pub(super) fn compare(
        &self,
        case: &mut Case<'_>,
        life: &Life,
        at: Timestamp,
        moments: Moments,
    ) -> Vec<(String, Timestamp)> {
        let own = case.running_build(at);
        let is_open = life.end.is_none() && moments == Moments::WholeLife;
        let failure = is_open.then(|| "the input does not show when the build ended".into());
        let mut supersession = Supersession::of(&own, &[], &LeftOut { failure, ..LeftOut::default() });
        let mut superseded_at = Vec::new();
        let starts_in_time = |other: &&Contender| {
            other.start.is_none_or(|start| match moments {
                Moments::StartOnly => life.start.is_none_or(|own| start <= own),
                Moments::WholeLife => match life.end {
                    Some(end) => start < end,
                    None => life.last_moment().is_some_and(|last| start <= last),
                },
            })
        };
        // A retry or a build of a batch counts as started earlier than it did. No build counts as started later.
        let since = [own.start.time, life.start].into_iter().flatten().min();
        for other in self.without_start.iter().chain(self.since(since).iter().take_while(starts_in_time)) {
            let ran = other.ran_at_start_of(life);
            if ran == Some(false) {
                continue;
            }
            let mut found = Supersession::of(&own, std::slice::from_ref(&other.running), &LeftOut::default());
            if ran.is_none() {
                found = found.in_doubt(&format!("the input does not show when {} ended", other.running.id));
            }
            supersession = supersession.and(found);
            for rule in supersession.broken_rules() {
                if superseded_at.iter().all(|(other, _)| other != rule) {
                    superseded_at.push((rule.to_owned(), other.start.max(life.start).unwrap_or(at)));
                }
            }
            if superseded_at.len() == own.standings.len() {
                break;
            }
        }
        case.add_supersession(supersession, at);
        superseded_at
    }

    /// The builds that started at that time or later.
    fn since(&self, start: Option<Timestamp>) -> &[Contender] {
        let first = self.builds.partition_point(|other| other.start < start);
        self.builds.get(first..).unwrap_or_default()
    }
}
