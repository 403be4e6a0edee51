//! Facts that are unknown, as a record names them, and the sources that may provide them.

use std::fmt;

use super::inquiry::{Cause, Source};

/// A fact that a rule needs and that is unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MissingFact {
    /// A member that the build lacks. If an event lacks it, the API may return it.
    Absent(&'static str),
    /// A member that an expression names and that is absent: its path, starting with the variable, as in
    /// `build.environment.image`.
    AbsentMember(String),
    /// The build's project, which was not fetched, or does not exist.
    NoProject,
    /// The build's project as it was when the build started: the known copy is older.
    OldProject,
    /// The build's batch, which was not fetched, or does not exist.
    NoBatch,
    /// A fact that does not follow from the known facts, and that another source may provide.
    Unresolved {
        /// The fact.
        fact: &'static str,
        /// The reason why it is unknown so far.
        why: String,
        /// The source that may provide it.
        source: Source,
    },
    /// A fact that cannot be derived from the known facts.
    Unknown {
        /// The fact.
        fact: &'static str,
        /// The reason why it is unknown.
        why: String,
    },
    /// A fact that is unknown because the operator has not granted a permission.
    Denied {
        /// The fact.
        fact: &'static str,
        /// The call that was denied.
        why: String,
    },
}

impl fmt::Display for MissingFact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent(member) => write!(f, "{member}"),
            Self::NoProject | Self::OldProject => f.write_str("project"),
            Self::NoBatch => f.write_str("batch"),
            Self::AbsentMember(path) => write!(f, "{path}"),
            Self::Unresolved { fact, why, .. } | Self::Unknown { fact, why } | Self::Denied { fact, why } => {
                write!(f, "{fact} ({why})")
            }
        }
    }
}

impl MissingFact {
    /// The source that may provide the fact, if there is one.
    pub fn source(&self) -> Option<Source> {
        match self {
            Self::Absent(_) => Some(Source::Build),
            Self::AbsentMember(path) if path.starts_with("build.") => Some(Source::Build),
            Self::NoProject | Self::OldProject => Some(Source::Project),
            Self::NoBatch => Some(Source::Batch),
            Self::Unresolved { source, .. } => Some(*source),
            // The project or the batch was fetched, and does not have the member.
            Self::AbsentMember(_) | Self::Unknown { .. } | Self::Denied { .. } => None,
        }
    }

    /// Returns whether it is unknown because a permission is missing.
    pub(crate) fn is_denied(&self) -> bool {
        matches!(self, Self::Denied { .. })
    }

    /// Adds the reason to the fact if its source cannot be asked.
    pub(crate) fn explained(self, unavailable: &[(Source, Cause)]) -> Self {
        let Some((source, cause)) = unavailable.iter().find(|(source, _)| Some(*source) == self.source()) else {
            return self;
        };
        let fact = match self {
            Self::Unresolved { fact, .. } => fact,
            _ => source.name(),
        };
        cause.clone().of_unknown(fact)
    }

    /// A clause for a record's message: "the branch is unknown (the source is S3)".
    pub(crate) fn clause(&self) -> String {
        match self {
            Self::Absent(member) => format!("`{member}` is unknown"),
            Self::AbsentMember(path) => format!("`{path}` is unknown"),
            Self::NoProject | Self::OldProject => "the project is unknown".to_owned(),
            Self::NoBatch => "the batch is unknown".to_owned(),
            Self::Unknown { fact: "expression", why } => format!("its expression has no result ({why})"),
            Self::Unknown { fact, why } if fact.contains('.') => format!("`{fact}` is unknown ({why})"),
            Self::Unresolved { fact, why, .. } | Self::Unknown { fact, why } | Self::Denied { fact, why } => {
                format!("the {} is unknown ({why})", spelled_out(fact))
            }
        }
    }
}

fn spelled_out(fact: &'static str) -> &'static str {
    match fact {
        "running" => "running time",
        "queued" => "queue time",
        other => other,
    }
}
