//! Checks the types and the cost of an expression when it is loaded.
//!
//! Every node of the tree gets a type from its parts, by CEL's own rules
//! (<https://github.com/google/cel-spec/blob/master/doc/langdef.md>). CEL leaves some checks to
//! the evaluation, such as a comparison of two types. They are faults here: an expression that
//! can never be true is a mistake.

mod anchors;
mod calls;
mod comparisons;
mod constants;
mod logic;
mod operators;
mod possible;
mod range;
mod regex;

use std::collections::BTreeSet;

use cel::{
    IdedExpr, Program,
    common::ast::{ComprehensionExpr, Expr, ListExpr, LiteralValue, SelectExpr},
};

use super::{
    ClockComparison, ExpressionFault, Literals, TextCondition, Variable,
    hints::{self, Hint},
    limits,
    types::{Type, suggestion},
};
use crate::{
    diagnostic::Code,
    yaml::words::{closest, only_close},
};

/// The literals and variables of an expression without faults.
pub(super) struct CheckedExpression {
    pub(super) literals: Literals,
    pub(super) reads: BTreeSet<Variable>,
    pub(super) build_members: BTreeSet<String>,
    pub(super) texts: Vec<TextCondition>,
    pub(super) clock: Vec<ClockComparison>,
    /// The findings about parts that are valid and probably a mistake.
    pub(super) warnings: Vec<ExpressionFault>,
}

/// Checks an expression whose syntax is correct.
pub(super) fn check(program: &Program, text: &str) -> Result<CheckedExpression, Vec<ExpressionFault>> {
    let mut checker = Checker {
        text,
        program,
        faults: Vec::new(),
        warnings: Vec::new(),
        loops: Vec::new(),
        repeats: 1,
        steps: 0,
        is_too_deep: false,
        literals: Literals::default(),
        reads: BTreeSet::new(),
        build_members: BTreeSet::new(),
        clock: Vec::new(),
    };
    let found = checker.type_of(program.expression(), 0);
    if !Type::Bool.fits(&found) {
        checker.fault(
            Code::NotABool,
            0,
            format!("the expression is {found}"),
            "write an expression that is a bool: true or false for each build",
        );
    }
    if checker.steps > limits::STEPS {
        let found = format!("the expression could take {} steps", checker.steps);
        let help = format!(
            "use at most {} steps; a list of the API counts as {} elements, and nested loops multiply",
            limits::STEPS,
            limits::ELEMENTS
        );
        checker.fault(Code::ExpressionTooCostly, 0, found, help);
    }
    if checker.faults.is_empty() {
        checker.logic(program.expression());
        let Checker { literals, reads, build_members, warnings, clock, .. } = checker;
        let texts = logic::texts(program.expression());
        return Ok(CheckedExpression { literals, reads, build_members, texts, clock, warnings });
    }
    checker.faults.sort_by_key(|fault| fault.start);
    Err(checker.faults)
}

struct Checker<'a> {
    text: &'a str,
    program: &'a Program,
    faults: Vec<ExpressionFault>,
    warnings: Vec<ExpressionFault>,
    /// The loops around a node.
    loops: Vec<Loop<'a>>,
    /// The number of times that a node is evaluated, because of the loops around it.
    repeats: u64,
    steps: u64,
    is_too_deep: bool,
    literals: Literals,
    reads: BTreeSet<Variable>,
    build_members: BTreeSet<String>,
    clock: Vec<ClockComparison>,
}

/// A loop of `all`, `exists` or `exists_one`.
struct Loop<'a> {
    variable: &'a str,
    element: Type,
    /// The list whose elements the variable stands for.
    range: &'a IdedExpr,
}

impl<'a> Checker<'a> {
    fn type_of(&mut self, node: &'a IdedExpr, depth: usize) -> Type {
        if depth > limits::DEPTH {
            if !std::mem::replace(&mut self.is_too_deep, true) {
                let help = format!("nest at most {} levels, or split the expression into several rules", limits::DEPTH);
                self.fault(
                    Code::ExpressionTooCostly,
                    self.place(node),
                    "operators and calls are nested too deeply",
                    help,
                );
            }
            return Type::Any;
        }
        self.charge(1);
        match &node.expr {
            Expr::Literal(literal) => self.literal(node, literal),
            Expr::Ident(name) => self.variable(node, name),
            Expr::Select(select) => self.member(node, select, depth),
            Expr::Call(call) => self.call(node, call, depth),
            Expr::List(list) => self.list(node, list, depth),
            Expr::Comprehension(comprehension) => self.comprehension(node, comprehension, depth),
            Expr::Map(_) | Expr::Struct(_) => {
                self.fault(
                    Code::Unsupported,
                    self.place(node),
                    "maps and messages are not supported",
                    "compare members one by one",
                );
                Type::Any
            }
            Expr::Unspecified => {
                self.fault(Code::Unsupported, self.place(node), "a part without a value", "write an expression");
                Type::Any
            }
        }
    }

    fn literal(&mut self, node: &IdedExpr, literal: &LiteralValue) -> Type {
        let (found, help) = match literal {
            LiteralValue::Boolean(_) => return Type::Bool,
            LiteralValue::Int(_) => return Type::Int,
            LiteralValue::Double(_) => return Type::Double,
            LiteralValue::String(_) => return Type::Text,
            LiteralValue::UInt(_) => ("unsigned numbers are not supported", "remove the `u`"),
            LiteralValue::Bytes(_) => ("bytes are not supported", "remove the `b`"),
            LiteralValue::Null => ("`null` is not supported", hints::HAS),
        };
        self.fault(Code::Unsupported, self.place(node), found, help);
        Type::Any
    }

    fn variable(&mut self, node: &IdedExpr, name: &str) -> Type {
        if let Some(found) = self.loops.iter().rev().find(|one| one.variable == name) {
            return found.element.clone();
        }
        if let Some(variable) = Variable::named(name) {
            self.reads.insert(variable);
            return Type::of_variable(variable);
        }
        let known = self.loops.iter().map(|one| one.variable).chain(Variable::ALL.map(Variable::name));
        let known: Vec<&str> = known.collect();
        let (place, found) = (self.place(node), format!("unknown variable `{name}`"));
        if let Some(hint) = hints::of_variable(name) {
            self.hint(Code::UnknownVariable, place, found, name, hint);
            return Type::Any;
        }
        if let Some(path) = hints::path_of(name).filter(|_| closest(name, &known).is_none()) {
            self.fault(Code::UnknownVariable, place, found, format!("write `{path}`"));
            return Type::Any;
        }
        let after = self.text.get(place + name.len()..).unwrap_or_default().trim_start();
        let is_word = closest(name, &known).is_none() && !after.starts_with(['.', '[']);
        let quotes = if is_word { format!("put a string into quotes: `\"{name}\"`; ") } else { String::new() };
        self.unknown(Code::UnknownVariable, place, found, name, &known, &format!("{quotes}the variables are"));
        Type::Any
    }

    /// `operand.field`, or `has(operand.field)`, which is the same node with a flag.
    fn member(&mut self, node: &'a IdedExpr, select: &'a SelectExpr, depth: usize) -> Type {
        let operand = self.type_of(&select.operand, depth + 1);
        let field = select.field.as_str();
        self.build_members.extend(path_in_build(&select.operand).map(|path| format!("{path}{field}")));
        let place = self.place_of_field(if select.test { &select.operand } else { node }, field);
        let found = match operand {
            Type::Any => Type::Any,
            Type::Structure(shape) => match shape.member(field) {
                Some(kind) => Type::of(kind),
                None => {
                    let names = shape.names();
                    let names: Vec<&str> = names.iter().map(String::as_str).collect();
                    let what = format!("the members of {} are", shape.name);
                    let found = format!("{} has no member `{field}`", shape.name);
                    let is_build = matches!(&select.operand.expr, Expr::Ident(name) if name == "build");
                    let elsewhere = hints::elsewhere(field).filter(|_| is_build);
                    if let Some(path) = elsewhere {
                        self.fault(Code::UnknownMember, place, found, format!("write `{path}`"));
                        return if select.test { Type::Bool } else { Type::Any };
                    }
                    self.unknown(Code::UnknownMember, place, found, field, &names, &what);
                    Type::Any
                }
            },
            Type::List(_) => {
                let help = hints::of_member(field).unwrap_or_else(|| hints::ELEMENTS.to_owned());
                self.fault(Code::UnknownMember, place, format!("a list has no member `{field}`"), help);
                Type::Any
            }
            other => {
                let hint = hints::of_member(field).filter(|_| other == Type::Text);
                let help = hint.unwrap_or_else(|| format!("remove `.{field}`"));
                self.fault(Code::UnknownMember, place, format!("{other} has no member `{field}`"), help);
                Type::Any
            }
        };
        if select.test { Type::Bool } else { found }
    }

    fn list(&mut self, node: &'a IdedExpr, list: &'a ListExpr, depth: usize) -> Type {
        let mut element = Type::Any;
        for part in &list.elements {
            let found = self.type_of(part, depth + 1);
            if element == Type::Any {
                element = found;
            } else if !element.fits(&found) {
                let help = format!("use elements of one type; the first one is {element}");
                self.fault(Code::OperatorTypes, self.place(part), format!("{found} in a list with {element}"), help);
                break;
            }
        }
        if !list.optional_indices.is_empty() {
            self.fault(Code::Unsupported, self.place(node), "optional elements are not supported", "remove the `?`");
        }
        Type::List(Box::new(element))
    }

    /// `list.all(x, …)` and the like, as the crate expands them.
    fn comprehension(&mut self, node: &'a IdedExpr, parts: &'a ComprehensionExpr, depth: usize) -> Type {
        let (place, name) = self.word_before(node);
        let body = match (&parts.accu_init.expr, &parts.loop_step.expr) {
            // `all` and `exists`: the result so far, and the condition.
            (Expr::Literal(LiteralValue::Boolean(_)), Expr::Call(step)) => step.args.get(1),
            // `exists_one`: the condition, and what is counted.
            (Expr::Literal(LiteralValue::Int(_)), Expr::Call(step)) => step.args.first(),
            _ => None,
        };
        let element = match self.type_of(&parts.iter_range, depth + 1) {
            Type::List(element) => *element,
            Type::Any => Type::Any,
            other => {
                self.fault(Code::WrongArguments, place, format!("`{name}` called on {other}"), "call it on a list");
                Type::Any
            }
        };
        let Some(body) = body else {
            let help = "use `all`, `exists` or `exists_one`; an expression cannot build lists";
            self.fault(Code::UnknownFunction, place, format!("unknown function `{name}`"), help);
            return Type::Any;
        };
        let Some(elements) = self.elements(&parts.iter_range) else {
            let help = "use a list of the build or of the project, or a list of literals";
            self.fault(
                Code::Unsupported,
                self.place(&parts.iter_range),
                format!("`{name}` called on a computed list"),
                help,
            );
            return Type::Bool;
        };
        let outside = self.repeats;
        self.repeats = self.repeats.saturating_mul(elements);
        // The crate keeps the loop's state beside the condition.
        self.charge(4);
        self.loops.push(Loop { variable: &parts.iter_var, element, range: &parts.iter_range });
        let found = self.type_of(body, depth + 3);
        self.loops.pop();
        self.repeats = outside;
        if !Type::Bool.fits(&found) {
            self.fault(
                Code::NotABool,
                self.place(body),
                format!("the condition of `{name}` is {found}"),
                "use a condition that is a bool",
            );
        }
        Type::Bool
    }

    /// Returns the number of elements that a loop is assumed to visit, or `None` for a list that is
    /// computed while the expression is evaluated: a loop over it could make ever longer strings.
    fn elements(&self, range: &IdedExpr) -> Option<u64> {
        match &range.expr {
            Expr::List(list) if list.elements.iter().all(|element| matches!(element.expr, Expr::Literal(_))) => {
                u64::try_from(list.elements.len()).ok()
            }
            Expr::Ident(_) => Some(limits::ELEMENTS),
            Expr::Select(select) => self.elements(&select.operand).map(|_| limits::ELEMENTS),
            Expr::Call(call) if call.func_name == cel::common::ast::operators::INDEX => {
                call.args.first().and_then(|list| self.elements(list))
            }
            _ => None,
        }
    }

    /// Counts steps, multiplied by the repetitions of the loops around them.
    fn charge(&mut self, steps: u64) {
        self.steps = self.steps.saturating_add(self.repeats.saturating_mul(steps));
    }

    /// Adds a fault at a byte of the text.
    fn fault(&mut self, code: Code, place: usize, message: impl Into<String>, help: impl Into<String>) {
        self.fault_with_fix(code, place, message, help, None);
    }

    fn fault_with_fix(
        &mut self,
        code: Code,
        place: usize,
        message: impl Into<String>,
        help: impl Into<String>,
        fix: Option<(String, String)>,
    ) {
        let start = self.text.get(..place).map_or(0, |before| before.chars().count());
        self.faults.push(ExpressionFault { fix, ..ExpressionFault::new(code, start, message, help) });
    }

    /// Adds a fault about a name that is not in `known`. `what` introduces the list of known names in the help.
    fn unknown(&mut self, code: Code, place: usize, message: String, name: &str, known: &[&str], what: &str) {
        let fix = only_close(name, known).map(|word| (name.to_owned(), word.to_owned()));
        self.fault_with_fix(code, place, message, suggestion(name, known, what), fix);
    }

    /// Adds a fault about a name of another language.
    fn hint(&mut self, code: Code, place: usize, message: String, name: &str, (help, ours): Hint<'_>) {
        let fix = ours.map(|ours| (name.to_owned(), ours.to_owned()));
        self.fault_with_fix(code, place, message, help, fix);
    }

    /// Returns the place of a node in bytes: its operator, its bracket, or its first character.
    fn place(&self, node: &IdedExpr) -> usize {
        match &node.expr {
            Expr::Select(select) if !select.test => self.place_of_field(node, &select.field),
            Expr::Select(_) | Expr::Comprehension(_) => self.word_before(node).0,
            _ => self.offset(node),
        }
    }

    fn offset(&self, node: &IdedExpr) -> usize {
        self.program.source_info().offset_for(node.id).and_then(|(start, _)| usize::try_from(start).ok()).unwrap_or(0)
    }

    /// Returns the place of a field's name, which follows a dot at or after a node.
    fn place_of_field(&self, node: &IdedExpr, field: &str) -> usize {
        let from = self.offset(node);
        let rest = self.text.get(from..).unwrap_or_default();
        for (dot, _) in rest.match_indices('.') {
            let after = &rest[dot + 1..];
            let name = after.trim_start();
            let is_whole = |end: &str| !end.starts_with(|next: char| next.is_alphanumeric() || next == '_');
            if name.strip_prefix(field).is_some_and(is_whole) {
                return from + dot + 1 + (after.len() - name.len());
            }
        }
        from
    }

    /// Returns the word before the bracket of a call, and its place.
    fn word_before(&self, node: &IdedExpr) -> (usize, &'a str) {
        let bracket = self.offset(node);
        let before = self.text.get(..bracket).unwrap_or_default().trim_end();
        let is_part = |character: char| character.is_ascii_alphanumeric() || character == '_';
        let start = before.rfind(|character: char| !is_part(character)).map_or(0, |end| end + 1);
        match before.get(start..) {
            Some(word) if !word.is_empty() => (start, word),
            _ => (bracket, ""),
        }
    }
}

/// Returns the path of a member of `build`, with a dot at its end, or an empty text for `build` itself.
fn path_in_build(node: &IdedExpr) -> Option<String> {
    match &node.expr {
        Expr::Ident(name) => (name == Variable::Build.name()).then(String::new),
        Expr::Select(select) => Some(format!("{}{}.", path_in_build(&select.operand)?, select.field)),
        _ => None,
    }
}
