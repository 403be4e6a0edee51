//! `forbidden-sources` and `allowed-sources` as conditions. The key contains the location as
//! the call spells it, while the checks compare it without user information and with scheme
//! and host in lower case.

use super::prevention::{Condition, Prevention, texts};
use crate::checks::Patterns;

const LOCATION: &str = "codebuild:source.location";

pub(super) fn allowed(patterns: &Patterns) -> Prevention {
    let remark = "a location with user information, or with capital letters in its scheme or host, is refused even if \
                  the rule allows it, because IAM compares it as the call spells it";
    let refusal = vec![Condition::NotLike(LOCATION, texts(patterns)), Condition::Given(LOCATION)];
    Prevention::Exact { refusals: vec![refusal], remarks: vec![remark.into()] }
}

pub(super) fn forbidden(patterns: &Patterns) -> Prevention {
    let (comparable, others): (Vec<String>, Vec<String>) =
        texts(patterns).into_iter().partition(|pattern| is_comparable(pattern));
    let (mut refusals, mut remarks) = (Vec::new(), Vec::new());
    if !comparable.is_empty() {
        // Without an `@`, a location has no user information.
        let no_user_info = Condition::NotLike(LOCATION, vec!["*@*".into()]);
        refusals.push(vec![Condition::Like(LOCATION, comparable), no_user_info, Condition::Given(LOCATION)]);
        remarks.push("a location that contains `@` is not refused, because it may have user information".to_owned());
    }
    if !others.is_empty() {
        remarks.push(format!(
            "not refused: {}; IAM could match the spelling of a location that the rule does not forbid",
            others.join(", ")
        ));
    }
    Prevention::Exact { refusals, remarks }
}

/// Returns whether a location without `@` that the pattern matches as the call spells it also matches
/// with scheme and host in lower case. That is so if the pattern contains no capital letters,
/// or if it contains the whole scheme and host without wildcards, in lower case.
fn is_comparable(pattern: &str) -> bool {
    let is_plain = |text: &str| !text.contains(|c: char| c.is_ascii_uppercase() || c == '@');
    let scheme_and_host = pattern.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.split_once('/')?.0)));
    let has_no_wildcard = |text: &str| !text.contains(['*', '?', '#']);
    is_plain(pattern)
        || scheme_and_host.is_some_and(|(scheme, host)| {
            [scheme, host].into_iter().all(|part| is_plain(part) && has_no_wildcard(part)) && !pattern.contains('@')
        })
}
