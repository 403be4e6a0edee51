//! Timestamps and durations: CEL's values for them, and the functions that take them.
//!
//! The crate has its own, with tables of all time zones that take ten times the room of
//! the database itself and are put in place at every start of the function, whether or
//! not a policy has an expression.
//!
//! What they mean: <https://github.com/google/cel-spec/blob/master/doc/langdef.md#timezones>.

mod calendar;

use std::{any::Any, cmp::Ordering};

use cel::{
    DeclarationError, Env, ExecutionError, Value, add_member_overload, add_overload,
    common::{
        traits::{Adder, Comparer, Subtractor},
        types::{CelInt, CelString, DURATION_TYPE, TIMESTAMP_TYPE, Type},
        value::{CowVal, StaticVal, Val},
    },
};
use jiff::{
    SignedDuration, Timestamp,
    civil::{DateTime, date},
    tz::{Offset, TimeZone},
};

static TIME: Type = TIMESTAMP_TYPE;
static LENGTH: Type = DURATION_TYPE;

/// When timestamps are counted from.
const EPOCH: DateTime = date(1970, 1, 1).at(0, 0, 0, 0);

/// A timestamp, by date and time in UTC: of the years 1 to 9999, the last of whose days
/// `jiff::Timestamp` does not have.
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

    /// By RFC 3339: `2027-01-31T00:00:00.5+01:00`.
    fn read(text: &str) -> Option<Self> {
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
        // A date and time alone may have a zone after it, in brackets.
        (!time.contains('[')).then(|| time.parse().ok().map(Self)).flatten()?.after(-offset)
    }
}

/// A duration, in nanoseconds: no more of them than the language has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Length(i64);

impl Length {
    pub(super) fn from_seconds(seconds: u64) -> Option<Self> {
        i64::try_from(seconds).ok()?.checked_mul(1_000_000_000).map(Self)
    }

    /// By the language's definition: `-1h30m`. `None` where it is too long, or is none.
    fn read(text: &str) -> Option<Self> {
        let mut sum: i64 = 0;
        for (number, unit) in duration_parts(text)? {
            let nanoseconds = number * unit;
            // The float nearest to the last nanosecond lies past it.
            let part = (nanoseconds < i64::MAX as f64).then_some(nanoseconds as i64)?;
            sum = sum.checked_add(part)?;
        }
        Some(Self(if text.starts_with('-') { -sum } else { sum }))
    }
}

/// The numbers of a duration, each with its unit in nanoseconds. `None` where it is none.
pub(super) fn duration_parts(text: &str) -> Option<Vec<(f64, f64)>> {
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

/// Adds the types and their functions to the language.
///
/// # Errors
/// None but that a function is declared twice.
pub(super) fn declare(env: &mut Env) -> Result<(), DeclarationError> {
    env.add_type(TIMESTAMP_TYPE)?;
    env.add_type(DURATION_TYPE)?;
    add_overload!(env, fn time_of_text: (CelString) -> Result<Time>, name = "timestamp", id = "string_to_timestamp")?;
    add_overload!(env, fn time_of_seconds: (CelInt) -> Result<Time>, name = "timestamp", id = "int64_to_timestamp")?;
    add_overload!(env, fn seconds_of_time: (Time) -> CelInt, name = "int", id = "timestamp_to_int64")?;
    add_overload!(env, fn text_of_time: (Time) -> CelString, name = "string", id = "timestamp_to_string")?;
    add_overload!(env, fn length_of_text: (CelString) -> Result<Length>, name = "duration", id = "string_to_duration")?;
    add_overload!(env, fn text_of_length: (Length) -> CelString, name = "string", id = "duration_to_string")?;
    add_member_overload!(env, fn hours: (Length) -> CelInt, name = "getHours", id = "duration_to_hours")?;
    add_member_overload!(env, fn minutes: (Length) -> CelInt, name = "getMinutes", id = "duration_to_minutes")?;
    add_member_overload!(env, fn seconds: (Length) -> CelInt, name = "getSeconds", id = "duration_to_seconds")?;
    add_member_overload!(
        env, fn milliseconds: (Length) -> CelInt, name = "getMilliseconds", id = "duration_to_milliseconds"
    )?;
    calendar::declare(env)
}

fn time_of_text(text: &CelString<'_>) -> Result<Time, ExecutionError> {
    Time::read(text.inner()).ok_or_else(|| ExecutionError::function_error("timestamp", "no timestamp"))
}

fn time_of_seconds(seconds: &CelInt) -> Result<Time, ExecutionError> {
    Time::after_epoch(SignedDuration::from_secs(*seconds.inner()))
        .ok_or_else(|| ExecutionError::function_error("timestamp", "out of range"))
}

fn seconds_of_time(time: &Time) -> CelInt {
    // Of a moment before 1970, the second that it is in, not the one that follows.
    let seconds = time.0.duration_since(EPOCH).as_nanos().div_euclid(1_000_000_000);
    CelInt::from(i64::try_from(seconds).unwrap_or_default())
}

fn text_of_time(time: &Time) -> CelString<'static> {
    CelString::from(format!("{}Z", time.0))
}

fn length_of_text(text: &CelString<'_>) -> Result<Length, ExecutionError> {
    Length::read(text.inner()).ok_or_else(|| ExecutionError::function_error("duration", "no duration"))
}

/// In seconds, as the language writes it: `-1.5s`.
fn text_of_length(length: &Length) -> CelString<'static> {
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

/// Both are values of the language that are added, subtracted and compared.
macro_rules! values {
    ($($name:ident: $kind:ident),*) => {$(
        impl Val for $name {
            fn get_type(&self) -> &Type {
                &$kind
            }

            fn cel_type() -> &'static Type {
                &$kind
            }

            fn as_adder<'b, 'v>(&'b self) -> Option<&'b (dyn Adder + 'v)>
            where
                Self: 'v,
            {
                Some(self)
            }

            fn as_subtractor<'b, 'v>(&'b self) -> Option<&'b (dyn Subtractor + 'v)>
            where
                Self: 'v,
            {
                Some(self)
            }

            fn as_comparer(&self) -> Option<&dyn Comparer> {
                Some(self)
            }

            fn equals(&self, other: &dyn Val) -> bool {
                other.downcast_ref() == Some(self)
            }

            fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v>
            where
                Self: 'v,
            {
                Box::new(*self)
            }

            fn as_any(&self) -> Option<&dyn Any> {
                Some(self)
            }
        }

        impl StaticVal for $name {}

        impl Comparer for $name {
            fn compare(&self, other: &dyn Val) -> Result<Ordering, ExecutionError> {
                let other: Option<&Self> = other.downcast_ref();
                other.map(|other| self.0.cmp(&other.0)).ok_or_else(|| of_other_types("compare"))
            }
        }
    )*};
}
values! { Time: TIME, Length: LENGTH }

impl Adder for Time {
    fn add<'b, 'v>(&'b self, other: &(dyn Val + 'v)) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        let length: &Length = other.downcast_ref().ok_or_else(|| of_other_types("add"))?;
        self.after(SignedDuration::from_nanos(length.0))
            .map_or_else(|| out_of_range("add"), |time| Ok(CowVal::owned(time)))
    }
}

impl Subtractor for Time {
    fn sub<'b, 'v>(&'b self, other: &(dyn Val + 'v)) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        if let Some(other) = other.downcast_ref::<Self>() {
            let nanoseconds = i64::try_from(self.0.duration_since(other.0).as_nanos());
            return nanoseconds.map_or_else(|_| out_of_range("sub"), |length| Ok(CowVal::owned(Length(length))));
        }
        let length: &Length = other.downcast_ref().ok_or_else(|| of_other_types("sub"))?;
        self.after(-SignedDuration::from_nanos(length.0))
            .map_or_else(|| out_of_range("sub"), |time| Ok(CowVal::owned(time)))
    }
}

impl Adder for Length {
    fn add<'b, 'v>(&'b self, other: &(dyn Val + 'v)) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        if let Some(time) = other.downcast_ref::<Time>() {
            return time.add(self).map(|time| CowVal::Owned(time.into_owned()));
        }
        let other: &Self = other.downcast_ref().ok_or_else(|| of_other_types("add"))?;
        self.0.checked_add(other.0).map_or_else(|| out_of_range("add"), |sum| Ok(CowVal::owned(Self(sum))))
    }
}

impl Subtractor for Length {
    fn sub<'b, 'v>(&'b self, other: &(dyn Val + 'v)) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        let other: &Self = other.downcast_ref().ok_or_else(|| of_other_types("sub"))?;
        self.0.checked_sub(other.0).map_or_else(|| out_of_range("sub"), |rest| Ok(CowVal::owned(Self(rest))))
    }
}

fn out_of_range<'b, 'v>(operator: &'static str) -> Result<CowVal<'b, 'v>, ExecutionError> {
    Err(ExecutionError::Overflow(operator, Value::Null, Value::Null))
}

/// The types are checked when an expression is loaded, so that this is never seen.
fn of_other_types(operator: &'static str) -> ExecutionError {
    ExecutionError::UnsupportedBinaryOperator(operator, Value::Null, Value::Null)
}
