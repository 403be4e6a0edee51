//! Many builds, and a CodeBuild, a network and a Lambda that go wrong in every way and at every
//! moment: no build that breaks the policy gets away unnoticed, and no other is touched.
//!
//! A seed decides what goes wrong, and when; a failure prints it. `BUILDBRAKE_SEED` sets the
//! first, and the variables below set how much is done. `make soak` sets them high.

mod sample;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    env, iter,
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use buildbrake_testkit::{
    codebuild::{Call, CodeBuild, Endpoint},
    faults::{FAULTS, Fault, Right},
    http::{Address, Reply},
    lambda::{Answer, LONGEST_INVOCATION},
};
use fastrand::Rng;
use serde_json::Value;

use self::sample::{Kind, POLICY, Sample, account};
use crate::PROGRAM;

/// Functions that run side by side: most of them wait.
const FUNCTIONS: usize = 24;

/// The number of times that Lambda tries an asynchronous invocation that fails.
/// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>
const DELIVERIES: usize = 3;

fn first_seed() -> u64 {
    setting("BUILDBRAKE_SEED", 1)
}

fn setting(name: &str, otherwise: u64) -> u64 {
    env::var(name).map_or(otherwise, |text| text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

/// Runs a test with a seed, and prints the seed if it fails.
fn under<T>(what: &str, seed: u64, test: impl FnOnce(Rng) -> T) -> T {
    catch_unwind(AssertUnwindSafe(|| test(Rng::with_seed(seed)))).unwrap_or_else(|_| {
        panic!("{what}: failed as shown above; run it again with BUILDBRAKE_SEED={seed} BUILDBRAKE_SEEDS=1")
    })
}

/// Every fault at every moment, for `BUILDBRAKE_SEEDS` seeds each.
#[test]
fn whatever_goes_wrong_nothing_is_lost_and_nothing_stopped_that_should_not_be() {
    let seeds = first_seed()..first_seed() + setting("BUILDBRAKE_SEEDS", 2);
    // The fault `None` means that nothing listens at the address.
    let faults = FAULTS.iter().map(Some).chain([None]);
    let stories: Vec<_> = faults.flat_map(|fault| seeds.clone().map(move |seed| (fault, seed))).collect();
    let next = AtomicUsize::new(0);
    let (ends, failed) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..FUNCTIONS {
            scope.spawn(|| {
                while let Some((fault, seed)) = stories.get(next.fetch_add(1, SeqCst)) {
                    let name = fault.map_or("nobody at the address", |fault| fault.name);
                    let story = || under(name, *seed, |random| Story::new(*fault, random).run());
                    match catch_unwind(story) {
                        Ok(end) => ends.lock().unwrap().push(end),
                        Err(_) => failed.lock().unwrap().push(format!("{name}, BUILDBRAKE_SEED={seed}")),
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "{} of {} stories failed:\n{}", failed.len(), stories.len(), failed.join("\n"));
    let ends = ends.into_inner().unwrap();
    let sum = |what: fn(&End) -> usize| ends.iter().map(what).sum::<usize>();
    println!(
        "{} faults x {} seeds: {} events, {} invocations, {} failed, {} events given up; the longest invocation {:?}",
        FAULTS.len() + 1,
        seeds.end - seeds.start,
        sum(|end| end.events),
        sum(|end| end.invocations),
        sum(|end| end.failed),
        sum(|end| end.given_up),
        ends.iter().map(|end| end.longest).max().unwrap(),
    );
}

/// Some builds start while a fault lasts for some calls.
struct Story {
    fault: Option<&'static Fault>,
    samples: Vec<Sample>,
    /// The calls that go wrong, by their numbers. If nothing listens at the address, the deliveries that go wrong.
    wrong: Range<usize>,
    random: Rng,
}

/// The totals at the end of a story.
#[derive(Default)]
struct End {
    events: usize,
    invocations: usize,
    failed: usize,
    given_up: usize,
    longest: Duration,
}

impl Story {
    fn new(fault: Option<&'static Fault>, mut random: Rng) -> Self {
        let samples = samples(1 + random.usize(..6), &mut random);
        let first = if fault.is_some() { random.usize(..6) } else { 0 };
        // A fault that takes seconds each time lasts for fewer calls.
        let most = match fault {
            Some(fault) if fault.kind == "TimedOut" => 12,
            Some(_) => 60,
            None => samples.len() * DELIVERIES,
        };
        let wrong = first..first + 1 + random.usize(..most);
        Self { fault, samples, wrong, random }
    }

    fn run(mut self) -> End {
        let account = account(&self.samples);
        let mut address = Some(Address::reserve());
        let lambda = PROGRAM.start(POLICY, address.as_ref().unwrap().get(), &[]);
        let mut server = None;
        let mut last: BTreeMap<usize, Answer> = BTreeMap::new();
        let mut end = End { events: self.samples.len(), ..End::default() };
        let mut waiting: VecDeque<(usize, usize)> = (0..self.samples.len()).map(|event| (event, 1)).collect();
        while let Some((event, delivery)) = waiting.pop_front() {
            if self.fault.is_some() || end.invocations == self.wrong.end {
                server = server.or_else(|| Some(self.open(&account, address.take()?)));
            }
            let answer = lambda.invoke(&self.samples[event].started());
            assert!(answer.took < LONGEST_INVOCATION, "{answer:?}");
            answer.record();
            end.invocations += 1;
            end.longest = end.longest.max(answer.took);
            if answer.result.is_err() {
                end.failed += 1;
                match delivery {
                    DELIVERIES => end.given_up += 1,
                    _ => waiting.push_back((event, delivery + 1)),
                }
            }
            last.insert(event, answer);
        }
        lambda.end();
        for (sample, answer) in self.samples.iter().zip(last.values()) {
            assert_dealt_with(sample, answer, &account);
        }
        assert_only_those_asked_to_stop(&self.samples, server.iter());
        end
    }

    fn open(&mut self, account: &CodeBuild, address: Address) -> Endpoint {
        let (fault, wrong, seed, calls) = (self.fault, self.wrong.clone(), self.random.u64(..), AtomicU64::new(0));
        account.listen_at(address, move |account, call| {
            let number = calls.fetch_add(1, SeqCst);
            let mut random = Rng::with_seed(seed.wrapping_add(number));
            match fault {
                Some(fault) if wrong.contains(&(number as usize)) => spoil(fault, account, call, &mut random),
                _ => account.answer(call),
            }
        })
    }
}

/// Spoils the answer of a call. The caller cannot know whether the call was carried out.
fn spoil(fault: &Fault, account: &CodeBuild, call: &Call, random: &mut Rng) -> Reply {
    let is_done = fault.can_be_heard() || random.bool();
    let answer = if is_done { account.answer(call) } else { account.answer_in_vain(call) };
    let pause = Duration::from_millis(random.u64(1..150));
    (fault.spoil)(Right { id: call.id(), answer, part: random.f64(), pause })
}

fn samples(count: usize, random: &mut Rng) -> Vec<Sample> {
    iter::repeat_with(|| Sample::new(*random.choice(Kind::ALL.iter()).unwrap(), random)).take(count).collect()
}

/// Asserts that the last record of a build is true and complete, or else that the invocation
/// failed.
fn assert_dealt_with(sample: &Sample, answer: &Answer, account: &CodeBuild) {
    let record = answer.record();
    let is_stopped = account.stopped().contains(&sample.id);
    match record["outcome"].as_str().unwrap() {
        "failed" => assert!(answer.result.is_err(), "{record}"),
        "allowed" => assert!(sample.kind.complies(), "{sample:?} {record}"),
        "stopped" => assert!(sample.kind.breaks() && is_stopped, "{sample:?} {record}"),
        "already-complete" => assert!(sample.kind == Kind::BrokeAndEnded || is_stopped, "{sample:?} {record}"),
        _ => panic!("{sample:?} {record}"),
    }
}

/// Asserts that `StopBuild` was called only for builds that break the policy, even by calls that failed.
fn assert_only_those_asked_to_stop<'a>(samples: &[Sample], endpoints: impl IntoIterator<Item = &'a Endpoint>) {
    for id in endpoints.into_iter().flat_map(Endpoint::stops) {
        assert!(samples.iter().any(|sample| sample.id == id && !sample.kind.complies()), "{id}");
    }
}

/// `BUILDBRAKE_EVENTS` events in any order, each delivered up to five times.
#[test]
fn in_whatever_order_and_however_often_events_come_the_same_builds_are_stopped() {
    under("shuffled events", first_seed(), |mut random| {
        let count = setting("BUILDBRAKE_EVENTS", 600) as usize;
        let samples = samples(count, &mut random);
        let mut events: Vec<Value> = samples.iter().flat_map(|sample| events_of(sample, &mut random)).collect();
        events.truncate(count);
        let in_order = stopped_by(&samples, &events);

        let mut deliveries: Vec<Value> =
            events.into_iter().flat_map(|event| iter::repeat_n(event, random.usize(1..=5))).collect();
        random.shuffle(&mut deliveries);
        let shuffled = stopped_by(&samples, &deliveries);

        assert!(in_order.len() > count / 10, "{}", in_order.len());
        assert_eq!(shuffled, in_order);
        println!("{count} events in order, then as {} deliveries: {} builds stopped", deliveries.len(), shuffled.len());
    });
}

/// The events of a build, in order.
fn events_of(sample: &Sample, random: &mut Rng) -> Vec<Value> {
    let mut events = vec![sample.started()];
    events.extend(random.bool().then(|| sample.changed_phase()));
    events.extend(random.bool().then(|| sample.ended()));
    events
}

/// The builds that are stopped after all these events, one after the other.
fn stopped_by(samples: &[Sample], events: &[Value]) -> BTreeSet<String> {
    let account = account(samples);
    let server = account.listen();
    let lambda = PROGRAM.start(POLICY, server.address, &[]);
    for event in events {
        let record = lambda.invoke(event).record();
        assert_ne!(record["outcome"], "failed", "{record}");
    }
    assert_only_those_asked_to_stop(samples, [&server]);
    lambda.end();
    account.stopped()
}

/// The function is killed `BUILDBRAKE_KILLS` times, at a random moment each time.
#[test]
fn however_often_it_is_killed_the_same_builds_are_stopped() {
    under("killed", first_seed(), |mut random| {
        let kills = setting("BUILDBRAKE_KILLS", 20);
        let account = CodeBuild::default();
        let (seed, calls) = (random.u64(..), AtomicU64::new(0));
        let server = account.listen_at(Address::reserve(), move |account, call| {
            // The pause leaves time to be killed before and after the work.
            let mut random = Rng::with_seed(seed.wrapping_add(calls.fetch_add(1, SeqCst)));
            thread::sleep(Duration::from_micros(random.u64(..2_000)));
            let answer = account.answer(call);
            thread::sleep(Duration::from_micros(random.u64(..2_000)));
            answer
        });
        let mut samples = Vec::new();
        let mut deliveries = 0;
        let mut lambda = PROGRAM.start(POLICY, server.address, &[]);
        let mut killed = 0;
        let mut moment = Instant::now();
        while killed < kills {
            let sample = Sample::new(*random.choice(Kind::ALL.iter()).unwrap(), &mut random);
            sample.add_to(&account);
            loop {
                deliveries += 1;
                match lambda.invoke_within(moment.saturating_duration_since(Instant::now()), &sample.started()) {
                    Some(answer) => {
                        assert_dealt_with(&sample, &answer, &account);
                        break;
                    }
                    None => {
                        lambda.kill();
                        lambda = PROGRAM.start(POLICY, server.address, &[]);
                        killed += 1;
                        moment = Instant::now() + Duration::from_millis(random.u64(..200));
                    }
                }
            }
            samples.push(sample);
        }
        let breaking = samples.iter().filter(|sample| sample.kind.breaks());
        assert_eq!(account.stopped(), breaking.map(|sample| sample.id.clone()).collect());
        assert_only_those_asked_to_stop(&samples, [&server]);
        println!("killed {killed} times: {} events in {deliveries} deliveries", samples.len());
    });
}

/// `BUILDBRAKE_INVOCATIONS` invocations of one function cost it no memory and leave no
/// connection open. Some of them fail.
#[test]
#[cfg(target_os = "linux")]
fn nothing_grows() {
    under("soak", first_seed(), |mut random| {
        let count = setting("BUILDBRAKE_INVOCATIONS", 3_000);
        let calls = AtomicU64::new(0);
        let account = CodeBuild::default();
        let server = account.listen_at(Address::reserve(), move |account, call| {
            let right = |part| Right { id: call.id(), answer: account.answer(call), part, pause: Duration::ZERO };
            match calls.fetch_add(1, SeqCst) % 1_000 {
                0 => (Fault::named("400 AccessDeniedException").spoil)(right(0.0)),
                1 => (Fault::named("closed in the body").spoil)(right(0.5)),
                _ => account.answer(call),
            }
        });
        let lambda = PROGRAM.start(POLICY, server.address, &[]);
        let mut failed = 0;
        let mut invoke = |kinds: &[Kind], count: u64| {
            for kind in kinds.iter().cycle().take(count as usize) {
                let sample = Sample::new(*kind, &mut random);
                account.clear();
                sample.add_to(&account);
                failed += usize::from(lambda.invoke(&sample.started()).result.is_err());
            }
        };
        let start = Instant::now();
        // All caches, such as that of projects, are full after the first part. Of three calls at most two go wrong,
        // so a connection is open whenever the file descriptors are counted.
        let warm = count / 4;
        invoke(&Kind::ALL, warm);
        invoke(&[Kind::BreaksByBranch], 3);
        let (memory, descriptors) = (lambda.memory(), lambda.file_descriptors());
        invoke(&Kind::ALL, count - warm);
        invoke(&[Kind::BreaksByBranch], 3);
        let (memory_after, descriptors_after) = (lambda.memory(), lambda.file_descriptors());
        println!(
            "{count} invocations in {:?}, {failed} failed: memory {memory} bytes after {warm}, {memory_after} at the \
             end; {descriptors} file descriptors, {descriptors_after} at the end",
            start.elapsed()
        );
        assert!(memory_after < memory + 5_000_000, "{memory} bytes of memory grew to {memory_after}");
        assert!(descriptors_after <= descriptors, "{descriptors} file descriptors grew to {descriptors_after}");
        lambda.end();
    });
}
