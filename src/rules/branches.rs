//! `forbidden-branches`, `allowed-branches`: the branch the build is of, by its short
//! name, however git's syntax spells it. A build that names no branch cannot tell.

use super::{
    CheckKind,
    patterns::{Subject, Values, allowed, forbidden},
};

pub(super) const BRANCHES: Subject = Subject {
    name: "branches",
    example: "[main, release/*]",
    values: |facts| {
        let (branch, doubt) = facts.perhaps_branch()?;
        Ok(Values { value: branch.into(), other: doubt.map(Err) })
    },
};

pub(super) const FORBIDDEN: CheckKind =
    CheckKind { id: "forbidden-branches", read: |reader, node| forbidden(&BRANCHES, reader, node) };

pub(super) const ALLOWED: CheckKind =
    CheckKind { id: "allowed-branches", read: |reader, node| allowed(&BRANCHES, reader, node) };
