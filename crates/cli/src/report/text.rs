//! The results for a person.

use buildbrake_core::testing::{Report, Tested, Uncovered};

use crate::commands::test::Results;

/// A line a file, failures in full, what the rules lack, and the sum.
pub(crate) fn results(results: &Results) -> String {
    let mut text = String::new();
    for file in &results.files {
        text.push_str(&report(file));
    }
    let mark = if results.needs_coverage { "FAILED " } else { "" };
    for open in &results.uncovered {
        for line in lines(open) {
            text.push_str(&format!("{mark}{}: {line}\n", open.policy));
        }
    }
    text.push_str(&format!("{} passed, {} failed\n", results.passed, results.failed));
    text
}

fn report(Report { file, tests, .. }: &Report) -> String {
    let failures: Vec<&Tested> = tests.iter().filter(|test| !test.passed).collect();
    let mut text = format!("{file}: {} passed, {} failed\n", tests.len() - failures.len(), failures.len());
    for test in &failures {
        text.push_str(&format!("\n  FAILED {}:{}: {}\n\n", file, test.line, test.name));
        for line in failure(test).lines() {
            let line = format!("    {line}");
            text.push_str(&format!("{}\n", line.trim_end()));
        }
    }
    if !failures.is_empty() {
        text.push('\n');
    }
    text
}

/// What was expected beside what was found, and what each rule said.
pub(super) fn failure(test: &Tested) -> String {
    let rows = test.expected.rows(&test.actual);
    let width = rows.iter().map(|(_, expected, _)| expected.chars().count()).chain(["expected".len()]).max();
    let width = width.unwrap_or_default();
    let mut text = format!("           {:width$}  actual\n", "expected");
    for (key, expected, actual) in rows {
        let mark = if expected == actual { ' ' } else { '!' };
        text.push_str(&format!("{mark} {key:7}  {expected:width$}  {actual}\n"));
    }
    text.push_str(&format!("\nwhy, at {}:\n", test.now));
    let width = test.reasons.iter().map(|reason| reason.rule.len()).max().unwrap_or_default();
    for reason in &test.reasons {
        text.push_str(&format!("  {:width$}  {}\n", reason.rule, reason.why));
    }
    if test.is_protected() {
        text.push_str("  the project is among those that `never-stop` names, or is not known\n");
    }
    text
}

/// What the tests of a policy lack.
pub(super) fn lines(open: &Uncovered) -> Vec<String> {
    let line =
        |what: &str, rules: &[String]| (!rules.is_empty()).then(|| format!("no test {what} {}", rules.join(", ")));
    line("breaks", &open.never_broken).into_iter().chain(line("passes", &open.never_passed)).collect()
}
