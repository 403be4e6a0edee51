//! Expressions of CEL, the Common Expression Language, over a build and what is known
//! of it: `build.environment.privilegedMode && !branch.glob("release/*")`.
//!
//! The language is <https://github.com/google/cel-spec/blob/master/doc/langdef.md>;
//! `build` and `project` are the API's objects under the API's own names. The crate
//! `cel` reads and evaluates; nothing outside this module names it. What this module
//! adds:
//!
//! - **Types, when an expression is loaded.** The crate has none: a name that does not
//!   exist, a text compared with a number, would all come out while a build is judged.
//! - **Three answers.** A member that is absent makes the answer unknown, and says which.
//! - **Bounds.** No expression that is accepted can stall or kill a small function.
//!
//! What a build has no values of is left out of the language: maps, messages, bytes,
//! unsigned numbers, `null`, type values, optional values; and `map` and `filter`, which
//! build lists. Regular expressions are RE2's, as CEL asks for, but for the classes of
//! Unicode (`\pL`); `(?i)`, `\d`, `\w` and `\s` know ASCII.

mod check;
mod functions;
mod limits;
mod syntax;
#[cfg(test)]
mod tests;
mod time;
mod types;
mod value;

use std::{
    collections::{BTreeMap, BTreeSet},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, LazyLock},
};

use cel::{Context, Env, ExecutionError, Program, Value, extractors::This};
use regex_lite::Regex;

pub use self::value::FactsAsJson;
use crate::{
    facts::{Fact, Facts},
    pattern::Pattern,
};

/// CEL's standard library, without optional values. Made at the first expression: a
/// policy that has none never makes it.
static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let mut env = Env::stdlib().with_optional_support(false);
    // A function that is declared twice would be the one error, and would fail the tests.
    let declared = time::declare(&mut env);
    debug_assert_eq!(declared, Ok(()));
    Arc::new(env)
});

/// One expression that is true or false of a build, checked and bounded.
pub struct Expression {
    text: String,
    program: Program,
    literals: Arc<Literals>,
    reads: BTreeSet<Variable>,
}

/// The regular expressions and patterns that an expression writes out, read once.
#[derive(Default)]
struct Literals {
    regexes: BTreeMap<String, Regex>,
    patterns: BTreeMap<String, Pattern>,
}

/// What is wrong with an expression, and where in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// How many characters of the expression come before.
    pub start: usize,
    /// What was found.
    pub found: String,
    /// What would be right.
    pub right: String,
}

/// What an expression can name, and where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Variable {
    /// The API's Build object, as far as it is known.
    Build,
    /// The API's Project object.
    Project,
    /// The account the build runs in, from its ARN.
    Account,
    /// The region the build runs in, from its ARN.
    Region,
    /// The branch the build is of.
    Branch,
    /// How long the build has been running, its time in the queue left out.
    Running,
    /// What the build has cost so far, in USD.
    Cost,
    /// The moment the build is judged.
    Now,
}

impl Variable {
    /// Every variable, in the order in which they are explained.
    pub const ALL: [Self; 8] =
        [Self::Build, Self::Project, Self::Account, Self::Region, Self::Branch, Self::Running, Self::Cost, Self::Now];

    /// Its name in an expression.
    pub fn name(self) -> &'static str {
        match self {
            Self::Build => "build",
            Self::Project => "project",
            Self::Account => "account",
            Self::Region => "region",
            Self::Branch => "branch",
            Self::Running => "running",
            Self::Cost => "cost",
            Self::Now => "now",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|variable| variable.name() == name)
    }
}

impl Expression {
    /// Reads and checks an expression.
    ///
    /// # Errors
    /// Everything that is wrong with it: its syntax, or else its names, its types, its
    /// literals and its cost.
    pub fn compile(text: &str) -> Result<Self, Vec<Located>> {
        limits::length(text).map_err(|fault| vec![fault])?;
        limits::on_a_stack_that_fits(|| {
            let program = ENVIRONMENT.compile(text).map_err(|errors| vec![syntax::fault(&errors, text)])?;
            let checked = check::check(&program, text)?;
            let check::Checked { literals, reads } = checked;
            Ok(Self { text: text.to_owned(), program, literals: Arc::new(literals), reads })
        })
    }

    /// Whether it is true of a build. A variable that it does not name is not asked for.
    ///
    /// # Errors
    /// What is missing, or goes wrong, where that leaves the answer open:
    /// `false && missing` is false, and `true || missing` is true. No value of the build
    /// is ever part of it.
    pub fn evaluate(&self, facts: &Facts<'_>) -> Result<bool, Fact> {
        let variables = value::Variables::new(facts);
        // The crate may have faults of its own: a panic of its leaves the answer open, too.
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let mut context = Context::with_env(Arc::clone(&ENVIRONMENT));
            self.literals.add_to(&mut context, variables.budget())?;
            context.set_variable_resolver(&variables);
            self.program.execute(&context)
        }));
        match outcome {
            Ok(Ok(Value::Bool(answer))) => Ok(answer),
            Ok(Ok(_)) => Err(went_wrong("it is neither true nor false")),
            Ok(Err(error)) => Err(open(error, facts)),
            Err(_) => Err(went_wrong("it cannot be evaluated")),
        }
    }

    /// The variables it names: the facts that it may ask for.
    pub fn reads(&self) -> impl Iterator<Item = Variable> {
        self.reads.iter().copied()
    }

    /// The expression as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl Literals {
    /// Both functions see only literals: [`check`] refuses anything else.
    fn add_to(self: &Arc<Self>, context: &mut Context<'_, '_>, budget: &value::Budget) -> Result<(), ExecutionError> {
        let wrong = |error: cel::DeclarationError| ExecutionError::function_error("matches", error);
        if !self.regexes.is_empty() {
            let (literals, budget) = (Arc::clone(self), budget.clone());
            let matches = move |This(text): This<Arc<String>>, regex: Arc<String>| -> Result<bool, ExecutionError> {
                budget.spend(text.len().saturating_mul(value::Budget::REGEX))?;
                let regex = literals.regexes.get(regex.as_str());
                regex
                    .map(|regex| regex.is_match(&text))
                    .ok_or_else(|| ExecutionError::function_error("matches", "no such literal"))
            };
            context.add_function("matches", matches).map_err(wrong)?;
        }
        if !self.patterns.is_empty() {
            let (literals, budget) = (Arc::clone(self), budget.clone());
            let glob = move |This(text): This<Arc<String>>, pattern: Arc<String>| -> Result<bool, ExecutionError> {
                budget.spend(text.len())?;
                let pattern = literals.patterns.get(pattern.as_str());
                pattern
                    .map(|pattern| pattern.fits(&text))
                    .ok_or_else(|| ExecutionError::function_error("glob", "no such literal"))
            };
            context.add_function("glob", glob).map_err(wrong)?;
        }
        Ok(())
    }
}

/// Why an answer is open. The crate's errors print the values they are about, so none
/// is ever printed: only what kind of error it is, and names from the expression itself.
fn open(error: ExecutionError, facts: &Facts<'_>) -> Fact {
    match error {
        ExecutionError::NoSuchKey(path) => Fact::AbsentMember(path.to_string()),
        ExecutionError::FunctionError { function, message } if function == value::ABSENT => Fact::AbsentMember(message),
        ExecutionError::FunctionError { function, .. } if function == value::BUDGET => {
            went_wrong("the build has more elements or text than an expression may look at")
        }
        ExecutionError::UndeclaredReference(name) => value::missing(&name, facts),
        ExecutionError::FunctionError { function, .. } => {
            went_wrong(&format!("`{function}` cannot be told of such a value"))
        }
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => went_wrong("a division by zero"),
        ExecutionError::Overflow(..) => went_wrong("a number, a time or a duration out of range"),
        ExecutionError::IndexOutOfBounds(_) => went_wrong("a list has no such element"),
        _ => went_wrong("it cannot be evaluated"),
    }
}

fn went_wrong(why: &str) -> Fact {
    Fact::Unknown { fact: "expression", why: why.to_owned() }
}
