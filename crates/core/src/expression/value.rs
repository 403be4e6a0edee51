//! The facts as CEL's values. They are converted from JSON where an expression reads them.

use std::{
    fmt,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use cel::{
    ExecutionError,
    common::{
        traits::Indexer,
        types::{CelBool, CelDouble, CelInt, CelList, CelString, Type},
        value::{CowVal, Val},
    },
    context::VariableResolver,
};

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::{
    Variable,
    time::{Length, Time},
};
use crate::{
    facts::{Facts, MissingFact, planned::UnknownMembers, start_event},
    model::{
        Build, BuildBatch, Project,
        shape::{MemberType, Shape},
    },
};

/// The "function" in the error for an absent member.
pub(super) const ABSENT: &str = "absent";
/// The "function" in the error for a spent budget.
pub(super) const BUDGET: &str = "budget";

/// Limits how much of a build one evaluation may read. The cost of an expression is limited when
/// it is compiled, but the size of the build is not known then: one with thousands of variables
/// must not stall the function.
#[derive(Clone, Debug)]
pub(super) struct WorkBudget(Arc<AtomicUsize>);

impl WorkBudget {
    /// The whole budget, in bytes of text matched against a pattern.
    const BYTES: usize = 1 << 20;
    /// The price of a byte matched against a regular expression: the largest accepted one takes microseconds
    /// for a byte, a pattern nanoseconds.
    pub(super) const REGEX: usize = 8;
    /// The price of a list element: it is converted, and the loop runs once more.
    const ELEMENT: usize = 50;
    /// The price of a member.
    const MEMBER: usize = 2;

    fn full() -> Self {
        Self(Arc::new(AtomicUsize::new(Self::BYTES)))
    }

    pub(super) fn spend(&self, bytes: usize) -> Result<(), ExecutionError> {
        let spent = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes));
        spent.map(drop).map_err(|_| ExecutionError::function_error(BUDGET, "spent"))
    }
}

/// The build, its project and its batch as JSON, with the API's names: converted for the first
/// expression that reads them, and shared by all others.
#[derive(Clone, Debug, Default)]
pub struct FactsAsJson(Arc<Structures>);

#[derive(Debug, Default)]
struct Structures {
    build: OnceLock<Json>,
    project: OnceLock<Json>,
    batch: OnceLock<Json>,
}

impl FactsAsJson {
    pub(super) fn build(&self, build: &Build) -> &Json {
        self.0.build.get_or_init(|| json!(build))
    }

    pub(super) fn project(&self, project: &Project) -> &Json {
        self.0.project.get_or_init(|| json!(project))
    }

    /// The batch. A build that belongs to no batch has an empty one.
    pub(super) fn batch(&self, batch: Option<&BuildBatch>) -> &Json {
        self.0.batch.get_or_init(|| batch.map_or_else(|| json!({}), |batch| json!(batch)))
    }
}

/// The variables of one evaluation.
pub(super) struct Variables<'a> {
    facts: &'a Facts<'a>,
    budget: WorkBudget,
}

impl<'a> Variables<'a> {
    pub(super) fn new(facts: &'a Facts<'a>) -> Self {
        Self { facts, budget: WorkBudget::full() }
    }

    pub(super) fn budget(&self) -> &WorkBudget {
        &self.budget
    }

    fn structure<'v>(
        &self,
        variable: Variable,
        json: &'v Json,
        shape: &'static Shape,
        origin: ValueOrigin<'v>,
    ) -> CowVal<'v, 'v> {
        let path = Arc::from(variable.name());
        CowVal::owned(Structure { json, shape, path, origin, budget: self.budget.clone() })
    }
}

/// The `cel` crate calls this wherever an expression names a variable.
impl VariableResolver for Variables<'_> {
    fn resolve<'b>(&'b self, variable: &str) -> Option<CowVal<'b, 'b>> {
        let text = |text: Result<&'b str, MissingFact>| text.ok().map(|text| CowVal::owned(CelString::from(text)));
        let facts = self.facts;
        match Variable::named(variable)? {
            Variable::Build => {
                let planned = facts.planned.map(|planned| ValueOrigin::Planned(&planned.build));
                let origin = planned.unwrap_or(match (facts.is_whole, facts.is_sample) {
                    (true, _) => ValueOrigin::Api,
                    (false, true) => ValueOrigin::SampleEvent,
                    (false, false) => ValueOrigin::Event,
                });
                Some(self.structure(Variable::Build, facts.json.build(facts.build), Build::SHAPE, origin))
            }
            Variable::Project => {
                let origin = facts.planned.map_or(ValueOrigin::Api, |planned| ValueOrigin::Planned(&planned.project));
                Some(self.structure(Variable::Project, facts.json.project(facts.project?), Project::SHAPE, origin))
            }
            Variable::Batch => {
                let batch = facts.json.batch(facts.batch().ok()?);
                Some(self.structure(Variable::Batch, batch, BuildBatch::SHAPE, ValueOrigin::Api))
            }
            Variable::Account => text(facts.account()),
            Variable::Region => text(facts.region()),
            Variable::Branch => text(facts.branch()),
            Variable::Ref => Some(CowVal::owned(CelString::from(facts.git_ref().ok()?))),
            Variable::StartedBy => Some(CowVal::owned(CelString::from(facts.starters().one().ok()?.name()))),
            Variable::Running => Length::from_seconds(facts.running()?.as_seconds()).map(CowVal::owned),
            Variable::Cost => Some(CowVal::owned(CelDouble::from(facts.cost().ok()?.amount()))),
            Variable::Now => Some(CowVal::owned(Time::from(facts.now))),
        }
    }
}

/// Returns the missing fact that leaves a variable unknown.
pub(super) fn missing(name: &str, facts: &Facts<'_>) -> MissingFact {
    let unknown = |text: Result<&str, MissingFact>, name| text.err().unwrap_or(MissingFact::Absent(name));
    match Variable::named(name) {
        Some(Variable::Account) => unknown(facts.account(), "account"),
        Some(Variable::Region) => unknown(facts.region(), "region"),
        Some(Variable::Branch) => unknown(facts.branch(), "branch"),
        Some(Variable::Ref) => facts.git_ref().err().unwrap_or(MissingFact::Absent("ref")),
        Some(Variable::StartedBy) => facts.starters().one().err().unwrap_or(MissingFact::Absent("startedBy")),
        Some(Variable::Project) => MissingFact::NoProject,
        Some(Variable::Batch) => facts.batch().err().unwrap_or(MissingFact::NoBatch),
        Some(Variable::Cost) => facts.cost().err().unwrap_or(MissingFact::Absent("cost")),
        Some(Variable::Running) => facts.no_phases("running"),
        Some(variable) => MissingFact::Absent(variable.name()),
        None => MissingFact::Unknown { fact: "expression", why: "it names an unknown variable".to_owned() },
    }
}

/// Returns the missing fact that leaves a variable unknown, or `None` if the variable is known.
pub(super) fn unknown_variable(variable: Variable, facts: &Facts<'_>) -> Option<MissingFact> {
    let is_known = Variables::new(facts).resolve(variable.name()).is_some();
    (!is_known).then(|| missing(variable.name(), facts))
}

/// Returns the missing fact if a member of the build is unknown because the event lacks it.
pub(super) fn unknown_member(path: &str, facts: &Facts<'_>) -> Option<MissingFact> {
    if facts.is_whole || facts.is_sample || facts.planned.is_some() {
        return None;
    }
    let mut json = facts.json.build(facts.build);
    for (end, _) in path.match_indices('.').chain([(path.len(), "")]) {
        let (member, name) = (&path[..end], path[..end].rsplit('.').next().unwrap_or_default());
        if member.contains("[]") {
            return None;
        }
        match json.get(name) {
            Some(value) => json = value,
            None if ValueOrigin::Event
                .is_absent(if member == name { "build" } else { "" }, &format!("build.{member}")) =>
            {
                return None;
            }
            None => return Some(MissingFact::AbsentMember(format!("build.{member}"))),
        }
    }
    None
}

/// A structure of the API as a value. Its members are converted when they are looked up.
#[derive(Clone)]
struct Structure<'v> {
    json: &'v Json,
    shape: &'static Shape,
    path: Arc<str>,
    origin: ValueOrigin<'v>,
    budget: WorkBudget,
}

/// The origin of a structure, which decides what a missing member means.
#[derive(Clone, Copy)]
enum ValueOrigin<'v> {
    /// The API: a missing member does not exist.
    Api,
    /// An event: a missing member is unknown. One exception: a member that events may contain does not exist if it is
    /// missing from a structure within the build, such as `build.environment`, that the event contains.
    Event,
    /// The event of a policy test: like an event, except that the members in [`GIVEN_BY_TESTS`] do not exist if they
    /// are missing.
    SampleEvent,
    /// The settings of a project: a missing member does not exist, unless it is one of these unknown members.
    Planned(&'v UnknownMembers),
}

impl ValueOrigin<'_> {
    /// Returns whether a member that is missing from a structure does not exist.
    fn is_absent(self, structure: &str, path: &str) -> bool {
        let (_, member) = path.split_once('.').unwrap_or(("", path));
        let is_beside_others = structure != "build" && start_event::may_contain(member);
        match self {
            Self::Api => true,
            Self::Event => is_beside_others,
            Self::Planned(unknown) => unknown.why(member).is_none(),
            Self::SampleEvent => is_beside_others || GIVEN_BY_TESTS.contains(&member),
        }
    }

    /// Returns whether a list may have other elements than those that are known.
    fn has_unknown_elements(self, list: &str) -> bool {
        match self {
            Self::Planned(unknown) => list.split_once('.').is_some_and(|(_, list)| unknown.has_unknown_elements(list)),
            Self::Api | Self::Event | Self::SampleEvent => false,
        }
    }
}

/// The members that do not exist in the event of a policy test unless the test gives them.
const GIVEN_BY_TESTS: [&str; 4] =
    ["secondarySources", "secondarySourceVersions", "environment.fleet", "environment.dockerServer"];

/// Prints the path only: a structure may contain secrets.
impl fmt::Debug for Structure<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)
    }
}

static STRUCTURE: Type = Type::new_unspecified_type("structure");

impl Val for Structure<'_> {
    fn get_type(&self) -> &Type {
        &STRUCTURE
    }

    fn cel_type() -> &'static Type {
        &STRUCTURE
    }

    fn as_indexer<'b, 'w>(&'b self) -> Option<&'b (dyn Indexer + 'w)>
    where
        Self: 'w,
    {
        Some(self)
    }

    fn clone_as_boxed<'w>(&self) -> Box<dyn Val + 'w>
    where
        Self: 'w,
    {
        Box::new(self.clone())
    }
}

impl Indexer for Structure<'_> {
    fn get<'b, 'w>(&'b self, name: &dyn Val) -> Result<CowVal<'b, 'w>, ExecutionError>
    where
        Self: 'w,
    {
        let name = name.downcast_ref::<CelString>().map(CelString::inner).unwrap_or_default();
        let path = format!("{}.{name}", self.path);
        self.budget.spend(WorkBudget::MEMBER)?;
        match (self.json.get(name), self.shape.member(name)) {
            (Some(json), Some(kind)) => self.value(json, kind, &path).map(CowVal::Owned),
            // CEL's `has` takes this error, and no other, for an absent member.
            _ if self.origin.is_absent(&self.path, &path) => Err(ExecutionError::no_such_key(&path)),
            _ => Err(absent(&path)),
        }
    }

    fn steal<'w>(self: Box<Self>, name: &dyn Val) -> Result<Box<dyn Val + 'w>, ExecutionError>
    where
        Self: 'w,
    {
        self.get(name).map(CowVal::into_owned)
    }
}

impl<'v> Structure<'v> {
    fn value<'w>(&self, json: &'v Json, kind: MemberType, path: &str) -> Result<Box<dyn Val + 'w>, ExecutionError>
    where
        'v: 'w,
    {
        Ok(match (kind, json) {
            (MemberType::Flag, Json::Bool(flag)) => Box::new(CelBool::from(*flag)),
            (MemberType::Integer, Json::Number(number)) => {
                Box::new(CelInt::from(number.as_i64().ok_or_else(|| absent(path))?))
            }
            (MemberType::Text, Json::String(text)) => Box::new(CelString::from(text.as_str())),
            (MemberType::Time, Json::String(time)) => {
                let time: Timestamp = time.parse().map_err(|_| absent(path))?;
                Box::new(Time::from(time))
            }
            (MemberType::Structure(shape), Json::Object(_)) => {
                Box::new(Self { json, shape, path: Arc::from(path), ..self.clone() })
            }
            (MemberType::List(element), Json::Array(elements)) => {
                self.budget.spend(elements.len().saturating_mul(WorkBudget::ELEMENT))?;
                if self.origin.has_unknown_elements(path) {
                    return Err(absent(path));
                }
                let path = format!("{path}[]");
                let values: Result<Vec<_>, _> = elements.iter().map(|json| self.value(json, *element, &path)).collect();
                Box::new(CelList::from(values?))
            }
            _ => return Err(absent(path)),
        })
    }
}

fn absent(path: &str) -> ExecutionError {
    ExecutionError::function_error(ABSENT, path)
}
