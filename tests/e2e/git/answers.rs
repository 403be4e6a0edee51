//! The answers of git's own server.

use std::sync::Arc;

use buildbrake_aws::git::CredentialUse;
use buildbrake_core::facts::remote_refs::{ObjectFormat, RemoteRefs};
use buildbrake_testkit::git::{Protocol, Repositories};

use super::{Host, client, id, now, repositories, url};

/// A host that serves the repositories.
fn host(repositories: &Arc<Repositories>, protocol: Protocol) -> Host {
    let repositories = repositories.clone();
    Host::start(move |request| repositories.answer(request, protocol))
}

async fn ask(host: &Host, name: &str, format: ObjectFormat) -> RemoteRefs {
    let url = url(&format!("{}/{name}", host.http()));
    client(&host.http()).await.refs(&url, format, CredentialUse::Never, now()).await.unwrap()
}

#[tokio::test]
async fn all_branches_and_tags_are_listed_in_every_protocol_and_format() {
    let repositories = Arc::new(repositories("protocols"));
    for (format, name) in [(ObjectFormat::Sha1, "sha1"), (ObjectFormat::Sha256, "sha256")] {
        let repository = repositories.init(&format!("{name}.git"), name);
        let (first, second) = (repository.commit("first"), repository.commit("second"));
        for (name, commit) in [
            ("refs/heads/main", &first),
            ("refs/heads/team/alias", &first),
            ("refs/heads/next", &second),
            ("refs/tags/light", &first),
            ("refs/pull/1/head", &first),
        ] {
            repository.point(name, commit);
        }
        repository.git(&["tag", "--annotate", "--message", "a tag", "annotated", &first]);
        let annotated = repository.git(&["rev-parse", "refs/tags/annotated"]);
        for protocol in [Protocol::Any, Protocol::V0, Protocol::V1] {
            let host = host(&repositories, protocol);
            let remote = ask(&host, name, format).await;
            let at = |commit: &str| remote.at(id(commit)).collect::<Vec<_>>();
            let expected = ["refs/heads/main", "refs/heads/team/alias", "refs/tags/annotated", "refs/tags/light"];
            assert_eq!(at(&first), expected, "{name} {protocol:?}");
            assert_eq!(at(&second), ["refs/heads/next"], "{name} {protocol:?}");
            assert_eq!(at(&annotated), ["refs/tags/annotated"], "{name} {protocol:?}");
            assert_eq!(remote.refs.len(), 5, "{name} {protocol:?}");
            assert_eq!(remote.head_branch(), Some("main"), "{name} {protocol:?}");
            if protocol == Protocol::Any {
                assert_eq!(host.requested(), [format!("POST /{name}.git/git-upload-pack")]);
            }
        }
    }
}

#[tokio::test]
async fn a_head_that_moved_is_at_its_new_commit() {
    let repositories = Arc::new(repositories("moved"));
    let repository = repositories.init("app.git", "sha1");
    let (first, second) = (repository.commit("first"), repository.commit("second"));
    let host = host(&repositories, Protocol::Any);
    repository.point("refs/heads/main", &first);
    assert_eq!(host.refs().await.unwrap().at(id(&first)).count(), 1);
    repository.point("refs/heads/main", &second);
    let remote = host.refs().await.unwrap();
    assert_eq!((remote.at(id(&first)).count(), remote.at(id(&second)).count()), (0, 1));
}

#[tokio::test]
async fn head_is_a_branch_a_commit_or_nothing() {
    let repositories = Arc::new(repositories("head"));
    let repository = repositories.init("app.git", "sha1");
    for protocol in [Protocol::Any, Protocol::V0, Protocol::V1] {
        let host = host(&repositories, protocol);
        assert_eq!(host.refs().await.unwrap(), RemoteRefs::default(), "an empty repository, {protocol:?}");
    }
    let commit = repository.commit("first");
    repository.point("refs/heads/trunk", &commit);
    for protocol in [Protocol::Any, Protocol::V0, Protocol::V1] {
        let host = host(&repositories, protocol);
        repository.git(&["symbolic-ref", "HEAD", "refs/heads/trunk"]);
        assert_eq!(host.refs().await.unwrap().head_branch(), Some("trunk"), "{protocol:?}");
        repository.git(&["update-ref", "--no-deref", "HEAD", &commit]);
        assert_eq!(host.refs().await.unwrap().head_branch(), None, "a detached HEAD, {protocol:?}");
    }
}

#[tokio::test]
async fn fifty_thousand_branches_are_listed() {
    let repositories = Arc::new(repositories("many"));
    let repository = repositories.init("app.git", "sha1");
    let (first, second) = (repository.commit("first"), repository.commit("second"));
    repository.add_branches(50_000, &first);
    repository.point("refs/heads/main", &second);
    for protocol in [Protocol::Any, Protocol::V0] {
        let remote = host(&repositories, protocol).refs().await.unwrap();
        assert_eq!(remote.at(id(&first)).count(), 50_000, "{protocol:?}");
        assert_eq!(remote.at(id(&second)).collect::<Vec<_>>(), ["refs/heads/main"], "{protocol:?}");
    }
}

/// The normal form of a URL has no `.git`.
#[tokio::test]
async fn a_repository_is_found_with_and_without_its_suffix() {
    let repositories = Arc::new(repositories("suffix"));
    for name in ["with.git", "without"] {
        let repository = repositories.init(name, "sha1");
        repository.point("refs/heads/main", &repository.commit(name));
    }
    let host = host(&repositories, Protocol::Any);
    for name in ["with", "without"] {
        assert_eq!(ask(&host, name, ObjectFormat::Sha1).await.refs.len(), 1, "{name}");
    }
}
