//! The types of values that an expression meets, and their names.

use std::fmt;

use super::Variable;
use crate::{
    model::Build,
    model::Project,
    model::shape::{Kind, Shape},
};

/// CEL's types, as far as a build has values of them.
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
    /// Something is already wrong with it, or it is an element of an empty list.
    Any,
}

impl Type {
    pub(super) fn of(kind: Kind) -> Self {
        match kind {
            Kind::Flag => Self::Bool,
            Kind::Integer => Self::Int,
            Kind::Text => Self::Text,
            Kind::Time => Self::Time,
            Kind::List(element) => Self::List(Box::new(Self::of(*element))),
            Kind::Structure(shape) => Self::Structure(shape),
        }
    }

    pub(super) fn of_variable(variable: Variable) -> Self {
        match variable {
            Variable::Build => Self::Structure(Build::SHAPE),
            Variable::Project => Self::Structure(Project::SHAPE),
            Variable::Account | Variable::Region | Variable::Branch => Self::Text,
            Variable::Running => Self::Duration,
            Variable::Cost => Self::Double,
            Variable::Now => Self::Time,
        }
    }

    /// Whether a value of one can stand for a value of the other.
    pub(super) fn fits(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any, _) | (_, Self::Any) => true,
            (Self::List(one), Self::List(other)) => one.fits(other),
            (one, other) => one == other,
        }
    }

    /// Its name without an article.
    pub(super) fn bare(&self) -> String {
        let text = self.to_string();
        text.split_once(' ').map_or(text.clone(), |(_, name)| name.to_owned())
    }

    /// Whether values of the two can be equal: numbers compare by value.
    pub(super) fn compares(&self, other: &Self) -> bool {
        self.fits(other) || (self.is_number() && other.is_number())
    }

    pub(super) fn is_number(&self) -> bool {
        matches!(self, Self::Int | Self::Double)
    }
}

/// By CEL's own names, with an article.
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
                scalar => write!(f, "a list of {}s", scalar.bare()),
            },
            Self::Structure(shape) => write!(f, "the structure {}", shape.name),
            Self::Any => f.write_str("a value"),
        }
    }
}

/// The word that was probably meant, or else all there are.
pub(super) fn suggestion(name: &str, known: &[&str], what: &str) -> String {
    let lower = name.to_lowercase();
    let nearest = known
        .iter()
        .map(|word| (strsim::damerau_levenshtein(&lower, &word.to_lowercase()), *word))
        .filter(|(distance, word)| *distance <= 1 + word.len() / 4)
        .min_by_key(|(distance, _)| *distance);
    match nearest {
        Some((_, word)) => format!("did you mean `{word}`? {what} {}", crate::yaml::words::quoted_list(known)),
        None => format!("{what} {}", crate::yaml::words::quoted_list(known)),
    }
}
