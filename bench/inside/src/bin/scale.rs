//! Measures how the cost of judging grows with the number of rules, the number of patterns and the event's size, and
//! how the cost of a sweep grows with projects and running builds. Draws `docs/scale.svg`.

use std::{
    fs,
    hint::black_box,
    io::{self, Write},
    time::Instant,
};

use buildbrake_aws::{Discard, enforce::Invocation};
use buildbrake_core::{event::Trigger, verdict::judge};
use buildbrake_testkit::{codebuild::CodeBuild, events::scheduled};
use inside::{
    COMPLIANT, SAMPLE, enforcer, event_with, now,
    plot::{Series, svg, told},
    policy, policy_of_patterns, policy_of_rules,
};
use jiff::Timestamp;
use serde_json::{Value, json};

const PLOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/scale.svg");

fn main() -> anyhow::Result<()> {
    let series = [
        series("rules, of two patterns each", &[10, 40, 160, 640], |rules| judging(&policy_of_rules(rules)))?,
        series("patterns of one rule", &[10, 100, 1_000, 10_000], |patterns| judging(&policy_of_patterns(patterns)))?,
        series("variables in an event, to its verdict", &[1, 10, 100, 1_000], reading)?,
        series("projects swept, nothing running", &[100, 200, 400, 800], |projects| sweeping(projects, 0))?,
        series("running builds swept, of a hundred projects", &[100, 200, 400, 800], |builds| {
            sweeping(100, builds / 100)
        })?,
    ];
    let mut report = String::new();
    for Series { by, points } in &series {
        let figures: Vec<String> = points.iter().map(|(size, time)| format!("{size}: {}", told(*time))).collect();
        report.push_str(&format!("| {by} | {} |\n", figures.join(" | ")));
    }
    fs::write(PLOT, svg(&series))?;
    Ok(io::stdout().write_all(report.as_bytes())?)
}

/// The lowest cost of each size, measured in rounds of all sizes: a machine that is slow for a while is slow for all
/// of them.
fn series(by: &'static str, sizes: &[usize], cost: impl Fn(usize) -> anyhow::Result<f64>) -> anyhow::Result<Series> {
    let mut points: Vec<(f64, f64)> = sizes.iter().map(|size| (*size as f64, f64::MAX)).collect();
    for _ in 0..10 {
        for (size, (_, least)) in sizes.iter().zip(&mut points) {
            *least = least.min(cost(*size)?);
        }
    }
    Ok(Series { by, points })
}

/// The seconds of one run: the best of several tries of a hundredth of a second each, because the machine's other
/// work can only add time.
fn seconds(mut work: impl FnMut()) -> f64 {
    let mut one = || {
        let (begun, mut runs) = (Instant::now(), 0);
        while begun.elapsed().as_secs_f64() < 0.01 {
            work();
            runs += 1;
        }
        begun.elapsed().as_secs_f64() / f64::from(runs)
    };
    (0..10).map(|_| one()).fold(f64::MAX, f64::min)
}

fn judging(text: &str) -> anyhow::Result<f64> {
    let (policy, now) = (policy(text)?, now()?);
    let Trigger::Build(event) = Trigger::parse(COMPLIANT.as_bytes())? else { anyhow::bail!("an event of no build") };
    Ok(seconds(|| drop(black_box(judge(&policy, black_box(&event.build), now)))))
}

fn reading(variables: usize) -> anyhow::Result<f64> {
    let (policy, now, event) = (policy(SAMPLE)?, now()?, event_with(variables));
    Ok(seconds(|| {
        if let Ok(Trigger::Build(event)) = Trigger::parse(black_box(&event)) {
            drop(black_box(judge(&policy, &event.build, now)));
        }
    }))
}

/// A sweep of an account with this many projects, each with this many running builds.
fn sweeping(projects: usize, builds: usize) -> anyhow::Result<f64> {
    let codebuild = CodeBuild::default();
    for project in (0..projects).map(|project| format!("shop-{project:04}")) {
        codebuild.put_project(json!({"name": project}));
        for _ in 0..builds {
            codebuild.run(&project, 0, "feature/basket");
        }
    }
    let endpoint = codebuild.listen();
    let (enforcer, runtime) = enforcer(policy(SAMPLE)?, &format!("http://{}", endpoint.address))?;
    let event = scheduled().to_string();
    let invocation = Invocation {
        function: None,
        request_id: None,
        version: None,
        deadline: Timestamp::MAX,
        clock: &Timestamp::now,
        sink: &Discard,
    };
    let swept = runtime.block_on(enforcer.handle(event.as_bytes(), &invocation)).into_response();
    let swept: Value = serde_json::from_str(swept.get())?;
    anyhow::ensure!(swept["projects"] == projects && swept["running"] == projects * builds, "{swept}");
    Ok(seconds(|| drop(runtime.block_on(enforcer.handle(event.as_bytes(), &invocation)))))
}
