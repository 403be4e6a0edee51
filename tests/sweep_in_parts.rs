//! A sweep that has less time than it needs: another invocation goes on with it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what it expects by failing")]

mod common;

use std::time::Duration;

use common::{
    codebuild::CodeBuild,
    lambda::Lambda,
    region::Region,
    scheduler::Scheduler,
    sweep::{Swept, scheduled, sweep},
};
use serde_json::Value;

const POLICY: &str = "\
version: 1
safety: {max-stops-per-sweep: 100%}
rules: [{id: protected-branches, forbidden-branches: [main]}]
";

/// A region of 400 projects with a violator each, and a CodeBuild that takes its time:
/// more of it than this machine does, and more than one invocation has.
fn slow_region() -> (Region, CodeBuild) {
    let region = Region::default();
    for number in 0..400 {
        region.running(&format!("shop-{number:03}"), 20, "main");
    }
    let codebuild = region.spoilt_codebuild(|_, _| {
        std::thread::sleep(Duration::from_millis(80));
        None
    });
    (region, codebuild)
}

const SHORT: Duration = Duration::from_secs(4);

/// A sweep without enough time for anything fails, as it may on a machine that is busy
/// with other things, and is tried again.
fn sweep_patiently(lambda: &Lambda, event: &Value) -> Swept {
    for _ in 0..10 {
        let swept = sweep(lambda, event);
        match &swept.answer {
            Ok(_) => return swept,
            Err(error) => assert_eq!(error["errorType"], "TimedOut"),
        }
    }
    panic!("it gets nowhere");
}

#[test]
fn what_there_is_no_time_for_is_handed_on() {
    let (region, codebuild) = slow_region();
    let scheduler = Scheduler::obliging();
    let settings = scheduler.settings();
    let mut event = scheduled();
    let mut invocations = 0;
    loop {
        let lambda = Lambda::start_with(POLICY, codebuild.address, &settings, SHORT);
        let swept = sweep_patiently(&lambda, &event);
        lambda.end();
        invocations += 1;
        assert!(invocations < 40, "it gets nowhere: {}", swept.summary);
        let Some(rest) = swept.summary.get("rest") else { break };
        let schedules = scheduler.schedules();
        let events = schedules.iter().map(|(_, schedule)| schedule["Target"]["Input"].as_str().unwrap());
        event = events
            .map(|text| serde_json::from_str::<Value>(text).unwrap())
            .find(|event| event["detail"]["sweep"]["from"] == rest["from"])
            .unwrap();
    }
    assert_eq!(region.stopped().len(), 400);
    assert!(invocations > 1, "there was time for all: {invocations}");
}

#[test]
fn without_a_scheduler_the_next_sweep_goes_on() {
    let (region, codebuild) = slow_region();
    let lambda = Lambda::start_with(POLICY, codebuild.address, &[], SHORT);
    let mut sweeps = 0;
    while region.stopped().len() < 400 {
        sweep_patiently(&lambda, &scheduled());
        sweeps += 1;
        assert!(sweeps < 40, "it gets nowhere: {} are stopped", region.stopped().len());
    }
    assert!(sweeps > 1, "there was time for all: {sweeps}");
    lambda.end();
}

#[test]
fn a_function_without_time_for_anything_says_so() {
    let (region, codebuild) = slow_region();
    let lambda = Lambda::start_with(POLICY, codebuild.address, &[], Duration::from_millis(10));
    let mut failed = 0;
    for _ in 0..3 {
        failed += u32::from(sweep(&lambda, &scheduled()).answer.is_err());
    }
    assert_eq!((failed, region.stopped().len()), (3, 0));
    lambda.end();
}
