//! Canaries in every place that may contain a secret: none may come out of the function, whatever it does, at any
//! level of its log.

use std::{thread, time::Duration};

use buildbrake_testkit::{
    codebuild::{CodeBuild, Endpoint, builds_answer, refusal, running, running_in, stop_answer, stopped},
    events::{additional_information, event, scheduled},
    http::Reply,
    lambda::Answer,
};
use serde_json::{Value, json};

use crate::{FORBIDDEN, PROGRAM};

const POLICY: &str = "\
version: 1
rules:
  - id: short-builds
    max-timeout: 60m
  - id: known-sources
    allowed-sources: [https://git.example.com/*]
  - id: no-secrets-in-variables
    forbidden-variables: [\"*\"]
";

/// The beginning of every canary; the rest names its place.
const CANARY: &str = "cAnArY7f3a";

/// This policy needs only the timeout, so a build with canaries is allowed.
const LENIENT_POLICY: &str = "version: 1\nrules: [{id: short-builds, max-timeout: 36h}]\n";

/// Every level that Lambda can be set to, and the variable other Rust programs heed.
const LEVELS: [(&str, &str); 6] = [
    ("AWS_LAMBDA_LOG_LEVEL", "TRACE"),
    ("AWS_LAMBDA_LOG_LEVEL", "DEBUG"),
    ("AWS_LAMBDA_LOG_LEVEL", "INFO"),
    ("AWS_LAMBDA_LOG_LEVEL", "WARN"),
    ("AWS_LAMBDA_LOG_LEVEL", "ERROR"),
    ("RUST_LOG", "trace"),
];

fn canary(place: &str) -> String {
    format!("{CANARY}-{place}")
}

/// A URL with secrets before its host, in its query and in its fragment.
fn url(place: &str) -> String {
    let secret = canary(place);
    format!("https://us\u{a0}er:{secret}@git.example.org/acme/app.git?token={secret}#{secret}")
}

fn buildspec(place: &str) -> String {
    format!("version: 0.2\nphases:\n  build:\n    commands:\n      - deploy --token {}\n", canary(place))
}

/// A Build of the API, with a canary in every place.
fn build_with_canaries(mut build: Value) -> Value {
    let told_by = |message: String| json!([{"statusCode": "COMMAND_EXECUTION_ERROR", "message": message}]);
    let variable = |kind: &str| json!({"name": kind, "type": kind, "value": canary(kind)});
    let phase = |message: String| json!({"phaseType": "BUILD", "phaseStatus": "FAILED", "contexts": told_by(message)});
    let more = json!({
        "source": {
            "type": "GITHUB", "location": url("location"), "buildspec": buildspec("buildspec"),
            "buildStatusConfig": {"context": url("status-context"), "targetUrl": url("target")},
        },
        "secondarySources": [
            {"type": "GITHUB", "location": url("second"), "sourceIdentifier": "one",
             "buildspec": format!("version: 0.2 # {}", canary("one-line"))},
            {"type": "GITHUB", "sourceIdentifier": "two", "buildspec": "ci/build-spec_2.yml"},
            {"type": "GITHUB", "sourceIdentifier": "three", "buildspec": "arn:aws:s3:::acme-specs/app.yml"},
        ],
        "secondarySourceVersions": [{"sourceIdentifier": "one", "sourceVersion": url("second-version")}],
        "artifacts": {"location": url("artifacts")},
        "secondaryArtifacts": [{"location": url("second-artifacts")}],
        "cache": {"type": "S3", "location": url("cache")},
        "logs": {"deepLink": url("deep-link"), "s3DeepLink": url("s3-deep-link"), "s3Logs": {"status": "ENABLED", "location": url("s3")}},
        "fileSystemLocations": [{"location": url("file-system")}],
        "debugSession": {"sessionTarget": url("session")},
        "environment": {
            "type": "LINUX_CONTAINER", "image": "aws/codebuild/standard:7.0", "computeType": "BUILD_GENERAL1_SMALL",
            "environmentVariables": [
                variable("PLAINTEXT"), variable("PARAMETER_STORE"), variable("SECRETS_MANAGER"),
                {"name": "URL", "type": "PLAINTEXT", "value": url("variable")},
            ],
            "dockerServer": {"computeType": "BUILD_GENERAL1_SMALL", "status": {"status": "FAILED", "message": format!("no login with {}", canary("PLAINTEXT"))}},
        },
        "exportedEnvironmentVariables": [{"name": "TOKEN", "value": canary("exported")}],
        "phases": [
            phase(format!("cannot reach {}", url("phase"))),
            phase(format!("{} then {} then {}.", canary("PLAINTEXT"), canary("exported"), url("variable"))),
            phase(format!("Error while executing command: deploy --token {}. Reason: exit status 1", canary("buildspec"))),
            phase(format!("yaml: line 3: could not find expected ':' after {}", canary("buildspec"))),
            phase(format!("AccessDeniedException: no access to the secret {}", &canary("SECRETS_MANAGER")[..CANARY.len()])),
        ],
        "timeoutInMinutes": 480,
    });
    build.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    build
}

/// An event of CodeBuild, with a canary in every place that an event has.
fn event_with_canaries() -> Value {
    let mut event = event("forbidden-branch");
    let build = build_with_canaries(json!({}));
    *additional_information(&mut event) = json!({
        "timeout-in-minutes": 480, "build-complete": false, "initiator": url("initiator"),
        "source-version": url("source-version"), "source": build["source"], "artifact": build["artifacts"],
        "cache": build["cache"], "logs": {"deep-link": url("deep-link")},
        "environment": {
            "compute-type": "BUILD_GENERAL1_SMALL",
            "environment-variables": build["environment"]["environmentVariables"],
        },
        "phases": [{"phase-context": [format!("COMMAND_EXECUTION_ERROR: {}", canary("PLAINTEXT"))]}],
    });
    event["detail"]["current-phase-context"] = json!(format!("[{}]", canary("context")));
    event
}

/// Returns the text of a service that reveals too much.
fn words() -> String {
    format!("Not for {} at {}, {}", canary("PLAINTEXT"), url("variable"), url("message"))
}

/// A scenario: CodeBuild's replies, and the expected outcome.
struct Course {
    policy: &'static str,
    outcome: &'static str,
    stop: fn(&str) -> Reply,
    get: fn(&str) -> Reply,
}

const STOPS: fn(&str) -> Reply = |id| stop_answer(build_with_canaries(stopped(id)));
const RUNS: fn(&str) -> Reply = |id| builds_answer(build_with_canaries(running(id)));

const COURSES: &[Course] = &[
    Course { policy: POLICY, outcome: "stopped", stop: STOPS, get: RUNS },
    Course { policy: LENIENT_POLICY, outcome: "allowed", stop: STOPS, get: RUNS },
    failing(|id| stop_answer(build_with_canaries(running(id)))),
    failing(|_| refusal(400, "AccessDeniedException", &words())),
    failing(|_| refusal(400, "InvalidInputException", &words())),
    failing(|_| refusal(400, "SomethingNewException", &words())),
    failing(|_| refusal(500, "InternalServerError", &words())),
    // For a wrong signature, the service's text quotes the request's headers, including the token.
    failing(|_| refusal(400, "InvalidSignatureException", &format!("x-amz-security-token:{}", canary("session")))),
    // JSON that breaks off, JSON of another kind, and none at all.
    failing(|id| Reply::json(200, &build_with_canaries(stopped(id)).to_string()[1..])),
    failing(|_| Reply::json(200, json!({"build": canary("body")}))),
    failing(|_| Reply::json(200, json!({"build": {"timeoutInMinutes": canary("number")}}))),
    failing(|_| Reply::json(400, canary("body"))),
    failing(|_| Reply::Raw(canary("no-http").into_bytes())),
    failing(|_| Reply::Raw(format!("HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n{}", canary("half")).into_bytes())),
];

const fn failing(stop: fn(&str) -> Reply) -> Course {
    Course { policy: POLICY, outcome: "failed", stop, get: RUNS }
}

/// Handles one event at one log level. Asserts that no canary comes out and that the outcome is the expected one.
/// Returns the record.
fn run(course: &Course, level: (&str, &str), event: &Value) -> Value {
    let codebuild = Endpoint::with(course.stop, course.get);
    let session = canary("session");
    let lambda = PROGRAM.start(course.policy, codebuild.address, &[level, ("AWS_SESSION_TOKEN", &session)]);
    let answer = lambda.invoke(event);
    let log = lambda.end();
    assert_no_canary(&answer, &log);
    let is_quiet = ["WARN", "ERROR"].contains(&level.1);
    assert_eq!(log.contains("policy loaded"), !is_quiet, "the level {level:?} is not heeded: {log}");
    let record = answer.record();
    assert_eq!(record["outcome"], course.outcome, "{record}");
    record
}

fn assert_no_canary(answer: &Answer, log: &str) {
    let Answer { result, line, .. } = answer;
    for (what, text) in [("answer", format!("{result:?}").as_str()), ("record", line), ("log", log)] {
        if let Some(at) = text.find(CANARY) {
            panic!("in the {what}: {}", text[at..].chars().take(40).collect::<String>());
        }
    }
}

#[test]
fn no_secret_comes_out_of_any_course_at_any_level() {
    for level in LEVELS {
        for course in COURSES {
            run(course, level, &event_with_canaries());
        }
    }
}

#[test]
fn no_secret_comes_out_of_a_call_that_never_ends() {
    // All of them wait for the same timeout, so they run at the same time.
    thread::scope(|scope| {
        for level in LEVELS {
            let hangs = failing(|_| Reply::Hang(Duration::from_secs(60)));
            scope.spawn(move || run(&hangs, level, &event_with_canaries()));
        }
    });
}

#[test]
fn no_secret_comes_out_of_a_build_that_was_fetched() {
    for level in LEVELS {
        for course in &COURSES[..4] {
            run(course, level, &event("no-additional-information"));
        }
    }
}

#[test]
fn no_secret_comes_out_of_an_event_that_cannot_be_read() {
    let with = |key: &str, value: Value| {
        let mut event = event_with_canaries();
        event[key] = value;
        event
    };
    for event in [
        json!([canary("list")]),
        json!(canary("text")),
        json!({"detail": canary("detail")}),
        with("detail-type", json!(url("detail-type"))),
        with("source", json!(url("source"))),
    ] {
        for level in LEVELS {
            run(&failing(STOPS), level, &event);
        }
    }
    // The event still names the build, so the build is judged.
    for event in [
        with("detail", json!(canary("detail"))),
        with("time", json!(canary("time"))),
        with("resources", json!(canary("resources"))),
    ] {
        for level in LEVELS {
            run(&COURSES[0], level, &event);
        }
    }
}

#[test]
fn every_value_is_stars_and_every_name_stays() {
    let record = run(&COURSES[0], LEVELS[2], &event_with_canaries());
    let build = &record["build"];
    let stars = |name: &str| json!({"name": name, "value": "***", "type": name});
    assert_eq!(
        build["environment"]["environmentVariables"],
        json!([
            stars("PLAINTEXT"),
            stars("PARAMETER_STORE"),
            stars("SECRETS_MANAGER"),
            {"name": "URL", "value": "***", "type": "PLAINTEXT"},
        ])
    );
    assert_eq!(build["exportedEnvironmentVariables"], json!([{"name": "TOKEN", "value": "***"}]));
    assert_eq!(record["violations"][2]["found"], "PLAINTEXT, URL");
}

#[test]
fn a_phase_keeps_its_code_and_no_quoted_text() {
    let record = run(&COURSES[0], LEVELS[2], &event_with_canaries());
    let phases = record["build"]["phases"].as_array().unwrap();
    for (phase, start) in phases.iter().zip([
        "text, ",
        "text, ",
        "Error while executing command: (command, 35 bytes, sha256:",
        "text, ",
        "text, ",
    ]) {
        let context = &phase["contexts"][0];
        assert_eq!(context["statusCode"], "COMMAND_EXECUTION_ERROR");
        assert!(context["message"].as_str().unwrap().starts_with(start), "{context}");
    }
    assert!(phases[2]["contexts"][0]["message"].as_str().unwrap().ends_with("). Reason: exit status 1"));
}

#[test]
fn a_url_keeps_scheme_host_and_path() {
    let record = run(&COURSES[0], LEVELS[2], &event_with_canaries());
    let plain = "https://git.example.org/acme/app.git";
    for place in ["/source/location", "/source/buildStatusConfig/targetUrl", "/logs/deepLink", "/cache/location"] {
        assert_eq!(record["build"].pointer(place).unwrap(), plain, "{place}");
    }
    assert_eq!((&record["initiator"], &record["violations"][1]["found"]), (&json!(plain), &json!(plain)));
}

#[test]
fn an_inline_buildspec_is_its_size_and_digest_and_a_path_is_itself() {
    let record = run(&COURSES[0], LEVELS[2], &event_with_canaries());
    let (build, text) = (&record["build"], buildspec("buildspec"));
    let digest = "f7c661c0df0677169031fca57950cbbf02aeb82be56e48d1e8ec5581f425863f";
    let expected = format!("inline buildspec, {} bytes, sha256:{digest}", text.len());
    assert_eq!(build["source"]["buildspec"], expected);
    let second = &build["secondarySources"];
    assert!(second[0]["buildspec"].as_str().unwrap().starts_with("inline buildspec, 34 bytes, sha256:"), "{second}");
    assert_eq!(second[1]["buildspec"], "ci/build-spec_2.yml");
    assert_eq!(second[2]["buildspec"], "arn:aws:s3:::acme-specs/app.yml");
}

/// A Sandbox of the API, with a canary in every place.
fn sandbox_with_canaries(mut sandbox: Value) -> Value {
    let build = build_with_canaries(json!({}));
    for member in ["source", "secondarySources", "secondarySourceVersions", "fileSystemLocations", "environment"] {
        sandbox[member] = build[member].clone();
    }
    sandbox["sourceVersion"] = json!(url("source-version"));
    sandbox["logConfig"] = json!({"s3Logs": {"status": "ENABLED", "location": url("log-config")}});
    let session = &mut sandbox["currentSession"];
    session["resolvedSourceVersion"] = json!(url("resolved"));
    session["logs"] = build["logs"].clone();
    session["phases"].as_array_mut().unwrap().extend(build["phases"].as_array().unwrap().iter().cloned());
    sandbox
}

#[test]
fn no_secret_comes_out_of_a_sandbox() {
    let policy = "{version: 1, rules: [{id: a, max-duration: 1h}, {id: b, forbidden-variables: ['*']}, \
                  {id: c, allowed-sources: ['https://git.example.com/*']}, {id: d, forbidden-refs: ['*']}]}";
    type Stop = fn(Value) -> Reply;
    let stops: [(Stop, &str); 4] = [
        (
            |mut sandbox| {
                sandbox["status"] = json!("STOPPING");
                Reply::json(200, json!({"sandbox": sandbox}))
            },
            "stopped",
        ),
        (|sandbox| Reply::json(200, json!({"sandbox": sandbox})), "failed"),
        (|_| refusal(400, "AccessDeniedException", &words()), "failed"),
        (|_| refusal(400, "InvalidInputException", &words()), "failed"),
    ];
    for level in LEVELS {
        for (stop, outcome) in stops {
            let region = CodeBuild::default();
            let id = region.run_sandbox("shop-api", 600);
            let mut sandbox = json!(null);
            region.change_sandbox(&id, |one| {
                *one = sandbox_with_canaries(one.clone());
                sandbox = one.clone();
            });
            let codebuild =
                region.listen_unless(move |call| (call.operation == "StopSandbox").then(|| stop(sandbox.clone())));
            let lambda = PROGRAM.start(policy, codebuild.address, &[level]);
            let (answer, records) = lambda.invoke_until(&scheduled(), |record| record.get("buildId").is_none());
            assert_no_canary(&answer, &lambda.end());
            assert!(!records[0].to_string().contains(CANARY), "{}", records[0]);
            assert_eq!(
                (&records[0]["outcome"], records[0]["violations"].as_array().unwrap().len()),
                (&json!(outcome), 4)
            );
        }
    }
}

/// A service's text may quote values that the function cannot redact, because it never fetched the batch, the project
/// or the build.
#[test]
fn no_text_of_a_service_comes_out_that_may_quote_unknown_values() {
    let id = "shop-api:ba7c4000-0000-4000-8000-000000000001";
    let arn = format!("arn:aws:codebuild:eu-west-1:111122223333:build-batch/{id}");
    let batch = json!({"id": id, "arn": arn, "buildBatchStatus": "IN_PROGRESS", "complete": false});
    let rule = |check: &str| format!("version: 1\nrules: [{{id: a, batch: stop-all, {check}}}]\n");
    let stops = rule("forbidden-branches: [main]");
    let asks = |member: &str| rule(&format!("deny-when: \"{member}.serviceRole == 'a'\""));
    let mut of_a_batch = event("forbidden-branch");
    additional_information(&mut of_a_batch)["initiator"] = json!("batches/AWSCodeBuild-5e000002");
    for (operation, policy, event) in [
        ("StopBuildBatch", &stops, event("forbidden-branch")),
        ("BatchGetBuildBatches", &asks("batch"), of_a_batch),
        ("BatchGetProjects", &asks("project"), event("forbidden-branch")),
        ("BatchGetBuilds", &asks("build"), event("forbidden-branch")),
        ("BatchGetBuilds", &stops, event("no-additional-information")),
        ("ListProjects", &stops, scheduled()),
        ("ListBuildsForProject", &stops, scheduled()),
        ("BatchGetBuilds", &stops, scheduled()),
        ("BatchGetProjects", &asks("project"), scheduled()),
    ] {
        let codebuild = CodeBuild::default();
        let mut build = running_in("111122223333", "eu-west-1", FORBIDDEN);
        build["buildBatchArn"] = json!(arn);
        codebuild.run("shop-api", 20, "main");
        codebuild.put(build);
        codebuild.put_batch(batch.clone());
        let words = format!("no such value: {}", canary("unknown"));
        for (code, message, shown) in [
            ("InvalidInputException", words.as_str(), "InvalidInputException: (text, 33 bytes, sha256:"),
            ("AccessDeniedException", words.as_str(), "AccessDeniedException: (text, 33 bytes, sha256:"),
            ("AccessDeniedException", DENIED, DENIED),
        ] {
            let message = message.to_owned();
            let answer = move || refusal(400, code, &message);
            let codebuild = codebuild.clone().listen_unless(move |call| (call.operation == operation).then(&answer));
            let lambda = PROGRAM.start(policy, codebuild.address, &[]);
            let is_sweep = event["detail-type"] == "Scheduled Event";
            let (answer, _) = lambda.invoke_until(&event, |record| !is_sweep || record.get("buildId").is_none());
            assert_no_canary(&answer, &lambda.end());
            let record: Value = serde_json::from_str(&answer.line).unwrap();
            assert_eq!(record["outcome"], "failed", "{operation}: {record}");
            assert!(record["error"]["message"].as_str().unwrap().contains(shown), "{operation}: {record}");
            assert!(record["message"].as_str().unwrap().contains(shown), "{operation}: {record}");
        }
    }
}

const DENIED: &str = "User: arn:aws:sts::111122223333:assumed-role/buildbrake/buildbrake is not authorized to perform: \
                      codebuild:StopBuildBatch on resource: arn:aws:codebuild:eu-west-1:111122223333:project/shop-api \
                      because no identity-based policy allows the codebuild:StopBuildBatch action";
