//! Git references: their full names, and patterns of branches and references.
//!
//! A branch has a short name (`main`), a reference a full one (`refs/heads/main`). A pattern is read as
//! [`SourceVersion::read`] reads a value, so that `refs/heads/main` and `origin/main` mean the branch `main`; a
//! name that `git-check-ref-format(1)` refuses can never fit.

mod name;

use self::name::{NamedRefs, check_literals, is_request_number, named};
use super::{
    possible::{Remark, is_wild},
    source_version::SourceVersion,
};
use crate::pattern::Pattern;

impl SourceVersion<'_> {
    /// The full name of the reference, if the text names one: `refs/heads/main`,
    /// `refs/tags/v1`, or `refs/pull/25/head` for a pull or merge request of any host.
    pub fn full_name(&self) -> Option<String> {
        match self {
            Self::Branch(name) => Some(format!("refs/heads/{name}")),
            Self::Tag(name) => Some(format!("refs/tags/{name}")),
            Self::PullRequest(number) => Some(format!("refs/pull/{number}/head")),
            Self::Commit(_) | Self::BranchOrCommit(_) | Self::S3Object(_) | Self::Default | Self::Unreadable(_) => None,
        }
    }
}

/// Parses a pattern of branches and returns it as a pattern of short names, with warnings about probable
/// mistakes. Returns an error, with a correction, if no branch can fit the pattern.
pub fn branch_pattern(text: &str) -> Result<(Pattern, Vec<Remark>), Remark> {
    Remark::pattern(text)?;
    let trimmed = text.trim_matches('/');
    let never = |why: &str, right: String| Err(Remark::new(format!("no branch fits `{text}`: {why}"), right));
    let short = match named(trimmed) {
        NamedRefs::Branch(short) | NamedRefs::Short(short) => short,
        NamedRefs::Tag(name) => return never("it is a tag's name", in_refs(&format!("refs/tags/{name}"))),
        NamedRefs::PullRequest { full, is_certain: true } => {
            return never("a pull request has a ref and no branch", in_refs(&full));
        }
        NamedRefs::PullRequest { .. } => trimmed,
        NamedRefs::NoPullRequest(_) => return never("a pull request has a ref and no branch", in_refs("refs/pull/*")),
        NamedRefs::Refs => {
            return never("a branch pattern is a short name", "`main`, not `refs/heads/main`".to_owned());
        }
    };
    check_literals(text, short, "branch")?;
    Ok((Remark::pattern(short)?, name::probably_not_meant(text, short)))
}

/// Parses a pattern of references and returns it as a pattern of full names, with warnings. Returns an error,
/// with a correction, if no build's reference can fit the pattern.
pub fn ref_pattern(text: &str) -> Result<(Pattern, Vec<Remark>), Remark> {
    Remark::pattern(text)?;
    let trimmed = text.trim_matches('/');
    let never = |why: &str, right: String| Err(Remark::new(format!("no ref fits `{text}`: {why}"), right));
    let full = match named(trimmed) {
        NamedRefs::Branch(short) => format!("refs/heads/{short}"),
        NamedRefs::Tag(name) => format!("refs/tags/{name}"),
        NamedRefs::PullRequest { full, .. } => full,
        NamedRefs::NoPullRequest(number) => {
            return never("a pull request's ref has an end", format!("`refs/pull/{number}/head`"));
        }
        NamedRefs::Short(name) if !is_possible(name) => {
            let right = format!("`refs/heads/{name}` for a branch, `refs/tags/{name}` for a tag");
            return never("a ref pattern is a full name", right);
        }
        NamedRefs::Refs if !is_possible(trimmed) => {
            let right = match trimmed.strip_prefix("refs/pull/").and_then(|rest| rest.split_once('/')) {
                Some((number, _)) if is_request_number(number) => format!("`refs/pull/{number}/head`"),
                Some(_) => "the number of the pull request: `refs/pull/25/head`, or `refs/pull/*`".to_owned(),
                None => "a pattern under `refs/heads/`, `refs/tags/` or `refs/pull/`".to_owned(),
            };
            return never("a build's ref is a branch, a tag or a pull request's head", right);
        }
        NamedRefs::Short(_) | NamedRefs::Refs => trimmed.to_owned(),
    };
    check_literals(text, &full, "ref")?;
    Ok((Remark::pattern(&full)?, name::probably_no_name(text, &full)))
}

/// Returns whether some reference of a build may fit.
fn is_possible(text: &str) -> bool {
    let forms = ["refs/heads/?*", "refs/tags/?*", "refs/pull/?*/head"].map(str::parse::<Pattern>);
    let Ok(pattern) = text.parse::<Pattern>() else { return false };
    is_wild(text) && forms.iter().flatten().any(|form| pattern.overlaps(form))
}

fn in_refs(full: &str) -> String {
    format!("`{full}` as a ref: `forbidden-refs`, `allowed-refs`, or `refs` in a selector")
}

#[cfg(test)]
mod tests;
