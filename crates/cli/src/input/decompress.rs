//! Decompresses the content of a file. The first bytes show whether and how it is compressed, layer by layer.

use std::{
    cell::Cell,
    io::{self, BufReader, Cursor, Read},
    rc::Rc,
};

use flate2::bufread::MultiGzDecoder;

use super::{
    bounds::Bounded,
    text::{self, NotJson},
    zstd::ZstdDecoder,
};

/// The decompressed content of a file.
pub(super) struct Content {
    reader: Bounded<Box<dyn Read>>,
    /// The first bytes of the decompressed content.
    head: Vec<u8>,
    raw: Rc<Cell<u64>>,
}

/// The maximum number of layers of compression. Subscription data is compressed, and Firehose compresses it again.
const LAYERS: usize = 4;

const BUFFER: usize = 1 << 16;

/// The number of bytes that show what a file is.
const HEAD: u64 = 512;

impl Content {
    /// Detects how the content is compressed, and starts to decompress it. If that fails, reading returns the error.
    pub(super) fn of(reader: Box<dyn Read>) -> Self {
        let raw = Rc::new(Cell::new(0));
        let mut reader: Box<dyn Read> = Box::new(CountingReader { inner: reader, count: Rc::clone(&raw) });
        let mut head;
        (head, reader) = peek(reader);
        let mut layers = 0;
        while let Some(compression) = Compression::of(&head) {
            if layers == LAYERS {
                reader = Box::new(Failed(Some(io::Error::other("it is compressed more than four times"))));
                break;
            }
            layers += 1;
            let compressed = BufReader::with_capacity(BUFFER, reader);
            reader = match compression {
                Compression::Gzip => Box::new(MultiGzDecoder::new(compressed)),
                Compression::Zstd => Box::new(ZstdDecoder::new(compressed)),
            };
            (head, reader) = peek(reader);
        }
        let reader = Bounded::new(reader, (layers > 0).then(|| Rc::clone(&raw)));
        Self { reader, head, raw }
    }

    /// The number of bytes that have been read of the file.
    pub(super) fn bytes_read(&self) -> Rc<Cell<u64>> {
        Rc::clone(&self.raw)
    }

    /// Describes the content if its first bytes show that it contains no JSON.
    pub(super) fn not_json(&self) -> Option<NotJson> {
        text::not_json(&self.head)
    }

    /// Returns whether the file decompresses at a higher ratio than builds do, too high to be JSON.
    pub(super) fn is_inflated(&self) -> bool {
        self.reader.is_inflated()
    }

    /// Closes the file. Reading returns no more bytes.
    pub(super) fn close(&mut self) {
        self.reader = Bounded::new(Box::new(io::empty()), None);
    }
}

impl Read for Content {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reader.read(buffer)
    }
}

/// Reads the first bytes. The returned reader begins with them again, and ends with the error, if there
/// was one.
fn peek(mut reader: Box<dyn Read>) -> (Vec<u8>, Box<dyn Read>) {
    let mut head = Vec::new();
    let read = reader.by_ref().take(HEAD).read_to_end(&mut head);
    let start = Cursor::new(head.clone());
    match read {
        Ok(_) => (head, Box::new(start.chain(reader))),
        Err(error) => (head, Box::new(start.chain(Failed(Some(error))))),
    }
}

/// A reader that returns an error once, and then no bytes.
struct Failed(Option<io::Error>);

impl Read for Failed {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

enum Compression {
    Gzip,
    Zstd,
}

impl Compression {
    /// Detects it by the first bytes: RFC 1952, section 2.3.1, and RFC 8878, section 3.1.1.
    fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0x1f, 0x8b, 0x08, ..] => Some(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Self::Zstd),
            _ => None,
        }
    }
}

/// Counts the bytes that are read.
struct CountingReader<R> {
    inner: R,
    count: Rc<Cell<u64>>,
}

impl<R: Read> Read for CountingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.count.set(self.count.get() + read as u64);
        Ok(read)
    }
}
