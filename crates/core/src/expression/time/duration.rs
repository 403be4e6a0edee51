//! Durations: `-1h30m`.

use cel::{
    DeclarationError, Env, ExecutionError, add_member_overload, add_overload,
    common::types::{CelInt, CelString},
};

/// A duration in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::expression) struct Length(pub(super) i64);

impl Length {
    pub(in crate::expression) fn from_seconds(seconds: u64) -> Option<Self> {
        i64::try_from(seconds).ok()?.checked_mul(1_000_000_000).map(Self)
    }

    /// Parses `-1h30m`. Returns `None` if it is not a duration or too long.
    fn parse(text: &str) -> Option<Self> {
        let mut sum: i64 = 0;
        for (number, unit) in duration_parts(text)? {
            let nanoseconds = number * unit;
            // The float nearest to the maximum lies above it.
            let part = (nanoseconds < i64::MAX as f64).then_some(nanoseconds as i64)?;
            sum = sum.checked_add(part)?;
        }
        Some(Self(if text.starts_with('-') { -sum } else { sum }))
    }
}

/// Returns the numbers of a duration, each with its unit in nanoseconds, or `None` if it is not a
/// duration.
pub(in crate::expression) fn duration_parts(text: &str) -> Option<Vec<(f64, f64)>> {
    let mut rest = text.strip_prefix('-').unwrap_or(text);
    let mut parts = Vec::new();
    if rest == "0" {
        return Some(parts);
    }
    while !rest.is_empty() {
        let after = rest.trim_start_matches(|character: char| character.is_ascii_digit() || character == '.');
        let number = rest[..rest.len() - after.len()].parse().ok()?;
        let end = after.find(|character: char| !character.is_ascii_alphabetic()).unwrap_or(after.len());
        let unit = match &after[..end] {
            "h" => 3_600e9,
            "m" => 60e9,
            "s" => 1e9,
            "ms" => 1e6,
            "us" => 1e3,
            "ns" => 1.0,
            _ => return None,
        };
        parts.push((number, unit));
        rest = &after[end..];
    }
    (!text.is_empty()).then_some(parts)
}

/// Adds the functions to the language.
pub(super) fn declare(env: &mut Env) -> Result<(), DeclarationError> {
    add_overload!(env, fn of_text: (CelString) -> Result<Length>, name = "duration", id = "string_to_duration")?;
    add_overload!(env, fn to_text: (Length) -> CelString, name = "string", id = "duration_to_string")?;
    add_member_overload!(env, fn hours: (Length) -> CelInt, name = "getHours", id = "duration_to_hours")?;
    add_member_overload!(env, fn minutes: (Length) -> CelInt, name = "getMinutes", id = "duration_to_minutes")?;
    add_member_overload!(env, fn seconds: (Length) -> CelInt, name = "getSeconds", id = "duration_to_seconds")?;
    add_member_overload!(
        env, fn milliseconds: (Length) -> CelInt, name = "getMilliseconds", id = "duration_to_milliseconds"
    )
}

fn of_text(text: &CelString<'_>) -> Result<Length, ExecutionError> {
    Length::parse(text.inner()).ok_or_else(|| ExecutionError::function_error("duration", "no duration"))
}

/// Formats a duration in seconds: `-1.5s`.
fn to_text(length: &Length) -> CelString<'static> {
    let (sign, nanoseconds) = (if length.0 < 0 { "-" } else { "" }, length.0.unsigned_abs());
    let fraction = format!(".{:09}", nanoseconds % 1_000_000_000);
    let fraction = fraction.trim_end_matches('0').trim_end_matches('.');
    CelString::from(format!("{sign}{}{fraction}s", nanoseconds / 1_000_000_000))
}

fn hours(length: &Length) -> CelInt {
    CelInt::from(length.0 / 3_600_000_000_000)
}

fn minutes(length: &Length) -> CelInt {
    CelInt::from(length.0 / 60_000_000_000)
}

fn seconds(length: &Length) -> CelInt {
    CelInt::from(length.0 / 1_000_000_000)
}

fn milliseconds(length: &Length) -> CelInt {
    CelInt::from(length.0 / 1_000_000)
}
