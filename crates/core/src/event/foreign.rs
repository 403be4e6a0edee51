//! Identifies payloads that are not EventBridge events, and gives advice: most come from a service that was put
//! between EventBridge and the function.

use serde_json::{Map, Value};

type Object = Map<String, Value>;
/// Returns whether a payload is of a kind.
type IsKind = fn(&Object) -> bool;

/// A payload that is not an event the function handles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}; {help}", self.description())]
pub struct Foreign {
    /// The kind of payload, as a noun.
    what: &'static str,
    /// The advice.
    help: &'static str,
}

const fn kind(what: &'static str, help: &'static str, is_it: IsKind) -> (Foreign, IsKind) {
    (Foreign { what, help }, is_it)
}

const TARGET_ITSELF: &str = "make the function a target of the EventBridge rule itself";
const TARGET_ITSELF_OR_BODY: &str =
    "make the function a target of the EventBridge rule itself; to redrive a message, invoke it with the body";
pub(super) const WHOLE_EVENTS: &str =
    "have the rule or schedule send whole events, without an input path, an input transformer or a constant input";
const NOT_FROM_HERE: &str = "remove this trigger of the function";

/// The first kind that matches counts.
const KINDS: &[(Foreign, IsKind)] = &[
    kind("a batch of SNS messages", TARGET_ITSELF, |object| has_record(object, "Sns")),
    kind("an SNS message", TARGET_ITSELF, |object| has(object, "TopicArn")),
    kind("a batch of SQS messages", TARGET_ITSELF_OR_BODY, |object| is_from(object, "aws:sqs")),
    kind("an SQS message", "invoke the function with its `Body` alone", |object| {
        ["Messages", "ReceiptHandle", "receiptHandle"].iter().any(|name| has(object, name))
    }),
    kind("a CodeStar notification", "use an EventBridge rule instead of a notification rule", |object| {
        has(object, "notificationRuleArn") || has(object, "detailType")
    }),
    (CLOUDTRAIL, |object| is_of_cloudtrail(object) || record(object).is_some_and(is_of_cloudtrail)),
    kind("a batch of records of another service", NOT_FROM_HERE, |object| {
        // Those of Kafka and of Amazon MQ are in lower case.
        has(object, "Records") || has(object, "eventSource") && (has(object, "records") || has(object, "messages"))
    }),
    kind("an HTTP request", "invoke the function with an event, not by a URL", |object| {
        has(object, "requestContext") && (has(object, "headers") || has(object, "httpMethod"))
    }),
    kind("a batch of CloudWatch Logs", NOT_FROM_HERE, |object| has(object, "awslogs")),
    kind("a CloudWatch alarm", NOT_FROM_HERE, |object| has(object, "alarmData")),
    kind("a job of CodePipeline", NOT_FROM_HERE, |object| has(object, "CodePipeline.job")),
    kind("an event of AWS Config", NOT_FROM_HERE, |object| has(object, "invokingEvent")),
    kind("a batch of Firehose records", NOT_FROM_HERE, |object| has(object, "deliveryStreamArn")),
    kind("the `detail` of an event", WHOLE_EVENTS, |object| {
        ["build-id", "build-status", "additional-information"].iter().any(|name| has(object, name))
    }),
    (BUILD, |object| ["buildStatus", "builds", "build"].iter().any(|name| has(object, name))),
];

/// An event that reports API calls.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html>
const CLOUDTRAIL: Foreign =
    Foreign { what: "a CloudTrail event", help: "match the detail-type `CodeBuild Build State Change`, not API calls" };

const BUILD: Foreign = Foreign {
    what: "a Build of the API",
    help: "invoke the function with an event; a sweep judges builds without one",
};

impl Foreign {
    /// The description without the advice, which is for the operator of the function.
    pub fn description(&self) -> String {
        format!("this is {}, not an event of CodeBuild", self.what)
    }

    /// Returns whether the payload is a build, or a list of builds, from the API.
    pub fn is_build(&self) -> bool {
        *self == BUILD
    }

    /// Identifies a payload without EventBridge's `detail-type`.
    pub(super) fn of(payload: &Value) -> Option<Self> {
        match payload {
            Value::Object(object) => KINDS.iter().find(|(_, is_it)| is_it(object)).map(|(foreign, _)| *foreign),
            Value::Array(_) => Some(Self { what: "a list", help: "send one event at a time, without a pipe" }),
            Value::String(_) => Some(Self { what: "a string", help: WHOLE_EVENTS }),
            Value::Null | Value::Bool(_) | Value::Number(_) => None,
        }
    }

    /// Identifies an event by its `detail-type`.
    pub(super) fn of_kind(detail_type: &str) -> Option<Self> {
        detail_type.ends_with("via CloudTrail").then_some(CLOUDTRAIL)
    }
}

fn has(object: &Object, member: &str) -> bool {
    object.get(member).is_some_and(|value| !value.is_null())
}

/// The first of the records that Lambda's event source mappings and SNS send.
fn record(object: &Object) -> Option<&Object> {
    object.get("Records")?.as_array()?.first()?.as_object()
}

fn has_record(object: &Object, member: &str) -> bool {
    record(object).is_some_and(|record| has(record, member))
}

fn is_from(object: &Object, source: &str) -> bool {
    record(object).and_then(|record| record.get("eventSource")).is_some_and(|found| found == source)
}

fn is_of_cloudtrail(object: &Object) -> bool {
    let source = object.get("eventSource").and_then(Value::as_str);
    has(object, "eventName") && source.is_some_and(|source| source.ends_with(".amazonaws.com"))
}
