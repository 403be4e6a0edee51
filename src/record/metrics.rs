//! A record's metrics, in CloudWatch's embedded format.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Outcome;
use crate::verdict::Verdict;

const NAMESPACE: &str = "Buildbrake";

/// The members that make a record a metric: the values, `Rule`, and `_aws`.
///
/// Without dimensions every record counts in every metric, zeroes too, so that an
/// alarm sees a quiet day and a dead function apart. With the dimension `Rule`, a
/// record counts for the first rule it broke or could not decide: the format allows
/// one value of a dimension a line.
pub(super) fn of(
    outcome: Outcome,
    verdict: &Verdict,
    reaction_ms: Option<i64>,
    now: Timestamp,
) -> Vec<(&'static str, Value)> {
    let undecided = verdict.undecided.iter().find(|undecided| undecided.counts);
    let mut values = vec![
        ("Stopped", Value::from(u8::from(outcome == Outcome::Stopped))),
        ("Reported", u8::from(matches!(outcome, Outcome::Reported | Outcome::Protected)).into()),
        ("Allowed", u8::from(outcome == Outcome::Allowed).into()),
        ("Undecided", u8::from(undecided.is_some()).into()),
        ("Failed", u8::from(outcome == Outcome::Failed).into()),
    ];
    values.extend(reaction_ms.map(|milliseconds| ("ReactionMs", milliseconds.into())));

    let names: Vec<Value> = values
        .iter()
        .map(|(name, _)| json!({"Name": name, "Unit": if *name == "ReactionMs" { "Milliseconds" } else { "Count" }}))
        .collect();
    let directive = |dimensions: Value| json!({"Namespace": NAMESPACE, "Dimensions": dimensions, "Metrics": names});
    let rule = verdict.violations.first().map(|violation| &violation.rule);
    let rule = rule.or(undecided.map(|undecided| &undecided.rule));
    let dimensions = if rule.is_some() { json!([[], ["Rule"]]) } else { json!([[]]) };
    let metrics = json!({"Timestamp": now.as_millisecond(), "CloudWatchMetrics": [directive(dimensions)]});
    values.extend(rule.map(|rule| ("Rule", rule.as_str().into())));
    values.push(("_aws", metrics));
    values
}
