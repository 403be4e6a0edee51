//! The references of a build's repository. They may move at any time, so they are asked for once, soon
//! after the build's start, and kept for the build's later events. CodeCommit is asked by its API.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use buildbrake_core::facts::{
    inquiry::{Cause, GitQuestion, NamedBy, Reply, Source},
    remote_refs::{ObjectFormat, RefsAtCommit, RemoteRefs},
};
use jiff::Timestamp;

use super::denied::Denied;
use crate::{
    AccountRegion, Accounts, Class,
    codecommit::{self, CodeCommitError},
    git::{CredentialUse, GitClient},
};

/// Some hundred kilobytes.
const MAX_BUILDS: usize = 1_000;

/// Answers with more refs are not cached. Nearly all commits have fewer.
const MAX_REFS_KEPT: usize = 100;

/// Asks git, and caches the answers.
#[derive(Debug)]
pub(super) struct GitResolver {
    /// `None` if no host is listed.
    client: Option<GitClient>,
    /// For CodeCommit.
    accounts: Accounts,
    denied: Denied,
    /// By the id of the build or batch.
    kept: Mutex<HashMap<(AccountRegion, String), Arc<RefsAtCommit>>>,
}

impl GitResolver {
    pub(super) fn new(accounts: Accounts) -> Self {
        Self { client: None, accounts, denied: Denied::default(), kept: Mutex::default() }
    }

    pub(super) fn with_hosts(self, client: GitClient) -> Self {
        Self { client: Some(client), ..self }
    }

    /// The references at the question's commit. If a host does not answer, the build's next event asks it again, as
    /// long as the answer would prove something.
    pub(super) async fn ask(&self, question: &GitQuestion, place: &AccountRegion, now: Timestamp) -> Reply {
        let key = (place.clone(), question.id.clone());
        if let Some(refs) = self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Reply::Git(refs.clone());
        }
        let answer = match codecommit::CodeCommitRepository::of(&question.repository) {
            Some(repository) => self.ask_codecommit(&repository, question, place, now).await,
            None => self.ask_host(question, now).await,
        };
        let remote = match answer {
            Ok(remote) => remote,
            Err(cause) => return Reply::Unavailable(Source::Git, cause),
        };
        let names = question.commit.into_iter().flat_map(|commit| remote.at(commit)).map(str::to_owned).collect();
        let refs = Arc::new(RefsAtCommit { names, head: remote.head, as_of: now });
        if refs.names.len() <= MAX_REFS_KEPT {
            self.keep(key, refs.clone());
        }
        Reply::Git(refs)
    }

    async fn ask_host(&self, question: &GitQuestion, now: Timestamp) -> Result<RemoteRefs, Cause> {
        let client = self.client.as_ref().ok_or("no git hosts are listed by BUILDBRAKE_GIT_HOSTS or `--git-hosts`")?;
        in_time(question, now)?;
        let format = question.commit.as_ref().map_or(ObjectFormat::Sha1, |commit| commit.format());
        let credential = match question.named_by {
            NamedBy::Project => CredentialUse::OfHost,
            NamedBy::Pipeline | NamedBy::Build => CredentialUse::Never,
        };
        client.refs(&question.repository, format, credential, now).await.map_err(Cause::from)
    }

    /// Asks CodeCommit with the credentials of the build's account, and therefore only about a repository that the
    /// account's own project or pipeline names.
    async fn ask_codecommit(
        &self,
        repository: &codecommit::CodeCommitRepository,
        question: &GitQuestion,
        place: &AccountRegion,
        now: Timestamp,
    ) -> Result<RemoteRefs, Cause> {
        if question.named_by == NamedBy::Build {
            return Err("the project does not name the repository in CodeCommit".into());
        }
        in_time(question, now)?;
        let failed = |class: Class| class.in_words(format!("CodeCommit: {}", class.name()));
        let key = (place.clone(), format!("{}/{}", repository.region, repository.name));
        if self.denied.contains(&key, now) {
            return Err(failed(Class::AccessDenied));
        }
        codecommit::refs(repository, place.account.as_deref(), &self.accounts).await.map_err(|error| match error {
            CodeCommitError::Call(error) => {
                if error.class == Class::AccessDenied {
                    self.denied.add(key, now);
                }
                failed(error.class)
            }
            CodeCommitError::TooManyBranches => error.to_string().into(),
        })
    }

    fn keep(&self, key: (AccountRegion, String), refs: Arc<RefsAtCommit>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MAX_BUILDS {
            let oldest = kept.iter().min_by_key(|(_, refs)| refs.as_of).map(|(key, _)| key.clone());
            oldest.and_then(|oldest| kept.remove(&oldest));
        }
        kept.insert(key, refs);
    }
}

/// Returns an error if an answer given now would prove nothing.
fn in_time(question: &GitQuestion, now: Timestamp) -> Result<(), &'static str> {
    let late = "git was not asked at the build's start, and refs may have moved since";
    if question.is_in_time(now) { Ok(()) } else { Err(late) }
}
