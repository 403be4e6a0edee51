//! The real function against moto's CodeBuild: a build that moto started is stopped there.
//! <https://docs.getmoto.org/en/latest/docs/services/codebuild.html>
//!
//! moto's `BatchGetBuilds` ends every build as SUCCEEDED, and its `StopBuild` leaves `buildComplete` false. The tests
//! therefore read a build's status from moto's dashboard, which changes nothing.

use std::{
    env,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    process::{Child, Command, Stdio},
    sync::mpsc::channel,
    thread,
    time::Duration,
};

use buildbrake_testkit::events::event;
use serde_json::{Value, json};

use crate::PROGRAM;

const POLICY: &str = "\
version: 1
rules:
  - id: protected-branches
    forbidden-branches: [main]
";

#[test]
fn a_build_that_breaks_the_policy_is_stopped_and_another_is_left_alone() {
    let moto = Moto::start();
    let lambda = PROGRAM.start(POLICY, moto.address, &[]);
    let (bad, good) = (moto.start_build("shop-api", "refs/heads/main"), moto.start_build("shop-web", "feature/a"));

    let record = lambda.invoke(&event_of("forbidden-branch", &bad)).record();
    assert_eq!(record["outcome"], "stopped", "{}", record["message"]);
    assert_eq!(record["buildId"], bad["id"]);
    assert_eq!(record["build"]["id"], bad["id"]);
    assert_eq!(record["build"]["buildStatus"], "STOPPED");
    assert_eq!(record["build"]["currentPhase"], "COMPLETED");
    assert_eq!(record["build"]["sourceVersion"], "refs/heads/main");
    assert_eq!(moto.status(&bad), "STOPPED");

    let record = lambda.invoke(&event_of("compliant", &good)).record();
    assert_eq!(record["outcome"], "allowed", "{}", record["message"]);
    assert_eq!(moto.status(&good), "IN_PROGRESS");
}

#[test]
fn a_build_that_codebuild_does_not_have_is_not_found() {
    let moto = Moto::start();
    moto.start_build("shop-api", "refs/heads/main");
    let lambda = PROGRAM.start(POLICY, moto.address, &[]);
    let record = lambda.invoke(&event("forbidden-branch")).record();
    assert_eq!(record["outcome"], "not-found", "{}", record["message"]);
    assert_eq!(record.get("build"), None);
}

/// The event of a build that was just started, in the shape of a sample event.
fn event_of(sample: &str, build: &Value) -> Value {
    let mut event = event(sample);
    event["resources"] = json!([build["arn"]]);
    event["detail"]["build-id"] = build["arn"].clone();
    event["detail"]["project-name"] = build["projectName"].clone();
    event["detail"]["additional-information"]["source-version"] = build["sourceVersion"].clone();
    event
}

/// moto's server, on a free port of loopback.
pub struct Moto {
    child: Child,
    /// The address on which it listens.
    pub address: SocketAddr,
}

impl Moto {
    /// Starts the server.
    pub fn start() -> Self {
        let Ok(server) = env::var("MOTO_SERVER") else {
            panic!("MOTO_SERVER does not name moto's server: run `make test`, which installs it");
        };
        let mut child = Command::new(&server)
            .args(["--host", "127.0.0.1", "--port", "0"])
            .env("MOTO_ACCOUNT_ID", "111122223333")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{server}: {error}; run `make test`, which installs it"));
        let log = BufReader::new(child.stderr.take().unwrap());
        let (sender, addresses) = channel();
        // The log is read to its end, since a full pipe would stop the server.
        thread::spawn(move || {
            for line in log.lines().map_while(Result::ok) {
                if let Some((_, address)) = line.split_once("Running on http://") {
                    let _ = sender.send(address.trim().to_owned());
                }
            }
        });
        let address = addresses.recv_timeout(Duration::from_secs(60));
        let Ok(Ok(address)) = address.map(|address| address.parse()) else {
            let _ = child.kill();
            panic!("moto's server did not say where it listens");
        };
        Self { child, address }
    }

    /// Starts a build of a new project. Returns the build as `StartBuild` answers it.
    pub fn start_build(&self, project: &str, source_version: &str) -> Value {
        let input = json!({
            "name": project,
            "source": {"type": "GITHUB", "location": format!("https://github.com/acme/{project}.git")},
            "artifacts": {"type": "NO_ARTIFACTS"},
            "environment": {
                "type": "LINUX_CONTAINER",
                "image": "aws/codebuild/standard:7.0",
                "computeType": "BUILD_GENERAL1_SMALL"
            },
            "serviceRole": "arn:aws:iam::111122223333:role/codebuild"
        });
        let created = self.call("CreateProject", &input);
        assert_eq!(created["project"]["name"], project, "{created}");
        let started = self.call("StartBuild", &json!({"projectName": project, "sourceVersion": source_version}));
        assert_eq!(started["build"]["buildStatus"], "IN_PROGRESS", "{started}");
        started["build"].clone()
    }

    /// Starts one more build of a project.
    pub fn start_another_build(&self, project: &str) -> Value {
        self.call("StartBuild", &json!({"projectName": project}))["build"].clone()
    }

    /// The status a build has.
    fn status(&self, build: &Value) -> String {
        let data = self.ask("GET", "/moto-api/data.json", "", "");
        let mut builds = data["codebuild"]["CodeBuildProjectMetadata"].as_array().unwrap().iter();
        let found = builds.find(|metadata| metadata["build_metadata"]["id"] == build["id"]).unwrap();
        found["build_metadata"]["buildStatus"].as_str().unwrap().to_owned()
    }

    /// One call of CodeBuild's API.
    fn call(&self, operation: &str, input: &Value) -> Value {
        self.call_service("codebuild", &format!("CodeBuild_20161006.{operation}"), input)
    }

    /// Makes a call to an API in the region of the sample events. moto reads service and region from the signature
    /// and checks nothing else in it.
    pub fn call_service(&self, service: &str, target: &str, input: &Value) -> Value {
        let headers = format!(
            "content-type: application/x-amz-json-1.1\r\n\
             x-amz-target: {target}\r\n\
             authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260101/eu-west-1/{service}/aws4_request, \
             SignedHeaders=host, Signature=none\r\n"
        );
        self.ask("POST", "/", &headers, &input.to_string())
    }

    fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> Value {
        let mut stream = TcpStream::connect(self.address).unwrap();
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n",
            self.address
        );
        stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{method} {path}: {answer}"));
        assert!(head.contains(" 200 "), "{method} {path}: {answer}");
        serde_json::from_str(body).unwrap_or_else(|error| panic!("{method} {path}: {error} in {body}"))
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
