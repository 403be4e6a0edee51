//! Limits of the cost of parsing and evaluating an expression.
//!
//! A stack overflow cannot be caught: it ends the process. The crate's parser recurses for each
//! bracket and its evaluator for each term, so both are bounded before they start: the parser by
//! the length of the text and a stack of its own, the evaluator by the depth of the tree. The
//! figures were measured in a debug build, which needs several times the stack of a release
//! build.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    thread,
};

use super::ExpressionFault;
use crate::diagnostic::Code;

/// The length of the text, in bytes.
pub(super) const LENGTH: usize = 4_000;
/// The depth of nested operators and calls. An expression within it is evaluated on less than
/// 1 MiB of stack.
pub(super) const DEPTH: usize = 20;
/// The number of steps: evaluations of a node of the tree. A step takes well under a microsecond
/// on a whole CPU, and a function of 128 MB has a fourteenth of one.
pub(super) const STEPS: u64 = 200_000;
/// The number of elements that a list of the API is assumed to have when steps are counted.
pub(super) const ELEMENTS: u64 = 50;
/// The length of a regular expression or a pattern, in bytes.
pub(super) const PATTERN: usize = 200;
/// The size of a compiled regular expression, in bytes.
pub(super) const REGEX: usize = 8 << 10;

/// The size of the parser's stack, in bytes. Only the pages that are used take memory.
const STACK: usize = 64 << 20;

/// The greatest length, in bytes, of a text without brackets and signs that is parsed on less than a megabyte of stack.
pub(super) const SHORT: usize = 48;

/// Returns a fault if a text is too long to be parsed at all.
pub(super) fn length(text: &str) -> Result<(), ExpressionFault> {
    if text.len() <= LENGTH {
        return Ok(());
    }
    let message = format!("the expression has {} bytes", text.len());
    let help = format!("use at most {LENGTH} bytes, or split it into several rules");
    Err(ExpressionFault::new(Code::ExpressionTooCostly, 0, message, help))
}

/// Runs the parser of a text on a stack that no expression within [`LENGTH`] overflows. A short text is parsed on
/// the caller's stack: a thread takes longer than parsing, and a policy may have many expressions.
pub(super) fn on_a_large_stack<T: Send>(
    text: &str,
    parse: impl FnOnce() -> Result<T, Vec<ExpressionFault>> + Send,
) -> Result<T, Vec<ExpressionFault>> {
    let cannot = |message: &str| {
        let help = "write the expression in another way";
        Err(vec![ExpressionFault::new(Code::ExpressionTooCostly, 0, message, help)])
    };
    // A panic of the crate must not end the process.
    let panicked = || cannot("the expression cannot be parsed");
    if text.len() <= SHORT && !text.contains(['(', '[', '{', '?', '!', '-']) {
        return catch_unwind(AssertUnwindSafe(parse)).unwrap_or_else(|_| panicked());
    }
    thread::scope(|scope| match thread::Builder::new().stack_size(STACK).spawn_scoped(scope, parse) {
        Ok(parser) => parser.join().unwrap_or_else(|_| panicked()),
        Err(_) => cannot("there is not enough memory to parse the expression"),
    })
}
