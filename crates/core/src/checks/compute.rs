//! `forbidden-compute`, `allowed-compute`: the compute type (`BUILD_GENERAL1_LARGE`),
//! or the environment type and the compute type (`ARM_CONTAINER/BUILD_GENERAL1_LARGE`).

use super::{
    About, CheckKind, OptionKind,
    patterns::{Fit, List, Subject, Values, allowed, forbidden},
    prevention::{Condition, Prevention, Refusal, Seen},
};

use crate::facts::{Fact, Facts};

pub(super) const COMPUTE: Subject = Subject {
    name: "compute",
    example: "[BUILD_GENERAL1_2XLARGE, LINUX_GPU_CONTAINER/*]",
    values: compute,
    seen: Seen::Argument(prevention),
};

pub(super) const FORBIDDEN: CheckKind = CheckKind {
    id: "forbidden-compute",
    about: About {
        breaks_when: "The build's compute type, or its environment and compute type, is among the patterns.",
        why: "The largest machines and the GPUs cost many times as much as the others, and an override of one build is enough to use them.",
        example: "[BUILD_GENERAL1_2XLARGE, LINUX_GPU_CONTAINER/*]",
        project: None,
        allowed: r#"{"environment": {"type": "LINUX_CONTAINER", "computeType": "BUILD_GENERAL1_SMALL"}}"#,
        stopped: r#"{"environment": {"type": "LINUX_GPU_CONTAINER", "computeType": "BUILD_GENERAL1_SMALL"}}"#,
        reads: &["environment.computeType", "environment.type"],
    },
    option: OptionKind::Patterns,
    read: |reader, node| forbidden(&COMPUTE, reader, node),
};

pub(super) const ALLOWED: CheckKind = CheckKind {
    id: "allowed-compute",
    about: About {
        breaks_when: "Neither the build's compute type nor its environment and compute type is among the patterns.",
        why: "A list of what is affordable needs no change when AWS adds a larger machine.",
        example: "[BUILD_GENERAL1_SMALL, BUILD_LAMBDA_*]",
        project: None,
        allowed: r#"{"environment": {"type": "ARM_CONTAINER", "computeType": "BUILD_GENERAL1_SMALL"}}"#,
        stopped: r#"{"environment": {"type": "LINUX_CONTAINER", "computeType": "BUILD_GENERAL1_XLARGE"}}"#,
        reads: &["environment.computeType", "environment.type"],
    },
    option: OptionKind::Patterns,
    read: |reader, node| allowed(&COMPUTE, reader, node),
};

fn compute<'a>(facts: &Facts<'a>) -> Result<Values<'a>, Fact> {
    let environment = facts.build.environment.as_ref().ok_or(Fact::Absent("environment"))?;
    let compute = environment.compute_type.as_deref().ok_or(Fact::Absent("environment.computeType"))?;
    let kind = environment.r#type.as_deref().ok_or(Fact::Absent("environment.type"));
    Ok(Values { value: compute.into(), other: Some(kind.map(|kind| [kind, "/", compute].concat())) })
}

const COMPUTE_TYPE: &str = "codebuild:environment.computeType";
const TYPE: &str = "codebuild:environment.type";

/// A pattern such as `ARM_CONTAINER/BUILD_*` is one of two keys. A call that overrides one
/// of them leaves the other to the project, so only what the one alone settles is refused then.
fn prevention(list: &List) -> Prevention {
    let (alone, pairs) = halved(&list.patterns.texts());
    let mut remarks = Vec::new();
    if !pairs.is_empty() {
        remarks.push(
            "a call that overrides only one of environment type and compute type is refused only where that one \
             settles it: no key sees what the project has of the other"
                .to_owned(),
        );
    }
    let refusals = match list.broken_by {
        Fit::Yes => refuse_forbidden(alone, pairs),
        _ if pairs.len() > MOST_PAIRS => {
            remarks.push("what is allowed differs among too many environment types to be told apart".to_owned());
            let everything = (1 << pairs.len()) - 1;
            [0, everything].into_iter().filter_map(|others| refuse_not_allowed(&alone, &pairs, others)).collect()
        }
        _ => (0..1 << pairs.len()).filter_map(|others| refuse_not_allowed(&alone, &pairs, others)).collect(),
    };
    Prevention::Exact { refusals, remarks }
}

/// So many pairs make eight statements at most.
const MOST_PAIRS: usize = 3;

/// Environment types, and compute types that are meant with any of them.
type Pair = (Vec<String>, Vec<String>);

/// Patterns of the compute type whatever the environment type is, and pairs of both.
/// A pattern fits `TYPE/COMPUTE` where one half of it fits the type, the other the compute
/// type; a wildcard may stand for the `/` between them.
fn halved(patterns: &[&str]) -> (Vec<String>, Vec<Pair>) {
    let mut alone = Vec::new();
    let mut by_type: Vec<(String, Vec<String>)> = Vec::new();
    for pattern in patterns {
        if !pattern.contains('/') {
            add(&mut alone, pattern);
        }
        for (kind, compute) in halves(pattern) {
            if kind == "*" {
                add(&mut alone, compute);
            } else if let Some((_, computes)) = by_type.iter_mut().find(|(other, _)| other == kind) {
                add(computes, compute);
            } else {
                by_type.push((kind.to_owned(), vec![compute.to_owned()]));
            }
        }
    }
    let mut pairs: Vec<Pair> = Vec::new();
    for (kind, computes) in by_type {
        match pairs.iter_mut().find(|(_, others)| *others == computes) {
            Some((kinds, _)) => kinds.push(kind),
            None => pairs.push((vec![kind], computes)),
        }
    }
    (alone, pairs)
}

fn halves(pattern: &str) -> impl Iterator<Item = (&str, &str)> {
    let halves = pattern.char_indices().filter_map(|(at, character)| match character {
        '/' | '?' => Some((&pattern[..at], &pattern[at + 1..])),
        '*' => Some((&pattern[..=at], &pattern[at..])),
        _ => None,
    });
    // No environment type begins as a compute type does, and neither holds a `/`.
    // <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_ProjectEnvironment.html>
    let is_type = |half: &str| !["BUILD_", "ATTRIBUTE_", "CUSTOM_"].iter().any(|begin| half.starts_with(begin));
    let is_one = |half: &str| !half.is_empty() && !half.contains('/');
    halves.filter(move |(kind, compute)| is_one(kind) && is_one(compute) && is_type(kind))
}

fn add(patterns: &mut Vec<String>, pattern: &str) {
    if !patterns.iter().any(|other| other == pattern) {
        patterns.push(pattern.to_owned());
    }
}

fn refuse_forbidden(alone: Vec<String>, pairs: Vec<Pair>) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    if !alone.is_empty() {
        refusals.push(vec![Condition::Like(COMPUTE_TYPE, alone), Condition::Given(COMPUTE_TYPE)]);
    }
    for (kinds, computes) in pairs {
        let mut refusal = vec![Condition::Like(TYPE, kinds), Condition::Given(TYPE)];
        if !computes.iter().any(|compute| compute == "*") {
            refusal.extend([Condition::Like(COMPUTE_TYPE, computes), Condition::Given(COMPUTE_TYPE)]);
        }
        refusals.push(refusal);
    }
    refusals
}

/// What is not allowed is no pair, each for its type or for its compute type: `others`,
/// a set of bits, says of which pairs the type is another. `None` where that refuses nothing
/// that another set does not.
fn refuse_not_allowed(alone: &[String], pairs: &[Pair], others: usize) -> Option<Refusal> {
    let is_other = |index: usize| others & (1 << index) != 0;
    let mut computes = alone.to_vec();
    let mut kinds = Vec::new();
    for (index, pair) in pairs.iter().enumerate() {
        let (patterns, more) = if is_other(index) { (&mut kinds, &pair.0) } else { (&mut computes, &pair.1) };
        more.iter().for_each(|pattern| add(patterns, pattern));
    }
    let needless = |pair: &Pair| pair.1.iter().all(|compute| computes.contains(compute));
    let mut other_pairs = pairs.iter().enumerate().filter(|(index, _)| is_other(*index));
    if computes.iter().any(|compute| compute == "*") || other_pairs.any(|(_, pair)| needless(pair)) {
        return None;
    }
    let mut refusal = Vec::new();
    for (key, patterns) in [(TYPE, kinds), (COMPUTE_TYPE, computes)] {
        if !patterns.is_empty() {
            refusal.extend([Condition::NotLike(key, patterns), Condition::Given(key)]);
        }
    }
    Some(refusal)
}
