//! Parts of an expression that are the same for every build: constants, and comparisons that
//! contradict each other.

use cel::{
    IdedExpr,
    common::ast::{CallExpr, Expr, LiteralValue, operators as op},
};

use super::{
    Checker,
    constants::{Constant, constant},
    possible::Possible,
    range::flipped,
};
use crate::{diagnostic::Code, expression::TextCondition, facts::possible::Remark, pattern::Pattern};

/// The condition that a comparison, or its opposite, puts on its subject.
enum Asks {
    /// It is true, or not.
    Flag(bool),
    /// It fits one of these, or none.
    Text(Vec<Pattern>, bool),
    /// The subject meets the comparison with this operator and number.
    Number(String, f64),
    /// It is one of these numbers, or none.
    Numbers(Vec<f64>, bool),
}

impl<'a> Checker<'a> {
    /// Warns about parts of an expression without faults.
    pub(super) fn logic(&mut self, root: &'a IdedExpr) {
        // An expression without variables has a warning of its own.
        if self.reads.is_empty() {
            return;
        }
        self.constant_parts(root, None);
        if self.warnings.is_empty()
            && let Some(result) = self.truth(root)
        {
            let message = format!("the expression is {result} for every build");
            let help = "write a condition that some builds meet and others do not".to_owned();
            self.warn(Code::ConstantPart, root, vec![Remark { message, help }]);
        }
    }

    /// `chain` is the operator whose operand the node is.
    fn constant_parts(&mut self, node: &'a IdedExpr, chain: Option<&str>) {
        match &node.expr {
            Expr::Call(call) => {
                let name = call.func_name.as_str();
                let joins = matches!(name, op::LOGICAL_AND | op::LOGICAL_OR);
                if joins && chain != Some(name) {
                    self.contradictions(node, name);
                }
                for part in call.target.iter().map(AsRef::as_ref).chain(&call.args) {
                    let is_condition = joins || matches!(name, op::LOGICAL_NOT | op::CONDITIONAL);
                    if is_condition && matches!(constant(part), Some(Constant::Bool(_))) && !is_result(call, part) {
                        let message = "this part is the same for every build".to_owned();
                        self.warn(
                            Code::ConstantPart,
                            part,
                            vec![Remark { message, help: "remove it, or write a condition".to_owned() }],
                        );
                    } else {
                        self.constant_parts(part, Some(name));
                    }
                }
            }
            Expr::Select(select) => self.constant_parts(&select.operand, None),
            Expr::List(list) => list.elements.iter().for_each(|element| self.constant_parts(element, None)),
            Expr::Comprehension(parts) => {
                self.constant_parts(&parts.iter_range, None);
                // The loop's condition is an operand of the crate's own step.
                if let Expr::Call(step) = &parts.loop_step.expr {
                    step.args.iter().for_each(|part| self.constant_parts(part, None));
                }
            }
            _ => {}
        }
    }

    /// Warns if no build meets all operands of `&&`, or every build meets one of `||`.
    fn contradictions(&mut self, node: &'a IdedExpr, name: &str) {
        let is_or = name == op::LOGICAL_OR;
        let Some(place) = self.contradiction(node, is_or) else { return };
        let (message, help) = match is_or {
            false => (
                "no build meets all these conditions",
                "join alternatives with `||`, or put them into rules of their own",
            ),
            true => (
                "every build meets one of these conditions",
                "join them with `&&`, or exclude several values with `!(x in [\"a\", \"b\"])`",
            ),
        };
        self.warn(Code::ConstantPart, place, vec![Remark { message: message.to_owned(), help: help.to_owned() }]);
    }

    /// Returns the last of the operands that contradict each other. For `||`, compares the opposites of the operands.
    fn contradiction(&self, node: &'a IdedExpr, is_or: bool) -> Option<&'a IdedExpr> {
        let mut operands = Vec::new();
        conjuncts(node, is_or, &mut operands);
        let mut subjects: Vec<(String, &'a IdedExpr, Vec<Asks>)> = Vec::new();
        for (operand, is_negated) in operands {
            let Some((subject, asks)) = asked(operand, is_negated) else { continue };
            let Some(name) = spelling(subject) else { continue };
            match subjects.iter_mut().find(|(other, ..)| *other == name) {
                Some((_, subject, all)) => {
                    all.push(asks);
                    if self.is_impossible(subject, all) {
                        return Some(operand);
                    }
                }
                None => subjects.push((name, subject, vec![asks])),
            }
        }
        None
    }

    fn is_impossible(&self, subject: &'a IdedExpr, all: &[Asks]) -> bool {
        let flags = |wanted: bool| all.iter().any(|asks| matches!(asks, Asks::Flag(flag) if *flag == wanted));
        if flags(true) && flags(false) {
            return true;
        }
        is_impossible_text(all) || self.is_impossible_number(subject, all)
    }

    /// Returns whether no number meets all conditions. Between two neighbouring numbers of the comparisons, no result
    /// changes: it is enough to try these numbers, one between each two of them, and one on either side.
    fn is_impossible_number(&self, subject: &'a IdedExpr, all: &[Asks]) -> bool {
        let mut numbers: Vec<f64> = Vec::new();
        for asks in all {
            match asks {
                Asks::Number(_, number) => numbers.push(*number),
                Asks::Numbers(some, _) => numbers.extend(some),
                Asks::Flag(_) | Asks::Text(..) => return false,
            }
        }
        let range = match self.possible(subject) {
            Some(Possible::Number(range)) => Some((range.least, range.most)),
            _ => None,
        };
        numbers.extend(range.iter().flat_map(|(least, most)| [*least, *most]).filter(|limit| limit.is_finite()));
        numbers.sort_by(f64::total_cmp);
        let between = numbers.windows(2).map(|pair| f64::midpoint(pair[0], pair[1]));
        let outside = numbers.first().map(|first| first - 1.0).into_iter().chain(numbers.last().map(|last| last + 1.0));
        let within = |number: &f64| range.is_none_or(|(least, most)| (least..=most).contains(number));
        let meets_all = |number: f64| all.iter().all(|asks| asks.is_met_by(number));
        !numbers.iter().copied().chain(between).chain(outside).filter(within).any(meets_all)
    }

    /// Returns the result of a part if it is the same for every build, as far as that can be
    /// decided.
    fn truth(&self, node: &'a IdedExpr) -> Option<bool> {
        if let Some(Constant::Bool(value)) = constant(node) {
            return Some(value);
        }
        let Expr::Call(call) = &node.expr else { return None };
        match (call.func_name.as_str(), &call.args[..]) {
            (op::LOGICAL_NOT, [one]) => self.truth(one).map(|result| !result),
            (name @ (op::LOGICAL_AND | op::LOGICAL_OR), [one, other]) => {
                let decisive = name == op::LOGICAL_OR;
                match (self.truth(one), self.truth(other)) {
                    (Some(result), _) | (_, Some(result)) if result == decisive => Some(decisive),
                    (Some(_), Some(_)) => Some(!decisive),
                    _ => self.contradiction(node, decisive).map(|_| decisive),
                }
            }
            (name, [one, other]) => match (self.possible(one), constant(other), self.possible(other), constant(one)) {
                (Some(Possible::Number(range)), Some(Constant::Number(number)), ..) => range.decides(name, number),
                (.., Some(Possible::Number(range)), Some(Constant::Number(number))) => {
                    range.decides(flipped(name), number)
                }
                _ => None,
            },
            _ => None,
        }
    }
}

impl Asks {
    fn is_met_by(&self, value: f64) -> bool {
        match self {
            Self::Number(operator, number) => match operator.as_str() {
                op::LESS => value < *number,
                op::LESS_EQUALS => value <= *number,
                op::GREATER => value > *number,
                _ => value >= *number,
            },
            Self::Numbers(numbers, is_among) => numbers.contains(&value) == *is_among,
            Self::Flag(_) | Self::Text(..) => true,
        }
    }
}

/// The conditions on texts that must all hold.
pub(super) fn texts(root: &IdedExpr) -> Vec<TextCondition> {
    let mut operands = Vec::new();
    conjuncts(root, false, &mut operands);
    let of_text = |(operand, is_negated)| match asked(operand, is_negated)? {
        (subject, Asks::Text(patterns, is_among)) => {
            Some(TextCondition { subject: spelling(subject)?, patterns, is_among })
        }
        (_, Asks::Flag(_) | Asks::Number(..) | Asks::Numbers(..)) => None,
    };
    operands.into_iter().filter_map(of_text).collect()
}

/// Returns whether a part is a result of `? :`. Such a part may be a constant.
fn is_result(call: &CallExpr, part: &IdedExpr) -> bool {
    call.func_name == op::CONDITIONAL && call.args.iter().skip(1).any(|result| std::ptr::eq(result, part))
}

/// Collects the operands that must all be true, each with a flag: `true` if its opposite must be true instead.
fn conjuncts<'a>(node: &'a IdedExpr, is_negated: bool, all: &mut Vec<(&'a IdedExpr, bool)>) {
    if let Expr::Call(call) = &node.expr {
        match (call.func_name.as_str(), is_negated) {
            (op::LOGICAL_AND, false) | (op::LOGICAL_OR, true) => {
                return call.args.iter().for_each(|part| conjuncts(part, is_negated, all));
            }
            (op::LOGICAL_NOT, _) => return call.args.iter().for_each(|part| conjuncts(part, !is_negated, all)),
            _ => {}
        }
    }
    all.push((node, is_negated));
}

/// The subject of a comparison, and what the comparison asks of it.
fn asked(node: &IdedExpr, is_negated: bool) -> Option<(&IdedExpr, Asks)> {
    let flag = || Some((node, Asks::Flag(!is_negated)));
    let Expr::Call(call) = &node.expr else { return flag() };
    let name = call.func_name.as_str();
    let (subject, compared, name) = match (call.target.as_deref(), &call.args[..]) {
        (Some(target), [text]) => (target, text, name),
        (None, [subject, compared]) if constant(subject).is_none() => (subject, compared, name),
        (None, [compared, subject]) if name != op::IN => (subject, compared, flipped(name)),
        _ => return flag(),
    };
    let constants: Vec<Constant> = match &compared.expr {
        Expr::List(list) if name == op::IN => list.elements.iter().map(constant).collect::<Option<_>>()?,
        _ => constant(compared).into_iter().collect(),
    };
    let is_among = (name != op::NOT_EQUALS) != is_negated;
    let texts = |before: &str, after: &str| {
        let pattern = |one: &Constant| match one {
            // This text is not a pattern: its `*` or `?` would be misread as wildcards.
            Constant::Text(text) if name == "glob" || !text.contains(['*', '?']) => {
                format!("{before}{text}{after}").parse().ok()
            }
            _ => None,
        };
        Some((subject, Asks::Text(constants.iter().map(pattern).collect::<Option<_>>()?, is_among)))
    };
    let numbers: Option<Vec<f64>> = constants
        .iter()
        .map(|one| match one {
            Constant::Number(number) => Some(*number),
            _ => None,
        })
        .collect();
    match (name, numbers.as_deref()) {
        _ if constants.is_empty() => flag(),
        (op::EQUALS | op::NOT_EQUALS | op::IN, Some(numbers)) => {
            Some((subject, Asks::Numbers(numbers.to_vec(), is_among)))
        }
        (op::EQUALS | op::NOT_EQUALS, _) if matches!(constants[..], [Constant::Bool(_)]) => {
            Some((subject, Asks::Flag((constants[0] == Constant::Bool(true)) == is_among)))
        }
        (op::EQUALS | op::NOT_EQUALS | op::IN | "glob", _) => texts("", ""),
        ("startsWith", _) => texts("", "*"),
        ("endsWith", _) => texts("*", ""),
        ("contains", _) => texts("*", "*"),
        (op::LESS | op::LESS_EQUALS | op::GREATER | op::GREATER_EQUALS, Some([number])) => {
            let operator = if is_negated { opposite(name) } else { name };
            Some((subject, Asks::Number(operator.to_owned(), *number)))
        }
        _ => flag(),
    }
}

fn opposite(operator: &str) -> &str {
    match operator {
        op::LESS => op::GREATER_EQUALS,
        op::LESS_EQUALS => op::GREATER,
        op::GREATER => op::LESS_EQUALS,
        _ => op::LESS,
    }
}

/// Returns whether no text meets all conditions. Compares patterns only in pairs.
fn is_impossible_text(all: &[Asks]) -> bool {
    let of = |wanted: bool| {
        all.iter().filter_map(move |asks| match asks {
            Asks::Text(patterns, is_among) if *is_among == wanted => Some(patterns),
            _ => None,
        })
    };
    let is_excluded = |pattern: &Pattern| of(false).flatten().any(|excluded| excluded.covers(pattern));
    let fits_all = |pattern: &Pattern| of(true).all(|other| other.iter().any(|other| other.overlaps(pattern)));
    of(true).any(|patterns| !patterns.iter().any(|pattern| fits_all(pattern) && !is_excluded(pattern)))
}

/// Returns a text that is the same wherever the same variable, member or call is written.
fn spelling(node: &IdedExpr) -> Option<String> {
    Some(match &node.expr {
        Expr::Ident(name) => name.clone(),
        Expr::Select(select) if select.test => format!("has({}.{})", spelling(&select.operand)?, select.field),
        Expr::Select(select) => format!("{}.{}", spelling(&select.operand)?, select.field),
        Expr::Literal(LiteralValue::String(text)) => format!("{:?}", text.inner()),
        Expr::Literal(LiteralValue::Int(number)) => number.inner().to_string(),
        Expr::Call(call) => {
            let parts = call.target.iter().map(AsRef::as_ref).chain(&call.args);
            format!("{}({})", call.func_name, parts.map(spelling).collect::<Option<Vec<_>>>()?.join(", "))
        }
        _ => return None,
    })
}
