//! Examples of builds, for warnings about rules that have no effect.

use crate::{
    checks::{CheckOption, Patterns},
    facts::starter::Starter,
    policy::{Criterion, Rule, Selector},
    url::without_user_info,
};

/// A build that a selector matches, such as "a build of project `shop-x` on branch `main`"; `None` if it
/// has a criterion of another kind.
pub(super) fn of_selector(selector: &Selector) -> Option<String> {
    let parts = selector.criteria().map(|criterion| match criterion {
        Criterion::Among(subject, patterns) => Some(format!("{} `{}`", preposition(subject.name)?, value(patterns)?)),
        Criterion::StartedBy(starters) => starters.first().map(|starter| format!("started by {}", started(*starter))),
        Criterion::Tagged(key, patterns) => Some(format!("with the tag `{key}: {}`", value(patterns)?)),
        Criterion::Kinds(_) | Criterion::When(_) => None,
    });
    Some(format!("a build {}", parts.collect::<Option<Vec<_>>>()?.join(" ")))
}

/// A build that breaks the rule, such as "a build of project `shop-x` with a timeout over 60m"; `None` if its
/// check is of another kind, or if the build may be exempt.
pub(super) fn of_broken(rule: &Rule) -> Option<String> {
    if !rule.except.is_empty() {
        return None;
    }
    let build = rule.only.first().map_or_else(|| Some("a build".to_owned()), of_selector)?;
    let limit = rule.check.limit();
    let broken = match (rule.kind.id, rule.check.option()) {
        ("max-timeout", _) => format!("with a timeout over {limit}"),
        ("max-queued-timeout", _) => format!("with a timeout over {limit} in the queue"),
        ("max-duration", _) => format!("that runs for more than {limit}"),
        ("max-queue-time", _) => format!("that is queued for more than {limit}"),
        (id, CheckOption::Forbidden(patterns)) => {
            format!("{} `{}`", preposition(id.strip_prefix("forbidden-")?)?, value(patterns)?)
        }
        _ => return None,
    };
    Some(format!("{build} {broken}"))
}

/// A value that one of the patterns matches, without secrets.
pub(super) fn value(patterns: &Patterns) -> Option<String> {
    patterns.iter().next().map(|pattern| without_user_info(&pattern.example()).into_owned())
}

/// The words before the value of a criterion.
fn preposition(subject: &str) -> Option<&'static str> {
    Some(match subject {
        "accounts" => "in account",
        "branches" => "on branch",
        "compute" => "of compute type",
        "images" => "of image",
        "initiators" => "with the initiator",
        "projects" => "of project",
        "refs" => "of ref",
        "regions" => "in region",
        "sources" => "of the source",
        "variables" => "with the variable",
        _ => return None,
    })
}

fn started(starter: Starter) -> &'static str {
    match starter {
        Starter::User => "a user",
        Starter::Role => "a role",
        Starter::Webhook => "a webhook",
        Starter::Pipeline => "a pipeline",
        Starter::Rule => "a rule of EventBridge",
        Starter::Build => "another build",
        Starter::Retry => "a retry",
    }
}
