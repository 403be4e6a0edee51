//! `forbidden-refs`, `allowed-refs`: the full name of the build's reference, however it is
//! spelt. A build of a commit has no reference.

use super::{
    CheckDocs, CheckKind, IamView, OptionKind,
    pattern_list::{allowed, forbidden},
    patterns::Syntax,
    subject::{Subject, SubjectValues},
};

pub(super) const REFS: Subject = Subject {
    name: "refs",
    example: "[refs/tags/v*, refs/pull/*]",
    syntax: Syntax::Ref,
    values: |facts| facts.possible_ref().map(SubjectValues::from),
    contradiction: None,
    arn_part: None,
};

const IAM: IamView = IamView::NoKey("no condition key contains the source version of a call");

pub(super) const FORBIDDEN: CheckKind = CheckKind {
    id: "forbidden-refs",
    about: CheckDocs {
        breaks_when: "The build's ref matches a pattern. A ref is a full name: `refs/heads/main`, `refs/tags/v1`, `refs/pull/25/head` (every spelling of a pull or merge request).",
        why: "The code of a pull request may not have been reviewed yet.",
        example: "[refs/pull/*]",
        project: None,
        running: None,
        allowed: r#"{"sourceVersion": "main"}"#,
        stopped: r#"{"sourceVersion": "pr/25"}"#,
        reads: &["sourceVersion", "source.type", "the same of the batch"],
    },
    option: OptionKind::Forbidden(Syntax::Ref, |patterns| forbidden(&REFS, patterns)),
    iam: IAM,
};

pub(super) const ALLOWED: CheckKind = CheckKind {
    id: "allowed-refs",
    about: CheckDocs {
        breaks_when: "The build's ref matches none of the patterns.",
        why: "A project that releases should build tags and nothing else.",
        example: "[refs/tags/v*]",
        project: None,
        running: None,
        allowed: r#"{"sourceVersion": "refs/tags/v1.2"}"#,
        stopped: r#"{"sourceVersion": "main"}"#,
        reads: &["sourceVersion", "source.type", "the same of the batch"],
    },
    option: OptionKind::Allowed(Syntax::Ref, |patterns| allowed(&REFS, patterns)),
    iam: IAM,
};
