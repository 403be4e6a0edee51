//! The git client against `git http-backend` with real repositories, against hosts that
//! misbehave, and with the credentials that moto's Secrets Manager keeps.

mod answers;
pub(crate) mod credentials;
pub(crate) mod function;
mod refusals;

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use buildbrake_aws::{
    config::AwsConfig,
    git::{CredentialUse, GitClient, GitError, GitSettings},
};
use buildbrake_core::facts::{
    remote_refs::{ObjectFormat, ObjectId, RemoteRefs},
    source_location::{SourceLocation, Url},
};
use buildbrake_testkit::{
    git::Repositories,
    http::{Address, Reply, Request, Server},
};
use jiff::Timestamp;

/// An HTTP server in place of a git host, and the requests it got.
pub(crate) struct Host {
    pub(crate) server: Server,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Host {
    fn start(handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let requests = Arc::default();
        let server = Address::reserve().open(logged(&requests, handler));
        Self { server, requests }
    }

    /// The host over http, as an entry of `BUILDBRAKE_GIT_HOSTS` and at the start of a URL.
    fn http(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// Method and path of each request.
    fn requested(&self) -> Vec<String> {
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        requests.iter().map(|request| format!("{} {}", request.method, request.path)).collect()
    }

    /// Asks for the refs of the repository `/app`.
    async fn refs(&self) -> Result<RemoteRefs, GitError> {
        client(&self.http())
            .await
            .refs(&url(&format!("{}/app", self.http())), ObjectFormat::Sha1, CredentialUse::Never, now())
            .await
    }

    /// The message of the error that [`Self::refs`] returns.
    async fn refusal(&self) -> String {
        self.refs().await.unwrap_err().to_string()
    }
}

/// Keeps each request before it is answered.
fn logged(
    requests: &Arc<Mutex<Vec<Request>>>,
    handler: impl Fn(&Request) -> Reply + Send + Sync + 'static,
) -> impl Fn(Request) -> Reply + Send + Sync + 'static {
    let requests = requests.clone();
    move |request| {
        let reply = handler(&request);
        requests.lock().unwrap_or_else(PoisonError::into_inner).push(request);
        reply
    }
}

/// A folder for the repositories of one test.
fn repositories(test: &str) -> Repositories {
    Repositories::new(Path::new(env!("CARGO_TARGET_TMPDIR")).join("git").join(test))
}

/// A client that may ask these hosts, without credentials.
async fn client(hosts: &str) -> GitClient {
    GitClient::new(settings(hosts), &AwsConfig::offline("eu-west-1").await)
}

fn settings(hosts: &str) -> GitSettings {
    GitSettings { hosts: hosts.parse().unwrap(), credentials: Default::default(), ca_bundle: None, runtime_api: None }
}

/// A repository's URL as a build names it.
fn url(location: &str) -> Url {
    match SourceLocation::read(Some("GITHUB"), Some(location)) {
        Some(SourceLocation::Repository(url)) => url,
        other => panic!("{location}: {other:?}"),
    }
}

fn now() -> Timestamp {
    "2026-11-22T09:00:00Z".parse().unwrap()
}

fn id(text: &str) -> ObjectId {
    ObjectId::read(text).unwrap()
}
