//! Money and prices. Prices come from the policy, because AWS's differ by region and change.
//! <https://aws.amazon.com/codebuild/pricing/>

use std::{collections::HashMap, fmt, ops::Add};

use crate::{diagnostic::Code, duration::Duration, pattern::Pattern, yaml::scalar::FromScalar};

/// An amount of US dollars.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Dollars(f64);

impl Dollars {
    /// This many dollars.
    pub fn new(amount: f64) -> Self {
        Self(amount)
    }

    /// The number of dollars.
    pub fn amount(self) -> f64 {
        self.0
    }

    /// Returns whether the amount is zero.
    pub fn is_zero(self) -> bool {
        self.0 == 0.0
    }

    /// The cost of a running time at this price per minute.
    pub fn for_running(self, running: Duration) -> Self {
        Self(self.0 * running.as_seconds() as f64 / 60.0)
    }

    /// Returns the number of whole seconds of running time that `amount` buys at this price per
    /// minute. For a price of zero, the longest duration.
    pub fn running_time_for(self, amount: Self) -> Duration {
        // Decimal prices have no exact binary value; without this, rounding could cost a second.
        const ROUNDING: f64 = 1.0 + 1e-9;
        Duration::from_seconds((amount.0 / self.0 * 60.0 * ROUNDING).floor())
    }
}

/// With cents, and up to two digits more if the amount has them.
impl fmt::Display for Dollars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exact = format!("{:.4}", self.0);
        let shown = exact.strip_suffix("00").or(exact.strip_suffix('0')).unwrap_or(&exact);
        write!(f, "{shown} USD")
    }
}

impl FromScalar for Dollars {
    const CODE: Code = Code::InvalidAmount;
    const EXPECTED: &'static str = "an amount of USD greater than zero, such as `2.50`";

    fn from_scalar(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(amount) if f64::is_finite(amount) && amount > 0.0 => Ok(Self(amount)),
            Ok(amount) if f64::is_finite(amount) => Err("is not greater than zero".into()),
            _ => Err("is not an amount of USD".into()),
        }
    }
}

impl Add for Dollars {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

/// The price of a minute on a fleet: an amount of USD, or zero, since a fleet is paid for whether
/// it is used or not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FleetPrice(pub Dollars);

impl FromScalar for FleetPrice {
    const CODE: Code = Code::InvalidAmount;
    const EXPECTED: &'static str = "an amount of USD, such as `0.05`, or `0`";

    fn from_scalar(text: &str) -> Result<Self, String> {
        match text.parse::<f64>() {
            Ok(0.0) => Ok(Self(Dollars(0.0))),
            _ => Dollars::from_scalar(text).map(Self),
        }
    }
}

/// Prices per minute, by environment type and compute type
/// (`ARM_CONTAINER/BUILD_GENERAL1_LARGE`), by compute type alone, or by the ARN of a fleet.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prices {
    compute: HashMap<String, Dollars>,
    fleets: Vec<(Pattern, Dollars)>,
}

impl Prices {
    /// The price for an environment type, if known, and a compute type.
    pub fn of(&self, environment_type: Option<&str>, compute_type: &str) -> Option<Dollars> {
        let of_both = environment_type.and_then(|kind| self.compute.get(&format!("{kind}/{compute_type}")));
        of_both.or_else(|| self.compute.get(compute_type)).copied()
    }

    /// The first price whose pattern fits a fleet's ARN.
    pub fn of_fleet(&self, arn: &str) -> Option<Dollars> {
        self.fleets.iter().find(|(pattern, _)| pattern.fits(arn)).map(|(_, price)| *price)
    }

    /// Returns whether a fleet has a price.
    pub fn has_fleets(&self) -> bool {
        !self.fleets.is_empty()
    }

    /// The first pattern that fits every fleet that `pattern` fits.
    pub fn fleets_cover(&self, pattern: &Pattern) -> Option<&Pattern> {
        self.fleets.iter().map(|(wide, _)| wide).find(|wide| wide.covers(pattern))
    }

    /// Adds the price of a fleet. Prices that were added earlier take precedence.
    pub fn add_fleet(&mut self, pattern: Pattern, price: FleetPrice) {
        self.fleets.push((pattern, price.0));
    }

    /// Adds the price of a compute type, or of an environment type and a compute type.
    pub fn add_compute(&mut self, name: impl Into<String>, price: Dollars) {
        self.compute.insert(name.into(), price);
    }

    /// Returns whether there is no price.
    pub fn is_empty(&self) -> bool {
        self.compute.is_empty() && self.fleets.is_empty()
    }
}

impl FromIterator<(String, Dollars)> for Prices {
    fn from_iter<I: IntoIterator<Item = (String, Dollars)>>(prices: I) -> Self {
        Self { compute: prices.into_iter().collect(), fleets: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_of_both_types_takes_precedence() {
        let prices: Prices = [("SMALL", 0.005), ("ARM_CONTAINER/SMALL", 0.003)]
            .map(|(name, amount)| (name.to_owned(), Dollars::new(amount)))
            .into_iter()
            .collect();
        assert_eq!(prices.of(Some("ARM_CONTAINER"), "SMALL"), Some(Dollars::new(0.003)));
        assert_eq!(prices.of(Some("LINUX_CONTAINER"), "SMALL"), Some(Dollars::new(0.005)));
        assert_eq!(prices.of(None, "SMALL"), Some(Dollars::new(0.005)));
        assert_eq!(prices.of(Some("ARM_CONTAINER"), "LARGE"), None);
    }

    #[test]
    fn what_time_costs_and_what_money_buys() {
        let price = Dollars::new(0.02);
        assert_eq!(price.for_running(Duration::from_minutes(90)), Dollars::new(1.8));
        assert_eq!(price.running_time_for(Dollars::new(1.8)), Duration::from_minutes(90));
        for minutes in 1..1000 {
            let cents = |amount: i32| Dollars::new(f64::from(amount) / 100.0);
            assert_eq!(cents(7).running_time_for(cents(7 * minutes)), Duration::from_minutes(minutes), "{minutes}");
        }
    }

    #[test]
    fn shown_with_cents_and_more_digits_if_needed() {
        for (amount, shown) in [(5.0, "5.00 USD"), (0.005, "0.005 USD"), (1.25, "1.25 USD"), (0.0001, "0.0001 USD")] {
            assert_eq!(Dollars::new(amount).to_string(), shown);
        }
    }

    #[test]
    fn the_first_price_of_a_fleet_counts() {
        let mut prices = Prices::default();
        for (pattern, price) in [("*:fleet/gpu-*", "0"), ("*:fleet/*", "0.05"), ("*:fleet/mac:*", "1")] {
            prices.add_fleet(pattern.parse().unwrap(), FleetPrice::from_scalar(price).unwrap());
        }
        for (name, expected) in [("gpu-1", 0.0), ("mac", 0.05)] {
            let arn =
                format!("arn:aws:codebuild:eu-west-1:111122223333:fleet/{name}:1a000001-0000-4000-8000-000000000001");
            assert_eq!(prices.of_fleet(&arn), Some(Dollars::new(expected)));
        }
        assert_eq!(prices.of_fleet("arn"), None);
        assert!(Dollars::new(0.0).running_time_for(Dollars::new(1.0)) > Duration::from_minutes(i32::MAX));
        for text in ["-1", "free", "NaN", ""] {
            assert!(FleetPrice::from_scalar(text).is_err(), "{text}");
        }
    }

    #[test]
    fn refuses_other_amounts() {
        for text in ["", "0", "-1", "free", "inf", "NaN", "5 USD", "$5"] {
            assert!(Dollars::from_scalar(text).is_err(), "{text}");
        }
    }
}
