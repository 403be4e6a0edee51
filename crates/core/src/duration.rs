//! Durations as a policy contains them: `90s`, `60m`, `2h`, `1h 30m`.

use std::fmt;

use jiff::Timestamp;

use crate::{diagnostic::Code, yaml::scalar::FromScalar};

/// A length of time in whole seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duration {
    seconds: u64,
}

impl Duration {
    /// This many minutes; zero if the number is negative.
    pub fn from_minutes(minutes: i32) -> Self {
        Self { seconds: u64::try_from(minutes).unwrap_or_default() * 60 }
    }

    /// The time from `start` to `end`; zero if `end` is earlier.
    pub fn between(start: Timestamp, end: Timestamp) -> Self {
        Self { seconds: u64::try_from(end.duration_since(start).as_secs()).unwrap_or_default() }
    }

    /// This many seconds, rounded up.
    pub fn from_seconds(seconds: f64) -> Self {
        // A number out of range becomes the longest duration, or zero.
        Self { seconds: seconds.ceil() as u64 }
    }

    /// The time that is this much after `start`, at most the latest possible time.
    pub fn after(self, start: Timestamp) -> Timestamp {
        let seconds = i64::try_from(self.seconds).unwrap_or(i64::MAX);
        start.saturating_add(jiff::SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
    }

    /// The number of seconds.
    pub fn as_seconds(self) -> u64 {
        self.seconds
    }
}

/// In minutes if possible, else in seconds: `120m`, `90s`. CodeBuild's timeouts are in minutes.
impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.seconds.is_multiple_of(60) {
            write!(f, "{}m", self.seconds / 60)
        } else {
            write!(f, "{}s", self.seconds)
        }
    }
}

impl FromScalar for Duration {
    const CODE: Code = Code::InvalidDuration;
    const EXPECTED: &'static str = "a duration such as `90s`, `60m`, `2h` or `1h 30m`";

    fn from_scalar(text: &str) -> Result<Self, String> {
        let mut seconds = 0_u64;
        // Units must be in this order.
        let mut units = [('h', 3600), ('m', 60), ('s', 1)].as_slice();
        let mut rest = text.trim();
        while !rest.is_empty() {
            let digits = rest.find(|character: char| !character.is_ascii_digit()).unwrap_or(rest.len());
            let (number, after) = rest.split_at(digits);
            if number.is_empty() {
                return Err("is not a duration".into());
            }
            let number = number.parse::<u64>().unwrap_or(u64::MAX);
            let Some(unit) = after.chars().next() else { return Err("is a number without a unit".into()) };
            let Some(index) = units.iter().position(|(name, _)| *name == unit) else {
                return Err("is not a duration".into());
            };
            seconds = number
                .checked_mul(units[index].1)
                .and_then(|more| seconds.checked_add(more))
                .filter(|seconds| *seconds <= 1_000_000_000)
                .ok_or("is longer than any build")?;
            units = &units[index + 1..];
            rest = after[unit.len_utf8()..].trim_start();
        }
        if seconds == 0 { Err("is zero".into()) } else { Ok(Self { seconds }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_written() {
        for (text, seconds) in
            [("90s", 90), ("60m", 3600), ("2h", 7200), ("1h 30m", 5400), ("1h30m", 5400), (" 5m ", 300)]
        {
            assert_eq!(Duration::from_scalar(text), Ok(Duration { seconds }), "{text}");
        }
    }

    #[test]
    fn refuses_other_durations() {
        for text in [
            "",
            "60",
            "60 minutes",
            "1.5h",
            "-5m",
            "m",
            "30m 1h",
            "5m 5m",
            "0s",
            "0h 0m",
            "99999999999999999999s",
            "9999999h",
            "1д",
        ] {
            assert!(Duration::from_scalar(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_number_of_any_length_may_be_too_long() {
        for text in ["9999999h", "99999999999999999999s", "99999999999999999999999999h"] {
            assert_eq!(Duration::from_scalar(text), Err("is longer than any build".into()), "{text}");
        }
    }

    #[test]
    fn shown_in_minutes_if_possible() {
        assert_eq!(Duration { seconds: 7200 }.to_string(), "120m");
        assert_eq!(Duration { seconds: 90 }.to_string(), "90s");
    }
}
