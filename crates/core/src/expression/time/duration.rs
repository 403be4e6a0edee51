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

    /// Parses `-1h30m`. A part of a nanosecond is dropped.
    pub(in crate::expression) fn parse(text: &str) -> Result<Self, DurationError> {
        let (sign, mut rest) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
        if rest == "0" {
            return Ok(Self(0));
        }
        let mut sum: i128 = 0;
        loop {
            let (number, after) = split(rest, |character| character.is_ascii_digit() || character == '.');
            let (unit, after) = split(after, |character| character.is_ascii_alphabetic());
            let part = nanoseconds(number, unit)?;
            sum = sum.checked_add(part).ok_or(DurationError::OutOfRange)?;
            rest = after;
            if rest.is_empty() {
                return i64::try_from(sign * sum).map(Self).map_err(|_| DurationError::OutOfRange);
            }
        }
    }
}

/// Splits a text after the characters that match.
fn split(text: &str, matches: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|character| !matches(character)).unwrap_or(text.len()))
}

/// Computes exactly: 1.001 has no exact `f64`.
fn nanoseconds(number: &str, unit: &str) -> Result<i128, DurationError> {
    /// More digits of a fraction would overflow, and count for nothing.
    const DIGITS: usize = 25;
    let unit: i128 = match unit {
        "h" => 3_600_000_000_000,
        "m" => 60_000_000_000,
        "s" => 1_000_000_000,
        "ms" => 1_000_000,
        "us" => 1_000,
        "ns" => 1,
        _ => return Err(DurationError::Syntax),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
        return Err(DurationError::Syntax);
    }
    let fraction = &fraction[..fraction.len().min(DIGITS)];
    let parse = |digits: &str| if digits.is_empty() { Some(0) } else { digits.parse::<i128>().ok() };
    let scale = fraction.chars().fold(1, |scale, _| scale * 10);
    let exact = || parse(whole)?.checked_mul(unit)?.checked_add(parse(fraction)? * unit / scale);
    exact().ok_or(DurationError::OutOfRange)
}

/// The reason why a text is not a duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::expression) enum DurationError {
    Syntax,
    OutOfRange,
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
    Length::parse(text.inner()).map_err(|_| ExecutionError::function_error("duration", "no duration"))
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

/// Returns the milliseconds of the last second. The other functions return the whole duration:
/// <https://github.com/google/cel-spec/blob/master/doc/langdef.md#list-of-standard-definitions>.
fn milliseconds(length: &Length) -> CelInt {
    CelInt::from(length.0 / 1_000_000 % 1_000)
}
