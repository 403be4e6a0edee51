//! A record's metrics, in CloudWatch's embedded format.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use jiff::Timestamp;
use serde::{Serialize, Serializer, ser::SerializeMap};

use super::{Outcome, Swept};
use crate::verdict::Verdict;

const NAMESPACE: &str = "Buildbrake";

/// The members that make a record a metric: the values, `Rule`, and `_aws`.
///
/// Without dimensions every record counts in every metric, zeroes too, so that an
/// alarm sees a quiet day and a dead function apart. With the dimension `Rule`, a
/// record counts for the first rule it broke or could not decide: the format allows
/// one value of a dimension a line.
pub(super) struct Metrics<'a> {
    values: Vec<(&'static str, i64)>,
    rule: Option<&'a str>,
    now: Timestamp,
}

impl<'a> Metrics<'a> {
    pub(super) fn of(outcome: Outcome, verdict: &'a Verdict, reaction_ms: Option<i64>, now: Timestamp) -> Self {
        let undecided = verdict.undecided.iter().find(|undecided| undecided.counts);
        let mut values = vec![
            ("Stopped", i64::from(outcome == Outcome::Stopped)),
            ("Reported", i64::from(matches!(outcome, Outcome::Reported | Outcome::Protected))),
            ("Allowed", i64::from(outcome == Outcome::Allowed)),
            ("Undecided", i64::from(undecided.is_some())),
            ("Failed", i64::from(outcome == Outcome::Failed)),
        ];
        values.extend(reaction_ms.map(|milliseconds| (REACTION, milliseconds)));

        let rule = verdict.violations.first().map(|violation| violation.rule.as_str());
        Self { values, rule: rule.or(undecided.map(|undecided| undecided.rule.as_str())), now }
    }
}

impl Metrics<'static> {
    /// The same of a sweep, which counts what its builds' own records do not.
    pub(super) fn of_sweep(outcome: Outcome, swept: &Swept, now: Timestamp) -> Self {
        let values = vec![
            ("Swept", i64::try_from(swept.running).unwrap_or(i64::MAX)),
            ("SafetyBelt", i64::from(swept.safety.is_some())),
            ("Failed", i64::from(outcome == Outcome::Failed)),
        ];
        Self { values, rule: None, now }
    }
}

const REACTION: &str = "ReactionMs";

impl Serialize for Metrics<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_map(None)?;
        for (name, value) in &self.values {
            members.serialize_entry(name, value)?;
        }
        if let Some(rule) = self.rule {
            members.serialize_entry("Rule", rule)?;
        }
        let unit = |name| if name == REACTION { "Milliseconds" } else { "Count" };
        let directive = Directive {
            namespace: NAMESPACE,
            dimensions: if self.rule.is_some() { &[&[], &["Rule"]] } else { &[&[]] },
            metrics: self.values.iter().map(|(name, _)| Metric { name, unit: unit(*name) }).collect(),
        };
        let timestamp = self.now.as_millisecond();
        members.serialize_entry("_aws", &Metadata { timestamp, cloud_watch_metrics: [directive] })?;
        members.end()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata {
    timestamp: i64,
    cloud_watch_metrics: [Directive; 1],
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
