//! Judges builds by everything that the input contains about them.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    io,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use anyhow::Context;
use buildbrake_core::{
    facts::inquiry::{Question, Reply},
    history::{Contender, Contenders, Observation, PastBuild, Replayed, join},
    model::Build,
    summary::Summary,
};
use jiff::Timestamp;

use super::{
    Engine, ResultSink,
    entry::JoinedEntry,
    lock,
    spill::{Entries, Spill},
};

/// Everything that is kept of one build.
#[derive(Default)]
struct KeptBuild<'c> {
    /// The results, with their encoded bytes. If results differ, those with the greater bytes count, so that the order
    /// of the input does not matter.
    judged: Option<(&'c [u8], Vec<Replayed>)>,
    observed: Vec<Observation>,
    /// `true` if the build started before the period that is wanted.
    is_earlier: bool,
}

/// The builds that may have been retried, by their ids.
type Tries = BTreeMap<String, Box<Build>>;

impl Engine<'_> {
    /// Judges every build that is kept, calls `sink` with its results, and sums them up.
    pub(super) fn judge_all(&mut self, workers: usize, sink: &mut ResultSink<'_>) -> anyhow::Result<Vec<Summary>> {
        let spill = std::mem::replace(&mut self.spill, Spill::new());
        if spill.is_in_memory() {
            return self.judge_in_order(spill, sink);
        }
        let partitions = Mutex::new(spill.into_partitions());
        let (sink, has_failed) = (Mutex::new(sink), AtomicBool::new(false));
        let this = &*self;
        thread::scope(|scope| {
            let work = || -> anyhow::Result<Vec<Summary>> {
                let mut summaries = this.summaries();
                while !has_failed.load(Ordering::Relaxed) {
                    let Some(partition) = lock(&partitions).next() else { break };
                    this.judge_partition(partition?, &mut |judged| {
                        add(&mut summaries, &judged);
                        lock(&sink)(&judged)
                    })
                    .inspect_err(|_| has_failed.store(true, Ordering::Relaxed))?;
                }
                Ok(summaries)
            };
            let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
            let mut total = this.summaries();
            for worker in workers {
                let summaries = worker.join().map_err(|_| anyhow::anyhow!("a worker stopped unexpectedly"))??;
                for (total, summary) in total.iter_mut().zip(summaries) {
                    total.merge(summary)?;
                }
            }
            Ok(total)
        })
    }

    /// Judges builds that all fit in memory. Calls `sink` in the order in which they started.
    fn judge_in_order(&self, spill: Spill, sink: &mut ResultSink<'_>) -> anyhow::Result<Vec<Summary>> {
        let mut all = Vec::new();
        for partition in spill.into_partitions() {
            self.judge_partition(partition?, &mut |judged| {
                all.push(judged);
                Ok(())
            })?;
        }
        all.sort_by(|one, other| by_start(one).cmp(&by_start(other)));
        let mut summaries = self.summaries();
        for judged in all {
            add(&mut summaries, &judged);
            sink(&judged)?;
        }
        Ok(summaries)
    }

    fn summaries(&self) -> Vec<Summary> {
        self.replays.iter().map(|replay| Summary::of(replay.policy())).collect()
    }

    fn judge_partition(
        &self,
        entries: Entries,
        each: &mut dyn FnMut(Vec<Replayed>) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let mut failed = Ok(());
        let read = entries.for_each_key(|contents| {
            failed = self.judge_key(contents, each);
            if failed.is_ok() { Ok(()) } else { Err(io::ErrorKind::Interrupted.into()) }
        });
        failed?;
        read.context("a temporary file cannot be read")
    }

    /// Calls `visit` with every build that is kept.
    pub(super) fn visit_all(&mut self, visit: &mut dyn FnMut(PastBuild)) -> anyhow::Result<()> {
        let spill = std::mem::replace(&mut self.spill, Spill::new());
        for partition in spill.into_partitions() {
            let read = partition?.for_each_key(|contents| {
                let builds = by_build(contents)?.into_values().filter(|kept| !kept.is_earlier);
                let builds = builds.filter_map(|kept| join(kept.observed));
                builds.filter(|build| self.is_in_period(build.build.start_time)).for_each(&mut *visit);
                Ok(())
            });
            read.context("a temporary file cannot be read")?;
        }
        Ok(())
    }

    /// Judges the builds that have one key: one build, or those of a project.
    fn judge_key(
        &self,
        contents: &[Cow<'_, [u8]>],
        each: &mut dyn FnMut(Vec<Replayed>) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let unreadable = "a temporary file cannot be read";
        // Most builds have one entry.
        if let [only] = contents
            && let JoinedEntry::Judged(judged) = JoinedEntry::decode(only).context(unreadable)?
        {
            return each(judged);
        }
        let builds = by_build(contents).context(unreadable)?;
        let mut open = Vec::new();
        for kept in builds.into_values().filter(|kept| !kept.is_earlier) {
            match kept.judged {
                Some((_, judged)) => each(judged)?,
                None => open.extend(join(kept.observed).filter(|build| self.is_in_period(build.build.start_time))),
            }
        }
        let tries = if self.by_project { tries(&open) } else { Tries::new() };
        let contenders = self.by_project.then(|| self.contenders(&open, &tries));
        for build in open {
            let arn = build.build.arn.clone();
            let answer = |question: &_| Some(self.answer(&tries, arn.as_deref(), question));
            let judged = self.judge(build, contenders.as_deref(), answer);
            each(judged.map_err(|_| anyhow::anyhow!("a question about a build has no reply"))?)?;
        }
        Ok(())
    }

    /// Returns, for each policy, the builds of one project as its rules compare them.
    fn contenders(&self, builds: &[PastBuild], tries: &Tries) -> Vec<Contenders> {
        let of = |replay| {
            let contenders = builds.iter().filter_map(|build| {
                let answer = |question: &_| Some(self.answer(tries, build.build.arn.as_deref(), question));
                Contender::of(replay, build.clone(), self.now, answer)
            });
            contenders.collect()
        };
        self.replays.iter().map(of).collect()
    }

    /// Replies to a question about the build with this ARN.
    fn answer(&self, tries: &Tries, arn: Option<&str>, question: &Question) -> Reply {
        match question {
            Question::EarlierTry(id) if let Some(build) = tries.get(id.as_str()) => Reply::EarlierTry(build.clone()),
            _ => self.known.answer(arn, question),
        }
    }
}

/// The key by which builds are ordered.
fn by_start(judged: &[Replayed]) -> Option<(Option<Timestamp>, &str)> {
    judged.first().map(|build| (build.start, build.build_id.as_str()))
}

/// The Builds that CodeBuild may have retried. Events are left out: they lack members by which builds are compared.
fn tries(builds: &[PastBuild]) -> Tries {
    let retried = builds.iter().filter(|past| past.is_whole && past.build.auto_retry_config.is_some());
    retried.map(|past| (past.id.as_str().to_owned(), past.build.clone())).collect()
}

/// Groups the entries by the ids of their builds.
fn by_build<'c>(contents: &'c [Cow<'_, [u8]>]) -> io::Result<BTreeMap<String, KeptBuild<'c>>> {
    let mut builds: BTreeMap<String, KeptBuild<'c>> = BTreeMap::new();
    for bytes in contents {
        match JoinedEntry::decode(bytes)? {
            JoinedEntry::Judged(judged) => {
                let Some(id) = judged.first().map(|build| build.build_id.clone()) else { continue };
                let kept = builds.entry(id).or_default();
                if kept.judged.as_ref().is_none_or(|(other, _)| *other < &**bytes) {
                    kept.judged = Some((bytes, judged));
                }
            }
            JoinedEntry::Earlier(id) => builds.entry(id).or_default().is_earlier = true,
            JoinedEntry::Observed(observation) => {
                builds.entry(observation.id.as_str().to_owned()).or_default().observed.push(*observation);
            }
        }
    }
    Ok(builds)
}

fn add(summaries: &mut [Summary], judged: &[Replayed]) {
    for (summary, build) in summaries.iter_mut().zip(judged) {
        summary.add(build);
    }
}
