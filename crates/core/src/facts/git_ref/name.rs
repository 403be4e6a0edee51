//! The branches or references that a pattern names, and its faults by git's rules for names.

use crate::{
    diagnostic::is_invisible,
    facts::{
        possible::{Remark, is_wild},
        source_version::{could_be_abbreviated_id, is_whole_id},
    },
};

/// The meaning of a pattern, determined in the order in which git looks a name up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NamedRefs<'a> {
    /// A branch, by its short name, from a longer spelling.
    Branch(&'a str),
    /// A tag, by its short name.
    Tag(&'a str),
    /// A pull or merge request.
    PullRequest {
        /// Its full name in the normal form.
        full: String,
        /// `true` if the text is a full name. `pr/*` could also be a branch's name.
        is_certain: bool,
    },
    /// A pull request by its number alone, which is not a reference: `refs/pull/25`.
    NoPullRequest(&'a str),
    /// Something else under `refs/`.
    Refs,
    /// Any other text.
    Short(&'a str),
}

/// Parses a pattern that neither begins nor ends with a slash.
pub(super) fn named(text: &str) -> NamedRefs<'_> {
    let below_refs = below(text, "refs");
    let path = below_refs.unwrap_or(text);
    if let Some(branch) = below(path, "heads") {
        return NamedRefs::Branch(branch);
    }
    if let Some(tag) = below(path, "tags") {
        return NamedRefs::Tag(tag);
    }
    if let Some((_, branch)) = below(path, "remotes").and_then(|rest| rest.split_once('/')) {
        return remote_branch(branch.trim_start_matches('/'));
    }
    if let Some(request) = pull_request(path, below_refs.is_some()) {
        return request;
    }
    match below_refs {
        Some(_) => NamedRefs::Refs,
        None => below(text, "origin").map_or(NamedRefs::Short(text), remote_branch),
    }
}

/// Returns a branch of a remote, or a pull request that was fetched as such a branch.
fn remote_branch(name: &str) -> NamedRefs<'_> {
    match pull_request(name, false) {
        Some(request @ NamedRefs::PullRequest { .. }) => request,
        _ => NamedRefs::Branch(name),
    }
}

fn below<'a>(path: &'a str, folder: &str) -> Option<&'a str> {
    let rest = path.strip_prefix(folder)?.strip_prefix('/')?.trim_start_matches('/');
    (!rest.is_empty()).then_some(rest)
}

/// Parses a pull request in the spellings of CodeBuild, GitHub, GitLab and Bitbucket. Wildcards may stand in
/// the place of its number.
fn pull_request(path: &str, is_full: bool) -> Option<NamedRefs<'_>> {
    let (kind, rest) = path.split_once('/')?;
    if !matches!(kind, "pr" | "mr" | "pull" | "pull-requests" | "merge-requests") {
        return None;
    }
    let (number, end) = match rest.split_once('/') {
        Some((number, end)) => (number, Some(end)),
        None => (rest, None),
    };
    let is_own = matches!(kind, "pr" | "mr");
    let is_certain = is_full && !is_own;
    let full = match end {
        _ if !is_request_number(number) => return None,
        Some("head" | "merge" | "from") => format!("refs/pull/{number}/head"),
        Some(end) if is_wild(end) => format!("refs/pull/{number}/{end}"),
        None if is_own && !number.contains('*') => format!("refs/pull/{number}/head"),
        // The `*` goes on to the end.
        None if number.ends_with('*') => format!("refs/pull/{number}"),
        None if is_full => return Some(NamedRefs::NoPullRequest(number)),
        None if !number.contains('*') => return Some(NamedRefs::Short(path)),
        None => format!("refs/pull/{number}/head"),
        Some(_) => return None,
    };
    Some(NamedRefs::PullRequest { full, is_certain })
}

/// Returns whether a text is a number, or has wildcards in place of digits.
pub(super) fn is_request_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || is_wild_byte(byte))
}

fn is_wild_byte(byte: u8) -> bool {
    matches!(byte, b'*' | b'?')
}

/// Refuses a pattern whose literal parts contain something that git does not accept in a name.
/// <https://git-scm.com/docs/git-check-ref-format>
pub(super) fn check_literals(text: &str, name: &str, kind: &str) -> Result<(), Remark> {
    let never = |why: String, right: String| Err(Remark::new(format!("no {kind} fits `{text}`: {why}"), right));
    // The text before or around it may name another branch than the author means, so the advice is no
    // replacement.
    let without = |end: usize, found: &str| match &name[..end] {
        "" => format!("a name without `{found}`, as in `main`"),
        start => format!("a name without `{found}`, as in `{start}`"),
    };
    let refused = |c: char| c == ' ' || c.is_ascii_control() || matches!(c, '~' | '^' | ':' | '\\');
    if let Some(at) = name.find(refused) {
        let found = name[at..].chars().next().unwrap_or_default();
        return match found {
            ' ' => never("a name has no white space".to_owned(), "a list with an element for each name".to_owned()),
            // The text before the `:` may be a kind of thing (`branch:main`), or a scheme.
            ':' => never("git accepts no `:` in a name".to_owned(), "the name alone, as in `main`".to_owned()),
            found => {
                let shown = if found == '\\' { found.to_string() } else { found.escape_debug().to_string() };
                never(format!("git accepts no `{shown}` in a name"), without(at, &shown))
            }
        };
    }
    if let Some(at) = name.find("..") {
        return never("git accepts no `..` in a name".to_owned(), without(at, ".."));
    }
    if name.contains("//") || name.is_empty() {
        return never("a part of the name is empty".to_owned(), "one `/` between two parts".to_owned());
    }
    if name == "@" || name.ends_with('.') {
        let (start, end) = name.split_at(name.len() - 1);
        return never(format!("git accepts no name that ends in `{end}`"), without(start.len(), end));
    }
    for part in name.split('/') {
        if let Some(rest) = part.strip_prefix('.') {
            let right = match rest.trim_start_matches(['*', '+', '?']) {
                "" => format!("`{}`, since `*` alone stands for any run of characters", name.replace(part, "*")),
                _ => format!("a name without it, as in `{}`", name.replace(part, part.trim_start_matches('.'))),
            };
            return never("git accepts no part of a name that begins with `.`".to_owned(), right);
        }
        if let Some(rest) = part.strip_suffix(".lock") {
            let right = format!("a name without it, as in `{}`", name.replace(part, rest));
            return never("git accepts no part of a name that ends with `.lock`".to_owned(), right);
        }
    }
    Ok(())
}

/// Warnings about a pattern that can be a branch name, but is probably a mistake.
pub(super) fn probably_not_meant(text: &str, short: &str) -> Vec<Remark> {
    let mut warnings = probably_no_name(text, short);
    let mut warn = |found: String, right: String| warnings.push(Remark::new(found, right));
    let request = match named(short) {
        NamedRefs::PullRequest { full, .. } => Some(full),
        NamedRefs::Short(_) if short == text && is_numbered_request(short) => Some("refs/pull/*".to_owned()),
        _ => None,
    };
    if let Some(full) = request.filter(|_| short == text.trim_matches('/')) {
        let found = format!("`{text}` fits only a branch of that name: a pull request has a ref and no branch");
        warn(found, format!("`{full}` in `forbidden-refs`, or `refs` in a selector"));
    }
    if matches!(short, "HEAD" | "origin") && short == text {
        warn(format!("`{text}` fits only a branch of that name"), "the name of the branch, as in `main`".to_owned());
    }
    if let Some(branch) = short.strip_prefix("upstream/").or_else(|| short.strip_prefix("remote/"))
        && is_default(branch)
    {
        warn(format!("`{text}` fits only a branch of that name, not a branch of a remote"), format!("`{branch}`"));
    }
    if let Some((_, branch)) = short.split_once("refs/heads") {
        let found = format!("`{text}` fits only a branch whose short name contains `refs/heads`");
        let branch = branch.trim_start_matches('/');
        warn(found, format!("the short name: `{}`", if branch.is_empty() { "*" } else { branch }));
    }
    if let Some(branch) = DEFAULTS.into_iter().find(|name| short != *name && short.eq_ignore_ascii_case(name)) {
        let found = format!("`{text}` does not fit the branch `{branch}`: git distinguishes upper and lower case");
        warn(found, format!("`{branch}`, if you mean that branch"));
    }
    if let Some((_, branch)) = short.split_once("ref/heads/").filter(|(before, _)| before.is_empty()) {
        warn(format!("`{text}` fits only a branch of that name"), format!("the short name: `{branch}`"));
    }
    if is_whole_id(short) || short.len() >= SHORT_ID && has_letters_and_digits(short) && could_be_abbreviated_id(short)
    {
        let found = format!("`{text}` looks like a commit id, which is not the branch of a build");
        warn(found, "the name of a branch".to_owned());
    }
    let folders = short.trim_end_matches(|c: char| c != '/');
    let last = &short[folders.len()..];
    if !folders.is_empty()
        && folders.bytes().all(|byte| is_wild_byte(byte) || byte == b'/')
        && (is_default(last) || folders == "**/")
    {
        warn(format!("`{text}` does not fit the branch `{last}`, which has no `/`"), format!("`{last}` beside it"));
    }
    warnings
}

/// The usual names of the branch that others are merged into.
const DEFAULTS: [&str; 4] = ["main", "master", "develop", "trunk"];

fn is_default(branch: &str) -> bool {
    DEFAULTS.contains(&branch)
}

/// The length of the abbreviated commit ids that git shows.
const SHORT_ID: usize = 7;

fn has_letters_and_digits(text: &str) -> bool {
    text.contains(|c: char| c.is_ascii_digit()) && text.contains(|c: char| c.is_ascii_alphabetic())
}

fn is_numbered_request(short: &str) -> bool {
    let number = short.strip_prefix("pull/").or_else(|| short.strip_prefix("merge-requests/"));
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Warnings about texts that git accepts in a name, but that have another meaning in other programs.
pub(super) fn probably_no_name(text: &str, name: &str) -> Vec<Remark> {
    let mut warnings = Vec::new();
    let mut warn = |found: String, right: String| warnings.push(Remark::new(found, right));
    let bare = text.trim_matches('/');
    if bare != text {
        let right =
            if text.ends_with('/') { format!("`{bare}`, or `{bare}/*` for all below it") } else { format!("`{bare}`") };
        warn(format!("`{text}` is read as `{name}`: a name neither begins nor ends with `/`"), right);
    }
    let inner: String = bare.chars().filter(|c| !"()'\"`“”‘’".contains(*c)).collect();
    if let Some(separator) = ["|", ",", ";", "&&"].into_iter().find(|separator| bare.contains(separator)) {
        let list = inner.split(separator).filter(|one| !one.is_empty()).collect::<Vec<_>>().join(", ");
        warn(format!("`{separator}` in `{text}` is a part of the name"), format!("a list: `[{list}]`"));
    } else if inner != bare {
        warn(format!("quotes and parentheses in `{text}` are a part of the name"), format!("`{inner}`"));
    }
    if let Some(rest) = bare.strip_prefix('!') {
        warn(format!("`!` in `{text}` is a part of the name"), format!("`{rest}` in a rule that allows"));
    }
    if let Some((_, value)) = bare.split_once('=') {
        warn(format!("`=` in `{text}` is a part of the name"), format!("the name alone: `{value}`"));
    }
    if bare.starts_with(['$', '<', '%', '@', '#']) && !bare.starts_with("@{") {
        let inner = bare.trim_matches(['$', '<', '>', '%', '@', '#']);
        warn(format!("`{}` in `{text}` is a part of the name", &bare[..1]), format!("the name alone: `{inner}`"));
    }
    if let Some(invisible) = bare.chars().find(|c| is_invisible(*c)) {
        let visible: String = bare.chars().filter(|c| !is_invisible(*c)).collect();
        let found = format!("an invisible character, `{}`, is a part of the name", invisible.escape_unicode());
        warn(found, format!("`{visible}`"));
    }
    if bare.starts_with('-') {
        warn(format!("git creates no branch called `{text}`"), "a name that does not begin with `-`".to_owned());
    }
    if bare.contains("%2F") || bare.contains("%2f") {
        let right = format!("`{}`", bare.replace("%2F", "/").replace("%2f", "/"));
        warn(format!("`%2F` in `{text}` is a part of the name"), right);
    }
    let kind =
        name.split_once("refs/").filter(|(before, _)| !before.is_empty()).and_then(|(_, rest)| rest.split('/').next());
    if let Some(kind) =
        kind.filter(|kind| !matches!(*kind, "heads" | "tags" | "pull") && !is_wild(kind) && !kind.is_empty())
    {
        let found = format!(
            "`{text}` fits only a name that contains `refs/{kind}`: a ref is a branch, a tag or a pull request"
        );
        warn(found, "a pattern under `refs/heads/`, `refs/tags/` or `refs/pull/`".to_owned());
    }
    let dot = bare.find(".*").or_else(|| bare.find(".+"));
    // `release-1.*` is a version.
    if let Some(at) = dot.filter(|at| !bare[..*at].ends_with(|c: char| c.is_ascii_digit() || is_wild(&c.to_string()))) {
        let right = format!("`{}*`, if you do not mean a dot", &bare[..at]);
        warn(format!("`{text}` fits only names with a `.` in that place"), right);
    }
    warnings
}
