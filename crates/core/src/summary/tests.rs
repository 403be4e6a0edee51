//! Totals, counted once more from the results themselves.

use buildbrake_testkit::history::History;
use proptest::prelude::*;

use super::*;
use crate::history::{Details, Item, Moments, Replay, recognize};

const POLICY: &str = "
version: 1
prices: {BUILD_GENERAL1_SMALL: 0.005, BUILD_GENERAL1_LARGE: 0.02}
rules:
  - {id: long, max-duration: 20m}
  - {id: large, forbidden-compute: [BUILD_GENERAL1_LARGE], mode: report}
  - id: bob
    forbidden-initiators: [bob]
    except: [{projects: ['project-0*'], reason: old}, {projects: ['project-1*']}]
  - {id: named, deny-when: project.name == 'shop', on-unknown: stop, only: [{started-by: [user]}]}
  - {id: tagged, max-timeout: 1m, only: [{tags: {team: [shop]}}]}
  - {id: 'off', max-timeout: 1m, mode: off}
";

fn policy() -> Policy {
    Policy::parse("policy.yaml", POLICY).unwrap_or_else(|faults| panic!("{faults}"))
}

fn results(policy: &Policy, seed: u64, count: usize) -> Vec<Replayed> {
    let replay = Replay::new(policy, Moments::WholeLife, Details::default());
    let now = "2026-12-31T00:00:00Z".parse().unwrap();
    let mut results = Vec::new();
    for build in History::of_seed(seed).take(count) {
        recognize(build.to_string().as_bytes(), |item| {
            let Item::Build(build) = item else { panic!("{item:?}") };
            let unavailable = |question: &crate::facts::inquiry::Question| {
                Some(crate::facts::inquiry::Reply::Unavailable(question.source(), "there is none".into()))
            };
            results.push(replay.judge(build.into(), None, now, unavailable).unwrap());
        })
        .unwrap();
    }
    results
}

fn summary_of<'a>(policy: &Policy, results: impl IntoIterator<Item = &'a Replayed>) -> Summary {
    let mut summary = Summary::of(policy);
    results.into_iter().for_each(|build| summary.add(build));
    summary
}

/// The decisions of one rule, with the builds that they are about.
fn decided<'a>(results: &'a [Replayed], rule: &'a str) -> impl Iterator<Item = (&'a Replayed, &'a RuleDecision)> {
    let of =
        move |build: &'a Replayed| build.rules.iter().find(|one| one.rule == rule).map(|one| (build, &one.decided));
    results.iter().filter_map(of)
}

fn total<'a>(saved: impl Iterator<Item = &'a Savings>) -> Savings {
    saved.fold(Savings::default(), |mut total, saved| {
        total += *saved;
        total
    })
}

fn is_broken(decided: &RuleDecision) -> bool {
    matches!(decided, RuleDecision::Broken { .. })
}

fn lacks_a_fact(decided: &RuleDecision) -> bool {
    matches!(decided, RuleDecision::Undecided { .. } | RuleDecision::Broken { unknown: Some(_), .. })
}

fn count<T>(items: impl Iterator<Item = T>) -> u64 {
    items.count() as u64
}

#[test]
fn builds_are_counted_by_outcome_and_key() {
    let policy = policy();
    let results = results(&policy, 11, 400);
    let summary = summary_of(&policy, &results);
    let stopped = || results.iter().filter(|build| build.outcome == Outcome::Stopped);
    let breaks_one = |build: &&Replayed| build.rules.iter().any(|one| is_broken(&one.decided));
    let succeeded = |build: &&Replayed| build.status.as_deref() == Some("SUCCEEDED");
    assert_eq!(summary.judged, 400);
    assert_eq!(summary.outcomes.values().sum::<u64>(), 400);
    assert_eq!(summary.outcomes[&Outcome::Stopped], count(stopped()));
    assert!((20..380).contains(&stopped().count()), "{}", stopped().count());
    assert_eq!(summary.saved, total(stopped().map(|build| &build.saved)));
    assert!(summary.saved.minutes > Minutes::default() && summary.saved.usd > Usd::default());
    assert_eq!(summary.unpriced, count(stopped().filter(|build| !build.is_priced)));
    assert!(summary.unpriced > 0);
    assert_eq!(summary.stopped_successes.builds, count(stopped().filter(succeeded)));
    let breaking = || results.iter().filter(breaks_one);
    assert_eq!(summary.if_enforced.stopped, count(breaking()));
    assert_eq!(summary.if_enforced.stopped_successes, count(breaking().filter(succeeded)));
    assert_eq!(summary.if_enforced.saved, total(breaking().map(|build| &build.saved_if_enforced)));
    assert_eq!(
        summary.undecided,
        count(results.iter().filter(|build| build.rules.iter().any(|one| lacks_a_fact(&one.decided))))
    );
    for (breakdown, key) in [
        (&summary.by_project, &(|build: &Replayed| build.project().to_owned()) as &dyn Fn(&Replayed) -> String),
        (&summary.by_initiator, &|build| build.initiator.clone().unwrap()),
        (&summary.by_day, &|build| build.start.unwrap().to_string()[..10].to_owned()),
        (&summary.by_account, &|build| format!("{}/{}", build.account().unwrap(), build.region().unwrap())),
    ] {
        let mut expected: BTreeMap<String, (u64, u64, Savings)> = BTreeMap::new();
        for build in &results {
            let (builds, stopped, saved) = expected.entry(key(build)).or_default();
            *builds += 1;
            *stopped += u64::from(build.outcome == Outcome::Stopped);
            *saved += build.saved;
        }
        let found = breakdown.iter().map(|(key, share)| (key.to_owned(), (share.builds, share.stopped, share.saved)));
        assert_eq!(found.collect::<Vec<_>>(), expected.into_iter().collect::<Vec<_>>());
    }
}

#[test]
fn decisions_are_counted_by_rule() {
    let policy = policy();
    let results = results(&policy, 12, 400);
    let summary = summary_of(&policy, &results);
    let ids: Vec<&str> = summary.rules.keys().map(String::as_str).collect();
    assert_eq!(ids, ["bob", "large", "long", "named", "tagged"], "a rule that is off is not listed");
    for (id, rule) in &summary.rules {
        let broken = || decided(&results, id).filter(|(_, decided)| is_broken(decided));
        let saved = broken().filter_map(|(_, decided)| match decided {
            RuleDecision::Broken { saved, .. } => Some(saved),
            RuleDecision::Undecided { .. } | RuleDecision::Exempted { .. } => None,
        });
        assert_eq!(rule.broken, count(broken()), "{id}");
        assert_eq!(rule.enforced, if id == "large" { 0 } else { rule.broken }, "{id}");
        assert_eq!(rule.broken_successes, count(broken().filter(|(build, _)| build.has_succeeded())), "{id}");
        assert_eq!(rule.undecided, count(decided(&results, id).filter(|(_, decided)| lacks_a_fact(decided))), "{id}");
        assert_eq!(rule.saved, total(saved), "{id}");
        for breakdown in [&rule.by_project, &rule.by_initiator, &rule.by_day] {
            let shares = || breakdown.iter().map(|(_, share)| share);
            assert_eq!(shares().map(|share| share.builds).sum::<u64>(), rule.broken, "{id}");
            assert_eq!(total(shares().map(|share| share.saved).collect::<Vec<_>>().iter()), rule.saved, "{id}");
        }
        assert!(rule.counts(), "{id}");
    }
    let exempted = |index| {
        let is_of =
            |decided: &RuleDecision| matches!(decided, RuleDecision::Exempted { index: one, .. } if *one == index);
        count(decided(&results, "bob").filter(|(_, decided)| is_of(decided)))
    };
    let exemptions: Vec<u64> = summary.rules["bob"].exemptions.iter().map(|exemption| exemption.builds).collect();
    assert_eq!(exemptions, [exempted(0), exempted(1)]);
    assert!(exempted(0) > 0 && exempted(1) > 0);
    assert_eq!(summary.rules["bob"].exempted, exempted(0) + exempted(1));
    assert!(!RuleSummary::default().counts());
}

#[test]
fn missing_facts_are_counted_with_what_would_resolve_them() {
    let policy = policy();
    let results = results(&policy, 13, 100);
    let summary = summary_of(&policy, &results);
    let missing_of = |decided: &RuleDecision| match decided {
        RuleDecision::Undecided { missing, .. } | RuleDecision::Broken { unknown: Some((missing, _)), .. } => {
            Some(missing.clone())
        }
        RuleDecision::Broken { unknown: None, .. } | RuleDecision::Exempted { .. } => None,
    };
    let mut expected: BTreeMap<String, (BTreeSet<&str>, BTreeSet<String>)> = BTreeMap::new();
    for build in &results {
        for one in &build.rules {
            if let Some(fact) = missing_of(&one.decided) {
                let (builds, rules) = expected.entry(fact).or_default();
                builds.insert(&build.build_id);
                rules.insert(one.rule.clone());
            }
        }
    }
    let expected = expected.into_iter().map(|(fact, (builds, rules))| (fact, (builds.len() as u64, rules)));
    let found = summary.unknown.iter().map(|(fact, one)| (fact.clone(), (one.builds, one.rules.clone())));
    assert_eq!(found.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
    let named: BTreeSet<String> = summary.unknown.values().flat_map(|missing| missing.rules.clone()).collect();
    assert_eq!(named, BTreeSet::from(["named".to_owned(), "tagged".to_owned()]));
    for missing in summary.unknown.values() {
        assert_eq!(missing.resolved_by.as_deref(), Some(Source::Project.resolved_by()));
    }
}

#[test]
fn successes_with_the_longest_rest_are_named() {
    let policy = policy();
    let results = results(&policy, 14, 400);
    let mut expected: Vec<&Replayed> = results.iter().filter(|build| build.stops_a_success()).collect();
    expected.sort_by(|one, other| (other.saved.minutes, &one.build_id).cmp(&(one.saved.minutes, &other.build_id)));
    let summary = summary_of(&policy, &results);
    let named: Vec<&str> = summary.stopped_successes.examples.iter().map(|example| example.build_id.as_str()).collect();
    assert_eq!(named, expected.iter().take(20).map(|build| build.build_id.as_str()).collect::<Vec<_>>());
    for example in &summary.stopped_successes.examples {
        assert!(!example.rules.is_empty() && example.rules.iter().all(|rule| rule != "large"), "{example:?}");
    }
}

#[test]
fn summaries_of_two_policies_or_of_one_build_are_not_merged() {
    let policy = policy();
    let results = results(&policy, 15, 50);
    let mut summary = summary_of(&policy, &results);
    let other = Policy::parse("policy.yaml", "{version: 1, rules: [{id: r, max-timeout: 1m}]}").unwrap();
    let other = Summary::of(&other);
    assert_eq!(summary.merge(other.clone()), Err(NotMerged::OtherPolicy(summary.policy.clone(), other.policy)));
    let named = summary.stopped_successes.examples[0].build_id.clone();
    assert_eq!(summary.merge(summary.clone()), Err(NotMerged::SameBuild(named)));
    assert_eq!(summary, summary_of(&policy, &results), "a merge that is refused changes nothing");
}

#[test]
fn keys_beyond_10_000_are_counted_together() {
    let share = Share { builds: 1, stopped: 1, saved: Savings::default() };
    let mut breakdown = Breakdown::default();
    for number in 0..10_003 {
        breakdown.add(&format!("key-{number:05}"), share);
    }
    breakdown.add("key-00000", share);
    let counts: BTreeMap<&str, u64> = breakdown.iter().map(|(key, share)| (key, share.builds)).collect();
    assert_eq!(counts.len(), 10_001);
    assert_eq!((counts["(others)"], counts["key-00000"], counts["key-09999"]), (3, 2, 1));
    assert_eq!(
        breakdown.largest(3).iter().map(|(key, _)| *key).collect::<Vec<_>>(),
        ["(others)", "key-00000", "key-00001"]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn neither_the_order_nor_the_division_of_builds_changes_a_total(
        seed: u64,
        parts in proptest::collection::vec(0..3_usize, 60),
    ) {
        let policy = policy();
        let results = results(&policy, seed, 60);
        let whole = summary_of(&policy, &results);
        let mut merged = Summary::of(&policy);
        for part in [2, 0, 1] {
            let of_part = results.iter().zip(&parts).rev().filter(|(_, one)| **one == part).map(|(build, _)| build);
            // As a file between two machines.
            let mut summary = summary_of(&policy, of_part);
            summary.unreadable = part as u64;
            let json = serde_json::to_string(&summary).unwrap();
            merged.merge(serde_json::from_str(&json).unwrap()).unwrap();
        }
        prop_assert_eq!(merged, Summary { unreadable: 3, ..whole });
    }
}
