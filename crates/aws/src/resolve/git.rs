//! The references of a build's repository. They may move at any time, so they are asked for once, soon
//! after the build's start, and kept for the build's later events.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use buildbrake_core::facts::{
    inquiry::{GitQuestion, Reply, Source},
    remote_refs::{ObjectFormat, RefsAtCommit},
};
use jiff::Timestamp;

use crate::{
    AccountRegion,
    git::{CredentialUse, GitClient},
};

/// Some hundred kilobytes.
const MAX_BUILDS: usize = 1_000;

/// Nearly all commits have fewer.
const MAX_REFS_KEPT: usize = 100;

/// Asks git, and keeps what it answered.
#[derive(Debug)]
pub(super) struct GitResolver {
    client: GitClient,
    /// By the id of the build or batch.
    kept: Mutex<HashMap<(AccountRegion, String), Arc<RefsAtCommit>>>,
}

impl GitResolver {
    pub(super) fn new(client: GitClient) -> Self {
        Self { client, kept: Mutex::default() }
    }

    /// The references at the question's commit. A host that does not answer is asked again by the
    /// build's next event, as long as the answer would prove something.
    pub(super) async fn ask(&self, question: &GitQuestion, place: &AccountRegion, now: Timestamp) -> Reply {
        let key = (place.clone(), question.id.clone());
        if let Some(refs) = self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Reply::Git(refs.clone());
        }
        if !question.is_in_time(now) {
            return unavailable("git was not asked at the build's start, and refs may have moved since");
        }
        let format = question.commit.as_ref().map_or(ObjectFormat::Sha1, |commit| commit.format());
        let credential = if question.is_of_project { CredentialUse::OfHost } else { CredentialUse::Never };
        let remote = match self.client.refs(&question.repository, format, credential, now).await {
            Ok(remote) => remote,
            Err(error) => return unavailable(&error.to_string()),
        };
        let names = question.commit.into_iter().flat_map(|commit| remote.at(commit)).map(str::to_owned).collect();
        let refs = Arc::new(RefsAtCommit { names, head: remote.head, as_of: now });
        if refs.names.len() <= MAX_REFS_KEPT {
            self.keep(key, refs.clone());
        }
        Reply::Git(refs)
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

fn unavailable(why: &str) -> Reply {
    Reply::Unavailable(Source::Git, why.to_owned())
}
