//! The report of a scan as comma-separated values (RFC 4180): one row for each rule of each project, and one for
//! each thing that is not judged.

use buildbrake_core::{diagnostic::Place, scan::ScanAnswer};

use super::{because, word};
use crate::{
    report::replay::csv::cell,
    scan::{
        SkippedInput,
        results::{ScanResults, SkippedResult, Status},
    },
};

const HEADER: [&str; 16] = [
    "file", "line", "column", "address", "project", "account", "region", "rule", "check", "limit", "mode", "decision",
    "found", "missing", "why", "status",
];

pub(crate) fn report(results: &ScanResults) -> anyhow::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(HEADER)?;
    for (scanned, result) in results.each() {
        let (origin, settings, rule) = (&scanned.project.origin, &scanned.project.settings, &result.rule);
        let number = |number: Option<usize>| number.map(|number| number.to_string()).unwrap_or_default();
        let text = |text: Option<&str>| cell(text.unwrap_or_default());
        let (found, missing, why) = match &rule.answer {
            ScanAnswer::Broken { found } => (Some(found.as_str()), None, None),
            ScanAnswer::Unknown { missing, because: why, breaks } => {
                (breaks.as_deref(), Some(missing.as_str()), Some(because(why)))
            }
            ScanAnswer::CannotApply { why } => (None, None, Some(why.as_str())),
            ScanAnswer::Exempt { reason, .. } => (None, None, reason.as_deref()),
            ScanAnswer::Passes => (None, None, None),
        };
        let mode = serde_json::to_value(rule.mode)?;
        writer.write_record([
            text(origin.file.as_deref()),
            number(result.place.map(|place| place.line)),
            number(result.place.map(|place| place.column)),
            cell(&origin.address),
            text(settings.name()),
            text(settings.account()),
            text(settings.region()),
            rule.rule.clone(),
            rule.check.to_owned(),
            cell(&rule.limit),
            mode.as_str().unwrap_or_default().to_owned(),
            word(&rule.answer).to_owned(),
            text(found),
            text(missing),
            text(why),
            status_word(result.status).to_owned(),
        ])?;
    }
    for SkippedResult { input: SkippedInput { origin, why }, status } in &results.left_out {
        let mut row = HEADER.map(|_| String::new());
        let place = |part: fn(Place) -> usize| origin.place.map(|place| part(place).to_string()).unwrap_or_default();
        row[0] = cell(origin.file.as_deref().unwrap_or_default());
        (row[1], row[2]) = (place(|place| place.line), place(|place| place.column));
        row[3] = cell(&origin.address);
        (row[11], row[14], row[15]) = ("not-judged".to_owned(), cell(why), status_word(*status).to_owned());
        writer.write_record(row)?;
    }
    let bytes = writer.into_inner().map_err(|error| error.into_error())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn status_word(status: Status) -> &'static str {
    match status {
        Status::NoFinding => "",
        Status::Accepted => "accepted",
        Status::Finding => "finding",
    }
}
