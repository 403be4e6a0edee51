use super::*;

const ID: &str = "1111111111111111111111111111111111111111";
const COMMIT: &str = "2222222222222222222222222222222222222222";

/// Lines with their lengths; an empty one is a flush packet.
fn packets(lines: &[&str]) -> Vec<u8> {
    let packet = |line: &&str| if line.is_empty() { "0000".into() } else { format!("{:04x}{line}", line.len() + 4) };
    lines.iter().map(packet).collect::<String>().into_bytes()
}

fn names(remote: &RemoteRefs) -> Vec<&str> {
    remote.refs.iter().map(|one| one.name.as_str()).collect()
}

#[test]
fn the_request_is_what_the_protocol_demands() {
    let expected = "0014command=ls-refs\n0001\
                    0009peel\n000csymrefs\n0014ref-prefix HEAD\n001bref-prefix refs/heads/\n001aref-prefix refs/tags/\n0000";
    assert_eq!(ls_refs(ObjectFormat::Sha1), expected);
    assert!(ls_refs(ObjectFormat::Sha256).starts_with("0014command=ls-refs\n0019object-format=sha256\n0001"));
}

#[test]
fn a_listing_has_branches_tags_and_head() {
    let answer = packets(&[
        &format!("{ID} HEAD symref-target:refs/heads/main\n"),
        &format!("{ID} refs/heads/main\n"),
        &format!("{ID} refs/heads/alias"),
        &format!("{ID} refs/pull/1/head\n"),
        &format!("{ID} refs/tags/v1 peeled:{COMMIT} of-the-future:1\n"),
        "",
    ]);
    let remote = parse_listing(&answer).unwrap();
    assert_eq!(names(&remote), ["refs/heads/main", "refs/heads/alias", "refs/tags/v1"]);
    assert_eq!(remote.refs[2].peeled, ObjectId::read(COMMIT));
    assert_eq!(remote.head_branch(), Some("main"));
    assert_eq!(parse_listing(b"0000"), Ok(RemoteRefs::default()), "an empty repository");
}

#[test]
fn an_advertisement_has_branches_tags_and_head() {
    let lines = [
        format!("{ID} HEAD\0multi_ack symref=HEAD:refs/heads/main object-format=sha1\n"),
        format!("{ID} refs/heads/main\n"),
        format!("{ID} refs/pull/1/head\n"),
        format!("{ID} refs/tags/v1\n"),
        format!("{COMMIT} refs/tags/v1^{{}}\n"),
        format!("shallow {ID}\n"),
    ];
    for version in [&[][..], &["version 1\n"]] {
        let service = ["# service=git-upload-pack\n", ""];
        let lines = service.into_iter().chain(version.iter().copied()).chain(lines.iter().map(String::as_str));
        let answer = packets(&lines.chain([""]).collect::<Vec<_>>());
        let remote = parse_advertisement(&answer).unwrap();
        assert_eq!(names(&remote), ["refs/heads/main", "refs/tags/v1"]);
        assert_eq!(remote.refs[1].peeled, ObjectId::read(COMMIT));
        assert_eq!(remote.head_branch(), Some("main"));
    }
}

#[test]
fn an_advertisement_of_nothing_is_an_empty_repository() {
    let nothing = format!("{} capabilities^{{}}\0multi_ack agent=git\n", "0".repeat(40));
    let answer = packets(&["# service=git-upload-pack\n", "", &nothing, ""]);
    assert_eq!(parse_advertisement(&answer), Ok(RemoteRefs::default()));
}

#[test]
fn a_name_that_is_not_utf_8_still_counts() {
    let answer = [format!("003d{ID} refs/heads/ma").as_bytes(), b"\xffn\n0000"].concat();
    assert_eq!(names(&parse_listing(&answer).unwrap()), ["refs/heads/ma\u{fffd}n"]);
}

/// An answer that lacks its end, lies about a length or has anything else in it could hide a ref.
#[test]
fn an_answer_with_any_fault_is_no_answer() {
    let line = format!("{ID} refs/heads/main\n");
    let whole = packets(&[&line, ""]);
    for end in 0..whole.len() {
        assert_eq!(parse_listing(&whole[..end]), Err(Malformed), "cut short at {end}");
    }
    let service = "# service=git-upload-pack\n";
    let advertised = packets(&[service, "", &format!("{ID} refs/heads/main\0agent=git\n"), ""]);
    assert!(parse_advertisement(&advertised).is_ok());
    for end in 0..advertised.len() {
        assert_eq!(parse_advertisement(&advertised[..end]), Err(Malformed), "cut short at {end}");
    }
    for length in 1..=0xffff_u16 {
        let answer = format!("{length:04x}");
        assert_eq!(parse_listing(answer.as_bytes()), Err(Malformed), "{answer}");
    }
    for (what, answer) in [
        ("HTML", b"<!DOCTYPE html><html></html>".to_vec()),
        ("no hexadecimal length", b"zzzz0000".to_vec()),
        ("an empty line", b"00040000".to_vec()),
        ("a length of three", b"00030000".to_vec()),
        ("a line longer than any", [b"ffff".as_slice(), &[b'a'; 0xfffb], b"0000"].concat()),
        ("a length that is too short", [b"0038".as_slice(), line.as_bytes(), b"0000"].concat()),
        ("a length that is too long", [b"0040".as_slice(), line.as_bytes(), b"0000"].concat()),
        ("more behind the end", [whole.as_slice(), b"0000"].concat()),
        ("a delimiter", b"00010000".to_vec()),
        ("an error", packets(&["ERR access denied or repository not exported", ""])),
        ("a short id", packets(&["1111 refs/heads/main\n", ""])),
        ("no name", packets(&[&format!("{ID}\n"), ""])),
        ("an empty name", packets(&[&format!("{ID} \n"), ""])),
        ("a control character", packets(&[&format!("{ID} refs/heads/ma\tin\n"), ""])),
        ("a peeled id that is none", packets(&[&format!("{ID} refs/tags/v1 peeled:main\n"), ""])),
    ] {
        assert_eq!(parse_listing(&answer), Err(Malformed), "{what}");
        let advertised = [packets(&[service, ""]), answer].concat();
        assert_eq!(parse_advertisement(&advertised), Err(Malformed), "{what}");
    }
    for other in ["version 2\n", "# service=git-receive-pack\n"] {
        assert_eq!(parse_advertisement(&packets(&[other, ""])), Err(Malformed), "{other}");
    }
}
