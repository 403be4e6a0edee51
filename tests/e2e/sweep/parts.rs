//! A sweep that has less time than it needs: another invocation continues it.

use std::{thread, time::Duration};

use buildbrake_testkit::{
    codebuild::{CodeBuild, Endpoint},
    events::scheduled,
    lambda::Lambda,
    scheduler::Scheduler,
};
use serde_json::Value;

use super::{Swept, sweep};
use crate::PROGRAM;

const POLICY: &str = "\
version: 1
safety: {max-stops-per-sweep: 100%}
rules: [{id: protected-branches, forbidden-branches: [main]}]
";

/// A region of 400 projects with a violator each, and a CodeBuild so slow that one invocation is
/// not enough.
fn slow_region() -> (CodeBuild, Endpoint) {
    let region = CodeBuild::default();
    for number in 0..400 {
        region.run(&format!("shop-{number:03}"), 20, "main");
    }
    let codebuild = region.listen_unless(|_| {
        thread::sleep(Duration::from_millis(50));
        None
    });
    (region, codebuild)
}

const SHORT: Duration = Duration::from_secs(4);

/// Sweeps again if a sweep had no time for anything, as may happen on a busy machine.
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
        let lambda = PROGRAM.start_with(POLICY, codebuild.address, &settings, SHORT);
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
    let lambda = PROGRAM.start_with(POLICY, codebuild.address, &[], SHORT);
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
    let lambda = PROGRAM.start_with(POLICY, codebuild.address, &[], Duration::from_millis(10));
    let mut failed = 0;
    for _ in 0..3 {
        failed += u32::from(sweep(&lambda, &scheduled()).answer.is_err());
    }
    assert_eq!((failed, region.stopped().len()), (3, 0));
    lambda.end();
}
