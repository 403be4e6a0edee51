//! Reads recorded input: files, folders and standard input, plain or compressed, as chunks of JSON
//! values.
//!
//! A chunk is about 1 MB, so that several threads can parse chunks while the next one is read. Memory
//! does not grow with the input.

pub(crate) mod account;
mod bounds;
mod buffer;
pub(crate) mod chunks;
mod decompress;
mod framing;
mod lines;
mod paths;
mod scanner;
mod source;
#[cfg(test)]
mod tests;
mod text;
mod zstd;

use std::{
    fmt,
    fs::File,
    io,
    ops::{ControlFlow, Range},
    path::PathBuf,
    sync::Arc,
};

pub(crate) use self::source::HistorySource;
use self::{
    buffer::Buffer,
    decompress::Content,
    framing::{Framing, Limits},
    paths::Input,
};
use crate::output::print_detail;

/// A part of the input.
pub(crate) enum Read {
    Chunk(Chunk),
    Unreadable(Unreadable),
    Skipped(Skipped),
    /// The number of bytes that have been read so far, before decompression.
    Progress {
        bytes_read: u64,
    },
}

/// Complete JSON values of one file, with their places.
pub(crate) struct Chunk {
    pub(crate) bytes: Buffer,
    pub(crate) values: Vec<Framed>,
}

/// One value in the bytes of a chunk, or several on one line. It may turn out not to be JSON.
pub(crate) struct Framed {
    pub(crate) range: Range<usize>,
    pub(crate) place: InputPlace,
}

/// A part of the input that is not a value.
pub(crate) struct Unreadable {
    pub(crate) place: InputPlace,
    pub(crate) why: String,
}

/// A file or folder that is skipped, in a folder that the command line names.
pub(crate) struct Skipped {
    pub(crate) path: PathBuf,
    pub(crate) why: &'static str,
}

/// The place of a value: its line, and its byte if it is not the first on that line. Bytes count after
/// decompression, from 0.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct InputPlace {
    pub(crate) file: Arc<str>,
    pub(crate) line: u64,
    pub(crate) byte: Option<u64>,
}

impl fmt::Display for InputPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.byte {
            Some(byte) => write!(f, "{} at byte {byte}", self.file),
            None => write!(f, "{}:{}", self.file, self.line),
        }
    }
}

/// Reads all input. Calls `each` with its parts in order, until `each` returns `Break`.
///
/// # Errors
/// If one of the paths, or a file or folder in one of them, cannot be opened.
pub(crate) fn read(paths: &[PathBuf], each: &mut dyn FnMut(Read) -> ControlFlow<()>) -> anyhow::Result<()> {
    let (inputs, skipped) = paths::expand(paths)?;
    let mut bytes_read = 0;
    let skipped = skipped.into_iter().map(Read::Skipped).try_for_each(&mut *each);
    if skipped.is_continue() {
        // Ending early is no error.
        let _ = inputs.iter().try_for_each(|input| one(input, &mut bytes_read, each));
    }
    Ok(())
}

/// Reads a copy of values that were read before.
///
/// # Errors
/// None: a part that cannot be read is passed on as [`Read::Unreadable`].
pub(crate) fn read_copy(copy: File, each: &mut dyn FnMut(Read) -> ControlFlow<()>) -> anyhow::Result<()> {
    let content = Content::of(Box::new(copy));
    // Ending early is no error.
    let _ = Framing::new("copy".into(), content, Limits::OF_ALL_INPUT).run(each);
    Ok(())
}

/// The size of all files in bytes. `None` if it is unknown, as for standard input.
pub(crate) fn total_bytes(paths: &[PathBuf]) -> Option<u64> {
    let (inputs, _) = paths::expand(paths).ok()?;
    inputs.iter().map(Input::bytes).sum()
}

/// Reads one file.
fn one(input: &Input, bytes_read: &mut u64, each: &mut dyn FnMut(Read) -> ControlFlow<()>) -> ControlFlow<()> {
    let name: Arc<str> = input.name().into();
    print_detail(&format!("reading {name}"));
    let start = InputPlace { file: Arc::clone(&name), line: 1, byte: None };
    let content = match input.open() {
        Ok(file) => Content::of(file),
        Err(error) => return each(Read::Unreadable(Unreadable { place: start, why: why(&error) })),
    };
    let before = *bytes_read;
    let raw = content.bytes_read();
    let not_json = content.not_json();
    match (not_json, not_json.and_then(|found| found.help)) {
        (Some(found), _) if !input.is_named() => {
            each(Read::Skipped(Skipped { path: input.path(), why: found.what }))?;
        }
        (Some(found), Some(help)) => {
            each(Read::Unreadable(Unreadable { place: start, why: format!("{}; {help}", found.what) }))?;
        }
        (Some(_) | None, None) | (None, Some(_)) => {
            Framing::new(name, content, Limits::OF_ALL_INPUT).run(&mut |part| {
                each(part)?;
                each(Read::Progress { bytes_read: before + raw.get() })
            })?
        }
    }
    *bytes_read = before + raw.get();
    ControlFlow::Continue(())
}

/// The reason why reading failed.
fn why(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "the compressed data ends early; the file is cut off".to_owned(),
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
            format!("the compressed data is cut off or damaged: {error}")
        }
        _ => format!("the file cannot be read: {error}"),
    }
}
