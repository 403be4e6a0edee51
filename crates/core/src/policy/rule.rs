//! A rule: its check, and the builds that it covers.

use std::fmt;

use jiff::{Timestamp, civil::Date};

use super::mode::{Mode, OnUnknown, RuleMode, is_over};
use crate::{
    checks::{Check, CheckKind, CheckOption, Fit, NotForSandboxes, Patterns, Subject, Syntax, not_for_sandboxes},
    diagnostic::{Code, Place},
    expression::{Expression, Variable},
    facts::{Facts, source_pattern::Direction, starter::Starter},
    model::RunKind,
    yaml::scalar::FromScalar,
};

/// The builds that a rule stops if a build of a batch breaks it, from the fewest to all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum BatchScope {
    /// The build alone.
    #[default]
    Build,
    /// Every build of the batch.
    StopAll,
}

/// A rule of a policy.
pub(crate) struct Rule {
    pub(crate) id: String,
    /// The place of the id.
    pub(crate) place: Place,
    pub(crate) reason: Option<String>,
    /// The person or team to ask about the rule.
    pub(crate) owner: Option<String>,
    pub(crate) mode: RuleMode,
    /// The place of `enforce-after`, or else of the id.
    pub(super) mode_place: Place,
    pub(crate) kind: &'static CheckKind,
    pub(crate) check: Box<dyn Check>,
    pub(crate) only: Vec<Selector>,
    pub(crate) except: Vec<Exemption>,
    pub(crate) on_unknown: OnUnknown,
    pub(crate) batch: BatchScope,
}

impl Rule {
    pub(crate) fn is_off(&self) -> bool {
        self.mode == RuleMode::Always(Mode::Off)
    }

    /// The reason why its check does not apply to sandboxes.
    pub(crate) fn not_for_sandboxes(&self) -> Option<NotForSandboxes> {
        not_for_sandboxes(self.kind, self.check.as_ref())
    }

    /// Returns whether its check looks at facts that a thing of this kind has.
    pub(crate) fn looks_at(&self, kind: RunKind) -> bool {
        match kind {
            RunKind::Build => true,
            RunKind::Sandbox => self.not_for_sandboxes().is_none(),
        }
    }

    /// Returns whether it may apply to a thing of this kind, by its check and its `only`.
    pub(crate) fn may_apply_to(&self, kind: RunKind) -> bool {
        let is_selected = self.only.is_empty() || self.only.iter().any(|selector| selector.may_fit(kind));
        is_selected && self.looks_at(kind)
    }

    /// Returns whether it selects sandboxes alone, and every one of them breaks it.
    pub(crate) fn forbids_sandboxes(&self) -> bool {
        let is_true =
            matches!(self.check.option(), CheckOption::DenyWhen(expression) if expression.as_str().trim() == "true");
        is_true && !self.may_apply_to(RunKind::Build) && self.may_apply_to(RunKind::Sandbox)
    }

    /// Returns whether a build can come to break the rule just because time passes.
    pub(super) fn is_timed(&self) -> bool {
        self.may_apply_to(RunKind::Build) && (self.check.has_deadline() || self.clock_variable().is_some())
    }

    /// The variable of an expression of the rule whose value changes with time.
    pub(crate) fn clock_variable(&self) -> Option<Variable> {
        let changes = |variable: &Variable| matches!(variable, Variable::Running | Variable::Cost | Variable::Now);
        self.expressions().flat_map(Expression::reads).find(changes)
    }

    /// Returns whether an expression of the rule may change its answer between two phases of a build.
    pub(super) fn changes_with_phases(&self) -> bool {
        let reads_phases = |expression: &Expression| {
            expression.build_members().any(|path| path.starts_with("phases") || path.starts_with("currentPhase"))
        };
        self.clock_variable().is_some() || self.expressions().any(reads_phases)
    }

    /// Every expression of the rule: that of its check, and those of its selectors.
    pub(super) fn expressions(&self) -> impl Iterator<Item = &Expression> {
        let check = match self.check.option() {
            CheckOption::DenyWhen(expression) => Some(expression),
            _ => None,
        };
        let selectors = self.only.iter().chain(self.except.iter().map(|exemption| &exemption.selector));
        let criteria = selectors.flat_map(Selector::criteria);
        check.into_iter().chain(criteria.filter_map(|criterion| match criterion {
            Criterion::When(expression) => Some(expression),
            Criterion::Kinds(_) | Criterion::Among(..) | Criterion::StartedBy(_) | Criterion::Tagged(..) => None,
        }))
    }
}

/// An element of `except`.
pub(crate) struct Exemption {
    pub(crate) selector: Selector,
    pub(crate) until: Option<Date>,
    /// The place of `until`, or else of the exemption.
    pub(crate) place: Place,
    pub(crate) reason: Option<String>,
}

impl Exemption {
    pub(crate) fn fits(&self, facts: &Facts<'_>) -> Fit {
        match self.is_over(facts.now) {
            true => Fit::No,
            false => self.selector.fits(facts, Direction::Allow),
        }
    }

    /// Returns whether the exemption has ended.
    pub(crate) fn is_over(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|date| is_over(date, now))
    }
}

/// The exemption in words, such as `projects [hotfix-*], until 2027-01-31`.
impl fmt::Display for Exemption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let criteria: Vec<String> = self.selector.criteria().map(ToString::to_string).collect();
        f.write_str(&criteria.join(" and "))?;
        self.until.map_or(Ok(()), |until| write!(f, ", until {until}"))
    }
}

/// An element of `only`: matches a build that meets all of its criteria.
pub(crate) struct Selector(pub(super) Vec<Criterion>);

/// A key of a selector, with its value.
pub(crate) enum Criterion {
    /// The thing that is judged is of one of these kinds.
    Kinds(Vec<RunKind>),
    /// The subject matches a pattern.
    Among(&'static Subject, Patterns),
    /// One of these started it.
    StartedBy(Vec<Starter>),
    /// The project has a tag with this key, whose value matches a pattern.
    Tagged(String, Patterns),
    /// The expression is true.
    When(Expression),
}

impl Selector {
    pub(crate) fn criteria(&self) -> impl Iterator<Item = &Criterion> {
        self.0.iter()
    }

    /// Returns whether a thing of this kind may meet all criteria.
    pub(crate) fn may_fit(&self, kind: RunKind) -> bool {
        self.0.iter().all(|criterion| criterion.may_fit(kind))
    }

    /// Returns whether a build meets all criteria. `direction` distinguishes an exemption, which lets a build
    /// through, from `only`.
    pub(crate) fn fits(&self, facts: &Facts<'_>, direction: Direction) -> Fit {
        self.0.iter().fold(Fit::Yes, |fit, criterion| fit.and(facts, || criterion.fits(facts, direction)))
    }
}

impl Criterion {
    /// Returns whether a thing of this kind may meet it. A sandbox has no initiator.
    pub(crate) fn may_fit(&self, kind: RunKind) -> bool {
        match self {
            Self::Kinds(kinds) => kinds.contains(&kind),
            Self::Among(subject, _) => kind == RunKind::Build || subject.syntax != Syntax::Initiator,
            Self::StartedBy(_) => kind == RunKind::Build,
            Self::Tagged(..) | Self::When(_) => true,
        }
    }

    pub(crate) fn fits(&self, facts: &Facts<'_>, direction: Direction) -> Fit {
        match self {
            Self::Kinds(kinds) => Fit::from(Ok(kinds.contains(&facts.kind))),
            Self::Among(subject, patterns) => patterns.fits(subject, facts, direction),
            Self::StartedBy(starters) => Fit::from(facts.starters().is_among(starters)),
            Self::Tagged(key, patterns) => match facts.tag(key) {
                Ok(Some(value)) if patterns.any_fits(value) => Fit::Yes,
                Ok(_) => Fit::No,
                Err(fact) => Fit::Unknown(fact),
            },
            Self::When(expression) => Fit::from(expression.evaluate(facts)),
        }
    }
}

impl fmt::Display for Criterion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kinds(kinds) => {
                let kinds: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
                write!(f, "kinds {}", kinds.join(", "))
            }
            Self::Among(subject, patterns) => write!(f, "{} {}", subject.name, patterns.listed()),
            Self::StartedBy(starters) => {
                let starters: Vec<&str> = starters.iter().map(|starter| starter.name()).collect();
                write!(f, "started-by {}", starters.join(", "))
            }
            Self::Tagged(key, patterns) => write!(f, "tag {key} {}", patterns.listed()),
            Self::When(expression) => {
                write!(f, "when {}", expression.as_str().split_whitespace().collect::<Vec<_>>().join(" "))
            }
        }
    }
}

impl FromScalar for BatchScope {
    const CODE: Code = Code::UnknownWord;
    const EXPECTED: &'static str = "one of `build` and `stop-all`";

    fn words() -> Vec<&'static str> {
        vec!["build", "stop-all"]
    }

    fn from_scalar(text: &str) -> Result<Self, String> {
        match text {
            "build" => Ok(Self::Build),
            "stop-all" => Ok(Self::StopAll),
            _ => Err("is not a valid value for `batch`".into()),
        }
    }
}
