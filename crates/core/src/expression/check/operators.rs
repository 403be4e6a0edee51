//! The types of operators: their operands and their results.

use cel::{
    IdedExpr,
    common::ast::{CallExpr, Expr, LiteralValue, operators as op},
};

use super::Checker;
use crate::{
    diagnostic::Code,
    expression::{hints, types::Type},
};

impl<'a> Checker<'a> {
    /// Returns the type of an operator's result, or `None` if the call is not an operator.
    pub(super) fn operator(&mut self, node: &'a IdedExpr, call: &'a CallExpr, depth: usize) -> Option<Type> {
        let symbol = symbol(&call.func_name)?;
        let types: Vec<Type> = call.args.iter().map(|part| self.type_of(part, depth + 1)).collect();
        let joined = match (call.func_name.as_str(), types.as_slice()) {
            (op::CONDITIONAL, [condition, one, other]) => {
                if !Type::Bool.fits(condition) {
                    let help = "use a bool as the condition, as in `condition ? one : other`";
                    self.fault(Code::NotABool, self.place(node), format!("{condition} before `?`"), help);
                }
                return Some(self.branches(node, one, other));
            }
            (op::LOGICAL_NOT, [one]) => Type::Bool.fits(one).then_some(Type::Bool),
            (op::NEGATE, [one]) => (one.is_number() || *one == Type::Any).then(|| one.clone()),
            (op::INDEX, [Type::List(element), Type::Int | Type::Any]) => Some((**element).clone()),
            (op::INDEX, [Type::Any, _]) => Some(Type::Any),
            (name, [one, other]) => binary(name, one, other),
            _ => None,
        };
        if joined.is_none() {
            self.fault(Code::OperatorTypes, self.place(node), found(symbol, &types), self.help(call, &types));
            // `!x in list` is `(!x) in list`: the fault of `!` is enough.
            let is_unknown = matches!(
                call.func_name.as_str(),
                op::LOGICAL_NOT
                    | op::ADD
                    | op::SUBSTRACT
                    | op::MULTIPLY
                    | op::DIVIDE
                    | op::MODULO
                    | op::NEGATE
                    | op::INDEX
            );
            return Some(if is_unknown { Type::Any } else { Type::Bool });
        }
        self.comparison(node, call);
        joined
    }

    fn branches(&mut self, node: &IdedExpr, one: &Type, other: &Type) -> Type {
        if one.fits(other) {
            return if *one == Type::Any { other.clone() } else { one.clone() };
        }
        let help = "use one type on both sides of `:`";
        self.fault(Code::OperatorTypes, self.place(node), format!("`? :` between {one} and {other}"), help);
        Type::Any
    }
}

impl Checker<'_> {
    fn help(&self, call: &CallExpr, types: &[Type]) -> String {
        let is_equality = matches!(call.func_name.as_str(), op::EQUALS | op::NOT_EQUALS | op::IN);
        match call.args.iter().find_map(|part| self.number(part)) {
            // An account's id, most of all.
            Some(number) if is_equality && types.contains(&Type::Text) => {
                format!("put the number into quotes: `\"{number}\"`")
            }
            _ => help(call, types).to_owned(),
        }
    }

    /// The digits of a whole number, or of the first one in a list.
    fn number(&self, node: &IdedExpr) -> Option<&str> {
        match &node.expr {
            Expr::Literal(LiteralValue::Int(_)) => {
                let rest = self.text.get(self.place(node)..)?;
                let digits = rest.split(|letter: char| !letter.is_ascii_digit()).next()?;
                (!digits.is_empty()).then_some(digits)
            }
            Expr::List(list) => list.elements.first().and_then(|first| self.number(first)),
            _ => None,
        }
    }
}

/// Returns the type of the result of a binary operator, or `None` if it does not take the operands.
fn binary(name: &str, one: &Type, other: &Type) -> Option<Type> {
    use Type::{Any, Bool, Double, Duration, Int, Text, Time};
    let is = |takes: &[Type]| takes.contains(one) || (*one == Any && (*other == Any || takes.contains(other)));
    let same = one.fits(other);
    // The fault of an operand has been reported already.
    let is_reported = *one == Any || *other == Any;
    let known = || if *one == Any { other.clone() } else { one.clone() };
    match name {
        op::LOGICAL_AND | op::LOGICAL_OR => (Bool.fits(one) && Bool.fits(other)).then_some(Bool),
        // Numbers compare by value, whatever their types.
        op::EQUALS | op::NOT_EQUALS => {
            (is_reported || (one.compares(other) && is(&[Bool, Int, Double, Text, Time, Duration]))).then_some(Bool)
        }
        op::LESS | op::LESS_EQUALS | op::GREATER | op::GREATER_EQUALS => {
            (is_reported || (one.compares(other) && is(&[Int, Double, Text, Time, Duration]))).then_some(Bool)
        }
        op::IN => match other {
            Type::List(element) if matches!(**element, Type::List(_) | Type::Structure(_)) => None,
            Type::List(element) => {
                (one.compares(element) && !matches!(one, Type::List(_) | Type::Structure(_))).then_some(Bool)
            }
            Any => Some(Bool),
            _ => None,
        },
        op::ADD => match (one, other) {
            (Time, Duration) | (Duration, Time) => Some(Time),
            _ => (same && is(&[Int, Double, Text, Duration])).then(known),
        },
        op::SUBSTRACT => match (one, other) {
            (Time, Time) => Some(Duration),
            (Time, Duration) => Some(Time),
            _ => (same && is(&[Int, Double, Duration])).then(known),
        },
        op::MULTIPLY | op::DIVIDE => (same && is(&[Int, Double])).then(known),
        op::MODULO => (same && is(&[Int])).then_some(Int),
        _ => None,
    }
}

fn found(symbol: &str, types: &[Type]) -> String {
    match types {
        [one, other] if symbol == "[]" => format!("{one} indexed with {other}"),
        [one, other] => format!("`{symbol}` between {one} and {other}"),
        [one] => format!("`{symbol}` before {one}"),
        _ => format!("`{symbol}` of {} operands", types.len()),
    }
}

fn help(call: &CallExpr, types: &[Type]) -> &'static str {
    let has = |wanted: fn(&Type) -> bool| types.iter().any(wanted);
    let is_structure = |found: &Type| matches!(found, Type::Structure(_));
    let is_list = |found: &Type| matches!(found, Type::List(_));
    let is_duration = |part: &IdedExpr| matches!(&part.expr, Expr::Call(call) if call.func_name == "duration");
    match call.func_name.as_str() {
        op::LOGICAL_NOT => "use a bool after `!`, and brackets around a comparison: `!(branch == \"main\")`",
        op::LOGICAL_AND | op::LOGICAL_OR if has(|found| *found == Type::Text) => {
            "write a whole comparison on each side, or `branch in [\"main\", \"dev\"]`"
        }
        op::LOGICAL_AND | op::LOGICAL_OR => "use bools as operands",
        op::INDEX if matches!(types, [Type::List(element), Type::Text] if is_structure(element)) => hints::ELEMENTS,
        op::INDEX if has(is_structure) => "write a member after a dot: `build.environment`",
        op::INDEX => "index a list with an int, from 0",
        op::IN if has(is_structure) => "look into structures with `exists(x, …)`",
        op::IN => "write a list of such values on the right; look into a string with `contains`",
        op::MODULO => "use ints on both sides",
        op::NEGATE => "use a number after `-`",
        _ if has(is_structure) => "compare its members, one by one",
        _ if has(is_list) => "look into lists with `size`, `in`, `all` and `exists`",
        op::ADD | op::SUBSTRACT | op::MULTIPLY | op::DIVIDE if types.iter().all(Type::is_number) => {
            "use numbers of one type: `double(x)` converts an int, and `1.0` is a double"
        }
        op::EQUALS | op::NOT_EQUALS if has(|found| *found == Type::Bool) => {
            "compare a bool with `true` or `false`, without quotes"
        }
        op::LESS | op::LESS_EQUALS | op::GREATER | op::GREATER_EQUALS if has(|found| *found == Type::Bool) => {
            "join two comparisons with `&&`: `10 < x && x < 60`"
        }
        _ if has(Type::is_number) && call.args.iter().any(is_duration) => {
            "compare it with a number, as in `build.timeoutInMinutes > 90`"
        }
        _ if has(|found| *found == Type::Duration) => "write a duration as `duration(\"90m\")`",
        _ if has(|found| *found == Type::Time) => "write a timestamp as `timestamp(\"2027-01-31T00:00:00Z\")`",
        _ => "use values of one type; convert with `int(x)`, `double(x)` or `string(x)`",
    }
}

/// The symbol of an operator, or `None` if the call is not an operator.
fn symbol(name: &str) -> Option<&'static str> {
    Some(match name {
        op::CONDITIONAL => "?",
        op::LOGICAL_AND => "&&",
        op::LOGICAL_OR => "||",
        op::LOGICAL_NOT => "!",
        op::SUBSTRACT | op::NEGATE => "-",
        op::ADD => "+",
        op::MULTIPLY => "*",
        op::DIVIDE => "/",
        op::MODULO => "%",
        op::EQUALS => "==",
        op::NOT_EQUALS => "!=",
        op::GREATER_EQUALS => ">=",
        op::LESS_EQUALS => "<=",
        op::GREATER => ">",
        op::LESS => "<",
        op::IN => "in",
        op::INDEX => "[]",
        _ => return None,
    })
}
