//! The checks whose option is a list of patterns for one fact: `forbidden-…` and `allowed-…`.

use super::{Answer, Check, CheckOption, Fit, Patterns, Subject, subject::SubjectValues};
use crate::facts::{Facts, source_pattern::Direction};

/// A check that a build breaks if the subject matches a pattern.
pub(super) fn forbidden(subject: &'static Subject, patterns: Patterns) -> Box<dyn Check> {
    Box::new(PatternList { subject, patterns, kind: ListKind::Forbidden })
}

/// A check that a build breaks if the subject matches no pattern.
pub(super) fn allowed(subject: &'static Subject, patterns: Patterns) -> Box<dyn Check> {
    Box::new(PatternList { subject, patterns, kind: ListKind::Allowed })
}

struct PatternList {
    subject: &'static Subject,
    patterns: Patterns,
    kind: ListKind,
}

#[derive(Clone, Copy)]
enum ListKind {
    Forbidden,
    Allowed,
}

impl PatternList {
    /// Returns the reason not to trust an allowed value.
    fn contradiction(&self, facts: &Facts<'_>) -> Option<String> {
        let contradiction = self.subject.contradiction.filter(|_| matches!(self.kind, ListKind::Allowed))?;
        contradiction(facts).ok().flatten()
    }
}

impl Check for PatternList {
    fn decide(&self, facts: &Facts<'_>) -> Answer {
        let direction = match self.kind {
            ListKind::Forbidden => Direction::Forbid,
            ListKind::Allowed => Direction::Allow,
        };
        match (self.kind, self.patterns.fits(self.subject, facts, direction)) {
            (_, Fit::Unknown(fact)) => Answer::Unknown(fact),
            (ListKind::Forbidden, Fit::No) | (ListKind::Allowed, Fit::Yes) => Answer::Pass,
            (ListKind::Forbidden, Fit::Yes) | (ListKind::Allowed, Fit::No) => match (self.subject.values)(facts) {
                Ok(SubjectValues { other: Some(Ok(other)), .. }) => Answer::Broken(other),
                Ok(SubjectValues { value, .. }) => Answer::Broken(match self.contradiction(facts) {
                    Some(why) => format!("{}, which is a role's session: {why}", value.text()),
                    None => value.text().into_owned(),
                }),
                Err(fact) => Answer::Unknown(fact),
            },
        }
    }

    fn value(&self, facts: &Facts<'_>) -> Option<String> {
        (self.subject.values)(facts).ok().map(|values| values.value.text().into_owned())
    }

    fn option(&self) -> CheckOption<'_> {
        match self.kind {
            ListKind::Forbidden => CheckOption::Forbidden(&self.patterns),
            ListKind::Allowed => CheckOption::Allowed(&self.patterns),
        }
    }
}
