//! Decides whether a pattern can fit any value of a known form.
//!
//! A pattern that fits no possible value is a mistake in the policy: a rule with it never stops a
//! build, or stops every build.

use crate::pattern::Pattern;

/// What a pattern is, as the end of "use …".
pub(crate) const PATTERN: &str =
    "a pattern for the whole value, in which `*` matches any run of characters and `?` matches one; case matters";

/// A remark on a part of the policy, with advice: a fault where a pattern can never work, a warning
/// where it probably does not do what the author intends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// The finding: lower case, no full stop.
    pub message: String,
    /// The advice: lower case, no full stop.
    pub help: String,
}

impl Remark {
    /// A remark whose help is "write …".
    pub fn new(message: impl Into<String>, instead: impl Into<String>) -> Self {
        Self { message: message.into(), help: format!("write {}", instead.into()) }
    }

    /// The text to write instead, if the advice is nothing but that.
    pub(crate) fn replacement(&self) -> Option<&str> {
        let text = self.help.strip_prefix("write `")?.strip_suffix('`')?;
        (!text.contains(['`', '…'])).then_some(text)
    }

    /// Returns the replacement if it can correct `text` automatically. `None` if it has more wildcards: it
    /// would fit more than the author named, such as all of a host's repositories in a list of allowed sources.
    pub(crate) fn correction_of(&self, text: &str) -> Option<&str> {
        let wildcards = |text: &str| text.matches(['*', '?']).count();
        self.replacement().filter(|new| wildcards(new) <= wildcards(text))
    }

    /// Parses a pattern. The error is the reason why the text is not a pattern.
    pub(crate) fn pattern(text: &str) -> Result<Pattern, Self> {
        text.parse().map_err(|why| Self {
            message: format!("`{text}` is not a pattern: {why}"),
            help: format!("use {PATTERN}"),
        })
    }
}

/// A form that values have, as a finite automaton of at most 64 states that starts in state 0.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    /// The next state, or `None` if no value continues with this character.
    pub step: fn(u8, char) -> Option<u8>,
    /// Returns whether a value can end in this state.
    pub ends: fn(u8) -> bool,
    /// One character of each kind that `step` distinguishes, for wildcards.
    pub alphabet: &'static str,
}

/// Returns whether some value of the form fits the pattern.
pub fn can_fit(pattern: &str, form: &Form) -> bool {
    let mut states = 1_u64;
    for character in pattern.chars() {
        states = match character {
            '*' => closure(states, form),
            '?' => after_any(states, form),
            one => each(states).filter_map(|state| (form.step)(state, one)).fold(0, with),
        };
    }
    each(states).any(form.ends)
}

/// Returns whether some value that begins with `start` fits the pattern.
pub fn can_begin_with(pattern: &Pattern, start: &str) -> bool {
    format!("{start}*").parse().is_ok_and(|start| pattern.overlaps(&start))
}

/// Returns whether a text contains a wildcard.
pub fn is_wild(text: &str) -> bool {
    text.contains(['*', '?'])
}

fn closure(mut states: u64, form: &Form) -> u64 {
    loop {
        let more = states | after_any(states, form);
        if more == states {
            return states;
        }
        states = more;
    }
}

fn after_any(states: u64, form: &Form) -> u64 {
    let steps = each(states).flat_map(|state| form.alphabet.chars().filter_map(move |one| (form.step)(state, one)));
    steps.fold(0, with)
}

fn each(states: u64) -> impl Iterator<Item = u8> {
    (0..64).filter(move |state| states & (1 << state) != 0)
}

fn with(states: u64, state: u8) -> u64 {
    states | 1_u64.checked_shl(state.into()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::pattern::Pattern;

    /// `a`, then two or more of `b`.
    const ABB: Form = Form {
        step: |state, character| match (state, character) {
            (0, 'a') => Some(1),
            (1..=2, 'b') => Some(state + 1),
            (3, 'b') => Some(3),
            _ => None,
        },
        ends: |state| state == 3,
        alphabet: "ab",
    };

    #[test]
    fn patterns_and_a_form() {
        for (pattern, expected) in [
            ("*", true),
            ("abb", true),
            ("a?b", true),
            ("*b", true),
            ("a*", true),
            ("?*?", true),
            ("???????", true),
            ("??", false),
            ("b*", false),
            ("*a*a*", false),
            ("abbc", false),
            ("abb*a", false),
            ("", false),
        ] {
            assert_eq!(can_fit(pattern, &ABB), expected, "{pattern}");
        }
    }

    proptest! {
        #[test]
        fn a_form_that_a_value_has_is_possible(pattern in "[ab*?]{1,8}", value in "ab{2,6}") {
            let fits = pattern.parse::<Pattern>().unwrap().fits(&value);
            prop_assert!(!fits || can_fit(&pattern, &ABB), "{pattern} {value}");
        }

        #[test]
        fn a_possible_form_has_a_value(pattern in "[ab*?]{1,6}") {
            let glob = pattern.parse::<Pattern>().unwrap();
            // With so many `b` every pattern of six characters has room.
            let some = (2..=14).any(|count| glob.fits(&format!("a{}", "b".repeat(count))));
            prop_assert_eq!(can_fit(&pattern, &ABB), some);
        }
    }
}
