//! The alarm on the rate of stops: while it is in ALARM, nothing is stopped.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html>

use std::{collections::HashMap, str::FromStr, sync::OnceLock, time::Duration};

use aws_config::SdkConfig;
use aws_sdk_cloudwatch::{
    Client,
    types::{AlarmType, StateValue},
};
use buildbrake_core::record::Note;
use jiff::{SignedDuration, Timestamp};
use tokio::{sync::Mutex, time::timeout};

use crate::{CallError, Class, call::call};

/// The time for which an answer is cached.
const KEPT: SignedDuration = SignedDuration::from_secs(30);

/// The time for which ALARM holds while CloudWatch does not answer: as long as the template's alarm stays in ALARM.
const HELD_WITHOUT_ANSWER: SignedDuration = SignedDuration::from_mins(5);

/// A stop waits for an answer no longer than this.
const PATIENCE: Duration = Duration::from_secs(1);

const ACCOUNT: &str = "{account}";

/// The name of the alarm, in which `{account}` stands for the build's account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlarmName(String);

impl FromStr for AlarmName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let length = Self(text.to_owned()).of("111122223333").chars().count();
        if length > 255 {
            return Err(format!("the name has {length} characters with the account filled in; use at most 255"));
        }
        let without_account = text.replace(ACCOUNT, "");
        match without_account.contains(['{', '}']) {
            true => Err(format!("`{text}` has a placeholder other than `{ACCOUNT}`; remove it")),
            false => Ok(Self(text.to_owned())),
        }
    }
}

impl AlarmName {
    fn of(&self, account: &str) -> String {
        self.0.replace(ACCOUNT, account)
    }
}

/// Asks for the state of the alarm.
#[derive(Debug)]
pub struct StopAlarm {
    config: SdkConfig,
    /// Made when it is first needed: most builds are not stopped.
    client: OnceLock<Client>,
    name: AlarmName,
    /// The last answers by the alarms' names. While one question is open, other stops wait for its answer.
    answers: Mutex<HashMap<String, AlarmAnswer>>,
}

/// The rate of stops, by the state of the alarm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StopRate {
    /// Builds may be stopped. The note reports that the alarm is missing or did not answer.
    Normal(Option<Note>),
    /// Builds may not be stopped: the alarm is in ALARM.
    Alarm,
}

/// The last answer about an alarm.
#[derive(Clone, Debug, PartialEq, Eq)]
struct AlarmAnswer {
    /// The time of the last question.
    asked: Timestamp,
    /// The time of the last question that was answered.
    answered: Timestamp,
    rate: StopRate,
}

impl AlarmAnswer {
    /// Derives the new answer from the state of the alarm of that name, or from the last answer while its ALARM is
    /// held.
    fn of(name: &str, state: Result<Option<StateValue>, CallError>, last: Option<Self>, now: Timestamp) -> Self {
        let rate = match state {
            Ok(Some(StateValue::Alarm)) => StopRate::Alarm,
            Ok(Some(_)) => StopRate::Normal(None),
            Ok(None) => StopRate::Normal(Some(Note::alarm_missing(name))),
            Err(error) => {
                let is_held = |last: &Self| {
                    let holds = now.duration_since(last.answered) < HELD_WITHOUT_ANSWER;
                    last.rate == StopRate::Alarm && holds && error.class.is_temporary()
                };
                // CloudWatch throttles when very many builds are to be stopped, which is what the alarm is for.
                if let Some(last) = last.filter(is_held) {
                    return Self { asked: now, ..last };
                }
                let cause = error.class.in_words(format!("{}: {error}", error.class.name()));
                StopRate::Normal(Some(Note::alarm_unanswered(name, &cause)))
            }
        };
        Self { asked: now, answered: now, rate }
    }
}

impl StopAlarm {
    /// Makes no call yet.
    pub fn new(config: &SdkConfig, name: AlarmName) -> Self {
        Self { config: config.clone(), client: OnceLock::new(), name, answers: Mutex::default() }
    }

    /// Returns whether builds of an account may be stopped now.
    ///
    /// If CloudWatch does not answer, builds are stopped: slowing CloudWatch down must not disable enforcement. Only
    /// an earlier ALARM is held, for [`HELD_WITHOUT_ANSWER`].
    pub(crate) async fn stop_rate(&self, account: &str, now: Timestamp) -> StopRate {
        let name = self.name.of(account);
        let mut answers = self.answers.lock().await;
        let last = answers.get(&name).cloned();
        if let Some(last) = last.as_ref().filter(|last| now.duration_since(last.asked) < KEPT) {
            return last.rate.clone();
        }
        let state = timeout(PATIENCE, Box::pin(self.ask(&name))).await;
        let too_late = || Err(CallError::new(Class::TimedOut, "CloudWatch did not answer within a second"));
        let answer = AlarmAnswer::of(&name, state.unwrap_or_else(|_elapsed| too_late()), last, now);
        let rate = answer.rate.clone();
        answers.insert(name, answer);
        rate
    }

    /// The state of the alarm, if there is one of that name. Without both types, composite alarms are left out
    /// of the answer.
    async fn ask(&self, name: &str) -> Result<Option<StateValue>, CallError> {
        let client = self.client.get_or_init(|| Client::new(&self.config));
        let sent = client
            .describe_alarms()
            .alarm_names(name)
            .alarm_types(AlarmType::MetricAlarm)
            .alarm_types(AlarmType::CompositeAlarm)
            .send();
        let answer = call("CloudWatch", "DescribeAlarms", sent, Some).await?;
        let metric = answer.metric_alarms().iter().find(|alarm| alarm.alarm_name() == Some(name));
        let composite = answer.composite_alarms().iter().find(|alarm| alarm.alarm_name() == Some(name));
        // An alarm without a state counts as one whose state is unknown.
        let unknown = || StateValue::InsufficientData;
        let state = metric.map(|alarm| alarm.state_value().cloned().unwrap_or_else(unknown));
        Ok(state.or_else(|| composite.map(|alarm| alarm.state_value().cloned().unwrap_or_else(unknown))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_that_is_throttled_does_not_end_the_alarm() {
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        let failed = |class| Err(CallError::new(class, "DescribeAlarms"));
        let alarm = AlarmAnswer::of("stops", Ok(Some(StateValue::Alarm)), None, at(0));
        let throttled = AlarmAnswer::of("stops", failed(Class::Throttled), Some(alarm.clone()), at(31));
        assert_eq!(throttled, AlarmAnswer { asked: at(31), answered: at(0), rate: StopRate::Alarm });
        let is_normal = |answer: AlarmAnswer| matches!(answer.rate, StopRate::Normal(Some(_)));
        assert!(is_normal(AlarmAnswer::of("stops", failed(Class::Throttled), Some(throttled), at(300))));
        assert!(is_normal(AlarmAnswer::of("stops", failed(Class::AccessDenied), Some(alarm), at(31))));
        assert!(is_normal(AlarmAnswer::of("stops", failed(Class::Throttled), None, at(31))));
    }

    /// Returns how many builds are stopped within ten minutes by a policy that stops every build. Builds start at an
    /// even rate, and each goes to the next of ten instances. All instances asked for the alarm `age` milliseconds
    /// before the first build; the test looks for the worst age. The alarm is the template's: a sum over ten seconds,
    /// evaluated every ten seconds. A sum arrives in CloudWatch `delay` seconds after its ten seconds.
    fn stops_in_ten_minutes(builds_a_minute: i64, limit: u32, delay: i64, age: i64) -> u32 {
        const PERIOD: i64 = 10_000;
        const INSTANCES: usize = 10;
        let kept = KEPT.as_secs() * 1_000;
        let mut answers: Vec<(i64, bool)> = vec![(-age, false); INSTANCES];
        let mut attempts: HashMap<i64, u32> = HashMap::new();
        let mut stops = 0;
        for (number, answer) in (0..builds_a_minute * 10).zip((0..INSTANCES).cycle()) {
            let now = number * 60_000 / builds_a_minute;
            let (asked, in_alarm) = &mut answers[answer];
            if now - *asked >= kept {
                let evaluated = now / PERIOD * PERIOD;
                let is_known = |period: i64| (period + 1) * PERIOD + delay * 1_000 <= evaluated;
                *in_alarm = attempts.iter().any(|(period, sum)| *sum >= limit && is_known(*period));
                *asked = now;
            }
            *attempts.entry(now / PERIOD).or_default() += 1;
            stops += u32::from(!*in_alarm);
        }
        stops
    }

    /// docs/guarantees.md has these numbers.
    #[test]
    fn so_many_builds_are_stopped_before_the_brake_grips() {
        let worst = |rate, delay| (0..300).map(|age| stops_in_ten_minutes(rate, 20, delay, age * 100)).max().unwrap();
        assert_eq!((worst(1_000, 10), worst(1_000, 60)), (824, 1_657));
        assert_eq!((worst(150, 10), worst(150, 60)), (120, 245));
        // Fewer stops than the limit in ten seconds never trip the alarm.
        assert_eq!(worst(100, 10), 1_000);
    }

    #[test]
    fn an_alarm_has_one_name_for_each_account() {
        let name: AlarmName = "buildbrake-{account}-stops".parse().unwrap();
        assert_eq!(name.of("111122223333"), "buildbrake-111122223333-stops");
        assert!("stops-{region}".parse::<AlarmName>().unwrap_err().contains("placeholder"));
        assert!("a".repeat(256).parse::<AlarmName>().is_err());
        assert!("é".repeat(255).parse::<AlarmName>().is_ok());
        let too_long_with_account = format!("{}{ACCOUNT}", "a".repeat(244));
        assert!(too_long_with_account.parse::<AlarmName>().is_err());
    }
}
