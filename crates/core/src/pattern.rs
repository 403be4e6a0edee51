//! IAM's wildcard patterns.
//!
//! `*` is any run of characters, the empty run and `/` included; `?` is exactly
//! one character. The whole value must fit, and case counts.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>

use std::{fmt, str::FromStr};

/// One pattern, as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    /// `None` where it has no wildcard.
    ends: Option<Ends>,
}

/// How many bytes come before the first wildcard, and after the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ends {
    head: usize,
    tail: usize,
}

impl Pattern {
    /// Whether the whole of `value` fits.
    ///
    /// Most patterns end here at one of their ends, which hold no wildcard.
    pub fn fits(&self, value: &str) -> bool {
        let Some(Ends { head, tail }) = self.ends else { return self.text == value };
        let (pattern, value) = (self.text.as_bytes(), value.as_bytes());
        let (head, pattern) = pattern.split_at(head);
        let (pattern, tail) = pattern.split_at(pattern.len() - tail);
        let Some(value) = value.strip_prefix(head).and_then(|value| value.strip_suffix(tail)) else { return false };
        pattern == b"*" || fits_between(pattern, value, || ())
    }

    /// Whether this pattern fits whatever `other` fits: `a*` covers `ab*`.
    pub fn covers(&self, other: &Self) -> bool {
        let wide: Vec<char> = with_stars_between(&self.text);
        let narrow: Vec<char> = other.text.chars().collect();
        // As a value is held against a pattern, but that the "value" has wildcards: its `*`
        // may be any run, which only a `*` fits; its `?` any character, which no letter fits.
        let (mut w, mut n) = (0, 0);
        let mut retry = None;
        while n < narrow.len() {
            match wide.get(w) {
                Some('*') => {
                    w += 1;
                    retry = Some((w, n));
                    continue;
                }
                Some('?') if narrow[n] != '*' => {
                    w += 1;
                    n += 1;
                    continue;
                }
                Some(character) if *character == narrow[n] && *character != '?' => {
                    w += 1;
                    n += 1;
                    continue;
                }
                _ => {}
            }
            let Some((after_star, from)) = retry else { return false };
            retry = Some((after_star, from + 1));
            (w, n) = (after_star, from + 1);
        }
        wide[w..].iter().all(|character| *character == '*')
    }

    /// Whether every value fits.
    pub fn is_everything(&self) -> bool {
        self.text.bytes().all(|byte| byte == b'*')
    }

    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// Whether the whole of a value fits; `step` is called for each step.
///
/// At worst as many steps as the lengths of pattern and value multiplied: after a `*`,
/// only the last one is ever tried again.
fn fits_between(pattern: &[u8], value: &[u8], mut step: impl FnMut()) -> bool {
    let (mut p, mut v) = (0, 0);
    let mut retry = None;
    while v < value.len() {
        step();
        match pattern.get(p) {
            Some(b'*') => {
                p += 1;
                retry = Some((p, v));
                continue;
            }
            Some(b'?') => {
                p += 1;
                v += character_length(value[v]);
                continue;
            }
            Some(byte) if *byte == value[v] => {
                p += 1;
                v += 1;
                continue;
            }
            _ => {}
        }
        let Some((after_star, from)) = retry else { return false };
        let next = from + character_length(value[from]);
        let from = match pattern.get(after_star) {
            // Nothing fits before that byte is found.
            Some(byte) if !matches!(byte, b'*' | b'?') => {
                value[next..].iter().position(|other| other == byte).map(|at| next + at)
            }
            _ => Some(next),
        };
        let Some(from) = from else { return false };
        retry = Some((after_star, from));
        (p, v) = (after_star, from);
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

/// The pattern, with a `*` at every place of a run of wildcards that has one: `*?`, `?*` and
/// `*?*` mean the same, and the last can be held against any of them.
fn with_stars_between(pattern: &str) -> Vec<char> {
    let mut spread = Vec::new();
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        let run = rest.len() - rest.trim_start_matches(['*', '?']).len();
        let (wildcards, after) = rest.split_at(run);
        if wildcards.contains('*') {
            spread.push('*');
            wildcards.matches('?').for_each(|_| spread.extend(['?', '*']));
            rest = after;
        } else if wildcards.is_empty() {
            spread.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            spread.extend(wildcards.chars());
            rest = after;
        }
    }
    spread
}

/// The bytes of the UTF-8 character that starts with `first`.
fn character_length(first: u8) -> usize {
    match first {
        0xf0.. => 4,
        0xe0.. => 3,
        0xc0.. => 2,
        _ => 1,
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Why a text is no pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPattern {
    /// It is empty.
    #[error("an empty pattern fits nothing; `*` fits everything")]
    Empty,
    /// It begins or ends with white space, which no name of CodeBuild's does.
    #[error("a pattern with white space around it fits nothing")]
    WhiteSpace,
    /// It holds a `[` or a `{`, which mean themselves here and elsewhere something else.
    #[error("the only wildcards are `*` (any run of characters) and `?` (one character)")]
    OtherWildcard,
    /// It is a regular expression's anchor.
    #[error("a pattern fits the whole value: write it without `^` and `$`")]
    Anchor,
}

impl FromStr for Pattern {
    type Err = BadPattern;

    fn from_str(text: &str) -> Result<Self, BadPattern> {
        if text.is_empty() {
            return Err(BadPattern::Empty);
        }
        if text.trim() != text {
            return Err(BadPattern::WhiteSpace);
        }
        if text.contains(['[', ']', '{', '}']) {
            return Err(BadPattern::OtherWildcard);
        }
        if text.starts_with('^') || text.ends_with('$') {
            return Err(BadPattern::Anchor);
        }
        let is_wildcard = |character: char| matches!(character, '*' | '?');
        let ends = text.find(is_wildcard).zip(text.rfind(is_wildcard));
        let ends = ends.map(|(first, last)| Ends { head: first, tail: text.len() - last - 1 });
        Ok(Self { text: text.to_owned(), ends })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(pattern: &str, value: &str, expected: bool) {
        assert_eq!(pattern.parse::<Pattern>().unwrap().fits(value), expected, "{pattern} {value}");
    }

    #[test]
    fn as_iam_means_it() {
        check("main", "main", true);
        check("main", "Main", false);
        check("main", "main2", false);
        check("release/*", "release/1.2/hotfix", true);
        check("release/*", "release/", true);
        check("release/*", "release", false);
        check("*", "", true);
        check("?", "", false);
        check("v?", "v1", true);
        check("v?", "v10", false);
        check("?", "é", true);
        check("?", "🦀", true);
        check("a*é?", "aaéb", true);
        check("*a*b", "xaxbxb", true);
        check("*a*b", "xaxbxc", false);
    }

    #[test]
    fn a_head_and_a_tail_do_not_share_characters() {
        check("aba*aba", "aba", false);
        check("aba*aba", "ababa", false);
        check("aba*aba", "abaaba", true);
        check("a?a", "aa", false);
        check("é*é", "é", false);
    }

    #[test]
    fn what_means_something_elsewhere_is_refused() {
        for (text, expected) in [
            ("", BadPattern::Empty),
            (" main", BadPattern::WhiteSpace),
            ("release-[0-9]", BadPattern::OtherWildcard),
            ("{main,dev}", BadPattern::OtherWildcard),
            ("^main$", BadPattern::Anchor),
        ] {
            assert_eq!(text.parse::<Pattern>(), Err(expected));
        }
    }

    /// The definition, character by character, with no thought for time.
    fn oracle(pattern: &[char], value: &[char]) -> bool {
        match pattern.split_first() {
            None => value.is_empty(),
            Some(('*', rest)) => (0..=value.len()).any(|run| oracle(rest, &value[run..])),
            Some(('?', rest)) => !value.is_empty() && oracle(rest, &value[1..]),
            Some((one, rest)) => value.first() == Some(one) && oracle(rest, &value[1..]),
        }
    }

    #[track_caller]
    fn check_covers(wide: &str, narrow: &str, expected: bool) {
        let pattern = |text: &str| text.parse::<Pattern>().unwrap();
        assert_eq!(pattern(wide).covers(&pattern(narrow)), expected, "{wide} {narrow}");
    }

    #[test]
    fn covers_what_fits_less() {
        check_covers("a*", "ab*", true);
        check_covers("ab*", "a*", false);
        check_covers("*", "release/*", true);
        check_covers("main", "main", true);
        check_covers("main", "Main", false);
        check_covers("?", "a", true);
        check_covers("a", "?", false);
        check_covers("?", "*", false);
        check_covers("*?", "?*", true);
        check_covers("?*", "*?", true);
        check_covers("?*b", "*ab", true);
        check_covers("?*", "*", false);
        check_covers("*/*", "release/?", true);
        check_covers("release/*", "release*", false);
        check_covers("*é?", "aé🦀", true);
    }

    /// Every text of up to five of these characters. `c` is in no pattern of the test below.
    fn short_values() -> Vec<String> {
        let mut values = vec![String::new()];
        let mut from = 0;
        for _ in 0..5 {
            let to = values.len();
            for index in from..to {
                for character in ["a", "b", "c"] {
                    values.push(format!("{}{character}", values[index]));
                }
            }
            from = to;
        }
        values
    }

    proptest! {
        #[test]
        fn covers_what_fits_every_value_that_the_other_fits(wide in "[ab*?]{1,4}", narrow in "[ab*?]{1,4}") {
            let (wide, narrow) = (wide.parse::<Pattern>().unwrap(), narrow.parse::<Pattern>().unwrap());
            let expected = short_values().iter().all(|value| !narrow.fits(value) || wide.fits(value));
            prop_assert_eq!(wide.covers(&narrow), expected);
        }

        #[test]
        fn covers_nothing_that_does_not_fit(wide in "[ab*?é]{1,8}", narrow in "[ab*?é]{1,8}", value in "[abé]{0,10}") {
            let (wide, narrow) = (wide.parse::<Pattern>().unwrap(), narrow.parse::<Pattern>().unwrap());
            prop_assert!(!wide.covers(&narrow) || !narrow.fits(&value) || wide.fits(&value));
            prop_assert!(wide.covers(&wide));
        }

        /// No pattern is slow, whoever wrote it and whatever it is held against.
        #[test]
        fn the_steps_are_at_most_the_lengths_multiplied(
            pattern in prop_oneof!["[ab*?]{1,40}", "([*]a){1,20}b", "[*]a{1,40}b", "([*]a{1,5}){1,8}b?"],
            value in prop_oneof!["a{0,200}", "[ab]{0,200}", "(a{1,5}b){0,40}"],
        ) {
            let mut steps = 0;
            fits_between(pattern.as_bytes(), value.as_bytes(), || steps += 1);
            prop_assert!(steps <= (pattern.len() + 1) * (value.len() + 1), "{} steps", steps);
        }

        #[test]
        fn fits_what_the_definition_fits(pattern in "[ab*?é]{1,8}", value in "[abé]{0,10}") {
            let characters = |text: &str| text.chars().collect::<Vec<_>>();
            let expected = oracle(&characters(&pattern), &characters(&value));
            prop_assert_eq!(pattern.parse::<Pattern>().unwrap().fits(&value), expected);
        }
    }
}
