//! `forbidden-compute` and `allowed-compute` as conditions on two keys.
//!
//! A pattern such as `ARM_CONTAINER/BUILD_*` matches the environment type and the compute type
//! together, which IAM has under two keys. A call that overrides only one of them is refused
//! only if that one settles it.

use super::prevention::{KeyCondition, Prevention, Refusal};
use crate::checks::Patterns;

const TYPE: &str = "codebuild:environment.type";
const COMPUTE_TYPE: &str = "codebuild:environment.computeType";

/// The greatest number of pairs for which `allowed-compute` refuses every call that is not allowed: it makes at most
/// eight statements.
const MOST_PAIRS: usize = 3;

/// Refuses a call whose compute type is forbidden, or that has a forbidden pair.
pub(super) fn forbidden(patterns: &Patterns) -> Prevention {
    let SplitPatterns { computes, pairs } = SplitPatterns::of(patterns);
    let remarks = remarks(&pairs);
    let alone = TypePatterns { types: Vec::new(), computes };
    let alternatives = [alone].into_iter().chain(pairs).filter(|alternative| !alternative.is_empty());
    let refusals = alternatives.map(|alternative| alternative.refusal(KeyCondition::Like)).collect();
    Prevention::Exact { refusals, remarks }
}

/// Refuses a call that matches no pattern: its compute type is not allowed with every
/// environment type, and each allowed pair has another environment type or another compute
/// type. IAM has no "or" between keys within a statement, so each choice becomes a statement.
pub(super) fn allowed(patterns: &Patterns) -> Prevention {
    let SplitPatterns { computes, pairs } = SplitPatterns::of(patterns);
    let mut remarks = remarks(&pairs);
    let mut alternatives = vec![TypePatterns { types: Vec::new(), computes: computes.clone() }];
    if pairs.len() <= MOST_PAIRS {
        for pair in &pairs {
            let other_type: Vec<TypePatterns> =
                alternatives.iter().map(|alternative| alternative.with(&pair.types, &[])).collect();
            alternatives.iter_mut().for_each(|alternative| *alternative = alternative.with(&[], &pair.computes));
            alternatives.extend(other_type);
        }
    } else {
        remarks.push(
            "the allowed compute types differ between too many environment types to refuse every call that is not \
             allowed"
                .to_owned(),
        );
        let all = |half: fn(&TypePatterns) -> &Vec<String>| pairs.iter().flat_map(half).cloned().collect::<Vec<_>>();
        let (types, pair_computes) = (all(|pair| &pair.types), all(|pair| &pair.computes));
        alternatives = vec![alternatives[0].with(&[], &pair_computes), alternatives[0].with(&types, &[])];
    }
    let refuses = |alternative: &TypePatterns| {
        !alternative.is_empty() && !alternative.types.iter().chain(&alternative.computes).any(|text| text == "*")
    };
    let covered = |index: usize| {
        let mut others = alternatives.iter().enumerate().filter(|(other, _)| *other != index);
        others.any(|(other, wide)| {
            wide.covers(&alternatives[index]) && (other < index || !alternatives[index].covers(wide))
        })
    };
    let needed = (0..alternatives.len()).filter(|index| refuses(&alternatives[*index]) && !covered(*index));
    let refusals = needed.map(|index| alternatives[index].clone().refusal(KeyCondition::NotLike)).collect();
    Prevention::Exact { refusals, remarks }
}

fn remarks(pairs: &[TypePatterns]) -> Vec<String> {
    let remark = "a call that overrides only the environment type or only the compute type is refused only if that \
                  settles it, because no condition key contains what the project has";
    if pairs.is_empty() { Vec::new() } else { vec![remark.to_owned()] }
}

/// Patterns of environment types and of compute types.
#[derive(Clone)]
struct TypePatterns {
    types: Vec<String>,
    computes: Vec<String>,
}

impl TypePatterns {
    fn with(&self, types: &[String], computes: &[String]) -> Self {
        let mut alternative = self.clone();
        types.iter().for_each(|pattern| add(&mut alternative.types, pattern));
        computes.iter().for_each(|pattern| add(&mut alternative.computes, pattern));
        alternative
    }

    fn is_empty(&self) -> bool {
        self.types.is_empty() && self.computes.is_empty()
    }

    /// Returns whether this, compared by `NotLike`, refuses every call that `other` refuses.
    fn covers(&self, other: &Self) -> bool {
        let contains = |all: &[String], some: &[String]| some.iter().all(|pattern| all.contains(pattern));
        !self.is_empty() && contains(&other.types, &self.types) && contains(&other.computes, &self.computes)
    }

    fn refusal(self, compare: fn(&'static str, Vec<String>) -> KeyCondition) -> Refusal {
        let mut refusal = Vec::new();
        for (key, patterns) in [(TYPE, self.types), (COMPUTE_TYPE, self.computes)] {
            // A pair of a type with every compute type is a condition on the type alone.
            if !patterns.is_empty() && !patterns.iter().any(|pattern| pattern == "*") {
                refusal.extend([compare(key, patterns), KeyCondition::Given(key)]);
            }
        }
        refusal
    }
}

/// The patterns of a list, split at the `/` between the two types.
struct SplitPatterns {
    /// Compute types with any environment type.
    computes: Vec<String>,
    /// Compute types with certain environment types.
    pairs: Vec<TypePatterns>,
}

impl SplitPatterns {
    fn of(patterns: &Patterns) -> Self {
        let mut computes = Vec::new();
        let mut by_type: Vec<TypePatterns> = Vec::new();
        for pattern in patterns.iter().map(|pattern| pattern.as_str()) {
            if !pattern.contains('/') {
                add(&mut computes, pattern);
            }
            for (kind, compute) in halves(pattern) {
                if kind == "*" {
                    add(&mut computes, compute);
                } else if let Some(alternative) = by_type.iter_mut().find(|alternative| alternative.types == [kind]) {
                    add(&mut alternative.computes, compute);
                } else {
                    by_type.push(TypePatterns { types: vec![kind.to_owned()], computes: vec![compute.to_owned()] });
                }
            }
        }
        // Types with the same compute types share a statement.
        let mut pairs: Vec<TypePatterns> = Vec::new();
        for alternative in by_type {
            match pairs.iter_mut().find(|pair| pair.computes == alternative.computes) {
                Some(pair) => pair.types.extend(alternative.types),
                None => pairs.push(alternative),
            }
        }
        Self { computes, pairs }
    }
}

/// All ways to split a pattern into a pattern of the environment type and one of the compute
/// type. A wildcard may match the `/` between them.
fn halves(pattern: &str) -> impl Iterator<Item = (&str, &str)> {
    let halves = pattern.char_indices().filter_map(|(at, character)| match character {
        '/' | '?' => Some((&pattern[..at], &pattern[at + 1..])),
        '*' => Some((&pattern[..=at], &pattern[at..])),
        _ => None,
    });
    // No environment type starts like a compute type, and neither contains a `/`.
    // <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_ProjectEnvironment.html>
    let is_type = |half: &str| !["BUILD_", "ATTRIBUTE_", "CUSTOM_"].iter().any(|start| half.starts_with(start));
    let is_one = |half: &str| !half.is_empty() && !half.contains('/');
    halves.filter(move |(kind, compute)| is_one(kind) && is_one(compute) && is_type(kind))
}

fn add(patterns: &mut Vec<String>, pattern: &str) {
    if !patterns.iter().any(|other| other == pattern) {
        patterns.push(pattern.to_owned());
    }
}
