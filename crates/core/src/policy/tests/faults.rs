//! Faults of each part of the format.

use super::{faults, faults_of_rule};
use crate::policy::Policy;

#[test]
fn all_faults_are_reported_at_once_and_in_order() {
    insta::assert_snapshot!(faults("\
version: 2
mod: enforce
never-stop: deploy-*
rules:
  - id: Short Builds
    max-timeuot: 60m
  - id: twice
    max-timeout: 60 minutes
    forbidden-branches: [main, '']
  - id: twice
    mode: on
    max-timeout: 60m
    only: []
    except:
      - until: 2027-02-30
"), @"
    policy.yaml:1:10: error[BB101]: `2` is not a version of the format
     1 | version: 2
       |          ^
       = use `1`, the only version of the format

    policy.yaml:2:1: error[BB024]: unknown key `mod` in a policy
     2 | mod: enforce
       | ^
       = did you mean `mode`?

    policy.yaml:3:13: error[BB021]: expected a list, found `deploy-*`
     3 | never-stop: deploy-*
       |             ^
       = write a list, such as `[deploy-*, prod-*]`

    policy.yaml:5:9: error[BB102]: `Short Builds` is not a valid id
     5 |   - id: Short Builds
       |         ^
       = use lower-case letters, digits and `-`, such as `short-builds`

    policy.yaml:6:5: error[BB024]: unknown key `max-timeuot` in a rule
     6 |     max-timeuot: 60m
       |     ^
       = did you mean `max-timeout`?

    policy.yaml:8:18: error[BB104]: `60 minutes` is not a duration
     8 |     max-timeout: 60 minutes
       |                  ^
       = use a duration such as `90s`, `60m`, `2h` or `1h 30m`

    policy.yaml:9:25: error[BB042]: second check `forbidden-branches` beside `max-timeout`
     9 |     forbidden-branches: [main, '']
       |                         ^
       = move it to a rule of its own; a rule has exactly one check

    policy.yaml:9:32: error[BB111]: `` is not a pattern: an empty pattern matches nothing; `*` matches everything
     9 |     forbidden-branches: [main, '']
       |                                ^
       = use a pattern for the whole value, in which `*` matches any run of characters and `?` matches one; case matters

    policy.yaml:10:9: error[BB040]: duplicate rule id `twice`
     10 |   - id: twice
        |         ^
       = rename one of them; the rule in line 7 has the same id

    policy.yaml:11:11: error[BB103]: `on` is not a mode
     11 |     mode: on
        |           ^
       = use one of `enforce`, `report` and `off`

    policy.yaml:13:11: error[BB022]: empty list
     13 |     only: []
        |           ^
       = add at least one element, such as `[{ projects: [shop-*] }]`

    policy.yaml:15:9: error[BB043]: selector without a criterion
     15 |       - until: 2027-02-30
        |         ^
       = add at least one of `kinds`, `projects`, `branches`, `refs`, `initiators`, `accounts`, `regions`, `sources`, `started-by`, `tags` and `when`

    policy.yaml:15:16: error[BB105]: `2027-02-30` is not a date
     15 |       - until: 2027-02-30
        |                ^
       = use a date such as `2027-01-31`
    ");
}

#[test]
fn a_check_that_is_missing_or_misspelt() {
    insta::assert_snapshot!(faults_of_rule("forbiden_branches: [main]"), @"
    policy.yaml:4:5: error[BB024]: unknown key `forbiden_branches` in a rule
     4 |     forbiden_branches: [main]
       |     ^
       = did you mean `forbidden-branches`?
    ");
    insta::assert_snapshot!(faults_of_rule("reason: None at all."), @"
    policy.yaml:3:5: error[BB041]: rule without a check
     3 |   - id: a
       |     ^
       = add exactly one of <all checks>
    ");
    insta::assert_snapshot!(faults_of_rule("frobnicate: yes"), @"
    policy.yaml:4:5: error[BB024]: unknown key `frobnicate` in a rule
     4 |     frobnicate: yes
       |     ^
       = the known keys are `id`, `reason`, `owner`, `mode`, `enforce-after`, `only`, `except`, `on-unknown`, `batch`, <all checks>
    ");
}

#[test]
fn values_of_another_kind() {
    insta::assert_snapshot!(faults_of_rule("max-timeout: [60m]"), @"
    policy.yaml:4:18: error[BB023]: expected a single value, found a list
     4 |     max-timeout: [60m]
       |                  ^
       = use a duration such as `90s`, `60m`, `2h` or `1h 30m`
    ");
    insta::assert_snapshot!(faults_of_rule("max-timeout:"), @"
    policy.yaml:4:16: error[BB023]: expected a single value, found nothing
     4 |     max-timeout:
       |                ^
       = use a duration such as `90s`, `60m`, `2h` or `1h 30m`
    ");
    insta::assert_snapshot!(faults_of_rule("forbidden-branches: main"), @"
    policy.yaml:4:25: error[BB021]: expected a list, found `main`
     4 |     forbidden-branches: main
       |                         ^
       = write a list, such as `[main, release/*]`
    ");
    insta::assert_snapshot!(faults_of_rule("forbidden-branches: [[main]]"), @"
    policy.yaml:4:26: error[BB023]: expected a single value, found a list
     4 |     forbidden-branches: [[main]]
       |                          ^
       = use a pattern for the whole value, in which `*` matches any run of characters and `?` matches one; case matters
    ");
    insta::assert_snapshot!(faults("- a list"), @"
    policy.yaml:1:1: error[BB020]: expected a policy, found a list
     1 | - a list
       | ^
       = write a policy as a mapping with the keys `version`, `mode`, `never-stop`, `prices`, `safety` and `rules`
    ");
    insta::assert_snapshot!(faults(""), @"
    policy.yaml:1:1: error[BB020]: expected a policy, found nothing
       = write a policy as a mapping with the keys `version`, `mode`, `never-stop`, `prices`, `safety` and `rules`
    ");
    insta::assert_snapshot!(faults("version: 1\nrules: none"), @"
    policy.yaml:2:8: error[BB021]: expected a list, found `none`
     2 | rules: none
       |        ^
       = write a list, such as `- id: short-builds`
    ");
    insta::assert_snapshot!(faults("version: 1\nrules: [~]"), @"
    policy.yaml:2:9: error[BB020]: expected a rule, found nothing
     2 | rules: [~]
       |         ^
       = write a rule as a mapping with the keys `id`, `reason`, `owner`, `mode`, `enforce-after`, `only`, `except`, `on-unknown`, `batch`, <all checks>
    ");
}

#[test]
fn patterns_that_mean_something_elsewhere() {
    insta::assert_snapshot!(faults_of_rule("forbidden-branches: [^main$, 'release-[0-9]']"), @"
    policy.yaml:4:26: error[BB111]: `^main$` is not a pattern: a pattern always matches the whole value; remove `^` and `$`
     4 |     forbidden-branches: [^main$, 'release-[0-9]']
       |                          ^
       = use a pattern for the whole value, in which `*` matches any run of characters and `?` matches one; case matters

    policy.yaml:4:34: error[BB111]: `release-[0-9]` is not a pattern: the only wildcards are `*` (any run of characters) and `?` (one character)
     4 |     forbidden-branches: [^main$, 'release-[0-9]']
       |                                  ^
       = use a pattern for the whole value, in which `*` matches any run of characters and `?` matches one; case matters
    ");
}

#[test]
fn exemptions() {
    insta::assert_snapshot!(faults_of_rule("max-timeout: 5m\nonly: [{ until: 2027-01-31 }]"), @"
    policy.yaml:5:12: error[BB043]: selector without a criterion
     5 |     only: [{ until: 2027-01-31 }]
       |            ^
       = add at least one of `kinds`, `projects`, `branches`, `refs`, `initiators`, `accounts`, `regions`, `sources`, `started-by`, `tags` and `when`

    policy.yaml:5:14: error[BB024]: unknown key `until` in a selector
     5 |     only: [{ until: 2027-01-31 }]
       |              ^
       = the known keys are `kinds`, `projects`, `branches`, `refs`, `initiators`, `accounts`, `regions`, `sources`, `started-by`, `tags` and `when`
    ");
    insta::assert_snapshot!(faults_of_rule("max-timeout: 5m\nexcept: [{ reason: Because. }]"), @"
    policy.yaml:5:14: error[BB043]: selector without a criterion
     5 |     except: [{ reason: Because. }]
       |              ^
       = add at least one of `kinds`, `projects`, `branches`, `refs`, `initiators`, `accounts`, `regions`, `sources`, `started-by`, `tags` and `when`
    ");
    insta::assert_snapshot!(faults_of_rule("max-timeout: 5m\nexcept: [{ projects: [a], until: tomorrow }]"), @"
    policy.yaml:5:38: error[BB105]: `tomorrow` is not a date
     5 |     except: [{ projects: [a], until: tomorrow }]
       |                                      ^
       = use a date such as `2027-01-31`
    ");
}

#[test]
fn money_and_safety() {
    insta::assert_snapshot!(faults("\
version: 1
prices: { SMALL: free, LARGE: -1 }
safety: { max-stops-per-sweep: 120%, max-stops: 3 }
rules:
  - { id: a, max-cost: 5 USD }
  - { id: b, max-duration: 60, batch: all }
"), @"
    policy.yaml:2:18: error[BB107]: `free` is not an amount of USD
     2 | prices: { SMALL: free, LARGE: -1 }
       |                  ^
       = use an amount of USD greater than zero, such as `2.50`

    policy.yaml:2:31: error[BB107]: `-1` is not greater than zero
     2 | prices: { SMALL: free, LARGE: -1 }
       |                               ^
       = use an amount of USD greater than zero, such as `2.50`

    policy.yaml:3:32: error[BB106]: `120%` is more than 100 %
     3 | safety: { max-stops-per-sweep: 120%, max-stops: 3 }
       |                                ^
       = use a percentage of the running builds such as `20%`, or a number of builds such as `50`

    policy.yaml:3:38: error[BB024]: unknown key `max-stops` in safety
     3 | safety: { max-stops-per-sweep: 120%, max-stops: 3 }
       |                                      ^
       = the known keys are `max-stops-per-sweep`

    policy.yaml:5:24: error[BB107]: `5 USD` is not an amount of USD
     5 |   - { id: a, max-cost: 5 USD }
       |                        ^
       = use an amount of USD greater than zero, such as `2.50`

    policy.yaml:6:28: error[BB104]: `60` is a number without a unit
     6 |   - { id: b, max-duration: 60, batch: all }
       |                            ^
       = use a duration such as `90s`, `60m`, `2h` or `1h 30m`

    policy.yaml:6:39: error[BB103]: `all` is not a valid value for `batch`
     6 |   - { id: b, max-duration: 60, batch: all }
       |                                       ^
       = use one of `build` and `stop-all`
    ");
    insta::assert_snapshot!(faults("{version: 1, prices: {}, safety: {max-stops-per-sweep: a few}, rules: [{id: a, max-cost: 0}]}"), @"
    policy.yaml:1:22: error[BB020]: expected a mapping of prices, found an empty mapping
     1 | {version: 1, prices: {}, safety: {max-stops-per-sweep: a few}, rules: [{id: a, max-cost: 0}]}
       |                      ^
       = write a mapping of prices, such as `{ LINUX_CONTAINER/BUILD_GENERAL1_SMALL: 0.005 }`

    policy.yaml:1:56: error[BB106]: `a few` is not a number of builds
     1 | {version: 1, prices: {}, safety: {max-stops-per-sweep: a few}, rules: [{id: a, max-cost: 0}]}
       |                                                        ^
       = use a percentage of the running builds such as `20%`, or a number of builds such as `50`

    policy.yaml:1:90: error[BB107]: `0` is not greater than zero
     1 | {version: 1, prices: {}, safety: {max-stops-per-sweep: a few}, rules: [{id: a, max-cost: 0}]}
       |                                                                                          ^
       = use an amount of USD greater than zero, such as `2.50`
    ");
    assert_eq!(faults("{version: 1, safety: {max-stops-per-sweep: 50}, rules: [{id: a, max-cost: 1}]}"), "no fault");
}

#[test]
fn enforce_after_goes_with_mode_report_alone() {
    insta::assert_snapshot!(faults_of_rule("max-timeout: 5m\nenforce-after: 2027-03-01"), @"
    policy.yaml:5:20: error[BB044]: `enforce-after` without `mode: report`
     5 |     enforce-after: 2027-03-01
       |                    ^
       = add `mode: report` to the rule
    ");
    insta::assert_snapshot!(faults_of_rule("max-timeout: 5m\nmode: enforce\nenforce-after: 2027-03-01"), @"
    policy.yaml:6:20: error[BB044]: `enforce-after` without `mode: report`
     6 |     enforce-after: 2027-03-01
       |                    ^
       = add `mode: report` to the rule
    ");
}

#[test]
fn a_key_of_a_rule_or_of_the_policy_is_named_where_it_does_not_belong() {
    let found = faults("version: 1\nrules:\n  - id: a\nmax-timeout: 60m\n");
    let help = "unknown key `max-timeout` in a policy\n 4 | max-timeout: 60m\n   | ^\n   = `max-timeout` is a key of a rule; indent it as far as the `id` of its rule";
    assert!(found.contains(help), "{found}");
    let found = faults_of_rule("max-timeout: 60m\nnever-stop: [deploy-*]");
    assert!(found.contains("= `never-stop` is a key of the policy; write it beside `rules`"), "{found}");
}

#[test]
fn a_selector_s_key_belongs_into_a_selector() {
    for (key, example) in [
        ("started-by: [user]", "only: [{ started-by: [pipeline] }]"),
        ("projects: [shop]", "only: [{ projects: "),
        ("accounts: ['111122223333']", "only: [{ accounts: "),
        ("tags: { team: [web] }", "only: [{ tags: { team: [payments] } }]"),
        ("kinds: [build]", "only: [{ kinds: [sandbox] }]"),
        ("when: privileged", "only: [{ when: "),
    ] {
        let found = faults_of_rule(&format!("max-timeout: 60m\n{key}"));
        let name = key.split(':').next().unwrap();
        assert!(found.contains(&format!("unknown key `{name}` in a rule")), "{found}");
        assert!(found.contains(&format!("`{name}` is a key of a selector; write `{example}")), "{found}");
    }
}

#[test]
fn another_kind_of_file_is_one_fault() {
    for (text, expected) in [
        (
            r#"{"version": "0", "detail-type": "CodeBuild Build State Change", "detail": {}}"#,
            "this is an event, not a policy = use a policy here, or explain the event with `buildbrake explain --policy POLICY FILE`",
        ),
        (
            r#"{"id": "shop:5e", "buildStatus": "FAILED"}"#,
            "this is a Build of the API, not a policy = use a policy here, or explain the build with `buildbrake explain --policy POLICY FILE`",
        ),
        (
            r#"{"builds": [{"id": "shop:5e"}], "buildsNotFound": []}"#,
            "this is a Build of the API, not a policy = use a policy here, or explain the build with `buildbrake explain --policy POLICY FILE`",
        ),
        (
            "Resources:\n  Shop:\n    Type: AWS::CodeBuild::Project\n    Properties: { Name: !Ref Name }\n",
            "this is a CloudFormation template, not a policy = use a policy here, or judge the template with `buildbrake scan --policy POLICY --template FILE`",
        ),
    ] {
        let faults = Policy::parse("policy.yaml", text).expect_err("a fault");
        let found: Vec<String> = faults.iter().map(|fault| format!("{} = {}", fault.message, fault.help)).collect();
        assert_eq!(found, [expected], "{text}");
    }
    assert!(faults("version: 1\nbuilds: []\nrules: [{id: a, max-timeout: 1h}]\n").contains("unknown key `builds`"));
}
