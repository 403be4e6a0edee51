//! A private repository, asked by the function itself: no credential gets out of the function, whatever the host does
//! with it, and a proxy is used where one is set.

use std::{
    io::{BufRead, BufReader, Write, copy},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    sync::{Arc, Mutex},
    thread,
};

use buildbrake_testkit::{
    codebuild::{CodeBuild, running_in},
    events::{additional_information, event},
    http::{Reply, Request},
    lambda::Answer,
    tls::Authority,
};
use jiff::Timestamp;
use serde_json::json;

use super::{
    Host,
    credentials::{BASIC, PASSWORD, bundle_file, create_secret, one_repository, private, secret},
};
use crate::{FORBIDDEN, PROGRAM, moto::Moto};

const POLICY: &str = "{version: 1, rules: [{id: protected-branches, forbidden-branches: [main]}]}";

/// An organisation's git hosts, with certificates from its own authority and one credential.
struct Organisation {
    moto: Moto,
    authority: Authority,
    ca_bundle: PathBuf,
    secret: String,
}

impl Organisation {
    fn new(test: &str) -> Self {
        let (moto, authority) = (Moto::start(), Authority::new());
        let ca_bundle = bundle_file(&authority, test);
        let secret = create_secret(&moto, &secret("ann", PASSWORD));
        Self { moto, authority, ca_bundle, secret }
    }

    fn host(&self, handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Host {
        Host::start_over_tls(&self.authority, handler)
    }

    /// A fresh function's answer to a build of `https://HOST/app.git` at the commit, and its log.
    fn judge(&self, host: &str, commit: &str, more: (&str, &str)) -> (Answer, String) {
        let repository = json!({"type": "GITHUB_ENTERPRISE", "location": format!("https://{host}/app.git")});
        let codebuild = CodeBuild::default();
        codebuild.put(running_in("111122223333", "eu-west-1", FORBIDDEN));
        let arn = "arn:aws:codebuild:eu-west-1:111122223333:project/shop-api";
        codebuild.put_project(json!({"name": "shop-api", "arn": arn, "source": repository}));
        let codebuild = codebuild.listen();
        let mut event = event("forbidden-branch");
        let details = additional_information(&mut event);
        details["build-start-time"] = json!(Timestamp::now().strftime("%b %d, %Y %I:%M:%S %p").to_string());
        details["source-version"] = json!(commit);
        details["source"] = repository;
        let settings = [
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", &*format!("http://{}", self.moto.address)),
            ("BUILDBRAKE_GIT_HOSTS", host),
            ("BUILDBRAKE_GIT_CREDENTIALS", &format!("{host}={}", self.secret)),
            ("BUILDBRAKE_GIT_CA_BUNDLE", self.ca_bundle.to_str().unwrap()),
            more,
        ];
        let lambda = PROGRAM.start(POLICY, codebuild.address, &settings);
        (lambda.invoke(&event), lambda.end())
    }
}

/// Answers with the credential that the host was sent.
fn echo(status: u16, header: &'static str) -> impl Fn(&Request) -> Reply + Send + Sync + 'static {
    move |request| {
        let sent = request.headers.get("authorization").cloned().unwrap_or_default();
        let location = format!("https://ann:{PASSWORD}@{}/{PASSWORD}?{sent}", request.headers["host"]);
        let value = if header == "location" { location } else { sent.clone() };
        let body = format!("001e# {PASSWORD} {sent}\n0000").into_bytes();
        Reply::Http { status, headers: vec![(header, value)], body }
    }
}

#[test]
fn no_credential_comes_out_of_the_function_at_any_level() {
    let organisation = Organisation::new("canaries");
    let accepted = Arc::new(Mutex::new(BASIC.to_owned()));
    let (repositories, commit) = one_repository("canaries");
    for (outcome, host) in [
        ("stopped", organisation.host(private(repositories, &accepted))),
        ("allowed", organisation.host(echo(200, "content-type"))),
        ("allowed", organisation.host(echo(302, "location"))),
        ("allowed", organisation.host(echo(401, "www-authenticate"))),
        ("allowed", organisation.host(echo(500, "x-request"))),
        ("allowed", organisation.host(|request| Reply::Raw(format!("{:?}", request.headers).into_bytes()))),
    ] {
        for level in ["TRACE", "INFO"] {
            let (answer, log) = organisation.judge(&host.https(), &commit, ("AWS_LAMBDA_LOG_LEVEL", level));
            let everything = format!("{:?} {} {log}", answer.result, answer.line);
            for text in [PASSWORD, BASIC.trim_start_matches("Basic ")] {
                assert!(!everything.contains(text), "{text} in {everything}");
            }
            assert_eq!(answer.record()["outcome"], outcome, "{everything}");
        }
        assert!(host.authorizations().contains(&Some(BASIC.to_owned())), "no credential was sent");
    }
}

/// A proxy for one connection, which leads to that server: its URL, and a thread that returns the
/// request's first line.
pub(crate) fn proxy(server: SocketAddr) -> (String, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let served = thread::spawn(move || {
        let (client, _) = listener.accept().unwrap();
        let mut lines = BufReader::new(client.try_clone().unwrap()).lines().map(Result::unwrap);
        let request = lines.next().unwrap();
        lines.find(String::is_empty).unwrap();
        let server = TcpStream::connect(server).unwrap();
        (&client).write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        thread::scope(|scope| {
            scope.spawn(|| copy(&mut &client, &mut &server));
            copy(&mut &server, &mut &client).unwrap();
            client.shutdown(Shutdown::Both).ok();
        });
        request
    });
    (url, served)
}

/// The function itself would never connect to a name that leads to this machine.
#[test]
fn a_proxy_that_the_environment_names_leads_to_a_git_host() {
    let organisation = Organisation::new("proxy");
    let (repositories, commit) = one_repository("proxy");
    let host = organisation.host(private(repositories, &Arc::new(Mutex::new(BASIC.to_owned()))));
    let name = format!("localhost:{}", host.server.address.port());
    let (answer, _) = organisation.judge(&name, &commit, ("NO_PROXY", "*"));
    let missing = answer.record()["undecided"][0]["missing"].clone();
    assert_eq!(
        missing,
        "branch (the git host has an address that is never connected to, such as a loopback or link-local one)"
    );
    let (proxy, served) = proxy(host.server.address);
    let (answer, _) = organisation.judge(&name, &commit, ("HTTPS_PROXY", &proxy));
    assert_eq!(answer.record()["outcome"], "stopped", "{}", answer.line);
    assert_eq!(served.join().unwrap(), format!("CONNECT {name} HTTP/1.1"));
}
