//! The projects that a statement is about: some areas without others.

use super::area::{Area, Arn};
use crate::pattern::Pattern;

/// The projects that a statement is about, as IAM writes them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Resources {
    /// `Resource`, or `NotResource` for all projects but these.
    pub(super) element: &'static str,
    pub(super) arns: Vec<String>,
    /// Keys that every call has, each with patterns. One of the patterns must match.
    pub(super) conditions: Vec<(&'static str, Vec<String>)>,
}

impl Resources {
    /// Returns the areas without the excluded projects. Also returns the ARNs that cannot be exported, because
    /// a part of their projects is excluded and no statement can leave out that part.
    ///
    /// A statement has either a `Resource` or a `NotResource`. An area without names of
    /// projects becomes a `NotResource` with conditions on the region and the account. One with
    /// names becomes a `Resource`, if nothing in it is excluded.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
    pub(super) fn of(areas: &[Area], excluded: &[Arn]) -> (Vec<Self>, Vec<Arn>) {
        let mut clear: Vec<String> = Vec::new();
        let mut resources = Vec::new();
        let mut unresolved = Vec::new();
        for area in areas {
            let is_open = |arn: &Arn| !excluded.iter().any(|other| other.covers(arn));
            let arns: Vec<Arn> = area.arns().into_iter().filter(is_open).collect();
            let overlapping: Vec<&Arn> =
                excluded.iter().filter(|other| arns.iter().any(|arn| !arn.is_disjoint(other))).collect();
            if area.projects.is_none() && !arns.is_empty() && !overlapping.is_empty() {
                resources.push(Self::all_but(&overlapping, area));
                continue;
            }
            for arn in arns {
                match excluded.iter().all(|other| arn.is_disjoint(other)) {
                    true if arn.is_everything() => clear.push("*".into()),
                    true => clear.push(arn.to_string()),
                    false => unresolved.push(arn),
                }
            }
        }
        if !clear.is_empty() {
            let arns = distinct(clear.into_iter());
            resources.insert(0, Self { element: "Resource", arns, conditions: Vec::new() });
        }
        (resources, unresolved)
    }

    fn all_but(excluded: &[&Arn], area: &Area) -> Self {
        let texts = |patterns: &Vec<Pattern>| patterns.iter().map(|pattern| pattern.as_str().to_owned()).collect();
        let conditions = [("aws:RequestedRegion", &area.regions), ("aws:ResourceAccount", &area.accounts)];
        Self {
            element: "NotResource",
            arns: distinct(excluded.iter().map(|arn| arn.to_string())),
            conditions: conditions
                .into_iter()
                .filter_map(|(key, patterns)| Some((key, texts(patterns.as_ref()?))))
                .collect(),
        }
    }
}

fn distinct(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut distinct = Vec::new();
    for text in texts {
        if !distinct.contains(&text) {
            distinct.push(text);
        }
    }
    distinct
}
