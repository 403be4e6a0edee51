//! Determines the kind of an object by the names of its members.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::NotRecognized;

/// The members that identify an object, unparsed.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct KnownMembers<'a> {
    // Of CodeBuild's structures.
    #[serde(borrow)]
    arn: Option<&'a RawValue>,
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    build_status: Option<&'a RawValue>,
    #[serde(borrow)]
    project_name: Option<&'a RawValue>,
    #[serde(borrow)]
    build_batch_status: Option<&'a RawValue>,
    #[serde(borrow)]
    service_role: Option<&'a RawValue>,
    #[serde(borrow)]
    name: Option<&'a RawValue>,
    // Of the answers of CodeBuild's API.
    #[serde(borrow)]
    build: Option<&'a RawValue>,
    #[serde(borrow)]
    builds: Option<&'a RawValue>,
    #[serde(borrow)]
    builds_not_found: Option<&'a RawValue>,
    #[serde(borrow)]
    project: Option<&'a RawValue>,
    #[serde(borrow)]
    projects: Option<&'a RawValue>,
    #[serde(borrow)]
    build_batch: Option<&'a RawValue>,
    #[serde(borrow)]
    build_batches: Option<&'a RawValue>,
    #[serde(borrow)]
    sandbox: Option<&'a RawValue>,
    #[serde(borrow)]
    sandboxes: Option<&'a RawValue>,
    #[serde(borrow)]
    sandboxes_not_found: Option<&'a RawValue>,
    #[serde(borrow)]
    current_session: Option<&'a RawValue>,
    #[serde(borrow)]
    request_time: Option<&'a RawValue>,
    #[serde(borrow)]
    ids: Option<&'a RawValue>,
    // Of events and what wraps them.
    #[serde(borrow, rename = "detail-type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    detail_type: Option<&'a RawValue>,
    #[serde(borrow)]
    detail: Option<&'a RawValue>,
    #[serde(borrow)]
    request_payload: Option<&'a RawValue>,
    #[serde(borrow, rename = "build-status")]
    detail_status: Option<&'a RawValue>,
    #[serde(borrow)]
    body: Option<&'a RawValue>,
    #[serde(borrow, rename = "Body")]
    sqs_body: Option<&'a RawValue>,
    #[serde(borrow, rename = "Messages")]
    sqs_messages: Option<&'a RawValue>,
    #[serde(borrow, rename = "Sns")]
    sns: Option<&'a RawValue>,
    #[serde(borrow, rename = "TopicArn")]
    topic_arn: Option<&'a RawValue>,
    #[serde(borrow, rename = "Message")]
    sns_message: Option<&'a RawValue>,
    // Of records.
    #[serde(borrow)]
    outcome: Option<&'a RawValue>,
    #[serde(borrow)]
    policy: Option<&'a RawValue>,
    #[serde(borrow)]
    judged: Option<&'a RawValue>,
    // Of CloudTrail.
    #[serde(borrow, rename = "Records")]
    records: Option<&'a RawValue>,
    #[serde(borrow)]
    event_source: Option<&'a RawValue>,
    #[serde(borrow)]
    event_name: Option<&'a RawValue>,
    #[serde(borrow, rename = "Events")]
    trail_events: Option<&'a RawValue>,
    #[serde(borrow, rename = "CloudTrailEvent")]
    trail_event: Option<&'a RawValue>,
    // Of CloudWatch Logs and Lambda.
    #[serde(borrow)]
    message_type: Option<&'a RawValue>,
    #[serde(borrow)]
    log_events: Option<&'a RawValue>,
    #[serde(borrow)]
    events: Option<&'a RawValue>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    #[serde(borrow, rename = "@message")]
    query_message: Option<&'a RawValue>,
    #[serde(borrow)]
    timestamp: Option<&'a RawValue>,
    #[serde(borrow)]
    results: Option<&'a RawValue>,
    #[serde(borrow)]
    r#type: Option<&'a RawValue>,
    #[serde(borrow)]
    level: Option<&'a RawValue>,
    #[serde(borrow)]
    awslogs: Option<&'a RawValue>,
}

/// A kind of object, with its part that has to be recognized.
pub(super) enum ObjectKind<'a> {
    /// Known, without anything about a build.
    Nothing,
    /// An EventBridge event.
    Event,
    /// A CodeStar notification, which is an event under other names.
    Notification,
    Record,
    CloudTrail,
    Build,
    Project,
    Batch,
    Sandbox,
    /// A list of objects.
    List(&'a str),
    Lists(Vec<&'a str>),
    /// An object.
    Value(&'a str),
    /// A string that contains JSON.
    Text(&'a str),
    /// The message of an event of CloudWatch Logs.
    LogEvent(&'a str),
    /// The rows that Logs Insights found.
    QueryResults(&'a str),
}

/// Returns whether a text begins like an event, so that it is not parsed as a Build first. EventBridge
/// writes `version`, `id` and `detail-type` first.
pub(super) fn looks_like_an_event(text: &str) -> bool {
    text[..text.floor_char_boundary(160)].contains("\"detail-type\"")
}

impl<'a> ObjectKind<'a> {
    /// The kind of an object.
    ///
    /// # Errors
    /// If it is of none of these kinds.
    pub(super) fn of(members: &KnownMembers<'a>) -> Result<Self, NotRecognized> {
        let of_events = members.of_events().or_else(|| members.of_logs());
        of_events.or_else(|| members.of_answers()).or_else(|| members.of_structures()).ok_or_else(|| members.unknown())
    }
}

impl<'a> KnownMembers<'a> {
    /// Events, what wraps them, and records.
    fn of_events(&self) -> Option<ObjectKind<'a>> {
        let detail = self.detail.map(RawValue::get);
        if self.outcome.is_some() && self.policy.is_some() {
            return Some(ObjectKind::Record);
        }
        if let Some(kind) = self.kind {
            return Some(match (kind.get(), detail) {
                (r#""Build Policy Violation""#, Some(record)) => ObjectKind::Value(record),
                (kind, Some(event)) if kind.ends_with("via CloudTrail\"") => ObjectKind::Value(event),
                _ => ObjectKind::Event,
            });
        }
        if self.request_payload.is_some() {
            return Some(ObjectKind::Event);
        }
        if self.detail_type.is_some() && detail.is_some() {
            return Some(ObjectKind::Notification);
        }
        if self.event_source.is_some() && self.event_name.is_some() {
            return Some(ObjectKind::CloudTrail);
        }
        let message = self.topic_arn.and(self.sns_message).or(self.sqs_body);
        let message = message.or(self.event_source.and(self.body)).or(self.trail_event);
        let message = message.map(|text| ObjectKind::Text(text.get()));
        let list = self.records.or(self.sqs_messages).or(self.trail_events);
        let list = list.map(|list| ObjectKind::List(list.get()));
        message.or(list).or(self.sns.map(|message| ObjectKind::Value(message.get())))
    }

    /// Events of CloudWatch Logs, and what Lambda logs beside records.
    fn of_logs(&self) -> Option<ObjectKind<'a>> {
        let is_of_lambda = self.r#type.is_some_and(|kind| kind.get().starts_with("\"platform."));
        if is_of_lambda || self.level.is_some() && self.timestamp.is_some() {
            return Some(ObjectKind::Nothing);
        }
        if let Some(kind) = self.message_type {
            return match kind.get() {
                r#""CONTROL_MESSAGE""# => Some(ObjectKind::Nothing),
                _ => self.log_events.map(|events| ObjectKind::List(events.get())),
            };
        }
        let message = self.query_message.or(self.timestamp.and(self.message));
        let message = message.map(|message| ObjectKind::LogEvent(message.get()));
        let events = || self.events.map(|events| ObjectKind::List(events.get()));
        message.or_else(events).or_else(|| self.results.map(|rows| ObjectKind::QueryResults(rows.get())))
    }

    /// Answers of CodeBuild's API.
    fn of_answers(&self) -> Option<ObjectKind<'a>> {
        let one = self.build.or(self.build_batch).or(self.project).or(self.sandbox);
        if let Some(one) = one.filter(|one| one.get().starts_with('{')) {
            return Some(ObjectKind::Value(one.get()));
        }
        let lists =
            [self.builds, self.projects, self.build_batches, self.sandboxes].into_iter().flatten().map(RawValue::get);
        let lists: Vec<&str> = lists.filter(|list| list.starts_with('[') && !is_of_names(list)).collect();
        match lists.is_empty() {
            false => Some(ObjectKind::Lists(lists)),
            true => self.builds_not_found.or(self.sandboxes_not_found).map(|_| ObjectKind::Nothing),
        }
    }

    /// Structures of CodeBuild's API.
    fn of_structures(&self) -> Option<ObjectKind<'a>> {
        let is_of = |part: &str| self.arn.is_some_and(|arn| arn.get().contains(part));
        if is_of(":build-batch/") || self.build_batch_status.is_some() {
            return Some(ObjectKind::Batch);
        }
        if is_of(":sandbox/") || self.request_time.or(self.current_session).is_some() {
            return Some(ObjectKind::Sandbox);
        }
        if is_of(":project/") || self.arn.is_none() && self.name.is_some() && self.service_role.is_some() {
            return Some(ObjectKind::Project);
        }
        let is_build = is_of(":build/") || self.build_status.is_some() || self.id.and(self.project_name).is_some();
        is_build.then_some(ObjectKind::Build)
    }

    /// Returns the error for an object of another kind, which names that kind if it is known.
    fn unknown(&self) -> NotRecognized {
        const FETCH: &str = "fetch them with `aws codebuild batch-get-builds`, or replay with `--account`";
        let named = |what, help| NotRecognized::Foreign { what, help };
        if self.ids.is_some() {
            return named("a list of ids", FETCH);
        }
        if self.projects.is_some() {
            return named("a list of names", "fetch the projects with `aws codebuild batch-get-projects`");
        }
        if self.judged.is_some() {
            return named("a summary of a replay", "add summaries up with `buildbrake replay --merge`");
        }
        if self.awslogs.is_some() {
            return named("an event of a subscription, still encoded", "decode `awslogs.data` with base64 and gzip");
        }
        if self.detail_status.is_some() {
            return named("the `detail` of an event", "save whole events");
        }
        NotRecognized::UnknownKind
    }
}

/// Returns whether a list contains strings, as the answers of List calls do.
fn is_of_names(list: &str) -> bool {
    list[1..].trim_start().starts_with('"')
}
