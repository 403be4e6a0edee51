//! Decompresses zstd, frame by frame.
//!
//! Uses `ruzstd`, which is written in Rust: building the command line for another platform needs no C
//! compiler for it.

use std::io::{self, BufRead, Read};

use ruzstd::decoding::{
    BlockDecodingStrategy, FrameDecoder,
    errors::{FrameDecoderError, ReadFrameHeaderError},
};

/// A file of any number of frames.
pub(super) struct ZstdDecoder<R> {
    reader: R,
    frame: FrameDecoder,
    is_in_frame: bool,
}

impl<R: BufRead> ZstdDecoder<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, frame: FrameDecoder::new(), is_in_frame: false }
    }

    /// Starts the next frame. Those that contain no data are skipped. Returns `false` at the end.
    fn start_frame(&mut self) -> io::Result<bool> {
        while !self.reader.fill_buf()?.is_empty() {
            match self.frame.init(&mut self.reader) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                    io::copy(&mut self.reader.by_ref().take(length.into()), &mut io::sink())?;
                }
                Err(error) => return Err(invalid(&error)),
            }
        }
        Ok(false)
    }
}

impl<R: BufRead> Read for ZstdDecoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !buffer.is_empty() {
            if !self.is_in_frame && !self.start_frame()? {
                return Ok(0);
            }
            self.is_in_frame = true;
            if self.frame.can_collect() == 0 && !self.frame.is_finished() {
                let wanted = BlockDecodingStrategy::UptoBytes(buffer.len());
                self.frame.decode_blocks(&mut self.reader, wanted).map_err(|error| invalid(&error))?;
            }
            let read = self.frame.read(buffer)?;
            if read > 0 {
                return Ok(read);
            }
            self.is_in_frame = !self.frame.is_finished();
        }
        Ok(0)
    }
}

/// A fault in the data.
fn invalid(error: &FrameDecoderError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error.to_string())
}
