//! The testkit's CodeBuild as a program: `buildbrake-testkit codebuild --port N [--builds FILE]`
//! serves it on loopback until it is killed. Builds run until they are stopped.
//!
//! FILE contains a JSON list of builds, as the API returns them; their `arn` names the account
//! and region. A caller's access key is its account if it has twelve digits.

use std::{
    env, fs,
    io::{self, Write},
    process::ExitCode,
    thread,
};

use buildbrake_testkit::{
    codebuild::{CodeBuild, running},
    http::Address,
};
use serde_json::Value;

const USAGE: &str = "usage: buildbrake-testkit codebuild --port N [--builds FILE]";

fn main() -> ExitCode {
    match serve(&env::args().skip(1).collect::<Vec<_>>()) {
        Ok(never) => match never {},
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
    builds.into_iter().for_each(|build| codebuild.put(build));
    let endpoint = codebuild.listen_at(Address::of_port(port), |codebuild, call| {
        let _ = writeln!(io::stderr(), "{} {} {} {}", call.account, call.region, call.operation, call.input);
        codebuild.answer(call)
    });
    let _ = writeln!(io::stdout(), "http://{}", endpoint.address);
    loop {
        thread::park();
    }
}

/// The builds of a file. What a build leaves out is as in the testkit's sample build.
fn builds(file: &str) -> Result<Vec<Value>, String> {
    let text = fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
    let builds: Vec<Value> = serde_json::from_str(&text).map_err(|error| format!("{file}: {error}"))?;
    let whole = builds.into_iter().map(|build| {
        let id = build["id"].as_str().ok_or_else(|| format!("{file}: a build without `id`"))?;
        let mut whole = running(id);
        if let (Value::Object(whole), Value::Object(build)) = (&mut whole, build) {
            whole.extend(build);
        }
        Ok(whole)
    });
    whole.collect()
}
