//! The testkit's CodeBuild as a program: `buildbrake-testkit codebuild --port N [--builds FILE]`
//! serves it on loopback until it is killed. Builds run until they are stopped.
//!
//! `buildbrake-testkit history --builds N [--seed S]` prints builds of the past as JSON lines.
//!
//! FILE contains a JSON list of builds, batches and sandboxes, as the API returns them; their `arn` names the
//! account and region. A caller's access key is its account if it has twelve digits.

use std::{
    env, fs,
    io::{self, Write},
    process::ExitCode,
    thread,
};

use buildbrake_testkit::{
    codebuild::{CodeBuild, minutes_ago, running, running_sandbox},
    history::History,
    http::Address,
};
use serde_json::Value;

const USAGE: &str = "usage: buildbrake-testkit codebuild --port N [--builds FILE]\n       buildbrake-testkit history --builds N [--seed S]";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let done = match arguments.split_first() {
        Some((command, options)) if command == "history" => history(options),
        _ => serve(&arguments).map(|never| match never {}),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(arguments: &[String]) -> Result<std::convert::Infallible, String> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (port, builds) = match arguments.as_slice() {
        ["codebuild", "--port", port] => (port, Vec::new()),
        ["codebuild", "--port", port, "--builds", file] => (port, builds(file)?),
        _ => return Err(USAGE.to_owned()),
    };
    let port = port.parse().map_err(|error| format!("--port {port}: {error}"))?;
    let codebuild = CodeBuild::default();
    for value in builds {
        match value {
            batch if is_batch(&batch) => codebuild.put_batch(batch),
            sandbox if is_sandbox(&sandbox) => codebuild.put_sandbox(sandbox),
            build => codebuild.put(build),
        }
    }
    let endpoint = codebuild.listen_at(Address::of_port(port), |codebuild, call| {
        let _ = writeln!(io::stderr(), "{} {} {} {}", call.account, call.region, call.operation, call.input);
        codebuild.answer(call)
    });
    let _ = writeln!(io::stdout(), "http://{}", endpoint.address);
    loop {
        thread::park();
    }
}

/// Prints builds of the past. A reader that stops reading is not an error.
fn history(options: &[String]) -> Result<(), String> {
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let (builds, seed) = match options.as_slice() {
        ["--builds", builds] => (builds, "1"),
        ["--builds", builds, "--seed", seed] => (builds, *seed),
        _ => return Err(USAGE.to_owned()),
    };
    let builds = builds.parse().map_err(|error| format!("--builds {builds}: {error}"))?;
    let seed = seed.parse().map_err(|error| format!("--seed {seed}: {error}"))?;
    let mut out = io::BufWriter::new(io::stdout());
    for build in History::of_seed(seed).take(builds) {
        match writeln!(out, "{build}") {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            written => written.map_err(|error| error.to_string())?,
        }
    }
    out.flush().map_err(|error| error.to_string())
}

fn is_batch(value: &Value) -> bool {
    value.get("buildBatchStatus").is_some()
}

fn is_sandbox(value: &Value) -> bool {
    value["arn"].as_str().is_some_and(|arn| arn.contains(":sandbox/"))
}

/// The builds, batches and sandboxes of a file. If a build or a sandbox lacks a member, the testkit's sample supplies
/// it.
fn builds(file: &str) -> Result<Vec<Value>, String> {
    let text = fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
    let builds: Vec<Value> = serde_json::from_str(&text).map_err(|error| format!("{file}: {error}"))?;
    let whole = builds.into_iter().map(|build| {
        if is_batch(&build) {
            return Ok(build);
        }
        let id = build["id"].as_str().ok_or_else(|| format!("{file}: a build without `id`"))?;
        let mut whole = match is_sandbox(&build) {
            true => running_sandbox(id, minutes_ago(0)),
            false => running(id),
        };
        if let (Value::Object(whole), Value::Object(build)) = (&mut whole, build) {
            whole.extend(build);
        }
        Ok(whole)
    });
    whole.collect()
}
