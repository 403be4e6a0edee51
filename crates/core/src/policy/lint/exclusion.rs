//! Warns about keys of a selector that exclude each other, and about rules that no selected build can break.

use std::fmt;

use super::example;
use crate::{
    checks::{CheckOption, OptionKind, Patterns, Syntax},
    diagnostic::{Code, Diagnostic, Place},
    expression::{Expression, TextCondition},
    facts::{
        possible::{Form, can_fit},
        starter::{Starter, may_fit_webhook},
    },
    pattern::Pattern,
    policy::{Criterion, OnUnknown, Rule, Selector},
    url::without_user_info,
};

/// A condition of a selector or an expression.
#[derive(Clone)]
enum ScopeCondition<'a> {
    /// A key of a selector, or the list of a check.
    Among { key: &'a str, syntax: Syntax, patterns: &'a Patterns },
    /// The key `started-by`, or a comparison of `startedBy`.
    StartedBy { key: &'a str, starters: Vec<Starter> },
    /// A comparison in an expression.
    Compared(Compared, &'a TextCondition),
}

/// What an expression compares.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Compared {
    /// The value that a key of selectors is about.
    Value(Syntax),
    /// `build.source.type`.
    SourceType,
}

/// A condition on a text.
struct Texts<'a> {
    compared: Compared,
    patterns: Vec<&'a Pattern>,
    /// Whether the text fits one of the patterns, or none of them.
    is_among: bool,
}

/// Warns about each selector with two keys that no build meets together.
pub(super) fn keys(rule: &Rule) -> impl Iterator<Item = Diagnostic> {
    let only = rule.only.iter().map(|selector| (rule.place, "`only`", selector));
    let except = rule.except.iter().map(|exemption| (exemption.place, "`except`", &exemption.selector));
    only.chain(except).filter_map(|(place, list, selector)| {
        let conditions = conditions(selector);
        let (one, other) = exclusive(&conditions)?;
        let id = &rule.id;
        if one.key() == other.key() {
            return Some(contradictory(place, &format!("`when` of an element of {list} of `{id}`")));
        }
        let message = format!(
            "no build meets both `{}` ({one}) and `{}` ({other}) of an element of {list} of `{id}`",
            one.key(),
            other.key()
        );
        let help = "remove one of them, or write two elements: a build needs to meet only one of them";
        Some(Diagnostic::new(Code::ContradictoryConditions, place, message, help))
    })
}

/// Warns about the expression of a check if its conditions exclude each other.
pub(super) fn expression(rule: &Rule) -> Option<Diagnostic> {
    let CheckOption::DenyWhen(expression) = rule.check.option() else { return None };
    exclusive(&compared(expression).collect::<Vec<_>>())?;
    Some(contradictory(rule.place, &format!("`deny-when` of `{}`", rule.id)))
}

fn contradictory(place: Place, what: &str) -> Diagnostic {
    let help = "join alternatives with `||`, or put them into rules of their own";
    Diagnostic::new(Code::ContradictoryConditions, place, format!("no build meets all conditions of {what}"), help)
}

/// Warns about a rule that no build can break: it forbids nothing that `only` selects, or allows all of it.
pub(super) fn scope(rule: &Rule) -> Option<Diagnostic> {
    let key = rule.kind.id;
    // With `on-unknown: stop`, what is unknown is stopped.
    if rule.on_unknown == OnUnknown::Stop || rule.only.is_empty() {
        return None;
    }
    let mut selected = rule.only.iter().map(conditions);
    let (is_void, why) = match (rule.kind.option, rule.check.option()) {
        (OptionKind::Forbidden(syntax, _), CheckOption::Forbidden(patterns)) => {
            let forbidden = ScopeCondition::Among { key, syntax, patterns };
            let is_void = selected.all(|conditions| conditions.iter().any(|one| excludes(one, &forbidden)));
            (is_void, format!("`{key}` matches none of the builds that `only` selects"))
        }
        // An initiator can be forged, so it is not trusted where it would let a build pass.
        (OptionKind::Allowed(syntax, _), CheckOption::Allowed(allowed)) if syntax.is_about_refs() => {
            let is_allowed = |condition: &ScopeCondition<'_>| match condition {
                ScopeCondition::Among { syntax: other, patterns, .. } => *other == syntax && allowed.covers(patterns),
                ScopeCondition::StartedBy { .. } | ScopeCondition::Compared(..) => false,
            };
            let is_void = selected.all(|conditions| conditions.iter().any(is_allowed));
            (is_void, format!("`{key}` matches all builds that `only` selects"))
        }
        (_, CheckOption::DenyWhen(expression)) => {
            let denied: Vec<_> = compared(expression).collect();
            let is_excluded = |one: &ScopeCondition<'_>| denied.iter().any(|other| excludes(one, other));
            let is_void = selected.all(|conditions| conditions.iter().any(is_excluded));
            (is_void, "its expression is true for none of the builds that `only` selects".to_owned())
        }
        _ => return None,
    };
    let example = rule.only.first().and_then(example::of_selector);
    let example = example.map(|example| format!(", such as {example}")).unwrap_or_default();
    let message = format!("no build can break `{}`: {why}{example}", rule.id);
    is_void.then(|| {
        Diagnostic::new(
            Code::ScopeWithoutEffect,
            rule.place,
            message,
            format!("use other patterns in `{key}` or in `only`"),
        )
    })
}

/// Warns about an exemption that lets through all branches or refs that its rule forbids.
pub(super) fn exemption(rule: &Rule) -> Option<Diagnostic> {
    // With `on-unknown: stop`, what is unknown is stopped.
    if rule.on_unknown == OnUnknown::Stop {
        return None;
    }
    let CheckOption::Forbidden(forbidden) = rule.check.option() else { return None };
    let OptionKind::Forbidden(syntax, _) = rule.kind.option else { return None };
    if !syntax.is_about_refs() {
        return None;
    }
    let exempts_all = |selector: &Selector| match selector.criteria().collect::<Vec<_>>()[..] {
        [Criterion::Among(other, patterns)] => other.syntax == syntax && patterns.covers(forbidden),
        _ => false,
    };
    let void = rule.except.iter().find(|exemption| exemption.until.is_none() && exempts_all(&exemption.selector))?;
    let example = example::value(forbidden).map(|value| format!(", such as `{value}`")).unwrap_or_default();
    let message =
        format!("no build can break `{}`, because this exemption matches all that is forbidden{example}", rule.id);
    Some(Diagnostic::new(
        Code::ExemptsEverything,
        void.place,
        message,
        "use narrower exemptions, or `mode: off` to turn the rule off",
    ))
}

fn conditions(selector: &Selector) -> Vec<ScopeCondition<'_>> {
    let of = |criterion| match criterion {
        &Criterion::Among(subject, ref patterns) => {
            vec![ScopeCondition::Among { key: subject.name, syntax: subject.syntax, patterns }]
        }
        Criterion::StartedBy(starters) => {
            vec![ScopeCondition::StartedBy { key: "started-by", starters: starters.clone() }]
        }
        Criterion::When(expression) => compared(expression).collect(),
        Criterion::Kinds(_) | Criterion::Tagged(..) => Vec::new(),
    };
    selector.criteria().flat_map(of).collect()
}

/// Returns the comparisons of an expression that can exclude a key of a selector.
fn compared(expression: &Expression) -> impl Iterator<Item = ScopeCondition<'_>> {
    expression.texts().iter().filter_map(|texts| {
        let compared = match texts.subject.as_str() {
            "startedBy" => {
                let fits = |starter: &Starter| texts.patterns.iter().any(|one| one.fits(starter.name()));
                let starters = Starter::ALL.into_iter().filter(|starter| fits(starter) == texts.is_among).collect();
                return Some(ScopeCondition::StartedBy { key: WHEN, starters });
            }
            "branch" => Compared::Value(Syntax::Branch),
            "ref" => Compared::Value(Syntax::Ref),
            "account" => Compared::Value(Syntax::Account),
            "region" => Compared::Value(Syntax::Region),
            "build.projectName" | "project.name" => Compared::Value(Syntax::Project),
            "build.initiator" => Compared::Value(Syntax::Initiator),
            "build.source.type" => Compared::SourceType,
            _ => return None,
        };
        Some(ScopeCondition::Compared(compared, texts))
    })
}

const WHEN: &str = "when";

fn exclusive<'c, 'a>(conditions: &'c [ScopeCondition<'a>]) -> Option<(&'c ScopeCondition<'a>, &'c ScopeCondition<'a>)> {
    conditions.iter().enumerate().find_map(|(index, one)| {
        let other = conditions[index + 1..].iter().find(|other| excludes(one, other))?;
        Some((one, other))
    })
}

/// Writes the values that the condition asks for.
impl fmt::Display for ScopeCondition<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (is_among, list) = match self {
            Self::Among { patterns, .. } => (true, patterns.listed()),
            Self::StartedBy { starters, .. } => {
                (true, starters.iter().map(|starter| starter.name()).collect::<Vec<_>>().join(", "))
            }
            Self::Compared(_, texts) => {
                let patterns = texts.patterns.iter().map(|pattern| without_user_info(pattern.as_str()));
                (texts.is_among, patterns.collect::<Vec<_>>().join(", "))
            }
        };
        match (is_among, list.as_str()) {
            (true, "") => f.write_str("nothing"),
            (true, list) => f.write_str(list),
            (false, list) => write!(f, "not {list}"),
        }
    }
}

impl<'a> ScopeCondition<'a> {
    fn key(&self) -> &'a str {
        match self {
            Self::Among { key, .. } | Self::StartedBy { key, .. } => key,
            Self::Compared(..) => WHEN,
        }
    }

    /// The condition on a text; `None` of a list of starters.
    fn texts(&self) -> Option<Texts<'a>> {
        match *self {
            Self::Among { syntax, patterns, .. } => {
                Some(Texts { compared: Compared::Value(syntax), patterns: patterns.texts().collect(), is_among: true })
            }
            Self::Compared(compared, texts) => {
                Some(Texts { compared, patterns: texts.patterns.iter().collect(), is_among: texts.is_among })
            }
            Self::StartedBy { .. } => None,
        }
    }

    /// The patterns of a list of sources, which have forms of their own.
    fn sources(&self) -> Option<&'a Patterns> {
        match self {
            Self::Among { syntax: Syntax::Source, patterns, .. } => Some(patterns),
            Self::Among { .. } | Self::StartedBy { .. } | Self::Compared(..) => None,
        }
    }
}

/// Returns whether certainly no build meets both.
fn excludes(one: &ScopeCondition<'_>, other: &ScopeCondition<'_>) -> bool {
    if let Some((one, other)) = one.sources().zip(other.sources()) {
        return !one.overlap(other);
    }
    match (one, other) {
        (ScopeCondition::StartedBy { starters, .. }, ScopeCondition::StartedBy { starters: others, .. }) => {
            !starters.iter().any(|starter| others.contains(starter))
        }
        (ScopeCondition::StartedBy { starters, .. }, other) | (other, ScopeCondition::StartedBy { starters, .. }) => {
            !starters.iter().any(|starter| may_start(*starter, other))
        }
        _ => one.texts().zip(other.texts()).is_some_and(|(one, other)| exclude(&one, &other)),
    }
}

fn exclude(one: &Texts<'_>, other: &Texts<'_>) -> bool {
    use Compared::Value;

    let (texts, others) = (&one.patterns, &other.patterns);
    match (one.compared, other.compared, one.is_among, other.is_among) {
        (Value(Syntax::Branch), Value(Syntax::Ref), true, true) => !are_refs(texts, others),
        (Value(Syntax::Ref), Value(Syntax::Branch), true, true) => !are_refs(others, texts),
        (one, other, ..) if one != other => false,
        // A list of images or sources has no texts.
        _ if texts.is_empty() || others.is_empty() => false,
        (.., true, true) => !texts.iter().any(|one| others.iter().any(|other| one.overlaps(other))),
        (.., true, false) => texts.iter().all(|one| others.iter().any(|other| other.covers(one))),
        (.., false, true) => others.iter().all(|other| texts.iter().any(|one| one.covers(other))),
        (.., false, false) => false,
    }
}

/// Returns whether a branch may have one of the refs, or a pull request that was merged into it.
fn are_refs(branches: &[&Pattern], refs: &[&Pattern]) -> bool {
    let of_branches = branches.iter().filter_map(|branch| format!("refs/heads/{branch}").parse().ok());
    let requests = "refs/pull/*".parse().ok();
    let possible: Vec<Pattern> = of_branches.chain(requests).collect();
    refs.iter().any(|full| possible.iter().any(|possible| full.overlaps(possible)))
}

/// Returns whether a build of such a starter may meet another condition.
fn may_start(starter: Starter, condition: &ScopeCondition<'_>) -> bool {
    if condition.sources().is_some() {
        // A pipeline's build has no location.
        return starter != Starter::Pipeline;
    }
    condition.texts().is_none_or(|texts| match texts.compared {
        Compared::Value(Syntax::Initiator) if texts.is_among => {
            texts.patterns.iter().any(|initiator| may_start_as(starter, initiator))
        }
        Compared::SourceType if starter == Starter::Pipeline => {
            texts.patterns.iter().any(|kind| kind.fits("CODEPIPELINE")) == texts.is_among
        }
        _ => true,
    })
}

/// The name of a user: any text without `/`.
const USER: Form = Form { step: |_, next| (next != '/').then_some(1), ends: |state| state == 1, alphabet: "a" };

/// Returns whether the initiator of such a starter may fit the pattern.
fn may_start_as(starter: Starter, initiator: &Pattern) -> bool {
    let overlaps = |form: &str| form.parse().is_ok_and(|form| initiator.overlaps(&form));
    match starter {
        Starter::User => can_fit(initiator.as_str(), &USER),
        Starter::Role => overlaps("*/*") || overlaps("CodeBuild-Jenkins-Plugin"),
        Starter::Webhook => may_fit_webhook(initiator),
        Starter::Pipeline => overlaps("codepipeline/*"),
        Starter::Rule => overlaps("rule/*"),
        Starter::Build => overlaps("*/AWSCodeBuild-*"),
        Starter::Retry => true,
    }
}
