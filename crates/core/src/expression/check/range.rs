//! Numbers within limits, and comparisons that have the same result for all of them.

use cel::common::ast::operators as op;

use crate::{duration::Duration, facts::possible::Remark};

/// The numbers from `least` to `most`.
pub(super) struct Range {
    pub(super) least: f64,
    pub(super) most: f64,
    /// The subject that has such values, as the beginning of a help.
    pub(super) what: &'static str,
    /// The unit in which the limits are written.
    pub(super) unit: Unit,
    /// `true` if other values can never occur.
    pub(super) is_certain: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Number,
    Hours,
}

impl Range {
    pub(super) fn new(least: f64, most: f64, what: &'static str) -> Self {
        Self { least, most, what, unit: Unit::Number, is_certain: true }
    }

    pub(super) fn limits(least: f64, most: f64, what: &'static str) -> Self {
        Self { is_certain: false, ..Self::new(least, most, what) }
    }

    /// Returns a range that contains all results of an operator between two numbers, or `None` if they have no limits.
    pub(super) fn combined(&self, operator: &str, other: &Self) -> Option<Self> {
        let apply = |one: f64, other: f64| match operator {
            op::ADD => one + other,
            op::SUBSTRACT => one - other,
            op::MULTIPLY => one * other,
            _ => one / other,
        };
        let ends = [self.least, self.most].map(|one| [other.least, other.most].map(|other| apply(one, other)));
        let ends = ends.as_flattened();
        let (least, most) = match operator {
            // The remainder of a negative number is negative.
            op::MODULO if self.least >= 0.0 && other.least > 0.0 => (0.0, self.most.min(other.most - 1.0)),
            op::MODULO => return None,
            op::DIVIDE if other.least <= 0.0 && other.most >= 0.0 => return None,
            _ => (
                ends.iter().copied().fold(f64::INFINITY, f64::min),
                ends.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            ),
        };
        // Between whole numbers, `/` drops the fraction.
        let (least, most) = match operator {
            op::DIVIDE => (least.min(least.trunc()), most.max(most.trunc())),
            _ => (least, most),
        };
        let is_known = ends.iter().all(|end| !end.is_nan()) && (least.is_finite() || most.is_finite());
        let unit = if self.what.is_empty() { other.unit } else { self.unit };
        is_known.then(|| Self { unit, ..Self::limits(least, most, "the result") })
    }

    /// Returns the result of a comparison if it is the same for every number in the range; otherwise `None`.
    pub(super) fn decides(&self, operator: &str, number: f64) -> Option<bool> {
        let Self { least, most, .. } = *self;
        match operator {
            op::LESS if most < number => Some(true),
            op::LESS if least >= number => Some(false),
            op::LESS_EQUALS if most <= number => Some(true),
            op::LESS_EQUALS if least > number => Some(false),
            op::GREATER => self.decides(op::LESS_EQUALS, number).map(|result| !result),
            op::GREATER_EQUALS => self.decides(op::LESS, number).map(|result| !result),
            op::EQUALS if number < least || number > most => Some(false),
            op::EQUALS if least == most => Some(true),
            op::NOT_EQUALS => self.decides(op::EQUALS, number).map(|result| !result),
            _ => None,
        }
    }

    pub(super) fn includes(&self, number: f64) -> Result<Vec<Remark>, Remark> {
        match (self.least..=self.most).contains(&number) {
            true => Ok(Vec::new()),
            false => self.remark(format!("it is never {}", self.unit.shown(number))),
        }
    }

    /// Reports a comparison that is never true or always true. `x >= 0` and `x < 24` are always true and not
    /// reported: their numbers are the limits of the range, so the author knows the range.
    pub(super) fn is_compared(&self, operator: &str, number: f64) -> Result<Vec<Remark>, Remark> {
        let is_limit = match operator {
            op::GREATER_EQUALS => number == self.least,
            op::GREATER => number == self.least - 1.0,
            op::LESS_EQUALS => number == self.most,
            _ => number == self.most + 1.0,
        };
        match self.decides(operator, number) {
            Some(false) => self.remark("this is never true".to_owned()),
            Some(true) if !is_limit => match self.remark("this is always true".to_owned()) {
                Ok(warnings) => Ok(warnings),
                Err(remark) => Ok(vec![remark]),
            },
            _ => Ok(Vec::new()),
        }
    }

    fn remark(&self, message: String) -> Result<Vec<Remark>, Remark> {
        let (least, most) = (self.unit.shown(self.least), self.unit.shown(self.most));
        let help = match () {
            () if self.most.is_infinite() => format!("{} is {least} or more", self.what),
            () if self.least.is_infinite() => format!("{} is {most} or less", self.what),
            () if self.least == self.most => format!("{} is {least}", self.what),
            () => format!("{} is {least} to {most}", self.what),
        };
        let remark = Remark { message, help };
        if self.is_certain { Err(remark) } else { Ok(vec![remark]) }
    }
}

impl Unit {
    fn shown(self, number: f64) -> String {
        match self {
            Self::Number => number.to_string(),
            Self::Hours => Duration::from_seconds(number).to_string(),
        }
    }
}

/// The operator with its operands exchanged.
pub(super) fn flipped(operator: &str) -> &str {
    match operator {
        op::LESS => op::GREATER,
        op::LESS_EQUALS => op::GREATER_EQUALS,
        op::GREATER => op::LESS,
        op::GREATER_EQUALS => op::LESS_EQUALS,
        same => same,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_decides_what_is_the_same_for_all_within() {
        let hours = Range { least: 0.0, most: 23.0, what: "", unit: Unit::Number, is_certain: true };
        for (operator, number, expected) in [
            (op::LESS, 0.0, Some(false)),
            (op::LESS, 1.0, None),
            (op::LESS, 24.0, Some(true)),
            (op::LESS_EQUALS, -1.0, Some(false)),
            (op::LESS_EQUALS, 23.0, Some(true)),
            (op::GREATER, 23.0, Some(false)),
            (op::GREATER, 22.0, None),
            (op::GREATER_EQUALS, 24.0, Some(false)),
            (op::GREATER_EQUALS, 0.0, Some(true)),
            (op::EQUALS, 24.0, Some(false)),
            (op::EQUALS, 5.0, None),
            (op::NOT_EQUALS, 24.0, Some(true)),
        ] {
            assert_eq!(hours.decides(operator, number), expected, "{operator} {number}");
        }
    }
}
