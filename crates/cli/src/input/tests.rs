//! Tests of the whole module: bytes in, values with their places out.

use std::{
    cell::Cell,
    fs,
    io::{self, Cursor, Read as _, Write},
    ops::ControlFlow,
    rc::Rc,
};

use flate2::{Compression, write::GzEncoder};

use proptest::prelude::*;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use serde_json::{Deserializer, Map, Value, json};

use super::{Content, Framing, Limits, Read, bounds::Bounded, read, total_bytes};

/// What was read: each value after its place, then each unreadable part as `PLACE: WHY`.
#[derive(Debug, Default, PartialEq)]
struct Found {
    values: Vec<(String, Value)>,
    unreadable: Vec<String>,
}

fn found(bytes: impl AsRef<[u8]>) -> Found {
    found_in(Box::new(Cursor::new(bytes.as_ref().to_vec())), Limits::OF_ALL_INPUT)
}

/// Reads this number of bytes at once.
fn found_in_chunks_of(chunk: usize, bytes: &[u8]) -> Found {
    found_in(Box::new(Cursor::new(bytes.to_vec())), Limits { chunk, ..Limits::OF_ALL_INPUT })
}

fn found_in(reader: Box<dyn io::Read>, limits: Limits) -> Found {
    let mut found = Found::default();
    let flow = Framing::new("file".into(), Content::of(reader), limits).run(&mut |part| {
        match part {
            Read::Chunk(chunk) => {
                for framed in &chunk.values {
                    let place = framed.place.to_string().trim_start_matches("file").to_owned();
                    let bytes = &chunk.bytes[framed.range.clone()];
                    found.values.extend(parsed(bytes).into_iter().map(|value| (place.clone(), value)));
                }
            }
            Read::Unreadable(part) => found.unreadable.push(format!("{}: {}", part.place, part.why)),
            Read::Skipped(_) | Read::Progress { .. } => {}
        }
        ControlFlow::Continue(())
    });
    assert!(flow.is_continue());
    found
}

/// Parses the values of a line, as the reader of a chunk does.
fn parsed(mut bytes: &[u8]) -> Vec<Value> {
    let mut values = Vec::new();
    loop {
        let mut one = Deserializer::from_slice(bytes).into_iter::<Value>();
        match one.next() {
            None => return values,
            Some(Ok(value)) => values.push(value),
            Some(Err(_)) => {
                values.push(json!("broken"));
                return values;
            }
        }
        let rest = bytes[one.byte_offset()..].trim_ascii_start();
        bytes = rest.strip_prefix(b",").unwrap_or(rest).trim_ascii_start();
        bytes = bytes.strip_prefix(b"\x1e").unwrap_or(bytes);
    }
}

/// Compares the values and their places.
#[track_caller]
fn check(bytes: impl AsRef<[u8]>, values: &[(&str, Value)], unreadable: &[&str]) {
    let values = values.iter().map(|(place, value)| ((*place).to_owned(), value.clone())).collect();
    let unreadable = unreadable.iter().map(|text| (*text).to_owned()).collect();
    assert_eq!(found(bytes), Found { values, unreadable });
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn values_are_separated_in_every_way() {
    let (a, b, c) = (json!({"a": 1}), json!({"b": {"c": [{}]}}), json!({"d": "}{\"\\"}));
    for separator in ["\n", "\r\n", "\n\n", " ", ",", ",\n", "\u{1e}", ""] {
        let text = format!("{a}{separator}{b}{separator}{c}");
        let values: Vec<Value> = found(text).values.into_iter().map(|(_, value)| value).collect();
        assert_eq!(values, [a.clone(), b.clone(), c.clone()], "{separator:?}");
    }
    check("{\"a\": 1}\n\n{\"b\": 2}\n", &[(":1", json!({"a": 1})), (":3", json!({"b": 2}))], &[]);
    check("{\"a\": 1} {\"b\": 2}", &[(":1", json!({"a": 1})), (" at byte 9", json!({"b": 2}))], &[]);
    check(
        "{\"a\": 1}{\"b\": 2}\n{\"c\": 3}",
        &[(":1", json!({"a": 1})), (":1", json!({"b": 2})), (":2", json!({"c": 3}))],
        &[],
    );
    check("[{\"a\": 1},\n{\"b\": [\n2]}]\n", &[(":1", json!({"a": 1})), (":2", json!({"b": [2]}))], &[]);
    check("\u{feff}{\n  \"a\": 1\n}\n{\n}", &[(":1", json!({"a": 1})), (":4", json!({}))], &[]);
    check("{\"builds\": [{\"a\": 1},\n{\"b\": 2}]}\n", &[(":1", json!({"builds": [{"a": 1}, {"b": 2}]}))], &[]);
    check("{\"builds\": [{\"a\": 1}\n, {\"b\": 2}]}\n", &[(":1", json!({"builds": [{"a": 1}, {"b": 2}]}))], &[]);
    check("{\"builds\": [{\"a\": 1}\n]}\n", &[(":1", json!({"builds": [{"a": 1}]}))], &[]);
    check("", &[], &[]);
    check(" \n[]\n", &[], &[]);
}

#[test]
fn the_lines_of_logs_are_known() {
    check(
        "2026-11-20T08:00:00.000Z INIT_START Runtime Version: provided:al2023.v100\n\
         2026-11-20T08:00:00.001Z START RequestId: 5e000000 Version: $LATEST\n\
         2026-11-20T08:00:00.002Z {\"a\": 1}\n\
         2026-11-20T08:00:00.003Z {\"b\": {\"c\": 1}}\n\
         2026-11-20T08:00:00.004Z END RequestId: 5e000000\n\
         REPORT RequestId: 5e000000\tDuration: 1 ms\n\
         2026-11-20T08:00:00.005000+00:00 2026/11/20/[$LATEST]5e00 {\"d\": 1}\n\
         2026-11-20T08:00:00.005000+00:00 2026/11/20/[$LATEST]5e00 START RequestId: 5e000000\n\
         2026-11-20T08:00:00.006Z thread panicked\nhello\n{\"e\": 1}\nhello",
        &[(":3", json!({"a": 1})), (":4", json!({"b": {"c": 1}})), (":7", json!({"d": 1})), (":11", json!({"e": 1}))],
        &["file:9: 2 lines that are not JSON objects", "file:12: a line that is not a JSON object"],
    );
}

#[test]
fn damage_costs_one_value() {
    check(
        "{\"a\": 1}\n{\"b\": \"cut\n{\"c\": 1}\n{\"d\": [1, 2\n{\"e\": 1}\n{\"f\": {\"g\": 1}\n{\"h\": 1}\n",
        &[
            (":1", json!({"a": 1})),
            (":3", json!({"c": 1})),
            (":5", json!({"e": 1})),
            (":6", json!("broken")),
            (":7", json!({"h": 1})),
        ],
        &[
            "file:2: this is not JSON; the value is cut off or damaged",
            "file:4: this is not JSON; the value is cut off or damaged",
        ],
    );
    check(
        "{\"a\": 1}\n{\"b\": ",
        &[(":1", json!({"a": 1}))],
        &["file:2: the last value is not complete; the file is cut off"],
    );
}

/// A value could follow where these lines are cut off.
#[test]
fn a_line_that_is_cut_off_between_two_values_costs_no_other_line() {
    for cut in ["{\"a\": 1,", "{\"a\":", "{\"a\": [", "{\"a\": [{}, ", "{\"a\": {\"b\": {}, "] {
        let text = format!("{cut}\n{{\"c\": 1}}\n{{\"d\": 1}}\n{cut}\n{cut}\n{{\"e\": 1}}\n{{\"f\": 1}}\n");
        for chunk in [1, 7, 1 << 20] {
            let values: Vec<Value> =
                found_in_chunks_of(chunk, text.as_bytes()).values.into_iter().map(|(_, value)| value).collect();
            let expected = ["c", "d", "e", "f"].map(|name| json!({name: 1}));
            assert_eq!(values, expected, "{cut} in chunks of {chunk}");
        }
    }
}

#[test]
fn compressed_content_is_decompressed() {
    let (one, other) = (b"{\"a\": 1}".as_slice(), b"{\"b\": 2}\n".as_slice());
    let values = [(":1", json!({"a": 1})), (" at byte 8", json!({"b": 2}))];
    let whole = [one, other].concat();
    check(gzip(&whole), &values, &[]);
    check(gzip(&gzip(one)), &values[..1], &[]);
    let members = [gzip(one), gzip(other)].concat();
    for bytes in [members.clone(), gzip(&members)] {
        let values: Vec<Value> = found(bytes).values.into_iter().map(|(_, value)| value).collect();
        assert_eq!(values, [json!({"a": 1}), json!({"b": 2})]);
    }
    let many: String = (0..3000).map(|n| format!("{{\"n\": {n}, \"x\": {}}}\n", n * 7919 % 104_729)).collect();
    let bytes = gzip(many.as_bytes());
    let found = found(&bytes[..bytes.len() / 2]);
    assert!(found.values.len() > 500);
    assert_eq!(found.unreadable.len(), 1);
    assert!(found.unreadable[0].ends_with("the compressed data ends early; the file is cut off"), "{found:?}");
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec(bytes, CompressionLevel::Fastest)
}

#[test]
fn zstd_is_decompressed_frame_by_frame() {
    let text = (0..3000).map(|n| format!("{{\"n\": {n}, \"x\": {}}}\n", n * 7919 % 104_729)).collect::<String>();
    assert_eq!(found(zstd(text.as_bytes())), found(&text));
    // A frame that contains no data is between two that do: RFC 8878, section 3.1.2.
    let skipped = [0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3];
    let frames = [zstd(b"{\"a\": 1}\n"), skipped.to_vec(), zstd(b"{\"b\": 2}\n")].concat();
    check(&frames, &[(":1", json!({"a": 1})), (":2", json!({"b": 2}))], &[]);
    assert_eq!(found(gzip(&frames)), found(&frames));
    let cut = found(&frames[..frames.len() - 5]);
    assert_eq!((cut.values.len(), cut.unreadable.len()), (1, 1), "{cut:?}");
    assert!(cut.unreadable[0].starts_with("file:2: the compressed data is cut off or damaged"));
}

#[test]
fn a_value_that_is_too_long_is_passed_over() {
    let read = |start: &'static [u8], bytes, end: &'static [u8], limits| {
        found_in(Box::new(start.chain(Cursor::new(vec![b'x'; bytes])).chain(end)), limits)
    };
    let expected = Found {
        values: vec![(":1".into(), json!({"a": 1})), (":3".into(), json!({"c": 3}))],
        unreadable: vec![
            "file:2: a value of more than 64 MB; write each build as a value of its own, such as with `jq -c '.builds[]'`"
                .into(),
        ],
    };
    let found = read(b"{\"a\": 1}\n{\"b\": \"", 100 << 20, b"\"}\n{\"c\": 3}\n", Limits::OF_ALL_INPUT);
    assert_eq!(found, expected);
    let few = Limits { chunk: 1000, value: 10_000 };
    for (start, end) in [
        (b"{\"a\": 1}\n{\"b\": \"".as_slice(), b"\"}\n{\"c\": 3}\n".as_slice()),
        (b"{\"a\": 1}\n{\"b\": [[", b"\n{\"c\": 3}\n"),
        (b"{\"a\": 1}\n", b"\n{\"c\": 3}\n"),
    ] {
        assert_eq!(read(start, 50_000, end, few), expected);
    }
}

/// An endless reader. It leaves the buffer as it is, which saves the time to fill it.
struct Endless;

impl io::Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(buffer.len())
    }
}

#[test]
fn a_bomb_is_an_error() {
    let start = gzip(b"{\"a\": 1}\n{\"b\": \"");
    let members = [start, gzip(&[b'x'; 1 << 16]).repeat(16), gzip(b"\"}\n{\"c\": 3}")].concat();
    let found = found_in(Box::new(Cursor::new(members)), Limits { chunk: 10_000, value: 500_000 });
    assert_eq!(found.values, [(":1".to_owned(), json!({"a": 1}))]);
    let why =
        "one value decompresses to more than 64 MB, more than 100 times its size; the rest of the file is not read";
    assert_eq!(found.unreadable, [format!("file:2: {why}")]);
    // A gigabyte of short values, out of a few bytes.
    let mut bomb = Bounded::new(Endless, Some(Rc::new(Cell::new(1000))));
    let mut buffer = vec![0; 1 << 20];
    let error = (0..2000).find_map(|_| bomb.read(&mut buffer).err()).unwrap();
    assert_eq!(error.to_string(), "it decompresses to more than 1000 times its size, which no JSON does");
}

#[test]
fn the_list_of_a_long_object_is_read_element_by_element() {
    let events: Vec<Value> = (0..1000).map(|n| json!({"message": format!("{n}"), "timestamp": n})).collect();
    let page = json!({"events": events, "searchedLogStreams": [], "nextToken": "f/5e=="});
    let expected: Vec<Value> = events.iter().cloned().chain([json!({"a": 1})]).collect();
    for text in [format!("{page:#}\n{{\"a\": 1}}"), format!("{page}\n{{\"a\": 1}}")] {
        let found = found_in_chunks_of(1000, text.as_bytes());
        let values: Vec<Value> = found.values.into_iter().map(|(_, value)| value).collect();
        assert_eq!((values, found.unreadable), (expected.clone(), vec![]));
        assert_eq!(self::found(text).values[0].1, page);
    }
}

#[test]
fn files_that_contain_no_json_are_named() {
    check("\u{fffe}", &[], &["file:1: a line that is not a JSON object"]);
    check(b"\x89PNG\r\n\x1a\n\0\0", &[], &["file:1: 3 lines that are not JSON objects"]);
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::create_dir_all(path("b/.git")).unwrap();
    for (name, content) in [
        ("README.md", b"# Builds\n".as_slice()),
        ("b/two.json", b"{\"n\": 2}"),
        ("b/.git/no.json", b"{}"),
        ("a.json.gz", &gzip(b"{\"n\": 1}")),
        ("c.zip", b"PK\x03\x04"),
        ("d.json", b"\xff\xfe{\0}\0"),
        ("e.json", b""),
        ("z.log", b"START RequestId: 5e\n{\"n\": 3}\n"),
    ] {
        fs::write(path(name), content).unwrap();
    }
    let seen = |paths: &[std::path::PathBuf]| {
        let (mut seen, mut progress) = (Vec::new(), 0);
        let base = format!("{}/", folder.path().display());
        read(paths, &mut |part| {
            match part {
                Read::Chunk(chunk) => seen.extend(chunk.values.iter().map(|value| {
                    format!("{} {}", value.place, str::from_utf8(&chunk.bytes[value.range.clone()]).unwrap())
                })),
                Read::Unreadable(part) => seen.push(format!("{}: {}", part.place, part.why)),
                Read::Skipped(skipped) => seen.push(format!("{}: {}", skipped.path.display(), skipped.why)),
                Read::Progress { bytes_read } => progress = bytes_read,
            }
            ControlFlow::Continue(())
        })
        .map(|()| (seen.iter().map(|line| line.replace(&base, "")).collect::<Vec<_>>(), progress))
    };
    let (lines, progress) = seen(&[folder.path().to_owned()]).unwrap();
    assert_eq!(
        lines,
        [
            "b/.git: it is hidden",
            "README.md: it begins neither with JSON nor with a line of a log",
            "a.json.gz:1 {\"n\": 1}",
            "b/two.json:1 {\"n\": 2}",
            "c.zip: it is an archive",
            "d.json: it is UTF-16",
            "z.log:2 {\"n\": 3}",
        ]
    );
    assert_eq!(Some(progress), total_bytes(&[folder.path().to_owned()]));
    assert_eq!(seen(&[path("c.zip")]).unwrap().0, ["c.zip:1: it is an archive; unpack it first"]);
    assert_eq!(total_bytes(&[path("d.json"), "-".into()]), None);
    let error = seen(&[path("d.json"), path("none.json")]).unwrap_err();
    assert!(error.to_string().ends_with("none.json: the file cannot be opened"), "{error}");
}

fn value() -> impl Strategy<Value = Value> {
    let leaf =
        prop_oneof![Just(Value::Null), any::<i32>().prop_map(Value::from), any::<String>().prop_map(Value::from)];
    let value = leaf.prop_recursive(4, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    });
    prop::collection::btree_map("[a-z\"\\\\{}]{0,4}", value, 0..4)
        .prop_map(|members| Value::Object(Map::from_iter(members)))
}

proptest! {
    /// serde_json is the oracle: the whole values that it wrote are found, wherever the file is cut off, and whatever
    /// separates them.
    #[test]
    fn whole_values_are_found_in_a_file_that_is_cut_off(
        parts in prop::collection::vec((value(), any::<bool>(), 0..7_usize), 0..8), cut in any::<prop::sample::Index>(),
        chunk in 1..300_usize, is_cut in any::<bool>(),
    ) {
        let (mut text, mut ends) = (String::new(), Vec::new());
        for (value, is_pretty, separator) in &parts {
            let start = text.len();
            text += &if *is_pretty { format!("{value:#}") } else { value.to_string() };
            ends.push((start, text.len()));
            text += ["\n", "\r\n", " ", ",", ",\n", "", "\u{1e}"][*separator];
        }
        let cut = if is_cut { cut.index(text.len() + 1) } else { text.len() };
        let found = found_in_chunks_of(chunk, &text.as_bytes()[..cut]);
        let values: Vec<Value> = found.values.into_iter().map(|(_, value)| value).collect();
        let whole: Vec<Value> =
            parts.iter().zip(&ends).filter(|(_, (_, end))| *end <= cut).map(|((value, ..), _)| value.clone()).collect();
        prop_assert_eq!(values, whole);
        let is_in_a_value = ends.iter().any(|(start, end)| *start < cut && cut < *end);
        prop_assert_eq!(found.unreadable.len(), usize::from(is_in_a_value));
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(
        text in "[{}\\[\\],:\"\\\\ \n\ra1\u{1e}\u{feff}]{0,200}", bytes in prop::collection::vec(any::<u8>(), 0..200),
        chunk in 1..100_usize,
    ) {
        for bytes in [text.into_bytes(), bytes.clone(), [b"\x1f\x8b\x08".as_slice(), &bytes].concat(),
                      [b"\x28\xb5\x2f\xfd".as_slice(), &bytes].concat()] {
            found_in_chunks_of(chunk, &bytes);
        }
    }
}

#[test]
fn a_list_that_is_cut_off_is_reported_wherever_that_happens() {
    let list = br#"[{"id": "a:1"}, {"id": "b:2"},
        {"id": "c:3"}]"#;
    let page = format!(r#"{{"builds": [{}]}}"#, vec![r#"{"id": "a:1"}"#; 20].join(", "));
    for (whole, values) in [(list.as_slice(), 3), (page.as_bytes(), 20)] {
        // The page is read element by element, since it is longer than what is read at once.
        let limits = Limits { chunk: 64, ..Limits::OF_ALL_INPUT };
        let read = |bytes: &[u8]| found_in(Box::new(Cursor::new(bytes.to_vec())), limits);
        assert_eq!((read(whole).values.len(), read(whole).unreadable), (values, Vec::new()));
        for end in 1..whole.len() {
            let found = read(&whole[..end]);
            assert!(!found.unreadable.is_empty(), "{}", String::from_utf8_lossy(&whole[..end]));
        }
    }
    for open in ["[[[[".to_owned(), "[".repeat(100_000)] {
        assert_eq!(found(&open).unreadable.len(), 1, "{} brackets", open.len());
    }
    // Brackets in the text of a log are no lists.
    let log = "[2026-11-22T09:00:00Z] {\"id\": \"a:1\"}\n[2026-11-22T09:00:01Z] {\"id\": \"b:2\"}\n";
    assert_eq!(found(log).unreadable, Vec::<String>::new());
}
