//! Keys of a selector that exclude each other, and rules that nothing breaks that they select.

use crate::{
    checks::{CheckOption, Patterns},
    facts::{
        possible::{Form, can_fit},
        starter::{Starter, may_fit_webhook},
    },
    pattern::Pattern,
    policy::{Criterion, OnUnknown, Rule, Selector},
    yaml::Finding,
};

/// A condition with the key that it has in the policy.
#[derive(Clone, Copy)]
enum Condition<'a> {
    Among(&'a str, &'a Patterns),
    StartedBy(&'a [Starter]),
}

/// The keys of each selector that no build meets together.
pub(super) fn keys(rule: &Rule) -> impl Iterator<Item = Finding> {
    let only = rule.only.iter().map(|selector| (rule.place, "`only`", selector));
    let except = rule.except.iter().map(|exemption| (exemption.place, "`except`", &exemption.selector));
    only.chain(except).filter_map(|(place, list, selector)| {
        let (one, other) = exclusive(&conditions(selector))?;
        let id = &rule.id;
        let message = format!("no build meets both `{one}` and `{other}` of an element of {list} of `{id}`");
        let help = "remove one of them, or make them two elements of the list, of which a build need meet only one";
        Some(Finding::warning(place, message, help))
    })
}

/// A list of what is forbidden, or allowed, none of which, or all of which, `only` selects.
pub(super) fn scope(rule: &Rule) -> Option<Finding> {
    let id = rule.kind.id;
    // With `on-unknown: stop`, what is unknown is stopped.
    if rule.on_unknown == OnUnknown::Stop || rule.only.is_empty() {
        return None;
    }
    let mut selected = rule.only.iter().map(conditions);
    let (is_void, why) = match rule.check.option() {
        CheckOption::Forbidden(patterns) => {
            let forbidden = Condition::Among(id.strip_prefix("forbidden-")?, patterns);
            let is_void = selected.all(|conditions| conditions.iter().any(|one| excludes(*one, forbidden)));
            (is_void, "none of the builds that `only` selects is among them")
        }
        // Who started a build is not believed where it would be let through.
        CheckOption::Allowed(patterns) if matches!(id, "allowed-branches" | "allowed-refs") => {
            let subject = id.strip_prefix("allowed-")?;
            let is_allowed = |condition: &Condition<'_>| match condition {
                Condition::Among(other, scope) => *other == subject && patterns.covers(scope),
                Condition::StartedBy(_) => false,
            };
            let is_void = selected.all(|conditions| conditions.iter().any(is_allowed));
            (is_void, "all builds that `only` selects are among them")
        }
        _ => return None,
    };
    let message = format!("no build can break `{}`, because {why}", rule.id);
    is_void.then(|| Finding::warning(rule.place, message, format!("use other patterns in `{id}` or in `only`")))
}

fn conditions(selector: &Selector) -> Vec<Condition<'_>> {
    let of = |criterion| match criterion {
        &Criterion::Among(subject, ref patterns) => Some(Condition::Among(subject.name, patterns)),
        Criterion::StartedBy(starters) => Some(Condition::StartedBy(starters)),
        Criterion::Tagged(..) | Criterion::When(_) => None,
    };
    selector.criteria().filter_map(of).collect()
}

fn exclusive<'a>(conditions: &[Condition<'a>]) -> Option<(&'a str, &'a str)> {
    conditions.iter().enumerate().find_map(|(index, one)| {
        let other = conditions[index + 1..].iter().find(|other| excludes(*one, **other))?;
        Some((one.key(), other.key()))
    })
}

impl<'a> Condition<'a> {
    fn key(self) -> &'a str {
        match self {
            Self::Among(subject, _) => subject,
            Self::StartedBy(_) => "started-by",
        }
    }
}

/// Returns whether certainly no build meets both.
fn excludes(one: Condition<'_>, other: Condition<'_>) -> bool {
    match (one, other) {
        (Condition::Among("branches", branches), Condition::Among("refs", refs)) => !are_refs(branches, refs),
        (Condition::Among("refs", refs), Condition::Among("branches", branches)) => !are_refs(branches, refs),
        (Condition::Among(one, patterns), Condition::Among(other, others)) => one == other && !patterns.overlap(others),
        (Condition::StartedBy(starters), Condition::Among("initiators", initiators))
        | (Condition::Among("initiators", initiators), Condition::StartedBy(starters)) => {
            !starters.iter().any(|starter| initiators.iter().any(|initiator| may_start_as(*starter, initiator)))
        }
        // A pipeline's build has no location.
        (Condition::StartedBy(starters), Condition::Among("sources", _))
        | (Condition::Among("sources", _), Condition::StartedBy(starters)) => {
            starters.iter().all(|starter| *starter == Starter::Pipeline)
        }
        _ => false,
    }
}

/// Returns whether a branch may have one of the refs, or a pull request that was merged into it.
fn are_refs(branches: &Patterns, refs: &Patterns) -> bool {
    let of_branches = branches.texts().filter_map(|branch| format!("refs/heads/{branch}").parse().ok());
    let requests = "refs/pull/*".parse().ok();
    let possible: Vec<Pattern> = of_branches.chain(requests).collect();
    refs.texts().any(|full| possible.iter().any(|possible| full.overlaps(possible)))
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
