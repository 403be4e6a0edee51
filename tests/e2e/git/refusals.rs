//! Hosts that are not asked, and hosts that misbehave.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use buildbrake_aws::git::{CredentialUse, GitClient};
use buildbrake_core::facts::remote_refs::ObjectFormat;
use buildbrake_testkit::{
    git::Protocol,
    http::{Reply, Request},
};

use super::{AwsConfig, GitSettings, Host, client, now, repositories, settings, url};

/// The name of a host's fault, and the host's reply to each request.
type Misdeed = (&'static str, fn() -> Reply);

const COMMIT: &str = "1111111111111111111111111111111111111111";

/// An answer to `ls-refs`, right or not.
fn listing(body: impl Into<Vec<u8>>) -> Reply {
    let headers = vec![("content-type", "application/x-git-upload-pack-result".to_owned())];
    Reply::Http { status: 200, headers, body: body.into() }
}

fn good() -> Reply {
    listing(format!("003d{COMMIT} refs/heads/main\n0000"))
}

fn status(status: u16) -> Reply {
    Reply::Http { status, headers: Vec::new(), body: b"a text that must not be quoted".to_vec() }
}

fn redirect(status: u16, location: &str) -> Reply {
    Reply::Http { status, headers: vec![("location", location.to_owned())], body: Vec::new() }
}

/// The message of the error that a client with these settings returns for a URL.
async fn refusal(settings: GitSettings, location: &str) -> String {
    let client = GitClient::new(settings, &AwsConfig::offline("eu-west-1").await);
    let refs = client.refs(&url(location), ObjectFormat::Sha1, CredentialUse::Never, now()).await;
    refs.unwrap_err().to_string()
}

#[tokio::test]
async fn a_good_answer_is_taken() {
    let with_parameter = || Reply::Http {
        status: 200,
        headers: vec![("content-type", "application/x-git-upload-pack-result; charset=utf-8".to_owned())],
        body: good().written().1,
    };
    for reply in [good, with_parameter] {
        assert_eq!(Host::start(move |_| reply()).refs().await.unwrap().refs.len(), 1);
    }
}

#[tokio::test]
async fn a_host_that_is_not_listed_is_never_connected_to() {
    let host = Host::start(|_| good());
    for listed in ["127.0.0.1", "github.com", "http://127.0.0.1:9", "https://*.0.0.1"] {
        let message = refusal(settings(listed), &format!("{}/app", host.http())).await;
        assert_eq!(message, format!("`{}` is not listed in BUILDBRAKE_GIT_HOSTS", host.http()));
    }
    assert!(host.requested().is_empty());
}

/// Only DNS shows that `localhost` leads to this machine.
#[tokio::test]
async fn a_name_or_wildcard_that_leads_to_this_machine_is_never_connected_to() {
    let host = Host::start(|_| good());
    let port = host.server.address.port();
    for (listed, name) in [
        (format!("http://localhost:{port}"), "localhost"),
        // Not even by a spelling that only the resolver reads as an address.
        (format!("http://2130706433:{port}"), "2130706433"),
        (format!("http://127.1:{port}"), "127.1"),
        (format!("http://*.0.0.1:{port}"), "127.0.0.1"),
    ] {
        let message = refusal(settings(&listed), &format!("http://{name}:{port}/app")).await;
        assert!(message.starts_with("the git host has an address that is never connected to"), "{name}: {message}");
    }
    assert!(host.requested().is_empty());
}

#[tokio::test]
async fn the_runtime_api_is_never_connected_to() {
    let host = Host::start(|_| good());
    for runtime_api in [host.server.address.to_string(), format!("localhost:{}", host.server.address.port())] {
        let settings = GitSettings { runtime_api: Some(runtime_api), ..settings(&host.http()) };
        let message = refusal(settings, &format!("{}/app", host.http())).await;
        assert!(message.starts_with("the git host has an address that is never connected to"), "{message}");
    }
    assert!(host.requested().is_empty());
}

#[tokio::test]
async fn a_slow_host_is_given_up_after_two_seconds() {
    let replies: [Misdeed; 4] = [
        ("hangs", || Reply::Hang(Duration::from_secs(5))),
        ("drips", || Reply::Drip(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n".to_vec(), Duration::from_millis(200))),
        ("stalls", || {
            let (head, body) = good().written();
            Reply::Stall([&head, &body[..20]].concat(), Duration::from_secs(5))
        }),
        ("redirects slowly", || {
            let (head, _) = redirect(307, "/app.git/git-upload-pack").written();
            Reply::Drip(head, Duration::from_millis(10))
        }),
    ];
    for (what, reply) in replies {
        let host = Host::start(move |_| reply());
        let begun = Instant::now();
        assert_eq!(host.refusal().await, "the git host did not answer within 2 seconds", "{what}");
        assert!(begun.elapsed() < Duration::from_secs(3), "{what}: {:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn an_answer_longer_than_eight_mebibytes_is_refused() {
    let endless = || {
        [
            b"HTTP/1.1 200 OK\r\ncontent-type: application/x-git-upload-pack-result\r\n\r\n".as_slice(),
            &vec![b'a'; 9 << 20],
        ]
        .concat()
    };
    let host = Host::start(move |_| Reply::Raw(endless()));
    assert_eq!(host.refusal().await, "the git host's answer is longer than 8 MiB");
    let announced =
        "HTTP/1.1 200 OK\r\ncontent-type: application/x-git-upload-pack-result\r\ncontent-length: 9999999\r\n\r\n";
    let host = Host::start(|_| Reply::Stall(announced.into(), Duration::from_secs(5)));
    assert_eq!(host.refusal().await, "the git host's answer is longer than 8 MiB");
}

#[tokio::test]
async fn what_is_no_list_of_refs_is_refused() {
    let html = || Reply::Http {
        status: 200,
        headers: vec![("content-type", "text/html".to_owned())],
        body: b"<!DOCTYPE html>".to_vec(),
    };
    let replies: [Misdeed; 8] = [
        ("no content type", || Reply::Http { status: 200, headers: Vec::new(), body: good().written().1 }),
        ("HTML", || listing("<!DOCTYPE html>")),
        ("nothing", || listing("")),
        ("a length that is too long", || listing(format!("004d{COMMIT} refs/heads/main\n0000"))),
        ("a length that is too short", || listing(format!("003c{COMMIT} refs/heads/main\n0000"))),
        ("no end", || listing(format!("003d{COMMIT} refs/heads/main\n"))),
        ("an error", || listing("0013ERR no such thing\n0000")),
        ("gzip that was not asked for", || good().with_header("content-encoding", "gzip")),
    ];
    for (what, reply) in replies {
        assert_eq!(
            Host::start(move |_| reply()).refusal().await,
            "the git host's answer is not a list of refs",
            "{what}"
        );
    }
    assert_eq!(Host::start(move |_| html()).refusal().await, "the git host's answer is not a list of refs");
}

#[tokio::test]
async fn a_broken_connection_is_named() {
    let half = || {
        let (head, body) = good().written();
        [&head, &body[..20]].concat()
    };
    let closed = Host::start(|_| Reply::Close);
    let cut = Host::start(move |_| Reply::Raw(half()));
    let reset = Host::start(move |_| Reply::Reset(half()));
    for host in [closed, cut, reset] {
        assert_eq!(host.refusal().await, "no connection to the git host");
    }
    let nobody = Host::start(|_| good()).http();
    assert_eq!(refusal(settings(&nobody), &format!("{nobody}/app")).await, "no connection to the git host");
}

/// Lambda freezes a function between two events, without regard to its connections.
#[tokio::test]
async fn a_connection_that_the_host_closes_is_not_used_again() {
    let host = Host::start(|_| {
        let (head, body) = good().written();
        Reply::Stall([head, body].concat(), Duration::from_millis(20))
    });
    let (client, url) = (client(&host.http()).await, url(&format!("{}/app", host.http())));
    for question in 0..5 {
        let refs = client.refs(&url, ObjectFormat::Sha1, CredentialUse::Never, now()).await;
        assert_eq!(refs.unwrap().refs.len(), 1, "question {question}");
        thread::sleep(Duration::from_millis(60));
    }
}

#[tokio::test]
async fn every_status_has_its_cause_and_nothing_is_quoted() {
    for (code, expected) in [
        (401, "the git host asks for credentials"),
        (403, "the git host refused access"),
        (404, "the git host has no such repository, or does not show it"),
        (429, "the git host answered HTTP 429"),
        (500, "the git host answered HTTP 500"),
        (503, "the git host answered HTTP 503"),
        (204, "the git host answered HTTP 204"),
        (303, "the git host answered HTTP 303"),
    ] {
        assert_eq!(Host::start(move |_| status(code)).refusal().await, expected, "{code}");
    }
}

#[tokio::test]
async fn a_redirect_to_a_repository_of_a_listed_host_is_followed() {
    let repositories = Arc::new(repositories("redirects"));
    let repository = repositories.init("new.git", "sha1");
    repository.point("refs/heads/main", &repository.commit("first"));
    let served = repositories.clone();
    let new = Host::start(move |request| served.answer(request, Protocol::V0));
    for code in [301, 302, 307, 308] {
        let target = new.http();
        let moved = move |request: &Request| redirect(code, &format!("{target}{}", request.path.replace("app", "new")));
        let old = Host::start(moved);
        let client = client(&format!("{},{}", old.http(), new.http())).await;
        let url = url(&format!("{}/app", old.http()));
        let remote = client.refs(&url, ObjectFormat::Sha1, CredentialUse::Never, now()).await.unwrap();
        assert_eq!(remote.refs.len(), 1, "{code}");
    }
    // A location without a host is on the same host.
    let served = repositories.clone();
    let renamed = Host::start(move |request| match request.path.strip_prefix("/app") {
        Some(rest) => redirect(301, &format!("/new{rest}")),
        None => served.answer(request, Protocol::Any),
    });
    assert_eq!(renamed.refs().await.unwrap().refs.len(), 1);
}

#[tokio::test]
async fn any_other_redirect_is_refused() {
    let target = Arc::new(Host::start(|_| good()));
    let other = target.http();
    let elsewhere = "the git host redirects to a page that is not a repository";
    let unlisted = "the git host redirects to a host that is not listed in BUILDBRAKE_GIT_HOSTS";
    for (location, expected) in [
        (format!("{other}/app.git/git-upload-pack"), unlisted),
        (format!("//{}/app.git/git-upload-pack", target.server.address), unlisted),
        ("https://127.0.0.1/app.git/git-upload-pack".to_owned(), unlisted),
        ("http://169.254.169.254/latest/git-upload-pack".to_owned(), unlisted),
        (format!("{}@{}/app.git/git-upload-pack", other.replace("//", "//ann:open"), ""), elsewhere),
        ("file:///etc/git-upload-pack".to_owned(), elsewhere),
        ("/users/sign_in".to_owned(), elsewhere),
        ("git-upload-pack".to_owned(), elsewhere),
        (String::new(), elsewhere),
        ("/app.git/git-upload-pack".to_owned(), "the git host redirects too often"),
    ] {
        let host = Host::start(move |_| redirect(307, &location));
        let requests = if expected.ends_with("often") { 4 } else { 1 };
        assert_eq!(host.refusal().await, expected, "{:?}", host.requested());
        assert_eq!(host.requested().len(), requests);
    }
    assert!(target.requested().is_empty());
}
