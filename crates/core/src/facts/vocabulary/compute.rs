//! Patterns of compute types, alone or behind an environment type.

use super::{COMPUTE_TYPES, ENVIRONMENT_TYPES};
use crate::{
    facts::possible::{Remark, is_wild},
    pattern::Pattern,
};

/// Parses a pattern of `COMPUTE_TYPE` and `ENVIRONMENT_TYPE/COMPUTE_TYPE`, with warnings about probable
/// mistakes. Returns an error, with a correction, if no build can fit the pattern.
pub fn compute_pattern(text: &str) -> Result<(Pattern, Vec<Remark>), Remark> {
    let pattern = Remark::pattern(text)?;
    if fits_something(text) {
        return Ok((pattern, Vec::new()));
    }
    let never = |why: &str, right: String| Err(Remark::new(format!("no build fits `{text}`: {why}"), right));
    if let Some(right) = meant(text) {
        let why = if fits_a_pair(text, |_, _| true) {
            "Lambda's environment types and compute types go together"
        } else if right.eq_ignore_ascii_case(text) {
            "the API's values are in upper case"
        } else if !text.contains('/') && right.ends_with("/*") {
            "an environment type stands in front of a compute type"
        } else if text.contains('/') && text.split('/').rev().eq(right.split('/')) {
            "the environment type stands in front"
        } else {
            "it is not a value of the API"
        };
        return never(why, format!("`{right}`"));
    }
    if text.starts_with("arn:") {
        let fleet = if text.ends_with('*') { text.to_owned() } else { format!("{text}:*") };
        let right = format!("`deny-when: build.environment.fleet.fleetArn.glob(\"{fleet}\")`");
        return never("a compute type is not an ARN", right);
    }
    if is_instance_type(text) {
        let right = format!(
            "`LINUX_GPU_CONTAINER/*` for GPUs, or \
             `deny-when: build.environment.computeConfiguration.instanceType == \"{text}\"`"
        );
        return never("an instance type is not a compute type", right);
    }
    let (kind, compute) = text.split_once('/').map_or((None, text), |(kind, compute)| (Some(kind), compute));
    if !is_plausible(compute, &["BUILD_", "ATTRIBUTE_", "CUSTOM_"])
        || kind.is_some_and(|kind| !is_plausible(kind, &["LINUX", "ARM", "WINDOWS", "MAC"]))
    {
        let right = "`BUILD_GENERAL1_LARGE`, `LINUX_GPU_CONTAINER/*`, or another value of the API";
        return never("it is not a value of the API", right.to_owned());
    }
    // This is a warning only, because AWS may add the type at any time.
    let right = match nearest(kind, compute) {
        Some(word) => format!("`{word}`, if you mean that compute type"),
        None => "a compute type of the API, or keep it if AWS has added it".to_owned(),
    };
    Ok((pattern, vec![Remark::new(format!("`{text}` fits no compute type that is known"), right)]))
}

fn fits_something(text: &str) -> bool {
    text.parse::<Pattern>().is_ok_and(|pattern| COMPUTE_TYPES.iter().any(|compute| pattern.fits(compute)))
        || fits_a_pair(text, go_together)
}

fn fits_a_pair(text: &str, exists: fn(&str, &str) -> bool) -> bool {
    let Ok(pattern) = text.parse::<Pattern>() else { return false };
    let fits = |kind: &str, compute: &str| exists(kind, compute) && pattern.fits(&format!("{kind}/{compute}"));
    ENVIRONMENT_TYPES.iter().any(|kind| COMPUTE_TYPES.iter().any(|compute| fits(kind, compute)))
}

/// Returns whether a build can have both. Builds on Lambda have compute types of their own:
/// <https://docs.aws.amazon.com/codebuild/latest/userguide/lambda.html>
fn go_together(kind: &str, compute: &str) -> bool {
    kind.contains("_LAMBDA_") == compute.starts_with("BUILD_LAMBDA_")
}

/// Returns the pattern that was probably meant, if it fits a known type.
fn meant(text: &str) -> Option<String> {
    let plain = |c: char| match c {
        '.' | ' ' | '-' => '_',
        ':' => '/',
        other => other.to_ascii_uppercase(),
    };
    let upper: String = text.chars().map(plain).collect();
    let (first, second) = upper.split_once('/').map_or((&*upper, None), |(first, second)| (first, Some(second)));
    let candidates: Vec<String> = match second {
        None => [computes(first), kinds(first).into_iter().map(|kind| format!("{kind}/*")).collect()].concat(),
        Some(second) => {
            let on_lambda = match fits_a_pair(&upper, |_, _| true) {
                true => vec![format!("{first}/BUILD_LAMBDA_*"), format!("{}/{second}", on_lambda(first))],
                false => Vec::new(),
            };
            [pairs(first, second), pairs(second, first), on_lambda].concat()
        }
    };
    candidates.into_iter().find(|candidate| fits_something(candidate))
}

fn pairs(kind: &str, compute: &str) -> Vec<String> {
    let computes = computes(compute);
    kinds(kind).iter().flat_map(|kind| computes.iter().map(move |compute| format!("{kind}/{compute}"))).collect()
}

/// The environment type on Lambda with the same processor.
fn on_lambda(kind: &str) -> &'static str {
    if kind.starts_with("ARM") { "ARM_LAMBDA_CONTAINER" } else { "LINUX_LAMBDA_CONTAINER" }
}

/// Returns the compute types that a part of a name can mean.
fn computes(part: &str) -> Vec<String> {
    ["", "BUILD_GENERAL1_", "BUILD_LAMBDA_", "BUILD_"].iter().map(|start| format!("{start}{part}")).collect()
}

/// Returns the environment types that a part of a name can mean.
fn kinds(part: &str) -> Vec<String> {
    let word = part.trim_end_matches(['*', '_']);
    vec![part.to_owned(), format!("{word}_CONTAINER"), format!("LINUX_{word}_CONTAINER")]
}

/// `g4dn.xlarge`: a family in lower case, a dot, and a size.
fn is_instance_type(text: &str) -> bool {
    let is_word = |word: &str| {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'*' | b'?');
        !word.is_empty() && word.bytes().all(fits)
    };
    text.split_once('.').is_some_and(|(family, size)| is_word(family) && is_word(size))
}

fn is_plausible(part: &str, starts: &[&str]) -> bool {
    let fits = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'*' | b'?');
    let literal = part.split(['*', '?']).next().unwrap_or_default();
    part.bytes().all(fits)
        && starts.iter().any(|start| literal.starts_with(start) || is_wild(part) && start.starts_with(literal))
}

/// Returns the nearest known words, if they differ in a few letters only.
fn nearest(kind: Option<&str>, compute: &str) -> Option<String> {
    let near = |part: &str, words: &[&'static str]| -> Option<&'static str> {
        let distances = words.iter().map(|word| (strsim::damerau_levenshtein(part, word), *word));
        Some(distances.filter(|(distance, _)| *distance <= 3).min_by_key(|(distance, _)| *distance)?.1)
    };
    let is_known = |part: &str, words: &[&str]| {
        part.parse::<Pattern>().is_ok_and(|pattern| words.iter().any(|word| pattern.fits(word)))
    };
    let compute = if is_known(compute, COMPUTE_TYPES) { compute } else { near(compute, COMPUTE_TYPES)? };
    match kind {
        None => Some(compute.to_owned()),
        Some(kind) if is_known(kind, ENVIRONMENT_TYPES) => Some(format!("{kind}/{compute}")),
        Some(kind) => Some(format!("{}/{compute}", near(kind, ENVIRONMENT_TYPES)?)),
    }
}
