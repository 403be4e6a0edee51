//! The values that a part of an expression can have.

use cel::{
    IdedExpr,
    common::ast::{CallExpr, Expr, operators as op},
};

use super::{
    Checker,
    range::{Range, Unit},
};
use crate::{
    expression::{Variable, types::Type},
    facts::{
        starter::Starter,
        vocabulary::{
            members::{self, Reading, limits_of, texts_of},
            words_of,
        },
    },
};

/// The possible values of a part of an expression.
pub(super) enum Possible {
    /// One of these words, to which AWS may add others.
    Words(&'static [&'static str]),
    /// The starter of the build.
    Starter,
    /// A text that a pattern of the policy can also name.
    Text(Reading),
    /// Any text, but hardly one with a `*`.
    Plain,
    Number(Range),
}

/// A build runs for 2160 minutes at most.
/// <https://docs.aws.amazon.com/codebuild/latest/APIReference/API_CreateProject.html>
const LONGEST_RUN: f64 = 2160.0 * 60.0;

/// Members whose texts contain a `*` of their own.
const WITH_WILDCARDS: [&str; 5] = ["value", "buildspec", "pattern", "description", "excludeMatchedPattern"];

/// Texts of unknown length, and numbers without an end.
const ENDLESS: f64 = f64::INFINITY;

impl<'a> Checker<'a> {
    pub(super) fn possible(&self, node: &'a IdedExpr) -> Option<Possible> {
        match &node.expr {
            Expr::Ident(name) => match self.loops.iter().rev().find(|one| one.variable == name) {
                Some(one) => self.possible(one.range).filter(|_| !matches!(one.range.expr, Expr::List(_))),
                None => of_variable(Variable::named(name)?),
            },
            Expr::Select(select) if !select.test => match self.known_type(&select.operand)? {
                Type::Structure(shape) => of_member(shape.name, &select.field, self.known_type(node)?),
                _ => None,
            },
            Expr::Call(call) if call.func_name == op::INDEX => self.possible(call.args.first()?),
            Expr::Call(call) => self.of_call(call),
            _ => None,
        }
    }

    fn of_call(&self, call: &'a CallExpr) -> Option<Possible> {
        let subject = call.target.as_deref().or_else(|| call.args.first())?;
        let name = call.func_name.as_str();
        let is_variable = |variable: Variable| match &subject.expr {
            Expr::Ident(name) => name == variable.name() && !self.loops.iter().any(|one| one.variable == name),
            _ => false,
        };
        let range = match name {
            "int" | "double" => {
                return self.possible(subject).filter(|possible| matches!(possible, Possible::Number(_)));
            }
            "size" if is_variable(Variable::Account) => Range::new(12.0, 12.0, "the length of an account id"),
            "size" => Range::new(0.0, ENDLESS, "a size"),
            // A duration has as many minutes and hours as it likes.
            _ if is_variable(Variable::Running) => part_of_run(name)?,
            _ if self.known_type(subject)? == Type::Time => part_of_time(name)?,
            _ => return None,
        };
        Some(Possible::Number(range))
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

fn of_variable(variable: Variable) -> Option<Possible> {
    Some(match variable {
        Variable::Account => Possible::Text(members::account),
        Variable::Region => Possible::Text(members::region),
        Variable::Branch => Possible::Text(members::branch),
        Variable::Ref => Possible::Text(members::reference),
        Variable::StartedBy => Possible::Starter,
        Variable::Running => {
            Possible::Number(Range { unit: Unit::Hours, ..Range::limits(0.0, LONGEST_RUN, "how long a build runs") })
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
    let words = words_of(structure, member).map(Possible::Words);
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
        "getHours" => LONGEST_RUN / 3600.0,
        "getMinutes" => LONGEST_RUN / 60.0,
        "getSeconds" => LONGEST_RUN,
        "getMilliseconds" => return Some(Range::new(0.0, 999.0, "`getMilliseconds` is a part of a second; it")),
        _ => return None,
    };
    Some(Range::limits(0.0, most, "how long a build runs"))
}

/// The names of all starters.
pub(super) fn starters() -> [&'static str; 7] {
    Starter::ALL.map(Starter::name)
}
