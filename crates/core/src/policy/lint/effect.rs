//! Rules that every build breaks, or none, whatever the build is.

use super::example;
use crate::{
    checks::{CheckOption, OptionKind, TimeLimit},
    diagnostic::{Code, Diagnostic},
    duration::Duration,
    policy::{Criterion, Rule, Selector},
};

/// Warns about a limit outside CodeBuild's own limits.
pub(super) fn limit(rule: &Rule) -> Option<Diagnostic> {
    let CheckOption::MaxDuration(limit) = rule.check.option() else { return None };
    let OptionKind::Duration(TimeLimit { shortest, longest, .. }, _) = rule.kind.option else { return None };
    let (id, check) = (&rule.id, rule.kind.id);
    let (shortest, longest) = (shortest.map(Duration::from_minutes), Duration::from_minutes(longest));
    let message = if limit >= longest {
        match shortest {
            Some(_) => format!("no build can break `{id}`, because CodeBuild accepts no timeout over {longest}"),
            None => format!("no build can break `{id}`, because CodeBuild ends it after {longest} at most"),
        }
    } else {
        let shortest = shortest.filter(|shortest| limit < *shortest)?;
        format!(
            "every build outside Lambda compute breaks `{id}`, because CodeBuild accepts no timeout under {shortest}"
        )
    };
    let least = shortest.map(|shortest| format!("at least {shortest} and ")).unwrap_or_default();
    Some(Diagnostic::new(
        Code::LimitWithoutEffect,
        rule.place,
        message,
        format!("use a `{check}` of {least}less than {longest}"),
    ))
}

/// Warns about expressions that have the same result for every build.
pub(super) fn constants(rule: &Rule) -> impl Iterator<Item = Diagnostic> {
    let check = match rule.check.option() {
        // `deny-when: "true"` is how sandboxes are forbidden.
        CheckOption::DenyWhen(expression) if expression.reads().next().is_none() && !rule.forbids_sandboxes() => {
            Some(("`deny-when`", rule.place))
        }
        _ => None,
    };
    let is_constant = |selector: &Selector| {
        selector.criteria().any(|criterion| match criterion {
            Criterion::When(expression) => expression.reads().next().is_none(),
            Criterion::Kinds(_) | Criterion::Among(..) | Criterion::StartedBy(_) | Criterion::Tagged(..) => false,
        })
    };
    let only = rule.only.iter().any(is_constant).then_some(("`when` in `only`", rule.place));
    let except = rule.except.iter().filter(move |exemption| is_constant(&exemption.selector));
    let except = except.map(|exemption| ("`when` in `except`", exemption.place));
    check.into_iter().chain(only).chain(except).map(|(what, place)| {
        let message = format!("{what} of `{}` is the same for every build", rule.id);
        Diagnostic::new(
            Code::ConstantExpression,
            place,
            message,
            "use a variable, such as `build`, or remove the expression",
        )
    })
}

/// Warns if another rule forbids everything that a rule allows.
pub(super) fn contradiction(rules: &[Rule], rule: &Rule) -> Option<Diagnostic> {
    let applies_to_all = |rule: &Rule| !rule.is_off() && rule.only.is_empty() && rule.except.is_empty();
    let (OptionKind::Allowed(syntax, _), CheckOption::Allowed(allowed)) = (rule.kind.option, rule.check.option())
    else {
        return None;
    };
    if !applies_to_all(rule) {
        return None;
    }
    let forbids_all = |other: &&Rule| {
        let is_same = matches!(other.kind.option, OptionKind::Forbidden(forbidden, _) if forbidden == syntax);
        is_same && matches!(other.check.option(), CheckOption::Forbidden(forbidden) if forbidden.covers(allowed))
    };
    let mut others = rules.iter().filter(|other| applies_to_all(other));
    let other = others.find(forbids_all)?;
    let example = example::value(allowed).map(|value| format!(", such as `{value}`")).unwrap_or_default();
    let (one, forbids) = (&rule.id, &other.id);
    let message = format!(
        "every build breaks `{one}` or `{forbids}`: `{forbids}` forbids everything that `{one}` allows{example}"
    );
    Some(Diagnostic::new(
        Code::ContradictoryRules,
        rule.place,
        message,
        format!("remove one of them; `{}` is in line {}", other.id, other.place.line),
    ))
}
