//! Exemptions that hold for anyone who may choose the name of a role or of its session.

use crate::{
    checks::Patterns,
    diagnostic::{Code, Diagnostic},
    facts::starter::Starter,
    pattern::Pattern,
    policy::{Criterion, Exemption, Rule, Selector},
};

/// Warns about exemptions that depend on nothing but the text of an initiator.
pub(super) fn by_text_alone(rule: &Rule) -> impl Iterator<Item = Diagnostic> {
    let by_text = rule.except.iter().filter(|exemption| rests_on_text(&exemption.selector));
    by_text.map(|Exemption { place, .. }| {
        let message = format!(
            "an exemption of `{}` depends on the initiator alone, which is text: anyone who may create roles or name their \
             sessions can choose it",
            rule.id
        );
        let help = "add what a caller cannot choose, such as `projects`, or `started-by: [pipeline]` for a pipeline";
        Diagnostic::new(Code::ExemptionByName, *place, message, help)
    })
}

/// Returns whether a role of some name, or a session of any role, meets all criteria.
fn rests_on_text(selector: &Selector) -> bool {
    let (mut starters, mut initiators) = (None, None);
    for criterion in selector.criteria() {
        match criterion {
            Criterion::StartedBy(among) => starters = Some(among),
            Criterion::Among(subject, patterns) if subject.name == "initiators" => initiators = Some(patterns),
            Criterion::Kinds(_) => {}
            Criterion::Among(..) | Criterion::Tagged(..) | Criterion::When(_) => return false,
        }
    }
    let fits = |patterns: &Patterns, form: &str| {
        form.parse().is_ok_and(|form: Pattern| patterns.iter().any(|pattern| pattern.overlaps(&form)))
    };
    match (starters, initiators) {
        (None, Some(patterns)) => patterns.iter().any(|pattern| names_any_role(pattern) || names_a_rule(pattern)),
        (Some(starters), None) => starters.iter().any(|starter| starter.is_text_alone()),
        (Some(starters), Some(patterns)) => starters.iter().any(|starter| match starter {
            Starter::Rule => fits(patterns, "rule/*"),
            Starter::Build => fits(patterns, "*/AWSCodeBuild-*"),
            Starter::Role => patterns.iter().any(names_any_role),
            Starter::User | Starter::Webhook | Starter::Pipeline | Starter::Retry => false,
        }),
        (None, None) => false,
    }
}

/// `*/release`: a session of any role can have that name.
fn names_any_role(pattern: &Pattern) -> bool {
    pattern.as_str().starts_with("*/")
}

fn names_a_rule(pattern: &Pattern) -> bool {
    pattern.as_str().starts_with("rule/")
}
