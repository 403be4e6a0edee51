//! The members of a Build by which a policy judges it.

use super::{Policy, Rule};
use crate::{
    checks::CheckOption,
    expression::{Expression, Variable},
};

/// The members that identify a build, show its state and its times, and those that selectors look at.
const OF_EVERY_BUILD: [&str; 14] = [
    "id",
    "arn",
    "projectName",
    "buildStatus",
    "buildComplete",
    "startTime",
    "endTime",
    "initiator",
    "sourceVersion",
    "resolvedSourceVersion",
    "source.type",
    "source.location",
    "buildBatchArn",
    "autoRetryConfig",
];
const PHASES: [&str; 3] = ["phases.phaseType", "phases.startTime", "phases.endTime"];
const PRICED: [&str; 4] =
    ["environment.computeType", "environment.type", "environment.fleet", "environment.dockerServer"];

impl Policy {
    /// The paths of the members that it reads of a build that has ended, at a known time. `None` if its
    /// verdict depends on more than the Build in most cases.
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
        self.expressions().try_for_each(|expression| add_members_of(expression, members))
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
