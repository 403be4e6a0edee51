//! The file in which a history is saved: a line of JSON for each Project, BuildBatch and Build.

use std::{
    collections::{HashMap, HashSet},
    fs::{File, OpenOptions, TryLockError},
    io::{BufRead, BufReader, Seek, SeekFrom, Write},
    ops::ControlFlow,
    path::Path,
};

use anyhow::{Context, bail};
use buildbrake_core::{
    model::{Build, BuildBatch, Progress},
    record::saved::Saved,
};
use jiff::Timestamp;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{Each, HistoryScope};

/// The number of bytes that are handed over at once.
const PORTION: usize = 1 << 20;

/// The items that need not be read again.
#[derive(Default)]
pub(crate) struct KnownRuns {
    /// The builds and batches that have ended, by the first bytes of their ARNs' digests. This saves memory: a year may
    /// have millions of them.
    ended: HashSet<[u8; 16]>,
    /// The projects, with the time of their last change.
    projects: HashMap<String, Option<Timestamp>>,
}

impl KnownRuns {
    /// Returns whether the build or batch of this ARN is known, and has ended.
    pub(super) fn has(&self, arn: &str) -> bool {
        key(arn).is_some_and(|key| self.ended.contains(&key))
    }

    /// Adds an item that was read. Returns whether it is new or has changed.
    pub(super) fn add(&mut self, one: &Saved) -> bool {
        let Some(arn) = one.arn() else { return true };
        match one {
            Saved::Project(project) => self.add_project(arn, project.last_modified),
            Saved::Batch(batch) => self.add_run(arn, batch.progress()),
            Saved::Build(build) => self.add_run(arn, build.progress()),
        }
    }

    fn add_project(&mut self, arn: &str, changed: Option<Timestamp>) -> bool {
        self.projects.insert(arn.to_owned(), changed) != Some(changed)
    }

    fn add_run(&mut self, arn: &str, progress: Progress) -> bool {
        match key(arn).filter(|_| progress == Progress::Ended) {
            Some(key) => self.ended.insert(key),
            None => true,
        }
    }
}

fn key(arn: &str) -> Option<[u8; 16]> {
    Sha256::digest(arn).first_chunk().copied()
}

/// The members of a line that show what it is about.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LineHead {
    arn: String,
    name: Option<String>,
    project_name: Option<String>,
    start_time: Option<Timestamp>,
    last_modified: Option<Timestamp>,
    build_status: Option<String>,
    build_complete: Option<bool>,
    build_batch_status: Option<String>,
    complete: Option<bool>,
}

impl LineHead {
    /// Parses a line, if it is one that [`Saved::into_line`] wrote.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let line: Self = serde_json::from_slice(bytes).ok()?;
        let resource = line.arn.strip_prefix("arn:")?.split(':').nth(4)?;
        ["project/", "build/", "build-batch/"].iter().any(|kind| resource.starts_with(kind)).then_some(line)
    }

    /// Adds the line's item to the known ones. Returns whether it belongs to the scope.
    fn take(self, scope: &HistoryScope, since: Option<Timestamp>, known: &mut KnownRuns) -> bool {
        if self.arn.contains(":project/") {
            known.add_project(&self.arn, self.last_modified);
        } else if self.arn.contains(":build-batch/") {
            let (build_batch_status, complete) = (self.build_batch_status, self.complete);
            known.add_run(&self.arn, BuildBatch { build_batch_status, complete, ..BuildBatch::default() }.progress());
        } else {
            let (build_status, build_complete) = (self.build_status, self.build_complete);
            known.add_run(&self.arn, Build { build_status, build_complete, ..Build::default() }.progress());
        }
        let project = self.project_name.or(self.name);
        let is_recent = self.start_time.zip(since).is_none_or(|(start, since)| start >= since);
        // A batch may have started before its builds.
        project.is_some_and(|project| scope.has_project(&project)) && (is_recent || self.arn.contains(":build-batch/"))
    }
}

/// A saved history.
pub(crate) struct SavedHistory {
    file: File,
    name: String,
}

impl SavedHistory {
    /// Opens the file. If it does not exist, creates it so that other users cannot read it.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let name = path.display().to_string();
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).with_context(|| format!("{name}: the file cannot be opened"))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { file, name }),
            Err(TryLockError::WouldBlock) => bail!("{name}: another buildbrake is writing to this file"),
            // Not every file system has locks.
            Err(TryLockError::Error(_)) => Ok(Self { file, name }),
        }
    }

    /// Reads the file, and calls `each` with the lines that belong to the scope. A last line that was
    /// cut off is removed.
    pub(super) fn read(
        &self,
        scope: &HistoryScope,
        since: Option<Timestamp>,
        known: &mut KnownRuns,
        each: &mut Each<'_>,
    ) -> anyhow::Result<ControlFlow<()>> {
        (&self.file).seek(SeekFrom::Start(0))?;
        let mut reader = BufReader::with_capacity(PORTION, &self.file);
        let (mut lines, mut length, mut number) = (Vec::new(), 0, 0_u64);
        loop {
            let start = lines.len();
            let read = reader.read_until(b'\n', &mut lines)?;
            if read == 0 {
                break;
            }
            number += 1;
            let line = lines.get(start..).unwrap_or_default();
            let is_whole = line.ends_with(b"\n");
            match LineHead::parse(line) {
                Some(line) => {
                    if !is_whole {
                        lines.push(b'\n');
                        self.append(b"\n")?;
                    }
                    if !line.take(scope, since, known) {
                        lines.truncate(start);
                    }
                }
                // The program that wrote this last line was killed, or had no space left.
                None if !is_whole && is_cut_off(line) => {
                    lines.truncate(start);
                    self.file.set_len(length)?;
                    break;
                }
                None => bail!(
                    "{}, line {number}: not a line that `--save` writes; choose a file that does not exist",
                    self.name
                ),
            }
            length += read as u64;
            if lines.len() >= PORTION {
                if each(&lines).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
                lines.clear();
            }
        }
        Ok(if lines.is_empty() { ControlFlow::Continue(()) } else { each(&lines) })
    }

    /// Appends whole lines.
    pub(super) fn append(&self, lines: &[u8]) -> anyhow::Result<()> {
        (&self.file).write_all(lines).with_context(|| format!("{}: the file cannot be written", self.name))
    }
}

/// Returns whether a text is the beginning of a line that `--save` writes.
fn is_cut_off(text: &[u8]) -> bool {
    let begins = |line: &[u8]| text.starts_with(line) || line.starts_with(text);
    let is_json = serde_json::from_slice::<serde::de::IgnoredAny>(text).is_ok();
    !is_json && (begins(b"{\"id\":") || begins(b"{\"name\":"))
}
