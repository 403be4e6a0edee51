//! The record contains every member of the Build that `StopBuild` returned, of the BuildBatch that `StopBuildBatch`
//! returned, and of the Sandbox that `StopSandbox` returned, under the API's names and without secrets. All values
//! are generated from AWS's model of the API, of which the core's tests contain the parts that describe them.

use std::{collections::BTreeSet, sync::Mutex};

use buildbrake_testkit::{
    codebuild::{CodeBuild, Endpoint},
    events::{event, scheduled},
    http::Reply,
    json::assert_same,
};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::PROGRAM;

/// A structure of the API, and the part of the model that describes it.
struct Root {
    name: &'static str,
    model: &'static str,
}

const BUILD: Root =
    Root { name: "Build", model: include_str!("../../crates/core/tests/model/codebuild-2016-10-06-build.json") };

const BATCH: Root = Root {
    name: "BuildBatch",
    model: include_str!("../../crates/core/tests/model/codebuild-2016-10-06-build-batch.json"),
};

const SANDBOX: Root =
    Root { name: "Sandbox", model: include_str!("../../crates/core/tests/model/codebuild-2016-10-06-sandbox.json") };

const POLICY: &str = "\
version: 1
rules:
  - id: protected-branches
    forbidden-branches: [main]
    batch: stop-all
";

/// In this many rounds, each enumeration has each of its values in each place.
const ROUNDS: usize = 14;

#[test]
fn the_record_contains_every_member_of_what_was_stopped() {
    let round = Mutex::new(0);
    let codebuild = Endpoint::answering(move |operation, _| {
        let mut round = round.lock().unwrap();
        if operation == "StopBuild" {
            return Reply::json(200, json!({"build": BUILD.value(*round, Form::Sent)}));
        }
        *round += 1;
        Reply::json(200, json!({"buildBatch": BATCH.value(*round - 1, Form::Sent)}))
    });
    let lambda = PROGRAM.start(POLICY, codebuild.address, &[]);
    for round in 0..ROUNDS {
        let answer = lambda.invoke(&event("forbidden-branch"));
        let record = answer.record();
        assert_eq!(record["outcome"], "stopped", "{}", record["message"]);
        assert_same(&BUILD.value(round, Form::Recorded), &record["build"], "the record's Build");
        assert_same(&BATCH.value(round, Form::Recorded), &record["buildBatch"], "the record's BuildBatch");
    }
}

#[test]
fn the_record_contains_every_member_of_a_sandbox_that_was_stopped() {
    let round = Mutex::new(0);
    let region = CodeBuild::default();
    let id = region.run_sandbox("shop", 600);
    let codebuild = region.listen_unless(move |call| {
        let mut round = round.lock().unwrap();
        (call.operation == "StopSandbox").then(|| {
            *round += 1;
            Reply::json(200, json!({"sandbox": SANDBOX.value(*round - 1, Form::Sent)}))
        })
    });
    let lambda = PROGRAM.start("{version: 1, rules: [{id: a, max-duration: 1h}]}", codebuild.address, &[]);
    for round in 0..ROUNDS {
        let (_, records) = lambda.invoke_until(&scheduled(), |record| record.get("buildId").is_none());
        let record = &records[0];
        assert_eq!((&record["outcome"], &record["buildId"]), (&json!("stopped"), &json!(id)), "{}", record["message"]);
        assert_same(&SANDBOX.value(round, Form::Recorded), &record["sandbox"], "the record's Sandbox");
    }
}

#[test]
fn every_member_of_every_shape_of_the_model_is_generated() {
    for root in [BUILD, BATCH, SANDBOX] {
        let shapes = root.shapes();
        let mut expected = BTreeSet::new();
        for (shape, definition) in &shapes {
            for member in definition["members"].as_object().into_iter().flatten() {
                expected.insert(format!("{shape}.{}", member.0));
            }
            for value in definition["enum"].as_array().into_iter().flatten() {
                expected.insert(format!("{shape} {}", value.as_str().unwrap()));
            }
            expected.insert(shape.clone());
        }
        let mut reached = BTreeSet::new();
        for round in 0..ROUNDS {
            let mut generator = Generator::new(&shapes, round, Form::Sent);
            generator.shape(root.name, "");
            reached.extend(generator.reached);
        }
        let missing: Vec<_> = expected.difference(&reached).collect();
        assert!(missing.is_empty(), "never generated: {missing:?}");
        assert!(reached.contains("DockerServerStatus.message"), "the model was not read");
    }
}

/// The form of a generated value.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    /// In the API's answer, with times as numbers.
    Sent,
    /// In a record, with times in RFC 3339 and without secrets.
    Recorded,
}

impl Root {
    fn shapes(&self) -> Map<String, Value> {
        let model: Value = serde_json::from_str(self.model).unwrap();
        model["shapes"].as_object().unwrap().clone()
    }

    fn value(&self, round: usize, form: Form) -> Value {
        Generator::new(&self.shapes(), round, form).shape(self.name, "")
    }
}

/// Makes a value of any shape of the model, with every member set, lists of two
/// elements, and no two leaves alike where their type allows it.
struct Generator<'a> {
    shapes: &'a Map<String, Value>,
    round: usize,
    form: Form,
    /// The number of leaves up to now.
    leaves: usize,
    /// `Shape`, `Shape.member` and `Shape VALUE`.
    reached: BTreeSet<String>,
}

impl<'a> Generator<'a> {
    fn new(shapes: &'a Map<String, Value>, round: usize, form: Form) -> Self {
        Self { shapes, round, form, leaves: 0, reached: BTreeSet::new() }
    }

    fn shape(&mut self, name: &str, path: &str) -> Value {
        self.reached.insert(name.to_owned());
        let shape = &self.shapes.get(name).unwrap_or_else(|| panic!("the model has no shape {name}, for {path}"));
        match shape["type"].as_str().unwrap() {
            "structure" => {
                let members = shape["members"].as_object().unwrap();
                members.iter().map(|(member, of)| self.member(name, member, of.as_str().unwrap(), path)).collect()
            }
            "list" => {
                let of = shape["member"].as_str().unwrap();
                (0..2).map(|index| self.shape(of, &format!("{path}[{index}]"))).collect()
            }
            leaf => {
                self.leaves += 1;
                match shape["enum"].as_array() {
                    Some(values) => self.enumeration(name, values),
                    None => self.leaf(leaf, path),
                }
            }
        }
    }

    fn member(&mut self, owner: &str, member: &str, of: &str, path: &str) -> (String, Value) {
        self.reached.insert(format!("{owner}.{member}"));
        let path = if path.is_empty() { member.to_owned() } else { format!("{path}.{member}") };
        let value = self.shape(of, &path);
        let value = match (owner, member) {
            // Without this status, the record would not contain the value.
            ("Build", "buildStatus") | ("BuildBatch", "buildBatchStatus") | ("Sandbox", "status") => json!("STOPPED"),
            ("Build", "buildComplete") | ("BuildBatch", "complete") => json!(true),
            ("ProjectSource", "buildspec") => {
                let text = format!("version: 0.2\nphases: {{build: {{commands: [echo {path}]}}}}\n");
                match self.form {
                    Form::Recorded => json!(in_place_of("inline buildspec", &text)),
                    _ => json!(text),
                }
            }
            ("EnvironmentVariable" | "ExportedEnvironmentVariable", "value") if self.form == Form::Recorded => {
                json!("***")
            }
            // These texts may quote anything, and have no known shape here.
            ("PhaseContext", _) | ("DockerServerStatus", "message") if self.form == Form::Recorded => {
                let sent = format!("https://user:s3cret@git.example.com/{path}");
                json!(in_place_of("text", &sent))
            }
            _ => value,
        };
        (member.to_owned(), value)
    }

    /// One of the values in turn, and one that AWS has yet to invent.
    fn enumeration(&mut self, shape: &str, values: &[Value]) -> Value {
        match values.get((self.round + self.leaves) % (values.len() + 1)) {
            Some(value) => {
                self.reached.insert(format!("{shape} {}", value.as_str().unwrap()));
                value.clone()
            }
            None => json!("SOMETHING_NEW"),
        }
    }

    fn leaf(&self, kind: &str, path: &str) -> Value {
        match (kind, self.form) {
            // The user information of a URL may stand in any text, and in no record.
            ("string", Form::Recorded) => json!(format!("https://git.example.com/{path}")),
            ("string", _) => json!(format!("https://user:s3cret@git.example.com/{path}")),
            ("boolean", _) => json!((self.round + self.leaves).is_multiple_of(2)),
            // As large as possible, to reveal a number type that is too narrow.
            ("integer", _) => json!(i32::MAX - self.leaves as i32),
            ("long", _) => json!((1_i64 << 52) - self.leaves as i64),
            ("timestamp", Form::Sent) => json!(1_602_709_200.125 + self.leaves as f64),
            ("timestamp", _) => {
                json!(format!("2020-10-14T21:{:02}:{:02}.125Z", self.leaves / 60, self.leaves % 60))
            }
            (kind, _) => panic!("{path} is of the type {kind}, which this test does not know"),
        }
    }
}

fn in_place_of(what: &str, text: &str) -> String {
    let digest: String = Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{what}, {} bytes, sha256:{digest}", text.len())
}
