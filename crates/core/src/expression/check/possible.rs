//! The values that a part of an expression can have.

use cel::{
    IdedExpr,
    common::ast::{CallExpr, Expr, operators as op},
};

use super::{
    Checker,
    constants::{Constant, constant},
    range::{Range, Unit},
};
use crate::{
    expression::{Variable, types::Type},
    facts::{
        starter::Starter,
        vocabulary::{
            members::{self, MemberReading, limits_of, texts_of},
            words_of,
        },
    },
};

/// The possible values of a part of an expression.
pub(super) enum Possible {
    /// One of these words, to which AWS may add others.
    Words(&'static [&'static str]),
    /// The status of a build, which is judged only while it runs.
    Status,
    /// The starter of the build.
    Starter,
    /// A text that a pattern of the policy can also name.
    Text(MemberReading),
    /// Any text, though one with a `*` is improbable.
    Plain,
    Number(Range),
}

/// A build runs for 2160 minutes at most.
/// <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_CreateProject.html>
const LONGEST_RUN: f64 = 2160.0 * 60.0;

/// Members whose texts contain a `*` of their own.
const WITH_WILDCARDS: [&str; 5] = ["value", "buildspec", "pattern", "description", "excludeMatchedPattern"];

/// The number of nested calls and operators whose results are known. Few expressions need more.
const NESTED: usize = 8;

/// The upper limit of texts of unknown length, and of numbers without a limit.
const ENDLESS: f64 = f64::INFINITY;

impl<'a> Checker<'a> {
    pub(super) fn possible(&self, node: &'a IdedExpr) -> Option<Possible> {
        self.possible_within(node, NESTED)
    }

    /// `depth` is the number of calls and operators that may be nested.
    fn possible_within(&self, node: &'a IdedExpr, depth: usize) -> Option<Possible> {
        let depth = depth.checked_sub(1)?;
        match &node.expr {
            Expr::Ident(name) => match self.loops.iter().rev().find(|one| one.variable == name) {
                Some(one) => {
                    self.possible_within(one.range, depth).filter(|_| !matches!(one.range.expr, Expr::List(_)))
                }
                None => of_variable(Variable::named(name)?),
            },
            Expr::Select(select) if !select.test => match self.known_type(&select.operand)? {
                Type::Structure(shape) => of_member(shape.name, &select.field, self.known_type(node)?),
                _ => None,
            },
            Expr::Call(call) if call.func_name == op::INDEX => self.possible_within(call.args.first()?, depth),
            Expr::Call(call) => self.of_call(call, depth),
            _ => None,
        }
    }

    fn of_call(&self, call: &'a CallExpr, depth: usize) -> Option<Possible> {
        let subject = call.target.as_deref().or_else(|| call.args.first())?;
        let name = call.func_name.as_str();
        let is_variable = |variable: Variable| match &subject.expr {
            Expr::Ident(name) => name == variable.name() && !self.loops.iter().any(|one| one.variable == name),
            _ => false,
        };
        let range = match name {
            op::ADD | op::SUBSTRACT | op::MULTIPLY | op::DIVIDE | op::MODULO => return self.of_arithmetic(call, depth),
            "int" if is_variable(Variable::Account) => {
                // An id with a leading zero is rare, and looks like an id that lost a digit.
                Range::limits(1e11, 999_999_999_999.0, "an account id without leading zeros, as a number,")
            }
            "string" => return self.as_text(subject, depth),
            "int" | "double" => {
                return self.possible_within(subject, depth).filter(|possible| matches!(possible, Possible::Number(_)));
            }
            "size" if is_variable(Variable::Account) => Range::new(12.0, 12.0, "the length of an account id"),
            "size" if self.known_type(subject) == Some(Type::Text) => match self.possible_within(subject, depth) {
                Some(Possible::Words(_) | Possible::Status | Possible::Starter | Possible::Text(_)) => {
                    Range::limits(1.0, ENDLESS, "the length of what is never empty")
                }
                _ => Range::new(0.0, ENDLESS, "a size"),
            },
            "size" => Range::new(0.0, ENDLESS, "a size"),
            // A duration can have any number of minutes and hours.
            _ if is_variable(Variable::Running) => part_of_run(name)?,
            _ if self.known_type(subject)? == Type::Time => part_of_time(name)?,
            _ => return None,
        };
        Some(Possible::Number(range))
    }

    /// The results of an operator, if the possible values of an operand are known.
    fn of_arithmetic(&self, call: &'a CallExpr, depth: usize) -> Option<Possible> {
        let [one, other] = &call.args[..] else { return None };
        let range = |node: &'a IdedExpr| match (flat_constant(node), self.possible_within(node, depth)) {
            (Some(Constant::Number(number)), _) => Some(Range::limits(number, number, "")),
            (_, Some(Possible::Number(range))) => Some(range),
            _ => None,
        };
        range(one)?.combined(&call.func_name, &range(other)?).map(Possible::Number)
    }

    /// The texts that `string(x)` returns.
    fn as_text(&self, node: &'a IdedExpr, depth: usize) -> Option<Possible> {
        match self.known_type(node)? {
            Type::Bool => Some(Possible::Text(members::flag)),
            Type::Int | Type::Double => Some(Possible::Text(members::number)),
            Type::Text => self.possible_within(node, depth),
            _ => None,
        }
    }

    /// The type of a variable, a member or an element.
    pub(super) fn known_type(&self, node: &IdedExpr) -> Option<Type> {
        match &node.expr {
            Expr::Ident(name) => {
                let of_loop = self.loops.iter().rev().find(|one| one.variable == name);
                of_loop.map(|one| one.element.clone()).or_else(|| Variable::named(name).map(Type::of_variable))
            }
            Expr::Select(select) => match self.known_type(&select.operand)? {
                Type::Structure(shape) => shape.member(&select.field).map(Type::of),
                _ => None,
            },
            Expr::Call(call) if call.func_name == op::INDEX => match self.known_type(call.args.first()?)? {
                Type::List(element) => Some(*element),
                _ => None,
            },
            _ => None,
        }
    }
}

/// A literal, or a call of literals. A part that is nested deeper may be too deep to be evaluated.
fn flat_constant(node: &IdedExpr) -> Option<Constant> {
    let is_literal = |node: &IdedExpr| matches!(node.expr, Expr::Literal(_));
    let is_flat = match &node.expr {
        Expr::Call(call) => call.target.iter().map(AsRef::as_ref).chain(&call.args).all(is_literal),
        _ => is_literal(node),
    };
    is_flat.then(|| constant(node)).flatten()
}

fn of_variable(variable: Variable) -> Option<Possible> {
    Some(match variable {
        Variable::Account => Possible::Text(members::account),
        Variable::Region => Possible::Text(members::region),
        Variable::Branch => Possible::Text(members::branch),
        Variable::Ref => Possible::Text(members::reference),
        Variable::StartedBy => Possible::Starter,
        Variable::Running => {
            // A build that has run for so long has ended.
            let most = LONGEST_RUN.next_down();
            Possible::Number(Range { unit: Unit::Hours, ..Range::limits(0.0, most, "how long a build runs") })
        }
        Variable::Cost => Possible::Number(Range::new(0.0, ENDLESS, "a cost")),
        Variable::Build | Variable::Project | Variable::Batch | Variable::Now => return None,
    })
}

fn of_member(structure: &str, member: &str, kind: Type) -> Option<Possible> {
    let is_text = match &kind {
        Type::List(element) => **element == Type::Text,
        kind => *kind == Type::Text,
    };
    let words = words_of(structure, member).map(|words| match (structure, member) {
        ("Build", "buildStatus") => Possible::Status,
        _ => Possible::Words(words),
    });
    let texts = || texts_of(structure, member).map(Possible::Text);
    let numbers = || {
        let (least, most) = limits_of(structure, member)?;
        let most = if most == i32::MAX { ENDLESS } else { most.into() };
        Some(Possible::Number(Range::limits(least.into(), most, "what CodeBuild accepts")))
    };
    let plain = || (is_text && !WITH_WILDCARDS.contains(&member)).then_some(Possible::Plain);
    words.or_else(texts).or_else(numbers).or_else(plain)
}

/// Returns the possible values of the parts of a time, by CEL's definition: months and days of a
/// week, month and year count from 0, and a week starts on Sunday.
/// <https://github.com/google/cel-spec/blob/master/doc/langdef.md#timestamp-and-duration-functions>
fn part_of_time(function: &str) -> Option<Range> {
    let (least, most, what) = match function {
        "getMonth" => (0.0, 11.0, "`getMonth` counts from 0 for January; it"),
        "getDayOfWeek" => (0.0, 6.0, "`getDayOfWeek` counts from 0 for Sunday; it"),
        "getDayOfMonth" => (0.0, 30.0, "`getDayOfMonth` counts from 0, and `getDate` from 1; it"),
        "getDate" => (1.0, 31.0, "`getDate`"),
        "getDayOfYear" => (0.0, 365.0, "`getDayOfYear` counts from 0; it"),
        "getHours" => (0.0, 23.0, "`getHours`"),
        "getMinutes" => (0.0, 59.0, "`getMinutes`"),
        "getSeconds" => (0.0, 59.0, "`getSeconds`"),
        "getMilliseconds" => (0.0, 999.0, "`getMilliseconds`"),
        // CodeBuild's first year.
        "getFullYear" => return Some(Range::limits(2016.0, 9999.0, "`getFullYear`")),
        _ => return None,
    };
    Some(Range::new(least, most, what))
}

/// Returns the possible values of the parts of a build's running time.
fn part_of_run(function: &str) -> Option<Range> {
    let most = match function {
        "getHours" => LONGEST_RUN / 3600.0 - 1.0,
        "getMinutes" => LONGEST_RUN / 60.0 - 1.0,
        "getSeconds" => LONGEST_RUN - 1.0,
        "getMilliseconds" => return Some(Range::new(0.0, 999.0, "`getMilliseconds` is a part of a second; it")),
        _ => return None,
    };
    Some(Range::limits(0.0, most, "how long a build runs"))
}

/// The names of all starters.
pub(super) fn starters() -> [&'static str; 7] {
    Starter::ALL.map(Starter::name)
}
