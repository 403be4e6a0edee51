//! The projects of a selector, as far as ARNs can name them.

use std::{fmt, iter};

use crate::{
    checks::{ArnPart, Patterns, Subject},
    model::RunKind,
    pattern::Pattern,
    policy::{Criterion, Selector},
};

/// Projects by region, account and name. Each is a list of patterns, or `None` for all.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Area {
    pub(super) regions: Option<Vec<Pattern>>,
    pub(super) accounts: Option<Vec<Pattern>>,
    pub(super) projects: Option<Vec<Pattern>>,
}

/// The smallest area that contains every project that a selector matches.
pub(super) struct Widened {
    pub(super) area: Area,
    /// The criteria of the selector that no ARN contains.
    pub(super) unseen: Vec<&'static str>,
}

impl Area {
    /// `None` if the selector matches nothing of this kind.
    pub(super) fn widened(selector: &Selector, kind: RunKind) -> Option<Widened> {
        if !selector.may_fit(kind) {
            return None;
        }
        let mut area = Self::default();
        let mut unseen = Vec::new();
        for criterion in selector.criteria() {
            match criterion {
                Criterion::Kinds(_) => {}
                Criterion::Among(Subject { arn_part: Some(part), .. }, patterns) => {
                    area = area.limited_to(*part, patterns.iter().cloned().collect());
                }
                Criterion::Among(subject, _) => unseen.push(subject.name),
                Criterion::StartedBy(_) => unseen.push("starter"),
                Criterion::Tagged(..) => unseen.push("tags"),
                Criterion::When(_) => unseen.push("expression"),
            }
        }
        Some(Widened { area, unseen })
    }

    pub(super) fn of_projects(projects: &Patterns) -> Self {
        Self { projects: Some(projects.iter().cloned().collect()), ..Self::default() }
    }

    pub(super) fn is_everything(&self) -> bool {
        self.arns().iter().any(Arn::is_everything)
    }

    /// Every combination of its patterns.
    pub(super) fn arns(&self) -> Vec<Arn> {
        let [regions, accounts, projects] = [&self.regions, &self.accounts, &self.projects]
            .map(|patterns| patterns.clone().unwrap_or_else(|| vec![Pattern::everything()]));
        let mut arns = Vec::new();
        for region in &regions {
            for account in &accounts {
                arns.extend(projects.iter().map(|project| Arn([region, account, project].map(Pattern::clone))));
            }
        }
        arns
    }

    fn limited_to(mut self, part: ArnPart, patterns: Vec<Pattern>) -> Self {
        let limited = match part {
            ArnPart::Region => &mut self.regions,
            ArnPart::Account => &mut self.accounts,
            ArnPart::Project => &mut self.projects,
        };
        *limited = Some(patterns);
        self
    }
}

/// Patterns of a region, an account and a project's name.
#[derive(Clone, Debug)]
pub(super) struct Arn([Pattern; 3]);

impl Arn {
    pub(super) fn is_everything(&self) -> bool {
        self.0.iter().all(Pattern::is_everything)
    }

    /// Returns whether no project matches both.
    pub(super) fn is_disjoint(&self, other: &Self) -> bool {
        iter::zip(&self.0, &other.0).any(|(one, other)| !one.overlaps(other))
    }

    /// Returns whether it matches every project that `other` matches.
    pub(super) fn covers(&self, other: &Self) -> bool {
        iter::zip(&self.0, &other.0).all(|(wide, narrow)| wide.covers(narrow))
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [region, account, project] = &self.0;
        // `*` matches every partition; IAM has no variable for it.
        write!(f, "arn:*:codebuild:{region}:{account}:project/{project}")
    }
}
