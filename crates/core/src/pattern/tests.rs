use proptest::prelude::*;

use super::*;

#[track_caller]
fn check(pattern: &str, value: &str, expected: bool) {
    assert_eq!(pattern.parse::<Pattern>().unwrap().fits(value), expected, "{pattern} {value}");
}

#[test]
fn matches_as_iam_does() {
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
    check("?", "漢", true);
    check("??", "漢", false);
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
fn refuses_the_syntax_of_other_patterns() {
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

/// The definition of matching, in exponential time.
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
fn covers_narrower_patterns() {
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

/// Every text of up to so many of these characters. `c` is in no pattern of the tests below.
fn short_values(length: usize) -> Vec<String> {
    let mut values = vec![String::new()];
    let mut from = 0;
    for _ in 0..length {
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

#[track_caller]
fn check_overlaps(one: &str, other: &str, expected: bool) {
    let pattern = |text: &str| text.parse::<Pattern>().unwrap();
    assert_eq!(pattern(one).overlaps(&pattern(other)), expected, "{one} {other}");
    assert_eq!(pattern(other).overlaps(&pattern(one)), expected, "{other} {one}");
}

#[test]
fn overlaps_if_a_value_matches_both() {
    check_overlaps("deploy-*", "shop-*", false);
    check_overlaps("deploy-*", "*-prod", true);
    check_overlaps("deploy-?", "deploy-*x", true);
    check_overlaps("a", "a*", true);
    check_overlaps("a", "ab*", false);
    check_overlaps("*", "b", true);
    check_overlaps("é", "?", true);
    check_overlaps("??", "é", false);
}

proptest! {
    #[test]
    fn overlaps_if_and_only_if_a_value_matches_both(one in "[ab*?]{1,4}", other in "[ab*?]{1,4}") {
        let (one, other) = (one.parse::<Pattern>().unwrap(), other.parse::<Pattern>().unwrap());
        // Two patterns of four characters that overlap do so in a value of at most six.
        let found = short_values(6).iter().any(|value| one.fits(value) && other.fits(value));
        prop_assert_eq!(one.overlaps(&other), found);
    }

    #[test]
    fn covers_if_and_only_if_every_value_of_the_other_matches(wide in "[ab*?]{1,4}", narrow in "[ab*?]{1,4}") {
        let (wide, narrow) = (wide.parse::<Pattern>().unwrap(), narrow.parse::<Pattern>().unwrap());
        let expected = short_values(5).iter().all(|value| !narrow.fits(value) || wide.fits(value));
        prop_assert_eq!(wide.covers(&narrow), expected);
    }

    #[test]
    fn covers_nothing_that_does_not_match(wide in "[ab*?é]{1,8}", narrow in "[ab*?é]{1,8}", value in "[abé]{0,10}") {
        let (wide, narrow) = (wide.parse::<Pattern>().unwrap(), narrow.parse::<Pattern>().unwrap());
        prop_assert!(!wide.covers(&narrow) || !narrow.fits(&value) || wide.fits(&value));
        prop_assert!(wide.covers(&wide));
    }

    /// No pattern is slow, whatever value it is compared with.
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
    fn matches_what_the_definition_matches(pattern in "[ab*?é]{1,8}", value in "[abé]{0,10}") {
        let characters = |text: &str| text.chars().collect::<Vec<_>>();
        let expected = oracle(&characters(&pattern), &characters(&value));
        prop_assert_eq!(pattern.parse::<Pattern>().unwrap().fits(&value), expected);
    }
}

proptest! {
    #[test]
    fn a_pattern_fits_its_example(text in "[ab*?]{1,8}") {
        let pattern: Pattern = text.parse().unwrap();
        prop_assert!(pattern.fits(&pattern.example()), "{}", pattern.example());
    }
}
