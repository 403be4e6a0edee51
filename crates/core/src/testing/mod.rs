//! Policy tests: sample builds, and how a policy must judge them.
//!
//! A test file is YAML and is parsed like a policy: all faults are reported at once, each with
//! its place. The caller passes in how files are read.

mod coverage;
mod hints;
mod members;
mod parse;
mod report;
mod sources;
#[cfg(test)]
mod tests;

use jiff::Timestamp;

use crate::{
    diagnostic::{Diagnostics, Place},
    explain::{Reason, reasons_of},
    facts::{
        Facts,
        pipeline::PipelineAnswer,
        remote_refs::RefsAtCommit,
        supersession::{LeftOut, RunningBuild, Supersession},
    },
    model::{Build, BuildBatch, Project, RunKind},
    policy::Policy,
    verdict::{Action, Decision, Verdict, decisions, judge_by, running_build},
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
    /// What the build really is: a sandbox is judged in the form of a build.
    kind: RunKind,
    build: Build,
    /// `true` if the build has all members that the API knows of it. An event contains fewer.
    is_whole: bool,
    /// `true` if the test sets the phases. Those of an event may be out of date.
    sets_phases: bool,
    project: Option<Project>,
    batch: Option<BuildBatch>,
    /// What CodePipeline and git would answer at the build's start.
    pipeline: Option<PipelineAnswer>,
    remote: Option<RefsAtCommit>,
    /// What else runs of the project.
    running: Option<Running>,
    now: Timestamp,
    expected: Judgement,
}

/// The other running builds and batches of a test's project.
#[derive(Debug)]
struct Running {
    builds: Vec<Build>,
    batches: Vec<BuildBatch>,
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
        let supersession = self.supersession(policy);
        let facts = self.facts(supersession.as_ref());
        let decisions: Vec<Decision> = decisions(policy, facts.clone()).map(|(_, decision)| decision).collect();
        coverage.add(policy, &decisions);
        let verdict = judge_by(policy, &facts);
        let actual = Judgement::from(&verdict);
        let mut reasons = reasons_of(policy, facts.clone(), decisions);
        for Reason { why, missing, .. } in &mut reasons {
            if let Some(hint) = missing.as_ref().and_then(hints::hint) {
                why.push_str(&format!("; {hint}"));
            }
        }
        let passed = self.expected.compare(&actual).iter().all(Comparison::is_equal);
        TestResult {
            name: self.name.clone(),
            line: self.place.line,
            passed,
            notes: if passed { self.notes(&verdict, &reasons) } else { Vec::new() },
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

    /// Compares the build with the others that run.
    fn supersession(&self, policy: &Policy) -> Option<Supersession> {
        let Running { builds, batches } = self.running.as_ref()?;
        let facts = |build| Facts { is_sample: true, ..Facts::known(build, true, self.project.as_ref(), self.now) };
        let named = |of: RunningBuild, kind: &str, index: usize| match of.id.is_empty() {
            true => of.named(&format!("{kind}[{index}]")),
            false => of,
        };
        // The builds of a batch are no others of their own.
        let builds = builds.iter().enumerate().filter(|(_, build)| build.build_batch_arn.is_none());
        let builds = builds.map(|(index, build)| named(running_build(policy, &facts(build)), "running-builds", index));
        let of_batches: Vec<Build> = batches.iter().map(BuildBatch::as_build).collect();
        let batches = batches.iter().zip(&of_batches).enumerate().map(|(index, (batch, build))| {
            let facts = Facts { build_batch: Some(batch), ..facts(build) };
            named(running_build(policy, &facts), "running-batches", index)
        });
        let mut others: Vec<RunningBuild> = builds.chain(batches).collect();
        others.sort_by_key(|other| other.start.newest_first());
        Some(Supersession::of(&running_build(policy, &self.facts(None)), &others, &LeftOut::default()))
    }

    fn facts<'a>(&'a self, supersession: Option<&'a Supersession>) -> Facts<'a> {
        let facts = Facts::known(&self.build, self.is_whole, self.project.as_ref(), self.now);
        Facts {
            kind: self.kind,
            has_current_phases: self.sets_phases,
            is_sample: true,
            build_batch: self.batch.as_ref(),
            pipeline: self.pipeline.as_ref(),
            remote: self.remote.as_ref(),
            supersession,
            ..facts
        }
    }
}
