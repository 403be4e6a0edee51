//! Answers about all refs at once, compared with those of another engine about one at a time.

use proptest::prelude::*;
use regex_lite::Regex;

use super::{COMMIT, pushed, webhook};
use crate::{facts::webhook::RefsFit, pattern::Pattern};

/// Expressions that all dialects understand, over a small alphabet.
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("main".to_owned()),
        Just("refs/heads/".to_owned()),
        Just(r"refs\/tags\/".to_owned()),
        "[amin1/]",
        Just(".".to_owned()),
        Just(r"\.".to_owned()),
        Just(r"\d".to_owned()),
        Just(r"\w".to_owned()),
        Just("[^/]".to_owned()),
        Just("[a-m1]".to_owned()),
        Just(".*".to_owned()),
    ];
    let inner = leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| parts.concat()),
            prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| format!("({})", parts.join("|"))),
            (inner.clone(), "[?*+]|\\{1,2\\}|\\{2\\}|\\*\\?").prop_map(|(inner, sign)| format!("(?:{inner}){sign}")),
        ]
    });
    let anchored = |(start, inner, end): (bool, String, bool)| {
        format!("{}{inner}{}", if start { "^" } else { "" }, if end { "$" } else { "" })
    };
    let one = (any::<bool>(), inner, any::<bool>()).prop_map(anchored);
    let prefixed = one.clone().prop_map(|one| match one.strip_prefix('^') {
        Some(rest) => format!("^refs/heads/{rest}"),
        None => one,
    });
    prop_oneof![one, prefixed]
}

fn name() -> impl Strategy<Value = String> {
    let part = prop_oneof![Just("main".to_owned()), "[amin1]{1,5}", "[amin1.é]{1,4}"];
    let path = prop::collection::vec(part, 1..3).prop_map(|parts| parts.join("/"));
    ("heads|tags", path).prop_map(|(kind, path)| format!("refs/{kind}/{path}"))
}

fn wildcards() -> impl Strategy<Value = String> {
    prop_oneof![
        name(),
        "refs/(heads|tags)/[amin1*?]{1,4}",
        "refs/heads/main|refs/tags/\\*|\\*main\\*|refs/heads/\\*|\\*"
    ]
}

fn is_name(name: &str) -> bool {
    !Regex::new(r"/\.|\.\.|//|/$|\.lock(/|$)|\.$").unwrap().is_match(name)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn no_answer_contradicts_a_ref_that_passes(
        groups in prop::collection::vec(prop::collection::vec((expression(), any::<bool>()), 1..3), 1..3),
        names in prop::collection::vec(name(), 1..24),
        list in prop::collection::vec(wildcards(), 1..3),
    ) {
        let texts: Vec<String> = groups
            .iter()
            .map(|group| {
                let sign = |excludes: &bool| if *excludes { "!" } else { "" };
                let filters = group.iter().map(|(one, excludes)| format!(" HEAD_REF{}={one}", sign(excludes)));
                format!("PUSH{}", filters.collect::<String>())
            })
            .collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let refs = webhook(&texts).possible_refs(COMMIT, Some("GITHUB")).unwrap();
        let patterns: Vec<Pattern> = list.iter().map(|text| text.parse().unwrap()).collect();
        let (fit, listed) = (refs.fit(&patterns), refs.listed());
        for name in names.iter().filter(|name| is_name(name)) {
            let passes = groups.iter().any(|group| {
                group.iter().all(|(one, excludes)| Regex::new(one).unwrap().is_match(name) != *excludes)
            });
            prop_assert_eq!(refs.may_contain(name), passes, "{:?} {}", texts, name);
            let matches = patterns.iter().any(|pattern| pattern.fits(name));
            prop_assert!(!(passes && matches && fit == RefsFit::None), "{:?} {:?} {}", texts, list, name);
            prop_assert!(!(passes && !matches && fit == RefsFit::Every), "{:?} {:?} {}", texts, list, name);
            if let Some(listed) = &listed {
                prop_assert_eq!(listed.contains(name), passes, "{:?} {}", texts, name);
            }
        }
        // What is listed passes.
        for name in listed.iter().flatten() {
            prop_assert!(refs.may_contain(name) && is_name(name), "{:?} {}", texts, name);
        }
    }

    /// No answer is withheld: with the refs enumerated, the answer is theirs.
    #[test]
    fn the_answer_about_listed_refs_is_that_of_each(
        names in prop::collection::btree_set("[amin1]{1,4}", 1..5),
        list in prop::collection::vec(wildcards(), 1..3),
    ) {
        let branches: Vec<&str> = names.iter().map(String::as_str).collect();
        let refs = pushed(&format!("HEAD_REF=^refs/heads/({})$", branches.join("|")));
        let full: Vec<String> = branches.iter().map(|name| format!("refs/heads/{name}")).collect();
        prop_assert_eq!(&refs.listed().unwrap(), &full);
        let patterns: Vec<Pattern> = list.iter().map(|text| text.parse().unwrap()).collect();
        let matching = full.iter().filter(|name| patterns.iter().any(|pattern| pattern.fits(name))).count();
        let expected = match matching {
            0 => RefsFit::None,
            count if count == full.len() => RefsFit::Every,
            _ => RefsFit::Some,
        };
        prop_assert_eq!(refs.fit(&patterns), expected);
    }
}
