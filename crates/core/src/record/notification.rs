//! The notifications of a record: one EventBridge event for each broken rule.

use serde_json::{Map, Value};

use super::{Note, Outcome, Record};

/// The version of the detail's shape.
pub(super) const SCHEMA_VERSION: &str = "1";

/// The maximum size of one entry of PutEvents, in bytes, that every partition and target accepts.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html>
pub const MAX_ENTRY_BYTES: usize = 256 * 1024;

/// A notification of one broken rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// The id: the same whenever this violation of this build is sent.
    pub id: String,
    /// The build's ARN, if it is known.
    pub build_arn: Option<String>,
    /// The record with this violation alone, as JSON.
    pub detail: String,
}

impl Notification {
    /// The `source` of the event.
    pub const SOURCE: &'static str = "buildbrake";
    /// The `detail-type` of the event.
    pub const DETAIL_TYPE: &'static str = "Build Policy Violation";

    /// The size of the entry, as EventBridge counts it.
    /// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html#eb-putevent-size>
    pub fn bytes(&self) -> usize {
        Self::SOURCE.len()
            + Self::DETAIL_TYPE.len()
            + self.detail.len()
            + self.build_arn.as_ref().map_or(0, String::len)
    }
}

impl Record {
    /// The notifications of a build that broke rules. There is none for a build whose stop failed:
    /// the invocation fails, and is retried.
    ///
    /// They have no metrics: a target that writes them to a log would count them twice.
    pub fn notifications(&self) -> Vec<Notification> {
        match self.outcome {
            Outcome::Stopped | Outcome::Reported | Outcome::Protected | Outcome::AlreadyComplete => {}
            Outcome::Allowed | Outcome::NotFound | Outcome::NotRunning | Outcome::Ignored | Outcome::Failed => {
                return Vec::new();
            }
        }
        // A record is always an object; if it were not, there would be no violation in it.
        let members: Map<String, Value> = serde_json::from_str(self.json.get()).unwrap_or_default();
        let violations = members.get("violations").and_then(Value::as_array).cloned().unwrap_or_default();
        violations.into_iter().map(|violation| notification(&members, violation)).collect()
    }
}

fn notification(record: &Map<String, Value>, violation: Value) -> Notification {
    let text = |name: &str| record.get(name).and_then(Value::as_str).map(str::to_owned);
    let build_arn = text("buildArn");
    let build = build_arn.clone().or_else(|| text("buildId")).unwrap_or_default();
    let rule = violation.get("rule").and_then(Value::as_str).unwrap_or_default();
    let id = format!("{build}#{rule}");
    let mut detail = Map::new();
    detail.insert("schemaVersion".to_owned(), SCHEMA_VERSION.into());
    detail.insert("id".to_owned(), id.as_str().into());
    // The names of metrics and of their dimensions begin with a capital letter, those of a record's own
    // fields do not.
    let is_own = |name: &str| name.starts_with(|first: char| first.is_ascii_lowercase());
    detail.extend(record.iter().filter(|(name, _)| is_own(name)).map(|(name, value)| (name.clone(), value.clone())));
    detail.insert("violations".to_owned(), vec![violation].into());
    let whole = Notification { detail: Value::Object(detail.clone()).to_string(), build_arn, id };
    if whole.bytes() <= MAX_ENTRY_BYTES {
        return whole;
    }
    for name in ["build", "buildBatch", "sandbox"] {
        detail.remove(name);
    }
    let note = Note::build_left_out(MAX_ENTRY_BYTES / 1024);
    let notes = detail.entry("notes").or_insert_with(|| Value::Array(Vec::new()));
    if let (Some(notes), Ok(note)) = (notes.as_array_mut(), serde_json::to_value(note)) {
        notes.push(note);
    }
    Notification { detail: Value::Object(detail).to_string(), ..whole }
}
