//! Rules and selectors for sandboxes that never match one.

use crate::{
    diagnostic::{Code, Diagnostic},
    facts::NO_INITIATOR,
    model::RunKind,
    policy::Rule,
};

/// Selectors that name sandboxes alone, and match none: because of the rule's check, or because of the starter
/// that they name too.
pub(super) fn selectors(rule: &Rule) -> impl Iterator<Item = Diagnostic> {
    let only = rule.only.iter().map(|selector| (rule.place, "`only`", selector));
    let except = rule.except.iter().map(|exemption| (exemption.place, "`except`", &exemption.selector));
    only.chain(except).filter(|(.., selector)| !selector.may_fit(RunKind::Build)).filter_map(
        |(place, list, selector)| {
            let (why, help) = match rule.not_for_sandboxes() {
                Some(why) => (
                    format!("`{}` does not apply to sandboxes ({why})", rule.kind.id),
                    "use another check, such as `max-duration`, or remove the element",
                ),
                None if !selector.may_fit(RunKind::Sandbox) => {
                    (NO_INITIATOR.to_owned(), "remove `initiators` and `started-by` from the element")
                }
                None => return None,
            };
            let message = format!("an element of {list} of `{}` matches no sandbox, because {why}", rule.id);
            Some(Diagnostic::new(Code::MatchesNoSandbox, place, message, help))
        },
    )
}
