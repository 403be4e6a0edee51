//! Rules with `only-newest-per`, which compare the builds that ran at the same time.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;

const MAIN: &str = r#", "sourceVersion": "main", "source": {"type": "GITHUB"}"#;
const DEV: &str = r#", "sourceVersion": "dev", "source": {"type": "GITHUB"}"#;

fn id(number: u32) -> String {
    format!("shop:5e000000-0000-4000-8000-{number:012}")
}

/// The members of an automatic retry of that build.
fn retry_of(number: u32) -> String {
    let previous = format!("arn:aws:codebuild:eu-west-1:111122223333:build/{}", id(number));
    format!(r#"{MAIN}, "autoRetryConfig": {{"autoRetryLimit": 10, "previousAutoRetry": "{previous}"}}"#)
}

/// The members of a build of that batch.
fn build_of_batch(number: u32) -> String {
    format!(r#"{MAIN}, "buildBatchArn": "arn:aws:codebuild:eu-west-1:111122223333:build-batch/{}""#, id(number))
}

/// Judges builds of one project, given as number, start, end and further members, by `only-newest-per`.
fn newest(rule: &str, builds: &[(u32, &str, &str, &str)]) -> Vec<String> {
    newest_at(Moments::WholeLife, rule, builds, &[])
}

/// The same at some moments, and with batches, given as number and start.
fn newest_at(moments: Moments, rule: &str, builds: &[(u32, &str, &str, &str)], batches: &[(u32, &str)]) -> Vec<String> {
    let text = format!("{{version: 1, rules: [{{id: newest, {rule}}}, {{id: small, max-timeout: 100m}}]}}");
    let policy = Policy::parse("policy.yaml", &text).unwrap_or_else(|faults| panic!("{faults}"));
    let replay = Replay::new(&policy, moments, Details::default());
    let past = builds.iter().map(|(number, start, end, more)| {
        let id = id(*number);
        // A retry has the id of another build.
        let json = build(end, more).replace("08:00:00", start).replacen(ID, &id, 2);
        let json = if end.is_empty() {
            json.replace("\"2026-11-20TZ\"", "null")
                .replace("SUCCEEDED", "IN_PROGRESS")
                .replace("\"buildComplete\": true", "\"buildComplete\": false")
        } else {
            json
        };
        let build: Box<Build> = serde_json::from_str(&json).unwrap();
        let observation =
            Observation { id: id.parse().unwrap(), from: ObservedIn::Api, time: None, build, recorded_ref: None };
        PastBuild::from(observation)
    });
    let past: Vec<PastBuild> = past.collect();
    let answer = |question: &Question| match question {
        Question::EarlierTry(first) => {
            let past = past.iter().find(|past| past.id == *first)?;
            Some(Reply::EarlierTry(past.build.clone()))
        }
        Question::Batch(batch) => {
            let (_, start) = batches.iter().find(|(number, _)| id(*number) == *batch)?;
            let start = format!("2026-11-20T{start}Z");
            let json = format!(r#"{{"id": "{batch}", "startTime": "{start}", "initiator": "alice"{MAIN}}}"#);
            Some(Reply::Batch(Some(Arc::new(serde_json::from_str(&json).unwrap()))))
        }
        _ => unavailable(question),
    };
    let now = NOW.parse().unwrap();
    let contenders = past.iter().filter_map(|build| Contender::of(&replay, build.clone(), now, answer));
    let contenders: Contenders = contenders.collect();
    let judged = past.iter().map(|build| {
        let replayed = replay.judge(build.clone(), Some(&contenders), now, answer).unwrap();
        let of_rule = Replayed {
            rules: replayed.rules.iter().filter(|rule| rule.rule == "newest").cloned().collect(),
            ..replayed
        };
        let text = shown(&of_rule);
        text.split("; ").next().unwrap().replace("shop:5e000000-0000-4000-8000-00000000000", "#")
    });
    judged.collect()
}

#[test]
fn a_build_is_superseded_when_a_newer_one_starts_while_it_runs() {
    let rule = "only-newest-per: [project, ref]";
    let superseded = |rule, builds: &[_]| newest(rule, builds);
    assert_eq!(
        superseded(
            rule,
            &[(1, "08:00:00", "09:00:00", MAIN), (2, "08:30:00", "09:30:00", MAIN), (3, "08:40:00", "08:50:00", MAIN)]
        ),
        ["stopped broken at 08:30:00: the newer build #2", "stopped broken at 08:40:00: the newer build #3", "allowed"]
    );
    assert_eq!(
        superseded(
            rule,
            &[(1, "08:00:00", "09:00:00", MAIN), (2, "09:00:00", "09:30:00", MAIN), (3, "08:10:00", "08:20:00", DEV)]
        ),
        ["allowed", "allowed", "allowed"],
        "one started as it ended, one is of another branch"
    );
    assert_eq!(
        superseded(rule, &[(1, "08:00:00", "09:00:00", MAIN), (2, "08:30:00", "", MAIN)]),
        [
            "stopped broken at 08:30:00: the newer build #2",
            "allowed undecided: newer build (the input does not show when the build ended)"
        ]
    );
    let undecided = "allowed undecided: newer build (the input does not show when the build ended)";
    assert_eq!(
        superseded(rule, &[(1, "08:00:00", "", MAIN), (2, "08:30:00", "09:00:00", MAIN)]),
        [undecided, "allowed"],
        "the first one is last seen at 08:11"
    );
    assert_eq!(
        superseded(rule, &[(1, "08:00:00", "", MAIN), (2, "08:05:00", "09:00:00", MAIN)]),
        ["stopped broken at 08:05:00: the newer build #2", "allowed"]
    );
    let stopped = MAIN.to_owned() + r#", "timeoutInMinutes": 120"#;
    assert_eq!(
        superseded(rule, &[(1, "08:00:00", "09:00:00", MAIN), (2, "08:30:00", "09:30:00", &stopped)]),
        ["allowed", "stopped"],
        "a build that another rule stops supersedes nothing"
    );
}

#[test]
fn at_its_start_a_build_is_superseded_by_none_that_starts_later() {
    let rule = "only-newest-per: [project, ref]";
    let builds = [(1, "08:00:00", "09:00:00", MAIN), (2, "08:30:00", "", MAIN)];
    assert_eq!(newest_at(Moments::StartOnly, rule, &builds, &[]), ["allowed", "allowed"]);
}

/// An automatic retry counts as its first try, and a build of a batch as the batch, so a newer build may have
/// started before them.
#[test]
fn a_build_is_superseded_at_its_start_by_a_newer_one_that_runs_already() {
    let rule = "only-newest-per: [project, ref]";
    let superseded = |builds: &[_], batches: &[_]| newest_at(Moments::WholeLife, rule, builds, batches);
    let (retry, of_batch) = (retry_of(1), build_of_batch(9));
    let first = (1, "08:20:00", "08:22:00", MAIN);
    for (newer, expected) in [
        ((3, "08:26:00", "08:55:00", MAIN), "stopped broken at 08:26:00: the newer build #3"),
        ((3, "08:23:00", "08:55:00", MAIN), "stopped broken at 08:25:00: the newer build #3"),
        ((3, "08:21:00", "08:55:00", MAIN), "stopped broken at 08:25:00: the newer build #3"),
        ((3, "08:19:00", "08:55:00", MAIN), "allowed"),
        ((3, "08:23:00", "08:25:00", MAIN), "allowed"),
        ((3, "08:23:00", "08:55:00", DEV), "allowed"),
        ((3, "08:23:00", "", MAIN), "allowed undecided: newer build (the input does not show when #3 ended)"),
    ] {
        let found = superseded(&[first, (2, "08:25:00", "08:40:00", &retry), newer], &[]);
        assert_eq!(found[1], expected, "a retry, {newer:?}");
        let found = superseded(&[(2, "08:25:00", "08:40:00", &of_batch), newer], &[(9, "08:20:00")]);
        assert_eq!(found[0], expected, "a batch, {newer:?}");
    }
    let of_one_batch = [(2, "08:25:00", "08:40:00", &*of_batch), (3, "08:22:00", "08:45:00", &of_batch)];
    assert_eq!(superseded(&of_one_batch, &[(9, "08:20:00")]), ["allowed", "allowed"]);

    let builds = [first, (2, "08:25:00", "08:40:00", &retry), (3, "08:23:00", "08:55:00", MAIN)];
    assert_eq!(
        newest_at(Moments::StartOnly, rule, &builds, &[]),
        ["allowed", "stopped broken at 08:25:00: the newer build #3", "allowed"],
        "it is known when the retry starts"
    );
}

#[derive(Clone, Copy, Debug)]
enum StartedAs {
    Single,
    /// A build of a batch that started that many minutes earlier.
    OfBatch(u32),
    /// An automatic retry of the last build, if that is not one of a batch.
    Retry,
}

/// A build with its times in minutes after eight o'clock.
struct Timed {
    number: u32,
    start: u32,
    end: u32,
    members: String,
    /// The number and the start of what it counts as.
    counts_as: (u32, u32),
    is_of_batch: bool,
}

fn timed(builds: &[(u32, u32, StartedAs)]) -> Vec<Timed> {
    let mut timed: Vec<Timed> = Vec::new();
    for (number, (start, minutes, started_as)) in (1..).zip(builds) {
        let start = 30 + start;
        let last = timed.last().filter(|last| !last.is_of_batch);
        let (start, members, counts_as, is_of_batch) = match (started_as, last) {
            (StartedAs::Retry, Some(last)) => (last.end + start % 4, retry_of(last.number), last.counts_as, false),
            (StartedAs::Single | StartedAs::Retry, _) => (start, MAIN.to_owned(), (number, start), false),
            (StartedAs::OfBatch(earlier), _) => {
                let batch = number + 100;
                (start, build_of_batch(batch), (batch, start - earlier), true)
            }
        };
        timed.push(Timed { number, start, end: start + minutes, members, counts_as, is_of_batch });
    }
    timed
}

/// What the rule decides about a build, by a comparison with every other one.
fn expected(build: &Timed, all: &[Timed], moments: Moments, time: impl Fn(u32) -> String) -> String {
    let last_start = if moments == Moments::StartOnly { build.start } else { build.end - 1 };
    let others = all
        .iter()
        .filter(|other| other.start <= last_start && other.end > build.start && other.counts_as.0 != build.counts_as.0);
    let (own, others) = (build.counts_as.1, others.collect::<Vec<_>>());
    let newer = others.iter().filter(|other| other.counts_as.1 > own).map(|other| other.start.max(build.start));
    match newer.min() {
        Some(at) => format!("stopped broken at {}", time(at)),
        None if others.iter().any(|other| other.counts_as.1 == own) => "allowed undecided".to_owned(),
        None => "allowed".to_owned(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_builds_that_are_compared_are_all_that_count(
        builds in proptest::collection::vec((0..40_u32, 1..20_u32, prop_oneof![
            2 => Just(StartedAs::Single),
            2 => (0..30_u32).prop_map(StartedAs::OfBatch),
            1 => Just(StartedAs::Retry),
        ]), 1..9),
        at_start: bool,
    ) {
        let time = |minute: u32| format!("{:02}:{:02}:00", 8 + minute / 60, minute % 60);
        let moments = if at_start { Moments::StartOnly } else { Moments::WholeLife };
        let timed = timed(&builds);
        let texts: Vec<_> = timed.iter().map(|one| (time(one.start), time(one.end), time(one.counts_as.1))).collect();
        let rows = timed.iter().zip(&texts);
        let builds: Vec<_> = rows.map(|(one, (start, end, _))| (one.number, &**start, &**end, &*one.members)).collect();
        let rows = timed.iter().zip(&texts);
        let batches: Vec<_> = rows.map(|(one, (_, _, start))| (one.counts_as.0, &**start)).collect();
        let found = newest_at(moments, "only-newest-per: [project, ref]", &builds, &batches);
        for (build, found) in timed.iter().zip(found) {
            let decision = found.split(": ").next().unwrap();
            prop_assert_eq!(decision, expected(build, &timed, moments, time), "{:?}", &builds);
        }
    }
}
