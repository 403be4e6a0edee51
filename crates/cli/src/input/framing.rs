//! Splits a file into JSON values.
//!
//! A line that begins with `{` and ends with `}` is not scanned, unless the next line may continue its
//! value. This is fast. All other values are scanned for their end.

use std::{
    io, mem,
    ops::{ControlFlow, Range},
    sync::Arc,
};

use memchr::{memchr, memchr_iter, memchr3, memmem};

use super::{
    Chunk, Framed, InputPlace, Read, Unreadable,
    buffer::{Buffer, Pool},
    decompress::Content,
    lines::Lines,
    scanner::{Scan, Scanner},
    text::{BOM, LineKind, is_separator},
    why,
};

/// Limits of the bytes in memory.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    /// The number of bytes that are read at once.
    pub(super) chunk: usize,
    /// The number of bytes of the longest value.
    pub(super) value: usize,
}

impl Limits {
    pub(super) const OF_ALL_INPUT: Self = Self { chunk: 1 << 20, value: 64 << 20 };
}

/// The names of the lists in API responses, merged pages and CloudTrail files.
const LISTS: [&str; 6] =
    [r#""builds""#, r#""projects""#, r#""buildBatches""#, r#""events""#, r#""Records""#, r#""Events""#];

/// A file that is split into values.
pub(super) struct Framing {
    file: Arc<str>,
    content: Content,
    limits: Limits,
    /// The bytes that are read but not framed yet.
    buffer: Buffer,
    /// The position of the buffer's first byte.
    start: FilePosition,
    /// The scanner of the value at the buffer's start, and the number of bytes that it has scanned.
    scanner: Option<(Scanner, usize)>,
    /// Set while the rest of a value or line that is too long is passed over.
    passing: Option<Passing>,
    /// `true` in an object whose list is read element by element.
    is_in_object: bool,
    lists: Lists,
    unknown: Option<UnknownLines>,
}

/// The lists around the values. A bracket counts once a value follows: other texts begin with brackets
/// too, such as `[2026-11-22] {…}`.
#[derive(Default)]
struct Lists {
    open: u64,
    /// Brackets that nothing has followed yet.
    undecided: u64,
}

impl Lists {
    fn read(&mut self, separators: &[u8]) {
        for separator in separators {
            match separator {
                b'[' => self.undecided += 1,
                b']' if self.undecided > 0 => self.undecided -= 1,
                b']' => self.open = self.open.saturating_sub(1),
                _ => {}
            }
        }
    }

    fn value_follows(&mut self) {
        self.open += std::mem::take(&mut self.undecided);
    }

    fn text_follows(&mut self) {
        self.undecided = 0;
    }

    fn are_closed(&self) -> bool {
        self.open + self.undecided == 0
    }
}

/// A place in the file.
#[derive(Clone, Copy)]
struct FilePosition {
    byte: u64,
    line: u64,
    /// The line of the last value.
    line_of_last: u64,
}

enum Passing {
    Value(Scanner),
    Line,
}

/// Lines of unknown text that follow each other.
struct UnknownLines {
    place: InputPlace,
    lines: u64,
}

/// The kind of the next bytes.
enum Next {
    Value(usize),
    /// Separators or known text up to this byte.
    Nothing(usize),
    /// Unknown text up to this byte.
    Unknown(usize),
    /// A value that ends before this byte without being complete.
    Broken(usize),
    /// More bytes are needed to decide.
    More,
}

type Each<'a> = &'a mut dyn FnMut(Read) -> ControlFlow<()>;

impl Framing {
    pub(super) fn new(file: Arc<str>, content: Content, limits: Limits) -> Self {
        Self {
            file,
            content,
            limits,
            buffer: Buffer::of(&Pool::default()),
            start: FilePosition { byte: 0, line: 1, line_of_last: 0 },
            scanner: None,
            passing: None,
            is_in_object: false,
            lists: Lists::default(),
            unknown: None,
        }
    }

    /// Passes on all parts of the file.
    pub(super) fn run(mut self, each: Each<'_>) -> ControlFlow<()> {
        loop {
            let read = self.buffer.read(&mut self.content, self.limits.chunk);
            let is_end = read.as_ref().map_or(true, |count| *count == 0);
            self.pass_over();
            let framed = self.frame(is_end, each)?;
            self.emit(framed, each)?;
            if is_end {
                return self.end(read.err(), each);
            }
            self.limit(each)?;
        }
    }

    /// Frames the values in the buffer, as far as they are complete. Returns them with the number of
    /// bytes that were framed.
    fn frame(&mut self, is_end: bool, each: Each<'_>) -> ControlFlow<(), (Vec<Framed>, usize)> {
        let (mut values, mut at) = (Vec::new(), 0);
        let mut lines = Lines::default();
        while at < self.buffer.len() {
            let end = match self.next(at, lines.end(&self.buffer, at), is_end) {
                Next::More => break,
                Next::Nothing(end) => end,
                Next::Unknown(end) => {
                    let place = self.place(&mut lines, at);
                    self.unknown.get_or_insert(UnknownLines { place, lines: 0 }).lines += 1;
                    end
                }
                Next::Value(end) => {
                    let place = self.place(&mut lines, at);
                    self.start.line_of_last = place.line;
                    self.report_unknown(each)?;
                    values.push(Framed { range: at..end, place });
                    end
                }
                Next::Broken(end) => {
                    let place = self.place(&mut lines, at);
                    self.report_unknown(each)?;
                    each(Read::Unreadable(Unreadable {
                        place,
                        why: "this is not JSON; the value is cut off or damaged".to_owned(),
                    }))?;
                    end
                }
            };
            self.scanner = None;
            at = end;
        }
        self.start.line += lines.count_to(&self.buffer, at);
        ControlFlow::Continue((values, at))
    }

    /// Determines what begins at a byte. `line_end` is the next line feed.
    fn next(&mut self, at: usize, line_end: Option<usize>, is_end: bool) -> Next {
        let rest = &self.buffer[at..];
        match rest[0] {
            byte if is_separator(byte) => {
                let end = rest.iter().take_while(|byte| is_separator(**byte)).count();
                self.lists.read(&rest[..end]);
                return Next::Nothing(at + end);
            }
            b'{' => self.lists.value_follows(),
            _ => self.lists.text_follows(),
        }
        match rest[0] {
            b'{' => match line_end {
                Some(line_end) if !self.is_in_object && self.is_whole_line(at..line_end, is_end) => {
                    Next::Value(line_end)
                }
                Some(_) => self.scan(at),
                // A short rest is put before the next chunk.
                None if at > 0 && rest.len() < self.limits.chunk / 16 && !is_end => Next::More,
                None => self.scan(at),
            },
            b'}' if self.is_in_object => {
                self.is_in_object = false;
                Next::Nothing(at + 1)
            }
            // The name of a list, or another member, such as the token of the next page.
            b'"' if self.is_in_object && (line_end.is_some() || is_end) => {
                let line_end = line_end.unwrap_or(self.buffer.len());
                Next::Nothing(at + memchr3(b'{', b'[', b'}', &self.buffer[at..line_end]).unwrap_or(line_end - at))
            }
            0xef if rest.starts_with(BOM) => Next::Nothing(at + BOM.len()),
            _ => {
                let Some(line_end) = line_end.or(is_end.then_some(self.buffer.len())) else { return Next::More };
                match LineKind::of(&self.buffer[at..line_end]) {
                    LineKind::JsonAt(json) => Next::Nothing(at + json),
                    LineKind::Known => Next::Nothing(line_end),
                    LineKind::Unknown => Next::Unknown(line_end),
                }
            }
        }
    }

    /// Returns whether a line that begins with `{` consists of whole values. It does if it ends with `}`, and the next
    /// line does not begin with white space, a comma or a closing bracket, as it would if the value were not complete.
    fn is_whole_line(&self, line: Range<usize>, is_end: bool) -> bool {
        let after = self.buffer.get(line.end + 1);
        let ends_value = after.map_or(is_end, |byte| !byte.is_ascii_whitespace() && !b",]}".contains(byte));
        ends_value && self.buffer[line].trim_ascii_end().ends_with(b"}")
    }

    /// Scans a value, or continues the scan of it.
    fn scan(&mut self, at: usize) -> Next {
        let (mut scanner, scanned) = self.scanner.take().unwrap_or_default();
        let from = at + scanned;
        match scanner.scan(&self.buffer[from..]) {
            Scan::End(end) => Next::Value(from + end),
            // If a value is cut off after a comma, the next line seems to belong to it.
            Scan::Broken(end) => Next::Broken(self.last_line_of_value(at, from + end)),
            Scan::Incomplete if let Some(list) = self.long_list(at) => {
                self.is_in_object = true;
                Next::Nothing(at + list)
            }
            Scan::Incomplete => {
                self.scanner = Some((scanner, self.buffer.len() - at));
                Next::More
            }
        }
    }

    /// Returns the start of the last line before `end` that begins with `{`, or `end` if there is none.
    fn last_line_of_value(&self, at: usize, end: usize) -> usize {
        memmem::rfind(&self.buffer[at..end], b"\n{").map_or(end, |line_end| at + line_end + 1)
    }

    /// Returns the offset of the list in a long object that begins with one, such as `{"builds": [`.
    fn long_list(&self, at: usize) -> Option<usize> {
        let object = self.buffer.get(at..).filter(|object| object.len() >= self.limits.chunk)?;
        let inside = object.strip_prefix(b"{")?.trim_ascii_start();
        let after = LISTS.iter().find_map(|name| inside.strip_prefix(name.as_bytes()))?;
        let list = after.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
        list.starts_with(b"[").then_some(object.len() - list.len())
    }

    /// Passes on framed values, and keeps the rest of the buffer.
    fn emit(&mut self, (values, framed): (Vec<Framed>, usize), each: Each<'_>) -> ControlFlow<()> {
        self.start.byte += framed as u64;
        if framed == 0 {
            return ControlFlow::Continue(());
        }
        let rest = self.buffer.split_off(framed);
        let bytes = mem::replace(&mut self.buffer, rest);
        if values.is_empty() {
            return ControlFlow::Continue(());
        }
        each(Read::Chunk(Chunk { bytes, values }))
    }

    /// Drops the buffer and reports it, if it is longer than a value may be.
    fn limit(&mut self, each: Each<'_>) -> ControlFlow<()> {
        if self.buffer.len() <= self.limits.value {
            return ControlFlow::Continue(());
        }
        let place = self.place(&mut Lines::default(), 0);
        self.passing = Some(self.scanner.take().map_or(Passing::Line, |(scanner, _)| Passing::Value(scanner)));
        self.drop_to(self.buffer.len());
        let why = if self.content.is_inflated() {
            self.content.close();
            "one value decompresses to more than 64 MB, more than 100 times its size; the rest of the file is not read"
        } else {
            "a value of more than 64 MB; write each build as a value of its own, such as with `jq -c '.builds[]'`"
        };
        self.report_unknown(each)?;
        each(Read::Unreadable(Unreadable { place, why: why.to_owned() }))
    }

    /// Drops the rest of a value or line that is too long.
    fn pass_over(&mut self) {
        let end = match &mut self.passing {
            None => return,
            Some(Passing::Line) => memchr(b'\n', &self.buffer),
            Some(Passing::Value(scanner)) => match scanner.scan(&self.buffer) {
                Scan::Incomplete => None,
                Scan::End(end) | Scan::Broken(end) => Some(end),
            },
        };
        if end.is_some() {
            self.passing = None;
        }
        self.drop_to(end.unwrap_or(self.buffer.len()));
    }

    fn drop_to(&mut self, end: usize) {
        self.start.line += memchr_iter(b'\n', &self.buffer[..end]).count() as u64;
        self.start.byte += end as u64;
        self.buffer.drop_to(end);
        // The memory of a long value is given back.
        self.buffer.shrink_to(self.limits.chunk);
    }

    /// Ends the file. Reports the read error, or a value or list that is cut off.
    fn end(mut self, error: Option<io::Error>, each: Each<'_>) -> ControlFlow<()> {
        let place = self.place(&mut Lines::default(), 0);
        self.report_unknown(each)?;
        let why = match error {
            Some(error) => why(&error),
            None if self.buffer.is_empty() && self.lists.are_closed() && !self.is_in_object => {
                return ControlFlow::Continue(());
            }
            None if self.buffer.is_empty() => "the last list is not complete; the file is cut off".to_owned(),
            None => "the last value is not complete; the file is cut off".to_owned(),
        };
        each(Read::Unreadable(Unreadable { place, why }))
    }

    fn report_unknown(&mut self, each: Each<'_>) -> ControlFlow<()> {
        let Some(UnknownLines { place, lines }) = self.unknown.take() else { return ControlFlow::Continue(()) };
        let why = match lines {
            1 => "a line that is not a JSON object".to_owned(),
            lines => format!("{lines} lines that are not JSON objects"),
        };
        each(Read::Unreadable(Unreadable { place, why }))
    }

    /// The place of a byte of the buffer.
    fn place(&self, lines: &mut Lines, at: usize) -> InputPlace {
        let line = self.start.line + lines.count_to(&self.buffer, at);
        let is_first = line != self.start.line_of_last;
        let byte = self.start.byte + at as u64;
        InputPlace { file: Arc::clone(&self.file), line, byte: (!is_first).then_some(byte) }
    }
}
