//! Runs a command again whenever its files change.
//!
//! Checks the times and lengths of the files every 300 milliseconds. Unlike a subscription to the system's
//! events, this works in containers and on network folders, and when an editor replaces a file.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    thread,
    time::{Duration, SystemTime},
};

use crate::output::{Exit, count, is_broken_pipe, print_error, print_note};

const INTERVAL: Duration = Duration::from_millis(300);

/// The time of the last change and the length of each file; `None` if it does not exist.
type Stamps = BTreeMap<PathBuf, Option<(SystemTime, u64)>>;

/// Runs the command now and after each change, until Ctrl-C ends the process. `list` returns the files that are known
/// before a run, and `run` returns all files that it has read.
///
/// # Errors
/// If the program that reads the output has closed it.
pub(crate) fn watch(
    list: impl Fn() -> Vec<PathBuf>,
    mut run: impl FnMut() -> anyhow::Result<Vec<PathBuf>>,
) -> anyhow::Result<Exit> {
    let mut read: Vec<PathBuf> = Vec::new();
    loop {
        let all = |read: &[PathBuf]| stamps(list().iter().chain(read));
        // These are taken before the run, so that a change during the run is noticed.
        let before = all(&read);
        match run() {
            Ok(files) => read = files,
            Err(error) if is_broken_pipe(&error) => return Err(error),
            // The error may be temporary, such as a folder that has no policy for a moment.
            Err(error) => print_error(&format!("buildbrake: {error:#}")),
        }
        let mut seen = all(&read);
        seen.extend(before.into_iter().filter(|(path, _)| seen.contains_key(path)).collect::<Stamps>());
        print_note(&format!("watching {}; Ctrl-C ends it", count(seen.len(), "file")));
        while all(&read) == seen {
            thread::sleep(INTERVAL);
        }
        // An editor may still be writing.
        let mut changed = all(&read);
        loop {
            thread::sleep(INTERVAL / 3);
            let now = all(&read);
            if now == changed {
                break;
            }
            changed = now;
        }
    }
}

fn stamps<'a>(paths: impl Iterator<Item = &'a PathBuf>) -> Stamps {
    paths.map(|path| (path.clone(), stamp(path))).collect()
}

fn stamp(path: &Path) -> Option<(SystemTime, u64)> {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}
