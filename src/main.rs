//! The `lanthorn` program.

fn main() {}
