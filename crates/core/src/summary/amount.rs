//! Amounts of time and money, as whole numbers.

use std::ops::AddAssign;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Time and money that a stop saves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Savings {
    /// The time.
    pub minutes: Minutes,
    /// The money, if the policy has prices.
    pub usd: Usd,
}

/// The time and money that the stop of one build would have saved, as far as they are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct KnownSavings {
    /// The time, if the input shows when the build started and ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minutes: Option<Minutes>,
    /// The money, if also the price of a minute is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usd: Option<Usd>,
}

/// A time in whole milliseconds. As JSON, a number of minutes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Minutes(u64);

/// An amount of money in billionths of a US dollar. As JSON, a number of dollars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Usd(u64);

const MILLISECONDS_PER_MINUTE: f64 = 60_000.0;
const PER_DOLLAR: f64 = 1e9;

impl Minutes {
    /// This many milliseconds.
    pub fn of_milliseconds(milliseconds: u64) -> Self {
        Self(milliseconds)
    }

    /// The number of minutes.
    pub fn as_f64(self) -> f64 {
        self.0 as f64 / MILLISECONDS_PER_MINUTE
    }
}

impl Usd {
    /// The cost of a time at a price per minute.
    pub fn of(price: f64, minutes: Minutes) -> Self {
        Self((price * minutes.as_f64() * PER_DOLLAR).round() as u64)
    }

    /// The number of dollars.
    pub fn as_f64(self) -> f64 {
        self.0 as f64 / PER_DOLLAR
    }
}

impl AddAssign for Savings {
    fn add_assign(&mut self, other: Self) {
        self.minutes.0 = self.minutes.0.saturating_add(other.minutes.0);
        self.usd.0 = self.usd.0.saturating_add(other.usd.0);
    }
}

impl Serialize for Minutes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.as_f64())
    }
}

impl<'de> Deserialize<'de> for Minutes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let minutes = f64::deserialize(deserializer)?;
        Ok(Self((minutes * MILLISECONDS_PER_MINUTE).round() as u64))
    }
}

impl Serialize for Usd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.as_f64())
    }
}

impl<'de> Deserialize<'de> for Usd {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let dollars = f64::deserialize(deserializer)?;
        Ok(Self((dollars * PER_DOLLAR).round() as u64))
    }
}
