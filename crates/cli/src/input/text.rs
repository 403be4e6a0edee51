//! Text between JSON values: what Lambda and CloudWatch Logs write, and what is unknown.

use memchr::memmem;

/// The description of a file that contains no JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotJson {
    pub(super) what: &'static str,
    /// The advice. `None` if the file has to be read to be sure.
    pub(super) help: Option<&'static str>,
}

/// The kind of a line that does not begin with JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LineKind {
    /// JSON begins at this byte, after a time, as CloudWatch Logs exports it.
    JsonAt(usize),
    /// A line that Lambda itself writes.
    Known,
    Unknown,
}

/// The beginnings of the lines that Lambda writes in its text format.
/// <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-view.html>
const OF_LAMBDA: &[&str] = &[
    "START RequestId:",
    "END RequestId:",
    "REPORT RequestId:",
    "RequestId:",
    "INIT_START ",
    "INIT_REPORT ",
    "RESTORE_START ",
    "RESTORE_REPORT ",
    "EXTENSION\t",
    "LOGS\t",
    "TELEMETRY\t",
    "XRAY TraceId:",
];

impl LineKind {
    pub(super) fn of(line: &[u8]) -> Self {
        if is_of_lambda(line) {
            return Self::Known;
        }
        let Some(time) = time_at_start(line) else { return Self::Unknown };
        let rest = &line[time..];
        if let Some(space) = memmem::find(rest, b" {").or_else(|| memmem::find(rest, b"\t{")) {
            return Self::JsonAt(time + space + 1);
        }
        let rest = rest.trim_ascii();
        // `aws logs tail` writes the stream's name too.
        let (stream, after) = rest.split_at(rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len()));
        let after_stream = if stream.contains(&b'/') { after.trim_ascii() } else { rest };
        if after_stream.is_empty() || is_of_lambda(after_stream) { Self::Known } else { Self::Unknown }
    }
}

fn is_of_lambda(line: &[u8]) -> bool {
    OF_LAMBDA.iter().any(|start| line.starts_with(start.as_bytes()))
}

/// The length of the time that begins a line, such as `2026-11-20T08:00:00.000Z`.
fn time_at_start(line: &[u8]) -> Option<usize> {
    const PATTERN: &[u8] = b"0000-00-00T00:00:00";
    let start = line.get(..PATTERN.len())?;
    let fits = |(byte, pattern): (&u8, &u8)| if *pattern == b'0' { byte.is_ascii_digit() } else { byte == pattern };
    let end = line.iter().position(u8::is_ascii_whitespace).unwrap_or(line.len());
    start.iter().zip(PATTERN).all(fits).then_some(end)
}

/// Describes a file if its first bytes show that it contains no JSON.
pub(super) fn not_json(head: &[u8]) -> Option<NotJson> {
    const fn file(what: &'static str, help: Option<&'static str>) -> Option<NotJson> {
        Some(NotJson { what, help })
    }
    match head {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => {
            file("it is UTF-16", Some("save it as UTF-8, in PowerShell with `| Out-File -Encoding utf8`"))
        }
        [b'P', b'K', 3, 4, ..] | [b'B', b'Z', b'h', ..] | [0xfd, b'7', b'z', b'X', b'Z', ..] => {
            file("it is an archive", Some("unpack it first"))
        }
        [b'P', b'A', b'R', b'1', ..] => file("it is Parquet", Some("convert it to JSON first")),
        _ => {
            let head = head.strip_prefix(BOM).unwrap_or(head).trim_ascii_start();
            let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
            let begins =
                head.is_empty() || is_separator(head[0]) || head[0] == b'{' || LineKind::of(line) != LineKind::Unknown;
            if begins { None } else { file("it begins neither with JSON nor with a line of a log", None) }
        }
    }
}

/// The mark at the start of UTF-8 that some editors write.
pub(super) const BOM: &[u8] = b"\xef\xbb\xbf";

/// Returns whether a byte may stand between values: white space, the record separator of RFC 7464, and
/// the commas and brackets of lists, whose elements are values.
pub(super) fn is_separator(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b',' | b'[' | b']' | 0x1e)
}
