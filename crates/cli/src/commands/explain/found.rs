//! Everything in the input of `buildbrake explain` that is about builds.

use std::{collections::BTreeMap, ops::ControlFlow, path::Path};

use buildbrake_core::{
    diagnostic::printable,
    history::{Item, NotRecognized, Observation, recognize},
    model::{BuildId, Sandbox},
};
use serde::Deserialize;
use serde_json::Value;

use super::NAMED;
use crate::input::{self, InputPlace, Read, Skipped, Unreadable};

pub(super) const USABLE: &str = "use an event as CodeBuild sent it, or the output of `aws codebuild batch-get-builds`";

/// Everything in the input that is about builds.
#[derive(Default)]
pub(super) struct Found {
    /// The event, if it is the only value of the input.
    pub(super) event: Option<Vec<u8>>,
    pub(super) builds: BTreeMap<String, Vec<Observation>>,
    pub(super) sandboxes: Vec<(BuildId, Box<Sandbox>)>,
    /// The number of values.
    values: usize,
    has_projects: bool,
    has_batches: bool,
    /// The ids of builds and sandboxes that CodeBuild did not find.
    not_found: Vec<String>,
    /// The number of parts that are left out: they cannot be read, or are not about a build.
    pub(super) left_out: usize,
    /// The place of the first such part, and the reason why it is left out.
    pub(super) why_not: Option<String>,
}

impl Found {
    pub(super) fn of(path: &Path) -> anyhow::Result<Self> {
        let mut found = Self::default();
        input::read(&[path.to_owned()], &mut |part| {
            match part {
                Read::Chunk(chunk) => {
                    for value in &chunk.values {
                        let json = chunk.bytes.get(value.range.clone()).unwrap_or_default();
                        found.values += 1;
                        found.event = (found.values == 1 && is_event(json)).then(|| json.to_vec());
                        found.add(json, &value.place);
                    }
                }
                Read::Unreadable(Unreadable { place, why }) => found.leave_out(format!("{place}: {why}")),
                Read::Skipped(Skipped { path, why }) => found.leave_out(format!("{}: {why}", path.display())),
                Read::Progress { .. } => {}
            }
            ControlFlow::Continue(())
        })?;
        Ok(found)
    }

    fn add(&mut self, json: &[u8], place: &InputPlace) {
        let recognized = recognize(json, |item| match item {
            Item::Build(build) => self.builds.entry(build.id.as_str().to_owned()).or_default().push(build),
            Item::Sandbox(sandbox) => {
                let id = sandbox.id.as_deref().and_then(|id| id.parse().ok());
                self.sandboxes.extend(id.map(|id| (id, sandbox)));
            }
            Item::Project(_) => self.has_projects = true,
            Item::Batch(_) => self.has_batches = true,
        });
        match recognized {
            Ok(()) if self.builds.is_empty() => {
                let NotFound { builds_not_found, sandboxes_not_found } =
                    serde_json::from_slice(json).unwrap_or_default();
                self.not_found.extend(builds_not_found.into_iter().chain(sandboxes_not_found));
            }
            Ok(()) => {}
            Err(NotRecognized::UnknownKind | NotRecognized::String) => {
                self.leave_out(format!("{place}: this is not about a build"));
            }
            Err(error) => self.leave_out(format!("{place}: {error}")),
        }
    }

    fn leave_out(&mut self, why: String) {
        self.left_out += 1;
        self.why_not.get_or_insert(why);
    }

    /// The error if there is neither a build nor a sandbox.
    pub(super) fn no_build(&self, name: &str) -> String {
        if let Some(why) = &self.why_not {
            return format!("{why}; {USABLE}");
        }
        if !self.not_found.is_empty() {
            let ids = self.not_found.iter().take(NAMED).map(|id| format!("`{}`", printable(id, 100)));
            let ids = ids.collect::<Vec<_>>().join(", ");
            return format!("{name}: CodeBuild did not find {ids}; check the id, the account and the region");
        }
        match self {
            Self { values: 0, .. } => format!("{name}: the input is empty; {USABLE}"),
            Self { has_projects: true, .. } => {
                format!("{name}: the input contains projects, but no build; give them with `--project`")
            }
            Self { has_batches: true, .. } => {
                format!("{name}: the input contains batches, but no build; give them with `--batch`")
            }
            _ => format!("{name}: the input contains no build; {USABLE}"),
        }
    }
}

/// The members of a page of the API with the ids that CodeBuild did not find.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct NotFound {
    builds_not_found: Vec<String>,
    sandboxes_not_found: Vec<String>,
}

/// Returns whether the JSON is an EventBridge event that the function can judge. An event that wraps a CloudTrail call
/// or a record is not: it is read as that call or record.
fn is_event(json: &[u8]) -> bool {
    let wraps = |kind: &str| kind.ends_with("via CloudTrail") || kind == "Build Policy Violation";
    let json: Option<Value> = serde_json::from_slice(json).ok();
    let kind = json.as_ref().and_then(|json| json.get("detail-type"));
    kind.is_some_and(|kind| !kind.as_str().is_some_and(wraps))
}
