//! Lists the branches of a repository over CodeCommit's API, with the credentials of the build's account.

use std::time::Duration;

use aws_sdk_codecommit::Client;
use buildbrake_core::facts::{
    remote_refs::{ObjectId, RemoteRef, RemoteRefs},
    source_location::{Scheme, Url},
};
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::time::timeout;

use crate::{AccountRegion, Accounts, CallError, Class, call::call, clients::Pace};

/// The maximum number of branches that a repository may have: each takes a call.
const MAX_BRANCHES: usize = 50;

const CONCURRENT_CALLS: usize = 10;

/// The same as for other git hosts.
const BUDGET: Duration = Duration::from_secs(2);

const SERVICE: &str = "CodeCommit";

/// A CodeCommit repository in the build's account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeCommitRepository {
    /// Such as `eu-west-1`.
    pub region: String,
    /// The name.
    pub name: String,
}

/// The reason why the branches of a repository are unknown.
#[derive(Debug, thiserror::Error)]
pub enum CodeCommitError {
    /// A call failed.
    #[error("{0}")]
    Call(#[from] CallError),
    /// The repository has too many branches: each takes a call.
    #[error("the repository has more than 50 branches")]
    TooManyBranches,
}

impl CodeCommitRepository {
    /// The repository of a URL, if its host is CodeCommit.
    /// <https://docs.aws.amazon.com/codecommit/latest/userguide/regions.html>
    pub fn of(url: &Url) -> Option<Self> {
        let host =
            url.host.strip_prefix("git-codecommit.").or_else(|| url.host.strip_prefix("git-codecommit-fips."))?;
        let region = host.strip_suffix(".amazonaws.com").or_else(|| host.strip_suffix(".amazonaws.com.cn"))?;
        let name = url.path.strip_prefix("/v1/repos/")?;
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        let is_repository = url.scheme == Scheme::Https
            && url.port.is_none()
            && !region.contains('.')
            && !name.is_empty()
            && name.bytes().all(is_name);
        is_repository.then(|| Self { region: region.to_owned(), name: name.to_owned() })
    }
}

/// Lists all branches of a repository in an account, and its default branch. The API does not list tags. Takes two
/// seconds at most.
///
/// # Errors
/// If a call fails, or there are more than 50 branches.
pub async fn refs(
    repository: &CodeCommitRepository,
    account: Option<&str>,
    accounts: &Accounts,
) -> Result<RemoteRefs, CodeCommitError> {
    let late =
        || CallError::new(Class::TimedOut, format!("{SERVICE} did not answer within {} seconds", BUDGET.as_secs()));
    let place = AccountRegion { account: account.map(str::to_owned), region: Some(repository.region.clone()) };
    let client = Client::new(&accounts.config(&place, Pace::Prompt).sdk);
    timeout(BUDGET, Box::pin(list(&client, &repository.name))).await.unwrap_or_else(|_| Err(late().into()))
}

async fn list(client: &Client, repository: &str) -> Result<RemoteRefs, CodeCommitError> {
    let sent = client.get_repository().repository_name(repository).send();
    let head = call(SERVICE, "GetRepository", sent, |output| Some(output.repository_metadata?.default_branch)).await?;
    let heads = branches(client, repository).await?.into_iter().map(|name| head_of(client, repository, name));
    let heads = stream::iter(heads).buffered(CONCURRENT_CALLS).try_collect::<Vec<_>>().await?;
    Ok(RemoteRefs { refs: heads.into_iter().flatten().collect(), head: head.as_deref().map(full_name) })
}

/// <https://docs.aws.amazon.com/codecommit/latest/APIReference/API_ListBranches.html>
async fn branches(client: &Client, repository: &str) -> Result<Vec<String>, CodeCommitError> {
    let (mut names, mut token) = (Vec::new(), None);
    loop {
        let sent = client.list_branches().repository_name(repository).set_next_token(token).send();
        let (page, next) = call(SERVICE, "ListBranches", sent, |output| {
            Some((output.branches.unwrap_or_default(), output.next_token))
        })
        .await?;
        names.extend(page);
        if names.len() > MAX_BRANCHES {
            return Err(CodeCommitError::TooManyBranches);
        }
        token = next.filter(|token| !token.is_empty());
        if token.is_none() {
            return Ok(names);
        }
    }
}

/// A branch with its commit, or `None` if it was deleted meanwhile.
/// <https://docs.aws.amazon.com/codecommit/latest/APIReference/API_GetBranch.html>
async fn head_of(client: &Client, repository: &str, name: String) -> Result<Option<RemoteRef>, CallError> {
    let sent = client.get_branch().repository_name(repository).branch_name(&name).send();
    let id = call(SERVICE, "GetBranch", sent, |output| ObjectId::read(&output.branch?.commit_id?)).await;
    match id {
        Ok(id) => Ok(Some(RemoteRef { name: full_name(&name), id, peeled: None })),
        Err(error) if error.code.as_deref() == Some("BranchDoesNotExistException") => Ok(None),
        Err(error) => Err(error),
    }
}

fn full_name(branch: &str) -> String {
    format!("refs/heads/{branch}")
}

#[cfg(test)]
mod tests {
    use buildbrake_core::facts::source_location::SourceLocation;

    use super::*;

    #[test]
    fn a_url_of_codecommit_has_a_region_and_a_name() {
        for (location, expected) in [
            ("https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/shop-api", Some(("eu-west-1", "shop-api"))),
            (
                "https://git-codecommit-fips.us-gov-west-1.amazonaws.com/v1/repos/a.b_c",
                Some(("us-gov-west-1", "a.b_c")),
            ),
            ("https://git-codecommit.cn-north-1.amazonaws.com.cn/v1/repos/shop", Some(("cn-north-1", "shop"))),
            ("ssh://git-codecommit.eu-west-1.amazonaws.com/v1/repos/shop", Some(("eu-west-1", "shop"))),
            ("http://git-codecommit.eu-west-1.amazonaws.com/v1/repos/shop", None),
            ("https://git-codecommit.eu-west-1.amazonaws.com:8443/v1/repos/shop", None),
            ("https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/", None),
            ("https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/a/b", None),
            ("https://git-codecommit.eu-west-1.amazonaws.com/v2/repos/shop", None),
            ("https://git-codecommit.evil.test.amazonaws.com/v1/repos/shop", None),
            ("https://git-codecommit.eu-west-1.amazonaws.com.evil.test/v1/repos/shop", None),
            ("https://github.com/v1/repos", None),
        ] {
            let Some(SourceLocation::Repository(url)) = SourceLocation::read(Some("CODECOMMIT"), Some(location)) else {
                panic!("{location}");
            };
            let expected = expected
                .map(|(region, name): (&str, &str)| CodeCommitRepository { region: region.into(), name: name.into() });
            assert_eq!(CodeCommitRepository::of(&url), expected, "{location}");
        }
    }
}
