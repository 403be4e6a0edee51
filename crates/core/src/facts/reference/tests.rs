mod fetched;
mod triggers;

use std::sync::Arc;

use serde_json::{Value, json};

use crate::{
    event::{BuildEvent, TriggerKind},
    facts::{
        inquiry::{Case, NamedBy, Question, Reply, Source},
        pipeline::PipelineAnswer,
        remote_refs::RefsAtCommit,
    },
    model::{Build, BuildBatch, Project},
    policy::Policy,
    verdict::Action,
};

const START: &str = "2026-11-22T09:00:00Z";
const COMMIT: &str = "6f1e2d3c4b5a69788796a5b4c3d2e1f001122334";

/// A build of the commit, with these members beside.
fn build(more: Value) -> Value {
    let mut build = json!({
        "id": "shop:5e000000-0000-4000-8000-000000000001", "projectName": "shop", "buildStatus": "IN_PROGRESS",
        "startTime": START, "initiator": "alice", "sourceVersion": COMMIT, "timeoutInMinutes": 60,
        "environment": {"type": "LINUX_CONTAINER", "computeType": "BUILD_GENERAL1_SMALL"},
        "source": {"type": "GITHUB", "location": "https://github.com/acme/shop.git"},
    });
    build.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    build
}

/// The sources' answers.
struct World {
    build: Value,
    project: Value,
    /// The names at the build's commit, and HEAD's branch.
    refs: &'static [&'static str],
    head: Option<&'static str>,
    batch: Option<Arc<BuildBatch>>,
    pipeline: PipelineAnswer,
    /// Seconds from the build's start until git is asked.
    delay: i64,
}

impl World {
    fn of(refs: &'static [&'static str]) -> Self {
        let project = json!({"name": "shop", "source": {"type": "GITHUB", "location": "git@github.com:acme/shop"}});
        Self {
            build: build(json!({})),
            project,
            refs,
            head: Some("refs/heads/main"),
            batch: None,
            pipeline: PipelineAnswer::NoPipeline,
            delay: 5,
        }
    }

    /// Judges the build as the function does. Returns what was asked, too.
    fn judge<'a>(&self, policy: &'a Policy) -> (Case<'a>, Vec<Question>) {
        self.judge_by(policy, TriggerKind::StateChange)
    }

    fn judge_by<'a>(&self, policy: &'a Policy, kind: TriggerKind) -> (Case<'a>, Vec<Question>) {
        let now = START.parse::<jiff::Timestamp>().unwrap() + jiff::SignedDuration::from_secs(self.delay);
        let whole: Build = serde_json::from_value(self.build.clone()).unwrap();
        let id = whole.id.as_deref().unwrap().parse().unwrap();
        let event = BuildEvent::new(kind, id, None, Box::new(whole.clone()));
        let mut case = Case::of_event(policy, event, now);
        let mut asked = Vec::new();
        while let Some(question) = case.next_question() {
            let reply = match &question {
                Question::Build(_) => Reply::Build(Box::new(whole.clone())),
                Question::Project { .. } => {
                    let project: Option<Project> = serde_json::from_value(self.project.clone()).unwrap();
                    Reply::Project(project.map(Arc::new))
                }
                Question::Batch(_) => Reply::Batch(self.batch.clone()),
                Question::Pipeline(_) => Reply::Pipeline(self.pipeline.clone()),
                Question::Git(_) => Reply::Git(Arc::new(RefsAtCommit {
                    names: self.refs.iter().map(ToString::to_string).collect(),
                    head: self.head.map(str::to_owned),
                    as_of: now,
                })),
                other => panic!("no rule needs {other:?}"),
            };
            asked.push(question);
            case.add(reply, now);
        }
        (case, asked)
    }
}

fn policy(rule: &str) -> Policy {
    Policy::parse("policy.yaml", &format!("{{version: 1, rules: [{{id: r, {rule}}}]}}")).unwrap()
}

/// Checks the decision about the build: `stop`, `allow`, or the reason why the rule is undecided.
#[track_caller]
fn check(world: &World, rule: &str, expected: &str) {
    let policy = policy(rule);
    let (case, _) = world.judge(&policy);
    let verdict = case.verdict();
    let found = match verdict.undecided.first() {
        Some(undecided) => undecided.missing.to_string(),
        None if verdict.action == Action::Stop => "stop".to_owned(),
        None => "allow".to_owned(),
    };
    assert_eq!(found, expected, "{rule}");
}

#[test]
fn a_commit_has_the_one_ref_that_is_at_it() {
    let main = World::of(&["refs/heads/main"]);
    check(&main, "forbidden-branches: [main]", "stop");
    check(&main, "forbidden-branches: [release/*]", "allow");
    check(&main, "allowed-refs: [refs/heads/main]", "allow");
    check(&main, "deny-when: branch == 'main' && ref == 'refs/heads/main'", "stop");
    check(&main, "max-timeout: 5m, only: [{branches: [feature/*]}]", "allow");
    let policy = policy("forbidden-branches: [release/*]");
    let (case, _) = main.judge(&policy);
    let provenance = case.provenance();
    assert_eq!(provenance.branch.as_deref(), Some("main"));
    assert_eq!((provenance.git_ref.as_deref(), json!(provenance.ref_from)), (Some("refs/heads/main"), json!("git")));
    let tag = World::of(&["refs/tags/v1"]);
    check(&tag, "forbidden-refs: [refs/tags/*]", "stop");
    check(&tag, "forbidden-branches: [main]", "branch (the source version is a tag)");
}

/// Neither a webhook nor a role starts a build of another ref than one at its commit.
#[test]
fn git_is_asked_although_the_project_is_gone() {
    let build = build(json!({"initiator": "GitHub-Hookshot/1"}));
    let world = World { build, project: Value::Null, ..World::of(&["refs/heads/main"]) };
    check(&world, "forbidden-branches: [main]", "stop");
    check(&world, "forbidden-branches: [release/*]", "allow");
}

#[test]
fn a_build_without_a_version_is_of_the_commit_that_its_project_names() {
    let build = build(json!({"sourceVersion": ""}));
    let source = json!({"type": "GITHUB", "location": "git@github.com:acme/shop"});
    let project = json!({"name": "shop", "sourceVersion": COMMIT, "source": source});
    let world = World { build, project, ..World::of(&["refs/heads/main"]) };
    check(&world, "forbidden-branches: [main]", "stop");
    check(&world, "forbidden-branches: [release/*]", "allow");
}

#[test]
fn several_refs_decide_a_rule_that_has_one_answer_for_all_of_them() {
    let both = World::of(&["refs/heads/main", "refs/heads/release/1"]);
    check(
        &both,
        "forbidden-branches: [main]",
        "branch (2 refs are at the commit: refs/heads/main, refs/heads/release/1)",
    );
    check(&both, "forbidden-branches: [main, release/*]", "stop");
    check(&both, "forbidden-branches: [feature/*]", "allow");
    check(&both, "allowed-branches: [main, release/*]", "allow");
    check(&both, "deny-when: branch.size() < 12", "stop");
    check(&both, "max-timeout: 5m, only: [{branches: [feature/*]}]", "allow");
    // For each of them, another part of the rule lets it pass.
    check(&both, "forbidden-refs: [refs/heads/*], only: [{branches: [main]}], except: [{branches: [main]}]", "allow");
    let with_tag = World::of(&["refs/heads/main", "refs/tags/v1"]);
    check(&with_tag, "forbidden-refs: [refs/heads/main, refs/tags/*]", "stop");
    check(&with_tag, "forbidden-branches: [main]", "branch (2 refs are at the commit: refs/heads/main, refs/tags/v1)");
    let (policy, many) = (policy("forbidden-branches: [main, release/*]"), both);
    let (case, _) = many.judge(&policy);
    assert_eq!(case.verdict().violations[0].found, "main or release/1");
    // The explanation agrees with the verdict.
    for (condition, expected) in [("only", "broken"), ("except", "exempt")] {
        let policy = self::policy(&format!("max-timeout: 5m, {condition}: [{{branches: [main, release/*]}}]"));
        let (case, _) = many.judge(&policy);
        let text = case.explain(START.parse().unwrap()).to_string();
        assert!(text.contains(&format!("r: {expected}\n")), "{text}");
        assert!(
            text.contains(&format!("  {condition} matches\n    yes: branches")) && !text.contains("unknown"),
            "{text}"
        );
    }
    assert_eq!(
        (&case.provenance().branch, &case.provenance().git_ref, case.provenance().ref_from),
        (&None, &None, None)
    );
}

#[test]
fn a_commit_at_which_there_is_no_ref_is_of_an_unknown_branch() {
    let rule = "forbidden-branches: [main]";
    check(&World::of(&[]), rule, "branch (no branch or tag of the remote that can be the build's is at its commit)");
}

#[test]
fn an_answer_that_came_later_than_a_minute_proves_nothing() {
    let rule = "forbidden-branches: [main]";
    check(&World { delay: 60, ..World::of(&["refs/heads/main"]) }, rule, "stop");
    let why = "branch (git was asked 61 seconds after the build's start; refs move)";
    check(&World { delay: 61, ..World::of(&["refs/heads/main"]) }, rule, why);
    check(&World { delay: 61, ..World::of(&["refs/heads/feature/a"]) }, rule, why);
}

/// A name that git lists is no revision: `git describe` prints such texts for commits.
#[test]
fn a_listed_name_means_itself() {
    let described = World::of(&["refs/heads/fix-1-gabc1234"]);
    check(&described, "forbidden-branches: [fix-*]", "stop");
    check(&described, "allowed-refs: [refs/heads/fix-*]", "allow");
    let both = World::of(&["refs/heads/fix-gabc1234", "refs/heads/fix-2"]);
    check(&both, "forbidden-branches: [fix-*]", "stop");
    check(&World::of(&["refs/heads/refs/heads/main"]), "forbidden-branches: [main]", "allow");
}

#[test]
fn a_head_that_refers_to_no_branch_names_none() {
    for head in ["refs/remotes/origin/main", "refs/pull/25/head", "refs/tags/v1", "main"] {
        let mut world = World { head: Some(head), ..World::of(&[]) };
        world.build = build(json!({"sourceVersion": null}));
        let why = "branch (the remote's HEAD refers to no branch)";
        check(&world, "forbidden-branches: [main]", why);
        check(&world, "allowed-branches: [main]", why);
    }
}

#[test]
fn a_build_without_a_source_version_has_that_of_its_project_or_the_remote_head() {
    let rule = "forbidden-branches: [main]";
    for version in [Value::Null, json!(""), json!(" ")] {
        let world = World { build: build(json!({ "sourceVersion": version })), ..World::of(&[]) };
        check(&world, rule, "stop");
        check(&World { head: Some("refs/heads/trunk"), ..world }, rule, "allow");
        let mut world = World { build: build(json!({ "sourceVersion": version })), ..World::of(&[]) };
        check(
            &World { head: None, ..World { build: world.build.clone(), project: world.project.clone(), ..world } },
            rule,
            "branch (the remote's HEAD refers to no branch)",
        );
        world = World { build: build(json!({ "sourceVersion": version })), ..World::of(&[]) };
        world.project["sourceVersion"] = json!("refs/heads/develop");
        check(&world, rule, "allow");
        let policy = policy("forbidden-branches: [main]");
        let (case, asked) = world.judge(&policy);
        assert_eq!(json!(case.provenance().ref_from), json!("project"));
        assert!(asked.iter().all(|question| question.source() != Source::Git), "{asked:?}");
    }
    // `HEAD` is the remote's, whatever the project says.
    let mut world = World { build: build(json!({"sourceVersion": "HEAD"})), ..World::of(&[]) };
    world.project["sourceVersion"] = json!("develop");
    check(&world, rule, "stop");
    // The project may have named another one when the build started.
    let mut world = World { build: build(json!({"sourceVersion": null})), ..World::of(&[]) };
    world.project["sourceVersion"] = json!("develop");
    world.project["lastModified"] = json!("2026-11-22T09:00:02Z");
    check(&world, rule, "project (the project was changed after the build started)");
}

#[test]
fn git_is_asked_only_if_a_rule_depends_on_it_and_as_the_project_names_the_repository() {
    let question = |world: &World, rule: &str| {
        let policy = policy(rule);
        let (_, asked) = world.judge(&policy);
        asked.into_iter().find_map(|question| match question {
            Question::Git(question) => Some(question),
            _ => None,
        })
    };
    let world = World::of(&["refs/heads/main"]);
    let asked = question(&world, "forbidden-branches: [main]").unwrap();
    assert_eq!(asked.repository.text(), "https://github.com/acme/shop");
    assert_eq!(asked.commit.unwrap().to_string(), COMMIT);
    assert_eq!(asked.named_by, NamedBy::Project);
    assert_eq!(asked.id, "shop:5e000000-0000-4000-8000-000000000001");

    // Who starts a build can name any repository.
    let other = json!({"source": {"type": "GITHUB", "location": "https://github.com/acme/secret"}});
    let world = World { build: build(other), ..World::of(&[]) };
    assert_eq!(question(&world, "forbidden-branches: [main]").unwrap().named_by, NamedBy::Build);

    let world = World::of(&["refs/heads/main"]);
    assert_eq!(question(&world, "max-timeout: 60m"), None);
    let named = World { build: build(json!({"sourceVersion": "main"})), ..World::of(&[]) };
    assert_eq!(question(&named, "forbidden-branches: [main]"), None);
    // Another rule stops the build anyway.
    let text = "{version: 1, rules: [{id: a, max-timeout: 5m}, {id: b, forbidden-branches: [main]}]}";
    let policy = Policy::parse("policy.yaml", text).unwrap();
    assert_eq!(World::of(&["refs/heads/main"]).judge(&policy).1, []);
    // Without a repository there is nobody to ask.
    let s3 = World { build: build(json!({"source": {"type": "S3", "location": "bucket/key"}})), ..World::of(&[]) };
    assert_eq!(question(&s3, "forbidden-branches: [main]"), None);
}

#[test]
fn a_source_that_cannot_be_asked_leaves_the_branch_unknown_and_says_why() {
    let policy = policy("forbidden-refs: [refs/heads/main], on-unknown: report");
    let world = World::of(&[]);
    let now = START.parse().unwrap();
    let whole: Build = serde_json::from_value(world.build.clone()).unwrap();
    let event =
        BuildEvent::new(TriggerKind::StateChange, whole.id.as_deref().unwrap().parse().unwrap(), None, Box::new(whole));
    let mut case = Case::of_event(&policy, event, now);
    while let Some(question) = case.next_question() {
        let reply = match question {
            Question::Git(_) => Reply::Unavailable(Source::Git, "the git host did not answer".into()),
            _ => Reply::Project(None),
        };
        case.add(reply, now);
    }
    assert_eq!(case.verdict().undecided[0].missing.to_string(), "ref (the git host did not answer)");
}

/// A webhook's build of the project with these filters.
fn by_webhook(filter_groups: Value, refs: &'static [&'static str]) -> World {
    let mut world = World { build: build(json!({"initiator": "GitHub-Hookshot/4f5b68a"})), ..World::of(refs) };
    world.project["webhook"] = json!({ "filterGroups": filter_groups });
    world
}

fn push(pattern: &str) -> Value {
    json!([{"type": "EVENT", "pattern": "PUSH"}, {"type": "HEAD_REF", "pattern": pattern}])
}

#[test]
fn the_filters_of_the_webhook_that_started_a_build_may_decide_without_git() {
    let main = by_webhook(json!([push("^refs/heads/main$")]), &[]);
    check(&main, "forbidden-branches: [main]", "stop");
    check(&main, "allowed-refs: [refs/heads/main]", "allow");
    check(&main, "deny-when: branch == 'main'", "stop");
    let policy = policy("forbidden-branches: [main]");
    let (case, asked) = main.judge(&policy);
    assert_eq!(
        (case.provenance().branch.as_deref(), json!(case.provenance().ref_from)),
        (Some("main"), json!("webhook"))
    );
    assert!(asked.iter().all(|question| question.source() != Source::Git), "{asked:?}");

    let releases = by_webhook(json!([push("^refs/heads/release/.*$"), push("^refs/heads/(main|master)$")]), &[]);
    check(&releases, "forbidden-branches: [main, master, release/*]", "stop");
    check(&releases, "forbidden-branches: [feature/*]", "allow");
    check(&releases, "allowed-refs: [refs/tags/*]", "stop");
    let unknown = "branch (no branch or tag of the remote that can be the build's is at its commit)";
    check(&releases, "forbidden-branches: [main]", unknown);

    let literals = by_webhook(json!([push("^refs/heads/(main|master)$")]), &[]);
    check(&literals, "deny-when: branch.startsWith('ma')", "stop");
    check(&literals, "deny-when: branch == 'main'", unknown);
    let (_, asked) = literals.judge(&self::policy("deny-when: branch.startsWith('ma')"));
    assert!(asked.iter().all(|question| question.source() != Source::Git), "{asked:?}");
    // A tag has no branch.
    let with_tags = by_webhook(json!([push("^refs/(heads|tags)/v.*$")]), &[]);
    check(&with_tags, "forbidden-branches: ['v*']", unknown);
    check(&with_tags, "forbidden-refs: ['refs/*/v*']", "stop");
}

/// Pushing another branch to the same commit does not make `main` unknown.
#[test]
fn git_is_believed_within_the_webhook_s_filters() {
    let groups = json!([push("^refs/heads/(main|release/.*)$")]);
    let aliased = by_webhook(groups.clone(), &["refs/heads/alias", "refs/heads/main"]);
    check(&aliased, "forbidden-branches: [main]", "stop");
    check(&aliased, "allowed-branches: [main]", "allow");
    let both = by_webhook(groups.clone(), &["refs/heads/main", "refs/heads/release/1"]);
    check(
        &both,
        "forbidden-branches: [main]",
        "branch (2 refs are at the commit: refs/heads/main, refs/heads/release/1)",
    );
    // Later the filters are all that is known.
    let late = World { delay: 3_600, ..by_webhook(groups, &["refs/heads/release/1"]) };
    check(&late, "forbidden-branches: [feature/*]", "allow");
    check(
        &late,
        "forbidden-branches: [main]",
        "branch (git was asked 3600 seconds after the build's start; refs move)",
    );
}

#[test]
fn filters_prove_nothing_about_builds_that_they_did_not_start() {
    let groups = json!([push("^refs/heads/main$")]);
    let by_person = World { build: build(json!({})), ..by_webhook(groups.clone(), &["refs/heads/feature"]) };
    check(&by_person, "forbidden-branches: [main]", "allow");
    let mut changed = by_webhook(groups, &["refs/heads/feature"]);
    changed.project["lastModified"] = json!("2026-11-22T09:00:02Z");
    check(&changed, "forbidden-branches: [main]", "allow");
    // A role can take the name of a webhook.
    let forged =
        World { build: build(json!({"initiator": "GitHub-Hookshot/4f5b68a"})), ..World::of(&["refs/heads/main"]) };
    check(&forged, "forbidden-branches: [main]", "stop");
}

#[test]
fn a_pull_request_has_a_branch_only_if_its_merge_alone_can_have_started_the_build() {
    let group = |event: &str| json!([{"type": "EVENT", "pattern": event}, {"type": "BASE_REF", "pattern": "^refs/heads/main$"}]);
    let request = |event: &str| World {
        build: build(json!({"initiator": "GitHub-Hookshot/4f5b68a", "sourceVersion": "pr/25"})),
        ..by_webhook(json!([group(event)]), &[])
    };
    check(&request("PULL_REQUEST_MERGED"), "forbidden-branches: [main]", "stop");
    check(&request("PULL_REQUEST_MERGED"), "forbidden-refs: [refs/pull/*]", "stop");
    let open = request("PULL_REQUEST_MERGED, PULL_REQUEST_CREATED");
    check(&open, "forbidden-branches: [main]", "branch (the source version is pull request 25)");
    check(&open, "forbidden-refs: [refs/pull/25/head]", "stop");
}

/// The branches of a small repository.
const BRANCHES: [&str; 4] = ["main", "master", "release/1", "feature/a"];

/// Filters, each with the numbers of the branches that it lets through.
const FILTERS: [(&str, &[usize]); 6] = [
    ("^refs/heads/main$", &[0]),
    ("^refs/heads/(main|master)$", &[0, 1]),
    ("^refs/heads/ma", &[0, 1]),
    ("release", &[2]),
    ("^refs/heads/.*$", &[0, 1, 2, 3]),
    ("a(?=i)", &[0, 1, 2, 3]),
];

proptest::proptest! {
    /// Whatever the sources answer, a rule about the branch is decided only as the truth decides it: the
    /// branch that was pushed is among those at the commit, unless branches moved since.
    #[test]
    fn no_answer_makes_the_branch_a_wrong_one(
        pushed in 0..4_usize,
        others in proptest::collection::vec(0..4_usize, 0..3),
        filters in proptest::collection::vec(0..6_usize, 0..3),
        by_webhook in proptest::bool::ANY,
        moves in proptest::bool::ANY,
        forbidden in proptest::collection::vec(0..4_usize, 1..3),
    ) {
        let lets_through = |filter: &usize| FILTERS[*filter].1.contains(&pushed);
        // Filters that do not let the branch through started no build of it.
        let groups: Vec<Value> = filters.iter().map(|filter| push(FILTERS[*filter].0)).collect();
        let is_started = groups.is_empty() || filters.iter().any(lets_through);
        let at_commit: Vec<usize> =
            if moves { others } else { others.into_iter().chain([pushed]).collect() };
        let names: Vec<&'static str> = BRANCHES
            .iter()
            .enumerate()
            .filter(|(at, _)| at_commit.contains(at))
            .map(|(_, name)| format!("refs/heads/{name}").leak() as &'static str)
            .collect();
        let mut world = by_webhook_if(by_webhook && is_started, groups.into(), names.leak());
        world.delay = if moves { 61 } else { 1 };
        let patterns: Vec<&str> = forbidden.iter().map(|at| BRANCHES[*at]).collect();
        let policy = policy(&format!("forbidden-branches: [{}]", patterns.join(", ")));
        let (case, _) = world.judge(&policy);
        if case.verdict().undecided.is_empty() {
            let expected = if forbidden.contains(&pushed) { Action::Stop } else { Action::Allow };
            proptest::prop_assert_eq!(case.verdict().action, expected);
        }
        if let Some(branch) = &case.provenance().branch {
            proptest::prop_assert_eq!(branch, BRANCHES[pushed]);
        }
    }
}

fn by_webhook_if(is_started: bool, filter_groups: Value, refs: &'static [&'static str]) -> World {
    if is_started { by_webhook(filter_groups, refs) } else { World::of(refs) }
}
