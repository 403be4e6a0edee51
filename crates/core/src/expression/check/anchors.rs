//! Regular expressions whose anchors bind to less than their author probably means.

use regex_syntax::ast::{AssertionKind, Ast, parse::Parser};

use crate::facts::possible::Remark;

/// One alternative of a regular expression: its place without an anchor at either end, in bytes.
struct Alternative {
    from: usize,
    to: usize,
    /// `true` if it begins with `^`.
    starts: bool,
    /// `true` if it ends with `$`.
    ends: bool,
}

/// Returns what a regular expression such as `^main|release$` matches, and how to anchor all its alternatives.
///
/// Returns `None` if it has no alternatives, or no such anchor. The same holds if an alternative other than the
/// first begins with `^`, or one other than the last ends with `$`: each then has anchors of its own on purpose.
/// `is_raw`: the expression is a raw string of CEL, in which a backslash stands for itself.
pub(super) fn half_anchored(regex: &str, is_raw: bool) -> Option<Remark> {
    let mut ast = &Parser::new().parse(regex).ok()?;
    while let Ast::Group(group) = ast {
        ast = &group.ast;
    }
    let Ast::Alternation(alternation) = ast else { return None };
    let all: Vec<Alternative> = alternation.asts.iter().map(Alternative::of).collect::<Option<_>>()?;
    let ((first, others), (last, before)) = (all.split_first()?, all.split_last()?);
    let is_on_purpose = others.iter().any(|one| one.starts) || before.iter().any(|one| one.ends);
    let is_empty = all.iter().any(|one| one.from >= one.to);
    if is_on_purpose || is_empty || !(first.starts || last.ends) {
        return None;
    }
    let (head, body, tail) = (regex.get(..first.from)?, regex.get(first.from..last.to)?, regex.get(last.to..)?);
    // With `m`, an anchor also matches at the ends of lines; with `x`, a bracket may be in a comment.
    let flags = regex.split("(?").skip(1).filter_map(|rest| rest.split([':', ')']).next());
    if flags.into_iter().any(|flags| flags.contains(['m', 'x'])) {
        return None;
    }
    let condition = |one: &Alternative| {
        let verb = match (one.starts, one.ends) {
            (true, _) => "begins with",
            (false, true) => "ends with",
            (false, false) => "contains",
        };
        Some(format!("{verb} `{}`", regex.get(one.from..one.to)?))
    };
    let conditions: Vec<String> = before.iter().map(condition).collect::<Option<_>>()?;
    let message = format!("`{regex}` matches a text that {} or {}", conditions.join(", "), condition(last)?);
    let better = format!("{head}({body}){tail}");
    let better = if is_raw { better } else { better.replace('\\', r"\\") };
    Some(Remark { message, help: format!("write `{better}` to anchor all alternatives") })
}

impl Alternative {
    fn of(ast: &Ast) -> Option<Self> {
        let parts = match ast {
            Ast::Concat(concat) => concat.asts.as_slice(),
            one => std::slice::from_ref(one),
        };
        let flags = parts.iter().take_while(|part| matches!(part, Ast::Flags(_))).count();
        let parts = parts.get(flags..)?;
        let (first, last) = (parts.first()?, parts.last()?);
        let is = |part: &Ast, kinds: [AssertionKind; 2]| match part {
            Ast::Assertion(assertion) => kinds.contains(&assertion.kind),
            _ => false,
        };
        let starts = is(first, [AssertionKind::StartLine, AssertionKind::StartText]);
        let ends = is(last, [AssertionKind::EndLine, AssertionKind::EndText]);
        let from = if starts { first.span().end } else { first.span().start };
        let to = if ends { last.span().start } else { last.span().end };
        Some(Self { from: from.offset, to: to.offset, starts, ends })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex_lite::Regex;

    use super::*;

    #[track_caller]
    fn check(regex: &str, expected: Option<(&str, &str)>) {
        let found = half_anchored(regex, true).map(|Remark { message, help }| {
            let help = help.split('`').nth(1).unwrap_or_default().to_owned();
            (message.replace(&format!("`{regex}` matches a text that "), ""), help)
        });
        assert_eq!(found, expected.map(|(matches, better)| (matches.to_owned(), better.to_owned())), "{regex}");
    }

    #[test]
    fn an_anchor_of_the_first_or_the_last_alternative_alone() {
        check("^main|release$", Some(("begins with `main` or ends with `release`", "^(main|release)$")));
        check("^main|release", Some(("begins with `main` or contains `release`", "^(main|release)")));
        check("main|release$", Some(("contains `main` or ends with `release`", "(main|release)$")));
        check("^a|b|c$", Some(("begins with `a`, contains `b` or ends with `c`", "^(a|b|c)$")));
        check(r"(?i)^a\||[|^]b\$$", Some((r"begins with `a\|` or ends with `[|^]b\$`", r"(?i)^(a\||[|^]b\$)$")));
        check("(?i)ä|(b|^c)$", Some(("contains `ä` or ends with `(b|^c)`", "(?i)(ä|(b|^c))$")));
        check("(^a|b$)", Some(("begins with `a` or ends with `b`", "(^(a|b)$)")));
        check("(?i:(?:^a|b$))", Some(("begins with `a` or ends with `b`", "(?i:(?:^(a|b)$))")));
        check(r"\Aa|b\z", Some(("begins with `a` or ends with `b`", r"\A(a|b)\z")));
    }

    #[test]
    fn the_correction_is_written_as_a_string_of_cel() {
        let help = |is_raw| half_anchored(r"^\bmain|release$", is_raw).unwrap().help;
        assert_eq!(help(true), r"write `^(\bmain|release)$` to anchor all alternatives");
        assert_eq!(help(false), r"write `^(\\bmain|release)$` to anchor all alternatives");
    }

    #[test]
    fn anchors_on_purpose() {
        for regex in [
            "main",
            "^main$",
            "main|release",
            "^(main|release)$",
            "(^main)|(release$)",
            "x(^main|release$)",
            "^(?m)a|b$",
            "^a|(?m)b$",
            "(?m:^a|b$)",
            "(^|/)main|release(/|$)",
            "^a$|^b$",
            "^a|^b",
            "a$|b$",
            "^main$|^release/",
            "^main$|release",
            "release|^main$",
            r"\^a|b\$",
            "[^a]|[b$]",
            "^$|a",
            "^|a",
            "^a|",
            "(?m)^a|b$",
            "(?x)^a | b # c",
            "(",
        ] {
            check(regex, None);
        }
    }

    proptest! {
        #[test]
        fn the_correction_matches_less(
            regex in r"(\(\?i\))?\^?[abA]{1,2}(\|(\(a\|b\$\)|\^b|[ab]|\[ab\|]){1,2}\$?){1,3}",
            text in "[abA|]{0,4}",
        ) {
            if let Some(Remark { help, .. }) = half_anchored(&regex, true) {
                let corrected = Regex::new(help.split('`').nth(1).unwrap()).unwrap();
                prop_assert!(!corrected.is_match(&text) || Regex::new(&regex).unwrap().is_match(&text), "{}", help);
                prop_assert_eq!(half_anchored(corrected.as_str(), true).map(|remark| remark.message), None);
            }
        }
    }
}
