//! The results of a scan.

use std::collections::BTreeMap;

use buildbrake_core::{
    diagnostic::Place,
    policy::Policy,
    scan::{AnswerKind, Because, ProjectScan, ScanAnswer, ScannedRule, scan},
};
use jiff::Timestamp;

use super::{
    Project, Projects, SkippedInput,
    baseline::{Baseline, BaselineEntry, BaselineScope},
};

/// The results of scanning some projects.
pub(crate) struct ScanResults {
    pub(crate) projects: Vec<ScannedProject>,
    pub(crate) left_out: Vec<SkippedResult>,
    /// The baseline entries that match no finding any more.
    pub(crate) gone: Vec<BaselineEntry>,
    /// The baseline entries about projects that are not scanned.
    others: Vec<BaselineEntry>,
}

/// A project, with what each rule decides.
pub(crate) struct ScannedProject {
    pub(crate) project: Project,
    pub(crate) is_never_stopped: Option<bool>,
    pub(crate) rules: Vec<ProjectRuleResult>,
}

/// The decision of a rule about a project.
pub(crate) struct ProjectRuleResult {
    pub(crate) rule: ScannedRule,
    /// The place of the setting that decides.
    pub(crate) place: Option<Place>,
    /// `true` if that setting is left out, so that CodeBuild's default decides.
    pub(crate) is_default: bool,
    pub(crate) status: Status,
}

/// A part of an input that is not judged.
pub(crate) struct SkippedResult {
    pub(crate) input: SkippedInput,
    pub(crate) status: Status,
}

/// The effect of a decision, or of a part that is not judged, on the exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// It is not a finding.
    NoFinding,
    /// It is a finding that the baseline accepts.
    Accepted,
    /// It is a new finding.
    Finding,
}

/// The numbers of a rule's decisions.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) broken: usize,
    pub(crate) unknown: usize,
    /// Unknown until a build runs.
    pub(crate) at_a_build: usize,
    pub(crate) exempt: usize,
    pub(crate) cannot_apply: usize,
    pub(crate) passes: usize,
}

impl ScanResults {
    /// Judges projects. With `denies_unknown`, a part that is not judged is a finding, and so is an unknown decision
    /// unless it is unknown only because no build runs yet.
    pub(crate) fn of(
        policy: &Policy,
        projects: Projects,
        mut baseline: Baseline,
        scope: &BaselineScope,
        denies_unknown: bool,
        now: Timestamp,
    ) -> Self {
        let Projects { projects, left_out, .. } = projects;
        let scanned = projects.into_iter().map(|project| {
            let ProjectScan { is_never_stopped, rules } = scan(policy, &project.settings, now);
            let rules = rules.into_iter().map(|rule| {
                let setting = rule.settings.first();
                let is_default = setting.is_some_and(|setting| project.settings.is_default(setting));
                let status = match is_finding(&rule.answer, denies_unknown) {
                    false => Status::NoFinding,
                    true if baseline.accept(&BaselineEntry::of(&project.origin, &rule)) => Status::Accepted,
                    true => Status::Finding,
                };
                ProjectRuleResult { place: rule.setting_place.or(project.origin.place), is_default, rule, status }
            });
            let rules = rules.collect();
            ScannedProject { project, is_never_stopped, rules }
        });
        let projects: Vec<ScannedProject> = scanned.collect();
        let left_out = left_out.into_iter().map(|input| {
            let status = match denies_unknown {
                false => Status::NoFinding,
                true if baseline.accept(&BaselineEntry::of_skipped(&input)) => Status::Accepted,
                true => Status::Finding,
            };
            SkippedResult { input, status }
        });
        let left_out = left_out.collect();
        let origins = projects.iter().map(|scanned| &scanned.project.origin);
        let scope = scope.clone().with(origins);
        let (gone, others) = baseline.unused().into_iter().partition(|entry| scope.has(entry));
        Self { projects, left_out, gone, others }
    }

    /// The number of decisions, and of parts that are not judged, of a status.
    pub(crate) fn count(&self, status: Status) -> usize {
        let left_out = self.left_out.iter().map(|skipped| skipped.status);
        self.each().map(|(_, result)| result.status).chain(left_out).filter(|other| *other == status).count()
    }

    /// Each decision with its project.
    pub(crate) fn each(&self) -> impl Iterator<Item = (&ScannedProject, &ProjectRuleResult)> {
        self.projects.iter().flat_map(|project| project.rules.iter().map(move |rule| (project, rule)))
    }

    /// Returns the entries of a baseline that accepts all findings. Keeps the entries about projects that are not
    /// scanned.
    pub(crate) fn entries(&self) -> Vec<BaselineEntry> {
        let findings = self.each().filter(|(_, result)| result.status != Status::NoFinding);
        let findings = findings.map(|(project, result)| BaselineEntry::of(&project.project.origin, &result.rule));
        let left_out = self.left_out.iter().filter(|skipped| skipped.status != Status::NoFinding);
        let left_out = left_out.map(|skipped| BaselineEntry::of_skipped(&skipped.input));
        findings.chain(left_out).chain(self.others.iter().cloned()).collect()
    }

    /// The numbers of decisions by rule.
    pub(crate) fn by_rule(&self) -> BTreeMap<&str, Counts> {
        let mut by_rule: BTreeMap<&str, Counts> = BTreeMap::new();
        for (_, result) in self.each() {
            let counts = by_rule.entry(&result.rule.rule).or_default();
            let count = match (result.rule.answer.kind(), &result.rule.answer) {
                (AnswerKind::Unknown, ScanAnswer::Unknown { because: Because::NoBuildYet, .. }) => {
                    &mut counts.at_a_build
                }
                (AnswerKind::Broken, _) => &mut counts.broken,
                (AnswerKind::Unknown, _) => &mut counts.unknown,
                (AnswerKind::Exempt, _) => &mut counts.exempt,
                (AnswerKind::CannotApply, _) => &mut counts.cannot_apply,
                (AnswerKind::Passes, _) => &mut counts.passes,
            };
            *count += 1;
        }
        by_rule
    }
}

fn is_finding(answer: &ScanAnswer, denies_unknown: bool) -> bool {
    match answer {
        ScanAnswer::Broken { .. } => true,
        ScanAnswer::Unknown { because: Because::NotGiven(_) | Because::Never, .. } => denies_unknown,
        ScanAnswer::Unknown { because: Because::NoBuildYet, .. }
        | ScanAnswer::CannotApply { .. }
        | ScanAnswer::Exempt { .. }
        | ScanAnswer::Passes => false,
    }
}
