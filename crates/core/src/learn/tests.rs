use buildbrake_testkit::history::History;
use serde_json::{Value, json};

use super::*;
use crate::{
    history::{Details, Moments, Observation, ObservedIn, Replay},
    policy::Policy,
    summary::Summary,
    yaml::Severity,
};

fn past(build: &Value) -> PastBuild {
    let build: Box<Build> = serde_json::from_value(build.clone()).unwrap();
    let id = build.id.as_deref().unwrap().parse().unwrap();
    Observation { id, from: ObservedIn::Api, time: None, build, recorded_ref: None }.into()
}

fn learn(builds: &[Value], grouping: Grouping, percentile: f64) -> Proposal {
    let mut learner = Learner::new(grouping);
    builds.iter().for_each(|build| learner.add(&past(build)));
    learner.proposal(percentile)
}

/// Replays the builds by the proposed policy, which must be valid and without warnings.
fn replayed(builds: &[Value], proposal: &Proposal) -> Summary {
    let text = proposal.policy(None);
    let policy = Policy::parse("learned.yaml", &text).unwrap_or_else(|faults| panic!("{faults}\n{text}"));
    let now = "2026-12-24T00:00:00Z".parse().unwrap();
    let findings = policy.lint("learned.yaml", &text, now);
    assert_eq!(findings.count(Severity::Warning), 0, "{findings}\n{text}");
    let replay = Replay::new(&policy, Moments::WholeLife, Details::default());
    let mut summary = Summary::of(&policy);
    for build in builds {
        let unavailable = |question: &crate::facts::inquiry::Question| {
            Some(crate::facts::inquiry::Reply::Unavailable(question.source(), "it is not there".to_owned()))
        };
        summary.add(&replay.judge(past(build), None, now, unavailable).unwrap());
    }
    summary
}

#[test]
fn history_keeps_what_is_learned_from_it() {
    let builds: Vec<Value> = History::of_seed(8).take(2000).collect();
    for grouping in [Grouping::Account, Grouping::Project] {
        let proposal = learn(&builds, grouping, 100.0);
        let summary = replayed(&builds, &proposal);
        let broken: u64 = summary.rules.values().map(|rule| rule.broken).sum();
        assert_eq!((broken, summary.rules.is_empty()), (0, false), "{grouping:?}");
    }
    let summary = replayed(&builds, &learn(&builds, Grouping::Account, 90.0));
    for rule in ["max-duration", "max-queue-time"] {
        let broken = summary.rules[rule].broken;
        assert!((1..=200).contains(&broken), "{rule}: {broken}");
    }
}

#[test]
fn every_rule_reports_and_shows_its_evidence() {
    let builds: Vec<Value> = History::of_seed(8).take(2000).collect();
    let proposal = learn(&builds, Grouping::Account, 90.0);
    let text = proposal.policy(Some(&replayed(&builds, &proposal)));
    let rules = text.matches("\n  - id: ").count();
    assert!(rules >= 4, "{text}");
    assert_eq!(text.matches("    mode: report\n").count(), rules);
    assert_eq!(text.matches("  # It would have stopped ").count(), rules, "{text}");
    assert!(text.contains("90 % of 2000 builds ran for at most "), "{text}");
}

#[test]
fn a_list_that_history_does_not_support_is_named_and_not_written() {
    let builds: Vec<Value> = History::of_seed(8).take(400).collect();
    let change = |change: &dyn Fn(usize, &mut Value)| {
        let mut builds = builds.clone();
        builds.iter_mut().enumerate().for_each(|(index, build)| change(index, build));
        learn(&builds, Grouping::Account, 99.0).policy(None)
    };
    let many = change(&|index, build| build["environment"]["image"] = json!(format!("tool-{index}/x:1")));
    assert!(many.contains("#   allowed-images: too long to trust: 400 images"), "{many}");
    assert!(!many.contains("    allowed-images:"));
    let wild = change(&|index, build| build["initiator"] = json!(if index == 7 { "odd*name" } else { "alice" }));
    assert!(wild.contains("#   allowed-initiators: `odd*name` contains a wildcard"), "{wild}");
    let last: f64 = builds.iter().map(|build| build["startTime"].as_f64().unwrap()).fold(0.0, f64::max);
    let growing = change(&|_, build| {
        let is_last = build["startTime"].as_f64() == Some(last);
        build["initiator"] = json!(if is_last { "new" } else { "alice" });
    });
    assert!(growing.contains("#   allowed-initiators: still growing: 1 of 2 initiators"), "{growing}");
    let young = learn(&builds[..10], Grouping::Account, 99.0).policy(None);
    assert!(young.contains("too young to trust: 10 builds"), "{young}");
    let hostile = change(&|_, build| build["initiator"] = json!("a\"]\n  - id: x\n# \u{1b}[2J"));
    assert!(
        hostile.contains("allowed-initiators: `a\"]\\n  - id: x\\n# \\u{1b}[2J` contains control characters"),
        "{hostile}"
    );
    assert!(Policy::parse("learned.yaml", &hostile).is_ok(), "{hostile}");
}
