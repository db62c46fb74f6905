//! The `lanthorn` program: parse the arguments, run, print the error once.

mod cli;

use std::process::ExitCode;

/// Keeps its pages: training allocates and frees the same sizes at every step.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

// SAFETY: mimalloc's declaration of it; it may be called at any time, by any thread.
#[allow(unsafe_code)]
unsafe extern "C" {
    /// Returns to the system what this thread has freed.
    safe fn mi_collect(force: bool);
}

fn main() -> ExitCode {
    lanthorn::runtime::returned_by(|| mi_collect(true));
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
