//! The members of a Build by which a policy judges it.

use super::{Policy, Rule};
use crate::{
    checks::CheckOption,
    expression::{Expression, Variable},
};

/// The members that identify a build, and show its state and its times.
const OF_EVERY_BUILD: [&str; 10] = [
    "id",
    "arn",
    "projectName",
    "buildStatus",
    "buildComplete",
    "startTime",
    "endTime",
    "initiator",
    "buildBatchArn",
    "autoRetryConfig",
];
/// The members that show a build's starter, branch, reference and repository.
pub(crate) const ORIGINS: [&str; 4] = ["sourceVersion", "resolvedSourceVersion", "source.type", "source.location"];
const PHASES: [&str; 3] = ["phases.phaseType", "phases.startTime", "phases.endTime"];
const PRICED: [&str; 4] =
    ["environment.computeType", "environment.type", "environment.fleet", "environment.dockerServer"];

impl Policy {
    /// The paths of the members that the policy reads of a build that has ended at a known time. `None` if the
    /// verdict on most builds depends on more than the Build.
    pub(crate) fn build_members(&self) -> Option<Vec<&str>> {
        let mut members = OF_EVERY_BUILD.to_vec();
        if !self.prices.is_empty() {
            members.extend(PRICED.iter().chain(&PHASES));
        }
        for rule in self.rules.iter().filter(|rule| !rule.is_off()) {
            rule.add_build_members(&mut members)?;
        }
        Some(members)
    }
}

impl Rule {
    fn add_build_members<'a>(&'a self, members: &mut Vec<&'a str>) -> Option<()> {
        match self.check.option() {
            CheckOption::MaxDollars(_) | CheckOption::ForbiddenOverrides(_) | CheckOption::NewestPer(_) => return None,
            CheckOption::MaxDuration(_)
            | CheckOption::Forbidden(_)
            | CheckOption::Allowed(_)
            | CheckOption::DenyWhen(_) => members.extend(self.kind.about.reads),
        }
        if self.is_timed() || self.changes_with_phases() {
            members.extend(PHASES);
        }
        if self.looks_at_origins() {
            members.extend(ORIGINS);
        }
        self.expressions().try_for_each(|expression| add_members_of(expression, members))
    }

    /// Returns whether the rule may read members in `ORIGINS`. Any expression and any selector may do so.
    fn looks_at_origins(&self) -> bool {
        let has_selectors = !self.only.is_empty() || !self.except.is_empty();
        let mut reads = self.kind.about.reads.iter();
        has_selectors || self.expressions().next().is_some() || reads.any(|read| ORIGINS.contains(read))
    }
}

fn add_members_of<'a>(expression: &'a Expression, members: &mut Vec<&'a str>) -> Option<()> {
    let paths = expression.build_members().map(|path| path.split('.').next().unwrap_or(path));
    let known = members.len();
    members.extend(paths);
    for variable in expression.reads() {
        match variable {
            Variable::Build if members.len() == known => return None,
            Variable::Cost | Variable::Project | Variable::Batch => return None,
            Variable::Build
            | Variable::Account
            | Variable::Region
            | Variable::Branch
            | Variable::Ref
            | Variable::StartedBy
            | Variable::Running
            | Variable::Now => {}
        }
    }
    Some(())
}
