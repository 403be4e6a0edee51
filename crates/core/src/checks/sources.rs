//! `forbidden-sources`, `allowed-sources`: the location of the primary source, without user
//! information and with scheme and host in lower case, so that neither can evade a pattern.

use super::{
    About, CheckKind, IamView, OptionKind,
    pattern_list::{allowed, forbidden},
    subject::{Subject, Values},
};
use crate::url::normalized;

pub(super) const SOURCES: Subject = Subject {
    name: "sources",
    example: "[https://github.com/acme/*]",
    values: |facts| facts.source_location().map(|location| Values { value: normalized(location), other: None }),
    arn_part: None,
};

const IAM: IamView = IamView::SourceLocation;

pub(super) const FORBIDDEN: CheckKind = CheckKind {
    id: "forbidden-sources",
    about: About {
        breaks_when: "The location of the build's primary source matches a pattern. It is compared without user information, and with scheme and host in lower case.",
        why: "Code from some places must not run with this account's credentials.",
        example: "['https://github.com/somebody/*']",
        project: None,
        allowed: r#"{"source": {"type": "GITHUB", "location": "https://github.com/acme/app.git"}}"#,
        stopped: r#"{"source": {"type": "GITHUB", "location": "https://github.com/somebody/app.git"}}"#,
        reads: &["source.location", "source.type"],
    },
    option: OptionKind::Patterns(|patterns| forbidden(&SOURCES, patterns)),
    iam: IAM,
};

pub(super) const ALLOWED: CheckKind = CheckKind {
    id: "allowed-sources",
    about: About {
        breaks_when: "The location of the build's primary source matches none of the patterns. It is compared without user information, and with scheme and host in lower case.",
        why: "A build that is started with another source location runs that code with the project's role.",
        example: "['https://github.com/acme/*']",
        project: None,
        allowed: r#"{"source": {"type": "GITHUB", "location": "https://github.com/acme/app.git"}}"#,
        stopped: r#"{"source": {"type": "GITHUB", "location": "https://github.com/somebody/app.git"}}"#,
        reads: &["source.location", "source.type"],
    },
    option: OptionKind::Patterns(|patterns| allowed(&SOURCES, patterns)),
    iam: IAM,
};
