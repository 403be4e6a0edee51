//! The history that a command reads: files, or accounts.

use std::{
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use jiff::Timestamp;

use super::{Read, account, chunks, read, total_bytes};
use crate::progress::ReadingProgress;

/// The options that name the history.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct HistorySource {
    /// Recorded builds: files, folders, or `-` for standard input.
    #[arg(value_name = "INPUT", conflicts_with_all = ["account", "profile", "region", "endpoint_url", "save"])]
    pub(crate) inputs: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) account: account::AccountOptions,
}

impl HistorySource {
    /// Reads the whole history, and shows the progress on a terminal.
    ///
    /// # Errors
    /// If a file cannot be opened, or if an account cannot be read.
    pub(crate) fn read(&self, now: Timestamp, each: &mut dyn FnMut(Read) -> ControlFlow<()>) -> anyhow::Result<()> {
        if self.account.account {
            return chunks::read_account(&self.account, now, each);
        }
        self.read_files(true, each)
    }

    /// Reads the same files again. Does not report skipped files again.
    ///
    /// # Errors
    /// If a file cannot be opened.
    pub(crate) fn read_again(&self, each: &mut dyn FnMut(Read) -> ControlFlow<()>) -> anyhow::Result<()> {
        self.read_files(false, each)
    }

    fn read_files(&self, names_skipped: bool, each: &mut dyn FnMut(Read) -> ControlFlow<()>) -> anyhow::Result<()> {
        anyhow::ensure!(
            !self.inputs.is_empty(),
            "no input; name files or folders, `-` for standard input, or use `--account`"
        );
        let mut progress = ReadingProgress::of(total_bytes(&self.inputs));
        let done = read(&self.inputs, &mut |part| {
            if names_skipped || !matches!(part, Read::Skipped(_)) {
                progress.show(&part);
            }
            each(part)
        });
        progress.finish();
        done
    }

    /// Returns whether it can be read only once.
    pub(crate) fn is_read_once(&self) -> bool {
        self.account.account || self.inputs.iter().any(|input| input == Path::new("-"))
    }
}
