//! What IAM sees of a build before it starts, and what it can refuse of a check.
//!
//! CodeBuild gives IAM some arguments of a call as condition keys. They are listed under
//! "AWS CodeBuild condition keys" in the user guide, and with their types and the actions
//! that carry them in the Service Authorization Reference:
//!
//! - <https://docs.aws.amazon.com/codebuild/latest/userguide/action-context-keys.html>
//! - <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscodebuild.html>
//!
//! A key holds the *argument* of a call. Where a call overrides nothing, the key is absent,
//! and no key holds what the project has.

use super::patterns::List;

/// Where IAM sees a subject.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Seen {
    /// In the ARN of the project whose build is started.
    Arn(ArnPart),
    /// In an argument of the call; and what can be refused of a list of it.
    Argument(fn(&List) -> Prevention),
    /// Nowhere, and why.
    No(&'static str),
}

/// A part of `arn:aws:codebuild:REGION:ACCOUNT:project/PROJECT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ArnPart {
    Region,
    Account,
    Project,
}

/// What IAM can refuse of a check.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Prevention {
    /// No key sees it. Why: a sentence's part, in lower case, without a full stop.
    NoKey(&'static str),
    /// Calls whose builds would surely break the check.
    Exact {
        /// A call that meets any one of these is refused.
        refusals: Vec<Refusal>,
        /// What is not refused although it breaks the check, and what else is to be known.
        remarks: Vec<String>,
    },
    /// Calls among which are some whose builds would not break the check.
    Broad {
        /// A call that meets any one of these is refused.
        refusals: Vec<Refusal>,
        /// Why they are too many.
        why: &'static str,
    },
}

impl Prevention {
    /// Refuses exactly what breaks the check, as far as a key tells.
    pub(super) fn exact(refusals: Vec<Refusal>) -> Self {
        Self::Exact { refusals, remarks: Vec::new() }
    }
}

/// Conditions that all hold of a call that is refused.
pub(crate) type Refusal = Vec<Condition>;

/// A condition on a key.
///
/// On an absent key, `True`, `Like` and `AnyLike` are false, and `NotLike` is true: beside it stands
/// `Given`, so that a call that overrides nothing is never refused.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Condition {
    /// The call has the argument.
    Given(&'static str),
    /// It is true.
    True(&'static str),
    /// Its one value is among the patterns.
    Like(&'static str, Vec<String>),
    /// Its one value is not among the patterns.
    NotLike(&'static str, Vec<String>),
    /// One of its several values is among the patterns.
    AnyLike(&'static str, Vec<String>),
}
