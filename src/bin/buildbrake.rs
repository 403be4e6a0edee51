//! The `buildbrake` program.

fn main() {}
