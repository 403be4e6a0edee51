//! Warnings about rules without effect: examples, and proof that each such warning is right.

use proptest::prelude::*;

use super::NOW;
use crate::{
    model::{Build, ProjectEnvironment},
    policy::Policy,
    verdict::{Verdict, judge},
};

/// Checks the warnings about rules with the ids `a`, `b`, …: "a never", or "a < b" if `b`
/// shadows `a`.
#[track_caller]
fn check_rules(rules: &[&str], expected: &str) {
    let policy = Policy::parse("policy.yaml", &policy_of(rules)).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(warned(&policy).join(", "), expected, "{rules:#?}");
}

pub(super) fn policy_of(rules: &[&str]) -> String {
    let ids = ["a", "b", "c"];
    let lines = rules.iter().zip(ids).map(|(rule, id)| format!("  - {{ id: {id}, {rule} }}\n"));
    format!("version: 1\nrules:\n{}", lines.collect::<String>())
}

fn warned(policy: &Policy) -> Vec<String> {
    let findings = policy.lint("policy.yaml", "", NOW.parse().unwrap());
    let short = |message: &str| {
        let names: Vec<&str> = message.split('`').collect();
        match message {
            _ if message.contains("adds nothing") => Some(format!("{} < {}", names[1], names[3])),
            _ if message.contains("no build can break") => Some(format!("{} never", names[1])),
            _ => None,
        }
    };
    findings.iter().filter_map(|one| short(&one.message)).collect()
}

#[test]
fn a_rule_that_forbids_all_that_another_allows_is_named() {
    for (rules, expected) in [
        (["allowed-branches: [main]", "forbidden-branches: [main]"], Some("b")),
        (["forbidden-branches: ['*']", "allowed-branches: [main, dev]"], Some("a")),
        (["allowed-branches: [refs/heads/main]", "forbidden-branches: [main, dev]"], Some("b")),
        (["allowed-compute: [BUILD_GENERAL1_SMALL]", "forbidden-compute: [BUILD_GENERAL1_*]"], Some("b")),
        (["allowed-images: [tools]", "forbidden-images: ['docker.io/library/tools:latest', tools]"], Some("b")),
        (["allowed-branches: [main, dev]", "forbidden-branches: [main]"], None),
        (["allowed-branches: [main]", "forbidden-refs: [refs/tags/*]"], None),
        (["allowed-branches: [main]", "forbidden-branches: [main], only: [{ projects: [x] }]"], None),
        (["allowed-branches: [main]", "forbidden-branches: [main], except: [{ projects: [x] }]"], None),
        (["allowed-branches: [main], mode: off", "forbidden-branches: [main]"], None),
    ] {
        let policy = Policy::parse("policy.yaml", &policy_of(&rules)).unwrap_or_else(|faults| panic!("{faults}"));
        let findings = policy.lint("policy.yaml", "", NOW.parse().unwrap());
        let mut messages = findings.iter().map(|one| one.message.as_str());
        let found = messages.find_map(|message| {
            Some(message.strip_prefix("every build breaks ")?.split('`').nth(3).unwrap_or_default().to_owned())
        });
        assert_eq!(found.as_deref(), expected, "{rules:?}");
    }
}

#[test]
fn patterns_of_different_subjects_are_not_compared() {
    check_rules(
        &["max-timeout: 60m, only: [{projects: ['a*']}]", "max-timeout: 60m, only: [{initiators: ['a*']}]"],
        "",
    );
}

#[test]
fn a_rule_that_stops_batches_is_not_shadowed_by_one_that_does_not() {
    check_rules(&["max-duration: 1h", "max-duration: 2h"], "b < a");
    check_rules(&["max-duration: 1h", "max-duration: 2h, batch: stop-all"], "");
    check_rules(&["max-duration: 1h, batch: stop-all", "max-duration: 2h"], "b < a");
    check_rules(&["max-duration: 1h", "max-queue-time: 2h"], "");
}

#[test]
fn rules_that_no_build_can_break() {
    check_rules(&["max-timeout: 1h, except: [{ projects: ['*'] }]"], "a never");
    check_rules(&["max-timeout: 1h, except: [{ projects: ['*'], regions: ['**'] }]"], "a never");
    check_rules(&["max-timeout: 1h, on-unknown: stop, except: [{ projects: ['*'] }]"], "a never");
    check_rules(&["max-timeout: 1h, mode: off, except: [{ projects: ['*'] }]"], "");
    check_rules(&["max-timeout: 1h, except: [{ projects: ['*'], until: 2020-01-01 }]"], "");
    check_rules(&["max-timeout: 1h, except: [{ projects: ['*'], until: 2027-01-01 }]"], "");
    check_rules(&["max-timeout: 1h, except: [{ projects: ['*'], branches: [main] }]"], "");
    // The branch of a build of a commit is unknown.
    check_rules(&["max-timeout: 1h, except: [{ branches: ['*'] }]"], "");

    check_rules(&["max-timeout: 1h, only: [{ projects: [ab*] }], except: [{ projects: [a*] }]"], "a never");
    check_rules(&["max-timeout: 1h, only: [{ projects: [a*] }], except: [{ projects: [ab*] }]"], "");
    check_rules(
        &[
            "max-timeout: 1h, only: [{ projects: [a] }, { branches: [b] }], except: [{ projects: [a] }, { branches: [b] }]",
        ],
        "a never",
    );
    check_rules(&["max-timeout: 1h, only: [{ projects: [a] }, { branches: [b] }], except: [{ projects: [a] }]"], "");
    check_rules(
        &["max-timeout: 1h, only: [{ projects: [a], branches: [b] }], except: [{ branches: [b, c] }]"],
        "a never",
    );
    check_rules(&["max-timeout: 1h, only: [{ branches: [b] }], except: [{ branches: [b], projects: [a] }]"], "");
    check_rules(
        &["max-timeout: 1h, only: [{ when: 'build.buildComplete' }], except: [{ when: 'build.buildComplete' }]"],
        "a never",
    );
    // A build without a branch is stopped.
    check_rules(&["max-timeout: 1h, on-unknown: stop, only: [{ branches: [b] }], except: [{ branches: [b] }]"], "");

    check_rules(&["allowed-images: [tools, '*']"], "a never");
    check_rules(&["allowed-images: ['*'], on-unknown: stop"], "");
    check_rules(&["forbidden-images: ['*']"], "");
}

#[test]
fn rules_that_add_nothing() {
    check_rules(&["max-timeout: 1h", "max-timeout: 30m"], "a < b");
    let newest = "only-newest-per: [project]";
    check_rules(&["only-newest-per: [ref, project]", newest], "a < b");
    check_rules(&["only-newest-per: [initiator, project]", "only-newest-per: [project, ref]"], "");
    // Without `started-by`, builds of pipelines are left out.
    let pipelines = "only-newest-per: [project], only: [{started-by: [pipeline]}]";
    check_rules(&[pipelines, newest], "");
    check_rules(&[pipelines, pipelines], "b < a");
    check_rules(&["only-newest-per: [project], only: [{started-by: [user]}]", newest], "a < b");
    check_rules(&["max-timeout: 30m", "max-timeout: 1h"], "b < a");
    check_rules(&["max-timeout: 30m", "max-timeout: 30m"], "b < a");
    check_rules(&["max-timeout: 30m", "max-queued-timeout: 1h"], "");
    check_rules(&["forbidden-branches: [release/*]", "forbidden-branches: [release/1, release/2]"], "b < a");
    check_rules(&["forbidden-branches: [release/*]", "forbidden-branches: [release/1, main]"], "");
    check_rules(&["allowed-images: [aws/*]", "allowed-images: [aws/b, aws/c]"], "a < b");
    check_rules(&["allowed-images: [a*]", "forbidden-images: [a*]"], "");
    check_rules(&["forbidden-images: [a*]", "forbidden-sources: [a*]"], "");
    check_rules(&["forbidden-variables: [PASSWORD]", "forbidden-variables: ['*PASS*']"], "a < b");
    check_rules(&["deny-when: build.buildComplete", "deny-when: build.buildComplete"], "b < a");
    check_rules(&["deny-when: build.buildComplete", "deny-when: '!build.buildComplete'"], "");
}

#[test]
fn modes_and_unknowns_count() {
    check_rules(&["max-timeout: 1h", "max-timeout: 30m, mode: report"], "");
    check_rules(&["max-timeout: 1h, mode: report", "max-timeout: 30m"], "a < b");
    check_rules(&["max-timeout: 1h, mode: off", "max-timeout: 30m"], "");
    check_rules(&["max-timeout: 1h", "max-timeout: 30m, mode: off"], "");
    let after = |date: &str| format!("max-timeout: 30m, mode: report, enforce-after: {date}");
    check_rules(&["max-timeout: 1h", &after("2027-03-01")], "");
    check_rules(&["max-timeout: 1h", &after("2026-11-22")], "");
    check_rules(&["max-timeout: 1h", &after("2026-11-21")], "a < b");
    check_rules(&["max-timeout: 1h, mode: report", &after("2027-03-01")], "a < b");
    check_rules(&["max-timeout: 1h, mode: report, enforce-after: 2027-03-02", &after("2027-03-01")], "a < b");
    check_rules(&["max-timeout: 1h, mode: report, enforce-after: 2027-02-01", &after("2027-03-01")], "");
    check_rules(&["max-timeout: 1h, mode: report, enforce-after: 2027-02-01", "max-timeout: 30m, mode: report"], "");

    check_rules(&["max-timeout: 1h, on-unknown: stop", "max-timeout: 30m"], "");
    check_rules(&["max-timeout: 1h", "max-timeout: 30m, on-unknown: ignore"], "");
    check_rules(&["max-timeout: 1h, on-unknown: ignore", "max-timeout: 30m"], "a < b");
    check_rules(&["max-timeout: 1h", "max-timeout: 30m, on-unknown: stop"], "a < b");
}

#[test]
fn tags_of_one_key_with_other_values_are_other_scopes() {
    let of = |team: &str| format!("max-timeout: 60m, only: [{{ tags: {{ team: [{team}] }} }}]");
    check_rules(&[&of("'*'"), &of("shop")], "b < a");
    check_rules(&[&of("web"), &of("shop")], "");
}

#[test]
fn scopes_and_exemptions_count() {
    check_rules(&["max-timeout: 1h, only: [{ projects: [ab*] }]", "max-timeout: 1h"], "a < b");
    check_rules(
        &["max-timeout: 1h, only: [{ projects: [ab*] }]", "max-timeout: 30m, only: [{ projects: [a*] }]"],
        "a < b",
    );
    check_rules(&["max-timeout: 1h", "max-timeout: 30m, only: [{ projects: [a*] }]"], "");
    check_rules(&["max-timeout: 1h", "max-timeout: 30m, only: [{ projects: ['*'] }]"], "a < b");
    check_rules(&["max-timeout: 1h", "max-timeout: 30m, only: [{ branches: ['*'] }]"], "");

    let except = |until: &str| format!("max-timeout: 30m, except: [{{ projects: [a]{until} }}]");
    check_rules(&["max-timeout: 1h", &except("")], "");
    check_rules(&["max-timeout: 1h", &except(", until: 2026-11-22")], "");
    check_rules(&["max-timeout: 1h", &except(", until: 2026-11-21")], "a < b");
    check_rules(&["max-timeout: 1h, except: [{ projects: [a, b] }]", &except("")], "a < b");
    check_rules(&["max-timeout: 1h, except: [{ projects: [a], until: 2027-03-01 }]", &except("")], "");
    check_rules(
        &["max-timeout: 1h, except: [{ projects: [a], until: 2027-03-01 }]", &except(", until: 2027-03-01")],
        "a < b",
    );
    check_rules(&["max-timeout: 1h, except: [{ projects: [a], until: 2020-03-01 }]", &except("")], "");
}

/// Rules that are similar enough to shadow each other often.
fn rule() -> impl Strategy<Value = String> {
    let patterns = "[ab*?]{1,2}";
    let key = prop::sample::select(vec!["projects", "branches", "initiators"]);
    let accounts = prop::sample::select(vec!["*", "1*", "111122223333", "*3", "4*"]);
    let condition = prop_oneof![
        3 => (key, patterns).prop_map(|(key, pattern)| format!("{key}: ['{pattern}']")),
        1 => accounts.prop_map(|pattern| format!("accounts: ['{pattern}']")),
    ];
    let when = Just("when: build.buildComplete".to_owned());
    let selector = prop_oneof![4 => condition.clone(), 1 => when];
    let only = prop::option::weighted(0.5, prop::collection::vec(selector.clone(), 1..3));
    let until = prop::sample::select(vec!["", "", ", until: 2020-01-01", ", until: 2027-01-01"]);
    let except = prop::option::weighted(0.5, prop::collection::vec((selector, until), 1..3));
    let check = prop_oneof![
        prop::sample::select(vec!["max-timeout: 30m", "max-timeout: 60m"]).prop_map(str::to_owned),
        "(forbidden|allowed)-(branches|images|variables): \\['[ab*?]{1,2}'\\]"
            .prop_filter("no such check", |check| !check.starts_with("allowed-variables")),
        Just("deny-when: build.buildComplete".to_owned()),
    ];
    let mode = prop::sample::select(vec![
        "",
        ", mode: report",
        ", mode: off",
        ", mode: report, enforce-after: 2020-01-01",
        ", mode: report, enforce-after: 2027-01-01",
    ]);
    let unknown = prop::sample::select(vec!["", ", on-unknown: stop", ", on-unknown: ignore"]);
    (check, only, except, mode, unknown).prop_map(|(check, only, except, mode, unknown)| {
        let only = only.map(|list| {
            format!(", only: [{}]", list.iter().map(|one| format!("{{ {one} }}")).collect::<Vec<_>>().join(", "))
        });
        let except = except.map(|list| {
            format!(
                ", except: [{}]",
                list.iter().map(|(one, until)| format!("{{ {one}{until} }}")).collect::<Vec<_>>().join(", ")
            )
        });
        format!("{check}{mode}{unknown}{}{}", only.unwrap_or_default(), except.unwrap_or_default())
    })
}

/// A build with a project and an ARN, and perhaps other members.
fn build() -> impl Strategy<Value = Build> {
    let text = || prop::option::of("[ab]{1,2}");
    let version = prop_oneof![text(), Just(Some("abc1234".to_owned())), Just(Some("pr/1".to_owned()))];
    let account = prop::sample::select(vec!["111122223333", "444455556666"]);
    (("[ab]{1,2}", account), version, text(), prop::option::of(20..80_i32), text(), prop::option::of(any::<bool>()))
        .prop_map(|((project, account), source_version, initiator, timeout_in_minutes, image, build_complete)| Build {
            arn: Some(format!("arn:aws:codebuild:eu-west-1:{account}:build/{project}:1")),
            project_name: Some(project),
            source_version,
            initiator,
            timeout_in_minutes,
            build_complete,
            environment: image.map(|image| ProjectEnvironment { image: Some(image), ..Default::default() }),
            ..Build::default()
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    /// Without a rule that has a warning, every build is judged the same.
    #[test]
    fn a_warning_is_right(rules in prop::array::uniform2(rule()), builds in prop::collection::vec(build(), 12)) {
        let policy = Policy::parse("policy.yaml", &policy_of(&[&rules[0], &rules[1]])).unwrap();
        for (index, id) in ["a", "b"].iter().enumerate() {
            let warned = warned(&policy);
            let Some(warned) = warned.iter().find(|warned| warned.starts_with(id)) else { continue };
            let adds_nothing = warned.contains('<');
            let without = Policy::parse("policy.yaml", &policy_of(&[&rules[1 - index]])).unwrap();
            for now in [NOW, "2027-06-01T00:00:00Z"] {
                for build in &builds {
                    let now = now.parse().unwrap();
                    let (with, without) = (judge(&policy, build, now), judge(&without, build, now));
                    prop_assert_eq!(with.action, without.action, "{:?} {:?}", rules, build);
                    let is_counted = |verdict: &Verdict| {
                        !verdict.violations.is_empty() || verdict.undecided.iter().any(|undecided| undecided.counts)
                    };
                    prop_assert!(!adds_nothing || is_counted(&with) == is_counted(&without), "{:?} {:?}", rules, build);
                }
            }
        }
    }
}

#[test]
fn a_selector_of_sandboxes_that_matches_none_is_named() {
    for (rule, expected) in [
        (
            "allowed-initiators: [a], only: [{ kinds: [sandbox] }]",
            Some("`allowed-initiators` does not apply to sandboxes (a sandbox has no initiator)"),
        ),
        (
            "forbidden-overrides: [image], only: [{ kinds: [sandbox] }]",
            Some("StartSandbox overrides nothing of the project"),
        ),
        ("only-newest-per: [project], only: [{ kinds: [sandbox] }]", Some("a newer sandbox supersedes no other")),
        ("deny-when: build.initiator == 'a', only: [{ kinds: [sandbox] }]", Some("a sandbox has no `build.initiator`")),
        ("forbidden-overrides: [image], except: [{ kinds: [sandbox] }]", Some("an element of `except`")),
        (
            "max-duration: 2h, only: [{ kinds: [sandbox], started-by: [user] }]",
            Some("matches no sandbox, because a sandbox has no initiator"),
        ),
        (
            "max-duration: 2h, except: [{ kinds: [sandbox], initiators: [a] }]",
            Some("matches no sandbox, because a sandbox has no initiator"),
        ),
        ("max-duration: 2h, only: [{ kinds: [sandbox] }]", None),
        ("max-duration: 2h, only: [{ kinds: [build, sandbox], started-by: [user] }]", None),
        ("allowed-initiators: [a], only: [{ kinds: [build] }]", None),
        ("deny-when: 'true', only: [{ kinds: [sandbox] }]", None),
    ] {
        let policy = Policy::parse("policy.yaml", &policy_of(&[rule])).unwrap_or_else(|faults| panic!("{faults}"));
        let findings = policy.lint("policy.yaml", "", NOW.parse().unwrap());
        let messages: Vec<&str> = findings.iter().map(|one| one.message.as_str()).collect();
        let found = messages.iter().find(|message| message.contains("matches no sandbox"));
        match expected {
            Some(expected) => assert!(found.is_some_and(|message| message.contains(expected)), "{rule}: {messages:?}"),
            None => assert_eq!(messages, [] as [&str; 0], "{rule}"),
        }
    }
}

#[test]
fn kinds_are_compared() {
    check_rules(&["max-duration: 1h", "max-duration: 2h, only: [{ kinds: [sandbox] }]"], "b < a");
    check_rules(&["max-duration: 1h, only: [{ kinds: [build] }]", "max-duration: 2h"], "");
    check_rules(&["max-duration: 1h, only: [{ kinds: [sandbox, build] }]", "max-duration: 2h"], "b < a");
    check_rules(&["max-duration: 1h, except: [{ kinds: [build, sandbox] }]"], "a never");
    check_rules(&["max-duration: 1h, except: [{ kinds: [build] }]"], "");
}
