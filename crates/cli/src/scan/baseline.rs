//! The findings that are known and accepted.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Component, Path},
};

use anyhow::{anyhow, bail};
use buildbrake_core::{
    diagnostic::Code,
    scan::{ScanAnswer, ScannedRule},
    yaml::{Node, Value},
};

use super::{ProjectOrigin, SkippedInput};
use crate::files::{from_here, write_whole};

/// An accepted finding. It matches even if lines move, but not if the value changes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct BaselineEntry {
    /// The ARN, or the file and the address in it: `ci.yaml#Build`.
    pub(crate) project: String,
    pub(crate) rule: String,
    pub(crate) found: String,
}

/// The accepted findings of a file, each with the reason that somebody may have added.
#[derive(Debug, Default)]
pub(crate) struct Baseline {
    entries: BTreeMap<BaselineEntry, Option<String>>,
    used: BTreeSet<BaselineEntry>,
}

impl BaselineEntry {
    /// The entry of a finding. An expression does not show the values that break it: their digest stands for them.
    pub(crate) fn of(origin: &ProjectOrigin, rule: &ScannedRule) -> Self {
        let found = match &rule.answer {
            ScanAnswer::Broken { found } => match &rule.digest {
                Some(digest) => format!("{found} ({digest})"),
                None => found.clone(),
            },
            ScanAnswer::Unknown { missing, .. } => format!("unknown: {missing}"),
            ScanAnswer::CannotApply { .. } | ScanAnswer::Exempt { .. } | ScanAnswer::Passes => String::new(),
        };
        Self { project: identity(origin), rule: rule.rule.clone(), found }
    }

    /// The entry of a part that is not judged. It names the diagnostic in place of a rule.
    pub(crate) fn of_skipped(SkippedInput { origin, why }: &SkippedInput) -> Self {
        Self { project: identity(origin), rule: Code::NotScanned.id().to_owned(), found: why.clone() }
    }
}

/// The projects that a scan covers. Entries about other projects stay as they are.
#[derive(Clone, Debug, Default)]
pub(crate) struct BaselineScope {
    /// The beginnings of the identities of all projects in it.
    prefixes: BTreeSet<String>,
    /// `true` if only some of these projects are scanned.
    is_partial: bool,
}

impl BaselineScope {
    /// The scope of scanning whole files.
    pub(crate) fn of_files<'a>(files: impl Iterator<Item = &'a str>) -> Self {
        let identity =
            |file: &str| identity(&ProjectOrigin { file: Some(file.to_owned()), address: String::new(), place: None });
        Self { prefixes: files.map(identity).collect(), is_partial: false }
    }

    /// Sets whether only some of the projects are scanned.
    pub(crate) fn partial(self, is_partial: bool) -> Self {
        Self { is_partial, ..self }
    }

    /// Adds the accounts and regions of projects.
    pub(super) fn with<'a>(mut self, origins: impl Iterator<Item = &'a ProjectOrigin>) -> Self {
        let arns = origins.filter(|origin| origin.file.is_none()).map(|origin| origin.address.as_str());
        let places = arns.filter_map(|arn| Some(format!("{}:project/", arn.split_once(":project/")?.0)));
        self.prefixes.extend(places);
        self
    }

    /// Returns whether the entry's project would have been scanned if it still existed.
    pub(super) fn has(&self, entry: &BaselineEntry) -> bool {
        !self.is_partial && self.prefixes.iter().any(|prefix| entry.project.starts_with(prefix.as_str()))
    }
}

/// The identity of a project, whatever line it is in.
pub(crate) fn identity(origin: &ProjectOrigin) -> String {
    match &origin.file {
        None => origin.address.clone(),
        Some(file) => {
            let parts = from_here(Path::new(file));
            let parts = parts.components().filter(|part| *part != Component::CurDir);
            let parts: Vec<String> = parts.map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
            format!("{}#{}", parts.join("/").replacen("//", "/", 1), origin.address)
        }
    }
}

impl Baseline {
    /// Reads a baseline.
    ///
    /// # Errors
    /// If the file cannot be read, or is not a baseline.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let name = path.display();
        let text = fs::read_to_string(path).map_err(|error| {
            anyhow!("{name}: the baseline cannot be read: {error}; make one with `--write-baseline`")
        })?;
        Self::parse(&name.to_string(), &text)
    }

    /// Reads a baseline, which is empty if the file does not exist.
    pub(crate) fn read_if_exists(path: &Path) -> anyhow::Result<Self> {
        match fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            _ => Self::read(path),
        }
    }

    fn parse(name: &str, text: &str) -> anyhow::Result<Self> {
        let fault = |node: &Node, what: &str| {
            anyhow!(
                "{name}:{}:{}: {what}; write the baseline with `--write-baseline`",
                node.place.line,
                node.place.column
            )
        };
        let root = Node::parse(text)
            .map_err(|fault| anyhow!("{name}:{}:{}: {}", fault.place.line, fault.place.column, fault.message))?;
        let members = |node: &Node| -> anyhow::Result<BTreeMap<String, Node>> {
            let Value::Mapping(entries) = &node.value else { return Err(fault(node, "expected a mapping")) };
            let entries = entries.iter().map(|(key, value)| match &key.value {
                Value::Scalar(key) => Ok((key.clone(), value.clone())),
                _ => Err(fault(key, "expected a name")),
            });
            entries.collect()
        };
        let top = members(&root)?;
        if top.get("version").map(|version| &version.value) != Some(&Value::Scalar("1".to_owned())) {
            return Err(fault(&root, "this is not a baseline: it has no `version: 1`"));
        }
        let list = match top.get("findings").map(|findings| &findings.value) {
            Some(Value::List(list)) => list.as_slice(),
            Some(Value::Empty) => &[],
            _ => return Err(fault(&root, "this is not a baseline: it has no list `findings`")),
        };
        let mut baseline = Self::default();
        for node in list {
            let finding = members(node)?;
            let text = |key: &str| match finding.get(key).map(|value| &value.value) {
                Some(Value::Scalar(text)) => Ok(text.clone()),
                _ => Err(fault(node, &format!("a finding without `{key}`"))),
            };
            if let Some(key) =
                finding.keys().find(|key| !["project", "rule", "found", "reason"].contains(&key.as_str()))
            {
                return Err(fault(node, &format!("unknown key `{key}`")));
            }
            let entry = BaselineEntry { project: text("project")?, rule: text("rule")?, found: text("found")? };
            baseline.entries.insert(entry, text("reason").ok());
        }
        Ok(baseline)
    }

    /// Returns whether a finding is accepted, and marks its entry as used.
    pub(crate) fn accept(&mut self, entry: &BaselineEntry) -> bool {
        let is_accepted = self.entries.contains_key(entry);
        if is_accepted {
            self.used.insert(entry.clone());
        }
        is_accepted
    }

    /// The entries that accepted nothing.
    pub(crate) fn unused(self) -> Vec<BaselineEntry> {
        self.entries.into_keys().filter(|entry| !self.used.contains(entry)).collect()
    }

    /// Writes a baseline of these entries, sorted, whole or not at all. Reasons in the file that it replaces
    /// are kept.
    ///
    /// # Errors
    /// If the path is a folder or a file that is not a baseline, or if the file cannot be written.
    pub(crate) fn write(path: &Path, entries: Vec<BaselineEntry>) -> anyhow::Result<()> {
        if path.is_dir() {
            bail!("{}: this is a folder; name a file in it", path.display());
        }
        let old = Self::read_if_exists(path)?;
        let entries: BTreeSet<BaselineEntry> = entries.into_iter().collect();
        let mut text = String::from(
            "# Findings of `buildbrake scan` that are known and accepted. An entry can have a `reason`.\nversion: 1\nfindings:",
        );
        text.push_str(if entries.is_empty() { " []\n" } else { "\n" });
        for entry in &entries {
            let BaselineEntry { project, rule, found } = entry;
            let reason = old.entries.get(entry).and_then(Option::as_deref);
            let mut marker = "-";
            for (key, value) in
                [("project", Some(project.as_str())), ("rule", Some(rule)), ("found", Some(found)), ("reason", reason)]
            {
                if let Some(value) = value {
                    // A JSON string is also a YAML string.
                    text.push_str(&format!("  {marker} {key}: {}\n", serde_json::to_string(value)?));
                    marker = " ";
                }
            }
        }
        write_whole(path, text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(project: &str, found: &str) -> BaselineEntry {
        BaselineEntry { project: project.to_owned(), rule: "short".to_owned(), found: found.to_owned() }
    }

    #[test]
    fn a_baseline_is_sorted_and_keeps_reasons() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("baseline.yaml");
        let all = vec![entry("b.yaml#B", "90m"), entry("a.yaml#A", "\"x\": é\n"), entry("b.yaml#B", "90m")];
        Baseline::write(&path, all.clone()).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(
            text,
            "# Findings of `buildbrake scan` that are known and accepted. An entry can have a `reason`.\n\
             version: 1\nfindings:\n  - project: \"a.yaml#A\"\n    rule: \"short\"\n    found: \"\\\"x\\\": é\\n\"\n  \
             - project: \"b.yaml#B\"\n    rule: \"short\"\n    found: \"90m\"\n"
        );
        fs::write(&path, text.replace("found: \"90m\"", "found: 90m\n    reason: OPS-1")).unwrap();
        let mut baseline = Baseline::read(&path).unwrap();
        assert!(baseline.accept(&all[0]) && !baseline.accept(&entry("b.yaml#B", "95m")));
        assert_eq!(baseline.unused(), [all[1].clone()]);
        Baseline::write(&path, vec![all[0].clone()]).unwrap();
        assert!(fs::read_to_string(&path).unwrap().ends_with("    found: \"90m\"\n    reason: \"OPS-1\"\n"));
        Baseline::write(&path, Vec::new()).unwrap();
        assert_eq!(Baseline::read(&path).unwrap().unused(), []);
    }

    #[test]
    fn what_is_no_baseline_is_an_error_and_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("policy.yaml");
        for (text, expected) in [
            ("version: 1\nrules: []\n", "1:1: this is not a baseline: it has no list `findings`"),
            ("findings: []\n", "1:1: this is not a baseline: it has no `version: 1`"),
            ("version: 1\nfindings: [{project: a, rule: b}]\n", "2:12: a finding without `found`"),
            ("version: 1\nfindings: [{project: a, rule: b, found: c, line: 1}]\n", "2:12: unknown key `line`"),
            ("version: 1\nfindings: [a]\n", "2:12: expected a mapping"),
            ("a: [", "invalid YAML"),
        ] {
            fs::write(&path, text).unwrap();
            let error = Baseline::read(&path).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
            assert!(Baseline::write(&path, Vec::new()).is_err());
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        assert!(Baseline::read(&folder.path().join("none")).unwrap_err().to_string().contains("cannot be read"));
    }

    #[test]
    fn a_project_is_known_by_its_file_and_address() {
        let identity = |file: Option<&str>| {
            identity(&ProjectOrigin { file: file.map(str::to_owned), address: "Build".to_owned(), place: None })
        };
        assert_eq!(identity(None), "Build");
        assert_eq!(identity(Some("./a/./b.yaml")), "a/b.yaml#Build");
        assert_eq!(identity(Some("/a/b.yaml")), "/a/b.yaml#Build");
        let here = std::env::current_dir().unwrap().join("a/b.yaml");
        assert_eq!(identity(here.to_str()), "a/b.yaml#Build");
    }
}
