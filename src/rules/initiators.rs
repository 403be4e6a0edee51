//! `forbidden-initiators`, `allowed-initiators`: who or what started the build, as
//! CodeBuild names it: `alice`, `Role/session`, `rule/NAME`, `codepipeline/NAME`,
//! `GitHub-Hookshot/4f5b68a`.

use super::{
    CheckKind,
    patterns::{Subject, Values, allowed, forbidden},
};

pub(super) const INITIATORS: Subject =
    Subject { name: "initiators", example: "[codepipeline/*]", values: |facts| facts.initiator().map(Values::from) };

pub(super) const FORBIDDEN: CheckKind =
    CheckKind { id: "forbidden-initiators", read: |reader, node| forbidden(&INITIATORS, reader, node) };

pub(super) const ALLOWED: CheckKind =
    CheckKind { id: "allowed-initiators", read: |reader, node| allowed(&INITIATORS, reader, node) };
