//! `forbidden-initiators`, `allowed-initiators`: who or what started the build, as CodeBuild
//! names it: `alice`, `Role/session`, `rule/NAME`, `codepipeline/NAME`,
//! `GitHub-Hookshot/4f5b68a`.

use super::{
    About, CheckKind, IamView, OptionKind,
    pattern_list::{allowed, forbidden},
    patterns::Syntax,
    subject::{Subject, Values},
};

pub(super) const INITIATORS: Subject = Subject {
    name: "initiators",
    example: "[codepipeline/*]",
    syntax: Syntax::Initiator,
    values: |facts| facts.initiator().map(Values::from),
    arn_part: None,
};

const IAM: IamView = IamView::NoKey("no condition key contains the initiator, which CodeBuild sets after the call");

pub(super) const FORBIDDEN: CheckKind = CheckKind {
    id: "forbidden-initiators",
    about: About {
        breaks_when: "Who or what started the build matches a pattern: `alice`, `Role/session`, `rule/NAME`, `codepipeline/NAME`, `GitHub-Hookshot/4f5b68a`.",
        why: "Some builds should be started only by people, and others only by a pipeline.",
        example: "[GitHub-Hookshot/*]",
        project: None,
        allowed: r#"{"initiator": "Developer/alice"}"#,
        stopped: r#"{"initiator": "GitHub-Hookshot/4f5b68a"}"#,
        reads: &["initiator", "the same of the batch"],
    },
    option: OptionKind::Forbidden(Syntax::Initiator, |patterns| forbidden(&INITIATORS, patterns)),
    iam: IAM,
};

pub(super) const ALLOWED: CheckKind = CheckKind {
    id: "allowed-initiators",
    about: About {
        breaks_when: "Who or what started the build matches none of the patterns.",
        why: "A build that deploys should be started by its pipeline, not by hand.",
        example: "[codepipeline/*]",
        project: None,
        allowed: r#"{"initiator": "codepipeline/release"}"#,
        stopped: r#"{"initiator": "Developer/alice"}"#,
        reads: &["initiator", "the same of the batch"],
    },
    option: OptionKind::Allowed(Syntax::Initiator, |patterns| allowed(&INITIATORS, patterns)),
    iam: IAM,
};
