//! `forbidden-images`, `allowed-images`: the image that the build runs in, as the build names it
//! (`aws/codebuild/standard:7.0`, `111122223333.dkr.ecr.eu-west-1.amazonaws.com/tools@sha256:…`).

use super::{
    CheckDocs, CheckKind, IamView, OptionKind,
    pattern_list::{allowed, forbidden},
    patterns::Syntax,
    subject::{Subject, SubjectValue, SubjectValues},
};

pub(super) const IMAGES: Subject = Subject {
    name: "images",
    example: "[aws/codebuild/*]",
    syntax: Syntax::Image,
    values: |facts| facts.image().map(|image| SubjectValues { value: SubjectValue::Image(image), other: None }),
    contradiction: None,
    arn_part: None,
};

const IAM: IamView = IamView::Image;

pub(super) const FORBIDDEN: CheckKind = CheckKind {
    id: "forbidden-images",
    about: CheckDocs {
        breaks_when: "The image that the build runs in matches a pattern, as the build names it or as Docker reads that name: `tools` is `docker.io/library/tools:latest`.",
        why: "An image that is not patched any more, or that anyone can push to, runs with the build's credentials.",
        example: "['*:latest']",
        project: None,
        running: None,
        allowed: r#"{"environment": {"image": "aws/codebuild/standard:7.0"}}"#,
        stopped: r#"{"environment": {"image": "tools:latest"}}"#,
        reads: &["environment.image"],
    },
    option: OptionKind::Forbidden(Syntax::Image, |patterns| forbidden(&IMAGES, patterns)),
    iam: IAM,
};

pub(super) const ALLOWED: CheckKind = CheckKind {
    id: "allowed-images",
    about: CheckDocs {
        breaks_when: "The image that the build runs in matches none of the patterns, as Docker reads its name.",
        why: "A build should run only in images that someone maintains.",
        example: "[aws/codebuild/*, '111122223333.dkr.ecr.eu-west-1.amazonaws.com/*']",
        project: None,
        running: None,
        allowed: r#"{"environment": {"image": "aws/codebuild/standard:7.0"}}"#,
        stopped: r#"{"environment": {"image": "docker.io/somebody/tools:1"}}"#,
        reads: &["environment.image"],
    },
    option: OptionKind::Allowed(Syntax::Image, |patterns| allowed(&IMAGES, patterns)),
    iam: IAM,
};
