//! What of a selector the ARN of a project tells.

use std::fmt;

use crate::{
    checks::{
        Patterns, Subject,
        prevention::{ArnPart, Seen},
    },
    policy::{Condition, Selector},
};

/// Projects by region, account and name: patterns of which any may fit, or `None` for all.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Area {
    pub(super) regions: Option<Vec<String>>,
    pub(super) accounts: Option<Vec<String>>,
    pub(super) projects: Option<Vec<String>>,
}

/// The least area that holds all that a selector fits.
pub(super) struct Widened {
    /// `None` where the selector can fit no project at all.
    pub(super) area: Option<Area>,
    /// What the selector selects by besides, and no ARN tells.
    pub(super) unseen: Vec<&'static str>,
}

impl Area {
    pub(super) fn widened(selector: &Selector) -> Widened {
        let mut area = Some(Self::default());
        let mut unseen = Vec::new();
        for condition in selector.conditions() {
            let (part, patterns) = match condition {
                Condition::Among(Subject { seen: Seen::Arn(part), .. }, patterns) => (part, patterns),
                Condition::Among(subject, _) => {
                    unseen.push(subject.name);
                    continue;
                }
                Condition::Tagged(..) => {
                    unseen.push("tags");
                    continue;
                }
                Condition::When(_) => {
                    unseen.push("expression");
                    continue;
                }
            };
            let possible = possible(patterns);
            area = area.filter(|_| !possible.is_empty()).map(|mut area| {
                *match part {
                    ArnPart::Region => &mut area.regions,
                    ArnPart::Account => &mut area.accounts,
                    ArnPart::Project => &mut area.projects,
                } = Some(possible);
                area
            });
        }
        Widened { area, unseen }
    }

    pub(super) fn of_projects(projects: &Patterns) -> Self {
        Self { projects: Some(possible(projects)), ..Self::default() }
    }

    pub(super) fn is_everything(&self) -> bool {
        self.arns().iter().any(|arn| *arn == Arn::EVERYTHING)
    }

    /// Every combination of its patterns.
    pub(super) fn arns(&self) -> Vec<Arn> {
        let all = || vec!["*".to_owned()];
        let regions = self.regions.clone().unwrap_or_else(all);
        let accounts = self.accounts.clone().unwrap_or_else(all);
        let projects = self.projects.clone().unwrap_or_else(all);
        let mut arns = Vec::new();
        for region in &regions {
            for account in &accounts {
                arns.extend(projects.iter().map(|project| Arn([region, account, project].map(String::clone))));
            }
        }
        arns
    }
}

/// The patterns that a region, an account or a project can fit. The others must not get into
/// an ARN, whose parts a `:` would shift. A project is called by letters, digits, `-` and `_`.
/// <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_CreateProject.html>
fn possible(patterns: &Patterns) -> Vec<String> {
    let is_possible = |character: char| character.is_ascii_alphanumeric() || "-_*?".contains(character);
    let patterns = patterns.texts().into_iter().filter(|pattern| pattern.chars().all(is_possible));
    patterns.map(str::to_owned).collect()
}

/// Patterns of a region, an account and a project's name.
#[derive(Clone, Debug)]
pub(super) struct Arn([String; 3]);

impl PartialEq<[&str; 3]> for Arn {
    fn eq(&self, other: &[&str; 3]) -> bool {
        self.0 == *other
    }
}

impl Arn {
    pub(super) const EVERYTHING: [&str; 3] = ["*"; 3];

    /// Whether no project fits both.
    pub(super) fn is_disjoint(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).any(|(one, other)| !overlap(one.as_bytes(), other.as_bytes()))
    }

    /// Whether every project that fits `other` surely fits this.
    pub(super) fn covers(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(wide, narrow)| covers(wide, narrow))
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [region, account, project] = &self.0;
        // `*` fits every partition; IAM has no variable for it.
        write!(f, "arn:*:codebuild:{region}:{account}:project/{project}")
    }
}

/// Whether there is a text that fits both patterns.
fn overlap(one: &[u8], other: &[u8]) -> bool {
    // `reached[j]` says whether what is left of `one` and `other[j..]` overlap, from the end on.
    let only_stars = |pattern: &[u8]| pattern.iter().all(|byte| *byte == b'*');
    let mut reached: Vec<bool> = (0..=other.len()).map(|j| only_stars(&other[j..])).collect();
    for i in (0..one.len()).rev() {
        let mut next = vec![false; other.len() + 1];
        next[other.len()] = only_stars(&one[i..]);
        for j in (0..other.len()).rev() {
            next[j] = match (one[i], other[j]) {
                (b'*', _) | (_, b'*') => reached[j] || next[j + 1],
                (a, b) => (a == b || a == b'?' || b == b'?') && reached[j + 1],
            };
        }
        reached = next;
    }
    reached[0]
}

/// Whether every text that fits `narrow` surely fits `wide`: not told of every pair that is so.
fn covers(wide: &str, narrow: &str) -> bool {
    if wide == narrow || wide == "*" {
        return true;
    }
    // Read as a text, a `*` in `narrow` is one character, which `*` may stand for and `?` may not.
    let no_doubt = !(wide.contains('?') && narrow.contains('*'));
    no_doubt && wide.parse::<crate::pattern::Pattern>().is_ok_and(|wide| wide.fits(narrow))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::pattern::Pattern;

    fn fits(pattern: &str, value: &str) -> bool {
        pattern.parse::<Pattern>().unwrap().fits(value)
    }

    proptest! {
        #[test]
        fn what_fits_both_overlaps(one in "[ab*?]{1,5}", other in "[ab*?]{1,5}", value in "[ab]{0,5}") {
            if fits(&one, &value) && fits(&other, &value) {
                prop_assert!(overlap(one.as_bytes(), other.as_bytes()));
            }
        }

        #[test]
        fn what_is_covered_fits(wide in "[ab*?]{1,5}", narrow in "[ab*?]{1,5}", value in "[ab]{0,5}") {
            if covers(&wide, &narrow) && fits(&narrow, &value) {
                prop_assert!(fits(&wide, &value));
            }
        }
    }

    #[test]
    fn overlap_is_told_from_none() {
        for (one, other, expected) in [
            ("deploy-*", "shop-*", false),
            ("deploy-*", "*-prod", true),
            ("deploy-?", "deploy-*x", true),
            ("a", "a*", true),
            ("a", "ab*", false),
            ("*", "b", true),
        ] {
            assert_eq!(overlap(one.as_bytes(), other.as_bytes()), expected, "{one} {other}");
        }
    }
}
