//! The types of an expression, and their names.

use std::fmt;

use super::Variable;
use crate::{
    model::{
        Build, BuildBatch, Project,
        shape::{MemberType, Shape},
    },
    yaml::words::{closest, quoted_list},
};

/// CEL's types, without those that no value of a build has.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Type {
    Bool,
    Int,
    Double,
    Text,
    Time,
    Duration,
    List(Box<Type>),
    Structure(&'static Shape),
    /// The type of an expression with a fault, and of the elements of an empty list.
    Any,
}

impl Type {
    pub(super) fn of(kind: MemberType) -> Self {
        match kind {
            MemberType::Flag => Self::Bool,
            MemberType::Integer => Self::Int,
            MemberType::Text => Self::Text,
            MemberType::Time => Self::Time,
            MemberType::List(element) => Self::List(Box::new(Self::of(*element))),
            MemberType::Structure(shape) => Self::Structure(shape),
        }
    }

    pub(super) fn of_variable(variable: Variable) -> Self {
        match variable {
            Variable::Build => Self::Structure(Build::SHAPE),
            Variable::Project => Self::Structure(Project::SHAPE),
            Variable::Batch => Self::Structure(BuildBatch::SHAPE),
            Variable::Account | Variable::Region | Variable::Branch | Variable::Ref | Variable::StartedBy => Self::Text,
            Variable::Running => Self::Duration,
            Variable::Cost => Self::Double,
            Variable::Now => Self::Time,
        }
    }

    /// Returns whether the two types are the same, as far as they are known.
    pub(super) fn fits(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any, _) | (_, Self::Any) => true,
            (Self::List(one), Self::List(other)) => one.fits(other),
            (one, other) => one == other,
        }
    }

    /// The name without an article.
    pub(super) fn name(&self) -> String {
        let text = self.to_string();
        text.split_once(' ').map_or(text.clone(), |(_, name)| name.to_owned())
    }

    /// Returns whether values of the two types can be compared. Numbers compare by value.
    pub(super) fn compares(&self, other: &Self) -> bool {
        self.fits(other) || (self.is_number() && other.is_number())
    }

    pub(super) fn is_number(&self) -> bool {
        matches!(self, Self::Int | Self::Double)
    }
}

/// CEL's name of the type, with an article.
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool => f.write_str("a bool"),
            Self::Int => f.write_str("an int"),
            Self::Double => f.write_str("a double"),
            Self::Text => f.write_str("a string"),
            Self::Time => f.write_str("a timestamp"),
            Self::Duration => f.write_str("a duration"),
            Self::List(element) => match element.as_ref() {
                Self::Any => f.write_str("a list"),
                Self::List(_) => f.write_str("a list of lists"),
                Self::Structure(shape) => write!(f, "a list of {}", shape.name),
                scalar => write!(f, "a list of {}s", scalar.name()),
            },
            Self::Structure(shape) => write!(f, "the structure {}", shape.name),
            Self::Any => f.write_str("a value"),
        }
    }
}

/// Returns how to correct an unknown name: the word that the author probably means, and all known words.
pub(super) fn suggestion(name: &str, known: &[&str], what: &str) -> String {
    let all = format!("{what} {}", quoted_list(known));
    closest(name, known).map_or(all.clone(), |word| format!("did you mean `{word}`? {all}"))
}
