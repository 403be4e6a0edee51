//! Rules that every build breaks, or none, whatever the build is.

use crate::{
    checks::CheckOption,
    duration::Duration,
    policy::{Criterion, Rule, Selector},
    yaml::Finding,
};

/// The shortest and the longest timeout that CodeBuild accepts, in minutes, of a build and in
/// the queue.
/// <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_CreateProject.html>
const TIMEOUTS: [(&str, i32, i32); 2] = [("max-timeout", 5, 2160), ("max-queued-timeout", 5, 480)];

/// A timeout outside CodeBuild's own limits.
pub(super) fn timeout(rule: &Rule) -> Option<Finding> {
    let CheckOption::MaxDuration(limit) = rule.check.option() else { return None };
    let (check, shortest, longest) = TIMEOUTS.into_iter().find(|(check, ..)| *check == rule.kind.id)?;
    let id = &rule.id;
    let (shortest, longest) = (Duration::from_minutes(shortest), Duration::from_minutes(longest));
    let message = if limit >= longest {
        format!("no build can break `{id}`, because CodeBuild accepts no timeout over {longest}")
    } else if limit < shortest {
        format!(
            "every build outside Lambda compute breaks `{id}`, because CodeBuild accepts no timeout under {shortest}"
        )
    } else {
        return None;
    };
    let help = format!("use a `{check}` of at least {shortest} and less than {longest}");
    Some(Finding::warning(rule.place, message, help))
}

/// Expressions that are true or false for every build.
pub(super) fn constants(rule: &Rule) -> impl Iterator<Item = Finding> {
    let check = match rule.check.option() {
        CheckOption::DenyWhen(expression) if expression.reads().next().is_none() => Some(("`deny-when`", rule.place)),
        _ => None,
    };
    let is_constant = |selector: &Selector| {
        selector.criteria().any(|criterion| match criterion {
            Criterion::When(expression) => expression.reads().next().is_none(),
            Criterion::Among(..) | Criterion::StartedBy(_) | Criterion::Tagged(..) => false,
        })
    };
    let only = rule.only.iter().any(is_constant).then_some(("`when` in `only`", rule.place));
    let except = rule.except.iter().filter(move |exemption| is_constant(&exemption.selector));
    let except = except.map(|exemption| ("`when` in `except`", exemption.place));
    check.into_iter().chain(only).chain(except).map(|(what, place)| {
        let message = format!("{what} of `{}` is the same for every build", rule.id);
        Finding::warning(place, message, "use a variable, such as `build`, or remove the expression")
    })
}

/// A list of what is allowed all of which another rule forbids.
pub(super) fn contradiction(rules: &[Rule], rule: &Rule) -> Option<Finding> {
    let applies_to_all = |rule: &Rule| !rule.is_off() && rule.only.is_empty() && rule.except.is_empty();
    let (CheckOption::Allowed(allowed), Some(subject)) = (rule.check.option(), rule.kind.id.strip_prefix("allowed-"))
    else {
        return None;
    };
    let forbids_all = |other: &&Rule| {
        let is_same = other.kind.id.strip_prefix("forbidden-") == Some(subject);
        is_same && matches!(other.check.option(), CheckOption::Forbidden(forbidden) if forbidden.covers(allowed))
    };
    let mut others = rules.iter().filter(|other| applies_to_all(other));
    let other = others.find(forbids_all).filter(|_| applies_to_all(rule))?;
    let message = format!("every build breaks `{}` or `{}`, which forbids all that is allowed", rule.id, other.id);
    Some(Finding::warning(
        rule.place,
        message,
        format!("remove one of them; `{}` is in line {}", other.id, other.place.line),
    ))
}
