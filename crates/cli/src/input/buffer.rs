//! The bytes of a chunk, in reused memory. New memory would have to be zeroed before each read.

use std::{
    io::{self, Read},
    ops::Deref,
    sync::{Arc, Mutex, PoisonError},
};

/// A pool of memory for chunks. Clones share the pool.
#[derive(Clone, Default)]
pub(super) struct Pool(Arc<Mutex<Vec<Vec<u8>>>>);

/// The number of bytes above which memory returns to the system instead of the pool.
const MAX_POOLED: usize = 4 << 20;

impl Pool {
    fn take(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    fn put_back(&self, memory: Vec<u8>) {
        if (1..=MAX_POOLED).contains(&memory.len()) {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(memory);
        }
    }
}

/// Bytes that are read, and kept until they are parsed.
pub(crate) struct Buffer {
    memory: Vec<u8>,
    /// The number of bytes that were read.
    length: usize,
    pool: Pool,
}

impl Buffer {
    /// Creates an empty buffer with memory of the pool.
    pub(super) fn of(pool: &Pool) -> Self {
        Self { memory: pool.take(), length: 0, pool: pool.clone() }
    }

    /// Appends up to `count` bytes, fewer only at the end. Returns their number.
    ///
    /// # Errors
    /// If reading fails. What was read before is kept.
    pub(super) fn read(&mut self, reader: &mut impl Read, count: usize) -> io::Result<usize> {
        let before = self.length;
        let full = before + count;
        if self.memory.len() < full {
            self.memory.resize(full, 0);
        }
        while let Some(free) = self.memory.get_mut(self.length..full).filter(|free| !free.is_empty()) {
            match reader.read(free) {
                Ok(0) => break,
                Ok(read) => self.length += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(self.length - before)
    }

    /// Keeps the first bytes, and returns the others.
    pub(super) fn split_off(&mut self, at: usize) -> Self {
        let mut rest = Self::of(&self.pool);
        rest.append(self.get(at..).unwrap_or_default());
        self.length = self.length.min(at);
        rest
    }

    /// Removes the first bytes.
    pub(super) fn drop_to(&mut self, end: usize) {
        self.memory.copy_within(end..self.length, 0);
        self.length -= end;
    }

    /// Releases the memory beyond this number of bytes. Keeps the content.
    pub(super) fn shrink_to(&mut self, bytes: usize) {
        self.memory.truncate(bytes.max(self.length));
        self.memory.shrink_to_fit();
    }

    fn append(&mut self, bytes: &[u8]) {
        let end = self.length + bytes.len();
        if self.memory.len() < end {
            self.memory.resize(end, 0);
        }
        if let Some(free) = self.memory.get_mut(self.length..end) {
            free.copy_from_slice(bytes);
            self.length = end;
        }
    }
}

impl From<&[u8]> for Buffer {
    fn from(bytes: &[u8]) -> Self {
        Self { memory: bytes.to_vec(), length: bytes.len(), pool: Pool::default() }
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.memory.get(..self.length).unwrap_or_default()
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.pool.put_back(std::mem::take(&mut self.memory));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_that_is_used_again_contains_nothing_of_before() {
        let pool = Pool::default();
        let mut buffer = Buffer::of(&pool);
        assert_eq!(buffer.read(&mut b"abcdefgh".as_slice(), 6).unwrap(), 6);
        let rest = buffer.split_off(4);
        assert_eq!((&*buffer, &*rest), (b"abcd".as_slice(), b"ef".as_slice()));
        drop(buffer);
        let mut again = Buffer::of(&pool);
        assert_eq!(&*again, b"");
        assert_eq!(again.read(&mut b"xyz".as_slice(), 6).unwrap(), 3);
        assert_eq!(&*again, b"xyz");
        again.drop_to(1);
        assert_eq!(&*again, b"yz");
        again.drop_to(2);
        assert_eq!(again.read(&mut io::empty(), 6).unwrap(), 0);
        assert_eq!(&*again, b"");
    }
}
