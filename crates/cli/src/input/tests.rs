//! Tests of the whole module: bytes in, values with their places out.

use std::{
    io::{Cursor, Write},
    ops::ControlFlow,
};

use flate2::{Compression, write::GzEncoder};

use serde_json::{Deserializer, Value, json};

use super::{Content, Framing, Read};

/// What was read: each value after its place, then each unreadable part as `PLACE: WHY`.
#[derive(Debug, Default, PartialEq)]
struct Found {
    values: Vec<(String, Value)>,
    unreadable: Vec<String>,
}

fn found(bytes: impl AsRef<[u8]>) -> Found {
    let mut found = Found::default();
    let content = match Content::of(Box::new(Cursor::new(bytes.as_ref().to_vec()))) {
        Ok(content) => content,
        Err(error) => {
            found.unreadable.push(super::why(&error));
            return found;
        }
    };
    let flow = Framing::new("file".into(), content).run(&mut |part| {
        match part {
            Read::Chunk(chunk) => {
                for framed in &chunk.values {
                    let place = framed.place.to_string().trim_start_matches("file").to_owned();
                    // A line may consist of several values.
                    let parsed = Deserializer::from_slice(&chunk.bytes[framed.range.clone()]).into_iter::<Value>();
                    found.values.extend(parsed.map(|value| (place.clone(), value.unwrap_or_else(|_| json!("broken")))));
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

/// Compares the values and their places.
#[track_caller]
fn check(bytes: impl AsRef<[u8]>, values: &[(&str, Value)], unreadable: &[&str]) {
    let values = values.iter().map(|(place, value)| ((*place).to_owned(), value.clone())).collect();
    let unreadable = unreadable.iter().map(|text| (*text).to_owned()).collect();
    assert_eq!(found(bytes), Found { values, unreadable });
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
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
        &["file:9: 2 lines of text that are not JSON", "file:12: a line of text that is not JSON"],
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
