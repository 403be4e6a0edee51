//! Limits how far a file may decompress.

use std::{
    cell::Cell,
    io::{self, Read},
    rc::Rc,
};

/// A reader that fails if a file decompresses at a higher ratio than any JSON.
pub(super) struct Bounded<R> {
    inner: R,
    /// The number of compressed bytes that were read. `None` if the file is not compressed.
    compressed: Option<Rc<Cell<u64>>>,
    decompressed: u64,
}

/// The highest ratio of decompressed to compressed bytes that is allowed. Gzip reaches at most 1032.
const MAX_RATIO: u64 = 1000;
/// The number of decompressed bytes up to which any ratio is harmless.
const HARMLESS: u64 = 1 << 30;
/// The ratio above which a value that is too long is taken for a decompression bomb. Builds compress to a tenth of
/// their size.
const INFLATED: u64 = 100;

impl<R> Bounded<R> {
    pub(super) fn new(inner: R, compressed: Option<Rc<Cell<u64>>>) -> Self {
        Self { inner, compressed, decompressed: 0 }
    }

    /// Returns whether the file decompresses at a higher ratio than builds do, too high to be JSON.
    pub(super) fn is_inflated(&self) -> bool {
        self.ratio() > INFLATED
    }

    fn ratio(&self) -> u64 {
        self.compressed.as_ref().map_or(0, |compressed| self.decompressed / compressed.get().max(1))
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.decompressed += read as u64;
        if self.decompressed > HARMLESS && self.ratio() > MAX_RATIO {
            return Err(io::Error::other("it decompresses to more than 1000 times its size, which no JSON does"));
        }
        Ok(read)
    }
}
