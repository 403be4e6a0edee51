//! The functions an expression can call, and what they take and give.
//!
//! They are CEL's standard ones as far as a build has values for them
//! (<https://github.com/google/cel-spec/blob/master/doc/langdef.md#list-of-standard-definitions>),
//! and `glob`.

use super::types::Type;

/// One way to call a function: with the value it is called on first, where it is called on one.
pub(super) struct Overload {
    pub(super) name: &'static str,
    pub(super) style: Style,
    pub(super) takes: &'static [Take],
    gives: Take,
}

/// How a function is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// `size(x)`
    Global,
    /// `x.startsWith(y)`
    Method,
}

/// A type, in a constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Take {
    Bool,
    Int,
    Double,
    Text,
    Time,
    Duration,
    AnyList,
}

impl Take {
    fn accepts(self, found: &Type) -> bool {
        match (self, found) {
            (_, Type::Any) | (Self::AnyList, Type::List(_)) => true,
            (take, found) => *found == take.as_type(),
        }
    }

    pub(super) fn as_type(self) -> Type {
        match self {
            Self::Bool => Type::Bool,
            Self::Int => Type::Int,
            Self::Double => Type::Double,
            Self::Text => Type::Text,
            Self::Time => Type::Time,
            Self::Duration => Type::Duration,
            Self::AnyList => Type::List(Box::new(Type::Any)),
        }
    }
}

impl Overload {
    pub(super) fn gives(&self) -> Type {
        self.gives.as_type()
    }

    pub(super) fn accepts(&self, found: &[Type]) -> bool {
        self.takes.len() == found.len() && self.takes.iter().zip(found).all(|(take, found)| take.accepts(found))
    }

    /// As one would write it: `string.startsWith(string)`.
    pub(super) fn written(&self) -> String {
        let words: Vec<String> = self.takes.iter().map(|take| take.as_type().bare()).collect();
        match (self.style, words.split_first()) {
            (Style::Method, Some((target, rest))) => format!("{target}.{}({})", self.name, rest.join(", ")),
            _ => format!("{}({})", self.name, words.join(", ")),
        }
    }
}

const fn global(name: &'static str, takes: &'static [Take], gives: Take) -> Overload {
    Overload { name, style: Style::Global, takes, gives }
}

const fn method(name: &'static str, takes: &'static [Take], gives: Take) -> Overload {
    Overload { name, style: Style::Method, takes, gives }
}

use Take::{AnyList, Bool, Double, Duration, Int, Text, Time};

/// Every one.
pub(super) const OVERLOADS: &[Overload] = &[
    method("startsWith", &[Text, Text], Bool),
    method("endsWith", &[Text, Text], Bool),
    method("contains", &[Text, Text], Bool),
    method("glob", &[Text, Text], Bool),
    method("matches", &[Text, Text], Bool),
    global("matches", &[Text, Text], Bool),
    global("size", &[Text], Int),
    global("size", &[AnyList], Int),
    method("size", &[Text], Int),
    method("size", &[AnyList], Int),
    global("duration", &[Text], Duration),
    global("timestamp", &[Text], Time),
    global("timestamp", &[Int], Time),
    global("string", &[Text], Text),
    global("string", &[Bool], Text),
    global("string", &[Int], Text),
    global("string", &[Double], Text),
    global("string", &[Time], Text),
    global("string", &[Duration], Text),
    global("int", &[Int], Int),
    global("int", &[Double], Int),
    global("int", &[Text], Int),
    global("int", &[Time], Int),
    global("double", &[Double], Double),
    global("double", &[Int], Double),
    global("double", &[Text], Double),
    global("bool", &[Bool], Bool),
    global("bool", &[Text], Bool),
    method("getFullYear", &[Time], Int),
    method("getFullYear", &[Time, Text], Int),
    method("getMonth", &[Time], Int),
    method("getMonth", &[Time, Text], Int),
    method("getDate", &[Time], Int),
    method("getDate", &[Time, Text], Int),
    method("getDayOfMonth", &[Time], Int),
    method("getDayOfMonth", &[Time, Text], Int),
    method("getDayOfWeek", &[Time], Int),
    method("getDayOfWeek", &[Time, Text], Int),
    method("getDayOfYear", &[Time], Int),
    method("getDayOfYear", &[Time, Text], Int),
    method("getHours", &[Time], Int),
    method("getHours", &[Time, Text], Int),
    method("getHours", &[Duration], Int),
    method("getMinutes", &[Time], Int),
    method("getMinutes", &[Time, Text], Int),
    method("getMinutes", &[Duration], Int),
    method("getSeconds", &[Time], Int),
    method("getSeconds", &[Time, Text], Int),
    method("getSeconds", &[Duration], Int),
    method("getMilliseconds", &[Time], Int),
    method("getMilliseconds", &[Time, Text], Int),
    method("getMilliseconds", &[Duration], Int),
];

/// The macros, which are no functions: they look at their arguments unevaluated.
pub(super) const MACROS: &[&str] = &["has", "all", "exists", "exists_one"];

/// The names of all functions and macros, each once.
pub(super) fn names() -> Vec<&'static str> {
    let mut names: Vec<&str> = MACROS.to_vec();
    for overload in OVERLOADS {
        if !names.contains(&overload.name) {
            names.push(overload.name);
        }
    }
    names
}
