//! Keys of a selector that exclude each other, and rules that nothing breaks that they select.

use std::fmt;

use super::example;
use crate::{
    checks::{CheckOption, OptionKind, Patterns},
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
    /// A key of a selector.
    Among(&'a str, &'a Patterns),
    /// The key `started-by`, or a comparison of `startedBy`.
    StartedBy { key: &'a str, starters: Vec<Starter> },
    /// A comparison of what a key of selectors is about, or of the source's type.
    Compared(&'a str, &'a TextCondition),
}

/// The keys of each selector that no build meets together.
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
        let help = "remove one of them, or make them two elements of the list, of which a build need meet only one";
        Some(Diagnostic::new(Code::ContradictoryConditions, place, message, help))
    })
}

/// An expression of a check whose conditions exclude each other.
pub(super) fn expression(rule: &Rule) -> Option<Diagnostic> {
    let CheckOption::DenyWhen(expression) = rule.check.option() else { return None };
    exclusive(&compared(expression).collect::<Vec<_>>())?;
    Some(contradictory(rule.place, &format!("`deny-when` of `{}`", rule.id)))
}

fn contradictory(place: Place, what: &str) -> Diagnostic {
    let help = "join alternatives with `||`, or put them into rules of their own";
    Diagnostic::new(Code::ContradictoryConditions, place, format!("no build meets all conditions of {what}"), help)
}

/// A list of what is forbidden, or allowed, none of which, or all of which, `only` selects.
pub(super) fn scope(rule: &Rule) -> Option<Diagnostic> {
    let id = rule.kind.id;
    // With `on-unknown: stop`, what is unknown is stopped.
    if rule.on_unknown == OnUnknown::Stop || rule.only.is_empty() {
        return None;
    }
    let mut selected = rule.only.iter().map(conditions);
    let (is_void, why) = match rule.check.option() {
        CheckOption::Forbidden(patterns) => {
            let forbidden = ScopeCondition::Among(id.strip_prefix("forbidden-")?, patterns);
            let is_void = selected.all(|conditions| conditions.iter().any(|one| excludes(one, &forbidden)));
            (is_void, "none of the builds that `only` selects is among them")
        }
        // An initiator can be forged, so it is not trusted where it would let a build pass.
        CheckOption::Allowed(patterns) if rule.kind.is_about_refs() => {
            let subject = id.strip_prefix("allowed-")?;
            let is_allowed = |condition: &ScopeCondition<'_>| match condition {
                ScopeCondition::Among(other, scope) => *other == subject && patterns.covers(scope),
                ScopeCondition::StartedBy { .. } | ScopeCondition::Compared(..) => false,
            };
            let is_void = selected.all(|conditions| conditions.iter().any(is_allowed));
            (is_void, "all builds that `only` selects are among them")
        }
        CheckOption::DenyWhen(expression) => {
            let denied: Vec<_> = compared(expression).collect();
            let is_excluded = |one: &ScopeCondition<'_>| denied.iter().any(|other| excludes(one, other));
            let is_void = selected.all(|conditions| conditions.iter().any(is_excluded));
            (is_void, "its expression is true for none of the builds that `only` selects")
        }
        _ => return None,
    };
    let example = rule.only.first().and_then(example::of_selector);
    let example = example.map(|example| format!(": an example is {example}")).unwrap_or_default();
    let message = format!("no build can break `{}`, because {why}{example}", rule.id);
    is_void.then(|| {
        Diagnostic::new(
            Code::ScopeWithoutEffect,
            rule.place,
            message,
            format!("use other patterns in `{id}` or in `only`"),
        )
    })
}

/// A list of forbidden branches or refs all of which an exemption lets through.
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
        &Criterion::Among(subject, ref patterns) => vec![ScopeCondition::Among(subject.name, patterns)],
        Criterion::StartedBy(starters) => {
            vec![ScopeCondition::StartedBy { key: "started-by", starters: starters.clone() }]
        }
        Criterion::When(expression) => compared(expression).collect(),
        Criterion::Kinds(_) | Criterion::Tagged(..) => Vec::new(),
    };
    selector.criteria().flat_map(of).collect()
}

/// The comparisons of an expression that can exclude a key of a selector.
fn compared(expression: &Expression) -> impl Iterator<Item = ScopeCondition<'_>> {
    expression.texts().iter().filter_map(|texts| {
        let subject = match texts.subject.as_str() {
            "startedBy" => {
                let fits = |starter: &Starter| texts.patterns.iter().any(|one| one.fits(starter.name()));
                let starters = Starter::ALL.into_iter().filter(|starter| fits(starter) == texts.is_among).collect();
                return Some(ScopeCondition::StartedBy { key: WHEN, starters });
            }
            "branch" => "branches",
            "ref" => "refs",
            "account" => "accounts",
            "region" => "regions",
            "build.projectName" | "project.name" => "projects",
            "build.initiator" => "initiators",
            SOURCE_TYPE => SOURCE_TYPE,
            _ => return None,
        };
        Some(ScopeCondition::Compared(subject, texts))
    })
}

const WHEN: &str = "when";
const SOURCE_TYPE: &str = "build.source.type";

fn exclusive<'c, 'a>(conditions: &'c [ScopeCondition<'a>]) -> Option<(&'c ScopeCondition<'a>, &'c ScopeCondition<'a>)> {
    conditions.iter().enumerate().find_map(|(index, one)| {
        let other = conditions[index + 1..].iter().find(|other| excludes(one, other))?;
        Some((one, other))
    })
}

/// What the condition asks for.
impl fmt::Display for ScopeCondition<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (is_among, list) = match self {
            Self::Among(_, patterns) => (true, patterns.listed()),
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
            Self::Among(key, _) | Self::StartedBy { key, .. } => key,
            Self::Compared(..) => WHEN,
        }
    }

    /// The subject, its patterns, and whether it fits one of them or none; of subjects whose
    /// values are texts.
    fn texts(&self) -> Option<(&'a str, Vec<&'a Pattern>, bool)> {
        match self {
            Self::Among(subject, patterns) => Some((subject, patterns.texts().collect(), true)),
            Self::Compared(subject, texts) => Some((subject, texts.patterns.iter().collect(), texts.is_among)),
            Self::StartedBy { .. } => None,
        }
    }
}

/// Returns whether certainly no build meets both.
fn excludes(one: &ScopeCondition<'_>, other: &ScopeCondition<'_>) -> bool {
    match (one, other) {
        (ScopeCondition::Among("sources", patterns), ScopeCondition::Among("sources", others)) => {
            !patterns.overlap(others)
        }
        (ScopeCondition::StartedBy { starters, .. }, ScopeCondition::StartedBy { starters: others, .. }) => {
            !starters.iter().any(|starter| others.contains(starter))
        }
        // A pipeline's build has no location.
        (ScopeCondition::StartedBy { starters, .. }, ScopeCondition::Among("sources", _))
        | (ScopeCondition::Among("sources", _), ScopeCondition::StartedBy { starters, .. }) => {
            starters.iter().all(|starter| *starter == Starter::Pipeline)
        }
        (ScopeCondition::StartedBy { starters, .. }, texts) | (texts, ScopeCondition::StartedBy { starters, .. }) => {
            texts.texts().is_some_and(|texts| !starters.iter().any(|starter| may_start(*starter, &texts)))
        }
        _ => one.texts().zip(other.texts()).is_some_and(|(one, other)| exclude(&one, &other)),
    }
}

/// What [`Condition::texts`] returns.
type Texts<'a> = (&'a str, Vec<&'a Pattern>, bool);

fn exclude((subject, one, is_among): &Texts<'_>, (other_subject, other, is_other_among): &Texts<'_>) -> bool {
    match (*subject, *other_subject, is_among, is_other_among) {
        ("branches", "refs", true, true) => !are_refs(one, other),
        ("refs", "branches", true, true) => !are_refs(other, one),
        (one, other, ..) if one != other => false,
        // A list of images has no texts.
        _ if one.is_empty() || other.is_empty() => false,
        (.., true, true) => !one.iter().any(|one| other.iter().any(|other| one.overlaps(other))),
        (.., true, false) => one.iter().all(|one| other.iter().any(|other| other.covers(one))),
        (.., false, true) => other.iter().all(|other| one.iter().any(|one| one.covers(other))),
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

/// Returns whether a build of such a starter may meet a condition on a text.
fn may_start(starter: Starter, (subject, patterns, is_among): &Texts<'_>) -> bool {
    match *subject {
        "initiators" if *is_among => patterns.iter().any(|initiator| may_start_as(starter, initiator)),
        SOURCE_TYPE if starter == Starter::Pipeline => {
            patterns.iter().any(|kind| kind.fits("CODEPIPELINE")) == *is_among
        }
        _ => true,
    }
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
