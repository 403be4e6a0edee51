//! `forbidden-sources`, `allowed-sources`: where the primary source is. A URL's user
//! information is left out and its scheme and host are lower case, so that neither
//! slips past a pattern.

use super::{
    About, CheckKind, OptionKind,
    patterns::{Fit, List, Subject, Values, allowed, forbidden},
    prevention::{Condition, Prevention, Seen},
};

use crate::url::normalized;

pub(super) const SOURCES: Subject = Subject {
    name: "sources",
    example: "[https://github.com/acme/*]",
    values: |facts| facts.source_location().map(|location| Values { value: normalized(location), other: None }),
    seen: Seen::Argument(prevention),
};

pub(super) const FORBIDDEN: CheckKind = CheckKind {
    id: "forbidden-sources",
    about: About {
        breaks_when: "The location of the build's primary source is among the patterns. It is compared without user information, its scheme and host in lower case.",
        why: "Code from some places should not run with this account's credentials.",
        example: "['https://github.com/somebody/*']",
        project: None,
        allowed: r#"{"source": {"type": "GITHUB", "location": "https://github.com/acme/app.git"}}"#,
        stopped: r#"{"source": {"type": "GITHUB", "location": "https://github.com/somebody/app.git"}}"#,
        reads: &["source.location", "source.type"],
    },
    option: OptionKind::Patterns,
    read: |reader, node| forbidden(&SOURCES, reader, node),
};

pub(super) const ALLOWED: CheckKind = CheckKind {
    id: "allowed-sources",
    about: About {
        breaks_when: "The location of the build's primary source is not among the patterns. It is compared without user information, its scheme and host in lower case.",
        why: "A build started with another source location runs somebody else's code with this project's role.",
        example: "['https://github.com/acme/*']",
        project: None,
        allowed: r#"{"source": {"type": "GITHUB", "location": "https://github.com/acme/app.git"}}"#,
        stopped: r#"{"source": {"type": "GITHUB", "location": "https://github.com/somebody/app.git"}}"#,
        reads: &["source.location", "source.type"],
    },
    option: OptionKind::Patterns,
    read: |reader, node| allowed(&SOURCES, reader, node),
};

/// The key holds the location as the call writes it, not as patterns see it.
fn prevention(list: &List) -> Prevention {
    let key = "codebuild:source.location";
    if list.broken_by == Fit::No {
        let remark = "a location is compared as the call writes it: one with user information, or with capital letters \
                      in its scheme or host, is refused even where the rule allows it";
        return Prevention::Exact { refusals: vec![list.refusal(key)], remarks: vec![remark.into()] };
    }
    let (comparable, others): (Vec<&str>, Vec<&str>) =
        list.patterns.texts().into_iter().partition(|pattern| is_comparable(pattern));
    let (mut refusals, mut remarks) = (Vec::new(), Vec::new());
    if !comparable.is_empty() {
        let patterns = comparable.into_iter().map(str::to_owned).collect();
        // Without an `@` there is no user information to be left out.
        let no_user_info = Condition::NotLike(key, vec!["*@*".into()]);
        refusals.push(vec![Condition::Like(key, patterns), no_user_info, Condition::Given(key)]);
        remarks.push("a location with an `@` in it is not refused: it may hold user information".to_owned());
    }
    if !others.is_empty() {
        let patterns = others.join(", ");
        remarks.push(format!(
            "not refused: {patterns}, which could fit what a call writes and not what patterns see of it"
        ));
    }
    Prevention::Exact { refusals, remarks }
}

/// Whether every location without an `@` that fits the pattern as a call writes it also
/// fits it with its scheme and host in lower case. A pattern without capital letters does:
/// what its letters fit is in lower case already. So does one that writes out scheme and host.
fn is_comparable(pattern: &str) -> bool {
    let is_plain = |text: &str| !text.contains(|c: char| c.is_ascii_uppercase() || c == '@');
    let written_out = pattern.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.split_once('/')?.0)));
    let has_no_wildcard = |text: &str| !text.contains(['*', '?', '#']);
    is_plain(pattern)
        || written_out.is_some_and(|(scheme, host)| {
            [scheme, host].into_iter().all(|part| is_plain(part) && has_no_wildcard(part)) && !pattern.contains('@')
        })
}
