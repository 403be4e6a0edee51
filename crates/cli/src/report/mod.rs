//! The output formats of the commands' results.

#[cfg_attr(not(test), expect(dead_code, reason = "the command that makes the page follows"))]
pub(crate) mod html;
pub(crate) mod junit;
pub(crate) mod text;
