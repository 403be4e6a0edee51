//! The policy's format as a JSON Schema, for editors: made from the one list of checks
//! and the one list of subjects. It refuses what `check` refuses, as far as a schema can;
//! what it cannot see are ids used twice, days that no calendar has, and expressions.
//! <https://json-schema.org/draft/2020-12/schema>

use serde_json::{Map, Value, json};

use crate::checks::{CHECKS, OptionKind, Override, SELECTABLE};

/// The schema, as JSON.
pub fn schema() -> Value {
    let mut rule_properties = object(json!({
        "id": {
            "description": "The rule's name, its own in this policy.",
            "type": ["string", "integer"],
            "pattern": "^[a-z0-9-]+$",
            "examples": ["short-builds"],
        },
        "reason": {
            "description": "Shown to the person whose build was stopped.",
            "$ref": "#/$defs/text",
            "examples": ["Builds over an hour block the shared fleet."],
        },
        "mode": { "description": "What the rule does. The policy's own mode where it does not say.", "$ref": "#/$defs/mode" },
        "enforce-after": {
            "description": "With mode: report. Reported until the end of that day, UTC; enforced afterwards.",
            "$ref": "#/$defs/date",
        },
        "only": {
            "description": "The rule looks at a build that any one of these fits.",
            "type": "array",
            "minItems": 1,
            "items": { "$ref": "#/$defs/selector" },
        },
        "except": {
            "description": "A build that any one of these fits is exempt.",
            "type": "array",
            "minItems": 1,
            "items": { "$ref": "#/$defs/exemption" },
        },
        "on-unknown": {
            "description": "What is done when the build does not tell.",
            "enum": ["report", "stop", "ignore"],
            "default": "report",
        },
        "batch": {
            "description": "What is stopped where the build is one of a batch: it alone, or all of them.",
            "enum": ["build", "stop-all"],
            "default": "build",
        },
    }));
    for check in CHECKS {
        let option = match check.option {
            OptionKind::Duration => "#/$defs/duration",
            OptionKind::Dollars => "#/$defs/dollars",
            OptionKind::Patterns => "#/$defs/patterns",
            OptionKind::Expression => "#/$defs/expression",
            OptionKind::Overrides => "#/$defs/overrides",
        };
        let description = format!("{} {}", check.about.breaks_when, check.about.why);
        rule_properties.insert(check.id.into(), json!({ "description": description, "$ref": option }));
    }
    let one_check: Vec<Value> = CHECKS.iter().map(|check| json!({ "required": [check.id] })).collect();

    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "buildbrake policy",
        "description": "What every CodeBuild build keeps to.",
        "type": "object",
        "additionalProperties": false,
        "required": ["version", "rules"],
        "properties": {
            "version": { "description": "The version of this format.", "const": 1 },
            "mode": { "description": "What a rule is when it does not say.", "$ref": "#/$defs/mode", "default": "enforce" },
            "never-stop": {
                "description": "Projects that are judged and reported, never stopped.",
                "$ref": "#/$defs/patterns",
                "examples": [["deploy-*", "prod-*"]],
            },
            "prices": {
                "description": "USD a build minute, by environment and compute type, or by compute type. Only max-cost and cost read it.",
                "type": "object",
                "minProperties": 1,
                "additionalProperties": { "$ref": "#/$defs/dollars" },
                "examples": [{ "LINUX_CONTAINER/BUILD_GENERAL1_SMALL": 0.005 }],
            },
            "safety": {
                "description": "Only the sweep reads it.",
                "type": "object",
                "additionalProperties": false,
                "properties": {
                    "max-stops-per-sweep": {
                        "description": "Where a sweep would stop more, it stops none: a part of the running builds, or a number. At least 5 are allowed.",
                        "type": ["string", "integer"],
                        "minimum": 0,
                        "pattern": "^(\\d+|(\\d{1,2}|100)\\s*%)$",
                        "default": "20%",
                    },
                },
            },
            "rules": {
                "description": "The rules. Every one is judged.",
                "type": "array",
                "minItems": 1,
                "items": { "$ref": "#/$defs/rule" },
            },
        },
        "$defs": {
            "rule": {
                "type": "object",
                "additionalProperties": false,
                "required": ["id"],
                "properties": rule_properties,
                "oneOf": one_check,
                "if": { "required": ["enforce-after"] },
                // The policy's own mode may be the report that is asked for.
                "then": { "properties": { "mode": { "const": "report" } } },
            },
            "selector": selector(Map::new()),
            "exemption": selector(object(json!({
                "until": { "description": "The last day of the exemption, UTC.", "$ref": "#/$defs/date" },
                "reason": { "description": "Why it is exempt.", "$ref": "#/$defs/text", "examples": ["OPS-1234"] },
            }))),
            "mode": { "enum": ["enforce", "report", "off"] },
            "text": { "type": ["string", "number", "boolean"], "pattern": "\\S" },
            "date": { "type": "string", "pattern": "^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])$", "examples": ["2027-01-31"] },
            "duration": {
                "description": "Hours, minutes and seconds.",
                "type": "string",
                "pattern": "^\\s*(?=.*[1-9])(\\d+h)?\\s*(\\d+m)?\\s*(\\d+s)?\\s*$",
                "examples": ["90s", "60m", "2h", "1h 30m"],
            },
            "dollars": {
                "description": "An amount of USD.",
                "type": ["number", "string"],
                "exclusiveMinimum": 0,
                "pattern": "^(?=.*[1-9])\\d+(\\.\\d+)?$",
                "examples": [2.5],
            },
            "expression": {
                "description": "An expression of CEL that is true or false.",
                "type": ["string", "boolean"],
                "pattern": "\\S",
                "examples": ["build.environment.privilegedMode"],
            },
            "overrides": {
                "type": "array",
                "minItems": 1,
                "items": { "enum": Override::ALL.map(Override::name) },
                "examples": [["image", "buildspec"]],
            },
            "tags": {
                "description": "Tags of the project: every key has a value that fits.",
                "type": "object",
                "minProperties": 1,
                "additionalProperties": { "$ref": "#/$defs/patterns" },
                "examples": [{ "team": ["payments"] }],
            },
            "patterns": { "type": "array", "minItems": 1, "items": { "$ref": "#/$defs/pattern" } },
            "pattern": {
                "description": "`*` is any run of characters, `?` is one; the whole value, and case counts.",
                "type": ["string", "number", "boolean"],
                "pattern": "^[^\\s\\[\\]{}^]([^\\[\\]{}]*[^\\s\\[\\]{}$])?$",
                "examples": ["release/*"],
            },
        },
    })
}

/// A selector: at least one subject, and what else it may say.
fn selector(mut properties: Map<String, Value>) -> Value {
    for subject in SELECTABLE {
        let description = format!("Any one of these fits, as in {}.", subject.example);
        properties.insert(subject.name.into(), json!({ "description": description, "$ref": "#/$defs/patterns" }));
    }
    let when = "The expression, in CEL, is true.";
    properties.insert("when".into(), json!({ "description": when, "$ref": "#/$defs/expression" }));
    let tags = "The build's project has tags that fit.";
    properties.insert("tags".into(), json!({ "description": tags, "$ref": "#/$defs/tags" }));
    let subjects = SELECTABLE.iter().map(|subject| subject.name).chain(["tags", "when"]);
    let named: Vec<Value> = subjects.map(|key| json!({ "required": [key] })).collect();
    json!({ "type": "object", "additionalProperties": false, "properties": properties, "anyOf": named })
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}
