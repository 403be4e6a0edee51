//! A progress bar on a terminal, with rate and time left; nothing in a pipe.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::{
    input::{Read, Skipped},
    output::{Verbosity, print_note, verbosity},
};

/// The progress of reading.
pub(crate) struct ReadingProgress {
    bar: ProgressBar,
}

impl ReadingProgress {
    /// Starts at zero bytes. `total` is the number of bytes to read, if it is known. Shows nothing if standard error is
    /// not a terminal.
    pub(crate) fn of(total: Option<u64>) -> Self {
        let (bar, template) = match total {
            Some(total) => (ProgressBar::new(total), "{wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta} left"),
            None => (ProgressBar::new_spinner(), "{spinner} {bytes} {bytes_per_sec} {elapsed}"),
        };
        if verbosity() == Verbosity::Quiet {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        // The template is a constant; a wrong one would only change the look.
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        Self { bar: bar.with_style(style) }
    }

    /// Updates the bar, and prints a note about each file or folder that is skipped.
    pub(crate) fn show(&mut self, part: &Read) {
        match part {
            Read::Progress { bytes_read } => self.bar.set_position(*bytes_read),
            Read::Skipped(Skipped { path, why }) => {
                self.bar.suspend(|| print_note(&format!("{}: skipped: {why}", path.display())));
            }
            Read::Chunk(_) | Read::Unreadable(_) => {}
        }
    }

    pub(crate) fn finish(self) {
        self.bar.finish_and_clear();
    }
}
