//! `forbidden-branches`, `allowed-branches`: the short name of the branch that is built, however git's
//! syntax spells it. The checks are undecided for a build that names no branch.

use super::{
    CheckDocs, CheckKind, IamView, OptionKind,
    pattern_list::{allowed, forbidden},
    patterns::Syntax,
    subject::{Subject, SubjectValues},
};

pub(super) const BRANCHES: Subject = Subject {
    name: "branches",
    example: "[main, release/*]",
    syntax: Syntax::Branch,
    values: |facts| facts.possible_branch().map(SubjectValues::from),
    contradiction: None,
    arn_part: None,
};

const IAM: IamView = IamView::NoKey("no condition key contains the source version of a call");

pub(super) const FORBIDDEN: CheckKind = CheckKind {
    id: "forbidden-branches",
    about: CheckDocs {
        breaks_when: "The build's branch matches a pattern, however git's syntax spells it.",
        why: "Release branches should be built by the release pipeline alone.",
        example: "[main, release/*]",
        project: None,
        running: None,
        allowed: r#"{"sourceVersion": "feature/basket"}"#,
        stopped: r#"{"sourceVersion": "refs/heads/main"}"#,
        reads: &["sourceVersion", "source.type", "the same of the batch"],
    },
    option: OptionKind::Forbidden(Syntax::Branch, |patterns| forbidden(&BRANCHES, patterns)),
    iam: IAM,
};

pub(super) const ALLOWED: CheckKind = CheckKind {
    id: "allowed-branches",
    about: CheckDocs {
        breaks_when: "The build's branch matches none of the patterns.",
        why: "A project that deploys should build one branch and no other.",
        example: "[main, release/*]",
        project: None,
        running: None,
        allowed: r#"{"sourceVersion": "refs/heads/main"}"#,
        stopped: r#"{"sourceVersion": "feature/basket"}"#,
        reads: &["sourceVersion", "source.type", "the same of the batch"],
    },
    option: OptionKind::Allowed(Syntax::Branch, |patterns| allowed(&BRANCHES, patterns)),
    iam: IAM,
};
