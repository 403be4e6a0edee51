mod agreement;
mod newest;
mod part;

use super::*;
use crate::{
    facts::inquiry::{Question, Reply},
    policy::Policy,
    record::Outcome,
};

const ID: &str = "shop:5e000000-0000-4000-8000-000000000001";
const NOW: &str = "2026-12-24T00:00:00Z";

/// A Build that was requested at 08:00, ran from 08:10 to `end`, and succeeded.
fn build(end: &str, more: &str) -> String {
    let time = |time: &str| format!("2026-11-20T{time}Z");
    let timeout = if more.contains("timeoutInMinutes") { "" } else { r#", "timeoutInMinutes": 60"# };
    let phases = format!(
        r#"[{{"phaseType": "SUBMITTED", "startTime": "{0}", "endTime": "{0}"}},
            {{"phaseType": "QUEUED", "startTime": "{0}", "endTime": "{1}"}},
            {{"phaseType": "PROVISIONING", "startTime": "{1}", "endTime": "{2}"}},
            {{"phaseType": "BUILD", "startTime": "{2}", "endTime": "{3}"}},
            {{"phaseType": "COMPLETED", "startTime": "{3}"}}]"#,
        time("08:00:00"),
        time("08:10:00"),
        time("08:11:00"),
        time(end)
    );
    format!(
        r#"{{"id": "{ID}", "arn": "arn:aws:codebuild:eu-west-1:111122223333:build/{ID}", "projectName": "shop",
            "buildStatus": "SUCCEEDED", "buildComplete": true, "startTime": "{}", "endTime": "{}",
            "initiator": "alice", "phases": {phases},
            "environment": {{"type": "LINUX_CONTAINER", "computeType": "BUILD_GENERAL1_SMALL"}}{timeout}{more}}}"#,
        time("08:00:00"),
        time(end)
    )
}

fn past(json: &str, from: ObservedIn) -> PastBuild {
    let build: Box<Build> = serde_json::from_str(json).unwrap();
    join(vec![Observation { id: ID.parse().unwrap(), from, time: None, build, recorded_ref: None }]).unwrap()
}

fn unavailable(question: &Question) -> Option<Reply> {
    Some(Reply::Unavailable(question.source(), "the input does not contain it".into()))
}

fn replay_as(rule: &str, build: PastBuild, moments: Moments) -> Replayed {
    let text = format!(
        "{{version: 1, never-stop: [prod-*], prices: {{BUILD_GENERAL1_SMALL: 0.01}}, rules: [{{id: r, {rule}}}]}}"
    );
    let policy = Policy::parse("policy.yaml", &text).unwrap_or_else(|faults| panic!("{faults}"));
    Replay::new(&policy, moments, Details::default()).judge(build, None, NOW.parse().unwrap(), unavailable).unwrap()
}

/// The outcome, and of a rule the decision with its moment and what it saves.
fn shown(replayed: &Replayed) -> String {
    let rules = replayed.rules.iter().map(|rule| match &rule.decided {
        RuleDecision::Broken { at, saved, found, .. } => {
            let at = at.map(|at| at.strftime("%T").to_string()).unwrap_or_default();
            format!("broken at {at}: {found}; {:.2} min, {:.2} USD", saved.minutes.as_f64(), saved.usd.as_f64())
        }
        RuleDecision::Undecided { missing, .. } => format!("undecided: {missing}"),
        RuleDecision::Exempted { index, .. } => format!("exempt by {index}"),
    });
    let rules: Vec<String> = rules.collect();
    let outcome = serde_json::to_value(replayed.outcome).unwrap();
    format!("{} {}", outcome.as_str().unwrap(), rules.join(", ")).trim_end().to_owned()
}

#[test]
fn a_rule_fires_at_the_moment_at_which_it_is_first_broken() {
    for (rule, end, expected) in [
        ("max-timeout: 30m", "09:10:00", "stopped broken at 08:00:00: 60m; 70.00 min, 0.60 USD"),
        ("max-timeout: 60m", "09:10:00", "allowed"),
        ("max-duration: 20m", "09:10:00", "stopped broken at 08:30:00: 60m; 40.00 min, 0.40 USD"),
        ("max-duration: 60m", "09:10:00", "allowed"),
        ("max-duration: 59m", "09:10:00", "stopped broken at 09:09:00: 60m; 1.00 min, 0.01 USD"),
        ("max-queue-time: 4m", "09:10:00", "stopped broken at 08:04:00: 10m; 66.00 min, 0.60 USD"),
        ("max-queue-time: 10m", "09:10:00", "allowed"),
        ("max-cost: 0.2", "09:10:00", "stopped broken at 08:30:00: at least 0.60 USD; 40.00 min, 0.40 USD"),
        ("max-cost: 0.6", "09:10:00", "allowed undecided: project (the input does not contain it)"),
        (
            "deny-when: running > duration('30m')",
            "09:10:00",
            "stopped broken at 08:40:01: it is true; 29.98 min, 0.30 USD",
        ),
        ("deny-when: cost > 0.6", "09:10:00", "allowed undecided: project (the input does not contain it)"),
        (
            r#"deny-when: 'build.phases.exists(phase, phase.phaseType == "BUILD")'"#,
            "09:10:00",
            "stopped broken at 08:11:00: it is true; 59.00 min, 0.59 USD",
        ),
        (
            r#"deny-when: build.currentPhase == "PROVISIONING""#,
            "09:10:00",
            "stopped broken at 08:10:00: it is true; 60.00 min, 0.60 USD",
        ),
        ("max-duration: 20m, mode: report", "09:10:00", "reported broken at 08:30:00: 60m; 40.00 min, 0.40 USD"),
        ("max-duration: 20m, mode: off", "09:10:00", "allowed"),
        ("max-duration: 20m, except: [{initiators: [bob]}, {initiators: [alice]}]", "09:10:00", "allowed exempt by 1"),
        (
            "max-duration: 20m, except: [{when: running < duration('30m')}]",
            "09:10:00",
            "stopped broken at 08:40:00: 60m; 30.00 min, 0.30 USD",
        ),
        ("max-duration: 20m, only: [{projects: [other]}]", "09:10:00", "allowed"),
        (
            "max-timeout: 30m, mode: report, enforce-after: 2026-11-19",
            "09:10:00",
            "stopped broken at 08:00:00: 60m; 70.00 min, 0.60 USD",
        ),
        (
            "max-timeout: 30m, mode: report, enforce-after: 2026-11-20",
            "09:10:00",
            "reported broken at 08:00:00: 60m; 70.00 min, 0.60 USD",
        ),
        ("forbidden-branches: [main]", "09:10:00", "allowed undecided: sourceVersion"),
    ] {
        let more = if rule.contains("branches") { r#", "source": {"type": "GITHUB"}"# } else { "" };
        let replayed = replay_as(rule, past(&build(end, more), ObservedIn::Api), Moments::WholeLife);
        let expected = expected.replace("sourceVersion", "project (the input does not contain it)");
        assert_eq!(shown(&replayed), expected, "{rule}");
    }
}

#[test]
fn at_the_start_only_what_was_known_then_counts() {
    for (rule, expected) in [
        ("max-timeout: 30m", "stopped broken at 08:00:00: 60m; 70.00 min, 0.60 USD"),
        ("max-duration: 20m", "allowed"),
        (
            "deny-when: '!has(build.resolvedSourceVersion)'",
            "stopped broken at 08:00:00: it is true; 70.00 min, 0.60 USD",
        ),
    ] {
        let json = build("09:10:00", r#", "resolvedSourceVersion": "4f5b68a94f5b68a94f5b68a94f5b68a94f5b68a9""#);
        let replayed = replay_as(rule, past(&json, ObservedIn::Api), Moments::StartOnly);
        assert_eq!(shown(&replayed), expected, "{rule}");
    }
}

#[test]
fn a_build_without_an_end_is_undecided_by_rules_about_time() {
    let started = build("09:10:00", "").replace("SUCCEEDED", "IN_PROGRESS").replace("\"buildComplete\": true, ", "");
    let started = started.replace(r#""endTime": "2026-11-20T09:10:00Z","#, "");
    for (rule, expected) in [
        ("max-timeout: 30m", "stopped broken at 08:00:00: 60m; 0.00 min, 0.00 USD"),
        ("max-duration: 20m", "stopped broken at 08:30:00: 60m; 0.00 min, 0.00 USD"),
        ("max-duration: 61m", "allowed undecided: endTime (the input does not show when the build ended)"),
        ("max-duration: 61m, except: [{projects: [shop]}]", "allowed"),
        (
            "deny-when: running > duration('2h')",
            "allowed undecided: endTime (the input does not show when the build ended)",
        ),
    ] {
        let replayed = replay_as(rule, past(&started, ObservedIn::Api), Moments::WholeLife);
        assert_eq!(shown(&replayed), expected, "{rule}");
    }
}

#[test]
fn a_protected_project_and_failed_builds() {
    let json = build("09:10:00", "").replace("shop", "prod-shop").replace(r#""id": "prod-shop:"#, r#""id": "shop:"#);
    let replayed = replay_as("max-timeout: 30m", past(&json, ObservedIn::Api), Moments::WholeLife);
    assert_eq!((replayed.outcome, replayed.saved), (Outcome::Protected, Default::default()));
    assert_eq!(replayed.saved_if_enforced.minutes.as_f64(), 70.0);
    assert!(replayed.has_succeeded() && !replayed.stops_a_success());
}

/// An event lacks what the API has, so the same rule is undecided.
#[test]
fn the_missing_time_is_named() {
    let json = build("09:10:00", "");
    let has_no_start = json.replace(r#""startTime": "2026-11-20T08:00:00Z", "endTime": "2026-11-20T09:10:00Z","#, "");
    assert_ne!(json, has_no_start);
    for (json, rule, expected) in [
        (has_no_start.as_str(), "max-queue-time: 4m", "the build has no `startTime`"),
        (&json.replace("\"phases\"", "\"x\""), "max-queue-time: 4m", "the build has no phases"),
        (&json.replace("\"phases\"", "\"x\""), "max-duration: 4m", "the build has no phases"),
    ] {
        let shown = shown(&replay_as(rule, past(json, ObservedIn::Api), Moments::WholeLife));
        assert!(shown.contains(expected), "{rule}: {shown}");
    }
}

#[test]
fn members_that_an_event_lacks_are_unknown() {
    for (from, expected, usd) in [
        (ObservedIn::Api, "allowed", "0.40"),
        // It lacks the fleet, which would have a price of its own.
        (ObservedIn::Event, "allowed undecided: build (the input does not contain it)", "0.00"),
    ] {
        let replayed =
            replay_as("deny-when: has(build.debugSession)", past(&build("09:10:00", ""), from), Moments::WholeLife);
        assert_eq!(shown(&replayed), expected);
        let timed = replay_as("max-duration: 20m", past(&build("09:10:00", ""), from), Moments::WholeLife);
        assert_eq!(shown(&timed), format!("stopped broken at 08:30:00: 60m; 40.00 min, {usd} USD"));
    }
}

/// The dates of a policy count at the moment at which a rule is broken, whatever the other rules are.
#[test]
fn dates_count_when_a_rule_is_broken() {
    let judge = |rules: &str| {
        let text = format!("{{version: 1, prices: {{BUILD_GENERAL1_SMALL: 0.01}}, rules: [{rules}]}}");
        let policy = Policy::parse("policy.yaml", &text).unwrap_or_else(|faults| panic!("{faults}"));
        // From 23:30 to 00:40, running from 23:40.
        let json = build("09:10:00", "").replace("-20T08:", "-19T23:").replace("-20T09:", "-20T00:");
        let json = json.replace("T00:10:00", "T00:40:00").replace("T23:00:00", "T23:30:00");
        let json = json.replace("T23:10:00", "T23:40:00").replace("T23:11:00", "T23:41:00");
        let replay = Replay::new(&policy, Moments::WholeLife, Details::default());
        shown(&replay.judge(past(&json, ObservedIn::Api), None, NOW.parse().unwrap(), unavailable).unwrap())
    };
    let later = "mode: report, enforce-after: 2026-11-19";
    let timeout = "{id: t, max-timeout: 30m, mode: report, enforce-after: 2026-11-19}";
    let alone = "reported broken at 23:30:00: 60m; 70.00 min, 0.60 USD";
    let exempt = "{id: e, max-timeout: 30m, except: [{projects: [shop], until: 2026-11-19}]}";
    let with_duration = |rule: &str| judge(&format!("{rule}, {{id: d, max-duration: 30m, mode: report}}"));
    let duration = ", broken at 00:10:00: 60m; 30.00 min, 0.30 USD";
    assert_eq!(judge(timeout), alone);
    assert_eq!(with_duration(timeout), format!("{alone}{duration}"));
    assert_eq!(judge(exempt), "allowed exempt by 0");
    assert_eq!(with_duration(exempt), format!("reported exempt by 0{duration}"));
    for (limit, expected) in [
        ("10m", "reported broken at 23:50:00: 60m; 50.00 min, 0.50 USD"),
        ("30m", "stopped broken at 00:10:00: 60m; 30.00 min, 0.30 USD"),
    ] {
        assert_eq!(judge(&format!("{{id: d, max-duration: {limit}, {later}}}")), expected, "{limit}");
    }
    assert_eq!(
        judge("{id: d, max-duration: 10m, except: [{projects: [shop], until: 2026-11-19}]}"),
        "stopped broken at 00:00:00: 60m; 40.00 min, 0.40 USD",
        "the limit was reached under the exemption"
    );
}

#[test]
fn a_rule_that_stops_on_unknown_facts_is_broken_and_undecided() {
    let text = "{version: 1, rules: [{id: r, deny-when: has(build.debugSession), on-unknown: stop}]}";
    let policy = Policy::parse("policy.yaml", text).unwrap();
    let replay = Replay::new(&policy, Moments::WholeLife, Details::default());
    let mut summary = crate::summary::Summary::of(&policy);
    let event = past(&build("09:10:00", ""), ObservedIn::Event);
    summary.add(&replay.judge(event, None, NOW.parse().unwrap(), unavailable).unwrap());
    let rule = &summary.rules["r"];
    assert_eq!((rule.broken, rule.undecided, summary.undecided, summary.unknown.len()), (1, 1, 1, 1));
    assert_eq!(summary.outcomes[&Outcome::Stopped], 1);
}

/// Queue time costs nothing, so that the end of the queue must be known.
#[test]
fn a_build_without_phases_has_no_price() {
    let priced = |json: &str| {
        let replayed = replay_as("max-timeout: 30m", past(json, ObservedIn::Api), Moments::WholeLife);
        let known = replayed.savings();
        (replayed.outcome, replayed.is_priced, known.minutes.is_some(), known.usd.is_some())
    };
    let whole = build("09:10:00", "");
    assert_eq!(priced(&whole), (Outcome::Stopped, true, true, true));
    let mut without: serde_json::Value = serde_json::from_str(&whole).unwrap();
    without.as_object_mut().unwrap().remove("phases");
    assert_eq!(priced(&without.to_string()), (Outcome::Stopped, false, true, false));
    without.as_object_mut().unwrap().remove("endTime");
    assert_eq!(priced(&without.to_string()), (Outcome::Stopped, false, false, false));
}
