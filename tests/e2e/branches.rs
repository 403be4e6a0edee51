//! The branch of a build that names none, found by the project's webhook filters and by git.

use std::path::Path;

use buildbrake_testkit::{
    codebuild::{CodeBuild, Endpoint, running_in},
    codecommit::{CodeCommit, Repository as Shop},
    events::{additional_information, event},
    git::{Protocol, Repositories, Repository},
    http::{Address, Server},
};
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};

use crate::{FORBIDDEN, PROGRAM};

const POLICY: &str = "{version: 1, rules: [{id: protected-branches, forbidden-branches: [main]}]}";

/// A git host with one repository, `/shop-api.git`, whose `main` is at `commit`.
struct Host {
    server: Server,
    repository: Repository,
    commit: String,
}

impl Host {
    fn start(test: &str) -> Self {
        let repositories = Repositories::new(Path::new(env!("CARGO_TARGET_TMPDIR")).join("branches").join(test));
        let repository = repositories.init("shop-api.git", "sha1");
        let commit = repository.commit("the first");
        repository.point("refs/heads/main", &commit);
        let server = Address::reserve().open(move |request| repositories.answer(&request, Protocol::Any));
        Self { server, repository, commit }
    }

    fn url(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// The event of a build of the commit, which started this many seconds ago.
    fn event(&self, initiator: &str, age: i64) -> Value {
        let mut event = event("forbidden-branch");
        let start = Timestamp::now() - age.seconds();
        let details = additional_information(&mut event);
        details["build-start-time"] = json!(start.strftime("%b %d, %Y %I:%M:%S %p").to_string());
        details["initiator"] = json!(initiator);
        details["source-version"] = json!(self.commit);
        details["source"] = json!({"type": "GITHUB", "location": format!("{}/shop-api.git", self.url())});
        event
    }

    /// A CodeBuild with that build, whose project has these webhook filters.
    fn codebuild(&self, filter_groups: Value) -> Endpoint {
        let codebuild = CodeBuild::default();
        codebuild.put(running_in("111122223333", "eu-west-1", FORBIDDEN));
        codebuild.put_project(json!({
            "name": "shop-api", "arn": "arn:aws:codebuild:eu-west-1:111122223333:project/shop-api",
            "source": {"type": "GITHUB", "location": format!("{}/shop-api.git", self.url())},
            "webhook": {"filterGroups": filter_groups},
        }));
        codebuild.listen()
    }
}

const WEBHOOK: &str = "GitHub-Hookshot/4f5b68a";

#[test]
fn a_push_to_a_protected_branch_is_stopped_by_what_git_answers() {
    let host = Host::start("push");
    let codebuild = host.codebuild(json!([[{"type": "EVENT", "pattern": "PUSH"}]]));
    let lambda = PROGRAM.start(POLICY, codebuild.address, &[("BUILDBRAKE_GIT_HOSTS", &host.url())]);
    let record = lambda.invoke(&host.event(WEBHOOK, 0)).record();
    assert_eq!(record["outcome"], "stopped", "{record}");
    assert_eq!((&record["branch"], &record["ref"]), (&json!("main"), &json!("refs/heads/main")));
    assert_eq!((&record["branchFrom"], &record["startedBy"]), (&json!("git"), &json!("webhook")));
    assert_eq!(codebuild.operations(), ["BatchGetProjects", "StopBuild"]);

    // The branch at the build's start counts, also for its later events.
    let other = host.repository.commit("the second");
    host.repository.point("refs/heads/main", &other);
    host.repository.point("refs/heads/feature/basket", &host.commit);
    let record = lambda.invoke(&host.event(WEBHOOK, 0)).record();
    assert_eq!((&record["branch"], &record["branchFrom"]), (&json!("main"), &json!("git")));
    lambda.end();

    let record = crate::record(POLICY, &[("BUILDBRAKE_GIT_HOSTS", &host.url())], &codebuild, &host.event(WEBHOOK, 0));
    assert_eq!((&record["outcome"], &record["branch"]), (&json!("allowed"), &json!("feature/basket")));
}

/// CodeBuild resolves `COMMIT~0` some time after the build's start.
#[test]
fn git_is_asked_again_once_the_commit_is_known() {
    let host = Host::start("resolved");
    let codebuild = CodeBuild::default();
    let mut build = running_in("111122223333", "eu-west-1", FORBIDDEN);
    build["sourceVersion"] = json!(format!("{}~0", host.commit));
    build["source"] = json!({"type": "GITHUB", "location": format!("{}/shop-api.git", host.url())});
    build["startTime"] = json!(Timestamp::now().as_second());
    codebuild.put(build.clone());
    codebuild.put_project(json!({
        "name": "shop-api", "arn": "arn:aws:codebuild:eu-west-1:111122223333:project/shop-api",
        "source": build["source"],
    }));
    let endpoint = codebuild.clone().listen();
    let lambda = PROGRAM.start(POLICY, endpoint.address, &[("BUILDBRAKE_GIT_HOSTS", &host.url())]);
    let mut event = host.event("Developer/alice", 0);
    additional_information(&mut event)["source-version"] = build["sourceVersion"].clone();
    let record = lambda.invoke(&event).record();
    assert_eq!(record["outcome"], "allowed", "{record}");
    build["resolvedSourceVersion"] = json!(host.commit);
    codebuild.put(build);
    let record = lambda.invoke(&event).record();
    assert_eq!((&record["outcome"], &record["branch"]), (&json!("stopped"), &json!("main")), "{record}");
    lambda.end();
}

#[test]
fn the_filters_of_the_webhook_decide_without_git() {
    let host = Host::start("filters");
    let filter = |branch: &str| {
        json!([[
            {"type": "EVENT", "pattern": "PUSH"},
            {"type": "HEAD_REF", "pattern": format!("^refs/heads/{branch}$")},
        ]])
    };
    for (branch, outcome) in [("main", "stopped"), ("develop", "allowed")] {
        let codebuild = host.codebuild(filter(branch));
        let record = crate::record(POLICY, &[], &codebuild, &host.event(WEBHOOK, 600));
        assert_eq!((record["outcome"].as_str(), record["branch"].as_str()), (Some(outcome), Some(branch)));
        assert_eq!(record["branchFrom"], "webhook");
    }
}

#[test]
fn the_branch_is_unknown_where_git_is_not_asked_or_does_not_answer() {
    let host = Host::start("unknown");
    let codebuild = host.codebuild(json!([]));
    let undecided = |settings: &[(&str, &str)], age: i64| {
        let record = crate::record(POLICY, settings, &codebuild, &host.event("Developer/alice", age));
        assert_eq!((&record["outcome"], record.get("branch")), (&json!("allowed"), None), "{record}");
        record["undecided"][0]["missing"].as_str().unwrap().to_owned()
    };
    assert_eq!(undecided(&[], 0), "branch (no git hosts are listed by BUILDBRAKE_GIT_HOSTS or `--git-hosts`)");
    assert_eq!(
        undecided(&[("BUILDBRAKE_GIT_HOSTS", "github.com")], 0),
        format!("branch (`{}` is not listed in BUILDBRAKE_GIT_HOSTS)", host.url())
    );
    assert_eq!(
        undecided(&[("BUILDBRAKE_GIT_HOSTS", &host.url())], 120),
        "branch (git was not asked at the build's start, and refs may have moved since)"
    );
    // A host that does not answer keeps no other rule from stopping the build.
    let policy = "{version: 1, rules: [{id: b, forbidden-branches: [main]}, {id: s, max-timeout: 5m}]}";
    let record = crate::record(policy, &[], &codebuild, &host.event("Developer/alice", 0));
    assert_eq!(record["outcome"], "stopped");
}

/// A repository in CodeCommit needs no setting: the function's role asks its API.
#[test]
fn codecommit_is_asked_for_a_repository_that_the_project_names() {
    let commit = "75614758eace7c1d9d032b8980854ab486068f3b";
    let repository = |name: &str| format!("https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/{name}");
    let mut event = event("forbidden-branch");
    let details = additional_information(&mut event);
    details["build-start-time"] = json!(Timestamp::now().strftime("%b %d, %Y %I:%M:%S %p").to_string());
    details["source-version"] = json!(commit);
    details["source"] = json!({"type": "CODECOMMIT", "location": repository("shop-api")});
    let judged = |named: &str| {
        let branches = vec![("main".to_owned(), commit.to_owned())];
        let codecommit = CodeCommit::start(Shop { name: "shop-api".to_owned(), branches, page: 10, ..Shop::default() });
        let codebuild = CodeBuild::default();
        codebuild.put(running_in("111122223333", "eu-west-1", FORBIDDEN));
        codebuild.put_project(json!({
            "name": "shop-api", "arn": "arn:aws:codebuild:eu-west-1:111122223333:project/shop-api",
            "source": {"type": "CODECOMMIT", "location": repository(named)},
        }));
        let url = format!("http://{}", codecommit.endpoint.address);
        crate::record(POLICY, &[("AWS_ENDPOINT_URL_CODECOMMIT", &url)], &codebuild.listen(), &event)
    };
    let record = judged("shop-api");
    assert_eq!((&record["outcome"], &record["branchFrom"]), (&json!("stopped"), &json!("git")), "{record}");
    let missing = &judged("other")["undecided"][0]["missing"];
    assert_eq!(missing, "branch (the project does not name the repository in CodeCommit)");
}
