//! Judges recorded builds: streaming, on all processors, with bounded memory.
//!
//! A build that has ended is judged as soon as it is read, if its verdict depends on nothing else. Its result
//! is kept. All other descriptions of builds are kept as they are. Results and descriptions are grouped by the
//! build's id (or by its project, if a rule compares builds). A build is thus judged once, however often and in
//! whatever order the input describes it.

mod entry;
mod joined;
mod known;
mod listed;
mod spill;

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    io,
    ops::ControlFlow,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc,
    },
    thread,
};

use anyhow::Context;
use buildbrake_core::{
    facts::inquiry::{Question, Reply},
    history::{BuildPart, Contenders, Item, Observation, ObservedIn, PastBuild, Replay, Replayed, recognize},
    model::Progress,
    summary::Summary,
};
use jiff::Timestamp;

pub(crate) use self::listed::ListedBuilds;
use self::{entry::JoinedEntry, known::InputContext, spill::Spill};
use crate::input::{Chunk, Read, Unreadable, account::HistoryScope};

/// The number of unreadable values that are named.
pub(crate) const NAMED_UNREADABLE: usize = 20;
/// The number of chunks that may wait for a worker.
const WAITING_CHUNKS: usize = 4;

/// The results of a replay.
pub(crate) struct ReplayResults {
    /// One summary for each policy.
    pub(crate) summaries: Vec<Summary>,
    /// The first of the unreadable values, each with its place and the reason.
    pub(crate) unreadable: Vec<String>,
    /// `true` if the input describes a build, even one that the scope excludes.
    pub(crate) has_builds: bool,
    /// `true` if it describes a project or a batch.
    pub(crate) has_others: bool,
}

/// What was read without being judged.
pub(crate) struct CollectedInput {
    /// The first of the unreadable values, each with its place and the reason.
    pub(crate) unreadable: Vec<String>,
    /// The number of all unreadable values.
    pub(crate) unreadable_count: u64,
    /// `true` if the input describes a build, even one that the scope excludes.
    pub(crate) has_builds: bool,
}

/// Builds that are read, and the policies that judge them.
pub(crate) struct Engine<'p> {
    replays: Vec<Replay<'p>>,
    /// The time that is used for a build if none of its times is known.
    now: Timestamp,
    /// `true` if the first unreadable value ends the replay.
    is_strict: bool,
    /// `true` if builds are brought together by their projects.
    by_project: bool,
    /// The part of Builds that is read first. The verdict on most builds depends on nothing else.
    part: Option<BuildPart>,
    /// The builds that are wanted.
    scope: HistoryScope,
    since: Option<Timestamp>,
    known: InputContext,
    spill: Spill,
    unreadable: Mutex<Vec<Unreadable>>,
    unreadable_count: AtomicU64,
    has_builds: AtomicBool,
    has_others: AtomicBool,
    has_failed: AtomicBool,
}

/// A callback that receives each build's results, one for each policy.
pub(crate) type ResultSink<'s> = dyn FnMut(&[Replayed]) -> anyhow::Result<()> + Send + 's;

impl<'p> Engine<'p> {
    pub(crate) fn new(replays: Vec<Replay<'p>>, scope: &HistoryScope, now: Timestamp, is_strict: bool) -> Self {
        let by_project = replays.iter().any(|replay| replay.policy().compares_builds());
        Self {
            part: BuildPart::of(&replays),
            replays,
            now,
            is_strict,
            by_project,
            scope: scope.clone(),
            since: scope.since(now),
            known: InputContext::default(),
            spill: Spill::new(),
            unreadable: Mutex::default(),
            unreadable_count: AtomicU64::default(),
            has_builds: AtomicBool::default(),
            has_others: AtomicBool::default(),
            has_failed: AtomicBool::default(),
        }
    }

    /// Reads the whole input, and calls `sink` with each build's results.
    ///
    /// # Errors
    /// If the input cannot be opened, if `sink` fails, or, in strict mode, at the first unreadable value.
    pub(crate) fn run(
        mut self,
        read: impl FnOnce(&mut dyn FnMut(Read) -> ControlFlow<()>) -> anyhow::Result<()>,
        sink: &mut ResultSink<'_>,
    ) -> anyhow::Result<ReplayResults> {
        let workers = thread::available_parallelism().map_or(1, Into::into);
        self.read_all(read, workers)?;
        let unreadable = self.named_unreadable();
        if let (true, Some(first)) = (self.is_strict, unreadable.first()) {
            anyhow::bail!("{first}; without `--strict`, it is skipped and counted");
        }
        let count = self.unreadable_count.load(Ordering::Relaxed);
        let mut summaries = self.judge_all(workers, sink)?;
        summaries.iter_mut().for_each(|summary| summary.unreadable = count);
        let [has_builds, has_others] = [&self.has_builds, &self.has_others].map(|one| one.load(Ordering::Relaxed));
        Ok(ReplayResults { summaries, unreadable, has_builds, has_others })
    }

    /// Reads the whole input, joins the observations of each build, and calls `visit` with each build, in no
    /// particular order. Judges nothing.
    ///
    /// # Errors
    /// If the input cannot be opened.
    pub(crate) fn collect(
        mut self,
        read: impl FnOnce(&mut dyn FnMut(Read) -> ControlFlow<()>) -> anyhow::Result<()>,
        visit: &mut dyn FnMut(PastBuild),
    ) -> anyhow::Result<CollectedInput> {
        self.replays.clear();
        self.part = None;
        self.read_all(read, thread::available_parallelism().map_or(1, Into::into))?;
        self.visit_all(visit)?;
        Ok(CollectedInput {
            unreadable: self.named_unreadable(),
            unreadable_count: self.unreadable_count.load(Ordering::Relaxed),
            has_builds: self.has_builds.load(Ordering::Relaxed),
        })
    }

    /// Reads the input on this thread and parses it on others.
    fn read_all(
        &self,
        read: impl FnOnce(&mut dyn FnMut(Read) -> ControlFlow<()>) -> anyhow::Result<()>,
        workers: usize,
    ) -> anyhow::Result<()> {
        let (send, receive) = mpsc::sync_channel::<Chunk>(WAITING_CHUNKS);
        let receive = Mutex::new(receive);
        thread::scope(|scope| {
            let receive = &receive;
            let work = || -> io::Result<()> {
                let mut done = Ok(());
                loop {
                    let chunk = lock(receive).recv();
                    let Ok(chunk) = chunk else { return done };
                    // After a failure, chunks are still received: the reader may be waiting to send one.
                    if !self.has_failed.load(Ordering::Relaxed) {
                        done = self.take(&chunk).inspect_err(|_| self.has_failed.store(true, Ordering::Relaxed));
                    }
                }
            };
            let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
            let read = read(&mut |read| {
                match read {
                    Read::Chunk(chunk) => {
                        if send.send(chunk).is_err() {
                            return ControlFlow::Break(());
                        }
                    }
                    Read::Unreadable(unreadable) => self.add_unreadable(unreadable),
                    // Both are shown to the user where the input is opened.
                    Read::Skipped(_) | Read::Progress { .. } => {}
                }
                match self.has_failed.load(Ordering::Relaxed) {
                    true => ControlFlow::Break(()),
                    false => ControlFlow::Continue(()),
                }
            });
            drop(send);
            for worker in workers {
                let done = worker.join().map_err(|_| anyhow::anyhow!("a worker stopped unexpectedly"))?;
                done.context("a temporary file cannot be written")?;
            }
            read
        })
    }

    fn add_unreadable(&self, value: Unreadable) {
        self.unreadable_count.fetch_add(1, Ordering::Relaxed);
        let mut unreadable = lock(&self.unreadable);
        unreadable.push(value);
        if unreadable.len() >= 2 * NAMED_UNREADABLE {
            keep_first(&mut unreadable);
        }
        if self.is_strict {
            self.has_failed.store(true, Ordering::Relaxed);
        }
    }

    /// The first unreadable values, in the order of the input's places.
    fn named_unreadable(&self) -> Vec<String> {
        let mut unreadable = lock(&self.unreadable);
        keep_first(&mut unreadable);
        unreadable.drain(..).map(|Unreadable { place, why }| format!("{place}: {why}")).collect()
    }

    /// Judges or keeps the builds of a chunk, and keeps its projects and batches.
    fn take(&self, chunk: &Chunk) -> io::Result<()> {
        for value in &chunk.values {
            let json = chunk.bytes.get(value.range.clone()).unwrap_or_default();
            if let Some(build) = self.part.as_ref().and_then(|part| part.read(json))
                && self.take_part(build)?
            {
                continue;
            }
            let (mut failed, mut has_sandbox) = (Ok(()), false);
            let recognized = recognize(json, |item| match item {
                Item::Build(observation) => {
                    let kept = self.take_build(observation);
                    failed = std::mem::replace(&mut failed, Ok(())).and(kept);
                }
                Item::Project(project) => {
                    self.has_others.store(true, Ordering::Relaxed);
                    self.known.add_project(*project);
                }
                Item::Batch(batch) => {
                    self.has_others.store(true, Ordering::Relaxed);
                    self.known.add_batch(*batch);
                }
                Item::Sandbox(_) => has_sandbox = true,
            });
            failed?;
            if has_sandbox {
                let why = "this is a sandbox, not a build; `buildbrake explain` judges it".to_owned();
                self.add_unreadable(Unreadable { place: value.place.clone(), why });
            }
            if let Err(error) = recognized {
                self.add_unreadable(Unreadable { place: value.place.clone(), why: error.to_string() });
            }
        }
        Ok(())
    }

    fn take_build(&self, observation: Observation) -> io::Result<()> {
        self.has_builds.store(true, Ordering::Relaxed);
        if !self.scope.has_project(observation.id.project()) {
            return Ok(());
        }
        let is_ended = observation.from == ObservedIn::Api && observation.build.progress() == Progress::Ended;
        let is_final = is_ended && !self.replays.is_empty();
        // A retry is compared with other builds by the members of this build, which is kept for that.
        let is_compared_try = self.by_project && observation.build.auto_retry_config.is_some();
        if is_ended && !self.is_in_period(observation.build.start_time) {
            return self.add_earlier(&observation);
        }
        let key = self.key(&observation);
        let entry = if is_final && observation.recorded_ref.is_none() && !is_compared_try {
            self.judge_at_once(observation)
        } else {
            JoinedEntry::Observed(Box::new(observation))
        };
        self.spill.add(key, &entry.encode()?)
    }

    /// Judges a build that has ended by the part of its Build that was read. Returns `false` if it must be read
    /// whole, because its verdict depends on something else, too.
    fn take_part(&self, part: Observation) -> io::Result<bool> {
        self.has_builds.store(true, Ordering::Relaxed);
        if !self.scope.has_project(part.id.project()) {
            return Ok(true);
        }
        if !self.is_in_period(part.build.start_time) {
            return self.add_earlier(&part).map(|()| true);
        }
        let key = self.key(&part);
        match self.judge(part.into(), None, |_| None) {
            Ok(judged) => self.spill.add(key, &JoinedEntry::Judged(judged).encode()?).map(|()| true),
            Err(_) => Ok(false),
        }
    }

    /// Keeps only that the build started before the period: its events and records may not contain its start.
    fn add_earlier(&self, observation: &Observation) -> io::Result<()> {
        let entry = JoinedEntry::Earlier(observation.id.as_str().to_owned());
        self.spill.add(self.key(observation), &entry.encode()?)
    }

    /// Returns whether a build that started at that time is wanted.
    fn is_in_period(&self, start: Option<Timestamp>) -> bool {
        self.since.is_none_or(|since| start.is_none_or(|start| start >= since))
    }

    fn key(&self, observation: &Observation) -> u64 {
        let mut hasher = DefaultHasher::new();
        if self.by_project {
            observation.id.project().hash(&mut hasher);
        } else {
            observation.id.hash(&mut hasher);
        }
        hasher.finish()
    }

    /// Judges a build that has ended, if its verdict depends on nothing that may still come.
    fn judge_at_once(&self, observation: Observation) -> JoinedEntry {
        match self.judge(observation.into(), None, |_| None) {
            Ok(judged) => JoinedEntry::Judged(judged),
            Err(build) => JoinedEntry::Observed(Box::new((*build).into())),
        }
    }

    /// Judges a build by each policy.
    fn judge(
        &self,
        build: PastBuild,
        contenders: Option<&[Contenders]>,
        answer: impl Fn(&Question) -> Option<Reply>,
    ) -> Result<Vec<Replayed>, Box<PastBuild>> {
        let Some((last, others)) = self.replays.split_last() else { return Ok(Vec::new()) };
        let of = |index: usize| contenders.and_then(|contenders| contenders.get(index));
        let mut judged = Vec::with_capacity(self.replays.len());
        for (index, replay) in others.iter().enumerate() {
            judged.push(replay.judge(build.clone(), of(index), self.now, &answer)?);
        }
        judged.push(last.judge(build, of(others.len()), self.now, &answer)?);
        Ok(judged)
    }
}

/// Keeps the values with the first places. Workers find unreadable values in no particular order.
fn keep_first(unreadable: &mut Vec<Unreadable>) {
    unreadable.sort_by(|one, other| one.place.cmp(&other.place));
    unreadable.truncate(NAMED_UNREADABLE);
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
