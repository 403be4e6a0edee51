//! The safety limit of a sweep.

use std::fmt;

use crate::{diagnostic::Code, yaml::scalar::FromScalar};

/// The number of builds that one sweep may stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaxStops {
    /// A percentage of the running builds.
    Percent(u64),
    /// A number of builds.
    Count(u64),
}

impl MaxStops {
    /// The number of builds that a sweep may always stop, so that small accounts need no
    /// setting.
    pub const ALWAYS: u64 = 5;

    /// The number of builds that a sweep may stop if `running` builds are running.
    pub fn of(self, running: u64) -> u64 {
        match self {
            Self::Percent(percent) => running.saturating_mul(percent) / 100,
            Self::Count(count) => count,
        }
        .max(Self::ALWAYS)
    }
}

/// As the policy contains it: `20%`, `50`.
impl fmt::Display for MaxStops {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Percent(percent) => write!(f, "{percent}%"),
            Self::Count(count) => write!(f, "{count}"),
        }
    }
}

impl FromScalar for MaxStops {
    const CODE: Code = Code::InvalidStopLimit;
    const EXPECTED: &'static str =
        "a percentage of the running builds such as `20%`, or a number of builds such as `50`";

    fn from_scalar(text: &str) -> Result<Self, String> {
        let number = |text: &str| text.parse().map_err(|_| "is not a number of builds".to_owned());
        match text.strip_suffix('%') {
            None => number(text).map(Self::Count),
            Some(percent) => match number(percent.trim_end())? {
                percent @ 0..=100 => Ok(Self::Percent(percent)),
                _ => Err("is more than 100 %".into()),
            },
        }
    }
}
