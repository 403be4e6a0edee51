//! `forbidden-sources`, `allowed-sources`: where the primary source is. A URL's user
//! information is left out and its scheme and host are lower case, so that neither
//! slips past a pattern.

use super::{
    CheckKind,
    patterns::{Subject, Values, allowed, forbidden},
};

use crate::url::normalized;

pub(super) const SOURCES: Subject = Subject {
    name: "sources",
    example: "[https://github.com/acme/*]",
    values: |facts| facts.source_location().map(|location| Values { value: normalized(location), other: None }),
};

pub(super) const FORBIDDEN: CheckKind =
    CheckKind { id: "forbidden-sources", read: |reader, node| forbidden(&SOURCES, reader, node) };

pub(super) const ALLOWED: CheckKind =
    CheckKind { id: "allowed-sources", read: |reader, node| allowed(&SOURCES, reader, node) };
