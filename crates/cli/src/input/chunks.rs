//! Reads the history of accounts in chunks, like recorded input.

use std::{ops::ControlFlow, sync::Arc};

use jiff::Timestamp;

use super::{Chunk, Framed, InputPlace, Read, account};

/// Reads the history of accounts as [`account::read`] does, in chunks. Places name the file in which the
/// history is saved, if there is one.
///
/// # Errors
/// As of [`account::read`].
pub(crate) fn read_account(
    options: &account::AccountOptions,
    now: Timestamp,
    each: &mut dyn FnMut(Read) -> ControlFlow<()>,
) -> anyhow::Result<()> {
    let name = options.save.as_ref().map_or_else(|| "account".to_owned(), |path| path.display().to_string());
    let (file, mut line) = (name.into(), 0);
    account::read(options, now, &mut |lines| each(Read::Chunk(chunk(&file, lines, &mut line))))
}

/// Makes a chunk of whole lines. `line` is the number of the last line so far, and is advanced.
fn chunk(file: &Arc<str>, lines: &[u8], line: &mut u64) -> Chunk {
    let mut start = 0;
    let values = lines.split_inclusive(|byte| *byte == b'\n').map(|one| {
        let range = start..start + one.len();
        start = range.end;
        *line += 1;
        Framed { range, place: InputPlace { file: Arc::clone(file), line: *line, byte: None } }
    });
    Chunk { values: values.collect(), bytes: lines.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_a_value() {
        let (file, mut line) = (Arc::from("history.ndjson"), 0);
        let mut found = Vec::new();
        for lines in [b"{\"a\":1}\n{\"b\":2}\n".as_slice(), b"{\"c\":3}\n"] {
            let chunk = chunk(&file, lines, &mut line);
            let text = |value: &Framed| String::from_utf8(chunk.bytes[value.range.clone()].to_vec()).unwrap();
            found.extend(chunk.values.iter().map(|value| (value.place.to_string(), text(value).trim().to_owned())));
        }
        let expected = [("1", "{\"a\":1}"), ("2", "{\"b\":2}"), ("3", "{\"c\":3}")];
        let expected = expected.map(|(line, text)| (format!("history.ndjson:{line}"), text.to_owned()));
        assert_eq!(found, expected);
    }
}
