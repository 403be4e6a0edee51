mod running;

use super::*;
use crate::explain::Reason;

const POLICY: &str = "\
version: 1
never-stop: [deploy-*]
rules:
  - { id: short-builds, max-timeout: 60m }
  - id: protected-branches
    forbidden-branches: [main]
    except:
      - { initiators: [Release/*], until: 2027-01-31, reason: OPS-1 }
      - when: build.environment.privilegedMode
  - { id: costly, mode: report, forbidden-compute: ['*LARGE'], only: [{ projects: [shop*] }] }
  - { id: strict, allowed-images: ['aws/*'], on-unknown: stop }
  - { id: open, forbidden-sources: ['*secret*'], on-unknown: ignore }
  - { id: unused, mode: off, max-timeout: 1m }
";

const EVENT: &str = include_str!("../../../../events/forbidden-branch.json");

const PHASE_CHANGE: &str = r#"{
    "source": "aws.codebuild", "detail-type": "CodeBuild Build Phase Change", "time": "2026-11-22T10:00:00Z",
    "detail": {
        "build-id": "arn:aws:codebuild:eu-west-1:111122223333:build/shop:5e000000-0000-4000-8000-000000000001",
        "build-status": "IN_PROGRESS",
        "additional-information": {
            "build-complete": false,
            "build-start-time": "Nov 22, 2026 8:00:00 AM",
            "phases": [{"phase-type": "PROVISIONING", "start-time": "Nov 22, 2026 8:00:00 AM"}]
        }
    }
}"#;

fn read(path: &str) -> Result<File, String> {
    let text = match path {
        "policy.yaml" => POLICY,
        "faulty.yaml" => "version: 2",
        "tests.yaml" => "{policy: policy.yaml, tests: []}",
        "event.json" => EVENT,
        "fleet.json" => r#"{"source": "aws.codebuild", "detail-type": "CodeBuild Fleet State Change", "detail": {}}"#,
        "text.json" => "no event",
        "empty.json" => "\n",
        "message.json" => r#"{"TopicArn": "arn:aws:sns:eu-west-1:111122223333:builds", "Message": "{}"}"#,
        "build.json" => r#"{"builds": [{"id": "shop:5e", "buildStatus": "IN_PROGRESS"}]}"#,
        "timed.yaml" => "{version: 1, rules: [{id: short-runs, max-duration: 60m}]}",
        "newest.yaml" => {
            "{version: 1, rules: [{id: newest, only-newest-per: [project]}, {id: short-builds, max-timeout: 60m}]}"
        }
        "strict.yaml" => "{version: 1, rules: [{id: newest, only-newest-per: [project], on-unknown: stop}]}",
        "compared.yaml" => running::COMPARED,
        "phases.json" => PHASE_CHANGE,
        _ => return Err("there is no such file".into()),
    };
    Ok(File { name: path.into(), text: text.into() })
}

fn parse(text: &str) -> Result<PolicyTests, String> {
    let all = |faults: Vec<Diagnostics>| faults.iter().map(Diagnostics::to_string).collect::<Vec<_>>().join("\n\n");
    PolicyTests::parse(&File { name: "tests.yaml".into(), text: text.into() }, read).map_err(all)
}

/// Runs the test of these lines. Returns the explanation of each rule; the last line is the result.
fn check(lines: &str) -> String {
    check_by("policy.yaml", lines)
}

/// Like [`check`], with another policy.
fn check_by(policy: &str, lines: &str) -> String {
    let text = format!("policy: {policy}\ntests:\n  - name: a\n    {}\n", lines.trim().replace('\n', "\n    "));
    let tests = match parse(&text) {
        Ok(tests) => tests,
        Err(faults) => return faults,
    };
    let report = tests.run(|_| true, &mut Coverage::default());
    let result = &report.tests[0];
    let mut lines: Vec<String> =
        result.reasons.iter().map(|Reason { rule, why, .. }| format!("{rule}: {why}")).collect();
    let rows = result.expected.compare(&result.actual).into_iter();
    let rows = rows.map(|Comparison { key, expected, actual }| format!("{key} {expected} / {actual}"));
    lines.extend(result.notes.iter().map(|note| format!("note: {note}")));
    lines.push(format!("{}: {}", if result.passed { "passed" } else { "failed" }, rows.collect::<Vec<_>>().join("; ")));
    lines.join("\n")
}

/// Asserts that the test of an event with `set` passes.
#[track_caller]
fn passes(set: &str, expected: &str) {
    let found = check(&format!("event: event.json\nset: {set}\n{expected}"));
    assert!(found.lines().last().unwrap().starts_with("passed"), "{set}: {expected}\n{found}");
}

#[test]
fn explains_each_decision() {
    insta::assert_snapshot!(check("event: event.json\nset: { environment.image: ~, source.location: null, environment.computeType: X_LARGE }\nexpect: report\nbroken: []"), @"
    short-builds: passes max-timeout 60m
    protected-branches: broken: forbidden-branches main; found: main
    costly: broken (report only): forbidden-compute *LARGE; found: LINUX_CONTAINER/X_LARGE
    strict: could not be evaluated, counts as broken by `on-unknown: stop`: `environment.image` is unknown; set `environment.image`
    open: could not be evaluated, ignored by `on-unknown: ignore`: `source.location` is unknown; set `source.location`
    unused: off
    failed: expect report / stop; broken none / costly, protected-branches, strict
    ");
    insta::assert_snapshot!(check("event: event.json\nset: { initiator: Release/x, projectName: other, environment.computeType: X_LARGE }\nexpect: allow\nexempt: [protected-branches]"), @"
    short-builds: passes max-timeout 60m
    protected-branches: exempt by initiators Release/*, until 2027-01-31: OPS-1
    costly: does not apply: no selector in `only` matches
    strict: passes allowed-images aws/*
    open: passes forbidden-sources *secret*
    unused: off
    passed: expect allow / allow; exempt protected-branches / protected-branches
    ");
    insta::assert_snapshot!(check("event: event.json\nset: { environment.privilegedMode: true, projectName: deploy-x, timeoutInMinutes: 61 }\nexpect: protect"), @"
    short-builds: broken: max-timeout 60m; found: 61m
    protected-branches: exempt by when build.environment.privilegedMode
    costly: passes forbidden-compute *LARGE
    strict: passes allowed-images aws/*
    open: passes forbidden-sources *secret*
    unused: off
    passed: expect protect / protect
    ");
}

/// The batch's initiator and source version count, and the explanation says so.
#[test]
fn a_test_gives_the_batch_of_a_build() {
    let of_a_batch = "event: event.json\nset: { initiator: batches/AWSCodeBuild-1, sourceVersion: 1111111111111111111111111111111111111111 }";
    insta::assert_snapshot!(check(&format!("{of_a_batch}\nexpect: allow\nunknown: [protected-branches]")), @"
    short-builds: passes max-timeout 60m
    protected-branches: could not be evaluated: `buildBatchArn` is unknown; add `batch` to the test
    costly: passes forbidden-compute *LARGE
    strict: passes allowed-images aws/*
    open: passes forbidden-sources *secret*
    unused: off
    passed: expect allow / allow; unknown protected-branches / protected-branches
    ");
    insta::assert_snapshot!(check(&format!("{of_a_batch}\nbatch: {{ sourceVersion: main, initiator: alice }}\nexpect: stop")), @"
    short-builds: passes max-timeout 60m
    protected-branches: broken: forbidden-branches main; found: main (from the batch)
    costly: passes forbidden-compute *LARGE
    strict: passes allowed-images aws/*
    open: passes forbidden-sources *secret*
    unused: off
    passed: expect stop / stop
    ");
    insta::assert_snapshot!(check(&format!("{of_a_batch}\nbatch: {{ sourceVersion: main, initiator: Release/x }}\nexpect: allow")), @"
    short-builds: passes max-timeout 60m
    protected-branches: exempt by initiators Release/* (from the batch), until 2027-01-31: OPS-1
    costly: passes forbidden-compute *LARGE
    strict: passes allowed-images aws/*
    open: passes forbidden-sources *secret*
    unused: off
    passed: expect allow / allow
    ");
    insta::assert_snapshot!(check(&format!("{of_a_batch}\nbatch: {{ sourceVersoin: main }}\nexpect: allow")), @"
    tests.yaml:6:14: error[BB409]: BuildBatch has no member `sourceVersoin`
     6 |     batch: { sourceVersoin: main }
       |              ^
       = did you mean `sourceVersion`?
    ");
}

/// A build that is allowed although a rule could not be evaluated is no proof of the rule.
#[test]
fn an_allowed_build_with_an_undecided_rule_is_noted() {
    let notes = |lines: &str| {
        let found = check(lines);
        assert!(found.lines().last().unwrap().starts_with("passed"), "{found}");
        found.lines().filter(|line| line.starts_with("note")).collect::<Vec<_>>().join("\n")
    };
    let unknown = "event: event.json\nset: { sourceVersion: 1111111111111111111111111111111111111111, source.location: ~ }\nexpect: allow";
    insta::assert_snapshot!(notes(unknown), @"note: passed, but `protected-branches` could not be evaluated: the branch is unknown (the source version is a commit id); add `git` to the test");
    let absent = "event: event.json\nset: { sourceVersion: ~ }\nexpect: allow";
    insta::assert_snapshot!(notes(absent), @"note: passed, but `protected-branches` could not be evaluated: `sourceVersion` is unknown; set `sourceVersion`");
    assert_eq!(notes(&format!("{absent}\nunknown: [protected-branches]")), "", "the test expects it");
    assert_eq!(
        notes("event: event.json\nset: { sourceVersion: dev, source.location: ~ }\nexpect: allow"),
        "",
        "ignored"
    );
    assert_eq!(notes("event: event.json\nset: { environment: ~ }\nexpect: stop"), "", "stopped anyway");
}

#[test]
fn says_how_to_provide_what_is_missing() {
    let policy = "{version: 1, prices: {S: 1}, rules: [
        {id: time, max-duration: 1h}, {id: queue, max-queue-time: 1h}, {id: cost, max-cost: 5},
        {id: fleet, deny-when: build.environment.fleet.fleetArn.endsWith('x')},
        {id: variable, deny-when: 'build.environment.environmentVariables.exists(v, v.type == \"X\")'},
        {id: badge, deny-when: project.badge.badgeEnabled}, {id: division, deny-when: 1 / build.timeoutInMinutes == 1}]}";
    let why = |test: &str| {
        let read =
            |path: &str| if path == "p" { Ok(File { name: "p".into(), text: policy.into() }) } else { read(path) };
        let tests = format!("{{policy: p, tests: [{{name: a, expect: stop, now: 2026-12-01T00:00:00Z, {test}}}]}}");
        let tests = PolicyTests::parse(&File { name: "t".into(), text: tests }, read).unwrap();
        let report = tests.run(|_| true, &mut Coverage::default());
        let reasons = report.tests[0].reasons.iter();
        reasons.map(|Reason { rule, why, .. }| format!("{rule}: {why}")).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(why("event: event.json, set: {phases: ~, environment: {computeType: S}, timeoutInMinutes: 0}"), @"
    time: could not be evaluated: `running` is unknown; set `phases` to test time rules
    queue: could not be evaluated: `queued` is unknown; set `phases` to test time rules
    cost: could not be evaluated: `running` is unknown; set `phases` to test time rules
    fleet: could not be evaluated: `build.environment.fleet` is unknown; set `environment.fleet`
    variable: could not be evaluated: `build.environment.environmentVariables` is unknown; set `environment.environmentVariables`
    badge: could not be evaluated: the project is unknown; add `project` to the test
    division: could not be evaluated: its expression has no result (division by zero)
    ");
    insta::assert_snapshot!(why("build: {startTime: 2026-11-20T09:28:52Z, environment: {environmentVariables: [{name: A}]}}, project: {name: x}"), @"
    time: could not be evaluated: the running time is unknown (the build has no phases); set `phases` to test time rules
    queue: could not be evaluated: the queue time is unknown (the build has no phases); set `phases` to test time rules
    cost: could not be evaluated: `environment.computeType` is unknown; set `environment.computeType`
    fleet: could not be evaluated: `build.environment.fleet` is unknown; set `environment.fleet`
    variable: could not be evaluated: `build.environment.environmentVariables[].type` is unknown; set `environment.environmentVariables`
    badge: could not be evaluated: `project.badge` is unknown; add `badge` to the test's `project`
    division: could not be evaluated: `build.timeoutInMinutes` is unknown; set `timeoutInMinutes`
    ");
}

#[test]
fn members_are_set_and_taken_away() {
    passes("{ sourceVersion: dev }", "expect: allow\nbroken: []\nunknown: []");
    passes("{ sourceVersion: ~ }", "expect: allow\nunknown: [protected-branches]");
    passes("{ sourceVersion: 1.10, timeoutInMinutes: 61 }", "expect: stop\nbroken: [short-builds]");
    passes("{ environment: ~, sourceVersion: dev }", "expect: stop\nbroken: [strict]\nunknown: [strict, costly]");
    passes("{ environment: { image: aws/x }, sourceVersion: dev }", "expect: allow\nunknown: [costly]");
    passes("{ environment: ~, environment.image: aws/x, sourceVersion: dev }", "expect: allow\nunknown: [costly]");
    passes("{ vpcConfig.vpcId: ~ }", "expect: stop");
    passes("{ environment.environmentVariables: [{ name: A, value: 012, type: PLAINTEXT }] }", "expect: stop");
}

/// Dates in a policy are compared with this time.
#[test]
fn now_is_given_or_comes_from_the_event_or_the_build() {
    passes("{ initiator: Release/x }", "expect: allow");
    passes("{ initiator: Release/x }", "now: 2027-01-31T23:59:59Z\nexpect: allow");
    passes("{ initiator: Release/x }", "now: 2027-02-01T00:00:00Z\nexpect: stop");
    passes("{ initiator: Release/x }", "now: 2027-02-01T00:30:00+01:00\nexpect: allow");
    let at = |start: &str| check(&format!("build: {{ projectName: a, startTime: {start} }}\nexpect: stop"));
    for start in ["2026-11-20T09:28:52Z", "1795166932", "1795166932.5"] {
        assert!(at(start).contains("passed: expect stop"), "{start}");
    }
    insta::assert_snapshot!(at("~"), @"
    tests.yaml:3:5: error[BB404]: no time at which to judge the build
     3 |   - name: a
       |     ^
       = add `now: 2026-11-22T09:00:00Z`, or a `startTime` to the build
    ");
    insta::assert_snapshot!(at("yesterday"), @"
    tests.yaml:4:41: error[BB410]: `yesterday` is not a valid `startTime`
     4 |     build: { projectName: a, startTime: yesterday }
       |                                         ^
       = use a time, as in `2026-11-22T09:00:00Z`
    ");
}

/// A member that a whole build lacks does not exist; an event carries less.
#[test]
fn a_build_is_whole_and_an_event_is_not() {
    let policy = "{version: 1, rules: [{id: vpc, deny-when: '!has(build.vpcConfig)'}]}";
    let read =
        |path: &str| if path == "vpc" { Ok(File { name: "vpc".into(), text: policy.into() }) } else { read(path) };
    let tests = "{policy: vpc, tests: [
        {name: a, event: event.json, expect: allow, unknown: [vpc]},
        {name: b, build: {startTime: 2026-11-20T09:28:52Z}, expect: stop, broken: [vpc]}]}";
    let tests = PolicyTests::parse(&File { name: "t".into(), text: tests.into() }, read).unwrap();
    assert!(tests.run(|_| true, &mut Coverage::default()).tests.iter().all(|test| test.passed));
}

#[test]
fn a_builds_id_may_be_short() {
    let found = check(
        "build: { id: 'shop:1', projectName: shop, arn: 'arn:aws:codebuild:eu-west-1:111122223333:build/shop:1', timeoutInMinutes: 61 }\nnow: 2026-11-22T09:00:00Z\nexpect: stop",
    );
    assert!(found.contains("short-builds: broken") && found.contains("expect stop / stop"), "{found}");
}

#[test]
fn the_project_is_known_where_it_is_given() {
    let policy = "{version: 1, rules: [{id: p, deny-when: 'project.badge.badgeEnabled'}]}";
    let read = |path: &str| if path == "p" { Ok(File { name: "p".into(), text: policy.into() }) } else { read(path) };
    let tests = "{policy: p, tests: [
        {name: a, event: event.json, expect: allow, unknown: [p]},
        {name: b, event: event.json, project: {badge: {badgeEnabled: True}}, expect: stop}]}";
    let tests = PolicyTests::parse(&File { name: "t".into(), text: tests.into() }, read).unwrap();
    assert!(tests.run(|_| true, &mut Coverage::default()).tests.iter().all(|test| test.passed));
}

#[test]
fn tests_share_a_build_by_anchors_and_merges() {
    let tests = parse(
        "{policy: policy.yaml, tests: [
        {name: a, expect: allow, build: &base {projectName: x, sourceVersion: dev, timeoutInMinutes: &hour 60,
            startTime: 2026-11-20T09:28:52Z, environment: {image: aws/x, type: X, computeType: S, privilegedMode: false},
            initiator: me}},
        {name: b, expect: stop, broken: [short-builds], build: *base, set: {timeoutInMinutes: 61}},
        {name: c, expect: stop, broken: [protected-branches],
            build: {<<: *base, sourceVersion: main, timeoutInMinutes: *hour}}]}",
    );
    let report = tests.unwrap().run(|_| true, &mut Coverage::default());
    assert!(report.tests.iter().all(|test| test.passed), "{report:#?}");
}

#[test]
fn the_order_of_a_list_does_not_count() {
    passes("{ timeoutInMinutes: 90 }", "expect: stop\nbroken: [short-builds, protected-branches]");
    passes("{ timeoutInMinutes: 90 }", "expect: stop\nbroken: [protected-branches, short-builds]");
    assert!(check("event: event.json\nexpect: stop\nbroken: []").ends_with("broken none / protected-branches"));
}

#[test]
fn coverage_is_of_all_files_of_a_policy() {
    let mut coverage = Coverage::default();
    let mut run = |test: &str| {
        let tests =
            parse(&format!("policy: policy.yaml\ntests: [{{ name: a, expect: allow, event: event.json, {test} }}]"));
        tests.unwrap().run(|_| true, &mut coverage);
        let open = coverage.uncovered();
        open.iter().map(|open| format!("{:?} {:?}", open.never_broken, open.never_passed)).collect::<String>()
    };
    // An exempt build passes nothing: without the exemption it would break the rule. Rules that are off need no test.
    insta::assert_snapshot!(run("set: { initiator: Release/x }"), @r#"["short-builds", "protected-branches", "costly", "strict", "open"] ["protected-branches"]"#);
    insta::assert_snapshot!(run("set: { sourceVersion: dev, timeoutInMinutes: 61 }"), @r#"["protected-branches", "costly", "strict", "open"] []"#);
    // Exemptions are left.
    insta::assert_snapshot!(run("set: { environment.computeType: LARGE, environment.image: x, source.location: https://github.com/secret/x }"), @"[] []");
}

/// A build that an exemption matches and that breaks nothing anyway does not show what the exemption does.
#[test]
fn an_exemption_that_no_tested_build_needs_is_uncovered() {
    let policy = "version: 1\nrules:\n  - id: a\n    max-timeout: 60m\n    except:\n      - projects: [shop]\n      \
                  - initiators: [alice]\n  - { id: b, mode: off, max-timeout: 1h, except: [{projects: [x]}] }\n";
    let unused = |builds: &[&str]| {
        let tests = builds.iter().enumerate().map(|(index, build)| {
            format!("{{name: '{index}', now: 2026-11-22T09:00:00Z, expect: allow, build: {build}}}")
        });
        let text = format!("{{policy: p.yaml, tests: [{}]}}", tests.collect::<Vec<_>>().join(", "));
        let file = File { name: "tests.yaml".to_owned(), text };
        let read = |_: &str| Ok(File { name: "p.yaml".to_owned(), text: policy.to_owned() });
        let mut coverage = Coverage::default();
        PolicyTests::parse(&file, read).unwrap().run(|_| true, &mut coverage);
        let open = coverage.uncovered();
        let unused = open.iter().flat_map(|open| &open.never_exempted);
        unused.map(|one| format!("{} in line {}", one.rule, one.line)).collect::<Vec<_>>()
    };
    let short = "{projectName: shop, timeoutInMinutes: 5, initiator: bob}";
    assert_eq!(unused(&[short]), ["a in line 6", "a in line 7"]);
    let of_shop = "{projectName: shop, timeoutInMinutes: 90, initiator: bob}";
    assert_eq!(unused(&[short, of_shop]), ["a in line 7"]);
    let of_alice = "{projectName: web, timeoutInMinutes: 90, initiator: alice}";
    assert_eq!(unused(&[of_shop, of_alice]), [""; 0]);
}

#[test]
fn a_rule_that_would_stop_every_tested_build_is_named() {
    let stopping = |tests: &str| {
        let mut coverage = Coverage::default();
        parse(&format!("{{policy: policy.yaml, tests: [{tests}]}}")).unwrap().run(|_| true, &mut coverage);
        coverage.uncovered().remove(0).stop_every_build
    };
    let one = "{name: a, expect: stop, event: event.json}";
    let two = "{name: b, expect: stop, event: event.json, set: {timeoutInMinutes: 61, environment.image: ~}}";
    assert_eq!(stopping(one), [""; 0], "one build proves nothing");
    assert_eq!(stopping(&format!("{one}, {two}")), ["protected-branches"]);
    let other = "{name: c, expect: allow, event: event.json, set: {sourceVersion: dev}}";
    assert_eq!(stopping(&format!("{one}, {two}, {other}")), [""; 0]);
    let reported =
        "{name: a, expect: report, event: event.json, set: {sourceVersion: dev, environment.computeType: LARGE}}";
    assert_eq!(stopping(&format!("{reported}, {}", reported.replace("name: a", "name: b"))), [""; 0], "report only");
}

#[test]
fn reports_all_faults_in_order() {
    insta::assert_snapshot!(parse("\
policy: policy.yaml
test: []
tests:
  - name: a
    event: nowhere.json
    expect: stopped
    brocken: [short-builds]
  - name: a
    event: event.json
    set:
      environment.computeTyp: X
      sourceVersion.x: X
      phases.phaseType: X
      timeoutInMinutes: \"60\"
      buildComplete: 'true'
      startTime: yesterday
      environment.image: [a]
      source: github
      source-version: main
    now: tomorrow
    expect: stop
    broken: [short-build, short-builds, short-builds]
    unknown: short-builds
  - event: event.json
    build: {}
  - name: b
    expect: allow
  - name: c
    event: fleet.json
    expect: allow
  - name: d
    event: text.json
    project: { tags: yes, nmae: x, name: a, name: b }
    expect: allow
  - name: e
    build: { timeoutInMinutes: 3000000000, buildNumber: 1.5, phases: [{ phaseType: [] }], environment: ~ }
    expect: allow
").unwrap_err(), @r#"
    tests.yaml:2:1: error[BB024]: unknown key `test` in a test file
     2 | test: []
       | ^
       = did you mean `tests`?

    tests.yaml:5:12: error[BB011]: `nowhere.json` cannot be read: there is no such file
     5 |     event: nowhere.json
       |            ^
       = use a path relative to this file's folder

    tests.yaml:6:13: error[BB407]: `stopped` is not an action
     6 |     expect: stopped
       |             ^
       = use `stop`, `report`, `protect` or `allow`

    tests.yaml:7:5: error[BB024]: unknown key `brocken` in a test
     7 |     brocken: [short-builds]
       |     ^
       = did you mean `broken`?

    tests.yaml:8:11: error[BB405]: duplicate test name `a`
     8 |   - name: a
       |           ^
       = choose another name; line 4 has this one already

    tests.yaml:11:19: error[BB409]: ProjectEnvironment has no member `computeTyp`
     11 |       environment.computeTyp: X
        |                   ^
       = did you mean `computeType`?

    tests.yaml:12:21: error[BB409]: `sourceVersion` is a string, which has no members
     12 |       sourceVersion.x: X
        |                     ^
       = end the path at `sourceVersion`

    tests.yaml:13:14: error[BB409]: `phases` is a list, which has no members
     13 |       phases.phaseType: X
        |              ^
       = set the whole list

    tests.yaml:14:25: error[BB410]: the string `60` is not a valid `timeoutInMinutes`
     14 |       timeoutInMinutes: "60"
        |                         ^
       = use a whole number of at most 2147483647

    tests.yaml:15:22: error[BB410]: the string `true` is not a valid `buildComplete`
     15 |       buildComplete: 'true'
        |                      ^
       = use `true` or `false`

    tests.yaml:16:18: error[BB410]: `yesterday` is not a valid `startTime`
     16 |       startTime: yesterday
        |                  ^
       = use a time, as in `2026-11-22T09:00:00Z`

    tests.yaml:17:26: error[BB410]: a list is not a valid `environment.image`
     17 |       environment.image: [a]
        |                          ^
       = use a string

    tests.yaml:18:15: error[BB410]: `github` is not a valid `source`
     18 |       source: github
        |               ^
       = use a mapping with the members of ProjectSource

    tests.yaml:19:7: error[BB409]: Build has no member `source-version`
     19 |       source-version: main
        |       ^
       = did you mean `sourceVersion`?

    tests.yaml:20:10: error[BB408]: `tomorrow` is not a time
     20 |     now: tomorrow
        |          ^
       = use a time with its offset from UTC, as in `2026-11-22T09:00:00Z`

    tests.yaml:22:14: error[BB406]: `policy.yaml` has no rule `short-build`
     22 |     broken: [short-build, short-builds, short-builds]
        |              ^
       = did you mean `short-builds`?

    tests.yaml:22:41: error[BB025]: duplicate rule `short-builds`
     22 |     broken: [short-build, short-builds, short-builds]
        |                                         ^
       = remove one of them

    tests.yaml:23:14: error[BB021]: `short-builds` where a list should be
     23 |     unknown: short-builds
        |              ^
       = write a list of rules, as in `[short-builds]`; `[]` for none

    tests.yaml:24:5: error[BB026]: missing key `name`
     24 |   - event: event.json
        |     ^
       = add what the test expects, as in `name: a build of main is stopped`

    tests.yaml:24:5: error[BB026]: missing key `expect`
     24 |   - event: event.json
        |     ^
       = add `expect` with `stop`, `report`, `protect` or `allow`

    tests.yaml:25:12: error[BB402]: both `event` and `build`
     25 |     build: {}
        |            ^
       = remove one of them, or make two tests

    tests.yaml:26:5: error[BB403]: a test without a build
     26 |   - name: b
        |     ^
       = add `event: events/some.json`, or `build: {…}` or `sandbox: {…}` with the API's own names

    tests.yaml:29:12: error[BB401]: the event in `fleet.json` is not about a build
     29 |     event: fleet.json
        |            ^
       = use an EventBridge event about the state or the phase of a build

    tests.yaml:32:12: error[BB401]: `text.json` contains no usable event: this is not an EventBridge event: it is not JSON at line 1, column 2
     32 |     event: text.json
        |            ^
       = use an EventBridge event about the state or the phase of a build

    tests.yaml:33:22: error[BB410]: `yes` is not a valid `tags`
     33 |     project: { tags: yes, nmae: x, name: a, name: b }
        |                      ^
       = use a list

    tests.yaml:33:27: error[BB409]: Project has no member `nmae`
     33 |     project: { tags: yes, nmae: x, name: a, name: b }
        |                           ^
       = did you mean `name`?

    tests.yaml:33:45: error[BB025]: duplicate key `name`
     33 |     project: { tags: yes, nmae: x, name: a, name: b }
        |                                             ^
       = remove one of them

    tests.yaml:36:32: error[BB410]: `3000000000` is not a valid `timeoutInMinutes`
     36 |     build: { timeoutInMinutes: 3000000000, buildNumber: 1.5, phases: [{ phaseType: [] }], environmen
        |                                ^
       = use a whole number of at most 2147483647

    tests.yaml:36:57: error[BB410]: `1.5` is not a valid `buildNumber`
     36 | ild: { timeoutInMinutes: 3000000000, buildNumber: 1.5, phases: [{ phaseType: [] }], environment: ~ }
        |                                                   ^
       = use a whole number of at most 2147483647

    tests.yaml:36:84: error[BB410]: a list is not a valid `phaseType`
     36 | 00000000, buildNumber: 1.5, phases: [{ phaseType: [] }], environment: ~ }
        |                                                   ^
       = use a string
    "#);
}

#[test]
fn a_policy_is_no_test_file_and_the_other_way_round() {
    insta::assert_snapshot!(parse("# a policy\nversion: 1\nrules: []").unwrap_err(), @"
    tests.yaml:2:1: error[BB010]: this is a policy, not a test file
     2 | version: 1
       | ^
       = use a test file here, or check this file with `buildbrake check`
    ");
    insta::assert_snapshot!(parse("{policy: tests.yaml, tests: [{name: a, event: event.json, expect: stop}]}").unwrap_err(), @"
    tests.yaml:1:1: error[BB010]: this is a test file, not a policy
     1 | {policy: policy.yaml, tests: []}
       | ^
       = use a policy here, or run this file with `buildbrake test`
    ");
}

/// A fault may quote any part of a file: a terminal must survive it, and so must its reader.
#[test]
fn quoted_values_are_cut_and_escaped() {
    let quoted = |value: &str| {
        let faults = parse(&format!(
            "{{policy: policy.yaml, tests: [{{name: a, event: event.json, expect: {value}, broken: [{value}]}}]}}"
        ));
        faults.unwrap_err()
    };
    let escaped = quoted(r#""a\u001b[31m\nb\u009b""#);
    assert!(escaped.contains(r"`a\u{1b}[31m\nb\u{9b}` is not an action"), "{escaped}");
    let long = quoted(&"é".repeat(100_000));
    assert!(long.contains("é…é") && long.contains("` is not an action\n"), "{long}");
    assert!(long.len() < 3_000, "{} bytes", long.len());
}

#[test]
fn reports_the_faults_of_the_policy_too() {
    insta::assert_snapshot!(parse("{policy: faulty.yaml, tests: [{name: a, event: event.json, broken: [x]}]}").unwrap_err(), @"
    faulty.yaml:1:1: error[BB026]: missing key `rules`
     1 | version: 2
       | ^
       = add a list of rules: `rules: [{id: …, max-timeout: 60m}]`

    faulty.yaml:1:10: error[BB101]: `2` is not a version of the format
     1 | version: 2
       |          ^
       = use `1`, the only version of the format

    tests.yaml:1:31: error[BB026]: missing key `expect`
     1 | {policy: faulty.yaml, tests: [{name: a, event: event.json, broken: [x]}]}
       |                               ^
       = add `expect` with `stop`, `report`, `protect` or `allow`
    ");
    insta::assert_snapshot!(parse("{policy: nowhere.yaml, tests: []}").unwrap_err(), @"
    tests.yaml:1:10: error[BB011]: `nowhere.yaml` cannot be read: there is no such file
     1 | {policy: nowhere.yaml, tests: []}
       |          ^
       = use a path relative to this file's folder

    tests.yaml:1:31: error[BB022]: empty list
     1 | {policy: nowhere.yaml, tests: []}
       |                               ^
       = add at least one element, such as `- name: a build of main is stopped`
    ");
    insta::assert_snapshot!(parse("tests").unwrap_err(), @"
    tests.yaml:1:1: error[BB020]: expected a test file, found `tests`
     1 | tests
       | ^
       = write a test file as a mapping with the keys `policy` and `tests`
    ");
    insta::assert_snapshot!(parse("{policy: [").unwrap_err(), @"
    tests.yaml:1:10: error[BB002]: invalid YAML: unclosed bracket '['
     1 | {policy: [
       |          ^
       = correct the YAML syntax here
    ");
}

/// An event may be late: the function fetches the Build before it judges the running time.
#[test]
fn the_running_time_of_an_events_build_is_unknown_as_in_the_function() {
    let test = |build: &str| {
        let text =
            format!("policy: timed.yaml\ntests: [{{name: a, {build}, now: 2026-11-22T10:00:00Z, expect: stop}}]");
        let report = parse(&text).unwrap().run(|_| true, &mut Coverage::default());
        report.tests[0].reasons[0].why.clone()
    };
    let by_event = test("event: phases.json");
    assert!(by_event.ends_with("`running` is unknown; set `phases` to test time rules"), "{by_event}");
    let phases = "[{phaseType: PROVISIONING, startTime: '2026-11-22T08:00:00Z'}]";
    let by_phases = test(&format!("event: phases.json, set: {{phases: {phases}}}"));
    assert!(by_phases.contains("broken"), "{by_phases}");
    let by_build = test(&format!("build: {{startTime: '2026-11-22T08:00:00Z', phases: {phases}}}"));
    assert!(by_build.contains("broken"), "{by_build}");
}

/// An event contains none of these, and most builds have none.
#[test]
fn the_event_of_a_test_has_no_more_than_the_test_gives() {
    let policy = "{version: 1, prices: {BUILD_GENERAL1_SMALL: 0.01}, rules: [
        {id: sources, allowed-sources: ['https://github.com/acme/*']}, {id: cost, max-cost: 5},
        {id: fleet, deny-when: has(build.environment.fleet.fleetArn)},
        {id: second, deny-when: 'has(build.secondarySources) && size(build.secondarySources) > 0'}]}";
    let run = |test: &str| {
        let read =
            |path: &str| if path == "p" { Ok(File { name: "p".into(), text: policy.into() }) } else { read(path) };
        let tests = format!("{{policy: p, tests: [{{name: a, event: event.json, {test}}}]}}");
        let tests = PolicyTests::parse(&File { name: "t".into(), text: tests }, read).unwrap();
        let report = tests.run(|_| true, &mut Coverage::default());
        assert!(report.tests[0].passed, "{test}: {:?}", report.tests[0].reasons);
    };
    let small = "environment: {type: LINUX_CONTAINER, computeType: BUILD_GENERAL1_SMALL";
    let source = "source: {type: GITHUB, location: 'https://github.com/acme/shop'}";
    let fleet =
        "fleet: {fleetArn: 'arn:aws:codebuild:eu-west-1:111122223333:fleet/a:1a000001-0000-4000-8000-000000000001'}";
    run(&format!("set: {{{source}, {small}}}}}, expect: allow, broken: [], unknown: []"));
    run(&format!("set: {{{source}, {small}, {fleet}}}}}, expect: stop, broken: [fleet], unknown: [cost]"));
    let second = "secondarySources: [{location: 'https://github.com/evil/app'}]";
    run(&format!("set: {{{source}, {small}}}, {second}}}, expect: stop, broken: [sources, second], unknown: []"));
    let server = "project: {environment: {dockerServer: {computeType: BUILD_GENERAL1_XLARGE}}}";
    run(&format!("set: {{{source}, {small}}}}}, {server}, expect: allow, unknown: [cost]"));
}

const COMMIT: &str = "6f1e2d3c4b5a69788796a5b4c3d2e1f001122334";

/// How a rule about the branch `main` decides about a build of a test with these lines.
fn branch_rule(lines: &str) -> String {
    let found = check(&lines.replace("COMMIT", COMMIT));
    let of_rule = found.lines().find(|line| line.starts_with("protected-branches"));
    of_rule.map_or(found.clone(), str::to_owned)
}

#[test]
fn a_test_gives_the_answers_of_git_and_of_the_pipeline() {
    let build = "build: {startTime: 2026-11-22T09:00:00Z, environment: {privilegedMode: false}, initiator: alice, sourceVersion: COMMIT, \
                 source: {type: GITHUB, location: https://github.com/acme/shop}}";
    let git = |git: &str| branch_rule(&format!("{build}\nexpect: stop\ngit: {git}"));
    insta::assert_snapshot!(branch_rule(&format!("{build}\nexpect: stop")), @"protected-branches: could not be evaluated: the branch is unknown (the source version is a commit id); add `git` to the test");
    insta::assert_snapshot!(git("{refs/heads/main: COMMIT}"), @"protected-branches: broken: forbidden-branches main; found: main (from git)");
    insta::assert_snapshot!(git("{refs/heads/main: 1111111111111111111111111111111111111111, refs/heads/dev: COMMIT}"), @"protected-branches: passes forbidden-branches main");
    insta::assert_snapshot!(git("{refs/heads/main: COMMIT, refs/tags/v1: COMMIT}"), @"protected-branches: could not be evaluated: the branch is unknown (2 refs are at the commit: refs/heads/main, refs/tags/v1)");
    let unnamed = "build: {startTime: 2026-11-22T09:00:00Z, environment: {privilegedMode: false}, initiator: alice, \
                   source: {type: GITHUB, location: https://github.com/acme/shop}}\nproject: {name: shop}\nexpect: stop";
    insta::assert_snapshot!(branch_rule(&format!("{unnamed}\ngit: {{HEAD: refs/heads/main}}")), @"protected-branches: broken: forbidden-branches main; found: main (from git)");

    let build = "build: {startTime: 2026-11-22T09:00:00Z, environment: {privilegedMode: false}, initiator: codepipeline/release, source: {type: CODEPIPELINE}, \
                 sourceVersion: 'arn:aws:s3:::a/b'}\nexpect: stop";
    let pipeline = |pipeline: &str| branch_rule(&format!("{build}\npipeline: {pipeline}"));
    insta::assert_snapshot!(branch_rule(build), @"protected-branches: could not be evaluated: the branch is unknown (the source is CODEPIPELINE); add `pipeline` to the test");
    insta::assert_snapshot!(pipeline("{branch: main}"), @"protected-branches: broken: forbidden-branches main; found: main (from the pipeline)");
    insta::assert_snapshot!(pipeline("{branch: dev, commit: COMMIT}"), @"protected-branches: passes forbidden-branches main");
    insta::assert_snapshot!(pipeline("{pull-request: 25}"), @"protected-branches: could not be evaluated: the branch is unknown (the source version is pull request 25)");
    let chosen = "{branch: main, commit: COMMIT, trigger: StartPipelineExecution}";
    insta::assert_snapshot!(pipeline(chosen), @"protected-branches: could not be evaluated: the branch is unknown (the pipeline names main, but may have been started with another branch's commit); add `git` to the test");
    insta::assert_snapshot!(pipeline(&format!("{chosen}\ngit: {{refs/heads/main: COMMIT}}")), @"protected-branches: broken: forbidden-branches main; found: main (from the pipeline)");
}

#[test]
fn faults_of_the_answers_of_git_and_of_the_pipeline() {
    insta::assert_snapshot!(check("event: event.json\nexpect: stop\ngit: {main: 1, refs/heads/main: main, HEAD: main}"), @"
    tests.yaml:6:17: error[BB411]: `main` is not the full name of a branch or a tag
     6 |     git: {main: 1, refs/heads/main: main, HEAD: main}
       |                 ^
       = use the full name of a branch or a tag, as in `refs/heads/main`, or `HEAD`

    tests.yaml:6:37: error[BB411]: `main` is not a commit id
     6 |     git: {main: 1, refs/heads/main: main, HEAD: main}
       |                                     ^
       = use a whole commit id, of 40 or 64 hexadecimal digits

    tests.yaml:6:49: error[BB411]: `main` is not the full name of a branch or a tag
     6 |     git: {main: 1, refs/heads/main: main, HEAD: main}
       |                                                 ^
       = use the full name of a branch or a tag, as in `refs/heads/main`
    ");
    insta::assert_snapshot!(check("event: event.json\nexpect: stop\ngit: {}\npipeline: {commit: abc, brunch: main}"), @"
    tests.yaml:6:10: error[BB020]: expected refs with their commits, found an empty mapping
     6 |     git: {}
       |          ^
       = write refs with their commits, such as `{ refs/heads/main: COMMIT_ID }`

    tests.yaml:7:24: error[BB411]: `abc` is not a commit id
     7 |     pipeline: {commit: abc, brunch: main}
       |                        ^
       = use a whole commit id, of 40 or 64 hexadecimal digits

    tests.yaml:7:29: error[BB024]: unknown key `brunch` in a pipeline's source
     7 |     pipeline: {commit: abc, brunch: main}
       |                             ^
       = did you mean `branch`?
    ");
    insta::assert_snapshot!(check("event: event.json\nexpect: stop\npipeline: {trigger: Webhook}"), @"
    tests.yaml:6:15: error[BB412]: a pipeline's source without a branch
     6 |     pipeline: {trigger: Webhook}
       |               ^
       = add what the source action has fetched: `branch: main`, or `pull-request: 25`
    ");
}

#[test]
fn a_sandbox_is_judged_as_the_sweep_judges_it() {
    let sandbox = "sandbox: { projectName: shop, requestTime: 2026-11-22T08:00:00Z, status: RUN_SANDBOX, timeoutInMinutes: 90, environment: { image: aws/a } }";
    for (more, expect) in [
        ("", "expect: stop\nbroken: [short-builds]"),
        ("set: { timeoutInMinutes: 60 }", "expect: allow"),
        ("set: { projectName: deploy-a }", "expect: protect"),
        // `on-unknown: stop` stops no sandbox.
        (
            "set: { timeoutInMinutes: 5, environment: ~ }",
            "expect: allow\nunknown: [protected-branches, costly, strict, open]",
        ),
    ] {
        let report = check(&format!("{sandbox}\n{more}\n{expect}"));
        assert!(report.lines().last().is_some_and(|line| line.contains("passed")), "{more}: {report}");
    }
    for (lines, fault) in [
        ("sandbox: { projectName: shop }\nexpect: allow", "`requestTime` to the sandbox"),
        ("sandbox: { buildStatus: X }\nnow: 2026-11-22T09:00:00Z\nexpect: allow", "buildStatus"),
        ("sandbox: {}\nbuild: {}\nnow: 2026-11-22T09:00:00Z\nexpect: allow", "both `build` and `sandbox`"),
        ("sandbox: {}\nevent: event.json\nexpect: allow", "both `event` and `sandbox`"),
    ] {
        let found = check(lines);
        assert!(found.contains(fault), "{lines}: {found}");
    }
    let text = format!(
        "policy: timed.yaml\ntests:\n  - {{name: a, {}, now: 2026-11-22T10:00:00Z, expect: allow}}",
        sandbox.replace("\n", ", ")
    );
    let report = parse(&text).unwrap_or_else(|faults| panic!("{faults}")).run(|_| true, &mut Coverage::default());
    assert!(report.tests[0].notes[0].ends_with("set `startTime` to test time rules"), "{:?}", report.tests[0].notes);
}

/// What happened after `now` is not known then.
#[test]
fn a_moment_before_the_end_shows_the_build_as_it_was_then() {
    let phases = "[{phaseType: QUEUED, startTime: 2026-11-22T09:00:00Z, endTime: 2026-11-22T09:05:00Z}, \
                  {phaseType: BUILD, startTime: 2026-11-22T09:05:00Z, endTime: 2026-11-22T10:30:00Z}]";
    let test = |now: &str, expected: &str| {
        let build = format!("{{startTime: 2026-11-22T09:00:00Z, endTime: 2026-11-22T10:30:00Z, phases: {phases}}}");
        let text = format!(
            "policy: timed.yaml\ntests:\n  - {{name: a, now: {now}, expect: {expected}, build: {{id: 'shop:1', \
             buildStatus: SUCCEEDED, {}}}}}",
            build.trim_matches(['{', '}'])
        );
        let report = parse(&text).unwrap_or_else(|faults| panic!("{faults}")).run(|_| true, &mut Coverage::default());
        assert!(report.tests[0].passed, "{now}: {:?}", report.tests[0].reasons);
    };
    test("2026-11-22T09:10:00Z", "allow");
    test("2026-11-22T10:05:00Z", "allow");
    test("2026-11-22T10:05:01Z", "stop");
    test("2026-11-22T12:00:00Z", "stop");
}

#[test]
fn a_file_that_is_not_an_event_comes_with_help_for_a_test() {
    insta::assert_snapshot!(check("event: build.json\nexpect: stop"), @"
    tests.yaml:4:12: error[BB401]: `build.json` contains no usable event: this is a Build of the API, not an event of CodeBuild
     4 |     event: build.json
       |            ^
       = write its members under `build:` instead of `event:`, without `build` or `builds` around them
    ");
    insta::assert_snapshot!(check("event: message.json\nexpect: stop"), @"
    tests.yaml:4:12: error[BB401]: `message.json` contains no usable event: this is an SNS message, not an event of CodeBuild
     4 |     event: message.json
       |            ^
       = use an EventBridge event about the state or the phase of a build
    ");
    insta::assert_snapshot!(check("event: empty.json\nexpect: stop"), @"
    tests.yaml:4:12: error[BB401]: `empty.json` contains no usable event: the file is empty
     4 |     event: empty.json
       |            ^
       = use an EventBridge event about the state or the phase of a build
    ");
}
