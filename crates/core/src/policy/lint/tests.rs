use proptest::prelude::*;

use crate::{
    model::{Build, ProjectEnvironment},
    policy::Policy,
    verdict::{Verdict, judge},
    yaml::Severity,
};

const NOW: &str = "2026-11-22T23:59:59Z";

/// The findings about a policy: `line:column message`, each on one line.
#[track_caller]
fn check(text: &str, now: &str, expected: &[&str]) {
    let policy = Policy::parse("policy.yaml", text).unwrap_or_else(|faults| panic!("{faults}"));
    let findings = policy.lint("policy.yaml", text, now.parse().unwrap());
    let found: Vec<String> =
        findings.iter().map(|one| format!("{}:{} {}", one.place.line, one.place.column, one.message)).collect();
    assert_eq!(found, expected, "{text}");
}

/// Checks the warnings about rules with the ids `a`, `b`, …: "a never", or "a < b" if `b`
/// shadows `a`.
#[track_caller]
fn check_rules(rules: &[&str], expected: &str) {
    let policy = Policy::parse("policy.yaml", &policy_of(rules)).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(warned(&policy).join(", "), expected, "{rules:#?}");
}

fn policy_of(rules: &[&str]) -> String {
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

const DATED: &str = "\
version: 1
rules:
  - id: a
    max-timeout: 60m
    mode: report
    enforce-after: 2026-11-30
    except:
      - projects: [shop]
        until: 2026-12-20
      - { branches: [main], reason: for ever }
";

#[test]
fn dates_hold_through_their_day() {
    let soon = |when: &str| format!("6:20 `a` will be enforced after 2026-11-30, UTC, which is {when}");
    let over = "6:20 `enforce-after` has passed: `a` has been enforced since the end of 2026-11-30, UTC";
    let ends = |when: &str| format!("9:16 the last day of this exemption from `a` is 2026-12-20, UTC, which is {when}");
    let ended = "9:16 this exemption from `a` has no effect any more: its last day was 2026-12-20, UTC";
    check(DATED, "2026-11-15T23:59:59Z", &[]);
    check(DATED, "2026-11-16T00:00:00Z", &[&soon("in 14 days")]);
    check(DATED, "2026-11-28T12:00:00Z", &[&soon("in 2 days")]);
    check(DATED, "2026-11-29T12:00:00Z", &[&soon("tomorrow")]);
    check(DATED, "2026-11-30T23:59:59Z", &[&soon("today")]);
    check(DATED, "2026-12-01T00:00:00Z", &[over]);
    check(DATED, "2026-12-06T00:00:00Z", &[over, &ends("in 14 days")]);
    check(DATED, "2026-12-20T23:59:59Z", &[over, &ends("today")]);
    check(DATED, "2026-12-21T00:00:00Z", &[over, ended]);
}

#[test]
fn a_policy_that_never_stops() {
    let found = "2:13 no rule can stop a build, because `never-stop` matches every project";
    check("version: 1\nnever-stop: [a, '**']\nrules: [{ id: a, max-timeout: 60m }]", NOW, &[found]);
    check("version: 1\nnever-stop: ['*-*']\nrules: [{ id: a, max-timeout: 60m }]", NOW, &[]);
}

#[test]
fn a_cost_without_prices_and_a_limit_without_effect() {
    let found = "2:15 `a` is undecided for every build, because the policy has no `prices`";
    check("version: 1\nrules: [{ id: a, max-cost: 5 }]", NOW, &[found]);
    check("version: 1\nprices: { SMALL: 0.01 }\nrules: [{ id: a, max-cost: 5 }]", NOW, &[]);
    let found = "2:34 a sweep may always stop up to 5 builds, so this setting has no effect";
    check("version: 1\nsafety: { max-stops-per-sweep:   4 }\nrules: [{ id: a, max-timeout: 60m }]", NOW, &[found]);
    check("version: 1\nsafety: { max-stops-per-sweep: 5 }\nrules: [{ id: a, max-timeout: 60m }]", NOW, &[]);
    check("version: 1\nsafety: { max-stops-per-sweep: 1% }\nrules: [{ id: a, max-timeout: 60m }]", NOW, &[]);
}

#[test]
fn an_expression_on_cost_without_prices() {
    let found = "2:15 `cost` is unknown in `a`, because the policy has no `prices`";
    let note = |name| format!("2:15 `a` uses `{name}` and has no deadline: only later events and the sweep enforce it");
    check("version: 1\nrules: [{ id: a, deny-when: cost > 5.0 }]", NOW, &[found, &note("cost")]);
    check(
        "version: 1\nrules: [{ id: a, max-timeout: 5m, only: [{ when: cost > 5.0 }] }]",
        NOW,
        &[found, &note("cost")],
    );
    let priced = "version: 1\nprices: { SMALL:  0.01 }\nrules: [{ id: a, deny-when: cost > 5.0 }]";
    check(priced, NOW, &[&note("cost").replacen("2:", "3:", 1)]);
    check("version: 1\nrules: [{ id: a, mode: off, deny-when: cost > 5.0 }]", NOW, &[]);
}

#[test]
fn a_note_on_rules_that_only_later_events_and_the_sweep_enforce() {
    let notes = |rule: &str| {
        let text = policy_of(&[rule]);
        let policy = Policy::parse("policy.yaml", &text).unwrap_or_else(|faults| panic!("{faults}"));
        let findings = policy.lint("policy.yaml", &text, NOW.parse().unwrap());
        let timed = policy.timed_rules().count();
        (findings.count(Severity::Note), findings.count(Severity::Warning), timed)
    };
    assert_eq!(notes("deny-when: running > duration('90m')"), (1, 0, 1));
    assert_eq!(notes("deny-when: now.getHours() > 20"), (1, 0, 1));
    assert_eq!(notes("deny-when: build.timeoutInMinutes > 90"), (0, 0, 0));
    assert_eq!(notes("max-timeout: 90m, only: [{ when: running > duration('5m') }]"), (1, 0, 1));
    // A check on time has a deadline.
    assert_eq!(notes("max-duration: 90m"), (0, 0, 1));
    assert_eq!(notes("max-duration: 90m, except: [{ when: now.getHours() > 20 }]"), (0, 0, 1));
    assert_eq!(notes("deny-when: running > duration('90m'), mode: off"), (0, 0, 0));
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
    check_rules(&["max-timeout: 30m", "max-timeout: 1h"], "b < a");
    check_rules(&["max-timeout: 30m", "max-timeout: 30m"], "b < a");
    check_rules(&["max-timeout: 30m", "max-queued-timeout: 1h"], "");
    check_rules(&["forbidden-branches: [release/*]", "forbidden-branches: [release/1, release/2]"], "b < a");
    check_rules(&["forbidden-branches: [release/*]", "forbidden-branches: [release/1, main]"], "");
    check_rules(&["allowed-images: [a*]", "allowed-images: [ab, ac]"], "a < b");
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

#[test]
fn the_messages() {
    let text = "\
version: 1
never-stop: ['*']
rules:
  - id: short-builds
    max-timeout: 60m
    except:
      - projects: [hotfix-*]
        until: 2026-11-21
      - projects: [nightly-*]
        until: 2026-11-23
  - id: long-builds
    max-timeout: 2h
    except: [{ projects: [hotfix-*, nightly-*] }]
  - id: small-machines
    mode: report
    enforce-after: 2026-11-24
    allowed-compute: [BUILD_GENERAL1_SMALL]
  - id: old
    mode: report
    enforce-after: 2020-03-01
    forbidden-images: ['*:latest']
  - id: one-project
    only: [{ projects: [shop-*] }]
    forbidden-branches: [main]
    except:
      - projects: [shop-a, 'shop-*']
  - id: both
    only: [{ projects: [a] }, { branches: [b] }]
    max-queued-timeout: 60m
    except: [{ projects: [a] }, { branches: [b] }]
  - id: everything
    allowed-sources: ['*']
";
    let policy = Policy::parse("policy.yaml", text).unwrap();
    insta::assert_snapshot!(policy.lint("policy.yaml", text, NOW.parse().unwrap()), @"
    policy.yaml:2:13: warning: no rule can stop a build, because `never-stop` matches every project
     2 | never-stop: ['*']
       |             ^
       = list only the projects whose builds must not be stopped; use `mode: report` to stop none

    policy.yaml:8:16: warning: this exemption from `short-builds` has no effect any more: its last day was 2026-11-21, UTC
     8 |         until: 2026-11-21
       |                ^
       = remove it, or use a later date if it is still needed

    policy.yaml:10:16: warning: the last day of this exemption from `short-builds` is 2026-11-23, UTC, which is tomorrow
     10 |         until: 2026-11-23
        |                ^
       = use a later date if it is needed for longer

    policy.yaml:11:9: warning: `long-builds` adds nothing, because `short-builds` already does everything that it does
     11 |   - id: long-builds
        |         ^
       = remove it, or make it stricter than `short-builds` in line 4

    policy.yaml:16:20: warning: `small-machines` will be enforced after 2026-11-24, UTC, which is in 2 days
     16 |     enforce-after: 2026-11-24
        |                    ^
       = use a later date if builds that break the rule must not be stopped yet

    policy.yaml:20:20: warning: `enforce-after` has passed: `old` has been enforced since the end of 2020-03-01, UTC
     20 |     enforce-after: 2020-03-01
        |                    ^
       = use `mode: enforce` instead of `mode: report` and `enforce-after`; the effect is the same

    policy.yaml:26:9: warning: no build can break `one-project`, because this exemption matches every build that `only` selects
     26 |       - projects: [shop-a, 'shop-*']
        |         ^
       = use narrower exemptions, or `mode: off` to turn the rule off

    policy.yaml:27:9: warning: no build can break `both`, because its exemptions match every build that `only` selects
     27 |   - id: both
        |         ^
       = use narrower exemptions, or `mode: off` to turn the rule off

    policy.yaml:31:9: warning: no build can break `everything`, because `*` allows every value
     31 |   - id: everything
        |         ^
       = use narrower patterns, or remove the rule
    ");
}

/// Parts of rules that are alike often enough to cover each other.
fn rule() -> impl Strategy<Value = String> {
    let patterns = "[ab*?]{1,2}";
    let key = prop::sample::select(vec!["projects", "branches", "initiators", "accounts"]);
    let condition = (key, patterns).prop_map(|(key, pattern)| format!("{key}: ['{pattern}']"));
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
    (("[ab]{1,2}", "[ab]{1,2}"), version, text(), prop::option::of(20..80_i32), text(), prop::option::of(any::<bool>()))
        .prop_map(|((project, account), source_version, initiator, timeout_in_minutes, image, build_complete)| Build {
            arn: Some(format!("arn:aws:codebuild:eu-west-1:{account}:build/{project}:1").into()),
            project_name: Some(project.into()),
            source_version: source_version.map(Into::into),
            initiator: initiator.map(Into::into),
            timeout_in_minutes,
            build_complete,
            environment: image.map(|image| ProjectEnvironment { image: Some(image.into()), ..Default::default() }),
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
