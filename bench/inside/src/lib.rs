//! The cases that are measured inside the process: each is a closure that does its work once.

pub mod plot;

use std::{hint::black_box, sync::LazyLock};

use anyhow::Context;
use buildbrake_aws::{
    Clients, Discard,
    config::AwsConfig,
    enforce::{Enforcer, Invocation},
};
use buildbrake_core::{event::Trigger, policy::Policy, verdict::judge};
use jiff::Timestamp;
use serde_json::Value;
use tokio::runtime::{self, Runtime};

/// A build that is judged and passes.
pub static COMPLIANT: LazyLock<String> = LazyLock::new(|| as_sent(include_str!("../../../events/compliant.json")));
/// A build that is stopped.
pub static VIOLATING: LazyLock<String> =
    LazyLock::new(|| as_sent(include_str!("../../../events/forbidden-branch.json")));
/// A build that has ended, with all its phases.
pub static FINISHED: LazyLock<String> = LazyLock::new(|| as_sent(include_str!("../../../events/finished.json")));
/// The policy that is deployed first.
pub const SAMPLE: &str = include_str!("../../../policy/policy.yaml");
/// Twenty rules of lists and limits.
pub const TWENTY_RULES: &str = include_str!("../policies/twenty-rules.yaml");
/// Ten rules of expressions.
pub const TEN_EXPRESSIONS: &str = include_str!("../policies/ten-expressions.yaml");

/// The cases, each under the name that its figure has.
pub const CASES: [&str; 10] = [
    "load the sample policy",
    "load twenty rules",
    "load ten expressions",
    "read an event",
    "read a finished event",
    "from an event to its verdict",
    "from an event to its record",
    "judge by twenty rules",
    "judge by twenty rules, one broken",
    "judge by ten expressions",
];

/// Prepares one case. The closure that is returned does its work once.
///
/// # Errors
/// If there is no such case.
pub fn case(name: &str) -> anyhow::Result<Box<dyn Fn()>> {
    let load = |text: &'static str| -> Box<dyn Fn()> { Box::new(move || drop(black_box(policy(black_box(text))))) };
    let judging = |text, event: &str| -> anyhow::Result<Box<dyn Fn()>> {
        let (policy, Trigger::Build(event)) = (policy(text)?, Trigger::parse(event)?) else {
            anyhow::bail!("an event of no build")
        };
        let now = now()?;
        Ok(Box::new(move || drop(black_box(judge(&policy, black_box(&event.build), now)))))
    };
    Ok(match name {
        "load the sample policy" => load(SAMPLE),
        "load twenty rules" => load(TWENTY_RULES),
        "load ten expressions" => load(TEN_EXPRESSIONS),
        "read an event" => Box::new(|| drop(black_box(Trigger::parse(black_box(VIOLATING.as_bytes()))))),
        "read a finished event" => Box::new(|| drop(black_box(Trigger::parse(black_box(FINISHED.as_bytes()))))),
        "from an event to its verdict" => {
            let (policy, now) = (policy(SAMPLE)?, now()?);
            Box::new(move || {
                if let Ok(Trigger::Build(event)) = Trigger::parse(black_box(VIOLATING.as_bytes())) {
                    drop(black_box(judge(&policy, &event.build, now)));
                }
            })
        }
        "from an event to its record" => {
            let ((enforcer, runtime), now) = (enforcer(policy(SAMPLE)?, "http://localhost")?, now()?);
            Box::new(move || {
                let clock = || now;
                let invocation = Invocation {
                    function: None,
                    request_id: None,
                    version: None,
                    deadline: Timestamp::MAX,
                    clock: &clock,
                    sink: &Discard,
                };
                let record = runtime.block_on(enforcer.handle(black_box(COMPLIANT.as_bytes()), &invocation));
                drop(black_box(record.into_response()));
            })
        }
        "judge by twenty rules" => judging(TWENTY_RULES, &COMPLIANT)?,
        "judge by twenty rules, one broken" => judging(TWENTY_RULES, &VIOLATING)?,
        "judge by ten expressions" => judging(TEN_EXPRESSIONS, &COMPLIANT)?,
        _ => anyhow::bail!("no case `{name}`"),
    })
}

/// Parses a policy.
///
/// # Errors
/// Its faults.
pub fn policy(text: &str) -> anyhow::Result<Policy> {
    Policy::parse("policy.yaml", text).map_err(|faults| anyhow::anyhow!("{faults}"))
}

/// An enforcer of a policy that calls the CodeBuild at an endpoint, and the runtime for its calls.
///
/// # Errors
/// If the runtime cannot be built, or there are no root certificates.
pub fn enforcer(policy: Policy, endpoint: &str) -> anyhow::Result<(Enforcer, Runtime)> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let config = runtime.block_on(AwsConfig::for_local_endpoint(endpoint, "us-east-1"));
    Ok((Enforcer::new(policy, Clients::new(config), None), runtime))
}

/// A policy with this many rules of two patterns each.
pub fn policy_of_rules(count: usize) -> String {
    let rules: String =
        (0..count).map(|rule| format!("{{id: r{rule}, forbidden-branches: [a{rule}, b{rule}/*]}},")).collect();
    format!("{{version: 1, rules: [{rules}]}}")
}

/// A policy of one rule with this many patterns, half of them literals.
pub fn policy_of_patterns(count: usize) -> String {
    let patterns: String = (0..count / 2).map(|pattern| format!("branch-{pattern}, team-{pattern}/*,")).collect();
    format!("{{version: 1, rules: [{{id: r, forbidden-branches: [{patterns}]}}]}}")
}

/// An event with this many environment variables.
pub fn event_with(variables: usize) -> String {
    let variables: Vec<String> = (0..variables)
        .map(|index| format!(r#"{{"name":"VARIABLE_{index}","type":"PLAINTEXT","value":"value-{index}"}}"#))
        .collect();
    COMPLIANT.replace(r#""environment-variables":[]"#, &format!(r#""environment-variables":[{}]"#, variables.join(",")))
}

/// An event as it is sent: on one line, without spaces.
fn as_sent(event: &str) -> String {
    serde_json::from_str::<Value>(event).expect("a sample event").to_string()
}

/// The time at which all builds are judged: the minute after their start.
///
/// # Errors
/// None.
pub fn now() -> anyhow::Result<Timestamp> {
    "2026-11-20T09:29:52Z".parse().context("no time")
}
