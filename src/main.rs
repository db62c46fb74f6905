//! The `lanthorn` program: parse the arguments, run, print the error once.

mod cli;

use std::process::ExitCode;

/// Keeps its pages: training allocates and frees the same sizes at every step.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = match cli::usage::read() {
        Ok(arguments) => arguments,
        Err(code) => return code,
    };
    let as_json = arguments.wants_json();
    match cli::run(arguments) {
        Ok(code) => code,
        Err(error) => cli::view::error(&error, as_json),
    }
}
