//! Comparisons with a constant that no build can have: a misspelt word of the API, a thirteenth
//! month, a branch by its full name.

use cel::{
    IdedExpr,
    common::ast::{CallExpr, Expr, LiteralValue, operators as op},
};
use regex_lite::RegexBuilder;

use super::{
    Checker,
    constants::{Constant, constant},
    possible::{Possible, starters},
    range::flipped,
    regex::{WiderPattern, alternatives},
};
use crate::{
    diagnostic::Code,
    expression::{ClockComparison, ExpressionFault, Variable, limits, types::Type},
    facts::{
        possible::{Remark, is_wild},
        starter::starter_names,
        vocabulary::{COMPUTE_TYPES, compute_pattern, members::MemberReading, words_of},
    },
    pattern::Pattern,
    yaml::words::quoted_list,
};

/// The way in which a text is compared with another.
#[derive(Clone, Copy, PartialEq, Eq)]
enum TextComparison {
    /// `==`, `!=` and `in`.
    Whole,
    Starts,
    Ends,
    Contains,
    Glob,
    Matches,
}

impl TextComparison {
    fn named(function: &str) -> Option<Self> {
        Some(match function {
            "startsWith" => Self::Starts,
            "endsWith" => Self::Ends,
            "contains" => Self::Contains,
            "glob" => Self::Glob,
            "matches" => Self::Matches,
            _ => return None,
        })
    }

    /// The pattern that a text must match. A `*` in `text` is a wildcard only for `glob`.
    fn pattern(self, text: &str) -> String {
        match self {
            Self::Whole | Self::Glob | Self::Matches => text.to_owned(),
            Self::Starts => format!("{text}*"),
            Self::Ends => format!("*{text}"),
            Self::Contains => format!("*{text}*"),
        }
    }
}

impl TextComparison {
    /// Adapts the correction of a remark to the comparison: the correction is a pattern, and only `glob` compares a
    /// whole text with a pattern.
    fn corrected(self, remark: Remark) -> Remark {
        let glob = remark.replacement().map(|pattern| format!("use `glob(\"{}\")`", pattern.trim_matches('"')));
        match (self, glob) {
            (Self::Starts | Self::Ends | Self::Contains | Self::Matches, Some(help)) => Remark { help, ..remark },
            _ => remark,
        }
    }
}

impl<'a> Checker<'a> {
    /// Checks the constants of an operator that compares.
    pub(super) fn comparison(&mut self, node: &'a IdedExpr, call: &'a CallExpr) {
        let (name, [one, other]) = (call.func_name.as_str(), &call.args[..]) else { return };
        if name == op::IN
            && let Expr::List(list) = &other.expr
            && list.elements.is_empty()
        {
            let message = "this is never true: the list is empty".to_owned();
            self.warn(
                Code::DoubtfulComparison,
                node,
                vec![Remark { message, help: "write the values to compare with into the list".to_owned() }],
            );
        }
        for (subject, constants, is_left) in [(one, other, true), (other, one, false)] {
            let operator = if is_left { name } else { flipped(name) };
            if is_start(subject) && is_now(constants) {
                self.start_and_now(node, operator);
            }
            if is_now(subject)
                && let Some(Constant::Number(at)) = constant(constants)
            {
                self.clock.push(ClockComparison { operator: operator.to_owned(), at });
            }
            let Some(possible) = self.possible(subject) else { continue };
            let is_equality = matches!(name, op::EQUALS | op::NOT_EQUALS | op::IN);
            for (place, constant) in self.constants(constants) {
                match (&possible, constant) {
                    (Possible::Number(_), Constant::Number(number))
                        if is_equality && number.fract() != 0.0 && self.known_type(subject) == Some(Type::Int) =>
                    {
                        let message = format!("it is never {number}, since it is a whole number");
                        self.warn(
                            Code::DoubtfulComparison,
                            place,
                            vec![Remark { message, help: "write a whole number".to_owned() }],
                        );
                    }
                    (Possible::Number(range), Constant::Number(number)) if is_equality => {
                        self.conclude(place, range.includes(number));
                    }
                    (Possible::Number(range), Constant::Number(number)) => {
                        let operator = if is_left { name } else { flipped(name) };
                        self.conclude(node, range.is_compared(operator, number));
                    }
                    (_, Constant::Text(text)) if is_equality => {
                        self.text(&possible, TextComparison::Whole, place, &text)
                    }
                    _ => {}
                }
            }
        }
    }

    /// Checks the constants of `startsWith`, `endsWith`, `contains`, `glob` and `matches`.
    pub(super) fn part_of_text(&mut self, name: &str, parts: &[&'a IdedExpr]) {
        let (Some(comparison), [subject, constants]) = (TextComparison::named(name), parts) else { return };
        let Some(possible) = self.possible(subject) else { return };
        for (place, constant) in self.constants(constants) {
            if let Constant::Text(text) = constant {
                self.text(&possible, comparison, place, &text);
            }
        }
    }

    /// Warns about a comparison of a build's start with the time at which it is judged.
    fn start_and_now(&mut self, node: &'a IdedExpr, operator: &str) {
        let result = match operator {
            op::GREATER | op::GREATER_EQUALS | op::EQUALS => "never",
            op::LESS | op::LESS_EQUALS | op::NOT_EQUALS => "always",
            _ => return,
        };
        let message = format!("this is {result} true: a build is judged after its start");
        let help = "compare the time since then, as in `now - build.startTime > duration(\"1h\")`".to_owned();
        self.warn(Code::DoubtfulComparison, node, vec![Remark { message, help }]);
    }

    fn text(&mut self, possible: &Possible, comparison: TextComparison, place: &'a IdedExpr, text: &str) {
        if text.is_empty() {
            let is_name =
                matches!(possible, Possible::Starter | Possible::Status | Possible::Words(_) | Possible::Text(_));
            if is_name && comparison == TextComparison::Whole {
                let message = "this text is never empty: if a build lacks it, the member is absent".to_owned();
                self.warn(
                    Code::DoubtfulComparison,
                    place,
                    vec![Remark { message, help: "test whether it exists with `has(x)`".to_owned() }],
                );
            }
            return;
        }
        let is_literal = !matches!(comparison, TextComparison::Glob | TextComparison::Matches);
        if is_literal && text.contains('*') && !matches!(possible, Possible::Starter) {
            let message = format!("`{text}` is compared as it is: only `glob` has wildcards");
            let remark = Remark { message, help: format!("use `glob(\"{}\")`", comparison.pattern(text)) };
            return match possible {
                Possible::Plain => self.warn(Code::DoubtfulComparison, place, vec![remark]),
                _ => self.conclude(place, Err(remark)),
            };
        }
        let verdict = match possible {
            Possible::Starter => of_starters(comparison, text),
            Possible::Status => of_status(comparison, text),
            Possible::Words(words) if comparison == TextComparison::Whole => of_words(words, text),
            Possible::Words(words) => part_of_words(words, comparison, text),
            Possible::Text(read) if comparison == TextComparison::Matches => of_regex(*read, text),
            Possible::Text(read) => match comparison.pattern(text) {
                // An invalid pattern of `glob` has been reported already. Any other text is literal, and only unusual.
                pattern if pattern.parse::<Pattern>().is_err() => match is_literal {
                    true => Ok(vec![unusual(text)]),
                    false => return,
                },
                _ if is_literal && is_wild(text) => return,
                // `endsWith("/main")` may well mean branches such as `x/main`, so it gets no warning.
                pattern if comparison == TextComparison::Ends && text.starts_with('/') => {
                    read(&pattern).map(|_| Vec::new())
                }
                pattern => read(&pattern),
            },
            Possible::Plain | Possible::Number(_) => return,
        };
        self.conclude(place, verdict.map_err(|remark| comparison.corrected(remark)));
    }

    /// Adds a fault, or warnings, about a node.
    fn conclude(&mut self, node: &'a IdedExpr, verdict: Result<Vec<Remark>, Remark>) {
        match verdict {
            Ok(warnings) => self.warn(Code::DoubtfulComparison, node, warnings),
            Err(remark) => {
                let place = self.place(node);
                let quote = self.text.get(place..).and_then(|rest| rest.chars().next()).unwrap_or_default();
                let literal = |text: &str| format!("{quote}{}{quote}", text.trim_matches('"'));
                let text = text_of(node);
                let fix = text.and_then(|text| Some((literal(text), literal(remark.correction_of(text)?))));
                let Remark { message, help } = remark;
                self.fault_with_fix(Code::ImpossibleComparison, place, message, help, fix);
            }
        }
    }

    pub(super) fn warn(&mut self, code: Code, node: &'a IdedExpr, warnings: Vec<Remark>) {
        let start = self.text.get(..self.place(node)).map_or(0, |before| before.chars().count());
        for Remark { message, help } in warnings {
            let warning = ExpressionFault::new(code, start, message, help);
            if !self.warnings.contains(&warning) {
                self.warnings.push(warning);
            }
        }
    }
}

/// `build.startTime`.
fn is_start(node: &IdedExpr) -> bool {
    matches!(&node.expr, Expr::Select(select) if !select.test && select.field == "startTime"
        && matches!(&select.operand.expr, Expr::Ident(name) if name == Variable::Build.name()))
}

fn is_now(node: &IdedExpr) -> bool {
    matches!(&node.expr, Expr::Ident(name) if name == Variable::Now.name())
}

/// The text of a literal.
fn text_of(node: &IdedExpr) -> Option<&str> {
    match &node.expr {
        Expr::Literal(LiteralValue::String(text)) => Some(text.inner()),
        _ => None,
    }
}

fn unusual(text: &str) -> Remark {
    let inner = text.trim_matches(|c: char| c.is_whitespace() || c.is_control() || "^$[]{}".contains(c));
    let found = format!("`{text}` probably matches nothing, because of its brackets, anchors or white space");
    Remark::new(found, format!("`\"{inner}\"`, or use `matches` for a regular expression"))
}

fn of_words(words: &[&str], text: &str) -> Result<Vec<Remark>, Remark> {
    if words.contains(&text) {
        return Ok(Vec::new());
    }
    if let Some(word) = words.iter().find(|word| word.eq_ignore_ascii_case(text)) {
        return Err(Remark::new(
            format!("it is never `{text}`: the API's values are in upper case"),
            format!("`{word}`"),
        ));
    }
    if let Some((_, compute)) = text.split_once('/').filter(|_| words == COMPUTE_TYPES) {
        return Err(Remark::new(format!("it is never `{text}`: it has no environment type"), format!("`{compute}`")));
    }
    if words == COMPUTE_TYPES {
        return compute_pattern(text).map(|(_, warnings)| warnings);
    }
    // AWS may add it tomorrow.
    let message = format!("`{text}` is not a value of the API");
    Ok(vec![Remark { message, help: format!("the values are {}", quoted_list(words)) }])
}

/// An ended build is not judged, whatever its status.
fn of_status(comparison: TextComparison, text: &str) -> Result<Vec<Remark>, Remark> {
    const RUNNING: &str = "IN_PROGRESS";
    let words = words_of("Build", "buildStatus").unwrap_or_default();
    let warnings = match comparison {
        TextComparison::Whole => of_words(words, text)?,
        _ => part_of_words(words, comparison, text)?,
    };
    if !warnings.is_empty() || fits_a_word(&[RUNNING], comparison, text, false) {
        return Ok(warnings);
    }
    let message = format!("it is never `{text}` when a build is judged: the status is `{RUNNING}` until it ends");
    Ok(vec![Remark { message, help: "remove the comparison; an ended build is not judged".to_owned() }])
}

fn part_of_words(words: &[&str], comparison: TextComparison, text: &str) -> Result<Vec<Remark>, Remark> {
    if fits_a_word(words, comparison, text, false) {
        return Ok(Vec::new());
    }
    let help = format!("the values are {}", quoted_list(words));
    match fits_a_word(words, comparison, text, true) {
        true => Err(Remark { message: format!("no value of the API fits `{text}`: they are in upper case"), help }),
        false => Ok(vec![Remark { message: format!("no value of the API fits `{text}`"), help }]),
    }
}

fn of_starters(comparison: TextComparison, text: &str) -> Result<Vec<Remark>, Remark> {
    match fits_a_word(&starters(), comparison, text, false) {
        true => Ok(Vec::new()),
        false => Err(Remark {
            message: format!("`startedBy` is never `{text}`"),
            help: format!("it is one of {}", starter_names()),
        }),
    }
}

fn fits_a_word(words: &[&str], comparison: TextComparison, text: &str, ignores_case: bool) -> bool {
    if comparison == TextComparison::Matches {
        let regex = RegexBuilder::new(text).size_limit(limits::REGEX).case_insensitive(ignores_case).build();
        // An invalid regular expression has been reported already.
        return regex.map_or(true, |regex| words.iter().any(|word| regex.is_match(word)));
    }
    let pattern = comparison.pattern(text);
    let pattern = if ignores_case { pattern.to_ascii_uppercase() } else { pattern };
    pattern.parse().map_or(true, |pattern: Pattern| words.iter().any(|word| pattern.fits(word)))
}

/// Reports a regular expression if each of its alternatives matches no value or is probably a mistake.
fn of_regex(read: MemberReading, regex: &str) -> Result<Vec<Remark>, Remark> {
    let mut trouble = Vec::new();
    let all = alternatives(regex).unwrap_or_default();
    // A pattern in place of the expression is a correction only if it matches the same texts.
    let is_one_pattern = matches!(all.as_slice(), [WiderPattern { is_exact: true, .. }]);
    for WiderPattern { pattern, is_exact } in &all {
        match pattern.parse::<Pattern>().map(|_| read(pattern)) {
            Ok(Err(remark)) if is_one_pattern || remark.replacement().is_none() => trouble.push(Err(remark)),
            Ok(Err(Remark { message, .. })) => {
                let help = "correct the regular expression, which matches no value".to_owned();
                trouble.push(Err(Remark { message, help }));
            }
            Ok(Ok(warnings)) if *is_exact && !warnings.is_empty() => trouble.push(Ok(warnings)),
            Ok(Ok(_)) | Err(_) => return Ok(Vec::new()),
        }
    }
    trouble.into_iter().next().unwrap_or(Ok(Vec::new()))
}
