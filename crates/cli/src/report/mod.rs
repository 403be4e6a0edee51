//! The output formats of the commands' results.

pub(crate) mod diagnostics;
pub(crate) mod html;
pub(crate) mod junit;
pub(crate) mod replay;
pub(crate) mod scan;
pub(crate) mod text;
