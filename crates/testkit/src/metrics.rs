//! Checks records against CloudWatch's embedded metric format. CloudWatch silently drops metrics that do not fit the
//! format.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use serde_json::{Value, json};

/// Asserts that CloudWatch accepts the record's metrics, and that they fit its outcome.
pub fn assert_fit_for_cloudwatch(record: &Value) {
    assert_are_numbers(record);
    assert_counts(record);
}

/// Asserts that CloudWatch accepts the record's metrics.
pub fn assert_are_numbers(record: &Value) {
    assert!(record["_aws"]["Timestamp"].is_i64(), "{record}");
    let directives = record["_aws"]["CloudWatchMetrics"].as_array().unwrap();
    assert!(!directives.is_empty());
    for directive in directives {
        assert_eq!(directive["Namespace"], "Buildbrake");
        for dimensions in directive["Dimensions"].as_array().unwrap() {
            for dimension in dimensions.as_array().unwrap() {
                let name = dimension.as_str().unwrap();
                assert!(["Rule", "Account", "Version"].contains(&name), "{directive}");
                assert!(record[name].is_string(), "the dimension {name} has no text at the root of {record}");
            }
        }
        for metric in directive["Metrics"].as_array().unwrap() {
            let name = metric["Name"].as_str().unwrap();
            assert!(record[name].is_number(), "the metric {name} has no number at the root of {record}");
            assert!(["Count", "Milliseconds"].contains(&metric["Unit"].as_str().unwrap()), "{metric}");
        }
    }
    let by_rule = json!([[], ["Rule"]]);
    assert_eq!(directives[0]["Dimensions"], if record.get("Rule").is_some() { by_rule } else { json!([[]]) });
}

/// Asserts that a record counts for its own outcome and for no other.
fn assert_counts(record: &Value) {
    let counted_as = match record["outcome"].as_str().unwrap() {
        "stopped" => Some("Stopped"),
        "reported" | "protected" => Some("Reported"),
        "allowed" => Some("Allowed"),
        "failed" => Some("Failed"),
        _ => None,
    };
    for metric in ["Stopped", "Reported", "Allowed", "Failed"] {
        assert_eq!(record[metric], u8::from(Some(metric) == counted_as), "{metric} in {record}");
        assert!(names(record).contains(&metric), "{metric} is no metric of {record}");
    }
}

/// The names of the record's metrics.
fn names(record: &Value) -> Vec<&str> {
    let directives = record["_aws"]["CloudWatchMetrics"].as_array().unwrap();
    let metrics = directives.iter().flat_map(|directive| directive["Metrics"].as_array().unwrap());
    metrics.map(|metric| metric["Name"].as_str().unwrap()).collect()
}
