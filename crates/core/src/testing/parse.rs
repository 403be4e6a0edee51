//! The test file's format: its keys, and what each holds.

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use super::{Expected, File, PolicyTests, Test, members, report::ACTIONS};
use crate::{
    event::Trigger,
    model::{Build, Project},
    policy::{Policy, parse::required},
    verdict::Action,
    yaml::{
        Node, Value,
        fault::{Fault, Faults, Place},
        reader::{Mapping, Reader},
        scalar::FromScalar,
        words::closest,
    },
};

const FILE_KEYS: &[&str] = &["policy", "tests"];
const TEST_KEYS: &[&str] =
    &["name", "event", "build", "project", "set", "now", "expect", "broken", "unknown", "exempt"];

/// How a file is read that the test file names.
type Read<'a> = &'a dyn Fn(&str) -> Result<File, String>;

/// The tests that a file says, or every fault in it and in its policy.
pub(super) fn tests(file: &File, read: Read<'_>) -> Result<PolicyTests, Vec<Faults>> {
    let of_file = |list| Faults::new(&file.name, &file.text, list);
    let tree = Node::parse(&file.text).map_err(|fault| vec![of_file(vec![fault])])?;
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
    read: Read<'a>,
    /// The policy and its file, where it has no fault.
    policy: Option<(String, Policy)>,
    /// The policy's faults.
    faults: Vec<Faults>,
}

/// A build, and when an event says that it happened.
struct Given {
    build: Map<String, Json>,
    time: Option<Timestamp>,
    is_whole: bool,
}

impl Parser<'_> {
    fn file(&mut self, node: &Node) -> Vec<Test> {
        let Some(mapping) = self.reader.mapping(node, "a test file", FILE_KEYS) else { return Vec::new() };
        let right = "the policy that is tested, by its path from this file: `policy: policy.yaml`";
        if let Some(node) = required(&mut self.reader, &mapping, "policy", right) {
            self.read_policy(node);
        }
        let right = "a list of tests: `tests: [{name: …, event: …, expect: stop}]`";
        let tests = required(&mut self.reader, &mapping, "tests", right);
        let nodes = tests.map(|node| self.reader.list(node, "- name: a build of main is stopped")).unwrap_or_default();
        let mut names: Vec<(String, Place)> = Vec::new();
        nodes.iter().filter_map(|node| self.test(node, &mut names)).collect()
    }

    fn read_policy(&mut self, node: &Node) {
        let Some(file) = self.file_at(node) else { return };
        match Policy::parse(&file.name, &file.text) {
            Ok(policy) => self.policy = Some((file.name, policy)),
            Err(faults) => self.faults.push(faults),
        }
    }

    fn file_at(&mut self, node: &Node) -> Option<File> {
        let path: String = self.reader.scalar(node)?;
        match (self.read)(&path) {
            Ok(file) => Some(file),
            Err(why) => {
                let right = "the path of a file, from the folder of this one";
                self.reader.fault(node.place, format!("`{path}` cannot be read: {why}"), right);
                None
            }
        }
    }

    fn test(&mut self, node: &Node, names: &mut Vec<(String, Place)>) -> Option<Test> {
        let mapping = self.reader.mapping(node, "a test", TEST_KEYS)?;
        let name = self.name(&mapping, names);
        let faults_before = self.reader.faults.len();
        let given = self.given(&mapping);
        let changes = mapping.get("set").map(|node| members::changes(&mut self.reader, node, Build::SHAPE));
        let is_sound = self.reader.faults.len() == faults_before;
        let project = mapping.get("project").map(|node| members::structure(&mut self.reader, node, Project::SHAPE));
        let expect = required(&mut self.reader, &mapping, "expect", Expect::EXPECTED);
        let action = expect.and_then(|node| self.reader.scalar(node)).map(|Expect(action)| action);
        let broken = self.rule_ids(&mapping, "broken");
        let unknown = self.rule_ids(&mapping, "unknown");
        let exempt = self.rule_ids(&mapping, "exempt");
        let moment = mapping.get("now").map(|node| self.reader.scalar(node).map(|Moment(now)| now));

        let Given { mut build, time, is_whole } = given?;
        for (path, value) in changes.unwrap_or_default() {
            members::change(&mut build, &path, value);
        }
        let build: Build = typed(build)?;
        let now = match moment {
            Some(moment) => moment,
            None => {
                let now = time.or(build.start_time);
                // A `startTime` with a fault is told already.
                if now.is_none() && is_sound {
                    let found = "no `now`, and neither an event's time nor a `startTime` in its place";
                    self.reader.fault(mapping.place, found, format!("`now`, {}", Moment::EXPECTED));
                }
                now
            }
        };
        let expected = Expected { action: action?, broken, unknown, exempt };
        let project = match project {
            Some(project) => Some(typed(project)?),
            None => None,
        };
        Some(Test { name: name?, place: mapping.place, build, is_whole, project, now: now?, expected })
    }

    fn name(&mut self, mapping: &Mapping<'_>, names: &mut Vec<(String, Place)>) -> Option<String> {
        let right = "what must be so, as in `name: a build of main is stopped`";
        let node = required(&mut self.reader, mapping, "name", right)?;
        let name: String = self.reader.scalar(node)?;
        if let Some((_, earlier)) = names.iter().find(|(other, _)| *other == name) {
            let right = format!("a name of its own: line {} has this one", earlier.line);
            self.reader.fault(node.place, format!("two tests are called `{name}`"), right);
        }
        names.push((name.clone(), node.place));
        Some(name)
    }

    /// The build of a test, before anything is set.
    fn given(&mut self, mapping: &Mapping<'_>) -> Option<Given> {
        match (mapping.get("event"), mapping.get("build")) {
            (Some(event), None) => self.event(event),
            (None, Some(build)) => {
                let build = members::structure(&mut self.reader, build, Build::SHAPE);
                Some(Given { build, time: None, is_whole: true })
            }
            (Some(_), Some(build)) => {
                self.reader.fault(build.place, "a `build` beside an `event`", "one of the two: make two tests of it");
                None
            }
            (None, None) => {
                if !mapping.suggested.iter().any(|key| ["event", "build"].contains(key)) {
                    let right = "`event: events/some.json`, or `build: {…}` in the API's names";
                    self.reader.fault(mapping.place, "a test of no build", right);
                }
                None
            }
        }
    }

    fn event(&mut self, node: &Node) -> Option<Given> {
        let file = self.file_at(node)?;
        let right = "an event of EventBridge that says a build's state or phase changed";
        let event = match Trigger::parse(&file.text) {
            Ok(Trigger::Build(event)) => event,
            Ok(_) => {
                self.reader.fault(node.place, format!("`{}` is an event of no build", file.name), right);
                return None;
            }
            Err(why) => {
                self.reader.fault(node.place, format!("`{}` cannot be used: {why}", file.name), right);
                return None;
            }
        };
        // The names of a Build's members are the API's here, however the event spells them.
        let Ok(Json::Object(build)) = serde_json::to_value(&event.build) else { return None };
        Some(Given { build, time: event.time, is_whole: false })
    }

    /// A list of rules that the policy has.
    fn rule_ids(&mut self, mapping: &Mapping<'_>, key: &str) -> Option<Vec<String>> {
        let node = mapping.get(key)?;
        let Value::List(nodes) = &node.value else {
            let right = "a list of the policy's rules, as in `[short-builds]`; `[]` for none";
            self.reader.fault(node.place, format!("{} where a list should be", node.described()), right);
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

    /// What is wrong with a rule that is named, where the policy is known.
    fn wrong_rule(&self, node: &Node, id: &str, earlier: &[String]) -> Option<Fault> {
        if earlier.iter().any(|earlier| earlier == id) {
            let (found, right) = (format!("duplicate rule `{id}`"), "remove one of them");
            return Some(Fault::new(node.place, found, right));
        }
        let (file, policy) = self.policy.as_ref()?;
        let known: Vec<&str> = policy.rule_ids().collect();
        if known.contains(&id) {
            return None;
        }
        let right = match closest(id, &known) {
            Some(known) => format!("did you mean `{known}`?"),
            None => format!("its rules are {}", crate::yaml::words::quoted_list(&known)),
        };
        Some(Fault::new(node.place, format!("`{file}` has no rule `{id}`"), right))
    }
}

/// A structure of the API. It can always be read: each member is of its kind by now.
fn typed<T: DeserializeOwned>(members: Map<String, Json>) -> Option<T> {
    serde_json::from_value(Json::Object(members)).ok()
}

struct Expect(Action);

impl FromScalar for Expect {
    const EXPECTED: &'static str = "`expect` with one of `stop`, `report`, `protect` and `allow`";

    fn from_scalar(text: &str) -> Result<Self, String> {
        let found = ACTIONS.iter().find(|(word, _)| *word == text);
        found.map(|(_, action)| Self(*action)).ok_or_else(|| "is nothing to expect".into())
    }
}

struct Moment(Timestamp);

impl FromScalar for Moment {
    const EXPECTED: &'static str = "a time with its offset from UTC, as in `2026-11-22T09:00:00Z`";

    fn from_scalar(text: &str) -> Result<Self, String> {
        text.parse().map(Self).map_err(|_| "is no time".into())
    }
}
