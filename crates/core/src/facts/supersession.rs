//! Decides which running builds of a project are superseded by a newer one.
//!
//! Rules with `only-newest-per` compare builds with each other. A batch counts as one build, and an
//! automatic retry as its first try. The Builds that the API returns are compared, because the time
//! of an event has whole seconds only.

mod first_try;
#[cfg(test)]
mod tests;

use jiff::Timestamp;

use super::{
    Facts, MissingFact,
    inquiry::{Cause, Source},
    webhook::PossibleRefs,
};

/// The fact that a rule with `only-newest-per` needs, as a record names it.
pub(crate) const NEWER_BUILD: &str = "newer build";

/// A running build or batch, as rules with `only-newest-per` compare it.
#[derive(Clone, Debug)]
pub struct RunningBuild {
    /// The id of the build, or of its batch.
    pub(crate) id: String,
    /// The id of its first try if it is an automatic retry, or else `id`.
    pub(crate) counts_as: String,
    /// Account and region.
    pub(crate) place: [Option<String>; 2],
    pub(crate) start: Start,
    /// One for each rule with `only-newest-per`.
    pub(crate) standings: Vec<Standing>,
    /// The rules that stop it.
    pub(crate) stopped_by: Vec<String>,
    /// `true` if its pipeline may name it later.
    pub(crate) awaits_pipeline: bool,
}

/// When a build or a batch started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Start {
    pub(crate) time: Option<Timestamp>,
    pub(crate) number: Option<Number>,
}

/// The ordinal number of a build or of a batch of a project. Builds and batches are counted separately.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Number {
    Build(i64),
    Batch(i64),
}

/// A running build as one rule compares it.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    pub(crate) rule: String,
    /// `true` if the rule applies to it and does not exempt it. The error is the missing fact.
    pub(crate) is_covered: Result<bool, MissingFact>,
    /// The values by which the rule compares builds.
    pub(crate) values: Vec<ComparedValue>,
}

/// A value by which builds are compared, as far as it is known.
#[derive(Clone, Debug)]
pub(crate) enum ComparedValue {
    Known(String),
    /// One of these. The missing fact would show which.
    OneOf(Vec<String>, MissingFact),
    /// A ref that the webhook's filters let through. The missing fact would show which.
    Within(PossibleRefs, MissingFact),
    Unknown(MissingFact),
}

/// The result of comparing a build with newer builds, for each rule.
#[derive(Clone, Debug, Default)]
pub struct Supersession {
    by_rule: Vec<(String, Superseded)>,
    /// `true` if not all running builds were compared.
    pub(crate) leaves_out: bool,
    /// The sources of the build's own unknown values, because of which it supersedes nothing.
    pub(crate) missing: Vec<Source>,
}

/// The result of comparing a build with newer builds under one rule.
#[derive(Clone, Debug, PartialEq)]
pub enum Superseded {
    /// No newer build supersedes the build.
    No,
    /// The newer build or batch with this id supersedes it.
    By(String),
    /// The result is unknown, because this fact is missing.
    Unknown(MissingFact),
}

/// The running builds of a project that were not compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// `true` if there are more running builds than can be fetched.
    pub too_many: bool,
    /// The reason why a list is incomplete, so that it may lack newer builds.
    pub failure: Option<Cause>,
    /// `true` if the lists are read again by the next sweep, so that nothing is stopped because one is incomplete.
    pub is_read_again: bool,
}

impl Supersession {
    /// Compares a running build with the running builds of its project, ordered from the newest. These may
    /// include the build itself.
    pub fn of(build: &RunningBuild, others: &[RunningBuild], left_out: &LeftOut) -> Self {
        let by_rule = build.standings.iter().map(|own| {
            let answer = superseded(build, own, others, left_out);
            (own.rule.clone(), answer)
        });
        let missing_of = |standing: &'_ Standing| -> Vec<Source> {
            let values = standing.values.iter().filter_map(ComparedValue::missing);
            values.chain(standing.is_covered.as_ref().err()).filter_map(MissingFact::source).collect()
        };
        let missing = build.standings.iter().flat_map(missing_of).collect();
        Self { by_rule: by_rule.collect(), leaves_out: left_out.too_many, missing }
    }

    /// Adds a comparison with further builds: one that supersedes the build settles a rule.
    #[must_use]
    pub(crate) fn and(mut self, others: Self) -> Self {
        for ((_, answer), (_, other)) in self.by_rule.iter_mut().zip(others.by_rule) {
            let is_settled = matches!(answer, Superseded::By(_));
            if !is_settled && (matches!(other, Superseded::By(_)) || *answer == Superseded::No) {
                *answer = other;
            }
        }
        self
    }

    /// Turns each [`Superseded::By`] into [`Superseded::Unknown`], because the other build may have ended before.
    /// `why` is the reason.
    #[must_use]
    pub(crate) fn in_doubt(mut self, why: &str) -> Self {
        for (_, answer) in &mut self.by_rule {
            if matches!(answer, Superseded::By(_)) {
                *answer = Superseded::Unknown(unknown(why.to_owned()));
            }
        }
        self
    }

    /// Returns whether a source may later settle a rule: the pipeline of another build may name that one, and the next
    /// sweep may list all builds.
    pub(crate) fn awaits(&self, other: Source) -> bool {
        self.by_rule.iter().any(|(_, superseded)| match superseded {
            Superseded::Unknown(MissingFact::Unresolved { fact, source, .. }) => {
                *fact == NEWER_BUILD && *source == other
            }
            Superseded::Unknown(_) | Superseded::No | Superseded::By(_) => false,
        })
    }

    /// The rules by which a newer build supersedes the build.
    pub(crate) fn broken_rules(&self) -> impl Iterator<Item = &str> {
        let broken = self.by_rule.iter().filter(|(_, superseded)| matches!(superseded, Superseded::By(_)));
        broken.map(|(rule, _)| rule.as_str())
    }

    /// The answer for a rule.
    pub(crate) fn for_rule(&self, id: &str) -> Option<&Superseded> {
        self.by_rule.iter().find(|(rule, _)| rule == id).map(|(_, superseded)| superseded)
    }
}

fn superseded(build: &RunningBuild, own: &Standing, others: &[RunningBuild], left_out: &LeftOut) -> Superseded {
    let mut missing = None;
    for other in others.iter().filter(|other| other.counts_as != build.counts_as && !other.is_stopped_beside(&own.rule))
    {
        match supersedes(other, build, own) {
            Ok(true) => return Superseded::By(other.id.clone()),
            Ok(false) => {}
            Err(fact) => missing = missing.or(Some(fact)),
        }
    }
    let incomplete = left_out.failure.clone().map(|cause| match left_out.is_read_again {
        true => {
            MissingFact::Unresolved { fact: NEWER_BUILD, why: cause.text().to_owned(), source: Source::RunningBuilds }
        }
        false => cause.of_unknown(NEWER_BUILD),
    });
    missing.or(incomplete).map_or(Superseded::No, Superseded::Unknown)
}

/// Returns whether `other` supersedes a build under a rule. A condition that is false settles it, even if
/// others are unknown.
fn supersedes(other: &RunningBuild, build: &RunningBuild, own: &Standing) -> Result<bool, MissingFact> {
    if other.is_elsewhere(build) {
        return Ok(false);
    }
    let Some(standing) = other.standings.iter().find(|standing| standing.rule == own.rule) else { return Ok(false) };
    let of_other = |missing: MissingFact| {
        let why = format!("{}: {missing}", other.id);
        if other.awaits_pipeline && missing.source() == Some(Source::Pipeline) {
            return MissingFact::Unresolved { fact: NEWER_BUILD, why, source: Source::Pipeline };
        }
        let cause = if missing.is_denied() { Cause::Denied(why) } else { Cause::Other(why) };
        cause.of_unknown(NEWER_BUILD)
    };
    let is_newer = other.start.is_after(&build.start).ok_or_else(|| unknown(why_unordered(other, build)));
    let is_covered = standing.is_covered.clone().map_err(of_other);
    let values = own.values.iter().zip(&standing.values);
    let are_same = values.map(|(value, others)| value.is_same(others, of_other));
    let mut missing = None;
    for condition in [is_newer, is_covered].into_iter().chain(are_same) {
        match condition {
            Ok(true) => {}
            Ok(false) => return Ok(false),
            Err(fact) => missing = missing.or(Some(fact)),
        }
    }
    missing.map_or(Ok(true), Err)
}

impl RunningBuild {
    /// Returns whether it runs in another account or region.
    fn is_elsewhere(&self, other: &Self) -> bool {
        let mut parts = self.place.iter().zip(&other.place);
        parts.any(|(one, other)| one.is_some() && other.is_some() && one != other)
    }

    /// Returns whether a rule other than this one stops it.
    fn is_stopped_beside(&self, rule: &str) -> bool {
        self.stopped_by.iter().any(|other| other != rule)
    }
}

impl Start {
    /// Returns whether this is later than the other, if that is known.
    fn is_after(&self, other: &Self) -> Option<bool> {
        match (self.time, other.time) {
            (Some(time), Some(other)) if time != other => Some(time > other),
            (Some(_), Some(_)) => match (self.number, other.number) {
                (Some(Number::Build(number)), Some(Number::Build(other)))
                | (Some(Number::Batch(number)), Some(Number::Batch(other)))
                    if number != other =>
                {
                    Some(number > other)
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// A key that orders builds from the newest. One whose start is unknown comes first.
    pub(crate) fn newest_first(&self) -> impl Ord + use<> {
        let number = self.number.map(|(Number::Build(number) | Number::Batch(number))| -number);
        (self.time.map(|time| -time.as_nanosecond()), number)
    }
}

impl ComparedValue {
    /// Returns whether two builds have the same value. `of_other` describes a fact that is missing about
    /// the other one.
    fn is_same(&self, other: &Self, of_other: impl Fn(MissingFact) -> MissingFact) -> Result<bool, MissingFact> {
        match (self, other) {
            (Self::Known(value), Self::Known(other)) => Ok(value == other),
            (one, Self::Known(value)) => one.is(value),
            (Self::Known(value), other) => other.is(value).map_err(of_other),
            (Self::OneOf(values, missing), Self::OneOf(others, _)) => {
                match values.iter().any(|one| others.contains(one)) {
                    true => Err(missing.clone()),
                    false => Ok(false),
                }
            }
            (Self::OneOf(_, missing) | Self::Within(_, missing) | Self::Unknown(missing), _) => Err(missing.clone()),
        }
    }

    /// Returns whether it is this value.
    fn is(&self, value: &str) -> Result<bool, MissingFact> {
        match self {
            Self::Known(own) => Ok(own == value),
            Self::OneOf(values, _) if values.iter().all(|one| one != value) => Ok(false),
            Self::Within(refs, _) if !refs.may_contain(value) => Ok(false),
            Self::OneOf(_, missing) | Self::Within(_, missing) | Self::Unknown(missing) => Err(missing.clone()),
        }
    }

    /// Adds the reason to an unknown value if its source cannot be asked.
    pub(crate) fn explained(self, unavailable: &[(Source, Cause)]) -> Self {
        match self {
            Self::Known(value) => Self::Known(value),
            Self::OneOf(values, missing) => Self::OneOf(values, missing.explained(unavailable)),
            Self::Within(refs, missing) => Self::Within(refs, missing.explained(unavailable)),
            Self::Unknown(missing) => Self::Unknown(missing.explained(unavailable)),
        }
    }

    /// The fact that would show the value.
    pub(crate) fn missing(&self) -> Option<&MissingFact> {
        match self {
            Self::Known(_) => None,
            Self::OneOf(_, missing) | Self::Within(_, missing) | Self::Unknown(missing) => Some(missing),
        }
    }
}

fn why_unordered(other: &RunningBuild, build: &RunningBuild) -> String {
    match (other.start.time, build.start.time) {
        (None, _) => format!("the start of {} is unknown", other.id),
        (_, None) => format!("the start of {} is unknown", build.id),
        (Some(_), Some(_)) => format!("{} started at the same time", other.id),
    }
}

fn unknown(why: String) -> MissingFact {
    MissingFact::Unknown { fact: NEWER_BUILD, why }
}

impl Facts<'_> {
    /// When the build, or the batch that it belongs to, started.
    pub(crate) fn started(&self) -> Start {
        match self.build_batch {
            Some(batch) => Start { time: batch.start_time, number: batch.build_batch_number.map(Number::Batch) },
            None => Start { time: self.build.start_time, number: self.build.build_number.map(Number::Build) },
        }
    }
}
