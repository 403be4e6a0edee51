mod unknown;

use super::*;
use crate::{
    event::{Delivery, TriggerKind},
    facts::{InitiatorFrom, RefFrom},
    verdict::Action,
};

const NOW: &str = "2026-11-22T09:00:00Z";
const ID: &str = "shop:5e000000-0000-4000-8000-000000000001";

fn policy(rules: &str) -> Policy {
    Policy::parse("policy.yaml", &format!("{{version: 1, rules: [{rules}]}}")).unwrap()
}

fn event(build: &str) -> BuildEvent {
    let build = serde_json::from_str(build).unwrap();
    BuildEvent::new(TriggerKind::StateChange, ID.parse().unwrap(), None, build)
}

fn project(json: &str) -> Arc<Project> {
    Arc::new(serde_json::from_str(json).unwrap())
}

fn build_question() -> Option<Question> {
    Some(Question::Build(ID.parse().unwrap()))
}

fn project_question(may_be_cached: bool) -> Option<Question> {
    Some(Question::Project { name: "shop".into(), may_be_cached })
}

const RUNNING_ON_MAIN: &str = r#"{"projectName": "shop", "buildStatus": "IN_PROGRESS", "sourceVersion": "main"}"#;

#[test]
fn a_running_build_that_breaks_a_rule_needs_no_question() {
    let policy = policy("{id: a, forbidden-branches: [main]}, {id: b, max-timeout: 5m}");
    let case = Case::of_event(&policy, event(RUNNING_ON_MAIN), NOW.parse().unwrap());
    assert_eq!((case.next_question(), case.verdict().action), (None, Action::Stop));
}

#[test]
fn the_build_is_fetched_if_the_verdict_depends_on_it() {
    let now = NOW.parse().unwrap();
    let (timeout, branch) = (policy("{id: a, max-timeout: 5m}"), policy("{id: a, forbidden-branches: [main]}"));
    for (policy, build) in [
        (&timeout, RUNNING_ON_MAIN),
        // Nothing says that the build is running.
        (&branch, r#"{"buildStatus": "REINCARNATING", "sourceVersion": "main"}"#),
        // The event only names the build.
        (&branch, r#"{"sourceVersion": "dev"}"#),
    ] {
        let mut case = Case::of_event(policy, event(build), now);
        assert_eq!(case.next_question(), build_question(), "{build}");
        case.add(Reply::Build(Box::new(serde_json::from_str(build).unwrap())), now);
        assert_eq!(case.next_question(), None, "{build}: a Build is fetched once");
    }
}

const BATCH: &str = "arn:aws:codebuild:eu-west-1:111122223333:build-batch/shop:5e000000-0000-4000-8000-00000000000b";

fn in_batch(json: &str) -> Box<Build> {
    Box::new(Build { build_batch_arn: Some(BATCH.into()), ..serde_json::from_str(json).unwrap() })
}

#[test]
fn what_may_stop_the_batch_is_asked_for_after_the_stop() {
    let stops = "{id: stops, forbidden-branches: [main]}";
    let frozen = "deny-when: \"project.tags.exists(tag, tag.key == 'frozen')\"";
    let now = NOW.parse().unwrap();
    let of_batch = Arc::new(serde_json::from_str(r#"{"sourceVersion": "main", "initiator": "alice"}"#).unwrap());
    let project = |json: &str| Reply::Project(Some(project(json)));
    for (more, asks, stops_batch) in [
        ("batch: stop-all", true, true),
        ("batch: stop-all, mode: report", false, false),
        ("batch: build", false, false),
    ] {
        let policy = policy(&format!("{stops}, {{id: frozen, {frozen}, {more}}}"));
        let mut case = Case::of_event(&policy, event(RUNNING_ON_MAIN), now);
        assert_eq!((case.next_question(), case.verdict().action), (None, Action::Stop), "{more}: the stop comes first");
        case.add_after_stop(in_batch(&RUNNING_ON_MAIN.replace("IN_PROGRESS", "STOPPED")), now);
        assert_eq!(case.batch_to_stop(), None, "{more}");
        let question = project_question(false).filter(|_| asks);
        assert_eq!(case.next_question(), question, "{more}: a copy is not good enough to stop for");
        case.add(project(r#"{"tags": [{"key": "frozen", "value": "yes"}]}"#), now);
        assert_eq!((case.batch_to_stop(), case.next_question()), (Some(BATCH).filter(|_| stops_batch), None), "{more}");
        let broken: Vec<&str> = case.verdict().violations.iter().map(|broken| broken.rule.as_str()).collect();
        assert_eq!(broken, if stops_batch { vec!["stops", "frozen"] } else { vec!["stops"] }, "{more}");
        // A sweep knows the batch before it stops anything.
        let mut case = Case::of_build(&policy, BuildEvent { build: in_batch(RUNNING_ON_MAIN), ..event("{}") }, now);
        while let Some(Question::Batch(_)) = case.next_question() {
            case.add(Reply::Batch(Some(Arc::clone(&of_batch))), now);
        }
        assert_eq!(case.next_question(), project_question(true).filter(|_| asks), "{more}");
    }
    let policy = policy(&format!("{stops}, {{id: frozen, {frozen}, batch: stop-all}}"));
    let mut case = Case::of_event(&policy, event(RUNNING_ON_MAIN), now);
    case.add_after_stop(in_batch(RUNNING_ON_MAIN), now);
    case.add(project(r#"{"tags": []}"#), now);
    assert_eq!((case.batch_to_stop(), case.verdict().undecided.len()), (None, 0), "the rule passes");
}

#[test]
fn no_batch_is_stopped_because_an_event_names_it() {
    let policy = policy("{id: a, forbidden-branches: [main], batch: stop-all}");
    let named = BuildEvent { build: in_batch(RUNNING_ON_MAIN), ..event("{}") };
    let case = Case::of_event(&policy, named, NOW.parse().unwrap());
    assert_eq!((case.verdict().action, case.batch_to_stop()), (Action::Stop, None));
}

/// The build of an old event may have ended long ago.
#[test]
fn an_old_event_is_not_judged_before_its_build_is_fetched() {
    let (policy, now) = (policy("{id: a, forbidden-branches: [main]}"), NOW.parse().unwrap());
    let ended = RUNNING_ON_MAIN.replace("IN_PROGRESS", "FAILED");
    for delivery in [Delivery::Replayed, Delivery::Redriven] {
        for json in [RUNNING_ON_MAIN, &ended] {
            let old = BuildEvent { delivery, ..event(json) };
            let mut case = Case::of_event(&policy, old, now);
            assert_eq!((case.next_question(), case.verdict()), (build_question(), &Verdict::default()));
            case.add(Reply::Build(Box::new(serde_json::from_str(RUNNING_ON_MAIN).unwrap())), now);
            assert_eq!((case.next_question(), case.verdict().action), (None, Action::Stop));
        }
        let mut case = Case::of_event(&policy, BuildEvent { delivery, ..event(RUNNING_ON_MAIN) }, now);
        case.add(Reply::NoBuild, now);
        assert_eq!(case.verdict(), &Verdict::default(), "nothing is said of what no longer holds");
    }
}

#[test]
fn a_build_that_does_not_exist_has_no_further_question() {
    let policy = policy("{id: a, max-timeout: 5m}");
    let mut case = Case::of_event(&policy, event(RUNNING_ON_MAIN), NOW.parse().unwrap());
    case.add(Reply::NoBuild, NOW.parse().unwrap());
    assert!(case.is_gone() && case.next_question().is_none());
}

#[test]
fn no_build_is_stopped_for_what_its_project_was_some_minutes_ago() {
    let (policy, now) = (policy("{id: a, forbidden-overrides: [image]}"), NOW.parse().unwrap());
    let build = r#"{"projectName": "shop", "buildStatus": "IN_PROGRESS", "environment": {"image": "b"},
        "startTime": "2026-11-22T08:00:00Z"}"#;
    let mut case = Case::of_build(&policy, event(build), now);
    assert_eq!(case.next_question(), project_question(true));
    let as_of = "2026-11-22T08:00:01Z".parse().unwrap();
    case.add(Reply::CachedProject(project(r#"{"environment": {"image": "a"}}"#), as_of), now);
    assert_eq!((case.verdict().action, case.next_question()), (Action::Stop, project_question(false)));
    case.add(Reply::Project(Some(project(r#"{"environment": {"image": "b"}}"#))), now);
    assert_eq!((case.verdict().action, case.next_question()), (Action::Allow, None));
}

/// The project may have been changed between the moment when it was fetched and the build's start.
#[test]
fn no_build_is_compared_with_a_project_that_is_older_than_its_start() {
    let (policy, now) = (policy("{id: a, forbidden-overrides: [image]}"), NOW.parse().unwrap());
    let build = r#"{"projectName": "shop", "buildStatus": "IN_PROGRESS", "environment": {"image": "a"},
        "startTime": "2026-11-22T08:00:00Z", "initiator": "alice"}"#;
    for (as_of, of_event, question) in [
        ("2026-11-22T07:59:59.999Z", false, project_question(false)),
        ("2026-11-22T08:00:00Z", false, None),
        // An event's time is in whole seconds.
        ("2026-11-22T08:00:00.999Z", true, project_question(false)),
        ("2026-11-22T08:00:01Z", true, None),
    ] {
        let of = if of_event { Case::of_event } else { Case::of_build };
        let mut case = of(&policy, event(build), now);
        let cached = project(r#"{"environment": {"image": "a"}}"#);
        case.add(Reply::CachedProject(cached.clone(), as_of.parse().unwrap()), now);
        assert_eq!(case.next_question(), question, "{as_of}");
        case.add(Reply::Project(Some(cached)), now);
        assert_eq!((case.next_question(), case.verdict().undecided.len()), (None, 0), "{as_of}");
    }
}

#[test]
fn the_facts_of_an_unavailable_source_are_unknown_for_that_reason() {
    let (policy, now) = (policy("{id: a, forbidden-overrides: [image]}"), NOW.parse().unwrap());
    let mut case = Case::of_build(&policy, event(RUNNING_ON_MAIN), now);
    case.add(Reply::Unavailable(Source::Project, "the service is down".into()), now);
    assert_eq!(case.next_question(), None);
    assert_eq!(case.verdict().undecided[0].missing.to_string(), "project (the service is down)");
}

/// A build of a batch, as its event has it.
const OF_A_BATCH: &str = r#"{"projectName": "shop", "buildStatus": "IN_PROGRESS",
    "initiator": "batch-role/AWSCodeBuild-1d2c3b4a-0000-4000-8000-000000000001",
    "sourceVersion": "4f5b68a94f5b68a94f5b68a94f5b68a94f5b68a9", "source": {"type": "GITHUB"}}"#;

/// The same as the API has it.
fn build_of_a_batch() -> Reply {
    let mut build: Build = serde_json::from_str(OF_A_BATCH).unwrap();
    build.build_batch_arn = Some("arn:aws:codebuild:eu-west-1:111122223333:build-batch/shop:ba7c4".into());
    Reply::Build(Box::new(build))
}

fn batch_question() -> Option<Question> {
    Some(Question::Batch("shop:ba7c4".into()))
}

#[test]
fn a_build_of_a_batch_was_started_by_what_started_the_batch() {
    let now = NOW.parse().unwrap();
    for (rule, batch, action) in [
        ("allowed-initiators: [Developer/*]", r#"{"initiator": "Developer/alice"}"#, Action::Allow),
        ("allowed-initiators: [GitHub-Hookshot/*]", r#"{"initiator": "Developer/alice"}"#, Action::Stop),
        ("forbidden-initiators: [Developer/*]", r#"{"initiator": "Developer/alice"}"#, Action::Stop),
        ("forbidden-initiators: ['*'], except: [{initiators: [alice]}]", r#"{"initiator": "alice"}"#, Action::Allow),
        ("forbidden-branches: [main]", r#"{"sourceVersion": "refs/heads/main"}"#, Action::Stop),
        ("forbidden-branches: [main]", r#"{"sourceVersion": "feature/basket"}"#, Action::Allow),
        ("forbidden-refs: [refs/pull/*]", r#"{"sourceVersion": "pr/25"}"#, Action::Stop),
        ("max-timeout: 5m, only: [{refs: [refs/tags/*]}]", r#"{"sourceVersion": "refs/tags/v1"}"#, Action::Stop),
        ("deny-when: batch.initiator == 'alice'", r#"{"initiator": "alice"}"#, Action::Stop),
        ("deny-when: branch == 'main'", r#"{"sourceVersion": "main"}"#, Action::Stop),
    ] {
        let policy = policy(&format!("{{id: a, {rule}}}"));
        let mut event = event(OF_A_BATCH);
        event.build.timeout_in_minutes = Some(60);
        let mut case = Case::of_event(&policy, event, now);
        assert_eq!(case.next_question(), build_question(), "{rule}");
        let Reply::Build(mut build) = build_of_a_batch() else { unreachable!() };
        build.timeout_in_minutes = Some(60);
        case.add(Reply::Build(build), now);
        assert_eq!(case.next_question(), batch_question(), "{rule}");
        case.add(Reply::Batch(Some(Arc::new(serde_json::from_str(batch).unwrap()))), now);
        assert_eq!((case.next_question(), case.verdict().action), (None, action), "{rule}: {:?}", case.verdict());
    }
}

#[test]
fn an_event_that_cannot_be_of_a_batch_needs_no_batch() {
    let now = NOW.parse().unwrap();
    for rule in [
        "allowed-initiators: [Developer/*]",
        "forbidden-branches: [main]",
        "allowed-refs: ['refs/heads/*']",
        "deny-when: has(batch.arn)",
        "deny-when: branch == 'main'",
    ] {
        let policy = policy(&format!("{{id: a, {rule}}}"));
        let build = r#"{"projectName": "shop", "buildStatus": "IN_PROGRESS", "initiator": "Developer/alice",
            "sourceVersion": "dev", "source": {"type": "GITHUB"}}"#;
        let case = Case::of_event(&policy, event(build), now);
        assert_eq!((case.next_question(), case.verdict().action), (None, Action::Allow), "{rule}");
    }
    // One that may be of a batch, and a rule that does not depend on it.
    let policy = policy("{id: a, forbidden-images: [tools]}");
    let build = OF_A_BATCH.replace("}}", r#"}, "environment": {"image": "aws/a"}}"#);
    assert_eq!(Case::of_event(&policy, event(&build), now).next_question(), None);
}

/// A build can start another one, which has the same form of initiator.
#[test]
fn a_build_that_belongs_to_no_batch_is_judged_by_its_own_facts() {
    let (policy, now) = (policy("{id: a, allowed-initiators: [batch-role/*]}"), NOW.parse().unwrap());
    let mut case = Case::of_event(&policy, event(OF_A_BATCH), now);
    assert_eq!(case.next_question(), build_question());
    case.add(Reply::Build(Box::new(serde_json::from_str(OF_A_BATCH).unwrap())), now);
    assert_eq!((case.next_question(), case.verdict().action), (None, Action::Allow));
    assert_eq!(case.verdict().undecided, []);
}

#[test]
fn a_batch_that_does_not_exist_leaves_its_facts_unknown() {
    let (policy, now) = (policy("{id: a, forbidden-branches: [main]}"), NOW.parse().unwrap());
    let mut case = Case::of_event(&policy, event(OF_A_BATCH), now);
    case.add(build_of_a_batch(), now);
    case.add(Reply::Batch(None), now);
    assert_eq!(case.next_question(), None);
    assert_eq!(case.verdict().undecided[0].missing.to_string(), "batch");
    // One without a source version has that of its project.
    case.add(Reply::Batch(Some(Arc::default())), now);
    assert_eq!(case.verdict().undecided[0].missing.to_string(), "project");
    assert_eq!(case.next_question(), project_question(true));
}

#[test]
fn a_verdict_on_a_build_of_a_batch_says_where_it_comes_from() {
    let (policy, now) = (policy("{id: a, forbidden-branches: [main]}"), NOW.parse().unwrap());
    let mut case = Case::of_event(&policy, event(OF_A_BATCH), now);
    case.add(build_of_a_batch(), now);
    let batch = r#"{"initiator": "codepipeline/release", "sourceVersion": "main", "source": {"type": "GITHUB"}}"#;
    case.add(Reply::Batch(Some(Arc::new(serde_json::from_str(batch).unwrap()))), now);
    let found = case.provenance();
    assert_eq!(found.initiator.as_deref(), Some("codepipeline/release"));
    assert_eq!(found.initiator_from, Some(InitiatorFrom::Batch));
    assert_eq!((found.branch.as_deref(), found.ref_from), (Some("main"), Some(RefFrom::Batch)));
    assert_eq!((found.source_version.as_deref(), found.git_ref.as_deref()), (Some("main"), Some("refs/heads/main")));
}

#[test]
fn a_shortened_case_still_says_where_its_build_comes_from() {
    let (policy, now) = (policy("{id: a, forbidden-branches: [main]}"), NOW.parse().unwrap());
    let retry =
        r#"{"projectName": "shop", "initiator": "role/session", "autoRetryConfig": {"previousAutoRetry": "a"}}"#;
    let mut case = Case::of_build(&policy, event(retry), now);
    let whole = case.clone();
    case.shorten();
    assert!(whole.provenance().started_by.is_some());
    assert_eq!(case.provenance(), whole.provenance());
}
