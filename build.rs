//! The function is linked for one place in memory. Its tables of pointers then need no work
//! at the start and no memory of their own: docs/performance.md has the figures. What is
//! random of the stack, the heap and the C library stays so.

#![allow(clippy::print_stdout, reason = "this is how cargo is told")]

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |variable, value| env::var(variable).is_ok_and(|text| text == value);
    if is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") {
        println!("cargo::rustc-link-arg-bin=buildbrake-lambda=-no-pie");
    }
}
