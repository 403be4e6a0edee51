//! What the sample policy does with the sample events: what a reader of both would expect.

mod common;

use buildbrake_core::{
    event::Trigger,
    policy::Policy,
    verdict::{Action, judge},
};
use common::events;

/// What is to become of the build of an event, and why.
struct Row {
    event: &'static str,
    action: Action,
    broken: &'static [&'static str],
    undecided: &'static [&'static str],
    exempted: &'static [&'static str],
}

const ALLOWED: Row = Row { event: "", action: Action::Allow, broken: &[], undecided: &[], exempted: &[] };

const TABLE: &[Row] = &[
    Row { event: "codepipeline", exempted: &["protected-branches"], ..ALLOWED },
    Row { event: "compliant", ..ALLOWED },
    Row { event: "costly-compute", action: Action::Stop, broken: &["costly-compute"], ..ALLOWED },
    // This build has ended: the policy would have it stopped, and there is nothing to stop.
    Row {
        event: "finished",
        action: Action::Stop,
        broken: &["short-builds"],
        undecided: &["protected-branches"],
        ..ALLOWED
    },
    Row { event: "forbidden-branch", action: Action::Stop, broken: &["protected-branches"], ..ALLOWED },
    Row { event: "long-timeout", action: Action::Stop, broken: &["short-builds"], ..ALLOWED },
    Row {
        event: "no-additional-information",
        undecided: &["short-builds", "protected-branches", "costly-compute"],
        ..ALLOWED
    },
    // Neither a pull request nor a commit says which branch is built.
    Row { event: "pull-request", undecided: &["protected-branches"], ..ALLOWED },
    Row { event: "webhook-push", undecided: &["protected-branches"], ..ALLOWED },
];

#[test]
fn the_sample_policy_does_to_each_sample_event_what_it_is_meant_to() {
    let policy = Policy::parse("policy/policy.yaml", include_str!("../policy/policy.yaml"));
    let policy = policy.unwrap_or_else(|faults| panic!("{faults:?}"));
    let events = events("events");
    let names: Vec<_> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, TABLE.iter().map(|row| row.event).collect::<Vec<_>>(), "each event has a row, and each row one");
    for ((name, event), row) in events.iter().zip(TABLE) {
        let Ok(Trigger::Build(event)) = Trigger::parse(event.to_string()) else { panic!("{name} is of no build") };
        let verdict = judge(&policy, &event.build, event.time.unwrap());
        let broken: Vec<_> = verdict.violations.iter().map(|violation| &violation.rule).collect();
        let undecided: Vec<_> = verdict.undecided.iter().map(|undecided| &undecided.rule).collect();
        let exempted: Vec<_> = verdict.exempted.iter().map(|exempted| &exempted.rule).collect();
        assert_eq!(verdict.action, row.action, "{name}");
        assert_eq!(broken, row.broken, "rules that {name} breaks");
        assert_eq!(undecided, row.undecided, "rules that cannot tell of {name}");
        assert_eq!(exempted, row.exempted, "rules that {name} is exempt from");
    }
}
