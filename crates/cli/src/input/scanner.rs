//! Finds the end of a JSON object without parsing it.

use memchr::memchr3;

/// The state of a scan. The bytes of the object may come in pieces.
#[derive(Clone, Debug, Default)]
pub(super) struct Scanner {
    depth: u64,
    place: ScannerState,
    /// The last byte outside of strings that is not white space.
    last: u8,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum ScannerState {
    #[default]
    Outside,
    String,
    Escape,
}

/// The result of scanning some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scan {
    /// The object goes on after these bytes.
    Incomplete,
    /// The object ends before this byte.
    End(usize),
    /// The bytes are not JSON: a line ends within a string, or an object begins where no value is allowed. The
    /// incomplete object ends before this byte.
    Broken(usize),
}

impl Scanner {
    /// Scans the next bytes of an object. The first of all bytes is its `{`.
    pub(super) fn scan(&mut self, bytes: &[u8]) -> Scan {
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            match self.place {
                ScannerState::Escape => self.place = ScannerState::String,
                ScannerState::String => {
                    let Some(found) = memchr3(b'"', b'\\', b'\n', &bytes[at..]) else { return Scan::Incomplete };
                    at += found;
                    match bytes[at] {
                        b'"' => self.place = ScannerState::Outside,
                        b'\\' => self.place = ScannerState::Escape,
                        _ => return Scan::Broken(at),
                    }
                }
                ScannerState::Outside => match byte {
                    b' ' | b'\t' | b'\n' | b'\r' => {}
                    b'{' if !matches!(self.last, 0 | b':' | b',' | b'[') => return Scan::Broken(at),
                    _ => {
                        self.last = byte;
                        match byte {
                            b'"' => self.place = ScannerState::String,
                            b'{' | b'[' => self.depth += 1,
                            b'}' | b']' => {
                                self.depth = self.depth.saturating_sub(1);
                                if self.depth == 0 {
                                    return Scan::End(at + 1);
                                }
                            }
                            _ => {}
                        }
                    }
                },
            }
            at += 1;
        }
        Scan::Incomplete
    }
}
