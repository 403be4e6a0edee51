//! EventBridge Scheduler, which calls the function back at a moment that can be told in
//! advance. <https://docs.aws.amazon.com/scheduler/latest/UserGuide/what-is-scheduler.html>

use aws_sdk_scheduler::{
    error::ProvideErrorMetadata,
    types::{ActionAfterCompletion, DeadLetterConfig, FlexibleTimeWindow, FlexibleTimeWindowMode, RetryPolicy, Target},
};
use jiff::{SignedDuration, Timestamp, Unit};
use serde_json::Value;

pub use aws_sdk_scheduler::Client;

use crate::CallError;

/// Where schedules are made, and as whom they call the function.
#[derive(Clone, Debug)]
pub struct Scheduler {
    client: Client,
    group: String,
    role: String,
    dead_letters: Option<String>,
}

impl Scheduler {
    /// `group` is the name of the schedule group; `role` the ARN of the role that may call
    /// the function; `dead_letters` the ARN of the queue for calls that never got there.
    pub fn new(client: Client, group: String, role: String, dead_letters: Option<String>) -> Self {
        Self { client, group, role, dead_letters }
    }

    /// Has the function called with that event at that moment, once; see [`on_the_minute`].
    /// The schedule is deleted afterwards. Where there is one of that name, it stands.
    /// <https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html>
    ///
    /// # Errors
    /// Whatever keeps the schedule from being made.
    pub async fn call(&self, function: &str, name: &str, at: Timestamp, event: &Value) -> Result<(), CallError> {
        let unmade = |error: aws_sdk_scheduler::error::BuildError| {
            CallError::new(crate::Class::NotSent, format!("the schedule could not be made: {error}"))
        };
        let target = Target::builder()
            .arn(function)
            .role_arn(&self.role)
            .input(event.to_string())
            // A call that is later than this is of no more use than the next sweep.
            .retry_policy(RetryPolicy::builder().maximum_event_age_in_seconds(3600).maximum_retry_attempts(185).build())
            .set_dead_letter_config(
                self.dead_letters.as_ref().map(|queue| DeadLetterConfig::builder().arn(queue).build()),
            )
            .build()
            .map_err(unmade)?;
        let at_once = FlexibleTimeWindow::builder().mode(FlexibleTimeWindowMode::Off).build().map_err(unmade)?;
        let call = self
            .client
            .create_schedule()
            .name(name)
            .group_name(&self.group)
            .schedule_expression(at.strftime("at(%Y-%m-%dT%H:%M:%S)").to_string())
            .schedule_expression_timezone("UTC")
            .flexible_time_window(at_once)
            .action_after_completion(ActionAfterCompletion::Delete)
            .target(target);
        match Box::pin(call.send()).await {
            Ok(_) => Ok(()),
            Err(error) if error.code() == Some("ConflictException") => Ok(()),
            Err(error) => Err(CallError::from_sdk("EventBridge Scheduler", error)),
        }
    }
}

/// The full minute that a call for `moment` is made at. The Scheduler calls some time
/// within the minute that begins with it, so that a moment within a minute could be missed
/// by less than one. A moment that is past, or all but past, is the next such minute.
/// <https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html>
pub fn on_the_minute(moment: Timestamp, now: Timestamp) -> Timestamp {
    /// What it may take until the schedule is made.
    const AHEAD: SignedDuration = SignedDuration::from_secs(5);
    let soonest = now.saturating_add(AHEAD).unwrap_or(Timestamp::MAX);
    let rounding = jiff::TimestampRound::new().smallest(Unit::Minute).mode(jiff::RoundMode::Ceil);
    let moment = moment.max(soonest);
    moment.round(rounding).unwrap_or(moment)
}

/// A schedule's name made of another: what is no letter, digit, `-`, `_` or `.` is `-`, and
/// it is 64 characters long at most.
pub fn name(text: &str) -> String {
    let fits = |character: &char| character.is_ascii_alphanumeric() || ['-', '_', '.'].contains(character);
    text.chars().map(|character| if fits(&character) { character } else { '-' }).take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_minute_of_a_call_is_never_before_its_moment() {
        let check = |moment: &str, now: &str, expected: &str| {
            let at = |time: &str| format!("2026-11-22T{time}Z").parse::<Timestamp>().unwrap();
            assert_eq!(on_the_minute(at(moment), at(now)), at(expected), "{moment} at {now}");
        };
        check("10:00:00", "09:00:00", "10:00:00");
        check("10:00:01", "09:00:00", "10:01:00");
        check("10:00:59", "09:00:00", "10:01:00");
        check("09:00:10", "09:00:01", "09:01:00");
        check("09:00:58", "09:00:57", "09:02:00");
        check("08:00:00", "09:00:01", "09:01:00");
    }

    #[test]
    fn a_name_is_one_that_the_scheduler_takes() {
        assert_eq!(name("5e000002-0000-4000-8000-000000000002-1"), "5e000002-0000-4000-8000-000000000002-1");
        assert_eq!(name("späte/:builds"), "sp-te--builds");
        assert_eq!(name(&"a".repeat(100)).len(), 64);
    }
}
