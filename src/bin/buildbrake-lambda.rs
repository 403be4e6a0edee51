//! The `buildbrake-lambda` program.

fn main() {}
