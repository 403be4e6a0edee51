//! Sends notifications of broken rules, after everything that had to be stopped was stopped.

use std::{sync::PoisonError, time::Duration};

use buildbrake_core::{
    facts::inquiry::{Case, Cause, Question, Reply},
    model::Build,
    record::{BuildLog, Effect, Note, Notification, Outcome, Record},
};
use futures_util::{StreamExt, future::join, stream};
use jiff::SignedDuration;
use tokio::time::{Instant, timeout_at};

use super::{Enforcer, Invocation};
use crate::{AccountRegion, BuildLogs, CallError, Class, clients::Pace, event_bus::Unsent, running::CONCURRENT_CALLS};

/// The time for the notifications of all builds of one event, or of one block of a sweep.
const BUDGET: Duration = Duration::from_secs(15);

/// The part of an invocation's time that is left to write the records.
const FOR_THE_RECORDS: SignedDuration = SignedDuration::from_secs(2);

/// The most bytes of unsent notifications that are kept, in all. The newest are kept first.
const MAX_KEPT_BYTES: usize = 4 << 20;

/// A build whose outcome is known, and whose notifications are not sent yet.
pub(super) struct Settled<'a> {
    pub(super) case: Case<'a>,
    pub(super) effect: Effect,
}

impl Enforcer {
    /// Sends the notifications of builds, to the bus and to the builds' own logs at the same time, and records
    /// the builds. A record has an error if a notification of its build could not be sent, and a note if only the
    /// build's log could not be written.
    pub(super) async fn notify(&self, settled: &[Settled<'_>], invocation: &Invocation<'_>) -> Vec<Record> {
        let mut records = self.judged(settled, invocation);
        let notifications = self.notifications(&records);
        let has_log = |settled: &Settled<'_>| self.build_logs.is_some() && settled.effect.outcome == Outcome::Stopped;
        if notifications.iter().all(Vec::is_empty) && self.has_sent_all() && !settled.iter().any(has_log) {
            write(&records, invocation).await;
            return records;
        }
        let counts: Vec<usize> = notifications.iter().map(Vec::len).collect();
        let left = invocation.deadline.duration_since(invocation.now()) - FOR_THE_RECORDS;
        let until = Instant::now() + Duration::try_from(left).unwrap_or_default().min(BUDGET);
        let logs = self.write_logs(settled, &records, invocation, until);
        let (unsent, notes) =
            Box::pin(join(self.send(notifications.into_iter().flatten().collect(), until), logs)).await;
        let mut sent_before = 0;
        for (((settled, record), note), count) in settled.iter().zip(&mut records).zip(notes).zip(counts) {
            let own = sent_before..sent_before + count;
            sent_before = own.end;
            let is_unsent = |unsent: &&Unsent| unsent.positions.iter().any(|position| own.contains(position));
            let failure = unsent.as_ref().filter(is_unsent).map(|unsent| CallError::clone(&unsent.error).into());
            if failure.is_some() || note.is_some() {
                let effect = Effect { failure, ..settled.effect.clone() }.noting(note);
                let stamp = self.stamp(&settled.case, invocation);
                *record = Record::judged(&self.policy, &settled.case, effect, stamp);
            }
        }
        write(&records, invocation).await;
        records
    }

    /// Records builds, and sends no notifications.
    pub(super) async fn record(&self, settled: &[Settled<'_>], invocation: &Invocation<'_>) -> Vec<Record> {
        let records = self.judged(settled, invocation);
        write(&records, invocation).await;
        records
    }

    fn judged(&self, settled: &[Settled<'_>], invocation: &Invocation<'_>) -> Vec<Record> {
        let record = |Settled { case, effect }: &Settled<'_>| {
            Record::judged(&self.policy, case, effect.clone(), self.stamp(case, invocation))
        };
        settled.iter().map(record).collect()
    }

    /// The notifications of each record. Without a bus, none are created: that would take as long as judging the
    /// event.
    fn notifications(&self, records: &[Record]) -> Vec<Vec<Notification>> {
        match self.event_bus {
            Some(_) => records.iter().map(Record::notifications).collect(),
            None => vec![Vec::new(); records.len()],
        }
    }

    /// Sends notifications, and those that were kept from earlier events. Returns those of `notifications` that could
    /// not be sent.
    async fn send(&self, mut notifications: Vec<Notification>, until: Instant) -> Option<Unsent> {
        let bus = self.event_bus.as_ref()?;
        let own = notifications.len();
        let mut kept = std::mem::take(&mut *self.unsent.lock().unwrap_or_else(PoisonError::into_inner));
        kept.retain(|kept| notifications.iter().all(|newer| newer.id != kept.id));
        notifications.append(&mut kept);
        if notifications.is_empty() {
            return None;
        }
        let sent = timeout_at(until, Box::pin(bus.send(&notifications))).await;
        let mut unsent = sent.unwrap_or_else(|_elapsed| Err(too_late(notifications.len()))).err()?;
        let mut kept = self.unsent.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend(unsent.positions.iter().filter_map(|position| notifications.get(*position)).cloned());
        let mut bytes = 0;
        kept.retain(|kept| {
            bytes += kept.bytes();
            bytes <= MAX_KEPT_BYTES
        });
        unsent.positions.retain(|position| *position < own);
        Some(unsent).filter(|unsent| !unsent.positions.is_empty())
    }

    fn has_sent_all(&self) -> bool {
        self.unsent.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Writes the reasons for stops into the builds' own logs. Returns a note for each build whose log could not be
    /// written. A batch has no log of its own.
    async fn write_logs(
        &self,
        settled: &[Settled<'_>],
        records: &[Record],
        invocation: &Invocation<'_>,
        until: Instant,
    ) -> Vec<Option<Note>> {
        let Some(logs) = &self.build_logs else { return vec![None; settled.len()] };
        let written = settled.iter().zip(records).map(async |(settled, record)| {
            let Settled { case, effect } = settled;
            let log = log_of(settled).filter(|_| effect.outcome == Outcome::Stopped)?;
            let written = timeout_at(until, self.write_log(logs, case, log, record, invocation)).await;
            let cause =
                written.unwrap_or_else(|_elapsed| Err("CloudWatch Logs did not answer in time".into())).err()?;
            Some(Note::build_log_unwritable(&cause))
        });
        stream::iter(written).buffered(CONCURRENT_CALLS).collect().await
    }

    async fn write_log(
        &self,
        logs: &BuildLogs,
        case: &Case<'_>,
        log: BuildLog,
        record: &Record,
        invocation: &Invocation<'_>,
    ) -> Result<(), Cause> {
        let id = &case.event().id;
        let described = |error: CallError| error.class.in_words(format!("{}: {error}", error.class.name()));
        let place = AccountRegion::of_build(case.build());
        let log = match log {
            BuildLog::AskProject => {
                let client = self.clients.codebuild(&place, Pace::Prompt);
                let question = Question::Project { name: id.project().to_owned(), may_be_cached: true };
                let reply = Box::pin(self.reply(&question, &client, &place, invocation.now())).await;
                match reply.map_err(described)? {
                    Reply::Project(project) => BuildLog::of_project(id, project.as_deref()),
                    Reply::CachedProject(project, _) => BuildLog::of_project(id, Some(&project)),
                    _ => BuildLog::None("the project is unknown"),
                }
            }
            log => log,
        };
        match log {
            BuildLog::Stream(stream) => {
                let line = record.build_log_line();
                Box::pin(logs.write(&place, &stream, &line, invocation.now())).await.map_err(described)
            }
            BuildLog::AskProject => Err("neither the build nor its project names a log".into()),
            BuildLog::None(why) => Err(why.into()),
        }
    }
}

/// The log of the stopped build or sandbox, from the API's answer.
fn log_of(Settled { case, effect }: &Settled<'_>) -> Option<BuildLog> {
    let of_build = |build: &Build| BuildLog::of_build(&case.event().id, build);
    effect.returned.as_deref().map(of_build).or_else(|| effect.sandbox.as_deref().map(BuildLog::of_sandbox))
}

async fn write(records: &[Record], invocation: &Invocation<'_>) {
    for record in records {
        invocation.sink.write(record).await;
    }
}

fn too_late(notifications: usize) -> Unsent {
    let message = "its violations could not be sent to the event bus in time";
    let error = Box::new(CallError::new(Class::TimedOut, message));
    Unsent { positions: (0..notifications).collect(), error, refuses_all: false }
}
