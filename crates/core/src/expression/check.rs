//! The types of an expression, found out when it is loaded.
//!
//! Every node of the tree is given a type from its parts, by CEL's own rules
//! (<https://github.com/google/cel-spec/blob/master/doc/langdef.md>). Where CEL leaves
//! it to the evaluation, as between values of two types, the stricter answer is given
//! here: what can never be true is a mistake of its author's.

mod calls;
mod operators;

use std::collections::BTreeSet;

use cel::{
    IdedExpr, Program,
    common::ast::{ComprehensionExpr, Expr, ListExpr, LiteralValue, SelectExpr},
};

use super::{
    Literals, Located, Variable, limits,
    types::{Type, suggestion},
};

/// What is known of an expression once it is checked.
pub(super) struct Checked {
    pub(super) literals: Literals,
    pub(super) reads: BTreeSet<Variable>,
}

/// Checks an expression whose syntax is right.
pub(super) fn check(program: &Program, text: &str) -> Result<Checked, Vec<Located>> {
    let mut checker = Checker {
        text,
        program,
        faults: Vec::new(),
        loops: Vec::new(),
        repeats: 1,
        steps: 0,
        is_too_deep: false,
        literals: Literals::default(),
        reads: BTreeSet::new(),
    };
    let found = checker.type_of(program.expression(), 0);
    if !Type::Bool.fits(&found) {
        checker.fault(0, format!("the expression is {found}"), "a bool: something that is true or false of a build");
    }
    if checker.steps > limits::STEPS {
        let found = format!("an expression that could take {} steps", checker.steps);
        let right = format!(
            "at most {} steps: a list of the API counts for {} elements, and loops within loops multiply",
            limits::STEPS,
            limits::ELEMENTS
        );
        checker.fault(0, found, right);
    }
    if checker.faults.is_empty() {
        return Ok(Checked { literals: checker.literals, reads: checker.reads });
    }
    checker.faults.sort_by_key(|fault| fault.start);
    Err(checker.faults)
}

struct Checker<'a> {
    text: &'a str,
    program: &'a Program,
    faults: Vec<Located>,
    /// The variables of the loops that a node stands in.
    loops: Vec<(&'a str, Type)>,
    /// How often a node is evaluated, by the loops that it stands in.
    repeats: u64,
    steps: u64,
    is_too_deep: bool,
    literals: Literals,
    reads: BTreeSet<Variable>,
}

impl<'a> Checker<'a> {
    fn type_of(&mut self, node: &'a IdedExpr, depth: usize) -> Type {
        if depth > limits::DEPTH {
            if !std::mem::replace(&mut self.is_too_deep, true) {
                let right = format!("at most {} within one another: make several rules of it", limits::DEPTH);
                self.fault(self.place(node), "too many operators and calls within one another", right);
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
                self.fault(self.place(node), "a map or a message", "a build has none to compare it with");
                Type::Any
            }
            Expr::Unspecified => {
                self.fault(self.place(node), "nothing that can be evaluated", "an expression");
                Type::Any
            }
        }
    }

    fn literal(&mut self, node: &IdedExpr, literal: &LiteralValue) -> Type {
        let (found, right) = match literal {
            LiteralValue::Boolean(_) => return Type::Bool,
            LiteralValue::Int(_) => return Type::Int,
            LiteralValue::Double(_) => return Type::Double,
            LiteralValue::String(_) => return Type::Text,
            LiteralValue::UInt(_) => ("an unsigned number", "a build's numbers are signed: write it without `u`"),
            LiteralValue::Bytes(_) => ("a literal of bytes", "a build's texts are strings: write it without `b`"),
            LiteralValue::Null => ("`null`", "a member is there or it is not: `has(build.vpcConfig)` tells"),
        };
        self.fault(self.place(node), found, right);
        Type::Any
    }

    fn variable(&mut self, node: &IdedExpr, name: &str) -> Type {
        if let Some((_, found)) = self.loops.iter().rev().find(|(variable, _)| *variable == name) {
            return found.clone();
        }
        if let Some(variable) = Variable::named(name) {
            self.reads.insert(variable);
            return Type::of_variable(variable);
        }
        let known = self.loops.iter().map(|(name, _)| *name).chain(Variable::ALL.map(Variable::name));
        let known: Vec<&str> = known.collect();
        self.fault(self.place(node), format!("no variable `{name}`"), suggestion(name, &known, "the variables are"));
        Type::Any
    }

    /// `operand.field`, or `has(operand.field)`, which is written as one with a flag.
    fn member(&mut self, node: &'a IdedExpr, select: &'a SelectExpr, depth: usize) -> Type {
        let operand = self.type_of(&select.operand, depth + 1);
        let field = select.field.as_str();
        let place = self.place_of_field(if select.test { &select.operand } else { node }, field);
        let found = match operand {
            Type::Any => Type::Any,
            Type::Structure(shape) => match shape.member(field) {
                Some(kind) => Type::of(kind),
                None => {
                    let names = shape.names();
                    let names: Vec<&str> = names.iter().map(String::as_str).collect();
                    let right = suggestion(field, &names, &format!("the members of {} are", shape.name));
                    self.fault(place, format!("{} has no member `{field}`", shape.name), right);
                    Type::Any
                }
            },
            Type::List(_) => {
                let right = "its elements have members: `build.phases.exists(phase, phase.phaseType == \"BUILD\")`";
                self.fault(place, format!("`.{field}` of a list"), right);
                Type::Any
            }
            other => {
                self.fault(place, format!("`.{field}` of {other}"), format!("{other} has no members"));
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
                let right = format!("elements of one type: the first one is {element}");
                self.fault(self.place(part), format!("{found} in a list with {element}"), right);
                break;
            }
        }
        if !list.optional_indices.is_empty() {
            self.fault(self.place(node), "optional elements", "a list without `?`");
        }
        Type::List(Box::new(element))
    }

    /// What the crate makes of `list.all(x, …)` and its like.
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
                self.fault(place, format!("`{name}` over {other}"), "loops go over lists");
                Type::Any
            }
        };
        let Some(body) = body else {
            let right = "`all`, `exists` and `exists_one` look at each element; no list is built";
            self.fault(place, format!("no function `{name}`"), right);
            return Type::Any;
        };
        let Some(elements) = self.elements(&parts.iter_range) else {
            let right = "a list of the build or of the project, or one of texts, numbers and bools written out";
            self.fault(self.place(&parts.iter_range), format!("`{name}` over a list that is made up"), right);
            return Type::Bool;
        };
        let outside = self.repeats;
        self.repeats = self.repeats.saturating_mul(elements);
        // The crate keeps the loop's state beside the condition.
        self.charge(4);
        self.loops.push((&parts.iter_var, element));
        let found = self.type_of(body, depth + 3);
        self.loops.pop();
        self.repeats = outside;
        if !Type::Bool.fits(&found) {
            self.fault(self.place(body), format!("the condition of `{name}` is {found}"), "a bool");
        }
        Type::Bool
    }

    /// How many elements a loop's list is taken to have. One that is made up while the
    /// expression is evaluated has none: a loop over it could make texts ever longer.
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

    /// Counts steps, each as often as the loops it stands in run.
    fn charge(&mut self, steps: u64) {
        self.steps = self.steps.saturating_add(self.repeats.saturating_mul(steps));
    }

    /// Notes what is wrong at a byte of the text.
    fn fault(&mut self, place: usize, found: impl Into<String>, right: impl Into<String>) {
        let start = self.text.get(..place).map_or(0, |before| before.chars().count());
        self.faults.push(Located { start, found: found.into(), right: right.into() });
    }

    /// Where a node stands: its operator, its bracket, or its first character. In bytes.
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

    /// Where the name of a field stands that follows a dot at or after a node.
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

    /// The word before the bracket at which a call stands, and where.
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
