//! What the crate says of a text that is no CEL, said for a person.

use cel::ParseErrors;

use super::Located;

/// The first error: those after it are mostly its consequences.
pub(super) fn fault(errors: &ParseErrors, text: &str) -> Located {
    // Some tell what the crate's own tree lacks, which is a consequence as well.
    let is_inner = |message: &str| message.starts_with("Incomplete") || message.starts_with("No `");
    let Some(error) = errors.errors.iter().find(|error| error.pos != (0, 0) && !is_inner(&error.msg)) else {
        return Located { start: 0, found: "this is not CEL".into(), right: EXAMPLE.into() };
    };
    let (line, column) = error.pos;
    let start = offset(text, usize::try_from(line).unwrap_or(1), usize::try_from(column).unwrap_or(1));
    let rest: String = text.chars().skip(start).collect();
    let word: String = rest.chars().take_while(|character| character.is_alphanumeric() || *character == '_').collect();
    let found = match rest.chars().next() {
        _ if error.msg.contains("Recursion limit") => "too many brackets within one another".to_owned(),
        None if text.trim().is_empty() => "an empty expression".to_owned(),
        None => "the expression ends too early".to_owned(),
        _ if error.msg.starts_with("reserved") => format!("`{word}` is a word that CEL keeps for itself"),
        _ if error.msg.starts_with("unsupported syntax") => "optional values are not known here".to_owned(),
        _ if error.msg.contains("has()") => "`has` of something that is no member".to_owned(),
        _ if error.msg.contains("simple name") => "a loop variable that is no name".to_owned(),
        _ if error.msg.contains("int literal") => "a number out of range".to_owned(),
        Some(quote @ ('"' | '\'')) if error.msg.contains("token recognition") => {
            format!("a text that does not end, or holds an escape that CEL does not know, after `{quote}`")
        }
        _ if word.is_empty() => format!("`{}` does not belong here", rest.chars().next().unwrap_or_default()),
        _ => format!("`{word}` does not belong here"),
    };
    // What other languages write for it.
    let before: String = text.chars().take(start).collect();
    let right = match (word.as_str(), rest.chars().next()) {
        _ if error.msg.contains("Recursion limit") => "fewer of them: make several rules of it",
        _ if error.msg.contains("missing ')'") => "a `)` for every `(`",
        ("and", _) => "`&&` is CEL's `and`",
        ("or", _) => "`||` is CEL's `or`",
        ("is", _) => "`==` is CEL's `is`",
        _ if before.trim_end().ends_with("not") => "`!` is CEL's `not`",
        (_, Some('=')) => "`==` compares",
        (_, Some('&')) => "`&&`",
        (_, Some('|')) => "`||`",
        (_, Some('#')) => "`//` begins a comment of CEL's",
        (_, Some('?')) => "`has(…)` tells whether a member is there",
        (_, Some('"' | '\'')) => "a text between quotes: `\"main\"`; a backslash in it is written twice",
        _ if error.msg.contains("has()") => "`has(build.vpcConfig)`",
        _ if error.msg.contains("simple name") => "`build.phases.exists(phase, phase.phaseType == \"BUILD\")`",
        _ => EXAMPLE,
    };
    Located { start, found, right: right.to_owned() }
}

const EXAMPLE: &str = "an expression as in `build.environment.privilegedMode && branch != \"main\"`";

/// How many characters stand before a line and column, which count from 1.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let lines = text.split_inclusive('\n').take(line.saturating_sub(1));
    let before: usize = lines.map(|line| line.chars().count()).sum();
    (before + column.saturating_sub(1)).min(text.chars().count())
}
