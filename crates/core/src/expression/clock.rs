//! Comparisons of `now` with a constant, whose result is fixed from that time on.

use cel::common::ast::operators as op;
use jiff::{SignedDuration, Timestamp};

/// A comparison of `now` with a constant time.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ClockComparison {
    /// The operator, with `now` on its left.
    pub(super) operator: String,
    /// In seconds since 1970.
    pub(super) at: f64,
}

impl ClockComparison {
    /// Returns the result of the comparison from `now` on, if it can no longer change.
    pub(crate) fn from(&self, now: Timestamp) -> Option<bool> {
        if self.at >= now.as_duration().as_secs_f64() {
            return None;
        }
        match self.operator.as_str() {
            op::LESS | op::LESS_EQUALS | op::EQUALS => Some(false),
            op::GREATER | op::GREATER_EQUALS | op::NOT_EQUALS => Some(true),
            _ => None,
        }
    }

    /// The constant.
    pub(crate) fn time(&self) -> Option<Timestamp> {
        Timestamp::from_duration(SignedDuration::try_from_secs_f64(self.at).ok()?).ok()
    }
}
