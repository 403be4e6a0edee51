//! The branches of a repository in the testkit's CodeCommit.

use buildbrake_aws::{
    Accounts,
    codecommit::{CodeCommitRepository, refs},
    config::AwsConfig,
};
use buildbrake_core::facts::remote_refs::{ObjectId, RemoteRefs};
use buildbrake_testkit::codecommit::{self, CodeCommit};

use crate::service_model::ServiceModel;

const MODEL: &str = include_str!("../model/codecommit-2015-04-13.json");

/// A repository with this many branches, each at a commit of its own.
fn repository(branches: usize, page: usize) -> codecommit::Repository {
    let branches = (0..branches).map(|at| (format!("feature/{at}"), commit(at))).collect();
    codecommit::Repository { name: "shop-api".into(), branches, page, ..Default::default() }
}

fn commit(number: usize) -> String {
    format!("{number:040x}")
}

/// Returns what the client finds, or the message of its error. Every call and answer is compared
/// with AWS's model.
async fn ask(codecommit: &CodeCommit, name: &str) -> Result<RemoteRefs, String> {
    let repository = CodeCommitRepository { region: "eu-central-1".into(), name: name.into() };
    let config = AwsConfig::for_local_endpoint(&format!("http://{}", codecommit.endpoint.address), "eu-west-1").await;
    let found = refs(&repository, None, &Accounts::own(config)).await.map_err(|error| error.to_string());
    let calls = codecommit.endpoint.calls();
    assert!(calls.iter().all(|call| call.region == "eu-central-1"), "the repository's own region");
    ServiceModel::new(MODEL).check(&codecommit.exchanges());
    found
}

#[tokio::test]
async fn all_branches_are_listed_with_their_commits_and_the_default_branch() {
    let mut repository = repository(3, 2);
    repository.branches.push(("main".into(), commit(0)));
    repository.default_branch = Some("main".into());
    repository.deleted = vec!["feature/gone".into()];
    let codecommit = CodeCommit::start(repository);
    let remote = ask(&codecommit, "shop-api").await.unwrap();
    let at = |number| remote.at(ObjectId::read(&commit(number)).unwrap()).collect::<Vec<_>>();
    assert_eq!(at(0), ["refs/heads/feature/0", "refs/heads/main"]);
    assert_eq!(at(2), ["refs/heads/feature/2"]);
    assert_eq!((remote.refs.len(), remote.head_branch()), (4, Some("main")));
}

#[tokio::test]
async fn an_empty_repository_has_no_branches() {
    let codecommit = CodeCommit::start(repository(0, 10));
    assert_eq!(ask(&codecommit, "shop-api").await, Ok(RemoteRefs::default()));
}

#[tokio::test]
async fn more_than_fifty_branches_are_not_asked_for() {
    let codecommit = CodeCommit::start(repository(50, 100));
    assert_eq!(ask(&codecommit, "shop-api").await.unwrap().refs.len(), 50);
    for page in [100, 30] {
        let codecommit = CodeCommit::start(repository(51, page));
        assert_eq!(ask(&codecommit, "shop-api").await.unwrap_err(), "the repository has more than 50 branches");
        assert!(codecommit.endpoint.operations().iter().all(|operation| operation != "GetBranch"));
    }
}

#[tokio::test]
async fn a_repository_that_does_not_exist_is_named() {
    let codecommit = CodeCommit::start(repository(1, 10));
    let message = ask(&codecommit, "shop-web").await.unwrap_err();
    assert_eq!(message, "CodeCommit answered RepositoryDoesNotExistException");
}
