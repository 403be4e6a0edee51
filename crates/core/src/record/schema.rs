//! The JSON Schema of a notification's detail.
//! <https://json-schema.org/draft/2020-12/schema>

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{NoteCode, Outcome, notification::SCHEMA_VERSION};
use crate::{
    checks,
    event::TriggerKind,
    facts::{InitiatorFrom, RefFrom, starter::Starter},
    model::{
        Build, BuildBatch, RunKind, Sandbox,
        shape::{MemberType, Shape},
    },
    policy::Mode,
    verdict::Withheld,
};

/// The JSON Schema of the detail of a `Build Policy Violation`. It refuses members that it does not
/// name, except in what CodeBuild returned.
pub fn schema() -> Value {
    let mut shapes = BTreeMap::new();
    for shape in [Build::SHAPE, BuildBatch::SHAPE, Sandbox::SHAPE] {
        describe(shape, &mut shapes);
    }
    let starters: Vec<&str> = Starter::ALL.iter().map(|starter| starter.name()).collect();
    let checks: Vec<&str> = checks::ids().collect();
    let mut definitions: Map<String, Value> =
        shapes.into_iter().map(|(name, shape)| (name.to_owned(), shape)).collect();
    definitions.insert("time".into(), json!({ "type": "string", "format": "date-time" }));
    definitions.insert(
        "violation".into(),
        object(
            &["rule", "check", "mode", "found", "limit"],
            json!({
                "rule": text("The rule's id."),
                "check": { "description": "The check's key.", "enum": checks },
                "mode": { "description": "The rule's mode at that moment.", "enum": [Mode::Enforce, Mode::Report] },
                "reason": text("The rule's reason, for the person whose build was stopped."),
                "owner": text("Whom to ask about the rule."),
                "found": text("The value of the build."),
                "limit": text("The values that the rule allows or forbids."),
            }),
        ),
    );
    let mut schema = object(
        &[
            "schemaVersion",
            "id",
            "outcome",
            "kind",
            "message",
            "trigger",
            "buildId",
            "violations",
            "undecided",
            "exempted",
            "policy",
        ],
        json!({
            "schemaVersion": { "description": "The version of this schema.", "const": SCHEMA_VERSION },
            "id": text("The build's ARN, `#` and the rule's id: the same at each delivery."),
            "outcome": {
                "description": "What was done about the build.",
                "enum": [Outcome::Reported, Outcome::Protected, Outcome::Stopped, Outcome::AlreadyComplete],
            },
            "kind": { "description": "What it is about. A batch counts as its builds.", "enum": RunKind::ALL },
            "message": text("What was done to which build, and why, in sentences."),
            "withheld": {
                "description": "With `reported`: why an enforced rule did not stop the build.",
                "enum": [Withheld::Ceiling, Withheld::SafetyBelt, Withheld::StopRate, Withheld::DryRun],
            },
            "trigger": {
                "description": "Why the build was judged.",
                "enum": [TriggerKind::StateChange, TriggerKind::PhaseChange, TriggerKind::Deadline, TriggerKind::Sweep],
            },
            "buildId": text("The id of the build, of the batch, or of the sandbox."),
            "buildArn": text("Its ARN."),
            "project": text("The name of its project."),
            "account": { "description": "Its account.", "type": "string", "pattern": "^[0-9]{12}$" },
            "accountName": text("The name that the function's settings give the account."),
            "region": text("Its region."),
            "initiator": text("Who or what started it, as CodeBuild spells it."),
            "initiatorFrom": { "description": "Set if the initiator is that of the batch.", "enum": [InitiatorFrom::Batch] },
            "startedBy": { "description": "The kind of starter.", "enum": starters },
            "sourceVersion": text("Its source version."),
            "violations": {
                "description": "The broken rule that this event is about.",
                "type": "array", "minItems": 1, "maxItems": 1,
                "items": { "$ref": "#/$defs/violation" },
            },
            "undecided": list(
                "The rules that could not be evaluated.",
                object(&["rule", "missing"], json!({ "rule": text("The rule's id."), "missing": text("The unknown fact.") })),
            ),
            "exempted": list(
                "The rules that the build would break if it were not exempt.",
                object(&["rule"], json!({
                    "rule": text("The rule's id."),
                    "reason": text("The reason for the exemption."),
                    "until": { "description": "The last day of the exemption, UTC.", "type": "string", "format": "date" },
                })),
            ),
            "branch": text("The branch, if it is known."),
            "ref": text("The full name of the ref, if it is known."),
            "branchFrom": {
                "description": "The source of `branch` and `ref`.",
                "enum": [
                    RefFrom::SourceVersion, RefFrom::Batch, RefFrom::Pipeline, RefFrom::Webhook, RefFrom::Git, RefFrom::Project,
                ],
            },
            "supersededBy": text("With `only-newest-per`: the id of the newer build or batch."),
            "policy": text("The digest of the policy."),
            "notes": list(
                "Notes on the work itself.",
                object(&["code", "message"], json!({
                    "code": {
                        "description": "The kind of note.",
                        "enum": [
                            NoteCode::BuildsNotCompared, NoteCode::AlarmMissing, NoteCode::AlarmUnanswered,
                            NoteCode::BuildLogUnwritable, NoteCode::BuildLeftOut,
                        ],
                    },
                    "message": text("The note, for a person."),
                })),
            ),
            "deadline": { "description": "When the build will be judged again.", "$ref": "#/$defs/time" },
            "reactionMs": { "description": "Milliseconds from the event's time to the record.", "type": "integer" },
            "build": { "description": "The build after the stop, as CodeBuild returned it, redacted.", "$ref": "#/$defs/Build" },
            "buildBatch": { "description": "The batch after the stop, as CodeBuild returned it, redacted.", "$ref": "#/$defs/BuildBatch" },
            "sandbox": { "description": "The sandbox after the stop, as CodeBuild returned it, redacted.", "$ref": "#/$defs/Sandbox" },
        }),
    );
    if let Some(members) = schema.as_object_mut() {
        let head = [
            ("$schema", "https://json-schema.org/draft/2020-12/schema"),
            ("title", "Build Policy Violation"),
            (
                "description",
                "The detail of the EventBridge event that buildbrake sends for a build and a rule that it broke.",
            ),
        ];
        members.extend(head.map(|(name, text)| (name.to_owned(), text.into())));
        members.insert("$defs".into(), definitions.into());
    }
    schema
}

/// Describes a structure of the API, and the structures of its members. Other members are allowed, because AWS
/// adds some.
fn describe(shape: &'static Shape, shapes: &mut BTreeMap<&'static str, Value>) {
    if shapes.contains_key(shape.name) {
        return;
    }
    shapes.insert(shape.name, Value::Null);
    let members: Map<String, Value> =
        shape.names().into_iter().zip(shape.members).map(|(name, member)| (name, kind(member.kind, shapes))).collect();
    shapes.insert(shape.name, json!({ "type": "object", "properties": members }));
}

fn kind(of: MemberType, shapes: &mut BTreeMap<&'static str, Value>) -> Value {
    match of {
        MemberType::Flag => json!({ "type": "boolean" }),
        MemberType::Integer => json!({ "type": "integer" }),
        MemberType::Text => json!({ "type": "string" }),
        MemberType::Time => json!({ "$ref": "#/$defs/time" }),
        MemberType::List(element) => json!({ "type": "array", "items": kind(*element, shapes) }),
        MemberType::Structure(shape) => {
            describe(shape, shapes);
            json!({ "$ref": format!("#/$defs/{}", shape.name) })
        }
    }
}

fn text(description: &str) -> Value {
    json!({ "description": description, "type": "string" })
}

fn list(description: &str, items: Value) -> Value {
    json!({ "description": description, "type": "array", "items": items })
}

fn object(required: &[&str], properties: Value) -> Value {
    json!({ "type": "object", "additionalProperties": false, "required": required, "properties": properties })
}
