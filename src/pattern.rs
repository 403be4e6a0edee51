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
    wild: bool,
}

impl Pattern {
    /// Whether the whole of `value` fits.
    ///
    /// At worst as many steps as the lengths of pattern and value multiplied:
    /// after a `*`, only the last one is ever tried again.
    pub fn fits(&self, value: &str) -> bool {
        if !self.wild {
            return self.text == value;
        }
        let (pattern, value) = (self.text.as_bytes(), value.as_bytes());
        let (mut p, mut v) = (0, 0);
        let mut retry = None;
        while v < value.len() {
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
            let from = from + character_length(value[from]);
            retry = Some((after_star, from));
            (p, v) = (after_star, from);
        }
        pattern[p..].iter().all(|byte| *byte == b'*')
    }

    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
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
        Ok(Self { text: text.to_owned(), wild: text.contains(['*', '?']) })
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

    proptest! {
        #[test]
        fn fits_what_the_definition_fits(pattern in "[ab*?é]{1,8}", value in "[abé]{0,10}") {
            let characters = |text: &str| text.chars().collect::<Vec<_>>();
            let expected = oracle(&characters(&pattern), &characters(&value));
            prop_assert_eq!(pattern.parse::<Pattern>().unwrap().fits(&value), expected);
        }
    }
}
