//! IAM's wildcard patterns.
//!
//! `*` matches any run of characters, including `/` and the empty run; `?` matches exactly one
//! character. A pattern must match the whole value, and case matters.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>

use std::{fmt, str::FromStr};

/// A pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    /// `None` without a wildcard.
    ends: Option<Ends>,
}

/// The number of bytes before the first wildcard and after the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ends {
    head: usize,
    tail: usize,
}

impl Pattern {
    /// The pattern `*`.
    pub(crate) fn everything() -> Self {
        Self { text: "*".into(), ends: Some(Ends { head: 0, tail: 0 }) }
    }

    /// Returns whether it contains a wildcard.
    pub(crate) fn is_wild(&self) -> bool {
        self.ends.is_some()
    }

    /// Returns whether it matches the whole of `value`.
    pub fn fits(&self, value: &str) -> bool {
        let Some(Ends { head, tail }) = self.ends else { return self.text == value };
        let (pattern, value) = (self.text.as_bytes(), value.as_bytes());
        // Most values already differ before the first wildcard or after the last.
        let (head, pattern) = pattern.split_at(head);
        let (pattern, tail) = pattern.split_at(pattern.len() - tail);
        let Some(value) = value.strip_prefix(head).and_then(|value| value.strip_suffix(tail)) else { return false };
        pattern == b"*" || fits_between(pattern, value, || ())
    }

    /// Returns whether it matches everything that `other` matches: `a*` covers `ab*`.
    pub fn covers(&self, other: &Self) -> bool {
        if !other.is_wild() {
            return self.fits(&other.text);
        }
        let Some(Ends { head, tail }) = self.ends else { return false };
        // Most patterns already differ before the first wildcard or after the last.
        let (own, text) = (self.text.as_bytes(), other.text.as_bytes());
        if !text.starts_with(&own[..head]) || !text.ends_with(&own[own.len() - tail..]) {
            return false;
        }
        let wide: Vec<char> = with_stars_between(&self.text);
        let narrow: Vec<char> = other.text.chars().collect();
        // Matches `narrow` like a value. Only `*` matches its `*`, and no letter matches its `?`.
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

    /// Returns whether a value exists that both patterns match.
    pub fn overlaps(&self, other: &Self) -> bool {
        let (one, other): (Vec<char>, Vec<char>) = (self.text.chars().collect(), other.text.chars().collect());
        let is_stars = |pattern: &[char]| pattern.iter().all(|character| *character == '*');
        // `reached[j]`: whether the rest of `one` overlaps with `other[j..]`, from the end on.
        let mut reached: Vec<bool> = (0..=other.len()).map(|j| is_stars(&other[j..])).collect();
        for i in (0..one.len()).rev() {
            let mut next = vec![false; other.len() + 1];
            next[other.len()] = is_stars(&one[i..]);
            for j in (0..other.len()).rev() {
                next[j] = match (one[i], other[j]) {
                    ('*', _) | (_, '*') => reached[j] || next[j + 1],
                    (a, b) => (a == b || a == '?' || b == '?') && reached[j + 1],
                };
            }
            reached = next;
        }
        reached[0]
    }

    /// Returns whether it matches every value.
    pub fn is_everything(&self) -> bool {
        self.text.bytes().all(|byte| byte == b'*')
    }

    /// A value that it matches: `shop-x` for `shop-*`.
    pub(crate) fn example(&self) -> String {
        let mut value = String::new();
        let mut before = None;
        for character in self.text.chars() {
            match character {
                '*' if before == Some('*') => {}
                '*' | '?' => value.push('x'),
                other => value.push(other),
            }
            before = Some(character);
        }
        value
    }

    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// Returns whether the pattern matches the whole value. Calls `step` for each step.
///
/// Takes at most as many steps as the product of both lengths, because it only ever goes back
/// to the last `*`.
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
            // Nothing matches before the next such byte.
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

/// In each run of wildcards that contains a `*`, puts a `*` at every place. `*?`, `?*` and `*?*` mean the
/// same, and the last one can be compared with each of them.
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

/// The length in bytes of the UTF-8 character that starts with `first`.
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

/// The reason why a text is not a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPattern {
    /// It is empty.
    #[error("an empty pattern matches nothing; `*` matches everything")]
    Empty,
    /// It begins or ends with white space, which no value in CodeBuild does.
    #[error("a pattern that begins or ends with white space matches nothing")]
    WhiteSpace,
    /// It contains a line break or another control character.
    #[error("a pattern with a line break or another control character matches nothing")]
    Control,
    /// It contains brackets or braces, which are wildcards in other languages.
    #[error("the only wildcards are `*` (any run of characters) and `?` (one character)")]
    OtherWildcard,
    /// It contains an anchor of regular expressions.
    #[error("a pattern always matches the whole value; remove `^` and `$`")]
    Anchor,
}

impl FromStr for Pattern {
    type Err = BadPattern;

    fn from_str(text: &str) -> Result<Self, BadPattern> {
        if text.is_empty() {
            return Err(BadPattern::Empty);
        }
        if text.contains(char::is_control) {
            return Err(BadPattern::Control);
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
mod tests;
