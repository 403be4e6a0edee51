use proptest::{prelude::*, sample::subsequence};

use crate::{
    diagnostic::{Diagnostics, Severity, fixed},
    policy::Policy,
};

fn diagnose(text: &str) -> Diagnostics {
    Policy::diagnose("policy.yaml", text, "2026-11-22T09:00:00Z".parse().unwrap())
}

/// The rule with its fixes.
fn fix(rule: &str) -> String {
    let start = "version: 1\nrules:\n  - id: a # the first\n    ";
    let (text, _) = fixed(&format!("{start}{rule}\n"), diagnose);
    text.strip_prefix(start).expect("the start stays").trim_end().to_owned()
}

#[test]
fn a_fault_with_one_correction_is_fixed() {
    for (rule, expected) in [
        ("max-timout: 60m # an hour", "max-timeout: 60m # an hour"),
        ("forbiden-branches:   [ main ]", "forbidden-branches:   [ main ]"),
        ("forbiden-branches: main", "forbidden-branches: [main]"),
        ("forbidden-branches:\n      -main # ours", "forbidden-branches:\n      - main # ours"),
        ("forbidden-branches:\n      -main\n    mode: reprot", "forbidden-branches:\n      - main\n    mode: report"),
        ("\"max-timout\": 60m", "\"max-timeout\": 60m"),
        ("max-timeout: 60m\n    onwer: me", "max-timeout: 60m\n    owner: me"),
        ("max-timeout: 60m\n    reason:because", "max-timeout: 60m\n    reason: because"),
        // Both other faults are found only in YAML.
        (
            "max-timout: 60m\n    mode: reprot\n    reason:because",
            "max-timeout: 60m\n    mode: report\n    reason: because",
        ),
        (
            "max-timeout: 1 hour\n    mode: warn\n    reason:because",
            "max-timeout: 1 hour\n    mode: warn\n    reason: because",
        ),
        (
            "max-timeout: 60m\n    only: [{ regions: [EU_WEST_1] }]",
            "max-timeout: 60m\n    only: [{ regions: [eu-west-1] }]",
        ),
        (
            "max-timeout: 60m\n    only: [{ regions: ['eu-west-1a'] }]",
            "max-timeout: 60m\n    only: [{ regions: ['eu-west-1'] }]",
        ),
        (
            "max-timeout: 60m\n    only: [{ accounts: [1111-2222-3333] }]",
            "max-timeout: 60m\n    only: [{ accounts: [\"111122223333\"] }]",
        ),
        (
            "max-timeout: 60m\n    only: [{ accounts: [111122223333] }] # ours",
            "max-timeout: 60m\n    only: [{ accounts: [\"111122223333\"] }] # ours",
        ),
        ("max-timeout: 60m\n    mode: reprot # for now", "max-timeout: 60m\n    mode: report # for now"),
        ("max-timeout: 60m\n    on-unknown: \"stopp\"", "max-timeout: 60m\n    on-unknown: \"stop\""),
        ("max-timeout: 60m\n    batch: stop_all", "max-timeout: 60m\n    batch: stop-all"),
        ("forbidden-overrides: [images, priviledged]", "forbidden-overrides: [image, privileged]"),
        ("only-newest-per: [projects, ref]", "only-newest-per: [project, ref]"),
        (
            "max-timeout: 60m\n    only: [{ started-by: [users] }]",
            "max-timeout: 60m\n    only: [{ started-by: [user] }]",
        ),
        ("max-timeout: 60m\n    only: [{ kinds: [builds] }]", "max-timeout: 60m\n    only: [{ kinds: [build] }]"),
        ("forbidden-branches: main # and no other", "forbidden-branches: [main] # and no other"),
        ("forbidden-branches: 'release/*'", "forbidden-branches: ['release/*']"),
        ("forbidden-overrides: image", "forbidden-overrides: [image]"),
        (
            "max-timeout: 60m\n    only: [{ tags: { team: shop } }]",
            "max-timeout: 60m\n    only: [{ tags: { team: [shop] } }]",
        ),
        ("allowed-sources: [\"s3://bucket/key\"]", "allowed-sources: [\"bucket/key\"]"),
        ("deny-when: buid.environment.privilegedMode", "deny-when: build.environment.privilegedMode"),
        ("deny-when: build.environment.priviledgedMode", "deny-when: build.environment.privilegedMode"),
        ("deny-when: build.projectName.startWith(\"a\")", "deny-when: build.projectName.startsWith(\"a\")"),
        (
            "deny-when: >\n      build.buildStatus ==\n      \"failed\" # no comment",
            "deny-when: >\n      build.buildStatus ==\n      \"failed\" # no comment",
        ),
        ("deny-when: 'build.source.type == \"github\"'", "deny-when: 'build.source.type == \"GITHUB\"'"),
        ("deny-when: \"build.source.type == 'github'\"", "deny-when: \"build.source.type == 'GITHUB'\""),
    ] {
        assert_eq!(fix(rule), expected, "{rule}");
    }
}

#[test]
fn a_fault_without_a_safe_correction_stays() {
    for rule in [
        "max-timeout: 1 hour",
        // Two checks would be the right one.
        "max-que-timeout: 60m",
        // The corrected key is there already.
        "max-timeout: 60m\n    max-timout: 90m",
        "forbidden-images: [nonsense:*, 'a b']",
        // It would change what the policy does.
        "forbidden-branches: [Main]",
        "allowed-sources: [https://github.com/acme/shop/tree/main]",
        // It would allow, or exempt, more than anybody named.
        "allowed-sources: [github.com]",
        "allowed-sources: ['git@github.com']",
        "allowed-images: [':latest']",
        "allowed-images: [aws/codebuild/]",
        "max-timeout: 60m\n    except: [{ sources: [github.com], reason: OPS-1 }]",
        "max-timeout: 60m\n    only: [{ regions: [Atlantis] }]",
        "max-timeout: !!str 60m",
        "max-timeout: 60m\n    mode: on",
        "max-timeout: 60m\n    mode: warn",
        // A pattern or a short name would mean something else in `matches`.
        "deny-when: '!branch.matches(\"^refs/heads/main$|^refs/heads/dev$\")'",
        "deny-when: branch.matches(\"^refs/heads/main$\")",
        "deny-when: branch.matches(\"^refs/heads/release/[0-9]+$\")",
        "deny-when: ref.matches(\"^heads/main$\")",
        "deny-when: region.matches(\"^EU-WEST-1$|^EU-WEST-2$\")",
        "deny-when: region.startsWith(\"EU-\")",
        "deny-when: account.contains(\"1111-2222-3333\")",
        "deny-when: any(build.phases, p, p.phaseType == \"BUILD\")",
        // One branch, or two?
        "forbidden-branches: main, develop",
        "forbidden-branches: main develop",
        "forbidden-branches: |\n      main",
        // A list in the next line, or a name?
        "forbidden-branches: -main",
        "forbidden-branches:\n      -main\n      -dev",
        "forbidden-branches: --main",
        "max-timeout: 60m\n    only: shop",
    ] {
        assert_eq!(fix(rule), rule);
    }
}

/// The fix of another fault is no reason for it.
#[test]
fn a_correction_that_leads_nowhere_is_not_kept() {
    let lists = "deny-when: build.phases.exist(p, p.phasType == \"BUILD\", 1)";
    assert_eq!(fix(lists), lists);
    let with = |mode: &str| format!("{lists}\n    mode: {mode}");
    assert_eq!(fix(&with("reprot")), with("report"));
}

#[test]
fn every_line_and_its_end_stay_as_they_are() {
    let text = "# ä policy\r\nversion: 1\r\nrules:\r\n  - id: a\r\n    max-timout: 60m # ü\r\n\r\n# the end";
    let (fixed, fixes) = fixed(text, diagnose);
    assert_eq!(fixed, text.replace("timout", "timeout"));
    assert_eq!((fixes.len(), fixes[0].place.line, fixes[0].end().column), (1, 5, 15));
}

/// Lines of a policy with mistakes, and some without.
const LINES: [&str; 16] = [
    "    max-timout: 60m # one",
    "    max-timeout: 60m",
    "    forbiden-branches: [main] # two",
    "    onwer: team # three",
    "    reason:because",
    "    mode: reprot",
    "    only: [{ acounts: [111122223333] }]",
    "    only: [{ accounts: [1111-2222-3333] }] # four",
    "    only: [{ regions: [EU_WEST_1], projects: [a b] }]",
    "    except: [{ branches: [main], untill: 2099-01-01 }]",
    "    allowed-sources: [s3://bucket/key] # five",
    "    deny-when: buid.environment.privilegedMode",
    "    deny-when: '!has(build.vpcConfg)' # six",
    "    deny-when: build.source.type == \"github\"",
    "    max-duration: &limit 1 hour",
    "    max-queue-time: *limit",
];

proptest! {
    #[test]
    fn fixes_leave_fewer_faults_and_every_comment(
        rules in prop::collection::vec(subsequence(LINES.to_vec(), 1..5), 1..4)
    ) {
        let mut text = String::from("version: 1 # start\nrules: # all\n");
        for (index, lines) in rules.iter().enumerate() {
            text.push_str(&format!("  - id: rule-{index}\n{}\n", lines.join("\n")));
        }
        let (better, fixes) = fixed(&text, diagnose);
        let (before, after) = (diagnose(&text), diagnose(&better));
        let score = |found: &Diagnostics| {
            let is_no_yaml = found.iter().any(|one| one.code.hides_others());
            (is_no_yaml, found.count(Severity::Error), found.count(Severity::Warning))
        };
        prop_assert_eq!(fixes.is_empty(), better == text);
        prop_assert!(fixes.is_empty() || score(&after) < score(&before), "{}\n{}", text, better);
        let (again, more) = fixed(&better, diagnose);
        prop_assert!(more.is_empty() && again == better, "{}", better);
        let comments = |text: &str| -> Vec<String> {
            text.lines().filter_map(|line| line.split_once(" # ")).map(|(_, comment)| comment.to_owned()).collect()
        };
        prop_assert_eq!(comments(&better), comments(&text));
        prop_assert_eq!(better.lines().count(), text.lines().count());
    }
}
