//! The part of a history that a command is about.

use buildbrake_core::pattern::Pattern;
use jiff::{Span, SpanRelativeTo, Timestamp, civil::Date, tz::TimeZone};

/// The options that limit a history.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct HistoryScope {
    /// Only builds of these projects: names, with `*` and `?` as in a policy. Can be repeated.
    #[arg(long, value_name = "PATTERN", value_delimiter = ',', value_parser = project)]
    pub(crate) projects: Vec<Pattern>,
    /// Only builds that started since then: a date (2026-10-01, UTC), a time in RFC 3339, or for how
    /// long (30d, 12h, 6 weeks).
    #[arg(long, value_name = "DATE|DURATION", value_parser = Since::parse)]
    pub(crate) since: Option<Since>,
}

/// The start of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Since {
    /// This moment.
    At(Timestamp),
    /// This number of seconds before now.
    Ago(i64),
}

impl HistoryScope {
    /// Returns whether the builds of a project are wanted.
    pub(crate) fn has_project(&self, name: &str) -> bool {
        self.projects.is_empty() || self.projects.iter().any(|pattern| pattern.fits(name))
    }

    /// The options that are given, as a message names them.
    pub(crate) fn options(&self) -> Vec<&'static str> {
        let options = [("`--projects`", !self.projects.is_empty()), ("`--since`", self.since.is_some())];
        options.into_iter().filter(|(_, is_given)| *is_given).map(|(name, _)| name).collect()
    }

    /// The earliest start of a build that is wanted. `None` if there is no limit.
    pub(crate) fn since(&self, now: Timestamp) -> Option<Timestamp> {
        self.since.map(|since| match since {
            Since::At(time) => time,
            Since::Ago(seconds) => {
                now.saturating_sub(jiff::SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MIN)
            }
        })
    }
}

impl Since {
    fn parse(text: &str) -> Result<Self, String> {
        if let Ok(time) = text.parse::<Timestamp>() {
            return Ok(Self::At(time));
        }
        if let Ok(date) = text.parse::<Date>() {
            let start = date.to_zoned(TimeZone::UTC).map_err(|error| error.to_string())?;
            return Ok(Self::At(start.timestamp()));
        }
        // A calendar is not needed: a month is 30 days, a year 365.
        let span = text.parse::<Span>().ok().filter(|span| span.is_positive());
        let seconds = span.and_then(|span| {
            let days = i64::from(span.get_years()) * 365 + i64::from(span.get_months()) * 30;
            let rest = span.years(0).months(0).total((jiff::Unit::Second, SpanRelativeTo::days_are_24_hours())).ok()?;
            Some(days * 86_400 + rest as i64)
        });
        seconds.map(Self::Ago).ok_or_else(|| "write a date such as 2026-10-01, or a duration such as 30d".to_owned())
    }
}

/// Parses a pattern of project names.
fn project(text: &str) -> Result<Pattern, String> {
    if text.starts_with("arn:") {
        return Err("write the project's name, not its ARN".to_owned());
    }
    text.parse::<Pattern>().map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_starts_at_a_date_a_time_or_so_long_ago() {
        let now = "2026-11-26T12:00:00Z".parse().unwrap();
        for (text, expected) in [
            ("2026-10-01", "2026-10-01T00:00:00Z"),
            ("2026-10-01T08:30:00+02:00", "2026-10-01T06:30:00Z"),
            ("30d", "2026-10-27T12:00:00Z"),
            ("36h", "2026-11-25T00:00:00Z"),
            ("6 weeks", "2026-10-15T12:00:00Z"),
            ("1y", "2025-11-26T12:00:00Z"),
            ("2mo", "2026-09-27T12:00:00Z"),
        ] {
            let scope = HistoryScope { since: Some(Since::parse(text).unwrap()), ..HistoryScope::default() };
            assert_eq!(scope.since(now).unwrap().to_string(), expected, "{text}");
        }
        for text in ["", "yesterday", "-3d", "0d", "30", "2026-13-01"] {
            assert!(Since::parse(text).is_err(), "{text}");
        }
    }
}
