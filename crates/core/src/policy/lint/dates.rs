//! Warnings about dates that have passed or pass soon.

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::{
    diagnostic::{Code, Diagnostic},
    expression::Expression,
    policy::{Rule, RuleMode, mode::is_over},
};

/// The number of days before a date at which the warnings begin.
const DAYS_AHEAD: i64 = 14;

pub(super) fn enforce_after(rule: &Rule, now: Timestamp) -> Option<Diagnostic> {
    let RuleMode::EnforceAfter(date) = rule.mode else { return None };
    let id = &rule.id;
    let (code, message, help) = match nearness(date, now)? {
        Nearness::Over => (
            Code::EnforceAfterOver,
            format!("`enforce-after` has passed: `{id}` has been enforced since the end of {date}, UTC"),
            "use `mode: enforce` instead of `mode: report` and `enforce-after`; the effect is the same",
        ),
        Nearness::Soon(when) => (
            Code::EnforceAfterSoon,
            format!("`{id}` will be enforced after {date}, UTC, which is {when}"),
            "use a later date if builds that break the rule must not be stopped yet",
        ),
    };
    Some(Diagnostic::new(code, rule.mode_place, message, help))
}

pub(super) fn exemptions(rule: &Rule, now: Timestamp) -> impl Iterator<Item = Diagnostic> {
    let id = &rule.id;
    rule.except.iter().filter_map(move |exemption| {
        let until = exemption.until?;
        let (code, message, help) = match nearness(until, now)? {
            Nearness::Over => (
                Code::ExemptionOver,
                format!("this exemption from `{id}` has no effect any more: its last day was {until}, UTC"),
                "remove it, or use a later date if it is still needed",
            ),
            Nearness::Soon(when) => (
                Code::ExemptionEndsSoon,
                format!("the last day of this exemption from `{id}` is {until}, UTC, which is {when}"),
                "use a later date if it is needed for longer",
            ),
        };
        Some(Diagnostic::new(code, exemption.place, message, help))
    })
}

/// Comparisons of `now` with a time that has passed: they have the same result for every build from now on.
pub(super) fn comparisons(rule: &Rule, now: Timestamp) -> impl Iterator<Item = Diagnostic> {
    let clock = rule.expressions().flat_map(Expression::clock);
    clock.filter_map(move |comparison| {
        let (result, time) = (comparison.from(now)?, comparison.time()?);
        let message = format!(
            "an expression of `{}` compares `now` with {time}, which has passed: from now on the result is {result}",
            rule.id
        );
        let help = "use a later time, or remove the comparison; for a rule that begins at a date, use `enforce-after`";
        Some(Diagnostic::new(Code::PassedTime, rule.place, message, help))
    })
}

enum Nearness {
    Over,
    /// The day: "today", "in 3 days".
    Soon(String),
}

/// `None` if the date is further ahead. A date is over after the end of its day, UTC.
fn nearness(date: Date, now: Timestamp) -> Option<Nearness> {
    if is_over(date, now) {
        return Some(Nearness::Over);
    }
    let today = now.to_zoned(TimeZone::UTC).date();
    match date.duration_since(today).as_hours() / 24 {
        0 => Some(Nearness::Soon("today".into())),
        1 => Some(Nearness::Soon("tomorrow".into())),
        days if days <= DAYS_AHEAD => Some(Nearness::Soon(format!("in {days} days"))),
        _ => None,
    }
}
