//! `forbidden-branches`, `allowed-branches`: the branch the build is of, by its short
//! name, however git's syntax spells it. A build that names no branch cannot tell.

use super::{
    About, CheckKind, OptionKind,
    patterns::{Subject, Values, allowed, forbidden},
    prevention::Seen,
};

pub(super) const BRANCHES: Subject = Subject {
    name: "branches",
    example: "[main, release/*]",
    values: |facts| {
        let (branch, doubt) = facts.perhaps_branch()?;
        Ok(Values { value: branch.into(), other: doubt.map(Err) })
    },
    seen: Seen::No("no condition key sees the source version of a call"),
};

pub(super) const FORBIDDEN: CheckKind = CheckKind {
    id: "forbidden-branches",
    about: About {
        breaks_when: "The build's branch is among the patterns, however git's syntax spells it.",
        why: "Only a release pipeline should build what is released.",
        example: "[main, release/*]",
        project: None,
        allowed: r#"{"sourceVersion": "feature/basket"}"#,
        stopped: r#"{"sourceVersion": "refs/heads/main"}"#,
        reads: &["sourceVersion", "source.type"],
    },
    option: OptionKind::Patterns,
    read: |reader, node| forbidden(&BRANCHES, reader, node),
};

pub(super) const ALLOWED: CheckKind = CheckKind {
    id: "allowed-branches",
    about: About {
        breaks_when: "The build's branch is not among the patterns.",
        why: "A project that deploys should build one branch and no other.",
        example: "[main, release/*]",
        project: None,
        allowed: r#"{"sourceVersion": "refs/heads/main"}"#,
        stopped: r#"{"sourceVersion": "feature/basket"}"#,
        reads: &["sourceVersion", "source.type"],
    },
    option: OptionKind::Patterns,
    read: |reader, node| allowed(&BRANCHES, reader, node),
};
