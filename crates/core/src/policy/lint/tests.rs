mod rules;

use crate::{diagnostic::Severity, policy::Policy};

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
fn a_comparison_of_now_with_a_time_that_has_passed() {
    let rule =
        |expression: &str| format!("version: 1\nrules:\n  - id: a\n    deny-when: '{expression} && branch == \"b\"'\n");
    let found = |result: &str| {
        format!(
            "3:9 an expression of `a` compares `now` with 2026-11-01T00:00:00Z, which has passed: from now on the result is {result}"
        )
    };
    let note = "3:9 `a` uses `now` and has no deadline: only later events and the sweep enforce it";
    for (expression, result) in [
        ("now < timestamp(\"2026-11-01T00:00:00Z\")", Some("false")),
        ("timestamp(\"2026-11-01T00:00:00Z\") < now", Some("true")),
        ("now >= timestamp(\"2026-10-31T23:00:00Z\") + duration(\"1h\")", Some("true")),
        ("now < timestamp(\"2026-12-01T00:00:00Z\")", None),
        ("now > timestamp(\"2026-12-01T00:00:00Z\")", None),
        ("now - build.startTime > duration(\"1h\")", None),
    ] {
        let text = rule(expression);
        let found: Vec<String> = result.map(found).into_iter().collect();
        let expected: Vec<&str> = found.iter().map(String::as_str).chain([note]).collect();
        check(&text, NOW, &expected);
    }
}

#[test]
fn examples_of_builds() {
    let rule = |more: &str| format!("version: 1\nrules:\n  - {{ id: a, {more} }}\n");
    for (more, found) in [
        (
            "max-timeout: 60m, only: [{ projects: [shop-*], branches: [main] }],       except: [{ projects: [\"*\"] }]",
            "3:97 no build can break `a`, because this exemption matches every build that `only` selects, such as a build \
             of project `shop-x` on branch `main`",
        ),
        (
            "forbidden-branches: [main], only: [{ branches: [feature/*] }]",
            "3:11 no build can break `a`: `forbidden-branches` matches none of the builds that `only` selects, such as a \
             build on branch `feature/x`",
        ),
        (
            "max-timeout: 60m, only: [{ branches: [main], when: \"branch == \\\"dev\\\"\" }]",
            "3:11 no build meets both `branches` (main) and `when` (dev) of an element of `only` of `a`",
        ),
        (
            "max-timeout: 60m, only: [{ started-by: [user], initiators: [codepipeline/*] }]",
            "3:11 no build meets both `initiators` (codepipeline/*) and `started-by` (user) of an element of `only` of `a`",
        ),
    ] {
        check(&rule(more), NOW, &[found]);
    }
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
    check("version: 1\nprices: { BUILD_GENERAL1_SMALL: 0.01 }\nrules: [{ id: a, max-cost: 5 }]", NOW, &[]);
    let found = "2:42 no fleet gets this price, because `*:fleet/*` before it fits all that `*:fleet/gpu-*` fits";
    let fleets =
        "version: 1\nprices: { '*:fleet/*':    0.05,          '*:fleet/gpu-*': 0 }\nrules: [{ id: a, max-cost: 5 }]";
    check(fleets, NOW, &[found]);
    for (name, found) in [
        ("2XLARGE", "no build fits `2XLARGE`: it is not a value of the API"),
        ("LINUX_CONTAINER", "no build fits `LINUX_CONTAINER`: an environment type stands in front of a compute type"),
        ("BUILD_GENERAL1_*", "no build gets the price of `BUILD_GENERAL1_*`: only a fleet's ARN can have wildcards"),
        ("BUILD_GENERAL1_4XLARGE", "`BUILD_GENERAL1_4XLARGE` fits no compute type that is known"),
    ] {
        let prices = format!("version: 1\nprices: {{ {name}: 0.01 }}\nrules: [{{ id: a, max-cost: 5 }}]");
        check(&prices, NOW, &[&format!("2:11 {found}")]);
    }
    let found = "2:34 a sweep may always stop up to 5 builds, so this setting has no effect";
    check("version: 1\nsafety: { max-stops-per-sweep:   4 }\nrules: [{ id: a, max-timeout: 60m }]", NOW, &[found]);
    check("version: 1\nsafety: { max-stops-per-sweep: 5 }\nrules: [{ id: a, max-timeout: 60m }]", NOW, &[]);
    check("version: 1\nsafety: { max-stops-per-sweep: 1% }\nrules: [{ id: a, max-timeout: 60m }]", NOW, &[]);
    check(
        "version: 1\nsafety: { max-stops-per-sweep:  0% }\nrules: [{ id: a, max-timeout: 60m }]",
        NOW,
        &["2:33 a sweep may always stop up to 5 builds, so this setting has no effect"],
    );
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
    let priced = "version: 1\nprices: { BUILD_GENERAL1_SMALL:  0.01 }\nrules: [{ id: a, deny-when: cost > 5.0 }]";
    check(priced, NOW, &[&note("cost").replacen("2:", "3:", 1)]);
    check("version: 1\nrules: [{ id: a, mode: off, deny-when: cost > 5.0 }]", NOW, &[]);
}

#[test]
fn a_note_on_rules_that_only_later_events_and_the_sweep_enforce() {
    let notes = |rule: &str| {
        let text = rules::policy_of(&[rule]);
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
    policy.yaml:2:13: warning[BB301]: no rule can stop a build, because `never-stop` matches every project
     2 | never-stop: ['*']
       |             ^
       = list only the projects whose builds must not be stopped; use `mode: report` to stop none

    policy.yaml:8:16: warning[BB310]: this exemption from `short-builds` has no effect any more: its last day was 2026-11-21, UTC
     8 |         until: 2026-11-21
       |                ^
       = remove it, or use a later date if it is still needed

    policy.yaml:10:16: warning[BB311]: the last day of this exemption from `short-builds` is 2026-11-23, UTC, which is tomorrow
     10 |         until: 2026-11-23
        |                ^
       = use a later date if it is needed for longer

    policy.yaml:11:9: warning[BB307]: `long-builds` adds nothing, because `short-builds` already does everything that it does
     11 |   - id: long-builds
        |         ^
       = remove it, or make it stricter than `short-builds` in line 4

    policy.yaml:16:20: warning[BB309]: `small-machines` will be enforced after 2026-11-24, UTC, which is in 2 days
     16 |     enforce-after: 2026-11-24
        |                    ^
       = use a later date if builds that break the rule must not be stopped yet

    policy.yaml:20:20: warning[BB308]: `enforce-after` has passed: `old` has been enforced since the end of 2020-03-01, UTC
     20 |     enforce-after: 2020-03-01
        |                    ^
       = use `mode: enforce` instead of `mode: report` and `enforce-after`; the effect is the same

    policy.yaml:26:9: warning[BB306]: no build can break `one-project`, because this exemption matches every build that `only` selects, such as a build of project `shop-x`
     26 |       - projects: [shop-a, 'shop-*']
        |         ^
       = use narrower exemptions, or `mode: off` to turn the rule off

    policy.yaml:27:9: warning[BB306]: no build can break `both`, because its exemptions match every build that `only` selects, such as a build of project `a`
     27 |   - id: both
        |         ^
       = use narrower exemptions, or `mode: off` to turn the rule off

    policy.yaml:31:9: warning[BB305]: no build can break `everything`, because `*` allows every value
     31 |   - id: everything
        |         ^
       = use narrower patterns, or remove the rule
    ");
}

#[test]
fn an_exemption_that_rests_on_text_alone() {
    let found = "2:46 an exemption of `a` depends on the initiator alone, which is text: anyone who may create roles or name \
                 their sessions can choose it";
    let policy =
        |exemption: &str| format!("version: 1\nrules: [{{ id: a, max-timeout: 60m, except: [ {{ {exemption} }} ] }}]");
    for exemption in [
        "initiators: [rule/nightly-*]",
        "initiators: [codepipeline/*, rule/nightly]",
        "initiators: ['*/alice']",
        "started-by: [rule]",
        "started-by: [pipeline, build]",
        "started-by: [rule], initiators: [rule/nightly]",
        "started-by: [role], initiators: ['*/alice']",
    ] {
        check(&policy(exemption), NOW, &[found]);
    }
    for exemption in [
        "initiators: [codepipeline/*]",
        "initiators: [GitHub-Hookshot/*]",
        "initiators: [alice, Developer/*]",
        "initiators: [rule/nightly], projects: [nightly-*]",
        "started-by: [rule], accounts: ['111122223333']",
        "started-by: [pipeline], initiators: [codepipeline/release-*]",
        "started-by: [rule, pipeline], initiators: [codepipeline/release-*]",
        "started-by: [user, role, webhook, retry]",
        "branches: [main]",
    ] {
        check(&policy(exemption), NOW, &[]);
    }
}

#[test]
fn what_rules_that_compare_builds_never_select() {
    let rule = |more: &str| format!("version: 1\nrules:\n  - {{id: a, only-newest-per: [project, ref]{more}}}\n");
    let nothing = |what: &str| format!("3:10 an element of `only` of `a` selects nothing: {what}");
    let retry = nothing("an automatic retry counts as its first try, so `started-by: [retry]` matches no build");
    let pipelines = nothing("its `initiators` are pipelines, whose builds are left out");
    check(&rule(", only: [{started-by: [retry]}]"), NOW, &[&retry]);
    check(&rule(", only: [{started-by: [retry, webhook]}]"), NOW, &[]);
    check(&rule(", only: [{initiators: [codepipeline/*]}]"), NOW, &[&pipelines]);
    check(&rule(", only: [{initiators: [codepipeline/*], started-by: [pipeline]}]"), NOW, &[]);
    check(&rule(", only: [{initiators: [codepipeline/*, alice]}]"), NOW, &[]);
    let whole = "3:53 `batch: build` has no effect beside `only-newest-per`, which stops a superseded batch as a whole";
    check(&rule(", batch: build"), NOW, &[whole]);
    check(&rule(", batch: stop-all"), NOW, &[]);
    // The same selectors of another rule select something.
    check("version: 1\nrules:\n  - {id: a, max-timeout: 60m, only: [{initiators: [codepipeline/*]}]}\n", NOW, &[]);
}
