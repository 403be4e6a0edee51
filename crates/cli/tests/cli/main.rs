//! The command line end to end: its transcripts, its schema, and the library's policy tests.

#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

mod account;
mod check;
mod command_line;
mod diagnostics;
mod explain;
mod learn;
mod library;
mod outputs;
mod pages;
mod replay;
mod scan;
mod schema;
mod sweep;
mod transcripts;
