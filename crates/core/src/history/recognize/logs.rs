//! Events of CloudWatch Logs, in the forms in which its API, its console and its subscriptions write
//! them.

use std::borrow::Cow;

use serde::Deserialize;

use super::{Each, NotRecognized, Recognized, all, value, values};

/// One column of a row that Logs Insights found.
/// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_ResultField.html>
#[derive(Deserialize)]
struct Column<'a> {
    #[serde(borrow)]
    field: Cow<'a, str>,
    #[serde(borrow)]
    value: Cow<'a, str>,
}

/// Recognizes the message of a log event: JSON as a string, or as an object, as the console exports it.
/// Other text, such as the lines of Lambda itself, contains nothing.
pub(super) fn event(message: &str, depth: u8, each: Each<'_>) -> Recognized {
    if message.starts_with('{') {
        return value(message, depth, each);
    }
    let Ok(message) = serde_json::from_str::<String>(message) else { return Ok(()) };
    text(&message, depth, each)
}

fn text(message: &str, depth: u8, each: Each<'_>) -> Recognized {
    match message.trim_start().starts_with('{') {
        true => values(message, depth, each),
        false => Ok(()),
    }
}

/// Recognizes the messages in the answer of `GetQueryResults`.
pub(super) fn query_results(rows: &str, depth: u8, each: Each<'_>) -> Recognized {
    let rows: Vec<Vec<Column<'_>>> = serde_json::from_str(rows).map_err(|_| NotRecognized::UnknownKind)?;
    all(&rows, |row| {
        let message = row.iter().find(|column| column.field == "@message");
        let found = message.ok_or(NotRecognized::Foreign {
            what: "a row of Logs Insights without `@message`",
            help: "add `@message` to the fields of the query",
        });
        text(&found?.value, depth, each)
    })
}
