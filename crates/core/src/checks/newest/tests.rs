use std::sync::Arc;

use super::*;
use crate::{
    event::{BuildEvent, TriggerKind},
    facts::{
        inquiry::{Case, Question, Reply, compare},
        pipeline::PipelineAnswer,
        remote_refs::RefsAtCommit,
        supersession::LeftOut,
    },
    model::{Build, BuildBatch, Project},
    policy::Policy,
    verdict::Action,
};

const NOW: &str = "2026-11-22T09:00:00Z";
const COMMIT: &str = "4f5b68a94f5b68a94f5b68a94f5b68a94f5b68a9";

fn policy(rules: &str) -> Policy {
    let text = format!("{{version: 1, never-stop: [deploy-*], rules: [{rules}]}}");
    Policy::parse("policy.yaml", &text).unwrap_or_else(|faults| panic!("{faults}"))
}

fn per(more: &str) -> Policy {
    policy(&format!("{{id: newest, only-newest-per: [project, ref]{more}}}"))
}

fn id(number: u32) -> String {
    format!("shop:5e000000-0000-4000-8000-{number:012}")
}

/// A running build of `main` that started this many seconds after 08:00 UTC, with further members.
fn build(number: u32, second: &str, more: &str) -> Box<Build> {
    let id = id(number);
    let json = format!(
        r#"{{"id": "{id}", "arn": "arn:aws:codebuild:eu-west-1:111122223333:build/{id}", "projectName": "shop",
            "buildStatus": "IN_PROGRESS", "buildNumber": {number}, "startTime": "2026-11-22T08:00:{second}Z",
            "sourceVersion": "main", "initiator": "alice",
            "source": {{"type": "GITHUB", "location": "https://github.com/acme/shop"}}}}"#
    );
    let mut members: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&json).unwrap();
    members.extend(serde_json::from_str::<serde_json::Map<_, _>>(&format!("{{{more}}}")).unwrap());
    serde_json::from_value(members.into()).unwrap()
}

fn batch(number: u32, second: &str, more: &str) -> Arc<BuildBatch> {
    let id = id(number);
    let json = format!(
        r#"{{"id": "{id}", "arn": "arn:aws:codebuild:eu-west-1:111122223333:build-batch/{id}", "projectName": "shop",
            "buildBatchStatus": "IN_PROGRESS", "buildBatchNumber": {number}, "sourceVersion": "main",
            "startTime": "2026-11-22T08:00:{second}Z", "initiator": "alice", "source": {{"type": "GITHUB"}}{more}}}"#
    );
    Arc::new(serde_json::from_str(&json).unwrap())
}

/// One of the running builds.
#[derive(Clone)]
enum Running {
    /// Judged by all rules, as the build of an event or of a sweep is.
    Judged(Box<Build>),
    Other(Box<Build>),
    Batch(Arc<BuildBatch>),
}
use Running::{Batch, Judged, Other};

/// The answers of the other sources.
#[derive(Default)]
struct Known {
    /// Earlier tries, and builds that are asked for.
    builds: Vec<Build>,
    /// The batch that is asked for, if it is not compared itself.
    batch: Option<Arc<BuildBatch>>,
    project: Project,
    refs: Option<Vec<String>>,
    left_out: LeftOut,
}

/// Compares running builds as the function does.
fn compared<'a>(policy: &'a Policy, running: &[Running], known: &Known) -> Vec<Case<'a>> {
    let now = NOW.parse().unwrap();
    let event = |build: &Build| {
        let id = build.id.as_deref().unwrap().parse().unwrap();
        BuildEvent::new(TriggerKind::StateChange, id, None, Box::new(build.clone()))
    };
    let mut cases: Vec<Case<'_>> = running
        .iter()
        .map(|one| match one {
            Judged(build) => Case::of_build(policy, event(build), now),
            Other(build) => Case::of_running_build(policy, event(build), now),
            Batch(batch) => Case::of_running_batch(policy, TriggerKind::Sweep, None, Arc::clone(batch), now).unwrap(),
        })
        .collect();
    for case in &mut cases {
        answer(case, running, known);
    }
    compare(&mut cases.iter_mut().collect::<Vec<_>>(), &known.left_out, now);
    cases
}

/// Answers the questions about one build, up to the question about the other builds.
fn answer(case: &mut Case<'_>, running: &[Running], known: &Known) {
    let now: jiff::Timestamp = NOW.parse().unwrap();
    while let Some(question) = case.next_question() {
        let reply = match &question {
            Question::RunningBuilds(project) => {
                assert_eq!(project, "shop");
                return;
            }
            Question::EarlierTry(id) => {
                match known.builds.iter().find(|build| build.id.as_deref() == Some(id.as_str())) {
                    Some(build) => Reply::EarlierTry(Box::new(build.clone())),
                    None => Reply::Unavailable(Source::FirstTry, "gone".into()),
                }
            }
            Question::Batch(id) => {
                let compared = running.iter().find_map(|one| match one {
                    Batch(batch) => Some(Arc::clone(batch)).filter(|batch| batch.id.as_deref() == Some(id)),
                    Judged(_) | Other(_) => None,
                });
                Reply::Batch(compared.or_else(|| known.batch.clone()))
            }
            Question::Project { .. } => Reply::Project(Some(Arc::new(known.project.clone()))),
            Question::Git(question) => match &known.refs {
                Some(names) => Reply::Git(Arc::new(RefsAtCommit {
                    names: names.clone(),
                    head: None,
                    as_of: question.start.unwrap_or(now),
                })),
                None => Reply::Unavailable(Source::Git, "no git hosts".into()),
            },
            other => panic!("{other:?}"),
        };
        case.add(reply, now);
    }
}

/// `stop BY`, `allow`, or the missing fact.
fn outcome(case: &Case<'_>) -> String {
    let verdict = case.verdict();
    let short = |id: &str| id.trim_start_matches("shop:5e000000-0000-4000-8000-").trim_start_matches('0').to_owned();
    if let Some(undecided) = verdict.undecided.iter().find(|undecided| undecided.rule == "newest") {
        return undecided.missing.to_string().replace("shop:5e000000-0000-4000-8000-00000000000", "#");
    }
    let newest = verdict.violations.iter().find(|broken| broken.rule == "newest");
    match newest {
        Some(broken) => format!("stop {}", short(broken.superseded_by.as_deref().unwrap())),
        None => "allow".to_owned(),
    }
}

#[track_caller]
fn check_known(policy: &Policy, running: &[Running], known: &Known, expected: &[&str]) {
    let cases = compared(policy, running, known);
    assert_eq!(cases.iter().map(outcome).collect::<Vec<_>>(), expected);
    // The order in which builds are listed does not matter.
    let reversed: Vec<Running> = running.iter().rev().cloned().collect();
    let cases = compared(policy, &reversed, known);
    assert_eq!(cases.iter().rev().map(outcome).collect::<Vec<_>>(), expected, "reversed");
}

#[track_caller]
fn check(policy: &Policy, running: &[Running], expected: &[&str]) {
    check_known(policy, running, &Known::default(), expected);
}

#[test]
fn newer_is_the_later_start_and_then_the_higher_number() {
    let policy = per("");
    let number = |number| format!(r#""buildNumber": {number}"#);
    for (first, second, expected) in [
        (("01.250", number(9)), ("01.251", number(1)), ["stop 2", "allow"]),
        (("01", number(1)), ("01", number(2)), ["stop 2", "allow"]),
        (("01", number(2)), ("01", number(1)), ["allow", "stop 1"]),
        (
            ("01", number(1)),
            ("01", number(1)),
            ["newer build (#2 started at the same time)", "newer build (#1 started at the same time)"],
        ),
        (
            ("01", r#""buildNumber": null"#.to_owned()),
            ("01", number(1)),
            ["newer build (#2 started at the same time)", "newer build (#1 started at the same time)"],
        ),
        (
            ("01", r#""startTime": null"#.to_owned()),
            ("02", number(1)),
            ["newer build (the start of #1 is unknown)", "newer build (the start of #1 is unknown)"],
        ),
    ] {
        let running = [Other(build(1, first.0, &first.1)), Other(build(2, second.0, &second.1))];
        check(&policy, &running, &expected);
    }
}

/// Each of these rules is undecided before the builds are compared.
#[test]
fn a_rule_that_stops_what_is_unknown_does_not_disable_another() {
    let by_bob = r#""initiator": "bob""#;
    for (unknown, others) in [("report", "stop"), ("stop", "report"), ("stop", "stop")] {
        let policy = policy(&format!(
            "{{id: newest, only-newest-per: [project, ref], on-unknown: {unknown}}}, \
             {{id: person, only-newest-per: [project, initiator], on-unknown: {others}}}"
        ));
        let of_two = [Other(build(1, "01", "")), Judged(build(2, "02", by_bob))];
        check(&policy, &of_two, &["stop 2", "allow"]);
        check(&policy, &[Judged(build(1, "01", "")), Other(build(2, "02", ""))], &["stop 2", "allow"]);
    }
}

#[test]
fn one_newer_build_is_enough_and_the_newest_runs_on() {
    let running = ["03", "01", "02"].iter().zip(1..).map(|(second, number)| Other(build(number, second, "")));
    check(&per(""), &running.collect::<Vec<_>>(), &["allow", "stop 1", "stop 1"]);
    check(&per(""), &[Judged(build(1, "01", ""))], &["allow"]);
}

#[test]
fn builds_with_other_values_are_let_alone() {
    let per = |keys: &str| policy(&format!("{{id: newest, only-newest-per: [{keys}]}}"));
    let project = r#""projectName": "other""#;
    let tag = r#""sourceVersion": "refs/tags/main""#;
    let spelling = r#""sourceVersion": "refs/heads/main^{}""#;
    let bob = r#""initiator": "bob""#;
    for (keys, other, expected) in [
        ("project", tag, "stop 2"),
        ("project", bob, "stop 2"),
        ("project, ref", spelling, "stop 2"),
        ("project, ref", tag, "allow"),
        ("project, ref", bob, "stop 2"),
        ("project, initiator", tag, "stop 2"),
        ("project, initiator", bob, "allow"),
        ("initiator, ref, project", bob, "allow"),
    ] {
        check(&per(keys), &[Other(build(1, "01", "")), Other(build(2, "02", other))], &[expected, "allow"]);
    }
    // No caller compares builds of different projects, accounts or regions.
    let elsewhere = [Other(build(1, "01", "")), Other(build(2, "02", project))];
    assert_eq!(compared_outcomes(&per("project"), &elsewhere), ["allow", "allow"]);
    for arn in
        ["arn:aws:codebuild:us-east-1:111122223333:build/x:1", "arn:aws:codebuild:eu-west-1:444455556666:build/x:1"]
    {
        let other = format!(r#""arn": "{arn}""#);
        check(&per("project"), &[Other(build(1, "01", "")), Other(build(2, "02", &other))], &["allow", "allow"]);
    }
}

/// Like [`compared`], but only for builds, each as [`Other`], and without answers to their questions.
fn compared_outcomes(policy: &Policy, running: &[Running]) -> Vec<String> {
    let now = NOW.parse().unwrap();
    let mut cases: Vec<Case<'_>> = running
        .iter()
        .map(|one| match one {
            Judged(build) | Other(build) => {
                let id = build.id.as_deref().unwrap().parse().unwrap();
                Case::of_running_build(policy, BuildEvent::new(TriggerKind::Sweep, id, None, build.clone()), now)
            }
            Batch(_) => panic!("only builds"),
        })
        .collect();
    compare(&mut cases.iter_mut().collect::<Vec<_>>(), &LeftOut::default(), now);
    cases.iter().map(outcome).collect()
}

#[test]
fn a_build_that_has_ended_supersedes_nothing_and_is_not_superseded() {
    for status in ["SUCCEEDED", "FAILED", "FAULT", "TIMED_OUT", "STOPPED"] {
        let ended = format!(r#""buildStatus": "{status}""#);
        check(&per(""), &[Other(build(1, "01", "")), Judged(build(2, "02", &ended))], &["allow", "allow"]);
        check(&per(""), &[Judged(build(1, "01", &ended)), Other(build(2, "02", ""))], &["allow", "allow"]);
    }
}

#[test]
fn only_builds_that_the_rule_covers_compete() {
    let bob = r#""initiator": "bob""#;
    for more in [", only: [{initiators: [alice]}]", ", except: [{initiators: [bob]}]"] {
        check(&per(more), &[Other(build(1, "01", "")), Other(build(2, "02", bob))], &["allow", "allow"]);
        check(&per(more), &[Other(build(1, "01", bob)), Other(build(2, "02", ""))], &["allow", "allow"]);
        check(&per(more), &[Other(build(1, "01", "")), Other(build(2, "02", ""))], &["stop 2", "allow"]);
    }
    check(&per(", mode: 'off'"), &[Other(build(1, "01", "")), Other(build(2, "02", ""))], &["allow", "allow"]);
}

#[test]
fn a_newer_build_that_another_rule_stops_supersedes_nothing() {
    let newest = "{id: newest, only-newest-per: [project, ref]}";
    let slow = |more: &str| policy(&format!("{newest}, {{id: short, max-timeout: 60m{more}}}"));
    let long = r#""timeoutInMinutes": 120"#;
    let short = r#""timeoutInMinutes": 30"#;
    let running = [Other(build(1, "01", short)), Judged(build(2, "02", long))];
    let not_compared = "newer build (the project's other running builds are unknown)";
    check(&slow(""), &running, &["allow", not_compared]);
    // One that is only reported runs on.
    check(&slow(", mode: report"), &running, &["stop 2", "allow"]);
    // The next newer one counts.
    let three = [Other(build(1, "01", short)), Other(build(2, "02", short)), Judged(build(3, "03", long))];
    check(&slow(""), &three, &["stop 2", "allow", not_compared]);
    // So it is with another rule of the same kind: 2 is stopped as one of bob's, and so it does not supersede 1.
    let both = policy(&format!("{newest}, {{id: each, only-newest-per: [project, initiator]}}"));
    let (main, bob) = (r#""initiator": "alice""#, r#""initiator": "bob""#);
    let bobs_next = r#""initiator": "bob", "sourceVersion": "next""#;
    let running = [Other(build(1, "01", main)), Other(build(2, "02", bob)), Other(build(3, "03", bobs_next))];
    check(&both, &running, &["allow", "allow", "allow"]);
}

#[test]
fn a_protected_project_is_reported_and_supersedes() {
    let policy = per("");
    let deploy = r#""projectName": "deploy-shop""#;
    let running = [Other(build(1, "01", deploy)), Other(build(2, "02", deploy))];
    assert_eq!(compared_outcomes(&policy, &running), ["stop 2", "allow"]);
    let now = NOW.parse().unwrap();
    let event =
        |build: &Build| BuildEvent::new(TriggerKind::Sweep, id(1).parse().unwrap(), None, Box::new(build.clone()));
    let Other(old) = &running[0] else { panic!() };
    let Other(new) = &running[1] else { panic!() };
    let mut new = Case::of_running_build(&policy, BuildEvent { id: id(2).parse().unwrap(), ..event(new) }, now);
    let mut old = Case::of_running_build(&policy, event(old), now);
    compare(&mut [&mut new, &mut old], &LeftOut::default(), now);
    assert_eq!((old.verdict().action, new.verdict().action), (Action::Protect, Action::Allow));
}

const IN_BATCH: &str = r#""buildBatchArn": "arn:aws:codebuild:eu-west-1:111122223333:build-batch/shop:5e000000-0000-4000-8000-000000000009",
    "sourceVersion": "4f5b68a94f5b68a94f5b68a94f5b68a94f5b68a9", "initiator": "role/AWSCodeBuild-1""#;

#[test]
fn a_batch_is_one_thing_that_started_when_it_did() {
    let policy = per("");
    // Its builds are newer than 1, and the batch is older.
    let builds = [Judged(build(2, "05", IN_BATCH)), Judged(build(3, "06", IN_BATCH))];
    let with = |others: &[Running]| [&builds[..], others].concat();
    check(
        &policy,
        &with(&[Batch(batch(9, "01", "")), Other(build(1, "02", ""))]),
        &["stop 1", "stop 1", "stop 1", "allow"],
    );
    // And the other way round.
    check(
        &policy,
        &with(&[Batch(batch(9, "03", "")), Other(build(1, "02", ""))]),
        &["allow", "allow", "allow", "stop 9"],
    );
    // Batches have numbers of their own.
    check(&policy, &[Batch(batch(1, "01", "")), Batch(batch(2, "01", ""))], &["stop 2", "allow"]);
    check(
        &policy,
        &[Batch(batch(1, "01", "")), Other(build(2, "01", ""))],
        &["newer build (#2 started at the same time)", "newer build (#1 started at the same time)"],
    );
    check(
        &policy,
        &[Batch(batch(1, "01", "")), Batch(batch(2, "02", r#", "complete": true, "x": 1"#))],
        &["stop 2", "allow"],
    );
}

#[test]
fn a_superseded_batch_is_stopped_as_a_whole() {
    for more in ["", ", batch: stop-all", ", batch: build"] {
        let policy = per(more);
        let running = [Judged(build(2, "05", IN_BATCH)), Batch(batch(9, "01", "")), Other(build(1, "02", ""))];
        let cases = compared(&policy, &running, &Known::default());
        assert!(
            cases[0]
                .batch_to_stop()
                .is_some_and(|arn| arn.ends_with("build-batch/shop:5e000000-0000-4000-8000-000000000009"))
        );
        assert!(cases[1].is_batch() && cases[1].batch_to_stop().is_some(), "{more}");
        assert!(!cases[0].is_batch() && cases[2].batch_to_stop().is_none());
    }
}

/// A build of it is stopped for another rule, and the batch runs on.
#[test]
fn a_batch_supersedes_as_long_as_it_is_not_stopped_itself() {
    let rules = |scope: &str| {
        policy(&format!(
            "{{id: newest, only-newest-per: [project, ref]}}, {{id: short, max-timeout: 60m, batch: {scope}}}"
        ))
    };
    let long = format!(r#"{IN_BATCH}, "timeoutInMinutes": 120"#);
    let running = [Other(build(1, "01", "")), Judged(build(2, "05", &long))];
    let known = Known { batch: Some(batch(9, "02", "")), ..Known::default() };
    check_known(&rules("build"), &running, &known, &["stop 9", "allow"]);
    let stops_all = rules("stop-all");
    let cases = compared(&stops_all, &running, &known);
    assert_eq!(outcome(&cases[0]), "allow");
}

fn retry_of(number: u32) -> String {
    let previous = format!("arn:aws:codebuild:eu-west-1:111122223333:build/{}", id(number));
    format!(r#""autoRetryConfig": {{"previousAutoRetry": "{previous}"}}, "initiator": "service/AWSCodeBuild-1""#)
}

#[test]
fn an_automatic_retry_counts_as_its_first_try() {
    let policy = per("");
    let known = Known { builds: vec![*build(1, "01", r#""buildStatus": "FAILED""#)], ..Known::default() };
    // It started later than 2, and its first try earlier.
    let running = [Other(build(3, "03", &retry_of(1))), Other(build(2, "02", ""))];
    check_known(&policy, &running, &known, &["stop 2", "allow"]);
    // Of the first try are starter and ref, too.
    let first = build(1, "01", r#""initiator": "bob", "sourceVersion": "next""#);
    let known = Known { builds: vec![*first], ..Known::default() };
    check_known(&policy, &running, &known, &["allow", "allow"]);
    let by_starter = per(", only: [{started-by: [user]}]");
    let known = Known { builds: vec![*build(1, "01", "")], ..Known::default() };
    check_known(&by_starter, &running, &known, &["stop 2", "allow"]);
    // A retry of a retry.
    let again = [Other(build(4, "04", &retry_of(3))), Other(build(2, "02", ""))];
    let known = Known { builds: vec![*build(3, "03", &retry_of(1)), *build(1, "01", "")], ..Known::default() };
    check_known(&policy, &again, &known, &["stop 2", "allow"]);
    // One by hand names no earlier try.
    check(&policy, &[Other(build(3, "03", "")), Other(build(2, "02", ""))], &["allow", "stop 3"]);
    // One that nobody knows is no older and no newer.
    check_known(
        &policy,
        &running,
        &Known::default(),
        &["first try (gone)", "newer build (the start of #3 is unknown)"],
    );
}

#[test]
fn ten_tries_are_asked_for_at_most() {
    let policy = per("");
    let chain = |tries: u32| {
        let retries = (1..tries).map(|number| *build(10 + number, "01", &retry_of(10 + number - 1)));
        let builds = retries.chain([*build(10, "01", "")]).collect();
        let known = Known { builds, ..Known::default() };
        let retry = Other(build(10 + tries, "30", &retry_of(10 + tries - 1)));
        let cases = compared(&policy, &[retry, Other(build(2, "02", ""))], &known);
        outcome(&cases[0])
    };
    assert_eq!(chain(10), "stop 2");
    assert_eq!(chain(11), "first try (there are more than ten earlier tries)");
}

#[test]
fn builds_of_a_pipeline_are_left_out_unless_started_by_names_it() {
    let of_pipeline = r#""initiator": "codepipeline/release", "source": {"type": "CODEPIPELINE"}"#;
    let running = |number| Other(build(number, &format!("0{number}"), of_pipeline));
    let project = |more: &str| policy(&format!("{{id: newest, only-newest-per: [project]{more}}}"));
    for more in
        ["", ", only: [{initiators: [codepipeline/*, alice]}]", ", only: [{started-by: [user]}, {projects: [shop]}]"]
    {
        check(&project(more), &[running(1), running(2)], &["allow", "allow"]);
        check(&project(more), &[Other(build(1, "01", "")), running(2)], &["allow", "allow"]);
    }
    for more in [", only: [{started-by: [pipeline]}]", ", only: [{projects: [x]}, {started-by: [user, pipeline]}]"] {
        check(&project(more), &[running(1), running(2)], &["stop 2", "allow"]);
    }
    // A role that is called like a pipeline is none.
    let named_so = r#""initiator": "codepipeline/release""#;
    check(&project(""), &[Other(build(1, "01", named_so)), Other(build(2, "02", ""))], &["stop 2", "allow"]);
}

#[test]
fn the_initiator_of_a_webhook_has_no_version() {
    let per = policy("{id: newest, only-newest-per: [project, initiator]}");
    let hook = |number: u32, version: &str| {
        let more = format!(r#""initiator": "{version}", "sourceVersion": "{COMMIT}""#);
        Other(build(number, &format!("0{number}"), &more))
    };
    let with_webhook = Known { project: serde_json::from_str(r#"{"webhook": {}}"#).unwrap(), ..Known::default() };
    let running = [hook(1, "GitHub-Hookshot/4f5b68a"), hook(2, "GitHub-Hookshot/0a1b2c3")];
    check_known(&per, &running, &with_webhook, &["stop 2", "allow"]);
    let others = [hook(1, "GitHub-Hookshot/4f5b68a"), hook(2, "Bitbucket-Webhooks/2.0")];
    check_known(&per, &others, &with_webhook, &["allow", "allow"]);
    // Sessions of a role that is called so are two.
    check(&per, &running, &["allow", "allow"]);
    let role = [hook(1, "Developer/alice"), hook(2, "Developer/bob")];
    check_known(&per, &role, &with_webhook, &["allow", "allow"]);
}

#[test]
fn an_unknown_value_is_never_guessed() {
    let policy = per("");
    let commit = format!(r#""sourceVersion": "{COMMIT}""#);
    let own = "ref (no git hosts)";
    // Both, the older one, and the newer one.
    check(&policy, &[Other(build(1, "01", &commit)), Other(build(2, "02", &commit))], &[own, "allow"]);
    check(&policy, &[Other(build(1, "01", &commit)), Other(build(2, "02", ""))], &[own, "allow"]);
    let missing = "newer build (#2: ref (no git hosts))";
    check(&policy, &[Other(build(1, "01", "")), Other(build(2, "02", &commit))], &[missing, "allow"]);
    // Another newer build decides it.
    let three = [Other(build(1, "01", "")), Other(build(2, "02", &commit)), Other(build(3, "03", ""))];
    check(&policy, &three, &["stop 3", own, "allow"]);
    // A build that is alone supersedes nothing, whatever its ref is.
    check(&policy, &[Judged(build(1, "01", &commit))], &["allow"]);
}

#[test]
fn a_ref_that_git_resolved_is_known() {
    let policy = per("");
    let commit = format!(r#""sourceVersion": "{COMMIT}""#);
    let running = [Other(build(1, "01", &commit)), Other(build(2, "02", ""))];
    let refs =
        |names: &[&str]| Known { refs: Some(names.iter().map(ToString::to_string).collect()), ..Known::default() };
    check_known(&policy, &running, &refs(&["refs/heads/main"]), &["stop 2", "allow"]);
    check_known(&policy, &running, &refs(&["refs/heads/next"]), &["allow", "allow"]);
    // Several are possible, and main is one of them or none.
    let missing = "ref (2 refs are at the commit: refs/heads/main, refs/heads/next)";
    check_known(&policy, &running, &refs(&["refs/heads/main", "refs/heads/next"]), &[missing, "allow"]);
    check_known(&policy, &running, &refs(&["refs/heads/a", "refs/heads/b"]), &["allow", "allow"]);
}

#[test]
fn filters_that_pin_one_ref_show_it() {
    let policy = per("");
    let push = |number: u32| {
        let more = format!(r#""initiator": "GitHub-Hookshot/4f5b68a", "sourceVersion": "{COMMIT}""#);
        Other(build(number, &format!("0{number}"), &more))
    };
    let filters = |pattern: &str| {
        let project = format!(
            r#"{{"source": {{"type": "GITHUB"}}, "webhook": {{"filterGroups": [[{{"type": "EVENT", "pattern": "PUSH"}},
                {{"type": "HEAD_REF", "pattern": "{pattern}"}}]]}}}}"#
        );
        Known { project: serde_json::from_str(&project).unwrap(), ..Known::default() }
    };
    check_known(&policy, &[push(1), push(2)], &filters("^refs/heads/main$"), &["stop 2", "allow"]);
    // What the filters do not let through is another ref.
    let next = Other(build(2, "02", r#""sourceVersion": "next""#));
    check_known(&policy, &[push(1), next.clone()], &filters("^refs/heads/release/.*$"), &["allow", "allow"]);
    check_known(&policy, &[push(1), next], &filters("^refs/heads/n.*$"), &["ref (no git hosts)", "allow"]);
}

#[test]
fn where_a_list_is_incomplete_a_newer_build_may_be_missing() {
    let policy = per("");
    let known = Known {
        left_out: LeftOut {
            too_many: false,
            failure: Some("running batches could not be listed: AccessDenied".into()),
            is_read_again: false,
        },
        ..Known::default()
    };
    let running = [Judged(build(2, "02", "")), Other(build(1, "01", ""))];
    let missing = "newer build (running batches could not be listed: AccessDenied)";
    check_known(&policy, &running, &known, &[missing, "stop 2"]);
    // The next sweep reads its lists again, and stops nothing before.
    let policy = per(", on-unknown: stop");
    for (is_read_again, expected) in [(false, Action::Stop), (true, Action::Allow)] {
        let now = NOW.parse().unwrap();
        let event = BuildEvent::new(TriggerKind::Sweep, id(2).parse().unwrap(), None, build(2, "02", ""));
        let mut case = Case::of_build(&policy, event, now);
        compare(&mut [&mut case], &LeftOut { is_read_again, ..known.left_out.clone() }, now);
        assert_eq!((case.next_question(), case.verdict().action), (None, expected), "{is_read_again}");
        assert_eq!(case.verdict().undecided[0].missing.to_string(), missing);
    }
}

/// An event's time has whole seconds, and it may be of a batch, or of a retry.
#[test]
fn an_event_is_never_compared() {
    let now = NOW.parse().unwrap();
    let event = |build: Box<Build>| BuildEvent::new(TriggerKind::StateChange, id(1).parse().unwrap(), None, build);
    for (more, asks) in [
        ("", true),
        (", only: [{projects: [shop]}]", true),
        // What the event says of its starter may be that of a retry.
        (", only: [{started-by: [webhook]}]", true),
        (", only: [{projects: [other]}]", false),
        (", except: [{accounts: [\"111122223333\"]}]", false),
        (", mode: 'off'", false),
    ] {
        let policy = per(more);
        let case = Case::of_event(&policy, event(build(1, "01", "")), now);
        let question = asks.then(|| Question::Build(id(1).parse().unwrap()));
        assert_eq!(case.next_question(), question, "{more}");
    }
    let policy = per("");
    let ended = build(1, "01", r#""buildStatus": "SUCCEEDED""#);
    assert_eq!(Case::of_event(&policy, event(ended), now).next_question(), None);
    let mut case = Case::of_event(&policy, event(build(1, "01", "")), now);
    case.add(Reply::Build(build(1, "01", "")), now);
    assert_eq!(case.next_question(), Some(Question::RunningBuilds("shop".into())));
    case.add(Reply::Unavailable(Source::RunningBuilds, "too late".into()), now);
    assert_eq!((case.next_question(), outcome(&case)), (None, "newer build (too late)".to_owned()));
}

/// What stops the build anyway comes first.
#[test]
fn a_build_that_another_rule_stops_is_not_compared() {
    let now = NOW.parse().unwrap();
    let policy = policy("{id: newest, only-newest-per: [project, ref]}, {id: main, forbidden-branches: [main]}");
    let event = BuildEvent::new(TriggerKind::StateChange, id(1).parse().unwrap(), None, build(1, "01", ""));
    let case = Case::of_event(&policy, event, now);
    assert_eq!((case.next_question(), case.verdict().action), (None, Action::Stop));
}

#[test]
fn what_cannot_be_compared_is_a_fault() {
    for (option, expected) in [
        ("[ref]", "missing key `project`"),
        ("[initiator, ref]", "missing key `project`"),
        ("[project, project]", "duplicate key `project`"),
        ("[project, ref, ref]", "duplicate key `ref`"),
        ("[project, branch]", "`branch` is not a value by which builds are compared"),
        ("[]", "empty list"),
        ("project", "expected a list"),
        ("{project: ref}", "expected a list"),
    ] {
        let text = format!("{{version: 1, rules: [{{id: newest, only-newest-per: {option}}}]}}");
        let faults = Policy::parse("policy.yaml", &text).unwrap_err();
        assert!(faults.to_string().contains(expected), "{option}: {faults}");
        assert_eq!(faults.iter().count(), 1, "{option}: {faults}");
    }
    let text = "{version: 1, rules: [{id: newest, only-newest-per: [project, branch, sha, ref, ref]}]}";
    let faults = Policy::parse("policy.yaml", text).unwrap_err();
    assert_eq!(faults.iter().count(), 3, "{faults}");
}

/// Its ref is not known yet, and so it supersedes nothing; a minute later it may be.
#[test]
fn a_pipeline_that_does_not_name_the_build_yet_is_asked_again() {
    let policy = per(", only: [{started-by: [pipeline]}]");
    let now: jiff::Timestamp = "2026-11-22T08:00:05Z".parse().unwrap();
    let of_pipeline = r#""initiator": "codepipeline/release", "source": {"type": "CODEPIPELINE"}, "sourceVersion": "arn:aws:s3:::b/a""#;
    let event = BuildEvent::new(TriggerKind::StateChange, id(1).parse().unwrap(), None, build(1, "01", of_pipeline));
    let mut case = Case::of_event(&policy, event, now);
    while let Some(question) = case.next_question() {
        match question {
            Question::Build(_) => case.add(Reply::Build(build(1, "01", of_pipeline)), now),
            Question::Pipeline(_) => case.add(Reply::Pipeline(PipelineAnswer::NotNamed), now),
            Question::RunningBuilds(_) => compare(&mut [&mut case], &LeftOut::default(), now),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(outcome(&case), "allow");
    assert_eq!(case.verdict().deadline, Some("2026-11-22T08:01:01Z".parse().unwrap()));
}

/// A minute later it may have another ref, or be stopped itself.
#[test]
fn a_build_is_not_stopped_because_a_newer_one_is_not_named_yet() {
    let policy = per(", only: [{started-by: [pipeline, user]}], on-unknown: stop");
    let of_pipeline = r#""initiator": "codepipeline/release", "source": {"type": "CODEPIPELINE"}, "sourceVersion": "arn:aws:s3:::b/a""#;
    let case = |number: u32, second: &str, more: &str, now| {
        let build = build(number, second, more);
        Case::of_build(&policy, BuildEvent::new(TriggerKind::Sweep, id(number).parse().unwrap(), None, build), now)
    };
    for (now, expected) in [("2026-11-22T08:00:05Z", Action::Allow), ("2026-11-22T08:02:00Z", Action::Stop)] {
        let now = now.parse().unwrap();
        let mut older = case(1, "01", "", now);
        let mut newer = case(2, "02", of_pipeline, now);
        newer.add(Reply::Pipeline(PipelineAnswer::NotNamed), now);
        compare(&mut [&mut older, &mut newer], &LeftOut::default(), now);
        assert_eq!(older.verdict().action, expected, "{now}: {:?}", older.verdict());
        assert_eq!(older.verdict().undecided.len(), 1);
    }
}
