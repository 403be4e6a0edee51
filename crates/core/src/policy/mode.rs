//! Modes: how a rule treats a build, and when.

use std::str::FromStr;

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::{diagnostic::Code, yaml::scalar::FromScalar};

/// The treatment of a build that breaks a rule, from the weakest to the strongest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Does not judge.
    Off,
    /// Reports the build.
    Report,
    /// Stops the build.
    Enforce,
}

/// The treatment of a build that a rule cannot decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OnUnknown {
    /// Counts it in the metrics.
    Report,
    /// Treats it as if it broke the rule.
    Stop,
    /// Names it only in the record.
    Ignore,
}

/// A rule's mode over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RuleMode {
    Always(Mode),
    /// Reports until the end of that day, UTC, and enforces afterwards.
    EnforceAfter(Date),
}

impl RuleMode {
    pub(crate) fn at(self, now: Timestamp) -> Mode {
        match self {
            Self::Always(mode) => mode,
            Self::EnforceAfter(date) if is_over(date, now) => Mode::Enforce,
            Self::EnforceAfter(_) => Mode::Report,
        }
    }
}

/// Returns whether a day, UTC, has ended.
pub(super) fn is_over(date: Date, now: Timestamp) -> bool {
    now.to_zoned(TimeZone::UTC).date() > date
}

impl FromScalar for Mode {
    const CODE: Code = Code::UnknownWord;
    const EXPECTED: &'static str = "one of `enforce`, `report` and `off`";

    fn words() -> Vec<&'static str> {
        vec!["enforce", "report", "off"]
    }

    fn from_scalar(text: &str) -> Result<Self, String> {
        match text {
            "enforce" => Ok(Self::Enforce),
            "report" => Ok(Self::Report),
            "off" => Ok(Self::Off),
            _ => Err("is not a mode".into()),
        }
    }
}

impl FromStr for Mode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::from_scalar(text).map_err(|wrong| format!("`{text}` {wrong}; use {}", Self::EXPECTED))
    }
}

impl FromScalar for OnUnknown {
    const CODE: Code = Code::UnknownWord;
    const EXPECTED: &'static str = "one of `report`, `stop` and `ignore`";

    fn words() -> Vec<&'static str> {
        vec!["report", "stop", "ignore"]
    }

    fn from_scalar(text: &str) -> Result<Self, String> {
        match text {
            "report" => Ok(Self::Report),
            "stop" => Ok(Self::Stop),
            "ignore" => Ok(Self::Ignore),
            _ => Err("is not a valid value for `on-unknown`".into()),
        }
    }
}

impl FromScalar for Date {
    const CODE: Code = Code::InvalidDate;
    const EXPECTED: &'static str = "a date such as `2027-01-31`";

    fn from_scalar(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(date) if text.len() == "2027-01-31".len() => Ok(date),
            _ => Err("is not a date".into()),
        }
    }
}
