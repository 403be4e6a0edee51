//! Histories that cannot be read at once: throttled, interrupted, refused.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use buildbrake_testkit::{
    codebuild::refusal,
    http::{Address, Reply, Request},
};

use super::{codebuild, command, fresh_file, lines_of, names, run, run_at, saved};

#[test]
fn an_expired_token_in_the_middle_is_reported_and_the_same_command_continues() {
    let codebuild = codebuild(30, 40);
    let (calls, is_expired) = (AtomicUsize::new(0), Arc::new(AtomicBool::new(true)));
    let still = is_expired.clone();
    let endpoint = codebuild.listen_unless(move |call| {
        let is_late = call.operation == "BatchGetBuilds" && calls.fetch_add(1, SeqCst) > 4;
        (is_late && still.load(SeqCst)).then(|| refusal(400, "ExpiredTokenException", "expired"))
    });
    let file = fresh_file("expired");
    let arguments = format!("--region eu-west-1 --save {}", file.display());
    let error = run(&endpoint, &arguments).expect_error();
    assert_eq!(
        error,
        format!(
            "the history was not read to its end; {} contains what was read: run the same command again to continue: \
             the credentials have expired (BatchGetBuilds in eu-west-1); renew them",
            file.display()
        )
    );
    let part = names(&saved(&file)).len();
    assert!((30 + 400..30 + 1200).contains(&part), "{part}");
    is_expired.store(false, SeqCst);
    let lines = run(&endpoint, &arguments).expect();
    assert_eq!(names(&lines).len(), 30 + 1200);
    assert_eq!(lines, saved(&file));
}

#[test]
fn an_account_of_two_thousand_projects_that_throttles_is_read_to_its_end() {
    let codebuild = codebuild(2000, 5);
    let window = Mutex::new((Instant::now(), 0));
    let throttled = Arc::new(AtomicUsize::new(0));
    let (count, all) = (throttled.clone(), AtomicUsize::new(0));
    // Allows 40 calls in each quarter of a second. A slow machine makes fewer, so ten calls are always refused.
    let endpoint = codebuild.listen_unless(move |_| {
        let mut window = window.lock().unwrap();
        if window.0.elapsed() > Duration::from_millis(250) {
            *window = (Instant::now(), 0);
        }
        window.1 += 1;
        let is_over = window.1 > 40 || (100..110).contains(&all.fetch_add(1, SeqCst));
        count.fetch_add(usize::from(is_over), SeqCst);
        is_over.then(|| refusal(400, "ThrottlingException", "Rate exceeded"))
    });
    let begun = Instant::now();
    let lines = run(&endpoint, "--region eu-west-1").expect();
    assert_eq!(names(&lines).len(), 2000 + 10_000);
    let calls = endpoint.calls().len();
    let throttled = throttled.load(SeqCst);
    writeln!(std::io::stderr(), "{calls} calls, {throttled} throttled, {:?}", begun.elapsed()).unwrap();
    assert!(throttled > 0);
    assert_eq!(calls - throttled, 20 + 20 + 2000 + 100);
}

#[test]
fn an_interrupt_keeps_whole_lines_and_the_same_command_continues() {
    let codebuild = codebuild(40, 20);
    let is_slow = Arc::new(AtomicBool::new(true));
    let still = is_slow.clone();
    let endpoint = codebuild.listen_unless(move |call| {
        let waits = call.operation == "BatchGetBuilds" && still.load(SeqCst);
        thread::sleep(Duration::from_millis(if waits { 200 } else { 0 }));
        None
    });
    let file = fresh_file("interrupted");
    let arguments = format!("--region eu-west-1 --save {}", file.display());
    let mut child = command(&format!("http://{}", endpoint.address), &arguments).spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
    let is_build = |line: &String| line.starts_with("{\"id\"");
    output.by_ref().map_while(Result::ok).find(is_build).expect("a build");
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    output.for_each(drop);
    let output = child.wait_with_output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.trim().ends_with("run the same command again to continue: interrupted"), "{error}");
    assert!(saved(&file).len() < 840);
    is_slow.store(false, SeqCst);
    assert_eq!(names(&run(&endpoint, &arguments).expect()).len(), 840);
}

#[test]
fn errors_say_what_to_do() {
    let denied = codebuild(1, 1).listen_unless(|call| {
        (call.operation == "ListBuildsForProject").then(|| refusal(400, "AccessDeniedException", "no"))
    });
    assert_eq!(
        run(&denied, "--region eu-west-1").expect_error(),
        "the history was not read to its end; with `--save FILE`, it could be continued: \
         access denied: ListBuildsForProject in eu-west-1 needs the permission `codebuild:ListBuildsForProject`"
    );
    let no_region = run(&denied, "").expect_error();
    assert!(no_region.ends_with("no region; add `--region`, or set AWS_REGION"), "{no_region}");
    let nobody = format!("http://{}", Address::reserve().get());
    let lost = run_at(&nobody, "--region eu-west-1").expect_error();
    assert!(lost.ends_with("ListProjects in eu-west-1 failed: no connection to CodeBuild"), "{lost}");
    for (argument, expected) in [
        ("--since yesterday", "write a date such as 2026-10-01, or a duration such as 30d"),
        ("--since=-3d", "write a date"),
        ("--projects arn:aws:codebuild:eu-west-1:111122223333:project/shop", "write the project's name, not its ARN"),
    ] {
        let error = run(&denied, argument).expect_error();
        assert!(error.contains(expected), "{argument}: {error}");
    }
}

/// The environment has keys, too. The AWS CLI prefers the profile in the same way.
#[test]
fn a_profile_counts_more_than_the_keys_in_the_environment() {
    let keys = Arc::new(Mutex::new(Vec::new()));
    let seen = keys.clone();
    let server = Address::reserve();
    let address = server.get();
    let _server = server.open(move |request: Request| {
        seen.lock().unwrap().extend(request.headers.get("authorization").cloned());
        Reply::json(200, "{\"projects\": []}")
    });
    let folder = tempfile::tempdir().unwrap();
    let (config, credentials) = (folder.path().join("config"), folder.path().join("credentials"));
    fs::write(&config, "[profile prod]\nregion = eu-west-1\n").unwrap();
    fs::write(&credentials, "[prod]\naws_access_key_id = AKIAPROFILE\naws_secret_access_key = none\n").unwrap();
    let run = |arguments| {
        let mut command = command(&format!("http://{address}"), arguments);
        let command = command.env("AWS_CONFIG_FILE", &config).env("AWS_SHARED_CREDENTIALS_FILE", &credentials);
        String::from_utf8(command.output().unwrap().stderr).unwrap()
    };
    run("--profile prod");
    let keys = keys.lock().unwrap();
    assert!(!keys.is_empty() && keys.iter().all(|key| key.contains("Credential=AKIAPROFILE/")), "{keys:?}");
    let error = run("--profile nope --region eu-west-1");
    assert!(
        error.contains(
            "the profile `nope` does not exist; correct its name, or add it with `aws configure --profile nope`"
        ),
        "{error}"
    );
}

/// A call may be throttled for long, or the service may fail for a while.
#[test]
fn a_call_that_keeps_failing_for_a_while_is_repeated() {
    for code in ["ThrottlingException", "InternalFailure"] {
        let calls = AtomicUsize::new(0);
        let endpoint = codebuild(1, 1).listen_unless(move |_| {
            // More than the SDK's own tries.
            (calls.fetch_add(1, SeqCst) < 3).then(|| -> Reply { refusal(400, code, "later") })
        });
        let mut command = command(&format!("http://{}", endpoint.address), "--region eu-west-1");
        let output = command.env("AWS_MAX_ATTEMPTS", "2").output().unwrap();
        assert_eq!(lines_of(&output.stdout).len(), 2, "{}", String::from_utf8_lossy(&output.stderr));
    }
}
