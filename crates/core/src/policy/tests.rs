use expect_policy::*;

use crate::policy::Policy;

mod expect_policy {
    use crate::{checks, policy::Policy, yaml::words::quoted_list};

    /// Every fault of a policy, as `buildbrake check` shows them.
    pub(super) fn faults(text: &str) -> String {
        let checks = quoted_list(&checks::ids().collect::<Vec<_>>());
        match Policy::parse("policy.yaml", text) {
            Ok(_) => "no fault".into(),
            // A new check must not change every snapshot.
            Err(faults) => faults.to_string().replace(&checks, "<all checks>"),
        }
    }

    /// The faults of one rule, whose keys follow `id` and a check.
    pub(super) fn faults_of_rule(keys: &str) -> String {
        faults(&format!("version: 1\nrules:\n  - id: a\n{}", indented(keys)))
    }

    fn indented(keys: &str) -> String {
        keys.lines().map(|line| format!("    {line}\n")).collect()
    }
}

#[test]
fn a_policy_shows_its_digest_and_nothing_of_its_rules() {
    let policy = Policy::parse("policy.yaml", "{version: 1, rules: [{id: short, max-timeout: 60m}]}").unwrap();
    let shown = format!("{policy:?}");
    assert!(shown.contains(policy.digest()) && !shown.contains("short"), "{shown}");
}

#[test]
fn the_whole_format() {
    let text = "\
version: 1
mode: report
never-stop: [deploy-*, prod-*]
prices:
  LINUX_CONTAINER/BUILD_GENERAL1_SMALL: 0.005
  BUILD_GENERAL1_LARGE: 1
safety:
  max-stops-per-sweep: 10%
rules:
  - id: short-builds
    reason: Builds over an hour block the shared fleet.
    max-timeout: 1h 30m
    batch: stop-all
  - { id: j, max-duration: 2h, batch: build }
  - { id: k, max-queue-time: 20m }
  - { id: l, max-cost: 2.50 }
  - id: short-queues
    max-queued-timeout: 60m
    on-unknown: stop
  - id: protected-branches
    mode: enforce
    forbidden-branches: [main, release/*]
    except:
      - initiators: [codepipeline/*]
      - projects: [hotfix-*]
        until: 2027-01-31
        reason: OPS-1234
  - id: costly-compute
    mode: report
    enforce-after: 2027-03-01
    only: [{ accounts: [\"111122223333\"], regions: [eu-*] }, { branches: ['*'], sources: ['*'] }]
    forbidden-compute: [BUILD_GENERAL1_2XLARGE, LINUX_GPU_CONTAINER/*]
    on-unknown: ignore
  - { id: a, allowed-branches: [main] }
  - { id: b, allowed-compute: [BUILD_GENERAL1_SMALL] }
  - { id: c, forbidden-images: ['*:latest'] }
  - { id: d, allowed-images: [aws/codebuild/*] }
  - { id: e, forbidden-sources: ['*'] }
  - { id: f, allowed-sources: ['*'] }
  - { id: g, forbidden-initiators: ['*'] }
  - { id: h, allowed-initiators: ['*'] }
  - { id: i, forbidden-variables: ['*PASSWORD*'], mode: off }
";
    assert_eq!(faults(text), "no fault");
}

#[test]
fn scalars_are_read_as_they_are_spelt() {
    // Numbers and booleans for YAML, texts as patterns.
    let text = "{version: 1, rules: [{id: 007, forbidden-branches: [1.10, 0x10, on, 2024], only: [{accounts: [012345678901]}]}]}";
    assert_eq!(faults(text), "no fault");
}

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
    policy.yaml:1:10: `2` is not a version of the format
     1 | version: 2
       |          ^
       = use `1`, the only version of the format

    policy.yaml:2:1: unknown key `mod` in a policy
     2 | mod: enforce
       | ^
       = did you mean `mode`?

    policy.yaml:3:13: expected a list, found `deploy-*`
     3 | never-stop: deploy-*
       |             ^
       = write a list, such as `[deploy-*, prod-*]`

    policy.yaml:5:9: `Short Builds` is not a valid id
     5 |   - id: Short Builds
       |         ^
       = use lower-case letters, digits and `-`, such as `short-builds`

    policy.yaml:6:5: unknown key `max-timeuot` in a rule
     6 |     max-timeuot: 60m
       |     ^
       = did you mean `max-timeout`?

    policy.yaml:8:18: `60 minutes` is not a duration
     8 |     max-timeout: 60 minutes
       |                  ^
       = use a duration such as `90s`, `60m`, `2h` or `1h 30m`

    policy.yaml:9:25: second check `forbidden-branches` beside `max-timeout`
     9 |     forbidden-branches: [main, '']
       |                         ^
       = move it to a rule of its own; a rule has exactly one check

    policy.yaml:9:32: `` is not a pattern: an empty pattern matches nothing; `*` matches everything
     9 |     forbidden-branches: [main, '']
       |                                ^
       = use a pattern for the whole value, in which `*` matches any run of characters and `?` matches one; case matters

    policy.yaml:10:9: duplicate rule id `twice`
     10 |   - id: twice
        |         ^
       = rename one of them; the rule in line 7 has the same id

    policy.yaml:11:11: `on` is not a mode
     11 |     mode: on
        |           ^
       = use one of `enforce`, `report` and `off`

    policy.yaml:13:11: empty list
     13 |     only: []
        |           ^
       = add at least one element, such as `[{ projects: [shop-*] }]`

    policy.yaml:15:9: selector without a criterion
     15 |       - until: 2027-02-30
        |         ^
       = add at least one of `projects`, `branches`, `initiators`, `accounts`, `regions`, `sources`, `tags` and `when`

    policy.yaml:15:16: `2027-02-30` is not a date
     15 |       - until: 2027-02-30
        |                ^
       = use a date such as `2027-01-31`
    ");
}

#[test]
fn a_check_that_is_missing_or_misspelt() {
    insta::assert_snapshot!(faults_of_rule("forbiden_branches: [main]"), @r"
    policy.yaml:4:5: unknown key `forbiden_branches` in a rule
     4 |     forbiden_branches: [main]
       |     ^
       = did you mean `forbidden-branches`?
    ");
    insta::assert_snapshot!(faults_of_rule("reason: None at all."), @"
    policy.yaml:3:5: rule without a check
     3 |   - id: a
       |     ^
       = add exactly one of <all checks>
    ");
    insta::assert_snapshot!(faults_of_rule("frobnicate: yes"), @"
    policy.yaml:3:5: rule without a check
     3 |   - id: a
       |     ^
       = add exactly one of <all checks>

    policy.yaml:4:5: unknown key `frobnicate` in a rule
     4 |     frobnicate: yes
       |     ^
       = the known keys are `id`, `reason`, `mode`, `enforce-after`, `only`, `except`, `on-unknown`, `batch`, <all checks>
    ");
}

#[test]
fn values_of_another_kind() {
    insta::assert_snapshot!(faults_of_rule("max-timeout: [60m]"), @"
    policy.yaml:4:18: expected a single value, found a list
     4 |     max-timeout: [60m]
       |                  ^
       = use a duration such as `90s`, `60m`, `2h` or `1h 30m`
    ");
    insta::assert_snapshot!(faults_of_rule("max-timeout:"), @"
    policy.yaml:4:16: expected a single value, found nothing
     4 |     max-timeout:
       |                ^
       = use a duration such as `90s`, `60m`, `2h` or `1h 30m`
    ");
    insta::assert_snapshot!(faults_of_rule("forbidden-branches: main"), @"
    policy.yaml:4:25: expected a list, found `main`
     4 |     forbidden-branches: main
       |                         ^
       = write a list, such as `[main, release/*]`
    ");
    insta::assert_snapshot!(faults_of_rule("forbidden-branches: [[main]]"), @"
    policy.yaml:4:26: expected a single value, found a list
     4 |     forbidden-branches: [[main]]
       |                          ^
       = use a pattern for the whole value, in which `*` matches any run of characters and `?` matches one; case matters
    ");
    insta::assert_snapshot!(faults("- a list"), @"
    policy.yaml:1:1: expected a policy, found a list
     1 | - a list
       | ^
       = write a policy as a mapping with the keys `version`, `mode`, `never-stop`, `prices`, `safety` and `rules`
    ");
    insta::assert_snapshot!(faults(""), @"
    policy.yaml:1:1: expected a policy, found nothing
       = write a policy as a mapping with the keys `version`, `mode`, `never-stop`, `prices`, `safety` and `rules`
    ");
    insta::assert_snapshot!(faults("version: 1\nrules: none"), @"
    policy.yaml:2:8: expected a list, found `none`
     2 | rules: none
       |        ^
       = write a list, such as `- id: short-builds`
    ");
    insta::assert_snapshot!(faults("version: 1\nrules: [~]"), @"
    policy.yaml:2:9: expected a rule, found nothing
     2 | rules: [~]
       |         ^
       = write a rule as a mapping with the keys `id`, `reason`, `mode`, `enforce-after`, `only`, `except`, `on-unknown`, `batch`, <all checks>
    ");
}

#[test]
fn patterns_that_mean_something_elsewhere() {
    insta::assert_snapshot!(faults_of_rule("forbidden-branches: [^main$, 'release-[0-9]']"), @"
    policy.yaml:4:26: `^main$` is not a pattern: a pattern always matches the whole value; remove `^` and `$`
     4 |     forbidden-branches: [^main$, 'release-[0-9]']
       |                          ^
       = use a pattern for the whole value, in which `*` matches any run of characters and `?` matches one; case matters

    policy.yaml:4:34: `release-[0-9]` is not a pattern: the only wildcards are `*` (any run of characters) and `?` (one character)
     4 |     forbidden-branches: [^main$, 'release-[0-9]']
       |                                  ^
       = use a pattern for the whole value, in which `*` matches any run of characters and `?` matches one; case matters
    ");
}

#[test]
fn exemptions() {
    insta::assert_snapshot!(faults_of_rule("max-timeout: 5m\nonly: [{ until: 2027-01-31 }]"), @"
    policy.yaml:5:12: selector without a criterion
     5 |     only: [{ until: 2027-01-31 }]
       |            ^
       = add at least one of `projects`, `branches`, `initiators`, `accounts`, `regions`, `sources`, `tags` and `when`

    policy.yaml:5:14: unknown key `until` in a selector
     5 |     only: [{ until: 2027-01-31 }]
       |              ^
       = the known keys are `projects`, `branches`, `initiators`, `accounts`, `regions`, `sources`, `tags` and `when`
    ");
    insta::assert_snapshot!(faults_of_rule("max-timeout: 5m\nexcept: [{ reason: Because. }]"), @"
    policy.yaml:5:14: selector without a criterion
     5 |     except: [{ reason: Because. }]
       |              ^
       = add at least one of `projects`, `branches`, `initiators`, `accounts`, `regions`, `sources`, `tags` and `when`
    ");
    insta::assert_snapshot!(faults_of_rule("max-timeout: 5m\nexcept: [{ projects: [a], until: tomorrow }]"), @"
    policy.yaml:5:38: `tomorrow` is not a date
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
    policy.yaml:2:18: `free` is not an amount of USD
     2 | prices: { SMALL: free, LARGE: -1 }
       |                  ^
       = use an amount of USD greater than zero, such as `2.50`

    policy.yaml:2:31: `-1` is not greater than zero
     2 | prices: { SMALL: free, LARGE: -1 }
       |                               ^
       = use an amount of USD greater than zero, such as `2.50`

    policy.yaml:3:32: `120%` is more than 100 %
     3 | safety: { max-stops-per-sweep: 120%, max-stops: 3 }
       |                                ^
       = use a percentage of the running builds such as `20%`, or a number of builds such as `50`

    policy.yaml:3:38: unknown key `max-stops` in safety
     3 | safety: { max-stops-per-sweep: 120%, max-stops: 3 }
       |                                      ^
       = the known keys are `max-stops-per-sweep`

    policy.yaml:5:24: `5 USD` is not an amount of USD
     5 |   - { id: a, max-cost: 5 USD }
       |                        ^
       = use an amount of USD greater than zero, such as `2.50`

    policy.yaml:6:28: `60` is a number without a unit
     6 |   - { id: b, max-duration: 60, batch: all }
       |                            ^
       = use a duration such as `90s`, `60m`, `2h` or `1h 30m`

    policy.yaml:6:39: `all` is not a valid value for `batch`
     6 |   - { id: b, max-duration: 60, batch: all }
       |                                       ^
       = use one of `build` and `stop-all`
    ");
    insta::assert_snapshot!(faults("{version: 1, prices: {}, safety: {max-stops-per-sweep: a few}, rules: [{id: a, max-cost: 0}]}"), @"
    policy.yaml:1:22: expected a mapping of prices, found an empty mapping
     1 | {version: 1, prices: {}, safety: {max-stops-per-sweep: a few}, rules: [{id: a, max-cost: 0}]}
       |                      ^
       = write a mapping of prices, such as `{ LINUX_CONTAINER/BUILD_GENERAL1_SMALL: 0.005 }`

    policy.yaml:1:56: `a few` is not a number of builds
     1 | {version: 1, prices: {}, safety: {max-stops-per-sweep: a few}, rules: [{id: a, max-cost: 0}]}
       |                                                        ^
       = use a percentage of the running builds such as `20%`, or a number of builds such as `50`

    policy.yaml:1:90: `0` is not greater than zero
     1 | {version: 1, prices: {}, safety: {max-stops-per-sweep: a few}, rules: [{id: a, max-cost: 0}]}
       |                                                                                          ^
       = use an amount of USD greater than zero, such as `2.50`
    ");
    assert_eq!(faults("{version: 1, safety: {max-stops-per-sweep: 50}, rules: [{id: a, max-cost: 1}]}"), "no fault");
}

#[test]
fn how_many_a_sweep_may_stop() {
    let of = |setting: &str, running| {
        let text = format!("{{version: 1, {setting} rules: [{{id: a, max-timeout: 5m}}]}}");
        Policy::parse("p", &text).unwrap().max_stops.of(running)
    };
    assert_eq!([of("", 0), of("", 25), of("", 30), of("", 1000)], [5, 5, 6, 200]);
    let half = "safety: {max-stops-per-sweep: 50%},";
    assert_eq!([of(half, 10), of(half, 13), of(half, 1000)], [5, 6, 500]);
    let number = "safety: {max-stops-per-sweep: 7},";
    assert_eq!([of(number, 10), of(number, 1000)], [7, 7]);
    assert_eq!(of("safety: {max-stops-per-sweep: 0},", 1000), 5);
}

#[test]
fn enforce_after_goes_with_mode_report_alone() {
    insta::assert_snapshot!(faults_of_rule("max-timeout: 5m\nenforce-after: 2027-03-01"), @"
    policy.yaml:5:20: `enforce-after` without `mode: report`
     5 |     enforce-after: 2027-03-01
       |                    ^
       = add `mode: report` to the rule
    ");
    insta::assert_snapshot!(faults_of_rule("max-timeout: 5m\nmode: enforce\nenforce-after: 2027-03-01"), @"
    policy.yaml:6:20: `enforce-after` without `mode: report`
     6 |     enforce-after: 2027-03-01
       |                    ^
       = add `mode: report` to the rule
    ");
}

#[test]
fn text_that_is_not_yaml() {
    insta::assert_snapshot!(faults("version: 1\nrules: [\n"), @"
    policy.yaml:2:8: invalid YAML: unclosed bracket '['
     2 | rules: [
       |        ^
       = correct the YAML syntax here
    ");
    insta::assert_snapshot!(faults("a: b: c\n"), @"
    policy.yaml:1:5: invalid YAML: mapping values are not allowed in this context
     1 | a: b: c
       |     ^
       = put the whole value into quotes, or into a block: `|`, and the value on the next line
    ");
    insta::assert_snapshot!(faults("version: 1\n---\nversion: 1\n"), @"
    policy.yaml:2:1: second YAML document
     2 | ---
       | ^
       = remove it; a file has one document
    ");
    insta::assert_snapshot!(faults("version: 1\nversion: 1\nrules:\n\t- id: a\n"), @"
    policy.yaml:4:1: invalid YAML: a tab in the indentation
     4 |  - id: a
       | ^
       = indent with spaces
    ");
    insta::assert_snapshot!(faults("\0"), @r"
    policy.yaml:1:1: invalid YAML: unexpected character: `\u{0}'
     1 | 
       | ^
       = correct the YAML syntax here
    ");
    insta::assert_snapshot!(faults(&"[".repeat(100_000)), @"
    policy.yaml:1:256: invalid YAML: recursion limit exceeded
     1 | [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[
       |                                                   ^
       = correct the YAML syntax here
    ");
}

#[test]
fn aliases_that_cannot_be_followed() {
    insta::assert_snapshot!(faults("version: &v [*v]\n"), @"
    policy.yaml:1:14: alias within the value that it stands for
     1 | version: &v [*v]
       |              ^
       = replace the alias with the value itself
    ");
    insta::assert_snapshot!(faults("version: *v\n"), @"
    policy.yaml:1:10: invalid YAML: while parsing node, found unknown anchor
     1 | version: *v
       |          ^
       = correct the YAML syntax here
    ");
    let line = |number: usize| format!("l{number}: &l{number} [{}]\n", format!("*l{},", number - 1).repeat(10));
    let bomb: String = (1..9).map(line).collect();
    insta::assert_snapshot!(faults(&format!("l0: &l0 [x]\n{bomb}")), @"
    policy.yaml:6:18: anchors and aliases copy more than 100000 values
     6 | l5: &l5 [*l4,*l4,*l4,*l4,*l4,*l4,*l4,*l4,*l4,*l4,]
       |                  ^
       = use fewer aliases
    ");
    let nested =
        |number: usize| format!("l{number}: &l{number} {}*l{}{}\n", "[".repeat(100), number - 1, "]".repeat(100));
    let deep: String = (1..4).map(nested).collect();
    insta::assert_snapshot!(faults(&format!("l0: &l0 [x]\n{deep}")), @"
    policy.yaml:4:109: alias that nests values deeper than 255 levels
     4 | [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[*l2]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]
       |                                                   ^
       = replace the alias with the value itself
    ");
}

#[test]
fn a_fault_in_a_very_long_line_shows_the_part_about_it() {
    let text = format!("{{version: 1, rules: [{{id: a, {}max-timeuot: 5m}}]}}", " ".repeat(100_000));
    insta::assert_snapshot!(faults(&text), @r"
    policy.yaml:1:100030: unknown key `max-timeuot` in a rule
     1 |                                                   max-timeuot: 5m}]}
       |                                                   ^
       = did you mean `max-timeout`?
    ");
}

mod properties {
    use proptest::prelude::*;

    use crate::policy::Policy;

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(\\PC|\n|[ :,\\[\\]{}#&*!|>'\"%@`-]){0,80}") {
            let _ = Policy::parse("policy.yaml", &text);
        }

        #[test]
        fn no_words_of_the_format_make_it_panic(
            words in prop::collection::vec("version|rules|id|only|except|until|max-timeout|forbidden-branches|1|60m|\\[|\\]|\\{|\\}|: |- |, |\n|\n  |\n    ", 0..40)
        ) {
            if let Err(faults) = Policy::parse("policy.yaml", &words.concat()) {
                prop_assert!(faults.count() > 0);
                prop_assert!(faults.iter().all(|fault| fault.place.line >= 1 && fault.place.column >= 1));
                let _ = faults.to_string();
            }
        }
    }
}
