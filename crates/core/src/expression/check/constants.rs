//! The values of parts that are the same for every build.

use cel::{
    Context, IdedExpr, Value,
    common::ast::{CallExpr, Expr, LiteralValue, operators::EQUALS},
};

use super::Checker;
use crate::expression::ENVIRONMENT;

/// A value that an expression contains.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Constant {
    Bool(bool),
    Text(String),
    /// A number, the seconds of a duration, or those of a timestamp since 1970.
    Number(f64),
}

impl<'a> Checker<'a> {
    /// The constants that a part stands for: itself, the elements of a list, or those that a loop
    /// goes through. Empty if one of them is not a constant.
    pub(super) fn constants(&self, node: &'a IdedExpr) -> Vec<(&'a IdedExpr, Constant)> {
        match &node.expr {
            Expr::List(list) => {
                let all: Option<Vec<_>> = list.elements.iter().map(|one| Some((one, constant(one)?))).collect();
                all.unwrap_or_default()
            }
            Expr::Ident(name) => match self.loops.iter().rev().find(|one| one.variable == name).map(|one| one.range) {
                Some(range) if matches!(range.expr, Expr::List(_)) => self.constants(range),
                _ => Vec::new(),
            },
            _ => constant(node).map(|value| (node, value)).into_iter().collect(),
        }
    }
}

/// The value of an expression without variables.
pub(super) fn constant(node: &IdedExpr) -> Option<Constant> {
    match &node.expr {
        Expr::Literal(LiteralValue::Boolean(value)) => Some(Constant::Bool(*value.inner())),
        Expr::Literal(LiteralValue::String(text)) => Some(Constant::Text(text.inner().to_owned())),
        Expr::Literal(LiteralValue::Int(number)) => Some(Constant::Number(*number.inner() as f64)),
        Expr::Literal(LiteralValue::Double(number)) => Some(Constant::Number(*number.inner())),
        Expr::Call(_) if is_constant(node) => folded(node),
        _ => None,
    }
}

fn is_constant(node: &IdedExpr) -> bool {
    match &node.expr {
        Expr::Literal(_) => true,
        Expr::Call(call) => call.target.iter().map(AsRef::as_ref).chain(&call.args).all(is_constant),
        Expr::List(list) => list.elements.iter().all(is_constant),
        _ => false,
    }
}

/// Evaluates an expression without variables. `Value::resolve` cannot return our timestamps and durations, only
/// their parts.
fn folded(node: &IdedExpr) -> Option<Constant> {
    let of = |function: &str| match resolve(&called(function, Some(Box::new(node.clone())), Vec::new()))? {
        Value::Int(number) => Some(number as f64),
        _ => None,
    };
    match resolve(node) {
        Some(Value::Bool(value)) => Some(Constant::Bool(value)),
        Some(Value::String(text)) => Some(Constant::Text(text.to_string())),
        Some(Value::Int(number)) => Some(Constant::Number(number as f64)),
        Some(Value::Float(number)) => Some(Constant::Number(number)),
        Some(_) => None,
        None => {
            let seconds = match resolve(&called("int", None, vec![node.clone()])) {
                Some(Value::Int(seconds)) => seconds as f64,
                _ => of("getSeconds")?,
            };
            Some(Constant::Number(seconds + of("getMilliseconds")? / 1000.0))
        }
    }
}

/// Returns whether an expression without variables can be evaluated. It is compared with itself,
/// since `Value::resolve` cannot return our timestamps and durations, and `Value::resolve_val`
/// would compile the whole evaluator a second time.
pub(super) fn has_value(constant: &IdedExpr) -> bool {
    resolve(&called(EQUALS, None, vec![constant.clone(), constant.clone()])).is_some()
}

pub(super) fn called(name: &str, target: Option<Box<IdedExpr>>, args: Vec<IdedExpr>) -> IdedExpr {
    IdedExpr { id: 0, expr: Expr::Call(CallExpr { func_name: name.to_owned(), target, args }) }
}

fn resolve(node: &IdedExpr) -> Option<Value> {
    Value::resolve(node, &Context::with_env(ENVIRONMENT.clone())).ok()
}
