//! The reasons why the refs of a repository are unknown.

use buildbrake_core::facts::inquiry::Cause;

use crate::CallError;

/// The reason why a question to a git host has no answer. No message quotes a server's answer.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// The operator does not list the repository's host.
    #[error("`{0}` is not listed in BUILDBRAKE_GIT_HOSTS")]
    NotListed(String),
    /// The host has an address that is never connected to, such as a loopback or link-local one.
    #[error("the git host has an address that is never connected to, such as a loopback or link-local one")]
    ForbiddenAddress,
    /// There was no connection, or it broke.
    #[error("no connection to the git host")]
    NoConnection,
    /// TLS failed.
    #[error("no TLS connection to the git host; BUILDBRAKE_GIT_CA_BUNDLE can name its certificate's authority")]
    NoTls,
    /// The whole question took too long.
    #[error("the git host did not answer within 2 seconds")]
    TimedOut,
    /// The answer is too long.
    #[error("the git host's answer is longer than 8 MiB")]
    TooLong,
    /// A redirect leads to a host that the operator does not list.
    #[error("the git host redirects to a host that is not listed in BUILDBRAKE_GIT_HOSTS")]
    RedirectNotListed,
    /// A redirect leads to something other than a repository.
    #[error("the git host redirects to a page that is not a repository")]
    RedirectElsewhere,
    /// There are more than three redirects.
    #[error("the git host redirects too often")]
    TooManyRedirects,
    /// HTTP 404.
    #[error("the git host has no such repository, or does not show it")]
    NoRepository,
    /// HTTP 401, and no credential was sent.
    #[error("the git host asks for credentials")]
    CredentialsWanted,
    /// HTTP 401, and a credential was sent.
    #[error("the git host refused the credentials")]
    CredentialsRefused,
    /// HTTP 403.
    #[error("the git host refused access")]
    AccessRefused,
    /// Another HTTP status.
    #[error("the git host answered HTTP {0}")]
    Status(u16),
    /// The answer is not a list of refs.
    #[error("the git host's answer is not a list of refs")]
    NotGit,
    /// The URL is not one that HTTP can request.
    #[error("the repository's URL cannot be requested")]
    UnusableUrl,
    /// The secret with the credential was not read.
    #[error("the git credential could not be read: {0}")]
    SecretUnread(CallError),
    /// The secret does not contain a credential.
    #[error("the git credential's secret is not JSON with `username` and `password`")]
    SecretUnusable,
}

impl From<GitError> for Cause {
    fn from(error: GitError) -> Self {
        let words = error.to_string();
        match error {
            GitError::SecretUnread(error) => error.class.in_words(words),
            _ => words.into(),
        }
    }
}
