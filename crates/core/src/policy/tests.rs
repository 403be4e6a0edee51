use expect_policy::*;

use crate::policy::Policy;

/// One helper, so that a change of the format touches no test.
mod expect_policy {
    use crate::policy::Policy;

    /// Every fault of a policy, as `buildbrake check` shows them.
    pub(super) fn faults(text: &str) -> String {
        match Policy::parse("policy.yaml", text) {
            Ok(_) => "no fault".into(),
            Err(faults) => faults.to_string(),
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
fn scalars_are_what_their_author_spelt() {
    // YAML takes these for numbers and truths; as patterns they are texts.
    let text = "{version: 1, rules: [{id: 007, forbidden-branches: [1.10, 0x10, on, 2024], only: [{accounts: [012345678901]}]}]}";
    assert_eq!(faults(text), "no fault");
}

#[test]
fn all_faults_are_told_at_once_and_in_order() {
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
"), @r"
    policy.yaml:1:10: `2` is no version of the format
     1 | version: 2
       |          ^
       = `version: 1`, the one format there is

    policy.yaml:2:1: unknown key `mod` in a policy
     2 | mod: enforce
       | ^
       = did you mean `mode`?

    policy.yaml:3:13: `deploy-*` where a list should be
     3 | never-stop: deploy-*
       |             ^
       = a list, as in `[deploy-*, prod-*]`

    policy.yaml:5:9: `Short Builds` is no id
     5 |   - id: Short Builds
       |         ^
       = an id of lower-case letters, digits and `-`, as in `short-builds`

    policy.yaml:6:5: unknown key `max-timeuot` in a rule
     6 |     max-timeuot: 60m
       |     ^
       = did you mean `max-timeout`?

    policy.yaml:8:18: `60 minutes` is not a duration
     8 |     max-timeout: 60 minutes
       |                  ^
       = a duration in hours, minutes and seconds, as in `90s`, `60m`, `2h` or `1h 30m`

    policy.yaml:9:25: a second check, `forbidden-branches`, beside `max-timeout`
     9 |     forbidden-branches: [main, '']
       |                         ^
       = exactly one check a rule: make two rules of it

    policy.yaml:9:32: `` is no pattern: an empty pattern fits nothing; `*` fits everything
     9 |     forbidden-branches: [main, '']
       |                                ^
       = a pattern: `*` for any run of characters, `?` for one, the whole value, case counts

    policy.yaml:10:9: two rules are called `twice`
     10 |   - id: twice
        |         ^
       = an id of its own: line 7 has this one

    policy.yaml:11:11: `on` is no mode
     11 |     mode: on
        |           ^
       = one of `enforce`, `report` and `off`

    policy.yaml:13:11: an empty list
     13 |     only: []
        |           ^
       = at least one element, as in `[{ projects: [shop-*] }]`

    policy.yaml:15:9: a selector that selects by nothing
     15 |       - until: 2027-02-30
        |         ^
       = at least one of `projects`, `branches`, `initiators`, `accounts`, `regions`, `sources`, `tags` and `when`

    policy.yaml:15:16: `2027-02-30` is no date
     15 |       - until: 2027-02-30
        |                ^
       = a day of the calendar as in `2027-01-31`
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
    insta::assert_snapshot!(faults_of_rule("reason: None at all."), @r"
    policy.yaml:3:5: a rule without a check
     3 |   - id: a
       |     ^
       = exactly one of `max-timeout`, `max-queued-timeout`, `max-duration`, `max-queue-time`, `max-cost`, `forbidden-branches`, `allowed-branches`, `forbidden-compute`, `allowed-compute`, `forbidden-images`, `allowed-images`, `forbidden-sources`, `allowed-sources`, `forbidden-initiators`, `allowed-initiators`, `forbidden-variables`, `forbidden-overrides` and `deny-when`
    ");
    insta::assert_snapshot!(faults_of_rule("frobnicate: yes"), @r"
    policy.yaml:3:5: a rule without a check
     3 |   - id: a
       |     ^
       = exactly one of `max-timeout`, `max-queued-timeout`, `max-duration`, `max-queue-time`, `max-cost`, `forbidden-branches`, `allowed-branches`, `forbidden-compute`, `allowed-compute`, `forbidden-images`, `allowed-images`, `forbidden-sources`, `allowed-sources`, `forbidden-initiators`, `allowed-initiators`, `forbidden-variables`, `forbidden-overrides` and `deny-when`

    policy.yaml:4:5: unknown key `frobnicate` in a rule
     4 |     frobnicate: yes
       |     ^
       = the keys known here are `id`, `reason`, `mode`, `enforce-after`, `only`, `except`, `on-unknown`, `batch`, `max-timeout`, `max-queued-timeout`, `max-duration`, `max-queue-time`, `max-cost`, `forbidden-branches`, `allowed-branches`, `forbidden-compute`, `allowed-compute`, `forbidden-images`, `allowed-images`, `forbidden-sources`, `allowed-sources`, `forbidden-initiators`, `allowed-initiators`, `forbidden-variables`, `forbidden-overrides` and `deny-when`
    ");
}

#[test]
fn values_of_another_kind() {
    insta::assert_snapshot!(faults_of_rule("max-timeout: [60m]"), @r"
    policy.yaml:4:18: a list where a single value should be
     4 |     max-timeout: [60m]
       |                  ^
       = a duration in hours, minutes and seconds, as in `90s`, `60m`, `2h` or `1h 30m`
    ");
    insta::assert_snapshot!(faults_of_rule("max-timeout:"), @r"
    policy.yaml:4:16: nothing where a single value should be
     4 |     max-timeout:
       |                ^
       = a duration in hours, minutes and seconds, as in `90s`, `60m`, `2h` or `1h 30m`
    ");
    insta::assert_snapshot!(faults_of_rule("forbidden-branches: main"), @r"
    policy.yaml:4:25: `main` where a list should be
     4 |     forbidden-branches: main
       |                         ^
       = a list, as in `[main, release/*]`
    ");
    insta::assert_snapshot!(faults_of_rule("forbidden-branches: [[main]]"), @r"
    policy.yaml:4:26: a list where a single value should be
     4 |     forbidden-branches: [[main]]
       |                          ^
       = a pattern: `*` for any run of characters, `?` for one, the whole value, case counts
    ");
    insta::assert_snapshot!(faults("- a list"), @r"
    policy.yaml:1:1: a list where a policy should be
     1 | - a list
       | ^
       = a policy is a mapping with the keys `version`, `mode`, `never-stop`, `prices`, `safety` and `rules`
    ");
    insta::assert_snapshot!(faults(""), @r"
    policy.yaml:1:1: nothing where a policy should be
       = a policy is a mapping with the keys `version`, `mode`, `never-stop`, `prices`, `safety` and `rules`
    ");
    insta::assert_snapshot!(faults("version: 1\nrules: none"), @r"
    policy.yaml:2:8: `none` where a list should be
     2 | rules: none
       |        ^
       = a list, as in `- id: short-builds`
    ");
    insta::assert_snapshot!(faults("version: 1\nrules: [~]"), @r"
    policy.yaml:2:9: nothing where a rule should be
     2 | rules: [~]
       |         ^
       = a rule is a mapping with the keys `id`, `reason`, `mode`, `enforce-after`, `only`, `except`, `on-unknown`, `batch`, `max-timeout`, `max-queued-timeout`, `max-duration`, `max-queue-time`, `max-cost`, `forbidden-branches`, `allowed-branches`, `forbidden-compute`, `allowed-compute`, `forbidden-images`, `allowed-images`, `forbidden-sources`, `allowed-sources`, `forbidden-initiators`, `allowed-initiators`, `forbidden-variables`, `forbidden-overrides` and `deny-when`
    ");
}

#[test]
fn patterns_that_mean_something_elsewhere() {
    insta::assert_snapshot!(faults_of_rule("forbidden-branches: [^main$, 'release-[0-9]']"), @r"
    policy.yaml:4:26: `^main$` is no pattern: a pattern fits the whole value: write it without `^` and `$`
     4 |     forbidden-branches: [^main$, 'release-[0-9]']
       |                          ^
       = a pattern: `*` for any run of characters, `?` for one, the whole value, case counts

    policy.yaml:4:34: `release-[0-9]` is no pattern: the only wildcards are `*` (any run of characters) and `?` (one character)
     4 |     forbidden-branches: [^main$, 'release-[0-9]']
       |                                  ^
       = a pattern: `*` for any run of characters, `?` for one, the whole value, case counts
    ");
}

#[test]
fn exemptions() {
    insta::assert_snapshot!(faults_of_rule("max-timeout: 5m\nonly: [{ until: 2027-01-31 }]"), @r"
    policy.yaml:5:12: a selector that selects by nothing
     5 |     only: [{ until: 2027-01-31 }]
       |            ^
       = at least one of `projects`, `branches`, `initiators`, `accounts`, `regions`, `sources`, `tags` and `when`

    policy.yaml:5:14: unknown key `until` in a selector
     5 |     only: [{ until: 2027-01-31 }]
       |              ^
       = the keys known here are `projects`, `branches`, `initiators`, `accounts`, `regions`, `sources`, `tags` and `when`
    ");
    insta::assert_snapshot!(faults_of_rule("max-timeout: 5m\nexcept: [{ reason: Because. }]"), @r"
    policy.yaml:5:14: a selector that selects by nothing
     5 |     except: [{ reason: Because. }]
       |              ^
       = at least one of `projects`, `branches`, `initiators`, `accounts`, `regions`, `sources`, `tags` and `when`
    ");
    insta::assert_snapshot!(faults_of_rule("max-timeout: 5m\nexcept: [{ projects: [a], until: tomorrow }]"), @r"
    policy.yaml:5:38: `tomorrow` is no date
     5 |     except: [{ projects: [a], until: tomorrow }]
       |                                      ^
       = a day of the calendar as in `2027-01-31`
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
"), @r"
    policy.yaml:2:18: `free` is no amount of USD
     2 | prices: { SMALL: free, LARGE: -1 }
       |                  ^
       = an amount of USD above zero, as in `2.50`

    policy.yaml:2:31: `-1` is not above zero
     2 | prices: { SMALL: free, LARGE: -1 }
       |                               ^
       = an amount of USD above zero, as in `2.50`

    policy.yaml:3:32: `120%` is more than all builds
     3 | safety: { max-stops-per-sweep: 120%, max-stops: 3 }
       |                                ^
       = a part of the running builds as in `20%`, or a number of builds as in `50`

    policy.yaml:3:38: unknown key `max-stops` in safety
     3 | safety: { max-stops-per-sweep: 120%, max-stops: 3 }
       |                                      ^
       = the keys known here are `max-stops-per-sweep`

    policy.yaml:5:24: `5 USD` is no amount of USD
     5 |   - { id: a, max-cost: 5 USD }
       |                        ^
       = an amount of USD above zero, as in `2.50`

    policy.yaml:6:28: `60` is a number without a unit
     6 |   - { id: b, max-duration: 60, batch: all }
       |                            ^
       = a duration in hours, minutes and seconds, as in `90s`, `60m`, `2h` or `1h 30m`

    policy.yaml:6:39: `all` is not what can be stopped of a batch
     6 |   - { id: b, max-duration: 60, batch: all }
       |                                       ^
       = one of `build` and `stop-all`
    ");
    insta::assert_snapshot!(faults("{version: 1, prices: {}, safety: {max-stops-per-sweep: a few}, rules: [{id: a, max-cost: 0}]}"), @r"
    policy.yaml:1:22: an empty mapping where a mapping of prices should be
     1 | {version: 1, prices: {}, safety: {max-stops-per-sweep: a few}, rules: [{id: a, max-cost: 0}]}
       |                      ^
       = a mapping of prices, as in `{ LINUX_CONTAINER/BUILD_GENERAL1_SMALL: 0.005 }`

    policy.yaml:1:56: `a few` is no number of builds
     1 | {version: 1, prices: {}, safety: {max-stops-per-sweep: a few}, rules: [{id: a, max-cost: 0}]}
       |                                                        ^
       = a part of the running builds as in `20%`, or a number of builds as in `50`

    policy.yaml:1:90: `0` is not above zero
     1 | {version: 1, prices: {}, safety: {max-stops-per-sweep: a few}, rules: [{id: a, max-cost: 0}]}
       |                                                                                          ^
       = an amount of USD above zero, as in `2.50`
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
    insta::assert_snapshot!(faults_of_rule("max-timeout: 5m\nenforce-after: 2027-03-01"), @r"
    policy.yaml:5:20: `enforce-after` without `mode: report`
     5 |     enforce-after: 2027-03-01
       |                    ^
       = `mode: report` in the same rule
    ");
    insta::assert_snapshot!(faults_of_rule("max-timeout: 5m\nmode: enforce\nenforce-after: 2027-03-01"), @r"
    policy.yaml:6:20: `enforce-after` without `mode: report`
     6 |     enforce-after: 2027-03-01
       |                    ^
       = `mode: report` in the same rule
    ");
}

#[test]
fn text_that_is_no_yaml() {
    insta::assert_snapshot!(faults("version: 1\nrules: [\n"), @r"
    policy.yaml:2:8: this is not YAML: unclosed bracket '['
     2 | rules: [
       |        ^
       = correct the YAML here
    ");
    insta::assert_snapshot!(faults("a: b: c\n"), @r"
    policy.yaml:1:5: this is not YAML: mapping values are not allowed in this context
     1 | a: b: c
       |     ^
       = put the whole value into quotes, or into a block: `|` and a line below
    ");
    insta::assert_snapshot!(faults("version: 1\n---\nversion: 1\n"), @r"
    policy.yaml:2:1: a second YAML document
     2 | ---
       | ^
       = one file holds one document
    ");
    insta::assert_snapshot!(faults("version: 1\nversion: 1\nrules:\n\t- id: a\n"), @r"
    policy.yaml:4:2: this is not YAML: tabs disallowed within this context (block indentation)
     4 |  - id: a
       |  ^
       = correct the YAML here
    ");
    insta::assert_snapshot!(faults("\0"), @r"
    policy.yaml:1:1: this is not YAML: unexpected character: `\u{0}'
     1 | 
       | ^
       = correct the YAML here
    ");
    insta::assert_snapshot!(faults(&"[".repeat(100_000)), @r"
    policy.yaml:1:256: this is not YAML: recursion limit exceeded
     1 | [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[
       |                                                   ^
       = correct the YAML here
    ");
}

#[test]
fn aliases_that_cannot_be_followed() {
    insta::assert_snapshot!(faults("version: &v [*v]\n"), @r"
    policy.yaml:1:14: an alias within what it stands for
     1 | version: &v [*v]
       |              ^
       = write the value here
    ");
    insta::assert_snapshot!(faults("version: *v\n"), @r"
    policy.yaml:1:10: this is not YAML: while parsing node, found unknown anchor
     1 | version: *v
       |          ^
       = correct the YAML here
    ");
    let line = |number: usize| format!("l{number}: &l{number} [{}]\n", format!("*l{},", number - 1).repeat(10));
    let bomb: String = (1..9).map(line).collect();
    insta::assert_snapshot!(faults(&format!("l0: &l0 [x]\n{bomb}")), @r"
    policy.yaml:6:18: anchors and aliases of more than 100000 values
     6 | l5: &l5 [*l4,*l4,*l4,*l4,*l4,*l4,*l4,*l4,*l4,*l4,]
       |                  ^
       = fewer of them
    ");
    let nested =
        |number: usize| format!("l{number}: &l{number} {}*l{}{}\n", "[".repeat(100), number - 1, "]".repeat(100));
    let deep: String = (1..4).map(nested).collect();
    insta::assert_snapshot!(faults(&format!("l0: &l0 [x]\n{deep}")), @r"
    policy.yaml:4:109: an alias that nests values too deep
     4 | [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[*l2]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]
       |                                                   ^
       = write the value here
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
