use super::*;
use crate::event::TriggerKind;

const NOW: &str = "2026-11-22T09:00:00Z";
const ID: &str = "shop:5e000000-0000-4000-8000-000000000001";

fn policy(rules: &str) -> Policy {
    Policy::parse("policy.yaml", &format!("{{version: 1, rules: [{rules}]}}")).unwrap()
}

fn event(build: &str) -> BuildEvent {
    let build = serde_json::from_str(build).unwrap();
    BuildEvent { kind: TriggerKind::StateChange, id: ID.parse().unwrap(), time: None, replay_name: None, build }
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
    let build = r#"{"projectName": "shop", "buildStatus": "IN_PROGRESS", "environment": {"image": "b"}}"#;
    let mut case = Case::of_build(&policy, event(build), now);
    assert_eq!(case.next_question(), project_question(true));
    case.add(Reply::CachedProject(project(r#"{"environment": {"image": "a"}}"#)), now);
    assert_eq!((case.verdict().action, case.next_question()), (Action::Stop, project_question(false)));
    case.add(Reply::Project(Some(project(r#"{"environment": {"image": "b"}}"#))), now);
    assert_eq!((case.verdict().action, case.next_question()), (Action::Allow, None));
}

#[test]
fn the_facts_of_an_unavailable_source_are_unknown_for_that_reason() {
    let (policy, now) = (policy("{id: a, forbidden-overrides: [image]}"), NOW.parse().unwrap());
    let mut case = Case::of_build(&policy, event(RUNNING_ON_MAIN), now);
    case.add(Reply::Unavailable(Source::Project, "the service is down".into()), now);
    assert_eq!(case.next_question(), None);
    assert_eq!(case.verdict().undecided[0].missing.to_string(), "project (the service is down)");
}
