//! The functions that an expression can call, with their signatures.
//!
//! They are CEL's standard functions on the types that a build has
//! (<https://github.com/google/cel-spec/blob/master/doc/langdef.md#list-of-standard-definitions>),
//! and `glob`.

use std::sync::LazyLock;

use super::types::Type::{self, Bool, Double, Duration, Int, Text, Time};

/// The macros. They are not functions, since they take their arguments unevaluated.
pub(super) const MACROS: &[&str] = &["has", "all", "exists", "exists_one"];

/// All signatures of all functions.
pub(super) static OVERLOADS: LazyLock<Vec<Overload>> = LazyLock::new(overloads);

/// One signature of a function.
pub(super) struct Overload {
    pub(super) name: &'static str,
    pub(super) style: Style,
    /// The types of the arguments. The first one of a method is the value that it is called on.
    pub(super) parameters: Vec<Type>,
    pub(super) result: Type,
}

/// The style in which a function is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// `size(x)`
    Global,
    /// `x.startsWith(y)`
    Method,
}

impl Overload {
    pub(super) fn accepts(&self, arguments: &[Type]) -> bool {
        self.parameters.len() == arguments.len()
            && self.parameters.iter().zip(arguments).all(|(parameter, argument)| parameter.fits(argument))
    }

    /// The signature as text: `string.startsWith(string)`.
    pub(super) fn signature(&self) -> String {
        let names: Vec<String> = self.parameters.iter().map(Type::name).collect();
        match (self.style, names.split_first()) {
            (Style::Method, Some((target, rest))) => format!("{target}.{}({})", self.name, rest.join(", ")),
            _ => format!("{}({})", self.name, names.join(", ")),
        }
    }
}

/// The names of all functions and macros, each once.
pub(super) fn names() -> Vec<&'static str> {
    let mut names: Vec<&str> = MACROS.to_vec();
    for overload in OVERLOADS.iter() {
        if !names.contains(&overload.name) {
            names.push(overload.name);
        }
    }
    names
}

fn overloads() -> Vec<Overload> {
    let list = || Type::List(Box::new(Type::Any));
    let mut overloads = vec![
        method("startsWith", [Text, Text], Bool),
        method("endsWith", [Text, Text], Bool),
        method("contains", [Text, Text], Bool),
        method("glob", [Text, Text], Bool),
        method("matches", [Text, Text], Bool),
        global("matches", [Text, Text], Bool),
        global("size", [Text], Int),
        global("size", [list()], Int),
        method("size", [Text], Int),
        method("size", [list()], Int),
        global("duration", [Text], Duration),
        global("timestamp", [Text], Time),
        global("timestamp", [Int], Time),
    ];
    overloads.extend([Text, Bool, Int, Double, Time, Duration].map(|from| global("string", [from], Text)));
    overloads.extend([Int, Double, Text, Time].map(|from| global("int", [from], Int)));
    overloads.extend([Double, Int, Text].map(|from| global("double", [from], Double)));
    overloads.extend([Bool, Text].map(|from| global("bool", [from], Bool)));
    for name in ["getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear"] {
        overloads.extend([method(name, [Time], Int), method(name, [Time, Text], Int)]);
    }
    for name in ["getHours", "getMinutes", "getSeconds", "getMilliseconds"] {
        overloads.extend([method(name, [Time], Int), method(name, [Time, Text], Int), method(name, [Duration], Int)]);
    }
    overloads
}

fn global(name: &'static str, parameters: impl Into<Vec<Type>>, result: Type) -> Overload {
    Overload { name, style: Style::Global, parameters: parameters.into(), result }
}

fn method(name: &'static str, parameters: impl Into<Vec<Type>>, result: Type) -> Overload {
    Overload { name, style: Style::Method, parameters: parameters.into(), result }
}
