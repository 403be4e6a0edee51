//! `forbidden-images`, `allowed-images`: the image the build runs in, as the build names it
//! (`aws/codebuild/standard:7.0`, `111122223333.dkr.ecr.eu-west-1.amazonaws.com/tools@sha256:…`).

use super::{
    CheckKind,
    patterns::{Subject, Values, allowed, forbidden},
};

pub(super) const IMAGES: Subject =
    Subject { name: "images", example: "[aws/codebuild/*]", values: |facts| facts.image().map(Values::from) };

pub(super) const FORBIDDEN: CheckKind =
    CheckKind { id: "forbidden-images", read: |reader, node| forbidden(&IMAGES, reader, node) };

pub(super) const ALLOWED: CheckKind =
    CheckKind { id: "allowed-images", read: |reader, node| allowed(&IMAGES, reader, node) };
