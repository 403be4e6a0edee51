//! The results as JUnit's XML: a suite a file, and one for the rules that are not covered.

use buildbrake_core::testing::Tested;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::text::{failure, lines};
use crate::commands::test::Results;

pub(crate) fn results(results: &Results) -> anyhow::Result<String> {
    let mut report = Report::new("buildbrake test");
    for file in &results.files {
        let mut suite = TestSuite::new(&file.file);
        suite.add_test_cases(file.tests.iter().map(|test| case(&file.file, test)));
        report.add_test_suite(suite);
    }
    if results.needs_coverage && !results.uncovered.is_empty() {
        let mut suite = TestSuite::new("coverage");
        for open in &results.uncovered {
            let mut case = TestCase::new(&open.policy, failed(&lines(open).join("; "), ""));
            case.set_classname("coverage");
            suite.add_test_case(case);
        }
        report.add_test_suite(suite);
    }
    Ok(format!("{}\n", report.to_string()?.trim_end()))
}

fn case(file: &str, test: &Tested) -> TestCase {
    let status = if test.passed {
        TestCaseStatus::success()
    } else {
        let different = test.expected.rows(&test.actual).into_iter().filter(|(_, expected, actual)| expected != actual);
        let message: Vec<String> = different
            .map(|(key, expected, actual)| format!("{key}: expected {expected}, and it is {actual}"))
            .collect();
        failed(&message.join("; "), &failure(test))
    };
    let mut case = TestCase::new(&test.name, status);
    case.set_classname(file);
    case.extra.insert("file".into(), file.into());
    case.extra.insert("line".into(), test.line.to_string().into());
    case
}

fn failed(message: &str, more: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_message(message);
    status.set_description(more);
    status
}
