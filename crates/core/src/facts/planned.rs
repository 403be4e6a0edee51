//! A build that has not started: the facts that its project's settings decide, and those that remain unknown.

use std::collections::BTreeMap;

use super::{Facts, MissingFact};
use crate::model::RunKind;

/// The facts that are unknown of a build that has not started.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlannedBuild {
    /// The members of the build that its project does not decide or does not show.
    pub build: UnknownMembers,
    /// The members of its project that are unknown.
    pub project: UnknownMembers,
    /// The account that it will run in.
    pub account: Option<String>,
    /// The region that it will run in.
    pub region: Option<String>,
}

/// Members of a structure that are unknown, each with the reason. Paths have the API's names, and `[]` for
/// the elements of a list: `environment.environmentVariables[].name`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UnknownMembers(BTreeMap<String, String>);

impl UnknownMembers {
    /// Adds a member. The first reason counts.
    pub fn add(&mut self, path: impl Into<String>, why: impl Into<String>) {
        self.0.entry(path.into()).or_insert_with(|| why.into());
    }

    /// Returns the reason why a member, or a structure that contains it, is unknown. `None` if it is known.
    pub fn why(&self, path: &str) -> Option<&str> {
        let ends = path.match_indices(['.', '[']).map(|(end, _)| end).chain([path.len()]);
        let parts = ends.filter_map(|end| path.get(..end));
        // An element that is unknown as a whole has its path with `[]`.
        let elements = path.match_indices("[]").filter_map(|(start, _)| path.get(..start + 2));
        parts.chain(elements).find_map(|part| self.0.get(part)).map(String::as_str)
    }

    /// Returns the reason why a part of a member is unknown, or the member itself.
    pub(crate) fn why_part(&self, path: &str) -> Option<&str> {
        let is_part = |other: &str| other.strip_prefix(path).is_some_and(|rest| rest.starts_with(['.', '[']));
        let part = || self.0.iter().find(|(other, _)| is_part(other)).map(|(_, why)| why.as_str());
        self.why(path).or_else(part)
    }

    /// All members that were added, with the reasons.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(path, why)| (path.as_str(), why.as_str()))
    }

    /// Returns whether some elements of a list are unknown as a whole.
    pub(crate) fn has_unknown_elements(&self, list: &str) -> bool {
        self.0.contains_key(&format!("{list}[]"))
    }
}

impl Facts<'_> {
    /// Returns whether an absent member certainly does not exist: the build is the API's, or its project shows
    /// that the build will not have the member.
    pub(crate) fn lacks(&self, member: &str) -> bool {
        self.is_whole && self.planned.is_none_or(|planned| planned.build.why(member).is_none())
    }

    /// Returns the member of the build that the fact needs, if the build is known not to have it.
    pub(crate) fn lacks_member_of<'f>(&self, fact: &'f MissingFact) -> Option<&'f str> {
        let member = match fact {
            MissingFact::Absent(member) => member,
            MissingFact::AbsentMember(path) => path.strip_prefix("build.")?,
            _ => return None,
        };
        self.lacks(member).then_some(member)
    }

    /// Returns the words for the API's structure, for a sentence about a member that it lacks.
    pub(crate) fn the_whole(&self) -> &'static str {
        match self.kind {
            RunKind::Build => "the Build",
            RunKind::Sandbox => "the Sandbox",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::UnknownMembers;

    #[test]
    fn a_part_of_what_is_unknown_is_unknown() {
        let mut unknown = UnknownMembers::default();
        for path in ["source", "environment.image", "environment.environmentVariables[].name", "tags[]"] {
            unknown.add(path, path.to_uppercase());
        }
        for (path, why) in [
            ("source", Some("SOURCE")),
            ("source.auth.type", Some("SOURCE")),
            ("sourceVersion", None),
            ("environment", None),
            ("environment.image", Some("ENVIRONMENT.IMAGE")),
            ("environment.environmentVariables", None),
            ("environment.environmentVariables[].name", Some("ENVIRONMENT.ENVIRONMENTVARIABLES[].NAME")),
            ("environment.environmentVariables[].value", None),
            ("tags", None),
            ("tags[].key", Some("TAGS[]")),
        ] {
            assert_eq!(unknown.why(path), why, "{path}");
        }
        assert_eq!(unknown.why_part("environment"), Some("ENVIRONMENT.ENVIRONMENTVARIABLES[].NAME"));
        assert_eq!(unknown.why_part("tags"), Some("TAGS[]"));
        assert_eq!(unknown.why_part("cache"), None);
        assert!(unknown.has_unknown_elements("tags") && !unknown.has_unknown_elements("source"));
    }
}
