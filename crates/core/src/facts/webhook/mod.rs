//! Derives the possible refs of a build from the filters of the webhook that started it.
//!
//! A build that a push started has a commit id as its source version, and nothing names the
//! branch. But a webhook with the filter `HEAD_REF: ^refs/heads/main$` starts builds of `main` alone.
//! <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_WebhookFilter.html>

mod automaton;
mod product;
mod refs;
mod regex;
#[cfg(test)]
mod tests;

use self::refs::RefCondition;
pub use self::refs::{PossibleRefs, RefsFit};
use super::source_version::SourceVersion;
use crate::model::{Webhook, WebhookFilter};

const BRANCHES: &str = "refs/heads/";
const TAGS: &str = "refs/tags/";

/// The details that a build shows of the event that started it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    /// A commit id.
    Commit {
        /// `true` if the host's pull requests may show one, too.
        may_be_pull_request: bool,
    },
    /// A pull request's number.
    PullRequest,
}

/// A kind of event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    /// A branch or a tag was pushed.
    Push,
    /// A pull request was created, updated, closed or reopened.
    PullRequest,
    /// A pull request was merged.
    Merge,
    /// A release was published.
    Release,
    /// A runner's job, or an event that is unknown here.
    Other,
}

/// The proof that a group of filters gives for a build that an event of one kind may have started.
enum Proof {
    /// The event starts no build that shows this.
    Impossible,
    /// The build may be of any ref.
    Nothing,
    /// The full name of its ref meets these conditions.
    Ref(Vec<RefCondition>),
}

impl Webhook {
    /// Returns the refs for which the webhook may have started a build with this source version. For a pull
    /// request these are its base branches, which are known if only its merge can have started the build.
    ///
    /// `None` if the filters prove nothing. A filter that is not understood counts as one that lets everything
    /// through. `source_type` is the project's, as in `GITHUB`.
    pub fn possible_refs(&self, version: SourceVersion<'_>, source_type: Option<&str>) -> Option<PossibleRefs> {
        let shown = match version {
            // Only for GitHub is it known that a pull request's build shows its number.
            SourceVersion::Commit(_) => {
                Shown::Commit { may_be_pull_request: !matches!(source_type, Some("GITHUB" | "GITHUB_ENTERPRISE")) }
            }
            SourceVersion::PullRequest(_) => Shown::PullRequest,
            SourceVersion::Branch(_)
            | SourceVersion::Tag(_)
            | SourceVersion::BranchOrCommit(_)
            | SourceVersion::S3Object(_)
            | SourceVersion::Default
            | SourceVersion::Unreadable(_) => return None,
        };
        let groups = self.filter_groups.as_deref().unwrap_or_default();
        let branch_filter = self.branch_filter.as_deref().filter(|filter| !filter.is_empty());
        match (groups, branch_filter) {
            ([_, ..], None) => refs_of(groups, shown),
            ([], Some(filter)) if shown == (Shown::Commit { may_be_pull_request: false }) => {
                let branch = RefCondition::new(BRANCHES, filter, false)?;
                Some(PossibleRefs::of_groups(vec![vec![branch]]))
            }
            // No documentation describes both together.
            ([_, ..], Some(_)) | ([], _) => None,
        }
    }
}

/// Returns the refs that at least one group lets through. `None` if a group may have started the build for any
/// ref, or if no group can have started it: then the build does not result from these filters.
fn refs_of(groups: &[Vec<WebhookFilter>], shown: Shown) -> Option<PossibleRefs> {
    let mut refs = Vec::new();
    for group in groups {
        for event in events(group)? {
            match proof(group, event, shown) {
                Proof::Impossible => {}
                Proof::Nothing => return None,
                Proof::Ref(conditions) => refs.push(conditions),
            }
        }
    }
    (!refs.is_empty()).then(|| PossibleRefs::of_groups(refs))
}

fn proof(group: &[WebhookFilter], event: Event, shown: Shown) -> Proof {
    let all = |kind: &str, prefix: &str| {
        let filters = group.iter().filter(|filter| filter.r#type.as_deref() == Some(kind));
        let conditions = filters.filter_map(|filter| condition(filter, prefix));
        conditions.collect::<Vec<_>>()
    };
    let below = |prefix: &str| RefCondition::new("", &format!("^{prefix}"), false);
    match (shown, event) {
        (_, Event::Other) | (Shown::PullRequest, Event::PullRequest) => Proof::Nothing,
        (Shown::Commit { may_be_pull_request: true }, Event::PullRequest | Event::Merge) => Proof::Nothing,
        (Shown::Commit { may_be_pull_request: false }, Event::PullRequest | Event::Merge) => Proof::Impossible,
        (Shown::PullRequest, Event::Push | Event::Release) => Proof::Impossible,
        (Shown::Commit { .. }, Event::Push) => Proof::Ref(all("HEAD_REF", "")),
        (Shown::Commit { .. }, Event::Release) => {
            Proof::Ref(below(TAGS).into_iter().chain(all("TAG_NAME", TAGS)).collect())
        }
        (Shown::PullRequest, Event::Merge) => {
            Proof::Ref(below(BRANCHES).into_iter().chain(all("BASE_REF", "")).collect())
        }
    }
}

/// The condition of one filter on the text behind the prefix. `None` if it is not understood, so that it lets
/// every ref through.
fn condition(filter: &WebhookFilter, prefix: &str) -> Option<RefCondition> {
    RefCondition::new(prefix, filter.pattern.as_deref()?, filter.exclude_matched_pattern.unwrap_or_default())
}

/// The events that a group lets through. `None` if it may be any event.
fn events(group: &[WebhookFilter]) -> Option<Vec<Event>> {
    let mut filters = group.iter().filter(|filter| filter.r#type.as_deref() == Some("EVENT"));
    let (filter, None) = (filters.next()?, filters.next()) else { return None };
    // The pattern is a list of names, and nothing is documented about excluding them.
    let names = filter.pattern.as_deref().filter(|_| filter.exclude_matched_pattern != Some(true))?;
    Some(names.split(',').map(|name| event(name.trim())).collect())
}

fn event(name: &str) -> Event {
    match name {
        "PUSH" => Event::Push,
        "PULL_REQUEST_CREATED" | "PULL_REQUEST_UPDATED" | "PULL_REQUEST_CLOSED" | "PULL_REQUEST_REOPENED" => {
            Event::PullRequest
        }
        "PULL_REQUEST_MERGED" => Event::Merge,
        "RELEASED" | "PRERELEASED" => Event::Release,
        _ => Event::Other,
    }
}
