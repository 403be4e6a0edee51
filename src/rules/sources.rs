//! `forbidden-sources`, `allowed-sources`: where the primary source is. A URL's user
//! information is left out and its scheme and host are lower case, so that neither
//! slips past a pattern.

use super::{
    About, CheckKind, OptionKind,
    patterns::{Subject, Values, allowed, forbidden},
};

use crate::url::normalized;

pub(super) const SOURCES: Subject = Subject {
    name: "sources",
    example: "[https://github.com/acme/*]",
    values: |facts| facts.source_location().map(|location| Values { value: normalized(location), other: None }),
};

pub(super) const FORBIDDEN: CheckKind = CheckKind {
    id: "forbidden-sources",
    about: About {
        breaks_when: "The location of the build's primary source is among the patterns. It is compared without user information, its scheme and host in lower case.",
        why: "Code from some places should not run with this account's credentials.",
        example: "['https://github.com/somebody/*']",
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
        allowed: r#"{"source": {"type": "GITHUB", "location": "https://github.com/acme/app.git"}}"#,
        stopped: r#"{"source": {"type": "GITHUB", "location": "https://github.com/somebody/app.git"}}"#,
        reads: &["source.location", "source.type"],
    },
    option: OptionKind::Patterns,
    read: |reader, node| allowed(&SOURCES, reader, node),
};
