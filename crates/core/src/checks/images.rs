//! `forbidden-images`, `allowed-images`: the image the build runs in, as the build names it
//! (`aws/codebuild/standard:7.0`, `111122223333.dkr.ecr.eu-west-1.amazonaws.com/tools@sha256:…`).

use super::{
    About, CheckKind, OptionKind,
    patterns::{Subject, Values, allowed, forbidden},
    prevention::{Prevention, Seen},
};

pub(super) const IMAGES: Subject = Subject {
    name: "images",
    example: "[aws/codebuild/*]",
    values: |facts| facts.image().map(Values::from),
    seen: Seen::Argument(|list| Prevention::exact(vec![list.refusal("codebuild:environment.image")])),
};

pub(super) const FORBIDDEN: CheckKind = CheckKind {
    id: "forbidden-images",
    about: About {
        breaks_when: "The image the build runs in is among the patterns.",
        why: "An image that is no longer patched, or that anybody can push to, runs with the build's credentials.",
        example: "['*:latest']",
        project: None,
        allowed: r#"{"environment": {"image": "aws/codebuild/standard:7.0"}}"#,
        stopped: r#"{"environment": {"image": "tools:latest"}}"#,
        reads: &["environment.image"],
    },
    option: OptionKind::Patterns,
    read: |reader, node| forbidden(&IMAGES, reader, node),
};

pub(super) const ALLOWED: CheckKind = CheckKind {
    id: "allowed-images",
    about: About {
        breaks_when: "The image the build runs in is not among the patterns.",
        why: "A build should run in an image that somebody vouches for.",
        example: "[aws/codebuild/*, '111122223333.dkr.ecr.eu-west-1.amazonaws.com/*']",
        project: None,
        allowed: r#"{"environment": {"image": "aws/codebuild/standard:7.0"}}"#,
        stopped: r#"{"environment": {"image": "docker.io/somebody/tools:1"}}"#,
        reads: &["environment.image"],
    },
    option: OptionKind::Patterns,
    read: |reader, node| allowed(&IMAGES, reader, node),
};
