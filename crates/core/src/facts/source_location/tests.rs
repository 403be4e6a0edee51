use super::*;

/// The normal form of a location of that type; what is unclear ends in `?` and the reason.
fn normal_of(kind: Option<&str>, text: &str) -> String {
    match SourceLocation::read(kind, Some(text)) {
        None => "absent".to_owned(),
        Some(location @ (SourceLocation::Unclear { .. } | SourceLocation::UnclearPath { .. })) => {
            let (SourceLocation::Unclear { why, .. } | SourceLocation::UnclearPath { why, .. }) = &location else {
                unreachable!()
            };
            format!("{location} ? {why}")
        }
        Some(location) => location.to_string(),
    }
}

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(normal_of(Some("GITHUB"), text), expected, "{text:?}");
    // 443 is the port of HTTPS, and another one than SSH's own.
    if !expected.contains(" ? ") && !expected.contains(":443") {
        assert_eq!(normal_of(Some("GITHUB"), expected), expected, "the normal form is its own");
    }
}

#[track_caller]
fn check_all(texts: &[&str], expected: &str) {
    for text in texts {
        check(text, expected);
    }
}

#[test]
fn codecommit_has_an_endpoint_for_fips() {
    for host in ["us-gov-west-1.amazonaws.com", "us-east-1.amazonaws.com"] {
        check(
            &format!("https://git-codecommit-fips.{host}/v1/repos/shop"),
            &format!("https://git-codecommit.{host}/v1/repos/shop"),
        );
    }
}

#[test]
fn one_repository_in_many_spellings() {
    check_all(
        &[
            "https://github.com/evil/app",
            "https://github.com/evil/app.git",
            "https://github.com/evil/app/",
            "https://github.com/evil/app.git/",
            "https://github.com/evil/app//",
            "https://github.com//evil///app",
            "https://github.com/evil/./app/.",
            "https://github.com/acme/../evil/app.git",
            "https://github.com/../../evil/app",
            "https://github.com/acme/%2e%2E/evil/app",
            "https://github.com/acme/.%2e/evil/app",
            "https://github.com/%65vil/%61pp%2egit",
            "https://github.com/EVIL/App.GIT",
            "HTTPS://GitHub.com/evil/app",
            "https://github.com:443/evil/app",
            "https://github.com:0443/evil/app",
            "https://github.com:/evil/app",
            "https://github.com./evil/app",
            "https://www.github.com/evil/app",
            "https://WWW.GitHub.Com.:443/evil/app",
            "https://git%68ub.com/evil/app",
            "https://github%2Ecom/evil/app",
            "https://user@github.com/evil/app",
            "https://user:password@github.com/evil/app",
            "https://user name:pass word@github.com/evil/app",
            "https://us\u{a0}er@github.com/evil/app",
            "https://us\ter@github.com/evil/app",
            "https://a@b:c@github.com/evil/app",
            "https://github.com:x@github.com/evil/app",
            "https://gitlab.com@github.com/evil/app",
            " https://github.com/evil/app\n",
            "ssh://git@github.com/evil/app.git",
            "ssh://git@github.com:22/evil/app.git",
            "SSH://git@github.com/evil/app.git",
            "git+ssh://git@github.com/evil/app.git",
            "ssh+git://github.com/evil/app.git",
            "git@github.com:evil/app.git",
            "git@github.com:/evil/app.git",
            "org-1234@github.com:evil/app.git",
            "github.com:evil/app.git",
            "git@GITHUB.com.:EVIL/app",
            "git@www.github.com:evil/../evil/app",
        ],
        "https://github.com/evil/app",
    );
}

#[test]
fn what_differs_stays_different() {
    for (text, expected) in [
        ("http://github.com/acme/app", "http://github.com/acme/app"),
        ("http://github.com:80/acme/app", "http://github.com/acme/app"),
        ("git://github.com:9418/acme/app", "git://github.com/acme/app"),
        ("https://github.com:80/acme/app", "https://github.com:80/acme/app"),
        ("https://github.com:8443/acme/app", "https://github.com:8443/acme/app"),
        ("ssh://git@github.com:443/acme/app", "https://github.com:443/acme/app"),
        ("ssh://git@ssh.github.com:443/acme/app", "https://ssh.github.com:443/acme/app"),
        ("https://git.example.com/Acme/App.git", "https://git.example.com/Acme/App"),
        ("https://www.example.com/acme/app", "https://www.example.com/acme/app"),
        ("https://www.www.github.com/acme/app", "https://www.www.github.com/acme/app"),
        ("https://github.com.evil.example/acme/app", "https://github.com.evil.example/acme/app"),
        ("https://git.example.com/a b/é", "https://git.example.com/a%20b/%C3%A9"),
        ("https://git.example.com/a%20b/%c3%a9", "https://git.example.com/a%20b/%C3%A9"),
        ("https://git.example.com/@scope/app", "https://git.example.com/@scope/app"),
        ("https://git.example.com/~me/app", "https://git.example.com/~me/app"),
        ("https://git.example.com/acme/.git", "https://git.example.com/acme"),
        ("https://git.example.com/...", "https://git.example.com/..."),
        ("https://github.com", "https://github.com"),
        ("https://github.com/..", "https://github.com"),
        (
            "https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/App",
            "https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/App",
        ),
    ] {
        check(text, expected);
    }
}

#[test]
fn a_path_that_can_be_read_in_two_ways() {
    let two_ways = "in a path can be read in two ways";
    for (text, expected) in [
        ("https://github.com/acme%2Fapp", &*format!("https://github.com/… ? `%2F` {two_ways}")),
        ("https://github.com/acme/..%2fevil/app", &format!("https://github.com/… ? `%2f` {two_ways}")),
        ("https://github.com/acme%5C..%5Cevil/app", &format!("https://github.com/… ? `%5C` {two_ways}")),
        ("https://github.com/%2565vil/app", &format!("https://github.com/… ? `%25` {two_ways}")),
        ("https://github.com/acme/app%00", &format!("https://github.com/… ? `%00` {two_ways}")),
        ("https://git.example.com/c%2B%2B", &format!("https://git.example.com/… ? `%2B` {two_ways}")),
        ("https://github.com/%zz/app", "https://github.com/… ? `%` without two hexadecimal digits"),
        ("https://github.com/app%6", "https://github.com/… ? `%` without two hexadecimal digits"),
        ("https://github.com/%+5/app", "https://github.com/… ? `%` without two hexadecimal digits"),
        ("https://github.com/acme//../evil/app", "https://github.com/… ? `..` behind `//` can be read in two ways"),
        ("https://git.example.com/app.git.git", "https://git.example.com/… ? `.git` twice can be read in two ways"),
        (
            "https://github.com/acme\\evil/app",
            "https://github.com/… ? a path with `\\` or a control character can be read in two ways",
        ),
        (
            "https://github.com/ac\nme/app",
            "https://github.com/… ? a path with `\\` or a control character can be read in two ways",
        ),
        ("https://github.com/acme/app?token=x", "https://github.com/… ? the location has a query or a fragment"),
        ("https://github.com?x", "https://github.com/… ? the location has a query or a fragment"),
        ("https://github.com/acme/app#main", "https://github.com/… ? the location has a query or a fragment"),
        (
            "git@github.com:%65vil/app",
            "https://github.com/… ? ssh reads `%`, `?` and `#` in a path literally, a URL does not",
        ),
        ("git@github.com:22/evil/app", "https://github.com/… ? a number behind the host can be a port or a folder"),
    ] {
        check(text, expected);
    }
}

#[test]
fn locations_that_cannot_be_compared() {
    for text in [
        "https://github.com\\@git.example.com/acme/app",
        "https://github.com?@git.example.com/acme/app",
        "https://github.com#@git.example.com/acme/app",
        "https://user:pa/ss@github.com/acme/app",
        "https://github.com:evil/app",
        "https://github.com:99999/evil/app",
        "https://github..com/evil/app",
        "https://.github.com/evil/app",
        "https://git%40hub.com/evil/app",
        "https://git hub.com/evil/app",
        "https://gíthub.com/evil/app",
        "https://[::1]/evil/app",
        "https:///evil/app",
        "https://",
        "https:github.com/evil/app",
        "https:/github.com/evil/app",
        "ssh://-oProxyCommand=x/evil/app",
        "ftp://github.com/evil/app",
        "file:///evil/app",
        "ext::sh -c evil",
        "codecommit::eu-west-1://app",
        "[git@github.com:22]:evil/app",
        "github.com/evil/app",
        "alice:s3cr3t@github.com/evil/app",
        "CODEBUILD_DEFAULT_WEBHOOK_SOURCE_LOCATION",
    ] {
        let location = SourceLocation::read(Some("GITHUB"), Some(text));
        assert!(matches!(location, Some(SourceLocation::Unclear { .. })), "{text}: {location:?}");
    }
}

#[test]
fn what_a_person_sees_has_no_secrets() {
    for text in [
        "https://user:pa/ss@github.com/acme/app?token=secret",
        "https://github.com\\@git.example.com/acme#secret",
        "ftp://me:secret@git.example.com/x?secret",
        "https://me:secret@github.com/%2F?secret",
        "alice:secret@github.com/acme/app",
    ] {
        let shown = SourceLocation::read(Some("GITHUB"), Some(text)).unwrap().to_string();
        assert!(!shown.contains("secret"), "{shown}");
    }
}

#[test]
fn locations_by_their_source_type() {
    for (kind, location, expected) in [
        (Some("NO_SOURCE"), None, "NO_SOURCE"),
        (Some("NO_SOURCE"), Some("https://github.com/acme/app"), "NO_SOURCE"),
        (Some("S3"), Some("bucket/Folder/../key.git/"), "bucket/Folder/../key.git/"),
        (Some("S3"), Some("https://github.com/acme/app.git"), "https://github.com/acme/app.git"),
        (None, Some("bucket/key.zip"), "bucket/key.zip"),
        (None, Some("bucket/a:b"), "bucket/a:b"),
        (None, Some("arn:aws:s3:::bucket/key"), "arn:aws:s3:::bucket/key"),
        (None, Some("HTTPS://GitHub.com/Acme/App"), "https://github.com/acme/app"),
    ] {
        let read = SourceLocation::read(kind, location).unwrap();
        assert_eq!(read.to_string(), expected);
    }
    let pipeline = SourceLocation::read(Some("CODEPIPELINE"), None);
    assert!(matches!(pipeline, Some(SourceLocation::Unclear { why, .. }) if why == "the source is CODEPIPELINE"));
    for (kind, location) in [(Some("GITHUB"), None), (Some("S3"), Some("")), (None, None), (None, Some(" "))] {
        assert_eq!(SourceLocation::read(kind, location), None);
    }
}

#[test]
fn the_same_place() {
    let same = |one: &str, two: &str| {
        let read = |text| SourceLocation::read(None, Some(text)).unwrap();
        assert_eq!(read(one).is_same(&read(two)).is_ok(), read(two).is_same(&read(one)).is_ok());
        match read(one).is_same(&read(two)) {
            Ok(same) => same.to_string(),
            Err(why) => why,
        }
    };
    for (one, two, expected) in [
        ("https://github.com/acme/app.git", "git@github.com:Acme/app", "true"),
        ("https://github.com/acme/app", "http://github.com/acme/app", "false"),
        ("https://github.com/acme/app", "https://github.com/acme/shop", "false"),
        ("https://github.com/acme/app", "bucket/key", "false"),
        ("bucket/key", "bucket/key", "true"),
        (
            "https://git.example.com/acme/app",
            "https://git.example.com/Acme/app.GIT",
            "`git.example.com` may or may not distinguish upper and lower case",
        ),
        (
            "https://git.example.com/acme/app",
            "https://git.example.com:8443/acme/app",
            "the same location on another port may be another repository",
        ),
        (
            "ssh://git@ssh.github.com:443/acme/app",
            "https://github.com/acme/app",
            "`ssh.github.com` may be `github.com`",
        ),
        ("https://github.com/acme%2Fapp", "https://github.com/acme/app", "`%2F` in a path can be read in two ways"),
        ("https://github.com/acme%2Fapp", "https://gitlab.com/acme/app", "false"),
        ("file:///x", "https://gitlab.com/acme/app", "git hosts do not compare locations of this scheme"),
    ] {
        assert_eq!(same(one, two), expected, "{one} {two}");
    }
}
