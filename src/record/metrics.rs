//! A record's metrics, in CloudWatch's embedded format.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Metrics, Outcome, Swept};
use crate::verdict::Verdict;

const NAMESPACE: &str = "Buildbrake";

/// The members that make a record a metric: the values, `Rule`, and `_aws`.
///
/// Without dimensions every record counts in every metric, zeroes too, so that an
/// alarm sees a quiet day and a dead function apart. With the dimension `Rule`, a
/// record counts for the first rule it broke or could not decide: the format allows
/// one value of a dimension a line.
pub(super) fn of(outcome: Outcome, verdict: &Verdict, reaction_ms: Option<i64>, now: Timestamp) -> Metrics {
    let undecided = verdict.undecided.iter().find(|undecided| undecided.counts);
    let mut values = vec![
        ("Stopped", Value::from(u8::from(outcome == Outcome::Stopped))),
        ("Reported", u8::from(matches!(outcome, Outcome::Reported | Outcome::Protected)).into()),
        ("Allowed", u8::from(outcome == Outcome::Allowed).into()),
        ("Undecided", u8::from(undecided.is_some()).into()),
        ("Failed", u8::from(outcome == Outcome::Failed).into()),
    ];
    values.extend(reaction_ms.map(|milliseconds| ("ReactionMs", milliseconds.into())));

    let rule = verdict.violations.first().map(|violation| &violation.rule);
    embedded(values, rule.or(undecided.map(|undecided| &undecided.rule)), now)
}

/// The same of a sweep, which counts what its builds' own records do not.
pub(super) fn of_sweep(outcome: Outcome, swept: &Swept, now: Timestamp) -> Metrics {
    let values = vec![
        ("Swept", swept.running.into()),
        ("SafetyBelt", u8::from(swept.safety.is_some()).into()),
        ("Failed", u8::from(outcome == Outcome::Failed).into()),
    ];
    embedded(values, None, now)
}

/// The values with what makes metrics of them.
fn embedded(mut values: Metrics, rule: Option<&String>, now: Timestamp) -> Metrics {
    let names: Vec<Value> = values
        .iter()
        .map(|(name, _)| json!({"Name": name, "Unit": if *name == "ReactionMs" { "Milliseconds" } else { "Count" }}))
        .collect();
    let dimensions = if rule.is_some() { json!([[], ["Rule"]]) } else { json!([[]]) };
    let directive = json!({"Namespace": NAMESPACE, "Dimensions": dimensions, "Metrics": names});
    values.extend(rule.map(|rule| ("Rule", rule.as_str().into())));
    values.push(("_aws", json!({"Timestamp": now.as_millisecond(), "CloudWatchMetrics": [directive]})));
    values
}
