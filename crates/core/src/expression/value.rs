//! The build and what else is known, as CEL's values: looked at where they stand, and
//! only where an expression looks.

use std::{
    fmt,
    sync::{
        Arc,
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

use super::{
    Variable,
    time::{Length, Time},
};
use crate::{
    facts::{Fact, Facts},
    model::shape::{Structure, View},
};

/// The "function" of the error that says which member is absent.
pub(super) const ABSENT: &str = "absent";
/// The "function" of the error that says that the budget is spent.
pub(super) const BUDGET: &str = "budget";

/// How much of a build one evaluation may look at. What an expression costs is counted
/// when it is loaded, but not how much there is to look at: a build of thousands of
/// variables must not stall the function.
#[derive(Clone, Debug)]
pub(super) struct Budget(Arc<AtomicUsize>);

impl Budget {
    /// In bytes of text that a pattern is held against.
    const BYTES: usize = 1 << 20;
    /// What a byte costs that a regular expression is held against: the largest that is
    /// accepted takes microseconds for it, where a pattern takes nanoseconds.
    pub(super) const REGEX: usize = 8;
    /// What an element of a list costs: it is made, and the loop runs once more.
    const ELEMENT: usize = 50;
    /// What the look at a member costs.
    const MEMBER: usize = 2;

    fn full() -> Self {
        Self(Arc::new(AtomicUsize::new(Self::BYTES)))
    }

    pub(super) fn spend(&self, bytes: usize) -> Result<(), ExecutionError> {
        let spent = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes));
        spent.map(drop).map_err(|_| ExecutionError::function_error(BUDGET, "spent"))
    }
}

/// The variables of one evaluation.
pub(super) struct Variables<'a> {
    facts: &'a Facts<'a>,
    budget: Budget,
}

impl<'a> Variables<'a> {
    pub(super) fn new(facts: &'a Facts<'a>) -> Self {
        Self { facts, budget: Budget::full() }
    }

    pub(super) fn budget(&self) -> &Budget {
        &self.budget
    }

    fn structure<'v>(&self, view: &'v dyn Structure, variable: Variable, is_whole: bool) -> CowVal<'v, 'v> {
        let path = Arc::from(variable.name());
        CowVal::owned(Members { structure: view, path, is_whole, budget: self.budget.clone() })
    }
}

/// The crate asks for a variable whenever an expression comes to its name.
impl VariableResolver for Variables<'_> {
    fn resolve<'b>(&'b self, variable: &str) -> Option<CowVal<'b, 'b>> {
        let text = |text: Result<&'b str, Fact>| text.ok().map(|text| CowVal::owned(CelString::from(text)));
        let facts = self.facts;
        match Variable::named(variable)? {
            // Whatever a whole Build lacks, the build does not have: then `has` can tell.
            Variable::Build => Some(self.structure(facts.build, Variable::Build, facts.is_whole)),
            Variable::Project => Some(self.structure(facts.project?, Variable::Project, true)),
            Variable::Account => text(facts.account()),
            Variable::Region => text(facts.region()),
            Variable::Branch => text(facts.branch()),
            Variable::Running => Length::from_seconds(facts.running()?.as_seconds()).map(CowVal::owned),
            Variable::Cost => Some(CowVal::owned(CelDouble::from(facts.cost().ok()?.amount()))),
            Variable::Now => Some(CowVal::owned(Time::from(facts.now))),
        }
    }
}

/// The fact behind a variable that cannot be told.
pub(super) fn missing(name: &str, facts: &Facts<'_>) -> Fact {
    let told = |text: Result<&str, Fact>, name| text.err().unwrap_or(Fact::Absent(name));
    match Variable::named(name) {
        Some(Variable::Account) => told(facts.account(), "account"),
        Some(Variable::Region) => told(facts.region(), "region"),
        Some(Variable::Branch) => told(facts.branch(), "branch"),
        Some(Variable::Project) => Fact::NoProject,
        Some(Variable::Cost) => facts.cost().err().unwrap_or(Fact::Absent("cost")),
        Some(Variable::Running) => facts.no_phases("running"),
        Some(variable) => Fact::Absent(variable.name()),
        None => Fact::Unknown { fact: "expression", why: "it names what is not known".to_owned() },
    }
}

/// A structure of the API as a value: its members are looked up when they are asked for.
#[derive(Clone)]
struct Members<'v> {
    structure: &'v dyn Structure,
    path: Arc<str>,
    is_whole: bool,
    budget: Budget,
}

/// By its path: what the structure holds may be a secret.
impl fmt::Debug for Members<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)
    }
}

static STRUCTURE: Type = Type::new_unspecified_type("structure");

impl Val for Members<'_> {
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

impl Indexer for Members<'_> {
    fn get<'b, 'w>(&'b self, name: &dyn Val) -> Result<CowVal<'b, 'w>, ExecutionError>
    where
        Self: 'w,
    {
        let name = name.downcast_ref::<CelString>().map(CelString::inner).unwrap_or_default();
        let path = format!("{}.{name}", self.path);
        self.budget.spend(Budget::MEMBER)?;
        match self.structure.member(name) {
            Some(view) => self.value(view, &path).map(CowVal::Owned),
            // `has` takes this error, and no other, for "it does not have it".
            None if self.is_whole => Err(ExecutionError::no_such_key(&path)),
            None => Err(ExecutionError::function_error(ABSENT, path)),
        }
    }

    fn steal<'w>(self: Box<Self>, name: &dyn Val) -> Result<Box<dyn Val + 'w>, ExecutionError>
    where
        Self: 'w,
    {
        self.get(name).map(CowVal::into_owned)
    }
}

impl<'v> Members<'v> {
    fn value<'w>(&self, view: View<'v>, path: &str) -> Result<Box<dyn Val + 'w>, ExecutionError>
    where
        'v: 'w,
    {
        Ok(match view {
            View::Flag(flag) => Box::new(CelBool::from(flag)),
            View::Integer(integer) => Box::new(CelInt::from(integer)),
            View::Text(text) => Box::new(CelString::from(text)),
            View::Time(time) => Box::new(Time::from(time)),
            View::Structure(structure) => Box::new(Self { structure, path: Arc::from(path), ..self.clone() }),
            View::List(list) => {
                let views = list.views();
                self.budget.spend(views.len().saturating_mul(Budget::ELEMENT))?;
                let path = format!("{path}[]");
                let values: Result<Vec<_>, _> = views.into_iter().map(|view| self.value(view, &path)).collect();
                Box::new(CelList::from(values?))
            }
        })
    }
}
