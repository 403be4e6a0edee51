//! The other running builds and batches of a test's project: the keys `running-builds` and `running-batches`.

use std::sync::Arc;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use super::members;
use crate::{
    diagnostic::{Code, Place},
    facts::inquiry::{Case, Sample},
    history::Life,
    model::{Build, BuildBatch, batch_id, shape::Shape},
    policy::Policy,
    yaml::{Node, Value, reader::Reader},
};

/// The other running builds and batches of a test's project.
#[derive(Debug)]
pub(super) struct RunningBeside {
    builds: Vec<Build>,
    batches: Vec<Arc<BuildBatch>>,
}

/// A running build or batch: its members, with a place that is within the list even if the element is an alias.
pub(super) type Listed = (Place, Map<String, Json>);

/// Parses a list of running builds or batches, which may be empty.
pub(super) fn listed(reader: &mut Reader, node: &Node, shape: &'static Shape) -> Vec<Listed> {
    let Value::List(elements) = &node.value else {
        let help = "write a list, whose elements have the API's own names; `[]` for none";
        reader.fault(Code::NotAList, node.place, format!("{} where a list should be", node.described()), help);
        return Vec::new();
    };
    // An alias has the place of its anchor.
    let members = |element: &Node| (element.place.max(node.place), members::structure(reader, element, shape));
    elements.iter().map(members).collect()
}

/// Reports each running build or batch with the id of another one. Two with the same id would count as one, so that
/// one of them would not be compared. `own` is the test's own build, and `batch` the batch that the test gives it.
pub(super) fn check_ids(
    reader: &mut Reader,
    own: &Build,
    batch: Option<&Map<String, Json>>,
    builds: &[Listed],
    batches: &[Listed],
) {
    let own = own.id.as_deref().map(|id| (id, "the test's own build"));
    let batch = batch.and_then(id_of).map(|id| (id, "the test's `batch`"));
    let mut known: Vec<(&str, &str)> = own.into_iter().chain(batch).collect();
    for (place, build) in builds {
        let Some(id) = id_of(build) else { continue };
        check_id(reader, *place, id, &known);
        known.push((id, "another running build"));
    }
    // The batch of the test's build runs, too.
    known.retain(|one| Some(*one) != batch);
    for (place, batch) in batches {
        let Some(id) = id_of(batch) else { continue };
        check_id(reader, *place, id, &known);
        known.push((id, "another running batch"));
    }
}

fn check_id(reader: &mut Reader, place: Place, id: &str, known: &[(&str, &str)]) {
    if let Some((_, whose)) = known.iter().find(|(other, _)| *other == id) {
        reader.fault(Code::InvalidMember, place, format!("`{id}` is the id of {whose}"), "give it an id of its own");
    }
}

fn id_of(members: &Map<String, Json>) -> Option<&str> {
    members.get("id")?.as_str()
}

impl RunningBeside {
    /// Takes the elements of the lists as they are at `now`: they are running, even if they contain an end.
    pub(super) fn at(now: Timestamp, builds: Vec<Listed>, batches: Vec<Listed>) -> Self {
        let builds = typed::<Build>(builds).enumerate().map(|(index, mut build)| {
            Life::keep_running(&mut build, now);
            build.id.get_or_insert_with(|| format!("running-builds[{index}]"));
            build
        });
        let batches = typed::<BuildBatch>(batches).enumerate().map(|(index, mut batch)| {
            let id = batch.arn.as_deref().map(|arn| batch_id(arn).to_owned());
            batch.id = batch.id.or(id).or_else(|| Some(format!("running-batches[{index}]")));
            Arc::new(batch)
        });
        Self { builds: builds.collect(), batches: batches.collect() }
    }

    /// The running batch that a build belongs to.
    pub(super) fn batch_of(&self, build: &Build) -> Option<&Arc<BuildBatch>> {
        self.batches.iter().find(|batch| is_batch_of(batch, build))
    }

    /// Judges the builds and batches as a sweep does. The builds of a batch represent the batch.
    pub(super) fn cases<'a>(&self, policy: &'a Policy, own: &Sample, now: Timestamp) -> Vec<Case<'a>> {
        let project = &own.project;
        let builds = self.builds.iter().map(|build| {
            let is_of_same_batch = build.build_batch_arn == own.build.build_batch_arn;
            let same = own.batch.as_ref().filter(|_| build.build_batch_arn.is_some() && is_of_same_batch);
            let batch = same.or_else(|| self.batch_of(build)).cloned();
            let sample = Sample { batch, ..Sample::of_running_build(build.clone(), project.clone()) };
            Case::of_sample(policy, sample, now)
        });
        let has_builds =
            |batch: &Arc<BuildBatch>| self.builds.iter().chain([&own.build]).any(|build| is_batch_of(batch, build));
        let batches = self
            .batches
            .iter()
            .filter(|batch| !has_builds(batch))
            .map(|batch| Case::of_sample_batch(policy, BuildBatch::clone(batch), project.clone(), now));
        builds.chain(batches).collect()
    }
}

fn is_batch_of(batch: &BuildBatch, build: &Build) -> bool {
    let arn = build.build_batch_arn.as_deref().filter(|arn| !arn.is_empty());
    arn.is_some_and(|arn| batch.arn.as_deref() == Some(arn) || batch.id.as_deref() == Some(batch_id(arn)))
}

/// Deserializes structures of the API. This succeeds, since each member has been checked.
fn typed<T: DeserializeOwned>(listed: Vec<Listed>) -> impl Iterator<Item = T> {
    listed.into_iter().filter_map(|(_, members)| serde_json::from_value(Json::Object(members)).ok())
}
