//! `forbidden-sources` and `allowed-sources` as conditions. The key contains the location as
//! the call spells it, while the checks compare it without user information and with scheme
//! and host in lower case.

use super::prevention::{KeyCondition, Prevention, Refusal, texts};
use crate::{checks::Patterns, facts::source_pattern::SourcePattern};

const LOCATION: &str = "codebuild:source.location";

pub(super) fn allowed(patterns: &Patterns) -> Prevention {
    let remark = "a location in another spelling than the pattern's (user information, capital letters, \
                  `git@host:path`, a `/` at its end; `.git`, if the pattern begins with a wildcard) is refused even if \
                  the rule allows it, because IAM compares it as the call spells it";
    let mut allowed = with_other_ends(texts(patterns));
    // Some hosts ignore case.
    let lower: Vec<String> =
        allowed.iter().map(|text| text.to_lowercase()).filter(|text| !allowed.contains(text)).collect();
    allowed.extend(lower);
    let refusal = vec![KeyCondition::NotLike(LOCATION, allowed), KeyCondition::Given(LOCATION)];
    Prevention::Exact { refusals: vec![refusal, dot_segments()], remarks: vec![remark.into(), DOT_SEGMENTS.into()] }
}

pub(super) fn forbidden(patterns: &Patterns) -> Prevention {
    let (comparable, others): (Vec<String>, Vec<String>) =
        texts(patterns).into_iter().partition(|pattern| is_comparable(pattern));
    let (mut refusals, mut remarks) = (Vec::new(), Vec::new());
    if !comparable.is_empty() {
        // Without an `@`, a location has no user information; without `%`, its path is as spelled.
        let plain = KeyCondition::NotLike(LOCATION, vec!["*@*".into(), "*%*".into()]);
        let forms = KeyCondition::Like(LOCATION, with_other_ends(comparable));
        refusals.push(vec![forms, plain, KeyCondition::Given(LOCATION)]);
        remarks.push(
            "a location that contains `@` or `%` is not refused, because it may have user information or another path"
                .to_owned(),
        );
        remarks.push(
            "a location in another spelling than the pattern's (capital letters, a port, `http`, `//`, a `/` at its \
             end; `.git`, if the pattern begins with a wildcard) is not refused, because IAM compares it as the call \
             spells it"
                .to_owned(),
        );
    }
    if !others.is_empty() {
        remarks.push(format!(
            "not refused: {}; IAM could match the spelling of a location that the rule does not forbid",
            others.join(", ")
        ));
    }
    refusals.push(dot_segments());
    remarks.push(DOT_SEGMENTS.to_owned());
    Prevention::Exact { refusals, remarks }
}

/// Adds to patterns of a repository those with and without `.git` at their ends. Git hosts serve the same repository,
/// so the rule makes no difference.
fn with_other_ends(patterns: Vec<String>) -> Vec<String> {
    let mut forms = patterns.clone();
    for pattern in &patterns {
        let repository = pattern.trim_end_matches('/');
        let other = match repository.strip_suffix(".git") {
            Some(repository) => repository.to_owned(),
            None => format!("{repository}.git"),
        };
        if !pattern.ends_with('*') && !forms.contains(&other) && covers(pattern, &other) {
            forms.push(other);
        }
    }
    forms
}

/// Returns whether a pattern fits every location that the other fits.
fn covers(pattern: &str, other: &str) -> bool {
    let parsed = |text: &str| SourcePattern::parse(text).ok().map(|(pattern, _)| pattern);
    parsed(pattern).zip(parsed(other)).is_some_and(|(pattern, other)| pattern.covers(&other))
}

const DOT_SEGMENTS: &str =
    "a location with a `..` segment or `%2e` is refused, wherever it leads, because IAM cannot resolve its path";

/// Refuses `https://github.com/acme/../evil/app.git`, from which git fetches `/evil/app.git`.
fn dot_segments() -> Refusal {
    let segments = ["*/..", "*/../*", "*%2e*", "*%2E*"].map(str::to_owned).to_vec();
    vec![KeyCondition::Like(LOCATION, segments), KeyCondition::Given(LOCATION)]
}

/// Returns whether IAM can compare the pattern with a location without `@` as the call spells it: a location that
/// matches must also match with scheme and host in lower case. That is so if the pattern contains no capital
/// letters, or if it contains the whole scheme and host without wildcards, in lower case.
fn is_comparable(pattern: &str) -> bool {
    let is_plain = |text: &str| !text.contains(|c: char| c.is_ascii_uppercase() || c == '@');
    let scheme_and_host = pattern.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.split_once('/')?.0)));
    let has_no_wildcard = |text: &str| !text.contains(['*', '?', '#']);
    is_plain(pattern)
        || scheme_and_host.is_some_and(|(scheme, host)| {
            [scheme, host].into_iter().all(|part| is_plain(part) && has_no_wildcard(part)) && !pattern.contains('@')
        })
}
