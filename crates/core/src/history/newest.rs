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

/// The builds of a project, ordered by their start.
#[derive(Clone, Debug, Default)]
pub struct Contenders {
    builds: Vec<Contender>,
    /// `true` if the start of one of them is unknown, so that it may be newer than any other.
    lacks_a_start: bool,
}

/// A build as others are compared with it.
#[derive(Clone, Debug)]
pub struct Contender {
    start: Option<Timestamp>,
    running: RunningBuild,
}

impl Contender {
    /// Looks at a build as it was at its start. `answer` replies to questions by what else the input
    /// contains. Returns `None` as soon as `answer` does.
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
        Some(Self { start: life.start, running: case.running_build(start) })
    }
}

impl FromIterator<Contender> for Contenders {
    fn from_iter<I: IntoIterator<Item = Contender>>(builds: I) -> Self {
        let mut builds: Vec<Contender> = builds.into_iter().collect();
        builds.sort_by(|one, other| (one.start, &one.running.id).cmp(&(other.start, &other.running.id)));
        let lacks_a_start = builds.first().is_some_and(|first| first.start.is_none());
        Self { builds, lacks_a_start }
    }
}

impl Contenders {
    /// Compares a running build with those that started while it ran, and returns when each rule was
    /// broken by one of them.
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
        let failure = is_open.then(|| "the input does not show when the build ended".to_owned());
        let mut supersession = Supersession::of(&own, &[], &LeftOut { too_many: false, failure });
        let mut superseded_at = Vec::new();
        let is_later = |other: &&Contender| other.start.is_none_or(|start| life.start.is_none_or(|own| start >= own));
        let overlaps = |other: &&Contender| {
            other.start.is_none_or(|start| match moments {
                Moments::StartOnly => life.start.is_none_or(|own| start <= own),
                Moments::WholeLife => match life.end {
                    Some(end) => start < end,
                    None => life.last_moment().is_some_and(|last| start <= last),
                },
            })
        };
        for other in self.from(life.start).iter().filter(is_later).take_while(overlaps) {
            let running = std::slice::from_ref(&other.running);
            supersession = supersession.and(Supersession::of(&own, running, &LeftOut::default()));
            for rule in supersession.broken_rules() {
                if superseded_at.iter().all(|(other, _)| other != rule) {
                    superseded_at.push((rule.to_owned(), other.start.unwrap_or(at)));
                }
            }
        }
        case.add_supersession(supersession, at);
        superseded_at
    }

    /// The builds that started at that time or later, and those whose start is unknown.
    fn from(&self, start: Option<Timestamp>) -> &[Contender] {
        let is_earlier = |other: &Contender| other.start.is_some() && other.start < start;
        let first = if self.lacks_a_start { 0 } else { self.builds.partition_point(is_earlier) };
        self.builds.get(first..).unwrap_or_default()
    }
}
