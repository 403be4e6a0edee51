//! `forbidden-initiators`, `allowed-initiators`: who or what started the build, as
//! CodeBuild names it: `alice`, `Role/session`, `rule/NAME`, `codepipeline/NAME`,
//! `GitHub-Hookshot/4f5b68a`.

use super::{
    About, CheckKind, OptionKind,
    patterns::{Subject, Values, allowed, forbidden},
    prevention::Seen,
};

pub(super) const INITIATORS: Subject = Subject {
    name: "initiators",
    example: "[codepipeline/*]",
    values: |facts| facts.initiator().map(Values::from),
    seen: Seen::No("no condition key holds the initiator, which CodeBuild names after the call"),
};

pub(super) const FORBIDDEN: CheckKind = CheckKind {
    id: "forbidden-initiators",
    about: About {
        breaks_when: "Who or what started the build is among the patterns: `alice`, `Role/session`, `rule/NAME`, `codepipeline/NAME`, `GitHub-Hookshot/4f5b68a`.",
        why: "Some builds should be started by people, and others by nobody but a pipeline.",
        example: "[GitHub-Hookshot/*]",
        project: None,
        allowed: r#"{"initiator": "Developer/alice"}"#,
        stopped: r#"{"initiator": "GitHub-Hookshot/4f5b68a"}"#,
        reads: &["initiator"],
    },
    option: OptionKind::Patterns,
    read: |reader, node| forbidden(&INITIATORS, reader, node),
};

pub(super) const ALLOWED: CheckKind = CheckKind {
    id: "allowed-initiators",
    about: About {
        breaks_when: "Who or what started the build is not among the patterns.",
        why: "What deploys should be started by its pipeline, and not by hand.",
        example: "[codepipeline/*]",
        project: None,
        allowed: r#"{"initiator": "codepipeline/release"}"#,
        stopped: r#"{"initiator": "Developer/alice"}"#,
        reads: &["initiator"],
    },
    option: OptionKind::Patterns,
    read: |reader, node| allowed(&INITIATORS, reader, node),
};
