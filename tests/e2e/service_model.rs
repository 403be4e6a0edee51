//! AWS's model of a service, as botocore has it but without documentation. Finds the parts of a call or an answer
//! that contradict the model.

use std::collections::BTreeSet;

use buildbrake_testkit::codepipeline::Exchange;
use regex_lite::Regex;
use serde_json::Value;

/// The model of some operations of a service.
pub struct ServiceModel(Value);

impl ServiceModel {
    pub fn new(json: &str) -> Self {
        Self(serde_json::from_str(json).unwrap())
    }

    /// Returns the parts of a call's input that contradict the model.
    pub fn faults_of_input(&self, operation: &str, input: &Value) -> Vec<String> {
        self.faults_of(operation, "input", input)
    }

    /// Returns the parts of a successful answer that contradict the model.
    pub fn faults_of_output(&self, operation: &str, output: &Value) -> Vec<String> {
        self.faults_of(operation, "output", output)
    }

    /// Compares calls and their answers with the model.
    pub fn check(&self, exchanges: &[Exchange]) {
        for exchange in exchanges {
            let operation = exchange.operation.as_str();
            let mut faults = self.faults_of_input(operation, &exchange.input);
            match exchange.status {
                200 => faults.extend(self.faults_of_output(operation, &exchange.output)),
                _ => assert!(
                    self.errors(operation).contains(exchange.output["__type"].as_str().unwrap()),
                    "{exchange:?}"
                ),
            }
            assert!(faults.is_empty(), "{faults:#?}");
        }
    }

    /// The codes of an operation's errors.
    pub fn errors(&self, operation: &str) -> BTreeSet<&str> {
        self.0["operations"][operation]["errors"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
    }

    fn faults_of(&self, operation: &str, part: &str, value: &Value) -> Vec<String> {
        let mut faults = Vec::new();
        match self.0["operations"][operation][part].as_str() {
            Some(shape) => self.compare(shape, value, operation, &mut faults),
            None => faults.push(format!("{operation} is no operation of the model")),
        }
        faults
    }

    fn compare(&self, name: &str, value: &Value, path: &str, faults: &mut Vec<String>) {
        let shape = &self.0["shapes"][name];
        let kind = shape["type"].as_str().unwrap_or_else(|| panic!("the model has no shape {name}"));
        let has_kind = match kind {
            "structure" | "map" => value.is_object(),
            "list" => value.is_array(),
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "integer" | "long" => value.is_i64(),
            "timestamp" => value.is_number(),
            other => panic!("{path} is of the type {other}, which this test does not know"),
        };
        if !has_kind {
            return faults.push(format!("{path} is no {kind}: {value}"));
        }
        let members = value.as_object().into_iter().flatten();
        match kind {
            "structure" => {
                let required = shape["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
                let missing = required.filter(|member| value.get(member).is_none());
                faults.extend(missing.map(|member| format!("{path}.{member} is missing")));
                for (member, value) in members {
                    match shape["members"][member].as_str() {
                        Some(shape) => self.compare(shape, value, &format!("{path}.{member}"), faults),
                        None => faults.push(format!("{path}.{member} is not in the model")),
                    }
                }
            }
            "map" => {
                for (key, value) in members {
                    self.compare(shape["key"].as_str().unwrap(), &Value::from(key.as_str()), path, faults);
                    self.compare(shape["value"].as_str().unwrap(), value, &format!("{path}.{key}"), faults);
                }
            }
            "list" => {
                for (index, value) in value.as_array().into_iter().flatten().enumerate() {
                    self.compare(shape["member"].as_str().unwrap(), value, &format!("{path}[{index}]"), faults);
                }
            }
            _ => faults.extend(refusal(shape, value).map(|why| format!("{path} {why}: {value}"))),
        }
        let size = value.as_array().map(Vec::len).or(value.as_str().map(|text| text.chars().count()));
        if let Some(size) = size.or(value.as_u64().and_then(|number| number.try_into().ok())) {
            let is_within = |least: u64, most: u64| (least..=most).contains(&(size as u64));
            if !is_within(shape["min"].as_u64().unwrap_or(0), shape["max"].as_u64().unwrap_or(u64::MAX)) {
                faults.push(format!("{path} is too small or too large: {value}"));
            }
        }
    }
}

/// Returns the reason why a text does not have its shape.
fn refusal(shape: &Value, value: &Value) -> Option<&'static str> {
    let text = value.as_str()?;
    if shape["enum"].as_array().is_some_and(|values| !values.contains(value)) {
        return Some("is not in the enumeration");
    }
    let pattern = shape["pattern"].as_str().map(|pattern| Regex::new(&format!("^(?:{pattern})$")).unwrap());
    pattern.is_some_and(|pattern| !pattern.is_match(text)).then_some("does not match the pattern")
}
