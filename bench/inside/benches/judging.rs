//! The cost of judging, and how it grows: `make bench-inside`.

use std::hint::black_box;

use buildbrake_core::{event::Trigger, model::Build, pattern::Pattern, policy::Policy, verdict::judge};
use divan::{
    Bencher,
    counter::{BytesCount, ItemsCount},
};
use inside::{COMPLIANT, FINISHED, SAMPLE, TEN_EXPRESSIONS, TWENTY_RULES, VIOLATING, event_with};

/// The number of calls in one sample: a single call takes little longer than reading the clock.
const CALLS: u32 = 100;

fn main() {
    divan::Divan::from_args().sample_size(CALLS).main();
}

fn policy(text: &str) -> Policy {
    inside::policy(text).expect("a policy")
}

fn build(event: &str) -> Build {
    match Trigger::parse(event).expect("an event") {
        Trigger::Build(event) => *event.build,
        _ => panic!("an event of no build"),
    }
}

fn judging(bencher: Bencher, policy: &Policy, build: &Build) {
    let now = inside::now().expect("a time");
    bencher.counter(ItemsCount::new(1_u32)).bench(|| judge(black_box(policy), black_box(build), now));
}

#[divan::bench]
fn twenty_rules(bencher: Bencher) {
    judging(bencher, &policy(TWENTY_RULES), &build(&COMPLIANT));
}

#[divan::bench]
fn twenty_rules_one_broken(bencher: Bencher) {
    judging(bencher, &policy(TWENTY_RULES), &build(&VIOLATING));
}

#[divan::bench]
fn ten_expressions(bencher: Bencher) {
    judging(bencher, &policy(TEN_EXPRESSIONS), &build(&COMPLIANT));
}

#[divan::bench(args = [0, 10, 100, 1_000])]
fn from_event_to_verdict(bencher: Bencher, variables: usize) {
    to_verdict(bencher, &event_with(variables));
}

/// In this event, each phase has two times.
#[divan::bench]
fn from_finished_event_to_verdict(bencher: Bencher) {
    to_verdict(bencher, &FINISHED);
}

fn to_verdict(bencher: Bencher, event: &str) {
    let (policy, now) = (policy(SAMPLE), inside::now().expect("a time"));
    bencher.counter(BytesCount::of_str(event)).bench(|| match Trigger::parse(black_box(event.as_bytes())) {
        Ok(Trigger::Build(event)) => drop(black_box(judge(&policy, &event.build, now))),
        _ => panic!("an event of no build"),
    });
}

/// Only parses the same bytes, into each parser's own tree. As above, the measurement includes the check for UTF-8,
/// and freeing the result.
#[divan::bench(args = [0, 10, 100, 1_000])]
fn parse_by_sonic(bencher: Bencher, variables: usize) {
    by_sonic(bencher, &event_with(variables));
}

#[divan::bench]
fn parse_finished_by_sonic(bencher: Bencher) {
    by_sonic(bencher, &FINISHED);
}

fn by_sonic(bencher: Bencher, event: &str) {
    bencher
        .counter(BytesCount::of_str(event))
        .bench(|| drop(black_box(sonic_rs::from_slice::<sonic_rs::Value>(black_box(event.as_bytes())).expect("JSON"))));
}

/// simd-json parses in place, so each call gets a copy.
#[divan::bench(args = [0, 10, 100, 1_000])]
fn parse_by_simd_json(bencher: Bencher, variables: usize) {
    let event = event_with(variables);
    let mut buffers = simd_json::Buffers::new(event.len());
    bencher.counter(BytesCount::of_str(&event)).bench_local(|| {
        let mut bytes = black_box(&event).clone().into_bytes();
        simd_json::to_borrowed_value_with_buffers(&mut bytes, &mut buffers).map(drop).expect("JSON");
    });
}

#[divan::bench(args = [0, 10, 100, 1_000])]
fn parse_by_serde_json(bencher: Bencher, variables: usize) {
    let event = event_with(variables);
    bencher.counter(BytesCount::of_str(&event)).bench(|| {
        drop(black_box(serde_json::from_slice::<serde_json::Value>(black_box(event.as_bytes())).expect("JSON")))
    });
}

/// The worst case for a pattern.
#[divan::bench(args = [10, 100, 1_000, 10_000])]
fn adversarial_pattern(bencher: Bencher, length: usize) {
    let pattern: Pattern = format!("{}b*", "*a".repeat(32)).parse().expect("a pattern");
    let value = "a".repeat(length);
    bencher.bench(|| black_box(&pattern).fits(black_box(&value)));
}
