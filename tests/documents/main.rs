//! What is written about the program is true: README, reference, configurations, schema.

#![allow(unreachable_pub, clippy::print_stdout, clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod configs;
mod house;
mod pages;
mod readme;
mod reference;
