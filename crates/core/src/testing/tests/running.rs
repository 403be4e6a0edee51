//! Tests that give what else runs of the project: `running-builds` and `running-batches`.

use super::*;

/// Rules of which the first compares builds.
pub(super) const COMPARED: &str = "\
version: 1
rules:
  - { id: newest, only-newest-per: [project, ref] }
  - { id: short-runs, max-duration: 30m }
  - { id: unprivileged, batch: stop-all, deny-when: 'has(build.environment.privilegedMode)' }
  - { id: small, forbidden-compute: ['*LARGE'] }
";

#[test]
fn faults_of_what_else_runs() {
    insta::assert_snapshot!(check("event: event.json\nexpect: stop\nrunning-builds: {id: a}\nrunning-batches: [{sourceVersion: a, buildNumber: 1}]"), @"
    tests.yaml:6:21: error[BB021]: a mapping where a list should be
     6 |     running-builds: {id: a}
       |                     ^
       = write a list, whose elements have the API's own names; `[]` for none

    tests.yaml:7:42: error[BB409]: BuildBatch has no member `buildNumber`
     7 |     running-batches: [{sourceVersion: a, buildNumber: 1}]
       |                                          ^
       = did you mean `buildBatchNumber`?
    ");
}

/// As in an account: the newer build does not run on.
#[test]
fn a_running_build_that_another_rule_stops_supersedes_nothing() {
    let build = "{projectName: shop, initiator: alice, startTime: 2026-11-22T08:00:00Z, timeoutInMinutes: 60}";
    let newer = "{projectName: shop, initiator: bob, startTime: 2026-11-22T08:10:00Z, timeoutInMinutes: TIMEOUT}";
    for (timeout, expect) in [(60, "expect: stop, broken: [newest]"), (61, "expect: allow, broken: []")] {
        let newer = newer.replace("TIMEOUT", &timeout.to_string());
        let test = format!("{{name: a, build: {build}, running-builds: [{newer}], {expect}}}");
        let tests = parse(&format!("policy: newest.yaml\ntests: [{test}]")).unwrap();
        let report = tests.run(|_| true, &mut Coverage::default());
        let result = &report.tests[0];
        assert!(result.passed, "{timeout}: {:?}", result.reasons);
    }
}

/// Nobody tells, and so `on-unknown` decides.
#[test]
fn running_builds_that_a_test_does_not_give_are_unknown() {
    let build = "{projectName: shop, initiator: alice, startTime: 2026-11-22T08:00:00Z}";
    let given = "running-builds: [], expect: allow, broken: [], unknown: []";
    for rest in [given, "expect: stop, broken: [newest], unknown: [newest]"] {
        let tests = parse(&format!("policy: strict.yaml\ntests: [{{name: a, build: {build}, {rest}}}]")).unwrap();
        let report = tests.run(|_| true, &mut Coverage::default());
        assert!(report.tests[0].passed, "{rest}: {:?}", report.tests[0].reasons);
    }
}

/// A build of pull request 25.
const OLD: &str = "build: &old { id: 'shop:1', projectName: shop, startTime: 2026-11-22T08:15:00Z, sourceVersion: pr/25, \
                   initiator: alice, source: { type: GITHUB } }";

/// How the rule with `only-newest-per` decides about a build of a test with these lines.
fn newest(lines: &str) -> String {
    let found = check_by("compared.yaml", &format!("{lines}\nexpect: stop"));
    found.lines().find_map(|line| line.strip_prefix("newest: ")).map_or(found.clone(), str::to_owned)
}

/// What a policy asks for does not depend on whether the build is still running.
#[test]
fn a_build_that_has_ended_is_compared_as_if_it_were_running() {
    let old = OLD.replace(
        "initiator: alice",
        "initiator: alice, endTime: 2026-11-22T08:30:00Z, buildComplete: true, buildStatus: SUCCEEDED",
    );
    let newer = "running-builds: [{ id: 'shop:2', projectName: shop, startTime: 2026-11-22T08:26:00Z, \
                 sourceVersion: pr/25, initiator: alice, source: { type: GITHUB } }]";
    for now in ["", "\nnow: 2026-11-22T08:29:00Z", "\nnow: 2026-11-22T09:00:00Z"] {
        insta::allow_duplicates! {
            insta::assert_snapshot!(newest(&format!("{old}\n{newer}{now}")), @"broken: only-newest-per project, ref; found: the newer build shop:2");
        }
    }
    insta::assert_snapshot!(newest(&old), @"could not be evaluated: the newer build is unknown (the project's other running builds are unknown); add `running-builds` to the test");
    insta::assert_snapshot!(newest(&format!("{old}\nrunning-builds: []")), @"passes only-newest-per project, ref");
}

/// They run, as the keys say, and other rules judge them as they were at that time.
#[test]
fn running_builds_and_batches_are_taken_as_they_are_at_the_time_of_the_test() {
    let ended = "endTime: 2026-11-22T08:51:00Z";
    let build = |members: &str, now: &str| {
        let build = format!("{{ <<: *old, id: 'shop:2', startTime: 2026-11-22T08:30:00Z, {members} }}");
        newest(&format!("{OLD}\nrunning-builds: [{build}]\nnow: {now}"))
    };
    let complete = format!("{ended}, buildComplete: true, buildStatus: SUCCEEDED");
    insta::assert_snapshot!(build(&complete, "2026-11-22T08:45:00Z"), @"broken: only-newest-per project, ref; found: the newer build shop:2");
    insta::assert_snapshot!(build(&complete, "2026-11-22T09:00:00Z"), @"broken: only-newest-per project, ref; found: the newer build shop:2");
    insta::assert_snapshot!(build("buildComplete: true", "2026-11-22T09:00:00Z"), @"broken: only-newest-per project, ref; found: the newer build shop:2");
    // After half an hour, another rule stops the newer build.
    let phases = "phases: [{ phaseType: BUILD, startTime: 2026-11-22T08:30:00Z, endTime: 2026-11-22T09:30:00Z }, \
                  { phaseType: COMPLETED, startTime: 2026-11-22T09:30:00Z }], endTime: 2026-11-22T09:30:00Z, \
                  buildComplete: true, buildStatus: SUCCEEDED";
    insta::assert_snapshot!(build(phases, "2026-11-22T08:45:00Z"), @"broken: only-newest-per project, ref; found: the newer build shop:2");
    insta::assert_snapshot!(build(phases, "2026-11-22T09:15:00Z"), @"passes only-newest-per project, ref");
    let batch = "{ id: 'shop:9', projectName: shop, startTime: 2026-11-22T08:30:00Z, sourceVersion: pr/25, initiator: alice, \
                 source: { type: GITHUB }, buildBatchStatus: SUCCEEDED, complete: true, endTime: 2026-11-22T08:51:00Z }";
    for now in ["2026-11-22T08:45:00Z", "2026-11-22T09:00:00Z"] {
        insta::allow_duplicates! {
            insta::assert_snapshot!(newest(&format!("{OLD}\nrunning-batches: [{batch}]\nnow: {now}")), @"broken: only-newest-per project, ref; found: the newer build shop:9");
        }
    }
}

/// A newer batch of the same pull request, and what its builds have in common.
const NEWER_BATCH: &str = "{ id: 'shop:9', arn: 'arn:aws:codebuild:eu-west-1:111122223333:build-batch/shop:9', projectName: shop, \
                           startTime: 2026-11-22T08:20:00Z, sourceVersion: pr/25, initiator: alice, source: { type: GITHUB } }";
const OF_NEWER_BATCH: &str = "<<: *old, initiator: role/AWSCodeBuild-1, sourceVersion: 6f1e2d3c4b5a69788796a5b4c3d2e1f001122334, \
     startTime: 2026-11-22T08:30:00Z, buildBatchArn: 'arn:aws:codebuild:eu-west-1:111122223333:build-batch/shop:9'";

/// As in a sweep.
#[test]
fn running_builds_of_a_batch_count_as_the_batch() {
    let of_batches = |builds: &str, batches: &str| {
        let builds = builds.replace("OF_BATCH", OF_NEWER_BATCH);
        newest(&format!("{OLD}\nrunning-builds: [{builds}]\nrunning-batches: [{batches}]\nnow: 2026-11-22T08:40:00Z"))
    };
    let healthy = "{ OF_BATCH, id: 'shop:2' }";
    let privileged = "{ OF_BATCH, id: 'shop:3', environment: { privilegedMode: true } }";
    let large = "{ OF_BATCH, id: 'shop:4', environment: { type: LINUX_CONTAINER, computeType: BUILD_GENERAL1_LARGE } }";
    insta::assert_snapshot!(of_batches(healthy, NEWER_BATCH), @"broken: only-newest-per project, ref; found: the newer build shop:9");
    // By its id alone, or by its ARN alone.
    let arn = "arn: 'arn:aws:codebuild:eu-west-1:111122223333:build-batch/shop:9', ";
    insta::assert_snapshot!(of_batches(healthy, &NEWER_BATCH.replace(arn, "")), @"broken: only-newest-per project, ref; found: the newer build shop:9");
    insta::assert_snapshot!(of_batches(healthy, &NEWER_BATCH.replace("id: 'shop:9', ", "")), @"broken: only-newest-per project, ref; found: the newer build shop:9");
    // The start of the batch counts, not that of its build.
    insta::assert_snapshot!(of_batches(healthy, &NEWER_BATCH.replace("08:20", "08:10")), @"passes only-newest-per project, ref");
    // A rule that stops the build alone leaves the batch running.
    insta::assert_snapshot!(of_batches(large, NEWER_BATCH), @"broken: only-newest-per project, ref; found: the newer build shop:9");
    // A batch that is stopped because of one of its builds supersedes nothing.
    insta::assert_snapshot!(of_batches(privileged, NEWER_BATCH), @"passes only-newest-per project, ref");
    insta::assert_snapshot!(of_batches(&format!("{healthy}, {privileged}"), NEWER_BATCH), @"passes only-newest-per project, ref");
    insta::assert_snapshot!(of_batches(&format!("{privileged}, {healthy}"), NEWER_BATCH), @"passes only-newest-per project, ref");
    // Nothing shows the start and the ref of the batch.
    insta::assert_snapshot!(of_batches(healthy, ""), @"could not be evaluated: the newer build is unknown (the start of shop:2 is unknown)");
    insta::assert_snapshot!(of_batches(large, ""), @"could not be evaluated: the newer build is unknown (the start of shop:4 is unknown)");
    insta::assert_snapshot!(of_batches(healthy, &NEWER_BATCH.replace("shop:9", "shop:8").replace("08:20", "08:10")), @"could not be evaluated: the newer build is unknown (the start of shop:2 is unknown)");
    insta::assert_snapshot!(of_batches("{ OF_BATCH, id: 'shop:2', projectName: web }", ""), @"passes only-newest-per project, ref");
    // An empty ARN names no batch.
    insta::assert_snapshot!(of_batches("{ <<: *old, id: 'shop:2', startTime: 2026-11-22T08:30:00Z, buildBatchArn: '' }", ""), @"broken: only-newest-per project, ref; found: the newer build shop:2");
}

#[test]
fn a_build_is_not_compared_with_its_own_batch() {
    let own = format!(
        "build: {{ id: 'shop:1', {} }}\nnow: 2026-11-22T08:40:00Z",
        OF_NEWER_BATCH.replace("<<: *old", "projectName: shop")
    );
    let sibling = format!("{{ id: 'shop:2', {} }}", OF_NEWER_BATCH.replace("<<: *old", "projectName: shop"));
    let sibling = sibling.replace("08:30", "08:35");
    let running = format!("running-builds: [{sibling}]\nrunning-batches: [{NEWER_BATCH}]");
    insta::assert_snapshot!(newest(&format!("{own}\n{running}")), @"passes only-newest-per project, ref");
    insta::assert_snapshot!(newest(&format!("{own}\nbatch: {NEWER_BATCH}\n{running}")), @"passes only-newest-per project, ref");
    let nameless =
        NEWER_BATCH.replace("id: 'shop:9', arn: 'arn:aws:codebuild:eu-west-1:111122223333:build-batch/shop:9', ", "");
    insta::assert_snapshot!(newest(&format!("{own}\nbatch: {nameless}\n{running}")), @"passes only-newest-per project, ref");
    insta::assert_snapshot!(newest(&format!("{own}\nbatch: {nameless}\nrunning-builds: [{sibling}]")), @"passes only-newest-per project, ref");
    let newer = NEWER_BATCH.replace("shop:9", "shop:8").replace("08:20", "08:25");
    insta::assert_snapshot!(newest(&format!("{own}\nrunning-builds: [{sibling}]\nrunning-batches: [{NEWER_BATCH}, {newer}]")), @"broken: only-newest-per project, ref; found: the newer build shop:8");
}

/// Two with one id would count as one.
#[test]
fn each_running_build_and_batch_has_an_id_of_its_own() {
    insta::assert_snapshot!(newest(&format!("{OLD}\nrunning-builds: [{{ <<: *old, startTime: 2026-11-22T08:30:00Z }}, *old]")), @"
    tests.yaml:5:21: error[BB410]: `shop:1` is the id of the test's own build
     5 |     running-builds: [{ <<: *old, startTime: 2026-11-22T08:30:00Z }, *old]
       |                     ^
       = give it an id of its own

    tests.yaml:5:22: error[BB410]: `shop:1` is the id of the test's own build
     5 |     running-builds: [{ <<: *old, startTime: 2026-11-22T08:30:00Z }, *old]
       |                      ^
       = give it an id of its own
    ");
    insta::assert_snapshot!(newest(&format!("{OLD}\nset: {{ id: 'shop:4' }}\nrunning-builds:\n  - {{ <<: *old, id: 'shop:2' }}\n  - {{ <<: *old, id: 'shop:2' }}\n  - {{ <<: *old, id: 'shop:4' }}")), @"
    tests.yaml:8:9: error[BB410]: `shop:2` is the id of another running build
     8 |       - { <<: *old, id: 'shop:2' }
       |         ^
       = give it an id of its own

    tests.yaml:9:9: error[BB410]: `shop:4` is the id of the test's own build
     9 |       - { <<: *old, id: 'shop:4' }
       |         ^
       = give it an id of its own
    ");
    insta::assert_snapshot!(newest(&format!("{OLD}\nbatch: {{ id: 'shop:9' }}\nrunning-builds: [{{ id: 'shop:9' }}]\nrunning-batches: [{{ id: 'shop:9' }}, {{ id: 'shop:8' }}, {{ id: 'shop:8' }}, {{ id: 'shop:1' }}]")), @"
    tests.yaml:6:22: error[BB410]: `shop:9` is the id of the test's `batch`
     6 |     running-builds: [{ id: 'shop:9' }]
       |                      ^
       = give it an id of its own

    tests.yaml:7:23: error[BB410]: `shop:9` is the id of another running build
     7 |     running-batches: [{ id: 'shop:9' }, { id: 'shop:8' }, { id: 'shop:8' }, { id: 'shop:1' }]
       |                       ^
       = give it an id of its own

    tests.yaml:7:59: error[BB410]: `shop:8` is the id of another running batch
     7 |     running-batches: [{ id: 'shop:9' }, { id: 'shop:8' }, { id: 'shop:8' }, { id: 'shop:1' }]
       |                                                           ^
       = give it an id of its own

    tests.yaml:7:77: error[BB410]: `shop:1` is the id of the test's own build
     7 |     running-batches: [{ id: 'shop:9' }, { id: 'shop:8' }, { id: 'shop:8' }, { id: 'shop:1' }]
       |                                                                             ^
       = give it an id of its own
    ");
    let of_event = "event: event.json\nexpect: stop\nrunning-builds: [{ id: ID }]";
    let id = "'shop-api:5e000002-0000-4000-8000-000000000002'";
    insta::assert_snapshot!(check(&of_event.replace("ID", id)), @"
    tests.yaml:6:22: error[BB410]: `shop-api:5e000002-0000-4000-8000-000000000002` is the id of the test's own build
     6 |     running-builds: [{ id: 'shop-api:5e000002-0000-4000-8000-000000000002' }]
       |                      ^
       = give it an id of its own
    ");
    // Without an id, each is another one.
    insta::assert_snapshot!(newest(&format!("{}\nrunning-builds: [{{ <<: *old, startTime: 2026-11-22T08:16:00Z }}, *old]", OLD.replace("id: 'shop:1', ", ""))), @"broken: only-newest-per project, ref; found: the newer build running-builds[0]");
}
