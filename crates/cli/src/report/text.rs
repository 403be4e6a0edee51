//! Test results as text.

use buildbrake_core::{
    diagnostic::printable,
    testing::{FileReport, TestResult, Uncovered},
    verdict::Action,
};

use crate::{
    commands::test::TestResults,
    output::{FAILED, Verbosity, verbosity},
};

/// One line per file, failures in full, the rules that are not covered, and the totals.
pub(crate) fn results(results: &TestResults) -> String {
    let mut text = String::new();
    for file in &results.files {
        text.push_str(&report(file));
    }
    let names_uncovered = results.needs_coverage || has_notes();
    let mark = if results.needs_coverage { format!("{FAILED}FAILED{FAILED:#} ") } else { String::new() };
    for open in results.uncovered.iter().filter(|_| names_uncovered) {
        for line in uncovered(open) {
            text.push_str(&format!("{mark}{}: {line}\n", open.policy));
        }
    }
    text.push_str(&format!("{} passed, {} failed\n", results.passed, results.failed));
    text
}

/// Returns whether notes are printed. Rules that are not covered are a note, unless `--coverage` makes them a failure.
fn has_notes() -> bool {
    verbosity() >= Verbosity::Normal
}

fn report(FileReport { file, tests, .. }: &FileReport) -> String {
    let failures: Vec<&TestResult> = tests.iter().filter(|test| !test.passed).collect();
    let mut text = format!("{file}: {} passed, {} failed\n", tests.len() - failures.len(), failures.len());
    for test in tests.iter().filter(|test| !test.notes.is_empty() && has_notes()) {
        text.push_str(&format!("  NOTE {file}:{}: {}\n", test.line, shown(&test.name)));
        for note in &test.notes {
            text.push_str(&format!("    {}\n", shown(note)));
        }
    }
    for test in &failures {
        text.push_str(&format!("\n  {FAILED}FAILED{FAILED:#} {}:{}: {}\n\n", file, test.line, shown(&test.name)));
        for line in failure(test).lines() {
            let line = format!("    {}", shown(line));
            text.push_str(&format!("{}\n", line.trim_end()));
        }
    }
    if !failures.is_empty() {
        text.push('\n');
    }
    text
}

/// A text of a test or of its build, without control characters that a terminal would heed.
fn shown(text: &str) -> String {
    printable(text, usize::MAX)
}

/// The expected judgement beside the actual one, and the decision of each rule.
pub(super) fn failure(test: &TestResult) -> String {
    let rows = test.expected.compare(&test.actual);
    let width = rows.iter().map(|row| row.expected.chars().count()).chain(["expected".len()]).max();
    let width = width.unwrap_or_default();
    let mut text = format!("           {:width$}  actual\n", "expected");
    for row in rows {
        let mark = if row.is_equal() { ' ' } else { '!' };
        text.push_str(&format!("{mark} {:7}  {:width$}  {}\n", row.key, row.expected, row.actual));
    }
    text.push_str(&format!("\njudged at {}:\n", test.now));
    let width = test.reasons.iter().map(|reason| reason.rule.len()).max().unwrap_or_default();
    for reason in &test.reasons {
        text.push_str(&format!("  {:width$}  {}\n", reason.rule, reason.why));
    }
    if test.actual.action == Action::Protect {
        text.push_str("  the project matches `never-stop`, or is unknown\n");
    }
    text
}

/// One line for the rules that no tested build breaks, one for those that none passes, one for the exemptions
/// that none needs, and one for the rules that would stop every tested build.
pub(super) fn uncovered(open: &Uncovered) -> Vec<String> {
    let line = |what: &str, rules: &[String]| (!rules.is_empty()).then(|| format!("{what} {}", rules.join(", ")));
    let exemptions = open.never_exempted.iter().map(|one| format!("{} (line {})", one.rule, one.line));
    let exemptions: Vec<String> = exemptions.collect();
    let lines = [
        line("no tested build breaks", &open.never_broken),
        line("no tested build passes", &open.never_passed),
        line("no tested build needs the exemption of", &exemptions),
        line("every tested build would be stopped by", &open.stop_every_build),
    ];
    lines.into_iter().flatten().collect()
}
