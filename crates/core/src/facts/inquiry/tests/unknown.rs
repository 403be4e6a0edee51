//! Which of several unknown facts is asked for, and what follows if nobody knows it.

use super::*;

/// A source that cannot provide more hides no other.
#[test]
fn a_fact_that_no_source_has_does_not_hide_one_that_a_source_may_have() {
    let now = NOW.parse().unwrap();
    let tagged = project(r#"{"tags": [{"key": "team", "value": "sandbox"}, {"key": "tier", "value": "prod"}]}"#);
    let of_tag = r#"{"projectName": "shop", "buildStatus": "IN_PROGRESS", "sourceVersion": "refs/tags/v1",
        "initiator": "alice", "timeoutInMinutes": 480, "source": {"type": "GITHUB"}}"#;
    let of_sandboxes = "except: [{tags: {team: [sandbox]}, reason: OPS-1}]";
    let stops = "on-unknown: stop";
    for (rule, of_tagged, of_bare) in [
        (format!("allowed-branches: [main], {stops}, {of_sandboxes}"), Action::Allow, Action::Stop),
        (
            format!("max-timeout: 30m, {stops}, only: [{{branches: [main], tags: {{tier: [prod]}}}}]"),
            Action::Stop,
            Action::Allow,
        ),
        ("max-timeout: 30m, only: [{branches: [main]}, {tags: {tier: [prod]}}]".into(), Action::Stop, Action::Allow),
        (
            "max-timeout: 30m, only: [{when: \"branch == 'main' || project.tags.exists(t, t.key == 'tier')\"}]".into(),
            Action::Stop,
            Action::Allow,
        ),
        (
            "deny-when: \"project.tags.exists(t, t.key == 'tier') || branch == 'main'\"".into(),
            Action::Stop,
            Action::Allow,
        ),
        (
            "deny-when: \"branch == 'main' || project.tags.exists(t, t.key == 'tier')\"".into(),
            Action::Stop,
            Action::Allow,
        ),
    ] {
        let policy = policy(&format!("{{id: a, {rule}}}"));
        for (project, action) in [(tagged.clone(), of_tagged), (project("{\"tags\": []}"), of_bare)] {
            let mut case = Case::of_build(&policy, event(of_tag), now);
            assert_eq!(case.next_question(), project_question(true), "{rule}");
            while let Some(Question::Project { .. }) = case.next_question() {
                case.add(Reply::Project(Some(project.clone())), now);
            }
            assert_eq!((case.next_question(), case.verdict().action), (None, action), "{rule}: {:?}", case.verdict());
        }
    }
}

#[test]
fn a_source_that_cannot_be_compared_does_not_hide_the_build() {
    let now = NOW.parse().unwrap();
    for rule in ["allowed-sources: [https://github.com/acme/*]", "forbidden-overrides: [source, service-role]"] {
        let policy = policy(&format!("{{id: a, {rule}}}"));
        let odd = r#"{"projectName": "shop", "buildStatus": "IN_PROGRESS", "initiator": "alice",
            "startTime": "2026-11-22T08:00:00Z", "source": {"type": "GITHUB", "location": "https://github.com/acme/app.git?x"}}"#;
        let mut case = Case::of_event(&policy, event(odd), now);
        let own = project(
            r#"{"serviceRole": "arn:aws:iam::111122223333:role/build", "source": {"type": "GITHUB", "location": "https://github.com/acme/app.git"}}"#,
        );
        let mut asked = Vec::new();
        while let Some(question) = case.next_question() {
            asked.push(question.source());
            let whole = odd.replace(
                r#""initiator""#,
                r#""serviceRole": "arn:aws:iam::111122223333:role/admin",
                "secondarySources": [{"type": "GITHUB", "location": "https://github.com/evil/app.git"}], "initiator""#,
            );
            let reply = match question {
                Question::Build(_) => Reply::Build(Box::new(serde_json::from_str(&whole).unwrap())),
                _ => Reply::Project(Some(own.clone())),
            };
            case.add(reply, now);
        }
        assert!(asked.contains(&Source::Build), "{rule}: {asked:?}");
        assert_eq!(case.verdict().action, Action::Stop, "{rule}: {:?}", case.verdict());
    }
}

/// The rule counted as broken while its fact was unknown.
#[test]
fn no_batch_is_stopped_for_a_fact_that_was_never_asked_for() {
    let now = NOW.parse().unwrap();
    let frozen = "deny-when: \"project.tags.exists(tag, tag.key == 'frozen')\", on-unknown: stop, batch: stop-all";
    let both = policy(&format!("{{id: stops, forbidden-branches: [main]}}, {{id: frozen, {frozen}}}"));
    let of_batch = Arc::new(serde_json::from_str(r#"{"sourceVersion": "main", "initiator": "alice"}"#).unwrap());
    for (tags, batch) in [("[]", None), (r#"[{"key": "frozen", "value": "yes"}]"#, Some(BATCH))] {
        let tags = project(&format!(r#"{{"tags": {tags}}}"#));
        let after_stop = {
            let mut case = Case::of_event(&both, event(RUNNING_ON_MAIN), now);
            assert_eq!((case.next_question(), case.verdict().action), (None, Action::Stop));
            case.add_after_stop(in_batch(&RUNNING_ON_MAIN.replace("IN_PROGRESS", "STOPPED")), now);
            case
        };
        let in_sweep = Case::of_build(&both, BuildEvent { build: in_batch(RUNNING_ON_MAIN), ..event("{}") }, now);
        for mut case in [after_stop, in_sweep] {
            let mut asked = Vec::new();
            while let Some(question) = case.next_question() {
                asked.push(question.source());
                let reply = match question {
                    Question::Batch(_) => Reply::Batch(Some(Arc::clone(&of_batch))),
                    _ => Reply::Project(Some(tags.clone())),
                };
                case.add(reply, now);
            }
            assert!(asked.contains(&Source::Project), "{asked:?}");
            assert_eq!((case.verdict().action, case.batch_to_stop()), (Action::Stop, batch));
            let broken: Vec<&str> = case.verdict().violations.iter().map(|broken| broken.rule.as_str()).collect();
            assert_eq!(broken, if batch.is_some() { vec!["stops", "frozen"] } else { vec!["stops"] });
        }
    }
}

/// Nothing else stopped the build, so the record needs the rule as the reason.
#[test]
fn a_build_that_was_stopped_for_what_was_unknown_says_so_though_the_rule_passes_later() {
    let now = NOW.parse().unwrap();
    let admin = "forbidden-images: [tools], on-unknown: stop, batch: stop-all";
    let policy = policy(&format!("{{id: images, {admin}}}"));
    let build = RUNNING_ON_MAIN.replace("}", r#", "environment": {"image": "aws/codebuild/standard:7.0"}}"#);
    let mut case = Case::of_event(&policy, event(RUNNING_ON_MAIN), now);
    case.add(Reply::Build(in_batch(RUNNING_ON_MAIN)), now);
    assert_eq!((case.next_question(), case.verdict().action), (None, Action::Stop));
    case.add_after_stop(in_batch(&build), now);
    assert_eq!(case.batch_to_stop(), None);
    assert_eq!(case.verdict().violations[0].found, "unknown: environment.image");
}

#[test]
fn no_build_is_stopped_because_of_a_copy_of_its_project_that_cannot_be_renewed() {
    let (policy, now) = (policy("{id: a, forbidden-overrides: [image]}"), NOW.parse().unwrap());
    let build = r#"{"projectName": "shop", "buildStatus": "IN_PROGRESS", "environment": {"image": "b"},
        "startTime": "2026-11-22T08:00:00Z", "initiator": "alice"}"#;
    let mut case = Case::of_build(&policy, event(build), now);
    let copy = project(r#"{"environment": {"image": "a"}}"#);
    case.add(Reply::CachedProject(copy, "2026-11-22T08:00:01Z".parse().unwrap()), now);
    assert_eq!((case.verdict().action, case.next_question()), (Action::Stop, project_question(false)));
    case.add(Reply::Unavailable(Source::Project, "Throttled".into()), now);
    assert_eq!((case.verdict().action, case.next_question()), (Action::Allow, None));
    assert_eq!(case.verdict().undecided[0].missing.to_string(), "project (Throttled)");
}

/// The event alone shows that the build is to be stopped. A call that fails would prevent that.
#[test]
fn a_rule_that_stops_what_no_source_knows_needs_no_call_for_another() {
    let report = "mode: report, forbidden-overrides: [image, service-role]";
    let policy = policy(&format!("{{id: a, forbidden-branches: [main], on-unknown: stop}}, {{id: b, {report}}}"));
    let of_tag = r#"{"projectName": "shop", "buildStatus": "IN_PROGRESS", "sourceVersion": "refs/tags/v1",
        "initiator": "alice", "source": {"type": "GITHUB"}}"#;
    let case = Case::of_event(&policy, event(of_tag), NOW.parse().unwrap());
    assert_eq!((case.next_question(), case.verdict().action), (None, Action::Stop));
}

#[test]
fn a_build_that_is_never_stopped_is_judged_by_every_rule() {
    let now = NOW.parse().unwrap();
    let text =
        "{version: 1, never-stop: [shop], rules: [{id: a, max-timeout: 20m}, {id: b, forbidden-overrides: [image]}]}";
    let policy = Policy::parse("policy.yaml", text).unwrap();
    let build = r#"{"projectName": "shop", "buildStatus": "IN_PROGRESS", "timeoutInMinutes": 30, "initiator": "alice",
        "startTime": "2026-11-22T08:00:00Z", "environment": {"type": "LINUX_CONTAINER", "image": "b"}}"#;
    let mut case = Case::of_build(&policy, event(build), now);
    assert_eq!((case.next_question(), case.verdict().action), (project_question(true), Action::Protect));
    while let Some(Question::Project { .. }) = case.next_question() {
        case.add(Reply::Project(Some(project(r#"{"environment": {"image": "a"}}"#))), now);
    }
    let broken: Vec<&str> = case.verdict().violations.iter().map(|broken| broken.rule.as_str()).collect();
    assert_eq!((case.next_question(), broken), (None, vec!["a", "b"]));
}

/// It is undecided: its owner is told of no violation.
#[test]
fn a_rule_whose_fact_was_never_asked_for_is_not_broken() {
    let now = NOW.parse().unwrap();
    let sources = "{id: sources, allowed-sources: [https://github.com/acme/*], on-unknown: stop}";
    let both = policy(&format!("{{id: timeout, max-timeout: 20m}}, {sources}"));
    let build = r#"{"projectName": "shop", "buildStatus": "IN_PROGRESS", "timeoutInMinutes": 30,
        "environment": {"type": "LINUX_CONTAINER"},
        "source": {"type": "GITHUB", "location": "https://github.com/acme/shop"}}"#;
    let case = Case::of_event(&both, event(build), now);
    let broken = |case: &Case<'_>| -> Vec<String> {
        case.verdict().violations.iter().map(|broken| broken.rule.clone()).collect()
    };
    assert_eq!((case.next_question(), case.verdict().action), (None, Action::Stop));
    assert_eq!(broken(&case), ["timeout"]);
    assert_eq!(case.verdict().undecided[0].rule, "sources");
    // Alone, it is asked for, and stops the build if the Build does not show it. A call that fails is repeated.
    let alone = policy(sources);
    let mut case = Case::of_event(&alone, event(build), now);
    assert_eq!((case.next_question(), case.verdict().action), (build_question(), Action::Allow));
    let mut failed = case.clone();
    failed.add(Reply::Unavailable(Source::Build, "Throttled".into()), now);
    assert_eq!((failed.next_question(), broken(&failed), failed.verdict().action), (None, vec![], Action::Allow));
    assert_eq!(failed.verdict().undecided[0].missing.to_string(), "build (Throttled)");
    let of_build = Build { source: None, ..*event(build).build };
    case.add(Reply::Build(Box::new(of_build)), now);
    assert_eq!((broken(&case), case.verdict().action), (vec!["sources".to_owned()], Action::Stop));
}

/// Neither a sweep nor an event stops a build because of it: both come again.
#[test]
fn no_build_is_stopped_because_its_project_or_batch_could_not_be_asked_for() {
    let now = NOW.parse().unwrap();
    let tagged = "forbidden-images: [tools], except: [{tags: {team: [infra]}}], on-unknown: stop";
    let policy = policy(&format!("{{id: a, {tagged}}}"));
    let build = RUNNING_ON_MAIN.replace("}", r#", "environment": {"image": "tools"}}"#);
    let mut case = Case::of_build(&policy, event(&build), now);
    case.add(Reply::Unavailable(Source::Project, "Throttled".into()), now);
    assert_eq!((case.next_question(), case.verdict().action), (None, Action::Allow));
    assert_eq!(case.verdict().undecided[0].missing.to_string(), "project (Throttled)");
    // A project that is gone stays unknown.
    let mut case = Case::of_build(&policy, event(&build), now);
    case.add(Reply::Project(None), now);
    assert_eq!((case.next_question(), case.verdict().action), (None, Action::Stop));
}

#[test]
fn a_pipeline_that_may_name_the_build_later_is_asked_again_whatever_else_is_unknown() {
    let now = "2026-11-22T08:00:05Z".parse().unwrap();
    let policy = policy(
        "{id: a, forbidden-images: [tools], only: [{sources: [https://github.com/acme/*]}, {branches: [main]}]}",
    );
    let build = r#"{"projectName": "shop", "buildStatus": "IN_PROGRESS", "startTime": "2026-11-22T08:00:00Z",
        "initiator": "codepipeline/release", "sourceVersion": "arn:aws:s3:::b/a", "secondarySources": [],
        "source": {"type": "CODEPIPELINE"}, "environment": {"image": "tools"}}"#;
    let mut case = Case::of_build(&policy, event(build), now);
    assert_eq!(case.next_question().map(|question| question.source()), Some(Source::Pipeline));
    case.add(Reply::Pipeline(PipelineAnswer::NotNamed), now);
    assert_eq!(case.next_question(), None);
    assert_eq!(case.verdict().deadline, Some("2026-11-22T08:01:00Z".parse().unwrap()));
}

/// The next sweep asks it.
#[test]
fn no_build_is_stopped_because_there_was_no_time_to_ask_about_it() {
    let now = NOW.parse().unwrap();
    let policy = policy("{id: a, allowed-branches: [main], on-unknown: stop}");
    let build = r#"{"projectName": "shop", "buildStatus": "IN_PROGRESS", "startTime": "2026-11-22T08:00:00Z",
        "initiator": "codepipeline/release", "sourceVersion": "arn:aws:s3:::b/a", "source": {"type": "CODEPIPELINE"}}"#;
    let reason = || "the sweep had no time left to ask for it".into();
    for (reply, action) in [
        (Reply::Postponed(Source::Pipeline, reason()), Action::Allow),
        (Reply::Unavailable(Source::Pipeline, "AccessDenied".into()), Action::Stop),
    ] {
        let mut case = Case::of_build(&policy, event(build), now);
        case.add(reply, now);
        assert_eq!((case.next_question(), case.verdict().action), (None, action));
        assert_eq!(case.verdict().undecided.len(), 1);
    }
}

/// What the project would have said is unknown then, as long as the pipeline may say it.
#[test]
fn a_pipeline_is_asked_again_although_the_project_is_gone() {
    let (start, later) = ("2026-11-22T08:00:05Z".parse().unwrap(), "2026-11-22T08:01:01Z".parse().unwrap());
    let policy =
        policy("{id: a, max-timeout: 5m, only: [{tags: {team: [shop]}}, {branches: [main]}], on-unknown: stop}");
    let build = r#"{"projectName": "shop", "buildStatus": "IN_PROGRESS", "startTime": "2026-11-22T08:00:00Z",
        "initiator": "codepipeline/release", "sourceVersion": "arn:aws:s3:::b/a", "source": {"type": "CODEPIPELINE"},
        "timeoutInMinutes": 10}"#;
    for (kind, now, deadline, action) in [
        (TriggerKind::StateChange, start, Some("2026-11-22T08:01:00Z".parse().unwrap()), Action::Allow),
        (TriggerKind::Deadline, later, None, Action::Stop),
    ] {
        let mut case = Case::of_build(&policy, BuildEvent { kind, ..event(build) }, now);
        case.add(Reply::Project(None), now);
        case.add(Reply::Pipeline(PipelineAnswer::NotNamed), now);
        assert_eq!(case.next_question(), None, "{kind:?}");
        assert_eq!((case.verdict().deadline, case.verdict().action), (deadline, action), "{kind:?}");
    }
}

/// An action names its build some seconds after the build's start.
#[test]
fn no_build_is_stopped_before_its_pipeline_had_time_to_name_it() {
    let (start, later) = ("2026-11-22T08:00:05Z".parse().unwrap(), "2026-11-22T08:01:01Z".parse().unwrap());
    let policy = policy("{id: a, allowed-branches: [main], on-unknown: stop}");
    let build = r#"{"projectName": "shop", "buildStatus": "IN_PROGRESS", "startTime": "2026-11-22T08:00:00Z",
        "initiator": "codepipeline/release", "sourceVersion": "arn:aws:s3:::b/a", "source": {"type": "CODEPIPELINE"}}"#;
    for (kind, now, action) in [
        (TriggerKind::StateChange, start, Action::Allow),
        (TriggerKind::StateChange, later, Action::Stop),
        (TriggerKind::Deadline, later, Action::Stop),
    ] {
        let mut case = Case::of_build(&policy, BuildEvent { kind, ..event(build) }, now);
        case.add(Reply::Pipeline(PipelineAnswer::NotNamed), now);
        assert_eq!((case.next_question(), case.verdict().action), (None, action), "{kind:?} {now}");
        assert_eq!(case.verdict().undecided.len(), 1);
    }
}
