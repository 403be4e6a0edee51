//! HTTP requests to a git host: redirects, limits, and which origin gets the credential.

use aws_sdk_codebuild::{
    config::http::{HttpRequest, HttpResponse},
    error::ConnectorError,
};
use aws_smithy_http_client::{
    Connector,
    proxy::ProxyConfig,
    tls::{self, TlsContext, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_types::{body::SdkBody, byte_stream::ByteStream};
use http::{
    HeaderValue, Request, Uri,
    header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, USER_AGENT},
};

use super::{
    address::{Forbidden, Guard},
    error::GitError,
    hosts::Origin,
};
use crate::error::causes;

const MAX_ANSWER: usize = 8 << 20;

/// The most redirects that are followed: a renamed repository has one, and a renamed host another.
const MAX_REDIRECTS: usize = 3;

/// The `User-Agent` header. Some hosts answer only git.
const AGENT: &str = concat!("git/buildbrake-", env!("CARGO_PKG_VERSION"));

/// The `Authorization` header of a host. Its `Debug` form is hidden.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Authorization(pub(super) HeaderValue);

/// The origin and the path of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RemoteRepository {
    pub(super) origin: Origin,
    /// Begins with `/`.
    pub(super) path: String,
}

/// The request that is sent to a repository.
#[derive(Clone, Copy, Debug)]
pub(super) enum Service<'a> {
    /// A command of protocol version 2.
    UploadPack(&'a str),
    /// The advertisement that servers of versions 0 and 1 send before any request.
    Advertisement,
}

impl Service<'_> {
    /// The end of its URL's path.
    fn end(self) -> &'static str {
        match self {
            Self::UploadPack(_) => "/git-upload-pack",
            Self::Advertisement => "/info/refs",
        }
    }

    /// The media type of its answer.
    fn media_type(self) -> &'static str {
        match self {
            Self::UploadPack(_) => "application/x-git-upload-pack-result",
            Self::Advertisement => "application/x-git-upload-pack-advertisement",
        }
    }
}

/// The HTTP client of all git hosts.
#[derive(Debug)]
pub(super) struct Transport {
    connector: Connector,
    guard: Guard,
}

impl Transport {
    /// Uses ring for TLS, as for AWS, and the proxies that the environment names.
    pub(super) fn new(tls_context: TlsContext, guard: Guard) -> Self {
        let connector = Connector::builder()
            .proxy_config(ProxyConfig::from_env())
            // A host closes an idle connection while Lambda freezes the function. A POST on that connection would
            // fail.
            .pool_max_idle_per_host(0)
            .tls_provider(tls::Provider::Rustls(CryptoMode::Ring))
            .tls_context(tls_context)
            .build_with_resolver(guard.clone());
        Self { connector, guard }
    }

    /// Checks that a host may be asked at all.
    ///
    /// # Errors
    /// If it may not.
    pub(super) fn check(&self, origin: &Origin) -> Result<(), GitError> {
        self.guard.check(origin)
    }

    /// Requests a service and returns the whole answer.
    ///
    /// # Errors
    /// If there is no answer, or one that is refused.
    pub(super) async fn request(
        &self,
        repository: &RemoteRepository,
        service: Service<'_>,
        mut authorization: Option<&Authorization>,
    ) -> Result<Vec<u8>, GitError> {
        let mut repository = repository.clone();
        self.check(&repository.origin)?;
        for _ in 0..=MAX_REDIRECTS {
            let request = request(&repository, service, authorization)?;
            let response = self.connector.call(request).await.map_err(|error| undelivered(&error))?;
            match response.status().as_u16() {
                200 => return read(response, service).await,
                301 | 302 | 307 | 308 => {
                    let next = redirected(&repository, &response, service)?;
                    self.check(&next.origin).map_err(|error| match error {
                        GitError::NotListed(_) => GitError::RedirectNotListed,
                        error => error,
                    })?;
                    // After a redirect to another origin, no host gets the credential, not even the first one.
                    authorization = authorization.filter(|_| next.origin == repository.origin);
                    repository = next;
                }
                401 if authorization.is_some() => return Err(GitError::CredentialsRefused),
                401 => return Err(GitError::CredentialsWanted),
                403 => return Err(GitError::AccessRefused),
                404 => return Err(GitError::NoRepository),
                status => return Err(GitError::Status(status)),
            }
        }
        Err(GitError::TooManyRedirects)
    }
}

fn request(
    RemoteRepository { origin, path }: &RemoteRepository,
    service: Service<'_>,
    authorization: Option<&Authorization>,
) -> Result<HttpRequest, GitError> {
    let url = format!("{origin}{path}{}", service.end());
    let (request, body) = match service {
        Service::UploadPack(command) => {
            let request = Request::post(url).header(CONTENT_TYPE, "application/x-git-upload-pack-request");
            (request.header("git-protocol", "version=2"), command)
        }
        Service::Advertisement => (Request::get(format!("{url}?service=git-upload-pack")), ""),
    };
    let request = request.header(USER_AGENT, AGENT).header(ACCEPT, service.media_type());
    let mut request = request.header(ACCEPT_ENCODING, "identity");
    if let Some(Authorization(value)) = authorization {
        request = request.header(AUTHORIZATION, value);
    }
    let request = request.body(SdkBody::from(body)).map_err(|_| GitError::UnusableUrl)?;
    HttpRequest::try_from(request).map_err(|_| GitError::UnusableUrl)
}

/// Returns the target of a redirect, if it is the same service of some repository.
fn redirected(
    from: &RemoteRepository,
    response: &HttpResponse,
    service: Service<'_>,
) -> Result<RemoteRepository, GitError> {
    let location = response.headers().get("location").ok_or(GitError::RedirectElsewhere)?;
    let Origin { scheme, .. } = &from.origin;
    let url = match location {
        of_scheme if of_scheme.starts_with("//") => format!("{}:{of_scheme}", scheme.as_str()),
        of_host if of_host.starts_with('/') => format!("{}{of_host}", from.origin),
        url => url.to_owned(),
    };
    let uri: Uri = url.parse().map_err(|_| GitError::RedirectElsewhere)?;
    let (scheme, authority, path) = (uri.scheme_str(), uri.authority(), uri.path().strip_suffix(service.end()));
    let (Some(scheme), Some(authority), Some(path)) = (scheme, authority, path) else {
        return Err(GitError::RedirectElsewhere);
    };
    let origin = format!("{scheme}://{authority}").parse().map_err(|()| GitError::RedirectElsewhere)?;
    Ok(RemoteRepository { origin, path: path.to_owned() })
}

/// Reads an answer of the service's media type, up to the limit.
async fn read(response: HttpResponse, service: Service<'_>) -> Result<Vec<u8>, GitError> {
    let header = |name: &str| response.headers().get(name);
    let media_type = header("content-type").and_then(|text| text.split(';').next()).unwrap_or_default().trim();
    let is_encoded = header("content-encoding").is_some_and(|encoding| encoding != "identity");
    if !media_type.eq_ignore_ascii_case(service.media_type()) || is_encoded {
        return Err(GitError::NotGit);
    }
    let length = header("content-length").and_then(|length| length.parse::<usize>().ok()).unwrap_or_default();
    if length > MAX_ANSWER {
        return Err(GitError::TooLong);
    }
    let mut answer = Vec::with_capacity(length);
    let mut body = ByteStream::new(response.into_body());
    while let Some(part) = body.next().await {
        let part = part.map_err(|_| GitError::NoConnection)?;
        if answer.len() + part.len() > MAX_ANSWER {
            return Err(GitError::TooLong);
        }
        answer.extend_from_slice(&part);
    }
    Ok(answer)
}

fn undelivered(error: &ConnectorError) -> GitError {
    if causes(error).any(|cause| cause.is::<Forbidden>()) {
        GitError::ForbiddenAddress
    } else if causes(error).any(|cause| cause.is::<rustls::Error>()) {
        GitError::NoTls
    } else {
        GitError::NoConnection
    }
}
