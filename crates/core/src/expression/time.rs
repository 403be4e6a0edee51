//! CEL's timestamps and durations, and the functions on them.
//!
//! The crate's own types are not used. Their time zone tables take ten times the room of the time zone
//! database itself, and are loaded at every start of the function, even if no policy has an expression.
//!
//! The definition: <https://github.com/google/cel-spec/blob/master/doc/langdef.md#timezones>.

mod calendar;
mod duration;
mod values;

use cel::{
    DeclarationError, Env, ExecutionError, add_overload,
    common::types::{CelInt, CelString, DURATION_TYPE, TIMESTAMP_TYPE},
};
use jiff::{
    SignedDuration, Timestamp,
    civil::{DateTime, date},
    tz::{Offset, TimeZone},
};

pub(super) use self::duration::{DurationError, Length};

/// The time from which timestamps count.
const EPOCH: DateTime = date(1970, 1, 1).at(0, 0, 0, 0);

/// A timestamp as date and time in UTC, in the years 1 to 9999. `jiff::Timestamp` lacks the last
/// day of that range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Time(DateTime);

impl From<Timestamp> for Time {
    fn from(time: Timestamp) -> Self {
        Self(TimeZone::UTC.to_datetime(time))
    }
}

impl Time {
    fn after_epoch(length: SignedDuration) -> Option<Self> {
        Self(EPOCH).after(length)
    }

    fn after(self, length: SignedDuration) -> Option<Self> {
        self.0.checked_add(length).ok().filter(|time| time.year() >= 1).map(Self)
    }

    /// Parses RFC 3339: `2027-01-31T00:00:00.5+01:00`.
    fn parse(text: &str) -> Option<Self> {
        let is_mark = |index: usize, mark: &str| text.get(index..=index).is_some_and(|found| mark.contains(found));
        if !is_mark(10, "Tt ") || !is_mark(16, ":") {
            return None;
        }
        let (time, offset) = match text.strip_suffix(['Z', 'z']) {
            Some(time) => (time, Offset::UTC),
            None => {
                let (time, offset) = text.split_at_checked(text.len().checked_sub(6)?)?;
                offset.starts_with(['+', '-']).then_some((time, calendar::offset(offset)?))?
            }
        };
        let offset = SignedDuration::from_secs(offset.seconds().into());
        // jiff would accept a zone in brackets after the time.
        (!time.contains('[')).then(|| time.parse().ok().map(Self)).flatten()?.after(-offset)
    }
}

/// Adds the types and their functions to the language.
///
/// # Errors
/// A function is declared twice.
pub(super) fn declare(env: &mut Env) -> Result<(), DeclarationError> {
    env.add_type(TIMESTAMP_TYPE)?;
    env.add_type(DURATION_TYPE)?;
    add_overload!(env, fn of_text: (CelString) -> Result<Time>, name = "timestamp", id = "string_to_timestamp")?;
    add_overload!(env, fn of_seconds: (CelInt) -> Result<Time>, name = "timestamp", id = "int64_to_timestamp")?;
    add_overload!(env, fn to_seconds: (Time) -> CelInt, name = "int", id = "timestamp_to_int64")?;
    add_overload!(env, fn to_text: (Time) -> CelString, name = "string", id = "timestamp_to_string")?;
    duration::declare(env)?;
    calendar::declare(env)
}

fn of_text(text: &CelString<'_>) -> Result<Time, ExecutionError> {
    Time::parse(text.inner()).ok_or_else(|| ExecutionError::function_error("timestamp", "no timestamp"))
}

fn of_seconds(seconds: &CelInt) -> Result<Time, ExecutionError> {
    Time::after_epoch(SignedDuration::from_secs(*seconds.inner()))
        .ok_or_else(|| ExecutionError::function_error("timestamp", "out of range"))
}

fn to_seconds(time: &Time) -> CelInt {
    // Round down, before 1970 too.
    let seconds = time.0.duration_since(EPOCH).as_nanos().div_euclid(1_000_000_000);
    CelInt::from(i64::try_from(seconds).unwrap_or_default())
}

fn to_text(time: &Time) -> CelString<'static> {
    CelString::from(format!("{}Z", time.0))
}
