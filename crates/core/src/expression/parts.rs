//! The parts of an expression, each with its result for a build.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use cel::{
    Context, ExecutionError, IdedExpr, Value,
    common::ast::{ComprehensionExpr, Expr, SelectExpr},
};
use serde::Serialize;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use super::{
    ENVIRONMENT, Expression, Variable,
    split::{BooleanSplit, split, without_brackets},
    value::Variables,
};
use crate::{
    diagnostic::printable,
    facts::{Facts, MissingFact},
    record::redact,
    url,
};

/// A part of an expression that is true, false or unknown.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExpressionPart {
    /// Its text, as the policy contains it.
    pub text: String,
    /// `true`, `false`, or `None` if it is unknown.
    pub value: Option<bool>,
    /// The reason why it is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
    /// The operands, if the part is an operation with `&&`, `||`, `!` or `? :`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<ExpressionPart>,
    /// The variables and members that it reads itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reads: Vec<ReadName>,
}

/// A variable or member that an expression reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReadName {
    /// Its path: `build.environment.image`.
    pub path: String,
    /// Its value. A list is shown as its length, and a possible secret is replaced.
    pub value: String,
}

/// The text that stands for the value of a member that does not exist.
const ABSENT: &str = "absent";

impl ExpressionPart {
    /// Returns a path that the part reads and that is absent because the member at `start` is absent.
    pub(crate) fn absent_path(&self, start: &str) -> Option<&str> {
        let is_below =
            |path: &str| path.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        let reads = self.reads.iter().find(|read| read.value == ABSENT && is_below(&read.path));
        let own = reads.map(|read| read.path.as_str());
        own.or_else(|| self.parts.iter().find_map(|part| part.absent_path(start)))
    }
}

impl Expression {
    /// Evaluates the expression and each of its parts separately, including parts that do not count because
    /// another one settles the answer. Contains no secret of the build.
    pub fn parts(&self, facts: &Facts<'_>) -> ExpressionPart {
        let text = without_brackets(&self.text);
        self.part(text, facts)
    }

    /// A short digest of the values that the expression reads, without secrets, and without those that change with
    /// time.
    pub(crate) fn digest_of_values(&self, facts: &Facts<'_>) -> String {
        let mut paths = Vec::new();
        collect_paths(&self.tree, &mut Vec::new(), &mut paths);
        let values: BTreeMap<String, Json> =
            paths.into_iter().filter_map(|(path, _)| lasting_value(&path, facts).map(|value| (path, value))).collect();
        let digest = Sha256::digest(url::to_redacted_json(&values, &[]).get());
        let digits: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        format!("sha256:{digits}")
    }

    fn part(&self, text: &str, facts: &Facts<'_>) -> ExpressionPart {
        let (value, unknown) = match self.evaluate(facts) {
            Ok(value) => (Some(value), None),
            Err(fact) => (None, Some(url::redacted(&fact.clause()).into_owned())),
        };
        let operands = match split(text) {
            BooleanSplit::And(operands) | BooleanSplit::Or(operands) => operands,
            BooleanSplit::Conditional(operands) => operands.to_vec(),
            BooleanSplit::Not(operand) => vec![operand],
            BooleanSplit::None => Vec::new(),
        };
        let parts: Vec<ExpressionPart> = operands.into_iter().map(|operand| operand_part(operand, facts)).collect();
        let reads = if parts.is_empty() { self.values(facts) } else { Vec::new() };
        ExpressionPart { text: text.split_whitespace().collect::<Vec<_>>().join(" "), value, unknown, parts, reads }
    }

    /// The values of the variables and members that the expression reads, without secrets.
    fn values(&self, facts: &Facts<'_>) -> Vec<ReadName> {
        let mut paths = Vec::new();
        collect_paths(&self.tree, &mut Vec::new(), &mut paths);
        let reads = paths.into_iter().map(|(path, node)| {
            let value = self.shown(&path, node, facts);
            ReadName { path, value: printable(&url::redacted(&value), LONGEST) }
        });
        reads.collect()
    }

    fn shown(&self, path: &str, node: &IdedExpr, facts: &Facts<'_>) -> String {
        match variable_of(path) {
            Some(Variable::Build | Variable::Project | Variable::Batch) => {}
            other => return other.map_or_else(String::new, |variable| of_variable(variable, facts)),
        }
        match known_member(path, facts) {
            Some(json) => member(&json),
            None => match self.resolve(node, facts) {
                // `has` returns `false` for an absent member.
                Ok(_) | Err(ExecutionError::NoSuchKey(_)) => ABSENT.to_owned(),
                Err(_) => "unknown".to_owned(),
            },
        }
    }

    fn resolve(&self, node: &IdedExpr, facts: &Facts<'_>) -> Result<Value, ExecutionError> {
        let variables = Variables::new(facts);
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let mut context = Context::with_env(Arc::clone(&ENVIRONMENT));
            context.set_variable_resolver(&variables);
            Value::resolve(node, &context)
        }));
        outcome.unwrap_or_else(|_| Err(ExecutionError::function_error("evaluate", "failed")))
    }
}

fn operand_part(text: &str, facts: &Facts<'_>) -> ExpressionPart {
    let text = without_brackets(text);
    match Expression::compile(text) {
        Ok(expression) => expression.part(text, facts),
        // A constant is no expression of its own.
        Err(_) => {
            let (parts, reads) = (Vec::new(), Vec::new());
            ExpressionPart { text: text.to_owned(), value: text.parse().ok(), unknown: None, parts, reads }
        }
    }
}

/// The variable that a path begins with.
fn variable_of(path: &str) -> Option<Variable> {
    path.split('.').next().and_then(Variable::named)
}

/// A member of the build, its project or its batch, without secrets. `None` if it is absent.
fn known_member(path: &str, facts: &Facts<'_>) -> Option<Json> {
    let json = match variable_of(path)? {
        Variable::Build => redact::build_json(facts.build),
        Variable::Project => redact::project_json(facts.project?),
        Variable::Batch => redact::batch_json(facts.batch().ok()??),
        _ => return None,
    };
    path.split('.').skip(1).try_fold(&json, |json, member| json.get(member)).cloned()
}

/// The value of a variable or member, without secrets. `None` if it is absent, or changes with time.
fn lasting_value(path: &str, facts: &Facts<'_>) -> Option<Json> {
    match variable_of(path)? {
        Variable::Build | Variable::Project | Variable::Batch => known_member(path, facts),
        Variable::Running | Variable::Cost | Variable::Now => None,
        other => Some(Json::String(of_variable(other, facts))),
    }
}

/// The length of a shown value, in characters.
const LONGEST: usize = 120;

fn of_variable(variable: Variable, facts: &Facts<'_>) -> String {
    let text = |text: Result<String, MissingFact>| text.unwrap_or_else(|_| "unknown".to_owned());
    match variable {
        Variable::Build | Variable::Project | Variable::Batch => "known".to_owned(),
        Variable::Account => text(facts.account().map(str::to_owned)),
        Variable::Region => text(facts.region().map(str::to_owned)),
        Variable::Branch => text(facts.branch().map(str::to_owned)),
        Variable::Ref => text(facts.git_ref()),
        Variable::StartedBy => text(facts.starters().one().map(|starter| starter.name().to_owned())),
        Variable::Running => facts.running().map_or_else(|| "unknown".to_owned(), |running| running.to_string()),
        Variable::Cost => text(facts.cost().map(|cost| cost.to_string())),
        Variable::Now => facts.now.to_string(),
    }
}

fn member(json: &Json) -> String {
    match json {
        Json::Array(elements) if elements.len() == 1 => "1 element".to_owned(),
        Json::Array(elements) => format!("{} elements", elements.len()),
        Json::Object(_) => "known".to_owned(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Collects the longest paths of members, and the variables, without those of loops.
fn collect_paths<'n>(node: &'n IdedExpr, loops: &mut Vec<&'n str>, paths: &mut Vec<(String, &'n IdedExpr)>) {
    if let Some(path) = path_of(node) {
        let root = path.split('.').next().unwrap_or_default();
        let is_new = paths.iter().all(|(other, _)| *other != path);
        if Variable::named(root).is_some() && !loops.contains(&root) && is_new {
            paths.push((path, node));
        }
        return;
    }
    match &node.expr {
        Expr::Select(select) => collect_paths(&select.operand, loops, paths),
        Expr::Call(call) => {
            call.target.iter().for_each(|target| collect_paths(target, loops, paths));
            call.args.iter().for_each(|argument| collect_paths(argument, loops, paths));
        }
        Expr::List(list) => list.elements.iter().for_each(|element| collect_paths(element, loops, paths)),
        Expr::Comprehension(comprehension) => {
            let ComprehensionExpr { iter_range, iter_var, accu_var, loop_step, .. } = comprehension.as_ref();
            collect_paths(iter_range, loops, paths);
            loops.extend([iter_var.as_str(), accu_var.as_str()]);
            collect_paths(loop_step, loops, paths);
            loops.truncate(loops.len().saturating_sub(2));
        }
        _ => {}
    }
}

/// Returns the path that a node names, also inside `has(…)`: `build.environment.image`.
fn path_of(node: &IdedExpr) -> Option<String> {
    match &node.expr {
        Expr::Ident(name) => Some(name.clone()),
        Expr::Select(SelectExpr { operand, field, .. }) => Some(format!("{}.{field}", path_of(operand)?)),
        _ => None,
    }
}
