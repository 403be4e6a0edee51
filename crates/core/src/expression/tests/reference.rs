//! `docs/expressions.md` lists all that an expression can use.

use std::collections::BTreeSet;

use crate::expression::{
    Expression,
    functions::{MACROS, OVERLOADS, Overload},
    limits,
};

const REFERENCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/expressions.md");

/// The texts in backticks in the first cells of a section's table.
fn listed(reference: &str, section: &str) -> BTreeSet<String> {
    let from = reference.split_once(&format!("\n## {section}\n")).unwrap().1;
    let rows = from.split("\n## ").next().unwrap().lines().filter(|line| line.starts_with("| `"));
    let cells = rows.map(|row| row.replace("\\|", "¦").split('|').nth(1).unwrap().to_owned());
    cells.flat_map(|cell| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>()).collect()
}

#[test]
fn every_function_and_macro_is_in_the_reference_and_no_other() {
    let reference = std::fs::read_to_string(REFERENCE).unwrap();
    assert_eq!(listed(&reference, "Functions"), OVERLOADS.iter().map(Overload::signature).collect());
    let macros = listed(&reference, "Macros");
    assert_eq!(macros.len(), MACROS.len());
    for name in MACROS {
        assert!(macros.iter().any(|listed| listed.contains(&format!("{name}("))), "{name}");
    }
    for limit in [limits::LENGTH, limits::DEPTH, limits::PATTERN] {
        let number = if limit == 4_000 { "4,000".to_owned() } else { limit.to_string() };
        assert!(reference.contains(&format!("| {number} ")), "{number}");
    }
    assert_eq!((limits::STEPS, limits::ELEMENTS), (200_000, 50));
}

#[test]
fn what_is_left_out_is_refused_and_what_is_offered_instead_is_not() {
    for text in [
        "build.phases.map(p, p.phaseType) == []",
        "build.phases.filter(p, true) == []",
        "build.reportArns == ['a']",
        "build.reportArns + ['a'] == build.reportArns",
        "build.source in build.secondarySources",
        "build.source == project.source",
        "{'a': 1}.a == 1",
        "build.initiator == null",
        "type(build.initiator) == string",
        "dyn(1) == 1",
        "1u == 1u",
        "b'a' == b'a'",
        "build.initiator.matches('\\\\pL')",
        "build.initiator.matches(branch)",
    ] {
        assert!(Expression::compile(text).is_err(), "{text}");
    }
    for text in [
        "build.reportArns.exists(x, x == 'a') && size(build.reportArns) == 1",
        "build.initiator in ['a', 'b'] && build.reportArns[0] == 'a'",
        "!has(build.vpcConfig.vpcId)",
        "now.getHours('+01:00') < 8 && now - duration('1h') < timestamp(0) + duration('90m')",
    ] {
        assert!(Expression::compile(text).is_ok(), "{text}: {:?}", Expression::compile(text).err());
    }
}
