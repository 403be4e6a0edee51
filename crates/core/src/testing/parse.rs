//! The format of a test file: its keys and their values.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use super::{File, Judgement, PolicyTests, RunningBeside, Test, members, report::ACTIONS, running, sources};
use crate::{
    diagnostic::{Code, Diagnostic, Diagnostics, Place},
    event::{EventError, Trigger},
    facts::inquiry::Sample,
    history::Life,
    model::{Build, BuildBatch, Project, RunKind, Sandbox, shape::Shape},
    policy::{Policy, parse::required},
    verdict::Action,
    yaml::{
        Node, Value,
        reader::{Mapping, Reader},
        scalar::FromScalar,
        words::{closest, quoted_list},
    },
};

const FILE_KEYS: &[&str] = &["policy", "tests"];
const TEST_KEYS: &[&str] = &[
    "name",
    "event",
    "build",
    "sandbox",
    "project",
    "batch",
    "pipeline",
    "git",
    "running-builds",
    "running-batches",
    "set",
    "now",
    "expect",
    "broken",
    "unknown",
    "exempt",
];

/// Reads a file by the path that the test file contains.
type ReadFile<'a> = &'a dyn Fn(&str) -> Result<File, String>;

/// Parses the tests of a file. Returns all faults of the file and of its policy.
pub(super) fn tests(file: &File, read: ReadFile<'_>) -> Result<PolicyTests, Vec<Diagnostics>> {
    let of_file = |list| Diagnostics::new(&file.name, &file.text, list);
    let tree = Node::parse(&file.text).map_err(|fault| vec![of_file(vec![fault])])?;
    if tree.has_key("rules") && !tree.has_key("tests") {
        let (message, help) =
            ("this is a policy, not a test file", "use a test file here, or check this file with `buildbrake check`");
        return Err(vec![of_file(vec![Diagnostic::new(Code::OtherFile, tree.place, message, help)])]);
    }
    let mut parser = Parser { reader: Reader::new(&file.text), read, policy: None, faults: Vec::new() };
    let tests = parser.file(&tree);
    let Parser { reader, policy, mut faults, .. } = parser;
    if !reader.faults.is_empty() {
        faults.push(of_file(reader.faults));
    }
    match policy {
        Some((policy_file, policy)) if faults.is_empty() => {
            Ok(PolicyTests { file: file.name.clone(), policy_file, policy, tests })
        }
        _ => Err(faults),
    }
}

struct Parser<'a> {
    reader: Reader,
    read: ReadFile<'a>,
    /// The policy file and the policy, if it has no fault.
    policy: Option<(File, Policy)>,
    /// The policy's faults.
    faults: Vec<Diagnostics>,
}

/// A build, with the time of its event, or a sandbox.
struct GivenBuild {
    kind: RunKind,
    members: Map<String, Json>,
    time: Option<Timestamp>,
    is_whole: bool,
}

impl Parser<'_> {
    fn file(&mut self, node: &Node) -> Vec<Test> {
        let Some(mapping) = self.reader.mapping(node, "a test file", FILE_KEYS) else { return Vec::new() };
        let help = "add the path of the policy from this file's folder: `policy: policy.yaml`";
        if let Some(node) = required(&mut self.reader, &mapping, "policy", help) {
            self.read_policy(node);
        }
        let help = "add a list of tests: `tests: [{name: …, event: …, expect: stop}]`";
        let tests = required(&mut self.reader, &mapping, "tests", help);
        let nodes = tests.map(|node| self.reader.list(node, "- name: a build of main is stopped")).unwrap_or_default();
        let mut names: BTreeMap<String, Place> = BTreeMap::new();
        nodes.iter().filter_map(|node| self.test(node, &mut names)).collect()
    }

    fn read_policy(&mut self, node: &Node) {
        let Some(file) = self.file_at(node) else { return };
        match Policy::parse(&file.name, &file.text) {
            Ok(policy) => self.policy = Some((file, policy)),
            Err(faults) => self.faults.push(faults),
        }
    }

    fn file_at(&mut self, node: &Node) -> Option<File> {
        let path: String = self.reader.scalar(node)?;
        match (self.read)(&path) {
            Ok(file) => Some(file),
            Err(why) => {
                let help = "use a path relative to this file's folder";
                self.reader.fault(Code::UnreadableFile, node.place, format!("`{path}` cannot be read: {why}"), help);
                None
            }
        }
    }

    fn test(&mut self, node: &Node, names: &mut BTreeMap<String, Place>) -> Option<Test> {
        let mapping = self.reader.mapping(node, "a test", TEST_KEYS)?;
        let name = self.name(&mapping, names);
        let faults_before = self.reader.faults.len();
        let given = self.given(&mapping);
        let shape = if mapping.get("sandbox").is_some() { Sandbox::SHAPE } else { Build::SHAPE };
        let changes = mapping.get("set").map(|node| members::changes(&mut self.reader, node, shape));
        let is_sound = self.reader.faults.len() == faults_before;
        let project = mapping.get("project").map(|node| members::structure(&mut self.reader, node, Project::SHAPE));
        let batch = mapping.get("batch").map(|node| members::structure(&mut self.reader, node, BuildBatch::SHAPE));
        let builds = mapping.get("running-builds");
        let builds = builds.map(|node| running::listed(&mut self.reader, node, Build::SHAPE));
        let batches = mapping.get("running-batches");
        let batches = batches.map(|node| running::listed(&mut self.reader, node, BuildBatch::SHAPE));
        let gives_running = builds.is_some() || batches.is_some();
        let (builds, batches) = (builds.unwrap_or_default(), batches.unwrap_or_default());
        let pipeline = mapping.get("pipeline").and_then(|node| sources::pipeline(&mut self.reader, node));
        let git = mapping.get("git").map(|node| sources::git(&mut self.reader, node));
        let expect =
            required(&mut self.reader, &mapping, "expect", "add `expect` with `stop`, `report`, `protect` or `allow`");
        let action = expect.and_then(|node| self.reader.scalar(node)).map(|Expect(action)| action);
        let broken = self.rule_ids(&mapping, "broken");
        let unknown = self.rule_ids(&mapping, "unknown");
        let exempt = self.rule_ids(&mapping, "exempt");
        let moment = mapping.get("now").map(|node| self.reader.scalar(node).map(|Moment(now)| now));

        let GivenBuild { kind, members: mut given, time, is_whole } = given?;
        let changes = changes.unwrap_or_default();
        let sets_phases = changes.iter().any(|(path, value)| path[..] == ["phases"] && value.is_some());
        for (path, value) in changes {
            members::change(&mut given, &path, value);
        }
        let mut build: Build = match kind {
            RunKind::Build => typed(given)?,
            RunKind::Sandbox => typed::<Sandbox>(given)?.as_build(),
        };
        running::check_ids(&mut self.reader, &build, batch.as_ref(), &builds, &batches);
        let now = match moment {
            Some(moment) => moment.inspect(|now| {
                Life::rewind(&mut build, *now);
            }),
            None => {
                let now = time.or(build.start_time);
                // A `startTime` with a fault has been reported already.
                if now.is_none() && is_sound {
                    let help = match kind {
                        RunKind::Build => "add `now: 2026-11-22T09:00:00Z`, or a `startTime` to the build",
                        RunKind::Sandbox => "add `now: 2026-11-22T09:00:00Z`, or a `requestTime` to the sandbox",
                    };
                    self.reader.fault(Code::NoTime, mapping.place, "no time at which to judge the build", help);
                }
                now
            }
        };
        let expected = Judgement { action: action?, broken, unknown, exempt };
        let project = project.and_then(typed).map(Arc::new);
        let now = now?;
        let running = gives_running.then(|| RunningBeside::at(now, builds, batches));
        let batch = batch.and_then(typed).map(Arc::new);
        let batch = batch.or_else(|| running.as_ref()?.batch_of(&build).cloned());
        let remote = git
            .map(|git| sources::git_answer(&git, pipeline.as_ref(), &build, batch.as_deref(), project.as_deref(), now));
        let remote = remote.map(Arc::new);
        let pipeline = pipeline.map(|pipeline| pipeline.answer());
        let (name, place) = (name?, mapping.place);
        let sample = Sample { kind, build, is_whole, sets_phases, project, batch, pipeline, remote };
        Some(Test { name, place, sample, running, now, expected })
    }

    fn name(&mut self, mapping: &Mapping<'_>, names: &mut BTreeMap<String, Place>) -> Option<String> {
        let help = "add what the test expects, as in `name: a build of main is stopped`";
        let node = required(&mut self.reader, mapping, "name", help)?;
        let name: String = self.reader.scalar(node)?;
        if let Some(earlier) = names.get(&name) {
            let help = format!("choose another name; line {} has this one already", earlier.line);
            self.reader.fault(Code::DuplicateTestName, node.place, format!("duplicate test name `{name}`"), help);
        }
        names.entry(name.clone()).or_insert(node.place);
        Some(name)
    }

    /// The build of a test, before `set` is applied.
    fn given(&mut self, mapping: &Mapping<'_>) -> Option<GivenBuild> {
        match (mapping.get("event"), mapping.get("build"), mapping.get("sandbox")) {
            (Some(event), None, None) => self.event(event),
            (None, Some(build), None) => self.whole(RunKind::Build, build, Build::SHAPE),
            (None, None, Some(sandbox)) => self.whole(RunKind::Sandbox, sandbox, Sandbox::SHAPE),
            (Some(_), Some(second), _) => self.two_given("`event` and `build`", second),
            (Some(_), None, Some(second)) => self.two_given("`event` and `sandbox`", second),
            (None, Some(_), Some(second)) => self.two_given("`build` and `sandbox`", second),
            (None, None, None) => {
                if !mapping.suggested.iter().any(|key| ["event", "build", "sandbox"].contains(key)) {
                    let help =
                        "add `event: events/some.json`, or `build: {…}` or `sandbox: {…}` with the API's own names";
                    self.reader.fault(Code::NoBuild, mapping.place, "a test without a build", help);
                }
                None
            }
        }
    }

    fn whole(&mut self, kind: RunKind, node: &Node, shape: &'static Shape) -> Option<GivenBuild> {
        let members = members::structure(&mut self.reader, node, shape);
        Some(GivenBuild { kind, members, time: None, is_whole: true })
    }

    fn two_given(&mut self, both: &str, second: &Node) -> Option<GivenBuild> {
        let help = "remove one of them, or make two tests";
        self.reader.fault(Code::EventAndBuild, second.place, format!("both {both}"), help);
        None
    }

    fn event(&mut self, node: &Node) -> Option<GivenBuild> {
        let file = self.file_at(node)?;
        let mut help = "use an EventBridge event about the state or the phase of a build";
        let event = match Trigger::parse(&file.text) {
            Ok(Trigger::Build(event)) => event,
            Ok(_) => {
                self.reader.fault(
                    Code::UnusableEvent,
                    node.place,
                    format!("the event in `{}` is not about a build", file.name),
                    help,
                );
                return None;
            }
            Err(why) => {
                let why = match why {
                    EventError::NotJson { .. } if file.text.trim().is_empty() => "the file is empty".to_owned(),
                    EventError::Foreign(foreign) => {
                        if foreign.is_build() {
                            help = "write its members under `build:` instead of `event:`, without `build` or `builds` around them";
                        }
                        foreign.description()
                    }
                    why => why.to_string(),
                };
                self.reader.fault(
                    Code::UnusableEvent,
                    node.place,
                    format!("`{}` contains no usable event: {why}", file.name),
                    help,
                );
                return None;
            }
        };
        // An event spells some members in its own way; `set` uses the API's names.
        let Ok(Json::Object(mut members)) = serde_json::to_value(&event.build) else { return None };
        // No event contains secondary sources; a test that needs some sets them.
        members.entry("secondarySources").or_insert(Json::Array(Vec::new()));
        Some(GivenBuild { kind: RunKind::Build, members, time: event.time, is_whole: false })
    }

    /// Parses a list of the policy's rules.
    fn rule_ids(&mut self, mapping: &Mapping<'_>, key: &str) -> Option<Vec<String>> {
        let node = mapping.get(key)?;
        let Value::List(nodes) = &node.value else {
            let help = "write a list of rules, as in `[short-builds]`; `[]` for none";
            self.reader.fault(Code::NotAList, node.place, format!("{} where a list should be", node.described()), help);
            return None;
        };
        let mut ids: Vec<String> = Vec::new();
        for node in nodes {
            let Some(id) = self.reader.scalar::<String>(node) else { continue };
            if let Some(fault) = self.wrong_rule(node, &id, &ids) {
                self.reader.faults.push(fault);
            }
            ids.push(id);
        }
        Some(ids)
    }

    /// Returns the fault of a rule id, if it is a duplicate or the policy has no such rule.
    fn wrong_rule(&self, node: &Node, id: &str, earlier: &[String]) -> Option<Diagnostic> {
        if earlier.iter().any(|earlier| earlier == id) {
            return Some(Diagnostic::new(
                Code::DuplicateKey,
                node.place,
                format!("duplicate rule `{id}`"),
                "remove one of them",
            ));
        }
        let (file, policy) = self.policy.as_ref()?;
        let known: Vec<&str> = policy.rule_ids().collect();
        if known.contains(&id) {
            return None;
        }
        let help = match closest(id, &known) {
            Some(known) => format!("did you mean `{known}`?"),
            None => format!("its rules are {}", quoted_list(&known)),
        };
        Some(Diagnostic::new(Code::UnknownRule, node.place, format!("`{}` has no rule `{id}`", file.name), help))
    }
}

/// Deserializes a structure of the API. This succeeds, since each member has been checked.
fn typed<T: DeserializeOwned>(members: Map<String, Json>) -> Option<T> {
    serde_json::from_value(Json::Object(members)).ok()
}

struct Expect(Action);

impl FromScalar for Expect {
    const CODE: Code = Code::UnknownAction;
    const EXPECTED: &'static str = "`stop`, `report`, `protect` or `allow`";

    fn words() -> Vec<&'static str> {
        ACTIONS.iter().map(|(word, _)| *word).collect()
    }

    fn from_scalar(text: &str) -> Result<Self, String> {
        let found = ACTIONS.iter().find(|(word, _)| *word == text);
        found.map(|(_, action)| Self(*action)).ok_or_else(|| "is not an action".into())
    }
}

struct Moment(Timestamp);

impl FromScalar for Moment {
    const CODE: Code = Code::InvalidTime;
    const EXPECTED: &'static str = "a time with its offset from UTC, as in `2026-11-22T09:00:00Z`";

    fn from_scalar(text: &str) -> Result<Self, String> {
        text.parse().map(Self).map_err(|_| "is not a time".into())
    }
}
