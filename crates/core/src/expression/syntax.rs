//! Syntax errors, in words for people.

use cel::ParseErrors;

use super::{ExpressionFault, hints};
use crate::diagnostic::Code;

/// Returns the first error: those after it are mostly its consequences.
pub(super) fn fault(errors: &ParseErrors, text: &str) -> ExpressionFault {
    // Errors about the crate's own tree are consequences as well.
    let is_inner = |message: &str| message.starts_with("Incomplete") || message.starts_with("No `");
    let Some(error) = errors.errors.iter().find(|error| error.pos != (0, 0) && !is_inner(&error.msg)) else {
        return ExpressionFault::new(Code::ExpressionSyntax, 0, "the expression is not CEL", EXAMPLE);
    };
    let (line, column) = error.pos;
    let start = offset(text, usize::try_from(line).unwrap_or(1), usize::try_from(column).unwrap_or(1));
    let rest: String = text.chars().skip(start).collect();
    let word: String = rest.chars().take_while(|character| character.is_alphanumeric() || *character == '_').collect();
    let message = match rest.chars().next() {
        _ if error.msg.contains("Recursion limit") => "brackets are nested too deeply".to_owned(),
        None if text.trim().is_empty() => "the expression is empty".to_owned(),
        None => "the expression ends too early".to_owned(),
        _ if error.msg.starts_with("reserved") => format!("`{word}` is a reserved word of CEL"),
        _ if error.msg.starts_with("unsupported syntax") => "optional values are not supported".to_owned(),
        _ if error.msg.contains("has()") => "the argument of `has` is not a member".to_owned(),
        _ if error.msg.contains("simple name") => "the loop variable is not a name".to_owned(),
        _ if error.msg.contains("int literal") => "the number is out of range".to_owned(),
        Some(quote @ ('"' | '\'')) if error.msg.contains("token recognition") => {
            format!("unterminated string, or unknown escape in it, after `{quote}`")
        }
        _ if word.is_empty() => format!("unexpected `{}`", rest.chars().next().unwrap_or_default()),
        _ => format!("unexpected `{word}`"),
    };
    let place = text.char_indices().nth(start).map_or(text.len(), |(place, _)| place);
    let help = match hints::of_syntax(text, place) {
        _ if error.msg.contains("Recursion limit") => "split the expression into several rules".to_owned(),
        _ if error.msg.contains("has()") => "write `has(build.vpcConfig)`".to_owned(),
        _ if error.msg.contains("int literal") => "use a number of at most 64 bits".to_owned(),
        _ if error.msg.contains("simple name") => {
            "write `build.phases.exists(phase, phase.phaseType == \"BUILD\")`".to_owned()
        }
        Some(hint) => hint,
        None if error.msg.contains("missing ')'") => "close every `(` with a `)`".to_owned(),
        None => EXAMPLE.to_owned(),
    };
    ExpressionFault::new(Code::ExpressionSyntax, start, message, help)
}

const EXAMPLE: &str = "write an expression such as `build.environment.privilegedMode && branch != \"main\"`";

/// Returns the number of characters before a line and column, which count from 1.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let lines = text.split_inclusive('\n').take(line.saturating_sub(1));
    let before: usize = lines.map(|line| line.chars().count()).sum();
    (before + column.saturating_sub(1)).min(text.chars().count())
}
