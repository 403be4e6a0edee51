//! Hints for words and operators that SQL, Python, JavaScript and other languages have, but CEL does not.
//!
//! A hint is part of a fault that exists anyway: it never refuses an expression.

use super::{
    Variable,
    functions::{OVERLOADS, Style},
    split::pieces,
    time::Length,
    types::Type,
};
use crate::model::{Build, Project, shape::MemberType};

/// The hint for `null`.
pub(super) const HAS: &str = "test whether a member exists with `has(build.vpcConfig)`";
/// The hint for a member or a key of a list.
pub(super) const ELEMENTS: &str = "look at its elements: `build.phases.exists(phase, phase.phaseType == \"BUILD\")`";

const PATTERN: &str = "use `branch.glob(\"release/*\")`, or `matches` with a regular expression";

/// A correction, and the replacement of the wrong word if that is enough.
pub(super) type Hint<'t> = (String, Option<&'t str>);

/// Returns how to correct a text whose syntax is wrong at the byte `place`.
pub(super) fn of_syntax(text: &str, place: usize) -> Option<String> {
    let (head, rest) = text.split_at_checked(place)?;
    // Strings are pieces of their own, and comments are left out.
    let before: Vec<&str> = pieces(head).iter().map(|piece| piece.text).collect();
    let after: Vec<&str> = pieces(rest).iter().map(|piece| piece.text).collect();
    let at = |index: usize| after.get(index).copied().unwrap_or_default();
    let (previous, word) = (before.last().copied().unwrap_or_default(), at(0));
    let help = match (previous.to_lowercase().as_str(), word.to_lowercase().as_str()) {
        (_, "and") => return Some(instead("&&", word)),
        (_, "or") => return Some(instead("||", word)),
        (_, "not") if at(1).eq_ignore_ascii_case("in") => "use `!(x in [\"main\", \"dev\"])` instead of `not in`",
        (_, "not") => return Some(negated(word, after.get(1..)?)),
        ("not", _) => return Some(negated(previous, &after)),
        (_, "is") => match at(1).eq_ignore_ascii_case("not") {
            false if is_null(at(1)) => HAS,
            true if is_null(at(2)) => HAS,
            false => "use `==` instead of `is`",
            true => "use `!=` instead of `is not`",
        },
        (_, "like" | "ilike" | "rlike") => PATTERN,
        _ if ["=~", "!~", "~"].iter().any(|operator| rest.starts_with(operator)) => PATTERN,
        (_, "=") if rest.starts_with("=>") => "write `build.phases.exists(phase, phase.phaseType == \"BUILD\")`",
        ("==", "=") => "use `==` instead of `===`",
        ("!=", "=") => "use `!=` instead of `!==`",
        ("<", ">") => "use `!=` instead of `<>`",
        (_, "=") => "use `==` to compare",
        (_, "&") => "use `&&`",
        (_, "|") => "use `||`",
        (_, "," | "}") if is_in_a_list(&before) => "write a list as `[\"main\", \"dev\"]`",
        (_, "if" | "then" | "else") => "use `condition ? one : other` instead of `if`",
        (_, "") if before.windows(2).any(|two| two == ["?", "."]) => "test whether a member exists with `has(…)`",
        (_, "") if before.contains(&"?") && !before.contains(&":") => "write `condition ? one : other`",
        (_, "“" | "”" | "‘" | "’" | "`") => "put a string into straight quotes: `\"main\"`",
        (_, "#") => "begin a comment with `//`",
        (_, "?") => "test whether a member exists with `has(…)`",
        _ if is_string(word) && is_operand(previous) => "write an operator or a comma before the string",
        _ if rest.starts_with(['"', '\'']) => "write a string as `\"main\"`, with every backslash in it twice",
        _ if is_method_of_text(word) => return Some(format!("write a call: `branch.{word}(\"main\")`")),
        _ => return duration(head, &before, word),
    };
    Some(help.to_owned())
}

/// Returns how to correct the call of an unknown function.
pub(super) fn of_function(name: &str, style: Style, arguments: usize) -> Option<Hint<'static>> {
    let ours = match name.to_lowercase().as_str() {
        "not" => "!",
        "len" | "length" | "count" => "size",
        "any" | "some" => "exists",
        "every" => "all",
        "lower" | "tolower" | "tolowercase" | "lowerascii" | "upper" | "toupper" | "touppercase" | "upperascii" => {
            return Some(("ignore case with `branch.matches(\"(?i)^main$\")`".to_owned(), None));
        }
        "includes" => {
            let help = "use `contains` for a string, `x in list` for a list of strings, and `exists` for other lists";
            return Some((help.to_owned(), None));
        }
        _ => return None,
    };
    // It is enough to replace the word only if both are called in the same way.
    let is_called_alike = match ours {
        "!" => style == Style::Global,
        "size" => arguments == usize::from(style == Style::Global),
        _ => style == Style::Method && arguments == 2,
    };
    let fix = is_called_alike.then_some(ours);
    let help = match ours {
        _ if is_called_alike => instead(ours, name),
        "!" => "write `!` before what it negates: `!(branch == \"main\")`".to_owned(),
        "size" => "write `size(x)`".to_owned(),
        _ => format!("write `build.phases.{ours}(phase, phase.phaseType == \"BUILD\")`"),
    };
    Some((help, fix))
}

const CONTAINS: &str = "use `x in list` for a list, and `contains` for a string";

/// Returns how to search a list that a method of strings is called on.
pub(super) fn of_method_on_list(name: &str, element: &Type) -> Option<&'static str> {
    (name == "contains").then_some(if matches!(element, Type::Structure(_)) { ELEMENTS } else { CONTAINS })
}

/// Returns how to correct an unknown member of a list or a string.
pub(super) fn of_member(name: &str) -> Option<String> {
    matches!(name, "len" | "length" | "count" | "size").then(|| instead("size(x)", &format!("x.{name}")))
}

/// Returns how to correct an unknown variable.
pub(super) fn of_variable(name: &str) -> Option<Hint<'static>> {
    let ours = ["true", "false"].into_iter().find(|word| word.eq_ignore_ascii_case(name));
    match ours {
        Some(ours) => Some((instead(ours, name), Some(ours))),
        None => is_null(name).then(|| (HAS.to_owned(), None)),
    }
}

/// The path of a member that is written without `build`, or without the structure that contains it: `initiator`,
/// `computeType`.
pub(super) fn path_of(name: &str) -> Option<String> {
    match Build::SHAPE.member(name) {
        Some(_) => Some(format!("build.{name}")),
        None => within_build(name).or_else(|| of_project(name)),
    }
}

/// The path of a name that is not a member of the build itself, but a variable, a member of one of the build's
/// structures, or a member of its project.
pub(super) fn elsewhere(name: &str) -> Option<String> {
    let is_structure = |variable: &Variable| matches!(Type::of_variable(*variable), Type::Structure(_));
    let variable = Variable::named(name).filter(|variable| !is_structure(variable));
    variable.map(|_| name.to_owned()).or_else(|| within_build(name)).or_else(|| of_project(name))
}

/// The path of a member that only one structure of a Build has.
fn within_build(name: &str) -> Option<String> {
    let structures = Build::SHAPE.names().into_iter().filter_map(|outer| match Build::SHAPE.member(&outer) {
        Some(MemberType::Structure(shape)) => shape.member(name).map(|_| outer),
        _ => None,
    });
    let structures: Vec<String> = structures.collect();
    let [outer] = &structures[..] else { return None };
    Some(format!("build.{outer}.{name}"))
}

fn of_project(name: &str) -> Option<String> {
    match name {
        // A Build contains it, too.
        "name" => Some("build.projectName".to_owned()),
        _ => Project::SHAPE.member(name).map(|_| format!("project.{name}")),
    }
}

fn instead(ours: &str, theirs: &str) -> String {
    format!("use `{ours}` instead of `{theirs}`")
}

/// How to write `not` before these pieces.
fn negated(not: &str, operand: &[&str]) -> String {
    let compares = operand.iter().any(|piece| ["==", "!=", "<", "<=", ">", ">=", "in"].contains(piece));
    match operand.first() {
        Some(&"(") | None => instead("!", not),
        Some(_) if compares => format!("use `!` and brackets instead of `{not}`: `!(branch == \"main\")`"),
        Some(_) => instead("!", not),
    }
}

fn is_null(word: &str) -> bool {
    ["null", "none", "nil", "undefined"].iter().any(|null| null.eq_ignore_ascii_case(word))
}

fn is_method_of_text(name: &str) -> bool {
    let is_method = |parameters: &[Type]| matches!(parameters, [Type::Text, Type::Text]);
    OVERLOADS.iter().any(|one| one.name == name && one.style == Style::Method && is_method(&one.parameters))
}

/// Returns whether the innermost open bracket follows `in`.
fn is_in_a_list(before: &[&str]) -> bool {
    let mut open = Vec::new();
    for (index, piece) in before.iter().enumerate() {
        match *piece {
            "(" | "[" | "{" => open.push(index),
            ")" | "]" | "}" => {
                open.pop();
            }
            _ => {}
        }
    }
    let introduction = open.last().and_then(|index| before.get(index.checked_sub(1)?));
    introduction.is_some_and(|word| *word == "in")
}

fn is_string(piece: &str) -> bool {
    let quote = piece.chars().next().filter(|first| ['"', '\''].contains(first));
    quote.is_some_and(|quote| piece.len() > 1 && piece.ends_with(quote))
}

/// Returns whether a piece may end an operand.
fn is_operand(piece: &str) -> bool {
    let is_word = |last: char| last.is_alphanumeric() || ['_', ')', ']', '"', '\''].contains(&last);
    piece != "in" && piece.chars().next_back().is_some_and(is_word)
}

/// Common names for units of time, in lower case and without a final `s`. The empty name stands for `s` itself.
const UNITS: [&str; 11] = ["", "sec", "second", "m", "min", "minute", "h", "hr", "hour", "d", "day"];

/// Returns how to write a duration whose unit follows a number: `30m`, `30 minutes`.
fn duration(head: &str, before: &[&str], unit: &str) -> Option<String> {
    let (number, rest) = before.split_last()?;
    let is_number = number.chars().all(|digit| digit.is_ascii_digit());
    let written = format!("{number}{unit}");
    let is_unit = UNITS.contains(&unit.trim_end_matches('s').to_lowercase().as_str());
    if !is_number || unit.is_empty() || !(is_unit || Length::parse(&written).is_ok()) {
        return None;
    }
    let is_whole = head.ends_with(number) && rest.last() != Some(&".") && Length::parse(&written).is_ok();
    Some(format!("write a duration as `duration(\"{}\")`", if is_whole { &written } else { "90m" }))
}
