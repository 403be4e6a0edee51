use proptest::prelude::*;

use super::*;

#[test]
fn user_information_is_left_out_wherever_it_stands() {
    for (text, expected) in [
        ("https://github.com/acme/app.git", "https://github.com/acme/app.git"),
        ("https://token@github.com/acme/app.git", "https://github.com/acme/app.git"),
        ("https://user:pa@ss@github.com/acme", "https://github.com/acme"),
        (
            "fatal: could not read 'HTTPS://x:y@host' and ssh://git:z@h/p",
            "fatal: could not read 'HTTPS://host' and ssh://h/p",
        ),
        ("https://github.com/@scope/app", "https://github.com/@scope/app"),
        ("https://github.com?mail=a@b", "https://github.com?mail=a@b"),
        ("a://b://c:d@e", "a://b://e"),
        ("git@github.com:acme/app.git", "git@github.com:acme/app.git"),
        ("", ""),
        // Characters that git accepts.
        ("https://us\u{a0}er:pa\u{2003}ss@host/x", "https://host/x"),
        ("at https://us\u{a0}er:pa\u{3000}ss@host/x now", "at https://host/x now"),
        ("https://user name:pass word@host/x", "https://host/x"),
        ("\thttps://us\ter@host/x", "\thttps://host/x"),
        ("https://us\"er:pa'ss\\w@host/x", "https://host/x"),
        // Passwords that it refuses.
        ("https://user:pa/ss@host", "https://host"),
        ("https://user:pa?ss@host/x", "https://host/x"),
        ("https://user:pa#ss@host/x", "https://host/x"),
        ("https://user:p@a/ss@host/x", "https://host/x"),
        ("https://user:1234/ss@host/x", "https://host/x"),
        ("https://user:pa://ss@host/x", "https://host/x"),
        ("cannot reach https://user:pa/ss@host/x now", "cannot reach https://host/x now"),
        ("cannot reach https://user:pa ss@host/x now", "cannot reach https://host/x now"),
        ("cannot reach https:///token@host/x", "cannot reach https://host/x"),
        // Paths.
        ("https://host:8443/@scope/app", "https://host:8443/@scope/app"),
        ("https://user:pass@host/@scope/app", "https://host/@scope/app"),
        ("https://github.com/acme/app@v1", "https://github.com/acme/app@v1"),
        ("https://git.example.com:8443/acme/app@v1", "https://git.example.com:8443/acme/app@v1"),
        ("https://10.0.0.1:8443/acme/app@v1", "https://10.0.0.1:8443/acme/app@v1"),
        ("https://user:pass@git.example.com/acme/app@v1", "https://git.example.com/acme/app@v1"),
        ("https://user:p@ss@git.example.com:8443/app:1@v1", "https://git.example.com:8443/app:1@v1"),
        ("https://registry.example.com/app:1@sha256:5e", "https://registry.example.com/app:1@sha256:5e"),
        ("https://git.example.com:8443/to/https://u:p@h/x", "https://git.example.com:8443/to/https://h/x"),
        // Git refuses the port, so this is a password.
        ("https://git.example.com:84430/x@host", "https://host"),
        ("https://git.example.com:84a/x@host", "https://host"),
        ("https://user:1234/x@git.example.com", "https://git.example.com"),
        ("see https://host/x: ask a@b", "see https://host/x: ask a@b"),
        ("see https://host:8080/x, ask a@b", "see https://host:8080/x, ask a@b"),
        ("codecommit::eu-west-1://profile@app", "codecommit::eu-west-1://app"),
        ("https://host/to/https://u:p@h/x", "https://host/to/https://h/x"),
    ] {
        assert_eq!(without_user_info(text), expected, "{text:?}");
    }
}

#[test]
fn query_and_fragment_are_left_out_but_for_links_into_the_console() {
    for (text, expected) in [
        ("https://host/x?token=1", "https://host/x"),
        ("https://host?token=1", "https://host"),
        ("https://host/x#token", "https://host/x"),
        ("https://host/x?a b=1 c", "https://host/x"),
        ("see https://host/x?token=1 or http://h/y#z.", "see https://host/x or http://h/y"),
        ("https://user:p@host/x?token=1", "https://host/x"),
        ("https://host/x?next=https://u:p@h/y", "https://host/x"),
        ("https://host/to/https://u:p@h/x?y", "https://host/to/https://h/x"),
        ("is this it?", "is this it?"),
        ("https://console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logEvent:group=/a;stream=b@c", ""),
        ("https://eu-west-1.console.aws.amazon.com/x?y#z", ""),
        ("https://s3.console.aws.amazon.com/s3/object/bucket?prefix=log.gz", ""),
        ("https://console.amazonaws.cn/x?y#z", ""),
        ("https://console.amazonaws-us-gov.com/x?y#z", ""),
        ("https://u:p@console.aws.amazon.com/x?y#z", "https://console.aws.amazon.com/x?y#z"),
        ("https://console.aws.amazon.com.evil.example/x?y", "https://console.aws.amazon.com.evil.example/x"),
        ("https://evilconsole.aws.amazon.com/x?y", "https://evilconsole.aws.amazon.com/x"),
        ("https://console.aws.amazon.com@host/x?y", "https://host/x"),
        ("https://s3cret@evil.console.aws.amazon.com/a?b", "https://evil.console.aws.amazon.com/a?b"),
        ("https://u:s3cret@.console.aws.amazon.com/a?b", "https://.console.aws.amazon.com/a?b"),
        ("https://console.aws.amazon.com:p/w@host/x?y", "https://host/x"),
        ("https://host/console.aws.amazon.com?y", "https://host/console.aws.amazon.com"),
    ] {
        assert_eq!(redacted(text), if expected.is_empty() { text } else { expected }, "{text:?}");
    }
}

#[test]
fn user_information_without_a_scheme() {
    for (text, expected) in [
        ("x-access-token:ghp_S@github.com/acme/app", "github.com/acme/app"),
        ("ghp_S@github.com/acme/app", "github.com/acme/app"),
        ("u:ghp_S@github.com:acme/app.git", "github.com:acme/app.git"),
        ("ftp:me:S@h/x", "h/x"),
        ("//me:S@github.com/evil/app", "github.com/evil/app"),
        ("https:/me:S@github.com/evil/app", "github.com/evil/app"),
        (r"https:\\me:S@github.com\evil", r"github.com\evil"),
        ("https%3A%2F%2Fme:S@github.com/evil/app", "github.com/evil/app"),
        ("https:// u:S@h/x", "https://h/x"),
        ("fatal: 'u:S@git.example.com' was not found", "fatal: 'git.example.com' was not found"),
        ("cloning u:S@10.0.0.1/x and https://v:T@host/y", "cloning 10.0.0.1/x and https://host/y"),
        (r#"{"a": "u:S@host.example.com"}"#, r#"{"a": "host.example.com"}"#),
        // These are not secrets.
        ("alice@example.com", ""),
        ("Role/alice@example.com", ""),
        ("arn:aws:sts::111122223333:assumed-role/Role/alice@example.com", ""),
        ("git@github.com:acme/app.git", ""),
        ("public.ecr.aws/docker/library/node:20@sha256:5e", ""),
        ("localhost:5000/app:1@sha256:5e", ""),
        ("npm install left:pad@1.2.3 npm:@scope/app", ""),
        ("a: b@c", ""),
    ] {
        assert_eq!(redacted(text), if expected.is_empty() { text } else { expected }, "{text:?}");
    }
}

#[test]
fn urls_inside_of_json_text() {
    for (text, expected) in [
        (r#"{"url":"https://u:p@host/x","mail":"a@b"}"#, r#"{"url":"https://host/x","mail":"a@b"}"#),
        (r#"{"url": "https:\/\/u:p@host\/x"}"#, r#"{"url": "https://host/x"}"#),
        (r#"{"url": "https\u003a//u:p\u0040host/x?y"}"#, r#"{"url": "https://host/x"}"#),
        (r#" ["{\"url\": \"https:\\/\\/u:p@host\"}", 1.50]"#, r#"["{\"url\": \"https://host\"}", 1.50]"#),
        (r#""https://u:p@host?x""#, r#""https://host""#),
        // A part of such a text.
        (r"failed: https:\/\/u:p@host\/x now", r"failed: https:\/\/host\/x now"),
        (r"failed: https:\\\/\\\/u:p@host now", r"failed: https:\\\/\\\/host now"),
        (r"failed: https\u003A\u002f\u002Fu:p\u0040host now", r"failed: https\u003A\u002f\u002Fhost now"),
        (r#"{"a": "\\", "b": "x@y"}"#, r#"{"a": "\\", "b": "x@y"}"#),
        (r#"{"a": "\ud800 https://u:p@host/x"}"#, r#"{"a": "\ud800 https://host/x"}"#),
        (r#"["\ud800 https:\/\/u:p@host?t"]"#, r#"["\ud800 https:\/\/host"]"#),
    ] {
        assert_eq!(redacted(text), expected, "{text}");
    }
}

#[test]
fn all_else_stays_as_it_is_written() {
    let json = r#"{"z": "https://u:p@host/\"a\"", "a\\": ["\\", "x@y", "ssh://t@h/\u0041"], "n": 1.50, "u": "\""}"#;
    let expected = r#"{"z": "https://host/\"a\"", "a\\": ["\\", "x@y", "ssh://h/A"], "n": 1.50, "u": "\""}"#;
    assert_eq!(redacted_json(json, &[]), expected);
    let own = r#"["see https://wiki/x?page=1", "https://h?x"]"#;
    assert_eq!(redacted_json(own, &["see https://wiki/x?page=1"]), r#"["see https://wiki/x?page=1", "https://h"]"#);
}

#[test]
fn scheme_and_host_are_lower_case_and_the_path_is_not() {
    assert_eq!(normalized("HTTPS://t@GitHub.com/Acme/App"), "https://github.com/Acme/App");
    assert_eq!(normalized("bucket/Key.zip"), "bucket/Key.zip");
}

proptest! {
    /// Whatever stands around the canary, no part of the user information stays.
    #[test]
    fn no_user_information_stays(
        scheme in "(https|HTTP|ssh|git\\+ssh|x)",
        user in "[a-z\u{a0}\u{3000}%!$&'*+,;=~é\" .\\-]{0,6}",
        before in "[a-z0-9\u{a0}@:/?#%!\"' \\-]{0,6}",
        after in "[a-z0-9\u{a0}@:?#%!\"' \\-]{0,6}",
        path in "(/[a-z]{1,5}|/@[a-z]{1,5}){0,3}",
        query in "(\\?q=CANARY)?(#CANARY)?",
        depth in 0..3,
    ) {
        // `a://b://c` is one URL in another.
        prop_assume!(!before.starts_with("//"));
        // A user with a dot before a port is a host.
        prop_assume!(!is_host(format!("{user}:{before}CANARY").split(['/', '?', '#']).next().unwrap()));
        let mut text = format!("{scheme}://{user}:{before}CANARY{after}@host.example{path}{query}");
        for _ in 0..depth {
            text = json!({"message": text}).to_string();
        }
        let redacted = redacted(&text);
        prop_assert!(!redacted.contains("CANARY"), "{text} -> {redacted}");
        prop_assert!(redacted.contains(&format!("host.example{path}")), "{text} -> {redacted}");
    }

    /// In a sentence, white space ends a URL.
    #[test]
    fn no_user_information_stays_in_a_sentence(
        user in "[a-z\u{a0}é%.\\-]{0,6}",
        before in "[a-z0-9\u{a0}@:/?#%!\\-]{0,6}",
        after in "[a-z0-9\u{a0}@:?#%!\\-]{0,6}",
        slash in "(/|\\\\/|\\\\\\\\/|\\\\u002f)",
        mark in "(|'|\"|`|\\()",
    ) {
        prop_assume!(!before.starts_with("//"));
        prop_assume!(!is_host(format!("{user}:{before}CANARY").split(['/', '?', '#']).next().unwrap()));
        let url = format!("{mark}https:{slash}{slash}{user}:{before}CANARY{after}@host.example{slash}x");
        let text = format!("cannot read {url} now");
        let redacted = redacted(&text);
        prop_assert!(!redacted.contains("CANARY"), "{text} -> {redacted}");
        prop_assert!(redacted.contains("host.example") && redacted.ends_with(" now"), "{text} -> {redacted}");
    }

    #[test]
    fn any_text_can_be_redacted(text in "[a-z:/@?# \\\\\"u0040{}é]{0,40}") {
        let redacted = redacted(&text);
        prop_assert!(redacted.len() <= text.len(), "{text} -> {redacted}");
    }
}

#[test]
fn a_host_has_a_port_that_there_is() {
    for (text, expected) in [
        ("example.com", true),
        ("example.com:8443", true),
        ("example.com:99999", false),
        ("example.com:+80", false),
        ("10.0.0.1:443", true),
        ("localhost", false),
    ] {
        assert_eq!(is_host(text), expected, "{text}");
    }
}
