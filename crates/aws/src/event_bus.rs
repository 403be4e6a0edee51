//! The event bus that violations are sent to.
//! <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html>

use std::{str::FromStr, sync::OnceLock, time::Duration};

use aws_config::{Region, SdkConfig};
use aws_sdk_eventbridge::{
    Client,
    config::Builder,
    types::{PutEventsRequestEntry, PutEventsResultEntry},
};
use buildbrake_core::record::{MAX_ENTRY_BYTES, Notification};
use tokio::time::sleep;

use crate::{CallError, Class, call::call, error::classify};

/// The most entries of one call.
const MAX_ENTRIES: usize = 10;

/// The maximum number of times that failed entries are sent again.
const RETRIES: u32 = 3;

/// The pause before the first retry. It doubles with each further one.
const PAUSE: Duration = Duration::from_millis(100);

/// The name or the ARN of an event bus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BusName(String);

impl FromStr for BusName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_part = |text: &str| {
            !text.is_empty()
                && text.len() <= 256
                && text.chars().all(|letter| letter.is_ascii_alphanumeric() || "/._-".contains(letter))
        };
        let is_valid = match text.strip_prefix("arn:").map(|_| text.split(':').collect::<Vec<_>>()) {
            None => is_part(text),
            Some(parts) => match parts.as_slice() {
                [_, partition, "events", region, account, resource] => {
                    partition.starts_with("aws")
                        && !region.is_empty()
                        && account.len() == 12
                        && account.bytes().all(|byte| byte.is_ascii_digit())
                        && resource.strip_prefix("event-bus/").is_some_and(is_part)
                }
                _ => false,
            },
        };
        match is_valid {
            true => Ok(Self(text.to_owned())),
            false => Err(format!("`{text}` is not the name or ARN of an event bus, such as `default`")),
        }
    }
}

impl BusName {
    /// The region of an ARN.
    fn region(&self) -> Option<&str> {
        self.0.strip_prefix("arn:")?.split(':').nth(2)
    }
}

/// Sends notifications to an event bus.
#[derive(Debug)]
pub struct EventBus {
    config: SdkConfig,
    /// Made when it is first needed: most builds break no rule.
    client: OnceLock<Client>,
    name: BusName,
}

/// The notifications that the bus did not accept, by their positions, and why.
#[derive(Debug)]
pub(crate) struct Unsent {
    pub(crate) positions: Vec<usize>,
    pub(crate) error: Box<CallError>,
    /// `true` if a whole call was refused for a reason that holds for every other call.
    pub(crate) refuses_all: bool,
}

impl EventBus {
    /// Makes no call yet.
    pub fn new(config: &SdkConfig, name: BusName) -> Self {
        Self { config: config.clone(), client: OnceLock::new(), name }
    }

    /// Sends notifications. Those that the bus does not accept are sent again, up to three times. An error that no
    /// retry can fix, such as a missing permission, ends the sending at once.
    ///
    /// # Errors
    /// The notifications that were not accepted.
    pub(crate) async fn send(&self, notifications: &[Notification]) -> Result<(), Unsent> {
        let mut positions: Vec<usize> = (0..notifications.len()).collect();
        let (mut pause, mut retries_left) = (PAUSE, RETRIES);
        while let Some(unsent) = self.send_once(notifications, &positions).await {
            if retries_left == 0 || !unsent.error.class.is_temporary() {
                return Err(unsent);
            }
            positions = unsent.positions;
            sleep(pause).await;
            (pause, retries_left) = (pause * 2, retries_left - 1);
        }
        Ok(())
    }

    /// Sends the notifications at these positions. Returns those that were not accepted.
    async fn send_once(&self, notifications: &[Notification], positions: &[usize]) -> Option<Unsent> {
        let mut unsent: Option<Unsent> = None;
        for call in calls(notifications, positions) {
            match &mut unsent {
                Some(unsent) if unsent.refuses_all => unsent.positions.extend(call),
                unsent => {
                    let Err(failed) = self.put(notifications, call).await else { continue };
                    match unsent {
                        None => *unsent = Some(failed),
                        Some(unsent) => {
                            unsent.positions.extend(failed.positions);
                            unsent.refuses_all |= failed.refuses_all;
                        }
                    }
                }
            }
        }
        unsent
    }

    /// Makes one call with the notifications at these positions.
    async fn put(&self, notifications: &[Notification], positions: &[usize]) -> Result<(), Unsent> {
        let unsent = |positions: Vec<usize>, error: CallError, refuses_all: bool| {
            let message = format!("its violations could not be sent to the event bus: {error}");
            Err(Unsent { positions, error: Box::new(CallError { message, ..error }), refuses_all })
        };
        let entries = positions.iter().filter_map(|position| notifications.get(*position));
        let entries = entries.map(|notification| self.entry(notification)).collect();
        let client = self.client.get_or_init(|| {
            let mut builder = Builder::from(&self.config);
            if let Some(region) = self.name.region() {
                builder.set_region(Some(Region::new(region.to_owned())));
            }
            Client::from_conf(builder.build())
        });
        let sent = client.put_events().set_entries(Some(entries)).send();
        let answer = match call("EventBridge", "PutEvents", sent, Some).await {
            Ok(answer) => answer,
            Err(error) => {
                let refuses_all = !error.class.is_temporary();
                return unsent(positions.to_vec(), error, refuses_all);
            }
        };
        // An entry without an id was not accepted.
        let accepted = |index: usize| answer.entries().get(index).is_some_and(|entry| entry.event_id().is_some());
        let failed: Vec<usize> = positions
            .iter()
            .enumerate()
            .filter(|(index, _)| !accepted(*index))
            .map(|(_, position)| *position)
            .collect();
        if failed.is_empty() {
            return Ok(());
        }
        let code = answer.entries().iter().find_map(PutEventsResultEntry::error_code);
        // The service's own faults and throttling have codes of their own; every other code is permanent.
        // https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsResultEntry.html
        let class = code.map_or(Class::UnreadableAnswer, |code| classify(400, Some(code)));
        let message = format!("EventBridge did not accept {} of {} entries", failed.len(), positions.len());
        unsent(failed, CallError { code: code.map(str::to_owned), ..CallError::new(class, message) }, false)
    }

    fn entry(&self, notification: &Notification) -> PutEventsRequestEntry {
        PutEventsRequestEntry::builder()
            .event_bus_name(&self.name.0)
            .source(Notification::SOURCE)
            .detail_type(Notification::DETAIL_TYPE)
            .set_resources(notification.build_arn.clone().map(|arn| vec![arn]))
            .detail(&notification.detail)
            .build()
    }
}

/// Divides the positions into calls that EventBridge accepts.
fn calls<'a>(notifications: &[Notification], positions: &'a [usize]) -> Vec<&'a [usize]> {
    let bytes = |position: &usize| notifications.get(*position).map_or(0, Notification::bytes);
    let (mut calls, mut rest) = (Vec::new(), positions);
    while !rest.is_empty() {
        let mut sum = 0;
        let fits = |position: &&usize| {
            sum += bytes(position);
            sum <= MAX_ENTRY_BYTES
        };
        let count = rest.iter().take(MAX_ENTRIES).take_while(fits).count().max(1);
        let (call, others) = rest.split_at(count);
        calls.push(call);
        rest = others;
    }
    calls
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bus_has_a_name_or_an_arn() {
        for text in ["default", "ci/violations", "arn:aws-us-gov:events:us-gov-west-1:111122223333:event-bus/ci"] {
            assert!(text.parse::<BusName>().is_ok(), "{text}");
        }
        for text in [
            "",
            "two words",
            "arn:aws:events:eu-west-1:111122223333:rule/ci",
            "arn:aws:sns:eu-west-1:111122223333:ci",
            "arn:aws:events:eu-west-1:1111:event-bus/ci",
            "arn:aws:events::111122223333:event-bus/ci",
        ] {
            let fault = text.parse::<BusName>().unwrap_err();
            assert!(fault.contains("is not the name or ARN of an event bus"), "{fault}");
        }
        let bus: BusName = "arn:aws:events:eu-west-1:111122223333:event-bus/ci".parse().unwrap();
        assert_eq!(bus.region(), Some("eu-west-1"));
    }

    #[test]
    fn a_call_has_ten_entries_and_256_kilobytes_at_most() {
        let check = |sizes: &[usize], expected: &[usize]| {
            let notifications: Vec<Notification> = sizes
                .iter()
                .map(|size| Notification { id: String::new(), build_arn: None, detail: "x".repeat(*size) })
                .collect();
            let positions: Vec<usize> = (0..sizes.len()).collect();
            let lengths: Vec<usize> = calls(&notifications, &positions).iter().map(|call| call.len()).collect();
            assert_eq!(lengths, expected, "{sizes:?}");
        };
        check(&[], &[]);
        check(&[1; 10], &[10]);
        check(&[1; 23], &[10, 10, 3]);
        check(&[100_000; 5], &[2, 2, 1]);
        check(&[1, 262_050, 1], &[2, 1]);
        // One entry cannot be divided, so EventBridge decides whether to accept it.
        check(&[300_000, 1], &[1, 1]);
    }
}
