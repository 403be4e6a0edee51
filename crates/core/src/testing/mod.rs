//! Policy tests: what a policy must make of a build, written down and held against it.
//!
//! A test file is YAML, read as the policy is: every fault at once, each with its place.
//! Reading the files that it names is the caller's, who passes in how.

mod coverage;
mod members;
mod parse;
mod report;
#[cfg(test)]
mod tests;

use jiff::Timestamp;

use crate::{
    facts::Facts,
    model::Build,
    model::Project,
    policy::Policy,
    verdict::{Action, judge_by},
    yaml::fault::{Faults, Place},
};

pub use coverage::{Coverage, Uncovered};
pub use report::{Outcome, Reason, Report, Tested};

/// A file that was read.
#[derive(Clone, Debug)]
pub struct File {
    /// What its faults call it.
    pub name: String,
    /// What it says.
    pub text: String,
}

/// The tests of one file, and the policy that they are of.
#[derive(Debug)]
pub struct PolicyTests {
    file: String,
    policy_file: String,
    policy: Policy,
    tests: Vec<Test>,
}

/// One test: a build, the moment it is judged at, and what must become of it.
#[derive(Debug)]
struct Test {
    name: String,
    place: Place,
    build: Build,
    /// Whether the build is all that the API knows of it; an event's is not.
    is_whole: bool,
    project: Option<Project>,
    now: Timestamp,
    expected: Expected,
}

/// What must become of a build. A list that is not given is not looked at.
#[derive(Clone, Debug)]
struct Expected {
    action: Action,
    broken: Option<Vec<String>>,
    unknown: Option<Vec<String>>,
    exempt: Option<Vec<String>>,
}

impl PolicyTests {
    /// Reads a test file. `read` reads a file that it names by a path of its own, or
    /// says why it cannot be read.
    ///
    /// # Errors
    /// All faults at once: of the policy, where that has some, and of the test file.
    pub fn parse(file: &File, read: impl Fn(&str) -> Result<File, String>) -> Result<Self, Vec<Faults>> {
        parse::tests(file, &read)
    }

    /// The policy file, as it was read.
    pub fn policy_file(&self) -> &str {
        &self.policy_file
    }

    /// Runs the tests whose name `is_chosen`, and notes in `coverage` what each rule said.
    pub fn run(&self, is_chosen: impl Fn(&str) -> bool, coverage: &mut Coverage) -> Report {
        coverage.add_policy(&self.policy_file, &self.policy);
        let mut report = Report { file: self.file.clone(), policy: self.policy_file.clone(), tests: Vec::new() };
        for test in self.tests.iter().filter(|test| is_chosen(&test.name)) {
            let facts = test.facts();
            coverage.add(&self.policy, facts.clone());
            let actual = Outcome::from(&judge_by(&self.policy, &facts));
            report.tests.push(Tested {
                name: test.name.clone(),
                line: test.place.line,
                passed: actual.fits(&test.expected),
                expected: Outcome::from(&test.expected),
                actual,
                now: test.now,
                reasons: report::reasons(&self.policy, facts),
            });
        }
        report
    }
}

impl Test {
    fn facts(&self) -> Facts<'_> {
        Facts::known(&self.build, self.is_whole, self.project.as_ref(), self.now)
    }
}
