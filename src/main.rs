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
    if arguments.is_of_a_stream() {
        take_small_pages();
    }
    let as_json = arguments.wants_json();
    match cli::run(arguments) {
        Ok(code) => code,
        Err(error) => cli::view::error(&error, as_json),
    }
}

/// Has Linux give memory in pages of 4 KB alone. mimalloc asks for pages of 2 MB, of which a buffer
/// that is used once may take many: a training is faster on them, a stream of rows is not.
fn take_small_pages() {
    #[cfg(target_os = "linux")]
    {
        use std::ffi::{c_int, c_ulong};
        const PR_SET_THP_DISABLE: c_int = 41;
        const NONE: c_ulong = 0;
        #[allow(unsafe_code)]
        unsafe extern "C" {
            fn prctl(option: c_int, ...) -> c_int;
        }
        let yes: c_ulong = 1;
        // SAFETY: as the manual declares it, and no argument is a pointer. An error leaves things as
        // they are.
        #[allow(unsafe_code)]
        unsafe {
            prctl(PR_SET_THP_DISABLE, yes, NONE, NONE, NONE);
        }
    }
}
