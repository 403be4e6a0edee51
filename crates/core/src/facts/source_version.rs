//! The meaning of a build's `sourceVersion`, parsed as git would parse it.
//!
//! CodeBuild accepts a branch, tag, pull request or commit id, or a reference and a commit id in
//! one (`refs/heads/main^{SHA}`, a form of its own: git peels to types, not to ids); see
//! <https://docs.aws.amazon.com/codebuild/latest/userguide/sample-source-version.html>. Everything
//! else it passes to git, which has many spellings for one branch. Comparing texts would let any
//! other spelling through, so the text is parsed by git's own rules:
//!
//! - `gitrevisions(7)`, "Specifying revisions": where a name is looked up, in this order (as
//!   written, then under `refs/`, `refs/tags/`, `refs/heads/`, `refs/remotes/`, and as
//!   `refs/remotes/NAME/HEAD`), and the suffixes that may follow it;
//! - `git-check-ref-format(1)`: what a reference's name cannot contain.
//!
//! A text that git could parse in two ways, or in none, names no branch: a wrong guess would be a
//! silent pass.

mod ids;
mod names;
#[cfg(test)]
mod tests;

use std::fmt;

use self::{
    ids::described_commit,
    names::{below, has_range, is_allowed, is_plain, is_s3_arn, is_space_or_control, split_suffix},
};
pub(super) use self::{
    ids::{could_be_abbreviated_id, is_whole_id},
    names::is_number,
};

/// The meaning of a build's `sourceVersion`. The variants contain parts of the parsed text.
///
/// If a build's source is in S3, the field is an object's version id, which can be any text:
/// check the source's type before you parse it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceVersion<'a> {
    /// A branch by its short name: `main`, `release/1.2`. A name without `refs/…` can also be a
    /// tag, which only the repository knows; it counts as a branch.
    Branch(&'a str),
    /// A tag by its short name, if the text says that it is one: `v1` in `refs/tags/v1` or
    /// `tags/v1`.
    Tag(&'a str),
    /// A pull or merge request by its number: `25` in `pr/25`, `refs/pull/25/head` or
    /// `refs/merge-requests/25/head`.
    PullRequest(&'a str),
    /// A commit by its hexadecimal id: 40 or 64 digits, or `abc1234` in `v1.0-3-gabc1234`, the
    /// output of `git describe`.
    Commit(&'a str),
    /// A branch by its short name, or a commit by its abbreviated id: `2024`, `abc1234`.
    BranchOrCommit(&'a str),
    /// An object in S3 by its ARN, as CodePipeline passes it to a build.
    S3Object(&'a str),
    /// An empty text, or the remote's `HEAD`: the default branch, without its name.
    ///
    /// If the text is empty, the project's own source version applies first. `HEAD`, `@` and `origin/HEAD` are
    /// always the remote's default branch.
    Default,
    /// A text that names no single branch: a range (`a..b`), a search (`:/fix`), a place in git's
    /// history (`@{-1}`, `FETCH_HEAD`), a reference of another kind (`refs/notes/x`), an option
    /// (`-f`), or a name that git refuses. It contains the text without surrounding white space.
    Unreadable(&'a str),
}

impl<'a> SourceVersion<'a> {
    /// Parses a source version. A text without a meaning is [`SourceVersion::Unreadable`].
    pub fn read(text: &'a str) -> Self {
        // A name contains no spaces or ASCII control characters: either somebody trims them, or the
        // build fails. It may contain white space outside ASCII; see `is_plain`.
        let text = text.trim_matches(is_space_or_control);
        if text.is_empty() {
            return Self::Default;
        }
        if text.starts_with("arn:") {
            return if is_s3_arn(text) { Self::S3Object(text) } else { Self::Unreadable(text) };
        }

        let (name, suffix) = split_suffix(text);
        // No name starts or ends with a slash: programs that accept one drop it.
        let name = name.trim_matches('/');
        if !is_allowed(name) || has_range(suffix) {
            return Self::Unreadable(text);
        }
        // This comes first, since git also finds the commit in
        // `refs/heads/no-such-branch-gabc1234^0` and `main:x-gabc1234`.
        if let Some(id) = described_commit(text) {
            return Self::Commit(id);
        }
        look_up(name).unwrap_or(Self::Unreadable(text))
    }

    /// Parses the full name of a branch or a tag, as git lists it. Unlike a revision it has one meaning: the
    /// branch `fix-gabc1234` is not a commit, and `refs/remotes/origin/main` is not a branch.
    pub(super) fn of_full_name(name: &'a str) -> Self {
        let is_name = |short: &&str| is_allowed(short) && split_suffix(short).1.is_empty() && is_plain(short);
        let branch = name.strip_prefix("refs/heads/").filter(is_name).map(Self::Branch);
        let tag = || name.strip_prefix("refs/tags/").filter(is_name).map(Self::Tag);
        branch.or_else(tag).unwrap_or(Self::Unreadable(name))
    }

    /// The suffix of a source version, such as `~3`, which leads from the named commit to another one. Empty if
    /// it leads to the named commit itself.
    pub(crate) fn suffix(text: &str) -> &str {
        match split_suffix(text.trim_matches(is_space_or_control)).1 {
            "^0" | "~0" | "^{}" | "^{commit}" => "",
            "^" | "^1" | "~" => "~1",
            suffix => suffix,
        }
    }

    /// The branch's short name, if the text names one.
    pub fn branch(&self) -> Option<&'a str> {
        match self {
            Self::Branch(name) => Some(name),
            _ => None,
        }
    }
}

/// Completes the sentence "the source version is …".
impl fmt::Display for SourceVersion<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Branch(name) => write!(f, "the branch {name}"),
            Self::Tag(_) => f.write_str("a tag"),
            Self::PullRequest(number) => write!(f, "pull request {number}"),
            Self::Commit(_) => f.write_str("a commit id"),
            Self::BranchOrCommit(_) => f.write_str("a branch or an abbreviated commit id"),
            Self::S3Object(_) => f.write_str("an S3 object"),
            Self::Default => f.write_str("empty or HEAD: the default branch, which the build does not name"),
            Self::Unreadable(_) => f.write_str("a revision that names no single branch"),
        }
    }
}

/// Looks a name up in the order of `gitrevisions(7)`. Returns `None` if its meaning is unknown.
fn look_up(name: &str) -> Option<SourceVersion<'_>> {
    // As written: a file of this name in `.git`, or a commit id. Git reads the name of a remote,
    // which is `origin` in CodeBuild, as the remote's default branch.
    if matches!(name, "HEAD" | "@" | "origin" | "main-worktree/HEAD") {
        return Some(SourceVersion::Default);
    }
    if is_pseudo_reference(name) {
        return None;
    }
    if is_whole_id(name) {
        return Some(SourceVersion::Commit(name));
    }
    if could_be_abbreviated_id(name) {
        return Some(SourceVersion::BranchOrCommit(name));
    }

    // Under `refs/`, which may be omitted. It is removed once, as in git: `heads/heads/main` is
    // the branch `heads/main`.
    let below_refs = below(name, "refs");
    let path = below_refs.unwrap_or(name);
    if let Some(branch) = below(path, "heads") {
        return is_plain(branch).then_some(SourceVersion::Branch(branch));
    }
    if let Some(tag) = below(path, "tags") {
        return is_plain(tag).then_some(SourceVersion::Tag(tag));
    }
    if let Some((_remote, branch)) = below(path, "remotes").and_then(|rest| rest.split_once('/')) {
        return remote_branch(branch.trim_start_matches('/'));
    }
    if let Some(number) = pull_request(path) {
        return Some(SourceVersion::PullRequest(number));
    }
    if below_refs.is_some() {
        // Notes, stashes, Gerrit's changes: not branches.
        return None;
    }

    if let Some(branch) = below(name, "origin") {
        return remote_branch(branch);
    }
    is_plain(name).then_some(SourceVersion::Branch(name))
}

/// A remote's branch; its `HEAD` is the default branch. A pull request that was fetched as a
/// remote's branch (`origin/pr/25`) stays one.
fn remote_branch(name: &str) -> Option<SourceVersion<'_>> {
    match (name, pull_request(name)) {
        ("HEAD", _) => Some(SourceVersion::Default),
        (_, Some(number)) => Some(SourceVersion::PullRequest(number)),
        _ => is_plain(name).then_some(SourceVersion::Branch(name)),
    }
}

/// The number in `pr/25` and `mr/25` (CodeBuild's own forms), in `pull/25/head` and `/merge`
/// (GitHub, Gitea, Azure), in `merge-requests/25/head` (GitLab) and in
/// `pull-requests/25/from` (Bitbucket Server).
fn pull_request(path: &str) -> Option<&str> {
    let (kind, rest) = path.split_once('/')?;
    let (number, end) = match rest.split_once('/') {
        Some((number, end)) => (number, Some(end)),
        None => (rest, None),
    };
    let known = match (kind, end) {
        ("pr" | "mr", None) => true,
        ("pr" | "pull" | "pull-requests" | "merge-requests", Some(end)) => {
            matches!(end, "head" | "merge" | "from")
        }
        _ => false,
    };
    (known && is_number(number)).then_some(number)
}

/// Returns whether git itself uses this name: `FETCH_HEAD`, `ORIG_HEAD`; see "root ref" and
/// "pseudoref" in `gitglossary(7)`, and "Refs" in `git-worktree(1)` for those of another work tree.
fn is_pseudo_reference(name: &str) -> bool {
    let other_tree = below(name, "main-worktree")
        .or_else(|| below(name, "worktrees").and_then(|rest| Some(rest.split_once('/')?.1)));
    if other_tree.is_some_and(|inner| inner == "HEAD" || below(inner, "refs").is_some()) {
        return true;
    }
    let name = other_tree.unwrap_or(name);
    let upper_case = |byte: u8| byte.is_ascii_uppercase() || matches!(byte, b'_' | b'-');
    name.ends_with("_HEAD") && name.bytes().all(upper_case)
        || matches!(
            name,
            "AUTO_MERGE" | "BISECT_EXPECTED_REV" | "MERGE_AUTOSTASH" | "NOTES_MERGE_PARTIAL" | "NOTES_MERGE_REF"
        )
}
