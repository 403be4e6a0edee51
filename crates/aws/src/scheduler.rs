//! EventBridge Scheduler, which calls the function back at a given moment.
//! <https://docs.aws.amazon.com/scheduler/latest/UserGuide/what-is-scheduler.html>

use std::sync::OnceLock;

use aws_config::SdkConfig;
use aws_sdk_scheduler::{
    Client,
    error::BuildError,
    types::{ActionAfterCompletion, DeadLetterConfig, FlexibleTimeWindow, FlexibleTimeWindowMode, RetryPolicy, Target},
};
use jiff::{SignedDuration, Timestamp, Unit};
use serde_json::Value;

use crate::{CallError, Class, call::call};

/// The group in which schedules are created, and the role with which they call the function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleSettings {
    /// The name of the schedule group.
    pub group: String,
    /// The ARN of the role that may call the function.
    pub role: String,
    /// The ARN of the queue for calls that could not be delivered.
    pub dead_letter_queue: Option<String>,
}

/// Creates schedules.
#[derive(Clone, Debug)]
pub struct Scheduler {
    config: SdkConfig,
    /// Made when it is first needed: most builds have no deadline.
    client: OnceLock<Client>,
    settings: ScheduleSettings,
}

impl Scheduler {
    /// Makes no call yet.
    pub fn new(config: &SdkConfig, settings: ScheduleSettings) -> Self {
        Self { config: config.clone(), client: OnceLock::new(), settings }
    }

    /// Schedules one call of the function with an event; see [`on_the_minute`]. The schedule is
    /// deleted afterwards. If there is a schedule of that name, it stays as it is.
    /// <https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html>
    ///
    /// # Errors
    /// If the schedule could not be created.
    pub(crate) async fn schedule(
        &self,
        function: &str,
        name: &str,
        at: Timestamp,
        event: &Value,
    ) -> Result<(), CallError> {
        let incomplete = |_: BuildError| CallError::new(Class::NotSent, "the schedule is incomplete");
        let target = Target::builder()
            .arn(function)
            .role_arn(&self.settings.role)
            .input(event.to_string())
            // A call that comes an hour late is of no more use than the next sweep.
            .retry_policy(RetryPolicy::builder().maximum_event_age_in_seconds(3600).maximum_retry_attempts(185).build())
            .set_dead_letter_config(
                self.settings.dead_letter_queue.as_ref().map(|queue| DeadLetterConfig::builder().arn(queue).build()),
            )
            .build()
            .map_err(incomplete)?;
        let at_once = FlexibleTimeWindow::builder().mode(FlexibleTimeWindowMode::Off).build().map_err(incomplete)?;
        let client = self.client.get_or_init(|| Client::new(&self.config));
        let sent = client
            .create_schedule()
            .name(name)
            .group_name(&self.settings.group)
            .schedule_expression(at.strftime("at(%Y-%m-%dT%H:%M:%S)").to_string())
            .schedule_expression_timezone("UTC")
            .flexible_time_window(at_once)
            .action_after_completion(ActionAfterCompletion::Delete)
            .target(target)
            .send();
        match call("EventBridge Scheduler", "CreateSchedule", sent, |_| Some(())).await {
            Err(error) if error.code.as_deref() == Some("ConflictException") => Ok(()),
            result => result,
        }
    }
}

/// The full minute at which a call for `moment` is scheduled: the first one that is not before
/// it, since Scheduler calls at any time within the minute. For a moment that has passed, or
/// will have passed before the schedule exists, it is the next such minute.
/// <https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html>
pub(crate) fn on_the_minute(moment: Timestamp, now: Timestamp) -> Timestamp {
    /// The time that it may take until the schedule exists.
    const AHEAD: SignedDuration = SignedDuration::from_secs(5);
    let soonest = now.saturating_add(AHEAD).unwrap_or(Timestamp::MAX);
    let rounding = jiff::TimestampRound::new().smallest(Unit::Minute).mode(jiff::RoundMode::Ceil);
    let moment = moment.max(soonest);
    moment.round(rounding).unwrap_or(moment)
}

/// A valid schedule name: `-` replaces all but letters, digits, `-`, `_` and `.`, and it has 64
/// characters at most.
pub(crate) fn name(text: &str) -> String {
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
