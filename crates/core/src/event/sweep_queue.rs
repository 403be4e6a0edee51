//! The queue that distributes the sweeps of many accounts and regions, and its messages.
//! <https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html>

use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::{Belt, EventError, Home, Reach, SweepEvent, SweepMode, SweepRest, SweepSchedule, sweep::Request};
use crate::facts::vocabulary::is_account;

/// The URL of a queue in SQS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SweepQueue {
    url: String,
    account: String,
    name: String,
}

/// A message that asks for the sweep of an account and region.
#[derive(Clone, Debug, PartialEq)]
pub struct SweepMessage {
    /// The message's id, by which a failure is reported.
    pub id: String,
    /// The time when it was sent.
    pub sent: Option<Timestamp>,
    /// How often it was received, this time included.
    pub receives: u32,
    /// The sweep that it asks for. Its account and region are set.
    pub sweep: Result<SweepEvent, EventError>,
}

impl SweepMessage {
    /// Returns the message's age if it has waited for longer than one period of the schedule, so that a newer
    /// message asks for the same sweep. A message that was received before is a retry, and never outdated. Neither
    /// is a message for a sweep that a person requested: a dry run, or a sweep without the safety limit.
    pub fn outdated(&self, schedule: SweepSchedule, now: Timestamp) -> Option<SignedDuration> {
        let age = now.duration_since(self.sent?);
        let is_of_schedule = |event: &SweepEvent| event.belt == Belt::On && event.mode == SweepMode::Enforce;
        let is_repeated = self.sweep.as_ref().map_or(true, is_of_schedule);
        (self.receives <= 1 && is_repeated && age > schedule.0).then_some(age)
    }
}

impl SweepQueue {
    /// The URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns whether an event source's ARN is that of this queue. Lambda reads only from queues in the
    /// function's own region.
    fn is(&self, arn: &str, home: &Home) -> bool {
        let Home { partition, region, .. } = home;
        let Self { account, name, .. } = self;
        arn == format!("arn:{partition}:sqs:{region}:{account}:{name}")
    }
}

impl FromStr for SweepQueue {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fault = || {
            format!(
                "`{text}` is not the URL of a queue, as in `https://sqs.eu-west-1.amazonaws.com/111122223333/sweeps`"
            )
        };
        let path = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).ok_or_else(fault)?;
        let [host, account, name] = path.split('/').collect::<Vec<_>>()[..] else { return Err(fault()) };
        if name.ends_with(".fifo") {
            return Err(format!("`{text}` is a FIFO queue; use a standard one"));
        }
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let is_queue =
            !host.is_empty() && is_account(account) && (1..=80).contains(&name.len()) && name.bytes().all(is_name);
        let queue = || Self { url: text.to_owned(), account: account.to_owned(), name: name.to_owned() };
        is_queue.then(queue).ok_or_else(fault)
    }
}

impl SweepMessage {
    /// Returns the body of the message that asks for the sweep of one place, with the safety limit and the mode of
    /// an event. `request` is the id of the event's request. The body contains it if the safety limit is off.
    pub fn body(account: &str, region: &str, event: &SweepEvent, request: &str) -> Value {
        let mut body = json!({"account": account, "region": region});
        if event.belt == Belt::Off {
            body["safety-belt"] = json!("off");
            body["belt-off-by"] = json!(request);
        }
        if event.mode == SweepMode::DryRun {
            body["dry-run"] = json!("on");
        }
        body
    }
}

/// Reads the messages of an event whose source is the sweep queue. `None` if it is another event.
pub(super) fn messages(json: &[u8], reach: &Reach<'_>) -> Option<Vec<SweepMessage>> {
    let queue = reach.sweep_queue?;
    let Value::Object(mut event) = serde_json::from_slice(json).ok()? else { return None };
    let Value::Array(records) = event.remove("Records")? else { return None };
    let is_from_queue = |record: &Value| {
        let source = record.get("eventSourceARN").and_then(Value::as_str);
        record.get("messageId").is_some_and(Value::is_string) && source.is_some_and(|arn| queue.is(arn, reach.home))
    };
    (!records.is_empty() && records.iter().all(is_from_queue))
        .then(|| records.iter().map(|record| message(record, reach)).collect())
}

fn message(record: &Value, reach: &Reach<'_>) -> SweepMessage {
    let text = |name: &str| record[name].as_str().unwrap_or_default();
    let attribute = |name: &str| record["attributes"][name].as_str();
    let milliseconds = attribute("SentTimestamp").and_then(|text| text.parse().ok());
    let sent = milliseconds.and_then(|at| Timestamp::from_millisecond(at).ok());
    let sweep = sweep(text("body"), reach).map(|event| {
        let event = SweepEvent { id: Some(text("messageId").to_owned()), time: sent, ..event };
        match attribute("DeadLetterQueueSourceArn") {
            // Someone who redrives a whole queue may not intend to switch the safety limit off.
            Some(_) => SweepEvent { belt: Belt::On, rest: SweepRest::default(), ..event },
            None => event,
        }
    });
    let receives = attribute("ApproximateReceiveCount").and_then(|count| count.parse().ok()).unwrap_or(1);
    SweepMessage { id: text("messageId").to_owned(), sent, receives, sweep }
}

/// Reads the body of a message.
fn sweep(body: &str, reach: &Reach<'_>) -> Result<SweepEvent, EventError> {
    let body: Map<String, Value> = serde_json::from_str(body).map_err(|_| EventError::NotASweep)?;
    let request = Request {
        account: body.get("account"),
        region: body.get("region"),
        safety_belt: body.get("safety-belt"),
        dry_run: body.get("dry-run"),
    };
    let mut event = request.read(Some(*reach))?;
    if event.belt == Belt::Off {
        event.rest.belt_off_by = body.get("belt-off-by").and_then(Value::as_str).map(str::to_owned);
    }
    match (&event.account, &event.region) {
        (Some(_), Some(_)) => Ok(event),
        _ => Err(EventError::NotASweep),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::MemberPlaces, *};

    const QUEUE: &str = "arn:aws:sqs:eu-west-1:111122223333:sweeps";

    /// Reads an event like a function in eu-west-1 that also acts in another account and region.
    fn read(event: &Value) -> Option<Vec<SweepMessage>> {
        let home: Home = "arn:aws:lambda:eu-west-1:111122223333:function:buildbrake".parse().unwrap();
        let members = MemberPlaces { accounts: "444455556666".parse().unwrap(), regions: "us-east-1".parse().unwrap() };
        let queue = "https://sqs.eu-west-1.amazonaws.com/111122223333/sweeps".parse().unwrap();
        let reach = Reach { home: &home, members: &members, sweep_queue: Some(&queue) };
        messages(event.to_string().as_bytes(), &reach)
    }

    fn record(body: &Value) -> Value {
        json!({
            "messageId": "5e000000-0000-4000-8000-000000000007",
            "body": body.to_string(),
            "attributes": {"SentTimestamp": "1795305600000", "ApproximateReceiveCount": "2"},
            "eventSource": "aws:sqs",
            "eventSourceARN": QUEUE,
        })
    }

    fn read_body(body: &Value) -> Result<SweepEvent, EventError> {
        let mut messages = read(&json!({"Records": [record(body)]})).unwrap();
        messages.pop().unwrap().sweep
    }

    #[test]
    fn a_message_asks_for_a_sweep_of_its_account_and_region() {
        let event = SweepEvent { belt: Belt::Off, mode: SweepMode::DryRun, ..SweepEvent::default() };
        for event in [SweepEvent::default(), event] {
            let body = SweepMessage::body("444455556666", "us-east-1", &event, "request-1");
            let mut messages = read(&json!({"Records": [record(&body)]})).unwrap();
            let SweepMessage { id, sent, receives, sweep } = messages.remove(0);
            assert_eq!((id.as_str(), receives), ("5e000000-0000-4000-8000-000000000007", 2));
            assert_eq!(sent, Some("2026-11-22T00:00:00Z".parse().unwrap()));
            let (account, region) = (Some("444455556666".to_owned()), Some("us-east-1".to_owned()));
            let belt_off_by = (event.belt == Belt::Off).then(|| "request-1".to_owned());
            let rest = SweepRest { belt_off_by, ..SweepRest::default() };
            assert_eq!(sweep, Ok(SweepEvent { account, region, id: Some(id), time: sent, rest, ..event }));
        }
    }

    #[test]
    fn a_message_about_a_place_that_is_not_listed_is_refused() {
        for (body, name) in [
            (json!({"account": "123456789012", "region": "us-east-1"}), "OtherAccount"),
            (json!({"account": "444455556666", "region": "eu-central-1"}), "OtherRegion"),
            (json!({"account": "444455556666"}), "UnreadableEvent"),
            (json!({"region": "eu-west-1"}), "UnreadableEvent"),
            (json!({"account": 444_455_556_666_u64, "region": "eu-west-1"}), "UnreadableEvent"),
            (json!({"account": "444455556666", "region": "eu-west-1", "safety-belt": false}), "UnreadableEvent"),
            (json!("all of it"), "UnreadableEvent"),
        ] {
            assert_eq!(read_body(&body).unwrap_err().name(), name, "{body}");
        }
        let own = json!({"account": "111122223333", "region": "eu-west-1"});
        assert!(read_body(&own).is_ok());
    }

    #[test]
    fn a_redriven_message_has_the_safety_belt() {
        let body = json!({"account": "444455556666", "region": "eu-west-1", "safety-belt": "off", "belt-off-by": "x"});
        let mut record = record(&body);
        record["attributes"]["DeadLetterQueueSourceArn"] = json!(QUEUE);
        let messages = read(&json!({"Records": [record]})).unwrap();
        let sweep = messages[0].sweep.as_ref().unwrap();
        assert_eq!((sweep.belt, &sweep.rest), (Belt::On, &SweepRest::default()));
    }

    #[test]
    fn only_the_sweep_queue_is_read() {
        let body = json!({"account": "444455556666", "region": "eu-west-1"});
        for other in [
            "arn:aws:sqs:eu-west-1:111122223333:others",
            "arn:aws:sqs:eu-west-1:444455556666:sweeps",
            "arn:aws:sqs:us-east-1:111122223333:sweeps",
            "arn:aws-cn:sqs:eu-west-1:111122223333:sweeps",
        ] {
            let mut others = record(&body);
            others["eventSourceARN"] = json!(other);
            assert_eq!(read(&json!({"Records": [others]})), None, "{other}");
            assert_eq!(read(&json!({"Records": [record(&body), others]})), None, "{other}");
        }
        assert_eq!(read(&json!({"Records": []})), None);
        assert_eq!(read(&json!({"Records": 7})), None);
        assert_eq!(read(&json!([])), None);
    }

    #[test]
    fn a_message_is_outdated_after_one_schedule_unless_it_is_a_retry() {
        let sent: Timestamp = "2026-11-22T00:00:00Z".parse().unwrap();
        let schedule: SweepSchedule = "rate(5 minutes)".parse().unwrap();
        for (receives, seconds, is_outdated) in [(1, 300, false), (1, 301, true), (2, 301, false), (1, 0, false)] {
            let sweep = Ok(SweepEvent::default());
            let message = SweepMessage { id: "7".into(), sent: Some(sent), receives, sweep };
            let age = SignedDuration::from_secs(seconds);
            assert_eq!(message.outdated(schedule, sent + age), is_outdated.then_some(age), "{receives} {seconds}");
        }
        for asked in [
            SweepEvent { belt: Belt::Off, ..SweepEvent::default() },
            SweepEvent { mode: SweepMode::DryRun, ..SweepEvent::default() },
        ] {
            let message = SweepMessage { id: "7".into(), sent: Some(sent), receives: 1, sweep: Ok(asked) };
            assert_eq!(message.outdated(schedule, sent + SignedDuration::from_hours(9)), None, "no other asks for it");
        }
        let unknown = SweepMessage { id: "7".into(), sent: None, receives: 1, sweep: Ok(SweepEvent::default()) };
        assert_eq!(unknown.outdated(schedule, sent), None);
    }

    #[test]
    fn a_queue_is_named_by_its_url() {
        for url in [
            "https://sqs.eu-west-1.amazonaws.com/111122223333/buildbrake-Sweeps-4AB",
            "https://sqs.cn-north-1.amazonaws.com.cn/111122223333/sweeps",
            "http://127.0.0.1:4566/111122223333/sweeps",
        ] {
            assert_eq!(url.parse::<SweepQueue>().unwrap().url(), url);
        }
        for other in [
            "arn:aws:sqs:eu-west-1:111122223333:sweeps",
            "https://sqs.eu-west-1.amazonaws.com/sweeps",
            "https:///111122223333/sweeps",
            "https://sqs.eu-west-1.amazonaws.com/111122223333/sweeps/",
            "sweeps",
        ] {
            assert!(other.parse::<SweepQueue>().unwrap_err().contains("is not the URL of a queue"), "{other}");
        }
        let fifo = "https://sqs.eu-west-1.amazonaws.com/111122223333/sweeps.fifo".parse::<SweepQueue>().unwrap_err();
        assert!(fifo.contains("use a standard one"), "{fifo}");
    }
}
