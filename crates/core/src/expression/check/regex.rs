//! Patterns that match everything that a regular expression matches.

/// A pattern that matches everything that a regular expression matches, and perhaps more.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct WiderPattern {
    pub(super) pattern: String,
    /// `true` if it matches nothing else.
    pub(super) is_exact: bool,
}

/// Returns one pattern for each alternative of a regular expression. `None` if no pattern can stand for it, for
/// example because it ignores case, or because its text contains a `*` or `?` of its own.
pub(super) fn alternatives(regex: &str) -> Option<Vec<WiderPattern>> {
    if regex.contains("(?") {
        return None;
    }
    let mut depth = 0_usize;
    let mut in_class = false;
    let mut is_escaped = false;
    let mut alternatives = vec![String::new()];
    for character in regex.chars() {
        let escaped = std::mem::take(&mut is_escaped);
        match character {
            _ if escaped => {}
            '\\' => is_escaped = true,
            '[' => in_class = true,
            ']' => in_class = false,
            '(' if !in_class => depth += 1,
            ')' if !in_class => depth = depth.saturating_sub(1),
            '|' if depth == 0 && !in_class => {
                alternatives.push(String::new());
                continue;
            }
            _ => {}
        }
        alternatives.last_mut()?.push(character);
    }
    alternatives.iter().map(|one| asked(one)).collect()
}

/// Reads one alternative: literal characters stay, and everything else becomes `*`.
fn asked(regex: &str) -> Option<WiderPattern> {
    let (regex, starts) = regex.strip_prefix('^').map_or((regex, "*"), |rest| (rest, ""));
    let is_end = regex.ends_with('$') && !regex.ends_with("\\$");
    let (regex, ends) = if is_end { (&regex[..regex.len() - 1], "") } else { (regex, "*") };
    let mut parts: Vec<String> = vec![starts.to_owned()];
    let mut is_exact = true;
    let mut rest = regex.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '\\' => match rest.next()? {
                // A character by its number, or a class by its name.
                'x' | 'u' | 'U' | 'p' | 'P' => return None,
                letter if letter.is_ascii_alphanumeric() => {
                    is_exact = false;
                    parts.push("*".to_owned());
                }
                '*' | '?' => return None,
                literal => parts.push(literal.to_string()),
            },
            '(' | '[' => {
                is_exact = false;
                skip(character, &mut rest);
                parts.push("*".to_owned());
            }
            '.' => {
                is_exact &= rest.peek() == Some(&'*');
                parts.push("*".to_owned());
            }
            '*' | '?' | '{' | '+' => {
                if character == '{' {
                    skip(character, &mut rest);
                }
                let last = parts.last_mut()?;
                is_exact &= character == '*' && last == "*";
                // With `+`, the repeated part occurs at least once.
                match character {
                    '+' => last.push('*'),
                    _ => "*".clone_into(last),
                }
            }
            '^' | '$' => return None,
            literal => parts.push(literal.to_string()),
        }
    }
    parts.push(ends.to_owned());
    let mut pattern = parts.concat();
    while pattern.contains("**") {
        pattern = pattern.replace("**", "*");
    }
    Some(WiderPattern { pattern, is_exact })
}

/// Skips a group, a class or a count to its end.
fn skip(open: char, rest: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    let close = match open {
        '(' => ')',
        '[' => ']',
        _ => '}',
    };
    let mut depth = 1_usize;
    while let Some(character) = rest.next() {
        match character {
            '\\' => {
                rest.next();
            }
            _ if character == close => depth -= 1,
            _ if character == open && open == '(' => depth += 1,
            '[' if open == '(' => skip('[', rest),
            _ => {}
        }
        if depth == 0 {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex_lite::Regex;

    use super::*;
    use crate::pattern::Pattern;

    #[test]
    fn alternatives_as_patterns() {
        let exact = |pattern: &str| vec![(pattern.to_owned(), true)];
        for (regex, expected) in [
            ("^refs/heads/main$", Some(exact("refs/heads/main"))),
            ("main", Some(exact("*main*"))),
            ("^release/.*", Some(exact("release/*"))),
            (r"^v1\.2$", Some(exact("v1.2"))),
            ("^(refs/heads/)?main$", Some(vec![("*main".to_owned(), false)])),
            ("^colou?r$", Some(vec![("colo*r".to_owned(), false)])),
            ("^ab+$", Some(vec![("ab*".to_owned(), false)])),
            ("^a{2}[b)|]c$", Some(vec![("*c".to_owned(), false)])),
            (r"^\d+(a[)]|b)$", Some(vec![("*".to_owned(), false)])),
            ("^a$|^b$", Some([exact("a"), exact("b")].concat())),
            ("(?i)main", None),
            (r"^eu\x2dwest-1$", None),
            (r"^\u{65}u-west-1$", None),
            (r"a\*", None),
        ] {
            let found = alternatives(regex);
            let found = found.map(|all| all.into_iter().map(|one| (one.pattern, one.is_exact)).collect::<Vec<_>>());
            assert_eq!(found, expected, "{regex}");
        }
    }

    proptest! {
        #[test]
        fn what_matches_fits(regex in r"\^?([ab]|\.|\[ab\]|\(a\|b\)|a\||\\w){0,5}[*+?]?\$?", text in "[abc]{0,6}") {
            let Ok(compiled) = Regex::new(&regex) else { return Ok(()) };
            if let Some(all) = alternatives(&regex) {
                let fits = |one: &WiderPattern| {
                    one.pattern.parse::<Pattern>().map_or(text.is_empty(), |pattern| pattern.fits(&text))
                };
                prop_assert!(!compiled.is_match(&text) || all.iter().any(fits), "{} {}", regex, text);
            }
        }
    }
}
