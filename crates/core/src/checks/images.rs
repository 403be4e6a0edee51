//! `forbidden-images`, `allowed-images`: the image that the build runs in, as the build names it
//! (`aws/codebuild/standard:7.0`, `111122223333.dkr.ecr.eu-west-1.amazonaws.com/tools@sha256:…`).

use super::{
    About, CheckKind, IamView, OptionKind,
    pattern_list::{allowed, forbidden},
    subject::{Subject, Values},
};

pub(super) const IMAGES: Subject = Subject {
    name: "images",
    example: "[aws/codebuild/*]",
    values: |facts| facts.image().map(Values::from),
    arn_part: None,
};

const IAM: IamView = IamView::Value("codebuild:environment.image");

pub(super) const FORBIDDEN: CheckKind = CheckKind {
    id: "forbidden-images",
    about: About {
        breaks_when: "The image that the build runs in matches a pattern.",
        why: "An image that is not patched any more, or that anyone can push to, runs with the build's credentials.",
        example: "['*:latest']",
        project: None,
        allowed: r#"{"environment": {"image": "aws/codebuild/standard:7.0"}}"#,
        stopped: r#"{"environment": {"image": "tools:latest"}}"#,
        reads: &["environment.image"],
    },
    option: OptionKind::Patterns(|patterns| forbidden(&IMAGES, patterns)),
    iam: IAM,
};

pub(super) const ALLOWED: CheckKind = CheckKind {
    id: "allowed-images",
    about: About {
        breaks_when: "The image that the build runs in matches none of the patterns.",
        why: "A build should run only in images that someone maintains.",
        example: "[aws/codebuild/*, '111122223333.dkr.ecr.eu-west-1.amazonaws.com/*']",
        project: None,
        allowed: r#"{"environment": {"image": "aws/codebuild/standard:7.0"}}"#,
        stopped: r#"{"environment": {"image": "docker.io/somebody/tools:1"}}"#,
        reads: &["environment.image"],
    },
    option: OptionKind::Patterns(|patterns| allowed(&IMAGES, patterns)),
    iam: IAM,
};
