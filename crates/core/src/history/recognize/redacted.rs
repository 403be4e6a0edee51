//! Values that were removed before the JSON was written.

use serde_json::Value;

/// The texts that buildbrake's records and CloudTrail put in place of a secret.
const MARKS: [&str; 3] = ["***", "HIDDEN_DUE_TO_SECURITY_REASONS", "<sensitiveDataRemoved>"];

/// Replaces every text that stands for a removed one with null, so that no rule compares it.
pub(super) fn forget(json: &mut Value) {
    match json {
        Value::String(text) if is_redacted(text) => *json = Value::Null,
        Value::Array(elements) => elements.iter_mut().for_each(forget),
        Value::Object(members) => members.values_mut().for_each(forget),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Returns whether a text stands for a removed one. In a record, the size and digest of an inline buildspec, or
/// of a phase's message, do so, too.
fn is_redacted(text: &str) -> bool {
    MARKS.contains(&text) || text.contains(" bytes, sha256:")
}
