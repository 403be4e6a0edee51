//! A record's metrics, in CloudWatch's embedded format.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use std::sync::LazyLock;

use jiff::Timestamp;
use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::value::{RawValue, to_raw_value};

use super::{Counted, Outcome, SweepSummary};
use crate::verdict::Verdict;

const NAMESPACE: &str = "Buildbrake";
const REACTION: &str = "ReactionMs";

/// The metrics of a judged build.
static JUDGED: LazyLock<Set> =
    LazyLock::new(|| Set::of(&["Stopped", "Reported", "Allowed", "Undecided", "Failed", REACTION]));
/// The metrics of a judged build whose event has no time.
static UNTIMED: LazyLock<Set> = LazyLock::new(|| Set::of(&["Stopped", "Reported", "Allowed", "Undecided", "Failed"]));
/// The metrics of a sweep.
static SWEPT: LazyLock<Set> = LazyLock::new(|| Set::of(&["Swept", "SafetyBelt", "Failed"]));

/// The fields that make a record a metric: the values, `Rule`, and `_aws`.
///
/// Without dimensions, every record counts in every metric, zeroes included, so that an alarm
/// can distinguish a quiet day from a dead function. With the dimension `Rule`, a record counts
/// for the first rule that was broken or could not be evaluated: the format allows one value
/// per dimension in a line.
pub(super) struct Metrics<'a> {
    set: &'static Set,
    /// In the order of the set's names.
    values: Vec<i64>,
    rule: Option<&'a str>,
    now: Timestamp,
}

impl<'a> Metrics<'a> {
    pub(super) fn of(outcome: Outcome, verdict: &'a Verdict, reaction_ms: Option<i64>, now: Timestamp) -> Self {
        let undecided = verdict.undecided.iter().find(|undecided| undecided.counts);
        let counts_as = |counted| outcome.counted() == counted;
        let flags = [
            counts_as(Counted::Stopped),
            counts_as(Counted::Reported),
            counts_as(Counted::Allowed),
            undecided.is_some(),
            counts_as(Counted::Failed),
        ];
        let set = if reaction_ms.is_some() { &JUDGED } else { &UNTIMED };
        let values = flags.map(i64::from).into_iter().chain(reaction_ms).collect();
        let rule = verdict.violations.first().map(|violation| violation.rule.as_str());
        Self { set, values, rule: rule.or(undecided.map(|undecided| undecided.rule.as_str())), now }
    }
}

impl Metrics<'static> {
    /// The metrics of a sweep, which counts what its builds' own records do not.
    pub(super) fn of_sweep(outcome: Outcome, summary: &SweepSummary, now: Timestamp) -> Self {
        let running = i64::try_from(summary.running).unwrap_or(i64::MAX);
        let failed = outcome.counted() == Counted::Failed;
        let values = vec![running, summary.safety.is_some().into(), failed.into()];
        Self { set: &SWEPT, values, rule: None, now }
    }
}

impl Serialize for Metrics<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_map(None)?;
        for (name, value) in self.set.names.iter().zip(&self.values) {
            members.serialize_entry(name, value)?;
        }
        if let Some(rule) = self.rule {
            members.serialize_entry("Rule", rule)?;
        }
        let directive = if self.rule.is_some() { &self.set.by_rule } else { &self.set.in_all };
        let timestamp = self.now.as_millisecond();
        members.serialize_entry("_aws", &Metadata { timestamp, cloud_watch_metrics: [directive] })?;
        members.end()
    }
}

/// Metrics that go together, with the directives that describe them to CloudWatch. These are
/// serialized once: they are the longest part of most records, and always the same.
struct Set {
    names: &'static [&'static str],
    in_all: Box<RawValue>,
    by_rule: Box<RawValue>,
}

impl Set {
    fn of(names: &'static [&'static str]) -> Self {
        let directive = |dimensions| {
            let unit = |name| if name == REACTION { "Milliseconds" } else { "Count" };
            let metrics = names.iter().map(|name| Metric { name, unit: unit(*name) }).collect();
            // Texts and lists can always be serialized.
            to_raw_value(&Directive { namespace: NAMESPACE, dimensions, metrics }).unwrap_or_default()
        };
        Self { names, in_all: directive(&[&[]]), by_rule: directive(&[&[], &["Rule"]]) }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata<'a> {
    timestamp: i64,
    cloud_watch_metrics: [&'a RawValue; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive {
    namespace: &'static str,
    dimensions: &'static [&'static [&'static str]],
    metrics: Vec<Metric>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metric {
    name: &'static str,
    unit: &'static str,
}
