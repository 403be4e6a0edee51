//! A record's metrics, in CloudWatch's embedded format.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use std::sync::LazyLock;

use jiff::Timestamp;
use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::value::{RawValue, to_raw_value};

use super::{Counted, Failure, Note, NoteCode, Outcome, Stamp, SweepSummary};
use crate::verdict::{Verdict, Withheld};

const NAMESPACE: &str = "Buildbrake";
const REACTION: &str = "ReactionMs";
const STOP_ATTEMPTS: &str = "StopAttempts";
const DENIED: &str = "AccessDenied";

/// The metrics of a judged build.
static JUDGED: LazyLock<Set> =
    LazyLock::new(|| Set::of(&["Stopped", "Reported", "Allowed", "Undecided", "Failed", REACTION]));
/// The metrics of a judged build whose event has no time.
static UNTIMED: LazyLock<Set> = LazyLock::new(|| Set::of(&["Stopped", "Reported", "Allowed", "Undecided", "Failed"]));
/// The metrics of a sweep.
static SWEPT: LazyLock<Set> = LazyLock::new(|| Set::of(&["Swept", "SafetyBelt", "Failed"]));
/// The metric of a dropped sweep. It is a set of its own, so that a dropped sweep is no sample in the metrics of
/// judged builds.
static DROPPED: LazyLock<Set> = LazyLock::new(|| Set::of(&["SweepsDropped"]));
/// The directives for the rate of stops: in total, by account, by the function's version, and by both. An alarm
/// on it should react within seconds, so CloudWatch stores its values with a resolution of one second.
static ATTEMPTS: LazyLock<[Box<RawValue>; 4]> = LazyLock::new(|| {
    let dimensions: [&[&[&str]]; 4] =
        [&[&[]], &[&[], &["Account"]], &[&[], &["Version"]], &[&[], &["Account"], &["Version"]]];
    let metrics = [Metric { name: STOP_ATTEMPTS, unit: "Count", storage_resolution: Some(1) }];
    dimensions.map(|dimensions| directive(dimensions, &metrics))
});

/// The fields that make a record a metric: the values, `Rule`, `Account`, `Version`, and `_aws`.
///
/// Without dimensions, every record counts in every metric, zeroes included, so that an alarm
/// can distinguish a quiet day from a dead function. With the dimension `Rule`, a record counts
/// for the first rule that was broken or could not be evaluated: the format allows one value
/// per dimension in a line.
///
/// `StopAttempts` counts stops, and stops that the alarm on their rate withheld: if it counted
/// the stops alone, the alarm would clear as soon as it takes effect. Its number of samples is
/// that of the judged builds.
pub(super) struct Metrics<'a> {
    set: &'static Set,
    /// In the order of the set's names.
    values: Vec<i64>,
    rule: Option<&'a str>,
    attempts: Option<Attempts<'a>>,
    /// The metrics that a record has only if something went wrong, each with the value 1.
    troubles: Vec<&'static str>,
    now: Timestamp,
}

/// The value of `StopAttempts` and its dimensions.
struct Attempts<'a> {
    value: i64,
    account: Option<&'a str>,
    version: Option<&'a str>,
}

/// What the metrics of a judged build depend on.
#[derive(Clone, Copy)]
pub(super) struct JudgedBuild<'a> {
    pub(super) verdict: &'a Verdict,
    pub(super) withheld: Option<Withheld>,
    pub(super) failure: Option<&'a Failure>,
    pub(super) notes: &'a [Note],
    pub(super) account: Option<&'a str>,
    /// `true` if a sweep judged it.
    pub(super) is_swept: bool,
    /// `true` if it has ended.
    pub(super) has_ended: bool,
}

impl<'a> Metrics<'a> {
    pub(super) fn of(outcome: Outcome, about: JudgedBuild<'a>, reaction_ms: Option<i64>, stamp: Stamp<'a>) -> Self {
        let JudgedBuild { verdict, withheld, failure, notes, account, is_swept, has_ended } = about;
        let undecided = verdict.undecided.iter().find(|undecided| undecided.counts);
        let counts_as = |counted| outcome.counted() == counted;
        let flags = [
            counts_as(Counted::Stopped),
            counts_as(Counted::Reported),
            counts_as(Counted::Allowed),
            undecided.is_some(),
            counts_as(Counted::Failed),
        ];
        let set = if reaction_ms.is_some() { &JUDGED } else { &UNTIMED };
        let values = flags.map(i64::from).into_iter().chain(reaction_ms).collect();
        let rule = verdict.violations.first().map(|violation| violation.rule.as_str());
        // Builds that are judged again and again would keep the alarm in ALARM: builds that every sweep finds,
        // and an ended build whose batch must still be stopped.
        let is_withheld = withheld == Some(Withheld::StopRate) && !is_swept && !has_ended;
        let is_attempt = counts_as(Counted::Stopped) || is_withheld;
        let attempts = (!counts_as(Counted::Nothing)).then_some(Attempts {
            value: is_attempt.into(),
            account,
            // A sweep records only builds that break a rule. They do not represent the builds that a version
            // judges.
            version: stamp.version.filter(|_| !is_swept),
        });
        Self {
            set,
            values,
            rule: rule.or(undecided.map(|undecided| undecided.rule.as_str())),
            attempts,
            troubles: troubles(verdict, failure, notes),
            now: stamp.now,
        }
    }

    /// The metrics of an event that leads to no judgement.
    pub(super) fn without_build(outcome: Outcome, failure: Option<&Failure>, now: Timestamp) -> Self {
        let values = ["Stopped", "Reported", "Allowed", "Undecided", "Failed"]
            .map(|name| (name == "Failed" && outcome.counted() == Counted::Failed).into());
        let troubles = troubles(&Verdict::default(), failure, &[]);
        Self { set: &UNTIMED, values: values.to_vec(), rule: None, attempts: None, troubles, now }
    }
}

impl Metrics<'static> {
    /// The metrics of a sweep. They count only what the records of its builds do not count.
    pub(super) fn of_sweep(
        outcome: Outcome,
        summary: &SweepSummary,
        failure: Option<&Failure>,
        now: Timestamp,
    ) -> Self {
        let running = i64::try_from(summary.running + summary.sandboxes).unwrap_or(i64::MAX);
        let failed = outcome.counted() == Counted::Failed;
        let values = vec![running, summary.safety.is_some().into(), failed.into()];
        let is_denied = summary.is_denied() || failure.is_some_and(is_denied);
        let troubles = is_denied.then_some(DENIED).into_iter().collect();
        Self { set: &SWEPT, values, rule: None, attempts: None, troubles, now }
    }

    /// The metric of a sweep that was requested, but not done.
    pub(super) fn of_dropped_sweep(now: Timestamp) -> Self {
        Self { set: &DROPPED, values: vec![1], rule: None, attempts: None, troubles: Vec::new(), now }
    }
}

/// Returns whether a call or a role was denied.
pub(super) fn is_denied(failure: &Failure) -> bool {
    [DENIED, "RoleDenied"].contains(&failure.r#type.as_str())
}

/// Returns the first fact of a judgement that is unknown because a permission is missing, with that reason.
pub(super) fn denied_fact(verdict: &Verdict) -> Option<String> {
    let denied = verdict.undecided.iter().map(|undecided| &undecided.missing).find(|missing| missing.is_denied());
    denied.map(ToString::to_string)
}

/// The metrics of problems that somebody must solve: a missing permission, and an alarm that does not work.
fn troubles(verdict: &Verdict, failure: Option<&Failure>, notes: &[Note]) -> Vec<&'static str> {
    let has_note = |code| notes.iter().any(|note| note.code == code);
    let is_denied =
        failure.is_some_and(is_denied) || denied_fact(verdict).is_some() || notes.iter().any(|note| note.is_denied);
    let troubles = [
        (is_denied, DENIED),
        (has_note(NoteCode::AlarmMissing), "AlarmMissing"),
        (has_note(NoteCode::AlarmUnanswered), "AlarmUnanswered"),
    ];
    troubles.into_iter().filter(|(is_true, _)| *is_true).map(|(_, name)| name).collect()
}

impl Serialize for Metrics<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_map(None)?;
        for (name, value) in self.set.names.iter().zip(&self.values) {
            members.serialize_entry(name, value)?;
        }
        if let Some(rule) = self.rule {
            members.serialize_entry("Rule", rule)?;
        }
        let mut directives = vec![if self.rule.is_some() { &*self.set.by_rule } else { &*self.set.in_all }];
        if let Some(Attempts { value, account, version }) = &self.attempts {
            members.serialize_entry(STOP_ATTEMPTS, value)?;
            for (name, value) in [("Account", account), ("Version", version)] {
                if let Some(value) = value {
                    members.serialize_entry(name, value)?;
                }
            }
            directives.push(&ATTEMPTS[usize::from(account.is_some()) + 2 * usize::from(version.is_some())]);
        }
        for name in &self.troubles {
            members.serialize_entry(name, &1)?;
        }
        let troubles: Vec<Metric> = self.troubles.iter().map(|name| Metric::counting(name)).collect();
        let troubles = (!troubles.is_empty()).then(|| directive(&[&[]], &troubles));
        directives.extend(troubles.as_deref());
        members.serialize_entry(
            "_aws",
            &Metadata { timestamp: self.now.as_millisecond(), cloud_watch_metrics: directives },
        )?;
        members.end()
    }
}

/// Metrics that go together, with the directives that describe them to CloudWatch. These are
/// serialized once: they are the longest part of most records, and always the same.
struct Set {
    names: &'static [&'static str],
    in_all: Box<RawValue>,
    by_rule: Box<RawValue>,
}

impl Set {
    fn of(names: &'static [&'static str]) -> Self {
        let metric = |name: &&'static str| match *name {
            REACTION => Metric { name: REACTION, unit: "Milliseconds", storage_resolution: None },
            name => Metric::counting(name),
        };
        let metrics: Vec<Metric> = names.iter().map(metric).collect();
        Self { names, in_all: directive(&[&[]], &metrics), by_rule: directive(&[&[], &["Rule"]], &metrics) }
    }
}

fn directive(dimensions: &[&[&str]], metrics: &[Metric]) -> Box<RawValue> {
    // Texts and lists can always be serialized.
    to_raw_value(&Directive { namespace: NAMESPACE, dimensions, metrics }).unwrap_or_default()
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata<'a> {
    timestamp: i64,
    cloud_watch_metrics: Vec<&'a RawValue>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive<'a> {
    namespace: &'static str,
    dimensions: &'a [&'a [&'a str]],
    metrics: &'a [Metric],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metric {
    name: &'static str,
    unit: &'static str,
    /// In seconds; a minute if it is `None`.
    #[serde(skip_serializing_if = "Option::is_none")]
    storage_resolution: Option<u8>,
}

impl Metric {
    fn counting(name: &'static str) -> Self {
        Self { name, unit: "Count", storage_resolution: None }
    }
}
