//! What a build's `sourceVersion` names, read as git would read it.
//!
//! CodeBuild takes a branch, tag, pull request or commit id, or a reference
//! and a commit id in one (`refs/heads/main^{SHA}`, a form of its own: git
//! peels to types, not to ids); see "Source version sample with AWS CodeBuild"
//! in its user guide. What it does not know it leaves to git, and git has many
//! spellings for one branch. A rule that compared the text would be slipped
//! past by the next spelling, so the text is read by git's own rules:
//!
//! - `gitrevisions(7)`, "Specifying revisions": the order in which a name is
//!   looked up (as written, then under `refs/`, `refs/tags/`, `refs/heads/`,
//!   `refs/remotes/`, and as `refs/remotes/NAME/HEAD`) and the suffixes that
//!   may follow it;
//! - `git-check-ref-format(1)`: what no reference's name can hold.
//!
//! What git could read in two ways, or in none, names no branch here: a rule
//! then cannot tell, and says so, where a wrong guess would be a silent pass.

use std::fmt;

/// What a build's `sourceVersion` names, read as git would read it.
///
/// The variants hold parts of the text that was read. A build whose source is
/// in S3 carries an object's version id in this field. That is any text at all,
/// so ask for the source's type before reading it as git's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceVersion<'a> {
    /// A branch, by its short name: `main`, `release/1.2`. A bare name can be
    /// a tag's as well, which only the repository could tell; CodeBuild takes
    /// both, and it is read as a branch's.
    Branch(&'a str),
    /// A tag, by its short name, where the text says that it is one: `v1` in
    /// `refs/tags/v1` or `tags/v1`.
    Tag(&'a str),
    /// A pull request (GitLab: a merge request), by its number: `25` in `pr/25`,
    /// `refs/pull/25/head` or `refs/merge-requests/25/head`.
    PullRequest(&'a str),
    /// A commit, by its hexadecimal id: 40 or 64 digits, or `abc1234` in
    /// `v1.0-3-gabc1234`, the output of `git describe`.
    Commit(&'a str),
    /// A branch by its short name, or a commit by its abbreviated id: `2024`, `abc1234`.
    BranchOrCommit(&'a str),
    /// An object in S3, by its ARN: what CodePipeline hands to a build.
    S3Object(&'a str),
    /// Nothing, or the remote's `HEAD`: the default branch, by no name.
    ///
    /// Only *nothing* leaves the choice to the project's own source version.
    /// `HEAD`, `@` and `origin/HEAD` are the remote's default branch whatever
    /// the project says.
    Default,
    /// Text that names no single branch: a range (`a..b`), a search (`:/fix`),
    /// a place in git's memory (`@{-1}`, `FETCH_HEAD`), a reference of another
    /// kind (`refs/notes/x`), an option (`-f`), or a name that git refuses.
    /// Holds the text without the white space around it.
    Unreadable(&'a str),
}

impl<'a> SourceVersion<'a> {
    /// Reads a source version. Any text can be read; what makes no sense is
    /// [`SourceVersion::Unreadable`].
    pub fn read(text: &'a str) -> Self {
        // A reference's name holds no space or ASCII control character, so they
        // cannot be a part of it: either someone trims them away, or the build
        // fails. White space outside ASCII can be; see `is_plain`.
        let text = text.trim_matches(is_space_or_control);
        if text.is_empty() {
            return Self::Default;
        }
        if text.starts_with("arn:") {
            return if is_s3_arn(text) { Self::S3Object(text) } else { Self::Unreadable(text) };
        }

        let (name, suffix) = split_suffix(text);
        // No name starts or ends with a slash: who accepts one drops it.
        let name = name.trim_matches('/');
        if !is_allowed(name) || has_range(suffix) {
            return Self::Unreadable(text);
        }
        // Before anything else, for git finds the commit in
        // `refs/heads/no-such-branch-gabc1234^0` and `main:x-gabc1234` too.
        if let Some(id) = described_commit(text) {
            return Self::Commit(id);
        }
        look_up(name).unwrap_or(Self::Unreadable(text))
    }

    /// The branch's short name, if the text names one.
    pub fn branch(&self) -> Option<&'a str> {
        match self {
            Self::Branch(name) => Some(name),
            _ => None,
        }
    }
}

/// Ends the sentence "the source version is …".
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

/// Finds what a name stands for, in the order of `gitrevisions(7)`. `None` is a
/// name that stands for nothing we can tell.
fn look_up(name: &str) -> Option<SourceVersion<'_>> {
    // As written: a file of this name in `.git`, or a commit's id. Git takes
    // the name of a remote for its default branch, and CodeBuild's is `origin`.
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

    // Under `refs/`, which may be left out. It is taken off once, as git does:
    // `heads/heads/main` is the branch `heads/main`.
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

/// A remote's branch; its `HEAD` is the one that the remote calls its default.
fn remote_branch(name: &str) -> Option<SourceVersion<'_>> {
    match name {
        "HEAD" => Some(SourceVersion::Default),
        _ => is_plain(name).then_some(SourceVersion::Branch(name)),
    }
}

/// The rest of a path below a directory. More slashes than one count as one, as
/// `git check-ref-format --normalize` has it.
fn below<'a>(path: &'a str, directory: &str) -> Option<&'a str> {
    let rest = path.strip_prefix(directory)?.strip_prefix('/')?;
    Some(rest.trim_start_matches('/'))
}

/// The number in `pr/25` (CodeBuild's own form), in `pull/25/head` and `/merge`
/// (GitHub, Gitea, Azure), in `merge-requests/25/head` (GitLab) and in
/// `pull-requests/25/from` (Bitbucket Server).
fn pull_request(path: &str) -> Option<&str> {
    let (kind, rest) = path.split_once('/')?;
    let (number, end) = match rest.split_once('/') {
        Some((number, end)) => (number, Some(end)),
        None => (rest, None),
    };
    let known = match (kind, end) {
        ("pr", None) => true,
        ("pr" | "pull" | "pull-requests" | "merge-requests", Some(end)) => {
            matches!(end, "head" | "merge" | "from")
        }
        _ => false,
    };
    (known && is_number(number)).then_some(number)
}

/// The id in what `git describe` prints: `abc1234` in `v1.0-3-gabc1234`.
///
/// Git up to 2.47 at least does not look at what stands before `-g`: to it,
/// `harmless-gabc1234` is a commit of any branch at all. Without the count the
/// id must look like one, or the branch `fix-gaffe` would be taken for a commit.
fn described_commit(revision: &str) -> Option<&str> {
    revision.match_indices("-g").find_map(|(at, marker)| {
        let (before, rest) = (&revision[..at], &revision[at + marker.len()..]);
        let length = rest.bytes().take_while(u8::is_ascii_hexdigit).count();
        let (id, after) = rest.split_at(length);
        let ends = split_suffix(after).0.trim_matches('/').is_empty();
        let counted = before.rsplit_once('-').is_some_and(|(_, count)| is_number(count));
        let long_enough = (SHORTEST_ID..=LONGEST_ID).contains(&length);
        (ends && long_enough && (counted || is_whole_id(id) || could_be_abbreviated_id(id))).then_some(id)
    })
}

/// The fewest digits that git takes for an id: "minimum length is 4", says
/// `core.abbrev` in `git-config(1)`.
const SHORTEST_ID: usize = 4;
/// The digits of a SHA-256 id; a SHA-1 id has 40.
const LONGEST_ID: usize = 64;

/// Whether a bare name is a commit's id. Git looks for that before it looks for a branch.
fn is_whole_id(name: &str) -> bool {
    matches!(name.len(), 40 | LONGEST_ID) && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether a bare name could be an abbreviated id.
///
/// Git looks for a branch of that name first, and only the repository could tell
/// which it finds: a rule against `main` must not be slipped past by abbreviating
/// `main`'s last commit. Words of letters alone, `facade` or `decade`, are taken
/// for branches. Seldom does an id begin like that, one in a thousand at seven digits.
fn could_be_abbreviated_id(name: &str) -> bool {
    (SHORTEST_ID..LONGEST_ID).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_hexdigit())
        && name.bytes().any(|byte| byte.is_ascii_digit())
}

/// Whether git keeps something of its own under this name: `FETCH_HEAD`,
/// `ORIG_HEAD`; see "root ref" and "pseudoref" in `gitglossary(7)`, and
/// `git-worktree(1)`, "Refs", for those of another work tree.
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

/// Splits a revision where its name ends: at the first of `^`, `~`, `:` and
/// `@{`, none of which a name can hold (`git-check-ref-format(1)`, rules 4 and 8).
///
/// What follows (`^2`, `~3`, `^{commit}`, `@{yesterday}`, `:path`, any chain of
/// them) starts from that name, so it changes nothing about the branch. Nor
/// does a suffix that git refuses: it can mean this branch, or a failed build.
fn split_suffix(revision: &str) -> (&str, &str) {
    let mut bytes = revision.bytes().enumerate();
    let is_end = |(at, byte)| match byte {
        b'^' | b'~' | b':' => true,
        b'@' => revision[at + 1..].starts_with('{'),
        _ => false,
    };
    revision.split_at(bytes.position(is_end).unwrap_or(revision.len()))
}

/// Whether a suffix goes on to a second revision: `~1..other`, `^0...other`.
/// Dots in braces are text (`^{/a..b}`).
fn has_range(suffix: &str) -> bool {
    let mut rest = suffix;
    while let Some((outside, inside)) = rest.split_once('{') {
        if is_doubled(outside, b'.') {
            return true;
        }
        rest = inside.split_once('}').map_or("", |(_, after)| after);
    }
    is_doubled(rest, b'.')
}

/// Whether a character stands twice in a row.
fn is_doubled(text: &str, character: u8) -> bool {
    text.as_bytes().windows(2).any(|pair| pair == [character, character])
}

/// Whether each part of a name may stand in a reference's
/// (`git-check-ref-format(1)`). NUL and line breaks are among what may not: what
/// would be left of the name behind them depends on who reads it.
fn is_allowed(name: &str) -> bool {
    let forbidden = |byte: u8| is_space_or_control(byte.into()) || matches!(byte, b'?' | b'*' | b'[' | b'\\');
    !name.is_empty()
        // `git` would take it for an option, or for `git fetch`'s "force" before a reference.
        && !name.starts_with(['-', '+'])
        && !name.bytes().any(forbidden)
        && !is_doubled(name, b'.')
        && !name.ends_with('.')
        && !name
            .split('/')
            .any(|part| part.starts_with('.') || part.ends_with(".lock"))
}

/// Whether a short name is written in the one way there is to write it.
///
/// A doubled slash inside is refused by git, and could be dropped by others.
/// White space from outside ASCII is allowed by git at either end of a name,
/// and trimmed away by many programs: `main` and a no-break space is another
/// branch than `main`, or is not, depending on who reads it.
fn is_plain(name: &str) -> bool {
    let invisible = |c: char| c.is_whitespace() || c == '\u{feff}';
    !name.is_empty() && !is_doubled(name, b'/') && !name.starts_with(invisible) && !name.ends_with(invisible)
}

fn is_space_or_control(c: char) -> bool {
    c == ' ' || c.is_ascii_control()
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `arn:PARTITION:s3:REGION:ACCOUNT:BUCKET/KEY`; region and account are empty
/// for a bucket ("Resource types defined by Amazon S3" in the Service
/// Authorization Reference).
fn is_s3_arn(text: &str) -> bool {
    let mut fields = text.splitn(6, ':').skip(1);
    fields.next().is_some_and(|partition| partition.starts_with("aws"))
        && fields.next() == Some("s3")
        && fields.nth(2).is_some_and(|resource| !resource.is_empty())
}

#[cfg(test)]
mod tests;
