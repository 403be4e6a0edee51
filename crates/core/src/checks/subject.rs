//! The facts of a build that patterns match, in list checks and in `only` and `except`.

use std::borrow::Cow;

use super::{branches::BRANCHES, initiators::INITIATORS, patterns::Syntax, refs::REFS, sources::SOURCES};
use crate::facts::{
    Facts, MissingFact, image::Image, reference::PossibleName, source_location::SourceLocation, webhook::PossibleRefs,
};

/// The subjects that `only` and `except` select by.
pub(crate) const SELECTABLE: &[Subject] = &[
    Subject {
        name: "projects",
        example: "[deploy-*]",
        syntax: Syntax::Project,
        values: |facts| facts.project_name().map(SubjectValues::from),
        contradiction: None,
        arn_part: Some(ArnPart::Project),
    },
    BRANCHES,
    REFS,
    INITIATORS,
    Subject {
        name: "accounts",
        example: "[\"111122223333\"]",
        syntax: Syntax::Account,
        values: |facts| facts.account().map(SubjectValues::from),
        contradiction: None,
        arn_part: Some(ArnPart::Account),
    },
    Subject {
        name: "regions",
        example: "[eu-*]",
        syntax: Syntax::Region,
        values: |facts| facts.region().map(SubjectValues::from),
        contradiction: None,
        arn_part: Some(ArnPart::Region),
    },
    SOURCES,
];

/// A fact that patterns match.
#[derive(Debug)]
pub(crate) struct Subject {
    /// Its name in the plural: the key of a selector.
    pub(crate) name: &'static str,
    /// An example of a selector's list.
    pub(crate) example: &'static str,
    pub(crate) syntax: Syntax,
    pub(crate) values: for<'a> fn(&'a Facts<'a>) -> Result<SubjectValues<'a>, MissingFact>,
    /// Finds a reason not to trust a value where it would let a build through. `None` if there can be no such
    /// reason.
    pub(crate) contradiction: Option<Contradiction>,
    /// The part of the project's ARN that contains it.
    pub(crate) arn_part: Option<ArnPart>,
}

/// Returns the reason why a value is not what it claims to be, or `None` if nothing contradicts it. The error
/// is a missing fact that could contradict it.
pub(crate) type Contradiction = for<'a> fn(&Facts<'a>) -> Result<Option<String>, MissingFact>;

impl Subject {
    /// Returns whether it is known for every build.
    pub(crate) fn is_always_known(&self) -> bool {
        self.arn_part.is_some()
    }
}

/// A part of `arn:aws:codebuild:REGION:ACCOUNT:project/PROJECT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ArnPart {
    Region,
    Account,
    Project,
}

/// The value of a subject, or its two spellings.
#[derive(Debug)]
pub(crate) struct SubjectValues<'a> {
    pub(crate) value: SubjectValue<'a>,
    /// Another spelling that a pattern may match, or why it is unknown.
    pub(crate) other: Option<Result<String, MissingFact>>,
}

impl<'a> From<PossibleName<'a>> for SubjectValues<'a> {
    fn from(name: PossibleName<'a>) -> Self {
        match name {
            PossibleName::One(name, doubt) => Self { value: SubjectValue::Text(name), other: doubt.map(Err) },
            PossibleName::Within(refs, missing) => {
                Self { value: SubjectValue::Within(refs), other: Some(Err(missing)) }
            }
        }
    }
}

impl<'a> From<&'a str> for SubjectValues<'a> {
    fn from(value: &'a str) -> Self {
        Self { value: value.into(), other: None }
    }
}

/// A value that patterns match.
#[derive(Debug)]
pub(crate) enum SubjectValue<'a> {
    Image(&'a Image),
    Source(&'a SourceLocation),
    Text(Cow<'a, str>),
    /// The full name of one of these references.
    Within(&'a PossibleRefs),
}

impl SubjectValue<'_> {
    /// The value in a message: an image as the build names it, a location in its normal form.
    pub(crate) fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Image(image) => image.written().into(),
            Self::Source(location) => location.to_string().into(),
            Self::Text(text) => Cow::Borrowed(text),
            Self::Within(_) => "a ref that the webhook's filters let through".into(),
        }
    }
}

impl<'a> From<&'a str> for SubjectValue<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text.into())
    }
}
