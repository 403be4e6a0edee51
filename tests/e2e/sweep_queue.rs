//! The sweep of many accounts and regions over a queue: a message for each, partial batch responses, and
//! messages that are too old.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use buildbrake_testkit::{
    codebuild::{CodeBuild, Endpoint, refusal, running_in},
    events::scheduled,
    http::{Address, Reply},
    lambda::Lambda,
    runtime_api::REQUEST_ID,
    sqs::{self, Sqs},
    sts::{self, Sts},
};
use serde_json::{Value, json};

use crate::PROGRAM;

const HUB: &str = "111122223333";
const MEMBER: &str = "444455556666";
const OTHER: &str = "999999999999";
const ACCOUNTS: &str = "444455556666=shop-prod,999999999999";
const POLICY: &str =
    "{version: 1, safety: {max-stops-per-sweep: 100%}, rules: [{id: protected, forbidden-branches: [main]}]}";

fn settings<'a>(sts: &'a Sts, sqs: &'a Sqs, regions: &'a str) -> Vec<(&'a str, &'a str)> {
    sts.settings(ACCOUNTS, regions).into_iter().chain(sqs.settings()).collect()
}

fn place(account: &str, region: &str) -> Value {
    json!({"account": account, "region": region})
}

/// Runs this many builds of main in a place.
fn run(codebuild: &CodeBuild, account: &str, region: &str, count: usize) {
    for number in 0..count {
        codebuild.put(running_in(account, region, &format!("shop:5e000000-0000-4000-8000-{number:012}")));
    }
}

/// Sweeps these places; returns the ids of the messages to try again, and the records of the sweeps by their
/// places.
fn sweep(lambda: &Lambda, records: usize, bodies: &[Value]) -> (Vec<String>, Vec<Value>) {
    let (answer, records) = lambda.invoke_for(records, &sqs::event(bodies, 1));
    let failures = answer.unwrap()["batchItemFailures"].as_array().unwrap().clone();
    let ids = failures.iter().map(|failure| failure["itemIdentifier"].as_str().unwrap().to_owned());
    (ids.collect(), records.into_iter().filter(|record| record.get("buildId").is_none()).collect())
}

#[test]
fn a_scheduled_sweep_sends_one_message_for_each_account_and_region() {
    let (codebuild, sts, sqs) = (CodeBuild::default().listen(), Sts::obliging(), Sqs::obliging());
    let lambda =
        PROGRAM.start(POLICY, codebuild.address, &settings(&sts, &sqs, "us-east-1,eu-west-1,eu-west-2,eu-west-3"));
    let (answer, records) = lambda.invoke_for(1, &scheduled());
    assert_eq!(answer.unwrap(), records[0]);
    assert_eq!(records[0]["outcome"], "ignored");
    assert_eq!(records[0]["message"], "Sent the sweeps of 12 accounts and regions to the queue.");
    let mut expected = Vec::new();
    for account in [HUB, MEMBER, OTHER] {
        expected.extend(["us-east-1", "eu-west-1", "eu-west-2", "eu-west-3"].map(|region| place(account, region)));
    }
    let mut sent = sqs.sent();
    for list in [&mut sent, &mut expected] {
        list.sort_by_key(Value::to_string);
    }
    assert_eq!((sent, sqs.calls()), (expected, 2));
    assert_eq!((codebuild.calls().len(), sts.calls().len()), (0, 0));
    lambda.end();
}

#[test]
fn a_sweep_without_the_belt_and_a_dry_run_travel_with_each_message() {
    for (detail, expected) in [
        (
            json!({"safety-belt": "off"}),
            json!({"account": HUB, "region": "us-east-1", "safety-belt": "off", "belt-off-by": REQUEST_ID}),
        ),
        (json!({"dry-run": "on"}), json!({"account": HUB, "region": "us-east-1", "dry-run": "on"})),
    ] {
        let (codebuild, sts, sqs) = (CodeBuild::default().listen(), Sts::obliging(), Sqs::obliging());
        let lambda = PROGRAM.start(POLICY, codebuild.address, &settings(&sts, &sqs, "us-east-1"));
        let mut event = scheduled();
        event["detail"] = detail;
        lambda.invoke_for(1, &event).0.unwrap();
        let sent = sqs.sent();
        assert!(sent.len() == 3 && sent.contains(&expected), "{sent:?}");
        lambda.end();
    }
}

/// The last message is dropped if the time between two sweeps is too short for all places.
#[test]
fn each_sweep_begins_with_another_place() {
    let (codebuild, sts, sqs) = (CodeBuild::default().listen(), Sts::obliging(), Sqs::obliging());
    let mut settings = settings(&sts, &sqs, "us-east-1");
    settings.push(("BUILDBRAKE_SWEEP_SCHEDULE", "rate(15 minutes)"));
    let lambda = PROGRAM.start(POLICY, codebuild.address, &settings);
    let mut event = scheduled();
    let mut first = BTreeSet::new();
    for hour in 0..6 {
        event["time"] = json!(format!("2026-11-22T{hour:02}:15:00Z"));
        lambda.invoke_for(1, &event).0.unwrap();
        first.insert(sqs.sent()[3 * hour]["account"].as_str().unwrap().to_owned());
    }
    assert_eq!(first, BTreeSet::from([HUB, MEMBER, OTHER].map(str::to_owned)));
    lambda.end();
}

/// The check of a new version must not let the old version do the sweep.
#[test]
fn a_sweep_that_names_its_place_is_done_at_once() {
    let (region, sts, sqs) = (CodeBuild::default(), Sts::obliging(), Sqs::obliging());
    run(&region, MEMBER, "us-east-1", 1);
    let codebuild = region.listen();
    let lambda = PROGRAM.start(POLICY, codebuild.address, &settings(&sts, &sqs, "us-east-1"));
    let mut event = scheduled();
    event["detail"] = json!({"account": MEMBER, "dry-run": "on"});
    let (answer, _) = lambda.invoke_for(2, &event);
    let answer = answer.unwrap();
    assert_eq!((&answer["account"], &answer["running"], &answer["broken"]), (&json!(MEMBER), &json!(1), &json!(1)));
    assert!(region.stopped().is_empty() && sqs.sent().is_empty());
    lambda.end();
}

#[test]
fn each_place_of_a_batch_is_swept_with_its_own_credentials_and_belt() {
    let (region, sts, sqs) = (CodeBuild::default(), Sts::obliging(), Sqs::obliging());
    // Ten of ten builds would be stopped in one place, and one of one in the others.
    let policy = POLICY.replace("100%", "50%");
    run(&region, MEMBER, "us-east-1", 10);
    run(&region, MEMBER, "eu-west-1", 1);
    run(&region, HUB, "eu-west-1", 1);
    let codebuild = region.listen();
    let lambda = PROGRAM.start(&policy, codebuild.address, &settings(&sts, &sqs, "us-east-1,eu-west-1"));
    let places = [place(MEMBER, "us-east-1"), place(MEMBER, "eu-west-1"), place(HUB, "eu-west-1")];
    let (failed, sweeps) = sweep(&lambda, 15, &places);
    assert_eq!(failed, [""; 0]);
    let of = |account: &str, region: &str| {
        sweeps.iter().find(|sweep| (&sweep["account"], &sweep["region"]) == (&json!(account), &json!(region))).unwrap()
    };
    let limited = of(MEMBER, "us-east-1");
    assert_eq!(
        (&limited["running"], &limited["stopped"], &limited["safety"]["stops"]),
        (&json!(10), &json!(0), &json!(10))
    );
    assert_eq!(limited["accountName"], "shop-prod");
    assert_eq!(of(MEMBER, "eu-west-1")["stopped"], 1);
    let own = of(HUB, "eu-west-1");
    assert_eq!((&own["stopped"], own.get("accountName")), (&json!(1), None));
    // All regions of an account share one call to STS, though they are swept side by side.
    assert_eq!(sts.accounts(), [MEMBER]);

    let mut without_belt = place(MEMBER, "us-east-1");
    without_belt["safety-belt"] = json!("off");
    without_belt["belt-off-by"] = json!("the request of a person");
    let (_, sweeps) = sweep(&lambda, 11, &[without_belt]);
    assert_eq!((&sweeps[0]["stopped"], &sweeps[0]["notes"][0]["code"]), (&json!(10), &json!("belt-off")));
    let message = sweeps[0]["notes"][0]["message"].as_str().unwrap();
    assert!(message.contains("because the request the request of a person asked for that"), "{message}");
    lambda.end();
}

#[test]
fn an_account_that_fails_is_tried_again_alone() {
    let region = CodeBuild::default();
    for account in [HUB, MEMBER, OTHER] {
        run(&region, account, "us-east-1", 1);
    }
    let codebuild =
        region.listen_unless(|call| (call.account == OTHER).then(|| refusal(400, "AccountSuspendedException", "no")));
    let sts = Sts::answering(|account| (account == MEMBER).then(|| sts::denied(account)));
    let sqs = Sqs::obliging();
    let lambda = PROGRAM.start(POLICY, codebuild.address, &settings(&sts, &sqs, "us-east-1"));
    let bodies = [
        place(MEMBER, "us-east-1"),
        place(HUB, "us-east-1"),
        place(OTHER, "us-east-1"),
        place("123456789012", "us-east-1"),
        json!("all of it"),
    ];
    let (mut failed, sweeps) = sweep(&lambda, 6, &bodies);
    failed.sort();
    assert_eq!(failed, ["0", "2", "3", "4"]);
    let mut errors: Vec<&str> = sweeps.iter().filter_map(|sweep| sweep["error"]["type"].as_str()).collect();
    errors.sort_unstable();
    assert_eq!(errors, ["OtherAccount", "Refused", "RoleDenied", "UnreadableEvent"]);
    assert_eq!(region.stopped().len(), 1);
    lambda.end();
}

#[test]
fn a_message_older_than_one_schedule_is_dropped_and_a_retry_is_not() {
    let (region, sts, sqs) = (CodeBuild::default(), Sts::obliging(), Sqs::obliging());
    run(&region, MEMBER, "us-east-1", 1);
    let codebuild = region.listen();
    let lambda = PROGRAM.start(POLICY, codebuild.address, &settings(&sts, &sqs, "us-east-1"));
    let mut event = sqs::event(&[place(MEMBER, "us-east-1")], 310);
    let (answer, records) = lambda.invoke_for(1, &event);
    assert_eq!(answer.unwrap(), json!({"batchItemFailures": []}));
    assert_eq!(records[0]["outcome"], "ignored");
    let message = records[0]["message"].as_str().unwrap();
    assert!(message.starts_with("Dropped the sweep of account 444455556666 in us-east-1"), "{message}");
    let place = ["account", "accountName", "region"].map(|field| &records[0][field]);
    assert_eq!(place, [&json!(MEMBER), &json!("shop-prod"), &json!("us-east-1")]);
    // An alarm counts the dropped sweep, but it is not part of the shares of judged builds.
    assert_eq!(records[0]["SweepsDropped"], 1);
    let [directive] = records[0]["_aws"]["CloudWatchMetrics"].as_array().unwrap().as_slice() else {
        panic!("{}", records[0])
    };
    assert_eq!(directive["Metrics"], json!([{"Name": "SweepsDropped", "Unit": "Count"}]));
    assert!(codebuild.calls().is_empty() && sts.calls().is_empty());

    event["Records"][0]["attributes"]["ApproximateReceiveCount"] = json!("2");
    lambda.invoke_for(2, &event).0.unwrap();
    assert_eq!(region.stopped().len(), 1);
    lambda.end();
}

#[test]
fn messages_that_cannot_be_sent_fail_the_invocation() {
    let sts = Sts::obliging();
    let sqs = Sqs::refusing(|body| (body["account"] == OTHER).then_some("InternalError"));
    let codebuild = CodeBuild::default().listen();
    let lambda = PROGRAM.start(POLICY, codebuild.address, &settings(&sts, &sqs, "us-east-1"));
    let (answer, records) = lambda.invoke_for(1, &scheduled());
    assert_eq!(answer.unwrap_err()["errorType"], "ServiceFault");
    let message = records[0]["message"].as_str().unwrap();
    assert!(message.contains("SQS did not accept 1 of 3 messages"), "{message}");
    lambda.end();
}

/// One account closes every connection, and another one does not answer.
#[test]
fn a_slow_and_an_unreachable_account_delay_no_other() {
    let region = CodeBuild::default();
    run(&region, HUB, "us-east-1", 1);
    let codebuild = region.listen_unless(|call| match call.account.as_str() {
        OTHER => Some(Reply::Close),
        MEMBER => Some(Reply::Hang(Duration::from_secs(60))),
        _ => None,
    });
    let (sts, sqs) = (Sts::obliging(), Sqs::obliging());
    let mut settings = settings(&sts, &sqs, "us-east-1");
    settings.push(("AWS_MAX_ATTEMPTS", "1"));
    let lambda = PROGRAM.start(POLICY, codebuild.address, &settings);
    let begun = Instant::now();
    let places = [place(OTHER, "us-east-1"), place(MEMBER, "us-east-1"), place(HUB, "us-east-1")];
    let (mut failed, sweeps) = sweep(&lambda, 4, &places);
    failed.sort();
    assert_eq!(failed, ["0", "1"]);
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    let position = |account: &str| sweeps.iter().position(|sweep| sweep["account"] == account).unwrap();
    assert!(position(HUB) < position(MEMBER), "{sweeps:?}");
    assert_eq!(sweeps[position(HUB)]["stopped"], 1);
    lambda.end();
}

/// Otherwise, a function of 128 MB would run out of memory.
#[test]
fn the_sweeps_of_all_places_together_read_few_builds_at_once() {
    let (in_flight, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (counted, seen) = (in_flight.clone(), most.clone());
    let codebuild = Endpoint::open(Address::reserve(), move |call| match call.operation.as_str() {
        "ListProjects" => Reply::json(
            200,
            json!({"projects": (0..100).map(|number| format!("shop-{number:03}")).collect::<Vec<_>>()}),
        ),
        "ListBuildsForProject" => {
            let id = |number| {
                format!("{}:5e000000-0000-4000-8000-{number:012}", call.input["projectName"].as_str().unwrap())
            };
            Reply::json(200, json!({"ids": (0..5).map(id).collect::<Vec<_>>()}))
        }
        "BatchGetBuilds" => {
            seen.fetch_max(counted.fetch_add(1, SeqCst) + 1, SeqCst);
            thread::sleep(Duration::from_millis(20));
            counted.fetch_sub(1, SeqCst);
            Reply::json(200, json!({"builds": [], "buildsNotFound": call.input["ids"]}))
        }
        "ListSandboxes" => Reply::json(200, json!({"ids": []})),
        other => panic!("{other}"),
    });
    let accounts: Vec<String> = (1..=5).map(|number| (HUB.parse::<u64>().unwrap() + number).to_string()).collect();
    let (sts, sqs) = (Sts::obliging(), Sqs::obliging());
    let list = accounts.join(",");
    let settings: Vec<_> = sts.settings(&list, "us-east-1").into_iter().chain(sqs.settings()).collect();
    let lambda = PROGRAM.start(POLICY, codebuild.address, &settings);
    let places: Vec<Value> = accounts.iter().map(|account| place(account, "us-east-1")).collect();
    let (failed, sweeps) = sweep(&lambda, 5, &places);
    lambda.end();
    assert_eq!((failed, sweeps.len()), (Vec::new(), 5));
    assert!((2..=4).contains(&most.load(SeqCst)), "{most:?}");
}

/// The projects of each place, each with five running builds.
const PROJECTS: [&str; 4] = ["shop-api", "shop-web", "warehouse", "bank"];

/// The answer of a place with twenty running builds.
fn answer_for_twenty(operation: &str, input: &Value, account: &str, region: &str) -> Reply {
    let id = |project: &str, number: usize| format!("{project}:5e000000-0000-4000-8000-{number:012}");
    let answer = match operation {
        "ListProjects" => json!({ "projects": PROJECTS }),
        "ListBuildsForProject" => {
            let project = input["projectName"].as_str().unwrap();
            json!({"ids": (0..5).map(|number| id(project, number)).collect::<Vec<_>>()})
        }
        "BatchGetBuilds" => {
            let ids = input["ids"].as_array().unwrap().iter().map(|id| id.as_str().unwrap());
            let build = |id| {
                let mut build = running_in(account, region, id);
                build["sourceVersion"] = json!("feature/basket");
                build
            };
            json!({"builds": ids.map(build).collect::<Vec<_>>(), "buildsNotFound": []})
        }
        "ListSandboxes" => json!({"ids": []}),
        other => panic!("{other}"),
    };
    Reply::json(200, answer)
}

/// 1,000 accounts with 20 running builds in each of 4 regions. Every fourth call in a place is throttled. Two
/// functions stand for the twenty of the template, so that the time here is an upper bound.
/// `cargo test --workspace --test e2e sweep_queue::an_organization -- --ignored --nocapture`
#[test]
#[ignore = "takes minutes"]
fn an_organization_is_swept_within_one_schedule() {
    const FUNCTIONS: usize = 2;
    const REGIONS: [&str; 4] = ["us-east-1", "us-west-2", "eu-west-1", "eu-central-1"];
    let hub: u64 = HUB.parse().unwrap();
    let accounts: Vec<String> = (1..=1_000).map(|number| (hub + number).to_string()).collect();
    let list = std::env::temp_dir().join(format!("buildbrake-accounts-{}.txt", std::process::id()));
    std::fs::write(&list, accounts.join("\n")).unwrap();
    let calls: Mutex<HashMap<(String, String), u32>> = Mutex::default();
    let codebuild = Endpoint::open(Address::reserve(), move |call| {
        let mut calls = calls.lock().unwrap();
        let count = calls.entry((call.account.clone(), call.region.clone())).or_default();
        *count += 1;
        if count.is_multiple_of(4) {
            return refusal(400, "ThrottlingException", "Rate exceeded");
        }
        drop(calls);
        answer_for_twenty(&call.operation, &call.input, &call.account, &call.region)
    });
    let (sts, sqs) = (Sts::obliging(), Sqs::obliging());
    let regions = REGIONS.join(",");
    let settings: Vec<_> = sts.settings(list.to_str().unwrap(), &regions).into_iter().chain(sqs.settings()).collect();
    let places: Vec<Value> = accounts.iter().flat_map(|account| REGIONS.map(|region| place(account, region))).collect();
    let batches = Mutex::new(places.chunks(10));
    let begun = Instant::now();
    let memory: Vec<(u64, u64)> = thread::scope(|scope| {
        let functions: Vec<_> = (0..FUNCTIONS)
            .map(|_| {
                scope.spawn(|| {
                    let lambda = PROGRAM.start(POLICY, codebuild.address, &settings);
                    let (mut swept, mut early) = (0, 0);
                    loop {
                        let Some(batch) = batches.lock().unwrap().next() else { break };
                        let (failed, sweeps) = sweep(&lambda, batch.len(), batch);
                        assert_eq!(failed, [""; 0], "{sweeps:?}");
                        assert!(sweeps.iter().all(|sweep| sweep["running"] == 20), "{sweeps:?}");
                        swept += 1;
                        if swept == 40 {
                            early = lambda.most_memory();
                        }
                    }
                    (early, lambda.most_memory())
                })
            })
            .collect();
        functions.into_iter().map(|function| function.join().unwrap()).collect()
    });
    let (took, codebuild_calls, sts_calls) = (begun.elapsed(), codebuild.calls().len(), sts.calls().len());
    println!(
        "{} places in {took:?}: {codebuild_calls} calls to CodeBuild, {sts_calls} to STS; {memory:?} bytes",
        places.len()
    );
    std::fs::remove_file(list).unwrap();
    assert!(took < Duration::from_secs(300));
}
