//! The branches and tags of a remote repository, with the commits that they point to.

use std::fmt;

use jiff::Timestamp;

use crate::model::{Build, BuildBatch, Project};

/// The whole id of a commit, or of an annotated tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ObjectId {
    /// An id of 40 digits.
    Sha1([u8; 20]),
    /// An id of 64 digits.
    Sha256([u8; 32]),
}

/// The hash algorithm of a repository's ids. <https://git-scm.com/docs/hash-function-transition>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectFormat {
    /// Ids of 40 digits.
    Sha1,
    /// Ids of 64 digits.
    Sha256,
}

impl ObjectId {
    /// Reads 40 or 64 hexadecimal digits.
    pub fn read(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        match bytes.len() {
            40 => decoded(bytes).map(Self::Sha1),
            64 => decoded(bytes).map(Self::Sha256),
            _ => None,
        }
    }

    /// The id of the commit of a build, or of the batch that it belongs to, if it has a whole one.
    pub fn of_build(build: &Build, batch: Option<&BuildBatch>, project: Option<&Project>) -> Option<Self> {
        let (version, resolved) = match batch {
            Some(batch) => (&batch.source_version, &batch.resolved_source_version),
            None => (&build.source_version, &build.resolved_source_version),
        };
        let has_version = version.as_ref().is_some_and(|version| !version.trim().is_empty());
        // Without a version of its own, a build has its project's.
        let of_project = project.filter(|_| !has_version).and_then(|project| project.source_version.as_ref());
        let versions = version.iter().chain(resolved).chain(of_project);
        versions.map(|version| version.trim()).find_map(Self::read)
    }

    /// The format of the repositories that can contain the id.
    pub fn format(self) -> ObjectFormat {
        match self {
            Self::Sha1(_) => ObjectFormat::Sha1,
            Self::Sha256(_) => ObjectFormat::Sha256,
        }
    }
}

/// Decodes hexadecimal digits, two for each byte.
fn decoded<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    let value = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.as_chunks().0) {
        let [high, low] = *pair;
        *byte = value(high)? << 4 | value(low)?;
    }
    Some(bytes)
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = match self {
            Self::Sha1(bytes) => bytes.as_slice(),
            Self::Sha256(bytes) => bytes,
        };
        bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A branch or a tag of a remote repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteRef {
    /// The full name, as in `refs/heads/main`.
    pub name: String,
    /// The commit, or the annotated tag.
    pub id: ObjectId,
    /// The object that an annotated tag points to, which is nearly always a commit.
    pub peeled: Option<ObjectId>,
}

/// All branches and tags of a remote repository at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RemoteRefs {
    /// Everything under `refs/heads/` and `refs/tags/`.
    pub refs: Vec<RemoteRef>,
    /// The full name of the branch that HEAD refers to. `None` if HEAD is a commit, if the
    /// repository is empty, and if an old server does not report it.
    pub head: Option<String>,
}

impl RemoteRefs {
    /// The full names of all refs that point to the commit. A host may report the push of an annotated tag with
    /// the id of the tag or of its commit, so either id matches.
    pub fn at(&self, commit: ObjectId) -> impl Iterator<Item = &str> {
        let points = move |one: &&RemoteRef| one.id == commit || one.peeled == Some(commit);
        self.refs.iter().filter(points).map(|one| one.name.as_str())
    }

    /// The short name of the branch that HEAD refers to.
    pub fn head_branch(&self) -> Option<&str> {
        self.head.as_deref()?.strip_prefix("refs/heads/")
    }
}

/// Git's answer about a build's commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefsAtCommit {
    /// The full names of all branches and tags at the commit.
    pub names: Vec<String>,
    /// The full name of the branch that HEAD refers to; see [`RemoteRefs::head`].
    pub head: Option<String>,
    /// The time at which the repository was asked. Its references may move at any time.
    pub as_of: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(digit: &str) -> ObjectId {
        ObjectId::read(&digit.repeat(40)).unwrap()
    }

    fn remote_ref(name: &str, digit: &str, peeled: Option<&str>) -> RemoteRef {
        RemoteRef { name: name.to_owned(), id: id(digit), peeled: peeled.map(id) }
    }

    #[test]
    fn an_id_is_whole_and_has_the_format_of_its_length() {
        for (text, expected) in [
            ("a".repeat(40), Some(ObjectFormat::Sha1)),
            ("A".repeat(40), Some(ObjectFormat::Sha1)),
            ("0".repeat(64), Some(ObjectFormat::Sha256)),
            ("a".repeat(39), None),
            ("a".repeat(41), None),
            ("g".repeat(40), None),
            (String::new(), None),
        ] {
            assert_eq!(ObjectId::read(&text).map(|id| id.format()), expected, "{text}");
        }
        let id = ObjectId::read(&"0123456789ABCDEFabcd".repeat(2)).unwrap();
        assert_eq!(id.to_string(), "0123456789abcdefabcd".repeat(2));
    }

    #[test]
    fn a_commit_has_all_refs_that_point_to_it() {
        let remote = RemoteRefs {
            refs: vec![
                remote_ref("refs/heads/main", "1", None),
                remote_ref("refs/heads/alias", "1", None),
                remote_ref("refs/heads/next", "2", None),
                remote_ref("refs/tags/light", "1", None),
                remote_ref("refs/tags/annotated", "3", Some("1")),
            ],
            head: None,
        };
        let at = |digit| remote.at(id(digit)).collect::<Vec<_>>();
        assert_eq!(at("1"), ["refs/heads/main", "refs/heads/alias", "refs/tags/light", "refs/tags/annotated"]);
        assert_eq!(at("2"), ["refs/heads/next"]);
        assert_eq!(at("3"), ["refs/tags/annotated"]);
        assert!(at("4").is_empty());
    }

    #[test]
    fn head_has_a_branch_only_if_it_refers_to_one() {
        for (head, expected) in [
            (Some("refs/heads/main"), Some("main")),
            (Some("refs/heads/team/a"), Some("team/a")),
            (Some("refs/tags/v1"), None),
            (None, None),
        ] {
            let remote = RemoteRefs { refs: Vec::new(), head: head.map(str::to_owned) };
            assert_eq!(remote.head_branch(), expected, "{head:?}");
        }
    }
}
