//! The report of a replay.

mod comparison;
pub(crate) mod csv;
pub(crate) mod text;

use buildbrake_core::summary::Summary;
use serde::Serialize;

pub(crate) use self::comparison::PolicyComparison;

/// What a replay found.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report<'a> {
    /// The policy's file. `None` if summaries were added up.
    #[serde(skip)]
    pub(crate) policy: Option<&'a str>,
    #[serde(flatten)]
    pub(crate) summary: &'a Summary,
    /// The first unreadable values.
    #[serde(rename = "unreadableValues", skip_serializing_if = "<[String]>::is_empty")]
    pub(crate) unreadable: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) comparison: Option<&'a PolicyComparison>,
}
