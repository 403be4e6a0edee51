//! Policy tests: sample builds, and how a policy must judge them.
//!
//! A test file is YAML and is parsed like a policy: all faults are reported at once, each with
//! its place. The caller passes the function that reads files.

mod coverage;
mod hints;
mod members;
mod parse;
mod report;
mod running;
mod sources;
#[cfg(test)]
mod tests;

use jiff::Timestamp;

use self::running::RunningBeside;
use crate::{
    diagnostic::{Diagnostics, Place},
    explain::Reason,
    facts::{
        inquiry::{Case, Reply, Sample, Source, compare},
        supersession::LeftOut,
    },
    policy::Policy,
    verdict::{Action, Verdict},
};

pub use coverage::{Coverage, Uncovered};
pub use report::{Comparison, FileReport, Judgement, TestResult};

/// A file and its text.
#[derive(Clone, Debug)]
pub struct File {
    /// The name that faults show.
    pub name: String,
    /// The content.
    pub text: String,
}

/// The tests of one file, with their policy.
#[derive(Debug)]
pub struct PolicyTests {
    file: String,
    policy_file: File,
    policy: Policy,
    tests: Vec<Test>,
}

/// One test: a build, the time for which it is judged, and the expected judgement.
#[derive(Debug)]
struct Test {
    name: String,
    place: Place,
    sample: Sample,
    /// The project's other running builds and batches.
    running: Option<RunningBeside>,
    now: Timestamp,
    expected: Judgement,
}

impl PolicyTests {
    /// Parses a test file. `read` reads a file by the path that the test file contains, or
    /// returns why it cannot be read.
    ///
    /// # Errors
    /// All faults of the policy and of the test file.
    pub fn parse(file: &File, read: impl Fn(&str) -> Result<File, String>) -> Result<Self, Vec<Diagnostics>> {
        parse::tests(file, &read)
    }

    /// The findings about the policy, as `buildbrake check` reports them.
    pub fn lint(&self, now: Timestamp) -> Diagnostics {
        self.policy.lint(&self.policy_file.name, &self.policy_file.text, now)
    }

    /// Runs the tests whose name `is_chosen`, and adds the decisions of each rule to `coverage`.
    pub fn run(&self, is_chosen: impl Fn(&str) -> bool, coverage: &mut Coverage) -> FileReport {
        coverage.add_policy(&self.policy_file.name, &self.policy);
        let chosen = self.tests.iter().filter(|test| is_chosen(&test.name));
        let tests = chosen.map(|test| test.run(&self.policy, coverage));
        FileReport { tests: tests.collect(), file: self.file.clone(), policy: self.policy_file.name.clone() }
    }
}

impl Test {
    fn run(&self, policy: &Policy, coverage: &mut Coverage) -> TestResult {
        let case = self.judge(policy);
        let decisions = case.decisions(self.now);
        coverage.add(policy, &decisions);
        let verdict = case.verdict();
        let actual = Judgement::from(verdict);
        let mut reasons = case.reasons_of(decisions, self.now);
        for Reason { why, missing, .. } in &mut reasons {
            if let Some(hint) = missing.as_ref().and_then(|missing| hints::hint(missing, case.kind())) {
                why.push_str(&format!("; {hint}"));
            }
        }
        let passed = self.expected.compare(&actual).iter().all(Comparison::is_equal);
        TestResult {
            name: self.name.clone(),
            line: self.place.line,
            passed,
            notes: if passed { self.notes(verdict, &reasons) } else { Vec::new() },
            expected: self.expected.clone(),
            actual,
            now: self.now,
            reasons,
        }
    }

    /// A build may be allowed only because a rule could not be evaluated. Notes each such rule,
    /// unless the test or the rule says that this is intended.
    fn notes(&self, verdict: &Verdict, reasons: &[Reason]) -> Vec<String> {
        if self.expected.action != Action::Allow || self.expected.unknown.is_some() {
            return Vec::new();
        }
        let counts = |rule: &str| verdict.undecided.iter().any(|undecided| undecided.rule == rule && undecided.counts);
        let undecided = reasons.iter().filter(|reason| counts(&reason.rule));
        undecided.map(|reason| format!("passed, but `{}` {}", reason.rule, reason.why)).collect()
    }

    /// Judges the build, and compares it with the other running builds as a sweep does.
    fn judge<'a>(&self, policy: &'a Policy) -> Case<'a> {
        let mut case = Case::of_sample(policy, self.sample.clone(), self.now);
        let Some(running) = &self.running else {
            let nobody = Reply::Unavailable(Source::RunningBuilds, "the test gives no running builds".into());
            case.add(nobody, self.now);
            return case;
        };
        let mut others = running.cases(policy, &self.sample, self.now);
        let mut cases: Vec<&mut Case<'_>> = others.iter_mut().chain([&mut case]).collect();
        compare(&mut cases, &LeftOut::default(), self.now);
        case
    }
}
