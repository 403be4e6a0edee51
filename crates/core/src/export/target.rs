//! The projects a statement is about: some areas less others.

use super::area::{Area, Arn};

/// Which projects a statement is about, as IAM writes it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Target {
    /// `Resource`, or `NotResource` for all but these.
    pub(super) element: &'static str,
    pub(super) arns: Vec<String>,
    /// Keys that every call has, and patterns of which any fits.
    pub(super) conditions: Vec<(&'static str, Vec<String>)>,
}

impl Target {
    fn resource(arns: Vec<String>) -> Self {
        Self { element: "Resource", arns, conditions: Vec::new() }
    }
}

/// The areas less what is excluded; and what cannot be told from what is excluded.
///
/// A statement has either a `Resource` or a `NotResource`. An area of no names of projects
/// becomes a `NotResource` with conditions on the region and the account. One of names is a
/// `Resource` where it is clear of what is excluded.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
pub(super) fn targets(areas: &[Area], excluded: &[Arn]) -> (Vec<Target>, Vec<Arn>) {
    let mut clear: Vec<String> = Vec::new();
    let mut targets = Vec::new();
    let mut unresolved = Vec::new();
    for area in areas {
        let is_open = |arn: &Arn| !excluded.iter().any(|other| other.covers(arn));
        let arns: Vec<Arn> = area.arns().into_iter().filter(is_open).collect();
        let overlapping: Vec<&Arn> =
            excluded.iter().filter(|other| arns.iter().any(|arn| !arn.is_disjoint(other))).collect();
        if area.projects.is_none() && !arns.is_empty() && !overlapping.is_empty() {
            let conditions = [("aws:RequestedRegion", &area.regions), ("aws:ResourceAccount", &area.accounts)];
            targets.push(Target {
                element: "NotResource",
                arns: distinct(overlapping.into_iter().map(Arn::to_string)),
                conditions: conditions
                    .into_iter()
                    .filter_map(|(key, patterns)| Some((key, patterns.clone()?)))
                    .collect(),
            });
            continue;
        }
        for arn in arns {
            match excluded.iter().all(|other| arn.is_disjoint(other)) {
                true if arn == Arn::EVERYTHING => clear.push("*".into()),
                true => clear.push(arn.to_string()),
                false => unresolved.push(arn),
            }
        }
    }
    if !clear.is_empty() {
        targets.insert(0, Target::resource(distinct(clear.into_iter())));
    }
    (targets, unresolved)
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
