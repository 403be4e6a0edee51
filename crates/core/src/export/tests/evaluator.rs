//! IAM's evaluation of policies, as far as the exported documents use it, by its documentation.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::Value;

/// A call as IAM sees it.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) action: &'static str,
    pub(super) resource: String,
    /// The values of each key.
    pub(super) context: HashMap<&'static str, Vec<String>>,
}

/// Returns whether a statement of the document denies the call.
pub(super) fn denies(document: &Value, request: &Request) -> bool {
    document["Statement"].as_array().unwrap().iter().any(|statement| applies(statement, request))
}

fn applies(statement: &Value, request: &Request) -> bool {
    assert_eq!(statement["Effect"], "Deny");
    let is_about = |element: &str| texts(&statement[element]).iter().any(|arn| is_resource(arn, &request.resource));
    let resource = match (statement.get("Resource"), statement.get("NotResource")) {
        (Some(_), None) => is_about("Resource"),
        (None, Some(_)) => !is_about("NotResource"),
        _ => panic!("{statement}: exactly one of Resource and NotResource"),
    };
    let action = texts(&statement["Action"]).iter().any(|action| action == request.action);
    let conditions = statement["Condition"].as_object().unwrap().iter();
    let mut conditions = conditions.flat_map(|(operator, keys)| {
        keys.as_object().unwrap().iter().map(move |(key, values)| (operator.as_str(), key.as_str(), texts(values)))
    });
    action && resource && conditions.all(|(operator, key, values)| holds(operator, key, &values, request))
}

fn holds(operator: &str, key: &str, wanted: &[String], request: &Request) -> bool {
    let values = request.context.get(key);
    let like = |value: &String| wanted.iter().any(|pattern| is_like(pattern, value));
    let single = || {
        let values = values.map(Vec::as_slice).unwrap_or_default();
        assert!(values.len() <= 1, "{operator} is not for the several values of {key}");
        values.first()
    };
    match operator {
        "Null" => wanted == [values.is_none().to_string()],
        "Bool" => single().is_some_and(|value| wanted == [value.to_string()]),
        "StringLike" => single().is_some_and(like),
        // A negated condition is true if the key is absent.
        "StringNotLike" => !single().is_some_and(like),
        "ForAnyValue:StringLike" => values.into_iter().flatten().any(like),
        "DateGreaterThanEquals" => {
            let time = |text: &String| text.parse::<Timestamp>().unwrap();
            single().is_some_and(|value| wanted.iter().any(|date| time(value) >= time(date)))
        }
        _ => panic!("{operator} is not known"),
    }
}

/// ARNs are compared part by part: a wildcard does not match `:`.
fn is_resource(pattern: &str, arn: &str) -> bool {
    let parts = |text: &str| text.splitn(6, ':').map(str::to_owned).collect::<Vec<_>>();
    let (patterns, values) = (parts(pattern), parts(arn));
    pattern == "*"
        || patterns.len() == 6 && patterns.iter().zip(&values).all(|(pattern, value)| is_like(pattern, value))
}

fn is_like(pattern: &str, value: &str) -> bool {
    // The only policy variable that the export uses.
    let pattern = pattern.replace("${$}", "\u{0}");
    assert!(!pattern.contains("${"), "{pattern}");
    let pattern: Vec<char> = pattern.chars().map(|c| if c == '\u{0}' { '$' } else { c }).collect();
    fits(&pattern, &value.chars().collect::<Vec<_>>())
}

fn fits(pattern: &[char], value: &[char]) -> bool {
    match pattern.split_first() {
        None => value.is_empty(),
        Some(('*', rest)) => (0..=value.len()).any(|run| fits(rest, &value[run..])),
        Some(('?', rest)) => !value.is_empty() && fits(rest, &value[1..]),
        Some((one, rest)) => value.first() == Some(one) && fits(rest, &value[1..]),
    }
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(values) => values.iter().map(|value| value.as_str().unwrap().to_owned()).collect(),
        value => vec![value.as_str().unwrap().to_owned()],
    }
}
