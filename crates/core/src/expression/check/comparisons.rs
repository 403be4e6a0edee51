//! Comparisons with a literal that no build can have: a misspelt word of the API, a thirteenth
//! month, a branch by its full name.

use std::ops::RangeInclusive;

use cel::{
    IdedExpr,
    common::ast::{CallExpr, Expr, LiteralValue, operators as op},
};

use super::Checker;
use crate::{
    expression::{ExpressionFault, Variable, types::Type},
    facts::{
        git_ref::{branch_pattern, ref_pattern},
        possible::{Remark, is_wild},
        starter::{Starter, starter_names},
        vocabulary::{COMPUTE_TYPES, account_pattern, compute_pattern, region_pattern, words_of},
    },
    pattern::Pattern,
    yaml::words::quoted_list,
};

/// What a part of an expression can be.
enum Possible {
    /// One of the API's words.
    Words(&'static [&'static str]),
    /// A text that a pattern of the policy can also name.
    Text(Variable),
    /// What started the build.
    Starter,
    /// A part of a time.
    Numbers(RangeInclusive<i64>, &'static str),
}

impl<'a> Checker<'a> {
    /// Checks the literals of `==`, `!=` and `in`.
    pub(super) fn comparison(&mut self, call: &'a CallExpr) {
        let (one, other) = match (call.func_name.as_str(), &call.args[..]) {
            (op::EQUALS | op::NOT_EQUALS | op::IN, [one, other]) => (one, other),
            _ => return,
        };
        for (part, literals) in [(one, other), (other, one)] {
            let Some(possible) = self.possible(part) else { continue };
            match &literals.expr {
                Expr::List(list) => list.elements.iter().for_each(|element| self.literal_of(&possible, element)),
                _ => self.literal_of(&possible, literals),
            }
        }
    }

    /// Checks the literal of `glob`, `startsWith` and `endsWith`.
    pub(super) fn part_of_text(&mut self, name: &str, parts: &[&'a IdedExpr]) {
        let [subject, literal] = parts else { return };
        let (Some(Possible::Text(variable)), Some(text)) = (self.possible(subject), string(literal)) else { return };
        let pattern = match name {
            "glob" => text.to_owned(),
            "startsWith" => format!("{text}*"),
            "endsWith" => format!("*{text}"),
            _ => return,
        };
        // A text that is no pattern is a fault already.
        if let (true, Err(Remark { message, help })) =
            (pattern.parse::<Pattern>().is_ok(), of_variable(variable, &pattern))
        {
            self.fault(self.place(literal), message, help);
        }
    }

    fn literal_of(&mut self, possible: &Possible, node: &'a IdedExpr) {
        let verdict = match (possible, &node.expr) {
            (Possible::Words(words), Expr::Literal(LiteralValue::String(text))) => of_words(words, text.inner()),
            (Possible::Text(variable), Expr::Literal(LiteralValue::String(text))) => {
                let text = text.inner();
                match is_wild(text) {
                    true => Err(Remark {
                        message: format!("`{text}` is compared as it is: `==` and `in` have no wildcards"),
                        help: format!("use `{}.glob(\"{text}\")`", variable.name()),
                    }),
                    false => of_variable(*variable, text),
                }
            }
            (Possible::Starter, Expr::Literal(LiteralValue::String(text))) => {
                let text = text.inner();
                match Starter::ALL.iter().any(|starter| starter.name() == text) {
                    true => Ok(Vec::new()),
                    false => Err(Remark {
                        message: format!("`startedBy` is never `{text}`"),
                        help: format!("it is one of {}", starter_names()),
                    }),
                }
            }
            (Possible::Numbers(range, what), Expr::Literal(LiteralValue::Int(number))) => {
                let number = *number.inner();
                match range.contains(&number) {
                    true => Ok(Vec::new()),
                    false => Err(Remark {
                        message: format!("it is never {number}"),
                        help: format!("{what} is {} to {}", range.start(), range.end()),
                    }),
                }
            }
            _ => return,
        };
        match verdict {
            Ok(warnings) => self.warn(node, warnings),
            Err(Remark { message, help }) => self.fault(self.place(node), message, help),
        }
    }

    fn warn(&mut self, node: &'a IdedExpr, warnings: Vec<Remark>) {
        let start = self.text.get(..self.place(node)).map_or(0, |before| before.chars().count());
        let warnings = warnings.into_iter();
        self.warnings.extend(warnings.map(|Remark { message, help }| ExpressionFault { start, message, help }));
    }

    fn possible(&self, node: &IdedExpr) -> Option<Possible> {
        match &node.expr {
            Expr::Ident(name) if !self.loops.iter().any(|(variable, _)| variable == name) => {
                match Variable::named(name)? {
                    variable @ (Variable::Account | Variable::Region | Variable::Branch | Variable::Ref) => {
                        Some(Possible::Text(variable))
                    }
                    Variable::StartedBy => Some(Possible::Starter),
                    _ => None,
                }
            }
            Expr::Select(select) if !select.test => match self.known_type(&select.operand)? {
                Type::Structure(shape) => words_of(shape.name, &select.field).map(Possible::Words),
                _ => None,
            },
            // A duration has as many minutes and hours as it likes.
            Expr::Call(call) if self.known_type(call.target.as_deref()?)? == Type::Time => {
                let (range, what) = part_of_time(&call.func_name)?;
                Some(Possible::Numbers(range, what))
            }
            _ => None,
        }
    }

    /// The type of a variable, a member or an element.
    fn known_type(&self, node: &IdedExpr) -> Option<Type> {
        match &node.expr {
            Expr::Ident(name) => {
                let of_loop = self.loops.iter().rev().find(|(variable, _)| *variable == name);
                of_loop.map(|(_, found)| found.clone()).or_else(|| Variable::named(name).map(Type::of_variable))
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

fn string(node: &IdedExpr) -> Option<&str> {
    match &node.expr {
        Expr::Literal(LiteralValue::String(text)) => Some(text.inner()),
        _ => None,
    }
}

fn of_words(words: &[&str], text: &str) -> Result<Vec<Remark>, Remark> {
    if text.is_empty() || words.contains(&text) {
        return Ok(Vec::new());
    }
    if let Some(word) = words.iter().find(|word| word.eq_ignore_ascii_case(text)) {
        return Err(Remark::new(format!("it is never `{text}`: the API's words are upper case"), format!("`{word}`")));
    }
    if words == COMPUTE_TYPES {
        return compute_pattern(text).map(|(_, warnings)| warnings);
    }
    // AWS may add it tomorrow.
    let message = format!("`{text}` is none of the API's words");
    Ok(vec![Remark { message, help: format!("the words are {}", quoted_list(words)) }])
}

fn of_variable(variable: Variable, text: &str) -> Result<Vec<Remark>, Remark> {
    let read = match variable {
        Variable::Account => account_pattern,
        Variable::Region => region_pattern,
        Variable::Ref => ref_pattern,
        _ => branch_pattern,
    };
    let (normal, warnings): (Pattern, Vec<Remark>) = read(text)?;
    if normal.as_str() == text {
        return Ok(warnings);
    }
    let form = if variable == Variable::Ref { "full" } else { "short" };
    let message = format!("`{}` is a {form} name here, and never `{text}`", variable.name());
    Err(Remark::new(message, format!("`{normal}`")))
}

/// What the parts of a time can be, by CEL's definition: months and days of a week, month and
/// year count from 0, and a week starts on Sunday.
/// <https://github.com/google/cel-spec/blob/master/doc/langdef.md#timestamp-and-duration-functions>
fn part_of_time(function: &str) -> Option<(RangeInclusive<i64>, &'static str)> {
    Some(match function {
        "getMonth" => (0..=11, "`getMonth` counts from 0 for January; it"),
        "getDayOfWeek" => (0..=6, "`getDayOfWeek` counts from 0 for Sunday; it"),
        "getDayOfMonth" => (0..=30, "`getDayOfMonth` counts from 0, and `getDate` from 1; it"),
        "getDate" => (1..=31, "`getDate`"),
        "getDayOfYear" => (0..=365, "`getDayOfYear` counts from 0; it"),
        "getHours" => (0..=23, "`getHours`"),
        "getMinutes" => (0..=59, "`getMinutes`"),
        "getSeconds" => (0..=59, "`getSeconds`"),
        "getMilliseconds" => (0..=999, "`getMilliseconds`"),
        _ => return None,
    })
}
