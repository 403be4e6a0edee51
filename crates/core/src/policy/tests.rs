mod faults;
mod silent;
mod yaml;

use crate::{checks, policy::Policy, yaml::words::quoted_list};

/// The faults of a policy, as `buildbrake check` shows them.
fn faults(text: &str) -> String {
    let checks = quoted_list(&checks::ids().collect::<Vec<_>>());
    match Policy::parse("policy.yaml", text) {
        Ok(_) => "no fault".into(),
        // A new check must not change every snapshot.
        Err(faults) => faults.to_string().replace(&checks, "<all checks>"),
    }
}

/// The faults of a rule with these keys after its id.
fn faults_of_rule(keys: &str) -> String {
    let indented: String = keys.lines().map(|line| format!("    {line}\n")).collect();
    faults(&format!("version: 1\nrules:\n  - id: a\n{indented}"))
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
                prop_assert!(!faults.is_empty());
                prop_assert!(faults.iter().all(|fault| fault.place.line >= 1 && fault.place.column >= 1));
                let _ = faults.to_string();
            }
        }
    }
}
