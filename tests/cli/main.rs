//! The binary, end to end.

#![allow(unreachable_pub, clippy::print_stdout, clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod advice;
mod bad_input;
mod ending;
mod every_key;
mod forms;
mod hints;
#[cfg(feature = "keras")]
mod hostile;
mod memory;
mod outputs;
mod resume;
mod rust_api;
#[cfg(unix)]
mod streams;
mod suspects;
mod tables;
mod trainable;
mod workflow;
