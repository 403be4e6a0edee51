//! Asks git hosts for the refs of a repository, over git's smart HTTP protocol.

mod address;
mod credentials;
mod error;
mod hosts;
mod protocol;
mod transport;

use std::time::Duration;

use aws_smithy_http_client::tls::{TlsContext, TrustStore};
use buildbrake_core::facts::{
    remote_refs::{ObjectFormat, RemoteRefs},
    source_location::Url,
};
use jiff::Timestamp;
use tokio::{sync::OnceCell, time::timeout};

use self::{
    address::Guard,
    credentials::{Credential, Secrets},
    hosts::Origin,
    transport::{Authorization, RemoteRepository, Service, Transport},
};
pub use self::{credentials::GitCredentials, error::GitError, hosts::GitHosts};
use crate::{config::AwsConfig, trust::Bundle};

/// The time limit for one question, including the secret and all redirects.
const BUDGET: Duration = Duration::from_secs(2);

/// The git hosts that may be asked, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitSettings {
    /// Only these hosts are ever connected to.
    pub hosts: GitHosts,
    /// The hosts' credentials.
    pub credentials: GitCredentials,
    /// Roots to trust beside the machine's.
    pub ca_bundle: Option<Bundle>,
    /// Host and port of Lambda's Runtime API, which is never connected to.
    pub runtime_api: Option<String>,
}

/// The credentials that a question may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialUse {
    /// None: a build names the repository, and its author must not learn the refs of
    /// repositories that the function may read.
    Never,
    /// Those of the host, if there are any: the project names the repository.
    OfHost,
}

/// Asks git hosts. Loads nothing and connects to nothing before the first question.
#[derive(Debug)]
pub struct GitClient {
    settings: GitSettings,
    secrets: Secrets,
    transport: OnceCell<Transport>,
}

impl GitClient {
    /// `config` is used to read the secrets of credentials.
    pub fn new(settings: GitSettings, config: &AwsConfig) -> Self {
        Self { settings, secrets: Secrets::new(config.prompt.clone()), transport: OnceCell::new() }
    }

    /// Lists the branches, the tags and HEAD of a repository whose commits have ids of that format. Takes two seconds
    /// at most.
    ///
    /// # Errors
    /// If the host may not be asked, or does not answer, or answers anything but its refs.
    pub async fn refs(
        &self,
        repository: &Url,
        format: ObjectFormat,
        credential: CredentialUse,
        now: Timestamp,
    ) -> Result<RemoteRefs, GitError> {
        // Boxed because it is large and seldom needed.
        let answer = Box::pin(self.ask(repository, format, credential, now));
        timeout(BUDGET, answer).await.unwrap_or(Err(GitError::TimedOut))
    }

    async fn ask(
        &self,
        repository: &Url,
        format: ObjectFormat,
        credential: CredentialUse,
        now: Timestamp,
    ) -> Result<RemoteRefs, GitError> {
        let transport = self.transport.get_or_try_init(|| self.connect()).await?;
        let repository = RemoteRepository { origin: Origin::of(repository), path: repository.path.clone() };
        transport.check(&repository.origin)?;
        let secret = match credential {
            CredentialUse::Never => None,
            CredentialUse::OfHost => self.settings.credentials.secret_of(&repository.origin),
        };
        let Some(secret) = secret else { return list(transport, &repository, format, None).await };
        match self.secrets.get(secret, now).await? {
            Credential::Fresh(authorization) => list(transport, &repository, format, Some(&authorization)).await,
            Credential::Kept(authorization) => match list(transport, &repository, format, Some(&authorization)).await {
                Err(GitError::CredentialsRefused) => {
                    let authorization = self.secrets.read(secret, now).await?;
                    list(transport, &repository, format, Some(&authorization)).await
                }
                answer => answer,
            },
        }
    }

    async fn connect(&self) -> Result<Transport, GitError> {
        let GitSettings { hosts, ca_bundle, runtime_api, .. } = &self.settings;
        let mut roots = TrustStore::default();
        if let Some(Bundle(pem)) = ca_bundle {
            roots = roots.with_pem_certificate(pem.as_slice());
        }
        let tls_context = TlsContext::builder().with_trust_store(roots).build().map_err(|_| GitError::NoTls)?;
        Ok(Transport::new(tls_context, Guard::new(hosts.clone(), runtime_api.as_deref()).await))
    }
}

/// Lists the refs of a repository. Some hosts, such as GitLab, know a repository only with the suffix `.git`, others
/// only without it.
async fn list(
    transport: &Transport,
    repository: &RemoteRepository,
    format: ObjectFormat,
    authorization: Option<&Authorization>,
) -> Result<RemoteRefs, GitError> {
    if repository.path.is_empty() {
        return Err(GitError::NoRepository);
    }
    let with_suffix = RemoteRepository { path: format!("{}.git", repository.path), ..repository.clone() };
    match list_exactly(transport, &with_suffix, format, authorization).await {
        Err(GitError::NoRepository) => list_exactly(transport, repository, format, authorization).await,
        answer => answer,
    }
}

/// Lists the refs with protocol version 2, or with an older version if the server does not know version 2.
async fn list_exactly(
    transport: &Transport,
    repository: &RemoteRepository,
    format: ObjectFormat,
    authorization: Option<&Authorization>,
) -> Result<RemoteRefs, GitError> {
    let command = protocol::ls_refs(format);
    match transport.request(repository, Service::UploadPack(&command), authorization).await {
        Ok(answer) => {
            if let Ok(remote) = protocol::parse_listing(&answer) {
                return Ok(remote);
            }
        }
        Err(GitError::Status(status)) if !matches!(status, 429 | 503) => {}
        Err(error) => return Err(error),
    }
    let answer = transport.request(repository, Service::Advertisement, authorization).await?;
    protocol::parse_advertisement(&answer).map_err(|protocol::Malformed| GitError::NotGit)
}
