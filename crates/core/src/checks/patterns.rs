//! Lists of patterns held against a fact of the build: the one mechanism behind
//! every `forbidden-…` and `allowed-…` check and behind the selectors.

use std::{any::Any, borrow::Cow};

use super::{
    Answer, Check,
    prevention::{Condition, Prevention, Refusal, Seen},
};
use crate::{
    facts::{Fact, Facts},
    pattern::Pattern,
    yaml::scalar::Written,
    yaml::{Node, reader::Reader},
};

/// A fact that patterns can be held against.
#[derive(Debug)]
pub(crate) struct Subject {
    /// Its name in the plural: the key of a selector, the end of a check's key.
    pub(crate) name: &'static str,
    /// A list of it as a policy would have it.
    pub(crate) example: &'static str,
    pub(crate) values: for<'a> fn(&Facts<'a>) -> Result<Values<'a>, Fact>,
    /// Where IAM sees it before a build starts.
    pub(crate) seen: Seen,
}

impl Subject {
    /// Whether every build tells it: its project, and what stands in its ARN.
    pub(crate) fn is_always_told(&self) -> bool {
        matches!(self.seen, Seen::Arn(_))
    }
}

/// What a build tells of a subject: one value, or two by which it goes.
#[derive(Debug)]
pub(crate) struct Values<'a> {
    pub(crate) value: Cow<'a, str>,
    /// Another form that a pattern may mean as well, or why it cannot be told.
    pub(crate) other: Option<Result<String, Fact>>,
}

impl<'a> From<&'a str> for Values<'a> {
    fn from(value: &'a str) -> Self {
        Self { value: value.into(), other: None }
    }
}

/// Whether something fits, as far as the build tells.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fit {
    Yes,
    No,
    Unknown(Fact),
}

impl From<Result<bool, Fact>> for Fit {
    fn from(answer: Result<bool, Fact>) -> Self {
        match answer {
            Ok(true) => Self::Yes,
            Ok(false) => Self::No,
            Err(fact) => Self::Unknown(fact),
        }
    }
}

impl Fit {
    /// Kleene's "and": one `No` settles it, whatever is unknown.
    pub(crate) fn and(self, other: impl FnOnce() -> Self) -> Self {
        match self {
            Self::No => Self::No,
            Self::Yes => other(),
            unknown @ Self::Unknown(_) => match other() {
                Self::No => Self::No,
                _ => unknown,
            },
        }
    }

    /// Kleene's "or": one `Yes` settles it, whatever is unknown.
    pub(crate) fn or(self, other: impl FnOnce() -> Self) -> Self {
        match self {
            Self::Yes => Self::Yes,
            Self::No => other(),
            unknown @ Self::Unknown(_) => match other() {
                Self::Yes => Self::Yes,
                _ => unknown,
            },
        }
    }
}

/// Patterns of which any one may fit.
#[derive(Clone, Debug)]
pub(crate) struct Patterns(Vec<Pattern>);

impl Patterns {
    /// A list of the file; `None` where it holds none that can be read.
    pub(crate) fn read(reader: &mut Reader, node: &Node, example: &str) -> Option<Self> {
        let patterns = reader.scalars(node, example);
        (!patterns.is_empty()).then_some(Self(patterns))
    }

    pub(crate) fn fits(&self, subject: &Subject, facts: &Facts<'_>) -> Fit {
        let Values { value, other } = match (subject.values)(facts) {
            Ok(values) => values,
            Err(fact) => return Fit::Unknown(fact),
        };
        let any = |value: &str| self.0.iter().any(|pattern| pattern.fits(value));
        match other {
            _ if any(&value) => Fit::Yes,
            Some(Ok(other)) if any(&other) => Fit::Yes,
            Some(Err(fact)) => Fit::Unknown(fact),
            _ => Fit::No,
        }
    }

    pub(crate) fn any_fits(&self, value: &str) -> bool {
        self.0.iter().any(|pattern| pattern.fits(value))
    }

    /// Whether whatever fits `other` surely fits these.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        other.0.iter().all(|narrow| self.0.iter().any(|wide| wide.covers(narrow)))
    }

    /// Whether every value fits.
    pub(crate) fn are_everything(&self) -> bool {
        self.0.iter().any(Pattern::is_everything)
    }

    /// The patterns as written.
    pub(crate) fn texts(&self) -> Vec<&str> {
        self.0.iter().map(Pattern::as_str).collect()
    }

    /// The patterns as written, for a person.
    pub(crate) fn listed(&self) -> String {
        self.texts().join(", ")
    }
}

impl Written for Pattern {
    const RIGHT: &'static str = "a pattern: `*` for any run of characters, `?` for one, the whole value, case counts";

    fn read(text: &str) -> Result<Self, String> {
        text.parse().map_err(|why| format!("is no pattern: {why}"))
    }
}

/// Broken when the subject is among the patterns.
pub(super) fn forbidden(subject: &'static Subject, reader: &mut Reader, node: &Node) -> Option<Box<dyn Check>> {
    let patterns = Patterns::read(reader, node, subject.example)?;
    Some(Box::new(List { subject, patterns, broken_by: Fit::Yes }))
}

/// Broken when the subject is not among the patterns.
pub(super) fn allowed(subject: &'static Subject, reader: &mut Reader, node: &Node) -> Option<Box<dyn Check>> {
    let patterns = Patterns::read(reader, node, subject.example)?;
    Some(Box::new(List { subject, patterns, broken_by: Fit::No }))
}

/// A check that is a list of patterns.
pub(crate) struct List {
    subject: &'static Subject,
    pub(super) patterns: Patterns,
    /// What breaks it: `Yes` where the patterns are forbidden, `No` where they are allowed.
    pub(super) broken_by: Fit,
}

impl List {
    /// Refuses a call whose argument under the key breaks the list.
    pub(super) fn refusal(&self, key: &'static str) -> Refusal {
        let patterns = self.patterns.texts().into_iter().map(str::to_owned).collect();
        let breaks = match self.broken_by {
            Fit::Yes => Condition::Like(key, patterns),
            _ => Condition::NotLike(key, patterns),
        };
        vec![breaks, Condition::Given(key)]
    }
}

impl Check for List {
    fn decide(&self, facts: &Facts<'_>) -> Answer {
        match self.patterns.fits(self.subject, facts) {
            Fit::Unknown(fact) => Answer::Unknown(fact),
            fit if fit == self.broken_by => Answer::Broken(match (self.subject.values)(facts) {
                Ok(Values { other: Some(Ok(other)), .. }) => other,
                Ok(Values { value, .. }) => value.into_owned(),
                Err(fact) => fact.to_string(),
            }),
            _ => Answer::Pass,
        }
    }

    fn limit(&self) -> String {
        self.patterns.listed()
    }

    fn prevention(&self) -> Prevention {
        match self.subject.seen {
            Seen::Argument(prevention) => prevention(self),
            Seen::Arn(_) => Prevention::NoKey("only the project's ARN tells it"),
            Seen::No(why) => Prevention::NoKey(why),
        }
    }

    fn covers(&self, other: &dyn Check) -> bool {
        let other: Option<&Self> = (other as &dyn Any).downcast_ref();
        other.is_some_and(|other| {
            self.subject.name == other.subject.name
                && self.broken_by == other.broken_by
                && match self.broken_by {
                    Fit::Yes => self.patterns.covers(&other.patterns),
                    _ => other.patterns.covers(&self.patterns),
                }
        })
    }

    fn is_never_broken(&self) -> bool {
        self.broken_by == Fit::No && self.patterns.are_everything()
    }
}
