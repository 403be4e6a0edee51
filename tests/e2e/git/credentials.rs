//! Credentials: which hosts get them, and when they are read. Also, which certificates are trusted.

use std::{
    fs, io,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use buildbrake_aws::{
    Bundle,
    git::{CredentialUse, GitClient, GitError, GitSettings},
};
use buildbrake_core::facts::remote_refs::{ObjectFormat, RemoteRefs};
use buildbrake_testkit::{
    git::{Protocol, Repositories},
    http::{Address, Reply, Request},
    tls::Authority,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tracing::Level;

use super::{AwsConfig, Host, logged, now, repositories, settings, url};
use crate::moto::Moto;

pub(super) const PASSWORD: &str = "cAnArY7f3a-password";

/// The `Authorization` header of `ann` with [`PASSWORD`].
pub(super) const BASIC: &str = "Basic YW5uOmNBbkFyWTdmM2EtcGFzc3dvcmQ=";

impl Host {
    pub(crate) fn start_over_tls(
        authority: &Authority,
        handler: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let requests = Arc::default();
        let server = Address::reserve().open_over(authority.transport(), logged(&requests, handler));
        Self { server, requests }
    }

    /// The host over https, as an entry of `BUILDBRAKE_GIT_HOSTS`.
    pub(super) fn https(&self) -> String {
        self.server.address.to_string()
    }

    /// The `Authorization` header of each request.
    pub(super) fn authorizations(&self) -> Vec<Option<String>> {
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        requests.iter().map(|request| request.headers.get("authorization").cloned()).collect()
    }
}

/// A handler that serves the repositories to the bearer of the header that it accepts.
pub(super) fn private(
    repositories: Arc<Repositories>,
    accepted: &Arc<Mutex<String>>,
) -> impl Fn(&Request) -> Reply + use<> {
    let accepted = accepted.clone();
    move |request| match request.headers.get("authorization") {
        Some(sent) if *sent == *accepted.lock().unwrap() => repositories.answer(request, Protocol::Any),
        _ => Reply::Http {
            status: 401,
            headers: vec![("www-authenticate", "Basic realm=\"git\"".to_owned())],
            body: Vec::new(),
        },
    }
}

/// A repository with one branch, `main`, and its commit.
pub(super) fn one_repository(test: &str) -> (Arc<Repositories>, String) {
    let repositories = repositories(test);
    let repository = repositories.init("app.git", "sha1");
    let commit = repository.commit("first");
    repository.point("refs/heads/main", &commit);
    (Arc::new(repositories), commit)
}

/// A file with an authority's certificate.
pub(crate) fn bundle_file(authority: &Authority, test: &str) -> PathBuf {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("git-{test}.pem"));
    fs::write(&file, authority.pem()).unwrap();
    file
}

fn bundle(authority: &Authority, test: &str) -> Bundle {
    Bundle::read(&bundle_file(authority, test)).unwrap()
}

pub(super) fn secret(username: &str, password: &str) -> Value {
    json!({"username": username, "password": password})
}

/// Makes a secret, and returns its ARN.
pub(super) fn create_secret(moto: &Moto, secret: &Value) -> String {
    let input = json!({"Name": "git", "SecretString": secret.to_string()});
    let created = moto.call_service("secretsmanager", "secretsmanager.CreateSecret", &input);
    created["ARN"].as_str().unwrap().to_owned()
}

fn change_secret(moto: &Moto, arn: &str, secret: &Value) {
    let input = json!({"SecretId": arn, "SecretString": secret.to_string()});
    moto.call_service("secretsmanager", "secretsmanager.PutSecretValue", &input);
}

/// A client with a credential for the first of the hosts.
async fn client(hosts: &[&Host], ca_bundle: Bundle, arn: &str, moto: &Moto) -> GitClient {
    let listed: Vec<String> = hosts.iter().map(|host| host.https()).collect();
    let credentials = format!("{}={arn}", listed[0]).parse().unwrap();
    let settings = GitSettings { credentials, ca_bundle: Some(ca_bundle), ..settings(&listed.join(",")) };
    // The secret is read in its own region, not in this one.
    let config = AwsConfig::for_local_endpoint(&format!("http://{}", moto.address), "us-east-1").await;
    GitClient::new(settings, &config)
}

async fn ask(client: &GitClient, host: &Host, used: CredentialUse, now: Timestamp) -> Result<RemoteRefs, GitError> {
    let url = url(&format!("https://{}/app", host.https()));
    client.refs(&url, ObjectFormat::Sha1, used, now).await
}

#[tokio::test]
async fn an_authority_of_the_operators_own_is_trusted_if_it_is_named() {
    let (authority, other) = (Authority::new(), Authority::new());
    let (repositories, _) = one_repository("tls");
    let host = Host::start_over_tls(&authority, move |request| repositories.answer(request, Protocol::Any));
    let config = AwsConfig::offline("eu-west-1").await;
    for (ca_bundle, is_trusted) in
        [(Some(bundle(&authority, "own")), true), (Some(bundle(&other, "other")), false), (None, false)]
    {
        let client = GitClient::new(GitSettings { ca_bundle, ..settings(&host.https()) }, &config);
        match ask(&client, &host, CredentialUse::Never, now()).await {
            Ok(remote) => assert!(is_trusted && remote.refs.len() == 1),
            Err(error) => {
                assert!(!is_trusted && error.to_string().starts_with("no TLS connection to the git host"), "{error}");
            }
        }
    }
}

#[tokio::test]
async fn a_credential_is_sent_only_where_its_use_is_allowed() {
    let (moto, authority) = (Moto::start(), Authority::new());
    let arn = create_secret(&moto, &secret("ann", PASSWORD));
    let accepted = Arc::new(Mutex::new(BASIC.to_owned()));
    let host = Host::start_over_tls(&authority, private(one_repository("allowed").0, &accepted));
    let client = client(&[&host], bundle(&authority, "allowed"), &arn, &moto).await;
    let error = ask(&client, &host, CredentialUse::Never, now()).await.unwrap_err();
    assert_eq!(error.to_string(), "the git host asks for credentials");
    let remote = ask(&client, &host, CredentialUse::OfHost, now()).await.unwrap();
    assert_eq!(remote.refs.len(), 1);
    assert_eq!(host.authorizations(), [None, Some(BASIC.to_owned())]);
}

#[tokio::test]
async fn a_credential_is_kept_for_some_minutes_and_read_anew_once_it_is_refused() {
    let (moto, authority) = (Moto::start(), Authority::new());
    let arn = create_secret(&moto, &secret("bob", "first"));
    let accepted = Arc::new(Mutex::new("Basic Ym9iOmZpcnN0".to_owned()));
    let host = Host::start_over_tls(&authority, private(one_repository("kept").0, &accepted));
    let client = client(&[&host], bundle(&authority, "kept"), &arn, &moto).await;
    let minutes = |count| now() + SignedDuration::from_mins(count);
    let used = CredentialUse::OfHost;
    ask(&client, &host, used, minutes(0)).await.unwrap();

    // The credential is cached: the secret was changed, and the host still accepts the old one.
    change_secret(&moto, &arn, &secret("ann", PASSWORD));
    ask(&client, &host, used, minutes(4)).await.unwrap();
    // Then it is read anew.
    let error = ask(&client, &host, used, minutes(6)).await.unwrap_err();
    assert_eq!(error.to_string(), "the git host refused the credentials");
    assert_eq!(host.requested().len(), 3, "a fresh one is not read again");

    // The host accepts the cached credential, and then refuses it.
    *accepted.lock().unwrap() = BASIC.to_owned();
    ask(&client, &host, used, minutes(7)).await.unwrap();
    change_secret(&moto, &arn, &secret("bob", "first"));
    *accepted.lock().unwrap() = "Basic Ym9iOmZpcnN0".to_owned();
    ask(&client, &host, used, minutes(8)).await.unwrap();
    assert_eq!(host.requested().len(), 6, "once refused, once accepted");
    *accepted.lock().unwrap() = "nothing".to_owned();
    let error = ask(&client, &host, used, minutes(9)).await.unwrap_err();
    assert_eq!(error.to_string(), "the git host refused the credentials");
    assert_eq!(host.requested().len(), 8, "read anew once");
}

#[tokio::test]
async fn a_credential_does_not_follow_a_redirect_to_another_host() {
    let (moto, authority) = (Moto::start(), Authority::new());
    let arn = create_secret(&moto, &secret("ann", PASSWORD));
    let home = Arc::new(Mutex::new(String::new()));
    let back = home.clone();
    let other = Host::start_over_tls(&authority, move |request| {
        let location = format!("https://{}{}", back.lock().unwrap(), request.path.replace("app", "back"));
        Reply::Http { status: 307, headers: vec![("location", location)], body: Vec::new() }
    });
    let there = other.https();
    let host = Host::start_over_tls(&authority, move |request| match request.path.as_str() {
        "/app.git/git-upload-pack" => {
            let headers = vec![("location", format!("https://{there}{}", request.path))];
            Reply::Http { status: 307, headers, body: Vec::new() }
        }
        _ => Reply::Http { status: 401, headers: Vec::new(), body: Vec::new() },
    });
    *home.lock().unwrap() = host.https();
    let client = client(&[&host, &other], bundle(&authority, "redirect"), &arn, &moto).await;
    let error = ask(&client, &host, CredentialUse::OfHost, now()).await.unwrap_err();
    assert_eq!(error.to_string(), "the git host asks for credentials");
    assert_eq!(other.authorizations(), [None]);
    assert_eq!(host.authorizations(), [Some(BASIC.to_owned()), None], "it does not come back either");
}

#[tokio::test]
async fn a_secret_that_cannot_be_used_is_named_and_not_quoted() {
    let (moto, authority) = (Moto::start(), Authority::new());
    let arn = create_secret(&moto, &json!(PASSWORD));
    let host = Host::start_over_tls(&authority, |_| Reply::Close);
    let unusable = client(&[&host], bundle(&authority, "unusable"), &arn, &moto).await;
    let error = ask(&unusable, &host, CredentialUse::OfHost, now()).await.unwrap_err();
    assert_eq!(error.to_string(), "the git credential's secret is not JSON with `username` and `password`");
    let missing = arn.replace(":git", ":none");
    let missing = client(&[&host], bundle(&authority, "missing"), &missing, &moto).await;
    let error = ask(&missing, &host, CredentialUse::OfHost, now()).await.unwrap_err();
    let expected = "the git credential could not be read: Secrets Manager answered ResourceNotFoundException";
    assert!(error.to_string().starts_with(expected), "{error}");
    assert!(host.requested().is_empty());
}

/// A log that the test can read.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The SDK writes only warnings to the function's log. Here, the logs of all libraries count.
#[tokio::test]
async fn no_credential_is_logged_at_any_level() {
    let (moto, authority) = (Moto::start(), Authority::new());
    let arn = create_secret(&moto, &secret("ann", PASSWORD));
    let accepted = Arc::new(Mutex::new(BASIC.to_owned()));
    let host = Host::start_over_tls(&authority, private(one_repository("logged").0, &accepted));
    let client = client(&[&host], bundle(&authority, "logged"), &arn, &moto).await;
    let log = Log::default();
    let writer = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(Level::TRACE).with_writer(move || writer.clone()).finish();
    let guard = tracing::subscriber::set_default(subscriber);
    ask(&client, &host, CredentialUse::OfHost, now()).await.unwrap();
    *accepted.lock().unwrap() = "nothing".to_owned();
    let error = ask(&client, &host, CredentialUse::OfHost, now()).await.unwrap_err();
    drop(guard);
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap() + &format!("{error:?} {client:?}");
    assert!(log.contains("TRACE"), "{log}");
    for text in [PASSWORD, BASIC.trim_start_matches("Basic ")] {
        assert!(!log.contains(text), "{text} in {log}");
    }
}
