use proptest::prelude::*;

use crate::{
    model::{Build, ProjectEnvironment},
    policy::Policy,
    verdict::{Verdict, judge},
};

const NOW: &str = "2026-11-22T23:59:59Z";

/// What the warnings about a policy are about: `line:column found`, a line each.
#[track_caller]
fn check(text: &str, now: &str, expected: &[&str]) {
    let policy = Policy::parse("policy.yaml", text).unwrap_or_else(|faults| panic!("{faults}"));
    let warnings = policy.warnings("policy.yaml", text, now.parse().unwrap());
    let found: Vec<String> =
        warnings.iter().map(|one| format!("{}:{} {}", one.place.line, one.place.column, one.found)).collect();
    assert_eq!(found, expected, "{text}");
}

/// Rules, one a line, whose ids are `a`, `b`, …; and the ids of those that are warned of,
/// each with `never` or with the rule that shadows it.
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

/// `a < b` where `a` is shadowed by `b`, `a never` where no build can break it.
fn warned(policy: &Policy) -> Vec<String> {
    let warnings = policy.warnings("policy.yaml", "", NOW.parse().unwrap());
    let short = |found: &str| {
        let names: Vec<&str> = found.split('`').collect();
        match found {
            _ if found.contains("adds nothing") => Some(format!("{} < {}", names[1], names[3])),
            _ if found.contains("no build can break") => Some(format!("{} never", names[1])),
            _ => None,
        }
    };
    warnings.iter().filter_map(|one| short(&one.found)).collect()
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
    let over = "6:20 `enforce-after` has passed: `a` is enforced since the end of 2026-11-30, UTC";
    let ends = |when: &str| format!("9:16 this exemption from `a` ends with 2026-12-20, UTC, which is {when}");
    let ended = "9:16 this exemption from `a` exempts nothing any more: it ended with 2026-12-20, UTC";
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
    let found = "2:13 no rule can stop anything: `never-stop` fits every project";
    check("version: 1\nnever-stop: [a, '**']\nrules: [{ id: a, max-timeout: 60m }]", NOW, &[found]);
    check("version: 1\nnever-stop: ['*-*']\nrules: [{ id: a, max-timeout: 60m }]", NOW, &[]);
}

#[test]
fn a_cost_without_prices_and_a_belt_that_is_wider_than_it_says() {
    let found = "2:15 `a` cannot tell of any build: the policy has no prices";
    check("version: 1\nrules: [{ id: a, max-cost: 5 }]", NOW, &[found]);
    check("version: 1\nprices: { SMALL: 0.01 }\nrules: [{ id: a, max-cost: 5 }]", NOW, &[]);
    let found = "2:34 a sweep may stop 5 builds all the same: so many always are allowed";
    check("version: 1\nsafety: { max-stops-per-sweep:   4 }\nrules: [{ id: a, max-timeout: 60m }]", NOW, &[found]);
    check("version: 1\nsafety: { max-stops-per-sweep: 5 }\nrules: [{ id: a, max-timeout: 60m }]", NOW, &[]);
    check("version: 1\nsafety: { max-stops-per-sweep: 1% }\nrules: [{ id: a, max-timeout: 60m }]", NOW, &[]);
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
    // Of a build of a commit the branch is not known.
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
    // A build that does not tell its branch is stopped.
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
    insta::assert_snapshot!(policy.warnings("policy.yaml", text, NOW.parse().unwrap()), @r"
    policy.yaml:2:13: warning: no rule can stop anything: `never-stop` fits every project
     2 | never-stop: ['*']
       |             ^
       = the projects that must not be stopped; `mode: report` where none is to be

    policy.yaml:8:16: warning: this exemption from `short-builds` exempts nothing any more: it ended with 2026-11-21, UTC
     8 |         until: 2026-11-21
       |                ^
       = no such exemption, or a later day where it is still needed

    policy.yaml:10:16: warning: this exemption from `short-builds` ends with 2026-11-23, UTC, which is tomorrow
     10 |         until: 2026-11-23
        |                ^
       = a later day, where it is needed for longer

    policy.yaml:11:9: warning: `long-builds` adds nothing: `short-builds` does all that it does
     11 |   - id: long-builds
        |         ^
       = no such rule, or one that is stricter than `short-builds` in line 4

    policy.yaml:16:20: warning: `small-machines` will be enforced after 2026-11-24, UTC, which is in 2 days
     16 |     enforce-after: 2026-11-24
        |                    ^
       = a later day, where what it reports is not yet to be stopped

    policy.yaml:20:20: warning: `enforce-after` has passed: `old` is enforced since the end of 2020-03-01, UTC
     20 |     enforce-after: 2020-03-01
        |                    ^
       = `mode: enforce`, which says the same

    policy.yaml:26:9: warning: no build can break `one-project`: this exemption fits every build that `only` lets it look at
     26 |       - projects: [shop-a, 'shop-*']
        |         ^
       = an exemption that leaves the rule something; `mode: off` where it is not to be judged

    policy.yaml:27:9: warning: no build can break `both`: its exemptions fit every build that `only` lets it look at
     27 |   - id: both
        |         ^
       = an exemption that leaves the rule something; `mode: off` where it is not to be judged

    policy.yaml:31:9: warning: no build can break `everything`: `*` allows everything
     31 |   - id: everything
        |         ^
       = patterns that leave something out, or no such rule
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
            .prop_filter("there is no such check", |check| !check.starts_with("allowed-variables")),
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

/// A build that tells its project and its ARN, and may leave anything else out.
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

    /// Without a rule that is warned of, every build is judged as it is with it.
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
                    let is_told = |verdict: &Verdict| {
                        !verdict.violations.is_empty() || verdict.undecided.iter().any(|undecided| undecided.counts)
                    };
                    prop_assert!(!adds_nothing || is_told(&with) == is_told(&without), "{:?} {:?}", rules, build);
                }
            }
        }
    }
}
