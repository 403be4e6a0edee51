//! Commit ids, whole and abbreviated.

use super::names::{is_number, split_suffix};

/// The id in the output of `git describe`: `abc1234` in `v1.0-3-gabc1234`.
///
/// Git (2.47 at least) ignores the text before `-g`: `harmless-gabc1234` is a commit, of any branch. Without
/// the count, the id must look like one, so that the branch `fix-gaffe` does not count as a commit.
pub(super) fn described_commit(revision: &str) -> Option<&str> {
    revision.match_indices("-g").find_map(|(at, marker)| {
        let (before, rest) = (&revision[..at], &revision[at + marker.len()..]);
        let length = rest.bytes().take_while(u8::is_ascii_hexdigit).count();
        let (id, after) = rest.split_at(length);
        let ends = split_suffix(after).0.trim_matches('/').is_empty();
        let counted = before.rsplit_once('-').is_some_and(|(_, count)| is_number(count));
        let long_enough = (SHORTEST_ID..=LONGEST_ID).contains(&length);
        (ends && long_enough && (counted || is_whole_id(id) || could_be_abbreviated_id(id))).then_some(id)
    })
}

/// The shortest abbreviation of an id; see `core.abbrev` in `git-config(1)`.
const SHORTEST_ID: usize = 4;
/// The length of a SHA-256 id; a SHA-1 id has 40 digits.
const LONGEST_ID: usize = 64;

/// Returns whether a name is a commit id. Git prefers an id to a branch.
pub(in crate::facts) fn is_whole_id(name: &str) -> bool {
    matches!(name.len(), 40 | LONGEST_ID) && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Returns whether a name could be an abbreviated commit id.
///
/// Git prefers a branch of that name, and only the repository knows whether there is one: it must
/// not be possible to evade a rule about `main` by abbreviating the id of its last commit. Words
/// of letters only, such as `facade`, count as branches: of the abbreviations with seven digits,
/// one in a thousand looks like that.
pub(in crate::facts) fn could_be_abbreviated_id(name: &str) -> bool {
    (SHORTEST_ID..LONGEST_ID).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_hexdigit())
        && name.bytes().any(|byte| byte.is_ascii_digit())
}
