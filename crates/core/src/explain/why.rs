//! The decision of a rule in one line.

use super::FactFrom;
use crate::{
    facts::Facts,
    model::RunKind,
    policy::{Criterion, Exemption, Mode, Rule},
    url,
    verdict::{Decision, Violation, facts_of_rule},
};

/// The decision of a rule and its reason.
pub(super) fn why(rule: &Rule, decision: &Decision, facts: &Facts<'_>) -> String {
    // A rule that compares builds looks at the first try of a retry.
    let facts = &facts_of_rule(rule, facts);
    match decision {
        Decision::Off => "off".into(),
        Decision::Passes => format!("passes {} {}", rule.kind.id, rule.check.limit()),
        Decision::OutOfScope => match rule.not_for_sandboxes().filter(|_| facts.kind == RunKind::Sandbox) {
            Some(why) => format!("does not apply: {why}"),
            None if rule.only.is_empty() => {
                "does not apply: without `only`, builds that a pipeline started are not compared".into()
            }
            None => "does not apply: no selector in `only` matches".into(),
        },
        Decision::Exempt(exempted) => {
            let exemption = rule.except.get(exempted.index);
            let conditions = exemption.map(|exemption| conditions(exemption, facts)).unwrap_or_default();
            let mut text = format!("exempt by {conditions}");
            if let Some(until) = exempted.until {
                text.push_str(&format!(", until {until}"));
            }
            if let Some(reason) = &exempted.reason {
                text.push_str(&format!(": {}", reason.trim_end()));
            }
            text
        }
        Decision::Broken(broken) => {
            let Violation { check, limit, found, .. } = broken;
            let source = source(FactFrom::of_check(rule.kind, facts));
            format!("broken{}: {check} {limit}; found: {found}{source}{}", mode(broken), not_exempt(rule, facts))
        }
        Decision::Unknown(undecided, violation) => {
            let effect = match violation {
                Some(broken) => format!(", counts as broken by `on-unknown: stop`{}", mode(broken)),
                None if undecided.counts => String::new(),
                None => ", ignored by `on-unknown: ignore`".into(),
            };
            format!("could not be evaluated{effect}: {}", url::redacted(&undecided.missing.clause()))
        }
    }
}

/// Explains why an exemption does not hold although the initiator's text may fit it.
fn not_exempt(rule: &Rule, facts: &Facts<'_>) -> String {
    let mut criteria = rule.except.iter().flat_map(|exemption| exemption.selector.criteria());
    let by_starter = criteria.any(|criterion| match criterion {
        Criterion::StartedBy(_) => true,
        Criterion::Among(subject, _) => subject.contradiction.is_some(),
        Criterion::Kinds(_) | Criterion::Tagged(..) | Criterion::When(_) => false,
    });
    match facts.contradiction() {
        Ok(Some(why)) if by_starter => format!("; its initiator is a role's session: {why}"),
        _ => String::new(),
    }
}

fn mode(broken: &Violation) -> &'static str {
    match broken.mode {
        Mode::Report => " (report only)",
        Mode::Enforce | Mode::Off => "",
    }
}

/// The source of a value, if that is not the build itself.
fn source(from: Option<FactFrom>) -> String {
    match from {
        None | Some(FactFrom::Event | FactFrom::Build | FactFrom::SourceVersion) => String::new(),
        Some(from) => format!(" (from {})", from.name()),
    }
}

fn conditions(exemption: &Exemption, facts: &Facts<'_>) -> String {
    let conditions = exemption.selector.criteria().map(|criterion| match criterion {
        Criterion::Among(subject, _) => format!("{criterion}{}", source(FactFrom::of_subject(subject.syntax, facts))),
        Criterion::StartedBy(_) => format!("{criterion}{}", source(Some(FactFrom::of_starter(facts)))),
        Criterion::Kinds(_) | Criterion::Tagged(..) | Criterion::When(_) => criterion.to_string(),
    });
    conditions.collect::<Vec<_>>().join(" and ")
}
