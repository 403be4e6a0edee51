use proptest::prelude::*;

use super::{
    Direction::{Allow, Forbid},
    *,
};

fn pattern(text: &str) -> SourcePattern {
    SourcePattern::parse(text).unwrap_or_else(|remark| panic!("{remark:?}")).0
}

fn location(text: &str) -> SourceLocation {
    let kind = if text == "NO_SOURCE" { Some("NO_SOURCE") } else { None };
    SourceLocation::read(kind, Some(text)).unwrap()
}

/// `yes`, `no` or `unknown`.
fn answer(pattern: &SourcePattern, text: &str, direction: Direction) -> &'static str {
    match pattern.matches(&location(text), direction) {
        Ok(true) => "yes",
        Ok(false) => "no",
        Err(_) => "unknown",
    }
}

#[track_caller]
fn check(text: &str, location: &str, forbid: &str, allow: &str) {
    let pattern = pattern(text);
    assert_eq!(answer(&pattern, location, Forbid), forbid, "{text} forbids {location}");
    assert_eq!(answer(&pattern, location, Allow), allow, "{text} allows {location}");
}

/// Spellings of one repository of github.com.
const EVIL: &[&str] = &[
    "https://github.com/evil/app",
    "https://github.com/evil/app.git",
    "https://github.com/evil/app/",
    "https://github.com//evil//app.git/",
    "https://github.com/acme/../evil/app.git",
    "https://github.com/acme/%2e%2e/evil/app.git",
    "https://github.com/./evil/./app.git",
    "https://github.com/EVIL/APP.GIT",
    "https://github.com/%65vil/app.git",
    "https://github.com:443/evil/app.git",
    "https://github.com./evil/app.git",
    "https://www.github.com/evil/app.git",
    "HTTPS://GITHUB.COM/evil/app.git",
    "https://me@github.com/evil/app.git",
    "https://me:pass word@github.com/evil/app.git",
    "https://m\u{a0}e@github.com/evil/app.git",
    "https://github.com@github.com/evil/app.git",
    "http://github.com/evil/app.git",
    "http://github.com:80/evil/app.git",
    "git://github.com/evil/app.git",
    "ssh://git@github.com/evil/app.git",
    "ssh://git@github.com:22/evil/app.git",
    "git@github.com:evil/app.git",
    "git@github.com:/evil/app.git",
    " https://github.com/evil/app.git ",
];

/// Spellings that programs read in different ways.
const UNCLEAR: &[&str] = &[
    "https://github.com/acme/..%2Fevil/app.git",
    "https://github.com/%2565vil/app.git",
    "https://github.com/acme\\..\\evil/app.git",
    "https://github.com/acme//../evil/app.git",
    "https://github.com/evil/app.git?x",
    "https://github.com/evil/app.git#x",
    "https://github.com:8443/evil/app.git",
    "ssh://git@github.com:443/evil/app.git",
    "ssh://git@ssh.github.com:443/evil/app.git",
    "https://example.com\\@github.com/evil/app.git",
    "https://me:pa/ss@github.com/evil/app.git",
    "git@github.com:%65vil/app.git",
    "ftp://github.com/evil/app.git",
];

#[test]
fn no_spelling_slips_past_a_pattern() {
    for text in [
        "https://github.com/evil/*",
        "https://github.com/evil/app",
        "https://github.com/evil/app.git",
        "https://github.com/Evil/App.git/",
        "HTTPS://GitHub.com/evil/*",
        "http://github.com/evil/*",
        "ssh://git@github.com/evil/*",
        "git@github.com:evil/*",
        "git@github.com:evil/app.git",
        "https://*@github.com/evil/*",
        "*@github.com:evil/*",
        "https://www.github.com/evil/*.git",
        "https://github.com:443//%65vil/app*",
        "https://github.com/acme/../evil/*",
        "https://github.com/evil/app.git*",
        "http*://github.com/EVIL/*",
        "*://github.com:443/evil/*",
        "https://github.com:*/evil/*",
        "https://github.???/evil/*",
        "https://*/evil/*",
        "https://*/EVIL/*",
        "*github.com/evil/*",
        "*/Evil/app.git",
        "*evil*",
    ] {
        let pattern = pattern(text);
        for spelling in EVIL {
            assert_eq!(answer(&pattern, spelling, Forbid), "yes", "{text} forbids {spelling}");
        }
        for spelling in UNCLEAR {
            assert_ne!(answer(&pattern, spelling, Forbid), "no", "{text} forbids {spelling}");
        }
    }
}

#[test]
fn no_spelling_gets_past_an_allow_list() {
    for text in ["https://github.com/acme/*", "git@github.com:acme/*", "https://*/acme/*", "*github.com/acme/*"] {
        let pattern = pattern(text);
        for spelling in EVIL {
            assert_eq!(answer(&pattern, spelling, Allow), "no", "{text} allows {spelling}");
        }
        for spelling in UNCLEAR {
            assert_ne!(answer(&pattern, spelling, Allow), "yes", "{text} allows {spelling}");
        }
    }
}

#[test]
fn every_safe_spelling_is_let_through() {
    let allowed = pattern("https://github.com/evil/*");
    for spelling in EVIL {
        let expected = if spelling.starts_with("http:") || spelling.starts_with("git:") { "no" } else { "yes" };
        assert_eq!(answer(&allowed, spelling, Allow), expected, "{spelling}");
    }
}

#[test]
fn http_is_https_only_where_it_forbids() {
    let secure = "https://github.com/acme/app";
    let plain = "http://github.com/acme/app";
    check("https://github.com/acme/*", secure, "yes", "yes");
    check("https://github.com/acme/*", plain, "yes", "no");
    check("http://github.com/acme/*", plain, "yes", "yes");
    check("http://github.com/acme/*", secure, "yes", "no");
    check("http*://github.com/acme/*", plain, "yes", "yes");
    check("http*://github.com/acme/*", secure, "yes", "yes");
    // About how a source is fetched, not about where it is.
    check("http://*", plain, "yes", "yes");
    check("http://*", secure, "no", "no");
    check("git://*", "git://github.com/acme/app", "yes", "yes");
    check("https://*", "git@github.com:acme/app", "yes", "yes");
    check("ssh*://github.com/acme/*", secure, "yes", "yes");
}

#[test]
fn what_only_an_unknown_host_could_decide_is_unknown() {
    let pattern = "https://git.example.com/acme/*";
    check(pattern, "https://git.example.com/acme/app", "yes", "yes");
    check(pattern, "https://git.example.com/Acme/app", "unknown", "unknown");
    check(pattern, "https://git.example.com:8443/acme/app", "unknown", "unknown");
    check(pattern, "http://git.example.com/Acme/app", "unknown", "no");
    check(pattern, "https://git.example.com/shop/app", "no", "no");
    check(pattern, "https://www.git.example.com/acme/app", "no", "no");
    check("https://git.example.com/acme/app", "https://git.example.com/acme/app.GIT", "unknown", "unknown");
    check("https://git.example.com:8443/acme/*", "https://git.example.com:8443/acme/app", "yes", "yes");
    check("https://git.example.com:8443/acme/*", "https://git.example.com/acme/app", "unknown", "unknown");
    check("https://git.example.com:8443/acme/*", "ssh://git@git.example.com:7999/acme/app", "unknown", "unknown");
    check("ssh://git@git.example.com:7999/acme/*", "ssh://git@git.example.com:7999/acme/app", "yes", "yes");
    check("https://github.com/acme/*", "ssh://git@ssh.github.com:443/acme/app", "unknown", "unknown");
    check("https://github.com/acme/*", "ssh://git@ssh.github.com:443/evil/app", "no", "no");
    check("ssh://git@ssh.github.com:443/acme/*", "https://github.com/acme/app", "unknown", "unknown");
    check("https://github.com/acme/*", "https://github.com/acme%2Fapp", "unknown", "unknown");
    check("https://gitlab.com/acme/*", "https://github.com/acme%2Fapp", "no", "no");
    check("https://gitlab.com/acme/*", "file:///acme", "unknown", "unknown");
}

#[test]
fn why_an_answer_is_unknown() {
    let why = |location: &str| {
        let location = SourceLocation::read(None, Some(location)).unwrap();
        pattern("https://github.com/acme/*").matches(&location, Forbid).unwrap_err()
    };
    assert_eq!(why("https://github.com/acme%2Fapp"), "`%2F` in a path can be read in two ways");
    assert_eq!(why("ssh://git@ssh.github.com/acme/app"), "`ssh.github.com` may be `github.com`");
    assert_eq!(
        why("https://github.com:8443/acme/app"),
        "it differs from `https://github.com/acme/*` only in case, port or a second name of the host"
    );
}

#[test]
fn sources_that_are_no_repository() {
    check("NO_SOURCE", "NO_SOURCE", "yes", "yes");
    check("*", "NO_SOURCE", "yes", "yes");
    check("https://*", "NO_SOURCE", "no", "no");
    check("acme/*", "NO_SOURCE", "no", "no");
    check("bucket/*", "bucket/Key.zip", "yes", "yes");
    check("bucket/key", "bucket/Key", "no", "no");
    check("bucket/a/../b", "bucket/b", "no", "no");
    check("bucket/a/../b", "bucket/a/../b", "yes", "yes");
    check("bucket/folder/", "bucket/folder/", "yes", "yes");
    check("bucket/app.git", "bucket/app.git", "yes", "yes");
    check("*/app.git", "bucket/app.git", "yes", "yes");
    check("https://*", "bucket/key", "no", "no");
    check("*", "bucket/key", "yes", "yes");
    check("*", "https://github.com/acme%2Fapp", "yes", "yes");
    check("h*", "https://github.com/acme/app", "yes", "yes");
}

/// The pattern has these warnings, as `found = right`.
#[track_caller]
fn warns(text: &str, expected: &[&str]) {
    let (_, warnings) = SourcePattern::parse(text).unwrap_or_else(|remark| panic!("{remark:?}"));
    let warnings: Vec<String> = warnings.iter().map(|Remark { message, help }| format!("{message} = {help}")).collect();
    assert_eq!(warnings, expected, "{text}");
}

#[track_caller]
fn refused(text: &str, expected: &str) {
    match SourcePattern::parse(text) {
        Ok((pattern, _)) => panic!("{text}: {pattern:?}"),
        Err(Remark { message, help }) => assert_eq!(format!("{message} = {help}"), expected),
    }
}

#[test]
fn patterns_that_no_location_fits() {
    refused(
        "GITHUB",
        "no location fits `GITHUB`, which is a source's type = write `https://github.com/*`; or `build.source.type == \"GITHUB\"` in an expression",
    );
    refused("no_source", "no location fits `no_source`, which is a source's type = write `NO_SOURCE`");
    refused(
        "CODEPIPELINE",
        "no location fits `CODEPIPELINE`, which is a source's type = write a URL as in `https://git.example.com/*`; or `build.source.type == \"CODEPIPELINE\"` in an expression",
    );
    refused(
        "https://github.com/evil",
        "no repository fits `https://github.com/evil`, which has no repository's name = write `https://github.com/evil/*` for everything below it",
    );
    refused(
        "https://github.com/Evil/",
        "no repository fits `https://github.com/Evil/`, which has no repository's name = write `https://github.com/evil/*` for everything below it",
    );
    refused(
        "git@github.com:evil",
        "no repository fits `git@github.com:evil`, which has no repository's name = write `https://github.com/evil/*` for everything below it",
    );
    refused(
        "https://github.com",
        "no repository fits `https://github.com`, which has no repository's name = write `https://github.com/*` for everything below it",
    );
    refused(
        "github.com",
        "no location fits `github.com`: it is neither a URL nor `bucket/key` in S3 = write `https://github.com/*`",
    );
    refused(
        "evil",
        "no location fits `evil`: it is neither a URL nor `bucket/key` in S3 = write a URL as in `https://github.com/acme/*`, or `bucket/key` in S3",
    );
    refused(
        "s3://bucket/*",
        "no location fits `s3://bucket/*`: one in S3 is written without `s3://` = write `bucket/*`",
    );
    refused(
        "arn:aws:s3:::bucket/*",
        "no location fits `arn:aws:s3:::bucket/*`: none is an ARN = write a location in S3 without its ARN: `bucket/*`",
    );
    refused(
        "arn:aws:codecommit:eu-west-1:111122223333:shop",
        "no location fits `arn:aws:codecommit:eu-west-1:111122223333:shop`: none is an ARN = write `https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/shop`",
    );
    refused(
        "https://:evil/app",
        "no location fits `https://:evil/app`: `:evil` is not a host = write a URL, as in `https://github.com/acme/*`",
    );
    refused(
        "https?://github.com/evil/*",
        "no location fits `https?://github.com/evil/*`: `https?` is not a scheme of a git host = write `https://github.com/evil/*`",
    );
    refused(
        "ftp://github.com/evil/*",
        "no location fits `ftp://github.com/evil/*`: `ftp` is not a scheme of a git host = write `https://github.com/evil/*`",
    );
    refused(
        "codecommit::eu-west-1://shop",
        "no location fits `codecommit::eu-west-1://shop`: `codecommit::eu-west-1` is not a scheme of a git host = write `https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/shop`",
    );
    refused(
        "codecommit://deploy@shop",
        "no location fits `codecommit://deploy@shop`: `codecommit` is not a scheme of a git host = write `https://git-codecommit.*.amazonaws.com/v1/repos/shop`",
    );
    refused(
        "https:github.com/evil/*",
        "no location fits `https:github.com/evil/*`: `//` is missing behind `https:` = write `https://github.com/evil/*`",
    );
    refused(
        "https:/github.com/evil/*",
        "no location fits `https:/github.com/evil/*`: `//` is missing behind `https:` = write `https://github.com/evil/*`",
    );
    refused(
        "ssh://git@github.com:evil/*",
        "no location fits `ssh://git@github.com:evil/*`: `github.com:evil` is not a host = write a `/` behind the host: `https://github.com/evil/*`",
    );
    refused(
        "https://git hub.com/evil/*",
        "no location fits `https://git hub.com/evil/*`: `git hub.com` is not a host = write a URL, as in `https://github.com/acme/*`",
    );
    refused(
        "https://github.com/evil/app#main",
        "no location fits `https://github.com/evil/app#main`: locations are compared without a fragment = write `https://github.com/evil/app`",
    );
}

#[test]
fn patterns_that_are_probably_not_meant() {
    warns(
        "github.com/evil/*",
        &[
            "`github.com/evil/*` has no scheme, so that it is compared as `bucket/key` in S3 = write `https://github.com/evil/*`",
        ],
    );
    warns("git@*", &["`git@*` has no scheme, so that it is compared as `bucket/key` in S3 = write `https://*`"]);
    warns(
        "github.com*",
        &["`github.com*` has no scheme, so that it is compared as `bucket/key` in S3 = write `https://github.com*`"],
    );
    warns(
        "git.example.com:8443/evil/*",
        &[
            "`git.example.com:8443/evil/*` has no scheme, so that `8443` is a folder and no port = write `https://git.example.com:8443/evil/*`",
        ],
    );
    warns(
        "https://git.example.com/evil/",
        &[
            "a `/` at the end of `https://git.example.com/evil/` is left out = write `https://git.example.com/evil/*` for everything below it, `https://git.example.com/evil` for the repository",
        ],
    );
    warns(
        "https://git.example.com",
        &[
            "`https://git.example.com` fits only a repository without a path = write `https://git.example.com/*` for every repository of the host",
        ],
    );
    warns(
        "https://github.com/acme/app/*",
        &[
            "`https://github.com/acme/app/*` has more parts than a repository of github.com = write `https://github.com/acme/app`",
        ],
    );
    warns(
        "https://git.example.com/acme/app.*",
        &[
            "`https://git.example.com/acme/app.*` does not fit `.git`, which is left out of a location = write `https://git.example.com/acme/app`, without an end",
        ],
    );
    warns(
        "https://github.com/acme%2Fapp",
        &[
            "`https://github.com/acme%2Fapp` is compared as written with locations in their normal form: `%2F` in a path can be read in two ways = write a URL in its plain form, as in `https://github.com/acme/*`",
        ],
    );
    warns(
        "https://github.com/*/../evil",
        &[
            "`https://github.com/*/../evil` is compared as written with locations in their normal form: `..` behind a wildcard = write a URL in its plain form, as in `https://github.com/acme/*`",
        ],
    );
    warns(
        "https://github.com:44?/evil/*",
        &[
            "`https://github.com:44?/evil/*` is compared as written with locations in their normal form: its port has wildcards = write a URL in its plain form, as in `https://github.com/acme/*`",
        ],
    );
    warns(
        "*@github.com/evil/*",
        &[
            "`*@github.com/evil/*` has user information, which is left out of a location = write `https://github.com/evil/*`",
        ],
    );
}

#[test]
fn patterns_without_a_warning() {
    for text in [
        "*",
        "NO_SOURCE",
        "https://*",
        "http://*",
        "https://github.com/*",
        "https://github.com/acme/*",
        "https://github.com/acme/app",
        "https://github.com/acme/app.git",
        "https://github.com/acme/app/",
        "https://github.com/acme*",
        "https://github.com/*-fork/*",
        "HTTPS://GitHub.com/Acme/*",
        "git@github.com:acme/*",
        "ssh://git@git.example.com:7999/acme/*.git",
        "https://gitlab.com/acme/team/app",
        "https://gitlab.com/acme/team/*",
        "https://*.example.com/*",
        "https://git-codecommit.*.amazonaws.com/v1/repos/*",
        "https://git.example.com/app.git",
        "*github.com/*",
        "*/acme/*",
        "*e*",
        "a*",
        "acme-artifacts/*",
        "my.bucket/*",
        "bucket/folder/",
        "http*://github.com/acme/*",
    ] {
        warns(text, &[]);
    }
}

#[test]
fn covers() {
    for (wide, narrow, expected) in [
        ("https://github.com/acme/*", "https://github.com/Acme/app.git", true),
        ("https://github.com/*", "https://github.com/acme/*", true),
        ("*", "bucket/key", true),
        ("https://github.com/acme/*", "https://github.com/*", false),
        ("https://github.com/acme/*", "https://gitlab.com/acme/*", false),
    ] {
        assert_eq!(pattern(wide).covers(&pattern(narrow)), expected, "{wide} {narrow}");
    }
}

/// Another spelling of a repository of github.com that git fetches by the URL `https://github.com/OWNER/REPO`.
fn spelling(owner: String, repository: String) -> impl Strategy<Value = String> {
    let encoded = |name: String| {
        prop::collection::vec(0..4_u8, name.len()).prop_map(move |choices| {
            let letters = name.chars().zip(choices).map(|(letter, choice)| match choice {
                0 => format!("%{:02x}", u32::from(letter)),
                1 => format!("%{:02X}", u32::from(letter)),
                2 => letter.to_ascii_uppercase().to_string(),
                _ => letter.to_string(),
            });
            letters.collect::<String>()
        })
    };
    let noise = prop::sample::select(vec!["/", "//", "/./", "/x/../", "/x/%2e%2E/", "/../", "///."]);
    let authority =
        ("(|me@|me:p w@|x@y@)", r"(|www\.)", r"(github\.com|GitHub\.COM|git%68ub\.com)", r"(|\.)", "(|:|:443)");
    let authority = authority.prop_map(|(user, www, host, dot, port)| format!("{user}{www}{host}{dot}{port}"));
    let scheme = prop::sample::select(vec!["https://", "HTTPS://", "hTTps://"]);
    (scheme, authority, noise.clone(), encoded(owner), noise, encoded(repository), r"(|\.git|/|\.git/|//|/\.)")
        .prop_map(|(scheme, authority, one, owner, two, repository, end)| {
            // The noise in front of the repository must not remove its owner.
            let two = if two == "/../" { "/" } else { two };
            let slash = if one == "///." { "/" } else { "" };
            let other = if two == "///." { "/" } else { "" };
            format!("{scheme}{authority}{one}{slash}{owner}{two}{other}{repository}{end}")
        })
}

fn name() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9_-]{0,8}".prop_map(|name| name)
}

proptest! {
    #[test]
    fn forbidding_one_spelling_catches_every_other(
        (one, two) in (name(), name()).prop_flat_map(|(owner, name)| {
            (spelling(owner.clone(), name.clone()), spelling(owner, name))
        }),
    ) {
        let (pattern, _) = SourcePattern::parse(&one).unwrap();
        for direction in [Forbid, Allow] {
            prop_assert_eq!(pattern.matches(&location(&two), direction), Ok(true), "{} {}", one, two);
        }
    }

    #[test]
    fn allowing_an_owner_never_passes_another(
        text in (prop::sample::select(vec!["evil", "acme-evil", "acme.evil", "xacme"]), name())
            .prop_flat_map(|(owner, name)| spelling(owner.to_owned(), name)),
    ) {
        let (pattern, _) = SourcePattern::parse("https://github.com/acme/*").unwrap();
        prop_assert_eq!(pattern.matches(&location(&text), Allow), Ok(false), "{}", text);
    }

    #[test]
    fn the_normal_form_is_its_own(text in "(https://|http://|git@)?[a-zA-Z.:@%/?#2e~ -]{0,40}") {
        if let Some(SourceLocation::Repository(url)) = SourceLocation::read(Some("GITHUB"), Some(&text)) {
            let normal = url.text();
            let again = SourceLocation::read(Some("GITHUB"), Some(normal));
            // SSH through port 443 is written as HTTPS with a port that is HTTPS's own.
            if url.port != Some(443) {
                prop_assert_eq!(again, Some(SourceLocation::Repository(url)));
            }
        }
    }

    #[test]
    fn no_text_is_too_strange(text in "\\PC{0,40}", location_text in "\\PC{0,40}") {
        if let Ok((pattern, _)) = SourcePattern::parse(&text)
            && let Some(location) = SourceLocation::read(None, Some(&location_text))
        {
            for direction in [Forbid, Allow] {
                let _ = pattern.matches(&location, direction);
            }
        }
    }

    #[test]
    fn what_covers_fits_whatever_the_other_fits(
        wide in r"https://(github\.com|git\.example\.com|[*])/[aA*]{1,2}/[bB*.]{1,3}",
        narrow in r"https://(github\.com|git\.example\.com|[*])/[aA*]{1,2}/[bB*.]{1,3}",
        text in r"https?://(github\.com|git\.example\.com)(|:80|:443|:7)/[aA]{1,2}/[bB.]{1,3}(\.git)?",
    ) {
        let (Ok((wide, _)), Ok((narrow, _))) = (SourcePattern::parse(&wide), SourcePattern::parse(&narrow)) else {
            return Ok(());
        };
        if wide.covers(&narrow) {
            for direction in [Forbid, Allow] {
                let (wide, narrow) = (wide.matches(&location(&text), direction), narrow.matches(&location(&text), direction));
                prop_assert!(narrow == Ok(false) || wide == Ok(true) || wide.is_err() && narrow.is_err());
            }
        }
    }
}
