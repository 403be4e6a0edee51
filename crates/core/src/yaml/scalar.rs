//! Values that a YAML file contains as a single scalar.

use crate::diagnostic::Code;

/// A value that is parsed from one scalar.
pub(crate) trait FromScalar: Sized {
    /// The code of an invalid value.
    const CODE: Code;
    /// The expected value, as the end of "use …": lower case, no full stop.
    const EXPECTED: &'static str;

    /// All values, if the value is one of a fixed list of words.
    fn words() -> Vec<&'static str> {
        Vec::new()
    }

    /// Parses the scalar. The error completes a message that starts with the scalar:
    /// "is not a duration".
    fn from_scalar(text: &str) -> Result<Self, String>;
}

impl FromScalar for String {
    const CODE: Code = Code::EmptyText;
    const EXPECTED: &'static str = "a text that is not empty";

    fn from_scalar(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() { Err("is empty".into()) } else { Ok(text.to_owned()) }
    }
}
