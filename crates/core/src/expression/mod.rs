//! Expressions in CEL, the Common Expression Language, about a build:
//! `build.environment.privilegedMode && !branch.glob("release/*")`.
//!
//! The language is <https://github.com/google/cel-spec/blob/master/doc/langdef.md>. `build`,
//! `project` and `batch` are the API's objects, with the API's own names. The crate `cel` parses and
//! evaluates, and nothing outside this module uses it. This module adds:
//!
//! - **Types, when an expression is loaded.** The crate finds an unknown name, or a string
//!   compared with a number, only while it evaluates.
//! - **Three answers.** An absent member makes the answer unknown, and is named.
//! - **`has` along a path.** `has(a.b.c)` is false where `a.b` is absent.
//! - **Limits.** No accepted expression can stall or crash a small function.
//!
//! The language lacks the types that no value of a build has (maps, messages, bytes, unsigned numbers,
//! `null`, type values, optional values), and `map` and `filter`, which build lists. Regular expressions are
//! RE2's, as CEL requires, without Unicode classes (`\pL`); `(?i)`, `\d`, `\w` and `\s` are limited to ASCII.

mod check;
mod clock;
mod functions;
mod hints;
mod limits;
mod parts;
mod presence;
mod split;
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

use cel::{Context, Env, ExecutionError, IdedExpr, Value, extractors::This};
use regex_lite::Regex;

pub(crate) use self::clock::ClockComparison;
pub use self::{
    parts::{ExpressionPart, ReadName},
    value::FactsAsJson,
};
use crate::{
    diagnostic::Code,
    facts::{Facts, MissingFact},
    pattern::Pattern,
};

/// CEL's standard library, without optional values. It is created for the first expression, so
/// that a policy without expressions does not pay for it.
static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let mut env = Env::stdlib().with_optional_support(false);
    // The only possible error is a function declared twice, which a test excludes.
    let declared = time::declare(&mut env);
    debug_assert_eq!(declared, Ok(()));
    Arc::new(env)
});

/// A checked expression that is true or false for each build.
pub struct Expression {
    text: String,
    /// Ready to be evaluated.
    tree: IdedExpr,
    literals: Arc<Literals>,
    reads: BTreeSet<Variable>,
    build_members: BTreeSet<String>,
    texts: Vec<TextCondition>,
    clock: Vec<ClockComparison>,
    warnings: Vec<ExpressionFault>,
}

/// A condition on a text that holds wherever an expression is true: `branch == "main"`.
#[derive(Clone, Debug)]
pub struct TextCondition {
    /// The text as an expression spells it: `branch`, `build.initiator`.
    pub subject: String,
    /// The values that are compared.
    pub patterns: Vec<Pattern>,
    /// `true` if the text must match one of them, `false` if it must match none.
    pub is_among: bool,
}

/// The regular expressions and patterns of an expression, parsed once.
#[derive(Default)]
struct Literals {
    regexes: BTreeMap<String, Regex>,
    patterns: BTreeMap<String, Pattern>,
}

/// A fault of an expression, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpressionFault {
    /// Its kind.
    pub code: Code,
    /// The number of characters before the fault.
    pub start: usize,
    /// The fault.
    pub message: String,
    /// The correction.
    pub help: String,
    /// The text at its place and the one to write instead, if there is only one correction.
    pub fix: Option<(String, String)>,
}

impl ExpressionFault {
    pub(super) fn new(code: Code, start: usize, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { code, start, message: message.into(), help: help.into(), fix: None }
    }
}

/// A variable of the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Variable {
    /// The API's Build, as far as it is known.
    Build,
    /// The API's Project.
    Project,
    /// The API's BuildBatch. A build that belongs to no batch has one without members.
    Batch,
    /// The account of the build, from its ARN.
    Account,
    /// The region of the build, from its ARN.
    Region,
    /// The branch that is built.
    Branch,
    /// The full name of the reference that is built.
    Ref,
    /// The kind of starter that started the build.
    StartedBy,
    /// The running time of the build, without its time in the queue.
    Running,
    /// The cost of the build so far, in USD.
    Cost,
    /// The time for which the build is judged.
    Now,
}

impl Variable {
    /// All variables, in the order of the documentation.
    pub const ALL: [Self; 11] = [
        Self::Build,
        Self::Project,
        Self::Batch,
        Self::Account,
        Self::Region,
        Self::Branch,
        Self::Ref,
        Self::StartedBy,
        Self::Running,
        Self::Cost,
        Self::Now,
    ];

    /// The name in an expression.
    pub fn name(self) -> &'static str {
        match self {
            Self::Build => "build",
            Self::Project => "project",
            Self::Batch => "batch",
            Self::Account => "account",
            Self::Region => "region",
            Self::Branch => "branch",
            Self::Ref => "ref",
            Self::StartedBy => "startedBy",
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
    /// Parses and checks an expression.
    ///
    /// # Errors
    /// The fault of its syntax, or else all faults of its names, types, literals and cost.
    pub fn compile(text: &str) -> Result<Self, Vec<ExpressionFault>> {
        limits::length(text).map_err(|fault| vec![fault])?;
        limits::on_a_large_stack(text, || {
            let program = ENVIRONMENT.compile(text).map_err(|errors| vec![syntax::fault(&errors, text)])?;
            let checked = check::check(&program, text)?;
            let check::CheckedExpression { literals, reads, build_members, texts, clock, warnings } = checked;
            let literals = Arc::new(literals);
            let tree = presence::of_whole_paths(program.expression().clone());
            Ok(Self { text: text.to_owned(), tree, literals, reads, build_members, texts, clock, warnings })
        })
    }

    /// Evaluates the expression for a build.
    ///
    /// # Errors
    /// The fact that is missing, or the reason why the evaluation failed, if the answer depends on
    /// it: `false && missing` is false, and `true || missing` is true. No value of the build is
    /// ever part of the error.
    pub fn evaluate(&self, facts: &Facts<'_>) -> Result<bool, MissingFact> {
        let variables = value::Variables::new(facts);
        // A panic of the crate makes the answer unknown, too.
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let mut context = Context::with_env(Arc::clone(&ENVIRONMENT));
            self.literals.add_to(&mut context, variables.budget())?;
            context.set_variable_resolver(&variables);
            Value::resolve(&self.tree, &context)
        }));
        match outcome {
            Ok(Ok(Value::Bool(answer))) => Ok(answer),
            Ok(Ok(_)) => Err(failed("it is neither true nor false")),
            Ok(Err(error)) => {
                let missing = unknown(error, facts);
                // In `a || b`, the other fact may settle the answer.
                let others = || self.unknown_facts(facts).reduce(|first, other| facts.settling(first, other));
                Err(match facts.may_learn(&missing) {
                    true => missing,
                    false => others().map_or(missing.clone(), |other| facts.settling(missing, other)),
                })
            }
            Err(_) => Err(failed("it cannot be evaluated")),
        }
    }

    /// All facts that the expression may read and that are unknown.
    fn unknown_facts(&self, facts: &Facts<'_>) -> impl Iterator<Item = MissingFact> {
        let variables = self.reads.iter().filter_map(|variable| value::unknown_variable(*variable, facts));
        variables.chain(self.build_members.iter().filter_map(|path| value::unknown_member(path, facts)))
    }

    /// The variables that the expression uses.
    pub fn reads(&self) -> impl Iterator<Item = Variable> {
        self.reads.iter().copied()
    }

    /// The paths of the build's members that the expression uses, as in `environment.image`.
    pub fn build_members(&self) -> impl Iterator<Item = &str> {
        self.build_members.iter().map(String::as_str)
    }

    /// The conditions on texts that all hold where the expression is true, as far as they are
    /// comparisons with constants.
    pub fn texts(&self) -> &[TextCondition] {
        &self.texts
    }

    /// The comparisons of `now` with a constant.
    pub(crate) fn clock(&self) -> &[ClockComparison] {
        &self.clock
    }

    /// Returns the parts that are valid and probably a mistake.
    pub fn warnings(&self) -> &[ExpressionFault] {
        &self.warnings
    }

    /// The text of the expression.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl Literals {
    /// Adds `matches` and `glob`. Both see only literals, since [`check`] refuses anything else.
    fn add_to(
        self: &Arc<Self>,
        context: &mut Context<'_, '_>,
        budget: &value::WorkBudget,
    ) -> Result<(), ExecutionError> {
        let wrong = |error: cel::DeclarationError| ExecutionError::function_error("matches", error);
        if !self.regexes.is_empty() {
            let (literals, budget) = (Arc::clone(self), budget.clone());
            let matches = move |This(text): This<Arc<String>>, regex: Arc<String>| -> Result<bool, ExecutionError> {
                budget.spend(text.len().saturating_mul(value::WorkBudget::REGEX))?;
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

/// Returns why an answer is unknown. The crate's errors contain values of the build, so only the
/// kind of error and names from the expression are used.
fn unknown(error: ExecutionError, facts: &Facts<'_>) -> MissingFact {
    match error {
        ExecutionError::NoSuchKey(path) => MissingFact::AbsentMember(path.to_string()),
        ExecutionError::FunctionError { function, message } if function == value::ABSENT => {
            MissingFact::AbsentMember(message)
        }
        ExecutionError::FunctionError { function, .. } if function == value::BUDGET => {
            failed("the build has more elements or text than an expression may read")
        }
        ExecutionError::UndeclaredReference(name) => value::missing(&name, facts),
        ExecutionError::FunctionError { function, .. } => failed(&format!("`{function}` does not accept the value")),
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => failed("division by zero"),
        ExecutionError::Overflow(..) => failed("a number, a timestamp or a duration is out of range"),
        ExecutionError::IndexOutOfBounds(_) => failed("list index out of range"),
        _ => failed("it cannot be evaluated"),
    }
}

fn failed(why: &str) -> MissingFact {
    MissingFact::Unknown { fact: "expression", why: why.to_owned() }
}
