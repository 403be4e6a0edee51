//! The output formats of the commands' results.

pub(crate) mod junit;
pub(crate) mod text;
