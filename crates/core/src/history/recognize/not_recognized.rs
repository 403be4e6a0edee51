//! Why JSON of a history was not recognized.

/// The reason why a value was not recognized. It quotes nothing of the value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRecognized {
    /// It is not JSON.
    #[error("this is not JSON from line {line}, column {column} of the value on; it may be cut off")]
    NotJson {
        /// The line at which parsing stopped, from 1.
        line: usize,
        /// The byte in that line, from 1; 0 before the first.
        column: usize,
    },
    /// It is not UTF-8, as JSON has to be.
    #[error("this is not UTF-8; save the file as UTF-8")]
    NotUtf8,
    /// It has the members of a structure or an event of CodeBuild, but no valid build id.
    #[error("this is {0} without a valid build id; `id` is `PROJECT:UUID`, and `arn` ends with it")]
    NoBuild(&'static str),
    /// It is an event whose parts name two accounts or regions.
    #[error("this is an event that names two accounts, regions or partitions; leave it out")]
    TwoPlaces,
    /// It is a string.
    #[error("this is a string, not a build; parse it first, such as with `jq fromjson`")]
    String,
    /// It is of another kind, which is known.
    #[error("this is {what}, which describes no build; {help}")]
    Foreign {
        /// The kind, as a noun.
        what: &'static str,
        /// The advice.
        help: &'static str,
    },
    /// It is of an unknown kind.
    #[error("this is JSON of an unknown kind, not a build, an event or a record; leave it out")]
    UnknownKind,
}

impl From<serde_json::Error> for NotRecognized {
    fn from(error: serde_json::Error) -> Self {
        Self::NotJson { line: error.line(), column: error.column() }
    }
}
