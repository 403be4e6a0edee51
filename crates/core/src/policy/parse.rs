//! The format of a policy file: its keys and their values.

mod prices;

use super::{BatchScope, Criterion, Exemption, MaxStops, Mode, OnUnknown, Policy, Rule, RuleMode, Selector};
use crate::{
    checks::{self, CHECKS, Check, CheckKind, CheckOption, Patterns, SELECTABLE, Syntax},
    diagnostic::{Code, Diagnostic, Place},
    facts::{possible::Remark, source_pattern::Direction, starter::Starter, vocabulary::check_tag_key},
    model::RunKind,
    yaml::{
        Node, Value,
        reader::{Mapping, Reader},
        scalar::FromScalar,
        words::quoted_list,
    },
};

const POLICY_KEYS: &[&str] = &["version", "mode", "never-stop", "prices", "safety", "rules"];
const SAFETY_KEYS: &[&str] = &["max-stops-per-sweep"];
const RULE_KEYS: &[&str] = &["id", "reason", "owner", "mode", "enforce-after", "only", "except", "on-unknown", "batch"];
const KINDS: &str = "kinds";
const STARTED_BY: &str = "started-by";
const TAGS: &str = "tags";
const WHEN: &str = "when";
const EXEMPTION_KEYS: &[&str] = &["until", "reason"];

/// Kinds of files that are not policies: a key by which to recognize the kind, its name, and the command for it.
const OTHER_FILES: [(&str, &str, &str); 5] = [
    ("tests", "a test file", "run this file with `buildbrake test`"),
    ("detail-type", "an event", "explain the event with `buildbrake explain --policy POLICY FILE`"),
    ("buildStatus", BUILD, EXPLAIN_BUILD),
    ("builds", BUILD, EXPLAIN_BUILD),
    (
        "Resources",
        "a CloudFormation template",
        "judge the template with `buildbrake scan --policy POLICY --template FILE`",
    ),
];
const BUILD: &str = "a Build of the API";
const EXPLAIN_BUILD: &str = "explain the build with `buildbrake explain --policy POLICY FILE`";

/// Parses a policy, or returns all its faults.
pub(super) fn policy(text: &str, digest: String) -> Result<Policy, Vec<Diagnostic>> {
    let tree = Node::parse(text).map_err(|fault| vec![fault])?;
    if let Some(fault) = other_file(&tree) {
        return Err(vec![fault]);
    }
    let mut reader = Reader::new(text);
    let policy = read_policy(&mut reader, &tree, digest);
    match policy {
        Some(policy) if reader.faults.is_empty() => Ok(Policy { warnings: reader.warnings, ..policy }),
        _ => Err(reader.faults),
    }
}

/// Reports a file of another kind as one fault.
fn other_file(tree: &Node) -> Option<Diagnostic> {
    let has_key = |(key, ..): &&(&str, &str, &str)| tree.has_key(key);
    let (_, kind, command) = OTHER_FILES.iter().find(has_key).filter(|_| !tree.has_key("rules"))?;
    let (message, help) = (format!("this is {kind}, not a policy"), format!("use a policy here, or {command}"));
    Some(Diagnostic::new(Code::OtherFile, tree.place, message, help))
}

fn read_policy(reader: &mut Reader, node: &Node, digest: String) -> Option<Policy> {
    let before = reader.faults.len();
    let mapping = reader.mapping(node, "a policy", POLICY_KEYS)?;
    name_misplaced_keys(reader, node, before, |name| {
        let is_of_rule = rule_keys().any(|key| key == name);
        is_of_rule.then(|| "a rule; indent it as far as the `id` of its rule".to_owned())
    });
    let version = required(reader, &mapping, "version", "add `version: 1` at the top of the file");
    let _: Option<Version> = version.and_then(|node| reader.scalar(node));
    let mode = mapping.get("mode").and_then(|node| reader.scalar(node)).unwrap_or(Mode::Enforce);
    let never_stop = mapping.get("never-stop");
    let never_stop_place = never_stop.map_or(mapping.place, |node| node.place);
    let never_stop = never_stop
        .and_then(|node| Patterns::read(reader, node, "[deploy-*, prod-*]", Syntax::Project, Direction::Allow));
    let prices = mapping.get("prices").map(|node| prices::read(reader, node)).unwrap_or_default();
    let (max_stops, max_stops_place) = mapping
        .get("safety")
        .and_then(|node| read_max_stops(reader, node))
        .unwrap_or((MaxStops::Percent(20), mapping.place));
    let rules = required(reader, &mapping, "rules", "add a list of rules: `rules: [{id: …, max-timeout: 60m}]`");
    let nodes = rules.map(|node| reader.list(node, "- id: short-builds")).unwrap_or_default();

    let mut rules: Vec<Rule> = Vec::new();
    let mut ids: Vec<(Id, Place)> = Vec::new();
    for node in nodes {
        rules.extend(read_rule(reader, node, mode, &mut ids));
    }
    let ceiling = Mode::Enforce;
    Some(Policy {
        rules,
        never_stop,
        never_stop_place,
        prices,
        max_stops,
        max_stops_place,
        ceiling,
        digest,
        warnings: Vec::new(),
    })
}

fn read_max_stops(reader: &mut Reader, node: &Node) -> Option<(MaxStops, Place)> {
    let mapping = reader.mapping(node, "safety", SAFETY_KEYS)?;
    let node = mapping.get("max-stops-per-sweep")?;
    Some((reader.scalar(node)?, node.place))
}

fn rule_keys() -> impl Iterator<Item = &'static str> {
    RULE_KEYS.iter().copied().chain(checks::ids())
}

fn read_rule(reader: &mut Reader, node: &Node, mode: Mode, ids: &mut Vec<(Id, Place)>) -> Option<Rule> {
    let keys: Vec<&str> = rule_keys().collect();
    let before = reader.faults.len();
    let mapping = reader.mapping(node, "a rule", &keys)?;
    name_misplaced_keys(reader, node, before, belongs_outside_the_rule);
    let id = read_id(reader, &mapping, ids);
    let mode = read_mode(reader, &mapping, mode);
    let check = read_check(reader, &mapping);
    let reason = mapping.get("reason").and_then(|node| reader.scalar(node));
    let owner = mapping.get("owner").and_then(|node| reader.scalar(node));
    let only = mapping.get("only").map(|node| read_selectors(reader, node)).unwrap_or_default();
    let except = mapping.get("except").map(|node| read_exemptions(reader, node)).unwrap_or_default();
    let on_unknown = mapping.get("on-unknown").and_then(|node| reader.scalar(node)).unwrap_or(OnUnknown::Report);
    let batch = mapping.get("batch").and_then(|node| Some((reader.scalar(node)?, node.place)));
    let place = mapping.get("id")?.place;
    let mode_place = mapping.get("enforce-after").map_or(place, |node| node.place);
    let (kind, check) = check?;
    let batch = batch_scope(reader, batch, check.as_ref());
    Some(Rule { id: id?.0, place, reason, owner, mode, mode_place, kind, check, only, except, on_unknown, batch })
}

/// A superseded batch is stopped as a whole.
fn batch_scope(reader: &mut Reader, written: Option<(BatchScope, Place)>, check: &dyn Check) -> BatchScope {
    if !matches!(check.option(), CheckOption::NewestPer(_)) {
        return written.map(|(scope, _)| scope).unwrap_or_default();
    }
    if let Some((BatchScope::Build, place)) = written {
        let message =
            "`batch: build` has no effect beside `only-newest-per`, which stops a superseded batch as a whole";
        reader.warnings.push(Diagnostic::new(Code::BatchWithoutEffect, place, message, "remove it"));
    }
    BatchScope::StopAll
}

fn read_id(reader: &mut Reader, mapping: &Mapping<'_>, ids: &mut Vec<(Id, Place)>) -> Option<Id> {
    let node = required(reader, mapping, "id", "add an id that no other rule has, such as `id: short-builds`")?;
    let id: Id = reader.scalar(node)?;
    if let Some((_, earlier)) = ids.iter().find(|(other, _)| *other == id) {
        let help = format!("rename one of them; the rule in line {} has the same id", earlier.line);
        reader.fault(Code::DuplicateRuleId, node.place, format!("duplicate rule id `{}`", id.0), help);
    }
    ids.push((id.clone(), node.place));
    Some(id)
}

fn read_mode(reader: &mut Reader, mapping: &Mapping<'_>, inherited: Mode) -> RuleMode {
    let mode = mapping.get("mode").and_then(|node| reader.scalar(node)).unwrap_or(inherited);
    let Some(node) = mapping.get("enforce-after") else {
        return RuleMode::Always(mode);
    };
    if mode != Mode::Report {
        reader.fault(
            Code::EnforceAfterWithoutReport,
            node.place,
            "`enforce-after` without `mode: report`",
            "add `mode: report` to the rule",
        );
    }
    reader.scalar(node).map_or(RuleMode::Always(Mode::Report), RuleMode::EnforceAfter)
}

/// Reads the only check of a rule.
fn read_check(reader: &mut Reader, mapping: &Mapping<'_>) -> Option<(&'static CheckKind, Box<dyn Check>)> {
    let mut found =
        mapping.entries.iter().filter_map(|(key, node)| Some((CHECKS.iter().find(|check| check.id == *key)?, *node)));
    let Some((kind, node)) = found.next() else {
        let ids: Vec<&str> = checks::ids().collect();
        let is_misspelt = mapping.suggested.iter().any(|key| ids.contains(key));
        let is_unknown = mapping.unlike.iter().any(|key| belongs_outside_the_rule(key).is_none());
        // The key that was probably meant as the check has a fault already.
        if is_misspelt || is_unknown {
            return None;
        }
        reader.fault(
            Code::NoCheck,
            mapping.place,
            "rule without a check",
            format!("add exactly one of {}", quoted_list(&ids)),
        );
        return None;
    };
    for (other, node) in found {
        let message = format!("second check `{}` beside `{}`", other.id, kind.id);
        reader.fault(
            Code::SecondCheck,
            node.place,
            message,
            "move it to a rule of its own; a rule has exactly one check",
        );
        other.read(reader, node);
    }
    kind.read(reader, node).map(|check| (kind, check))
}

fn read_selectors(reader: &mut Reader, node: &Node) -> Vec<Selector> {
    let mut selectors = Vec::new();
    for node in reader.list(node, "[{ projects: [shop-*] }]") {
        if let Some(mapping) = reader.mapping(node, "a selector", &selector_keys(&[])) {
            selectors.extend(read_selector(reader, &mapping, Direction::Forbid));
        }
    }
    selectors
}

fn read_exemptions(reader: &mut Reader, node: &Node) -> Vec<Exemption> {
    let mut exemptions = Vec::new();
    for node in reader.list(node, "[{ initiators: [codepipeline/*] }]") {
        if let Some(mapping) = reader.mapping(node, "an exemption", &selector_keys(EXEMPTION_KEYS)) {
            let until = mapping.get("until");
            let place = until.map_or(mapping.place, |node| node.place);
            let until = until.and_then(|node| reader.scalar(node));
            let reason = mapping.get("reason").and_then(|node| reader.scalar(node));
            let selector = read_selector(reader, &mapping, Direction::Allow);
            exemptions.extend(selector.map(|selector| Exemption { selector, until, place, reason }));
        }
    }
    exemptions
}

fn read_selector(reader: &mut Reader, mapping: &Mapping<'_>, direction: Direction) -> Option<Selector> {
    let mut criteria = Vec::new();
    let mut named = false;
    if let Some(node) = mapping.get(KINDS) {
        named = true;
        let kinds: Vec<RunKind> = reader.scalars(node, "[sandbox]");
        criteria.extend((!kinds.is_empty()).then_some(Criterion::Kinds(kinds)));
    }
    for subject in SELECTABLE {
        if let Some(node) = mapping.get(subject.name) {
            named = true;
            let patterns = Patterns::read(reader, node, subject.example, subject.syntax, direction);
            criteria.extend(patterns.map(|patterns| Criterion::Among(subject, patterns)));
        }
    }
    if let Some(node) = mapping.get(STARTED_BY) {
        named = true;
        let starters: Vec<Starter> = reader.scalars(node, "[pipeline]");
        criteria.extend((!starters.is_empty()).then_some(Criterion::StartedBy(starters)));
    }
    if let Some(node) = mapping.get(TAGS) {
        named = true;
        for (key, node) in reader.entries(node, "a mapping of tags", "{ team: [payments] }") {
            if let Err(Remark { message, help }) = check_tag_key(key) {
                reader.fault(Code::ImpossibleTag, node.place, message, help);
            }
            let patterns = Patterns::read(reader, node, "[payments, fin-*]", Syntax::Tag, direction);
            criteria.extend(patterns.map(|patterns| Criterion::Tagged(key.to_owned(), patterns)));
        }
    }
    if let Some(node) = mapping.get(WHEN) {
        named = true;
        criteria.extend(reader.expression(node).map(Criterion::When));
    }
    if !named {
        let help = format!("add at least one of {}", quoted_list(&selector_keys(&[])));
        reader.fault(Code::EmptySelector, mapping.place, "selector without a criterion", help);
    }
    (!criteria.is_empty()).then_some(Selector(criteria))
}

/// Improves the help of faults about keys in the wrong place. `before` is the number of faults that were found
/// before the mapping was read. `belongs` returns the place to which a key belongs.
fn name_misplaced_keys(reader: &mut Reader, mapping: &Node, before: usize, belongs: impl Fn(&str) -> Option<String>) {
    let Value::Mapping(entries) = &mapping.value else { return };
    for fault in reader.faults.iter_mut().skip(before).filter(|fault| fault.code == Code::UnknownKey) {
        let key = entries.iter().map(|(key, _)| key).find(|key| key.place == fault.place);
        let Some(Value::Scalar(name)) = key.map(|key| &key.value) else { continue };
        if let Some(place) = belongs(name) {
            fault.help = format!("`{name}` is a key of {place}");
            fault.fix = None;
        }
    }
}

fn belongs_outside_the_rule(name: &str) -> Option<String> {
    let belongs_to_policy = || POLICY_KEYS.contains(&name).then(|| "the policy; write it beside `rules`".to_owned());
    belongs_to_selector(name).or_else(belongs_to_policy)
}

fn belongs_to_selector(name: &str) -> Option<String> {
    let example = match name {
        KINDS => "[sandbox]",
        STARTED_BY => "[pipeline]",
        TAGS => "{ team: [payments] }",
        WHEN => "build.environment.privilegedMode",
        other => SELECTABLE.iter().find(|subject| subject.name == other)?.example,
    };
    Some(format!("a selector; write `only: [{{ {name}: {example} }}]`"))
}

fn selector_keys(more: &[&'static str]) -> Vec<&'static str> {
    let subjects = SELECTABLE.iter().map(|subject| subject.name);
    [KINDS].into_iter().chain(subjects).chain([STARTED_BY, TAGS, WHEN]).chain(more.iter().copied()).collect()
}

/// The value of a required key.
pub(crate) fn required<'a>(reader: &mut Reader, mapping: &Mapping<'a>, key: &str, help: &str) -> Option<&'a Node> {
    let node = mapping.get(key);
    if node.is_none() {
        reader.fault(Code::MissingKey, mapping.place, format!("missing key `{key}`"), help);
    }
    node
}

struct Version;

impl FromScalar for Version {
    const CODE: Code = Code::InvalidVersion;
    const EXPECTED: &'static str = "`1`, the only version of the format";

    fn from_scalar(text: &str) -> Result<Self, String> {
        if text == "1" { Ok(Self) } else { Err("is not a version of the format".into()) }
    }
}

#[derive(Clone, PartialEq)]
struct Id(String);

impl FromScalar for Id {
    const CODE: Code = Code::InvalidRuleId;
    const EXPECTED: &'static str = "lower-case letters, digits and `-`, such as `short-builds`";

    fn from_scalar(text: &str) -> Result<Self, String> {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if !text.is_empty() && text.bytes().all(fits) {
            Ok(Self(text.to_owned()))
        } else {
            Err("is not a valid id".into())
        }
    }
}
