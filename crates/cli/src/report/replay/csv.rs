//! Replayed builds as comma-separated values (RFC 4180).

use std::io::Write;

use buildbrake_core::history::{Replayed, RuleDecision};

use crate::output::without_controls;

/// Rows, one for each build.
pub(crate) struct CsvRows<W: Write> {
    writer: csv::Writer<W>,
}

const HEADER: [&str; 17] = [
    "buildId",
    "project",
    "account",
    "region",
    "initiator",
    "startedBy",
    "branch",
    "ref",
    "startTime",
    "endTime",
    "status",
    "outcome",
    "minutes",
    "usd",
    "broken",
    "undecided",
    "exempted",
];

impl<W: Write> CsvRows<W> {
    /// Writes the header.
    pub(crate) fn new(out: W) -> anyhow::Result<Self> {
        let mut writer = csv::Writer::from_writer(out);
        writer.write_record(HEADER)?;
        Ok(Self { writer })
    }

    pub(crate) fn add(&mut self, build: &Replayed) -> anyhow::Result<()> {
        let time = |time: Option<jiff::Timestamp>| time.map(|time| time.to_string()).unwrap_or_default();
        let text = |text: Option<&str>| cell(text.unwrap_or_default());
        let rules = |is_wanted: fn(&RuleDecision) -> bool| {
            let rules = build.rules.iter().filter(|rule| is_wanted(&rule.decided));
            rules.map(|rule| rule.rule.as_str()).collect::<Vec<_>>().join(" ")
        };
        let outcome = serde_json::to_value(build.outcome)?;
        let savings = build.savings();
        self.writer.write_record([
            build.build_id.clone(),
            cell(build.project()),
            text(build.account()),
            text(build.region()),
            text(build.initiator.as_deref()),
            build.started_by.map(|starter| starter.name().to_owned()).unwrap_or_default(),
            text(build.branch.as_deref()),
            text(build.git_ref.as_deref()),
            time(build.start),
            time(build.end),
            text(build.status.as_deref()),
            outcome.as_str().unwrap_or_default().to_owned(),
            savings.minutes.map(|minutes| minutes.as_f64().to_string()).unwrap_or_default(),
            savings.usd.map(|usd| usd.as_f64().to_string()).unwrap_or_default(),
            rules(|decided| matches!(decided, RuleDecision::Broken { .. })),
            rules(|decided| {
                matches!(decided, RuleDecision::Undecided { .. } | RuleDecision::Broken { unknown: Some(_), .. })
            }),
            rules(|decided| matches!(decided, RuleDecision::Exempted { .. })),
        ])?;
        Ok(())
    }

    pub(crate) fn finish(mut self) -> anyhow::Result<()> {
        Ok(self.writer.flush()?)
    }
}

/// Escapes a text so that no spreadsheet takes it for a formula, and no terminal for a command.
/// <https://owasp.org/www-community/attacks/CSV_Injection>
pub(crate) fn cell(text: &str) -> String {
    let text = without_controls(text);
    match text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => format!("'{text}"),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_text_becomes_a_formula() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"] {
            assert_eq!(super::cell(text), format!("'{text}"));
        }
        assert_eq!(super::cell("\u{1b}[2J"), "\\u{1b}[2J");
        assert_eq!(super::cell("Developer/\u{202e}ecila ma\u{200b}in"), "Developer/\\u{202e}ecila ma\\u{200b}in");
        assert_eq!(super::cell("feature/a=b"), "feature/a=b");
    }
}
