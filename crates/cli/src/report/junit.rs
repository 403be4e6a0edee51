//! Test results as JUnit XML: one suite for each file, one for the faults of each faulty file, and, with
//! `--coverage`, one for the rules and exemptions that are not covered.

use buildbrake_core::{
    diagnostic::{Finding, Place},
    testing::TestResult,
};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::text::{failure, uncovered};
use crate::commands::test::TestResults;

pub(crate) fn results(results: &TestResults) -> anyhow::Result<String> {
    let mut report = Report::new("buildbrake test");
    for file in &results.files {
        let mut suite = TestSuite::new(&file.file);
        suite.add_test_cases(file.tests.iter().map(|test| case(&file.file, test)));
        report.add_test_suite(suite);
    }
    for errors in results.errors.chunk_by(|one, other| one.file == other.file) {
        let file = errors.first().map(|error| error.file.as_str()).unwrap_or_default();
        let mut suite = TestSuite::new(file);
        suite.add_test_cases(errors.iter().map(error_case));
        report.add_test_suite(suite);
    }
    if results.needs_coverage && !results.uncovered.is_empty() {
        let mut suite = TestSuite::new("coverage");
        for open in &results.uncovered {
            let mut case =
                TestCase::new(&open.policy, not_passed(NonSuccessKind::Failure, &uncovered(open).join("; "), ""));
            case.set_classname("coverage");
            suite.add_test_case(case);
        }
        report.add_test_suite(suite);
    }
    Ok(format!("{}\n", report.to_string()?.trim_end()))
}

fn case(file: &str, test: &TestResult) -> TestCase {
    let status = if test.passed {
        TestCaseStatus::success()
    } else {
        let rows = test.expected.compare(&test.actual).into_iter().filter(|row| !row.is_equal());
        let message: Vec<String> =
            rows.map(|row| format!("{}: expected {}, actual {}", row.key, row.expected, row.actual)).collect();
        not_passed(NonSuccessKind::Failure, &message.join("; "), &failure(test))
    };
    let mut case = TestCase::new(&test.name, status);
    case.set_classname(file);
    if !test.notes.is_empty() {
        case.set_system_out(test.notes.join("\n"));
    }
    case.extra.insert("file".into(), file.into());
    case.extra.insert("line".into(), test.line.to_string().into());
    case
}

fn error_case(error: &Finding) -> TestCase {
    let status = not_passed(NonSuccessKind::Error, &error.message, &error.help);
    let mut case = TestCase::new(format!("{}: {}", error.code.id(), error.message), status);
    case.set_classname(&error.file);
    case.extra.insert("file".into(), error.file.as_str().into());
    if let Some(Place { line, .. }) = error.place {
        case.extra.insert("line".into(), line.to_string().into());
    }
    case
}

fn not_passed(kind: NonSuccessKind, message: &str, more: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_message(message);
    status.set_description(more);
    status
}
