mod properties;

use super::*;
use crate::pattern::Pattern;

const COMMIT: SourceVersion<'static> = SourceVersion::Commit("75614758eace7c1d9d032b8980854ab486068f3b");
const REQUEST: SourceVersion<'static> = SourceVersion::PullRequest("25");

/// A webhook whose groups are written as `EVENTS TYPE=pattern TYPE!=pattern`.
fn webhook(groups: &[&str]) -> Webhook {
    let filter = |text: &str| {
        let (r#type, pattern) = text.split_once('=').unwrap_or(("EVENT", text));
        let (r#type, excludes) = r#type.strip_suffix('!').map_or((r#type, false), |name| (name, true));
        WebhookFilter {
            r#type: Some(r#type.to_owned()),
            pattern: Some(pattern.to_owned()),
            exclude_matched_pattern: Some(excludes),
        }
    };
    let groups = groups.iter().map(|group| group.split(' ').map(filter).collect());
    Webhook { filter_groups: Some(groups.collect()), ..Webhook::default() }
}

fn patterns(patterns: &[&str]) -> Vec<Pattern> {
    patterns.iter().map(|pattern| pattern.parse().unwrap()).collect()
}

/// The refs of a push to GitHub under one HEAD_REF filter.
fn pushed(filter: &str) -> PossibleRefs {
    webhook(&[&format!("PUSH {filter}")]).possible_refs(COMMIT, Some("GITHUB")).unwrap()
}

#[test]
fn a_filter_that_pins_one_ref_names_it() {
    for (filter, expected) in [
        ("HEAD_REF=^refs/heads/main$", &["refs/heads/main"] as &[_]),
        (r"HEAD_REF=^refs\/heads\/main$", &["refs/heads/main"]),
        (r"HEAD_REF=\Arefs/heads/v1\.0\z", &["refs/heads/v1.0"]),
        ("HEAD_REF=^refs/heads/(main|master)$", &["refs/heads/main", "refs/heads/master"]),
        (
            "HEAD_REF=^refs/(heads/(main|ma(st|gist)er)|tags/v1)$",
            &["refs/heads/magister", "refs/heads/main", "refs/heads/master", "refs/tags/v1"],
        ),
        ("HEAD_REF=^refs/heads/main$|^refs/heads/dev$", &["refs/heads/dev", "refs/heads/main"]),
        (
            "HEAD_REF=^refs/heads/(?:dev|qa)[12]$",
            &["refs/heads/dev1", "refs/heads/dev2", "refs/heads/qa1", "refs/heads/qa2"],
        ),
        ("HEAD_REF=^refs/heads/mai{1}n?$", &["refs/heads/mai", "refs/heads/main"]),
        ("HEAD_REF=^refs/heads/(main|dev)$ HEAD_REF!=dev", &["refs/heads/main"]),
        ("HEAD_REF=^refs/heads/(main|dev)$ HEAD_REF=main", &["refs/heads/main"]),
        // `.` fits any character.
        ("HEAD_REF=^refs.heads.main$", &["refs/heads/main"]),
    ] {
        assert_eq!(pushed(filter).listed().unwrap(), expected, "{filter}");
    }
    for filter in [
        "HEAD_REF=^refs/heads/main",
        "HEAD_REF=refs/heads/main$",
        "HEAD_REF=main",
        "HEAD_REF=^refs/heads/v.$",
        "HEAD_REF=^refs/heads/a+$",
        "HEAD_REF=^refs/heads/[0-9]{3}$",
        "HEAD_REF!=^refs/heads/main$",
        "FILE_PATH=^src/",
    ] {
        assert_eq!(pushed(filter).listed(), None, "{filter}");
    }
    // `$` binds to `master` alone.
    assert_eq!(pushed("HEAD_REF=^refs/heads/main|master$").listed(), None);
    // Sixteen refs are listed at most.
    assert_eq!(pushed("HEAD_REF=^refs/heads/[a-p]$").listed().unwrap().len(), 16);
    assert_eq!(pushed("HEAD_REF=^refs/heads/[a-q]$").listed(), None);
}

#[test]
fn a_rule_has_one_answer_for_every_ref_that_a_filter_lets_through() {
    let check = |filter: &str, list: &[&str], expected: RefsFit| {
        assert_eq!(pushed(filter).fit(&patterns(list)), expected, "{filter} {list:?}");
    };
    check("HEAD_REF=^refs/heads/main$", &["refs/heads/main"], RefsFit::Every);
    check("HEAD_REF=^refs/heads/main$", &["refs/heads/ma*", "refs/tags/*"], RefsFit::Every);
    check("HEAD_REF=^refs/heads/main$", &["refs/heads/mai?", "x"], RefsFit::Every);
    check("HEAD_REF=^refs/heads/main$", &["refs/heads/release/*"], RefsFit::None);
    check("HEAD_REF=^refs/heads/main$", &[], RefsFit::None);
    // A prefix: `refs/heads/mainline` passes too.
    check("HEAD_REF=^refs/heads/main", &["refs/heads/main"], RefsFit::Some);
    check("HEAD_REF=^refs/heads/main", &["refs/heads/main*"], RefsFit::Every);
    check("HEAD_REF=^refs/heads/main", &["refs/heads/dev"], RefsFit::None);
    check("HEAD_REF=refs/heads/main", &["refs/heads/dev"], RefsFit::None);
    // `refs/heads/x/refs/heads/main` passes too.
    check("HEAD_REF=refs/heads/main$", &["refs/heads/main"], RefsFit::Some);
    check("HEAD_REF=refs/heads/main$", &["refs/*/main"], RefsFit::Every);
    check("HEAD_REF=main", &["*main*"], RefsFit::Every);
    check("HEAD_REF=main", &["refs/heads/*"], RefsFit::Some);
    check("HEAD_REF=^main$", &["refs/heads/main"], RefsFit::Some);
    check("HEAD_REF=^refs/heads/release/.*", &["refs/heads/release/*"], RefsFit::Every);
    check("HEAD_REF=^refs/heads/release/.+$", &["refs/heads/release/?*"], RefsFit::Every);
    check("HEAD_REF=^refs/heads/release/.*$", &["refs/heads/main", "refs/tags/*"], RefsFit::None);
    check(r"HEAD_REF=^refs/heads/release/\d+\.\d+$", &["refs/heads/release/*.*"], RefsFit::Every);
    check(r"HEAD_REF=^refs/heads/release/[0-9]+\.[0-9]+$", &["refs/heads/release/*.x"], RefsFit::None);
    check(r"HEAD_REF=^refs/tags/v\d+\.\d+\.\d+$", &["refs/heads/*"], RefsFit::None);
    check("HEAD_REF=^refs/heads/[^/]+$", &["refs/heads/*/*"], RefsFit::None);
    check("HEAD_REF=^refs/heads/(main|release/.*)$", &["refs/heads/main", "refs/heads/release/*"], RefsFit::Every);
    check("HEAD_REF=^refs/heads/.*$", &["refs/heads/*"], RefsFit::Every);
    check("HEAD_REF=^refs/heads/.*$ HEAD_REF!=^refs/heads/main$", &["refs/heads/main"], RefsFit::None);
    check("HEAD_REF=.* HEAD_REF!=^refs/heads/main$", &["refs/heads/main"], RefsFit::None);
    check("HEAD_REF!=main", &["*main*"], RefsFit::None);
    check("HEAD_REF!=^refs/tags/", &["refs/heads/*"], RefsFit::Every);
    check("HEAD_REF!=^refs/heads/(main|dev)$", &["refs/heads/main", "refs/heads/dev"], RefsFit::None);
    // A group without a filter on the ref pins nothing.
    check("ACTOR_ACCOUNT_ID=1", &["refs/heads/main"], RefsFit::Some);
    check("ACTOR_ACCOUNT_ID=1", &["*"], RefsFit::Every);
    check("ACTOR_ACCOUNT_ID=1", &["refs/pull/*"], RefsFit::None);
    // Git has no such names.
    check("HEAD_REF=^refs/heads/", &["*.lock", "*//*", "*..*", "*/.*", "* *"], RefsFit::None);
    // No ref passes, so that these filters did not start the build.
    check("HEAD_REF=^refs/heads/a$ HEAD_REF=^refs/heads/b$", &["*"], RefsFit::Some);
    check("HEAD_REF=^main$", &["*"], RefsFit::Some);
}

#[test]
fn what_dialects_understand_differently_lets_everything_through() {
    for expression in [
        "(?i)^refs/heads/main$",
        "(?i:main)",
        "^(?!refs/heads/main$).*",
        "(?=main)",
        r"^\Qrefs/heads/main\E$",
        r"^refs/heads/main\Z",
        r"\brefs/heads/main\b",
        r"^refs/heads/\p{L}$",
        "^refs/heads/[[:alpha:]]$",
        "^refs/heads/[a[bc]]$",
        "^refs/heads/[a-z&&[^b]]$",
        "^refs/heads/[]a]$",
        "^refs/heads/[a-c-e]$",
        "^refs/heads/a++$",
        "^refs/heads/a{2}{3}$",
        r"^refs/heads/\x41$",
        r"^refs/heads/\v$",
        r"^refs/heads/(a)\1$",
        "^refs/heads/(",
        "^refs/heads/a{2000}$",
        "^refs/heads/((){1000}){1000}$",
        "(?P<n>a){1,",
    ] {
        for sign in ["", "!"] {
            let refs = pushed(&format!("HEAD_REF{sign}={expression}"));
            assert_eq!(refs.fit(&patterns(&["refs/heads/main"])), RefsFit::Some, "{expression}");
            assert!(refs.may_contain("refs/heads/main") && refs.may_contain("refs/tags/x"), "{expression}");
        }
    }
}

#[test]
fn a_build_shows_which_groups_cannot_have_started_it() {
    let check = |groups: &[&str], version, kind, expected: Option<&[&str]>| {
        let refs = webhook(groups).possible_refs(version, Some(kind));
        let found = refs.map(|refs| refs.listed().unwrap_or_else(|| vec!["more".to_owned()]));
        let expected = expected.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
        assert_eq!(found, expected, "{groups:?} {version:?} {kind}");
    };
    let main = "PUSH HEAD_REF=^refs/heads/main$";
    let requests = "PULL_REQUEST_CREATED,PULL_REQUEST_UPDATED,PULL_REQUEST_REOPENED BASE_REF=^refs/heads/main$";
    let merges = "PULL_REQUEST_MERGED BASE_REF=^refs/heads/main$";
    let releases = "RELEASED,PRERELEASED TAG_NAME=^v1$";
    check(&[main], COMMIT, "GITHUB", Some(&["refs/heads/main"]));
    check(&[main, requests], COMMIT, "GITHUB", Some(&["refs/heads/main"]));
    check(&[main, merges], COMMIT, "GITHUB_ENTERPRISE", Some(&["refs/heads/main"]));
    check(&[main, releases], COMMIT, "GITHUB", Some(&["refs/heads/main", "refs/tags/v1"]));
    check(&[main, "PUSH FILE_PATH=x"], COMMIT, "GITHUB", Some(&["more"]));
    check(
        &["PUSH,RELEASED HEAD_REF=^refs/heads/main$ TAG_NAME=^v1$"],
        COMMIT,
        "GITHUB",
        Some(&["refs/heads/main", "refs/tags/v1"]),
    );
    check(&["PUSH,RELEASED HEAD_REF=^refs/heads/main$"], COMMIT, "GITHUB", Some(&["more"]));
    check(&["RELEASED HEAD_REF=^refs/heads/main$ TAG_NAME=^v1$"], COMMIT, "GITHUB", Some(&["refs/tags/v1"]));
    // A pull request's HEAD_REF is not the ref of its build.
    check(&["PUSH,PULL_REQUEST_CREATED HEAD_REF=^refs/heads/main$"], COMMIT, "GITHUB", Some(&["refs/heads/main"]));
    check(&["PUSH,PULL_REQUEST_CREATED HEAD_REF=^refs/heads/main$"], COMMIT, "BITBUCKET", None);
    check(&[main], COMMIT, "BITBUCKET", Some(&["refs/heads/main"]));
    check(&[main, requests], COMMIT, "GITLAB", None);
    // What no group lets through did not come from these filters.
    check(&[requests], COMMIT, "GITHUB", None);
    check(&[main], REQUEST, "GITHUB", None);
    check(&[requests], REQUEST, "GITHUB", None);
    check(&[merges], REQUEST, "GITHUB", Some(&["refs/heads/main"]));
    check(&[merges, main], REQUEST, "GITHUB", Some(&["refs/heads/main"]));
    check(&[merges, requests], REQUEST, "GITHUB", None);
    check(&["PULL_REQUEST_MERGED,PULL_REQUEST_CLOSED BASE_REF=^refs/heads/main$"], REQUEST, "GITHUB", None);
    check(&["PULL_REQUEST_MERGED HEAD_REF=^refs/heads/main$"], REQUEST, "GITHUB", Some(&["more"]));
    // Any event may be meant.
    check(&["HEAD_REF=^refs/heads/main$"], COMMIT, "GITHUB", None);
    check(&["EVENT!=PUSH HEAD_REF=^refs/heads/main$"], COMMIT, "GITHUB", None);
    check(&["WORKFLOW_JOB_QUEUED"], COMMIT, "GITHUB", None);
    check(&["PUSH,SOMETHING_NEW HEAD_REF=^refs/heads/main$"], COMMIT, "GITHUB", None);
    check(&[main, "WORKFLOW_JOB_QUEUED WORKFLOW_NAME=ci"], COMMIT, "GITHUB", None);
    check(&[main, "WORKFLOW_JOB_QUEUED"], REQUEST, "GITHUB", None);
    check(&[], COMMIT, "GITHUB", None);
    for version in ["main", "refs/tags/v1", "2024", "", "arn:aws:s3:::b/k", ":/x"] {
        check(&[main], SourceVersion::read(version), "GITHUB", None);
    }
}

#[test]
fn events_are_listed_with_and_without_spaces() {
    let filter = |r#type: &str, pattern: &str| WebhookFilter {
        r#type: Some(r#type.to_owned()),
        pattern: Some(pattern.to_owned()),
        exclude_matched_pattern: None,
    };
    let group = vec![filter("EVENT", "PUSH, PULL_REQUEST_CREATED"), filter("HEAD_REF", "^refs/heads/main$")];
    let webhook = Webhook { filter_groups: Some(vec![group]), ..Webhook::default() };
    let refs = webhook.possible_refs(COMMIT, Some("GITHUB")).unwrap();
    assert_eq!(refs.listed().unwrap(), ["refs/heads/main"]);
}

#[test]
fn the_older_filter_matches_the_branchs_short_name() {
    let of = |filter: &str, groups: Option<Vec<Vec<WebhookFilter>>>| Webhook {
        branch_filter: Some(filter.to_owned()),
        filter_groups: groups,
        ..Webhook::default()
    };
    let refs = of("^(main|dev)$", None).possible_refs(COMMIT, Some("GITHUB")).unwrap();
    assert_eq!(refs.listed().unwrap(), ["refs/heads/dev", "refs/heads/main"]);
    let refs = of("^refs", Some(Vec::new())).possible_refs(COMMIT, Some("GITHUB")).unwrap();
    assert_eq!(refs.fit(&patterns(&["refs/heads/refs*"])), RefsFit::Every);
    for (webhook, version, kind) in [
        (of("", None), COMMIT, "GITHUB"),
        (of("(?i)main", None), COMMIT, "GITHUB"),
        (of("^main$", None), REQUEST, "GITHUB"),
        (of("^main$", None), COMMIT, "BITBUCKET"),
        (of("^main$", webhook(&["PUSH"]).filter_groups), COMMIT, "GITHUB"),
        (Webhook::default(), COMMIT, "GITHUB"),
    ] {
        assert!(webhook.possible_refs(version, Some(kind)).is_none(), "{webhook:?}");
    }
}

#[test]
fn refs_that_git_returns_are_compared_with_the_filters() {
    let refs = pushed("HEAD_REF=^refs/heads/main$");
    assert!(refs.may_contain("refs/heads/main"));
    assert!(!refs.may_contain("refs/heads/alias") && !refs.may_contain("refs/tags/main"));
    // `$` matches before some line terminators.
    assert!(refs.may_contain("refs/heads/main\u{2028}"));
}

#[test]
fn expressions_that_are_hard_to_run_are_given_up() {
    let hard = "HEAD_REF=^refs/heads/(.*a.{14}|.*b.{15})$ HEAD_REF!=(x.{13}y)+";
    let begun = std::time::Instant::now();
    assert_eq!(pushed(hard).fit(&patterns(&["*a?????????????c"])), RefsFit::Some);
    assert_eq!(pushed(hard).listed(), None);
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
}
