//! Lists of patterns, and whether they match a fact.

use super::subject::{Subject, Values};
use crate::{
    facts::{Fact, Facts},
    pattern::Pattern,
    yaml::{Node, reader::Reader, scalar::FromScalar},
};

/// A match that may be unknown.
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

/// A list of patterns, of which one must match.
#[derive(Clone, Debug)]
pub(crate) struct Patterns(Vec<Pattern>);

impl Patterns {
    /// Reads a list of a policy file. Returns `None` if it contains no valid pattern.
    pub(crate) fn read(reader: &mut Reader, node: &Node, example: &str) -> Option<Self> {
        let patterns = reader.scalars(node, example);
        (!patterns.is_empty()).then_some(Self(patterns))
    }

    /// Returns whether a pattern matches the build's value of the subject.
    pub(crate) fn fits(&self, subject: &Subject, facts: &Facts<'_>) -> Fit {
        let Values { value, other } = match (subject.values)(facts) {
            Ok(values) => values,
            Err(fact) => return Fit::Unknown(fact),
        };
        match other {
            _ if self.any_fits(&value) => Fit::Yes,
            Some(Ok(other)) if self.any_fits(&other) => Fit::Yes,
            Some(Err(fact)) => Fit::Unknown(fact),
            _ => Fit::No,
        }
    }

    /// Returns whether a pattern matches the value.
    pub(crate) fn any_fits(&self, value: &str) -> bool {
        self.0.iter().any(|pattern| pattern.fits(value))
    }

    /// Returns whether these match everything that `other` matches. `false` if only several of them
    /// together match as much as one of `other`.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        other.0.iter().all(|narrow| self.0.iter().any(|wide| wide.covers(narrow)))
    }

    /// Returns whether a pattern matches every value.
    pub(crate) fn match_everything(&self) -> bool {
        self.0.iter().any(Pattern::is_everything)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Pattern> {
        self.0.iter()
    }

    /// The patterns as the policy contains them, separated by commas.
    pub(crate) fn listed(&self) -> String {
        self.0.iter().map(Pattern::as_str).collect::<Vec<_>>().join(", ")
    }
}

impl FromScalar for Pattern {
    const EXPECTED: &'static str =
        "a pattern for the whole value, in which `*` matches any run of characters and `?` matches one; case matters";

    fn from_scalar(text: &str) -> Result<Self, String> {
        text.parse().map_err(|why| format!("is not a pattern: {why}"))
    }
}
