//! Judges projects before they build: decides each rule of a policy as far as their settings allow.

mod build;
mod given;
mod project;
#[cfg(test)]
mod tests;

use jiff::{Timestamp, civil::Date};
use serde::Serialize;

use self::build::UNTIL_A_BUILD;
pub use self::{
    given::{Given, Setting},
    project::PlannedProject,
};
use crate::{
    checks::{Answer, CheckOption, Fit, OptionKind, Syntax},
    diagnostic::Place,
    facts::{Facts, MissingFact},
    policy::{Mode, OnUnknown, Policy, Rule},
    url,
    verdict::{Decision, Exempted, Undecided, Violation, decisions, in_scope},
};

/// The decisions of a policy about the build that starts with a project's settings.
#[derive(Clone, Debug, PartialEq)]
pub struct ProjectScan {
    /// `true` if builds of the project are never stopped; `None` if that is unknown.
    pub is_never_stopped: Option<bool>,
    /// The rules that are not off, in the order of the policy.
    pub rules: Vec<ScannedRule>,
}

/// The decision of a rule about such a build.
#[derive(Clone, Debug, PartialEq)]
pub struct ScannedRule {
    /// The rule's id.
    pub rule: String,
    /// The check's key.
    pub check: &'static str,
    /// The rule's mode at that moment.
    pub mode: Mode,
    /// The rule's reason.
    pub reason: Option<String>,
    /// Whom to ask about the rule.
    pub owner: Option<String>,
    /// The values that the rule allows or forbids.
    pub limit: String,
    /// The decision.
    pub answer: ScanAnswer,
    /// A digest of the values that the rule's expression reads, without secrets, if the settings break it. `found`
    /// names none of them.
    pub digest: Option<String>,
    /// The settings that the check looks at, as paths of the API's Project.
    pub settings: Vec<String>,
    /// The place of the setting that decides, if the file shows it.
    pub setting_place: Option<Place>,
    /// The place of the rule in the policy.
    pub place: Place,
}

/// The decision of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScanAnswer {
    /// The settings break the rule.
    Broken {
        /// The value that breaks it, without secrets.
        found: String,
    },
    /// The rule cannot be evaluated.
    Unknown {
        /// The unknown fact.
        missing: String,
        /// The reason why it is unknown.
        because: Because,
        /// The value that breaks the rule if it applies to the build.
        breaks: Option<String>,
    },
    /// The rule never applies to builds with these settings.
    CannotApply {
        /// The reason.
        why: String,
    },
    /// The settings break the rule, and the project is exempt.
    Exempt {
        /// The last day of the exemption, UTC.
        until: Option<Date>,
        /// The reason for the exemption.
        reason: Option<String>,
    },
    /// The settings pass.
    Passes,
}

/// The reason why a fact is unknown before a build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Because {
    /// Only a build shows it: its branch, its initiator, its duration.
    NoBuildYet,
    /// The template or the plan does not show it, for this reason.
    NotGiven(String),
    /// It stays unknown for each build with these settings.
    Never,
}

/// The kinds of decisions, in the order in which they are reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AnswerKind {
    /// [`ScanAnswer::Broken`].
    Broken,
    /// [`ScanAnswer::Unknown`].
    Unknown,
    /// [`ScanAnswer::Exempt`].
    Exempt,
    /// [`ScanAnswer::CannotApply`].
    CannotApply,
    /// [`ScanAnswer::Passes`].
    Passes,
}

impl ScanAnswer {
    /// The kind of the decision.
    pub fn kind(&self) -> AnswerKind {
        match self {
            Self::Broken { .. } => AnswerKind::Broken,
            Self::Unknown { .. } => AnswerKind::Unknown,
            Self::Exempt { .. } => AnswerKind::Exempt,
            Self::CannotApply { .. } => AnswerKind::CannotApply,
            Self::Passes => AnswerKind::Passes,
        }
    }
}

/// Judges the build that starts with a project's settings, at this moment.
pub fn scan(policy: &Policy, project: &PlannedProject, now: Timestamp) -> ProjectScan {
    let facts = Facts {
        planned: Some(&project.planned),
        prices: Some(&policy.prices),
        ..Facts::known(&project.build, true, Some(&project.project), now)
    };
    let rules = policy.rules.iter().zip(decisions(policy, facts.clone()));
    let rules = rules.filter_map(|(rule, (_, decision))| {
        let mode = rule.mode.at(now).min(policy.ceiling);
        let answer = (mode != Mode::Off).then(|| answer(rule, decision, project, &facts))?;
        let settings = settings(rule);
        Some(ScannedRule {
            setting_place: setting_place(rule, &answer, &settings, project),
            place: rule.place,
            rule: rule.id.clone(),
            check: rule.kind.id,
            mode,
            reason: rule.reason.clone(),
            owner: rule.owner.clone(),
            limit: rule.check.limit(),
            digest: digest(rule, &answer, &facts),
            answer,
            settings,
        })
    });
    let is_never_stopped = match (&policy.never_stop, project.name()) {
        (None, _) => Some(false),
        (Some(projects), Some(name)) => Some(projects.any_fits(name)),
        (Some(_), None) => None,
    };
    ProjectScan { is_never_stopped, rules: rules.collect() }
}

fn answer(rule: &Rule, decision: Decision, project: &PlannedProject, facts: &Facts<'_>) -> ScanAnswer {
    if in_scope(rule, facts) == Fit::No {
        return ScanAnswer::CannotApply { why: "no selector in `only` matches the project".to_owned() };
    }
    match decision {
        Decision::Off | Decision::OutOfScope => {
            ScanAnswer::CannotApply { why: "no selector in `only` matches the project".to_owned() }
        }
        Decision::Passes => match rule.check.never_applies(facts) {
            Some(why) => ScanAnswer::CannotApply { why: why.to_owned() },
            None => ScanAnswer::Passes,
        },
        Decision::Exempt(Exempted { until, reason, .. }) => ScanAnswer::Exempt { until, reason },
        Decision::Broken(Violation { found, .. }) => ScanAnswer::Broken { found },
        Decision::Unknown(Undecided { missing, .. }, _) => {
            let because = because(&missing, project);
            let missing = url::redacted(&missing.to_string()).into_owned();
            match (rule.on_unknown, &because) {
                // The rule stops each build with these settings.
                (OnUnknown::Stop, Because::Never) => ScanAnswer::Broken { found: format!("unknown: {missing}") },
                _ => ScanAnswer::Unknown {
                    missing,
                    because,
                    breaks: match rule.check.decide(facts) {
                        Answer::Broken(found) => Some(url::redacted(&found).into_owned()),
                        Answer::Pass | Answer::Unknown(_) => None,
                    },
                },
            }
        }
    }
}

fn digest(rule: &Rule, answer: &ScanAnswer, facts: &Facts<'_>) -> Option<String> {
    match (rule.check.option(), answer) {
        (CheckOption::DenyWhen(expression), ScanAnswer::Broken { .. }) => Some(expression.digest_of_values(facts)),
        _ => None,
    }
}

fn because(missing: &MissingFact, project: &PlannedProject) -> Because {
    let of_build = |member: &str| match project.planned.build.why_part(member) {
        Some(UNTIL_A_BUILD) => Because::NoBuildYet,
        Some(why) => Because::NotGiven(why.to_owned()),
        None => Because::Never,
    };
    match missing {
        MissingFact::Absent(member) => of_build(member),
        MissingFact::AbsentMember(path) => match path.split_once('.') {
            Some(("build", member)) => of_build(member),
            Some(("project", member)) => match project.planned.project.why_part(member) {
                Some(why) => Because::NotGiven(why.to_owned()),
                None => Because::Never,
            },
            _ => Because::NoBuildYet,
        },
        MissingFact::NoProject | MissingFact::OldProject | MissingFact::NoBatch | MissingFact::Unresolved { .. } => {
            Because::NoBuildYet
        }
        MissingFact::Unknown { .. } | MissingFact::Denied { .. } => Because::Never,
    }
}

/// The place of the setting that decides: of the first variable that breaks the rule, or of the first setting
/// that the check looks at.
fn setting_place(rule: &Rule, answer: &ScanAnswer, settings: &[String], project: &PlannedProject) -> Option<Place> {
    let variable = match answer {
        ScanAnswer::Broken { found } | ScanAnswer::Unknown { breaks: Some(found), .. }
            if matches!(rule.kind.option, OptionKind::Forbidden(Syntax::Variable, _)) =>
        {
            project.place_of_variable(found.split(", ").next().unwrap_or_default())
        }
        _ => None,
    };
    variable.or_else(|| project.place(settings.first()?))
}

/// The settings that a check looks at. A structure is left out if the check looks at its members alone.
fn settings(rule: &Rule) -> Vec<String> {
    let of_build: Vec<&str> = match rule.check.option() {
        CheckOption::DenyWhen(expression) => expression.build_members().collect(),
        _ => rule.kind.about.reads.to_vec(),
    };
    let is_within = |path: &str, outer: &str| path.strip_prefix(outer).is_some_and(|rest| rest.starts_with('.'));
    let innermost = of_build.iter().filter(|outer| !of_build.iter().any(|path| is_within(path, outer)));
    innermost.map(|path| build::project_path(path)).collect()
}
