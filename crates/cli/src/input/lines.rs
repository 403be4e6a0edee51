//! Finds and counts the ends of lines.

use memchr::{memchr, memchr_iter};

/// The ends of lines in a buffer, which is searched once.
#[derive(Default)]
pub(super) struct Lines {
    /// The line feeds before this byte are counted.
    counted_to: usize,
    count: u64,
    /// The byte from which the next line feed was searched for, and the place of the line feed, if there is one.
    next: Option<(usize, Option<usize>)>,
}

impl Lines {
    /// The first line feed at or after a byte.
    pub(super) fn end(&mut self, buffer: &[u8], at: usize) -> Option<usize> {
        match self.next {
            Some((from, None)) if from <= at => None,
            Some((from, Some(end))) if from <= at && at <= end => Some(end),
            _ => {
                self.count_to(buffer, at);
                let end = memchr(b'\n', &buffer[at..]).map(|end| at + end);
                self.counted_to = end.unwrap_or(buffer.len());
                self.next = Some((at, end));
                end
            }
        }
    }

    /// Returns the number of line feeds before a byte. `at` must not decrease from call to call.
    pub(super) fn count_to(&mut self, buffer: &[u8], at: usize) -> u64 {
        if let Some(after) = buffer.get(self.counted_to..at) {
            self.count += memchr_iter(b'\n', after).count() as u64;
            self.counted_to = at;
        }
        self.count
    }
}
