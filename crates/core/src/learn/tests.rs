use buildbrake_testkit::history::History;
use serde_json::{Value, json};

use super::*;
use crate::{
    diagnostic::Severity,
    history::{Details, Moments, Observation, ObservedIn, Replay},
    policy::Policy,
    summary::Summary,
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
            Some(crate::facts::inquiry::Reply::Unavailable(question.source(), "it is not there".into()))
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
    assert!(young.contains("too little history: 10 builds over "), "{young}");
    let one = learn(&builds[..1], Grouping::Account, 99.0).policy(None);
    assert!(one.contains("too little history: 1 build over 0 days; at least 20 builds over at least 14 days"), "{one}");
    assert!(!one.contains("1 builds"), "{one}");
    let hostile = change(&|_, build| build["initiator"] = json!("a\"]\n  - id: x\n# \u{1b}[2J"));
    assert!(
        hostile.contains("allowed-initiators: `a\"]\\n  - id: x\\n# \\u{1b}[2J` contains control characters"),
        "{hostile}"
    );
    assert!(Policy::parse("learned.yaml", &hostile).is_ok(), "{hostile}");
}

#[test]
fn how_often_each_value_was_used_is_part_of_the_evidence() {
    let mut builds: Vec<Value> = History::of_seed(8).take(400).collect();
    builds.sort_by(|one, other| one["startTime"].as_f64().unwrap().total_cmp(&other["startTime"].as_f64().unwrap()));
    for (index, build) in builds.iter_mut().enumerate() {
        build["source"] = json!({"type": "GITHUB", "location": "https://github.com/example/shop.git"});
        build["initiator"] = json!(if index == 9 { "mallory" } else { "alice" });
        build["sourceVersion"] = json!(if index == 9 { "refs/heads/evil" } else { "refs/heads/main" });
    }
    let text = learn(&builds, Grouping::Account, 99.0).policy(None);
    for expected in [
        "400 builds used 2 initiators. One pattern was used only once: check it.",
        "      - \"alice\" # used 399 times\n      - \"mallory\" # used only once\n",
        "# used only once\n      - \"main\" # used 399 times\n",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
}

#[test]
fn repositories_are_summed_up_by_owner() {
    let mut builds: Vec<Value> = History::of_seed(8).take(400).collect();
    for (owner, expected) in
        [("acme", "https://git.example/acme/*"), ("git.example", "https://git.example/git.example/*")]
    {
        for (index, build) in builds.iter_mut().enumerate() {
            let location = format!("https://git.example/{owner}/app-{}.git", index % 25);
            build["source"] = json!({"type": "GITHUB_ENTERPRISE", "location": location});
        }
        let text = learn(&builds, Grouping::Account, 99.0).policy(None);
        assert!(text.contains(&format!("\"{expected}\" # used 400 times")), "{text}");
    }
}

#[test]
fn what_follows_a_question_mark_is_not_shown() {
    let mut builds: Vec<Value> = History::of_seed(8).take(400).collect();
    for build in &mut builds {
        build["environment"]["image"] = json!("registry.example/tool:1?token=hunter2");
    }
    let text = learn(&builds, Grouping::Account, 99.0).policy(None);
    assert!(text.contains("`registry.example/tool:1?…` contains a wildcard") && !text.contains("hunter2"), "{text}");
}

#[test]
fn a_wildcard_that_is_not_shown_is_not_claimed_of_what_is() {
    let mut builds: Vec<Value> = History::of_seed(8).take(400).collect();
    for build in &mut builds {
        build["environment"]["image"] = json!("https://github.com/acme/app?x=*");
    }
    let text = learn(&builds, Grouping::Account, 99.0).policy(None);
    let expected = "a value that begins with `https://github.com/acme/app` contains a wildcard";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn limits_of_time_need_phases() {
    let mut builds: Vec<Value> = History::of_seed(8).take(40).collect();
    builds.iter_mut().for_each(|build| build["phases"] = json!(null));
    let text = learn(&builds, Grouping::Account, 99.0).policy(None);
    for check in ["max-duration", "max-queue-time"] {
        let left_out = format!("#   {check}: the phases of no build are known; they show how long it waited and ran");
        assert!(text.contains(&left_out), "{text}");
    }
}

#[test]
fn a_limit_needs_twenty_builds() {
    let builds: Vec<Value> = History::of_seed(8).take(20).collect();
    let limits = |builds: &[Value]| learn(builds, Grouping::Account, 99.0).policy(None);
    assert!(limits(&builds).contains("\n    max-duration: "), "{}", limits(&builds));
    let few = limits(&builds[1..]);
    assert!(!few.contains("\n    max-duration: "), "{few}");
    assert!(few.contains("#   max-duration: too few to trust: 19 builds; at least 20 builds are needed"), "{few}");
}

/// History contains names that no policy can, or that `check` warns of.
#[test]
fn a_value_that_no_rule_can_list_leaves_out_its_list_alone() {
    let builds: Vec<Value> = History::of_seed(8).take(400).collect();
    for (pointer, values, left_out) in [
        ("/environment/image", ["docker.io/UPPER/Case:1", "https://u:hunter2@h.example/x:1"], "allowed-images: one of"),
        ("/environment/computeType", ["A B", ""], "allowed-compute: one of"),
        ("/initiator", ["codepipeline/", "a b"], "allowed-initiators: one of"),
        ("/source/location", ["https://github.com", "https://github.com/x y/z"], "allowed-sources: one of"),
        ("/sourceVersion", ["refs/heads/!x", "refs/heads/#x"], "allowed-branches: one of"),
    ] {
        for value in values {
            let mut builds = builds.clone();
            for (index, build) in builds.iter_mut().enumerate() {
                build["environment"]["image"] = json!("aws/codebuild/standard:7.0");
                (build["initiator"], build["sourceVersion"]) = (json!("alice"), json!("refs/heads/main"));
                build["source"] = json!({"type": "GITHUB", "location": "https://github.com/example/shop.git"});
                if index % 2 == 0 {
                    *build.pointer_mut(pointer).unwrap() = json!(value);
                }
            }
            let proposal = learn(&builds, Grouping::Account, 100.0);
            let text = proposal.policy(None);
            assert!(text.contains(&format!("#   {left_out}")), "{value}: {text}");
            assert!(!text.contains("hunter2"), "{text}");
            assert!(replayed(&builds, &proposal).rules.len() >= 5, "{value}: {text}");
        }
    }
}

#[test]
fn builds_of_an_unknown_account_get_no_list() {
    let mut builds: Vec<Value> = History::of_seed(8).take(400).collect();
    for build in &mut builds[..200] {
        build.as_object_mut().unwrap().remove("arn");
    }
    let proposal = learn(&builds, Grouping::Account, 100.0);
    let text = proposal.policy(None);
    assert!(text.contains("allowed-images of account unknown: the account of 200 builds is unknown"), "{text}");
    assert!(!replayed(&builds, &proposal).rules.is_empty());
}

#[test]
fn a_list_of_a_project_needs_fourteen_days_of_that_project() {
    let mut builds: Vec<Value> = History::of_seed(8).take(400).collect();
    let start = builds[0]["startTime"].as_f64().unwrap();
    for (minute, build) in (0..25).zip(&mut builds) {
        let id = build["id"].as_str().unwrap().split_once(':').unwrap().1;
        build["id"] = json!(format!("young:{id}"));
        build["projectName"] = json!("young");
        build["startTime"] = json!(start + f64::from(minute) * 60.0);
    }
    let text = learn(&builds, Grouping::Project, 99.0).policy(None);
    let expected = "allowed-compute of project young: too little history: 25 builds over 0 days; at least 20 builds";
    assert!(text.contains(expected), "{text}");
}
