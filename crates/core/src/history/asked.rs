//! A build at its start, and the replies to the questions about it.

use jiff::Timestamp;

use super::{Contenders, Life, Moments, RecordedRef};
use crate::facts::inquiry::{Case, Question, Reply};

/// A build at its start.
pub(super) struct Begun<'p> {
    pub(super) case: Case<'p>,
    pub(super) life: Life,
    pub(super) start: Timestamp,
}

/// Replies to the questions about a build.
pub(super) struct Asked<'c> {
    pub(super) contenders: Option<&'c Contenders>,
    pub(super) moments: Moments,
    pub(super) recorded_ref: Option<RecordedRef>,
    /// The rules by which a newer build superseded it, each with the moment.
    pub(super) superseded_at: Vec<(String, Timestamp)>,
}

impl Asked<'_> {
    /// Replies to questions until none is open. `None` if `answer` has no reply.
    pub(super) fn settle(
        &mut self,
        case: &mut Case<'_>,
        life: &Life,
        at: Timestamp,
        answer: &mut impl FnMut(&Question) -> Option<Reply>,
    ) -> Option<()> {
        while case.next_question().is_some() {
            self.reply(case, life, at, answer)?;
        }
        Some(())
    }

    /// Replies to the next question. `None` if `answer` has no reply.
    pub(super) fn reply(
        &mut self,
        case: &mut Case<'_>,
        life: &Life,
        at: Timestamp,
        answer: &mut impl FnMut(&Question) -> Option<Reply>,
    ) -> Option<()> {
        let question = case.next_question()?;
        match (&question, self.contenders) {
            (Question::Pipeline(_) | Question::Git(_), _) if self.recorded_ref.is_some() => {
                let found = self.recorded_ref.take();
                found.into_iter().for_each(|found| case.add_recorded_ref(found.name, found.from, at));
            }
            (Question::RunningBuilds(_), Some(contenders)) => {
                self.superseded_at = contenders.compare(case, life, at, self.moments);
            }
            _ => case.add(answer(&question)?, at),
        }
        Some(())
    }
}
