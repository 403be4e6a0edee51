//! The JSON Schema of a policy, for editors. It refuses what `check` refuses, except duplicate
//! ids, impossible dates, patterns that can never match, and faults of expressions.
//! <https://json-schema.org/draft/2020-12/schema>

use serde_json::{Map, Value, json};

use crate::{
    checks::{CHECKS, NewestPer, OptionKind, Override, SELECTABLE},
    facts::starter::Starter,
    model::RunKind,
};

/// The JSON Schema of a policy.
pub fn schema() -> Value {
    let mut rule_properties = object(json!({
        "id": {
            "description": "The rule's id, which no other rule of the policy has.",
            "type": ["string", "integer"],
            "pattern": "^[a-z0-9-]+$",
            "examples": ["short-builds"],
        },
        "reason": {
            "description": "Shown to the person whose build was stopped.",
            "$ref": "#/$defs/text",
            "examples": ["Builds over an hour block the shared fleet."],
        },
        "owner": {
            "description": "Whom to ask about the rule. Shown wherever the reason is.",
            "$ref": "#/$defs/text",
            "examples": ["#ci-platform"],
        },
        "mode": { "description": "What the rule does with a build that breaks it. Default: the policy's mode.", "$ref": "#/$defs/mode" },
        "enforce-after": {
            "description": "With mode: report. The rule reports until the end of that day, UTC, and is enforced afterwards.",
            "$ref": "#/$defs/date",
        },
        "only": {
            "description": "The rule applies to builds that match one of these selectors. Default: all builds.",
            "type": "array",
            "minItems": 1,
            "items": { "$ref": "#/$defs/selector" },
        },
        "except": {
            "description": "Builds that match one of these selectors are exempt.",
            "type": "array",
            "minItems": 1,
            "items": { "$ref": "#/$defs/exemption" },
        },
        "on-unknown": {
            "description": "What to do if a fact is unknown that the rule depends on.",
            "enum": ["report", "stop", "ignore"],
            "default": "report",
        },
        "batch": {
            "description": "What to stop if a build of a batch breaks the rule: the build alone, or the whole batch.",
            "enum": ["build", "stop-all"],
            "default": "build",
        },
    }));
    for check in CHECKS {
        let option = match check.option {
            OptionKind::Duration(..) => "#/$defs/duration",
            OptionKind::Dollars(_) => "#/$defs/dollars",
            OptionKind::Forbidden(..) | OptionKind::Allowed(..) => "#/$defs/patterns",
            OptionKind::Expression(_) => "#/$defs/expression",
            OptionKind::Overrides(_) => "#/$defs/overrides",
            OptionKind::NewestPer(_) => "#/$defs/newest-per",
        };
        let description = format!("{} {}", check.about.breaks_when, check.about.why);
        rule_properties.insert(check.id.into(), json!({ "description": description, "$ref": option }));
    }
    let one_check: Vec<Value> = CHECKS.iter().map(|check| json!({ "required": [check.id] })).collect();

    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "buildbrake policy",
        "description": "Rules that CodeBuild builds must keep.",
        "type": "object",
        "additionalProperties": false,
        "required": ["version", "rules"],
        "properties": {
            "version": { "description": "The version of this format.", "const": 1 },
            "mode": { "description": "The default mode of a rule.", "$ref": "#/$defs/mode", "default": "enforce" },
            "never-stop": {
                "description": "Projects whose builds are judged and reported, but never stopped.",
                "$ref": "#/$defs/patterns",
                "examples": [["deploy-*", "prod-*"]],
            },
            "prices": {
                "description": "Prices in USD per build minute, by environment type and compute type, by compute type, or by a pattern of a fleet's ARN. Used by max-cost and cost.",
                "type": "object",
                "minProperties": 1,
                "patternProperties": { ":": { "$ref": "#/$defs/fleet-price" } },
                "additionalProperties": { "$ref": "#/$defs/dollars" },
                "examples": [{ "LINUX_CONTAINER/BUILD_GENERAL1_SMALL": 0.005, "arn:aws:codebuild:*:*:fleet/gpu-*": 0 }],
            },
            "safety": {
                "description": "Limits of the sweep.",
                "type": "object",
                "additionalProperties": false,
                "properties": {
                    "max-stops-per-sweep": {
                        "description": "A sweep that would stop more builds stops none: a percentage of the running builds, or a number. 5 are always allowed.",
                        "type": ["string", "integer"],
                        "minimum": 0,
                        "pattern": "^(\\d+|(\\d{1,2}|100)\\s*%)$",
                        "default": "20%",
                    },
                },
            },
            "rules": {
                "description": "The rules. Each is evaluated for every build.",
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
                // Without a mode of its own, the rule may inherit `report` from the policy.
                "then": { "properties": { "mode": { "const": "report" } } },
            },
            "selector": selector(Map::new()),
            "exemption": selector(object(json!({
                "until": { "description": "The last day of the exemption, UTC.", "$ref": "#/$defs/date" },
                "reason": { "description": "Why these builds are exempt.", "$ref": "#/$defs/text", "examples": ["OPS-1234"] },
            }))),
            "mode": { "enum": ["enforce", "report", "off"] },
            "text": { "type": ["string", "number", "boolean"], "pattern": "\\S" },
            "date": { "type": "string", "pattern": "^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])$", "examples": ["2027-01-31"] },
            "duration": {
                "description": "A duration in hours, minutes and seconds.",
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
            "fleet-price": {
                "description": "An amount of USD, or zero.",
                "type": ["number", "string"],
                "minimum": 0,
                "pattern": "^\\d+(\\.\\d+)?$",
                "examples": [0],
            },
            "expression": {
                "description": "A CEL expression that is true or false.",
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
            "newest-per": {
                "type": "array",
                "minItems": 1,
                "uniqueItems": true,
                "contains": { "const": NewestPer::Project.name() },
                "items": { "enum": NewestPer::ALL.map(NewestPer::name) },
                "examples": [["project", "ref"]],
            },
            "kinds": {
                "type": "array",
                "minItems": 1,
                "items": { "enum": RunKind::ALL.map(RunKind::name) },
                "examples": [["sandbox"]],
            },
            "starters": {
                "type": "array",
                "minItems": 1,
                "items": { "enum": Starter::ALL.map(Starter::name) },
                "examples": [["pipeline"]],
            },
            "tags": {
                "description": "Tags of the project, each with patterns for its value.",
                "type": "object",
                "minProperties": 1,
                "additionalProperties": { "$ref": "#/$defs/patterns" },
                "examples": [{ "team": ["payments"] }],
            },
            "patterns": { "type": "array", "minItems": 1, "items": { "$ref": "#/$defs/pattern" } },
            "pattern": {
                "description": "A pattern for the whole value. `*` matches any run of characters, `?` matches one. Case matters.",
                "type": ["string", "number", "boolean"],
                "pattern": "^[^\\s\\[\\]{}^]([^\\[\\]{}]*[^\\s\\[\\]{}$])?$",
                "examples": ["release/*"],
            },
        },
    })
}

/// A selector with at least one criterion, and other properties.
fn selector(mut properties: Map<String, Value>) -> Value {
    let kinds = "The kind of run. Default: builds, and sandboxes if the check applies to them.";
    properties.insert("kinds".into(), json!({ "description": kinds, "$ref": "#/$defs/kinds" }));
    for subject in SELECTABLE {
        let description = format!("One of these patterns matches, such as {}.", subject.example);
        properties.insert(subject.name.into(), json!({ "description": description, "$ref": "#/$defs/patterns" }));
    }
    let when = "The CEL expression is true.";
    properties.insert("when".into(), json!({ "description": when, "$ref": "#/$defs/expression" }));
    let started_by = "One of these started the build, or the batch that it belongs to.";
    properties.insert("started-by".into(), json!({ "description": started_by, "$ref": "#/$defs/starters" }));
    let tags = "The build's project has matching tags.";
    properties.insert("tags".into(), json!({ "description": tags, "$ref": "#/$defs/tags" }));
    let subjects = SELECTABLE.iter().map(|subject| subject.name);
    let subjects = ["kinds"].into_iter().chain(subjects).chain(["started-by", "tags", "when"]);
    let named: Vec<Value> = subjects.map(|key| json!({ "required": [key] })).collect();
    json!({ "type": "object", "additionalProperties": false, "properties": properties, "anyOf": named })
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks;

    fn keys(value: &Value) -> Vec<&str> {
        value.as_object().map(|members| members.keys().map(String::as_str).collect()).unwrap_or_default()
    }

    #[test]
    fn the_schema_knows_every_check_and_every_selector() {
        let schema = schema();
        let rule = keys(&schema["$defs"]["rule"]["properties"]);
        for check in checks::ids() {
            assert!(rule.contains(&check), "{check} is not among {rule:?}");
        }
        for list in ["only", "except"] {
            assert!(rule.contains(&list), "{list} is not among {rule:?}");
        }
        let selectors = ["selector", "exemption"].map(|name| keys(&schema["$defs"][name]["properties"]));
        for subject in SELECTABLE.iter().map(|subject| subject.name).chain(["kinds", "tags", "when"]) {
            assert!(selectors.iter().all(|keys| keys.contains(&subject)), "{subject} is not among {selectors:?}");
        }
        assert!(selectors[1].contains(&"until") && !selectors[0].contains(&"until"), "{selectors:?}");
    }
}
