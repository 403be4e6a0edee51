//! What an expression may cost, to read and to evaluate.
//!
//! A stack that overflows cannot be caught: it ends the process. The crate's reader
//! recurses for each bracket and its evaluation for each term, so both are bounded
//! before they start: the one by the length of the text and a stack of its own, the
//! other by the depth of the tree. The figures were measured in a debug build, which
//! takes several times the stack of a release build.

use std::thread;

use super::Located;

/// Of the text, in bytes.
pub(super) const LENGTH: usize = 4_000;
/// Of the tree, in operators and calls that stand within one another: what is accepted is
/// evaluated on less than 1 MiB of stack.
pub(super) const DEPTH: usize = 20;
/// In steps: one is a node of the tree evaluated once. A step takes well under a
/// microsecond on a whole CPU, and a function of 128 MB has a fourteenth of one.
pub(super) const STEPS: u64 = 200_000;
/// The elements a list of the API is taken to have, when the steps are counted.
pub(super) const ELEMENTS: u64 = 50;
/// Of a regular expression or a pattern, in bytes.
pub(super) const PATTERN: usize = 200;
/// Of a regular expression, once read, in bytes.
pub(super) const REGEX: usize = 8 << 10;

/// Only what is touched of it is ever taken from memory.
const STACK: usize = 64 << 20;

/// Refuses a text that is too long to be read at all.
pub(super) fn length(text: &str) -> Result<(), Located> {
    if text.len() <= LENGTH {
        return Ok(());
    }
    Err(Located {
        start: 0,
        found: format!("an expression of {} bytes", text.len()),
        right: format!("at most {LENGTH} bytes: make several rules of it"),
    })
}

/// Runs the reading of an expression where no expression of that length overflows.
pub(super) fn on_a_stack_that_fits<T: Send>(
    read: impl FnOnce() -> Result<T, Vec<Located>> + Send,
) -> Result<T, Vec<Located>> {
    let cannot = |found: &str| {
        Err(vec![Located { start: 0, found: found.to_owned(), right: "an expression written in another way".into() }])
    };
    thread::scope(|scope| match thread::Builder::new().stack_size(STACK).spawn_scoped(scope, read) {
        // A panic of the crate is a fault of the crate, and still no reason to end.
        Ok(reader) => reader.join().unwrap_or_else(|_| cannot("this cannot be read")),
        Err(_) => cannot("there is no memory to read this"),
    })
}
