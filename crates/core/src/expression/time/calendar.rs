//! The parts of a date and of a time of day, in UTC or in a time zone.

use std::sync::LazyLock;

use cel::{
    DeclarationError, Env, ExecutionError, add_member_overload,
    common::types::{CelInt, CelString},
};
use jiff::{
    civil::DateTime,
    tz::{Offset, TimeZone, TimeZoneDatabase},
};

use super::Time;

/// The time zone database, loaded when the first expression uses it.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// Declares each function twice: in UTC, and in a time zone.
macro_rules! parts {
    ($($name:literal, $module:ident: $part:expr;)*) => {
        $(mod $module {
            use super::*;

            const PART: fn(DateTime) -> i64 = $part;

            fn in_utc(time: &Time) -> CelInt {
                CelInt::from(PART(time.0))
            }

            fn in_zone(time: &Time, written: &CelString<'_>) -> Result<CelInt, ExecutionError> {
                let time = in_zone_of_name(time, written.inner());
                time.map(PART).map(CelInt::from).ok_or_else(|| ExecutionError::function_error($name, "no such zone"))
            }

            pub(super) fn declare(env: &mut Env) -> Result<(), DeclarationError> {
                add_member_overload!(env, fn in_utc: (Time) -> CelInt, name = $name, id = concat!($name, "_in_utc"))?;
                add_member_overload!(
                    env, fn in_zone: (Time, CelString) -> Result<CelInt>, name = $name, id = concat!($name, "_in_zone")
                )
            }
        })*

        /// Adds the functions to the language.
        pub(super) fn declare(env: &mut Env) -> Result<(), DeclarationError> {
            $($module::declare(env)?;)*
            Ok(())
        }
    };
}

parts! {
    "getFullYear", full_year: |time| time.year().into();
    "getMonth", month: |time| i64::from(time.month()) - 1;
    "getDate", date: |time| time.day().into();
    "getDayOfMonth", day_of_month: |time| i64::from(time.day()) - 1;
    "getDayOfWeek", day_of_week: |time| time.weekday().to_sunday_zero_offset().into();
    "getDayOfYear", day_of_year: |time| i64::from(time.day_of_year()) - 1;
    "getHours", hours: |time| time.hour().into();
    "getMinutes", minutes: |time| time.minute().into();
    "getSeconds", seconds: |time| time.second().into();
    "getMilliseconds", milliseconds: |time| time.millisecond().into();
}

/// Returns date and time in a zone: the exact name in the time zone database, or `+01:00`. An empty
/// name is UTC.
fn in_zone_of_name(time: &Time, zone: &str) -> Option<DateTime> {
    if zone.is_empty() {
        return Some(time.0);
    }
    let zone = match zone.contains(':') {
        true => TimeZone::fixed(offset(zone)?),
        false => ZONES.get(zone).ok().filter(|found| found.iana_name() == Some(zone))?,
    };
    let time = TimeZone::UTC.to_timestamp(time.0).ok()?;
    Some(zone.to_datetime(time))
}

/// Parses an offset such as `+01:00`.
pub(super) fn offset(written: &str) -> Option<Offset> {
    let (hours, minutes) = written.split_once(':')?;
    let sign = if hours.starts_with('-') { -1 } else { 1 };
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    let is_offset = (-23..=23).contains(&hours) && (0..=59).contains(&minutes);
    is_offset.then(|| Offset::from_seconds(hours * 3_600 + sign * minutes * 60).ok())?
}
