//! Calls: the function that is called, and its literals.

use cel::{
    IdedExpr,
    common::ast::{CallExpr, Expr, LiteralValue},
};
use regex_lite::RegexBuilder;

use super::{
    Checker,
    anchors::half_anchored,
    constants::{called, has_value},
};
use crate::{
    diagnostic::Code,
    expression::{
        functions::{MACROS, OVERLOADS, Overload, Style, names},
        hints, limits,
        time::{DurationError, Length},
        types::Type,
    },
    pattern::Pattern,
    yaml::words::quoted_list,
};

impl<'a> Checker<'a> {
    pub(super) fn call(&mut self, node: &'a IdedExpr, call: &'a CallExpr, depth: usize) -> Type {
        let faults = self.faults.len();
        let result = match self.operator(node, call, depth) {
            Some(result) => result,
            None => self.function(node, call, depth),
        };
        let mut parts = call.target.iter().map(AsRef::as_ref).chain(&call.args);
        let is_constant = parts.all(|part| matches!(part.expr, Expr::Literal(_)));
        let is_ours = matches!(call.func_name.as_str(), "matches" | "glob");
        if self.faults.len() == faults && is_constant && !is_ours && !has_value(node) {
            let (found, help) = without_value(call);
            self.fault(Code::InvalidLiteral, self.place(call.args.first().unwrap_or(node)), found, help);
        }
        result
    }

    fn function(&mut self, node: &'a IdedExpr, call: &'a CallExpr, depth: usize) -> Type {
        let name = call.func_name.as_str();
        let (place, _) = self.word_before(node);
        let style = if call.target.is_some() { Style::Method } else { Style::Global };
        let parts: Vec<&IdedExpr> = call.target.iter().map(AsRef::as_ref).chain(&call.args).collect();
        let overloads: Vec<&Overload> = OVERLOADS.iter().filter(|overload| overload.name == name).collect();
        if overloads.is_empty() {
            // Skip the arguments: those of a macro would be full of unknown names.
            if MACROS.contains(&name) {
                let help =
                    "write `has(build.vpcConfig)`, `list.all(x, …)`, `list.exists(x, …)` or `list.exists_one(x, …)`";
                self.fault(Code::WrongArguments, place, format!("wrong arguments for `{name}`"), help);
            } else {
                let found = format!("unknown function `{name}`");
                match hints::of_function(name, style, call.args.len()) {
                    Some(hint) => self.hint(Code::UnknownFunction, place, found, name, hint),
                    None => self.unknown(Code::UnknownFunction, place, found, name, &names(), "the functions are"),
                }
            }
            return Type::Any;
        }
        let types: Vec<Type> = parts.iter().map(|part| self.type_of(part, depth + 1)).collect();
        let Some(overload) = overloads.iter().find(|overload| overload.style == style && overload.accepts(&types))
        else {
            let signatures: Vec<String> = overloads.iter().map(|overload| overload.signature()).collect();
            let signatures: Vec<&str> = signatures.iter().map(String::as_str).collect();
            let given: Vec<String> = types.iter().map(Type::to_string).collect();
            let found = match given.as_slice() {
                [] => format!("`{name}` called without arguments"),
                [target, rest @ ..] if style == Style::Method && rest.is_empty() => {
                    format!("`{name}` called on {target}")
                }
                [target, rest @ ..] if style == Style::Method => {
                    format!("`{name}` called on {target} with {}", rest.join(" and "))
                }
                given => format!("`{name}` called with {}", given.join(" and ")),
            };
            let hint = match types.first() {
                Some(Type::List(element)) => hints::of_method_on_list(name, element),
                _ => None,
            };
            let how = if signatures.len() == 1 { "call it as" } else { "use one of" };
            let help = hint.map_or_else(|| format!("{how} {}", quoted_list(&signatures)), str::to_owned);
            self.fault(Code::WrongArguments, place, found, help);
            return overloads.first().map_or(Type::Any, |overload| overload.result.clone());
        };
        self.literals_of(name, &parts);
        self.part_of_text(name, &parts);
        overload.result.clone()
    }

    /// Checks the arguments that must be literals, so that faults are found when the policy is
    /// loaded, and each is parsed once.
    fn literals_of(&mut self, name: &str, parts: &[&'a IdedExpr]) {
        let (wanted, what) = match (name, parts) {
            ("matches", [_, regex]) => (regex, "a regular expression"),
            ("glob", [_, pattern]) => (pattern, "a pattern"),
            ("duration", [duration]) => (duration, "a duration"),
            (name, [_, zone]) if name.starts_with("get") => (zone, "a time zone"),
            _ => return,
        };
        let place = self.place(wanted);
        let Expr::Literal(LiteralValue::String(literal)) = &wanted.expr else {
            let help = format!("write {what} in quotes, so that it can be checked when the policy is loaded");
            return self.fault(
                Code::InvalidLiteral,
                place,
                format!("the {} is not a literal", what.trim_start_matches("a ")),
                help,
            );
        };
        let text = literal.inner();
        let refused = match name {
            "matches" => {
                self.charge(50);
                let refused = self.regex(text).err();
                let is_raw = self.text.get(place..).is_some_and(|literal| literal.starts_with(['r', 'R']));
                self.warn(Code::HalfAnchored, wanted, half_anchored(text, is_raw).into_iter().collect());
                refused
            }
            "glob" => {
                self.charge(5);
                self.pattern(text).err()
            }
            "duration" => Length::parse(text).err().map(|error| match error {
                DurationError::Syntax => {
                    "use numbers with the units `h`, `m`, `s` and `ms`, without spaces, as in `90m` or `1h30m`".into()
                }
                DurationError::OutOfRange => "use at most `2562047h`, about 292 years".into(),
            }),
            _ if !is_zone(wanted) => Some(
                "use a name of the time zone database, such as `Europe/Berlin`, or an offset, such as `+01:00`".into(),
            ),
            _ => None,
        };
        if let Some(help) = refused {
            self.fault(Code::InvalidLiteral, place, format!("`{text}` is not {what}"), help);
        }
    }

    fn regex(&mut self, text: &str) -> Result<(), String> {
        if text.len() > limits::PATTERN {
            return Err(format!("use at most {} bytes", limits::PATTERN));
        }
        let regex = RegexBuilder::new(text).size_limit(limits::REGEX).nest_limit(20).build();
        let regex = regex.map_err(|error| format!("correct the expression: {error}"))?;
        self.literals.regexes.insert(text.to_owned(), regex);
        Ok(())
    }

    fn pattern(&mut self, text: &str) -> Result<(), String> {
        if text.len() > limits::PATTERN {
            return Err(format!("use at most {} bytes", limits::PATTERN));
        }
        let pattern: Pattern = text.parse().map_err(|error| format!("correct the pattern: {error}"))?;
        self.literals.patterns.insert(text.to_owned(), pattern);
        Ok(())
    }
}

/// Returns whether a time zone exists, by evaluating the hour of a timestamp in it.
fn is_zone(zone: &IdedExpr) -> bool {
    let number = |number: i64| IdedExpr { id: 0, expr: Expr::Literal(LiteralValue::Int(number.into())) };
    let epoch = called("timestamp", None, vec![number(0)]);
    has_value(&called("getHours", Some(Box::new(epoch)), vec![zone.clone()]))
}

fn without_value(call: &CallExpr) -> (String, &'static str) {
    let text = match call.args.first().map(|argument| &argument.expr) {
        Some(Expr::Literal(LiteralValue::String(text))) => text.inner(),
        _ => {
            return ("the constant cannot be computed".to_owned(), "avoid a division by zero and numbers out of range");
        }
    };
    match call.func_name.as_str() {
        "timestamp" => (format!("`{text}` is not a timestamp"), "use RFC 3339, as in `2027-01-31T00:00:00Z`"),
        "int" => (format!("`{text}` is not an int"), "use digits"),
        "double" => (format!("`{text}` is not a double"), "use digits and a point"),
        "bool" => (format!("`{text}` is not a bool"), "use `true` or `false`"),
        _ => ("the constant cannot be computed".to_owned(), "use values that the function accepts"),
    }
}
