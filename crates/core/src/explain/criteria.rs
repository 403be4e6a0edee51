//! The explanation of one criterion of a selector.

use serde::Serialize;

use crate::{
    checks::{CheckKind, Fit, OptionKind, Syntax},
    expression::ExpressionPart,
    facts::{Facts, MissingFact, RefFrom, inquiry::Source, source_pattern::Direction},
    policy::Criterion,
    url,
};

/// A criterion of a selector: a key with its value, and whether it matches a build.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CriterionExplanation {
    /// The key with its value, as in `projects hotfix-*`.
    pub criterion: String,
    /// Whether the criterion matches the build.
    pub matches: Matches,
    /// The value of the build that was compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The source of that value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<FactFrom>,
    /// The reason why a value that fits does not count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The unknown fact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<UnknownFact>,
    /// The parts of the expression of `when`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expression: Option<ExpressionPart>,
}

/// The answer of a selector or a criterion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Matches {
    /// It matches the build.
    Yes,
    /// It does not.
    No,
    /// The answer depends on an unknown fact.
    Unknown,
}

/// The source of a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FactFrom {
    /// The event.
    Event,
    /// The Build, as the API returns it.
    Build,
    /// The source version of the build.
    SourceVersion,
    /// The batch that the build belongs to.
    Batch,
    /// The build's project.
    Project,
    /// The pipeline that started the build.
    Pipeline,
    /// The filters of the project's webhook.
    Webhook,
    /// The remote repository.
    Git,
}

/// An unknown fact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnknownFact {
    /// The fact, with the reason why it is unknown.
    pub fact: String,
    /// The source that may provide it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// The calls that ask that source.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub calls: &'static [&'static str],
    /// The reason why no source knows it, and what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl UnknownFact {
    /// `expression` is the expression that reads the fact, if one does.
    pub(super) fn of(fact: &MissingFact, facts: &Facts<'_>, expression: Option<&ExpressionPart>) -> Self {
        let help = facts.lacks_member_of(fact).map(|member| match expression {
            Some(part) => {
                let path = part.absent_path(&format!("build.{member}"));
                let guard = path.map(|path| format!("; write `has({path}) && …`")).unwrap_or_default();
                format!("{} has no `{member}`{guard}", facts.the_whole())
            }
            None => format!("{} has no `{member}`", facts.the_whole()),
        });
        let source = fact.source().filter(|_| help.is_none());
        let calls = source.map(Source::operations).unwrap_or_default();
        Self { fact: url::redacted(&fact.to_string()).into_owned(), source, calls, help }
    }
}

/// The answer of a selector or criterion. An answer that depends on the ref is known if it is the same for every
/// possible ref.
pub(super) fn for_all(facts: &Facts<'_>, fits: impl Fn(&Facts<'_>) -> Fit) -> Fit {
    let fit = fits(facts);
    if !matches!(fit, Fit::Unknown(_)) {
        return fit;
    }
    let mut possible: Vec<Fit> = facts.by_possible_reference().iter().map(fits).collect();
    possible.dedup();
    match possible.as_slice() {
        [one @ (Fit::Yes | Fit::No)] => one.clone(),
        _ => fit,
    }
}

impl From<Fit> for Matches {
    fn from(fit: Fit) -> Self {
        match fit {
            Fit::Yes => Self::Yes,
            Fit::No => Self::No,
            Fit::Unknown(_) => Self::Unknown,
        }
    }
}

impl FactFrom {
    /// The source in words, as in "from git".
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Event => "the event",
            Self::Build => "the Build",
            Self::SourceVersion => "the source version",
            Self::Batch => "the batch",
            Self::Project => "the project",
            Self::Pipeline => "the pipeline",
            Self::Webhook => "the webhook's filters",
            Self::Git => "git",
        }
    }
}

impl From<RefFrom> for FactFrom {
    fn from(from: RefFrom) -> Self {
        match from {
            RefFrom::SourceVersion => Self::SourceVersion,
            RefFrom::Batch => Self::Batch,
            RefFrom::Pipeline => Self::Pipeline,
            RefFrom::Webhook => Self::Webhook,
            RefFrom::Git => Self::Git,
            RefFrom::Project => Self::Project,
        }
    }
}

impl FactFrom {
    /// Returns the source of the value that a check looks at.
    pub(super) fn of_check(check: &CheckKind, facts: &Facts<'_>) -> Option<Self> {
        match check.option {
            OptionKind::Duration(..) | OptionKind::Dollars(_) => Some(Self::of_members(facts)),
            OptionKind::Forbidden(syntax, _) | OptionKind::Allowed(syntax, _) => Self::of_subject(syntax, facts),
            // An expression names what it reads, and a comparison has two sides.
            OptionKind::Expression(_) | OptionKind::Overrides(_) | OptionKind::NewestPer(_) => None,
        }
    }

    /// Returns the source of the value that patterns are compared with.
    pub(super) fn of_subject(syntax: Syntax, facts: &Facts<'_>) -> Option<Self> {
        match syntax {
            Syntax::Branch | Syntax::Ref => facts.ref_from().map(Self::from),
            Syntax::Initiator => Some(Self::of_starter(facts)),
            Syntax::Tag => Some(Self::Project),
            Syntax::Account
            | Syntax::Compute
            | Syntax::Image
            | Syntax::Project
            | Syntax::Region
            | Syntax::Source
            | Syntax::Variable => Some(Self::of_members(facts)),
        }
    }

    /// The starter of a batch is also the starter of its builds.
    pub(super) fn of_starter(facts: &Facts<'_>) -> Self {
        if facts.build_batch.is_some() { Self::Batch } else { Self::of_members(facts) }
    }

    fn of_members(facts: &Facts<'_>) -> Self {
        if facts.is_whole { Self::Build } else { Self::Event }
    }
}

impl CriterionExplanation {
    /// A criterion of `only`.
    pub(super) fn of_only(criterion: &Criterion, facts: &Facts<'_>) -> Self {
        Self::of(criterion, facts, Direction::Forbid)
    }

    /// A criterion of `except`, which lets a build through.
    pub(super) fn of_exemption(criterion: &Criterion, facts: &Facts<'_>) -> Self {
        Self::of(criterion, facts, Direction::Allow)
    }

    fn of(criterion: &Criterion, facts: &Facts<'_>, direction: Direction) -> Self {
        let fit = for_all(facts, |facts| criterion.fits(facts, direction));
        let (from, value, expression) = match criterion {
            Criterion::Kinds(_) => (None, Some(facts.kind.name().to_owned()), None),
            Criterion::Among(subject, _) => {
                let value = (subject.values)(facts).map(|values| values.value.text().into_owned());
                (FactFrom::of_subject(subject.syntax, facts), value.ok(), None)
            }
            Criterion::StartedBy(_) => {
                let starter = facts.starters().one().ok().map(|starter| starter.name().to_owned());
                (Some(FactFrom::of_starter(facts)), starter, None)
            }
            Criterion::Tagged(key, _) => {
                let value = facts.tag(key).map(|value| value.unwrap_or("the project has no such tag").to_owned());
                (Some(FactFrom::Project), value.ok(), None)
            }
            Criterion::When(expression) => (None, None, Some(expression.parts(facts))),
        };
        let has_contradiction = match criterion {
            Criterion::Among(subject, _) => subject.contradiction.is_some() && direction == Direction::Allow,
            Criterion::StartedBy(_) => true,
            Criterion::Kinds(_) | Criterion::Tagged(..) | Criterion::When(_) => false,
        };
        let note = match (has_contradiction && fit == Fit::No, facts.contradiction()) {
            (true, Ok(Some(why))) => Some(format!("it is a role's session: {why}")),
            _ => None,
        };
        let redacted = |text: String| url::redacted(&text).into_owned();
        Self {
            criterion: criterion.to_string(),
            from: from.filter(|_| value.is_some()),
            value: value.map(redacted),
            note: note.map(redacted),
            missing: match &fit {
                Fit::Unknown(fact) => {
                    Some(UnknownFact::of(&fact.clone().explained(facts.unavailable), facts, expression.as_ref()))
                }
                Fit::Yes | Fit::No => None,
            },
            matches: fit.into(),
            expression,
        }
    }
}
